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

/// How many broken promises are listed, the worst, and how many improved ones; all are counted.
pub const PROMISES_LISTED: usize = 100;
/// How many orders are listed, the worst; all are counted.
pub const ORDERS_LISTED: usize = 1_000;

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
    /// Orders of lines whose promise would be improved.
    pub orders_improved: u64,
    /// By how much promises would become later. A line that would have no date has no part in it.
    pub days_late: DaysMoved,
    /// By how much promises would become earlier. A line that has no date now has no part in it.
    pub days_early: DaysMoved,
    /// The broken promises, the worst first: the highest priority, then those without a new date, then the most
    /// days. At most 100.
    pub broken: Vec<BrokenPromise>,
    /// Broken promises that are not listed.
    pub broken_left_out: u64,
    /// The improved promises: the highest priority first, then those without a date now, then the most days. At
    /// most 100.
    pub improved: Vec<ImprovedPromise>,
    /// Improved promises that are not listed.
    pub improved_left_out: u64,
    /// The orders of which a promise would be broken or improved, the worst first: those with a line that would have
    /// no date, then the most days late. At most 1,000.
    pub orders: Vec<OrderEffect>,
    /// Such orders that are not listed.
    pub orders_left_out: u64,
}

/// By how much promises become later, or earlier.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DaysMoved {
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

/// A promise that would be improved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct ImprovedPromise {
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
    /// As promised now; null: nothing is.
    pub from: Option<Date>,
    /// As it would be promised.
    pub to: Date,
    /// How many days earlier that is; null: there was no date.
    pub days: Option<u64>,
}

/// An order of which a promise would be broken or improved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct OrderEffect {
    /// The order.
    pub order_id: OrderId,
    /// Lines of it whose promise would be broken.
    pub broken: u64,
    /// Lines of it whose promise would be improved.
    pub improved: u64,
    /// By how many days its worst line would become later, 0 where none would; null: one would have no date.
    pub days_late: Option<u64>,
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
    Improved(ImprovedPromise),
    /// There was none and is none, or the line is no longer wanted.
    None,
}

impl DaysMoved {
    fn add(&mut self, days: Option<u64>) {
        let days = days.unwrap_or(0);
        self.total += days;
        self.max = self.max.max(days);
    }
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
        let mut changed: HashMap<&OrderId, OrderEffect> = HashMap::new();
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
                    self.days_late.add(promise.days);
                    let order = order(&mut changed, &first.key.order_id);
                    order.broken += 1;
                    let known = order.days_late.zip(promise.days);
                    order.days_late = known.map(|(worst, days)| worst.max(days));
                    self.broken.push(promise);
                }
                Fate::Kept => self.promises_kept += 1,
                Fate::Improved(promise) => {
                    self.promises_improved += 1;
                    self.days_early.add(promise.days);
                    order(&mut changed, &first.key.order_id).improved += 1;
                    self.improved.push(promise);
                }
                Fate::None => {}
            }
        }
        self.orders_affected = orders.len() as u64;
        self.orders = changed.into_values().collect();
        let orders = |of: fn(&OrderEffect) -> u64| {
            let orders = self.orders.iter().filter(|order| of(order) > 0);
            orders.count() as u64
        };
        self.orders_broken = orders(|order| order.broken);
        self.orders_improved = orders(|order| order.improved);
        self.broken.sort_by(|a, b| worst(a).cmp(&worst(b)));
        self.improved.sort_by(|a, b| best(a).cmp(&best(b)));
        self.orders
            .sort_by(|a, b| worst_order(a).cmp(&worst_order(b)));
        self.broken_left_out = cut(&mut self.broken, PROMISES_LISTED);
        self.improved_left_out = cut(&mut self.improved, PROMISES_LISTED);
        self.orders_left_out = cut(&mut self.orders, ORDERS_LISTED);
    }
}

fn order<'a, 'k>(
    orders: &'a mut HashMap<&'k OrderId, OrderEffect>,
    id: &'k OrderId,
) -> &'a mut OrderEffect {
    orders.entry(id).or_insert_with(|| OrderEffect {
        order_id: id.clone(),
        broken: 0,
        improved: 0,
        days_late: Some(0),
    })
}

/// Shortens a list, and says by how many.
fn cut<T>(list: &mut Vec<T>, most: usize) -> u64 {
    let left_out = list.len().saturating_sub(most);
    list.truncate(most);
    left_out as u64
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

/// The order in which improved promises are listed.
fn best(promise: &ImprovedPromise) -> impl Ord + '_ {
    (
        Reverse(promise.priority),
        promise.days.is_some(),
        Reverse(promise.days),
        &promise.order_id,
        &promise.line_id,
    )
}

/// The order in which orders are listed.
fn worst_order(order: &OrderEffect) -> impl Ord + '_ {
    (
        order.days_late.is_some(),
        Reverse(order.days_late),
        Reverse(order.broken),
        &order.order_id,
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
    let improved = |to: Date, days: Option<u64>| {
        Fate::Improved(ImprovedPromise {
            order_id: effect.key.order_id.clone(),
            line_id: effect.key.line_id.clone(),
            sku: effect.sku.clone(),
            priority: effect.priority,
            quantity: after.outstanding,
            from: before.promise,
            to,
            days,
        })
    };
    // A line that has left or is no longer wanted has nothing to be promised.
    match after.status {
        Status::Dispatched if before.promise.is_some() && after.dispatched > before.dispatched => {
            return Fate::Kept;
        }
        Status::Dispatched | Status::Cancelled => return Fate::None,
        Status::Allocated | Status::Backordered => {}
    }
    match (before.promise, after.promise) {
        (Some(from), Some(to)) if to > from => broken(from, Some(days_between(from, to))),
        (Some(from), Some(to)) if to < from => improved(to, Some(days_between(to, from))),
        (Some(_), Some(_)) => Fate::Kept,
        (Some(from), None) => broken(from, None),
        (None, Some(to)) => improved(to, None),
        (None, None) => Fate::None,
    }
}

/// Days from one to the other, where that is later.
fn days_between(from: Date, to: Date) -> u64 {
    u64::try_from((to - from).get_days()).unwrap_or(0)
}
