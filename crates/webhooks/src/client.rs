//! One message to an endpoint, and what its answer means.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use jiff::Timestamp;
use landfall_service::relay::cloud_event::MEDIA_TYPE;
use rustls::ClientConfig;
use tokio::time::Instant;

use crate::connector::{Connector, Rules};
use crate::endpoint::Endpoint;
use crate::signature::sign;

/// How much of an answer's body is read, in bytes. What is longer costs its connection.
const ANSWER_LIMIT: usize = 16 * 1024;
/// How much of it is told to people, in characters.
const EXCERPT: usize = 200;
/// The longest pause that an endpoint may ask for.
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// What became of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The endpoint has it.
    Taken,
    /// It does not want this message, and will not want it later.
    Refused(String),
    /// It answers, but has no time now.
    Busy {
        reason: String,
        pause: Option<Duration>,
    },
    /// There is nobody to talk to.
    Unreachable(String),
}

/// A client of one endpoint. Its connections are kept for the next message.
pub(crate) struct Client {
    http: legacy::Client<Connector, Full<Bytes>>,
    /// What each message has.
    headers: HeaderMap,
}

impl Client {
    pub(crate) fn new(endpoint: &Endpoint, tls: Arc<ClientConfig>) -> Self {
        let connector = Connector {
            rules: Rules {
                allow_private: endpoint.allow_private,
                allow_http: endpoint.allow_http,
            },
            tls,
            timeout: endpoint.timeout,
        };
        let http = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .http1_max_buf_size(64 * 1024)
            .build(connector);
        let mut headers = endpoint.headers.0.clone();
        let agent = HeaderValue::from_static(concat!("Landfall/", env!("CARGO_PKG_VERSION")));
        headers.entry(USER_AGENT).or_insert(agent);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        Self { http, headers }
    }

    /// Sends a message, signed as of `now`, and says what the endpoint makes of it. Redirects are not followed:
    /// where they lead nobody has looked at.
    pub(crate) async fn post(
        &self,
        endpoint: &Endpoint,
        id: &str,
        body: String,
        now: Timestamp,
    ) -> Outcome {
        let request = match self.request(endpoint, id, body, now) {
            Ok(request) => request,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let deadline = Instant::now() + endpoint.timeout;
        match tokio::time::timeout_at(deadline, self.http.request(request)).await {
            Err(_) => Outcome::Unreachable(format!("no answer within {:?}", endpoint.timeout)),
            Ok(Err(error)) => Outcome::Unreachable(innermost(&error)),
            Ok(Ok(answer)) => judge(answer, now, deadline).await,
        }
    }

    fn request(
        &self,
        endpoint: &Endpoint,
        id: &str,
        body: String,
        now: Timestamp,
    ) -> http::Result<Request<Full<Bytes>>> {
        let timestamp = now.as_second();
        let signature = sign(&endpoint.secrets.0, id, timestamp, &body);
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(endpoint.url.uri().clone())
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(Full::from(body))?;
        request.headers_mut().extend(self.headers.clone());
        Ok(request)
    }
}

/// What an answer means.
async fn judge(answer: Response<Incoming>, now: Timestamp, deadline: Instant) -> Outcome {
    let (head, body) = answer.into_parts();
    // A body that was read to its end leaves the connection to the next message. The status is the answer,
    // whatever becomes of the body.
    let body = Limited::new(body, ANSWER_LIMIT).collect();
    let body = tokio::time::timeout_at(deadline, body).await;
    let body = body.ok().and_then(Result::ok);
    let status = head.status;
    if status.is_success() {
        return Outcome::Taken;
    }
    let text = body
        .map(|body| excerpt(&body.to_bytes()))
        .unwrap_or_default();
    let reason = format!("it answered {status}{text}");
    if status.is_redirection() {
        return Outcome::Refused(format!("{reason}; redirects are not followed"));
    }
    match status {
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {}
        status if status.is_server_error() => {}
        _ => return Outcome::Refused(reason),
    }
    let pause = head.headers.get(RETRY_AFTER).and_then(|v| v.to_str().ok());
    Outcome::Busy {
        reason,
        pause: pause.and_then(|text| retry_after(text, now)),
    }
}

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let seconds = text.parse::<u64>().ok().map(Duration::from_secs);
    let until_date = || {
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Duration::try_from(date.duration_since(now)).ok()
    };
    seconds
        .or_else(until_date)
        .map(|pause| pause.min(LONGEST_PAUSE))
}

/// The beginning of a body, for people: what it says may be anything.
fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.trim().chars().take(EXCERPT).map(plain).collect();
    if text.is_empty() {
        text
    } else {
        format!(": {text}")
    }
}

/// The error at the bottom, which says what happened.
fn innermost(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_asked_for_in_seconds_or_by_date() {
        let now: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        let cases = [
            ("7", Some(7)),
            ("0", Some(0)),
            ("999999999", Some(3600)),
            ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30)),
            ("Sat, 06 Nov 2094 08:50:07 GMT", Some(3600)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None),
            ("soon", None),
            ("-3", None),
            ("", None),
        ];
        for (text, seconds) in cases {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(retry_after(text, now), expected, "{text}");
        }
    }

    #[test]
    fn an_excerpt_is_short_and_on_one_line() {
        assert_eq!(excerpt(b"\r\n no\nway\x1b[31m"), ": no way [31m");
        assert_eq!(excerpt(b" "), "");
        assert_eq!(excerpt(&[b'x'; 5000]).len(), EXCERPT + 2);
        assert_eq!(excerpt(&[0xff]), ": \u{fffd}");
    }
}
