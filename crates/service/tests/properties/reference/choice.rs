//! Who is served, by which batches, and for when.

use std::cmp::Reverse;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::Policy;

use super::{Batch, Line, Model};

impl Model {
    /// Serves who waits for a product: by priority, then the requested date (none: last), then age.
    pub(super) fn fill(&mut self, sku: &str, today: Date) {
        let waits = |line: &Line| line.sku == sku && !line.cancelled && line.pegs.is_empty();
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
            self.serve(at, today);
        }
    }

    /// Pegs a line to the batches that it prefers, if they can hold it whole.
    pub(super) fn serve(&mut self, at: usize, today: Date) -> bool {
        let line = self.lines[at].clone();
        let mut pegs = Vec::new();
        let mut missing = line.quantity;
        for batch in self.preferred(&line, today) {
            let free = u64::try_from(self.free(batch)).unwrap_or(0);
            if free >= missing {
                pegs.push((batch.reference.clone(), missing));
                missing = 0;
                break;
            }
            if line.terms.split && free > 0 {
                pegs.push((batch.reference.clone(), free));
                missing -= free;
            }
        }
        if missing > 0 {
            return false;
        }
        let ready = self.ready(&pegs, today);
        let line = &mut self.lines[at];
        let original = *line.original.get_or_insert(ready);
        line.current = Some(ready.max(original));
        line.pegs = pegs;
        true
    }

    fn preferred(&self, line: &Line, today: Date) -> Vec<&Batch> {
        let terms = &line.terms;
        let wanted = |batch: &&Batch| batch.sku == line.sku;
        let mut batches: Vec<&Batch> = self.batches.iter().filter(wanted).collect();
        batches.sort_by_key(|batch| (batch.eta, batch.reference.clone()));
        let in_time = |batch: &Batch| {
            terms.policy == Policy::JustInTime
                && terms
                    .requested_date
                    .is_some_and(|day| self.there(batch.eta, today) <= day)
        };
        let (mut first, then): (Vec<&Batch>, Vec<&Batch>) =
            batches.into_iter().partition(|batch| in_time(batch));
        first.reverse();
        let ordered: Vec<&Batch> = first.into_iter().chain(then).collect();
        if terms.locations.is_empty() {
            return ordered;
        }
        let at = |batch: &Batch, location: &str| batch.location.as_deref() == Some(location);
        let of_location = |location: &str| {
            ordered
                .iter()
                .copied()
                .filter(|b| at(b, location))
                .collect::<Vec<_>>()
        };
        terms
            .locations
            .iter()
            .flat_map(|location| of_location(location.as_str()))
            .collect()
    }

    pub(super) fn ready(&self, pegs: &[(String, u64)], today: Date) -> Date {
        let batch = |name: &str| {
            self.batches
                .iter()
                .find(|batch| batch.reference == name)
                .unwrap()
        };
        pegs.iter()
            .map(|(name, _)| self.there(batch(name).eta, today))
            .max()
            .unwrap()
    }

    /// When goods with this ETA can be with the customer.
    fn there(&self, eta: Option<Date>, today: Date) -> Date {
        eta.unwrap_or(today).max(today) + self.handling_days.days()
    }
}
