//! Lines that should have left, in the database in memory.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::civil::Date;
use landfall_domain::{Allocation, OrderLine};

use super::super::tables::Tables;
use crate::resources::AllocationResource;
use crate::views::List;
use crate::views::overdue::{
    OVERDUE_COUNTED, OverdueFilter, OverdueLine, OverduePlace, OverdueSort, OverdueTotal, page,
};

impl Tables {
    /// What of a line lies in the warehouse and may leave.
    fn may_leave<'a>(&'a self, line: &'a OrderLine) -> impl Iterator<Item = &'a Allocation> {
        let there = |part: &&Allocation| {
            let batch = self.batches.get(&part.batch);
            batch.is_some_and(landfall_domain::Batch::can_leave)
        };
        line.allocations.iter().filter(there)
    }

    fn should_have_left(&self, today: Date) -> impl Iterator<Item = &OrderLine> {
        let lines = self.orders.values().flat_map(|order| order.lines.values());
        lines.filter(move |line| line.overdue(today) && self.may_leave(line).next().is_some())
    }

    fn overdue_place(&self, line: &OrderLine) -> OverduePlace {
        OverduePlace {
            // Who is overdue has a promise.
            promise: line.current_promise.unwrap_or(Date::MAX),
            rank: 9 - i64::from(line.terms.priority.get()),
            partition: self.home(line.sku.as_str()),
            number: line.number,
        }
    }

    pub(super) fn overdue(
        &self,
        filter: &OverdueFilter,
        sort: OverdueSort,
        after: Option<OverduePlace>,
        limit: usize,
        today: Date,
    ) -> List<OverdueLine> {
        let wanted = |line: &&OrderLine| {
            let mut parts = self.may_leave(line);
            filter.sku.as_ref().is_none_or(|sku| line.sku == *sku)
                && parts.any(|part| {
                    let shipment = self.batches.get(&part.batch);
                    let shipment = shipment.and_then(|batch| batch.shipment.as_ref());
                    let batch = filter.batch.as_ref();
                    batch.is_none_or(|batch| part.batch == *batch)
                        && (filter.shipment.is_none() || filter.shipment.as_ref() == shipment)
                })
        };
        let lines = self.should_have_left(today).filter(wanted);
        let lines = lines.map(|line| {
            let place = self.overdue_place(line);
            ((place.partition, place.number), (place, line))
        });
        let lines: BTreeMap<_, _> = lines.collect();
        let places = lines.values().map(|(place, _)| *place);
        let rest = places.filter(|place| {
            after.is_none_or(|after| place.compare(&after, sort) == Ordering::Greater)
        });
        let List { items, next } = page(rest.collect(), sort, limit);
        let items = items.into_iter().filter_map(|place| {
            let (_, line) = lines.get(&(place.partition, place.number))?;
            let here = self.may_leave(line).map(|part| AllocationResource {
                batch: part.batch.clone(),
                quantity: part.quantity,
                eta: None,
            });
            Some(OverdueLine {
                line: self.line_resource(line, today),
                here: here.collect(),
            })
        });
        List {
            items: items.collect(),
            next,
        }
    }

    pub(super) fn overdue_total(&self, first: usize, today: Date) -> OverdueTotal {
        let (all, sort) = (OverdueFilter::default(), OverdueSort::Promise);
        let batches = self.batches.values();
        let looked_at = batches.filter(|batch| batch.can_leave() && batch.allocated > 0);
        let mut total = OverdueTotal {
            first: self.overdue(&all, sort, None, first, today).items,
            batches: looked_at.count() as u64,
            ..OverdueTotal::default()
        };
        for line in self.should_have_left(today) {
            if total.lines == OVERDUE_COUNTED {
                total.capped = true;
                break;
            }
            total.lines += 1;
            total.units += self.may_leave(line).map(|part| part.quantity).sum::<u64>();
        }
        total
    }
}
