//! Against a real NATS server: what goes out, and what happens when it is not there.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Stdio;
use std::time::Duration;

use async_nats::jetstream::{self, Context, consumer, stream};
use futures_util::StreamExt;
use jiff::Timestamp;
use landfall_domain::{Event, Sku};
use landfall_nats::{Config, JetStreamPublisher};
use landfall_service::LogRecord;
use landfall_service::relay::{Delivery, EventPublisher};
use landfall_testkit::run;
use landfall_testkit::servers::{NatsServer, nats::shared, needed, unique_name};

/// A configuration whose stream and subjects no other test uses.
fn config(url: &str) -> Config {
    let mut config = Config::new(url.parse().unwrap());
    config.stream = unique_name();
    config.subject = format!("{}.events", config.stream);
    config
}

fn publisher(config: &Config) -> JetStreamPublisher {
    JetStreamPublisher::new(config.clone(), "/shop").unwrap()
}

fn record(offset: u64, sku: Option<&str>) -> LogRecord {
    let event = match sku {
        Some(_) => Event::BatchReleased {
            reference: "b-1".parse().unwrap(),
            shipment: None,
        },
        None => Event::ShipmentReleased {
            reference: "s-1".parse().unwrap(),
        },
    };
    LogRecord {
        partition: 4,
        offset,
        sku: sku.map(|sku| Sku::new(sku).unwrap()),
        time: Timestamp::UNIX_EPOCH,
        command_id: "k".into(),
        actor: None,
        event,
    }
}

/// Records with these offsets, of one product or of seven.
fn records(offsets: std::ops::RangeInclusive<u64>, products: u64) -> Vec<LogRecord> {
    let record = |n| record(n, Some(&format!("SOFA {}", n % products)));
    offsets.map(record).collect()
}

async fn jetstream(url: &str) -> Context {
    jetstream::new(async_nats::connect(url).await.unwrap())
}

/// What is in the stream: the subject, the message id and the payload of each message, in order.
async fn messages(context: &Context, config: &Config) -> Vec<(String, String, serde_json::Value)> {
    let mut stream = context.get_stream(&config.stream).await.unwrap();
    let count = usize::try_from(stream.info().await.unwrap().state.messages).unwrap();
    let consumer = stream
        .create_consumer(consumer::pull::OrderedConfig::default())
        .await
        .unwrap();
    let messages = consumer.messages().await.unwrap().take(count);
    let read = messages.map(|message| {
        let message = message.unwrap();
        let headers = message.headers.as_ref().unwrap();
        assert_eq!(
            headers.get("Content-Type").unwrap().as_str(),
            "application/cloudevents+json"
        );
        let id = headers.get("Nats-Msg-Id").unwrap().to_string();
        let payload = serde_json::from_slice(&message.payload).unwrap();
        (message.subject.to_string(), id, payload)
    });
    read.collect().await
}

async fn ids(context: &Context, config: &Config) -> Vec<String> {
    messages(context, config)
        .await
        .into_iter()
        .map(|message| message.1)
        .collect()
}

fn reason(delivery: &Delivery) -> &str {
    &delivery.setback.as_ref().unwrap().reason
}

#[test]
fn events_are_in_a_stream_that_is_made_for_them() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let config = config(&url);
        let publisher = publisher(&config);
        let context = jetstream(&url).await;
        let log = [
            record(1, Some("a.b *")),
            record(2, None),
            record(3, Some("a.b *")),
        ];
        assert_eq!(publisher.publish(4, &[]).await, Delivery::default());
        assert_eq!(publisher.publish(4, &log).await, Delivery::all(&log));
        let messages = messages(&context, &config).await;
        let of: Vec<(&str, &str)> = messages
            .iter()
            .map(|message| (&*message.0, &*message.1))
            .collect();
        let subject = |rest: &str| format!("{}.{rest}", config.subject);
        let released = subject("BatchReleased.a%2Eb%20%2A");
        let shipment = subject("ShipmentReleased._");
        // The two of one product in their order; what is about something else may come between or before.
        assert_eq!(
            of,
            [
                (&*released, "4-1"),
                (&*shipment, "4-2"),
                (&*released, "4-3")
            ]
        );
        assert_eq!(messages[0].2["source"], "/shop");
        assert_eq!(messages[0].2["type"], "landfall.BatchReleased");
        assert_eq!(messages[0].2["data"]["offset"], 1);
        let mut made = context.get_stream(&config.stream).await.unwrap();
        let made = &made.info().await.unwrap().config;
        assert_eq!(made.subjects, [format!("{}.>", config.subject)]);
        assert_eq!(made.duplicate_window, Duration::from_mins(2));
        assert_eq!((made.max_bytes, made.max_age), (-1, Duration::ZERO));
    });
}

#[test]
fn what_comes_again_is_there_once() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let config = config(&url);
        let context = jetstream(&url).await;
        let log = records(1..=2_300, 7);
        assert_eq!(
            publisher(&config).publish(4, &log[..1_500]).await,
            Delivery::all(&log[..1_500])
        );
        // Another replica begins before the end of the first.
        assert_eq!(
            publisher(&config).publish(4, &log[700..]).await,
            Delivery::all(&log)
        );
        let messages = messages(&context, &config).await;
        assert_eq!(messages.len(), 2_300);
        let mut last = std::collections::HashMap::new();
        for (subject, _, event) in messages {
            let offset = event["data"]["offset"].as_u64().unwrap();
            let before = last.insert(subject, offset);
            assert!(before < Some(offset), "each product in its order");
        }
        assert_eq!(last.len(), 7);
    });
}

#[test]
fn a_publisher_goes_on_when_the_server_is_back() {
    let Some(mut server) = needed(NatsServer::start()) else {
        return;
    };
    run(async {
        let config = config(&server.url());
        let publisher = publisher(&config);
        let log = records(1..=6, 1);
        assert_eq!(
            publisher.publish(4, &log[..2]).await,
            Delivery::all(&log[..2])
        );
        server.kill();
        for _ in 0..2 {
            let told = publisher.publish(4, &log[2..4]).await;
            assert_eq!((told.taken, told.through), (None, None));
            assert!(reason(&told).contains(&config.stream), "{told:?}");
        }
        server.restart();
        let mut rest = &log[2..];
        while !rest.is_empty() {
            // As a relay does it: what is out stays out, the rest after a pause.
            let delivery = publisher.publish(4, rest).await;
            let out = rest
                .iter()
                .take_while(|record| Some(record.offset) <= delivery.through);
            rest = &rest[out.count()..];
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let context = jetstream(&server.url()).await;
        let ids = ids(&context, &config).await;
        assert_eq!(ids, ["4-1", "4-2", "4-3", "4-4", "4-5", "4-6"]);
    });
}

#[test]
fn a_server_that_hangs_is_a_setback_and_later_none() {
    let Some(server) = needed(NatsServer::start()) else {
        return;
    };
    run(async {
        let config = config(&server.url());
        let publisher = publisher(&config);
        let log = records(1..=4, 1);
        publisher.publish(4, &log[..1]).await;
        server.pause();
        let told = publisher.publish(4, &log[1..]).await;
        assert_eq!((told.taken, told.through), (None, None));
        assert!(told.setback.is_some());
        server.resume();
        assert_eq!(publisher.publish(4, &log[1..]).await, Delivery::all(&log));
        let context = jetstream(&server.url()).await;
        assert_eq!(ids(&context, &config).await, ["4-1", "4-2", "4-3", "4-4"]);
    });
}

#[test]
fn a_stream_that_is_gone_is_made_again() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let config = config(&url);
        let publisher = publisher(&config);
        let context = jetstream(&url).await;
        let log = records(1..=3, 1);
        publisher.publish(4, &log[..1]).await;
        context.delete_stream(&config.stream).await.unwrap();
        assert!(publisher.publish(4, &log[1..]).await.setback.is_some());
        assert_eq!(
            publisher.publish(4, &log[1..]).await,
            Delivery::all(&log[1..])
        );
        assert_eq!(ids(&context, &config).await, ["4-2", "4-3"]);
    });
}

#[test]
fn a_stream_of_others_is_not_taken_for_ours() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let context = jetstream(&url).await;
        let log = records(1..=1, 1);
        let theirs = config(&url);
        let other = stream::Config {
            name: theirs.stream.clone(),
            subjects: vec![format!("{}.other.*", theirs.stream)],
            ..stream::Config::default()
        };
        context.create_stream(other).await.unwrap();
        let told = publisher(&theirs).publish(4, &log).await;
        assert!(reason(&told).contains("takes"), "{told:?}");
        // Ours under another name: the server allows no two streams for one subject.
        let first = config(&url);
        publisher(&first).publish(4, &log).await;
        let second = Config {
            stream: unique_name(),
            ..first
        };
        let told = publisher(&second).publish(4, &log).await;
        assert!(reason(&told).contains("overlap"), "{told:?}");
    });
}

#[test]
fn what_is_too_large_is_refused_for_good_and_the_rest_goes_on() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let config = config(&url);
        let context = jetstream(&url).await;
        let small = stream::Config {
            name: config.stream.clone(),
            subjects: vec![format!("{}.>", config.subject)],
            max_message_size: 1_500,
            ..stream::Config::default()
        };
        context.create_stream(small).await.unwrap();
        let of = |offset, size| LogRecord {
            command_id: "x".repeat(size),
            ..record(offset, Some("SOFA"))
        };
        // One that the stream refuses, and one that is too large for the server.
        let log = [
            of(1, 10),
            of(2, 2_000),
            of(3, 10),
            of(4, 2 << 20),
            of(5, 10),
        ];
        let delivery = publisher(&config).publish(4, &log).await;
        assert_eq!((delivery.taken, delivery.through), (Some(5), Some(5)));
        assert_eq!(delivery.setback, None);
        let dead: Vec<u64> = delivery.dead.iter().map(|dead| dead.offset).collect();
        assert_eq!(dead, [2, 4]);
        assert_eq!(ids(&context, &config).await, ["4-1", "4-3", "4-5"]);
    });
}

#[test]
fn a_server_without_jetstream_says_so_and_secrets_are_not_told() {
    // Whether there is one at all; this test starts its own, without JetStream and with a password.
    let Some(found) = needed(NatsServer::start()) else {
        return;
    };
    run(async {
        let log = records(1..=1, 1);
        let port = landfall_testkit::servers::free_port();
        let mut plain = std::process::Command::new(found.program())
            .args([
                "-a",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "--user",
                "shop",
                "--pass",
                "sesame",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = |who: &str| config(&format!("nats://{who}127.0.0.1:{port}"));
        let right = publisher(&to("shop:sesame@"));
        let mut told = right.publish(4, &log).await;
        for _ in 0..1_000 {
            if !reason(&told).contains("refused") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
            told = right.publish(4, &log).await;
        }
        let wrong = publisher(&to("shop:open@")).publish(4, &log).await;
        plain.kill().unwrap();
        plain.wait().unwrap();
        assert!(reason(&told).contains("JetStream is not there"), "{told:?}");
        assert!(reason(&wrong).contains("authorization"), "{wrong:?}");
        assert!(!reason(&wrong).contains("open"), "{wrong:?}");
    });
}
