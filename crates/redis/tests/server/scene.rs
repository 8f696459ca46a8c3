//! What the tests share: a configuration of one's own, a way to ask the server, records to publish.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use landfall_domain::{Allocation, BatchRef, Event, LineId, OrderId, Sku};
use landfall_redis::{CommandReader, Config};
use landfall_service::intake::IntakeStats;
use landfall_service::{Bus, LogRecord};
use landfall_testkit::servers::unique_name;
use redis::aio::MultiplexedConnection;
use redis::{Client, Value, cmd};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A configuration whose keys and channels no other test uses.
pub(crate) fn config(url: &str) -> Config {
    let mut config = Config::new(url.parse().unwrap());
    let name = unique_name();
    config.lease_seconds = 1;
    config.notices.line_allocated = format!("{name}:allocated");
    config.notices.change_batch_quantity = format!("{name}:quantity");
    config.events.stream = format!("{name}:events");
    config.commands.stream = format!("{name}:commands");
    config
}

pub(crate) async fn connect(url: &str) -> MultiplexedConnection {
    let client = Client::open(url).unwrap();
    client.get_multiplexed_async_connection().await.unwrap()
}

/// Waits until the server says so. Whoever waits too long waits for what never comes.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..6_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("this never comes: {what}");
}

/// Puts commands into the stream, and gives their messages' ids back.
pub(crate) async fn send<T: AsRef<str>>(
    redis: &mut MultiplexedConnection,
    stream: &str,
    commands: &[T],
) -> Vec<String> {
    let mut ids = Vec::new();
    for command in commands {
        let mut add = cmd("XADD");
        add.arg(stream)
            .arg("*")
            .arg("command")
            .arg(command.as_ref());
        ids.push(add.query_async(redis).await.unwrap());
    }
    ids
}

/// The entries of a stream, as fields in pairs.
pub(crate) async fn entries(redis: &MultiplexedConnection, stream: &str) -> Vec<Vec<String>> {
    let mut range = cmd("XRANGE");
    range.arg(stream).arg("-").arg("+");
    let entries: Vec<(String, Vec<String>)> = range.query_async(&mut redis.clone()).await.unwrap();
    entries.into_iter().map(|(_, fields)| fields).collect()
}

/// The value of a field of an entry.
pub(crate) fn field<'a>(entry: &'a [String], name: &str) -> &'a str {
    let pair = entry.chunks(2).find(|pair| pair[0] == name);
    pair.map_or("", |pair| pair[1].as_str())
}

/// The results of a stream of commands: `status` and `type` of each.
pub(crate) async fn results(redis: &MultiplexedConnection, config: &Config) -> Vec<String> {
    let stream = format!("{}:results", config.commands.stream);
    let entries = entries(redis, &stream).await;
    entries
        .iter()
        .map(|entry| format!("{} {}", field(entry, "status"), field(entry, "type")))
        .collect()
}

/// Waits until a stream of commands has so many results.
pub(crate) async fn until_results(redis: &MultiplexedConnection, config: &Config, count: usize) {
    until("results", || async {
        results(redis, config).await.len() >= count
    })
    .await;
}

/// How many messages somebody has taken and not acknowledged.
pub(crate) async fn pending(redis: &MultiplexedConnection, config: &Config) -> u64 {
    let mut ask = cmd("XPENDING");
    ask.arg(&config.commands.stream).arg(&config.commands.group);
    let answer: Value = ask.query_async(&mut redis.clone()).await.unwrap();
    let Value::Array(parts) = answer else {
        panic!("{answer:?}")
    };
    redis::from_redis_value(parts.into_iter().next().unwrap()).unwrap()
}

/// How many messages are in a stream.
pub(crate) async fn length(redis: &MultiplexedConnection, stream: &str) -> u64 {
    let mut ask = cmd("XLEN");
    ask.arg(stream)
        .query_async(&mut redis.clone())
        .await
        .unwrap()
}

/// A reader at work.
pub(crate) struct Reading {
    stopping: CancellationToken,
    task: JoinHandle<()>,
    pub(crate) stats: Arc<IntakeStats>,
}

impl Reading {
    pub(crate) fn start(config: &Config, consumer: &str, bus: &Bus) -> Self {
        let reader = CommandReader::new(config, consumer, bus).unwrap();
        let (stopping, stats) = (CancellationToken::new(), reader.stats());
        let task = tokio::spawn(reader.run(stopping.clone()));
        Self {
            stopping,
            task,
            stats,
        }
    }

    /// Tells it to stop; it may still have something to finish.
    pub(crate) fn tell(&self) {
        self.stopping.cancel();
    }

    /// Stops it in order.
    pub(crate) async fn stop(self) {
        self.tell();
        self.task.await.unwrap();
    }

    /// Ends it as a crash would.
    pub(crate) async fn crash(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

/// A record that says that a line of this order has 7 and 3 units of two batches.
pub(crate) fn allocated(offset: u64, order: &str) -> LogRecord {
    let part = |batch, quantity| Allocation {
        batch: BatchRef::new(batch).unwrap(),
        batch_number: 1,
        quantity,
    };
    LogRecord {
        partition: 4,
        offset,
        sku: Sku::new("SOFA").ok(),
        time: Timestamp::UNIX_EPOCH,
        command_id: "k".into(),
        actor: None,
        event: Event::Allocated {
            order_id: OrderId::new(order).unwrap(),
            line_id: LineId::new("SOFA").unwrap(),
            quantity: 10,
            allocations: vec![part("b-1", 7), part("b-2", 3)],
            original_promise: None,
            current_promise: None,
            accepted: None,
        },
    }
}

/// Records with these offsets.
pub(crate) fn records(offsets: std::ops::RangeInclusive<u64>) -> Vec<LogRecord> {
    offsets.map(|n| allocated(n, &format!("o-{n}"))).collect()
}
