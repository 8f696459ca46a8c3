//! Ejection chains: a peg takes the place of one that can go elsewhere, which takes the place of another,
//! until one finds room. A breadth-first search, so that a chain moves as few as it can.

use super::state::{Board, Reach, supplies};

/// A step of a chain: `peg` comes to `to`.
struct Step {
    peg: usize,
    to: usize,
    /// The step that takes this peg's place.
    before: Option<usize>,
}

/// Brings the peg to one of the `targets` (a set of supplies), others making room along a chain of any
/// length. `false`: there is no such chain, and nothing is changed.
///
/// With equal quantities it finds a chain whenever there is one: a supply is looked at once, because who
/// comes to it does not matter. With unequal ones it is looked at again for a smaller comer, and only one
/// peg makes room at each step.
pub(super) fn place(board: &mut Board, peg: usize, targets: &[u64], reach: Reach) -> bool {
    let mark = board.mark();
    board.put(peg, board.nowhere);
    let Some(steps) = find(board, peg, targets, reach) else {
        board.undo(mark);
        return false;
    };
    // The last step first: it has room, and makes room for the one before it.
    for (peg, from, to) in steps {
        if board.at(peg) != from || !board.fits(peg, to) {
            board.undo(mark);
            return false;
        }
        board.put(peg, to);
    }
    true
}

/// The steps of a shortest chain, the last first, each with where its peg comes from.
fn find(
    board: &mut Board,
    peg: usize,
    targets: &[u64],
    reach: Reach,
) -> Option<Vec<(usize, usize, usize)>> {
    // The smallest comer for which a supply was looked at, and the supplies where no smaller one is left.
    let mut smallest = vec![u64::MAX; board.nowhere];
    let mut done = vec![0; board.words];
    let mut steps = Vec::new();
    for (word, &bits) in targets.iter().enumerate() {
        for to in supplies(word, bits) {
            reached(board, &mut smallest, &mut done, peg, to);
            steps.push(Step {
                peg,
                to,
                before: None,
            });
        }
    }
    let mut level = 0;
    while level < steps.len() {
        if let Some(last) = best_end(board, &steps, level) {
            return Some(unwind(board, &steps, last));
        }
        let end = steps.len();
        for at in level..end {
            let (comer, here) = (steps[at].peg, steps[at].to);
            let missing = board.rules[comer].quantity - board.free[here];
            let mut seen = 0;
            for leaver in board.members(here) {
                seen += 1;
                let quantity = board.rules[leaver].quantity;
                if quantity < missing {
                    continue;
                }
                for word in 0..board.words {
                    let open = board.yield_word(leaver, word, reach) & !done[word];
                    for to in supplies(word, open) {
                        if to != here && quantity < smallest[to] {
                            reached(board, &mut smallest, &mut done, leaver, to);
                            steps.push(Step {
                                peg: leaver,
                                to,
                                before: Some(at),
                            });
                        }
                    }
                }
            }
            board.examined += seen;
        }
        level = end;
    }
    None
}

fn reached(board: &Board, smallest: &mut [u64], done: &mut [u64], peg: usize, to: usize) {
    smallest[to] = board.rules[peg].quantity;
    if smallest[to] <= board.least {
        done[to / 64] |= 1 << (to % 64);
    }
}

/// Of the steps from `level` on that find room: the latest day, then the best fit, then the first supply.
fn best_end(board: &Board, steps: &[Step], level: usize) -> Option<usize> {
    (level..steps.len())
        .filter(|&at| board.fits(steps[at].peg, steps[at].to))
        .min_by_key(|&at| preference(board, steps[at].peg, steps[at].to))
}

/// The order in which a peg prefers the supplies that it fits on: early stock stays free for urgent buyers,
/// large gaps for large lines.
pub(super) fn preference(board: &Board, peg: usize, to: usize) -> impl Ord + use<> {
    let left = board.free[to] - board.rules[peg].quantity;
    (std::cmp::Reverse(board.day[to]), left, to)
}

fn unwind(board: &Board, steps: &[Step], last: usize) -> Vec<(usize, usize, usize)> {
    let mut chain = Vec::new();
    let mut next = Some(last);
    while let Some(at) = next {
        let step = &steps[at];
        chain.push((step.peg, board.at(step.peg), step.to));
        next = step.before;
    }
    chain
}
