//! Units of work for which nothing was read, and what tests ask about them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::changes::{lines, new_line, products, sku_in};
use landfall_domain::product::Counters;
use landfall_domain::{Allocation, Event, LineKey, OrderLine, Sku, Terms};
use landfall_postgres::PgStore;
use landfall_service::LogRecord;
use landfall_service::store::{
    AnswerKey, Changes, Head, LineChange, ProductChange, Remembered, Store, StoreError,
};
use landfall_testkit::commands::{key, name};
use landfall_testkit::servers::postgres::rows;

/// A product as a writer knows it that made it, or changed it last.
pub(crate) struct Known {
    pub(crate) sku: Sku,
    pub(crate) head: Head,
    number: u64,
    counters: Counters,
}

impl Known {
    /// A product of this partition, made with a first line.
    pub(crate) async fn make(store: &mut PgStore, partition: u16) -> Self {
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
    pub(crate) async fn begin(store: &mut PgStore, sku: &Sku) -> Self {
        let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
        Self {
            sku: sku.clone(),
            head: loaded.heads[0],
            number: loaded.products[0].number,
            counters: loaded.products[0].counters(),
        }
    }

    /// One more line that waits for it. It is known as it is after that.
    pub(crate) fn more(&mut self, key: LineKey) -> Arc<Changes> {
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
    pub(crate) fn told(&mut self, mut changes: Arc<Changes>) -> Arc<Changes> {
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
pub(crate) fn split(mut changes: Arc<Changes>) -> Arc<Changes> {
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
pub(crate) fn answered(mut changes: Arc<Changes>, id: &str) -> Arc<Changes> {
    let answer = Remembered {
        id: AnswerKey::new(None, &name(id)),
        command: "{}".into(),
        answer: "{}".into(),
        time: jiff::Timestamp::UNIX_EPOCH,
    };
    Arc::make_mut(&mut changes).remembered.push(answer);
    changes
}

/// When it is not too late for long.
pub(crate) fn later() -> Instant {
    Instant::now() + Duration::from_hours(1)
}

/// Waits until somebody waits for a lock.
pub(crate) async fn somebody_waits(url: &str) {
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    while rows(url, waits) == [["0"]] {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// All orders that have a line.
pub(crate) const ORDERS: &str = "SELECT order_id FROM lines ORDER BY order_id";

/// Which of these orders have a line.
pub(crate) async fn there(store: &mut PgStore, orders: &[&str]) -> Vec<bool> {
    let keys: Vec<LineKey> = orders.iter().map(|order| key(order, "l")).collect();
    let loaded = store.begin(&lines(&keys)).await.unwrap();
    store.roll_back().await.unwrap();
    let is = |key: &LineKey| loaded.lines.iter().any(|line| line.key == *key);
    keys.iter().map(is).collect()
}

pub(crate) fn is_conflict(result: &Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict))
}
