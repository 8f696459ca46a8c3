//! Units of work for which nothing was read, and which are sent one behind the other.

use std::sync::Arc;
use std::time::Duration;

use crate::changes::{lines, new_line, products, sku_in};
use crate::database::{Pg, commit_ids, options};
use crate::proxy::{Cut, Proxy};
use landfall_domain::product::Counters;
use landfall_domain::{Allocation, Event, LineKey, OrderLine, Sku, Terms};
use landfall_postgres::{Options, PgDatabase, PgStore};
use landfall_service::LogRecord;
use landfall_service::store::{
    AnswerKey, Changes, Head, LineChange, ProductChange, Remembered, Store, StoreError,
};
use landfall_testkit::commands::{key, name};
use landfall_testkit::database::is_missing;
use landfall_testkit::servers::postgres::{Options as ServerOptions, rows};
use landfall_testkit::servers::{PostgresServer, needed};
use landfall_testkit::{Database, run};

/// A product as a writer knows it that made it, or changed it last.
struct Known {
    sku: Sku,
    head: Head,
    number: u64,
    counters: Counters,
}

impl Known {
    /// A product of this partition, made with a first line.
    async fn make(store: &mut PgStore, partition: u16) -> Self {
        let sku = sku_in(partition);
        let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
        let first = key(&format!("first-{partition}"), "l");
        let changes = new_line(&loaded.heads, &sku, first);
        store.commit(&changes).await.unwrap();
        Self {
            sku,
            head: changes.heads[0].1,
            number: changes.products[0].number,
            counters: changes.products[0].after,
        }
    }

    /// A product that is there, in an open unit of work.
    async fn begin(store: &mut PgStore, sku: &Sku) -> Self {
        let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
        Self {
            sku: sku.clone(),
            head: loaded.heads[0],
            number: loaded.products[0].number,
            counters: loaded.products[0].counters(),
        }
    }

    /// One more line that waits for it. It is known as it is after that.
    fn more(&mut self, key: LineKey) -> Arc<Changes> {
        let (before, counters) = (self.head, self.counters);
        let line = OrderLine::new(before.next_number, key, self.sku.clone(), Terms::plain(1));
        self.head.version += 1;
        self.head.next_number += 1;
        self.counters.version += 1;
        self.counters.backordered += 1;
        Arc::new(Changes {
            heads: vec![(before, self.head)],
            products: vec![ProductChange {
                number: self.number,
                sku: self.sku.clone(),
                before: counters,
                after: self.counters,
                created: false,
                new_batches: Vec::new(),
                changed_batches: Vec::new(),
                availability: Vec::new(),
                lines: vec![LineChange {
                    before: None,
                    after: line,
                }],
            }],
            ..Changes::default()
        })
    }

    /// The same, with an event about the line beside the one that accepts it.
    fn told(&mut self, mut changes: Arc<Changes>) -> Arc<Changes> {
        let offset = self.head.next_offset;
        self.head.next_offset += 1;
        let told = Arc::make_mut(&mut changes);
        told.heads[0].1 = self.head;
        let LineKey { order_id, line_id } = told.products[0].lines[0].after.key.clone();
        told.events.push(LogRecord {
            partition: self.head.partition,
            offset,
            sku: Some(self.sku.clone()),
            time: jiff::Timestamp::UNIX_EPOCH,
            command_id: "c".into(),
            actor: None,
            event: Event::OutOfStock {
                order_id,
                line_id,
                quantity: 1,
            },
        });
        changes
    }
}

/// The same, the line served in two parts.
fn split(mut changes: Arc<Changes>) -> Arc<Changes> {
    let line = &mut Arc::make_mut(&mut changes).products[0].lines[0].after;
    line.terms.split = true;
    line.quantity = 3;
    line.allocations = [(101, 1), (102, 2)]
        .map(|(batch_number, quantity)| Allocation {
            batch: name(&format!("b-{batch_number}")),
            batch_number,
            quantity,
        })
        .to_vec();
    changes
}

/// The same, and an answer under this idempotency key.
fn answered(mut changes: Arc<Changes>, id: &str) -> Arc<Changes> {
    let answer = Remembered {
        id: AnswerKey::new(None, &name(id)),
        command: "{}".into(),
        answer: "{}".into(),
        time: jiff::Timestamp::UNIX_EPOCH,
    };
    Arc::make_mut(&mut changes).remembered.push(answer);
    changes
}

/// Waits until somebody waits for a lock.
async fn somebody_waits(url: &str) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    while rows(url, waits) == [["0"]] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All orders that have a line.
const ORDERS: &str = "SELECT order_id FROM lines ORDER BY order_id";

/// Which of these orders have a line.
async fn there(store: &mut PgStore, orders: &[&str]) -> Vec<bool> {
    let keys: Vec<LineKey> = orders.iter().map(|order| key(order, "l")).collect();
    let loaded = store.begin(&lines(&keys)).await.unwrap();
    store.roll_back().await.unwrap();
    let is = |key: &LineKey| loaded.lines.iter().any(|line| line.key == *key);
    keys.iter().map(is).collect()
}

fn is_conflict(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict))
}

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
        store.send(one.more(key("o-1", "l")), Some(0));
        store.send(one.more(key("o-2", "l")), None);
        store.send(other.more(key("o-3", "l")), None);
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
            store.send(one.more(key(order, "l")), version);
            // It could be written by itself.
            store.send(apart.more(key("o-2", "l")), None);
            store.decided().await;
            assert!(is_conflict(&store.settle().await), "{why}");
            assert!(is_conflict(&store.settle().await), "{why}");
            assert_eq!(there(&mut store, &["o-1", "o-2"]).await, [false; 2]);
        }
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
        store.send(apart.more(key("first-9", "l")), None);
        store.send(one.more(key("o-1", "l")), None);
        for _ in 0..2 {
            let settled = tokio::time::timeout(Duration::from_mins(1), store.settle());
            assert!(is_conflict(&settled.await.expect("nobody waits")));
        }
        one.head = held.head;
        store.send(one.more(key("o-1", "l")), Some(7));
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
        store.send(known.more(key("o-1", "l")), None);
        other.roll_back().await.unwrap();
        store.settle().await.unwrap();
        assert!(store.is_alone());
        // Whoever writes is.
        let mut theirs = Known::begin(&mut other, &known.sku).await;
        store.send(known.more(key("o-2", "l")), None);
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
        store.send(split(known.more(key("o-1", "l"))), None);
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
        store.send(whole, None);
        store.settle().await.unwrap();
        let written = "SELECT (SELECT count(*) FROM line_parts), (SELECT count(*) FROM answers), \
             (SELECT count(*) FROM history h JOIN lines l ON l.number = h.thing WHERE kind = 3 AND order_id = 'o-1')";
        assert_eq!(rows(&server.url(), written), [["2", "1", "1"]]);
        // The answer is there already. Should the database refuse to begin a transaction, the line is not written either.
        proxy.cut(Cut::Begin);
        let again = answered(split(known.more(key("o-2", "l"))), "k");
        store.send(again, None);
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
            store.send(Arc::clone(&sent), None);
            let result = store.settle().await;
            let happened = cut == Cut::After;
            assert_eq!(result.is_ok(), happened, "{result:?}");
            assert_eq!(there(&mut store, &[&order]).await, [happened]);
            // What is found is what it left itself: there is nobody else.
            Known::begin(&mut store, &known.sku).await;
            store.roll_back().await.unwrap();
            assert!(store.is_alone(), "{cut:?}");
            if !happened {
                assert!(is_conflict(&result));
                // Should it come after all, it is refused: it was said that it did not happen.
                store.send(sent, None);
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
            store.send(known.more(key(&orders[0], "l")), None);
            store.send(apart.more(key(&orders[1], "l")), None);
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
        store.send(known.more(key("o-1", "l")), None);
        let result = store.settle().await;
        assert!(is_conflict(&result), "{result:?}");
        assert_eq!(there(&mut store, &["o-1"]).await, [false]);
        let heads = rows(&server.url(), "SELECT count(*) FROM lines");
        assert_eq!(heads, [["1"]]);
    });
}
