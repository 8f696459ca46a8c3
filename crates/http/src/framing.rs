//! Requests that a proxy on the way may have read otherwise. The protocol's implementation takes them; they are refused here.

use axum::extract::Request;
use axum::http::header::{CONNECTION, HOST, HeaderValue, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse as _, Response};

use crate::problems::Problem;

/// Refuses it, where it is one.
pub(crate) fn refuse(request: &Request) -> Option<Problem> {
    let headers = request.headers();
    if is_twice(headers, &HOST) {
        return Some(Problem::ill_formed("Host", "is given twice"));
    }
    let coding = headers.get(TRANSFER_ENCODING)?;
    let chunked = coding.as_bytes().trim_ascii();
    if is_twice(headers, &TRANSFER_ENCODING) || !chunked.eq_ignore_ascii_case(b"chunked") {
        let only = "must be chunked, and nothing else";
        return Some(Problem::ill_formed("Transfer-Encoding", only));
    }
    None
}

fn is_twice(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
}

/// The answer, after which nothing more is read: what follows may be a part of this request.
pub(crate) fn last_word(problem: Problem) -> Response {
    let mut response = problem.into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}
