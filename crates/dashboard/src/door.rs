//! The door: who asks for a page, by their session, and what browsers are told with every answer.
//!
//! A browser sends its cookie with every request, also with one that another site's page has made. So what changes
//! something must come from a page of ours: the browser says so itself, in `Sec-Fetch-Site` or `Origin`
//! (Fetch Metadata, W3C; RFC 6454). The cookie is `SameSite=Strict` besides.

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, HeaderName, HeaderValue, ORIGIN,
    REFERRER_POLICY,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use landfall_service::access::session::{self, Session};
use landfall_service::access::{Caller, KeyRing, Refusal, Visitor, is_local};

use crate::Shared;
use crate::errors::{self, Failed};
use crate::params::Params;
use crate::sign_in;
use crate::visit::Visit;

/// The session's cookie where the connection is safe from others: no other host and no plain connection can set it.
pub(crate) const COOKIE_SAFE: &str = "__Host-landfall";
/// The session's cookie within one machine, without TLS: browsers take no `__Host-` cookie there.
pub(crate) const COOKIE_LOCAL: &str = "landfall";

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Everything is our own, nothing is inline, and nobody puts a page of ours into one of theirs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// Lets a visitor in, or sends them to sign in.
pub(crate) async fn enter(State(context): State<Shared>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match visit(&context, &parts).await {
        Ok(visit) => {
            parts.extensions.insert(visit.clone());
            let answer = next.run(Request::from_parts(parts, body)).await;
            errors::inside(answer, &visit)
        }
        Err(Stay::SignIn) => sign_in::first(&parts, body).await,
        Err(Stay::Out(failed)) => failed.into_response(),
    }
}

async fn visit(context: &Shared, request: &Parts) -> Result<Visit, Stay> {
    let app = &context.app;
    let (now, day) = app.calendar.read();
    let headers = &request.headers;
    let (caller, until) = caller(context, headers).await?;
    let visitor: Option<&Visitor> = request.extensions.get();
    if let Some((visitor, name)) = visitor.zip(caller.actor())
        && !visitor.rates.may_ask(&name)
    {
        let often = "This key has asked too often of late.";
        return Err(Stay::Out(Failed::too_often(often)));
    }
    if request.method != Method::GET && request.method != Method::HEAD && !is_ours(headers) {
        return Err(Stay::Out(Failed::not_ours()));
    }
    // A page that cannot tell how new it is fetches itself once more when it goes live.
    let log = app.views.end().await.unwrap_or_default();
    Ok(Visit {
        caller,
        until,
        path: request.uri.path().to_owned(),
        params: Params::read(request.uri.query().unwrap_or_default()),
        now,
        day,
        zone: app.calendar.zone.clone(),
        request_id: visitor
            .map(|visitor| visitor.request_id.clone())
            .unwrap_or_default(),
        read_only: app.read_only,
        log,
        from_here: is_from_here(headers),
    })
}

/// Whether a page of ours has led here, as far as a browser says so. What is no browser has nobody to mislead.
fn is_from_here(headers: &HeaderMap) -> bool {
    let site = headers.get(SEC_FETCH_SITE);
    site.is_none_or(|site| site == "same-origin")
}

/// Whether a page of somebody else has led here, as a browser says: it brings no session then.
pub(crate) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get(SEC_FETCH_SITE);
    site.is_some_and(|site| site == "cross-site" || site == "same-site")
}

/// Whether somebody need not sign in.
pub(crate) async fn is_signed_in(context: &Shared, headers: &HeaderMap) -> bool {
    caller(context, headers).await.is_ok()
}

/// Why somebody is not let in.
enum Stay {
    /// They have to say who they are.
    SignIn,
    /// Nobody is let in like that.
    Out(Failed),
}

/// Who asks, and until when they are signed in, if they are.
async fn caller(
    context: &Shared,
    headers: &HeaderMap,
) -> Result<(Caller, Option<Timestamp>), Stay> {
    let app = &context.app;
    if !app.door.is_guarded() {
        return Ok((Caller::NOBODY, None));
    }
    let ring = app.door.look().await;
    let ring = ring.map_err(|error| Stay::Out(Failed::unavailable(error.to_string())))?;
    let now = app.calendar.clock.now();
    match by_session(&ring, headers, now) {
        Some(session) => Ok((session.caller, Some(session.until))),
        // Nobody has a key yet: then this machine is let in, by a name that is no other's.
        None => match app.door.admit(&ring, None) {
            Ok(caller) if is_here(headers) => Ok((caller, None)),
            Ok(_) => Err(Stay::Out(Failed::Forbidden(
                "Without keys the dashboard is for this machine alone, as 127.0.0.1 or localhost. \
                 \"landfall keys create\" makes a key."
                    .into(),
            ))),
            Err(Refusal::NoKey | Refusal::BadKey) => Err(Stay::SignIn),
        },
    }
}

/// The session that somebody comes with, where it holds. A browser may show several: cookies know no ports, so another Landfall of this
/// machine has left its own.
fn by_session(ring: &KeyRing, headers: &HeaderMap, now: Timestamp) -> Option<Session> {
    // A plain name could come from somebody else's host under the same domain; within this machine there is none.
    let local = cookies(headers, COOKIE_LOCAL).filter(|_| is_here(headers));
    let mut sessions = cookies(headers, COOKIE_SAFE).chain(local);
    sessions.find_map(|text| session::holder(ring, text, now).ok())
}

/// The values of all cookies of a name.
fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(move |(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// Whether a browser calls this machine by a name that is no other's.
pub(crate) fn is_here(headers: &HeaderMap) -> bool {
    host(headers).is_none_or(is_local)
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

/// Whether a request comes from a page of ours, or from no browser at all.
pub(crate) fn is_ours(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    match headers.get(ORIGIN) {
        None => true,
        Some(origin) => {
            let origin = origin.to_str().ok().and_then(|o| o.split_once("://"));
            origin.map(|(_, authority)| authority) == host(headers)
        }
    }
}

/// Whether a browser speaks TLS to whoever it takes for us.
pub(crate) fn over_tls(headers: &HeaderMap) -> bool {
    headers
        .get(ORIGIN)
        .is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

/// What browsers are told with every answer. To our own pages they say where a form comes from (`Origin`, which a
/// policy of `no-referrer` would make `null`), and to others nothing.
pub(crate) async fn harden(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        pairs.collect()
    }

    #[test]
    fn only_our_own_pages_change_something() {
        let host = ("host", "shop.example:8443");
        for (given, ours) in [
            (vec![], true),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "none")], true),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("origin", "https://shop.example:8443")], true),
            (vec![("origin", "https://shop.example")], false),
            (vec![("origin", "null")], false),
            (vec![("origin", "https://evil.example")], false),
        ] {
            let mut given = given;
            given.push(host);
            assert_eq!(is_ours(&headers(&given)), ours, "{given:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let found = |line| {
            let headers = headers(&[("cookie", line)]);
            cookies(&headers, "landfall").collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("a=1; landfall=x_y; b=2"), "x_y");
        assert_eq!(found("notlandfall=1; landfall2=2"), "");
        assert_eq!(found("landfall"), "");
        assert_eq!(found("landfall=a=b; landfall=c"), "a=b c");
    }
}
