//! What the database holds, compared with what was acknowledged, without the help of the code under test.

use std::collections::BTreeMap;

use landfall_testkit::servers::redis;
use serde_json::Value;

use super::Shop;
use super::crowd::Order;

/// Each line of an order, and whether it is cancelled.
type Lines = BTreeMap<(String, String), (u64, bool)>;

/// Every line that was acknowledged is there once, as it was ordered, and there is nothing else.
pub(super) fn holds_exactly(shop: &Shop, orders: &[Order]) {
    let mut expected = Lines::new();
    for order in orders {
        for (sku, quantity) in &order.lines {
            let key = (order.id.clone(), sku.clone());
            let twice = expected.insert(key, (*quantity, order.cancelled));
            assert_eq!(twice, None, "{order:?}");
        }
    }
    for table in ["lines", "order_view"] {
        let cancelled = if table == "lines" {
            "cancelled"
        } else {
            "status = 3"
        };
        let sql = format!("SELECT order_id, line_id, quantity, {cancelled} FROM {table}");
        let mut found = Lines::new();
        for row in shop.rows(&sql) {
            let line = (row[2].parse().unwrap(), row[3] == "t");
            let twice = found.insert((row[0].clone(), row[1].clone()), line);
            assert_eq!(twice, None, "{row:?} is there twice in {table}");
        }
        for (key, line) in &expected {
            assert_eq!(found.remove(key), Some(*line), "{key:?} in {table}");
        }
        assert!(found.is_empty(), "nobody ordered {found:?} in {table}");
    }
}

/// No batch has given away more than it has, and what it says is what its lines say. How many are used up.
pub(super) fn no_batch_is_overdrawn(shop: &Shop) -> usize {
    let sql = "SELECT b.reference, b.purchased, b.allocated + b.dispatched, \
                      coalesce(sum(l.quantity), 0) \
                 FROM batches b LEFT JOIN lines l \
                   ON l.partition = b.partition AND l.batch = b.number AND l.status = 0 \
                GROUP BY b.reference, b.purchased, b.allocated, b.dispatched";
    let mut used_up = 0;
    for row in shop.rows(sql) {
        let [purchased, taken, lines] = [1, 2, 3].map(|column| row[column].parse::<u64>().unwrap());
        assert!(taken <= purchased, "{row:?}");
        assert_eq!(taken, lines, "{row:?}");
        used_up += usize::from(taken == purchased);
    }
    used_up
}

/// In each partition the log begins with 1 and has no gaps. The offset of each one's last event.
pub(super) fn log_has_no_gaps(shop: &Shop) -> BTreeMap<u64, u64> {
    let sql = "SELECT h.partition, h.next_offset, count(e.\"offset\"), coalesce(min(e.\"offset\"), 1), \
                      coalesce(max(e.\"offset\"), 0) \
                 FROM heads h LEFT JOIN events e ON e.partition = h.partition \
                GROUP BY h.partition, h.next_offset";
    let mut last = BTreeMap::new();
    for row in shop.rows(sql) {
        let number = |column: usize| row[column].parse::<u64>().unwrap();
        let (next, count) = (number(1), number(2));
        assert_eq!((number(3), number(4)), (1, count), "{row:?}");
        assert_eq!(next, count + 1, "{row:?}");
        last.insert(number(0), count);
    }
    last
}

/// Every event came out at least once, in the order of its partition: what comes again was there before. How many
/// came again.
pub(super) fn came_out(port: u16, stream: &str, last: &BTreeMap<u64, u64>) -> usize {
    let mut seen: BTreeMap<u64, u64> = last.keys().map(|partition| (*partition, 0)).collect();
    let (mut from, mut again) = ("-".to_owned(), 0);
    loop {
        let entries = redis::ask(port, &["XRANGE", stream, &from, "+", "COUNT", "1000"]);
        let entries = entries.as_array().unwrap();
        let Some(end) = entries.last() else {
            break;
        };
        from = format!("({}", end[0].as_str().unwrap());
        for entry in entries {
            let id = field(entry, "id");
            let (partition, offset) = id.split_once('-').unwrap();
            let offset: u64 = offset.parse().unwrap();
            let before = seen.get_mut(&partition.parse().unwrap()).unwrap();
            assert!(offset <= *before + 1, "{id} comes after {before}");
            again += usize::from(offset <= *before);
            *before = offset.max(*before);
        }
    }
    assert_eq!(seen, *last, "the last events that came out");
    again
}

/// A field of an entry: names and values take turns.
fn field(entry: &Value, name: &str) -> String {
    let fields = entry[1].as_array().unwrap();
    let at = fields.iter().step_by(2).position(|found| found == name);
    let value = &fields[2 * at.unwrap() + 1];
    value.as_str().unwrap().to_owned()
}
