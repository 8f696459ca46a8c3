//! Lines that should have left: their goods lie in the warehouse and nothing keeps them there, and the day for which they
//! are promised has passed.
//!
//! No index goes by that, because it would cost every line that is accepted. The stores look at the batches whose goods
//! may leave, and at the lines of each in the order in which the batch keeps them: by rank, and in a rank by promise. So
//! a page costs what the batches in the warehouse cost, and not what all lines would.

use std::cmp::Ordering;

use jiff::civil::Date;
use landfall_domain::{BatchRef, ShipmentRef, Sku};
use serde::{Deserialize, Serialize};

use super::{List, Page, ViewError, cursor};
use crate::resources::{AllocationResource, LineResource};

/// Lines that [`Views::overdue_total`](super::Views::overdue_total) counts, at the most.
pub const OVERDUE_COUNTED: u64 = 50_000;

/// Which lines. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverdueFilter {
    /// Of this product.
    pub sku: Option<Sku>,
    /// With goods of this batch that may leave.
    pub batch: Option<BatchRef>,
    /// With goods that may leave and that came with this shipment.
    pub shipment: Option<ShipmentRef>,
}

/// In which order. What is equal in it goes by age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverdueSort {
    /// The longest overdue first, and of one day the highest priority.
    #[default]
    Promise,
    /// The highest priority first, and of one priority the longest overdue.
    Priority,
}

impl OverdueSort {
    fn word(self) -> &'static str {
        match self {
            Self::Promise => "promise",
            Self::Priority => "priority",
        }
    }
}

/// A line that should have left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverdueLine {
    /// The line.
    pub line: LineResource,
    /// What of it lies in the warehouse and may leave: all of it, or the parts that are there.
    pub here: Vec<AllocationResource>,
}

impl OverdueLine {
    /// Its units that may leave.
    pub fn units(&self) -> u64 {
        self.here.iter().map(|part| part.quantity).sum()
    }
}

/// How much should have left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverdueTotal {
    /// The longest overdue.
    pub first: Vec<OverdueLine>,
    /// Lines.
    pub lines: u64,
    /// Their units that may leave.
    pub units: u64,
    /// Whether there are more lines than were counted ([`OVERDUE_COUNTED`]).
    pub capped: bool,
    /// Batches that were looked at for it: their goods may leave, and lines have some of them.
    pub batches: u64,
}

/// A line's place in such a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverduePlace {
    /// Its promise.
    pub promise: Date,
    /// 9 − priority.
    pub rank: i64,
    /// The partition of its product.
    pub partition: u16,
    /// Its number there.
    pub number: u64,
}

impl OverduePlace {
    /// Which of two comes first in a list sorted so.
    pub fn compare(&self, other: &Self, sort: OverdueSort) -> Ordering {
        let by_promise = self.promise.cmp(&other.promise);
        let by_rank = self.rank.cmp(&other.rank);
        let first = match sort {
            OverdueSort::Promise => by_promise.then(by_rank),
            OverdueSort::Priority => by_rank.then(by_promise),
        };
        first
            .then(self.partition.cmp(&other.partition))
            .then(self.number.cmp(&other.number))
    }
}

/// Where a page begins, by the cursor of the page before.
pub fn place(page: &Page, sort: OverdueSort) -> Result<Option<OverduePlace>, ViewError> {
    let Some(after) = &page.after else {
        return Ok(None);
    };
    let parse = || {
        let mut parts = after.split('\n');
        let word = parts.next()?;
        let promise = parts.next()?.parse().ok()?;
        let rank = parts.next()?.parse().ok();
        let rank = rank.filter(|rank| (0..=9).contains(rank))?;
        let partition = parts.next()?.parse().ok()?;
        let number: Option<u64> = parts.next()?.parse().ok();
        // A number that no database has is beyond all lines.
        let number = number.filter(|number| *number <= i64::MAX.cast_unsigned())?;
        let place = OverduePlace {
            promise,
            rank,
            partition,
            number,
        };
        Some(place).filter(|_| word == sort.word() && parts.next().is_none())
    };
    parse().map(Some).ok_or(ViewError::BadCursor)
}

/// After which promise and number the rest of a list begins among the lines of one rank (9 − priority) and partition;
/// without a day: before all of them. `None`: none of them belongs to the rest.
pub fn rest(
    after: Option<&OverduePlace>,
    sort: OverdueSort,
    rank: i64,
    partition: u16,
) -> Option<(Option<Date>, u64)> {
    let Some(after) = after else {
        return Some((None, 0));
    };
    if sort == OverdueSort::Priority && rank != after.rank {
        return (rank > after.rank).then_some((None, 0));
    }
    let number = match (rank, partition).cmp(&(after.rank, after.partition)) {
        Ordering::Less => i64::MAX.cast_unsigned(),
        Ordering::Equal => after.number,
        Ordering::Greater => 0,
    };
    Some((Some(after.promise), number))
}

/// A page of the lines at these places. A line that several batches serve was found several times.
pub fn page(mut found: Vec<OverduePlace>, sort: OverdueSort, limit: usize) -> List<OverduePlace> {
    found.sort_unstable_by(|a, b| a.compare(b, sort));
    found.dedup();
    let cursor = |place: &OverduePlace| {
        let OverduePlace {
            promise,
            rank,
            partition,
            number,
        } = place;
        let word = sort.word();
        format!("{word}\n{promise}\n{rank}\n{partition}\n{number}")
    };
    cursor::cut(found, limit, cursor)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(day: i8, rank: i64, partition: u16, number: u64) -> OverduePlace {
        OverduePlace {
            promise: date(2026, 11, day),
            rank,
            partition,
            number,
        }
    }

    /// What lies after a place is what the rest of each range has, whichever place and order.
    #[test]
    fn the_rest_is_all_that_comes_after() {
        let mut all = Vec::new();
        for day in 1..=2 {
            for rank in [3, 4] {
                for partition in 0..=1 {
                    all.extend([1, 2].map(|number| at(day, rank, partition, number)));
                }
            }
        }
        for sort in [OverdueSort::Promise, OverdueSort::Priority] {
            for after in &all {
                for place in &all {
                    let found = rest(Some(after), sort, place.rank, place.partition);
                    let found = found.is_some_and(|(day, number)| {
                        day.is_none_or(|day| (place.promise, place.number) > (day, number))
                    });
                    let wanted = place.compare(after, sort) == Ordering::Greater;
                    assert_eq!(found, wanted, "{sort:?}: {place:?} after {after:?}");
                }
            }
        }
        assert_eq!(rest(None, OverdueSort::Promise, 4, 0), Some((None, 0)));
    }

    #[test]
    fn a_cursor_leads_to_the_place_that_it_was_made_of() {
        let found = vec![
            at(2, 4, 0, 7),
            at(1, 4, 3, 9),
            at(1, 4, 3, 9),
            at(3, 0, 0, 1),
        ];
        let list = page(found, OverdueSort::Promise, 1);
        assert_eq!(list.items, [at(1, 4, 3, 9)]);
        let begun = |after: &str| Page {
            after: Some(after.into()),
            limit: 1,
        };
        let next = begun(&list.next.unwrap());
        let sort = OverdueSort::Promise;
        assert_eq!(place(&next, sort).unwrap(), Some(at(1, 4, 3, 9)));
        assert!(place(&next, OverdueSort::Priority).is_err());
        assert_eq!(place(&Page::default(), sort).unwrap(), None);
        for wrong in [
            "",
            "promise\n2026-11-01\n4\n3",
            "promise\nsoon\n4\n3\n9",
            "promise\n2026-11-01\n10\n3\n9",
            "promise\n2026-11-01\n4\n3\n9223372036854775808",
            "promise\n2026-11-01\n4\n3\n9\n",
        ] {
            assert!(place(&begun(wrong), sort).is_err(), "{wrong:?}");
        }
    }
}
