//! Reports: figures over everything that a database holds, of one moment.
//!
//! [`dwell`] tells how long goods wait for their customers, and how much of what lands is sold by then.
//!
//! # Dwell
//!
//! The dwell of a unit is the number of days from the day on which it came to be in the warehouse to the day
//! on which its customer would like it (the line's requested date); 0 where it came on that day or later. Only
//! units of lines that name such a day have one. A mean is over units, not over lines.
//!
//! - **left**: units that were dispatched. The day of arrival is the one that the dispatch recorded.
//! - **planned**: units that are allocated now. The day of arrival is the one on which the batch landed or,
//!   while it is inbound, the day on which it can be counted on: its ETA or the expected clear date of its
//!   holds, whichever is later, and never before today.
//!
//! Units whose day of arrival nobody knows (recorded before landings were, or held without a clear date)
//! are counted apart and have no dwell.
//!
//! # Sold when it landed
//!
//! Of the units of the batches that were inbound and have landed: the share that was allocated or dispatched
//! on the day of landing. A second count of a receipt corrects both. Batches that were in the warehouse
//! when they were created have no share. The day of a shipment's landing is that of its last batch.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use landfall_domain::product::Counters;
use landfall_domain::{
    Batch, BatchRef, Day, Event, OrderLine, Policy, Shipment, ShipmentRef, Sku, Supply,
};
use serde::Serialize;

use crate::log::LogRecord;
use crate::views::{AvailabilityView, Inspect, OrderLineView, ViewError, Views};

/// How many shipments a report lists, those that landed last; all are counted.
pub const SHIPMENTS_LISTED: usize = 1_000;

/// How long goods wait, and how much of what lands is sold by then. The figures are defined in
/// [`crate::report`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DwellReport {
    /// The day for which this is told.
    pub as_of: Date,
    /// Of the units that have left.
    pub left: DwellByPolicy,
    /// Of the units that are allocated now.
    pub planned: DwellByPolicy,
    /// How much of what landed was sold by then.
    pub sold_on_landing: SoldOnLanding,
}

/// Dwell, and by which policy the goods were chosen.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DwellByPolicy {
    /// All units.
    pub all: Dwell,
    /// Those of lines with the policy `earliest`.
    pub earliest: Dwell,
    /// Those of lines with the policy `just_in_time`.
    pub just_in_time: Dwell,
}

/// Days between arrival and requested date.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Dwell {
    /// Units that have a dwell.
    pub units: u64,
    /// The mean over these units, in days, to two places; null: there are none.
    pub mean_days: Option<f64>,
    /// The longest, in days; null: there are none.
    pub max_days: Option<u32>,
    /// Units with a requested date whose day of arrival nobody knows.
    pub units_unknown: u64,
}

/// How much of what landed was sold by then.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct SoldOnLanding {
    /// Of all batches.
    pub all: Sold,
    /// Of the batches that came without a shipment.
    pub without_shipment: Sold,
    /// Of each shipment, the one that landed last first.
    pub shipments: Vec<ShipmentSold>,
    /// How many shipments are not listed, because there are too many.
    pub shipments_left_out: u64,
}

/// A share that was sold.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Sold {
    /// Batches that landed.
    pub batches: u64,
    /// Units that landed.
    pub units: u64,
    /// Units of these that had a buyer by then.
    pub sold: u64,
    /// sold / units, 0 to 1, to four places; null: nothing landed.
    pub share: Option<f64>,
}

/// The share of one shipment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ShipmentSold {
    /// The shipment.
    pub shipment: ShipmentRef,
    /// When its last batch landed.
    pub landed: Date,
    /// The share.
    #[serde(flatten)]
    pub sold: Sold,
}

/// Looks at everything and reports how long goods wait.
pub async fn dwell(views: &dyn Views, day: &Day) -> Result<DwellReport, ViewError> {
    let mut reporter = DwellReporter::default();
    views.inspect(&mut reporter).await?;
    Ok(reporter.finish(day.today))
}

/// Takes in what a dwell report needs, in any order.
#[derive(Default)]
struct DwellReporter {
    left: Sums,
    /// When a batch landed, or can be counted on.
    arrivals: HashMap<BatchRef, Arrival>,
    /// Units of lines that name a day, by batch, that day and policy.
    planned: HashMap<(BatchRef, Date, Policy), u128>,
    without_shipment: SoldSum,
    shipments: BTreeMap<ShipmentRef, (Date, SoldSum)>,
}

/// When a batch's goods came, or will.
#[derive(Clone, Copy)]
enum Arrival {
    Landed(Date),
    Expected(Date),
    Unknown,
}

impl DwellReporter {
    fn finish(self, today: Date) -> DwellReport {
        let mut planned = Sums::default();
        for ((batch, wanted, policy), units) in self.planned {
            let arrived = match self.arrivals.get(&batch) {
                Some(Arrival::Landed(on)) => Some(*on),
                Some(Arrival::Expected(on)) => Some((*on).max(today)),
                Some(Arrival::Unknown) | None => None,
            };
            planned.add(policy, arrived, wanted, units);
        }
        DwellReport {
            as_of: today,
            left: self.left.finish(),
            planned: planned.finish(),
            sold_on_landing: sold_on_landing(&self.without_shipment, self.shipments),
        }
    }
}

fn sold_on_landing(
    without_shipment: &SoldSum,
    shipments: BTreeMap<ShipmentRef, (Date, SoldSum)>,
) -> SoldOnLanding {
    let mut all = without_shipment.clone();
    for (_, sum) in shipments.values() {
        all.batches += sum.batches;
        all.units += sum.units;
        all.sold += sum.sold;
    }
    let listed = shipments
        .into_iter()
        .map(|(shipment, (landed, sum))| ShipmentSold {
            shipment,
            landed,
            sold: sum.finish(),
        });
    let mut listed: Vec<ShipmentSold> = listed.collect();
    // Those of one day stay in the order of their references.
    listed.sort_by_key(|sold| std::cmp::Reverse(sold.landed));
    let shipments_left_out = listed.len().saturating_sub(SHIPMENTS_LISTED) as u64;
    listed.truncate(SHIPMENTS_LISTED);
    SoldOnLanding {
        all: all.finish(),
        without_shipment: without_shipment.finish(),
        shipments: listed,
        shipments_left_out,
    }
}

impl Inspect for DwellReporter {
    fn event(&mut self, record: &LogRecord) {
        let Event::Dispatched {
            departures,
            requested_date: Some(wanted),
            policy,
            ..
        } = &record.event
        else {
            return;
        };
        for departure in departures {
            let units = departure.quantity.into();
            self.left.add(*policy, departure.landed, *wanted, units);
        }
    }

    fn batch(&mut self, batch: &Batch) {
        let arrival = match (batch.landed, batch.supply()) {
            (Some(landed), _) => Arrival::Landed(landed.on),
            (None, Supply::From(on)) => Arrival::Expected(on),
            (None, Supply::Now | Supply::Never) => Arrival::Unknown,
        };
        self.arrivals.insert(batch.reference.clone(), arrival);
        let Some(landed) = batch.landed.filter(|landed| landed.of > 0) else {
            return;
        };
        let sum = match &batch.shipment {
            None => &mut self.without_shipment,
            Some(shipment) => {
                let first = || (landed.on, SoldSum::default());
                let entry = self.shipments.entry(shipment.clone());
                let (last, sum) = entry.or_insert_with(first);
                *last = (*last).max(landed.on);
                sum
            }
        };
        sum.batches += 1;
        sum.units += u128::from(landed.of);
        sum.sold += u128::from(landed.sold);
    }

    fn line(&mut self, line: &OrderLine) {
        let Some(wanted) = line.terms.requested_date else {
            return;
        };
        for allocation in &line.allocations {
            let key = (allocation.batch.clone(), wanted, line.terms.policy);
            *self.planned.entry(key).or_default() += u128::from(allocation.quantity);
        }
    }

    fn product(&mut self, _number: u64, _sku: &Sku, _counters: Counters) {}

    fn shipment(&mut self, _shipment: &Shipment) {}

    fn order_line(&mut self, _row: &OrderLineView) {}

    fn availability(&mut self, _row: &AvailabilityView) {}

    fn allocated(&mut self, _partition: u16, _batch_number: u64, _units: u64, _lines: u64) {}

    fn head(&mut self, _partition: u16, _next_offset: u64) {}
}

/// Sums of dwell. 128 bits: a sum of units times days must not run over, whatever a database holds.
#[derive(Default)]
struct Sums {
    earliest: Sum,
    just_in_time: Sum,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    units: u128,
    unit_days: u128,
    max_days: u32,
    unknown: u128,
}

impl Sums {
    fn add(&mut self, policy: Policy, arrived: Option<Date>, wanted: Date, units: u128) {
        let sum = match policy {
            Policy::Earliest => &mut self.earliest,
            Policy::JustInTime => &mut self.just_in_time,
        };
        let Some(arrived) = arrived else {
            sum.unknown += units;
            return;
        };
        let days = u32::try_from((wanted - arrived).get_days()).unwrap_or(0);
        sum.units += units;
        sum.unit_days += units * u128::from(days);
        sum.max_days = sum.max_days.max(days);
    }

    fn finish(self) -> DwellByPolicy {
        let (a, b) = (self.earliest, self.just_in_time);
        let all = Sum {
            units: a.units + b.units,
            unit_days: a.unit_days + b.unit_days,
            max_days: a.max_days.max(b.max_days),
            unknown: a.unknown + b.unknown,
        };
        DwellByPolicy {
            all: all.finish(),
            earliest: a.finish(),
            just_in_time: b.finish(),
        }
    }
}

impl Sum {
    fn finish(self) -> Dwell {
        Dwell {
            units: count(self.units),
            mean_days: quotient(self.unit_days, self.units, 100),
            max_days: (self.units > 0).then_some(self.max_days),
            units_unknown: count(self.unknown),
        }
    }
}

#[derive(Clone, Default)]
struct SoldSum {
    batches: u64,
    units: u128,
    sold: u128,
}

impl SoldSum {
    fn finish(&self) -> Sold {
        Sold {
            batches: self.batches,
            units: count(self.units),
            sold: count(self.sold),
            share: quotient(self.sold, self.units, 10_000),
        }
    }
}

fn count(units: u128) -> u64 {
    u64::try_from(units).unwrap_or(u64::MAX)
}

/// a / b, rounded half up to one part of `places` (100: two places); computed in whole numbers, so that it is
/// the same everywhere.
fn quotient(a: u128, b: u128, places: u32) -> Option<f64> {
    let scaled = a.saturating_mul(places.into()).saturating_add(b / 2);
    let parts = u64::try_from(scaled.checked_div(b)?).unwrap_or(u64::MAX);
    #[expect(
        clippy::cast_precision_loss,
        reason = "beyond 2^53 hundredths of a day nobody counts places"
    )]
    let parts = parts as f64;
    Some(parts / f64::from(places))
}
