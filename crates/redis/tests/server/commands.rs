//! Commands in: done in order, done once, and none lost.

use landfall_domain::BatchRef;
use landfall_service::store::StoreError;
use landfall_service::{Reply, Request, wire};
use landfall_testkit::servers::{needed, redis::shared};
use landfall_testkit::{Harness, Memory, run};
use redis::{Value, cmd};

use crate::scene::{
    Reading, config, connect, entries, field, length, pending, results, send, until, until_results,
};

const BATCH: &str = r#"{"type":"CreateBatch","reference":"b-1","sku":"SOFA","quantity":1000}"#;

fn order(number: usize) -> String {
    format!(r#"{{"type":"Allocate","order_id":"o-{number}","sku":"SOFA","quantity":1}}"#)
}

#[test]
fn commands_are_carried_out_in_order_and_acknowledged() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        let mut config = config(&url);
        config.commands.batch = 7;
        let mut redis = connect(&url).await;
        let mut commands = vec![BATCH.to_owned()];
        commands.extend((0..50).map(order));
        // Before there is a group: what was sent before the first start counts.
        let ids = send(&mut redis, &config.commands.stream, &commands).await;
        let reading = Reading::start(&config, "a", &harness.bus);
        until_results(&redis, &config, 51).await;
        reading.stop().await;
        let results = entries(&redis, &format!("{}:results", config.commands.stream)).await;
        let of: Vec<&str> = results.iter().map(|entry| field(entry, "id")).collect();
        assert_eq!(of, ids, "one result each, in order");
        assert_eq!(field(&results[0], "created"), "true");
        let reply: serde_json::Value = serde_json::from_str(field(&results[1], "reply")).unwrap();
        assert_eq!(reply["status"], "allocated");
        assert_eq!(pending(&redis, &config).await, 0);
        assert_eq!(length(&redis, &config.commands.stream).await, 0);
        let events = harness.events().await;
        let orders: Vec<String> = (0..50).map(|n| format!("o-{n}")).collect();
        let allocated: Vec<_> = events
            .iter()
            .filter_map(|record| record.event.line())
            .map(|(order, _)| order.to_string())
            .collect();
        assert_eq!(allocated, orders);
        let key = format!("redis:{}:{}", config.commands.stream, ids[0]);
        assert_eq!(events[0].command_id, key);
        assert_eq!(events[0].actor.as_deref(), Some("redis"));
    });
}

#[test]
fn what_somebody_took_and_did_not_finish_is_done_once() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        let config = config(&url);
        let stream = &config.commands.stream;
        let mut redis = connect(&url).await;
        // A dispatch with a quantity is the one command that does more each time it is done without a key.
        let dispatch = r#"{"type":"Dispatch","order_id":"o-1","line_id":"SOFA","quantity":3}"#;
        let allocate =
            r#"{"type":"Allocate","order_id":"o-1","sku":"SOFA","quantity":10}"#.to_owned();
        let commands = [
            BATCH.to_owned(),
            allocate,
            dispatch.to_owned(),
            dispatch.to_owned(),
        ];
        let ids = send(&mut redis, stream, &commands).await;
        // Somebody takes three of the four, carries them out, and dies before it says so.
        let mut group = cmd("XGROUP");
        group.arg("CREATE").arg(stream).arg("landfall").arg("0");
        let _: Value = group.query_async(&mut redis).await.unwrap();
        let mut take = cmd("XREADGROUP");
        take.arg("GROUP")
            .arg("landfall")
            .arg("dead")
            .arg("COUNT")
            .arg(3);
        take.arg("STREAMS").arg(stream).arg(">");
        let _: Value = take.query_async(&mut redis).await.unwrap();
        for (command, id) in commands.iter().zip(&ids).take(3) {
            let request = wire::parse(command.as_bytes()).unwrap();
            harness
                .done(Request {
                    id: format!("redis:{stream}:{id}").parse().ok(),
                    actor: Some("redis".into()),
                    ..request
                })
                .await;
        }
        let reading = Reading::start(&config, "alive", &harness.bus);
        until_results(&redis, &config, 4).await;
        reading.stop().await;
        assert_eq!(harness.see_line("o-1", "SOFA").await.dispatched, 6);
        assert_eq!(pending(&redis, &config).await, 0);
        let results = entries(&redis, &format!("{stream}:results")).await;
        let of: Vec<&str> = results.iter().map(|entry| field(entry, "id")).collect();
        assert_eq!(of, ids, "what was taken comes before what is new");
    });
}

#[test]
fn a_reader_that_dies_is_replaced_and_nothing_is_done_twice() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        let mut config = config(&url);
        config.commands.batch = 5;
        let mut redis = connect(&url).await;
        let mut commands = vec![BATCH.to_owned()];
        commands.extend((0..40).map(order));
        send(&mut redis, &config.commands.stream, &commands).await;
        harness.faults.close_gate();
        let first = Reading::start(&config, "first", &harness.bus);
        until("a piece in the engine", || async {
            harness.faults.waiting() > 0
        })
        .await;
        let second = Reading::start(&config, "second", &harness.bus);
        first.crash().await;
        harness.faults.open_gate();
        until_results(&redis, &config, 41).await;
        second.stop().await;
        assert_eq!(harness.see_batch("b-1").await.allocated, 40);
        assert_eq!(pending(&redis, &config).await, 0);
        let oks = results(&redis, &config).await;
        assert!(
            oks.iter().all(|result| result.starts_with("ok ")),
            "{oks:?}"
        );
        harness.in_order().await;
    });
}

#[test]
fn poison_goes_to_the_dead_letters_and_stops_nobody() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        harness.faults.refuse_batch(BatchRef::new("b-bad").unwrap());
        let config = config(&url);
        let stream = &config.commands.stream;
        let mut redis = connect(&url).await;
        let poison: [(&[u8], &[u8]); 4] = [
            (b"command", b"{\"type\":"),
            (b"command", b"\xff\xfe"),
            (b"\xff\x00", b"no field"),
            (
                b"command",
                br#"{"type":"Allocate","sku":"SOFA","quantity":1}"#,
            ),
        ];
        for (name, value) in poison {
            let mut add = cmd("XADD");
            add.arg(stream).arg("*").arg(name).arg(value);
            let _: Value = add.query_async(&mut redis).await.unwrap();
        }
        let twice = r#"{"type":"PlaceOrder","order_id":"o","lines":[{"sku":"S","quantity":1},{"sku":"S","quantity":1}]}"#;
        let bad = BATCH.replace("b-1", "b-bad");
        send(&mut redis, stream, &[twice, &bad, BATCH]).await;
        let reading = Reading::start(&config, "a", &harness.bus);
        until_results(&redis, &config, 7).await;
        reading.stop().await;
        assert_eq!(
            results(&redis, &config).await,
            [
                "invalid ",
                "invalid ",
                "invalid ",
                "invalid Allocate",
                "invalid PlaceOrder",
                "rejected CreateBatch",
                "ok CreateBatch",
            ]
        );
        let mut range = cmd("XRANGE");
        range.arg(format!("{stream}:dead")).arg("-").arg("+");
        let dead: Vec<(String, Vec<Vec<u8>>)> = range.query_async(&mut redis).await.unwrap();
        let part = |letter: usize, at: usize| dead[letter].1[at].as_slice();
        let reason = |letter| String::from_utf8(part(letter, 3).to_vec()).unwrap();
        assert_eq!(dead.len(), 6);
        assert!(reason(0).contains("not JSON"), "{}", reason(0));
        assert_eq!(reason(1), "the command is not UTF-8 from byte 0 on");
        assert_eq!(
            (part(1, 4), part(1, 5)),
            (&b"command"[..], &b"\xff\xfe"[..])
        );
        assert_eq!(reason(2), "the message has no field `command`");
        assert_eq!(part(2, 4), b"fields");
        assert_eq!(reason(3), "order_id is missing");
        assert!(reason(4).contains("line_id"), "{}", reason(4));
        assert!(reason(5).contains("refuses"), "{}", reason(5));
        assert_eq!(pending(&redis, &config).await, 0);
        assert_eq!(length(&redis, stream).await, 0);
    });
}

#[test]
fn a_refusal_is_a_result_and_no_dead_letter() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        let mut config = config(&url);
        config.commands.delete = false;
        let stream = &config.commands.stream;
        let mut redis = connect(&url).await;
        let named = order(0).replace('{', r#"{"id":"mine","#);
        send(&mut redis, stream, &[named.as_str(), BATCH]).await;
        let reading = Reading::start(&config, "a", &harness.bus);
        until_results(&redis, &config, 2).await;
        reading.stop().await;
        let results = entries(&redis, &format!("{stream}:results")).await;
        assert_eq!(field(&results[0], "status"), "rejected");
        assert_eq!(field(&results[0], "command_id"), "mine");
        assert!(field(&results[0], "detail").contains("SOFA"));
        let rejection: serde_json::Value =
            serde_json::from_str(field(&results[0], "rejection")).unwrap();
        assert_eq!(rejection["rejection"], "unknown_sku");
        assert_eq!(length(&redis, &format!("{stream}:dead")).await, 0);
        assert_eq!(pending(&redis, &config).await, 0);
        assert_eq!(length(&redis, stream).await, 2, "others may read it, too");
    });
}

#[test]
fn what_the_database_cannot_take_now_is_done_later_and_in_order() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        let config = config(&url);
        let mut redis = connect(&url).await;
        let gone = || StoreError::Unavailable("no room on the disk".into());
        harness.faults.fail_commit(0, gone());
        harness
            .faults
            .lose_commit(1, StoreError::OutcomeUnknown("gone".into()));
        let commands = [BATCH.to_owned(), order(0), order(1)];
        send(&mut redis, &config.commands.stream, &commands).await;
        let reading = Reading::start(&config, "a", &harness.bus);
        until_results(&redis, &config, 3).await;
        reading.stop().await;
        let all = results(&redis, &config).await;
        assert_eq!(all, ["ok CreateBatch", "ok Allocate", "ok Allocate"]);
        assert_eq!(harness.see_batch("b-1").await.allocated, 2);
        assert_eq!(
            length(&redis, &format!("{}:dead", config.commands.stream)).await,
            0
        );
    });
}

#[test]
fn who_is_told_to_stop_finishes_what_it_began_and_leaves_the_rest() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        let mut config = config(&url);
        config.commands.batch = 10;
        // Longer than the test takes: the next one can only begin because the lease was given back.
        config.lease_seconds = 3_600;
        let mut redis = connect(&url).await;
        let mut commands = vec![BATCH.to_owned()];
        commands.extend((0..99).map(order));
        send(&mut redis, &config.commands.stream, &commands).await;
        harness.faults.close_gate();
        let first = Reading::start(&config, "first", &harness.bus);
        until("a piece in the engine", || async {
            harness.faults.waiting() > 0
        })
        .await;
        first.tell();
        harness.faults.open_gate();
        first.stop().await;
        assert_eq!(
            results(&redis, &config).await.len(),
            10,
            "the piece that it had begun"
        );
        assert_eq!(length(&redis, &config.commands.stream).await, 90);
        let second = Reading::start(&config, "second", &harness.bus);
        until_results(&redis, &config, 100).await;
        second.stop().await;
        assert_eq!(harness.see_batch("b-1").await.allocated, 99);
        assert_eq!(results(&redis, &config).await.len(), 100);
    });
}

#[test]
fn two_readers_keep_the_order_because_one_waits() {
    let Some(url) = needed(shared()) else { return };
    run(async {
        let harness = Harness::<Memory>::start();
        let mut config = config(&url);
        config.commands.batch = 3;
        let mut redis = connect(&url).await;
        let one = Reading::start(&config, "one", &harness.bus);
        let two = Reading::start(&config, "two", &harness.bus);
        let mut commands = vec![BATCH.to_owned()];
        commands.extend((0..60).map(order));
        send(&mut redis, &config.commands.stream, &commands).await;
        until_results(&redis, &config, 61).await;
        let holder: String = cmd("GET")
            .arg(format!("{}:reader", config.commands.stream))
            .query_async(&mut redis)
            .await
            .unwrap();
        let (reading, waiting) = if holder == "one" {
            (one, two)
        } else {
            (two, one)
        };
        reading.stop().await;
        let last = r#"{"type":"ChangeBatchQuantity","reference":"b-1","quantity":70}"#;
        send(&mut redis, &config.commands.stream, &[last]).await;
        until_results(&redis, &config, 62).await;
        waiting.stop().await;
        let orders: Vec<String> = (0..60).map(|n| format!("o-{n}")).collect();
        let events = harness.events().await;
        let allocated = events.iter().filter_map(|record| record.event.line());
        let allocated: Vec<_> = allocated.map(|(order, _)| order.to_string()).collect();
        assert_eq!(allocated, orders);
        let Reply::Batch(batch) = harness
            .done(wire::parse(BATCH.as_bytes()).unwrap())
            .await
            .reply
        else {
            panic!("no batch")
        };
        assert_eq!(batch.purchased, 70);
    });
}
