//! What another supply means for the lines that had counted on it.

use std::cmp::Reverse;

use jiff::civil::Date;
use landfall_domain::Supply;

use super::{Batch, Model};

impl Model {
    /// Carries on from batches that have changed; they are given as they were before.
    pub(super) fn changed(&mut self, before: &[Batch], today: Date) {
        let lines: Vec<Vec<usize>> = before
            .iter()
            .map(|b| self.losers_first(&b.reference))
            .collect();
        for (was, lines) in before.iter().zip(lines) {
            let is = self.named(&was.reference).clone();
            let moved = is.supply() != was.supply();
            // Nothing but the batch itself has changed until now.
            let could = match was.supply() {
                Supply::Never => 0,
                _ => u64::try_from(self.free(was)).unwrap_or(0),
            };
            if is.supply() < was.supply() || self.available(&is) > could {
                self.better.insert(is.sku.clone());
            }
            self.take_back(&is, &lines);
            for at in lines {
                if self.lines[at].units_of(&is.reference) == 0 || !moved {
                    continue;
                }
                let locked = self.lines[at].dispatched > 0;
                if is.supply() == Supply::Never {
                    if !locked {
                        self.lose(at);
                    } else if self.lines[at].together() {
                        self.moved.insert(self.lines[at].key.order_id.clone());
                    } else {
                        self.lines[at].current = None;
                    }
                    continue;
                }
                if self.lines[at].together() {
                    self.moved.insert(self.lines[at].key.order_id.clone());
                }
                let ready = self.ready_of(at, today);
                let current = self.lines[at].current;
                if !locked && current.is_some() && ready > current {
                    self.delayed.push(at);
                } else {
                    self.promise_again(at, today);
                }
            }
        }
    }

    /// The lines of a batch in the order in which they lose their goods: those under way last, then by
    /// priority, promise and age.
    fn losers_first(&self, batch: &str) -> Vec<usize> {
        let all = 0..self.lines.len();
        let mut lines: Vec<usize> = all
            .filter(|at| self.lines[*at].units_of(batch) > 0)
            .collect();
        lines.sort_by_key(|at| {
            let line = &self.lines[*at];
            (
                line.dispatched > 0,
                line.terms.priority.get(),
                Reverse(line.current.unwrap_or(Date::MAX)),
                Reverse(*at),
            )
        });
        lines
    }

    /// Drops lines in order until the rest fits, and restores in reverse order what still fits.
    fn take_back(&mut self, batch: &Batch, lines: &[usize]) {
        let mut over = -self.free(batch);
        let units = |model: &Self, at: usize| {
            i64::try_from(model.lines[at].units_of(&batch.reference)).unwrap()
        };
        let mut dropped = Vec::new();
        for at in lines {
            if over <= 0 {
                break;
            }
            over -= units(self, *at);
            dropped.push(*at);
        }
        for at in dropped.into_iter().rev() {
            if units(self, at) <= -over {
                over += units(self, at);
            } else {
                self.lose(at);
            }
        }
    }

    /// When all goods of the line are there; none: it has none, or nobody knows.
    pub(super) fn ready_of(&self, at: usize, today: Date) -> Option<Date> {
        let pegs = &self.lines[at].pegs;
        let each = pegs
            .iter()
            .map(|(name, _)| self.there(self.named(name).supply(), today));
        each.collect::<Option<Vec<Date>>>()?.into_iter().max()
    }

    /// Goods that come later move the promise; goods that come earlier pull it back, never before the
    /// original. An order that goes out together does that for its lines.
    pub(super) fn promise_again(&mut self, at: usize, today: Date) {
        let line = &self.lines[at];
        let (Some(ready), Some(original)) = (self.ready_of(at, today), line.original) else {
            return;
        };
        if !line.together() {
            self.lines[at].current = Some(promise_after(ready, original, line.current));
        }
    }

    /// Every order that goes out together, and of which something changed, agrees on a day, unless a line of it still looks
    /// for goods. It is better than before for who is late where an order is late by another day now, or has goods
    /// before its day that it had not, or another day, unless it is new.
    pub(super) fn settle(&mut self, before: &Model, today: Date) {
        let changed = |at: &usize| {
            let line = &self.lines[*at];
            before.lines.get(*at) != Some(line) || self.moved.contains(&line.key.order_id)
        };
        let changed: Vec<usize> = (0..self.lines.len()).filter(changed).collect();
        for at in changed {
            let order = self.lines[at].key.order_id.clone();
            if !self.lines[at].together() {
                continue;
            }
            let of_order: Vec<usize> = (0..self.lines.len())
                .filter(|at| {
                    let line = &self.lines[*at];
                    line.together() && line.key.order_id == order && line.outstanding() > 0
                })
                .collect();
            let lines = || of_order.iter().map(|at| &self.lines[*at]);
            if lines().any(|line| line.loose.is_some()) {
                continue;
            }
            let told = lines().filter_map(|line| line.current).max();
            let original = lines().filter_map(|line| line.original).max();
            let unknown = |at: &usize| {
                let held = |(name, _): &(String, u64)| self.named(name).supply() == Supply::Never;
                self.lines[*at].pegs.is_empty() || self.lines[*at].pegs.iter().any(held)
            };
            let ready = of_order
                .iter()
                .filter_map(|at| self.ready_of(*at, today))
                .max();
            let promise = match ready {
                None => None,
                _ if of_order.iter().any(unknown) => None,
                Some(ready) => {
                    let promise = promise_after(ready, original.unwrap_or(ready), told);
                    let later = told.is_some_and(|told| promise > told);
                    if later && !self.moved.contains(&order) {
                        told
                    } else {
                        Some(promise)
                    }
                }
            };
            for at in of_order {
                let line = &mut self.lines[at];
                line.original = line.original.or(promise);
                let other = line.current != promise;
                line.current = promise;
                let late = other && promise > line.original;
                let changed = !self.new.contains(&order) && (other || self.moved.contains(&order));
                let early = self.ready_of(at, today) < promise;
                if late || changed && early {
                    self.better.insert(self.lines[at].sku.clone());
                }
            }
            self.moved.remove(&order);
            self.new.remove(&order);
        }
    }
}

pub(super) fn promise_after(ready: Date, original: Date, told: Option<Date>) -> Date {
    let back = ready.max(original);
    match told {
        Some(told) if ready > told => ready,
        Some(told) => back.min(told),
        None => back,
    }
}
