//! Places in lists that go by something before their names. A cursor begins with the word of its list's order: one of
//! another order, or of the list by name, is told apart by it. All stores give the same ones.

use jiff::civil::Date;
use landfall_domain::OrderId;

use super::{Page, ViewError};

/// The word of lists by ETA.
const ETA: &str = "eta";
/// Stands for a day where there is none. Names have no place of their own here: no day is written so.
const NO_DAY: &str = "-";

/// By what a list goes that begins with the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    /// Available units.
    Available,
    /// Lines that wait.
    Backordered,
}

impl Most {
    fn word(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Backordered => "backordered",
        }
    }
}

/// A place in a list by ETA: the day, none where there is none, and the name.
pub type EtaPlace = (Option<Date>, String);
/// A place in a list that begins with the most: how many, and the name.
pub type MostPlace = (u64, String);

/// Where a page of a list by ETA begins.
pub fn eta(page: &Page) -> Result<Option<EtaPlace>, ViewError> {
    place(page, ETA, |day| match day {
        NO_DAY => Some(None),
        day => day.parse().ok().map(Some),
    })
}

/// The cursor that [`eta`] reads.
pub fn of_eta(eta: Option<Date>, name: &str) -> String {
    match eta {
        Some(day) => format!("{ETA}\n{day}\n{name}"),
        None => format!("{ETA}\n{NO_DAY}\n{name}"),
    }
}

/// Where a page of a list begins that begins with the most.
pub fn most(page: &Page, most: Most) -> Result<Option<MostPlace>, ViewError> {
    place(page, most.word(), |count| {
        let count: Option<u64> = count.parse().ok();
        // A number that no database has is beyond all.
        count.filter(|count| *count <= i64::MAX.cast_unsigned())
    })
}

/// The cursor that [`most`] reads.
pub fn of_most(most: Most, count: u64, name: &str) -> String {
    format!("{}\n{count}\n{name}", most.word())
}

fn place<T>(
    page: &Page,
    word: &str,
    rank: impl Fn(&str) -> Option<T>,
) -> Result<Option<(T, String)>, ViewError> {
    let Some(after) = &page.after else {
        return Ok(None);
    };
    let parse = || {
        let (found, rest) = after.split_once('\n')?;
        let (before, name) = rest.split_once('\n')?;
        // All kinds of names obey the same rules.
        let name: OrderId = name.parse().ok()?;
        Some((rank(before)?, name.to_string())).filter(|_| found == word)
    };
    parse().map(Some).ok_or(ViewError::BadCursor)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn page(after: &str) -> Page {
        Page {
            after: Some(after.into()),
            limit: 1,
        }
    }

    #[test]
    fn a_place_comes_back_as_it_was() {
        for day in [None, Some(date(2026, 5, 10)), Some(Date::MIN)] {
            let cursor = of_eta(day, "a-b");
            assert_eq!(eta(&page(&cursor)).unwrap(), Some((day, "a-b".into())));
        }
        for kind in [Most::Available, Most::Backordered] {
            let cursor = of_most(kind, 7, "-");
            assert_eq!(most(&page(&cursor), kind).unwrap(), Some((7, "-".into())));
        }
        assert_eq!(eta(&Page::default()).unwrap(), None);
    }

    #[test]
    fn a_place_in_another_order_is_none_of_this_one() {
        for wrong in [
            "",
            "b-1",
            "eta\n2026-05-10",
            "eta\nsoon\nb-1",
            "eta\n-\n",
            "eta\n-\nb\n1",
            "available\n7\nb-1",
        ] {
            assert!(eta(&page(wrong)).is_err(), "{wrong:?}");
        }
        for wrong in [
            "b-1",
            "eta\n2026-05-10\nb-1",
            "backordered\n7\nb-1",
            "available\n-1\nb-1",
            "available\n9223372036854775808\nb-1",
        ] {
            assert!(most(&page(wrong), Most::Available).is_err(), "{wrong:?}");
        }
    }
}
