//! The planner's board: who is pegged where at this point of the plan, what is free, and where a peg may go.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::budget::Budget;
use super::sets::{bits, classes, has, in_order, is_even, location_ranks_of};
use super::{Problem, Supply};
use crate::ids::Location;

/// The rank of a day that nobody can be promised.
pub(super) const NEVER: u32 = u32::MAX;

/// How far a search may push the pegs that miss their day anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Nobody's supply gets later than is silent: a late peg does not get later still.
    Silent,
    /// A late peg may get later, up to its limit.
    Full,
}

/// What the rules say of one peg, in ranks of days.
pub(super) struct Rule {
    pub(super) quantity: u64,
    /// Priority + 1.
    pub(super) weight: i64,
    /// Supplies of a rank below this one satisfy it.
    pub(super) want: u32,
    /// It may be moved to supplies of a rank below this one.
    pub(super) limit: u32,
    /// Where it was before the plan; `Board::nowhere` without supply.
    pub(super) origin: usize,
    /// Whether it was satisfied before the plan, and so must be after it.
    pub(super) kept: bool,
    /// Which set of locations it names: an index into `serves`.
    region: usize,
    /// Its class of quantities: an index into `classes`.
    class: usize,
    /// Its place in the order of the rule: 0 is served first.
    rank: u32,
}

/// The board. Sets of supplies are bit sets, 64 to a word, because the searches ask above all which
/// supplies that have not been looked at yet a peg could go to.
pub(super) struct Board {
    /// The number of supplies, and the place of those that have none.
    pub(super) nowhere: usize,
    pub(super) words: usize,
    pub(super) rules: Vec<Rule>,
    /// The pegs in the order of the rule: priority, wanted day, age.
    pub(super) order: Vec<usize>,
    /// The rank of the day of each supply; the last is `nowhere`'s.
    pub(super) day: Vec<u32>,
    pub(super) free: Vec<u64>,
    /// The quantities in ascending classes, the least and the most of each.
    pub(super) classes: Vec<(u64, u64)>,
    /// Whether all pegs have the same quantity.
    pub(super) even: bool,
    /// What may still be looked at.
    pub(super) budget: Budget,
    /// Units at each supply, free or not.
    pub(super) total: Vec<u64>,
    /// For both reaches, from which quantity of a comer on a supply is known to lead nowhere.
    pub(super) full: [Vec<u64>; 2],
    at: Vec<usize>,
    /// Pegs at a supply by class, those first that had better leave: moved already, then last in the order.
    members: Vec<BTreeSet<(usize, bool, u32)>>,
    /// Pegs whose place is final but for moves to days not later.
    settled: Vec<bool>,
    /// See `exits`: a set for each reach, supply and class, and whether it is up to date.
    exits: [Vec<u64>; 2],
    fresh: [Vec<bool>; 2],
    serves: Vec<Vec<u64>>,
    /// For each set of locations, the place of each supply's location in it; empty where any will do.
    location_ranks: Vec<Vec<usize>>,
    /// For each rank, the supplies of a lower one.
    before: Vec<Vec<u64>>,
    log: Vec<(usize, usize)>,
}

impl Board {
    pub(super) fn new(problem: &Problem) -> Self {
        let nowhere = problem.supplies.len();
        let words = nowhere.div_ceil(64);
        let days: Vec<Date> = {
            let days: BTreeSet<Date> = problem.supplies.iter().filter_map(|s| s.ready).collect();
            days.into_iter().collect()
        };
        // The number of supply days up to and including this one.
        let upto = |day: Date| u32::try_from(days.partition_point(|d| *d <= day)).unwrap_or(NEVER);
        let rank_of = |supply: &Supply| supply.ready.map_or(NEVER, |ready| upto(ready) - 1);
        let mut day: Vec<u32> = problem.supplies.iter().map(rank_of).collect();
        day.push(NEVER);

        let order = in_order(&problem.pegs);
        let mut rank = vec![0; order.len()];
        for (place, &peg) in (0..).zip(&order) {
            rank[peg] = place;
        }

        let classes = classes(&problem.pegs);
        let mut regions: BTreeMap<&[Location], usize> = BTreeMap::new();
        let (mut serves, mut location_ranks) = (Vec::new(), Vec::new());
        let mut rules = Vec::with_capacity(problem.pegs.len());
        for (peg, rank) in problem.pegs.iter().zip(rank) {
            let region = *regions.entry(&peg.locations).or_insert_with(|| {
                let ranks = location_ranks_of(&peg.locations, problem);
                serves.push(bits(words, nowhere, |at| {
                    peg.locations.is_empty() || ranks[at] < peg.locations.len()
                }));
                location_ranks.push(ranks);
                serves.len() - 1
            });
            let origin = peg.supply.unwrap_or(nowhere).min(nowhere);
            let kept = day[origin] < upto(peg.wanted);
            let want = upto(peg.wanted.min(peg.limit));
            rules.push(Rule {
                quantity: peg.quantity,
                weight: i64::from(peg.priority) + 1,
                want,
                limit: if kept { want } else { upto(peg.limit) },
                origin,
                kept,
                region,
                class: classes.partition_point(|&(least, _)| least <= peg.quantity) - 1,
                rank,
            });
        }

        let before = (0..=upto(Date::MAX))
            .map(|rank| bits(words, nowhere, |at| day[at] < rank))
            .collect();
        let even = is_even(&classes);
        let mut board = Self {
            nowhere,
            words,
            order,
            day,
            free: problem.supplies.iter().map(|supply| supply.free).collect(),
            even,
            budget: Budget::new(even),
            total: Vec::new(),
            full: [vec![u64::MAX; nowhere], vec![u64::MAX; nowhere]],
            at: vec![nowhere; rules.len()],
            members: vec![BTreeSet::new(); nowhere],
            settled: vec![false; rules.len()],
            exits: [(); 2].map(|()| vec![0; nowhere * words * classes.len()]),
            fresh: [(); 2].map(|()| vec![false; nowhere * classes.len()]),
            classes,
            rules,
            serves,
            location_ranks,
            before,
            log: Vec::new(),
        };
        for peg in 0..board.rules.len() {
            board.enter(peg, board.rules[peg].origin);
        }
        board.total.clone_from(&board.free);
        for rule in board.rules.iter().filter(|rule| rule.origin < nowhere) {
            board.total[rule.origin] += rule.quantity;
        }
        board
    }

    pub(super) fn at(&self, peg: usize) -> usize {
        self.at[peg]
    }

    pub(super) fn moved(&self, peg: usize) -> bool {
        self.at[peg] != self.rules[peg].origin
    }

    /// Whether the peg would keep its day there.
    pub(super) fn good(&self, peg: usize, at: usize) -> bool {
        let rule = &self.rules[peg];
        if at == rule.origin {
            rule.kept
        } else {
            at < self.nowhere && self.day[at] < rule.want && has(&self.serves[rule.region], at)
        }
    }

    /// Whether the peg keeps its day where it is now.
    pub(super) fn satisfied(&self, peg: usize) -> bool {
        self.good(peg, self.at[peg])
    }

    /// Whether the rules let the peg be there at all; being late there is another matter.
    pub(super) fn may(&self, peg: usize, at: usize) -> bool {
        let rule = &self.rules[peg];
        at == rule.origin
            || (at < self.nowhere
                && self.day[at] < rule.limit
                && has(&self.serves[rule.region], at))
    }

    pub(super) fn fits(&self, peg: usize, at: usize) -> bool {
        at == self.nowhere || self.rules[peg].quantity <= self.free[at]
    }

    /// How much the peg prefers the location of a supply; 0 is the most.
    pub(super) fn location_rank(&self, peg: usize, at: usize) -> usize {
        let ranks = &self.location_ranks[self.rules[peg].region];
        ranks.get(at).copied().unwrap_or(0)
    }

    /// One word of the set of supplies that would satisfy the peg.
    pub(super) fn good_word(&self, peg: usize, word: usize) -> u64 {
        let rule = &self.rules[peg];
        let set = self.serves[rule.region][word] & self.before[rule.want as usize][word];
        if rule.kept {
            set | self.origin_bit(rule, word)
        } else {
            set
        }
    }

    /// One word of the set of supplies on which the peg may be, its day kept or not.
    pub(super) fn may_word(&self, peg: usize, word: usize) -> u64 {
        let rule = &self.rules[peg];
        (self.serves[rule.region][word] & self.before[rule.limit as usize][word])
            | self.origin_bit(rule, word)
    }

    /// One word of the set of supplies to which a peg may be pushed so that another gets its place.
    pub(super) fn yield_word(&self, peg: usize, word: usize, reach: Reach) -> u64 {
        let at = self.at[peg];
        if self.good(peg, at) {
            self.good_word(peg, word)
        } else if self.settled[peg] || reach == Reach::Silent {
            self.may_word(peg, word) & self.not_later(at, word)
        } else {
            self.may_word(peg, word)
        }
    }

    /// One word of the set of supplies of this rank.
    pub(super) fn of_rank(&self, rank: u32, word: usize) -> u64 {
        self.before[rank as usize + 1][word] & !self.before[rank as usize][word]
    }

    /// The number of different days.
    pub(super) fn ranks(&self) -> u32 {
        u32::try_from(self.before.len() - 1).unwrap_or(NEVER)
    }

    /// The pegs of a class at a supply, those first that had better leave.
    pub(super) fn members_of(&self, at: usize, class: usize) -> impl Iterator<Item = usize> + '_ {
        self.members[at]
            .range((class, false, 0)..=(class, true, u32::MAX))
            .map(|(_, _, key)| self.order[(u32::MAX - key) as usize])
    }

    /// The pegs at a supply, those first that had better leave.
    pub(super) fn members(&self, at: usize) -> Vec<usize> {
        let members = self.members[at].iter();
        let mut keys: Vec<_> = members.map(|&(_, stays, key)| (stays, key)).collect();
        keys.sort_unstable();
        keys.into_iter()
            .map(|(_, key)| self.order[(u32::MAX - key) as usize])
            .collect()
    }

    /// Moves a peg, without a look at what is free: the caller has looked.
    pub(super) fn put(&mut self, peg: usize, to: usize) {
        let from = self.at[peg];
        if from != to {
            self.log.push((peg, from));
            self.shift(peg, to);
        }
    }

    /// A mark to come back to.
    pub(super) fn mark(&self) -> usize {
        self.log.len()
    }

    /// Takes back all that was put since the mark.
    pub(super) fn undo(&mut self, mark: usize) {
        while self.log.len() > mark
            && let Some((peg, from)) = self.log.pop()
        {
            self.shift(peg, from);
        }
    }

    /// From here on the peg never gets later than it is now; where it was before the plan is a place like others.
    pub(super) fn settle(&mut self, peg: usize) {
        self.settled[peg] = true;
        self.changed(peg, self.at[peg]);
    }

    /// No supply is known to be full.
    pub(super) fn all_open(&self) -> [Vec<u64>; 2] {
        [vec![u64::MAX; self.nowhere], vec![u64::MAX; self.nowhere]]
    }

    /// Forgets of what was full all that a plan may have changed, which `touched` a supply that was full for
    /// some, or did not. Of equal quantities a chain never comes to what is full at full reach, and so it
    /// stays so; of what is full silently, a peg that got later may know a way out.
    pub(super) fn reopen(&mut self, touched: bool) {
        self.full[Reach::Silent as usize].fill(u64::MAX);
        if touched && !self.even {
            self.full = self.all_open();
        }
    }

    /// Brings [`Board::exits`] of a supply and a class up to date.
    pub(super) fn refresh(&mut self, at: usize, class: usize, reach: Reach) {
        let cell = at * self.classes.len() + class;
        if self.fresh[reach as usize][cell] {
            return;
        }
        for word in 0..self.words {
            let set = self
                .members_of(at, class)
                .fold(0, |set, peg| set | self.yield_word(peg, word, reach));
            self.exits[reach as usize][cell * self.words + word] = set;
        }
        self.fresh[reach as usize][cell] = true;
    }

    /// One word of the set of supplies to which at least one of the pegs of a class at a supply could be pushed.
    pub(super) fn exits(&self, at: usize, class: usize, word: usize, reach: Reach) -> u64 {
        self.exits[reach as usize][(at * self.classes.len() + class) * self.words + word]
    }

    fn changed(&mut self, peg: usize, at: usize) {
        if at < self.nowhere {
            let cell = at * self.classes.len() + self.rules[peg].class;
            for fresh in &mut self.fresh {
                fresh[cell] = false;
            }
        }
    }

    /// Where everybody is.
    pub(super) fn places(&self) -> Vec<usize> {
        self.at.clone()
    }

    /// Puts everybody where `places` says.
    pub(super) fn adopt(&mut self, places: &[usize]) {
        for peg in 0..places.len() {
            self.put(peg, self.nowhere);
        }
        for (peg, &at) in places.iter().enumerate() {
            self.put(peg, at);
        }
    }

    fn shift(&mut self, peg: usize, to: usize) {
        let from = self.at[peg];
        self.changed(peg, from);
        self.changed(peg, to);
        if from < self.nowhere {
            let key = self.key(peg);
            self.members[from].remove(&key);
            self.free[from] += self.rules[peg].quantity;
        }
        if to < self.nowhere {
            debug_assert!(self.rules[peg].quantity <= self.free[to], "there is room");
            self.free[to] -= self.rules[peg].quantity;
        }
        self.enter(peg, to);
    }

    fn enter(&mut self, peg: usize, to: usize) {
        self.at[peg] = to;
        if to < self.nowhere {
            let key = self.key(peg);
            self.members[to].insert(key);
        }
    }

    fn key(&self, peg: usize) -> (usize, bool, u32) {
        let rule = &self.rules[peg];
        (rule.class, !self.moved(peg), u32::MAX - rule.rank)
    }

    fn origin_bit(&self, rule: &Rule, word: usize) -> u64 {
        if rule.origin < self.nowhere && rule.origin / 64 == word {
            1 << (rule.origin % 64)
        } else {
            0
        }
    }

    fn not_later(&self, at: usize, word: usize) -> u64 {
        match self.day[at] {
            NEVER => u64::MAX,
            day => self.before[day as usize + 1][word],
        }
    }
}
