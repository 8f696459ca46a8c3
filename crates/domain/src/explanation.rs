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
        /// Units that the line wants of one batch.
        wants: u64,
        /// Units that have not left it.
        has: u64,
    },
    /// It could hold the line if others did not have its units.
    PromisedToOthers {
        /// Units that the line wants of one batch.
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
    /// It has room now, and was not taken: it came free later, and a line moves only where its promise needs it.
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
    let mut order = policy::preference(batches, &line.terms, day);
    let mut serves = vec![false; batches.len()];
    for at in &order {
        serves[*at] = true;
    }
    order.extend((0..batches.len()).filter(|at| !serves[*at]));
    let mut preferred: Option<&BatchRef> = None;
    let weighed = order.into_iter().map(|at| {
        let batch = &batches[at];
        let ready = day.promise_of(batch.supply());
        let units = line.pegged_to(batch.number);
        let verdict = if units > 0 {
            preferred = preferred.or(Some(&batch.reference));
            Verdict::Taken { units }
        } else if !serves[at] {
            Verdict::OtherLocation
        } else {
            refusal(batch, line, ready, preferred)
        };
        Weighed { at, ready, verdict }
    });
    weighed.collect()
}

/// Why a batch that may serve the line was not taken. `preferred`: one of those that were comes before it.
fn refusal(
    batch: &Batch,
    line: &OrderLine,
    ready: Option<Date>,
    preferred: Option<&BatchRef>,
) -> Verdict {
    let Some(ready) = ready else {
        return held(batch).unwrap_or(Verdict::Spare);
    };
    let wants = line.outstanding();
    let free = batch.available();
    // Of a split line that has stock any unit would have done; one that waits finds too little in all together.
    let enough = if line.terms.split && !line.allocations.is_empty() {
        free > 0
    } else {
        free >= wants
    };
    if !enough {
        let has = batch.purchased.saturating_sub(batch.dispatched);
        return if has < wants {
            Verdict::TooSmall { wants, has }
        } else {
            Verdict::PromisedToOthers { wants, free }
        };
    }
    let after = |limit, day: Option<Date>| {
        day.filter(|day| ready > *day)
            .map(|wanted| Verdict::TooLate { limit, wanted })
    };
    let requested = line.terms.requested_date;
    let late = after(TooLateFor::Promise, line.current_promise).or_else(|| {
        let by_day = line.terms.policy == Policy::JustInTime || !line.terms.locations.is_empty();
        let looked_at = requested.filter(|_| by_day);
        after(TooLateFor::RequestedDate, looked_at)
    });
    let behind = preferred.map(|to| Verdict::NotPreferred { to: to.clone() });
    match late.or(behind) {
        Some(reason) => held(batch).unwrap_or(reason),
        None => Verdict::Spare,
    }
}

/// The hold that decides when the batch's goods can be counted on, if one does.
fn held(batch: &Batch) -> Option<Verdict> {
    let own = batch.hold.as_ref().map(|hold| (HoldOf::Batch, hold));
    let ship = batch
        .shipment_hold
        .as_ref()
        .map(|hold| (HoldOf::Shipment, hold));
    // Without a date it is held longest.
    let until = |hold: &Hold| hold.expected_clear.map_or(Supply::Never, Supply::From);
    let longest = own.into_iter().chain(ship).max_by_key(|(_, h)| until(h));
    let (of, hold) = longest?;
    let by_itself = batch.eta.map_or(Supply::Now, Supply::From);
    (until(hold) > by_itself).then(|| Verdict::Held {
        of,
        hold: hold.clone(),
    })
}

#[cfg(test)]
#[path = "explanation_tests.rs"]
mod tests;
