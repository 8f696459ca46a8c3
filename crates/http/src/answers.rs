//! Answers: JSON, plain text, and what is said where no route is.

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Response, StatusCode};
use bytes::Bytes;
use serde::Serialize;

use crate::problems::{Kind, Problem};

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Headers that an answer has room for: those of every answer, and a few of its own. Else they would move when the room
/// for the first ones is full.
const HEADERS: usize = 12;

/// An answer in JSON.
pub(crate) fn json<T: Serialize + ?Sized>(
    status: StatusCode,
    value: &T,
) -> Result<Response<Body>, Problem> {
    // Larger than most answers, so that the buffer does not grow in steps.
    let mut body = Vec::with_capacity(512);
    serde_json::to_writer(&mut body, value)
        .map_err(|error| Problem::internal(format!("an answer has no JSON form: {error}")))?;
    Ok(bytes(status, JSON, body))
}

/// An answer of these bytes.
pub(crate) fn bytes(
    status: StatusCode,
    content_type: HeaderValue,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = status;
    let mut headers = hard().clone();
    headers.insert(CONTENT_TYPE, content_type);
    *response.headers_mut() = headers;
    response
}

/// What browsers are told with every answer that says nothing else: made once, and copied.
pub(crate) fn hard() -> &'static HeaderMap {
    static HARD: LazyLock<HeaderMap> = LazyLock::new(|| {
        let mut headers = HeaderMap::with_capacity(HEADERS);
        for (name, value) in [
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "no-referrer"),
            (
                CONTENT_SECURITY_POLICY,
                "default-src 'none'; frame-ancestors 'none'",
            ),
            // Stock and promises are old as soon as they are told, and nobody else's business.
            (CACHE_CONTROL, "no-store"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    });
    &HARD
}

/// An answer in plain text.
pub(crate) fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let content_type = HeaderValue::from_static("text/plain; charset=utf-8");
    bytes(status, content_type, Bytes::from_static(text.as_bytes()))
}

/// There is no such address.
pub(crate) fn no_route(request: &Request) -> Problem {
    let detail = format!("There is nothing at {}.", request.uri().path());
    Problem::new(Kind::NoRoute, detail)
}

/// The address takes another method; the router adds `Allow`.
pub(crate) fn method_not_allowed(request: &Request) -> Problem {
    let detail = format!(
        "{} does not take {}; the header Allow names what it takes.",
        request.uri().path(),
        request.method()
    );
    Problem::new(Kind::MethodNotAllowed, detail)
}
