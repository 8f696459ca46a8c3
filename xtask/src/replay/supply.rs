//! The supply that a replay makes up: what is bought, when it is due, and what goes wrong with it.
//!
//! Each SKU gets one batch for each month that asks for it. The first month's is in the warehouse
//! on the first day; a later month's is entered one month ahead and is due on the first of the
//! month that it serves. It holds 90 % of that month's demand, so that some orders have to wait.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use serde::Serialize;

use super::orders::Demand;
use super::random::Random;

/// How much of a month's demand is bought, in percent.
const BOUGHT: u64 = 90;
/// How many batches have their quantity changed, and how many inbound ones their ETA, in percent.
const CHANGED: u64 = 2;

/// What happens to the stock on one day.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Supply {
    /// Batches that are entered on this day.
    pub(super) batches: Vec<Batch>,
    /// What is told of batches entered before, in this order.
    pub(super) changes: Vec<Change>,
}

/// A row of a batches file.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Batch {
    #[serde(rename = "ref")]
    pub(super) reference: String,
    pub(super) sku: String,
    #[serde(rename = "qty")]
    pub(super) quantity: u64,
    /// None: it is in the warehouse.
    pub(super) eta: Option<Date>,
}

/// A command about a batch, in the product's own form.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type")]
pub(super) enum Change {
    ChangeBatchQuantity {
        reference: String,
        quantity: u64,
        reason: &'static str,
    },
    /// Without an ETA it has arrived.
    ChangeBatchEta {
        reference: String,
        eta: Option<Date>,
    },
}

/// The whole supply by day, for orders that begin on `first`.
pub(super) fn plan(demand: &Demand, first: Date, seed: u64) -> BTreeMap<Date, Supply> {
    let mut random = Random::new(seed);
    let mut days = BTreeMap::<Date, Supply>::new();
    for (&month, skus) in demand {
        for (sku, &asked) in skus {
            let batch = Batch {
                reference: format!("{}-{sku}", month.strftime("%Y-%m")),
                sku: sku.clone(),
                quantity: bought(asked),
                eta: (month > first).then_some(month),
            };
            let entered = batch
                .eta
                .map_or(first, |eta| first.max(eta.saturating_sub(1.month())));
            let arrives = mishap(&mut random, &batch, entered, &mut days);
            if let Some(day) = arrives {
                let reference = batch.reference.clone();
                tell(
                    &mut days,
                    day,
                    Change::ChangeBatchEta {
                        reference,
                        eta: None,
                    },
                );
            }
            days.entry(entered).or_default().batches.push(batch);
        }
    }
    days
}

/// 90 % to the nearest unit, and never nothing: a batch of no units is no batch.
fn bought(asked: u64) -> u64 {
    ((asked * BOUGHT + 50) / 100).max(1)
}

fn tell(days: &mut BTreeMap<Date, Supply>, day: Date, change: Change) {
    days.entry(day).or_default().changes.push(change);
}

/// Lets chance change a batch between its entry and its arrival, and says when it arrives.
fn mishap(
    random: &mut Random,
    batch: &Batch,
    entered: Date,
    days: &mut BTreeMap<Date, Supply>,
) -> Option<Date> {
    let drawn = random.between(1, 100);
    // A warehouse batch can still turn out to be more or less than was thought, at any time in
    // its month.
    let until = batch.eta.unwrap_or_else(|| entered.last_of_month());
    // From the day after the entry to two days before the end: nobody hears of a change on the
    // day that the goods are there, and an earlier arrival needs a day to be earlier on.
    let span = u64::try_from((until - entered).get_days() - 2).unwrap_or(0);
    if drawn > 2 * CHANGED || span == 0 {
        return batch.eta;
    }
    let told = entered.saturating_add(days_of(random.between(1, span)));
    let reference = batch.reference.clone();
    if drawn <= CHANGED {
        let (quantity, reason) = recounted(random, batch.quantity);
        tell(
            days,
            told,
            Change::ChangeBatchQuantity {
                reference,
                quantity,
                reason,
            },
        );
        return batch.eta;
    }
    let eta = Some(moved(random, batch.eta?, told));
    tell(days, told, Change::ChangeBatchEta { reference, eta });
    eta
}

/// Another quantity: half the time fewer (50–90 %), half the time more (110–150 %), and always
/// different by at least one unit.
fn recounted(random: &mut Random, quantity: u64) -> (u64, &'static str) {
    if random.between(0, 1) == 0 {
        let fewer = quantity * random.between(50, 90) / 100;
        (fewer.min(quantity - 1), "the supplier is short")
    } else {
        let more = quantity * random.between(110, 150) / 100;
        (more.max(quantity + 1), "the supplier sends more")
    }
}

/// Another ETA: two of three are late (3–21 days), the others early (3–14 days), but not before
/// the day after the change is told.
fn moved(random: &mut Random, eta: Date, told: Date) -> Date {
    if random.between(1, 3) <= 2 {
        eta.saturating_add(days_of(random.between(3, 21)))
    } else {
        eta.saturating_sub(days_of(random.between(3, 14)))
            .max(told.saturating_add(1.day()))
    }
}

/// So many days, a month's worth at most.
fn days_of(count: u64) -> Span {
    i64::try_from(count).unwrap_or_default().days()
}

#[cfg(test)]
#[path = "supply_tests.rs"]
mod tests;
