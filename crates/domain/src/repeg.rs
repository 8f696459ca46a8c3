//! Re-pegging: which lines of one product move to which supply when supply has changed, so that as many
//! promises as possible are kept.
//!
//! # The rule
//!
//! A line is *satisfied* when its supply is ready on the day that is wanted for it, or before.
//!
//! 1. A satisfied line stays satisfied. It may move silently to another supply that is ready in time, at a
//!    location that may serve it, and that has room for it whole. No kept promise is broken to improve another.
//! 2. Nobody who has a supply ends without one, and nobody is moved to a supply later than its limit. To stay
//!    is always allowed.
//! 3. First, as many lines as possible become satisfied, each counted by its priority + 1. A line with slack
//!    (it is wanted later than its supply is ready) gives up its early stock, along chains of any length.
//! 4. Then each line that is still not satisfied gets the earliest day still possible, one after the other by
//!    priority (higher first), wanted day (earlier first), age (older first); it moves only for an earlier
//!    day than it has, and makes no other later: two late lines that change places are no gain. Lines with slack make
//!    room for it as they do in point 3. One without supply for which there is none goes on waiting.
//! 5. Of the supplies that serve a line equally (all in time, or all on the same late day) it takes the one at the
//!    location that it names first; then the one that is ready last, because early stock is worth the most to urgent
//!    buyers; then the best fit. Of lines with equal claims, the order of point 4 decides. Nobody moves without need,
//!    nor only for a better location.
//!
//! # How good it is
//!
//! With **equal quantities** the plan is exact: no other plan within points 1 and 2 satisfies more weight.
//! Supplies are then places, and a set of lines that can be satisfied together with all those that must be is
//! a set that can be matched with places. While the unsatisfied lines hold no stock, such sets are the
//! independent sets of a matroid (a transversal one, contracted by the lines that must stay satisfied): a set
//! of fewer lines can always be extended by a line of a larger one, because the two matchings laid over each
//! other have a path that is longer by one. In a matroid, taking the heaviest first whenever it can still be
//! added is optimal; and it can be added when there is a chain, which a breadth-first search finds if there is
//! one. Unsatisfied lines that hold stock and move free it, which breaks the exchange property; the
//! best set is then a flow of least cost, reached from the greedy one by exchanges (`exchange`).
//!
//! With **unequal quantities** it is bin packing, which has no fast exact answer: several greedy orders are
//! tried, each with chains and with a bounded search in which a line may push out several; the best is taken.
//! `cargo run --release -p landfall-domain --example repeg_gap` measures it against an exact search.

mod budget;
mod chain;
mod exchange;
mod pack;
mod room;
mod sets;
mod state;

use std::cmp::Reverse;

use jiff::civil::Date;

use crate::ids::Location;
use budget::Budget;
use room::Room;
use state::{Board, NEVER};

/// The bound on the pegs looked at in one plan for lines of equal quantity. When it is reached, lines are only
/// placed where there is room for them. A thousand late lines of five thousand on a hundred supplies stay far below it.
pub const MAX_EXAMINED: usize = 20_000_000;
/// The same bound for lines of unequal quantities.
pub const MAX_EXAMINED_UNEVEN: usize = 2_000_000;

/// The bound on the looks of the searches in which a line pushes out several, which come on top of that.
pub const MAX_SEARCHED: usize = 40_000;

/// A batch as the planner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    /// The day that could be promised for goods of it; `None`: it is no supply (held without a clear date).
    pub ready: Option<Date>,
    /// Units that nobody has.
    pub free: u64,
    /// Where it lies or will land, where that is known.
    pub location: Option<Location>,
}

/// A line as the planner sees it, or the part of one that may move: it is never split further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peg {
    /// Its age: smaller is older.
    pub number: u64,
    /// Units.
    pub quantity: u64,
    /// 0–9, higher first.
    pub priority: u8,
    /// The day to keep (its current promise) or to get back to (its original promise).
    pub wanted: Date,
    /// It is moved to no supply later than this: `wanted` where the promise is kept, the current promise where
    /// it is to be improved, `Date::MAX` where a delay has broken it.
    pub limit: Date,
    /// The supply to which it is pegged now, whose `free` does not count its units; `None`: it has lost its stock.
    pub supply: Option<usize>,
    /// The locations that may serve it, in order of preference; none: any.
    pub locations: Vec<Location>,
}

/// The lines of one product and its supplies. Lines that must not move are not among the pegs, nor are their
/// units free.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// Where lines may be pegged.
    pub supplies: Vec<Supply>,
    /// The lines that may move.
    pub pegs: Vec<Peg>,
}

/// One line's new supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    /// The index of the peg.
    pub peg: usize,
    /// The index of its new supply.
    pub to: usize,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// At most one move for each peg, by its index. They hold together, not one by one: a peg may take the
    /// place that another leaves.
    pub moves: Vec<Move>,
    /// Pegs looked at: the work done.
    pub examined: usize,
}

/// Plans the moves. The same problem always gives the same plan.
pub fn plan(problem: &Problem) -> Plan {
    Planner::default().plan(problem)
}

/// As [`plan`], without point 4: nobody who stays late takes goods that others may want first.
pub fn plan_kept(problem: &Problem) -> Plan {
    Planner::default().plan_kept(problem)
}

/// Plans several problems of which some are the same, and does not search them twice.
#[derive(Debug, Default)]
pub struct Planner {
    /// Of unequal quantities: where everybody is when as many as possible are satisfied, and what may still be looked at.
    satisfied: Vec<(Problem, Vec<usize>, Budget)>,
}

impl Planner {
    /// As [`plan`].
    pub fn plan(&mut self, problem: &Problem) -> Plan {
        self.carry_on(problem, bring_forward)
    }

    /// As [`plan_kept`].
    pub fn plan_kept(&mut self, problem: &Problem) -> Plan {
        self.carry_on(problem, |_| ())
    }

    /// Plans the moves; `then` is what follows when as many as possible are satisfied.
    fn carry_on(&mut self, problem: &Problem, then: impl FnOnce(&mut Board)) -> Plan {
        let mut board = Board::new(problem);
        if board.words == 0 {
            return Plan::default();
        }
        if board.even {
            let order = board.order.clone();
            satisfy(&mut board, &order);
            exchange::exchange(&mut board);
        } else if let Some((_, places, budget)) = self.known(problem) {
            board.adopt(places);
            board.budget = *budget;
        } else {
            satisfy_uneven(&mut board);
            let known = (problem.clone(), board.places(), board.budget);
            self.satisfied.push(known);
        }
        then(&mut board);
        go_home(&mut board);

        let moves = (0..board.rules.len())
            .filter(|&peg| board.moved(peg) && board.at(peg) < board.nowhere)
            .map(|peg| Move {
                peg,
                to: board.at(peg),
            })
            .collect();
        Plan {
            moves,
            examined: board.budget.spent(),
        }
    }

    fn known(&self, problem: &Problem) -> Option<&(Problem, Vec<usize>, Budget)> {
        self.satisfied.iter().find(|(known, ..)| known == problem)
    }
}

/// Satisfies those pegs of `order` that a chain can satisfy, one after the other.
fn satisfy(board: &mut Board, order: &[usize]) {
    for &peg in order {
        if !board.satisfied(peg) {
            let targets = good(board, peg);
            chain::place(board, peg, &[targets]);
        }
    }
}

/// Point 3 for unequal quantities: the best of several orders.
fn satisfy_uneven(board: &mut Board) {
    let mut orders = vec![board.order.clone(); 4];
    let rules = &board.rules;
    let heavy = |peg: &usize| {
        (u128::from(rules[*peg].quantity) << 32) / u128::from(rules[*peg].weight.unsigned_abs())
    };
    orders[1].sort_by_key(heavy);
    orders[2].sort_by_key(|&peg| rules[peg].quantity);
    orders[3].sort_by_key(|&peg| Reverse(rules[peg].quantity));

    let room = Room::of(board);
    let mark = board.mark();
    let mut best: Option<(i64, Reverse<usize>, Vec<usize>)> = None;
    let mut begun: Vec<Vec<usize>> = Vec::new();
    for order in &orders {
        board.budget.begin_try();
        satisfy(board, order);
        // What was searched from here on has been searched.
        let places = board.places();
        if begun.contains(&places) {
            board.undo(mark);
            board.full = board.all_open();
            continue;
        }
        begun.push(places);
        while search(board, &room) {}
        let moved = (0..board.rules.len())
            .filter(|&peg| board.moved(peg))
            .count();
        let result = (weight(board), Reverse(moved));
        if best.as_ref().is_none_or(|best| result > (best.0, best.1)) {
            best = Some((result.0, result.1, board.places()));
        }
        let all =
            (board.order.iter()).all(|&peg| board.satisfied(peg) || !room.is_there_for(board, peg));
        board.undo(mark);
        board.full = board.all_open();
        if all {
            break;
        }
    }
    // The rest is for those that stay late.
    board.budget.end_tries();
    if let Some((_, _, places)) = best {
        board.adopt(&places);
    }
}

/// One round of the search over all that are not satisfied and could be; whether it found anything.
fn search(board: &mut Board, room: &Room) -> bool {
    let waiting: Vec<usize> = (board.order.iter().copied())
        .filter(|&peg| !board.satisfied(peg) && room.is_there_for(board, peg))
        .collect();
    let mut found = false;
    for (tried, &peg) in waiting.iter().enumerate() {
        if board.satisfied(peg) {
            continue;
        }
        let targets = good(board, peg);
        let allowance = board.budget.searches.left() / (waiting.len() - tried);
        found |= chain::place(board, peg, std::slice::from_ref(&targets))
            || pack::place(board, peg, &targets, allowance);
    }
    found
}

/// Point 4: the earliest day for each that stays late.
fn bring_forward(board: &mut Board) {
    for peg in 0..board.rules.len() {
        if !board.satisfied(peg) {
            board.settle(peg);
        }
    }
    board.full = board.all_open();
    for place in 0..board.order.len() {
        let peg = board.order[place];
        if board.satisfied(peg) {
            continue;
        }
        let now = board.day[board.at(peg)];
        let days = if now == NEVER { board.ranks() } else { now };
        let stages: Vec<Vec<u64>> = (0..days)
            .map(|day| {
                (0..board.words)
                    .map(|word| board.may_word(peg, word) & board.of_rank(day, word))
                    .collect()
            })
            .filter(|targets: &Vec<u64>| targets.iter().any(|&word| word != 0))
            .collect();
        chain::place(board, peg, &stages);
        board.settle(peg);
    }
}

/// Takes back silent moves that turned out to be needless.
fn go_home(board: &mut Board) {
    loop {
        let mut any = false;
        for place in 0..board.order.len() {
            let peg = board.order[place];
            let rule = &board.rules[peg];
            let home = rule.origin;
            if rule.kept && board.moved(peg) && board.fits(peg, home) {
                board.put(peg, home);
                any = true;
            }
        }
        if !any {
            return;
        }
    }
}

/// Priority + 1 of those who keep their day, summed up.
fn weight(board: &Board) -> i64 {
    (0..board.rules.len())
        .filter(|&peg| board.satisfied(peg))
        .map(|peg| board.rules[peg].weight)
        .sum()
}

fn good(board: &Board, peg: usize) -> Vec<u64> {
    (0..board.words)
        .map(|word| board.good_word(peg, word))
        .collect()
}

#[cfg(test)]
mod tests;
