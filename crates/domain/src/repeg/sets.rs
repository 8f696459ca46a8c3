//! Orders, classes and bit sets that the board is made of.

use std::collections::BTreeSet;

use super::{Peg, Problem, Supply};
use crate::ids::Location;

/// The most classes of quantities.
const MAX_CLASSES: usize = 32;

/// The pegs by priority (higher first), wanted day (earlier first) and age (older first).
pub(super) fn in_order(pegs: &[Peg]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..pegs.len()).collect();
    order.sort_by_key(|&at| {
        let peg = &pegs[at];
        (std::cmp::Reverse(peg.priority), peg.wanted, peg.number, at)
    });
    order
}

/// The quantities of the pegs in ascending classes, the least and the most of each: one class for each
/// quantity where there are few.
pub(super) fn classes(pegs: &[Peg]) -> Vec<(u64, u64)> {
    let quantities: BTreeSet<u64> = pegs.iter().map(|peg| peg.quantity).collect();
    let quantities: Vec<u64> = quantities.into_iter().collect();
    quantities
        .chunks(quantities.len().div_ceil(MAX_CLASSES).max(1))
        .map(|class| (class[0], class[class.len() - 1]))
        .collect()
}

/// Whether all quantities are the same.
pub(super) fn is_even(classes: &[(u64, u64)]) -> bool {
    classes
        .iter()
        .all(|class| *class == (classes[0].0, classes[0].0))
}

/// The set of those of the first `len` supplies that belong to it.
pub(super) fn bits(words: usize, len: usize, belongs: impl Fn(usize) -> bool) -> Vec<u64> {
    let mut set = vec![0; words];
    for at in (0..len).filter(|&at| belongs(at)) {
        set[at / 64] |= 1 << (at % 64);
    }
    set
}

/// Whether the set has this supply.
pub(super) fn has(set: &[u64], at: usize) -> bool {
    set[at / 64] & (1 << (at % 64)) != 0
}

/// The supplies of one word of a set.
pub(super) fn supplies(word: usize, mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if bits == 0 {
            return None;
        }
        let low = bits.trailing_zeros() as usize;
        bits &= bits - 1;
        Some(word * 64 + low)
    })
}

/// The place of each supply's location among these, their number where it is none of them; empty: any will do.
pub(super) fn location_ranks_of(locations: &[Location], problem: &Problem) -> Vec<usize> {
    if locations.is_empty() {
        return Vec::new();
    }
    let rank = |supply: &Supply| {
        let of = |l: &Location| supply.location.as_ref() == Some(l);
        locations.iter().position(of).unwrap_or(locations.len())
    };
    problem.supplies.iter().map(rank).collect()
}
