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

use crate::batch::Batch;
use crate::line::Terms;
use crate::values::{Day, Policy};

/// What a line would take: the position of a batch in the given slice, and units.
pub type Pick = (usize, u64);

/// Chooses the batches for `quantity` units on these terms: one batch that can hold it all or, where the
/// terms allow a split, several. `None`: they cannot hold it. `batches` are in the order of
/// [`Batch::earliest_first`].
pub fn choose(batches: &[Batch], terms: &Terms, quantity: u64, day: &Day) -> Option<Vec<Pick>> {
    if terms.policy == Policy::Earliest && terms.locations.is_empty() {
        return take(0..batches.len(), batches, terms.split, quantity);
    }
    take(
        preference(batches, terms, day).into_iter(),
        batches,
        terms.split,
        quantity,
    )
}

/// The positions of the batches that may serve these terms, the most preferred first: those that meet the
/// requested date, then by location, then by policy.
pub fn preference(batches: &[Batch], terms: &Terms, day: &Day) -> Vec<usize> {
    let rank = |batch: &Batch| {
        if terms.locations.is_empty() {
            return Some(0);
        }
        terms
            .locations
            .iter()
            .position(|location| Some(location) == batch.location.as_ref())
    };
    let late = |batch: &Batch| {
        !terms.requested_date.is_some_and(|wanted| {
            day.promise_of(batch.supply())
                .is_some_and(|ready| ready <= wanted)
        })
    };
    let mut ranked: Vec<_> = batches
        .iter()
        .enumerate()
        .filter_map(|(at, batch)| rank(batch).map(|rank| (late(batch), rank, at)))
        .collect();
    // In time and just in time: the latest first. Otherwise the earliest.
    let latest_first = |late: bool| !late && terms.policy == Policy::JustInTime;
    ranked.sort_by(|a, b| {
        let by_day = a.2.cmp(&b.2);
        let by_policy = if latest_first(a.0) {
            by_day.reverse()
        } else {
            by_day
        };
        (a.0, a.1).cmp(&(b.0, b.1)).then(by_policy)
    });
    ranked.into_iter().map(|(_, _, at)| at).collect()
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
