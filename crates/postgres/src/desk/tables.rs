//! What a step of the desk reads and writes.

use std::sync::LazyLock;

use jiff::civil::Date;
use landfall_domain::Priority;
use landfall_domain::batch::Landing;
use landfall_service::desk::tables::{BatchRow, Place, Step, WorkRow};
use landfall_service::desk::{Cause, Figures, Total, Totals, WorkItem, WorkKind, WorkSort};
use tokio_postgres::Row;

use crate::codes::{Day, Micros, int, small};
use crate::error::Fault;
use crate::rows::{self, count, get, partition};
use crate::views::events::EVENT;
use crate::views::pool::{Ask, Pool};

pub(super) const ENROLL: &str = "INSERT INTO desk_places (partition, through, waiting_lines, waiting_units, late_lines, \
            late_units, zone) \
     SELECT partition, 0, 0, 0, 0, 0, $1 FROM heads ON CONFLICT (partition) DO NOTHING";
pub(crate) const PLACES: &str = "SELECT d.partition, d.through, h.next_offset - 1, d.waiting_lines, d.waiting_units, \
            d.late_lines, d.late_units, d.zone \
       FROM desk_places d JOIN heads h ON h.partition = d.partition ORDER BY d.partition";
/// Nothing else of the partition's desk is changed until the end of the transaction that does this.
const MOVE: &str = "UPDATE desk_places SET through = $3, waiting_lines = $4, waiting_units = $5, late_lines = $6, \
            late_units = $7 \
      WHERE partition = $1 AND through = $2 RETURNING partition";
/// The columns of `worklist w` that [`row`] reads.
pub(super) const WORK: &str = "w.order_id, w.line_id, w.kind, w.sku, w.units, w.rank, w.requested, w.original, \
     w.current, w.worst, w.cause, w.batch, w.shipment, w.since, w.pegs";
pub(super) static ROWS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {WORK} FROM unnest($2::text[], $3::text[]) AS k (order_id, line_id) \
           JOIN worklist w ON w.partition = $1 AND w.order_id = k.order_id AND w.line_id = k.line_id"
    )
});
/// What happened to some lines up to an offset. `$2` has the partitions of their orders.
pub(super) static HISTORIES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM unnest($2::smallint[], $3::text[], $4::text[]) AS k (home, order_id, line_id) \
           JOIN order_view v ON v.partition = k.home AND v.order_id = k.order_id AND v.line_id = k.line_id \
          CROSS JOIN LATERAL ( \
             SELECT l.accepted AS \"offset\" FROM lines l WHERE l.partition = $1 AND l.number = v.number \
             UNION \
             SELECT h.\"offset\" FROM history h WHERE h.partition = $1 AND h.kind = 3 AND h.thing = v.number) AS h \
           JOIN events e ON e.partition = $1 AND e.\"offset\" = h.\"offset\" \
          WHERE h.\"offset\" <= $5 ORDER BY e.\"offset\""
    )
});
pub(super) const BATCHES: &str = "SELECT b.batch, b.shipment, b.landed, b.landed_sold, b.landed_of \
       FROM unnest($2::text[]) AS k (batch) JOIN desk_batches b ON b.partition = $1 AND b.batch = k.batch";
pub(super) static DAYS: LazyLock<String> = LazyLock::new(|| {
    let columns = Figures::NAMES.map(|name| format!("d.{name}")).join(", ");
    format!(
        "SELECT d.day, {columns} FROM unnest($2::date[]) AS k (day) \
           JOIN desk_days d ON d.partition = $1 AND d.day = k.day"
    )
});
const REMOVE: &str = "DELETE FROM worklist AS w USING unnest($2::text[], $3::text[]) AS k (order_id, line_id) \
      WHERE w.partition = $1 AND w.order_id = k.order_id AND w.line_id = k.line_id";
const PUT: &str = "INSERT INTO worklist (partition, order_id, line_id, kind, sku, units, rank, requested, original, \
            current, worst, cause, batch, shipment, since, pegs) \
     SELECT $1, k.* FROM unnest($2::text[], $3::text[], $4::smallint[], $5::text[], $6::bigint[], $7::smallint[], \
            $8::date[], $9::date[], $10::date[], $11::integer[], $12::text[], $13::text[], $14::text[], \
            $15::timestamptz[], $16::text[]) AS k \
     ON CONFLICT (partition, order_id, line_id) DO UPDATE SET kind = excluded.kind, sku = excluded.sku, \
            units = excluded.units, rank = excluded.rank, requested = excluded.requested, \
            original = excluded.original, current = excluded.current, worst = excluded.worst, \
            cause = excluded.cause, batch = excluded.batch, shipment = excluded.shipment, since = excluded.since, \
            pegs = excluded.pegs";
const PUT_BATCHES: &str = "INSERT INTO desk_batches (partition, batch, shipment, landed, landed_sold, landed_of) \
     SELECT $1, k.* FROM unnest($2::text[], $3::text[], $4::date[], $5::bigint[], $6::bigint[]) AS k \
     ON CONFLICT (partition, batch) DO UPDATE SET shipment = excluded.shipment, landed = excluded.landed, \
            landed_sold = excluded.landed_sold, landed_of = excluded.landed_of";
/// The figures of one day after the other, in the order of their columns, in `$3`.
static PUT_DAYS: LazyLock<String> = LazyLock::new(|| {
    let columns = Figures::NAMES.join(", ");
    let count = Figures::COUNT;
    let values =
        (1..=count).map(|place| format!("($3::bigint[])[(k.number - 1) * {count} + {place}]"));
    let values = values.collect::<Vec<_>>().join(", ");
    let set = Figures::NAMES.map(|name| format!("{name} = excluded.{name}"));
    let set = set.join(", ");
    format!(
        "INSERT INTO desk_days (partition, day, {columns}) \
         SELECT $1, k.day, {values} FROM unnest($2::date[]) WITH ORDINALITY AS k (day, number) \
         ON CONFLICT (partition, day) DO UPDATE SET {set}"
    )
});
const CLEAR: [&str; 4] = [
    "DELETE FROM desk_places",
    "DELETE FROM worklist",
    "DELETE FROM desk_batches",
    "DELETE FROM desk_days",
];

/// All rows, for an audit.
pub(crate) static ALL_LINES: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {WORK} FROM worklist w"));
pub(crate) const ALL_BATCHES: &str =
    "SELECT b.batch, b.shipment, b.landed, b.landed_sold, b.landed_of FROM desk_batches b";
pub(crate) static ALL_DAYS: LazyLock<String> = LazyLock::new(|| {
    let columns = Figures::NAMES.map(|name| format!("d.{name}")).join(", ");
    format!("SELECT d.partition, d.day, {columns} FROM desk_days d")
});

pub(super) fn kind(kind: WorkKind) -> i16 {
    match kind {
        WorkKind::Waiting => 0,
        WorkKind::Late => 1,
    }
}

/// The place in a row of [`PLACES`].
pub(crate) fn place(row: &Row) -> Result<Place, Fault> {
    let total = |column| {
        Ok::<_, Fault>(Total {
            lines: count(row, column)?,
            units: count(row, column + 1)?,
        })
    };
    Ok(Place {
        partition: partition(row, 0)?,
        through: count(row, 1)?,
        end: count(row, 2)?,
        totals: Totals {
            waiting: total(3)?,
            late: total(5)?,
        },
        zone: get(row, 7)?,
    })
}

/// The row of the worklist in a row of [`WORK`].
pub(crate) fn row(row: &Row) -> Result<WorkRow, Fault> {
    let damaged = |what: &str| Fault::Corrupt(format!("a row of the worklist has no {what}"));
    let kind = match get::<i16>(row, 2)? {
        0 => WorkKind::Waiting,
        1 => WorkKind::Late,
        _ => return Err(damaged("kind")),
    };
    let rank: i16 = get(row, 5)?;
    let priority = u64::try_from(9 - rank).ok();
    let priority = priority.and_then(|rank| Priority::new(rank).ok());
    let item = WorkItem {
        kind,
        order_id: rows::name(row, 0)?,
        line_id: rows::name(row, 1)?,
        sku: rows::name(row, 3)?,
        units: count(row, 4)?,
        priority: priority.ok_or_else(|| damaged("priority"))?,
        requested_date: rows::date(row, 6)?,
        original_promise: rows::date(row, 7)?,
        current_promise: rows::date(row, 8)?,
        days_late: days_late(get(row, 9)?),
        cause: Cause::parse(get(row, 10)?).ok_or_else(|| damaged("cause"))?,
        batch: rows::optional_name(row, 11)?,
        shipment: rows::optional_name(row, 12)?,
        since: get::<Micros>(row, 13)?.time()?,
    };
    WorkRow::with_pegs(item, get(row, 14)?).ok_or_else(|| damaged("pegs"))
}

/// Days late, from the column `worst`.
pub(super) fn days_late(worst: i32) -> Option<u32> {
    (worst > i32::MIN).then(|| u32::try_from(-worst).unwrap_or(0))
}

/// The batch in a row of [`BATCHES`].
pub(crate) fn batch(row: &Row) -> Result<BatchRow, Fault> {
    let landed = match rows::date(row, 2)? {
        Some(on) => Some(Landing {
            on,
            sold: count(row, 3)?,
            of: count(row, 4)?,
        }),
        None => None,
    };
    Ok(BatchRow {
        batch: rows::name(row, 0)?,
        shipment: rows::optional_name(row, 1)?,
        landed,
    })
}

/// A day in this column, and its figures in those after it.
pub(crate) fn day(row: &Row, column: usize) -> Result<(Date, Figures), Fault> {
    let mut values = [0; Figures::COUNT];
    for (value, column) in values.iter_mut().zip(column + 1..) {
        *value = count(row, column)?;
    }
    let day = get::<Day>(row, column)?.date()?;
    Ok((day, Figures::from_array(values)))
}

/// A sum as the database keeps it: one that it could not hold is cut.
fn sum(sum: u64) -> i64 {
    i64::try_from(sum).unwrap_or(i64::MAX)
}

/// Writes a step in one transaction. `false`: the desk stands elsewhere.
pub(super) async fn advance(pool: &Pool, step: &Step) -> Result<bool, Fault> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    let home = small(step.partition);
    let Totals { waiting, late } = step.totals;
    let moved = Ask::new(MOVE)
        .with(home)
        .with(int(step.after))
        .with(int(step.through))
        .with(sum(waiting.lines))
        .with(sum(waiting.units))
        .with(sum(late.lines))
        .with(sum(late.units));
    if moved.of(&transaction).await?.is_empty() {
        return Ok(false);
    }
    if !step.removed.is_empty() {
        let (orders, lines) = super::names(&step.removed);
        let remove = Ask::new(REMOVE).with(home).with(orders).with(lines);
        remove.of(&transaction).await?;
    }
    if !step.put.is_empty() {
        put(home, &step.put).of(&transaction).await?;
    }
    if !step.batches.is_empty() {
        put_batches(home, &step.batches).of(&transaction).await?;
    }
    if !step.days.is_empty() {
        let days: Vec<Day> = step.days.iter().map(|(day, _)| Day::of(*day)).collect();
        let figures = step.days.iter().flat_map(|(_, figures)| figures.to_array());
        let figures: Vec<i64> = figures.map(sum).collect();
        let put = Ask::new(&*PUT_DAYS).with(home).with(days).with(figures);
        put.of(&transaction).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// A column of rows.
fn column<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

fn put(home: i16, rows: &[WorkRow]) -> Ask {
    let days =
        |date: fn(&WorkItem) -> Option<Date>| column(rows, |row| date(&row.item).map(Day::of));
    // Both lie within the bounds: a rank is 0 to 9, and days are those between two dates.
    let rank = |row: &WorkRow| i16::try_from(row.item.rank(WorkSort::Priority)).unwrap_or(9);
    let worst =
        |row: &WorkRow| i32::try_from(row.item.rank(WorkSort::DaysLate)).unwrap_or(i32::MIN);
    Ask::new(PUT)
        .with(home)
        .with(column(rows, |row| row.item.order_id.to_string()))
        .with(column(rows, |row| row.item.line_id.to_string()))
        .with(column(rows, |row| kind(row.item.kind)))
        .with(column(rows, |row| row.item.sku.to_string()))
        .with(column(rows, |row| int(row.item.units)))
        .with(column(rows, rank))
        .with(days(|item| item.requested_date))
        .with(days(|item| item.original_promise))
        .with(days(|item| item.current_promise))
        .with(column(rows, worst))
        .with(column(rows, |row| row.item.cause.as_str()))
        .with(column(rows, |row| {
            row.item.batch.as_ref().map(ToString::to_string)
        }))
        .with(column(rows, |row| {
            row.item.shipment.as_ref().map(ToString::to_string)
        }))
        .with(column(rows, |row| Micros::of(row.item.since)))
        .with(column(rows, WorkRow::pegs_text))
}

fn put_batches(home: i16, rows: &[BatchRow]) -> Ask {
    Ask::new(PUT_BATCHES)
        .with(home)
        .with(column(rows, |row| row.batch.to_string()))
        .with(column(rows, |row| {
            row.shipment.as_ref().map(ToString::to_string)
        }))
        .with(column(rows, |row| {
            row.landed.map(|landed| Day::of(landed.on))
        }))
        .with(column(rows, |row| {
            row.landed.map(|landed| int(landed.sold))
        }))
        .with(column(rows, |row| row.landed.map(|landed| int(landed.of))))
}

/// Forgets everything in one transaction, and begins anew.
pub(super) async fn clear(pool: &Pool, zone: &str) -> Result<(), Fault> {
    let mut connection = pool.get().await?;
    let transaction = connection.transaction().await?;
    for sql in CLEAR {
        Ask::new(sql).of(&transaction).await?;
    }
    let enroll = Ask::new(ENROLL).with(zone.to_owned());
    enroll.of(&transaction).await?;
    Ok(transaction.commit().await?)
}
