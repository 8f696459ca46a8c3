//! Everything, of one moment, for an audit: in bounded memory, read on one thread and shown on another.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use landfall_domain::product::Counters;
use landfall_domain::{Batch, OrderLine, Shipment, Sku};
use landfall_service::LogRecord;
use landfall_service::desk::Figures;
use landfall_service::desk::tables::{BatchRow, Place, WorkRow};
use landfall_service::views::{AvailabilityView, DeskShown, Inspect, OrderLineView, ViewError};
use rusqlite::{Connection, params};
use tokio::sync::mpsc;

use super::events;
use super::pool::Pool;
use crate::desk::sql as desk;
use crate::error::Fault;
use crate::names::Names;
use crate::order_view::{RawView, VIEW};
use crate::rows::{self, BATCH, COUNTS, LINE, RawLine, SHIPMENT};
use crate::{codes, load, unsettled};

/// Things that are handed over together.
const TOGETHER: usize = 512;
/// How many times that may be under way.
const UNDER_WAY: usize = 4;

static BATCHES: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {BATCH} FROM batches b {COUNTS} ORDER BY b.number"));
static LINES: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {LINE} FROM lines l ORDER BY l.number"));

static SHIPMENTS: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {SHIPMENT} FROM shipments s ORDER BY s.number"));
static ORDER_VIEW: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIEW} FROM order_view v \
         LEFT JOIN lines k ON k.number = v.number ORDER BY v.number"
    )
});

enum Thing {
    Event(Box<LogRecord>),
    Product(u64, Sku, Counters),
    Batch(Box<Batch>),
    Line(Box<OrderLine>),
    Shipment(Box<Shipment>),
    OrderLine(Box<OrderLineView>),
    Availability(AvailabilityView),
    Allocated(u64, u64, u64),
    Head(u16, u64),
    DeskPlace(Box<Place>),
    DeskLine(Box<WorkRow>),
    DeskBatch(Box<BatchRow>),
    DeskDay(Date, Box<Figures>),
}

pub(super) async fn inspect(pool: &Arc<Pool>, inspect: &mut dyn Inspect) -> Result<(), ViewError> {
    let (sender, mut receiver) = mpsc::channel(UNDER_WAY);
    let reading = pool.read(move |connection| {
        let mut shown = Showing {
            sender,
            things: Vec::with_capacity(TOGETHER),
        };
        show_all(connection, &mut shown)?;
        shown.flush()
    });
    let showing = async {
        while let Some(things) = receiver.recv().await {
            for thing in things {
                show(inspect, &thing);
            }
        }
    };
    // The sender goes away when the reading ends, however it ends: both end together.
    tokio::join!(reading, showing).0
}

fn show(inspect: &mut dyn Inspect, thing: &Thing) {
    match thing {
        Thing::Event(record) => inspect.event(record),
        Thing::Product(number, sku, counters) => inspect.product(*number, sku, *counters),
        Thing::Shipment(shipment) => inspect.shipment(shipment),
        Thing::OrderLine(row) => inspect.order_line(row),
        Thing::Availability(row) => inspect.availability(row),
        Thing::Batch(batch) => inspect.batch(batch),
        Thing::Line(line) => inspect.line(line),
        Thing::Allocated(batch, units, lines) => inspect.allocated(0, *batch, *units, *lines),
        Thing::Head(partition, next_offset) => inspect.head(*partition, *next_offset),
        Thing::DeskPlace(place) => inspect.desk(DeskShown::Place(place)),
        Thing::DeskLine(row) => inspect.desk(DeskShown::Line(row)),
        Thing::DeskBatch(row) => inspect.desk(DeskShown::Batch(row)),
        Thing::DeskDay(day, figures) => inspect.desk(DeskShown::Day(0, *day, figures)),
    }
}

struct Showing {
    sender: mpsc::Sender<Vec<Thing>>,
    things: Vec<Thing>,
}

impl Showing {
    fn push(&mut self, thing: Thing) -> Result<(), Fault> {
        self.things.push(thing);
        if self.things.len() == TOGETHER {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> Result<(), Fault> {
        let things = std::mem::replace(&mut self.things, Vec::with_capacity(TOGETHER));
        self.sender
            .blocking_send(things)
            .map_err(|_| Fault::Refused("nobody looks any longer".into()))
    }
}

fn show_all(connection: &Connection, shown: &mut Showing) -> Result<(), Fault> {
    for place in desk::places(connection)? {
        shown.push(Thing::DeskPlace(Box::new(place)))?;
    }
    let mut names = Names::new(connection);
    let mut statement = connection.prepare_cached(events::EVENTS)?;
    let mut found = statement.query(params![0, i64::MAX])?;
    while let Some(row) = found.next()? {
        shown.push(Thing::Event(Box::new(events::record(row)?)))?;
    }
    let sql = "SELECT p.number, p.sku, v.version, p.backordered, p.late FROM products p \
         CROSS JOIN product_versions v ON v.number = p.number ORDER BY p.number";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (number, sku) = (rows::count(row, 0)?, rows::name(row, 1)?);
        shown.push(Thing::Product(number, sku, load::counters(row)?))?;
    }
    let mut statement = connection.prepare_cached(&BATCHES)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        shown.push(Thing::Batch(Box::new(rows::batch(row, |product| {
            names.sku(product)
        })?)))?;
    }
    let mut statement = connection.prepare_cached(&LINES)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let line = RawLine::read(row)?;
        let known = key_is_known(connection, &line)?;
        let line = names.line(line)?;
        if !known {
            return Err(Fault::Corrupt(format!(
                "line {} is not found by its key",
                line.key
            )));
        }
        shown.push(Thing::Line(Box::new(line)))?;
    }
    let mut statement = connection.prepare_cached(&SHIPMENTS)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        shown.push(Thing::Shipment(Box::new(rows::shipment(row)?)))?;
    }
    show_views(connection, &mut names, shown)?;
    show_desk(connection, shown)?;
    show_allocated(connection, shown)?;
    check_own_records(connection)?;
    let head = load::head(connection)?;
    shown.push(Thing::Head(head.partition, head.next_offset))
}

/// The read models.
fn show_views(
    connection: &Connection,
    names: &mut Names<'_>,
    shown: &mut Showing,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(&ORDER_VIEW)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let row = RawView::read(row)?.into_view(names)?;
        shown.push(Thing::OrderLine(Box::new(row)))?;
    }
    let sql = "SELECT place, units FROM availability ORDER BY place";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (product, supply) = codes::supply_of(row.get(0)?)?;
        shown.push(Thing::Availability(AvailabilityView {
            sku: names.sku(product)?,
            supply,
            units: rows::count(row, 1)?,
        }))?;
    }
    Ok(())
}

/// What the desk holds.
fn show_desk(connection: &Connection, shown: &mut Showing) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(&desk::ALL_LINES)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        shown.push(Thing::DeskLine(Box::new(desk::row(row)?)))?;
    }
    let mut statement = connection.prepare_cached(desk::ALL_BATCHES)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        shown.push(Thing::DeskBatch(Box::new(desk::batch(row)?)))?;
    }
    let mut statement = connection.prepare_cached(&desk::ALL_DAYS)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let (day, figures) = desk::day(row)?;
        shown.push(Thing::DeskDay(day, Box::new(figures)))?;
    }
    Ok(())
}

/// What only this store keeps, beside the facts that an audit compares: columns and entries made from others, by
/// which stock and lines are found.
fn check_own_records(connection: &Connection) -> Result<(), Fault> {
    let checks = [
        (
            "SELECT 'batch ' || b.reference FROM batches b \
             LEFT JOIN batch_counts c ON c.number = b.number \
             WHERE b.open IS NOT iif(c.purchased > c.allocated + c.dispatched, 1, 2 * (c.allocated > 0)) LIMIT 1",
            "has free units or is in use and is not found as such, or the other way round",
        ),
        (
            "SELECT 'product ' || p.sku FROM products p \
             LEFT JOIN product_versions v ON v.number = p.number WHERE v.number IS NULL LIMIT 1",
            "has no version",
        ),
        (
            "SELECT 'line ' || l.order_id || '/' || l.line_id FROM allocations a \
             LEFT JOIN lines l ON l.number = a.number \
             WHERE l.number IS NULL OR l.status <> 0 OR a.rank <> l.rank - 10 * (l.dispatched > 0) \
             OR a.promise <> coalesce(l.current, 2932896) LIMIT 1",
            "is entered in the index of allocations at another place than its own",
        ),
        (
            "SELECT 'number ' || next_number FROM heads WHERE next_number <= max( \
             (SELECT coalesce(max(number), 0) FROM lines), \
             (SELECT coalesce(max(number), 0) FROM batches), \
             (SELECT coalesce(max(number), 0) FROM products)) LIMIT 1",
            "is to be given next, and a product, batch or line has it or a later one",
        ),
    ];
    for (sql, wrong) in checks {
        let found = connection
            .prepare_cached(sql)?
            .query([])?
            .next()?
            .map(|row| row.get(0));
        if let Some(what) = found.transpose()? {
            let what: String = what;
            return Err(Fault::Corrupt(format!("{what} {wrong}")));
        }
    }
    Ok(())
}

fn key_is_known(connection: &Connection, line: &RawLine) -> Result<bool, Fault> {
    let sql = "SELECT number FROM line_keys WHERE order_id = ?1 AND line_id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([line.key.order_id.as_str(), line.key.line_id.as_str()])?;
    match rows.next()? {
        Some(row) => Ok(rows::count(row, 0)? == line.number),
        None => Ok(false),
    }
}

/// What the index of allocations adds up to, with what is still to be entered.
fn show_allocated(connection: &Connection, shown: &mut Showing) -> Result<(), Fault> {
    let mut unsettled: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    unsettled::each_unsettled(
        connection,
        unsettled::settled(connection)?,
        |entry, units, _| {
            let sum = unsettled.entry(entry.batch).or_default();
            *sum = (sum.0 + units, sum.1 + 1);
        },
    )?;
    let sql =
        "SELECT batch, sum(quantity), count(*) FROM allocations GROUP BY batch ORDER BY batch";
    let mut statement = connection.prepare_cached(sql)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let batch = rows::count(row, 0)?;
        let (units, lines) = unsettled.remove(&batch).unwrap_or_default();
        let (units, lines) = (units + rows::count(row, 1)?, lines + rows::count(row, 2)?);
        shown.push(Thing::Allocated(batch, units, lines))?;
    }
    for (batch, (units, lines)) in unsettled {
        shown.push(Thing::Allocated(batch, units, lines))?;
    }
    Ok(())
}
