//! What there will be of a product, and how much of it is free, day by day.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::{Day, Supply};
use landfall_service::resources::BatchResource;

use crate::charts::steps::{Step, Steps};
use crate::format;
use crate::table::{Cell, Row, Table, column, numbers};

/// What the chart shows at the least and at the most, in months from today.
const MONTHS: (i32, i32) = (3, 18);

/// Days in the table.
const LISTED: usize = 100;

/// Units that come on one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Units {
    supply: u64,
    allocated: u64,
    free: u64,
}

/// The steps of a product's supply, as they can be promised.
pub(super) struct Outlook {
    steps: Vec<Step>,
    came: Vec<u64>,
    /// Units that nobody can count on.
    held: u64,
    /// Free units of arrivals that are overdue: they can be promised, and are not here.
    overdue: u64,
}

/// When a batch can be counted on.
pub(super) fn supply(batch: &BatchResource) -> Supply {
    let mut there = batch.eta;
    for hold in [&batch.hold, &batch.shipment_hold].into_iter().flatten() {
        match hold.expected_clear {
            Some(clear) => there = there.max(Some(clear)),
            None => return Supply::Never,
        }
    }
    there.map_or(Supply::Now, Supply::From)
}

impl Outlook {
    /// Of these batches, on this day.
    pub(super) fn new(batches: &[BatchResource], day: Day) -> Self {
        let mut by_date = BTreeMap::<Date, Units>::new();
        let (mut held, mut overdue) = (0_u64, 0_u64);
        for batch in batches {
            let left = batch.purchased.saturating_sub(batch.dispatched);
            let Some(date) = day.promise_of(supply(batch)) else {
                held = held.saturating_add(left);
                continue;
            };
            if left == 0 {
                continue;
            }
            let units = by_date.entry(date).or_default();
            units.supply = units.supply.saturating_add(left);
            units.allocated = units.allocated.saturating_add(batch.allocated);
            units.free = units.free.saturating_add(batch.available);
            if batch.overdue {
                overdue = overdue.saturating_add(batch.available);
            }
        }
        let mut sum = Units::default();
        let (mut steps, mut came) = (Vec::new(), Vec::new());
        for (date, units) in by_date {
            sum.supply = sum.supply.saturating_add(units.supply);
            sum.allocated = sum.allocated.saturating_add(units.allocated);
            sum.free = sum.free.saturating_add(units.free);
            came.push(units.supply);
            steps.push(Step {
                date,
                supply: sum.supply,
                allocated: sum.allocated,
                free: sum.free,
            });
        }
        Self {
            steps,
            came,
            held,
            overdue,
        }
    }

    /// The last day of the chart; none where there is nothing.
    fn ends(&self, day: Day) -> Option<Date> {
        let last = self.steps.last()?.date;
        let (least, most) = MONTHS;
        let in_months = |months: i32| day.today.saturating_add(months.months());
        let room = last.saturating_add(14.days());
        Some(room.clamp(in_months(least), in_months(most)))
    }

    /// The chart; none where there is nothing.
    pub(super) fn chart(&self, sku: &str, day: Day) -> Option<Steps> {
        let (last, until) = (self.steps.last()?, self.ends(day)?);
        let words = format!(
            "What can be promised of {sku}: by {}, {} in all, {} of them allocated and {} free",
            format::day(last.date),
            format::count(last.supply, "unit", "units"),
            format::number(last.allocated),
            format::number(last.free),
        );
        Some(Steps::new(words, day.today, until, &self.steps))
    }

    /// The same as a table.
    pub(super) fn table(&self) -> Table {
        let columns = [
            column("From"),
            numbers("Comes in"),
            numbers("Supply"),
            numbers("Allocated"),
            numbers("Free"),
        ];
        let shown = self.steps.iter().zip(&self.came).take(LISTED);
        let rows = shown.map(|(step, came)| Row {
            cells: vec![
                Cell::Day(step.date),
                Cell::Number(*came),
                Cell::Number(step.supply),
                Cell::Number(step.allocated),
                Cell::Number(step.free),
            ],
        });
        let caption = "By the day that can be promised";
        let caption = if self.steps.len() > LISTED {
            let days = format::number(self.steps.len() as u64);
            format!("{caption}: the first {LISTED} of {days} days")
        } else {
            caption.to_owned()
        };
        Table::new("dates", caption, &columns)
            .with_rows(rows)
            .live(String::new())
    }

    /// What the chart does not show, in words.
    pub(super) fn aside(&self, day: Day) -> Vec<String> {
        let mut aside = Vec::new();
        let ends = self.ends(day);
        if let Some(ends) = ends.filter(|ends| self.steps.last().is_some_and(|s| s.date > *ends)) {
            aside.push(format!(
                "The chart ends on {}: what comes later is in the table.",
                format::day(ends)
            ));
        }
        if self.overdue > 0 {
            let units = format::count(self.overdue, "free unit is", "free units are");
            aside.push(format!(
                "{units} not here yet: of arrivals that are overdue."
            ));
        }
        if self.held > 0 {
            let units = format::count(self.held, "unit is", "units are");
            aside.push(format!(
                "{units} held and nobody knows until when: not counted here."
            ));
        }
        aside
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use landfall_domain::{Batch, Hold};

    use super::*;

    const TODAY: Date = date(2026, 12, 1);

    fn batch(name: &str, units: u64, eta: Option<Date>) -> Batch {
        Batch::new(
            0,
            name.parse().unwrap(),
            "SOFA".parse().unwrap(),
            units,
            eta,
        )
    }

    #[test]
    fn supply_adds_up_by_the_day_that_can_be_promised() {
        let day = Day {
            today: TODAY,
            handling_days: 2,
        };
        let here = Batch {
            allocated: 3,
            dispatched: 1,
            ..batch("a", 10, None)
        };
        // Overdue: today at the earliest.
        let overdue = batch("b", 5, Some(date(2026, 11, 1)));
        let hold = |expected_clear| Hold {
            code: "customs".parse().unwrap(),
            note: None,
            expected_clear,
        };
        let until = Batch {
            hold: Some(hold(Some(date(2026, 12, 20)))),
            allocated: 4,
            ..batch("c", 4, Some(date(2026, 12, 10)))
        };
        let never = Batch {
            shipment_hold: Some(hold(None)),
            ..batch("d", 7, None)
        };
        let batches = [here, overdue, until, never].map(|b| BatchResource::new(&b, TODAY));
        let outlook = Outlook::new(&batches, day);
        let step = |date, supply, allocated, free| Step {
            date,
            supply,
            allocated,
            free,
        };
        assert_eq!(
            outlook.steps,
            [
                step(date(2026, 12, 3), 14, 3, 11),
                step(date(2026, 12, 22), 18, 7, 11)
            ]
        );
        assert_eq!(outlook.came, [14, 4]);
        assert_eq!(
            outlook.aside(day),
            [
                "5 free units are not here yet: of arrivals that are overdue.",
                "7 units are held and nobody knows until when: not counted here."
            ]
        );
        let far = BatchResource::new(&batch("e", 1, Some(date(2029, 1, 1))), TODAY);
        let outlook = Outlook::new(&[far], day);
        assert_eq!(
            outlook.aside(day),
            ["The chart ends on 1 Jun 2028: what comes later is in the table."]
        );
        assert!(Outlook::new(&[], day).chart("SOFA", day).is_none());
    }
}
