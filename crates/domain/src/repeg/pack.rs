//! Lines of unequal quantity: a bounded search in which one peg may push out several, and a peg that was
//! just satisfied may be given up for a weightier one.
//!
//! Placing lines whole is bin packing, so there is no fast exact way. The search goes deeper step by step
//! (first plans of one move, then of two, …), which finds the plan with the fewest moves first, and stops
//! when its allowance of looks is spent.

use super::chain;
use super::sets::supplies;
use super::state::Board;

/// The most pegs that one plan of the search moves.
const MAX_MOVES: usize = 8;
/// Of the pegs at a supply, how many are thought of as leavers.
const MAX_LEAVERS: usize = 12;
/// How many pegs leave for one comer.
const MAX_SET: usize = 3;
/// How many sets of leavers are tried for one comer at one supply.
const MAX_SETS: usize = 32;

/// One search: what it may still look at, and who was touched by the plan in hand.
struct Search {
    allowance: usize,
    /// What the pegs were before this plan, those in it only: satisfied or not.
    was: Vec<(usize, bool)>,
    /// Where the first peg is to go.
    targets: Vec<u64>,
    /// The first peg.
    first: usize,
}

impl Search {
    fn spend(&mut self, board: &mut Board, looks: usize) {
        self.allowance = self.allowance.saturating_sub(looks);
        board.budget.searches.spend(looks);
    }
}

/// Brings `peg` to one of the `targets` at the expense of nobody but pegs whose weights come to less than
/// its own, looking at `allowance` pegs at most. `false`: nothing was found, and nothing is changed.
pub(super) fn place(board: &mut Board, peg: usize, targets: &[u64], allowance: usize) -> bool {
    let mut search = Search {
        allowance,
        was: Vec::new(),
        targets: targets.to_vec(),
        first: peg,
    };
    let mark = board.mark();
    for moves in 1..=MAX_MOVES {
        search.was.clear();
        search.was.push((peg, false));
        board.put(peg, board.nowhere);
        // To come to the place at all is the gain of a peg that stays late: it may cost nobody anything.
        if solve(board, &mut search, &[peg], moves, 0) {
            board.reopen(true);
            return true;
        }
        board.undo(mark);
        if search.allowance == 0 {
            break;
        }
    }
    false
}

/// Finds places for all of `waiting`, which have left theirs. `balance` is the weight gained so far.
fn solve(
    board: &mut Board,
    search: &mut Search,
    waiting: &[usize],
    moves: usize,
    balance: i64,
) -> bool {
    // The largest first: it has the fewest ways.
    let Some(&peg) = waiting.iter().max_by_key(|&&peg| {
        (
            peg == search.first,
            board.rules[peg].quantity,
            std::cmp::Reverse(peg),
        )
    }) else {
        return balance > 0;
    };
    if waiting.len() > moves || search.allowance == 0 {
        return false;
    }
    let rest: Vec<usize> = waiting.iter().copied().filter(|&p| p != peg).collect();
    let hope: i64 = rest.iter().map(|&p| gain(board, search, p, true)).sum();
    let ways = ways(board, search, peg);
    search.spend(board, ways.len());
    for (to, then) in ways {
        let balance = balance + gain(board, search, peg, then);
        if balance + hope <= 0 {
            continue;
        }
        let mark = board.mark();
        if board.fits(peg, to) {
            board.put(peg, to);
            if solve(board, search, &rest, moves - 1, balance) {
                return true;
            }
            board.undo(mark);
        } else if waiting.len() < moves {
            for leavers in leavers(board, search, peg, to, moves - waiting.len()) {
                let mut next = rest.clone();
                for &leaver in &leavers {
                    search.was.push((leaver, board.satisfied(leaver)));
                    board.put(leaver, board.nowhere);
                    next.push(leaver);
                }
                board.put(peg, to);
                if solve(board, search, &next, moves - 1, balance) {
                    return true;
                }
                board.undo(mark);
                search.was.truncate(search.was.len() - leavers.len());
            }
        }
    }
    false
}

/// What the plan gains when this peg of it is then satisfied or not. The first peg gains its weight by coming
/// to its target.
fn gain(board: &Board, search: &Search, peg: usize, then: bool) -> i64 {
    let was = search.was.iter().any(|&(p, was)| p == peg && was);
    match (was, then) {
        (false, true) => board.rules[peg].weight,
        (true, false) => -board.rules[peg].weight,
        _ => 0,
    }
}

/// The places to try for a peg, the preferred first: those that keep its day and have room, then those that
/// keep its day, then those that do not. With each, whether the peg is served there.
fn ways(board: &Board, search: &Search, peg: usize) -> Vec<(usize, bool)> {
    let mut ways: Vec<(bool, bool, usize)> = Vec::new();
    for word in 0..board.words {
        let (good, may) = if peg == search.first {
            (search.targets[word], search.targets[word])
        } else if board.rules[peg].kept {
            let good = board.good_word(peg, word);
            (good, good)
        } else {
            (board.good_word(peg, word), board.may_word(peg, word))
        };
        for to in supplies(word, may) {
            if board.rules[peg].quantity <= board.total[to] {
                let served = good & (1 << (to % 64)) != 0;
                ways.push((!served, !board.fits(peg, to), to));
            }
        }
    }
    ways.sort_by_key(|&(late, full, to)| {
        let order = (!full).then(|| chain::preference(board, peg, to));
        (late, full, order, to)
    });
    let mut ways: Vec<(usize, bool)> = ways.into_iter().map(|(late, _, to)| (to, !late)).collect();
    if peg != search.first && board.rules[peg].origin == board.nowhere {
        ways.push((board.nowhere, false));
    }
    ways
}

fn touched(search: &Search, peg: usize) -> bool {
    search.was.iter().any(|&(p, _)| p == peg)
}

/// Sets of pegs, `most` at most, that make room for the comer when they leave, none of them in vain; those
/// that give up the least weight first, then the smallest sets, then the best fits.
fn leavers(
    board: &mut Board,
    search: &mut Search,
    comer: usize,
    at: usize,
    most: usize,
) -> Vec<Vec<usize>> {
    let missing = board.rules[comer].quantity - board.free[at];
    let candidates: Vec<(usize, u64)> = board
        .members(at)
        .into_iter()
        .filter(|&peg| !touched(search, peg))
        .take(MAX_LEAVERS)
        .map(|peg| (peg, board.rules[peg].quantity))
        .collect();
    let mut sets = Vec::new();
    grow(
        &candidates,
        missing,
        most.min(MAX_SET),
        &mut Vec::new(),
        0,
        &mut sets,
    );
    search.spend(board, candidates.len() + sets.len());
    sets.sort_by_key(|(set, units): &(Vec<usize>, u64)| (set.len(), *units));
    sets.truncate(MAX_SETS);
    sets.into_iter().map(|(set, _)| set).collect()
}

/// Collects the sets that are enough and of which none can stay.
fn grow(
    candidates: &[(usize, u64)],
    missing: u64,
    most: usize,
    chosen: &mut Vec<(usize, u64)>,
    units: u64,
    sets: &mut Vec<(Vec<usize>, u64)>,
) {
    if units >= missing {
        if chosen
            .iter()
            .all(|&(_, quantity)| units - quantity < missing)
        {
            sets.push((chosen.iter().map(|&(peg, _)| peg).collect(), units));
        }
        return;
    }
    if chosen.len() == most {
        return;
    }
    for (next, &candidate) in candidates.iter().enumerate() {
        chosen.push(candidate);
        let units = units.saturating_add(candidate.1);
        grow(&candidates[next + 1..], missing, most, chosen, units, sets);
        chosen.pop();
    }
}
