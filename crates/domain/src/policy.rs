//! Which batch a line takes: the order in which it prefers the batches, and the choice among them.
//!
//! `earliest` is the rule of *Architecture Patterns with Python*, chapter 1: warehouse stock before
//! shipments, then the earliest ETA; the reference breaks ties so that the choice is a function of the data.
//! `just_in_time` takes the latest supply that still meets the requested date, so that early stock stays
//! free for those who need it early.
//!
//! Where a line names locations, its requested date comes first: supply that meets it is preferred to supply that
//! does not, wherever that is. Then, and without a date at once, the locations count in their order, and within one
//! the policy: a customer would rather have the sofa from the next town in time than from this one too late.
//!
//! All that is how a line is served first. One that was promised something looks for what keeps that promise, wherever
//! else its goods are taken from, at its locations in their order, and takes of these the last, as
//! [`crate::repeg`] does; where nothing comes in time, what comes first, wherever that is.

use jiff::civil::Date;

use crate::batch::Batch;
use crate::line::Terms;
use crate::values::{Day, Policy};

/// What a line would take: the position of a batch in the given slice, and units.
pub type Pick = (usize, u64);

/// Chooses the batches for `quantity` units on these terms: one batch that can hold it all or, where the
/// terms allow a split, several. `promised`: the day to keep, of a line that was promised one. `None`: they cannot hold
/// it. `batches` are in the order of [`Batch::earliest_first`].
pub fn choose(
    batches: &[Batch],
    terms: &Terms,
    promised: Option<Date>,
    quantity: u64,
    day: &Day,
) -> Option<Vec<Pick>> {
    if promised.is_none() && terms.policy == Policy::Earliest && terms.locations.is_empty() {
        return take(0..batches.len(), batches, terms.split, quantity);
    }
    take(
        preference(batches, terms, promised, day).into_iter(),
        batches,
        terms.split,
        quantity,
    )
}

/// The positions of the batches that may serve these terms, the most preferred first: those that meet the
/// requested date, then by location, then by policy. Where a day was promised: those that keep it, by location and the
/// last first; then the others, the first first.
pub fn preference(
    batches: &[Batch],
    terms: &Terms,
    promised: Option<Date>,
    day: &Day,
) -> Vec<usize> {
    let rank = |batch: &Batch| {
        if terms.locations.is_empty() {
            return Some(0);
        }
        terms
            .locations
            .iter()
            .position(|location| Some(location) == batch.location.as_ref())
    };
    let wanted = promised.or(terms.requested_date);
    let latest_first = promised.is_some() || terms.policy == Policy::JustInTime;
    let key = |at: usize, batch: &Batch| {
        let rank = rank(batch)?;
        let ready = day.promise_of(batch.supply()).unwrap_or(Date::MAX);
        let in_time = wanted.is_some_and(|wanted| ready <= wanted);
        // How late counts before where, for whom a day was promised.
        let late_by = promised.filter(|_| !in_time).map(|_| ready);
        let place = if in_time && latest_first {
            batches.len() - at
        } else {
            at
        };
        Some((!in_time, late_by, rank, place))
    };
    let batches_in_place = batches.iter().enumerate();
    let mut ranked: Vec<_> = batches_in_place
        .filter_map(|(at, batch)| Some((key(at, batch)?, at)))
        .collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, at)| at).collect()
}

fn take(
    order: impl Iterator<Item = usize>,
    batches: &[Batch],
    split: bool,
    quantity: u64,
) -> Option<Vec<Pick>> {
    let mut picks = Vec::new();
    let mut missing = quantity;
    for at in order {
        let available = batches[at].available();
        if available >= missing {
            picks.push((at, missing));
            return Some(picks);
        }
        if split && available > 0 {
            picks.push((at, available));
            missing -= available;
        }
    }
    None
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
