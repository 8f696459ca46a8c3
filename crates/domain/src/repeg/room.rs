//! Who cannot be satisfied, whatever is planned: there are too few units in time. It spares the searches that would
//! find that out one look after the other.

use super::state::{Board, Rule};

/// Units that could at most be given to a peg that is not satisfied yet.
pub(super) struct Room {
    /// By the rank below which supplies are: what they have beyond what must stay there.
    below: Vec<u64>,
}

impl Room {
    /// Of the supplies below a rank all those pegs must stay on them that may be on no others: who is satisfied and
    /// wants one of these (point 1), and who is late and may get no later (point 2).
    pub(super) fn of(board: &Board) -> Self {
        let room = |below: u32| {
            let supplies = board.day.iter().zip(&board.total);
            let there = supplies.filter(|(day, _)| **day < below);
            let units = there.fold(0, |sum: u64, (_, total)| sum.saturating_add(*total));
            let stay = board.rules.iter().filter(|rule| stays(board, rule, below));
            units.saturating_sub(stay.map(|rule| rule.quantity).sum())
        };
        Self {
            below: (0..=board.ranks()).map(room).collect(),
        }
    }

    /// Whether a peg that is not satisfied might be: below the rank that it wants, and so below each that is later, there
    /// must be room for it, unless it is there anyway.
    pub(super) fn is_there_for(&self, board: &Board, peg: usize) -> bool {
        let rule = &board.rules[peg];
        let ranks = (0..).zip(&self.below).skip(rule.want as usize);
        let mut comes = ranks.filter(|(below, _)| !stays(board, rule, *below));
        comes.all(|(_, room)| rule.quantity <= *room)
    }
}

/// Whether a peg is on the supplies below this rank, and may be on no others.
fn stays(board: &Board, rule: &Rule, below: u32) -> bool {
    rule.limit <= below && board.day[rule.origin] < below
}
