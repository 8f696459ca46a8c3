//! `GET /v1/events/stream`: the log as it is written, as server-sent events.
//!
//! A stream reads a page of the log when its reader has taken the one before, and nothing in between: a slow
//! reader holds one page, and holds nobody up. Its cursor is the id of each event, so a browser that was cut off
//! says by itself where to go on.
//!
//! Source of the format: the HTML standard, section 9.2, Server-sent events.

use std::io;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use axum::http::{HeaderValue as Value, Response};
use bytes::Bytes;
use futures_util::stream;
use landfall_service::access::Caller;
use landfall_service::answer::Origin;
use landfall_service::log::LogCursor;
use landfall_service::views::{Page, ViewError};
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep, sleep_until};
use utoipa::{IntoParams, ToSchema};

use crate::cursor::Scope;
use crate::events::LOG;
use crate::known::Known;
use crate::problems::{self, Kind, Problem};
use crate::{Shared, door, query};

/// Events that are read at once, and that a stream has in memory at the most.
const PAGE: usize = 100;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const EVENT_STREAM: HeaderValue = HeaderValue::from_static("text/event-stream");
/// What says that nothing keeps the answer: not a cache, and not a proxy that would wait for more of it.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The first thing that is sent: it brings the head of the answer to the reader, and tells a browser to come back
/// two seconds after it was cut off.
const HELLO: &[u8] = b"retry: 2000\n\n";
/// A comment, so that nobody on the way takes the silence for an end.
const HEARTBEAT: &[u8] = b":\n\n";

/// Where a stream begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum From {
    /// With the first event there is.
    Beginning,
    /// With what is written from now on.
    #[default]
    Now,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamQuery {
    /// The `cursor` of `GET /v1/events`, or the `id` of an event of a stream: goes on after it.
    after: Option<String>,
    /// Where to begin without a cursor: `now` where nothing is said.
    #[serde(default)]
    #[param(inline)]
    from: From,
}

/// The log as it is written, as server-sent events.
///
/// Each event has an `id`, its cursor; `event`, its type; and `data`, the event as `GET /v1/events` gives it. A
/// reader that was cut off sends the last `id` as `Last-Event-ID` and misses nothing; browsers do so by
/// themselves. In silence a comment comes now and then. The stream ends when the service stops.
#[utoipa::path(
    get, path = "/v1/events/stream", tag = "events", params(
        StreamQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "The `id` of the last event that was received: goes on after it, whatever else is said"),
    ),
    responses((status = 200, description = "Events, without end", body = String, content_type = "text/event-stream")),
)]
pub(crate) async fn events_stream(
    State(context): State<Shared>,
    Extension(known): Extension<Known>,
    headers: HeaderMap,
    RawQuery(parameters): RawQuery,
) -> Result<Response<Body>, Problem> {
    let asked: StreamQuery = query::read(parameters.as_deref())?;
    let scope = Scope::new(LOG, None);
    let after = cursor(&scope, &asked, &headers)?;
    let Ok(room) = context.followers.clone().try_acquire_owned() else {
        let detail = "Too many streams of events are open; try again.";
        return Err(Problem::new(Kind::Busy, detail));
    };
    let views = &context.app.views;
    let cursor = match (after, asked.from) {
        (Some(after), _) => after,
        (None, From::Now) => views.end().await?,
        (None, From::Beginning) => LogCursor::new(views.partitions()).to_string(),
    };
    // Reads where it begins, so that what is wrong with it is an answer and no broken stream.
    let page = Page {
        after: Some(cursor.clone()),
        limit: 1,
    };
    views.events(&page).await.map_err(|error| match error {
        ViewError::BadCursor => problems::bad_cursor("after"),
        other => other.into(),
    })?;
    let follower = Follower {
        caller: known.caller()?.clone(),
        request_id: known.origin().unwrap_or_default(),
        commits: context.app.commits.clone(),
        scope,
        cursor,
        silent_since: Instant::now(),
        greeted: false,
        context,
        _room: room,
    };
    let pieces = stream::unfold(follower, |mut follower| async {
        let piece = follower.next().await?;
        Some((Ok::<_, io::Error>(piece), follower))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, EVENT_STREAM);
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert(X_ACCEL_BUFFERING, Value::from_static("no"));
    Ok(response)
}

/// The plain cursor that is asked for: what the reader got last is newer than where it began.
fn cursor(
    scope: &Scope,
    asked: &StreamQuery,
    headers: &HeaderMap,
) -> Result<Option<String>, Problem> {
    let decode = |name: &'static str, cursor: &str| {
        let plain = scope.decode(cursor);
        plain.map(Some).ok_or_else(|| problems::bad_cursor(name))
    };
    match headers.get(LAST_EVENT_ID) {
        // An empty one is what a reader sends that has received nothing yet.
        Some(id) if !id.is_empty() => decode("Last-Event-ID", id.to_str().unwrap_or_default()),
        _ => match &asked.after {
            Some(after) => decode("after", after),
            None => Ok(None),
        },
    }
}

/// One who reads the log as it is written.
struct Follower {
    context: Shared,
    /// Whose key must be in force as long as this lasts.
    caller: Caller,
    request_id: Origin,
    scope: Scope,
    /// Changes when something was committed here.
    commits: watch::Receiver<()>,
    /// How far it was read.
    cursor: String,
    /// When something was last sent.
    silent_since: Instant,
    greeted: bool,
    _room: OwnedSemaphorePermit,
}

impl Follower {
    /// What is sent next; `None`: the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(Bytes::from_static(HELLO));
        }
        let stopping = self.context.app.stopping.clone();
        let piece = stopping.run_until_cancelled(self.wait()).await?;
        self.silent_since = Instant::now();
        piece
    }

    /// Events when there are any, or a sign of life.
    async fn wait(&mut self) -> Option<Bytes> {
        let limits = &self.context.limits;
        loop {
            if let Err(problem) = door::may_stay(&self.context.app.door, &self.caller).await {
                let request_id = &*self.request_id;
                tracing::debug!(
                    request_id,
                    detail = problem.detail(),
                    "a stream of events ends"
                );
                return None;
            }
            // What is committed from here on is seen by the next look.
            self.commits.mark_unchanged();
            let page = Page {
                after: Some(self.cursor.clone()),
                limit: PAGE,
            };
            let found = match self.context.app.views.events(&page).await {
                Ok(found) => found,
                Err(error) => {
                    // The reader comes back, and is then told what is wrong.
                    let request_id = &*self.request_id;
                    tracing::warn!(request_id, %error, "a stream of events ends");
                    return None;
                }
            };
            if !found.events.is_empty() {
                return self.piece(found);
            }
            tokio::select! {
                committed = self.commits.changed() => if committed.is_err() {
                    // The engine has ended, and the service will.
                    sleep(limits.look).await;
                },
                // Other replicas write as well.
                () = sleep(limits.look) => {}
                () = sleep_until(self.silent_since + limits.heartbeat) => {
                    return Some(Bytes::from_static(HEARTBEAT));
                }
            }
        }
    }

    /// The events of a page, each with the cursor after it.
    fn piece(&mut self, found: landfall_service::views::EventPage) -> Option<Bytes> {
        let partitions = self.context.app.views.partitions();
        let mut cursor = LogCursor::parse(&self.cursor, partitions)?;
        let mut piece = Vec::with_capacity(512 * found.events.len());
        for record in &found.events {
            cursor.pass(record);
            let id = self.scope.encode(&cursor.to_string());
            for text in ["id: ", &id, "\nevent: ", record.event.kind(), "\ndata: "] {
                piece.extend_from_slice(text.as_bytes());
            }
            // JSON has no line breaks of its own.
            if let Err(error) = serde_json::to_writer(&mut piece, record) {
                let request_id = &*self.request_id;
                tracing::error!(request_id, %error, event = record.id(), "an event has no JSON form");
                return None;
            }
            piece.extend_from_slice(b"\n\n");
        }
        self.cursor = found.next;
        Some(Bytes::from(piece))
    }
}
