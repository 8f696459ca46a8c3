//! Orders, classes and bit sets that the board is made of.

use std::collections::BTreeSet;

use super::Peg;

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
