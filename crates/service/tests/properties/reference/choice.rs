//! Who is served, by which batches, and for when.

use std::cmp::Reverse;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::{Location, Policy, Supply};

use super::{Batch, Line, Model};

impl Model {
    /// Serves who waits for a product: by priority, then the requested date (none: last), then age.
    pub(super) fn fill(&mut self, sku: &str, today: Date) {
        let waits = |line: &Line| line.sku == sku && line.outstanding() > 0 && line.pegs.is_empty();
        let mut queue: Vec<usize> = (0..self.lines.len())
            .filter(|at| waits(&self.lines[*at]))
            .collect();
        queue.sort_by_key(|at| {
            let terms = &self.lines[*at].terms;
            let requested = terms.requested_date;
            (
                Reverse(terms.priority.get()),
                requested.is_none(),
                requested,
                *at,
            )
        });
        for at in queue {
            let served = self.serve(at, today);
            let line = &self.lines[at];
            // Somebody may have earlier goods to give up to it.
            if served && line.current > line.original {
                self.better.insert(line.sku.clone());
            }
        }
    }

    /// Pegs a line to the batches that it prefers, if they can hold it whole.
    pub(super) fn serve(&mut self, at: usize, today: Date) -> bool {
        let pegs = self.choose(at, today, self.lines[at].original, |_| true);
        if let Some(pegs) = pegs {
            self.peg(at, pegs, today);
            return true;
        }
        false
    }

    /// What the line would take of these batches; of one that was promised a day, to keep that.
    pub(super) fn choose(
        &self,
        at: usize,
        today: Date,
        promised: Option<Date>,
        of: impl Fn(&Batch) -> bool,
    ) -> Option<Vec<(String, u64)>> {
        let line = &self.lines[at];
        let mut pegs = Vec::new();
        let mut missing = line.outstanding();
        for batch in self
            .preferred(line, promised, today)
            .into_iter()
            .filter(|batch| of(batch))
        {
            let free = self.available(batch);
            if free >= missing {
                pegs.push((batch.reference.clone(), missing));
                return Some(pegs);
            }
            if line.terms.split && free > 0 {
                pegs.push((batch.reference.clone(), free));
                missing -= free;
            }
        }
        None
    }

    fn preferred<'a>(&'a self, line: &Line, promised: Option<Date>, today: Date) -> Vec<&'a Batch> {
        let terms = &line.terms;
        let wanted = |batch: &&Batch| batch.sku == line.sku;
        let mut batches: Vec<&Batch> = self.batches.iter().filter(wanted).collect();
        batches.sort_by_key(|batch| (batch.supply(), batch.reference.clone()));
        let in_time = |batch: &Batch| {
            promised.or(terms.requested_date).is_some_and(|day| {
                self.there(batch.supply(), today)
                    .is_some_and(|there| there <= day)
            })
        };
        let (mut first, mut then): (Vec<&Batch>, Vec<&Batch>) =
            batches.into_iter().partition(|batch| in_time(batch));
        if promised.is_some() || terms.policy == Policy::JustInTime {
            first.reverse();
        }
        if terms.locations.is_empty() {
            return first.into_iter().chain(then).collect();
        }
        // What is in time comes first, wherever it is.
        let by_location = |ordered: &[&'a Batch]| {
            let of_location = |location: &Location| {
                let there = |batch: &&Batch| batch.location.as_ref() == Some(location);
                ordered.iter().copied().filter(there).collect::<Vec<_>>()
            };
            let locations = terms.locations.iter();
            locations.flat_map(of_location).collect::<Vec<&Batch>>()
        };
        first = by_location(&first);
        then = by_location(&then);
        if promised.is_some() {
            // Too late: the less late the better, wherever it is.
            then.sort_by_key(|batch| self.there(batch.supply(), today));
        }
        [first, then].concat()
    }

    /// When goods of this supply can be with the customer.
    pub(super) fn there(&self, supply: Supply, today: Date) -> Option<Date> {
        let there = match supply {
            Supply::Now => today,
            Supply::From(day) => day.max(today),
            Supply::Never => return None,
        };
        Some(there + self.handling_days.days())
    }
}
