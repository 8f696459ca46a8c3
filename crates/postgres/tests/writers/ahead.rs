//! Units of work for which nothing was read, and which are sent one behind the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::database::{Pg, commit_ids, options};
use crate::known::{Known, ORDERS, answered, is_conflict, later, somebody_waits, split, there};
use crate::proxy::{Cut, Proxy};
use landfall_postgres::{Options, PgDatabase};
use landfall_service::store::Store;
use landfall_testkit::commands::key;
use landfall_testkit::database::is_missing;
use landfall_testkit::servers::postgres::{Options as ServerOptions, rows};
use landfall_testkit::servers::{PostgresServer, needed};
use landfall_testkit::{Database, run};

#[test]
fn what_is_sent_is_written_in_its_order() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let mut store = pg.store();
        assert!(!store.is_alone(), "it is not connected yet");
        let (mut one, mut other) = (
            Known::make(&mut store, 3).await,
            Known::make(&mut store, 9).await,
        );
        assert!(store.is_alone());
        store.send(one.more(key("o-1", "l")), Some(0), later());
        store.send(one.more(key("o-2", "l")), None, later());
        store.send(other.more(key("o-3", "l")), None, later());
        for _ in 0..3 {
            store.settle().await.unwrap();
        }
        assert_eq!(there(&mut store, &["o-1", "o-2", "o-3"]).await, [true; 3]);
    });
}

#[test]
fn what_rests_on_something_else_is_a_conflict_and_so_is_all_behind_it() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        for why in ["taken", "moved", "keys"] {
            let mut pg = Pg::<16>::create();
            let (mut store, mut other) = (pg.store(), pg.store());
            let mut one = Known::make(&mut store, 3).await;
            let mut apart = Known::make(&mut store, 9).await;
            let (order, version) = match why {
                "taken" => ("first-9", None),
                "keys" => ("o-1", Some(7)),
                _ => {
                    let mut theirs = Known::begin(&mut other, &one.sku).await;
                    let theirs = theirs.more(key("theirs", "l"));
                    other.commit(&theirs).await.unwrap();
                    ("o-1", None)
                }
            };
            store.send(one.more(key(order, "l")), version, later());
            // It could be written by itself.
            store.send(apart.more(key("o-2", "l")), None, later());
            store.decided().await;
            assert!(is_conflict(&store.settle().await), "{why}");
            assert!(is_conflict(&store.settle().await), "{why}");
            assert_eq!(there(&mut store, &["o-1", "o-2"]).await, [false; 2]);
        }
    });
}

#[test]
fn what_comes_too_late_is_a_conflict() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let (mut store, mut other) = (pg.store(), pg.store());
        let mut known = Known::make(&mut store, 3).await;
        let before = known.head;
        store.send(known.more(key("o-1", "l")), None, Instant::now());
        assert!(is_conflict(&store.settle().await));
        // So is what has waited for a partition.
        known.head = Known::begin(&mut other, &known.sku).await.head;
        assert_eq!(known.head, before);
        let until = Instant::now() + Duration::from_millis(200);
        store.send(known.more(key("o-2", "l")), None, until);
        store.send(known.more(key("o-3", "l")), None, later());
        while Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        other.roll_back().await.unwrap();
        assert!(is_conflict(&store.settle().await));
        assert!(is_conflict(&store.settle().await));
        assert_eq!(rows(&pg.server.url(), ORDERS), [["first-3"]]);
    });
}

#[test]
fn what_is_bound_to_fail_waits_for_nobody() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let patient = Options {
            lock_timeout: Duration::from_mins(10),
            statement_timeout: Duration::from_mins(10),
            ..options(16)
        };
        let database = PgDatabase::open(&pg.server.url(), patient).await.unwrap();
        let (mut store, mut other) = (database.store(commit_ids()), pg.store());
        let mut one = Known::make(&mut store, 3).await;
        let mut apart = Known::make(&mut store, 9).await;
        let held = Known::begin(&mut other, &one.sku).await;
        // Behind one that fails, and by API keys that are others now.
        store.send(apart.more(key("first-9", "l")), None, later());
        store.send(one.more(key("o-1", "l")), None, later());
        for _ in 0..2 {
            let settled = tokio::time::timeout(Duration::from_mins(1), store.settle());
            assert!(is_conflict(&settled.await.expect("nobody waits")));
        }
        one.head = held.head;
        store.send(one.more(key("o-1", "l")), Some(7), later());
        let settled = tokio::time::timeout(Duration::from_mins(1), store.settle());
        assert!(is_conflict(&settled.await.expect("nobody waits")));
        other.roll_back().await.unwrap();
    });
}

#[test]
fn who_meets_another_writer_is_not_alone() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let (mut store, mut other) = (pg.store(), pg.store());
        let mut known = Known::make(&mut store, 3).await;
        // Somebody who has the partition for a moment and leaves it as it was is waited for, and not noticed.
        Known::begin(&mut other, &known.sku).await;
        store.send(known.more(key("o-1", "l")), None, later());
        other.roll_back().await.unwrap();
        store.settle().await.unwrap();
        assert!(store.is_alone());
        // Whoever writes is.
        let mut theirs = Known::begin(&mut other, &known.sku).await;
        store.send(known.more(key("o-2", "l")), None, later());
        other
            .commit(&theirs.more(key("theirs", "l")))
            .await
            .unwrap();
        assert!(is_conflict(&store.settle().await));
        Known::begin(&mut store, &known.sku).await;
        store.roll_back().await.unwrap();
        assert!(!store.is_alone());
        assert_eq!(there(&mut store, &["o-2", "theirs"]).await, [false, true]);
    });
}

#[test]
fn the_partition_is_taken_before_anything_else_is_written() {
    let settings = vec!["deadlock_timeout=1ms".into()];
    let options = ServerOptions {
        settings,
        ..ServerOptions::default()
    };
    let Some(server) = needed(PostgresServer::start_with(&options)) else {
        return;
    };
    run(async {
        let url = server.url();
        let options = Options {
            lock_timeout: Duration::from_mins(1),
            ..crate::database::options(16)
        };
        let database = PgDatabase::open(&url, options).await.unwrap();
        let (mut store, mut other) = (database.store(commit_ids()), database.store(commit_ids()));
        let mut known = Known::make(&mut store, 3).await;
        // Both split a line with the same number over the same batches.
        let mut theirs = Known::begin(&mut other, &known.sku).await;
        store.send(split(known.more(key("o-1", "l"))), None, later());
        somebody_waits(&url).await;
        // Whoever holds the partition waits for nobody: a circle would be noticed by the one who comes last.
        let theirs = split(theirs.more(key("theirs", "l")));
        other.commit(&theirs).await.expect("it holds the partition");
        assert!(is_conflict(&store.settle().await));
        assert_eq!(rows(&url, ORDERS), [["first-3"], ["theirs"]]);
        let parts = "SELECT batch, units FROM line_parts ORDER BY 1";
        assert_eq!(rows(&url, parts), [["101", "1"], ["102", "2"]]);
    });
}

#[test]
fn a_part_of_it_is_never_written_without_the_rest() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let proxy = Proxy::before(server.port()).await;
        let url = proxy.url(&server.url(), server.port());
        let database = PgDatabase::open(&url, options(16)).await.unwrap();
        let mut store = database.store(commit_ids());
        let mut known = Known::make(&mut store, 3).await;
        let more = known.more(key("o-1", "l"));
        let whole = answered(split(known.told(more)), "k");
        store.send(whole, None, later());
        store.settle().await.unwrap();
        let written = "SELECT (SELECT count(*) FROM line_parts), (SELECT count(*) FROM answers), \
             (SELECT count(*) FROM history h JOIN lines l ON l.number = h.thing WHERE kind = 3 AND order_id = 'o-1')";
        assert_eq!(rows(&server.url(), written), [["2", "1", "1"]]);
        // The answer is there already. Should the database refuse to begin a transaction, the line is not written either.
        proxy.cut(Cut::Begin);
        let again = answered(split(known.more(key("o-2", "l"))), "k");
        store.send(again, None, later());
        assert!(is_conflict(&store.settle().await));
        assert_eq!(rows(&server.url(), ORDERS), [["first-3"], ["o-1"]]);
        assert_eq!(rows(&server.url(), written), [["2", "1", "1"]]);
    });
}

#[test]
fn a_lost_answer_is_looked_up() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let proxy = Proxy::before(server.port()).await;
        let options = Options {
            resolve_timeout: Duration::from_secs(30),
            ..options(16)
        };
        let url = proxy.url(&server.url(), server.port());
        let database = PgDatabase::open(&url, options).await.unwrap();
        let mut store = database.store(commit_ids());
        for (cut, partition) in [(Cut::After, 6), (Cut::Before, 7)] {
            let mut known = Known::make(&mut store, partition).await;
            let order = format!("o-{partition}");
            proxy.cut(cut);
            let sent = known.more(key(&order, "l"));
            store.send(Arc::clone(&sent), None, later());
            let result = store.settle().await;
            let happened = cut == Cut::After;
            assert_eq!(result.is_ok(), happened, "{result:?}");
            assert_eq!(there(&mut store, &[&order]).await, [happened]);
            // What is found is what it left itself: there is nobody else.
            Known::begin(&mut store, &known.sku).await;
            store.roll_back().await.unwrap();
            Known::make(&mut store, partition + 4).await;
            assert!(store.is_alone(), "{cut:?}");
            if !happened {
                assert!(is_conflict(&result));
                // Should it come after all, it is refused: it was said that it did not happen.
                store.send(sent, None, later());
                assert!(is_conflict(&store.settle().await));
                assert_eq!(there(&mut store, &[&order]).await, [false]);
            }
        }
    });
}

#[test]
fn of_several_lost_answers_each_is_looked_up() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let proxy = Proxy::before(server.port()).await;
        let options = Options {
            resolve_timeout: Duration::from_secs(30),
            ..options(16)
        };
        let url = proxy.url(&server.url(), server.port());
        let database = PgDatabase::open(&url, options).await.unwrap();
        let mut store = database.store(commit_ids());
        for (cut, partition) in [(Cut::After, 6), (Cut::Before, 7)] {
            let mut known = Known::make(&mut store, partition).await;
            let mut apart = Known::make(&mut store, partition + 2).await;
            let orders = [format!("o-{partition}"), format!("p-{partition}")];
            proxy.cut(cut);
            store.send(known.more(key(&orders[0], "l")), None, later());
            store.send(apart.more(key(&orders[1], "l")), None, later());
            let told = [store.settle().await.is_ok(), store.settle().await.is_ok()];
            let orders: Vec<&str> = orders.iter().map(String::as_str).collect();
            assert_eq!(there(&mut store, &orders).await, told);
            assert_eq!(told[0], cut == Cut::After);
            assert!(told[0] || !told[1], "none without the one before it");
        }
    });
}

#[test]
fn a_database_that_is_gone_is_noticed_before_anything_is_written() {
    let Some(mut server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let database = PgDatabase::open(&server.url(), options(16)).await.unwrap();
        let mut store = database.store(commit_ids());
        let mut known = Known::make(&mut store, 3).await;
        server.restart();
        store.send(known.more(key("o-1", "l")), None, later());
        let result = store.settle().await;
        assert!(is_conflict(&result), "{result:?}");
        assert_eq!(there(&mut store, &["o-1"]).await, [false]);
        let heads = rows(&server.url(), "SELECT count(*) FROM lines");
        assert_eq!(heads, [["1"]]);
    });
}
