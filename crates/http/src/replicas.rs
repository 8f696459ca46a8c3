//! Commands that other replicas hand on: one request for each of them, which lasts as long as it is this replica's turn to
//! write. Its body has lines of commands, the answer's has lines of answers.
//!
//! No API key is asked for. Whoever shows the token of the present turn is a replica that reads the same database, and has
//! let its callers in by the keys there.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response};
use axum::response::IntoResponse as _;
use axum::routing::post;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use landfall_service::Answer;
use landfall_service::hand_on::lines::{LONGEST_COMMAND, OVER, read_command, write_answer};
use landfall_service::hand_on::{Admission, Replicas, SIGN_OF_LIFE, Stats};
use tokio::task::yield_now;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::Instrument as _;

use crate::known::Known;
use crate::lines::{Line, Lines};
use crate::problems::{Kind, Problem};
use crate::{Shared, answers};

/// Where replicas hand commands on.
pub const PATH: &str = "/replicas/commands";
/// The header in which a replica says its version.
pub const VERSION: HeaderName = HeaderName::from_static("landfall-version");

const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// The route of a replica that takes part.
pub(crate) fn router(context: Shared, replicas: Arc<Replicas>) -> Router {
    Router::new()
        .route(PATH, post(take))
        .method_not_allowed_fallback(async |request: Request| answers::method_not_allowed(&request))
        .with_state((context, replicas))
}

async fn take(
    State((context, replicas)): State<(Shared, Arc<Replicas>)>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let admission = match admit(&context, &replicas, &parts) {
        Ok(admission) => admission,
        Err(problem) => return refuse(problem),
    };
    let mut alive = interval(SIGN_OF_LIFE);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let exchange = Exchange {
        admission,
        body: body.into_data_stream(),
        lines: Lines::new(LONGEST_COMMAND),
        under_way: FuturesUnordered::new(),
        alive,
        end: None,
        context,
        replicas,
    };
    let lines = stream::unfold(exchange, Exchange::next);
    let body = Body::from_stream(lines.map(Ok::<Bytes, std::convert::Infallible>));
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, TEXT);
    response
}

/// The body is not waited for: it has no end of its own.
fn refuse(problem: Problem) -> Response<Body> {
    let unknown = problem.kind() == Kind::NoKey;
    let mut response = problem.into_response();
    if unknown {
        let challenge = HeaderValue::from_static(r#"Bearer realm="replicas""#);
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// Lets a replica in, or says why not.
fn admit(context: &Shared, replicas: &Replicas, parts: &Parts) -> Result<Admission, Problem> {
    let Some(admission) = token(&parts.headers).and_then(|token| replicas.admit(token)) else {
        let peer = Known::of(&parts.extensions).and_then(|known| known.peer);
        if !context.rates.may_be_wrong(peer.map(|peer| peer.address)) {
            let detail =
                "Too many requests without a good token came from this address; try again.";
            return Err(Problem::new(Kind::TooOften, detail));
        }
        let detail = "This is for other replicas, and takes the token of the present turn.";
        return Err(Problem::new(Kind::NoKey, detail));
    };
    let ours = env!("CARGO_PKG_VERSION");
    if parts.headers.get(VERSION).is_none_or(|its| its != ours) {
        let detail = format!("Only replicas of version {ours} can hand commands on to this one.");
        return Err(Problem::new(Kind::Forbidden, detail));
    }
    Ok(admission)
}

/// The token in the header: `Bearer TOKEN`, given once.
fn token(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let only = values.next().filter(|_| values.next().is_none())?;
    only.as_bytes().strip_prefix(b"Bearer ")
}

/// Why nothing more is read.
enum End {
    /// The turn is over. What is under way is answered, and then that is said.
    Over,
    /// All is said.
    Said,
    /// The other side has gone, or says what is no command. What was queued is carried out all the same.
    Broken,
}

/// One request of another replica. It is driven by whoever writes the answer, so that it needs no task of its own.
struct Exchange {
    context: Shared,
    replicas: Arc<Replicas>,
    admission: Admission,
    body: BodyDataStream,
    lines: Lines,
    under_way: FuturesUnordered<BoxFuture<'static, (u64, Option<Answer>)>>,
    alive: Interval,
    end: Option<End>,
}

impl Exchange {
    /// What is said next: all answers that are there, or a sign of life.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            match &self.end {
                Some(End::Said | End::Broken) => return None,
                Some(End::Over) if self.under_way.is_empty() => {
                    self.end = Some(End::Said);
                    let last = [OVER, b"\n"].concat();
                    return Some((last.into(), self));
                }
                Some(End::Over) | None => {}
            }
            tokio::select! {
                biased;
                Some(first) = self.under_way.next() => {
                    // The engine answers a group: the others are there in a moment.
                    yield_now().await;
                    return Some((self.answers(first), self));
                }
                () = self.admission.is_over(), if self.end.is_none() => self.end = Some(End::Over),
                piece = self.body.next(), if self.end.is_none() => match piece {
                    Some(Ok(bytes)) => self.hear(&bytes),
                    Some(Err(_)) | None => self.end = Some(End::Broken),
                },
                _ = self.alive.tick() => return Some((Bytes::from_static(b"\n"), self)),
            }
        }
    }

    fn answers(&mut self, first: (u64, Option<Answer>)) -> Bytes {
        let mut lines = Vec::with_capacity(4 << 10);
        let mut next = Some(first);
        while let Some((number, answer)) = next {
            write_answer(&mut lines, number, answer.as_ref());
            next = self.under_way.next().now_or_never().flatten();
        }
        lines.into()
    }

    /// Hands the commands of these bytes to the engine here: they have been handed on once, and are not again.
    fn hear(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
        while let Some(line) = self.lines.next() {
            let read = match line {
                Line::Text(line) => read_command(line),
                Line::TooLong => None,
            };
            let Some((number, handed_on)) = read else {
                tracing::warn!("another replica says what is no command; it is not listened to");
                self.end = Some(End::Broken);
                return;
            };
            let bus = self.context.app.bus.clone();
            Stats::add(&self.replicas.stats.taken);
            let span = handed_on.as_ref().map(|it| self.replicas.span(it));
            let carried_out = async move {
                let answer = match handed_on {
                    Some(it) => Some(bus.handle_here(it.origin, it.request).await),
                    None => None,
                };
                (number, answer)
            };
            // Without a trace the future is the smaller one.
            self.under_way
                .push(match span.filter(|span| !span.is_none()) {
                    Some(span) => carried_out.instrument(span).boxed(),
                    None => carried_out.boxed(),
                });
        }
    }
}
