//! What every command keeps, whatever came before it: promises above all.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::{Command, Event, LineKey, OrderId, OrderLine, Status};
use landfall_service::{LogRecord, Request};
use landfall_testkit::history::{Step, history};
use landfall_testkit::replay::start;
use landfall_testkit::run;
use landfall_testkit::state::State;
use proptest::prelude::*;

use crate::{ByTwos, config};

/// Days between the goods being there and the promised day, as [`start`] sets them.
const HANDLING_DAYS: i64 = 1;

proptest! {
    #![proptest_config(config())]

    /// After every command: all counts add up and the read models say what the rows say; a refused command
    /// has left no trace; promises moved only as they may, and each move was told once.
    #[test]
    fn every_command_keeps_the_rules(steps in history(70)) {
        run(async {
            let world = start::<ByTwos>(3);
            let mut before = world.state().await;
            for step in &steps {
                match step {
                    Step::Wait(days) => world.clock.set_day(world.today() + days.days()),
                    Step::Ask(Request { command, .. }) => {
                        let answer = world.handle(command.clone()).await;
                        let after = world.state().await;
                        if answer.is_err() {
                            prop_assert_eq!(&before, &after, "{:?} was refused", command);
                        }
                        let change = Change {
                            command,
                            today: world.today(),
                            events: &after.events[before.events.len()..],
                            before: &before,
                            after: &after,
                        };
                        change.check();
                        before = after;
                    }
                }
            }
            Ok(())
        })?;
    }
}

/// One command and what it did.
struct Change<'a> {
    command: &'a Command,
    today: Date,
    before: &'a State,
    after: &'a State,
    events: &'a [LogRecord],
}

impl Change<'_> {
    fn check(&self) {
        self.promises_are_told_once();
        self.moves_are_told();
        self.promises_are_kept();
        self.improvements_improve();
        self.the_dispatched_stay();
    }

    /// The lines that were there before and are there now.
    fn lines<'s>(&'s self) -> impl Iterator<Item = (&'s OrderLine, &'s OrderLine)> {
        let both = |before: &'s OrderLine| (before, self.after.line(&before.key).unwrap());
        self.before.lines.iter().map(both)
    }

    /// A line whose promise is another is told so once, with what it was and what it is, at the end of the
    /// command's events; also where it is withdrawn, and where there is one again. Nobody else is told: not of a
    /// line that is new, or gets goods for the first time, or of which nothing is wanted any longer.
    fn promises_are_told_once(&self) {
        let first = |line: &OrderLine| {
            line.original_promise.is_none() && line.status() == Status::Backordered
        };
        let mut expected: Vec<(LineKey, Option<Date>, Option<Date>)> = self
            .lines()
            .filter(|(before, after)| !first(before) && after.outstanding() > 0)
            .filter(|(before, after)| before.current_promise != after.current_promise)
            .map(|(before, after)| {
                (
                    after.key.clone(),
                    before.current_promise,
                    after.current_promise,
                )
            })
            .collect();
        let mut told = Vec::new();
        let mut causes = BTreeSet::new();
        for record in self.events {
            match &record.event {
                Event::PromiseChanged {
                    order_id,
                    line_id,
                    from,
                    to,
                    cause,
                } => {
                    let (order_id, line_id) = (order_id.clone(), line_id.clone());
                    told.push((LineKey { order_id, line_id }, *from, *to));
                    causes.insert(format!("{cause:?}"));
                }
                event => assert!(
                    told.is_empty(),
                    "{event:?} comes after a changed promise, {:?}",
                    self.command
                ),
            }
        }
        expected.sort();
        told.sort();
        assert_eq!(told, expected, "after {:?}", self.command);
        assert!(causes.len() < 2, "{causes:?} after {:?}", self.command);
    }

    /// Who lost goods, got goods, or waits from now on: once each, and out of stock once for a product.
    fn moves_are_told(&self) {
        let mut short = BTreeSet::new();
        let mut once: BTreeMap<(&'static str, LineKey), usize> = BTreeMap::new();
        for record in self.events {
            let kind = record.event.kind();
            if kind == "OutOfStock" {
                assert!(
                    short.insert(record.sku.clone()),
                    "out of stock twice after {:?}",
                    self.command
                );
            }
            if let (
                Some((order, line)),
                "Backordered" | "LineCancelled" | "Dispatched" | "LineAmended",
            ) = (record.event.line(), kind)
            {
                let key = LineKey {
                    order_id: order.clone(),
                    line_id: line.clone(),
                };
                *once.entry((kind, key)).or_default() += 1;
            }
        }
        assert!(
            once.values().all(|count| *count == 1),
            "{once:?} after {:?}",
            self.command
        );
        for (before, after) in self.lines() {
            let key = (&"Backordered", &after.key);
            let begins =
                before.status() != Status::Backordered && after.status() == Status::Backordered;
            let told = once.contains_key(&("Backordered", after.key.clone()));
            assert_eq!(begins, told, "{key:?} after {:?}", self.command);
        }
    }

    /// Goods that have left, and lines of which some have left, are left alone by everything but cancelling
    /// and dispatching, unless their goods are gone.
    fn the_dispatched_stay(&self) {
        for (before, after) in self.lines() {
            assert!(after.dispatched >= before.dispatched);
            assert_eq!(before.terms, after.terms);
            assert!(
                before.original_promise.is_none()
                    || before.original_promise == after.original_promise
            );
            let asked = matches!(self.command, Command::Dispatch(_)) || after.cancelled;
            let had = before.locked() && !before.allocations.is_empty();
            if had && !asked && before.allocations != after.allocations {
                let less = |name: &str| {
                    self.after.batch(name).purchased < self.before.batch(name).purchased
                };
                let less = before.allocations.iter().any(|a| less(a.batch.as_str()));
                assert!(
                    less,
                    "{} moved after a part had left, by {:?}",
                    after.key, self.command
                );
            }
        }
    }

    /// Whether a batch is later, or less, than before.
    fn worse(&self, reference: &str) -> bool {
        let (before, after) = (self.before.batch(reference), self.after.batch(reference));
        after.supply() > before.supply() || after.purchased < before.purchased
    }

    /// The lines that the command itself names to be changed.
    fn asked_to_change(&self, key: &LineKey) -> bool {
        match self.command {
            Command::ChangeLineQuantity(c) => {
                key.order_id == c.order_id && key.line_id == c.line_id
            }
            Command::CancelLine(c) => key.order_id == c.order_id && key.line_id == c.line_id,
            Command::CancelOrder(c) => key.order_id == c.order_id,
            _ => false,
        }
    }

    /// The orders that go out together of which some line is worse off, or new, or asked to change.
    fn troubled_orders(&self) -> BTreeSet<&OrderId> {
        let new = self
            .after
            .lines
            .iter()
            .filter(|line| self.before.line(&line.key).is_none());
        let worse = self
            .before
            .lines
            .iter()
            .filter(|line| self.is_worse_off(line));
        new.chain(worse)
            .filter(|line| line.together())
            .map(|line| &line.key.order_id)
            .collect()
    }

    fn is_worse_off(&self, line: &OrderLine) -> bool {
        self.asked_to_change(&line.key)
            || line.allocations.is_empty() && line.outstanding() > 0
            || line
                .allocations
                .iter()
                .any(|a| self.worse(a.batch.as_str()))
    }

    /// A line whose own goods did not get worse keeps goods, and its promise does not get later.
    fn promises_are_kept(&self) {
        let troubled = self.troubled_orders();
        for (before, after) in self.lines() {
            let alone = !before.together() || !troubled.contains(&before.key.order_id);
            if !before.allocations.is_empty() && !self.is_worse_off(before) && alone {
                self.is_not_later(before, after);
            }
        }
    }

    /// Whether goods of a line, or of another that goes out with it, come on another day.
    fn moved(&self, line: &OrderLine) -> bool {
        let with = |other: &&OrderLine| {
            let together = line.together() && other.together();
            other.key == line.key || together && other.key.order_id == line.key.order_id
        };
        let batches = self
            .before
            .lines
            .iter()
            .filter(with)
            .flat_map(|line| &line.allocations);
        let names = batches.map(|allocation| allocation.batch.as_str());
        let supply = |state: &State, name: &str| state.batch(name).supply();
        names
            .into_iter()
            .any(|name| supply(self.before, name) != supply(self.after, name))
    }

    /// A line has goods, and a promise that is not later. Where its goods come on another day a promise that
    /// cannot be met any more counts as one for the first day that can: none is made for a past day.
    fn is_not_later(&self, before: &OrderLine, after: &OrderLine) {
        // A promise of goods that nobody could count on was worth nothing.
        if after.outstanding() == 0 || !self.before.can_be_counted_on(before) {
            return;
        }
        let what = || {
            format!(
                "{} after {:?}: {before:?}, {after:?}",
                after.key, self.command
            )
        };
        assert_ne!(after.status(), Status::Backordered, "{}", what());
        let Some(promise) = before.current_promise else {
            return;
        };
        let soonest = self.today + HANDLING_DAYS.days();
        let least = if self.moved(before) { soonest } else { promise };
        let kept = after
            .current_promise
            .is_some_and(|now| now <= promise.max(least));
        assert!(kept, "{}", what());
    }

    /// Where all supply is as it was or better, and nobody new wants any, no promise gets later.
    fn improvements_improve(&self) {
        let mut references = self
            .before
            .batches
            .iter()
            .map(|batch| batch.reference.as_str());
        let worse = references.any(|name| self.worse(name));
        let wants_more = matches!(
            self.command,
            Command::Allocate(_) | Command::PlaceOrder(_) | Command::ChangeLineQuantity(_)
        );
        if worse || wants_more {
            return;
        }
        for (before, after) in self.lines() {
            if !before.allocations.is_empty() && !self.asked_to_change(&before.key) {
                self.is_not_later(before, after);
            }
        }
    }
}
