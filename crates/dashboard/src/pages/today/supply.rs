//! Supply that needs a person: arrivals that are overdue, and holds without a date or past it.

use jiff::civil::Date;
use landfall_domain::Hold;
use landfall_service::resources::{BatchResource, ShipmentResource};

use super::LOOKED_AT;
use crate::format;
use crate::table::{Cell, DO, Row, Table, Tone, column, numbers};
use crate::visit::Visit;

/// Supply that is not there when it should be.
#[derive(Default)]
pub(super) struct Missing {
    rows: Vec<Row>,
    /// Units that customers were promised of it, and that nobody can give them yet: such promises are at risk.
    promised: u64,
}

/// What keeps a row's goods from somebody.
struct Kept<'a> {
    name: Cell,
    reference: &'a str,
    units: u64,
    promised: u64,
    overdue: bool,
}

impl<'a> Kept<'a> {
    fn ship(ship: &'a ShipmentResource) -> Self {
        let reference = ship.reference.as_str();
        Self {
            name: Cell::shipment(Some(reference)),
            reference,
            units: ship.purchased,
            promised: ship.allocated,
            overdue: ship.overdue,
        }
    }

    fn batch(batch: &'a BatchResource) -> Self {
        let reference = batch.reference.as_str();
        Self {
            name: Cell::batch(reference),
            reference,
            units: batch.purchased,
            promised: batch.allocated,
            overdue: batch.overdue,
        }
    }
}

impl Missing {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// Units of it that customers were promised.
    pub(super) fn promised(&self) -> u64 {
        self.promised
    }
}

/// Arrivals that should have been here. A shipment's batches are not told again.
pub(super) fn overdue(
    visit: &Visit,
    ships: &[ShipmentResource],
    batches: &[BatchResource],
) -> Missing {
    let mut missing = Missing::default();
    let mut add = |kept: Kept<'_>, eta: Option<Date>, commands: &[&str]| {
        missing.promised += kept.promised;
        missing.rows.push(Row {
            cells: vec![
                kept.name,
                Cell::day(eta),
                eta.map_or(Cell::None, |eta| {
                    let days = format::days_between(eta, visit.today());
                    Cell::Badge(Tone::Bad, format::days_late(days))
                }),
                Cell::Number(kept.promised),
                Cell::Number(kept.units),
                Cell::Several(todo(visit, kept.reference, commands)),
            ],
        });
    };
    for ship in ships.iter().filter(|ship| ship.overdue) {
        let commands = ["ReceiveShipment", "ChangeShipmentEta"];
        add(Kept::ship(ship), ship.eta, &commands);
    }
    let alone = |batch: &&BatchResource| batch.overdue && batch.shipment.is_none();
    for batch in batches.iter().filter(alone) {
        let commands = ["ReceiveBatch", "ChangeBatchEta"];
        add(Kept::batch(batch), batch.eta, &commands);
    }
    missing
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

pub(super) fn overdue_table(missing: Missing) -> Table {
    let columns = [
        column("Shipment or batch"),
        column("ETA"),
        numbers("Overdue"),
        numbers("Promised"),
        numbers("Units"),
        DO,
    ];
    Table::new("overdue", "Arrivals that are overdue", &columns)
        .with_rows(missing.rows.into_iter().take(LOOKED_AT))
        .or_empty("Everything that should have landed has landed.")
}

/// Holds without a clear date, and those whose date is past. Of the first nothing is promised any longer: their lines
/// are late. The promises of the others still stand.
pub(super) fn holds(
    visit: &Visit,
    ships: &[ShipmentResource],
    batches: &[BatchResource],
) -> Missing {
    let today = visit.today();
    let mut missing = Missing::default();
    let mut add = |kept: Kept<'_>, hold: &Hold, commands: &[&str]| {
        let until = match hold.expected_clear {
            Some(day) if day >= today => return,
            Some(day) => {
                // What is overdue as well is counted there.
                if !kept.overdue {
                    missing.promised += kept.promised;
                }
                Cell::Badge(Tone::Bad, format!("was to clear {}", format::day(day)))
            }
            None => Cell::Badge(Tone::Warn, "no clear date".into()),
        };
        missing.rows.push(Row {
            cells: vec![
                kept.name,
                match &hold.note {
                    Some(note) => Cell::text(format!("{}: {note}", hold.code)),
                    None => Cell::text(hold.code.as_str()),
                },
                until,
                Cell::Number(kept.promised),
                Cell::Number(kept.units),
                Cell::Several(todo(visit, kept.reference, commands)),
            ],
        });
    };
    for ship in ships {
        if let Some(hold) = &ship.hold {
            add(Kept::ship(ship), hold, &["ReleaseShipment", "HoldShipment"]);
        }
    }
    for batch in batches {
        if let Some(hold) = &batch.hold {
            add(Kept::batch(batch), hold, &["ReleaseBatch", "HoldBatch"]);
        }
    }
    missing
}

pub(super) fn hold_table(missing: Missing) -> Table {
    let columns = [
        column("Shipment or batch"),
        column("Hold"),
        column("Until"),
        numbers("Allocated"),
        numbers("Units"),
        DO,
    ];
    Table::new("holds", "Holds without a date, or past it", &columns)
        .with_rows(missing.rows.into_iter().take(LOOKED_AT))
        .or_empty("No hold is past its date.")
}
