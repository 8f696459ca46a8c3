//! What an event means for a line of the worklist.
//!
//! A line's own events make its state, one after the other, wherever one begins: with the event that accepts it, with
//! its row on the worklist, or with what its history adds up to. So a line that needs nobody needs no row, and is
//! found again in its history when it gets into trouble ([`may_list`]).

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;

use jiff::Timestamp;
use jiff::civil::Date;
use landfall_domain::events::DeallocationReason;
use landfall_domain::{Allocation, BatchRef, Event, LineKey, Priority, ShipmentRef, Sku, Terms};

use super::tables::{Peg, WorkRow};
use super::{Cause, WorkItem, WorkKind};
use crate::log::LogRecord;

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has stock.
    Allocated,
    /// It waits.
    Waiting,
    /// It lost its stock, and what became of it is the next event.
    Loose,
}

/// What is known of a line of which something has still to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineState {
    /// What is wanted.
    pub sku: Sku,
    /// Units that have not left.
    pub units: u64,
    /// 0–9, higher first.
    pub priority: Priority,
    /// The day on which the customer would like it.
    pub requested_date: Option<Date>,
    /// The first promise.
    pub original: Option<Date>,
    /// The promise that holds.
    pub current: Option<Date>,
    /// What it is pegged to.
    pub pegs: Vec<Peg>,
    /// Where it stands.
    pub standing: Standing,
    /// As what it was on the worklist last; none: it needed nobody.
    pub listed: Option<WorkKind>,
    /// Since when it is that.
    pub since: Timestamp,
    /// What brought it there.
    pub cause: Cause,
    /// The batch whose stock it lost.
    pub lost: Option<BatchRef>,
}

/// Whether a line that is not on the worklist may come on it by this event. (The event that accepts a line says all
/// that is to be known of it.)
pub fn may_list(event: &Event) -> bool {
    match event {
        Event::Backordered { .. } => true,
        Event::Allocated {
            original_promise,
            current_promise,
            ..
        } => is_late(*original_promise, *current_promise),
        // Who is not on the worklist and had no promise never had one.
        Event::PromiseChanged { from, to, .. } => from.is_some() && is_worse(*from, *to),
        _ => false,
    }
}

/// Whether an allocated line with these promises needs a person.
fn is_late(original: Option<Date>, current: Option<Date>) -> bool {
    original.is_some_and(|original| current.is_none_or(|current| current > original))
}

/// Whether the second promise is worse than the first: later, or none.
pub fn is_worse(from: Option<Date>, to: Option<Date>) -> bool {
    match (from, to) {
        (Some(from), Some(to)) => to > from,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The terms on the event that accepts a line.
pub fn accepted(event: &Event) -> Option<&Terms> {
    match event {
        Event::Allocated { accepted, .. } | Event::Backordered { accepted, .. } => {
            accepted.as_ref()
        }
        _ => None,
    }
}

/// The line after an event of it; `None`: nothing more is to leave of it, or nothing was known of it before and
/// nothing is to be known.
pub fn apply(before: Option<LineState>, record: &LogRecord) -> Option<LineState> {
    let event = &record.event;
    let mut state = match accepted(event) {
        Some(terms) => LineState::new(record.sku.clone()?, terms, record.time),
        None => before?,
    };
    match event {
        Event::Allocated {
            quantity,
            allocations,
            original_promise,
            current_promise,
            ..
        } => {
            state.units = *quantity;
            state.pegs = pegs(allocations);
            state.original = *original_promise;
            state.current = *current_promise;
            state.standing = Standing::Allocated;
        }
        Event::Deallocated {
            allocations,
            reason,
            ..
        } => state.deallocated(allocations, *reason),
        Event::Backordered { quantity, .. } => {
            state.units = *quantity;
            state.current = None;
            state.standing = Standing::Waiting;
        }
        Event::PromiseChanged {
            from, to, cause, ..
        } => {
            state.current = *to;
            // Of an order that goes out together a line may have had stock before there was a promise.
            state.original = state.original.or(*to);
            if is_worse(*from, *to) {
                state.cause = (*cause).into();
            }
        }
        Event::LineAmended {
            to, allocations, ..
        } => {
            // Only a line of which nothing has left is amended.
            state.units = *to;
            if !allocations.is_empty() {
                state.pegs = pegs(allocations);
            }
        }
        Event::Dispatched {
            departures,
            outstanding,
            ..
        } => {
            state.units = *outstanding;
            for departure in departures {
                let mut pegs = state.pegs.iter_mut();
                if let Some(peg) = pegs.find(|peg| peg.batch == departure.batch) {
                    peg.units = peg.units.saturating_sub(departure.quantity);
                }
            }
            state.pegs.retain(|peg| peg.units > 0);
        }
        Event::LineCancelled { .. } => return None,
        _ => {}
    }
    if state.units == 0 {
        return None;
    }
    state.settle(record.time);
    Some(state)
}

fn pegs(allocations: &[Allocation]) -> Vec<Peg> {
    let peg = |allocation: &Allocation| Peg {
        batch: allocation.batch.clone(),
        units: allocation.quantity,
    };
    allocations.iter().map(peg).collect()
}

impl LineState {
    fn new(sku: Sku, terms: &Terms, since: Timestamp) -> Self {
        Self {
            sku,
            units: terms.quantity,
            priority: terms.priority,
            requested_date: terms.requested_date,
            original: None,
            current: None,
            pegs: Vec::new(),
            standing: Standing::Loose,
            listed: None,
            since,
            cause: Cause::NoStock,
            lost: None,
        }
    }

    fn deallocated(&mut self, allocations: &[Allocation], reason: DeallocationReason) {
        self.standing = Standing::Loose;
        self.current = None;
        self.pegs.clear();
        let moves = reason == DeallocationReason::Repegged;
        // A line in trouble that moves is still in the trouble that it was in.
        if !moves || self.listed.is_none() {
            self.cause = reason.into();
        }
        if !moves {
            self.lost = allocations.last().map(|last| last.batch.clone());
        }
    }

    /// Why it needs a person; none: it needs nobody, or what became of it is not known yet.
    pub fn kind(&self) -> Option<WorkKind> {
        match self.standing {
            Standing::Waiting => Some(WorkKind::Waiting),
            Standing::Allocated => is_late(self.original, self.current).then_some(WorkKind::Late),
            Standing::Loose => None,
        }
    }

    fn settle(&mut self, now: Timestamp) {
        if self.standing == Standing::Loose {
            return;
        }
        let kind = self.kind();
        if kind != self.listed {
            self.since = now;
            self.listed = kind;
        }
        if kind.is_none() {
            self.cause = Cause::NoStock;
        }
        if kind != Some(WorkKind::Waiting) {
            self.lost = None;
        }
    }

    /// The batch that the worklist shows.
    pub fn batch(&self) -> Option<&BatchRef> {
        match self.standing {
            Standing::Waiting | Standing::Loose => self.lost.as_ref(),
            Standing::Allocated => self.pegs.last().map(|peg| &peg.batch),
        }
    }

    /// Its row; none: it needs nobody. `shipment` carries its [batch](Self::batch).
    pub fn row(&self, key: &LineKey, shipment: Option<ShipmentRef>) -> Option<WorkRow> {
        let kind = self.kind()?;
        let days = self.current.zip(self.original);
        let days = days.map(|(current, original)| (current - original).get_days());
        let item = WorkItem {
            kind,
            order_id: key.order_id.clone(),
            line_id: key.line_id.clone(),
            sku: self.sku.clone(),
            units: self.units,
            priority: self.priority,
            requested_date: self.requested_date,
            original_promise: self.original,
            current_promise: self.current,
            days_late: days.map(|days| u32::try_from(days).unwrap_or(0)),
            cause: self.cause,
            batch: self.batch().cloned(),
            shipment,
            since: self.since,
        };
        Some(WorkRow {
            item,
            pegs: self.pegs.clone(),
        })
    }

    /// What a row tells.
    pub fn of_row(row: &WorkRow) -> Self {
        let WorkRow { item, pegs } = row;
        let waiting = item.kind == WorkKind::Waiting;
        Self {
            sku: item.sku.clone(),
            units: item.units,
            priority: item.priority,
            requested_date: item.requested_date,
            original: item.original_promise,
            current: item.current_promise,
            pegs: pegs.clone(),
            standing: if waiting {
                Standing::Waiting
            } else {
                Standing::Allocated
            },
            listed: Some(item.kind),
            since: item.since,
            cause: item.cause,
            lost: item.batch.clone().filter(|_| waiting),
        }
    }
}
