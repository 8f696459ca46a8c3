//! Why a line has this batch and this date: every candidate in its order of preference with the reason for or
//! against it, and what happened to the line, in words and as the log has it.
//!
//! The reasons are [`landfall_domain::explanation`]'s; here they are put into words. Everything is bounded:
//! [`CANDIDATES_LISTED`], [`HOLDERS_LISTED`], [`HISTORY_LISTED`]; what is left out is counted.

mod history;
mod phrases;
mod reasons;
mod summary;
mod supply;

#[cfg(test)]
mod tests;

use jiff::civil::Date;
use landfall_domain::explanation::{HoldOf, Verdict, Weighed, weigh};
use landfall_domain::{
    Batch, BatchRef, Day, Event, Hold, LineId, LineKey, Location, OrderId, OrderLine, Priority,
    ShipmentRef,
};
use serde::Serialize;

use crate::log::LogRecord;
use crate::resources::LineResource;
use crate::views::{Case, CaseBatch, ViewError, Views};

/// How many candidates are listed. Those that were taken are always among them.
pub const CANDIDATES_LISTED: usize = 100;

/// How many of the lines to which a candidate is promised are listed.
pub const HOLDERS_LISTED: usize = 5;

/// How many events are listed, the latest.
pub const HISTORY_LISTED: usize = 200;

/// Why a line has what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ExplanationResource {
    /// The day for which this is told.
    pub as_of: Date,
    /// All of it in one sentence.
    pub summary: String,
    /// The line as it is.
    pub line: LineResource,
    /// The batches of its product in the line's order of preference; then those that may not serve it. None
    /// where nothing of the line is wanted any longer.
    pub candidates: Vec<CandidateResource>,
    /// How many batches are not listed, because there are too many.
    pub candidates_left_out: u64,
    /// What happened to the line, the oldest first.
    pub history: Vec<HistoryStep>,
    /// How many older events are not listed, because there are too many.
    pub history_left_out: u64,
}

/// A batch that the line could have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CandidateResource {
    /// The batch.
    pub batch: BatchRef,
    /// The shipment that carries it.
    pub shipment: Option<ShipmentRef>,
    /// Where it lies or will land.
    pub location: Option<Location>,
    /// When it is expected; null: it is in the warehouse.
    pub eta: Option<Date>,
    /// The day that could be promised of it; null: nobody can count on it.
    pub ready: Option<Date>,
    /// What keeps it back, of itself and of its shipment.
    pub holds: Vec<CandidateHold>,
    /// Units that a line could take now.
    pub available: u64,
    /// What became of it, and the reason.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The same in words.
    pub reason: String,
    /// Where it is promised to others: those who would lose it last, the most important first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<HolderResource>,
    /// How many more lines it is promised to.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more_holders: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// What keeps a candidate back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct CandidateHold {
    /// Whose hold it is.
    pub of: HoldOf,
    /// The hold.
    #[serde(flatten)]
    pub hold: Hold,
}

/// A line that has units of a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct HolderResource {
    /// The order.
    pub order_id: OrderId,
    /// The line.
    pub line_id: LineId,
    /// 0–9, higher first.
    pub priority: Priority,
    /// Units that it has of the batch.
    pub quantity: u64,
    /// What it was promised; null: it has no day, or its order goes out together and another line of it has none.
    pub current_promise: Option<Date>,
}

/// One event of the line's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct HistoryStep {
    /// What happened, in words.
    pub words: String,
    /// The event as it stands in the log.
    #[cfg_attr(
        feature = "schemars",
        schemars(with = "serde_json::Map<String, serde_json::Value>")
    )]
    pub event: LogRecord,
}

/// What an event says, in words. An event of a line does not name its line.
pub fn words(event: &Event) -> String {
    history::event(event)
}

/// Explains a line as it is on this day; `None`: there is no such line.
pub async fn explain(
    views: &dyn Views,
    key: &LineKey,
    day: &Day,
) -> Result<Option<ExplanationResource>, ViewError> {
    let case = views.case(key, HOLDERS_LISTED).await?;
    Ok(case.map(|case| explain_case(case, *day)))
}

fn explain_case(case: Case, day: Day) -> ExplanationResource {
    let Case {
        line,
        batches: mut case_batches,
        left_out,
        mut events,
    } = case;
    // The rule wants this order, whatever a store made of it.
    case_batches.sort_by(|a, b| a.batch.earliest_first(&b.batch));
    let batches: Vec<Batch> = case_batches.iter().map(|c| c.batch.clone()).collect();
    let weighed = weigh(&batches, &line, &day);
    let summary = summary::summary(&line, &batches, &weighed, left_out, &events, day.today);
    let (listed, cut) = listed(weighed);
    let candidates = listed
        .into_iter()
        .map(|weighed| candidate(weighed, &case_batches, &line))
        .collect();
    let eta_of = |number| {
        let of = |batch: &&Batch| batch.number == number;
        batches.iter().find(of).and_then(|batch| batch.eta)
    };
    let older = events.len().saturating_sub(HISTORY_LISTED);
    let history = events.drain(older..).map(|event| HistoryStep {
        words: history::event(&event.event),
        event,
    });
    ExplanationResource {
        as_of: day.today,
        summary,
        line: LineResource::new(&line, eta_of, day.today),
        candidates,
        candidates_left_out: left_out + cut,
        history: history.collect(),
        history_left_out: older as u64,
    }
}

/// The first candidates, and all that were taken; and how many are not among them.
fn listed(weighed: Vec<Weighed>) -> (Vec<Weighed>, u64) {
    let all = weighed.len();
    let taken = |w: &Weighed| matches!(w.verdict, Verdict::Taken { .. });
    let listed: Vec<Weighed> = weighed
        .into_iter()
        .enumerate()
        .filter(|(place, w)| *place < CANDIDATES_LISTED || taken(w))
        .map(|(_, w)| w)
        .collect();
    let cut = (all - listed.len()) as u64;
    (listed, cut)
}

fn candidate(weighed: Weighed, batches: &[CaseBatch], line: &OrderLine) -> CandidateResource {
    let CaseBatch {
        batch,
        holders,
        lines,
    } = &batches[weighed.at];
    let reason = reasons::verdict(&weighed, batch, line);
    let mut listed = Vec::new();
    let mut more_holders = 0;
    if matches!(
        weighed.verdict,
        Verdict::PromisedToOthers { .. } | Verdict::NotEnoughTogether { .. }
    ) {
        // The line is not among them, or it would have taken the batch.
        let named = holders.iter().take(HOLDERS_LISTED);
        listed.extend(named.map(|other| holder(other, batch)));
        more_holders = lines.saturating_sub(listed.len() as u64);
    }
    let own = batch.hold.as_ref().map(|hold| (HoldOf::Batch, hold));
    let ship = batch.shipment_hold.as_ref();
    let holds = own
        .into_iter()
        .chain(ship.map(|hold| (HoldOf::Shipment, hold)))
        .map(|(of, hold)| CandidateHold {
            of,
            hold: hold.clone(),
        });
    CandidateResource {
        batch: batch.reference.clone(),
        shipment: batch.shipment.clone(),
        location: batch.location.clone(),
        eta: batch.eta,
        ready: weighed.ready,
        holds: holds.collect(),
        available: batch.available(),
        verdict: weighed.verdict,
        reason,
        holders: listed,
        more_holders,
    }
}

fn holder(line: &OrderLine, batch: &Batch) -> HolderResource {
    HolderResource {
        order_id: line.key.order_id.clone(),
        line_id: line.key.line_id.clone(),
        priority: line.terms.priority,
        quantity: line.pegged_to(batch.number),
        current_promise: line.current_promise,
    }
}
