//! Keeping promises: who looks for other goods, who may make room, and what is made of the plan.

use std::cmp::Reverse;

use jiff::civil::Date;
use landfall_domain::repeg::{self, Peg, Plan, Problem};

use super::supply::promise_after;
use super::{Line, Model};

/// A line that looks for other goods: the day that is wanted, and the last that may be.
type Seeker = (usize, Date, Date);

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
        let (mut seekers, mut split) = (Vec::new(), Vec::new());
        for at in &delayed {
            let line = &self.lines[*at];
            if line.pegs.len() > 1 || line.terms.split && !line.pegs.is_empty() {
                split.push((line.current, *at));
            } else if let (false, Some(promise)) = (line.pegs.is_empty(), line.current) {
                seekers.push((*at, promise, Date::MAX));
            }
        }
        // Who has lost its goods keeps its promise or goes by the queue.
        for (at, promise) in self.loose(sku) {
            match promise {
                Some(_) if self.lines[at].terms.split => split.push((promise, at)),
                Some(promise) => seekers.push((at, promise, promise)),
                None => {}
            }
        }
        self.reassign(sku, &seekers, today);
        if all_seek {
            self.better.remove(sku);
        }
        split.sort_by_key(|(wanted, at)| {
            let line = &self.lines[*at];
            (Reverse(line.terms.priority.get()), *wanted, *at)
        });
        for (wanted, at) in split {
            self.bring_split(at, wanted, today);
        }
        for at in delayed {
            self.promise_again(at, today);
        }
    }

    /// Lines that lost their goods and for which the queue had none may have the goods of who can wait.
    pub(super) fn make_room(&mut self, sku: &str, today: Date) {
        let seeker =
            |(at, promise): (usize, Option<Date>)| (at, promise.unwrap_or(Date::MAX), Date::MAX);
        let mut loose = self.loose(sku);
        loose.retain(|(at, _)| !self.lines[*at].terms.split);
        let seekers: Vec<Seeker> = loose.into_iter().map(seeker).collect();
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
        let (split, whole): (Vec<usize>, Vec<usize>) = late
            .into_iter()
            .partition(|at| self.lines[*at].terms.split || self.lines[*at].pegs.len() > 1);
        let seeker = |at: usize| Some((at, self.day_of_use(at, today)?, self.lines[at].current?));
        let seekers: Vec<Seeker> = whole.into_iter().filter_map(seeker).collect();
        let wanted: Vec<_> = (split.iter())
            .map(|at| self.day_of_use(*at, today))
            .collect();
        self.reassign(sku, &seekers, today);
        self.better.remove(sku);
        for (at, wanted) in split.into_iter().zip(wanted) {
            self.bring_split(at, wanted, today);
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

    fn reassign(&mut self, sku: &str, seekers: &[Seeker], today: Date) {
        if seekers.is_empty() {
            return;
        }
        let mut batches: Vec<usize> = (0..self.batches.len()).collect();
        batches.retain(|at| self.batches[*at].sku == sku);
        batches.sort_by_key(|at| {
            (
                self.batches[*at].supply(),
                self.batches[*at].reference.clone(),
            )
        });
        let problem = self.problem(&batches, seekers, &[], today);
        let plan = repeg::plan(&problem);
        let Some(wanted) = unsatisfied(&problem, &plan) else {
            return self.carry_out(&batches, seekers, &[], &plan, today);
        };
        let (keepers, by) = self.keepers(sku, seekers, None, wanted, today);
        let problem = self.problem(&batches, seekers, &keepers, today);
        let plan = repeg::plan(&problem);
        // Who could give up goods that come later than that, and still be of help?
        if let Some(until) = last_of_use(&problem, &plan, seekers.len()).filter(|day| *day > by) {
            let (others, _) = self.keepers(sku, seekers, Some(by), until, today);
            let all = [keepers.clone(), others].concat();
            let wider = self.problem(&batches, seekers, &all, today);
            let other = repeg::plan(&wider);
            let of = |problem: &Problem, plan: &Plan| result(problem, plan, seekers.len());
            if of(&wider, &other) < of(&problem, &plan) {
                return self.carry_out(&batches, seekers, &all, &other, today);
            }
        }
        self.carry_out(&batches, seekers, &keepers, &plan, today);
    }

    /// Who could give up goods that come by a day or, as those could need theirs, by a later one, which is told as
    /// well. Of goods that come after the first day only those who can wait longer.
    fn keepers(
        &self,
        sku: &str,
        seekers: &[Seeker],
        after: Option<Date>,
        mut by: Date,
        today: Date,
    ) -> (Vec<usize>, Date) {
        loop {
            let keeps = |at: &usize| {
                let line = &self.lines[*at];
                let seeks = seekers.iter().any(|(other, ..)| other == at);
                let whole = line.pegs.len() == 1 && !line.terms.split && line.dispatched == 0;
                let ready = self.ready_of(*at, today);
                let waits = line.current.is_none() || line.current > ready;
                let in_reach = ready.is_some_and(|day| day <= by)
                    && (after.is_none() || ready > after && waits);
                line.sku == sku && whole && in_reach && !seeks
            };
            let found: Vec<usize> = (0..self.lines.len()).filter(keeps).collect();
            let latest = found.iter().filter_map(|at| self.lines[*at].current).max();
            match latest {
                Some(latest) if latest > by => by = latest,
                _ => return (found, by),
            }
        }
    }

    fn problem(
        &self,
        batches: &[usize],
        seekers: &[Seeker],
        keepers: &[usize],
        today: Date,
    ) -> Problem {
        let supplies = batches.iter().map(|at| repeg::Supply {
            ready: self.there(self.batches[*at].supply(), today),
            free: self.available(&self.batches[*at]),
            location: self.batches[*at].location.clone(),
        });
        let peg = |at: usize, wanted: Date, limit: Date| {
            let line = &self.lines[at];
            let own = line.pegs.first();
            let of = |name: &str| {
                let is = |batch: &usize| self.batches[*batch].reference == name;
                batches.iter().position(is)
            };
            Peg {
                number: u64::try_from(at).unwrap(),
                quantity: line.outstanding(),
                priority: line.terms.priority.get(),
                wanted,
                limit,
                supply: own.and_then(|(name, _)| of(name)),
                locations: line.terms.locations.clone(),
            }
        };
        let seeking = seekers
            .iter()
            .map(|(at, wanted, limit)| peg(*at, *wanted, *limit));
        let keeping = keepers.iter().map(|at| {
            let day = self.lines[*at]
                .current
                .or_else(|| self.ready_of(*at, today));
            peg(*at, day.unwrap(), day.unwrap())
        });
        Problem {
            supplies: supplies.collect(),
            pegs: seeking.chain(keeping).collect(),
        }
    }

    fn carry_out(
        &mut self,
        batches: &[usize],
        seekers: &[Seeker],
        keepers: &[usize],
        plan: &Plan,
        today: Date,
    ) {
        let all: Vec<usize> = seekers
            .iter()
            .map(|(at, ..)| *at)
            .chain(keepers.iter().copied())
            .collect();
        for step in &plan.moves {
            let at = all[step.peg];
            self.lose(at);
        }
        for step in &plan.moves {
            let at = all[step.peg];
            let name = self.batches[batches[step.to]].reference.clone();
            let units = self.lines[at].outstanding();
            self.peg(at, vec![(name, units)], today);
        }
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

    /// A line of several batches that comes too late: goods by the wanted day, else earlier than its own. One that has
    /// lost its goods: others by the wanted day.
    fn bring_split(&mut self, at: usize, wanted: Option<Date>, today: Date) {
        let Some(wanted) = wanted else { return };
        let lost = self.lines[at].pegs.is_empty();
        let ready = self.ready_of(at, today).filter(|_| !lost);
        let stays = self.lines[at].dispatched > 0 || ready.is_none_or(|ready| ready <= wanted);
        if !lost && stays {
            return;
        }
        let had = std::mem::take(&mut self.lines[at].pegs);
        let until = |model: &Self, day: Date| {
            model.choose(at, today, |batch| {
                model
                    .there(batch.supply(), today)
                    .is_some_and(|there| there <= day)
            })
        };
        let earlier = ready.map(|ready| ready.yesterday().unwrap());
        let found = until(self, wanted).or_else(|| until(self, earlier?));
        self.lines[at].pegs = had;
        if let Some(pegs) = found {
            self.lose(at);
            self.peg(at, pegs, today);
        }
    }
}

/// Whether its goods come later than was promised first.
fn is_late(line: &Line) -> bool {
    !line.pegs.is_empty() && line.current.is_some() && line.current > line.original
}

/// When each has its goods by the plan.
fn days(problem: &Problem, plan: &Plan) -> Vec<Option<Date>> {
    let place = |at: usize| {
        let step = plan.moves.iter().find(|step| step.peg == at);
        step.map_or(problem.pegs[at].supply, |step| Some(step.to))
    };
    let all = 0..problem.pegs.len();
    all.map(|at| place(at).and_then(|to| problem.supplies[to].ready))
        .collect()
}

fn misses(peg: &Peg, ready: Option<Date>) -> bool {
    ready.is_none_or(|ready| ready > peg.wanted)
}

/// Where a line does not get the day that it wants, the latest day that any wants: who is served may leave the
/// place to it.
fn unsatisfied(problem: &Problem, plan: &Plan) -> Option<Date> {
    let missed = (problem.pegs.iter().zip(days(problem, plan))).any(|(peg, day)| misses(peg, day));
    let wanted = problem.pegs.iter().map(|peg| peg.wanted).max();
    wanted.filter(|_| missed)
}

/// The last day on which goods would be an improvement for any of the first so many.
fn last_of_use(problem: &Problem, plan: &Plan, seekers: usize) -> Option<Date> {
    let pegs = problem.pegs.iter().zip(days(problem, plan)).take(seekers);
    let late = pegs.filter(|(peg, ready)| misses(peg, *ready));
    late.map(|(peg, ready)| match ready {
        Some(ready) => ready.min(peg.limit).yesterday().unwrap(),
        None => peg.limit,
    })
    .max()
}

/// The broken weight, and the days of the first so many in the order of their claims.
fn result(problem: &Problem, plan: &Plan, seekers: usize) -> (u64, Vec<Date>) {
    let days = days(problem, plan);
    let all = problem.pegs.iter().zip(&days);
    let broken = all.filter(|(peg, day)| misses(peg, **day));
    let broken = broken.map(|(peg, _)| u64::from(peg.priority) + 1).sum();
    let mut order: Vec<usize> = (0..seekers).collect();
    order.sort_by_key(|at| {
        let peg = &problem.pegs[*at];
        (Reverse(peg.priority), peg.wanted, peg.number)
    });
    let day = |at: usize| days[at].unwrap_or(Date::MAX).max(problem.pegs[at].wanted);
    (broken, order.into_iter().map(day).collect())
}
