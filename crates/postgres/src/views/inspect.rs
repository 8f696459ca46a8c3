//! Everything, of one moment, for an audit: read row by row, and never more of it in memory than is under way.

use std::pin::pin;
use std::sync::LazyLock;

use futures_util::TryStreamExt;
use landfall_domain::OrderLine;
use landfall_domain::product::Counters;
use landfall_service::store::partition_of;
use landfall_service::views::{AvailabilityView, DeskShown, Inspect};
use tokio_postgres::{IsolationLevel, Row, Transaction};

use super::events::{self, EVENT};
use super::order_view::{Lines, PEGS, VIEW, VIEW_COLUMNS};
use super::pool::Pool;
use crate::codes;
use crate::desk::tables as desk;
use crate::error::Fault;
use crate::link::Link;
use crate::rows::{
    self, BATCH, LINE, LINE_COLUMNS, PRODUCT, PRODUCT_OF_B, PRODUCT_OF_L, Place, RawLine, SHIPMENT,
    count, get, name, partition,
};

static EVENTS: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {EVENT} FROM events e ORDER BY e.partition, e.\"offset\""));
static PRODUCTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT p.partition, p.number, {PRODUCT} FROM products p ORDER BY p.partition, p.number"
    )
});
static BATCHES: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {BATCH} FROM batches b {PRODUCT_OF_B} ORDER BY b.partition, b.number")
});
/// Lines, with the references of their batches.
static LINES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {LINE}, peg.number, b.reference FROM lines l {PRODUCT_OF_L} \
         LEFT JOIN LATERAL ( \
             SELECT l.batch AS number, 1::bigint AS place WHERE l.batch IS NOT NULL \
             UNION ALL \
             SELECT (e.part ->> 0)::bigint, e.place \
               FROM jsonb_array_elements(l.parts::jsonb) WITH ORDINALITY AS e (part, place)) AS peg ON true \
         LEFT JOIN batches b ON b.partition = l.partition AND b.number = peg.number \
         ORDER BY l.partition, l.number, peg.place"
    )
});
static SHIPMENTS: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {SHIPMENT}, s.partition FROM shipments s ORDER BY s.partition, s.reference")
});
/// The order view, with the line that it is the directory of.
static ORDER_VIEW: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIEW}, v.partition, l.order_id, l.line_id FROM order_view v \
         LEFT JOIN lines l ON l.partition = v.home AND l.number = v.number {PEGS} \
         ORDER BY v.partition, v.order_id, v.line_id, peg.place"
    )
});
const AVAILABILITY: &str = "SELECT p.sku, a.day, a.units, a.partition, a.product FROM availability a \
     LEFT JOIN products p ON p.partition = a.partition AND p.number = a.product \
     ORDER BY a.partition, a.product, a.day";
/// What is allocated of each batch, as far as lines are found by it.
const ALLOCATED: &str = "SELECT a.partition, a.batch, sum(a.units)::bigint, count(*) FROM ( \
         SELECT l.partition, l.batch, l.quantity - l.dispatched AS units FROM lines l WHERE l.batch IS NOT NULL \
         UNION ALL \
         SELECT t.partition, t.batch, t.units FROM line_parts t) AS a \
     GROUP BY a.partition, a.batch ORDER BY a.partition, a.batch";
const HEADS: &str = "SELECT partition, next_offset FROM heads ORDER BY partition";
/// Directories, each with what it points to: partition, name, and the name that is there.
const DIRECTORIES: [(&str, &str); 2] = [
    (
        "batch",
        "SELECT n.partition, n.reference, b.reference FROM batch_names n \
         LEFT JOIN batches b ON b.partition = n.home AND b.number = n.number",
    ),
    (
        "shipment's batch",
        "SELECT c.partition, c.shipment, CASE WHEN b.reference = c.reference THEN b.shipment END FROM cargo c \
         LEFT JOIN batches b ON b.partition = c.home AND b.number = c.number",
    ),
];

/// Where it is said how many there must be of two things.
const EQUAL_COUNTS: [(&str, &str); 2] = [
    (
        "SELECT (SELECT count(*) FROM batches), (SELECT count(*) FROM batch_names)",
        "batches and the directory of their references",
    ),
    (
        "SELECT (SELECT count(*) FROM batches WHERE shipment IS NOT NULL), (SELECT count(*) FROM cargo)",
        "batches on shipments and the directory of cargo",
    ),
];

/// What only this store keeps, beside the facts that an audit compares: columns and entries made from others, by
/// which stock and lines are found. Each finds what is wrong.
const OWN_RECORDS: [(&str, &str); 4] = [
    (
        "SELECT 'batch ' || b.reference FROM batches b WHERE b.open <> CASE \
         WHEN b.purchased > b.allocated + b.dispatched THEN 1 WHEN b.allocated > 0 THEN 2 ELSE 0 END LIMIT 1",
        "has free units or is in use and is not found as such, or the other way round",
    ),
    (
        "SELECT 'batch ' || b.reference FROM batches b \
         LEFT JOIN products p ON p.partition = b.partition AND p.number = b.product WHERE p.number IS NULL LIMIT 1",
        "is of a product that there is not",
    ),
    (
        "SELECT 'line ' || coalesce(l.order_id || '/' || l.line_id, t.number::text) FROM line_parts t \
         LEFT JOIN lines l ON l.partition = t.partition AND l.number = t.number \
         WHERE l.number IS NULL OR l.status <> 0 OR l.batch IS NOT NULL \
         OR t.shortage <> 9 - l.priority - CASE WHEN l.dispatched > 0 THEN 10 ELSE 0 END \
         OR t.promise <> coalesce(l.current, DATE '9999-12-31') LIMIT 1",
        "is entered among the parts of split lines at another place than its own",
    ),
    (
        "SELECT 'number ' || h.next_number || ' of partition ' || h.partition FROM heads h WHERE h.next_number <= greatest( \
         (SELECT max(l.number) FROM lines l WHERE l.partition = h.partition), \
         (SELECT max(b.number) FROM batches b WHERE b.partition = h.partition), \
         (SELECT max(p.number) FROM products p WHERE p.partition = h.partition)) LIMIT 1",
        "is to be given next, and a product, batch or line has it or a later one",
    ),
];

/// All statements, for a test of them.
#[cfg(test)]
pub(super) fn statements() -> Vec<String> {
    let mut all = vec![
        EVENTS.clone(),
        PRODUCTS.clone(),
        BATCHES.clone(),
        LINES.clone(),
        SHIPMENTS.clone(),
        ORDER_VIEW.clone(),
        AVAILABILITY.into(),
        ALLOCATED.into(),
        HEADS.into(),
        desk::PLACES.into(),
        desk::ALL_LINES.clone(),
        desk::ALL_BATCHES.into(),
        desk::ALL_DAYS.clone(),
    ];
    let others = DIRECTORIES.map(|(_, sql)| sql).into_iter();
    let others = others
        .chain(EQUAL_COUNTS.map(|(sql, _)| sql))
        .chain(OWN_RECORDS.map(|(sql, _)| sql));
    all.extend(others.map(Into::into));
    all
}

pub(super) async fn inspect(pool: &Pool, inspect: &mut dyn Inspect) -> Result<(), Fault> {
    let database = &pool.database;
    // A connection of its own: it takes its time, which those of the pool may not.
    let session = database.options.patient();
    let mut link = Link::open(&database.target, &session, "").await?;
    let begin = link
        .client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true);
    let scan = Scan {
        moment: begin.start().await?,
        partitions: pool.partitions(),
    };
    scan.each(desk::PLACES, |row| {
        inspect.desk(DeskShown::Place(&desk::place(row)?));
        Ok(())
    })
    .await?;
    scan.log_and_supply(inspect).await?;
    scan.lines(inspect).await?;
    scan.views(inspect).await?;
    scan.desk(inspect).await?;
    scan.own_records().await?;
    scan.each(HEADS, |row| {
        inspect.head(partition(row, 0)?, count(row, 1)?);
        Ok(())
    })
    .await
}

struct Scan<'a> {
    moment: Transaction<'a>,
    partitions: u16,
}

impl Scan<'_> {
    /// Shows each row of a statement.
    async fn each(
        &self,
        sql: &str,
        mut show: impl FnMut(&Row) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let rows = self
            .moment
            .query_raw(sql, std::iter::empty::<i64>())
            .await?;
        let mut rows = pin!(rows);
        while let Some(row) = rows.try_next().await? {
            show(&row)?;
        }
        Ok(())
    }

    /// Something named is where it is looked for.
    fn lies(&self, what: &str, name: &str, partition: u16) -> Result<(), Fault> {
        if partition_of(name, self.partitions) == partition {
            return Ok(());
        }
        Err(Fault::Corrupt(format!(
            "{what} {name} lies in partition {partition}, which is not its own"
        )))
    }

    async fn log_and_supply(&self, inspect: &mut dyn Inspect) -> Result<(), Fault> {
        self.each(&EVENTS, |row| {
            inspect.event(&events::record(row)?);
            Ok(())
        })
        .await?;
        self.each(&PRODUCTS, |row| {
            let (place, sku) = (rows::place(row, 0)?, name::<landfall_domain::Sku>(row, 2)?);
            self.lies("product", sku.as_str(), place.0)?;
            let counters: Counters = rows::counters(row, 2)?;
            inspect.product(place.1, &sku, counters);
            Ok(())
        })
        .await?;
        self.each(&BATCHES, |row| {
            inspect.batch(&rows::batch(row)?);
            Ok(())
        })
        .await?;
        self.each(&SHIPMENTS, |row| {
            let shipment = rows::shipment(row)?;
            self.lies("shipment", shipment.reference.as_str(), partition(row, 9)?)?;
            inspect.shipment(&shipment);
            Ok(())
        })
        .await
    }

    async fn lines(&self, inspect: &mut dyn Inspect) -> Result<(), Fault> {
        // A split line has a row for each of its batches.
        let mut last: Option<(RawLine, Pegged)> = None;
        self.each(&LINES, |row| {
            let place = rows::place(row, 0)?;
            if last.as_ref().is_none_or(|(line, _)| line.place != place) {
                let next = (RawLine::read(row)?, Pegged::default());
                if let Some((line, pegged)) = last.replace(next) {
                    inspect.line(&pegged.name(line)?);
                }
            }
            if let Some((_, pegged)) = &mut last {
                pegged.add(row)?;
            }
            Ok(())
        })
        .await?;
        if let Some((line, pegged)) = last {
            inspect.line(&pegged.name(line)?);
        }
        self.each(ALLOCATED, |row| {
            let (partition, batch) = rows::place(row, 0)?;
            inspect.allocated(partition, batch, count(row, 2)?, count(row, 3)?);
            Ok(())
        })
        .await
    }

    async fn views(&self, inspect: &mut dyn Inspect) -> Result<(), Fault> {
        let mut lines = Lines::default();
        self.each(&ORDER_VIEW, |row| {
            let (order_id, line_id): (&str, &str) = (get(row, 0)?, get(row, 1)?);
            self.lies("the order view of", order_id, partition(row, VIEW_COLUMNS)?)?;
            let there: (Option<&str>, Option<&str>) =
                (get(row, VIEW_COLUMNS + 1)?, get(row, VIEW_COLUMNS + 2)?);
            if there != (Some(order_id), Some(line_id)) {
                return Err(Fault::Corrupt(format!(
                    "line {order_id}/{line_id} is not found by its key"
                )));
            }
            lines.add(row)?;
            for line in lines.take_finished() {
                inspect.order_line(&line.into_view());
            }
            Ok(())
        })
        .await?;
        for line in lines.finish() {
            inspect.order_line(&line.into_view());
        }
        self.each(AVAILABILITY, |row| {
            let Some(sku) = rows::optional_name(row, 0)? else {
                let (partition, product): Place = rows::place(row, 3)?;
                return Err(Fault::Corrupt(format!(
                    "there is no product {product} in partition {partition}"
                )));
            };
            inspect.availability(&AvailabilityView {
                sku,
                supply: get::<codes::Day>(row, 1)?.supply()?,
                units: count(row, 2)?,
            });
            Ok(())
        })
        .await
    }

    /// What the desk holds.
    async fn desk(&self, inspect: &mut dyn Inspect) -> Result<(), Fault> {
        self.each(&desk::ALL_LINES, |row| {
            inspect.desk(DeskShown::Line(&desk::row(row)?));
            Ok(())
        })
        .await?;
        self.each(desk::ALL_BATCHES, |row| {
            inspect.desk(DeskShown::Batch(&desk::batch(row)?));
            Ok(())
        })
        .await?;
        self.each(&desk::ALL_DAYS, |row| {
            let (day, figures) = desk::day(row, 1)?;
            inspect.desk(DeskShown::Day(partition(row, 0)?, day, &figures));
            Ok(())
        })
        .await
    }

    /// What only this store keeps.
    async fn own_records(&self) -> Result<(), Fault> {
        for (what, sql) in DIRECTORIES {
            self.each(sql, |row| {
                let (name, there): (&str, Option<&str>) = (get(row, 1)?, get(row, 2)?);
                self.lies(what, name, partition(row, 0)?)?;
                if there == Some(name) {
                    return Ok(());
                }
                Err(Fault::Corrupt(format!(
                    "{what} {name} is not where its directory says"
                )))
            })
            .await?;
        }
        for (sql, what) in EQUAL_COUNTS {
            self.each(sql, |row| match (count(row, 0)?, count(row, 1)?) {
                (things, entries) if things == entries => Ok(()),
                (things, entries) => Err(Fault::Corrupt(format!("{what}: {things} and {entries}"))),
            })
            .await?;
        }
        for (sql, wrong) in OWN_RECORDS {
            self.each(sql, |row| {
                Err(Fault::Corrupt(format!("{} {wrong}", get::<&str>(row, 0)?)))
            })
            .await?;
        }
        Ok(())
    }
}

/// The references of the batches that a line is pegged to, by number.
#[derive(Default)]
struct Pegged(Vec<(u64, landfall_domain::BatchRef)>);

impl Pegged {
    fn add(&mut self, row: &Row) -> Result<(), Fault> {
        if let Some(number) = get::<Option<i64>>(row, LINE_COLUMNS)? {
            let reference = rows::optional_name(row, LINE_COLUMNS + 1)?;
            let missing = || Fault::Corrupt(format!("there is no batch {number}"));
            self.0
                .push((codes::count_of(number)?, reference.ok_or_else(missing)?));
        }
        Ok(())
    }

    fn name(self, line: RawLine) -> Result<OrderLine, Fault> {
        line.into_line(|(_, number)| {
            let found = self.0.iter().find(|(batch, _)| *batch == number);
            let missing = || Fault::Corrupt(format!("there is no batch {number}"));
            found
                .map(|(_, reference)| reference.clone())
                .ok_or_else(missing)
        })
    }
}
