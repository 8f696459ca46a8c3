//! Metrics in the text format of Prometheus, read from the counters where they are kept.
//!
//! Written by hand: it is a handful of lines, and nothing has to be copied from the engine's counters into a
//! registry. What only the database knows is asked of it now and then, however often somebody asks here.

mod intakes;
mod replicas;
mod seldom;

use std::collections::HashMap;
use std::fmt::{Display, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{Method, StatusCode};
use landfall_service::desk::Totals;
use landfall_service::engine::{FAILURES, Histogram};
use landfall_service::relay::SinkReading;
use landfall_service::views::Waiting;

use crate::{App, Context};
use seldom::Seldom;

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
    backorders: Seldom<Waiting>,
    worklist: Seldom<Totals>,
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
            backorders: Seldom::default(),
            worklist: Seldom::default(),
        }
    }

    /// A request that is no probe has come; so many are under way now, this one included.
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
    pub(crate) async fn render(&self, context: &Context) -> String {
        let mut text = String::with_capacity(16 << 10);
        let version = concat!(r#"{version=""#, env!("CARGO_PKG_VERSION"), r#""}"#);
        head(&mut text, "build_info", "gauge", "What runs here");
        line(&mut text, "build_info", version, &1);
        engine(&mut text, &context.app);
        relay(&mut text, &context.app);
        desk(&mut text, &context.app);
        intakes::write(&mut text, &context.app.intakes);
        if let Some(replicas) = &context.app.replicas {
            replicas::write(&mut text, replicas);
        }
        let age = context.limits.backorders_age;
        let ask = context.app.views.waiting();
        let what = "the number of backorders";
        if let Some(waiting) = self.backorders.now(age, what, ask).await {
            backorders(&mut text, waiting);
        }
        if let Some(desk) = &context.app.desk {
            let what = "the length of the worklist";
            if let Some(totals) = self.worklist.now(age, what, desk.totals()).await {
                worklist(&mut text, totals);
            }
        }
        let under_way = self.under_way.load(Ordering::Relaxed);
        gauge(
            &mut text,
            "http_requests_under_way",
            "Requests not yet answered, without probes",
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
    histogram(
        text,
        "group_size",
        "Commands in a group",
        &stats.group_size,
        std::convert::identity,
    );
    histogram(
        text,
        "group_seconds",
        "Time for a group, from the first load to the end of the commit",
        &stats.group_micros,
        Seconds,
    );
    histogram(
        text,
        "commit_seconds",
        "Time that the database took for a commit",
        &stats.commit_micros,
        Seconds,
    );
    let failures = "Groups that were not committed; those that conflict are tried again";
    head(text, "commit_failures_total", "counter", failures);
    for (reason, count) in FAILURES.iter().zip(&stats.failed) {
        let labels = format!(r#"{{reason="{reason}"}}"#);
        let count = count.load(Ordering::Relaxed);
        line(text, "commit_failures_total", &labels, &count);
    }
    let lines = "Order lines that were asked for, by what became of them at once";
    head(text, "lines_total", "counter", lines);
    for (outcome, count) in [
        ("allocated", &stats.allocated),
        ("backordered", &stats.backordered),
        ("rejected", &stats.lines_rejected),
    ] {
        let labels = format!(r#"{{outcome="{outcome}"}}"#);
        line(text, "lines_total", &labels, &count.load(Ordering::Relaxed));
    }
    for (name, help, counter) in [
        (
            "commands_rejected_total",
            "Commands refused",
            &stats.rejected,
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
    ] {
        head(text, name, "counter", help);
        line(text, name, "", &counter.load(Ordering::Relaxed));
    }
    let (waiting, most) = app.bus.waiting();
    gauge(text, "queue_jobs", "Jobs that wait for the engine", waiting);
    gauge(
        text,
        "queue_capacity",
        "Jobs that may wait for the engine",
        most,
    );
}

/// What the database says, the same for every replica.
/// How many lines need a person.
fn worklist(text: &mut String, totals: Totals) {
    let name = "worklist_lines";
    head(text, name, "gauge", "Order lines that need a person");
    for (kind, total) in [("waiting", totals.waiting), ("late", totals.late)] {
        line(text, name, &format!(r#"{{kind="{kind}"}}"#), &total.lines);
    }
}

fn backorders(text: &mut String, Waiting { lines, products }: Waiting) {
    gauge(
        text,
        "backordered_lines",
        "Order lines that wait for stock",
        lines,
    );
    gauge(
        text,
        "backordered_products",
        "Products of which order lines wait",
        products,
    );
}

/// Microseconds, written as seconds.
struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (whole, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if micros == 0 {
            return whole.fmt(f);
        }
        let digits = format!("{micros:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

fn histogram<D: Display>(
    text: &mut String,
    name: &str,
    help: &str,
    histogram: &Histogram,
    show: fn(u64) -> D,
) {
    head(text, name, "histogram", help);
    let mut count = 0;
    for (bound, below) in histogram.below() {
        count = below;
        let labels = match bound {
            Some(bound) => format!(r#"{{le="{}"}}"#, show(bound)),
            None => r#"{le="+Inf"}"#.to_owned(),
        };
        line(text, &format!("{name}_bucket"), &labels, &below);
    }
    line(text, &format!("{name}_sum"), "", &show(histogram.sum()));
    line(text, &format!("{name}_count"), "", &count);
}

/// How far the sinks are that this replica relays to; with several replicas each tells of its share of the
/// partitions. Labels are names from the configuration.
fn relay(text: &mut String, app: &App) {
    let now = app.calendar.clock.now();
    let readings: Vec<SinkReading> = app.sinks.iter().map(|sink| sink.read()).collect();
    if readings.is_empty() {
        return;
    }
    let mut of_each = |name, kind, help, value: fn(&SinkReading) -> u64| {
        head(text, name, kind, help);
        for reading in &readings {
            line(text, name, &sink_label(reading), &value(reading));
        }
    };
    of_each(
        "relay_delivered_total",
        "counter",
        "Events that the sink has taken",
        |reading| reading.delivered,
    );
    of_each(
        "relay_retries_total",
        "counter",
        "Times that something was in the way of the sink, and it was tried again",
        |reading| reading.setbacks,
    );
    of_each(
        "relay_dead_letters_total",
        "counter",
        "Events that the sink has refused for good",
        |reading| reading.dead_letters,
    );
    of_each(
        "relay_partitions",
        "gauge",
        "Partitions of the log that this replica relays to the sink",
        |reading| reading.partitions as u64,
    );
    of_each(
        "relay_lag_events",
        "gauge",
        "Events of these partitions that are not out",
        |reading| reading.lag,
    );
    let name = "relay_lag_seconds";
    head(
        text,
        name,
        "gauge",
        "Age of the oldest event that is not out",
    );
    for reading in &readings {
        let age = reading.oldest.map_or(0.0, |oldest| {
            now.duration_since(oldest).as_secs_f64().max(0.0)
        });
        line(text, name, &sink_label(reading), &format_args!("{age:.3}"));
    }
}

/// How far the desk is behind the log, and what this replica does for it.
fn desk(text: &mut String, app: &App) {
    let Some(stats) = &app.desk_stats else {
        return;
    };
    gauge(
        text,
        "desk_lag_events",
        "Events that the desk has not taken in, of all partitions",
        stats.lag(),
    );
    for (name, help, count) in [
        (
            "desk_events_total",
            "Events that this replica has taken into the desk",
            stats.taken_in(),
        ),
        (
            "desk_conflicts_total",
            "Steps of the desk in which another replica was first",
            stats.conflicts(),
        ),
        (
            "desk_failures_total",
            "Times that the database did not do what the desk asked, and it was tried again",
            stats.failures(),
        ),
    ] {
        head(text, name, "counter", help);
        line(text, name, "", &count);
    }
}

fn sink_label(reading: &SinkReading) -> String {
    format!(r#"{{sink="{}"}}"#, reading.sink)
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
