//! The server dies, hangs, is full, asks for a password.

use landfall_redis::{Config, PubSubPublisher, StreamPublisher};
use landfall_service::relay::{Delivery, EventPublisher};
use landfall_testkit::servers::{RedisServer, needed};
use landfall_testkit::{Harness, Memory, run};
use redis::{Value, cmd};

use crate::scene::{
    Reading, config, connect, entries, field, length, pending, records, send, until_results,
};

async fn set(url: &str, name: &str, value: &str) {
    let mut set = cmd("CONFIG");
    set.arg("SET").arg(name).arg(value);
    let _: Value = set.query_async(&mut connect(url).await).await.unwrap();
}

fn reason(delivery: &Delivery) -> &str {
    assert_eq!((delivery.taken, delivery.through), (None, None));
    &delivery.setback.as_ref().unwrap().reason
}

#[test]
fn a_publisher_goes_on_when_the_server_is_back() {
    let Some(mut server) = needed(RedisServer::start()) else {
        return;
    };
    run(async {
        let config = config(&server.url());
        let publisher = StreamPublisher::new(&config, "/shop").unwrap();
        let teller = PubSubPublisher::new(&config).unwrap();
        let log = records(1..=6);
        assert_eq!(
            publisher.publish(4, &log[..2]).await,
            Delivery::all(&log[..2])
        );
        assert_eq!(teller.publish(4, &log[..2]).await, Delivery::all(&log[..2]));
        server.kill();
        for _ in 0..2 {
            let told = publisher.publish(4, &log[2..4]).await;
            assert!(reason(&told).contains(&config.events.stream));
            let told = teller.publish(4, &log[2..4]).await;
            assert!(reason(&told).contains(&config.notices.line_allocated));
        }
        server.restart();
        // The connection that was there is broken; a relay comes again after a pause.
        assert_eq!(
            publisher.publish(4, &log[2..]).await,
            Delivery::all(&log[2..])
        );
        assert_eq!(teller.publish(4, &log[2..]).await, Delivery::all(&log[2..]));
        let redis = connect(&server.url()).await;
        let entries = entries(&redis, &config.events.stream).await;
        let ids: Vec<&str> = entries.iter().map(|entry| field(entry, "id")).collect();
        assert_eq!(ids, ["4-1", "4-2", "4-3", "4-4", "4-5", "4-6"]);
    });
}

#[test]
fn a_server_that_hangs_is_a_setback_and_later_none() {
    let Some(server) = needed(RedisServer::start()) else {
        return;
    };
    run(async {
        let config = config(&server.url());
        let publisher = StreamPublisher::new(&config, "/shop").unwrap();
        let log = records(1..=3);
        publisher.publish(4, &log[..1]).await;
        server.pause();
        reason(&publisher.publish(4, &log[1..]).await);
        server.resume();
        assert_eq!(
            publisher.publish(4, &log[1..]).await,
            Delivery::all(&log[1..])
        );
        let redis = connect(&server.url()).await;
        let entries = entries(&redis, &config.events.stream).await;
        let offset = |entry: &Vec<String>| field(entry, "id")[2..].parse::<u64>().unwrap();
        let mut last = 0;
        for entry in &entries {
            // What it had in its hands when it hung is there twice, and never ahead of what came before.
            let offset = offset(entry);
            assert!(offset <= last + 1, "{entries:?}");
            last = last.max(offset);
        }
        assert_eq!(last, 3);
    });
}

#[test]
fn a_full_server_takes_all_of_a_piece_or_nothing() {
    let Some(server) = needed(RedisServer::start()) else {
        return;
    };
    run(async {
        let config = config(&server.url());
        let publisher = StreamPublisher::new(&config, "/shop").unwrap();
        let log = records(1..=10);
        set(&server.url(), "maxmemory", "1").await;
        let told = publisher.publish(4, &log).await;
        assert!(reason(&told).contains("OOM"), "{told:?}");
        let redis = connect(&server.url()).await;
        assert_eq!(length(&redis, &config.events.stream).await, 0);
        set(&server.url(), "maxmemory", "0").await;
        assert_eq!(publisher.publish(4, &log).await, Delivery::all(&log));
        assert_eq!(length(&redis, &config.events.stream).await, 10);
    });
}

#[test]
fn a_password_opens_the_door_and_is_never_told() {
    let Some(server) = needed(RedisServer::start()) else {
        return;
    };
    run(async {
        set(&server.url(), "requirepass", "open sesame").await;
        let log = records(1..=1);
        let to = |secret: &str| {
            let url = format!("redis://{secret}127.0.0.1:{}", server.port());
            Config::new(url.parse().unwrap())
        };
        let right = StreamPublisher::new(&to(":open%20sesame@"), "/shop").unwrap();
        assert_eq!(right.publish(4, &log).await, Delivery::all(&log));
        for wrong in [":close%20sesame@", ""] {
            let wrong = StreamPublisher::new(&to(wrong), "/shop").unwrap();
            let told = wrong.publish(4, &log).await;
            assert!(!reason(&told).contains("sesame"), "{told:?}");
        }
    });
}

#[test]
fn commands_are_read_on_when_the_server_is_back() {
    let Some(mut server) = needed(RedisServer::start()) else {
        return;
    };
    run(async {
        let harness = Harness::<Memory>::start();
        let config = config(&server.url());
        let order = |n: usize| {
            format!(r#"{{"type":"Allocate","order_id":"o-{n}","sku":"SOFA","quantity":1}}"#)
        };
        let batch = r#"{"type":"CreateBatch","reference":"b-1","sku":"SOFA","quantity":1000}"#;
        // From before the server is there.
        server.kill();
        let reading = Reading::start(&config, "a", &harness.bus);
        server.restart();
        let mut redis = connect(&server.url()).await;
        send(
            &mut redis,
            &config.commands.stream,
            &[batch.to_owned(), order(0)],
        )
        .await;
        until_results(&redis, &config, 2).await;
        server.kill();
        server.restart();
        let mut redis = connect(&server.url()).await;
        send(&mut redis, &config.commands.stream, &[order(1)]).await;
        until_results(&redis, &config, 3).await;
        // All of it is gone, the group, too.
        let _: Value = cmd("FLUSHALL").query_async(&mut redis).await.unwrap();
        send(&mut redis, &config.commands.stream, &[order(2)]).await;
        until_results(&redis, &config, 1).await;
        reading.stop().await;
        assert_eq!(pending(&redis, &config).await, 0);
        assert_eq!(harness.see_batch("b-1").await.allocated, 3);
    });
}
