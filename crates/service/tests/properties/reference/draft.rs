//! Who would be served from where: who may make room, and the better of two orders, on a copy of everything.

use std::cmp::Reverse;

use jiff::civil::Date;
use landfall_domain::repeg::{self, Peg, Plan, Problem};

use super::{Line, Model};

/// A line that looks for other goods: the day that is wanted, and the last that may be.
pub(super) type Seeker = (usize, Date, Date);

/// What one line has: batches, and units of each.
type Pegs = Vec<(String, u64)>;

/// A plan in the making.
pub(super) struct Draft<'a> {
    before: &'a Model,
    now: Model,
    sku: &'a str,
    seekers: &'a [Seeker],
    /// Who may make room, as far as was asked.
    keepers: Vec<usize>,
    today: Date,
}

impl<'a> Draft<'a> {
    pub(super) fn new(before: &'a Model, sku: &'a str, seekers: &'a [Seeker], today: Date) -> Self {
        Self {
            before,
            now: before.clone(),
            sku,
            seekers,
            keepers: Vec::new(),
            today,
        }
    }

    /// Some whole, then who may be split in parts; if that is not enough for all, then all whole, and again in parts.
    pub(super) fn arranged(mut self, first: &dyn Fn(usize) -> bool) -> Self {
        self.seek(first, false);
        self.gather(false);
        if self.outcome().0 > 0 {
            self.seek(&|_| true, true);
            self.gather(true);
        }
        self
    }

    /// Who has other goods than before, and which.
    pub(super) fn moved(self) -> Vec<(usize, Pegs)> {
        let in_order = |pegs: &Pegs| {
            let mut pegs = pegs.clone();
            pegs.sort();
            pegs
        };
        let lines = self.now.lines.iter().zip(&self.before.lines).enumerate();
        let other = lines.filter(|(_, (now, was))| in_order(&now.pegs) != in_order(&was.pegs));
        other.map(|(at, (now, _))| (at, now.pegs.clone())).collect()
    }

    /// The part of a line that could go elsewhere: all of it, or the only part that is late.
    fn part(&self, seeker: &Seeker) -> Option<usize> {
        let (at, wanted, _) = seeker;
        let pegs = &self.now.lines[*at].pegs;
        if pegs.len() == 1 {
            return Some(0);
        }
        let days: Option<Vec<Date>> = pegs.iter().map(|(name, _)| self.day_of(name)).collect();
        let days = days?;
        let late: Vec<usize> = (0..days.len())
            .filter(|part| days[*part] > *wanted)
            .collect();
        (late.len() == 1).then(|| late[0])
    }

    fn day_of(&self, batch: &str) -> Option<Date> {
        self.now.there(self.now.named(batch).supply(), self.today)
    }

    /// Whole goods for these: in time or, if need be and asked for, earlier than their own.
    pub(super) fn seek(&mut self, who: &dyn Fn(usize) -> bool, earlier: bool) {
        let mut seekers: Vec<Seeker> = self.seekers.to_vec();
        seekers.retain(|seeker| {
            let may = self.now.lines[seeker.0].pegs.is_empty() || self.part(seeker).is_some();
            who(seeker.0) && may
        });
        if seekers.is_empty() {
            return;
        }
        let mut batches: Vec<usize> = (0..self.now.batches.len()).collect();
        batches.retain(|at| self.now.batches[*at].sku == self.sku);
        batches.sort_by_key(|at| {
            let batch = &self.now.batches[*at];
            (batch.supply(), batch.reference.clone())
        });
        let make = if earlier {
            repeg::plan
        } else {
            repeg::plan_kept
        };
        let problem = self.problem(&batches, &seekers, &[]);
        let plan = make(&problem);
        let Some(wanted) = unsatisfied(&problem, &plan) else {
            return self.follow(&batches, &seekers, &[], &plan);
        };
        let by = self.ask(None, wanted);
        let keepers = self.keepers.clone();
        let problem = self.problem(&batches, &seekers, &keepers);
        let plan = make(&problem);
        // Who could give up goods that come later than that, and still be of help?
        let until = last_of_use(&problem, &plan, seekers.len());
        if let Some(until) = until.filter(|day| earlier && *day > by) {
            self.ask(Some(by), until);
            let all = self.keepers.clone();
            let wider = self.problem(&batches, &seekers, &all);
            let other = make(&wider);
            let of = |problem: &Problem, plan: &Plan| result(problem, plan, seekers.len());
            if of(&wider, &other) < of(&problem, &plan) {
                return self.follow(&batches, &seekers, &all, &other);
            }
            self.keepers.clone_from(&keepers);
        }
        self.follow(&batches, &seekers, &keepers, &plan);
    }

    /// Takes in who could give up goods that come by a day or, as those could need theirs, by a later one, which is told.
    /// Of goods that come after the first day only those who can wait longer. Asked is who has what before the plan.
    fn ask(&mut self, after: Option<Date>, mut by: Date) -> Date {
        let model = self.before;
        loop {
            let keeps = |at: &usize| {
                let line = &model.lines[*at];
                let seeks = self.seekers.iter().any(|(other, ..)| other == at);
                let whole = line.pegs.len() == 1 && line.dispatched == 0;
                let ready = model.ready_of(*at, self.today);
                let waits = line.current.is_none() || line.current > ready;
                let in_reach = ready.is_some_and(|day| day <= by)
                    && (after.is_none() || ready > after && waits);
                line.sku == self.sku && whole && in_reach && !seeks
            };
            let found: Vec<usize> = (0..model.lines.len()).filter(keeps).collect();
            let latest = found.iter().filter_map(|at| model.lines[*at].current).max();
            match latest {
                Some(latest) if latest > by => by = latest,
                _ => {
                    let known = self.keepers.clone();
                    let new = found.into_iter().filter(|at| !known.contains(at));
                    self.keepers.extend(new);
                    return by;
                }
            }
        }
    }

    fn problem(&self, batches: &[usize], seekers: &[Seeker], keepers: &[usize]) -> Problem {
        let model = &self.now;
        let supplies = batches.iter().map(|at| repeg::Supply {
            ready: model.there(model.batches[*at].supply(), self.today),
            free: model.available(&model.batches[*at]),
            location: model.batches[*at].location.clone(),
        });
        let peg = |at: usize, part: Option<usize>, wanted: Date, limit: Date| {
            let line = &model.lines[at];
            let own = part.map(|part| &line.pegs[part]);
            let of = |name: &str| {
                let is = |batch: &usize| model.batches[*batch].reference == name;
                batches.iter().position(is)
            };
            Peg {
                number: u64::try_from(at).unwrap(),
                quantity: own.map_or(line.outstanding(), |(_, units)| *units),
                priority: line.terms.priority.get(),
                wanted,
                limit,
                supply: own.and_then(|(name, _)| of(name)),
                locations: line.terms.locations.clone(),
            }
        };
        let seeking = seekers.iter().map(|seeker| {
            let (at, wanted, limit) = *seeker;
            peg(at, self.part(seeker), wanted, limit)
        });
        let keeping = keepers.iter().map(|at| {
            let ready = model.ready_of(*at, self.today);
            let mut day = model.lines[*at].current.or(ready);
            // An order that is to leave earlier gains nothing where another line of it comes as late as it does now.
            let line = &model.lines[*at];
            let with = |other: &Line| other.together() && other.key.order_id == line.key.order_id;
            let seeker = (self.seekers.iter())
                .find(|(at, wanted, limit)| with(&model.lines[*at]) && wanted < limit);
            if let Some((_, _, present)) = seeker.filter(|_| line.together()) {
                day = day.min(Some(present.yesterday().unwrap())).max(ready);
            }
            peg(*at, Some(0), day.unwrap(), day.unwrap())
        });
        Problem {
            supplies: supplies.collect(),
            pegs: seeking.chain(keeping).collect(),
        }
    }

    fn follow(&mut self, batches: &[usize], seekers: &[Seeker], keepers: &[usize], plan: &Plan) {
        for step in &plan.moves {
            let seeker = seekers.get(step.peg);
            let part = seeker.map_or(Some(0), |seeker| self.part(seeker));
            let at = seeker.map_or_else(|| keepers[step.peg - seekers.len()], |seeker| seeker.0);
            let to = self.now.batches[batches[step.to]].reference.clone();
            let line = &mut self.now.lines[at];
            let units = match part {
                Some(part) => line.pegs.remove(part).1,
                None => line.outstanding(),
            };
            match line.pegs.iter_mut().find(|(name, _)| *name == to) {
                Some((_, had)) => *had += units,
                None => line.pegs.push((to, units)),
            }
            // The batches of a line lie in their order, in which it gives them back.
            let place = |name: &str| {
                batches
                    .iter()
                    .position(|at| self.now.batches[*at].reference == name)
            };
            line.pegs.sort_by_key(|(name, _)| place(name));
        }
    }

    /// Who may be split and would be late takes what is free, in the order of the claims: goods by the day that is wanted, or
    /// else, if asked for, earlier than its own.
    fn gather(&mut self, earlier: bool) {
        for (at, wanted, _) in self.by_claim() {
            let lost = self.now.lines[at].pegs.is_empty();
            let ready = self.now.ready_of(at, self.today);
            let stays = !lost && ready.is_none_or(|ready| ready <= wanted);
            if stays || !self.now.lines[at].terms.split {
                continue;
            }
            let had = std::mem::take(&mut self.now.lines[at].pegs);
            let until = |day: Date| {
                self.now.choose(at, self.today, Some(wanted), |batch| {
                    let there = self.now.there(batch.supply(), self.today);
                    there.is_some_and(|there| there <= day)
                })
            };
            let before = ready.map(|ready| ready.yesterday().unwrap());
            let found = until(wanted).or_else(|| until(before.filter(|_| earlier)?));
            self.now.lines[at].pegs = found.unwrap_or(had);
        }
    }

    fn by_claim(&self) -> Vec<Seeker> {
        let mut seekers = self.seekers.to_vec();
        seekers.sort_by_key(|(at, wanted, _)| {
            let priority = self.now.lines[*at].terms.priority.get();
            (Reverse(priority), *wanted, *at)
        });
        seekers
    }

    /// The broken weight, and the days of the seekers in the order of their claims.
    pub(super) fn outcome(&self) -> (u64, Vec<Date>) {
        let mut broken = 0;
        let mut days = Vec::new();
        for (at, wanted, _) in self.by_claim() {
            let ready = self.now.ready_of(at, self.today);
            let ready = ready.filter(|_| !self.now.lines[at].pegs.is_empty());
            if ready.is_none_or(|ready| ready > wanted) {
                broken += u64::from(self.now.lines[at].terms.priority.get()) + 1;
            }
            days.push(ready.unwrap_or(Date::MAX).max(wanted));
        }
        (broken, days)
    }
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
