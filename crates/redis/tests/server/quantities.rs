//! Changed quantities in from the channel.

use landfall_redis::{Config, Ear, QuantityListener};
use landfall_service::Bus;
use landfall_service::store::StoreError;
use landfall_testkit::commands::batch;
use landfall_testkit::servers::{RedisServer, needed, redis::shared};
use landfall_testkit::{Harness, Memory, run};
use redis::aio::MultiplexedConnection;
use redis::cmd;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::scene::{config, connect, until};

fn listen(
    config: &Config,
    replica: Option<&str>,
    bus: &Bus,
) -> (CancellationToken, JoinHandle<()>) {
    let listener = QuantityListener::new(config, replica, bus).unwrap();
    let stopping = CancellationToken::new();
    let task = tokio::spawn(listener.run(stopping.clone()));
    (stopping, task)
}

/// Says this on the channel; how many heard it.
async fn say(redis: &MultiplexedConnection, config: &Config, message: &str) -> u64 {
    let mut publish = cmd("PUBLISH");
    publish
        .arg(&config.notices.change_batch_quantity)
        .arg(message);
    publish.query_async(&mut redis.clone()).await.unwrap()
}

async fn until_heard(redis: &MultiplexedConnection, config: &Config, message: &str) {
    until("a listener", || async {
        say(redis, config, message).await > 0
    })
    .await;
}

async fn until_purchased(harness: &Harness<Memory>, quantity: u64) {
    until("the new quantity", || async {
        harness.see_batch("b-1").await.purchased == quantity
    })
    .await;
}

#[test]
fn a_quantity_that_is_told_is_set_whatever_else_is_told() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        harness.done(batch("b-1", "SOFA", 100)).await;
        let config = config(&url);
        let redis = connect(&url).await;
        let (stop_one, one) = listen(&config, Some("one"), &harness.bus);
        let (stop_two, two) = listen(&config, Some("two"), &harness.bus);
        until_heard(&redis, &config, r#"{"batchref": "b-1", "qty": 50}"#).await;
        until_purchased(&harness, 50).await;
        let message = r#"{"batchref":"b-1","qty":7,"new":true}"#;
        for noise in [
            "",
            "{",
            "{}",
            r#"{"batchref":"b-1","qty":-1}"#,
            r#"{"batchref":"b-9","qty":1}"#,
        ] {
            assert_eq!(
                say(&redis, &config, noise).await,
                1,
                "one of the two listens"
            );
        }
        // The database has a bad moment; nobody says it again.
        harness
            .faults
            .fail_commit(0, StoreError::Unavailable("no room on the disk".into()));
        say(&redis, &config, message).await;
        until_purchased(&harness, 7).await;
        assert_eq!(
            harness.events().await.last().unwrap().actor.as_deref(),
            Some("redis")
        );
        say(&redis, &config, r#"{"batchref":"b-1","qty":8}"#).await;
        stop_one.cancel();
        stop_two.cancel();
        one.await.unwrap();
        two.await.unwrap();
    });
}

#[test]
fn a_listener_is_replaced_and_finds_its_way_back() {
    let Some(mut server) = needed(RedisServer::start()) else {
        return;
    };
    run(async {
        let harness = Harness::<Memory>::start();
        harness.done(batch("b-1", "SOFA", 100)).await;
        let config = config(&server.url());
        let redis = connect(&server.url()).await;
        let (stop_one, one) = listen(&config, Some("one"), &harness.bus);
        until_heard(&redis, &config, r#"{"batchref":"b-1","qty":1}"#).await;
        let (stop_two, two) = listen(&config, Some("two"), &harness.bus);
        stop_one.cancel();
        one.await.unwrap();
        until_heard(&redis, &config, r#"{"batchref":"b-1","qty":2}"#).await;
        until_purchased(&harness, 2).await;
        server.restart();
        let redis = connect(&server.url()).await;
        until_heard(&redis, &config, r#"{"batchref":"b-1","qty":3}"#).await;
        until_purchased(&harness, 3).await;
        stop_two.cancel();
        two.await.unwrap();
    });
}

#[test]
fn who_is_alone_waits_for_nobody() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        harness.done(batch("b-1", "SOFA", 100)).await;
        let mut config = config(&url);
        config.lease_seconds = 3_600;
        let redis = connect(&url).await;
        // Another installation, of which we know nothing, listens on the same channel.
        let other = Harness::<Memory>::start();
        let (stop_other, theirs) = listen(&config, Some("other"), &other.bus);
        until_heard(&redis, &config, "{}").await;
        let (stop_ours, ours) = listen(&config, None, &harness.bus);
        until("both listen", || async {
            say(&redis, &config, "{}").await == 2
        })
        .await;
        say(&redis, &config, r#"{"batchref":"b-1","qty":5}"#).await;
        until_purchased(&harness, 5).await;
        stop_other.cancel();
        stop_ours.cancel();
        theirs.await.unwrap();
        ours.await.unwrap();
    });
}

#[test]
fn who_hears_what_is_told_is_known() {
    let Some(mut server) = needed(RedisServer::start()) else {
        return;
    };
    run(async {
        let harness = Harness::<Memory>::start();
        let config = config(&server.url());
        let stopping = CancellationToken::new();
        let mut tasks = Vec::new();
        let mut start = |replica: &str| {
            let listener = QuantityListener::new(&config, Some(replica), &harness.bus).unwrap();
            let ear = listener.ear();
            assert_eq!(*ear.borrow(), Ear::Trying);
            tasks.push(tokio::spawn(listener.run(stopping.clone())));
            ear
        };
        let mut one = start("one");
        one.wait_for(|ear| *ear == Ear::Here).await.unwrap();
        // Whoever says so hears everything from then on.
        let redis = connect(&server.url()).await;
        assert_eq!(say(&redis, &config, "{}").await, 1);
        let mut two = start("two");
        two.wait_for(|ear| *ear == Ear::Elsewhere).await.unwrap();
        server.kill();
        for ear in [&mut one, &mut two] {
            ear.wait_for(|ear| *ear == Ear::Nowhere).await.unwrap();
        }
        stopping.cancel();
        for task in tasks {
            task.await.unwrap();
        }
    });
}
