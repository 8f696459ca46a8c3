//! Lines that need a person: broken promises by where they come from, and lines that wait by product.

use jiff::Timestamp;
use landfall_service::access::Right;
use landfall_service::desk::{Cause, Groups, Source, WorkGroup};

use crate::params::Params;
use crate::table::{Cell, DO, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{format, links};

/// A cause as people say it.
pub(in crate::pages) fn cause(cause: Cause) -> &'static str {
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

pub(super) fn late_table(visit: &Visit, late: &Groups) -> Table {
    let columns = [
        column("Shipment or batch"),
        column("Cause"),
        numbers("Lines"),
        numbers("Units"),
        numbers("Worst"),
        numbers("For"),
        DO,
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

pub(super) fn waiting_table(visit: &Visit, waiting: &Groups) -> Table {
    let columns = [
        column("SKU"),
        numbers("Lines"),
        numbers("Units"),
        numbers("Oldest"),
        DO,
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
