//! What a dry run comes to, for a planner: how many lines are concerned, which promises are broken, kept and
//! improved, and by how many days.
//!
//! Several commands are told as one change: of each line counts what it was before the first and what it is
//! after the last. A line is affected where it changes, and also where it merely has goods of a batch that
//! changes: that its promise is kept all the same is what a planner wants to know.

mod phrases;

use std::cmp::Reverse;

use hashbrown::{HashMap, HashSet};
use jiff::civil::Date;
use landfall_domain::line::Status;
use landfall_domain::{Command, Event, LineId, LineKey, OrderId, Priority, Sku};
use serde::{Deserialize, Serialize};

use crate::bus::DryRunStep;
use crate::uow::{LineEffect, LineState};

/// How many broken promises are listed, the worst; all are counted.
pub const BROKEN_LISTED: usize = 100;

/// What a dry run comes to.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Summary {
    /// The most important of it in one sentence.
    pub text: String,
    /// Commands and lines that are none.
    pub commands: u64,
    /// Commands that would be carried out.
    pub ok: u64,
    /// Commands that would be refused.
    pub rejected: u64,
    /// Lines that are no command.
    pub invalid: u64,
    /// Events that would be written.
    pub events: u64,
    /// Lines that would be allocated, each time that it happens.
    pub lines_allocated: u64,
    /// Lines that would start to wait.
    pub lines_backordered: u64,
    /// Lines that would lose their stock, each time that it happens, also where they find other.
    pub lines_deallocated: u64,
    /// Promises that would become others than customers were told.
    pub promises_changed: u64,
    /// Lines that would be new.
    pub lines_new: u64,
    /// Of these, lines that would wait.
    pub lines_new_waiting: u64,
    /// Lines that are there and would change, or have goods of a batch that would change.
    pub lines_affected: u64,
    /// Orders of these lines.
    pub orders_affected: u64,
    /// Units of these lines that have not left.
    pub units_affected: u64,
    /// Affected lines that have a promise, and would have a later one or none. Who was promised nothing is broken
    /// no promise.
    pub promises_broken: u64,
    /// Orders of these lines.
    pub orders_broken: u64,
    /// Units of these lines that have not left.
    pub units_broken: u64,
    /// Affected lines that would keep the promise that they have.
    pub promises_kept: u64,
    /// Affected lines whose promise would become earlier, or that had none and would get one.
    pub promises_improved: u64,
    /// Affected lines that would lose their stock and wait, whether a promise is broken by that or there was none.
    pub lines_lost: u64,
    /// By how much promises would become later.
    pub days_late: DaysLate,
    /// The broken promises, the worst first: the highest priority, then those without a new date, then the most
    /// days. At most 100; `promises_broken` counts all.
    pub broken: Vec<BrokenPromise>,
}

/// By how much promises become later. A line that waits has no new date, and no part in it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DaysLate {
    /// Days, of all lines together.
    pub total: u64,
    /// Days, of the line for which they are the most.
    pub max: u64,
}

/// A promise that would be broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct BrokenPromise {
    /// The order.
    pub order_id: OrderId,
    /// The line in the order.
    pub line_id: LineId,
    /// Its product.
    pub sku: Sku,
    /// 0–9, higher first.
    pub priority: Priority,
    /// Units that have not left.
    pub quantity: u64,
    /// As promised now.
    pub from: Date,
    /// As it would be promised; null: it would wait, or would have goods that are held and nobody knows until when,
    /// or so would another line with which it goes out.
    pub to: Option<Date>,
    /// How many days later that is; null: nobody knows.
    pub days: Option<u64>,
}

/// Adds up the steps of a dry run. `only` is the command, where there was one alone: the text then says what
/// it does. `invalid`: lines beside them that are no command.
pub fn summarize(only: Option<&Command>, steps: &[DryRunStep], invalid: u64) -> Summary {
    let mut summary = Summary {
        commands: steps.len() as u64 + invalid,
        invalid,
        ..Summary::default()
    };
    for step in steps {
        summary.count(step);
    }
    summary.fold(steps);
    summary.text = phrases::text(only, steps, &summary);
    summary
}

/// How a promise fared.
enum Fate {
    Broken(BrokenPromise),
    Kept,
    Improved,
    /// There was none and is none, or the line is no longer wanted.
    None,
}

impl Summary {
    fn count(&mut self, step: &DryRunStep) {
        match step.answer {
            Ok(_) => self.ok += 1,
            Err(_) => self.rejected += 1,
        }
        for record in &step.events {
            self.events += 1;
            match record.event {
                Event::Allocated { .. } => self.lines_allocated += 1,
                Event::Backordered { .. } => self.lines_backordered += 1,
                Event::Deallocated { .. } => self.lines_deallocated += 1,
                Event::PromiseChanged { .. } => self.promises_changed += 1,
                _ => {}
            }
        }
    }

    fn fold(&mut self, steps: &[DryRunStep]) {
        // Of each line the first effect, which knows what was before, and the last.
        let mut lines: HashMap<&LineKey, (&LineEffect, &LineState)> = HashMap::new();
        for effect in steps.iter().flat_map(|step| &step.effects) {
            let line = lines.entry(&effect.key).or_insert((effect, &effect.after));
            line.1 = &effect.after;
        }
        let mut orders: HashSet<&OrderId> = HashSet::new();
        let mut broken_orders: HashSet<&OrderId> = HashSet::new();
        for (first, after) in lines.into_values() {
            let Some(before) = &first.before else {
                self.lines_new += 1;
                self.lines_new_waiting += u64::from(after.status == Status::Backordered);
                continue;
            };
            self.lines_affected += 1;
            self.units_affected += before.outstanding;
            orders.insert(&first.key.order_id);
            self.lines_lost += u64::from(lost(before, after));
            match fate(first, before, after) {
                Fate::Broken(promise) => {
                    self.promises_broken += 1;
                    self.units_broken += promise.quantity;
                    let days = promise.days.unwrap_or(0);
                    self.days_late.total += days;
                    self.days_late.max = self.days_late.max.max(days);
                    broken_orders.insert(&first.key.order_id);
                    self.broken.push(promise);
                }
                Fate::Kept => self.promises_kept += 1,
                Fate::Improved => self.promises_improved += 1,
                Fate::None => {}
            }
        }
        self.orders_affected = orders.len() as u64;
        self.orders_broken = broken_orders.len() as u64;
        self.broken.sort_by(|a, b| worst(a).cmp(&worst(b)));
        self.broken.truncate(BROKEN_LISTED);
    }
}

/// The order in which broken promises are listed.
fn worst(promise: &BrokenPromise) -> impl Ord + '_ {
    (
        Reverse(promise.priority),
        promise.days.is_some(),
        Reverse(promise.days),
        &promise.order_id,
        &promise.line_id,
    )
}

fn lost(before: &LineState, after: &LineState) -> bool {
    before.status == Status::Allocated && after.status == Status::Backordered
}

fn fate(effect: &LineEffect, before: &LineState, after: &LineState) -> Fate {
    let broken = |from: Date, days: Option<u64>| {
        Fate::Broken(BrokenPromise {
            order_id: effect.key.order_id.clone(),
            line_id: effect.key.line_id.clone(),
            sku: effect.sku.clone(),
            priority: effect.priority,
            quantity: after.outstanding,
            from,
            to: after.promise,
            days,
        })
    };
    // A line that has left or is no longer wanted has nothing to be promised.
    match after.status {
        Status::Dispatched if before.promise.is_some() && before.outstanding > 0 => {
            return Fate::Kept;
        }
        Status::Dispatched | Status::Cancelled => return Fate::None,
        Status::Allocated | Status::Backordered => {}
    }
    match (before.promise, after.promise) {
        (Some(from), Some(to)) if to > from => broken(from, Some(days_between(from, to))),
        (Some(from), Some(to)) if to < from => Fate::Improved,
        (Some(_), Some(_)) => Fate::Kept,
        (Some(from), None) => broken(from, None),
        (None, Some(_)) => Fate::Improved,
        (None, None) => Fate::None,
    }
}

/// Days from one to the other, where that is later.
fn days_between(from: Date, to: Date) -> u64 {
    u64::try_from((to - from).get_days()).unwrap_or(0)
}
