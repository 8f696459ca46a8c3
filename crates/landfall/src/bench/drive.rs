//! Driving a server: one task a connection, each a closed loop of request and answer.

use super::BenchError;
use super::client::{Connection, PostHead};
use super::metrics::Groups;
use super::ndjson::{self, Chunk};
use super::response::ClientError;
use super::steal::CpuTimes;
use super::tally::{Failure, Tally, Window};
use super::workload::{Generator, Line, Names, Rng, Workload};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until, timeout_at};

/// A connection that fails so often in a row ends; the others go on.
const ATTEMPTS: u32 = 10;
/// The wait after a failure: long enough not to hammer a service that asks for mercy.
const PAUSE: Duration = Duration::from_millis(10);
/// Lines fetched again after a run, over all connections.
const SAMPLE: usize = 1000;

/// What to drive, how hard, and for how long.
#[derive(Debug, Clone)]
pub(super) struct Drive {
    pub(super) server: SocketAddr,
    pub(super) workload: Workload,
    pub(super) connections: u32,
    pub(super) warmup: Duration,
    pub(super) duration: Duration,
    pub(super) seed: u64,
}

/// What a run gave, and what its surroundings did meanwhile.
#[derive(Debug)]
pub(super) struct Driven {
    pub(super) tally: Tally,
    /// Commands a group, from the server's metrics; a bare server has none.
    pub(super) mean_group: Option<f64>,
    /// CPU time taken by neighbours, in percent.
    pub(super) steal: Option<f64>,
}

impl Drive {
    /// Runs the workload; `next_order` is the number of the first order.
    pub(super) async fn run(
        &self,
        names: &Arc<Names>,
        next_order: &Arc<AtomicU64>,
    ) -> Result<Driven, BenchError> {
        let window = Window::starting(Instant::now(), self.warmup, self.duration);
        let sample = SAMPLE.div_ceil(self.connections.max(1) as usize);
        let mut tasks = Vec::new();
        for number in 0..u64::from(self.connections) {
            let rng = Rng::new(self.seed, number | (1 << 63));
            let tally = Tally::new(names.skus(), sample, rng)?;
            let names = Arc::clone(names);
            let generator = Generator::new(self.workload, names, Arc::clone(next_order), number);
            let server = self.server;
            tasks.push(if self.workload == Workload::Ndjson {
                tokio::spawn(stream(server, generator, tally, window))
            } else {
                let head = PostHead::new(server, self.workload.path());
                tokio::spawn(request_after_request(
                    server, head, generator, tally, window,
                ))
            });
        }
        sleep_until(window.from.into()).await;
        let before = (Groups::read(self.server).await, CpuTimes::read());
        sleep_until(window.until.into()).await;
        let after = (Groups::read(self.server).await, CpuTimes::read());
        let mut tally = Tally::new(names.skus(), 0, Rng::new(0, 0))?;
        for task in tasks {
            tally.merge(task.await?)?;
        }
        Ok(Driven {
            tally,
            mean_group: before.0.zip(after.0).and_then(|(a, b)| b.mean_since(a)),
            steal: before.1.zip(after.1).and_then(|(a, b)| b.steal_since(a)),
        })
    }
}

/// One connection's loop.
async fn request_after_request(
    server: SocketAddr,
    head: PostHead,
    mut generator: Generator,
    mut tally: Tally,
    window: Window,
) -> Tally {
    let mut connection = None;
    let mut failures = 0;
    let (mut text, mut lines) = (Vec::new(), Vec::new());
    while Instant::now() < window.until && failures < ATTEMPTS {
        let mut open = match connection.take() {
            Some(open) => open,
            None => match Connection::open(server).await {
                Ok(open) => open,
                Err(error) => {
                    failures += 1;
                    tally.fail(&[], Failure::Connection(error));
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        lines.clear();
        let until_broken = exchanges(
            &mut open,
            &head,
            &mut generator,
            &mut text,
            &mut lines,
            &mut tally,
            &window,
        );
        // One timer for the whole connection: a timer a request would cost too much.
        let outcome = timeout_at(window.hard.into(), until_broken).await;
        match outcome.unwrap_or(Err(ClientError::Timeout)) {
            Ok(Ended::Closing) => failures = 0,
            Ok(Ended::Refused) => {
                failures += 1;
                connection = Some(open);
                sleep(PAUSE).await;
            }
            Ok(Ended::Over) => break,
            Err(error) => {
                failures += 1;
                tally.fail(&lines, Failure::Connection(error));
                sleep(PAUSE).await;
            }
        }
    }
    tally
}

/// Why a connection's exchanges stopped without an error of the connection.
enum Ended {
    /// The measured time is over.
    Over,
    /// The server closes this connection after its answer; another one is needed.
    Closing,
    /// The server asked to come back later.
    Refused,
}

/// Requests and answers until the time is over or something is in the way. When this fails or is
/// dropped, `lines` are the ones whose fate is not known.
async fn exchanges(
    connection: &mut Connection,
    head: &PostHead,
    generator: &mut Generator,
    text: &mut Vec<u8>,
    lines: &mut Vec<Line>,
    tally: &mut Tally,
    window: &Window,
) -> Result<Ended, ClientError> {
    let mut sent = Instant::now();
    while sent < window.until {
        text.clear();
        generator.next(text, lines);
        let answer = connection.post(head, text).await?;
        let end = Instant::now();
        match answer.status {
            201 => tally.acknowledge(lines, sent, end, window),
            // A 200 says "it was already so": with ids of our own that is an error.
            status => tally.fail(lines, Failure::Status(status)),
        }
        lines.clear();
        if answer.close {
            return Ok(Ended::Closing);
        }
        if matches!(answer.status, 429 | 503) {
            return Ok(Ended::Refused);
        }
        sent = end;
    }
    Ok(Ended::Over)
}

/// One connection's NDJSON stream.
async fn stream(
    server: SocketAddr,
    mut generator: Generator,
    mut tally: Tally,
    window: Window,
) -> Tally {
    let connection = match Connection::open(server).await {
        Ok(connection) => connection,
        Err(error) => {
            tally.fail(&[], Failure::Connection(error));
            return tally;
        }
    };
    let fill = |chunk: &mut Chunk| {
        while !chunk.is_full() && chunk.sent() < window.until {
            chunk.push(|text, lines| generator.next(text, lines));
        }
        chunk.sent() < window.until
    };
    let on_result = |line: Line, sent, end, outcome| match outcome {
        Ok(()) => tally.acknowledge(&[line], sent, end, &window),
        Err(failure) => tally.fail(&[line], failure),
    };
    let streaming = ndjson::stream(server, connection, fill, on_result, window.hard);
    if let Err(error) = streaming.await {
        tally.fail(&[], error.into_failure());
    }
    tally
}

#[cfg(test)]
#[path = "drive_tests.rs"]
mod tests;
