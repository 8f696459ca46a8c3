//! The outermost layer: every request has an id, is counted, and is answered, also when a handler panics.
//!
//! Beyond so many requests under way it answers itself, before the door: who cannot be served costs no look at
//! the keys either.
//!
//! One hand-written layer instead of several stacked ones: it is on the way of every request, and boxes
//! nothing.

use std::any::Any;
use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::header::{HeaderValue, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use landfall_service::access::secret::without_keys;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::Shared;
use crate::answers;
use crate::framing;
use crate::known::{Known, Notes};
use crate::problems::{Cause, Kind, Problem};
use crate::request_id::{Ids, REQUEST_ID, RequestId};

/// What the layer needs.
#[derive(Clone)]
pub(crate) struct Watch(Arc<State>);

struct State {
    context: Shared,
    ids: Ids,
}

impl Watch {
    /// A layer that counts into the context's metrics.
    pub(crate) fn new(context: Shared) -> Self {
        let (now, _) = context.app.calendar.read();
        let ids = Ids::new(now.as_millisecond());
        Self(Arc::new(State { context, ids }))
    }
}

impl<S> Layer<S> for Watch {
    type Service = Watched<S>;

    fn layer(&self, inner: S) -> Watched<S> {
        Watched {
            inner,
            state: Arc::clone(&self.0),
        }
    }
}

/// A service that is watched.
#[derive(Clone)]
pub(crate) struct Watched<S> {
    inner: S,
    state: Arc<State>,
}

impl<S> Service<Request> for Watched<S>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Watching<S::Future>;

    fn poll_ready(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let id = self.state.ids.id(request.headers());
        let known = Known::of_mut(request.extensions_mut());
        known.id = Some(id.clone());
        let notes = known.notes.clone();
        let over_tls = known.over_tls();
        let route = request.extensions().get::<MatchedPath>().cloned();
        let method = request.method().clone();
        let started = tracing::enabled!(tracing::Level::DEBUG).then(|| {
            (
                Instant::now(),
                without_keys(request.uri().path()).into_owned(),
            )
        });
        let probe = is_probe(route.as_ref());
        let room = probe || {
            let under_way = self.state.context.metrics.begin();
            under_way <= self.state.context.limits.requests as u64
        };
        let watch = Under {
            id,
            notes,
            route,
            method,
            probe,
            over_tls,
            started,
            state: Arc::clone(&self.state),
        };
        if let Some(refused) = framing::refuse(&request) {
            return Watching {
                inner: None,
                refused: Some(framing::last_word(refused)),
                watch,
            };
        }
        if !room {
            let detail = "Too many requests are under way. Nothing was done; try again.";
            let busy = Problem::new(Kind::Busy, detail);
            return Watching {
                inner: None,
                refused: Some(busy.into_response()),
                watch,
            };
        }
        match catch_unwind(AssertUnwindSafe(|| self.inner.call(request))) {
            Ok(inner) => Watching {
                inner: Some(inner),
                refused: None,
                watch,
            },
            Err(panic) => Watching {
                inner: None,
                refused: Some(panicked(&*panic).into_response()),
                watch,
            },
        }
    }
}

/// A request under way.
struct Under {
    id: RequestId,
    notes: Notes,
    route: Option<MatchedPath>,
    method: Method,
    probe: bool,
    over_tls: bool,
    started: Option<(Instant, String)>,
    state: Arc<State>,
}

/// Whether it asks how the service is: that must be answered under load above all, and takes nobody's place.
fn is_probe(route: Option<&MatchedPath>) -> bool {
    let route = route.map(MatchedPath::as_str);
    matches!(route, Some("/healthz" | "/readyz" | "/metrics"))
}

impl Under {
    fn route(&self) -> Option<&str> {
        self.route.as_ref().map(MatchedPath::as_str)
    }

    fn finish(&self, response: &mut Response) {
        let status = response.status();
        self.state
            .context
            .metrics
            .answered(self.route(), &self.method, status);
        let command_id = self.notes.command_id();
        let (request_id, method) = (self.id.text(), &self.method);
        if let Some(Cause(cause)) = response.extensions_mut().remove() {
            let route = self.route().unwrap_or_default();
            let code = status.as_u16();
            // What will be right again by itself is told apart from what never should have been.
            if status == StatusCode::INTERNAL_SERVER_ERROR {
                tracing::error!(request_id, command_id, %method, route, status = code, cause, "request failed");
            } else {
                tracing::warn!(request_id, command_id, %method, route, status = code, cause, "request failed");
            }
        }
        if let Some((started, path)) = &self.started {
            // A number, also in JSON, which knows none that is wider.
            let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            let status = status.as_u16();
            tracing::debug!(request_id, command_id, %method, path, status, micros, "answered");
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, self.id.header());
        harden(headers, self.over_tls);
    }
}

/// What browsers are told with every answer. Where an answer says something itself, that holds.
fn harden(headers: &mut HeaderMap, over_tls: bool) {
    // Most answers were made with it.
    if !headers.contains_key(X_CONTENT_TYPE_OPTIONS) {
        for (name, value) in answers::hard() {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }
    if over_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(STRICT_TRANSPORT_SECURITY, year);
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        if !self.probe {
            self.state.context.metrics.end();
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Problem {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    Problem::internal(format!("a handler panicked: {}", text.unwrap_or_default()))
}

pin_project! {
    /// The answer to come.
    pub(crate) struct Watching<F> {
        #[pin]
        inner: Option<F>,
        refused: Option<Response>,
        watch: Under,
    }
}

impl<F> Future for Watching<F>
where
    F: Future<Output = Result<Response, Infallible>>,
{
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = match this.inner.as_pin_mut() {
            None => this.refused.take().unwrap_or_else(|| {
                Problem::internal("an answer was asked for twice").into_response()
            }),
            Some(inner) => match catch_unwind(AssertUnwindSafe(|| inner.poll(cx))) {
                Ok(answer) => match ready!(answer) {
                    Ok(response) => response,
                    Err(never) => match never {},
                },
                Err(panic) => panicked(&*panic).into_response(),
            },
        };
        this.watch.finish(&mut response);
        Poll::Ready(Ok(response))
    }
}
