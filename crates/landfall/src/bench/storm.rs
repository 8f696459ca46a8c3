//! The workload `storm`: a shipment of many products is delayed, and comes back on time. How long does one commit
//! take that moves thousands of promises, and how long do others wait for it?
//!
//! Each SKU has a batch on the shipment, fully allocated, and a later one with room for a tenth of these lines,
//! so that some find other goods, some must be told another day. One connection allocates lines of other
//! products all the time: the longest that it waits while the shipment changes is what others notice.

use super::BenchError;
use super::child::Server;
use super::client::{Connection, PostHead};
use super::report::quotient;
use super::steal::CpuTimes;
use crate::remote::Remote;
use bytes::Bytes;
use serde::Serialize;
use std::fmt::{self, Display, Formatter, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Products that nobody delays.
const OTHERS: u32 = 50;
/// Units of each line.
const UNITS: u64 = 3;

/// What is delayed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Storm {
    /// Products on the shipment.
    pub(super) skus: u32,
    /// Lines allocated to it, in all.
    pub(super) lines: u64,
}

/// What it took.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    skus: u32,
    lines: u64,
    steps: Vec<Step>,
    /// What another connection waits for its line when nothing happens: the middle and the longest.
    calm_ms: (f64, f64),
    steal_percent: Option<f64>,
}

/// One command.
#[derive(Debug, Serialize)]
struct Step {
    what: &'static str,
    /// From the request to the whole answer.
    answered_ms: f64,
    /// The longest that another connection waited for its line meanwhile.
    others_waited_ms: f64,
    /// What the service says of it, where it is a dry run.
    summary: Option<String>,
}

impl Storm {
    /// Runs it on a service of its own.
    pub(super) async fn run(self) -> Result<Report, BenchError> {
        let directory = tempfile::tempdir().map_err(BenchError::Directory)?;
        let database = format!("sqlite:{}", directory.path().join("storm.db").display());
        let server = Server::start(&["serve", "--listen", "127.0.0.1:0", "--database", &database])?;
        let address = server.address();
        self.prepare(address).await?;
        let before = CpuTimes::read();
        let probe = Probe::start(address);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let calm_ms = probe.calm();
        let mut steps = Vec::new();
        for (what, path, eta) in [
            (
                "what if it comes 10 days later",
                "/v1/commands?dry_run=true",
                "2031-03-11",
            ),
            ("it comes 10 days later", "/v1/commands", "2031-03-11"),
            (
                "it comes 10 days earlier again",
                "/v1/commands",
                "2031-03-01",
            ),
        ] {
            let body =
                format!(r#"{{"type":"ChangeShipmentEta","reference":"STORM","eta":"{eta}"}}"#);
            steps.push(step(address, what, path, &body, &probe).await?);
        }
        let after = CpuTimes::read();
        probe.stop().await;
        server.stop()?;
        let check = super::check::audit(&database)?;
        if !check.passed {
            return Err(BenchError::Check("the audit found something".into()));
        }
        Ok(Report {
            skus: self.skus,
            lines: self.lines,
            steps,
            calm_ms,
            steal_percent: before.zip(after).and_then(|(a, b)| b.steal_since(a)),
        })
    }

    /// Buys and sells.
    async fn prepare(self, address: SocketAddr) -> Result<(), BenchError> {
        let mut commands = String::from(
            "{\"type\":\"CreateShipment\",\"reference\":\"STORM\",\"eta\":\"2031-03-01\",\"vessel\":\"MV Storm\"}\n",
        );
        let lines_a_sku = self.lines.div_ceil(u64::from(self.skus)).max(1);
        let mut count = 1_u64;
        for sku in 0..self.skus {
            let (units, later) = (lines_a_sku * UNITS, lines_a_sku.div_ceil(10) * UNITS);
            let _ = writeln!(
                commands,
                r#"{{"type":"CreateBatch","reference":"ship-{sku}","sku":"storm-{sku}","quantity":{units},"shipment":"STORM"}}"#
            );
            let _ = writeln!(
                commands,
                r#"{{"type":"CreateBatch","reference":"later-{sku}","sku":"storm-{sku}","quantity":{later},"eta":"2031-03-05"}}"#
            );
            count += 2;
        }
        for sku in 0..OTHERS {
            let _ = writeln!(
                commands,
                r#"{{"type":"CreateBatch","reference":"other-{sku}","sku":"other-{sku}","quantity":1000000000}}"#
            );
            count += 1;
        }
        for line in 0..self.lines {
            let sku = line % u64::from(self.skus);
            let priority = line % 10;
            let _ = writeln!(
                commands,
                r#"{{"type":"Allocate","order_id":"storm-{line:08}","sku":"storm-{sku}","quantity":{UNITS},"priority":{priority}}}"#
            );
            count += 1;
        }
        let failed = |reason: String| BenchError::Setup {
            what: "shipment and its lines",
            reason,
        };
        let service = Remote::near(address);
        let said = |error: crate::outcome::CliError| failed(error.to_string());
        let (sender, answer) = service.commands(false).await.map_err(said)?;
        sender.send(Bytes::from(commands)).await;
        drop(sender);
        let mut results = answer.results().await.map_err(said)?;
        for number in 0..count {
            let line = results.next().await.map_err(said)?;
            let ok = line
                .is_some_and(|line| String::from_utf8_lossy(&line).contains(r#""status":"ok""#));
            if !ok {
                return Err(failed(format!("command {number} was not carried out")));
            }
        }
        Ok(())
    }
}

async fn step(
    address: SocketAddr,
    what: &'static str,
    path: &str,
    body: &str,
    probe: &Probe,
) -> Result<Step, BenchError> {
    let failed = |reason: String| BenchError::Setup { what, reason };
    let mut connection = Connection::open(address)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let head = PostHead::new(address, path);
    // Another line is under way when it begins.
    tokio::time::sleep(Duration::from_millis(200)).await;
    probe.forget();
    let start = Instant::now();
    let answer = connection
        .post(&head, body.as_bytes())
        .await
        .map_err(|error| failed(error.to_string()))?;
    let answered = start.elapsed();
    // The line that waited for it is answered after it.
    tokio::time::sleep(Duration::from_millis(200)).await;
    if answer.status != 200 {
        let said = String::from_utf8_lossy(connection.body()).into_owned();
        return Err(failed(format!("{}: {said}", answer.status)));
    }
    let summary = serde_json::from_slice::<serde_json::Value>(connection.body())
        .ok()
        .and_then(|answer| Some(answer.get("summary")?.get("text")?.as_str()?.to_owned()));
    Ok(Step {
        what,
        answered_ms: millis(answered),
        others_waited_ms: probe.longest(),
        summary,
    })
}

/// A connection that allocates one line after the other.
struct Probe {
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    longest_us: AtomicU64,
    all_us: std::sync::Mutex<Vec<u64>>,
}

impl Probe {
    fn start(address: SocketAddr) -> Self {
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(allocate(address, Arc::clone(&shared)));
        Self { shared, task }
    }

    fn forget(&self) {
        self.shared.longest_us.store(0, Ordering::Relaxed);
    }

    fn longest(&self) -> f64 {
        quotient(self.shared.longest_us.load(Ordering::Relaxed), 1000)
    }

    /// The middle and the longest so far, in milliseconds.
    fn calm(&self) -> (f64, f64) {
        let mut all = self
            .shared
            .all_us
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone();
        all.sort_unstable();
        let at = |index: usize| quotient(all.get(index).copied().unwrap_or_default(), 1000);
        (at(all.len() / 2), at(all.len().saturating_sub(1)))
    }

    async fn stop(self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        // What became of it was told by its latencies.
        let _ = self.task.await;
    }
}

async fn allocate(address: SocketAddr, shared: Arc<Shared>) {
    let head = PostHead::new(address, "/v1/allocations");
    let Ok(mut connection) = Connection::open(address).await else {
        return;
    };
    for number in 0_u64.. {
        if shared.stop.load(Ordering::Relaxed) {
            return;
        }
        let sku = number % u64::from(OTHERS);
        let body = format!(r#"{{"order_id":"probe-{number}","sku":"other-{sku}","quantity":1}}"#);
        let start = Instant::now();
        if connection.post(&head, body.as_bytes()).await.is_err() {
            return;
        }
        let took = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        shared.longest_us.fetch_max(took, Ordering::Relaxed);
        shared
            .all_us
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(took);
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (lines, skus) = (self.lines, self.skus);
        writeln!(f, "storm: {lines} lines on one shipment of {skus} SKUs")?;
        let (middle, longest) = self.calm_ms;
        writeln!(
            f,
            "  another connection's line, before: p50 {middle:.2} ms, longest {longest:.2} ms"
        )?;
        for step in &self.steps {
            writeln!(
                f,
                "  {:<32} answered in {:>7.1} ms; others waited {:>7.1} ms at the most",
                step.what, step.answered_ms, step.others_waited_ms
            )?;
            if let Some(summary) = &step.summary {
                writeln!(f, "    \"{summary}\"")?;
            }
        }
        match self.steal_percent {
            Some(steal) => writeln!(f, "  steal {steal:.1} %; the audit passed"),
            None => writeln!(f, "  the audit passed"),
        }
    }
}
