//! What a receiver is sent.

use std::time::Duration;

use landfall_service::relay::EventPublisher;
use landfall_testkit::clock::FixedClock;

use super::receiver::{Answer, Receiver};
use super::*;

#[tokio::test]
async fn a_message_is_a_signed_cloud_event() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    let endpoint = endpoint(&receiver.url(), "headers = { x-shop = \"one\" }");
    let sink = publisher(endpoint, &clock);
    let delivery = sink.publish(0, &[record(7)]).await;
    assert_eq!(delivery, Delivery::all(&[record(7)]));
    let [message] = &receiver.messages()[..] else {
        panic!("{:?}", receiver.messages());
    };
    assert_eq!(message.path, "/in?token=t0ps3cret");
    for (name, value) in [
        ("webhook-id", "0-7"),
        ("webhook-timestamp", &clock.now().as_second().to_string()),
        ("content-type", "application/cloudevents+json"),
        ("x-shop", "one"),
    ] {
        assert_eq!(message.header(name), value);
    }
    assert!(message.header("user-agent").starts_with("Landfall/"));
    assert!(message.is_signed_with(SECRET));
    assert!(!message.is_signed_with("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["source"], "/shop");
    assert_eq!(body["id"], "0-7");
    assert_eq!(body["type"], "landfall.OutOfStock");
    assert_eq!(body["data"]["data"]["quantity"], 7);
}

#[tokio::test]
async fn records_go_in_order_over_one_connection() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    let sink = publisher(endpoint(&receiver.url(), ""), &clock);
    let records: Vec<_> = (1..=20).map(record).collect();
    assert_eq!(sink.publish(0, &records).await, Delivery::all(&records));
    let ids: Vec<_> = (1..=20).map(|offset| format!("0-{offset}")).collect();
    assert_eq!(receiver.ids(), ids);
    assert_eq!(receiver.connections(), 1);
    assert_eq!(sink.publish(0, &[]).await, Delivery::default());
}

#[tokio::test]
async fn what_is_not_wanted_counts_as_taken() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    let sink = publisher(
        endpoint(&receiver.url(), "events = [\"OutOfStock\"]"),
        &clock,
    );
    let records = [other(1), record(2), other(3)];
    assert_eq!(sink.publish(0, &records).await, Delivery::all(&records));
    assert_eq!(receiver.ids(), ["0-2"]);
}

#[tokio::test]
async fn both_secrets_sign_while_one_follows_the_other() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    let next = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let text = format!(
        "name = \"erp\"\nurl = \"{}\"\nsecrets = [\"{SECRET}\", \"{next}\"]\nallow_private = true",
        receiver.url()
    );
    let sink = publisher(toml::from_str(&text).unwrap(), &clock);
    sink.publish(0, &[record(1)]).await;
    let message = &receiver.messages()[0];
    assert!(message.is_signed_with(SECRET) && message.is_signed_with(next));
}

#[tokio::test]
async fn a_body_without_end_is_not_waited_for() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    receiver.answers(&[
        Answer::Long(200, 50_000_000),
        Answer::Long(503, 50_000_000),
        Answer::Fine,
    ]);
    let sink = publisher(endpoint(&receiver.url(), ""), &clock);
    let delivery = sink.publish(0, &[record(1), record(2)]).await;
    assert_eq!((delivery.taken, delivery.through), (Some(1), Some(1)));
    assert!(reason(&delivery).contains("503"), "{delivery:?}");
    assert_eq!(
        sink.publish(0, &[record(2)]).await,
        Delivery::all(&[record(2)])
    );
}

#[tokio::test]
async fn one_partition_does_not_wait_for_another() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    receiver.answers(&[Answer::Hang, Answer::Fine]);
    let sink = Arc::new(publisher(
        endpoint(&receiver.url(), "timeout = \"20s\""),
        &clock,
    ));
    let slow = tokio::spawn({
        let sink = sink.clone();
        async move { sink.publish(0, &[record(1)]).await }
    });
    while receiver.messages().is_empty() {
        tokio::task::yield_now().await;
    }
    let there = LogRecord {
        partition: 1,
        ..record(1)
    };
    let delivery = sink.publish(1, std::slice::from_ref(&there)).await;
    assert_eq!(delivery, Delivery::all(&[there]));
    assert!(!slow.is_finished());
    slow.abort();
}

#[tokio::test]
async fn a_slow_endpoint_gives_the_turn_back() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    receiver.answers(&[Answer::After(Duration::from_secs(2))]);
    let sink = publisher(endpoint(&receiver.url(), ""), &clock);
    let records: Vec<_> = (1..=9).map(record).collect();
    let delivery = sink.publish(0, &records).await;
    // There was time for three; nothing is in the way of the others.
    assert_eq!(delivery, Delivery::all(&records[..3]));
    assert_eq!(receiver.ids(), ["0-1", "0-2", "0-3"]);
}
