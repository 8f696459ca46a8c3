//! Supply that needs a person: arrivals that are overdue, and holds without a date or past it.

use jiff::civil::Date;
use landfall_domain::Hold;
use landfall_service::resources::{BatchResource, ShipmentResource};
use landfall_service::views::{
    BatchFilter, BatchSort, List, Page, ShipmentFilter, ShipmentSort, ViewError, Views,
};

use super::More;
use crate::format;
use crate::table::{Cell, DO, Row, Table, Tone, column, numbers};
use crate::visit::Visit;

/// Batches and shipments that are looked at for each table.
const LOOKED_AT: usize = 100;

/// Supply that is not there when it should be.
#[derive(Default)]
pub(super) struct Missing {
    rows: Vec<Row>,
    /// Units that customers were promised of it, and that nobody can give them yet: such promises are at risk.
    promised: u64,
    /// Where all are, where not all were looked at.
    more: Vec<More>,
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

    /// Whether there is more than was looked at.
    pub(super) fn is_capped(&self) -> bool {
        !self.more.is_empty()
    }

    /// Says where all of a list are, where it has more than was looked at.
    fn cut<T>(&mut self, list: &List<T>, words: &str, href: String) {
        if list.next.is_some() {
            let words = words.to_owned();
            self.more.push(More { words, href });
        }
    }

    /// Units of it that customers were promised.
    pub(super) fn promised(&self) -> u64 {
        self.promised
    }
}

/// The arrivals that are overdue, and the holds.
pub(super) async fn missing(
    views: &dyn Views,
    visit: &Visit,
) -> Result<(Missing, Missing), ViewError> {
    let today = visit.today();
    let page = Page {
        after: None,
        limit: LOOKED_AT,
    };
    let eta_until = today.yesterday().ok();
    let late_ships = ShipmentFilter {
        landed: Some(false),
        eta_until,
        sort: ShipmentSort::Eta,
        ..ShipmentFilter::default()
    };
    let late_batches = BatchFilter {
        in_warehouse: Some(false),
        on_shipment: Some(false),
        eta_until,
        sort: BatchSort::Eta,
        ..BatchFilter::default()
    };
    let held_ships = ShipmentFilter {
        hold_overdue: Some(today),
        ..ShipmentFilter::default()
    };
    let held_batches = BatchFilter {
        hold_overdue: Some(today),
        ..BatchFilter::default()
    };
    let (late_ships, late_batches, held_ships, held_batches) = tokio::try_join!(
        views.shipments(&late_ships, &page, today),
        views.batches(&late_batches, &page, today),
        views.shipments(&held_ships, &page, today),
        views.batches(&held_batches, &page, today),
    )?;
    Ok((
        overdue(visit, &late_ships, &late_batches),
        holds(visit, &held_ships, &held_batches),
    ))
}

/// Arrivals that should have been here. A shipment's batches are not told again.
fn overdue(
    visit: &Visit,
    ships: &List<ShipmentResource>,
    batches: &List<BatchResource>,
) -> Missing {
    let mut missing = Missing::default();
    if let Ok(until) = visit.today().yesterday() {
        let until = format!("eta_until={until}&sort=eta");
        let href = format!("/shipments?landed=no&{until}");
        missing.cut(ships, "All overdue shipments", href);
        let href = format!("/batches?in_warehouse=no&on_shipment=no&{until}");
        missing.cut(batches, "All overdue batches on no shipment", href);
    }
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
    for ship in ships.items.iter().filter(|ship| ship.overdue) {
        let commands = ["ReceiveShipment", "ChangeShipmentEta"];
        add(Kept::ship(ship), ship.eta, &commands);
    }
    let alone = |batch: &&BatchResource| batch.overdue && batch.shipment.is_none();
    for batch in batches.items.iter().filter(alone) {
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

pub(super) fn overdue_part(missing: Missing) -> (Table, Vec<More>) {
    let columns = [
        column("Shipment or batch"),
        column("ETA"),
        numbers("Overdue"),
        numbers("Promised"),
        numbers("Units"),
        DO,
    ];
    let table = Table::new("overdue", "Arrivals that are overdue", &columns)
        .with_rows(missing.rows.into_iter().take(LOOKED_AT))
        .or_empty("Everything that should have landed has landed.");
    (table, missing.more)
}

/// Holds without a clear date, and those whose date is past. Of the first nothing is promised any longer: their lines
/// are late. The promises of the others still stand.
fn holds(visit: &Visit, ships: &List<ShipmentResource>, batches: &List<BatchResource>) -> Missing {
    let mut missing = Missing::default();
    let href = |path| format!("{path}?held=overdue");
    missing.cut(ships, "All such shipments", href("/shipments"));
    missing.cut(batches, "All such batches", href("/batches"));
    let mut add = |kept: Kept<'_>, hold: &Hold, commands: &[&str]| {
        let until = match hold.expected_clear {
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
    for ship in &ships.items {
        if let Some(hold) = &ship.hold {
            add(Kept::ship(ship), hold, &["ReleaseShipment", "HoldShipment"]);
        }
    }
    for batch in &batches.items {
        if let Some(hold) = &batch.hold {
            add(Kept::batch(batch), hold, &["ReleaseBatch", "HoldBatch"]);
        }
    }
    missing
}

pub(super) fn hold_part(missing: Missing) -> (Table, Vec<More>) {
    let columns = [
        column("Shipment or batch"),
        column("Hold"),
        column("Until"),
        numbers("Allocated"),
        numbers("Units"),
        DO,
    ];
    let table = Table::new("holds", "Holds without a date, or past it", &columns)
        .with_rows(missing.rows.into_iter().take(LOOKED_AT))
        .or_empty("No hold is past its date.");
    (table, missing.more)
}
