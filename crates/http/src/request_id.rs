//! The id of a request: the caller's own, or one made here. It is in the answer, in every line of the log that is
//! about the request, and goes with its commands to the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderMap;
use axum::http::header::{HeaderName, HeaderValue};
use landfall_service::access::secret::holds_a_key;
use landfall_service::answer::Origin;

/// The header that gives it, in a request and in the answer.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A longer id of a caller's is replaced.
const MAX_ID: usize = 128;

/// The id of a request. There is nothing in it but visible letters, digits and signs.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(Origin);

impl RequestId {
    /// As text.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// For the engine.
    pub(crate) fn origin(&self) -> Origin {
        Arc::clone(&self.0)
    }

    /// For the answer.
    pub(crate) fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("-"))
    }
}

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
        let good = |id: &&str| {
            let short = !id.is_empty() && id.len() <= MAX_ID;
            // One who takes the wrong header for his key is not to find it in the log.
            short && id.bytes().all(|byte| byte.is_ascii_graphic()) && !holds_a_key(id)
        };
        let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        if let Some(id) = given.filter(good) {
            return RequestId(id.into());
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        RequestId(Text::new(&self.prefix, number).as_str().into())
    }
}

/// Two numbers and a dash.
const LONGEST: usize = 2 * HEX_DIGITS + 1;
/// The most digits that a number has.
const HEX_DIGITS: usize = 16;

/// An id in the making: without the formatter and without memory of its own, because every request is given one.
struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Text {
    /// A prefix of hexadecimal digits and a dash, and a number.
    fn new(prefix: &str, number: u64) -> Self {
        let mut text = Self {
            bytes: [0; LONGEST],
            length: 0,
        };
        prefix.bytes().for_each(|byte| text.push(byte));
        let digits = HEX_DIGITS - (number | 1).leading_zeros() as usize / 4;
        for place in (0..digits).rev() {
            let digit = (number >> (place * 4)) & 0xf;
            text.push(b"0123456789abcdef"[digit as usize]);
        }
        text
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn as_str(&self) -> &str {
        let bytes = self.bytes.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_the_formatter_writes_them() {
        for number in [0, 1, 0xf, 0x10, 0xabc, 0x0123_4567_89ab_cdef, u64::MAX] {
            for started in [0, i64::MAX, -1] {
                let text = Text::new(&format!("{started:x}-"), number);
                assert_eq!(text.as_str(), format!("{started:x}-{number:x}"));
            }
        }
    }

    #[test]
    fn an_id_is_the_callers_where_it_can_be_told_on() {
        let ids = Ids::new(255);
        let id = |given: &'static str| {
            let value = HeaderValue::from_static(given);
            let headers = [(REQUEST_ID, value)].into_iter().collect();
            ids.id(&headers).text().to_owned()
        };
        assert_eq!(id("a-7"), "a-7");
        assert_eq!(id("a 7"), "ff-1");
        assert_eq!(id(""), "ff-2");
        assert_eq!(ids.id(&HeaderMap::new()).header(), "ff-3");
    }
}
