//! How much a plan may look at: a purse for the chains, and one for the searches in which a peg pushes out several.

use super::{MAX_EXAMINED, MAX_EXAMINED_UNEVEN, MAX_SEARCHED};

/// Pegs that may be looked at, and that were.
#[derive(Debug, Clone, Copy)]
pub(super) struct Purse {
    spent: usize,
    /// Up to here at present.
    limit: usize,
    /// Up to here in all.
    most: usize,
}

impl Purse {
    fn new(most: usize) -> Self {
        Self {
            spent: 0,
            limit: most,
            most,
        }
    }

    /// So many pegs were looked at.
    pub(super) fn spend(&mut self, pegs: usize) {
        self.spent = self.spent.saturating_add(pegs);
    }

    /// What may still be looked at, at present.
    pub(super) fn left(&self) -> usize {
        self.limit.saturating_sub(self.spent)
    }

    /// From now on half of what is left in all.
    fn halve(&mut self) {
        self.limit = self.spent + self.most.saturating_sub(self.spent) / 2;
    }
}

/// What one plan may look at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Budget {
    pub(super) chains: Purse,
    pub(super) searches: Purse,
}

impl Budget {
    /// For pegs of equal quantities, or of unequal ones.
    pub(super) fn new(even: bool) -> Self {
        Self {
            chains: Purse::new(if even {
                MAX_EXAMINED
            } else {
                MAX_EXAMINED_UNEVEN
            }),
            searches: Purse::new(MAX_SEARCHED),
        }
    }

    /// One of several tries begins: it gets half of what there is, the next one half of the rest, and so on.
    pub(super) fn begin_try(&mut self) {
        self.chains.halve();
        self.searches.halve();
    }

    /// The tries are over: what they have left is there for chains.
    pub(super) fn end_tries(&mut self) {
        self.chains.limit = self.chains.most;
    }

    /// Pegs looked at: the work done.
    pub(super) fn spent(&self) -> usize {
        self.chains.spent.saturating_add(self.searches.spent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_try_gets_half_of_what_is_left() {
        let mut budget = Budget::new(false);
        budget.begin_try();
        assert_eq!(budget.searches.left(), MAX_SEARCHED / 2);
        budget.searches.spend(MAX_SEARCHED);
        assert_eq!(budget.searches.left(), 0, "one look may go beyond");
        budget.chains.spend(1_000);
        budget.begin_try();
        assert_eq!(budget.searches.left(), 0);
        assert_eq!(budget.chains.left(), (MAX_EXAMINED_UNEVEN - 1_000) / 2);
        budget.end_tries();
        assert_eq!(budget.chains.left(), MAX_EXAMINED_UNEVEN - 1_000);
        assert_eq!(budget.spent(), MAX_SEARCHED + 1_000);
    }
}
