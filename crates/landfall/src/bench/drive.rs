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

/// After so many broken connections in a row a task gives up; the others go on.
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

/// One connection's loop: opens it, and another one when it breaks.
async fn request_after_request(
    server: SocketAddr,
    head: PostHead,
    generator: Generator,
    tally: Tally,
    window: Window,
) -> Tally {
    let (text, lines) = (Vec::new(), Vec::new());
    let mut worker = Worker {
        head,
        generator,
        window,
        tally,
        text,
        lines,
        failures: 0,
    };
    let mut connection = None;
    while Instant::now() < window.until && worker.failures < ATTEMPTS {
        let opened = match connection.take() {
            Some(open) => Ok(open),
            None => Connection::open(server).await,
        };
        let ended = match opened {
            Ok(mut open) => {
                // One timer for many requests: a timer for each would cost too much.
                let ended = timeout_at(window.hard.into(), worker.exchanges(&mut open)).await;
                connection = Some(open);
                ended.unwrap_or(Err(ClientError::Timeout))
            }
            Err(error) => Err(error),
        };
        match ended {
            Ok(Ended::Over) => break,
            Ok(Ended::Closing) => connection = None,
            Ok(Ended::Refused) => sleep(PAUSE).await,
            Err(error) => {
                connection = None;
                worker.failures += 1;
                worker.tally.fail(&worker.lines, Failure::Connection(error));
                worker.lines.clear();
                sleep(PAUSE).await;
            }
        }
    }
    worker.tally
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

/// What one connection's loop works with.
struct Worker {
    head: PostHead,
    generator: Generator,
    window: Window,
    tally: Tally,
    text: Vec<u8>,
    /// The lines that were sent and whose fate is not known yet.
    lines: Vec<Line>,
    /// Broken connections since the last answer.
    failures: u32,
}

impl Worker {
    /// Requests and answers until the time is over or something is in the way.
    async fn exchanges(&mut self, connection: &mut Connection) -> Result<Ended, ClientError> {
        let mut sent = Instant::now();
        while sent < self.window.until {
            self.text.clear();
            self.generator.next(&mut self.text, &mut self.lines);
            let answer = connection.post(&self.head, &self.text).await?;
            let end = Instant::now();
            self.failures = 0;
            match answer.status {
                201 => self.tally.acknowledge(&self.lines, sent, end, &self.window),
                // A 200 says "it was already so": with ids of our own that is an error.
                status => self.tally.fail(&self.lines, Failure::Status(status)),
            }
            self.lines.clear();
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
