//! What the projector asks of the database, statement by statement. Each function is one transaction.

use std::sync::LazyLock;

use jiff::civil::Date;
use landfall_domain::batch::Landing;
use landfall_domain::{BatchRef, LineKey, Priority, ShipmentRef};
use landfall_service::LogRecord;
use landfall_service::desk::tables::{BatchRow, Place, Step, WorkRow};
use landfall_service::desk::{Cause, Figures, Total, Totals, WorkItem, WorkKind, WorkSort};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::codes::{self, int};
use crate::error::Fault;
use crate::rows::{self, count};

/// The columns of `worklist w` that [`row`] reads.
pub(super) const WORK: &str = "w.order_id, w.line_id, w.kind, w.sku, w.units, w.rank, w.requested, w.original, \
     w.current, w.worst, w.cause, w.batch, w.shipment, w.since, w.pegs";
static ROW: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {WORK} FROM worklist w WHERE w.order_id = ?1 AND w.line_id = ?2")
});
const PUT: &str = "INSERT INTO worklist (order_id, line_id, kind, sku, units, rank, requested, original, current, worst, \
     cause, batch, shipment, since, pegs) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
     ON CONFLICT DO UPDATE SET kind = excluded.kind, sku = excluded.sku, units = excluded.units, \
     rank = excluded.rank, requested = excluded.requested, original = excluded.original, \
     current = excluded.current, worst = excluded.worst, cause = excluded.cause, batch = excluded.batch, \
     shipment = excluded.shipment, since = excluded.since, pegs = excluded.pegs";
const REMOVE: &str = "DELETE FROM worklist WHERE order_id = ?1 AND line_id = ?2";
const PLACES: &str = "SELECT d.partition, d.through, h.next_offset - 1, d.waiting_lines, d.waiting_units, d.late_lines, \
     d.late_units, d.zone FROM desk_places d JOIN heads h ON h.partition = d.partition ORDER BY d.partition";
const MOVE: &str = "UPDATE desk_places SET through = ?3, waiting_lines = ?4, waiting_units = ?5, late_lines = ?6, \
     late_units = ?7 WHERE partition = ?1 AND through = ?2";
const ENROLL: &str = "INSERT INTO desk_places (partition, through, waiting_lines, waiting_units, late_lines, late_units, \
     zone) SELECT partition, 0, 0, 0, 0, 0, ?1 FROM heads WHERE true ON CONFLICT DO NOTHING";
const NUMBER: &str = "SELECT number FROM line_keys WHERE order_id = ?1 AND line_id = ?2";
const BATCH: &str =
    "SELECT batch, shipment, landed, landed_sold, landed_of FROM desk_batches WHERE batch = ?1";
const PUT_BATCH: &str = "INSERT OR REPLACE INTO desk_batches (batch, shipment, landed, landed_sold, landed_of) \
     VALUES (?1, ?2, ?3, ?4, ?5)";
static DAY: LazyLock<String> = LazyLock::new(|| {
    let columns = Figures::NAMES.join(", ");
    format!("SELECT day, {columns} FROM desk_days WHERE day = ?1")
});
static PUT_DAY: LazyLock<String> = LazyLock::new(|| {
    let (columns, values) = (Figures::NAMES.join(", "), ", ?".repeat(Figures::COUNT));
    format!("INSERT OR REPLACE INTO desk_days (day, {columns}) VALUES (?{values})")
});

/// All rows, for an audit.
pub(crate) static ALL_LINES: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {WORK} FROM worklist w"));
pub(crate) const ALL_BATCHES: &str =
    "SELECT batch, shipment, landed, landed_sold, landed_of FROM desk_batches";
pub(crate) static ALL_DAYS: LazyLock<String> = LazyLock::new(|| {
    let columns = Figures::NAMES.join(", ");
    format!("SELECT day, {columns} FROM desk_days")
});

pub(super) fn kind(kind: WorkKind) -> i64 {
    match kind {
        WorkKind::Waiting => 0,
        WorkKind::Late => 1,
    }
}

/// The row of the worklist in a row of [`WORK`].
pub(crate) fn row(row: &Row<'_>) -> Result<WorkRow, Fault> {
    let damaged = |what: &str| Fault::Corrupt(format!("a row of the worklist has no {what}"));
    let kind = match row.get(2)? {
        0 => WorkKind::Waiting,
        1 => WorkKind::Late,
        _ => return Err(damaged("kind")),
    };
    let rank: i64 = row.get(5)?;
    let priority = u64::try_from(9 - rank).ok();
    let priority = priority.and_then(|rank| Priority::new(rank).ok());
    let worst: i64 = row.get(9)?;
    let cause: String = row.get(10)?;
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
        days_late: days_late(worst),
        cause: Cause::parse(&cause).ok_or_else(|| damaged("cause"))?,
        batch: rows::optional_name(row, 11)?,
        shipment: rows::optional_name(row, 12)?,
        since: codes::time_of(row.get(13)?)?,
    };
    let pegs: Option<String> = row.get(14)?;
    WorkRow::with_pegs(item, pegs.as_deref()).ok_or_else(|| damaged("pegs"))
}

/// Days late, from the column `worst`.
pub(super) fn days_late(worst: i64) -> Option<u32> {
    (worst > i64::from(i32::MIN)).then(|| u32::try_from(-worst).unwrap_or(0))
}

pub(super) fn enroll(connection: &Connection, zone: &str) -> Result<(), Fault> {
    connection.execute(ENROLL, [zone])?;
    Ok(())
}

pub(super) fn clear(connection: &Connection, zone: &str) -> Result<(), Fault> {
    for table in ["worklist", "desk_batches", "desk_days", "desk_places"] {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    enroll(connection, zone)
}

pub(crate) fn places(connection: &Connection) -> Result<Vec<Place>, Fault> {
    let mut statement = connection.prepare_cached(PLACES)?;
    let mut rows = statement.query([])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        let total = |column| {
            Ok::<_, Fault>(Total {
                lines: count(row, column)?,
                units: count(row, column + 1)?,
            })
        };
        places.push(Place {
            partition: row.get(0)?,
            through: count(row, 1)?,
            end: count(row, 2)?,
            totals: Totals {
                waiting: total(3)?,
                late: total(5)?,
            },
            zone: row.get(7)?,
        });
    }
    Ok(places)
}

pub(super) fn rows(connection: &Connection, lines: &[LineKey]) -> Result<Vec<WorkRow>, Fault> {
    let mut statement = connection.prepare_cached(&ROW)?;
    let mut found = Vec::new();
    for key in lines {
        let mut rows = statement.query([key.order_id.as_str(), key.line_id.as_str()])?;
        if let Some(at) = rows.next()? {
            found.push(row(at)?);
        }
    }
    Ok(found)
}

pub(super) fn histories(
    connection: &Connection,
    lines: &[LineKey],
    through: u64,
) -> Result<Vec<LogRecord>, Fault> {
    let mut statement = connection.prepare_cached(NUMBER)?;
    let mut records = Vec::new();
    for key in lines {
        let key = [key.order_id.as_str(), key.line_id.as_str()];
        let number: Option<i64> = statement.query_row(key, |row| row.get(0)).optional()?;
        if let Some(number) = number {
            let events = crate::views::of_line(connection, codes::count_of(number)?)?;
            records.extend(events.into_iter().filter(|event| event.offset <= through));
        }
    }
    records.sort_unstable_by_key(|record| record.offset);
    Ok(records)
}

/// The batch in a row of [`BATCH`].
pub(crate) fn batch(row: &Row<'_>) -> Result<BatchRow, Fault> {
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

pub(super) fn batches(connection: &Connection, names: &[BatchRef]) -> Result<Vec<BatchRow>, Fault> {
    let mut statement = connection.prepare_cached(BATCH)?;
    let mut found = Vec::new();
    for name in names {
        let mut rows = statement.query([name.as_str()])?;
        if let Some(row) = rows.next()? {
            found.push(batch(row)?);
        }
    }
    Ok(found)
}

/// The figures in the columns from 1 on of a row that has its day in column 0.
pub(crate) fn day(row: &Row<'_>) -> Result<(Date, Figures), Fault> {
    let mut values = [0; Figures::COUNT];
    for (value, column) in values.iter_mut().zip(1..) {
        *value = count(row, column)?;
    }
    Ok((codes::date_of(row.get(0)?)?, Figures::from_array(values)))
}

pub(super) fn figures(
    connection: &Connection,
    days: &[Date],
) -> Result<Vec<(Date, Figures)>, Fault> {
    let mut statement = connection.prepare_cached(&DAY)?;
    let mut found = Vec::new();
    for date in days {
        let mut rows = statement.query([codes::day(*date)])?;
        if let Some(row) = rows.next()? {
            found.push(day(row)?);
        }
    }
    Ok(found)
}

/// A sum as the database keeps it: one that it could not hold is cut.
fn sum(sum: u64) -> i64 {
    i64::try_from(sum).unwrap_or(i64::MAX)
}

pub(super) fn advance(connection: &Connection, step: &Step) -> Result<bool, Fault> {
    let Totals { waiting, late } = step.totals;
    let moved = connection.prepare_cached(MOVE)?.execute(params![
        step.partition,
        int(step.after),
        int(step.through),
        sum(waiting.lines),
        sum(waiting.units),
        sum(late.lines),
        sum(late.units),
    ])?;
    if moved == 0 {
        return Ok(false);
    }
    let mut remove = connection.prepare_cached(REMOVE)?;
    for key in &step.removed {
        remove.execute([key.order_id.as_str(), key.line_id.as_str()])?;
    }
    let mut put = connection.prepare_cached(PUT)?;
    for row in &step.put {
        let item = &row.item;
        put.execute(params![
            item.order_id.as_str(),
            item.line_id.as_str(),
            kind(item.kind),
            item.sku.as_str(),
            int(item.units),
            item.rank(WorkSort::Priority),
            item.requested_date.map(codes::day),
            item.original_promise.map(codes::day),
            item.current_promise.map(codes::day),
            item.rank(WorkSort::DaysLate),
            item.cause.as_str(),
            item.batch.as_ref().map(BatchRef::as_str),
            item.shipment.as_ref().map(ShipmentRef::as_str),
            codes::micros(item.since),
            row.pegs_text(),
        ])?;
    }
    let mut put = connection.prepare_cached(PUT_BATCH)?;
    for row in &step.batches {
        put.execute(params![
            row.batch.as_str(),
            row.shipment.as_ref().map(ShipmentRef::as_str),
            row.landed.map(|landed| codes::day(landed.on)),
            row.landed.map(|landed| int(landed.sold)),
            row.landed.map(|landed| int(landed.of)),
        ])?;
    }
    let mut put = connection.prepare_cached(&PUT_DAY)?;
    for (day, figures) in &step.days {
        let values = figures.to_array().into_iter().map(sum);
        let values = [codes::day(*day)].into_iter().chain(values);
        put.execute(params_from_iter(values.map(Value::from)))?;
    }
    Ok(true)
}
