//! The read model of what is available to promise.

use landfall_service::store::{AvailabilityChange, Changes, partition_of};

use crate::codes::{Day, int, small};
use crate::trip::{Param, param};

/// What the statement for the whole group takes: partition, product, day, units.
pub(super) struct Common<'a> {
    /// Of days that had units, and so have a row.
    pub(super) there: Vec<Param<'a>>,
    /// Of days that had none, and perhaps have a row.
    pub(super) new: Vec<Param<'a>>,
    pub(super) any_new: bool,
}

/// Gives what the statement for the whole group takes.
pub(super) fn common<'a>(changes: &Changes, partitions: u16) -> Common<'a> {
    let products = changes.products.iter();
    let mut days = products.flat_map(|product| &product.availability);
    Common {
        there: columns(changes, partitions, had_units),
        new: columns(changes, partitions, |day| !had_units(day)),
        any_new: days.any(|day| !had_units(day)),
    }
}

fn had_units(day: &AvailabilityChange) -> bool {
    day.before > 0
}

/// The units of the days that change in this way.
fn columns<'a>(
    changes: &Changes,
    partitions: u16,
    which: fn(&AvailabilityChange) -> bool,
) -> Vec<Param<'a>> {
    let (mut homes, mut products, mut days, mut units): (Vec<i16>, Vec<i64>, Vec<Day>, Vec<i64>) =
        Default::default();
    for product in &changes.products {
        let home = small(partition_of(product.sku.as_str(), partitions));
        for change in product.availability.iter().filter(|change| which(change)) {
            if let Some(day) = Day::of_supply(change.supply) {
                homes.push(home);
                products.push(int(product.number));
                days.push(day);
                units.push(int(change.after));
            }
        }
    }
    vec![param(homes), param(products), param(days), param(units)]
}
