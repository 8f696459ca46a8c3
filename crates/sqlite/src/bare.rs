//! The yardstick: how fast bare SQLite takes the rows that the store writes, in the same groups.
//!
//! Nothing is decided here and nothing is read. A group is one transaction: a row for each line, a
//! row for each line's event, and the counters once. `landfall bench --ceiling` runs this beside the
//! product, so that the ratio says what the model, the engine and the store cost together.

use rusqlite::{Connection, TransactionBehavior, params};
use std::fmt::Write;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

/// How order ids follow each other: it decides where in the table new rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderIds {
    /// Each sorts after the ones before.
    Increasing,
    /// They are spread over the whole key space.
    Random,
}

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Transactions, at most.
    pub groups: u64,
    /// Lines in each.
    pub group_size: u32,
    /// The order of the line table's keys.
    pub order_ids: OrderIds,
    /// No transaction is begun after this time.
    pub at_most: Duration,
}

/// What was written.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Lines, all committed.
    pub lines: u64,
    /// From the first transaction's beginning to the last one's end.
    pub elapsed: Duration,
}

/// SQLite refused; the source says why.
#[derive(Debug, thiserror::Error)]
#[error("the bare SQLite loop failed")]
pub struct BareError(#[from] rusqlite::Error);

/// The tables, with the columns and keys of the store's own.
const SCHEMA: &str = "
    CREATE TABLE line (
        order_id TEXT NOT NULL, line_id TEXT NOT NULL,
        product INTEGER NOT NULL, sequence INTEGER NOT NULL, quantity INTEGER NOT NULL,
        dispatched INTEGER NOT NULL, status INTEGER NOT NULL, priority INTEGER NOT NULL,
        requested_date INTEGER, original_promise INTEGER, current_promise INTEGER, batch INTEGER,
        policy INTEGER NOT NULL, split INTEGER NOT NULL,
        PRIMARY KEY (order_id, line_id)
    ) WITHOUT ROWID;
    CREATE TABLE event (
        offset INTEGER PRIMARY KEY, type TEXT NOT NULL, sku TEXT, time INTEGER NOT NULL,
        command_id TEXT, data TEXT NOT NULL
    );
    CREATE TABLE head (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, next_offset INTEGER NOT NULL);
    CREATE TABLE batch (id INTEGER PRIMARY KEY, allocated INTEGER NOT NULL);
    CREATE TABLE product (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, sequence INTEGER NOT NULL);
    INSERT INTO head VALUES (0, 0, 0);
    INSERT INTO batch VALUES (1, 0);
    INSERT INTO product VALUES (1, 0, 0);
";

/// The day that every line is promised for, in days since 1970.
const PROMISE: i64 = 20_000;
/// The first event's time, in microseconds since 1970.
const EPOCH: i64 = 1_700_000_000_000_000;

/// Writes groups of rows into a new database at `path`, durably, as fast as SQLite takes them.
pub fn bare_loop(path: &Path, shape: &Shape) -> Result<Written, BareError> {
    let mut connection = Connection::open(path)?;
    // The store's settings; they matter more than anything else here.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
         PRAGMA temp_store = MEMORY;",
    )?;
    connection.execute_batch(SCHEMA)?;
    let begin = Instant::now();
    let mut texts = Texts::default();
    let mut next = 0_i64;
    for _ in 0..shape.groups {
        if begin.elapsed() >= shape.at_most {
            break;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let group = next..next + i64::from(shape.group_size);
        next = group.end;
        write_group(&transaction, &mut texts, shape.order_ids, group)?;
        transaction.commit()?;
    }
    Ok(Written {
        lines: next.unsigned_abs(),
        elapsed: begin.elapsed(),
    })
}

/// Writes the lines with these numbers, their events, and the counters once.
fn write_group(
    connection: &Connection,
    texts: &mut Texts,
    order_ids: OrderIds,
    group: Range<i64>,
) -> Result<(), BareError> {
    let mut line = connection.prepare_cached(
        "INSERT INTO line VALUES (?1, ?2, 1, ?3, ?4, 0, 1, 5, NULL, ?5, ?5, 1, 0, 0)",
    )?;
    let mut event = connection
        .prepare_cached("INSERT INTO event VALUES (?1, 'Allocated', ?2, ?3, NULL, ?4)")?;
    let mut allocated = 0;
    let end = group.end;
    for number in group {
        let quantity = 1 + number % 10;
        allocated += quantity;
        texts.write(order_ids, number, quantity);
        line.execute(params![texts.order, texts.sku, number, quantity, PROMISE])?;
        event.execute(params![number, texts.sku, EPOCH + number, texts.data])?;
    }
    connection
        .prepare_cached("UPDATE head SET version = version + 1, next_offset = ?1 WHERE id = 0")?
        .execute([end])?;
    connection
        .prepare_cached("UPDATE batch SET allocated = allocated + ?1 WHERE id = 1")?
        .execute([allocated])?;
    connection
        .prepare_cached("UPDATE product SET version = version + 1, sequence = ?1 WHERE id = 1")?
        .execute([end])?;
    Ok(())
}

/// The texts of one line, in buffers that are used again.
#[derive(Default)]
struct Texts {
    order: String,
    sku: String,
    data: String,
}

impl Texts {
    /// Names of the load generator's lengths; the event's data is about 200 bytes of JSON.
    fn write(&mut self, order_ids: OrderIds, number: i64, quantity: i64) {
        let Self { order, sku, data } = self;
        order.clear();
        sku.clear();
        data.clear();
        // Writing to a String cannot fail.
        let _ = match order_ids {
            OrderIds::Increasing => write!(order, "bench-{number:012}"),
            OrderIds::Random => write!(order, "bench-{:016x}", scatter(number.unsigned_abs())),
        };
        let _ = write!(
            sku,
            "bench-sku-{:05}",
            scatter(number.unsigned_abs()) % 1000
        );
        let _ = write!(
            data,
            "{{\"order_id\":\"{order}\",\"line_id\":\"{sku}\",\"quantity\":{quantity},\
             \"priority\":5,\"policy\":\"earliest\",\"allocations\":[{{\"batch\":\"{sku}-b0000\",\
             \"quantity\":{quantity}}}],\"original_promise\":\"2026-11-21\"}}"
        );
    }
}

/// A bijection that leaves no order in its results (`SplitMix64`'s finalizer).
fn scatter(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_every_group_is_there() {
        for order_ids in [OrderIds::Increasing, OrderIds::Random] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("bare.db");
            let at_most = Duration::from_mins(1);
            let shape = Shape {
                groups: 5,
                group_size: 7,
                order_ids,
                at_most,
            };
            assert_eq!(bare_loop(&path, &shape).unwrap().lines, 35);
            let connection = Connection::open(&path).unwrap();
            let one = |sql: &str| {
                connection
                    .query_row(sql, [], |row| row.get::<_, i64>(0))
                    .unwrap()
            };
            assert_eq!(one("SELECT count(*) FROM line"), 35);
            assert_eq!(one("SELECT count(*) FROM event"), 35);
            assert_eq!(one("SELECT next_offset FROM head"), 35);
            let sums =
                one("SELECT (SELECT sum(quantity) FROM line) - (SELECT allocated FROM batch)");
            assert_eq!(sums, 0);
            let bytes = one("SELECT sum(length(data)) / count(*) FROM event");
            assert!((150..250).contains(&bytes), "{bytes} bytes");
        }
    }

    #[test]
    fn no_group_begins_after_the_time() {
        let directory = tempfile::tempdir().unwrap();
        let order_ids = OrderIds::Increasing;
        let shape = Shape {
            groups: 5,
            group_size: 7,
            order_ids,
            at_most: Duration::ZERO,
        };
        let written = bare_loop(&directory.path().join("bare.db"), &shape).unwrap();
        assert_eq!(written.lines, 0);
    }
}
