//! The yardstick: how fast bare SQLite takes the rows that the store writes, in the same groups.
//!
//! Nothing is decided here and nothing is read. A group is one transaction: the rows of each line, and
//! once the counters of every product and every batch that the group touches. `landfall bench --ceiling`
//! runs this beside the product, so that the ratio says what the model, the engine and the store cost
//! together.

use crate::options::Options;
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

/// Which rows a line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// One for the line, by its key, and one for its event: the least there can be.
    Two,
    /// Those of the store: the line by its number, its key, its row of the order view, its event, and its
    /// allocation, which is entered late, many at a time. What is available to promise is one counter more of
    /// each product.
    Five,
}

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Transactions, at most.
    pub groups: u64,
    /// Lines in each.
    pub group_size: u32,
    /// Products that the lines are spread over, each with one batch.
    pub skus: u32,
    /// The rows of each line.
    pub rows: Rows,
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
    CREATE TABLE events (
        offset INTEGER PRIMARY KEY, type TEXT NOT NULL, product INTEGER, time INTEGER NOT NULL,
        command_id TEXT, data TEXT NOT NULL
    ) STRICT;
    CREATE TABLE heads (
        partition INTEGER PRIMARY KEY, version INTEGER NOT NULL, next_offset INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE product_versions (number INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;
    CREATE TABLE batch_counts (
        number INTEGER PRIMARY KEY, purchased INTEGER NOT NULL, allocated INTEGER NOT NULL,
        dispatched INTEGER NOT NULL
    ) STRICT;
    INSERT INTO heads VALUES (0, 0, 0);
";
/// Where a line and its key are one row.
const TWO_ROWS: &str = "
    CREATE TABLE lines (
        order_id TEXT NOT NULL, line_id TEXT NOT NULL, number INTEGER NOT NULL, product INTEGER NOT NULL,
        quantity INTEGER NOT NULL, dispatched INTEGER NOT NULL, status INTEGER NOT NULL,
        cancelled INTEGER NOT NULL, priority INTEGER NOT NULL, policy INTEGER NOT NULL,
        split INTEGER NOT NULL, if_short INTEGER NOT NULL, requested INTEGER, original INTEGER,
        current INTEGER, batch INTEGER, first_quantity INTEGER NOT NULL,
        PRIMARY KEY (order_id, line_id)
    ) STRICT, WITHOUT ROWID;
";
/// Where they are two, and there are an allocation and the read models beside them.
const FIVE_ROWS: &str = "
    CREATE TABLE lines (
        number INTEGER PRIMARY KEY, order_id TEXT NOT NULL, line_id TEXT NOT NULL,
        product INTEGER NOT NULL, quantity INTEGER NOT NULL, dispatched INTEGER NOT NULL,
        status INTEGER NOT NULL, cancelled INTEGER NOT NULL, priority INTEGER NOT NULL,
        policy INTEGER NOT NULL, split INTEGER NOT NULL, if_short INTEGER NOT NULL, requested INTEGER,
        original INTEGER, current INTEGER, batch INTEGER, first_quantity INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE line_keys (
        order_id TEXT NOT NULL, line_id TEXT NOT NULL, number INTEGER NOT NULL,
        PRIMARY KEY (order_id, line_id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE allocations (
        batch INTEGER NOT NULL, rank INTEGER NOT NULL, promise INTEGER NOT NULL,
        number INTEGER NOT NULL, quantity INTEGER NOT NULL, PRIMARY KEY (batch, rank, promise, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE order_view (
        number INTEGER PRIMARY KEY, product INTEGER NOT NULL, quantity INTEGER NOT NULL,
        dispatched INTEGER NOT NULL, status INTEGER NOT NULL, requested INTEGER, priority INTEGER NOT NULL,
        policy INTEGER NOT NULL, deliver INTEGER NOT NULL, original INTEGER, current INTEGER, batch INTEGER
    ) STRICT;
    CREATE TABLE availability (place INTEGER PRIMARY KEY, units INTEGER NOT NULL) STRICT;
";

/// Units of each batch: more than are ever asked for.
const PURCHASED: i64 = 1_000_000_000_000;
/// Allocations that gather before they are entered, as in the store.
const GATHERED: usize = 32_768;
/// The day that every line is promised for, in days since 1970.
const PROMISE: i64 = 20_000;
/// The first event's time, in microseconds since 1970.
const EPOCH: i64 = 1_700_000_000_000_000;

/// Writes groups of rows into a new database at `path`, durably, as fast as SQLite takes them.
pub fn bare_loop(path: &Path, shape: &Shape) -> Result<Written, BareError> {
    let mut connection = Connection::open(path)?;
    // The store's settings; they matter more than anything else here.
    let Options {
        cache_bytes,
        checkpoint_pages,
        ..
    } = Options::default();
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -{};
         PRAGMA wal_autocheckpoint = {checkpoint_pages}; PRAGMA temp_store = MEMORY;",
        cache_bytes >> 10,
    ))?;
    connection.execute_batch(SCHEMA)?;
    connection.execute_batch(match shape.rows {
        Rows::Two => TWO_ROWS,
        Rows::Five => FIVE_ROWS,
    })?;
    supply(&mut connection, shape)?;
    let begin = Instant::now();
    let mut lines = Lines {
        shape: *shape,
        texts: Texts::default(),
        touched: Vec::new(),
        gathered: Vec::new(),
    };
    let mut next = 0_i64;
    for _ in 0..shape.groups {
        if begin.elapsed() >= shape.at_most {
            break;
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let group = next..next + i64::from(shape.group_size);
        next = group.end;
        lines.write_group(&transaction, group)?;
        transaction.commit()?;
    }
    Ok(Written {
        lines: next.unsigned_abs(),
        elapsed: begin.elapsed(),
    })
}

/// The counters of every product and its batch, which have the same number here.
fn supply(connection: &mut Connection, shape: &Shape) -> Result<(), BareError> {
    let transaction = connection.transaction()?;
    for number in 0..shape.skus {
        transaction
            .prepare_cached("INSERT INTO product_versions VALUES (?1, 1)")?
            .execute([number])?;
        transaction
            .prepare_cached("INSERT INTO batch_counts VALUES (?1, ?2, 0, 0)")?
            .execute([number.into(), PURCHASED])?;
        if shape.rows == Rows::Five {
            transaction
                .prepare_cached("INSERT INTO availability VALUES (?1 << 23, ?2)")?
                .execute([number.into(), PURCHASED])?;
        }
    }
    Ok(transaction.commit()?)
}

/// Makes lines and writes them.
struct Lines {
    shape: Shape,
    texts: Texts,
    /// The product and the units of each line of the group.
    touched: Vec<(i64, i64)>,
    /// Allocations that are still to be entered: batch, line, units.
    gathered: Vec<(i64, i64, i64)>,
}

impl Lines {
    /// Writes the lines with these numbers, and the counters once.
    fn write_group(&mut self, connection: &Connection, group: Range<i64>) -> Result<(), BareError> {
        let end = group.end;
        self.touched.clear();
        let mut line = connection.prepare_cached(
            "INSERT INTO lines (order_id, line_id, number, product, quantity, dispatched, status, \
             cancelled, priority, policy, split, if_short, requested, original, current, batch, \
             first_quantity) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, 5, 0, 0, 0, NULL, ?6, ?6, ?4, ?5)",
        )?;
        let mut event = connection
            .prepare_cached("INSERT INTO events VALUES (?1, 'Allocated', ?2, ?3, NULL, ?4)")?;
        for number in group.clone() {
            let quantity = 1 + number % 10;
            let product = scatter(number.unsigned_abs()) % u64::from(self.shape.skus);
            let product = product.cast_signed();
            let texts = &mut self.texts;
            texts.write(self.shape.order_ids, number, product, quantity);
            line.execute(params![
                texts.order,
                texts.sku,
                number,
                product,
                quantity,
                PROMISE
            ])?;
            event.execute(params![number, product, EPOCH + number, texts.data])?;
            if self.shape.rows == Rows::Five {
                connection
                    .prepare_cached("INSERT INTO line_keys VALUES (?1, ?2, ?3)")?
                    .execute(params![texts.order, texts.sku, number])?;
                self.gathered.push((product, number, quantity));
            }
            self.touched.push((product, quantity));
        }
        if self.shape.rows == Rows::Five {
            // As the store does it: in one statement, of the lines that are there.
            connection
                .prepare_cached(
                    "INSERT INTO order_view SELECT number, product, quantity, dispatched, status, requested, \
                     priority, policy, 0, original, current, batch FROM lines WHERE number >= ?1",
                )?
                .execute([group.start])?;
        }
        if self.gathered.len() >= GATHERED {
            self.enter_allocations(connection)?;
        }
        self.count(connection, end)
    }

    fn enter_allocations(&mut self, connection: &Connection) -> Result<(), BareError> {
        self.gathered.sort_unstable();
        let mut allocation =
            connection.prepare_cached("INSERT INTO allocations VALUES (?1, 4, ?2, ?3, ?4)")?;
        for (batch, number, quantity) in self.gathered.drain(..) {
            allocation.execute([batch, PROMISE, number, quantity])?;
        }
        Ok(())
    }

    /// The head's counters, and those of every product and batch that was touched, once each.
    fn count(&mut self, connection: &Connection, end: i64) -> Result<(), BareError> {
        connection
            .prepare_cached(
                "UPDATE heads SET version = version + 1, next_offset = ?1 WHERE partition = 0",
            )?
            .execute([end])?;
        let mut version = connection.prepare_cached(
            "UPDATE product_versions SET version = version + ?2 WHERE number = ?1",
        )?;
        let mut units = connection.prepare_cached(
            "UPDATE batch_counts SET allocated = allocated + ?2 WHERE number = ?1",
        )?;
        let mut available = match self.shape.rows {
            Rows::Two => None,
            Rows::Five => Some(connection.prepare_cached(
                "UPDATE availability SET units = units - ?2 WHERE place = ?1 << 23",
            )?),
        };
        self.touched.sort_unstable();
        for lines in self.touched.chunk_by(|a, b| a.0 == b.0) {
            let (mut count, mut quantity) = (0, 0);
            for line in lines {
                count += 1;
                quantity += line.1;
            }
            version.execute([lines[0].0, count])?;
            units.execute([lines[0].0, quantity])?;
            if let Some(available) = &mut available {
                available.execute([lines[0].0, quantity])?;
            }
        }
        Ok(())
    }
}

/// The texts of one line, in buffers that are used again.
#[derive(Default)]
struct Texts {
    order: String,
    sku: String,
    data: String,
}

impl Texts {
    /// Names of the load generator's lengths, and the event's data as the store has it.
    fn write(&mut self, order_ids: OrderIds, number: i64, product: i64, quantity: i64) {
        let Self { order, sku, data } = self;
        order.clear();
        sku.clear();
        data.clear();
        // Writing to a String cannot fail.
        let _ = match order_ids {
            OrderIds::Increasing => write!(order, "bench-{number:012}"),
            OrderIds::Random => write!(order, "bench-{:016x}", scatter(number.unsigned_abs())),
        };
        let _ = write!(sku, "bench-sku-{product:05}");
        let _ = write!(
            data,
            "{{\"order_id\":\"{order}\",\"line_id\":\"{sku}\",\"quantity\":{quantity},\
             \"allocations\":[{{\"batch\":\"{sku}-b0000\",\"quantity\":{quantity}}}],\
             \"original_promise\":\"2026-11-21\",\"current_promise\":\"2026-11-21\",\
             \"accepted\":{{\"quantity\":{quantity},\"priority\":5,\"policy\":\"earliest\",\
             \"if_short\":\"backorder\"}}}}"
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

    const SHAPE: Shape = Shape {
        groups: 5,
        group_size: 7_000,
        skus: 10,
        rows: Rows::Five,
        order_ids: OrderIds::Random,
        at_most: Duration::from_mins(1),
    };

    #[test]
    fn every_row_of_every_group_is_there() {
        for (order_ids, rows) in [
            (OrderIds::Increasing, Rows::Two),
            (OrderIds::Random, Rows::Five),
        ] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("bare.db");
            let shape = Shape {
                rows,
                order_ids,
                ..SHAPE
            };
            assert_eq!(bare_loop(&path, &shape).unwrap().lines, 35_000);
            let connection = Connection::open(&path).unwrap();
            let one = |sql: &str| {
                connection
                    .query_row(sql, [], |row| row.get::<_, i64>(0))
                    .unwrap()
            };
            assert_eq!(one("SELECT count(*) FROM lines"), 35_000);
            assert_eq!(one("SELECT count(*) FROM events"), 35_000);
            assert_eq!(one("SELECT next_offset FROM heads"), 35_000);
            assert_eq!(
                one("SELECT sum(version) - count(*) FROM product_versions"),
                35_000
            );
            let wrong = one(
                "SELECT count(*) FROM batch_counts WHERE allocated = 0 OR allocated <> \
                 (SELECT sum(quantity) FROM lines WHERE batch = batch_counts.number)",
            );
            assert_eq!(wrong, 0);
            if rows == Rows::Five {
                assert_eq!(one("SELECT count(*) FROM line_keys"), 35_000);
                assert_eq!(one("SELECT count(*) FROM allocations"), 35_000);
                assert_eq!(one("SELECT count(*) FROM order_view"), 35_000);
                let wrong = one("SELECT count(*) FROM availability a JOIN batch_counts b \
                     ON b.number = a.place >> 23 WHERE a.units <> b.purchased - b.allocated");
                assert_eq!(wrong, 0);
            }
        }
    }

    #[test]
    fn no_group_begins_after_the_time() {
        let directory = tempfile::tempdir().unwrap();
        let shape = Shape {
            at_most: Duration::ZERO,
            ..SHAPE
        };
        let written = bare_loop(&directory.path().join("bare.db"), &shape).unwrap();
        assert_eq!(written.lines, 0);
    }
}
