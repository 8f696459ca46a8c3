//! The HTTP API: routes, problems, OpenAPI.
//!
//! A request passes the `watch` layer (its id, its count, a panic caught) and the `door` (its key, and what that may
//! do: `rights`), then its route: `commands` and `stream` hand what they read to the bus, `lists`, `resources`, `events`,
//! `promises` and `reports` ask questions, `follow` tells what happens as it happens, `book` speaks the language of
//! *Architecture Patterns with Python*. `replicas` takes what other replicas hand on; it asks for no key. Whatever goes
//! wrong becomes one of [`problems`]. [`openapi()`] describes all but `replicas`, and [`serve()`] listens.

mod answers;
mod body;
mod book;
mod commands;
mod cursor;
mod door;
mod dry_run;
mod events;
mod follow;
mod framing;
mod health;
mod known;
mod lines;
mod lists;
mod local;
mod metrics;
mod openapi;
mod pages;
mod paths;
pub mod problems;
mod promises;
mod query;
pub mod replicas;
mod reports;
mod request_id;
mod resources;
mod results;
pub mod rights;
mod schemas;
mod serve;
mod sorts;
mod stream;
mod tls;
mod watch;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use landfall_service::Bus;
use landfall_service::access::{Doorkeeper, Rates};
use landfall_service::clock::Calendar;
use landfall_service::desk::{Desk, projector};
use landfall_service::engine::Stats;
use landfall_service::hand_on::Replicas;
use landfall_service::intake::IntakeStats;
use landfall_service::relay::SinkStats;
use landfall_service::views::Views;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use openapi::openapi;
pub use pages::Pages;
pub use serve::{serve, serve_over_tls};
pub use tls::{Tls, TlsError};

/// What the API works with.
#[derive(Clone)]
pub struct App {
    /// Where commands go.
    pub bus: Bus,
    /// Where questions go.
    pub views: Arc<dyn Views>,
    /// Tells the time, and what day it is in the warehouse.
    pub calendar: Calendar,
    /// Who is let in.
    pub door: Doorkeeper,
    /// What the engine has done: `/metrics` shows it.
    pub stats: Arc<Stats>,
    /// Where events go from this replica, and how far each is: `/metrics` shows it.
    pub sinks: Vec<Arc<SinkStats>>,
    /// What needs a person, if that is kept: `/metrics` counts it.
    pub desk: Option<Arc<dyn Desk>>,
    /// How the desk is kept up to date by this replica, if it is: `/metrics` shows it.
    pub desk_stats: Option<Arc<projector::Stats>>,
    /// Where commands come from beside the API, and what each has brought: `/metrics` shows it.
    pub intakes: Vec<Arc<IntakeStats>>,
    /// The replicas that hand their commands on to one of them, where this is one.
    pub replicas: Option<Arc<Replicas>>,
    /// Changes when the engine has committed something: it wakes streams of events.
    pub commits: tokio::sync::watch::Receiver<()>,
    /// Cancelled when the service is to end: streams come to an end then. It is the one that [`serve()`]
    /// is given.
    pub stopping: CancellationToken,
}

/// The API's bounds. Beyond them a caller gets a problem; nothing grows without end.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes that a body may have, other than NDJSON. The largest order, 10,000 lines, fits.
    pub body: usize,
    /// Bytes of larger bodies (from 64 KiB on) that may be under way at one time, all together.
    pub bodies: usize,
    /// How long a body may take to come. NDJSON has no such limit.
    pub body_timeout: Duration,
    /// Bytes that one line of NDJSON may have. The stream itself has no limit.
    pub line: usize,
    /// Streams of NDJSON at one time.
    pub streams: usize,
    /// Streams of events at one time.
    pub followers: usize,
    /// After so much silence a stream of events gives a sign of life.
    pub heartbeat: Duration,
    /// How often a stream of events looks whether another replica has written something.
    pub look: Duration,
    /// How long a stream of NDJSON may be silent before it is ended.
    pub stream_silence: Duration,
    /// Commands that a dry run may have.
    pub dry_run_commands: usize,
    /// Bytes that a dry run's commands may have.
    pub dry_run_bytes: usize,
    /// Requests under way at one time; `/healthz`, `/readyz` and `/metrics` do not count.
    pub requests: usize,
    /// Connections at one time; more wait to be accepted.
    pub connections: usize,
    /// How long a request's head may take to come, and how long a connection may be idle between requests.
    pub header_timeout: Duration,
    /// Bytes that a request's head may have: up to twice as many where they come at once.
    pub head: usize,
    /// Header fields that a request may have.
    pub headers: usize,
    /// How old the number of backorders in `/metrics` may be: it is asked of the database.
    pub backorders_age: Duration,
    /// Requests a second that each key may send; a second's worth may come at once. `None`: any number.
    pub key_rate: Option<NonZeroU32>,
    /// Requests a second from one address that may come without a good key; the rest is not looked at.
    pub failure_rate: NonZeroU32,
    /// How long requests under way may take to end at shutdown.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 4 << 20,
            bodies: 256 << 20,
            body_timeout: Duration::from_secs(30),
            line: 1 << 20,
            streams: 64,
            followers: 256,
            heartbeat: Duration::from_secs(15),
            look: Duration::from_secs(1),
            stream_silence: Duration::from_mins(2),
            dry_run_commands: 10_000,
            dry_run_bytes: 32 << 20,
            requests: 8_192,
            connections: 10_000,
            header_timeout: Duration::from_secs(10),
            head: 64 << 10,
            headers: 100,
            backorders_age: Duration::from_secs(10),
            key_rate: NonZeroU32::new(10_000),
            failure_rate: NonZeroU32::MIN.saturating_add(19),
            drain: Duration::from_secs(30),
        }
    }
}

/// What every handler has.
struct Context {
    app: App,
    limits: Limits,
    /// Permits of 1 KiB each, for larger bodies.
    bodies: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    followers: Arc<Semaphore>,
    /// One: a report reads everything.
    reports: Semaphore,
    rates: Arc<Rates>,
    metrics: metrics::Metrics,
    /// Whether browsers that are lost are answered with a page.
    has_pages: bool,
}

type Shared = Arc<Context>;

/// The API as a router.
pub fn router(app: App, limits: &Limits) -> Router {
    router_with(app, limits, Pages::default())
}

/// The API as a router, and pages for people beside it.
pub fn router_with(app: App, limits: &Limits, pages: Pages) -> Router {
    let (routes, document) = openapi::routes().split_for_parts();
    let described = document.paths.paths.keys().map(String::as_str);
    let known = described
        .chain(openapi::PAGES)
        .chain(pages.routes.iter().copied())
        .chain([replicas::PATH]);
    let metrics = metrics::Metrics::new(known);
    let context = Arc::new(Context {
        has_pages: pages.elsewhere.is_some(),
        bodies: Arc::new(Semaphore::new(limits.bodies >> 10)),
        streams: Arc::new(Semaphore::new(limits.streams)),
        followers: Arc::new(Semaphore::new(limits.followers)),
        reports: Semaphore::new(1),
        rates: Arc::new(Rates::new(limits.key_rate, limits.failure_rate)),
        metrics,
        limits: limits.clone(),
        app,
    });
    let watch = watch::Watch::new(Arc::clone(&context));
    let elsewhere = pages::Elsewhere::new(pages.elsewhere, &context);
    let replicas = context.app.replicas.clone();
    let replicas = replicas.map(|replicas| replicas::router(Arc::clone(&context), replicas));
    routes
        .merge(openapi::pages())
        .fallback(async move |request: Request| elsewhere.answer(request).await)
        .method_not_allowed_fallback(async |request: Request| answers::method_not_allowed(&request))
        .with_state(Arc::clone(&context))
        // At once: each time that a router is layered boxes every request once more.
        .layer((watch.clone(), door::Door(Arc::clone(&context))))
        .merge(replicas.unwrap_or_default().layer(watch.clone()))
        .merge(pages::introduced(pages.router, context).layer(watch))
}
