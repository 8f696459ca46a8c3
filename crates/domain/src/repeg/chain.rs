//! Ejection chains: a peg takes the place of one that can go elsewhere, which takes the place of another,
//! until one finds room. A breadth-first search, so that a chain moves as few as it can.

use super::sets::supplies;
use super::state::{Board, Reach};

/// A step of a chain: `peg` comes to `to`.
struct Step {
    peg: usize,
    to: usize,
    /// The step that takes this peg's place.
    before: Option<usize>,
}

/// What a search found.
enum Found {
    /// The steps of a shortest chain, the last first: who moves, from where, to where.
    Chain(Vec<(usize, usize, usize)>),
    /// Nothing; all that was looked at is full, and all who are there can only go where it is full too.
    Nothing,
    /// The allowance is spent.
    Spent,
}

/// Brings the peg to one of the `stages` (sets of supplies, the preferred first), others making room along a
/// chain of any length; within a stage rather so that nobody gets later. `false`: there is no such chain, and
/// nothing is changed.
///
/// With equal quantities it finds a chain whenever there is one: a supply is looked at once, because who
/// comes to it does not matter. With unequal ones it is looked at again for a smaller comer, and only one
/// peg makes room at each step.
pub(super) fn place(board: &mut Board, peg: usize, stages: &[Vec<u64>]) -> bool {
    let from = board.at(peg);
    let mark = board.mark();
    // Where one search has failed the next need not look, but for a peg that would free a place there.
    let shared = board
        .full
        .iter()
        .all(|full| from == board.nowhere || full[from] == u64::MAX);
    let mut full = if shared {
        board.full.clone()
    } else {
        board.all_open()
    };
    board.put(peg, board.nowhere);
    for targets in stages {
        for reach in [Reach::Silent, Reach::Full] {
            match find(board, peg, targets, reach, &mut full[reach as usize]) {
                Found::Chain(steps) => {
                    let touched = (steps.iter())
                        .any(|&(_, from, to)| known_full(&full, from) || known_full(&full, to));
                    if follow(board, steps) {
                        if shared {
                            board.full = full;
                        }
                        board.reopen(touched || !shared);
                        return true;
                    }
                }
                Found::Nothing => {}
                Found::Spent => {
                    board.undo(mark);
                    return false;
                }
            }
        }
    }
    board.undo(mark);
    if shared {
        board.full = full;
    }
    false
}

fn known_full(full: &[Vec<u64>; 2], at: usize) -> bool {
    full.iter()
        .any(|full| full.get(at).is_some_and(|&from| from != u64::MAX))
}

/// Makes the moves, the last first: it has room, and makes room for the one before it. With unequal
/// quantities a chain that comes to a supply twice may fail on the way; then nothing is changed.
fn follow(board: &mut Board, steps: Vec<(usize, usize, usize)>) -> bool {
    let mark = board.mark();
    for (peg, from, to) in steps {
        if board.at(peg) != from || !board.fits(peg, to) {
            board.undo(mark);
            return false;
        }
        board.put(peg, to);
    }
    true
}

/// Searches from the targets on. `full` says for each supply from which quantity of a comer on it is known to
/// lead nowhere; it is added to when nothing is found.
fn find(
    board: &mut Board,
    peg: usize,
    targets: &[u64],
    reach: Reach,
    full: &mut Vec<u64>,
) -> Found {
    // The smallest comer for which a supply was looked at, and the supplies where no smaller one is left.
    let mut smallest = full.clone();
    let mut done = vec![0; board.words * board.classes.len()];
    for (at, &quantity) in smallest.iter().enumerate() {
        close(board, &mut done, at, quantity);
    }
    let mut steps = Vec::new();
    for (word, &bits) in targets.iter().enumerate() {
        for to in supplies(word, bits) {
            if board.rules[peg].quantity < smallest[to] {
                smallest[to] = board.rules[peg].quantity;
                close(board, &mut done, to, smallest[to]);
                steps.push(Step {
                    peg,
                    to,
                    before: None,
                });
            }
        }
    }
    let mut level = 0;
    while level < steps.len() {
        if let Some(last) = best_end(board, &steps, level) {
            return Found::Chain(unwind(board, &steps, last));
        }
        let end = steps.len();
        for at in level..end {
            if board.budget.chains.left() == 0 {
                return Found::Spent;
            }
            let (comer, here) = (steps[at].peg, steps[at].to);
            let missing = board.rules[comer].quantity - board.free[here];
            for class in 0..board.classes.len() {
                if board.classes[class].1 >= missing {
                    board.refresh(here, class, reach);
                    let leavers = Leavers {
                        here,
                        class,
                        missing,
                        step: at,
                    };
                    let seen =
                        push_out(board, &leavers, reach, &mut smallest, &mut done, &mut steps);
                    board.budget.chains.spend(seen);
                }
            }
        }
        level = end;
    }
    *full = smallest;
    Found::Nothing
}

/// Who may leave: the pegs of one class at a supply that give back at least what is missing for a step.
struct Leavers {
    here: usize,
    class: usize,
    missing: u64,
    step: usize,
}

/// Adds the steps of those who may leave to where a comer of their size was not looked at yet, and says how
/// many were looked at.
fn push_out(
    board: &Board,
    leavers: &Leavers,
    reach: Reach,
    smallest: &mut [u64],
    done: &mut [u64],
    steps: &mut Vec<Step>,
) -> usize {
    let &Leavers {
        here,
        class,
        missing,
        step,
    } = leavers;
    let mut seen = 1;
    for leaver in board.members_of(here, class) {
        let done_at = class * board.words;
        if (0..board.words)
            .all(|word| board.exits(here, class, word, reach) & !done[done_at + word] == 0)
        {
            break;
        }
        seen += 1;
        let quantity = board.rules[leaver].quantity;
        if quantity < missing {
            continue;
        }
        for word in 0..board.words {
            let open = board.yield_word(leaver, word, reach) & !done[done_at + word];
            for to in supplies(word, open) {
                if to != here && quantity < smallest[to] {
                    smallest[to] = quantity;
                    close(board, done, to, quantity);
                    steps.push(Step {
                        peg: leaver,
                        to,
                        before: Some(step),
                    });
                }
            }
        }
    }
    seen
}

/// Marks a supply as done for the classes in which nobody is smaller than `quantity`.
fn close(board: &Board, done: &mut [u64], at: usize, quantity: u64) {
    for (class, &(least, _)) in board.classes.iter().enumerate().rev() {
        if least < quantity {
            return;
        }
        done[class * board.words + at / 64] |= 1 << (at % 64);
    }
}

/// Of the steps from `level` on that find room: the preferred location, the latest day, then the best fit, then the
/// first supply.
fn best_end(board: &Board, steps: &[Step], level: usize) -> Option<usize> {
    (level..steps.len())
        .filter(|&at| board.fits(steps[at].peg, steps[at].to))
        .min_by_key(|&at| preference(board, steps[at].peg, steps[at].to))
}

/// The order in which a peg prefers the supplies that it fits on: its locations in their order; then early stock
/// stays free for urgent buyers, large gaps for large lines.
pub(super) fn preference(board: &Board, peg: usize, to: usize) -> impl Ord + use<> {
    let left = board.free[to] - board.rules[peg].quantity;
    let location = board.location_rank(peg, to);
    (location, std::cmp::Reverse(board.day[to]), left, to)
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
