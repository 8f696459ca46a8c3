//! Bodies of requests: their content type, their length, the time they take, and the idempotency key
//! beside them.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::LazyLock;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPECT, HeaderName};
use axum::http::request::Parts;
use bytes::{Bytes, BytesMut};
use http_body::Body as _;
use http_body_util::BodyExt;
use landfall_domain::CommandId;
use landfall_service::wire;
use memchr::memchr;
use memchr::memmem::Finder;
use serde::Deserialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::Context;
use crate::problems::{Kind, Problem};

/// The header that carries a command's id.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Bodies up to this length are not counted against the room for larger ones.
const SMALL: usize = 64 << 10;

/// How much of a body that is refused is read and thrown away.
const DRAIN: usize = 64 << 20;
/// How long that may take: a client that writes no more waits for its answer.
const DRAIN_TIME: Duration = Duration::from_secs(2);
/// How much is read of the body of somebody who is not let in.
const SKIP: usize = 1 << 20;

/// How a body is written, by its content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON value.
    Json,
    /// One JSON value a line.
    Ndjson,
}

/// A whole body.
pub(crate) struct Whole {
    /// Its bytes.
    pub(crate) bytes: Bytes,
    /// Room among the larger bodies: kept until the answer is there.
    _room: Option<OwnedSemaphorePermit>,
}

/// The format that the content type names; none where there is none.
pub(crate) fn format(headers: &HeaderMap) -> Result<Option<Format>, Problem> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(None);
    };
    if let Some(encoding) = headers
        .get(CONTENT_ENCODING)
        .filter(|name| *name != "identity")
    {
        return Err(media_type(&format!(
            "The encoding {encoding:?} is not read here"
        )));
    }
    if value == "application/json" {
        return Ok(Some(Format::Json));
    }
    let text = value.to_str().unwrap_or_default();
    let essence = text
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match essence.as_str() {
        "application/json" => Ok(Some(Format::Json)),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
            Ok(Some(Format::Ndjson))
        }
        other if other.starts_with("application/") && other.ends_with("+json") => {
            Ok(Some(Format::Json))
        }
        other => Err(media_type(&format!("{other:?} is not read here"))),
    }
}

fn media_type(what: &str) -> Problem {
    Problem::new(Kind::MediaType, format!("{what}: send application/json."))
}

/// A body of JSON, whole. It may be empty; then its content type does not matter.
pub(crate) async fn json(context: &Context, parts: &Parts, body: Body) -> Result<Whole, Problem> {
    // Of nothing, nothing can be misread: some clients send a type with every POST.
    let wrong = match format(&parts.headers) {
        _ if body.is_end_stream() && !parts.headers.contains_key(CONTENT_ENCODING) => None,
        Ok(Some(Format::Json)) => None,
        Ok(None) => Some(media_type("The body has no content type")),
        Ok(Some(Format::Ndjson)) => Some(media_type("NDJSON is read at /v1/commands only")),
        Err(problem) => Some(problem),
    };
    match wrong {
        None => whole(context, parts, body, context.limits.body).await,
        Some(problem) => Err(refused(parts, body, problem).await),
    }
}

/// A whole body of at most so many bytes.
pub(crate) async fn whole(
    context: &Context,
    parts: &Parts,
    mut body: Body,
    most: usize,
) -> Result<Whole, Problem> {
    let hint = body.size_hint();
    if hint.lower() > most as u64 {
        return Err(refused(parts, body, too_large(most)).await);
    }
    let expected = hint
        .upper()
        .map_or(most, |upper| usize::try_from(upper).unwrap_or(most));
    let room = if expected > SMALL {
        Some(room(context, expected.min(most))?)
    } else {
        None
    };
    match within(context.limits.body_timeout, collect(&mut body, most)).await {
        Some(Ok(Some(bytes))) => Ok(Whole { bytes, _room: room }),
        Some(Ok(None)) => Err(refused(parts, body, too_large(most)).await),
        Some(Err(_)) => Err(Problem::ill_formed("", "was cut off")),
        None => Err(Problem::new(
            Kind::Timeout,
            "The body did not come in time. Nothing was done.",
        )),
    }
}

/// What comes of something within this time; none if it takes longer. The clock is started when it has been asked twice:
/// nearly every body is there with its head, as soon as it is asked for, and a timer costs more than to read it.
async fn within<T>(time: Duration, asked: impl Future<Output = T>) -> Option<T> {
    let mut asked = pin!(asked);
    let mut again = false;
    let soon = poll_fn(|cx| match asked.as_mut().poll(cx) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending if again => Poll::Ready(None),
        Poll::Pending => {
            again = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    });
    match soon.await {
        Some(answer) => Some(answer),
        None => tokio::time::timeout(time, asked).await.ok(),
    }
}

/// All of a body; none if it is longer than it may be.
async fn collect(body: &mut Body, most: usize) -> Result<Option<Bytes>, axum::Error> {
    // Nearly always there is one piece, and it need not be copied.
    let Some(first) = piece(body).await? else {
        return Ok(Some(Bytes::new()));
    };
    if first.len() > most {
        return Ok(None);
    }
    let Some(mut next) = piece(body).await? else {
        return Ok(Some(first));
    };
    let mut all = BytesMut::from(first);
    loop {
        if all.len() + next.len() > most {
            return Ok(None);
        }
        all.extend_from_slice(&next);
        match piece(body).await? {
            Some(piece) => next = piece,
            None => return Ok(Some(all.freeze())),
        }
    }
}

/// The next bytes of a body; none at its end. Trailers are skipped.
async fn piece(body: &mut Body) -> Result<Option<Bytes>, axum::Error> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Reads on past the refusal of a body, up to a bound: a client that is still writing when its connection
/// is closed gets a reset instead of the answer. One that asked before it wrote has not begun to.
async fn refused(parts: &Parts, body: Body, problem: Problem) -> Problem {
    drain(parts, body, DRAIN).await;
    problem
}

/// As with a body that is refused, for somebody who is not let in.
pub(crate) async fn skip(parts: &Parts, body: Body) {
    drain(parts, body, SKIP).await;
}

async fn drain(parts: &Parts, mut body: Body, most: usize) {
    if body.is_end_stream() || parts.headers.contains_key(EXPECT) {
        return;
    }
    let drain = async {
        let mut rest = most;
        while let Ok(Some(piece)) = piece(&mut body).await {
            rest = rest.saturating_sub(piece.len());
            if rest == 0 {
                break;
            }
        }
    };
    // Whether it came to its end makes no difference to the answer.
    let _ = tokio::time::timeout(DRAIN_TIME, drain).await;
}

fn room(context: &Context, bytes: usize) -> Result<OwnedSemaphorePermit, Problem> {
    let kib = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX);
    context
        .bodies
        .clone()
        .try_acquire_many_owned(kib)
        .map_err(|_| {
            let detail = "Too many large requests are under way. Nothing was done; try again.";
            Problem::new(Kind::Busy, detail)
        })
}

/// The body, or the dry run, is longer than what is taken.
pub(crate) fn too_large(most: usize) -> Problem {
    Problem::new(
        Kind::TooLarge,
        format!("The body may have at most {most} bytes."),
    )
}

/// The id that the header `Idempotency-Key` gives the command.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<CommandId>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let bad = |message: String| Problem::ill_formed("Idempotency-Key", message);
    if values.next().is_some() {
        return Err(bad("is given twice".into()));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad("is not UTF-8".into()))?;
    CommandId::new(text)
        .map(Some)
        .map_err(|error| bad(error.to_string()))
}

/// The command's id: the header's or the body's. Where both are there they must be the same.
pub(crate) fn one_id(
    header: Option<CommandId>,
    body: Option<CommandId>,
) -> Result<Option<CommandId>, Problem> {
    match (header, body) {
        (Some(header), Some(body)) if header != body => Err(Problem::ill_formed(
            "id",
            format!("is {body}, and the header Idempotency-Key is {header}: give one of them"),
        )),
        (header, body) => Ok(header.or(body)),
    }
}

/// What a command's object may say beside the command's own fields.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    id: Option<CommandId>,
}

/// The body's `id`. The same object works in every entrypoint, so a `type` may be there too, and must then
/// be the route's.
pub(crate) fn id(json: &[u8], kind: &str) -> Result<Option<CommandId>, Problem> {
    static ID: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"id\""));
    static TYPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"type\""));
    // Most say neither, and need not be read once more. What is escaped could be anything.
    let may_say = ID.find(json).or_else(|| TYPE.find(json));
    if may_say.or_else(|| memchr(b'\\', json)).is_none() {
        return Ok(None);
    }
    let envelope: Envelope = wire::read(json).map_err(Problem::of_fields)?;
    match envelope.kind {
        Some(other) if other != kind => Err(Problem::ill_formed(
            "type",
            format!("is {other}, and this route takes {kind}; /v1/commands takes every type"),
        )),
        _ => Ok(envelope.id),
    }
}
