//! How many events a second go out to a stream: `cargo run --release -p landfall-redis --example stream_rate`.
//!
//! It starts a Redis of its own, or uses the one that `LANDFALL_TEST_REDIS` names, and publishes as a relay
//! does: 500 records at a time, each after the other.

#![expect(clippy::unwrap_used, reason = "an example may panic")]

use std::time::Instant;

use jiff::Timestamp;
use landfall_domain::{Allocation, Event};
use landfall_redis::{Config, StreamPublisher};
use landfall_service::LogRecord;
use landfall_service::relay::EventPublisher;
use landfall_testkit::commands::name;
use landfall_testkit::run;
use landfall_testkit::servers::{redis::shared, unique_name};

const EVENTS: u64 = 500_000;
const PIECES: [usize; 3] = [100, 500, 2_000];

fn record(offset: u64) -> LogRecord {
    let sku = format!("SOFA-{}", offset % 1_000);
    LogRecord {
        partition: 0,
        offset,
        sku: Some(name(&sku)),
        time: Timestamp::UNIX_EPOCH,
        command_id: format!("SO-{offset}"),
        actor: Some("shop".into()),
        event: Event::Allocated {
            order_id: name(&format!("SO-{offset}")),
            line_id: name(&sku),
            quantity: 2,
            allocations: vec![Allocation {
                batch: name(&format!("B-{}", offset % 5_000)),
                batch_number: 1,
                quantity: 2,
            }],
            original_promise: "2026-06-01".parse().ok(),
            current_promise: "2026-06-01".parse().ok(),
            accepted: None,
        },
    }
}

fn main() {
    let url = match shared() {
        Ok(url) => url,
        Err(skip) => return eprintln!("{skip}"),
    };
    let records: Vec<LogRecord> = (1..=EVENTS).map(record).collect();
    run(async {
        let mut config = Config::new(url.parse().unwrap());
        for piece in PIECES {
            config.events.stream = format!("{}:events", unique_name());
            config.events.max_len = 100_000;
            let publisher = StreamPublisher::new(&config, "/bench").unwrap();
            let begun = Instant::now();
            for records in records.chunks(piece) {
                let delivery = publisher.publish(0, records).await;
                assert_eq!(delivery.through, records.last().map(|record| record.offset));
            }
            let seconds = begun.elapsed().as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "a few digits are shown")]
            let rate = EVENTS as f64 / seconds;
            println!("{EVENTS} events, {piece} at a time: {seconds:.2} s, {rate:.0} events/s");
        }
    });
}
