//! Signing in with an API key, and out.

use askama::Template;
use axum::body::{Body, to_bytes};
use axum::extract::rejection::RawFormRejection;
use axum::extract::{RawForm, State};
use axum::http::header::{HeaderName, HeaderValue, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use landfall_service::access::{Visitor, session};

use crate::Shared;
use crate::actions;
use crate::door::{self, COOKIE_LOCAL, COOKIE_SAFE};
use crate::errors::{Failed, see_other};
use crate::frame::Frame;
use crate::params::Params;

const HX_REQUEST: HeaderName = HeaderName::from_static("hx-request");
const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");
/// The field of the address that says why one has to sign in again.
const WHY: &str = "why";
/// Bytes of a form that an address may carry: servers between take no address that is much longer.
const IN_ADDRESS: usize = 3_000;

/// Why one has to sign in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// A page was open, and its session is over.
    Ended,
    /// A form was sent off, and nothing was done.
    Unsent,
}

impl Why {
    const ALL: [Self; 2] = [Self::Ended, Self::Unsent];

    const fn name(self) -> &'static str {
        match self {
            Self::Ended => "ended",
            Self::Unsent => "unsent",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Ended => {
                "You are signed in no longer: your session has ended, or its key was revoked. \
                 Sign in, and you are back where you were."
            }
            Self::Unsent => {
                "Nothing has been done: your session has ended, or its key was revoked. \
                 Sign in, and the form is there again."
            }
        }
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    frame: Frame,
    next: String,
    /// Whether the browser is to go on by itself first.
    again: bool,
    /// Why one has to sign in again.
    why: Option<&'static str>,
    wrong: Option<&'static str>,
}

/// The page where somebody says who they are; who has done so goes on. From another site's page a browser brings no
/// session (`SameSite=Strict`): it goes on once more from here, with the session if it has one.
pub(crate) async fn page(
    State(context): State<Shared>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Failed> {
    let params = Params::read(uri.query().unwrap_or_default());
    let next = own_page(params.get("next"));
    if door::is_signed_in(&context, &headers).await {
        return Ok(see_other(&next));
    }
    let why = params.get(WHY);
    let why = Why::ALL.into_iter().find(|known| why == Some(known.name()));
    let page = SignIn {
        frame: Frame::outside("Sign in", &context.app.calendar),
        again: door::is_from_elsewhere(&headers),
        next,
        why: why.map(Why::words),
        wrong: None,
    };
    super::pages::show(&page)
}

fn refuse(
    context: &Shared,
    next: String,
    wrong: &'static str,
    status: StatusCode,
) -> Result<Response, Failed> {
    let page = SignIn {
        frame: Frame::outside("Sign in", &context.app.calendar),
        next,
        again: false,
        why: None,
        wrong: Some(wrong),
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
    let next = own_page(form.get("next"));
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
        return refuse(&context, next, wrong, StatusCode::UNAUTHORIZED);
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
        return refuse(&context, next, wrong, StatusCode::FORBIDDEN);
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

/// Sends somebody to sign in first, and then back to what they wanted: of a form that they sent off, to the form.
pub(crate) async fn first(request: &Parts, body: Body) -> Response {
    let (method, uri, headers) = (&request.method, &request.uri, &request.headers);
    if uri.path() == "/live" {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let asked_by_page = headers.contains_key(HX_REQUEST);
    let (wanted, why) = if *method == Method::POST && door::is_ours(headers) {
        (form_again(uri.path(), body).await, Some(Why::Unsent))
    } else {
        let wanted = uri.path_and_query().filter(|_| *method == Method::GET);
        let wanted = wanted.map_or("/", |wanted| wanted.as_str()).to_owned();
        (wanted, asked_by_page.then_some(Why::Ended))
    };
    let to = Params::default()
        .with("next", Some(&*wanted).filter(|wanted| *wanted != "/"))
        .with(WHY, why.map(Why::name))
        .url("/sign-in");
    if asked_by_page {
        let mut response = StatusCode::NO_CONTENT.into_response();
        if let Ok(to) = HeaderValue::from_str(&to) {
            response.headers_mut().insert(HX_REDIRECT, to);
        }
        return response;
    }
    see_other(&to)
}

/// Where the form of a command is filled in as it was sent. Where that is too much for an address it is empty.
async fn form_again(path: &str, body: Body) -> String {
    if !path.starts_with("/do/") {
        return "/".to_owned();
    }
    let form = to_bytes(body, IN_ADDRESS).await.unwrap_or_default();
    let form = Params::read(std::str::from_utf8(&form).unwrap_or_default());
    let filled = actions::filled(&form).url(path);
    let fits = filled.len() <= IN_ADDRESS;
    if fits { filled } else { path.to_owned() }
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

/// The same where somebody else may have written the address: what it says was done here is left out of it, and signing
/// in and out is no place to go on to.
fn own_page(next: Option<&str>) -> String {
    let next = own_path(next);
    let (path, query) = next.split_once('?').unwrap_or((next, ""));
    match path {
        "/sign-in" | "/sign-out" => "/".to_owned(),
        _ if query.is_empty() => path.to_owned(),
        _ => Params::read(query).with("done", None).url(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_what_was_not_done() {
        for (next, to) in [
            ("/orders?done=Yes&sku=A%26B", "/orders?sku=A%26B"),
            ("/orders?done=Yes", "/orders"),
            ("/orders?", "/orders"),
            ("/sign-in?next=%2Fsign-in", "/"),
            ("/sign-out", "/"),
        ] {
            assert_eq!(own_page(Some(next)), to, "{next}");
        }
    }

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
