//! What goes out, in which form and order.

use futures_util::StreamExt;
use landfall_domain::Event;
use landfall_redis::{PubSubPublisher, StreamPublisher};
use landfall_service::LogRecord;
use landfall_service::relay::{Delivery, EventPublisher};
use landfall_testkit::run;
use landfall_testkit::servers::{needed, redis::shared};

use crate::scene::{allocated, config, connect, entries, field, length, records};

fn shipment(offset: u64) -> LogRecord {
    LogRecord {
        sku: None,
        event: Event::ShipmentReleased {
            reference: "s-1".parse().unwrap(),
        },
        ..allocated(offset, "o")
    }
}

#[test]
fn events_are_in_the_stream_in_their_order_as_cloud_events() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let config = config(&url);
        let redis = connect(&url).await;
        let publisher = StreamPublisher::new(&config, "/shop").unwrap();
        let mut log = records(1..=2_500);
        log.push(shipment(2_501));
        assert_eq!(publisher.publish(4, &log).await, Delivery::all(&log));
        assert_eq!(publisher.publish(4, &[]).await, Delivery::default());
        let entries = entries(&redis, &config.events.stream).await;
        let ids: Vec<&str> = entries.iter().map(|entry| field(entry, "id")).collect();
        let expected: Vec<String> = (1..=2_501).map(|n| format!("4-{n}")).collect();
        assert_eq!(ids, expected);
        assert_eq!(field(&entries[0], "type"), "landfall.Allocated");
        assert_eq!(field(&entries[0], "subject"), "SOFA");
        let event: serde_json::Value = serde_json::from_str(field(&entries[0], "event")).unwrap();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["source"], "/shop");
        assert_eq!(event["data"]["data"]["order_id"], "o-1");
        let last = entries.last().unwrap();
        assert_eq!(field(last, "type"), "landfall.ShipmentReleased");
        assert!(!last.contains(&"subject".to_owned()));
    });
}

#[test]
fn a_stream_is_kept_at_about_its_length() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let mut config = config(&url);
        config.events.max_len = 100;
        let redis = connect(&url).await;
        let publisher = StreamPublisher::new(&config, "/shop").unwrap();
        publisher.publish(4, &records(1..=2_000)).await;
        let length = length(&redis, &config.events.stream).await;
        assert!((100..1_000).contains(&length), "{length}");
    });
}

#[test]
fn every_allocation_is_told_on_the_channel_and_nothing_else() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let config = config(&url);
        let client = redis::Client::open(&*url).unwrap();
        let mut listener = client.get_async_pubsub().await.unwrap();
        listener
            .subscribe(&config.notices.line_allocated)
            .await
            .unwrap();
        let publisher = PubSubPublisher::new(&config).unwrap();
        let log = [allocated(1, "o-1"), shipment(2), allocated(3, "o-2")];
        assert_eq!(publisher.publish(4, &log).await, Delivery::all(&log));
        let heard = listener
            .into_on_message()
            .take(4)
            .map(|m| m.get_payload::<String>());
        let heard: Vec<_> = heard.map(Result::unwrap).collect().await;
        assert_eq!(
            heard,
            [
                r#"{"orderid":"o-1","sku":"SOFA","qty":7,"batchref":"b-1"}"#,
                r#"{"orderid":"o-1","sku":"SOFA","qty":3,"batchref":"b-2"}"#,
                r#"{"orderid":"o-2","sku":"SOFA","qty":7,"batchref":"b-1"}"#,
                r#"{"orderid":"o-2","sku":"SOFA","qty":3,"batchref":"b-2"}"#,
            ]
        );
        let silent = [shipment(4)];
        assert_eq!(publisher.publish(4, &silent).await, Delivery::all(&silent));
    });
}
