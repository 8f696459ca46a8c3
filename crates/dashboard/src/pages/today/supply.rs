//! Supply that needs a person: arrivals that are overdue, and holds without a date or past it.

use jiff::civil::Date;
use landfall_service::resources::{BatchResource, ShipmentResource};

use super::LOOKED_AT;
use crate::format;
use crate::table::{Cell, Row, Table, Tone, column, numbers};
use crate::visit::Visit;

/// Arrivals that should have been here. A shipment's batches are not told again.
pub(super) fn overdue_rows(
    visit: &Visit,
    ships: &[ShipmentResource],
    batches: &[BatchResource],
) -> Vec<Row> {
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

pub(super) fn overdue_table(rows: Vec<Row>) -> Table {
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
pub(super) fn hold_rows(
    visit: &Visit,
    ships: &[ShipmentResource],
    batches: &[BatchResource],
) -> Vec<Row> {
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

pub(super) fn hold_table(rows: Vec<Row>) -> Table {
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
