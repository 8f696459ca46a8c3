//! Cursors of lists: the key of a page's last item. Names have no line breaks, so these divide what is longer. All
//! stores give the same ones.

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::civil::Date;
use landfall_domain::shortage::QueueKey;
use landfall_domain::{LineId, LineKey, OrderId, OrderLine, Sku};

use super::{List, Page, ViewError};
use crate::desk::{WorkItem, WorkSort};

/// What a cursor of a list by name must be: a name. (All kinds of names obey the same rules.)
pub fn check_name(page: &Page) -> Result<(), ViewError> {
    match &page.after {
        Some(after) if OrderId::new(after.as_str()).is_err() => Err(ViewError::BadCursor),
        _ => Ok(()),
    }
}

/// A line's place in the queues of all products.
pub fn place(page: &Page) -> Result<Option<(Sku, QueueKey)>, ViewError> {
    let parse = |text: &str| {
        let mut parts = text.split('\n');
        let sku = parts.next()?.parse().ok()?;
        let priority = parts.next()?.parse().ok();
        let priority = Reverse(priority.filter(|priority| *priority <= 9)?);
        let requested = parts.next()?.parse().ok()?;
        let number = parts.next()?.parse().ok()?;
        let key = QueueKey {
            priority,
            requested,
            number,
        };
        parts.next().is_none().then_some((sku, key))
    };
    parsed(page, parse)
}

/// The cursor that [`place`] reads.
pub fn of_place(sku: &Sku, key: &QueueKey) -> String {
    let (priority, requested, number) = (key.priority.0, key.requested, key.number);
    format!("{sku}\n{priority}\n{requested}\n{number}")
}

/// A line by its key.
pub fn line(page: &Page) -> Result<Option<LineKey>, ViewError> {
    let parse = |text: &str| {
        let (order_id, line_id) = text.split_once('\n')?;
        Some(LineKey {
            order_id: order_id.parse().ok()?,
            line_id: line_id.parse().ok()?,
        })
    };
    parsed(page, parse)
}

/// The cursor that [`line`] reads.
pub fn of_line(order_id: &OrderId, line_id: &LineId) -> String {
    format!("{order_id}\n{line_id}")
}

/// A line's place in the worklist: how far to the front it belongs, its age there, and its key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkPlace {
    /// [`WorkItem::rank`] in the order of the list.
    pub rank: i64,
    /// [`WorkItem::since`].
    pub since: Timestamp,
    /// The line.
    pub key: LineKey,
}

impl WorkPlace {
    /// Of a line in a list sorted so.
    pub fn of(item: &WorkItem, sort: WorkSort) -> Self {
        Self {
            rank: item.rank(sort),
            since: item.since,
            key: item.key(),
        }
    }
}

/// A line's place in the worklist sorted so. A cursor of another sort is told apart by its word.
pub fn work(page: &Page, sort: WorkSort) -> Result<Option<WorkPlace>, ViewError> {
    let parse = |text: &str| {
        let (word, rest) = text.split_once('\n')?;
        let (rank, rest) = rest.split_once('\n')?;
        let (since, key) = rest.split_once('\n')?;
        let (order_id, line_id) = key.split_once('\n')?;
        let place = WorkPlace {
            rank: rank.parse().ok()?,
            since: Timestamp::from_microsecond(since.parse().ok()?).ok()?,
            key: LineKey {
                order_id: order_id.parse().ok()?,
                line_id: line_id.parse().ok()?,
            },
        };
        Some(place).filter(|_| word == sort.as_str())
    };
    parsed(page, parse)
}

/// The cursor that [`work`] reads.
pub fn of_work(sort: WorkSort, place: &WorkPlace) -> String {
    let (word, WorkPlace { rank, since, key }) = (sort.as_str(), place);
    let (since, line) = (since.as_microsecond(), of_line(&key.order_id, &key.line_id));
    format!("{word}\n{rank}\n{since}\n{line}")
}

/// A line's place among those that have stock of a batch: the smaller, the later it loses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PegPlace {
    /// 9 − priority, and 10 less where a part of the line has left.
    pub rank: i64,
    /// Its promise; the last day of all where there is none.
    pub promise: Date,
    /// Its number: its age.
    pub number: u64,
}

impl PegPlace {
    /// Of a line that has stock.
    pub fn of(line: &OrderLine) -> Self {
        let rank = 9 - i64::from(line.terms.priority.get());
        Self {
            rank: if line.locked() { rank - 10 } else { rank },
            promise: line.current_promise.unwrap_or(Date::MAX),
            number: line.number,
        }
    }
}

/// A line's place among those that have stock of a batch.
pub fn peg(page: &Page) -> Result<Option<PegPlace>, ViewError> {
    let parse = |text: &str| {
        let (rank, rest) = text.split_once('\n')?;
        let (promise, number) = rest.split_once('\n')?;
        let rank = rank.parse().ok();
        // A number that no database has is beyond all lines.
        let number = number.parse().ok();
        Some(PegPlace {
            rank: rank.filter(|rank| (-10..=9).contains(rank))?,
            promise: promise.parse().ok()?,
            number: number.filter(|number| *number <= i64::MAX.cast_unsigned())?,
        })
    };
    parsed(page, parse)
}

/// The cursor that [`peg`] reads.
pub fn of_peg(place: &PegPlace) -> String {
    let PegPlace {
        rank,
        promise,
        number,
    } = place;
    format!("{rank}\n{promise}\n{number}")
}

fn parsed<T>(page: &Page, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ViewError> {
    page.after
        .as_deref()
        .map(|after| parse(after).ok_or(ViewError::BadCursor))
        .transpose()
}

/// A page of what was found, one item more than the page holds, with the cursor where there is more.
pub fn cut<T>(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> List<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(cursor);
    List { items, next }
}

/// The first text after all those that begin with `prefix`; none: there is no end.
pub fn after_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // Texts are compared byte by byte, which in UTF-8 is the order of the characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// Where a list by name begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Names after this one, or from it on.
    pub from: String,
    /// Whether `from` itself lies in it.
    pub inclusive: bool,
    /// Names before this one.
    pub to: Option<String>,
}

impl Span {
    /// The names of a page, of those that begin so.
    pub fn new(page: &Page, prefix: Option<&str>) -> Self {
        let prefix = prefix.unwrap_or_default();
        let to = after_prefix(prefix);
        match page.after.as_deref() {
            Some(after) if after >= prefix => Self {
                from: after.into(),
                inclusive: false,
                to,
            },
            _ => Self {
                from: prefix.into(),
                inclusive: true,
                to,
            },
        }
    }

    /// The names of it after this one, which lies in it.
    #[must_use]
    pub fn after(&self, name: &str) -> Self {
        Self {
            from: name.into(),
            inclusive: false,
            to: self.to.clone(),
        }
    }

    /// Whether a name lies in it.
    pub fn contains(&self, name: &str) -> bool {
        let after = if self.inclusive {
            name >= &*self.from
        } else {
            name > &*self.from
        };
        after && self.to.as_deref().is_none_or(|to| name < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_has_an_end() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("").as_deref(), None);
        let last = char::MAX.to_string();
        assert_eq!(after_prefix(&format!("a{last}")).as_deref(), Some("b"));
        assert_eq!(after_prefix(&last), None);
        // Between these two there are no characters, only halves of some.
        assert_eq!(after_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
    }

    #[test]
    fn a_span_is_what_lies_after_a_cursor_and_begins_so() {
        let page = |after: &str| Page {
            after: Some(after.into()),
            limit: 1,
        };
        let span = Span::new(&page("b"), Some("ab"));
        assert!(!span.contains("ab") && !span.contains("b"), "it is over");
        let span = Span::new(&page("a"), Some("ab"));
        assert!(span.contains("ab") && span.contains("abz") && !span.contains("ac"));
        let span = span.after("abc");
        assert!(!span.contains("abc") && span.contains("abd") && !span.contains("ac"));
        assert!(Span::new(&Page::default(), None).contains("anything"));
    }

    #[test]
    fn what_is_no_cursor_of_ours_is_refused() {
        let page = |after: &str| Page {
            after: Some(after.into()),
            limit: 1,
        };
        assert!(check_name(&page("")).is_err());
        assert!(line(&page("o")).is_err());
        assert!(place(&page("S\n5\n2026-01-01")).is_err());
        assert!(peg(&page("5\n2026-01-01")).is_err());
        assert!(peg(&page("50\n2026-01-01\n7")).is_err());
        let peg_place = PegPlace {
            rank: -6,
            promise: jiff::civil::Date::MAX,
            number: 7,
        };
        assert_eq!(peg(&page(&of_peg(&peg_place))).unwrap(), Some(peg_place));
        assert!(work(&page("age\n0\n1\no"), WorkSort::Age).is_err());
        let work_place = WorkPlace {
            rank: -7,
            since: Timestamp::UNIX_EPOCH,
            key: LineKey {
                order_id: "o".parse().unwrap(),
                line_id: "l".parse().unwrap(),
            },
        };
        let cursor = page(&of_work(WorkSort::Age, &work_place));
        assert_eq!(work(&cursor, WorkSort::Age).unwrap(), Some(work_place));
        assert!(
            work(&cursor, WorkSort::Priority).is_err(),
            "of another sort"
        );
        let key = QueueKey {
            priority: Reverse(5),
            requested: jiff::civil::Date::MAX,
            number: 7,
        };
        let sku: Sku = "S".parse().unwrap();
        assert_eq!(
            place(&page(&of_place(&sku, &key))).unwrap(),
            Some((sku, key))
        );
    }
}
