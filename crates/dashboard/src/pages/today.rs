//! Today: what needs a person, each with the action beside it, and how it goes.

mod figures;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use landfall_service::access::Right;
use landfall_service::desk::{
    Cause, GroupBy, Groups, Lag, Source, Totals, WorkFilter, WorkGroup, WorkKind,
};
use landfall_service::relay::SinkReading;
use landfall_service::resources::{BatchResource, ShipmentResource};
use landfall_service::views::{BatchFilter, Page, ShipmentFilter};

use crate::errors::Failed;
use crate::frame::{Frame, Place};
use crate::params::Params;
use crate::table::{Cell, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format, links};
use figures::FigureRow;

/// Rows of each table here; each leads to the whole list.
const ROWS: usize = 10;
/// Batches and shipments that are looked at for each table.
const LOOKED_AT: usize = 100;
/// A sink that is further behind than this should be looked at.
const BEHIND_SECONDS: i64 = 60;

#[derive(Template)]
#[template(path = "today.html")]
struct Today {
    frame: Frame,
    /// What is wrong, in a few words each, and where that is told.
    alarms: Vec<Alarm>,
    figures: Vec<figures::Figure>,
    days: Table,
    /// How far the worklist is behind, where that is worth a word.
    behind: Option<String>,
    tables: Vec<(Table, Option<(String, &'static str)>)>,
}

struct Alarm {
    tone: Tone,
    count: String,
    words: &'static str,
    href: &'static str,
}

/// The page.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    let app = &context.app;
    let (views, desk) = (&app.views, &app.desk);
    let today = visit.today();
    let yesterday = today.yesterday().ok();
    let some = Page {
        after: None,
        limit: LOOKED_AT,
    };
    let all = WorkFilter::default();
    let overdue_ships = ShipmentFilter {
        landed: Some(false),
        eta_until: yesterday,
        ..ShipmentFilter::default()
    };
    let overdue = BatchFilter {
        in_warehouse: Some(false),
        eta_until: yesterday,
        ..BatchFilter::default()
    };
    let held_ships = ShipmentFilter {
        held: Some(true),
        ..ShipmentFilter::default()
    };
    let held = BatchFilter {
        held: Some(true),
        ..BatchFilter::default()
    };
    let from = today.saturating_sub((figures::DAYS - 1).days());
    let (late, waiting, totals, lag, days) = tokio::try_join!(
        desk.groups(WorkKind::Late, GroupBy::Source, &all, ROWS),
        desk.groups(WorkKind::Waiting, GroupBy::Sku, &all, ROWS),
        desk.totals(),
        desk.lag(),
        desk.days(from, today),
    )?;
    let (overdue_ships, overdue, held_ships, held) = tokio::try_join!(
        views.shipments(&overdue_ships, &some, today),
        views.batches(&overdue, &some, today),
        views.shipments(&held_ships, &some, today),
        views.batches(&held, &some, today),
    )?;
    let arrivals = overdue_rows(&visit, &overdue_ships.items, &overdue.items);
    let holds = hold_rows(&visit, &held_ships.items, &held.items);
    let sinks = sink_rows(
        &app.sinks.iter().map(|sink| sink.read()).collect::<Vec<_>>(),
        visit.now,
    );
    let alarms = alarms(&totals, arrivals.len(), holds.len(), sinks.len());
    let tables = vec![
        (late_table(&visit, &late), more(late.left_out, "/late")),
        (
            waiting_table(&visit, &waiting),
            more(waiting.left_out, "/backorders"),
        ),
        (overdue_table(arrivals), None),
        (hold_table(holds), None),
        (sink_table(sinks, app.sinks.is_empty()), None),
    ];
    let row = FigureRow::new(from, today, &days);
    super::show(&Today {
        frame: Frame::new(&visit, Place::Today, "Today"),
        alarms,
        figures: row.figures(),
        days: row.table(),
        behind: behind(&lag, visit.now),
        tables,
    })
}

fn more(left_out: u64, list: &'static str) -> Option<(String, &'static str)> {
    (left_out > 0).then(|| (format!("{} more", format::number(left_out)), list))
}

/// The worklist is behind where somebody could notice.
pub(super) fn behind(lag: &Lag, now: Timestamp) -> Option<String> {
    let oldest = lag
        .oldest
        .filter(|then| now.duration_since(*then).as_secs() >= 5)?;
    Some(format!(
        "The figures and the lists of late and waiting lines are {} behind: {} are still to be taken in.",
        format::since(oldest, now),
        format::count(lag.events, "event", "events")
    ))
}

fn alarms(totals: &Totals, arrivals: usize, holds: usize, sinks: usize) -> Vec<Alarm> {
    let alarm = |count: u64, tone: Tone, one, many, href| Alarm {
        tone: if count == 0 { Tone::Good } else { tone },
        count: format::number(count),
        words: if count == 1 { one } else { many },
        href,
    };
    let most = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    vec![
        alarm(
            totals.late.lines,
            Tone::Bad,
            "promise broken",
            "promises broken",
            "#late",
        ),
        alarm(
            totals.waiting.lines,
            Tone::Warn,
            "line waits for stock",
            "lines wait for stock",
            "#waiting",
        ),
        alarm(
            most(arrivals),
            Tone::Bad,
            "arrival overdue",
            "arrivals overdue",
            "#overdue",
        ),
        alarm(
            most(holds),
            Tone::Warn,
            "hold to be cleared",
            "holds to be cleared",
            "#holds",
        ),
        alarm(
            most(sinks),
            Tone::Warn,
            "sink behind",
            "sinks behind",
            "#sinks",
        ),
    ]
}

/// A cause as people say it.
pub(super) fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::NoStock => "no stock when ordered",
        Cause::EtaChanged => "ETA moved",
        Cause::Reallocated => "moved to another batch",
        Cause::Held => "held",
        Cause::Released => "hold released",
        Cause::Received => "received short",
        Cause::QuantityChanged => "batch became smaller",
        Cause::BatchCancelled => "batch cancelled",
        Cause::BatchCreated => "new batch",
        Cause::Amended => "order amended",
        Cause::Cancelled => "line cancelled",
        Cause::LineAdded => "line added",
        Cause::Dispatched => "line dispatched",
    }
}

fn source(group: &WorkGroup) -> Cell {
    match &group.source {
        Some(Source::Shipment(reference)) => Cell::shipment(Some(reference.as_str())),
        Some(Source::Batch(reference)) => Cell::batch(reference.as_str()),
        None => Cell::text("no batch"),
    }
}

fn age(visit: &Visit, since: Timestamp) -> Cell {
    Cell::text(format::since(since, visit.now))
}

fn late_table(visit: &Visit, late: &Groups) -> Table {
    let columns = [
        column("Shipment or batch"),
        column("Cause"),
        numbers("Lines"),
        numbers("Units"),
        numbers("Worst"),
        numbers("For"),
        column("Do"),
    ];
    let rows = late.groups.iter().map(|group| {
        let days = match (group.worst_days, group.without_day) {
            (Some(days), 0) => format!("+{days} d"),
            (Some(days), without) => format!("+{days} d, {without} without a day"),
            (None, without) => format!("{without} without a day"),
        };
        let (name, reference) = match &group.source {
            Some(Source::Shipment(reference)) => ("shipment", reference.as_str()),
            Some(Source::Batch(reference)) => ("batch", reference.as_str()),
            None => ("", ""),
        };
        let lines = Params::default()
            .with(name, Some(reference).filter(|text| !text.is_empty()))
            .with("cause", group.cause.map(Cause::as_str));
        let mut todo = vec![Cell::Do {
            href: lines.url("/late"),
            text: "See lines".into(),
        }];
        match &group.source {
            Some(Source::Shipment(reference)) => todo.push(Cell::Do {
                href: links::shipment(reference.as_str()),
                text: "What if".into(),
            }),
            Some(Source::Batch(reference)) => todo.push(Cell::Do {
                href: links::batch(reference.as_str()),
                text: "What if".into(),
            }),
            None => {}
        }
        Row {
            cells: vec![
                source(group),
                group.cause.map_or(Cell::None, |why| Cell::text(cause(why))),
                Cell::Number(group.lines),
                Cell::Number(group.units),
                Cell::Badge(Tone::Bad, days),
                age(visit, group.oldest),
                Cell::Several(todo),
            ],
        }
    });
    Table::new("late", capped("Broken promises, by cause", late), &columns)
        .with_rows(rows)
        .or_empty("Every promise holds.")
}

fn waiting_table(visit: &Visit, waiting: &Groups) -> Table {
    let columns = [
        column("SKU"),
        numbers("Lines"),
        numbers("Units"),
        numbers("Oldest"),
        column("Do"),
    ];
    let supply = visit.may(Right::Supply);
    let rows = waiting.groups.iter().map(|group| {
        let sku = group
            .sku
            .as_ref()
            .map(landfall_domain::Sku::as_str)
            .unwrap_or_default();
        let lines = Params::default().with("sku", Some(sku)).url("/backorders");
        let mut todo = vec![Cell::Do {
            href: lines,
            text: "See lines".into(),
        }];
        if supply {
            todo.push(Cell::Do {
                href: links::action("CreateBatch", &[("sku", sku)], &visit.url()),
                text: "New batch".into(),
            });
        }
        Row {
            cells: vec![
                Cell::product(sku),
                Cell::Number(group.lines),
                Cell::Number(group.units),
                age(visit, group.oldest),
                Cell::Several(todo),
            ],
        }
    });
    Table::new(
        "waiting",
        capped("Lines that wait for stock, by product", waiting),
        &columns,
    )
    .with_rows(rows)
    .or_empty("Nobody waits.")
}

fn capped(caption: &str, groups: &Groups) -> String {
    if groups.capped {
        format!(
            "{caption} (of the oldest {} lines)",
            format::number(groups.lines)
        )
    } else {
        caption.to_owned()
    }
}

/// Arrivals that should have been here. A shipment's batches are not told again.
fn overdue_rows(visit: &Visit, ships: &[ShipmentResource], batches: &[BatchResource]) -> Vec<Row> {
    let row = |name: Cell, eta: Option<Date>, sold: u64, units: u64, todo: Vec<Cell>| Row {
        cells: vec![
            name,
            Cell::day(eta),
            eta.map_or(Cell::None, |eta| {
                let days = format::days_between(eta, visit.today());
                Cell::Badge(Tone::Bad, format::days_late(days))
            }),
            Cell::Number(sold),
            Cell::Number(units),
            Cell::Several(todo),
        ],
    };
    let ships = ships.iter().filter(|ship| ship.overdue).map(|ship| {
        let name = ship.reference.as_str();
        let todo = todo(visit, name, &["ReceiveShipment", "ChangeShipmentEta"]);
        let sold = ship.allocated + ship.dispatched;
        row(
            Cell::shipment(Some(name)),
            ship.eta,
            sold,
            ship.purchased,
            todo,
        )
    });
    let alone = batches
        .iter()
        .filter(|batch| batch.overdue && batch.shipment.is_none());
    let batches = alone.map(|batch| {
        let name = batch.reference.as_str();
        let todo = todo(visit, name, &["ReceiveBatch", "ChangeBatchEta"]);
        let sold = batch.allocated + batch.dispatched;
        row(Cell::batch(name), batch.eta, sold, batch.purchased, todo)
    });
    ships.chain(batches).collect()
}

fn todo(visit: &Visit, reference: &str, commands: &[&str]) -> Vec<Cell> {
    let fields = [("reference", reference)];
    let offers = crate::actions::offers(visit, commands, &fields);
    let cells = offers.into_iter().map(|offer| Cell::Do {
        href: offer.href,
        text: offer.label.to_owned(),
    });
    cells.collect()
}

fn overdue_table(rows: Vec<Row>) -> Table {
    let columns = [
        column("Shipment or batch"),
        column("ETA"),
        numbers("Overdue"),
        numbers("Sold"),
        numbers("Units"),
        column("Do"),
    ];
    Table::new("overdue", "Arrivals that are overdue", &columns)
        .with_rows(rows.into_iter().take(LOOKED_AT))
        .or_empty("Everything that should have landed has landed.")
}

/// Holds without a clear date, and those whose date is past.
fn hold_rows(visit: &Visit, ships: &[ShipmentResource], batches: &[BatchResource]) -> Vec<Row> {
    let today = visit.today();
    let row = |name: Cell, hold: &landfall_domain::Hold, units: u64, todo: Vec<Cell>| {
        let until = match hold.expected_clear {
            Some(day) if day >= today => return None,
            Some(day) => Cell::Badge(Tone::Bad, format!("was to clear {}", format::day(day))),
            None => Cell::Badge(Tone::Warn, "no clear date".into()),
        };
        let note = hold.note.as_deref().map_or(Cell::None, Cell::text);
        let cells = vec![
            name,
            Cell::text(hold.code.as_str()),
            until,
            note,
            Cell::Number(units),
            Cell::Several(todo),
        ];
        Some(Row { cells })
    };
    let ships = ships.iter().filter_map(|ship| {
        let name = ship.reference.as_str();
        let todo = todo(visit, name, &["ReleaseShipment", "HoldShipment"]);
        row(
            Cell::shipment(Some(name)),
            ship.hold.as_ref()?,
            ship.purchased,
            todo,
        )
    });
    let batches = batches.iter().filter_map(|batch| {
        let name = batch.reference.as_str();
        let todo = todo(visit, name, &["ReleaseBatch", "HoldBatch"]);
        row(
            Cell::batch(name),
            batch.hold.as_ref()?,
            batch.purchased,
            todo,
        )
    });
    ships.chain(batches).collect()
}

fn hold_table(rows: Vec<Row>) -> Table {
    let columns = [
        column("Shipment or batch"),
        column("Hold"),
        column("Until"),
        column("Note"),
        numbers("Units"),
        column("Do"),
    ];
    Table::new("holds", "Holds without a date, or past it", &columns)
        .with_rows(rows.into_iter().take(LOOKED_AT))
        .or_empty("No hold is past its date.")
}

fn sink_rows(sinks: &[SinkReading], now: Timestamp) -> Vec<Row> {
    let troubled = sinks.iter().filter(|sink| {
        let behind = |then: Timestamp| now.duration_since(then).as_secs() >= BEHIND_SECONDS;
        sink.in_the_way.is_some() || sink.dead_letters > 0 || sink.oldest.is_some_and(behind)
    });
    let rows = troubled.map(|sink| Row {
        cells: vec![
            Cell::text(sink.sink.to_string()),
            Cell::Number(sink.lag),
            sink.oldest
                .map_or(Cell::None, |then| Cell::text(format::since(then, now))),
            Cell::Number(sink.dead_letters),
            sink.in_the_way.as_deref().map_or(Cell::None, Cell::text),
        ],
    });
    rows.collect()
}

fn sink_table(rows: Vec<Row>, none: bool) -> Table {
    let columns = [
        column("Sink"),
        numbers("Events behind"),
        numbers("For"),
        numbers("Dead letters"),
        column("In the way"),
    ];
    let empty = if none {
        "Events go nowhere but to this dashboard: no sink is configured."
    } else {
        "All events are out."
    };
    Table::new("sinks", "Where events go", &columns)
        .with_rows(rows)
        .or_empty(empty)
}
