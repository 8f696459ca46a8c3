//! The lines that have stock of a batch, in the database in memory.

use std::collections::BTreeMap;

use jiff::civil::Date;
use landfall_domain::{BatchRef, OrderLine};

use super::tables::Tables;
use crate::resources::LineResource;
use crate::views::cursor::{PegPlace, cut, of_peg};
use crate::views::{List, PROMISES_LOOKED_AT, Promises, PromisesOfDay};

impl Tables {
    /// The lines that have stock of a batch and the units, those first that would lose it last; none: there is no such
    /// batch.
    fn holders(&self, reference: &BatchRef) -> Option<BTreeMap<PegPlace, (&OrderLine, u64)>> {
        let batch = self.batches.get(reference)?;
        let pegged = self.pegged.get(&self.pegs(&batch.sku, batch.number));
        let keys = pegged.into_iter().flat_map(|pegged| pegged.lines.values());
        let lines = keys.filter_map(|key| self.line(key));
        let with_units = |line| (PegPlace::of(line), (line, line.pegged_to(batch.number)));
        Some(lines.map(with_units).collect())
    }

    pub(super) fn pegged_lines(
        &self,
        reference: &BatchRef,
        after: Option<PegPlace>,
        limit: usize,
        today: Date,
    ) -> Option<List<LineResource>> {
        let lines = self.holders(reference)?.into_iter();
        let lines = lines.filter(|(place, _)| after.is_none_or(|after| *place > after));
        let lines = lines.take(limit.saturating_add(1)).collect();
        let List { items, next } = cut(lines, limit, |(place, _)| of_peg(place));
        let items = items.into_iter();
        let items = items.map(|(_, (line, _))| self.line_resource(line, today));
        Some(List {
            items: items.collect(),
            next,
        })
    }

    pub(super) fn promises_of(&self, reference: &BatchRef) -> Option<Promises> {
        let holders = self.holders(reference)?;
        let capped = holders.len() as u64 > PROMISES_LOOKED_AT;
        let mut days: BTreeMap<Date, (u64, u64)> = BTreeMap::new();
        let most = usize::try_from(PROMISES_LOOKED_AT).unwrap_or(usize::MAX);
        for (place, (_, units)) in holders.into_iter().take(most) {
            let (lines, sum) = days.entry(place.promise).or_default();
            *lines += 1;
            *sum += units;
        }
        let day = |(day, (lines, units))| PromisesOfDay {
            day: Some(day).filter(|day| *day != Date::MAX),
            lines,
            units,
        };
        Some(Promises {
            days: days.into_iter().map(day).collect(),
            capped,
        })
    }
}
