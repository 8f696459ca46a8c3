//! The read model of what is available to promise.

use landfall_service::store::{AvailabilityChange, Changes, partition_of};

use super::supply::{self, unless_same};
use crate::codes::{Day, int, small};
use crate::trip::{Param, param};

/// What the statement for the whole group takes: partition, product, day, units. Of days that have a row, partition and
/// product are left out where they are those of the products that change.
pub(super) struct Common<'a> {
    /// Of days that had units, and so have a row.
    pub(super) there: Vec<Param<'a>>,
    /// Of days that had none, and perhaps have a row.
    pub(super) new: Vec<Param<'a>>,
    pub(super) any_new: bool,
}

/// Gives what the statement for the whole group takes.
pub(super) fn common<'a>(
    changes: &Changes,
    partitions: u16,
    supply: &supply::Common<'_>,
) -> Common<'a> {
    let products = changes.products.iter();
    let mut days = products.flat_map(|product| &product.availability);
    let there = Columns::of(changes, partitions, had_units);
    let new = Columns::of(changes, partitions, |day| !had_units(day));
    Common {
        there: vec![
            unless_same(there.homes, &supply.homes),
            unless_same(there.products, &supply.numbers),
            param(there.days),
            param(there.units),
        ],
        new: vec![
            param(new.homes),
            param(new.products),
            param(new.days),
            param(new.units),
        ],
        any_new: days.any(|day| !had_units(day)),
    }
}

fn had_units(day: &AvailabilityChange) -> bool {
    day.before > 0
}

/// The units of days.
#[derive(Default)]
struct Columns {
    homes: Vec<i16>,
    products: Vec<i64>,
    days: Vec<Day>,
    units: Vec<i64>,
}

impl Columns {
    /// Of the days that change in this way.
    fn of(changes: &Changes, partitions: u16, which: fn(&AvailabilityChange) -> bool) -> Self {
        let mut columns = Self::default();
        for product in &changes.products {
            let home = small(partition_of(product.sku.as_str(), partitions));
            for change in product.availability.iter().filter(|change| which(change)) {
                if let Some(day) = Day::of_supply(change.supply) {
                    columns.homes.push(home);
                    columns.products.push(int(product.number));
                    columns.days.push(day);
                    columns.units.push(int(change.after));
                }
            }
        }
        columns
    }
}
