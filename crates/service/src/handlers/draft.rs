//! Who would have which goods, before anything is done: what the planner is asked about, what its answer comes to, and
//! what is left for lines that may be split.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use landfall_domain::policy::{self, Pick};
use landfall_domain::repeg::{self, Peg, Plan, Problem};
use landfall_domain::{Batch, Day, OrderId, OrderLine, Product};

/// A line that looks for other goods.
pub(super) struct Seeker {
    pub(super) line: OrderLine,
    /// The day to keep, or to get back to.
    pub(super) wanted: Date,
    /// It may be moved to no goods that come later than this.
    pub(super) limit: Date,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// Goods on the day that is wanted, or before.
    Kept,
    /// And for who then stays late, goods that come earlier than its own.
    Earlier,
}

/// Which goods the lines of a product would have.
#[derive(Clone)]
pub(super) struct Draft<'a> {
    day: Day,
    /// As they would be.
    batches: Vec<Batch>,
    pub(super) seekers: &'a [Seeker],
    /// Lines that may be asked to make room, each of one batch.
    keepers: Vec<OrderLine>,
    /// What each line would have: the seekers, then the keepers.
    picks: Vec<Vec<Pick>>,
}

impl<'a> Draft<'a> {
    /// Everything as it is.
    pub(super) fn new(product: &Product, seekers: &'a [Seeker], day: Day) -> Self {
        let batches = product.batches().to_vec();
        let lines = seekers.iter().map(|seeker| &seeker.line);
        Self {
            day,
            picks: lines.map(|line| picks_of(line, &batches)).collect(),
            batches,
            seekers,
            keepers: Vec::new(),
        }
    }

    /// Lines that may be asked to make room.
    pub(super) fn keepers(&self) -> &[OrderLine] {
        &self.keepers
    }

    /// Takes in those of these lines that are not in yet.
    pub(super) fn take_in(&mut self, mut keepers: Vec<OrderLine>) {
        let known: HashSet<u64> = self.keepers.iter().map(|line| line.number).collect();
        keepers.retain(|line| !known.contains(&line.number));
        let picks = keepers.iter().map(|line| picks_of(line, &self.batches));
        self.picks.extend(picks);
        self.keepers.extend(keepers);
    }

    /// Keeps only the first so many of those that may be asked to make room; the others have not been moved.
    pub(super) fn leave_out(&mut self, keepers: usize) {
        self.keepers.truncate(keepers);
        self.picks.truncate(self.seekers.len() + keepers);
    }

    /// Those of these seekers for which the planner can look: all their goods may move to one batch, or the part that
    /// is late.
    pub(super) fn movable(&self, of: impl Fn(&Seeker) -> bool) -> Vec<usize> {
        let all = 0..self.seekers.len();
        all.filter(|at| of(&self.seekers[*at]))
            .filter(|at| self.picks[*at].is_empty() || self.part(*at).is_some())
            .collect()
    }

    /// Which of its goods a line could have elsewhere, whole: those of its only batch or, of several, the only ones that
    /// come too late.
    fn part(&self, at: usize) -> Option<usize> {
        if self.picks[at].len() == 1 {
            return Some(0);
        }
        let wanted = self.seekers.get(at)?.wanted;
        self.ready(at)?;
        let picks = self.picks[at].iter().enumerate();
        let mut late = picks.filter(|(_, (batch, _))| self.ready_on(*batch) > Some(wanted));
        let (part, _) = late.next()?;
        late.next().is_none().then_some(part)
    }

    fn ready_on(&self, batch: usize) -> Option<Date> {
        self.day.promise_of(self.batches[batch].supply())
    }

    /// The day on which all goods of a line would be there; `None`: it has none, or nobody knows.
    fn ready(&self, at: usize) -> Option<Date> {
        let days = self.picks[at]
            .iter()
            .map(|(batch, _)| self.ready_on(*batch));
        days.collect::<Option<Vec<Date>>>()?.into_iter().max()
    }

    /// Whether a seeker would not have the day that it wants.
    fn misses(&self, at: usize) -> bool {
        let wanted = self.seekers[at].wanted;
        self.ready(at).is_none_or(|ready| ready > wanted)
    }

    /// How good it is, less is better: the weight of the promises that are broken, then the day of each seeker in the order
    /// of their claims.
    pub(super) fn outcome(&self) -> (u64, Vec<Date>) {
        let broken = (0..self.seekers.len()).filter(|at| self.misses(*at));
        let weight = |at: usize| u64::from(self.seekers[at].line.terms.priority.get()) + 1;
        let day = |at: usize| {
            let ready = self.ready(at).unwrap_or(Date::MAX);
            ready.max(self.seekers[at].wanted)
        };
        let days = self.by_claim().into_iter().map(day);
        (broken.map(weight).sum(), days.collect())
    }

    /// The seekers in the order of their claims.
    fn by_claim(&self) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.seekers.len()).collect();
        all.sort_by_key(|at| {
            let seeker = &self.seekers[*at];
            let priority = Reverse(seeker.line.terms.priority);
            (priority, seeker.wanted, seeker.line.number)
        });
        all
    }

    /// The problem as the planner sees it: first these seekers, then so many of the keepers.
    pub(super) fn problem(&self, seekers: &[usize], keepers: usize) -> Problem {
        let supplies = self.batches.iter().map(|batch| repeg::Supply {
            ready: self.day.promise_of(batch.supply()),
            free: batch.available(),
            location: batch.location.clone(),
        });
        let peg = |line: &OrderLine, own: Option<Pick>, wanted: Date, limit: Date| Peg {
            number: line.number,
            quantity: own.map_or(line.outstanding(), |(_, units)| units),
            priority: line.terms.priority.get(),
            wanted,
            limit,
            supply: own.map(|(batch, _)| batch),
            locations: line.terms.locations.clone(),
        };
        let seeking = seekers.iter().map(|at| {
            let seeker = &self.seekers[*at];
            let own = self.part(*at).map(|part| self.picks[*at][part]);
            peg(&seeker.line, own, seeker.wanted, seeker.limit)
        });
        let orders = self.orders_seeking();
        let keeping = self.keepers[..keepers].iter().enumerate();
        let keeping = keeping.map(|(at, line)| {
            let own = self.picks[self.seekers.len() + at].first().copied();
            // A line without a promise keeps the day of its goods.
            let ready = own.and_then(|(batch, _)| self.ready_on(batch));
            let promise = line.current_promise.or(ready).unwrap_or(Date::MAX);
            // An order that is to leave earlier gains nothing where another line of it comes as late as it does now.
            let present = orders.get(&line.key.order_id).filter(|_| line.together());
            let before = present.and_then(|day| day.yesterday().ok());
            let until = before.map_or(promise, |before| {
                promise.min(before).max(ready.unwrap_or(before))
            });
            peg(line, own, until, until)
        });
        Problem {
            supplies: supplies.collect(),
            pegs: seeking.chain(keeping).collect(),
        }
    }

    /// The orders that go out together and of which a line seeks goods so that all can leave earlier, and the day on which
    /// they could now.
    fn orders_seeking(&self) -> HashMap<&OrderId, Date> {
        let earlier = |seeker: &&Seeker| seeker.line.together() && seeker.wanted < seeker.limit;
        let seekers = self.seekers.iter().filter(earlier);
        let order = |seeker: &'a Seeker| (&seeker.line.key.order_id, seeker.limit);
        seekers.map(order).collect()
    }

    /// Follows the plan for these seekers and all keepers.
    pub(super) fn follow(&mut self, plan: &Plan, seekers: &[usize]) {
        for step in &plan.moves {
            let at = match seekers.get(step.peg) {
                Some(seeker) => *seeker,
                None => self.seekers.len() + step.peg - seekers.len(),
            };
            let units = match self.part(at) {
                Some(part) => {
                    let (from, units) = self.picks[at].remove(part);
                    self.batches[from].allocated -= units;
                    units
                }
                None => self.seekers[at].line.outstanding(),
            };
            self.batches[step.to].allocated += units;
            let picks = &mut self.picks[at];
            match picks.iter_mut().find(|(batch, _)| *batch == step.to) {
                Some(pick) => pick.1 += units,
                None => picks.push((step.to, units)),
            }
            picks.sort_unstable();
        }
    }

    /// Gives lines that may be split, and would be late, what is free: all their goods anew, of one batch or of several.
    /// One that has lost its stock takes only what comes by the day that it wants: all else is the queue's.
    pub(super) fn gather(&mut self, aim: Aim) {
        for at in self.by_claim() {
            let Seeker { line, wanted, .. } = &self.seekers[at];
            let ready = self.ready(at);
            let lost = self.picks[at].is_empty();
            // Goods that are held have no day, and nothing can be said to come earlier.
            let stays = !lost && ready.is_none_or(|ready| ready <= *wanted);
            if !line.terms.split || stays {
                continue;
            }
            // As it would be without the line.
            for (batch, units) in &self.picks[at] {
                self.batches[*batch].allocated -= units;
            }
            let by = |until: Date| {
                let early = |batch: &Batch| {
                    let day = self.day.promise_of(batch.supply());
                    day.is_some_and(|day| day <= until)
                };
                let end = self.batches.partition_point(early);
                policy::choose(
                    &self.batches[..end],
                    &line.terms,
                    Some(*wanted),
                    line.outstanding(),
                    &self.day,
                )
            };
            let earlier = ready.filter(|_| aim == Aim::Earlier);
            let earlier = earlier.and_then(|ready| ready.yesterday().ok());
            if let Some(picks) = by(*wanted).or_else(|| earlier.and_then(by)) {
                self.picks[at] = picks;
            }
            for (batch, units) in &self.picks[at] {
                self.batches[*batch].allocated += units;
            }
        }
    }

    /// The lines that would have other goods than they have, by their place among seekers and keepers, and which goods;
    /// and the keepers.
    pub(super) fn finish(self) -> (Vec<(usize, Vec<Pick>)>, Vec<OrderLine>) {
        let seeking = self.seekers.iter().map(|seeker| &seeker.line);
        let lines = seeking.chain(&self.keepers).zip(self.picks).enumerate();
        let other = |(at, (line, picks)): (usize, (&OrderLine, Vec<Pick>))| {
            let in_order = |mut picks: Vec<Pick>| {
                picks.sort_unstable();
                picks
            };
            let was = picks_of(line, &self.batches);
            (in_order(was) != in_order(picks.clone())).then_some((at, picks))
        };
        (lines.filter_map(other).collect(), self.keepers)
    }
}

/// What a line has.
fn picks_of(line: &OrderLine, batches: &[Batch]) -> Vec<Pick> {
    let pick = |allocation: &landfall_domain::Allocation| {
        let of = |batch: &Batch| batch.number == allocation.batch_number;
        let at = batches.iter().position(of)?;
        Some((at, allocation.quantity))
    };
    line.allocations.iter().filter_map(pick).collect()
}
