//! Who loses stock when a batch can no longer hold its lines, and who gets it first when there is some again.
//!
//! The rule: the lowest priority first, then the latest promise, then the newest line; only as many as
//! needed. Lines of which a part has left keep their stock as long as any other line has some. Lines are dropped in
//! that order until the rest fits; then the dropped ones are restored, the last dropped first, where they still fit:
//! dropping a large line may have made room for a small one.

use std::cmp::Reverse;

use jiff::civil::Date;

use crate::line::OrderLine;

/// The place of an allocated line in the order in which a shortage takes stock away: the smallest loses first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ShortageKey {
    /// Lines of which a part has left lose last.
    pub locked: bool,
    /// 0–9: the lowest loses first.
    pub priority: u8,
    /// The latest promise loses first; without one it is as late as can be.
    pub promise: Reverse<Date>,
    /// The newest line loses first.
    pub number: Reverse<u64>,
}

impl ShortageKey {
    /// The key of a line that has stock.
    pub fn of(line: &OrderLine) -> Self {
        Self {
            locked: line.locked(),
            priority: line.terms.priority.get(),
            promise: Reverse(line.current_promise.unwrap_or(Date::MAX)),
            number: Reverse(line.number),
        }
    }
}

/// The place of a backordered line in its product's queue: the smallest is filled first, by priority, then
/// the requested date (a line that names none comes after those that do), then age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QueueKey {
    /// Higher first.
    pub priority: Reverse<u8>,
    /// Earlier first; `Date::MAX` where none was named.
    pub requested: Date,
    /// Older first.
    pub number: u64,
}

impl QueueKey {
    /// The key of a line, whether it waits now or not.
    pub fn of(line: &OrderLine) -> Self {
        Self {
            priority: Reverse(line.terms.priority.get()),
            requested: line.terms.requested_date.unwrap_or(Date::MAX),
            number: line.number,
        }
    }
}

/// The place of a late line in the order in which late lines are pulled back to their original promise: the
/// smallest first, by priority, then the original promise, then age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LateKey {
    /// Higher first.
    pub priority: Reverse<u8>,
    /// Earlier first.
    pub original: Date,
    /// Older first.
    pub number: u64,
}

impl LateKey {
    /// The key of a line, whether it is late now or not.
    pub fn of(line: &OrderLine) -> Self {
        Self {
            priority: Reverse(line.terms.priority.get()),
            original: line.original_promise.unwrap_or(Date::MAX),
            number: line.number,
        }
    }
}

/// Which of these lines lose their stock so that `over` units are given back. `lines` come in the order of
/// [`ShortageKey`] with the units that each holds, and are enough: the last of them makes the rest fit.
pub fn losers<T>(over: u64, lines: Vec<(T, u64)>) -> Vec<T> {
    let mut given_back = 0;
    let mut dropped = Vec::new();
    for (line, units) in lines {
        if given_back >= over {
            break;
        }
        given_back += units;
        dropped.push((line, units));
    }
    let mut spare = given_back.saturating_sub(over);
    let mut lost: Vec<T> = Vec::with_capacity(dropped.len());
    for (line, units) in dropped.into_iter().rev() {
        if units <= spare {
            spare -= units;
        } else {
            lost.push(line);
        }
    }
    lost.reverse();
    lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_as_many_as_needed_lose() {
        assert_eq!(losers(5, vec![("a", 3), ("b", 3), ("c", 3)]), ["a", "b"]);
        assert_eq!(losers(3, vec![("a", 3), ("b", 3)]), ["a"]);
        assert_eq!(losers(0, vec![("a", 3)]), Vec::<&str>::new());
    }

    #[test]
    fn a_dropped_line_is_restored_where_it_still_fits() {
        // a and b are dropped for 10 units; b alone gives 12, so a keeps its 2.
        assert_eq!(losers(10, vec![("a", 2), ("b", 12)]), ["b"]);
        // The last dropped is restored first: of the 4 spare units, b's 3 are given back, then a's 2 are too many.
        assert_eq!(losers(10, vec![("a", 2), ("b", 3), ("c", 9)]), ["a", "c"]);
    }
}
