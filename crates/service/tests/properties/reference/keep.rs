//! Keeping promises: who looks for other goods, and what is made of the plan.

use std::cmp::Reverse;

use jiff::civil::Date;

use super::draft::{Draft, Seeker};
use super::supply::promise_after;
use super::{Line, Model};

impl Model {
    /// Other goods for lines that were delayed or have lost theirs.
    pub(super) fn keep(&mut self, sku: &str, today: Date) {
        let all_seek = !self
            .lines
            .iter()
            .any(|line| line.sku == sku && is_late(line));
        let mut delayed = Vec::new();
        for at in &self.delayed {
            if self.lines[*at].sku == sku && !delayed.contains(at) {
                delayed.push(*at);
            }
        }
        let mut seekers = Vec::new();
        for at in &delayed {
            let line = &self.lines[*at];
            if let (false, Some(promise)) = (line.pegs.is_empty(), line.current) {
                seekers.push((*at, promise, Date::MAX));
            }
        }
        let loose = self.loose(sku);
        // Without anybody in trouble nobody has been looked at.
        let all_seek = all_seek && !(delayed.is_empty() && loose.is_empty());
        // Who has lost its goods keeps its promise or goes by the queue.
        for (at, promise) in loose {
            seekers.extend(promise.map(|promise| (at, promise, promise)));
        }
        let split = self.reassign(sku, &seekers, today);
        if all_seek && !split {
            self.better.remove(sku);
        }
        for at in delayed {
            self.promise_again(at, today);
        }
    }

    /// Lines that lost their goods and for which the queue had none may have the goods of who can wait.
    pub(super) fn make_room(&mut self, sku: &str, today: Date) {
        let seeker =
            |(at, promise): (usize, Option<Date>)| (at, promise.unwrap_or(Date::MAX), Date::MAX);
        let seekers: Vec<Seeker> = self.loose(sku).into_iter().map(seeker).collect();
        self.reassign(sku, &seekers, today);
    }

    /// The lines that have lost their goods, and what each was promised.
    fn loose(&self, sku: &str) -> Vec<(usize, Option<Date>)> {
        let lines = self.lines.iter().enumerate();
        let of = lines.filter(|(_, line)| line.sku == sku);
        of.filter_map(|(at, line)| Some((at, line.loose?.told.or(line.original))))
            .collect()
    }

    /// Late lines back towards their original promise.
    pub(super) fn pull_back(&mut self, sku: &str, today: Date) {
        let late = |line: &Line| line.sku == sku && is_late(line);
        let lines = 0..self.lines.len();
        let mut late: Vec<usize> = lines.filter(|at| late(&self.lines[*at])).collect();
        late.retain(|at| self.lines[*at].dispatched == 0);
        late.sort_by_key(|at| {
            let line = &self.lines[*at];
            (Reverse(line.terms.priority.get()), line.original, *at)
        });
        let seeker = |at: usize| {
            let line = &self.lines[at];
            let own = self.ready_of(at, today).filter(|_| line.together());
            Some((at, self.day_of_use(at, today)?, own.or(line.current)?))
        };
        let seekers: Vec<Seeker> = late.into_iter().filter_map(seeker).collect();
        if !self.reassign(sku, &seekers, today) {
            self.better.remove(sku);
        }
    }

    /// What a late line would get back to: what was promised first. In an order that goes out together that is no use
    /// before the goods of those lines that come before it, and nothing is while another comes after it.
    fn day_of_use(&self, at: usize, today: Date) -> Option<Date> {
        let line = &self.lines[at];
        if !line.together() {
            return line.original;
        }
        let with = |other: &usize| {
            let other = &self.lines[*other];
            let same = other.key.order_id == line.key.order_id;
            same && other.together() && other.outstanding() > 0
        };
        let own = self.ready_of(at, today);
        let all = (0..self.lines.len()).filter(with);
        let days: Vec<Option<Date>> = all.map(|at| self.ready_of(at, today)).collect();
        if days.iter().any(|day| *day > own) {
            return None;
        }
        let before = days.into_iter().filter(|day| *day < own).max().flatten();
        line.original.max(before)
    }

    /// Makes of the best draft what differs. Whether lines that may be split have moved.
    fn reassign(&mut self, sku: &str, seekers: &[Seeker], today: Date) -> bool {
        if seekers.is_empty() {
            return false;
        }
        let may_be_split = |at: usize| self.lines[at].terms.split;
        let blank = || Draft::new(self, sku, seekers, today);
        let best = if seekers.iter().any(|(at, ..)| may_be_split(*at)) {
            let together = blank().arranged(&|_| true);
            let apart = blank().arranged(&|at| !may_be_split(at));
            if together.outcome().0 > 0 && apart.outcome() < together.outcome() {
                apart
            } else {
                together
            }
        } else {
            let mut draft = blank();
            draft.seek(&|_| true, true);
            draft
        };
        let moved = best.moved();
        let split = seekers
            .iter()
            .any(|(at, ..)| may_be_split(*at) && moved.iter().any(|(other, _)| other == at));
        for (at, _) in &moved {
            self.lose(*at);
        }
        for (at, pegs) in moved {
            self.peg(at, pegs, today);
        }
        split
    }

    /// Gives a line without goods these.
    pub(super) fn peg(&mut self, at: usize, pegs: Vec<(String, u64)>, today: Date) {
        let line = &mut self.lines[at];
        line.pegs = pegs;
        let told = line.loose.take().and_then(|loose| loose.told);
        let (order, together) = (line.key.order_id.clone(), line.together());
        if together {
            self.moved.insert(order);
            self.lines[at].current = told;
            return;
        }
        let ready = self.ready_of(at, today).unwrap();
        let line = &mut self.lines[at];
        let original = *line.original.get_or_insert(ready);
        line.current = Some(promise_after(ready, original, told));
    }
}

/// Whether its goods come later than was promised first.
fn is_late(line: &Line) -> bool {
    !line.pegs.is_empty() && line.current.is_some() && line.current > line.original
}
