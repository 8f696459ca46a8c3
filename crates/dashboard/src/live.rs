//! Live pages: a browser that shows something is told when that has changed, and fetches its page anew.
//!
//! What is sent are names only (`order:SO-1`, `sku:LAMP`), gathered for a moment: a storm of events is one message.
//! Each message says how far in the log it comes, and each page how new it is: a page that is older than what has been
//! told fetches everything. So nothing is lost when a connection is, or between a page and its first message.
//!
//! Of all windows of a browser one holds the stream, and tells the others: a browser opens few connections to one host.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::{Response, StatusCode};
use axum::response::IntoResponse;
use bytes::Bytes;
use futures_util::stream;
use landfall_domain::Event;
use landfall_service::log::LogRecord;
use landfall_service::views::Page;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::errors::Failed;
use crate::followers::Place;
use crate::visit::Visit;
use crate::{LOOK, Shared};

/// Events that are looked at for one message; more of them are "everything".
const MOST: usize = 500;
/// Names in one message; more of them are "everything".
const NAMES: usize = 200;
/// Names in one part of a page; more of them are "everything".
const FOLLOWED: usize = 26;
/// The least time between two messages.
const GATHER: Duration = Duration::from_millis(300);
/// After so much silence comes a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// One thing's name, as pages and messages have it.
pub(crate) fn name(kind: &str, name: &str) -> String {
    format!("{kind}:{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

/// What changes a page, as it names it: all of these; everything, where they are many.
pub(crate) fn any_of(names: impl IntoIterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        if all.contains(&name) {
            continue;
        }
        if all.len() == FOLLOWED {
            return "*".to_owned();
        }
        all.push(name);
    }
    all.join(" ")
}

/// Tells a browser what has changed, as server-sent events.
pub(crate) async fn live(
    State(context): State<Shared>,
    visit: Visit,
) -> Result<Response<Body>, Failed> {
    let Some(place) = context.followers.place(visit.caller.actor()) else {
        let busy = "Too many pages are live at present; try again.\n";
        let later = [(RETRY_AFTER, HeaderValue::from_static("10"))];
        return Ok((StatusCode::SERVICE_UNAVAILABLE, later, busy).into_response());
    };
    let follower = Follower {
        commits: context.app.commits.clone(),
        cursor: context.app.views.end().await?,
        context,
        visit,
        greeted: false,
        _place: place,
    };
    let pieces = stream::unfold(follower, |mut follower| async {
        let piece = follower.next().await?;
        Some((Ok::<_, io::Error>(Bytes::from(piece)), follower))
    });
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

struct Follower {
    context: Shared,
    visit: Visit,
    commits: watch::Receiver<()>,
    cursor: String,
    greeted: bool,
    _place: Place,
}

impl Follower {
    async fn next(&mut self) -> Option<String> {
        if !self.greeted {
            self.greeted = true;
            let hello = json!({"log": self.cursor});
            return Some(format!("retry: 2000\nevent: hello\ndata: {hello}\n\n"));
        }
        let stopping = self.context.app.stopping.clone();
        stopping.run_until_cancelled(self.wait()).await?
    }

    async fn wait(&mut self) -> Option<String> {
        let began = Instant::now();
        sleep(GATHER).await;
        loop {
            let now = self.context.app.calendar.clock.now();
            if self.visit.until.is_some_and(|until| until <= now) {
                return None;
            }
            let door = &self.context.app.door;
            // A key that was revoked sees nothing more.
            if !matches!(door.may_stay(&self.visit.caller).await, Ok(true)) {
                return None;
            }
            self.commits.mark_unchanged();
            let page = Page {
                after: Some(self.cursor.clone()),
                limit: MOST,
            };
            let found = self.context.app.views.events(&page).await.ok()?;
            if !found.events.is_empty() {
                let names = names(&found.events);
                let all = found.events.len() >= MOST || names.len() > NAMES;
                self.cursor = if all {
                    self.context.app.views.end().await.ok()?
                } else {
                    found.next
                };
                let told = if all {
                    json!({"all": true, "log": self.cursor})
                } else {
                    json!({"names": names, "log": self.cursor})
                };
                return Some(format!("data: {told}\n\n"));
            }
            if began.elapsed() > HEARTBEAT {
                return Some(":\n\n".into());
            }
            // Other replicas write as well.
            if let Ok(Err(_)) = timeout(LOOK, self.commits.changed()).await {
                sleep(LOOK).await;
            }
        }
    }
}

/// What these events are about.
fn names(events: &[LogRecord]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for record in events {
        if let Some(sku) = &record.sku {
            names.insert(name("sku", sku.as_str()));
        }
        let Ok(Value::Object(event)) = serde_json::to_value::<&Event>(&record.event) else {
            continue;
        };
        let text = |value: &Value, field: &str| value[field].as_str().map(str::to_owned);
        let data = &event["data"];
        let of = if record.event.kind().starts_with("Shipment") {
            "shipment"
        } else {
            "batch"
        };
        names.extend(text(data, "order_id").map(|id| name("order", &id)));
        names.extend(text(data, "reference").map(|reference| name(of, &reference)));
        names.extend(text(data, "shipment").map(|reference| name("shipment", &reference)));
        for list in ["allocations", "departures"] {
            for part in data[list].as_array().into_iter().flatten() {
                names.extend(text(part, "batch").map(|batch| name("batch", &batch)));
            }
        }
    }
    names
}
