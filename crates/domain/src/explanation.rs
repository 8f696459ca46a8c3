//! Why a line has the goods that it has: what speaks for and against every batch, as things are now.
//!
//! It is told as if the line had given back what it has and looked again: the batches in its own order of
//! preference, and for each the first reason that keeps it from being taken. The choice itself was made on
//! an earlier day; where things have changed since, the reason says so ([`Verdict::Spare`]).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::batch::{Batch, Supply};
use crate::hold::Hold;
use crate::ids::BatchRef;
use crate::line::OrderLine;
use crate::policy;
use crate::values::{Day, Policy};

/// Whose hold it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum HoldOf {
    /// The batch's own.
    Batch,
    /// That of the shipment that carries it.
    Shipment,
}

/// Which day a batch comes too late for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum TooLateFor {
    /// The promise that holds.
    Promise,
    /// The day on which the customer would like it, which counts for a line that is just in time or names locations.
    RequestedDate,
}

/// What becomes of a batch in the choice for a line, and the first reason for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Verdict {
    /// The line has units of it.
    Taken {
        /// Units that have not left yet.
        units: u64,
    },
    /// It lies, or will land, where the line may not be served from.
    OtherLocation,
    /// It is held until a day that is too late, or until nobody knows when.
    Held {
        /// Whose hold it is; of two, the one that keeps it longer.
        of: HoldOf,
        /// What keeps it back.
        #[serde(flatten)]
        hold: Hold,
    },
    /// Even without other lines it could not hold this one.
    TooSmall {
        /// Units that the line wants of one batch; of several, where it may be split.
        wants: u64,
        /// Units that have not left it.
        has: u64,
    },
    /// It has units, and the line may take several batches; but all of them together have too few, and a split
    /// line waits until all of it fits.
    NotEnoughTogether {
        /// Units that the line wants.
        wants: u64,
        /// Units of this batch that nobody has.
        free: u64,
        /// Units that nobody has of all batches that may serve the line.
        together: u64,
    },
    /// It could hold the line if others did not have its units; of a line that may be split, a part of it.
    PromisedToOthers {
        /// Units that the line wants of one batch; of several, where it may be split.
        wants: u64,
        /// Units that nobody has.
        free: u64,
    },
    /// Its goods come after a day that the line keeps.
    TooLate {
        /// Which day that is.
        limit: TooLateFor,
        /// The day.
        wanted: Date,
    },
    /// It could hold the line, and the line has one that it prefers.
    NotPreferred {
        /// The preferred batch.
        to: BatchRef,
    },
    /// It has room now, and the line is elsewhere: a line moves only where its promise needs it, and not at all
    /// where a part of it has left.
    Spare,
}

/// A batch as it is weighed for a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// Its place in the given slice.
    pub at: usize,
    /// The day that could be promised of it; `None`: nobody can count on it.
    pub ready: Option<Date>,
    /// What became of it, and why.
    pub verdict: Verdict,
}

/// Weighs the batches of a line's product: in the line's order of preference, those without room or held
/// in their places; then those that may not serve it at all. `batches` are in the order of
/// [`Batch::earliest_first`]. Of a line that wants nothing more, none is weighed.
pub fn weigh(batches: &[Batch], line: &OrderLine, day: &Day) -> Vec<Weighed> {
    if line.outstanding() == 0 {
        return Vec::new();
    }
    let mut order = policy::preference(batches, &line.terms, promise_sought(line), day);
    let mut serves = vec![false; batches.len()];
    for at in &order {
        serves[*at] = true;
    }
    let free = order.iter().map(|at| batches[*at].available());
    let together = free.fold(0, u64::saturating_add);
    order.extend((0..batches.len()).filter(|at| !serves[*at]));
    let least = least(&order, batches, line);
    let mut preferred: Option<&BatchRef> = None;
    let weighed = order.into_iter().zip(least).map(|(at, least)| {
        let batch = &batches[at];
        let ready = day.promise_of(batch.supply());
        let units = line.pegged_to(batch.number);
        let verdict = if units > 0 {
            preferred = preferred.or(Some(&batch.reference));
            Verdict::Taken { units }
        } else if !serves[at] {
            Verdict::OtherLocation
        } else {
            refusal(batch, line, (ready, least), preferred, together)
        };
        Weighed { at, ready, verdict }
    });
    weighed.collect()
}

/// The fewest units of each of these batches with which the line could do something: all that it wants, or, where it may be
/// split, those that it has of one batch that it prefers less; any, where there is none.
fn least(order: &[usize], batches: &[Batch], line: &OrderLine) -> Vec<u64> {
    let mut part: Option<u64> = None;
    let mut least: Vec<u64> = order
        .iter()
        .rev()
        .map(|at| {
            let least = part.unwrap_or(1);
            let has = Some(line.pegged_to(batches[*at].number)).filter(|has| *has > 0);
            part = part.into_iter().chain(has).min();
            if line.terms.split {
                least
            } else {
                line.outstanding()
            }
        })
        .collect();
    least.reverse();
    least
}

/// What a line that has no goods, or late ones, looks for: what it was promised first, and no longer what was asked for.
fn promise_sought(line: &OrderLine) -> Option<Date> {
    let astray = line.allocations.is_empty() || line.late();
    line.original_promise.filter(|_| astray)
}

/// Why a batch that may serve the line was not taken. `least`: with fewer units of it the line could do nothing.
/// `preferred`: one of those that were comes before it. `together`: units that nobody has, of all that may serve it.
fn refusal(
    batch: &Batch,
    line: &OrderLine,
    (ready, least): (Option<Date>, u64),
    preferred: Option<&BatchRef>,
    together: u64,
) -> Verdict {
    let Some(ready) = ready else {
        return held(batch).unwrap_or(Verdict::Spare);
    };
    let wants = line.outstanding();
    let free = batch.available();
    if free < least {
        let has = batch.purchased.saturating_sub(batch.dispatched);
        let small = if line.terms.split {
            has == free
        } else {
            has < wants
        };
        return if small {
            Verdict::TooSmall { wants, has }
        } else {
            Verdict::PromisedToOthers { wants, free }
        };
    }
    if line.terms.split && line.allocations.is_empty() && together < wants {
        return Verdict::NotEnoughTogether {
            wants,
            free,
            together,
        };
    }
    let after = |limit, day: Option<Date>| {
        day.filter(|day| ready > *day)
            .map(|wanted| Verdict::TooLate { limit, wanted })
    };
    let requested = line.terms.requested_date;
    let late = after(TooLateFor::Promise, line.current_promise).or_else(|| {
        let by_day = line.terms.policy == Policy::JustInTime || !line.terms.locations.is_empty();
        let looked_at = requested.filter(|_| by_day && promise_sought(line).is_none());
        after(TooLateFor::RequestedDate, looked_at)
    });
    let behind = preferred.map(|to| Verdict::NotPreferred { to: to.clone() });
    match late.or(behind) {
        Some(reason) => held(batch).unwrap_or(reason),
        None => Verdict::Spare,
    }
}

/// That it is held, where that decides when the batch's goods can be counted on.
fn held(batch: &Batch) -> Option<Verdict> {
    let (of, hold) = deciding_hold(batch)?;
    let hold = hold.clone();
    Some(Verdict::Held { of, hold })
}

/// The hold that decides when the batch's goods can be counted on, if one does: of two, the one that keeps them
/// longer; none that ends before they come.
pub fn deciding_hold(batch: &Batch) -> Option<(HoldOf, &Hold)> {
    let own = batch.hold.as_ref().map(|hold| (HoldOf::Batch, hold));
    let ship = batch
        .shipment_hold
        .as_ref()
        .map(|hold| (HoldOf::Shipment, hold));
    // Without a date it is held longest.
    let until = |hold: &Hold| hold.expected_clear.map_or(Supply::Never, Supply::From);
    let longest = own.into_iter().chain(ship).max_by_key(|(_, h)| until(h));
    let by_itself = batch.eta.map_or(Supply::Now, Supply::From);
    longest.filter(|(_, hold)| until(hold) > by_itself)
}

#[cfg(test)]
#[path = "explanation_tests.rs"]
mod tests;
