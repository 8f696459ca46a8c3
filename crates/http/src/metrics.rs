//! Metrics in the text format of Prometheus, read from the counters where they are kept.
//!
//! Written by hand: it is a handful of lines, the seconds spent in commits are a counter that is no whole
//! number, and nothing has to be copied from the engine's counters into a registry.

use std::collections::HashMap;
use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{Method, StatusCode};

use crate::App;

/// The methods that are told apart; the rest is one.
const METHODS: [&str; 3] = ["GET", "POST", "other"];
/// The classes of status, by their hundreds.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];
/// The route of requests that no route took.
const NO_ROUTE: &str = "none";

type Counts = [[AtomicU64; CLASSES.len()]; METHODS.len()];

/// What is counted here: requests by route, method and class of status.
pub(crate) struct Metrics {
    routes: HashMap<String, Counts>,
    no_route: Counts,
    under_way: AtomicU64,
}

impl Metrics {
    /// Nothing counted yet. The routes are templates: a label is never what a client made up.
    pub(crate) fn new<'a>(routes: impl Iterator<Item = &'a str>) -> Self {
        Self {
            routes: routes
                .map(|route| (route.to_owned(), Counts::default()))
                .collect(),
            no_route: Counts::default(),
            under_way: AtomicU64::new(0),
        }
    }

    /// A request has come; so many are under way now, this one included.
    pub(crate) fn begin(&self) -> u64 {
        self.under_way.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// It is answered, or its caller has gone.
    pub(crate) fn end(&self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, route: Option<&str>, method: &Method, status: StatusCode) {
        let counts = route
            .and_then(|route| self.routes.get(route))
            .unwrap_or(&self.no_route);
        let method = match *method {
            Method::GET => 0,
            Method::POST => 1,
            _ => 2,
        };
        let class = usize::from(status.as_u16() / 100).clamp(1, CLASSES.len()) - 1;
        counts[method][class].fetch_add(1, Ordering::Relaxed);
    }

    /// All metrics as text.
    pub(crate) fn render(&self, app: &App) -> String {
        let mut text = String::with_capacity(4 << 10);
        engine(&mut text, app);
        let under_way = self.under_way.load(Ordering::Relaxed);
        gauge(
            &mut text,
            "http_requests_under_way",
            "Requests not yet answered",
            under_way,
        );
        head(
            &mut text,
            "http_requests_total",
            "counter",
            "Requests answered",
        );
        let mut routes: Vec<_> = self
            .routes
            .iter()
            .map(|(r, counts)| (&**r, counts))
            .collect();
        routes.push((NO_ROUTE, &self.no_route));
        routes.sort_unstable_by_key(|(route, _)| *route);
        for (route, counts) in routes {
            for (method, classes) in METHODS.iter().zip(counts) {
                for (class, count) in CLASSES.iter().zip(classes) {
                    let count = count.load(Ordering::Relaxed);
                    if count > 0 {
                        let labels =
                            format!(r#"{{route="{route}",method="{method}",status="{class}"}}"#);
                        line(&mut text, "http_requests_total", &labels, &count);
                    }
                }
            }
        }
        text
    }
}

/// What the engine counts, and its queue.
fn engine(text: &mut String, app: &App) {
    let stats = &*app.stats;
    let counters = [
        (
            "groups_total",
            "Groups of commands carried out",
            &stats.groups,
        ),
        (
            "group_commands_total",
            "Commands in those groups",
            &stats.commands,
        ),
        (
            "commands_rejected_total",
            "Commands refused",
            &stats.rejected,
        ),
        (
            "lines_allocated_total",
            "Order lines allocated when they were accepted",
            &stats.allocated,
        ),
        (
            "lines_backordered_total",
            "Order lines accepted that had to wait",
            &stats.backordered,
        ),
        (
            "dispatches_total",
            "Times that units of an order line left",
            &stats.dispatched,
        ),
        (
            "holds_total",
            "Holds set on batches and shipments",
            &stats.held,
        ),
        (
            "promises_changed_total",
            "Promises that became others than customers had been told",
            &stats.promises_changed,
        ),
        (
            "commit_failures_total",
            "Commits that failed",
            &stats.failed_commits,
        ),
    ];
    for (name, help, counter) in counters {
        head(text, name, "counter", help);
        line(text, name, "", &counter.load(Ordering::Relaxed));
    }
    let micros = stats.commit_micros.load(Ordering::Relaxed);
    let seconds = format_args!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    head(
        text,
        "commit_seconds_total",
        "counter",
        "Time spent in commits",
    );
    line(text, "commit_seconds_total", "", &seconds);
    let (waiting, most) = app.bus.waiting();
    gauge(text, "queue_jobs", "Jobs that wait for the engine", waiting);
    gauge(
        text,
        "queue_capacity",
        "Jobs that may wait for the engine",
        most,
    );
}

fn gauge(text: &mut String, name: &str, help: &str, value: impl Display) {
    head(text, name, "gauge", help);
    line(text, name, "", &value);
}

fn head(text: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "# HELP landfall_{name} {help}.\n# TYPE landfall_{name} {kind}"
    );
}

fn line(text: &mut String, name: &str, labels: &str, value: &dyn Display) {
    let _ = writeln!(text, "landfall_{name}{labels} {value}");
}
