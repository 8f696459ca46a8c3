//! What re-pegging is measured by: seeded small cases, the rules checked from outside, and an exact search.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use landfall_domain::Location;
use landfall_domain::repeg::{Peg, Plan, Problem, Supply};

/// Day `n` of the tests' calendar.
pub(crate) fn day(n: i64) -> Date {
    date(2026, 3, 1).saturating_add(n.days())
}

/// A small reproducible source of numbers (`SplitMix64`).
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    /// A number from `low` up to and including `high`.
    pub(crate) fn within(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn day_within(&mut self, low: u64, high: u64) -> Date {
        day(i64::try_from(self.within(low, high)).unwrap_or(0))
    }
}

/// How large and how mixed a case is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) supplies: (u64, u64),
    pub(crate) pegs: (u64, u64),
    pub(crate) quantity: (u64, u64),
    pub(crate) free: u64,
    pub(crate) locations: bool,
}

/// The small cases that the exact search can solve.
pub(crate) const SMALL: Kind = Kind {
    supplies: (3, 5),
    pegs: (4, 9),
    quantity: (1, 9),
    free: 9,
    locations: false,
};

/// A case: lines pegged with some slack, then supplies late, held or lost.
pub(crate) fn case(seed: &mut Seed, kind: Kind) -> Problem {
    let place = |seed: &mut Seed| {
        Location::new(["Leeds", "Kent"][usize::from(seed.below(2) == 0)]).expect("a location")
    };
    let mut supplies: Vec<Supply> = (0..seed.within(kind.supplies.0, kind.supplies.1))
        .map(|_| Supply {
            ready: (seed.below(12) > 0).then(|| seed.day_within(0, 9)),
            free: seed.below(2) * seed.within(0, kind.free),
            location: (kind.locations && seed.below(5) > 0).then(|| place(seed)),
        })
        .collect();
    let pegs = (0..seed.within(kind.pegs.0, kind.pegs.1))
        .map(|number| {
            let at = usize::try_from(seed.below(supplies.len() as u64)).unwrap_or(0);
            let lost = supplies[at].ready.is_none() || seed.below(4) == 0;
            let quantity = seed.within(kind.quantity.0, kind.quantity.1);
            if lost {
                // What held it is sometimes free for others: a smaller batch, not a lost one.
                supplies[at].free += seed.below(2) * seed.below(quantity + 1);
            }
            let wanted = seed.day_within(0, 10);
            let ready = supplies[at].ready.unwrap_or(Date::MAX);
            let limit = match seed.below(3) {
                0 => wanted,
                1 => ready.max(wanted),
                _ => Date::MAX,
            };
            let mut locations = Vec::new();
            if kind.locations && seed.below(2) == 0 {
                locations.push(place(seed));
                // Any of the two, and this one rather.
                let other = place(seed);
                if !locations.contains(&other) {
                    locations.push(other);
                }
            }
            Peg {
                number,
                quantity,
                priority: u8::try_from(seed.below(10)).unwrap_or(0),
                wanted,
                limit,
                supply: (!lost).then_some(at),
                locations,
            }
        })
        .collect();
    Problem { supplies, pegs }
}

/// Where each peg is after the plan.
pub(crate) fn places(problem: &Problem, plan: &Plan) -> Vec<Option<usize>> {
    let mut at: Vec<_> = problem.pegs.iter().map(|peg| peg.supply).collect();
    for step in &plan.moves {
        at[step.peg] = Some(step.to);
    }
    at
}

/// Whether the peg keeps its day there.
pub(crate) fn satisfied(problem: &Problem, peg: &Peg, at: Option<usize>) -> bool {
    at.and_then(|at| problem.supplies[at].ready)
        .is_some_and(|ready| ready <= peg.wanted)
}

/// Priority + 1 of those who miss their day, summed up.
pub(crate) fn broken(problem: &Problem, places: &[Option<usize>]) -> u64 {
    (problem.pegs.iter().zip(places))
        .filter(|(peg, at)| !satisfied(problem, peg, **at))
        .map(|(peg, _)| u64::from(peg.priority) + 1)
        .sum()
}

/// Whether the rules let the peg be there after a plan.
pub(crate) fn allowed(problem: &Problem, peg: &Peg, at: Option<usize>) -> bool {
    if at == peg.supply {
        return true;
    }
    let Some(supply) = at.map(|at| &problem.supplies[at]) else {
        return false;
    };
    let here = supply.location.as_ref();
    let serves = peg.locations.is_empty() || here.is_some_and(|l| peg.locations.contains(l));
    let late = supply.ready.is_none_or(|ready| ready > peg.limit);
    let breaks = satisfied(problem, peg, peg.supply) && !satisfied(problem, peg, at);
    serves && !late && !breaks
}

/// Units at each supply that nobody has before the plan, those of all pegs included.
pub(crate) fn room(problem: &Problem) -> Vec<u64> {
    let mut room: Vec<u64> = problem.supplies.iter().map(|supply| supply.free).collect();
    for peg in &problem.pegs {
        if let Some(at) = peg.supply {
            room[at] += peg.quantity;
        }
    }
    room
}

/// The least weight that any plan within the rules leaves broken: every way is tried, cut off only where
/// even the best continuation cannot be better than what is known.
pub(crate) fn least_broken(problem: &Problem) -> u64 {
    let mut order: Vec<&Peg> = problem.pegs.iter().collect();
    order.sort_by_key(|peg| std::cmp::Reverse(peg.quantity));
    let stay: Vec<_> = problem.pegs.iter().map(|peg| peg.supply).collect();
    let mut best = broken(problem, &stay);
    try_all(problem, &order, &mut room(problem), 0, &mut best);
    best
}

fn try_all(problem: &Problem, order: &[&Peg], room: &mut [u64], so_far: u64, best: &mut u64) {
    if so_far >= *best {
        return;
    }
    let Some((peg, rest)) = order.split_first() else {
        *best = so_far;
        return;
    };
    let supplies = (0..room.len()).map(Some);
    for good in [true, false] {
        for at in supplies.clone().chain([None]) {
            if satisfied(problem, peg, at) != good || !allowed(problem, peg, at) {
                continue;
            }
            let loss = if good { 0 } else { u64::from(peg.priority) + 1 };
            match at {
                Some(at) if room[at] >= peg.quantity => {
                    room[at] -= peg.quantity;
                    try_all(problem, rest, room, so_far + loss, best);
                    room[at] += peg.quantity;
                }
                Some(_) => {}
                None => try_all(problem, rest, room, so_far + loss, best),
            }
        }
    }
}
