//! The id of a request: the caller's own, or one made here. It is in the answer, in every line of the log that is
//! about the request, and goes with its commands to the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{Extensions, HeaderMap};
use bytes::Bytes;
use landfall_domain::CommandId;
use landfall_service::answer::Origin;

/// The header that gives it, in a request and in the answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id of a caller's is replaced.
const MAX_ID: usize = 128;

/// The id of a request, in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) HeaderValue);

impl RequestId {
    /// As text: there is nothing in it but visible letters, digits and signs.
    pub(crate) fn text(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// The id of the request with these extensions, for the engine.
pub(crate) fn origin(extensions: &Extensions) -> Option<Origin> {
    extensions.get().map(|id: &RequestId| Arc::from(id.text()))
}

/// Which command an answer is about, in the answer's extensions: the log says so.
#[derive(Debug, Clone)]
pub(crate) struct About(pub(crate) CommandId);

/// Makes ids.
pub(crate) struct Ids {
    /// Ids that are made here begin with the instant at which the service was started, so that they are
    /// not given twice.
    prefix: String,
    next: AtomicU64,
}

impl Ids {
    /// For a service that was started at this instant, in milliseconds.
    pub(crate) fn new(started: i64) -> Self {
        Self {
            prefix: format!("{started:x}-"),
            next: AtomicU64::new(1),
        }
    }

    /// The caller's id, or a new one.
    pub(crate) fn id(&self, headers: &HeaderMap) -> RequestId {
        let good = |id: &&HeaderValue| {
            let ascii = id.as_bytes().iter().all(u8::is_ascii_graphic);
            id.len() <= MAX_ID && !id.is_empty() && ascii
        };
        if let Some(id) = headers.get(REQUEST_ID).filter(good) {
            return RequestId(id.clone());
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let id = Bytes::from(format!("{}{number:x}", self.prefix));
        let id = HeaderValue::from_maybe_shared(id);
        RequestId(id.unwrap_or_else(|_| HeaderValue::from_static("-")))
    }
}
