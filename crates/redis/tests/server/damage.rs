//! Commands that meet rows which cannot be read: given up one by one, and never where nothing can be read at all.

use std::sync::atomic::{AtomicU64, Ordering};

use landfall_redis::QuantityListener;
use landfall_service::store::StoreError;
use landfall_testkit::commands::{batch, name};
use landfall_testkit::servers::{needed, redis::shared};
use landfall_testkit::{Harness, Memory, run};
use redis::cmd;
use tokio_util::sync::CancellationToken;

use crate::scene::{
    Reading, config, connect, entries, field, length, pending, results, send, until, until_results,
};

fn order(number: usize, sku: &str) -> String {
    format!(r#"{{"type":"Allocate","order_id":"o-{number}","sku":"{sku}","quantity":1}}"#)
}

fn count(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

#[test]
fn a_command_that_meets_damage_is_given_up_and_the_others_go_on() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        harness.done(batch("b-1", "SOFA", 100)).await;
        harness.done(batch("b-2", "LAMP", 100)).await;
        harness.faults.damage_batch(name("b-1"));
        let mut config = config(&url);
        config.commands.batch = 2;
        let stream = &config.commands.stream;
        let mut redis = connect(&url).await;
        let commands: Vec<String> = [(0, "LAMP"), (1, "SOFA"), (2, "LAMP"), (3, "LAMP")]
            .map(|(number, sku)| order(number, sku))
            .into();
        let ids = send(&mut redis, stream, &commands).await;
        let reading = Reading::start(&config, "a", &harness.bus);
        until_results(&redis, &config, 4).await;
        let stats = &reading.stats;
        until("the counters", || async { count(&stats.unusable) == 1 }).await;
        assert_eq!((count(&stats.done), count(&stats.rejected)), (3, 0));
        assert_eq!(count(&stats.retries), 4, "it was tried five times");
        assert!(stats.is_read());
        let stats = stats.clone();
        reading.stop().await;
        assert!(!stats.is_read());
        let all = results(&redis, &config).await;
        let expected = [
            "ok Allocate",
            "failed Allocate",
            "ok Allocate",
            "ok Allocate",
        ];
        assert_eq!(all, expected);
        let dead = entries(&redis, &format!("{stream}:dead")).await;
        assert_eq!(dead.len(), 1);
        assert_eq!(field(&dead[0], "id"), ids[1]);
        assert_eq!(field(&dead[0], "command"), commands[1]);
        let reason = field(&dead[0], "reason");
        assert!(
            reason.contains("5 times") && reason.contains("b-1"),
            "{reason}"
        );
        assert_eq!(pending(&redis, &config).await, 0);
        assert_eq!(harness.see_batch("b-2").await.allocated, 3);
    });
}

#[test]
fn what_was_read_wrongly_for_a_moment_is_done() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        harness.done(batch("b-1", "SOFA", 100)).await;
        let config = config(&url);
        let mut redis = connect(&url).await;
        for commit in 0..3 {
            let error = StoreError::Corrupt("row 7".into());
            harness.faults.fail_commit(commit, error);
        }
        send(&mut redis, &config.commands.stream, &[order(1, "SOFA")]).await;
        let reading = Reading::start(&config, "a", &harness.bus);
        until_results(&redis, &config, 1).await;
        reading.stop().await;
        assert_eq!(results(&redis, &config).await, ["ok Allocate"]);
        let dead = format!("{}:dead", config.commands.stream);
        assert_eq!(length(&redis, &dead).await, 0);
    });
}

#[test]
fn where_all_is_damaged_the_stream_waits_until_it_is_mended() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        harness.done(batch("b-1", "SOFA", 1_000)).await;
        harness.faults.damage_batch(name("b-1"));
        let config = config(&url);
        let mut redis = connect(&url).await;
        let commands: Vec<String> = (0..120).map(|number| order(number, "SOFA")).collect();
        send(&mut redis, &config.commands.stream, &commands).await;
        let reading = Reading::start(&config, "a", &harness.bus);
        // Each has been tried more often than it takes to give one up.
        until("many tries", || async {
            count(&reading.stats.retries) >= 6 * 120
        })
        .await;
        let dead = format!("{}:dead", config.commands.stream);
        assert_eq!(length(&redis, &dead).await, 0);
        harness.faults.mend_batches();
        until_results(&redis, &config, 120).await;
        reading.stop().await;
        assert_eq!(length(&redis, &dead).await, 0);
        assert_eq!(harness.see_batch("b-1").await.allocated, 120);
    });
}

#[test]
fn a_quantity_that_meets_damage_does_not_keep_the_others_waiting() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        harness.done(batch("b-1", "SOFA", 100)).await;
        harness.done(batch("b-2", "LAMP", 100)).await;
        harness.faults.damage_batch(name("b-1"));
        let config = config(&url);
        let redis = connect(&url).await;
        let listener = QuantityListener::new(&config, None, &harness.bus).unwrap();
        let (stopping, stats) = (CancellationToken::new(), listener.stats());
        let task = tokio::spawn(listener.run(stopping.clone()));
        until("a listener", || async { stats.is_read() }).await;
        for message in [
            r#"{"batchref":"b-1","qty":5}"#,
            "no message",
            r#"{"batchref":"b-9","qty":5}"#,
            r#"{"batchref":"b-2","qty":7}"#,
        ] {
            let mut publish = cmd("PUBLISH");
            publish
                .arg(&config.notices.change_batch_quantity)
                .arg(message);
            let heard: u64 = publish.query_async(&mut redis.clone()).await.unwrap();
            assert_eq!(heard, 1);
        }
        until("the end of the damaged one", || async {
            count(&stats.unusable) == 2
        })
        .await;
        until("the other quantity", || async {
            harness.see_batch("b-2").await.purchased == 7
        })
        .await;
        until("the counters", || async { count(&stats.done) == 1 }).await;
        assert_eq!((count(&stats.rejected), count(&stats.lost)), (1, 0));
        assert!(count(&stats.retries) >= 4);
        stopping.cancel();
        task.await.unwrap();
        assert!(!stats.is_read());
    });
}
