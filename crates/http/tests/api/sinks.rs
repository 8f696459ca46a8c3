//! What `/metrics` tells of the sinks that events go to, and of the sources that commands come from.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use landfall_http::Limits;
use landfall_service::LogRecord;
use landfall_service::clock::Clock;
use landfall_service::intake::IntakeStats;
use landfall_service::relay::{
    self, Begin, Delivery, EventPublisher, Jitter, Options, Refused, Setback, Sink,
};
use landfall_testkit::{Harness, Memory};
use tokio_util::sync::CancellationToken;

use crate::support::{Api, api, api_of};

/// Takes everything.
struct Open;

#[async_trait]
impl EventPublisher for Open {
    async fn publish(&self, _partition: u16, records: &[LogRecord]) -> Delivery {
        Delivery::all(records)
    }
}

/// Takes two events, refuses the third for good, and is closed from then on.
struct Fussy;

#[async_trait]
impl EventPublisher for Fussy {
    async fn publish(&self, _partition: u16, records: &[LogRecord]) -> Delivery {
        let fine = records.iter().filter(|record| record.offset <= 3).count();
        let refused = |record: &LogRecord| Refused {
            offset: record.offset,
            reason: "no".into(),
            attempts: 1,
        };
        let third = records.iter().find(|record| record.offset == 3);
        Delivery {
            dead: third.map(refused).into_iter().collect(),
            ..Delivery::until(&records[..fine], Setback::new("closed"))
        }
    }
}

/// The metrics, once all of these lines are among them.
async fn metrics_with(api: &Api, lines: &[&str]) -> String {
    let waited = async {
        loop {
            let text = api.get("/metrics").await.body;
            if lines.iter().all(|line| text.lines().any(|l| l == *line)) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(1), waited).await;
    if let Ok(text) = waited {
        return text;
    }
    panic!("{lines:?} not in {}", api.get("/metrics").await.body)
}

#[tokio::test]
async fn each_sink_tells_how_far_it_is() {
    let engine = Harness::<Memory>::start();
    let clock = Arc::clone(&engine.clock);
    let (stopping, jitter): (_, Jitter) = (CancellationToken::new(), Arc::new(|_| 0));
    let sink = |name: &str, publisher: Arc<dyn EventPublisher>| Sink {
        name: name.into(),
        publisher,
        begin: Begin::Beginning,
    };
    let sinks = vec![
        sink("mail", Arc::new(Open)),
        sink("webhook:shop", Arc::new(Fussy)),
    ];
    let relaying = relay::start(
        &engine.relays(),
        sinks,
        engine.commits(),
        &(Arc::clone(&clock) as Arc<dyn Clock>),
        &jitter,
        Options::new("test"),
        &stopping,
    );
    let api = api_of(engine, &Limits::default(), |app| {
        app.sinks.clone_from(&relaying.stats);
    });
    for batch in 1..=7 {
        api.stock(&format!("b-{batch}"), "SOFA", 5).await;
    }
    let expected = [
        r#"landfall_relay_delivered_total{sink="mail"} 7"#,
        r#"landfall_relay_retries_total{sink="mail"} 0"#,
        r#"landfall_relay_dead_letters_total{sink="mail"} 0"#,
        r#"landfall_relay_partitions{sink="mail"} 1"#,
        r#"landfall_relay_lag_events{sink="mail"} 0"#,
        r#"landfall_relay_lag_seconds{sink="mail"} 0.000"#,
        r#"landfall_relay_delivered_total{sink="webhook:shop"} 2"#,
        r#"landfall_relay_dead_letters_total{sink="webhook:shop"} 1"#,
        r#"landfall_relay_lag_events{sink="webhook:shop"} 4"#,
    ];
    let text = metrics_with(&api, &expected).await;
    let retries = r#"landfall_relay_retries_total{sink="webhook:shop"} "#;
    let retries = text.lines().find_map(|line| line.strip_prefix(retries));
    assert!(retries.unwrap().parse::<u64>().unwrap() > 0, "{text}");
    assert!(!text.contains("SOFA"), "a SKU is no label");
    clock.set(clock.now() + SignedDuration::from_secs(90));
    let late = r#"landfall_relay_lag_seconds{sink="webhook:shop"} 90.000"#;
    metrics_with(&api, &[late, expected[5]]).await;
    // A sink that is closed is no reason to send orders elsewhere.
    assert_eq!(api.get("/readyz").await.status, 200);
    stopping.cancel();
    relaying.join().await;
}

#[tokio::test]
async fn without_sinks_nothing_is_told_of_them() {
    let text = api().get("/metrics").await.body;
    assert!(!text.contains("landfall_relay_"), "{text}");
    assert!(!text.contains("landfall_intake_"), "{text}");
}

#[tokio::test]
async fn each_source_tells_what_it_has_brought() {
    let stream = Arc::new(IntakeStats::new("redis-stream"));
    for (counter, count) in [
        (&stream.done, 5),
        (&stream.rejected, 4),
        (&stream.unusable, 3),
        (&stream.lost, 2),
        (&stream.retries, 1),
    ] {
        IntakeStats::add(counter, count);
    }
    let api = api_of(Harness::start(), &Limits::default(), |app| {
        app.intakes = vec![Arc::clone(&stream), Arc::new(IntakeStats::new("other"))];
    });
    let reading = stream.reading();
    let expected = [
        r#"landfall_intake_commands_total{source="redis-stream",outcome="done"} 5"#,
        r#"landfall_intake_commands_total{source="redis-stream",outcome="rejected"} 4"#,
        r#"landfall_intake_commands_total{source="redis-stream",outcome="unusable"} 3"#,
        r#"landfall_intake_commands_total{source="redis-stream",outcome="lost"} 2"#,
        r#"landfall_intake_commands_total{source="other",outcome="done"} 0"#,
        r#"landfall_intake_retries_total{source="redis-stream"} 1"#,
        r#"landfall_intake_connected{source="redis-stream"} 1"#,
        r#"landfall_intake_connected{source="other"} 0"#,
    ];
    let text = api.get("/metrics").await.body;
    for line in expected {
        assert!(text.lines().any(|l| l == line), "{line} not in {text}");
    }
    drop(reading);
    let text = api.get("/metrics").await.body;
    assert!(text.contains("landfall_intake_connected{source=\"redis-stream\"} 0\n"));
}
