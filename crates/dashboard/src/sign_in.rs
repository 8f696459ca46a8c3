//! Signing in with an API key, and out.

use askama::Template;
use axum::extract::rejection::RawFormRejection;
use axum::extract::{RawForm, State};
use axum::http::header::{HeaderName, HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use landfall_service::access::{Visitor, session};

use crate::Shared;
use crate::door::{self, COOKIE_LOCAL, COOKIE_SAFE};
use crate::errors::{Failed, see_other};
use crate::frame::Frame;
use crate::params::Params;

const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    frame: Frame,
    next: String,
    wrong: Option<&'static str>,
}

/// The page where somebody says who they are.
pub(crate) async fn page(State(context): State<Shared>, uri: Uri) -> Result<Response, Failed> {
    let params = Params::read(uri.query().unwrap_or_default());
    let next = own_path(params.get("next")).to_owned();
    show(&context, next, None, StatusCode::OK)
}

fn show(
    context: &Shared,
    next: String,
    wrong: Option<&'static str>,
    status: StatusCode,
) -> Result<Response, Failed> {
    let page = SignIn {
        frame: Frame::outside("Sign in", &context.app.calendar),
        next,
        wrong,
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// Opens a session for who shows a key.
pub(crate) async fn sign_in(
    State(context): State<Shared>,
    headers: HeaderMap,
    visitor: Option<axum::Extension<Visitor>>,
    form: Result<RawForm, RawFormRejection>,
) -> Result<Response, Failed> {
    let RawForm(form) = form?;
    if !door::is_ours(&headers) {
        return Err(Failed::not_ours());
    }
    let over_tls = visitor.as_ref().is_some_and(|visitor| visitor.over_tls);
    let form = Params::read(std::str::from_utf8(&form).unwrap_or_default());
    let next = own_path(form.get("next")).to_owned();
    let app = &context.app;
    let ring = app.door.look().await;
    let ring = ring.map_err(|error| Failed::unavailable(error.to_string()))?;
    let key = form.get("key").unwrap_or_default().trim();
    let now = app.calendar.clock.now();
    let Ok(caller) = app.door.admit(&ring, Some(key.as_bytes())) else {
        let may = visitor.is_none_or(|axum::Extension(visitor)| {
            let may = visitor.rates.may_be_wrong(visitor.address);
            let (request_id, address) = (&*visitor.request_id, visitor.address);
            let address = address.map(tracing::field::display);
            tracing::warn!(request_id, address, "a key was refused at the dashboard");
            may
        });
        if !may {
            return Err(Failed::too_often(
                "Too many wrong keys came from this address.",
            ));
        }
        let wrong = "There is no such key, or it is revoked.";
        return show(&context, next, Some(wrong), StatusCode::UNAUTHORIZED);
    };
    let Some(text) = session::open(&caller, now) else {
        return Ok(see_other(&next));
    };
    let cookie = if over_tls || door::over_tls(&headers) {
        let age = session::LASTS.as_secs();
        format!("{COOKIE_SAFE}={text}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Strict")
    } else if door::is_here(&headers) {
        let age = session::LASTS.as_secs();
        format!("{COOKIE_LOCAL}={text}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict")
    } else {
        let wrong =
            "Over a plain connection from another machine others could read along. Use https://.";
        return show(&context, next, Some(wrong), StatusCode::FORBIDDEN);
    };
    let mut response = see_other(&next);
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Failed::broken("a bad cookie"))?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// Ends the session in this browser. (With its key it ends everywhere.)
pub(crate) async fn sign_out(headers: HeaderMap) -> Response {
    if !door::is_ours(&headers) {
        return Failed::not_ours().into_response();
    }
    let mut response = see_other("/sign-in");
    for (name, more) in [(COOKIE_SAFE, " Secure;"), (COOKIE_LOCAL, "")] {
        let gone = format!("{name}=; Path=/; Max-Age=0;{more} HttpOnly; SameSite=Strict");
        if let Ok(gone) = HeaderValue::from_str(&gone) {
            response.headers_mut().append(SET_COOKIE, gone);
        }
    }
    response
}

/// Sends somebody to sign in first, and then back to what they wanted.
pub(crate) fn first(method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    let wanted = match (method, uri.path_and_query()) {
        (&Method::GET, Some(wanted)) if wanted.path() != "/live" => wanted.as_str(),
        _ => "/",
    };
    let to = Params::default()
        .with("next", Some(wanted).filter(|wanted| *wanted != "/"))
        .url("/sign-in");
    if uri.path() == "/live" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if headers.contains_key(HX_REQUEST) {
        let mut response = StatusCode::NO_CONTENT.into_response();
        if let Ok(to) = HeaderValue::from_str(&to) {
            response.headers_mut().insert(HX_REDIRECT, to);
        }
        return response;
    }
    see_other(&to)
}

/// Where to go on: a page of ours, whatever the address says.
pub(crate) fn own_path(next: Option<&str>) -> &str {
    next.filter(|next| {
        // What follows a `#` is not the address's, and something may be put behind it.
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#';
        next.starts_with('/') && !next.starts_with("//") && next.bytes().all(fits)
    })
    .unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (next, to) in [
            (Some("/orders?sku=A"), "/orders?sku=A"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/orders#lines"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/a\r\nb"), "/"),
            (Some(""), "/"),
            (None, "/"),
        ] {
            assert_eq!(own_path(next), to, "{next:?}");
        }
    }
}
