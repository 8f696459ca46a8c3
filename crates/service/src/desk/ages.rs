//! How long lines have been on the worklist, in bands.

use jiff::{SignedDuration, Timestamp};

use super::{Total, WorkFilter};

/// Lines that a question by age looks at, at the most: those that are longest on the worklist.
pub const AGED_LINES: usize = 200_000;

/// A band of ages. A day is 24 hours, and a line is of the band that its whole days belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Age {
    /// Under a week: 0 to 6 days.
    Days,
    /// One week to four: 7 to 27 days.
    Weeks,
    /// Four weeks to thirteen, a quarter of a year: 28 to 90 days.
    Months,
    /// 91 days and longer.
    Longer,
}

impl Age {
    /// All of them, the youngest first.
    pub const ALL: [Self; 4] = [Self::Days, Self::Weeks, Self::Months, Self::Longer];

    /// The word for it: its days.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Days => "0-6",
            Self::Weeks => "7-27",
            Self::Months => "28-90",
            Self::Longer => "91-",
        }
    }

    /// The first of its days.
    pub fn first_day(self) -> u16 {
        match self {
            Self::Days => 0,
            Self::Weeks => 7,
            Self::Months => 28,
            Self::Longer => 91,
        }
    }

    /// The next band; none: there is no older one.
    fn older(self) -> Option<Self> {
        Self::ALL.into_iter().find(|age| *age > self)
    }

    /// The last instant from which on something is of this band or an older one.
    pub fn begins(self, now: Timestamp) -> Timestamp {
        let hours = i64::from(self.first_day()) * 24;
        let begins = now.checked_sub(SignedDuration::from_hours(hours));
        begins.unwrap_or(Timestamp::MIN)
    }

    /// The band of what is so since then.
    pub fn of(since: Timestamp, now: Timestamp) -> Self {
        let of = |age: &Self| since <= age.begins(now);
        let oldest = Self::ALL.into_iter().rev().find(of);
        // What is of the future has just begun: clocks differ.
        oldest.unwrap_or(Self::Days)
    }

    /// Cuts a filter down to the lines of this band.
    #[must_use]
    pub fn cut(self, filter: WorkFilter, now: Timestamp) -> WorkFilter {
        WorkFilter {
            since_after: self.older().map(|older| older.begins(now)),
            since_until: (self != Self::Days).then(|| self.begins(now)),
            ..filter
        }
    }
}

/// How many lines of the worklist are of which age.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ages {
    /// Of each band, the youngest first.
    pub bands: [Total; 4],
    /// What is not counted there, because there are more old lines than are looked at ([`AGED_LINES`]): it is younger
    /// than all that is.
    pub left_out: Total,
}

impl Ages {
    /// From what was counted of the older bands, at most [`AGED_LINES`], and how much there is in all.
    pub fn new(older: [Total; 3], all: Total) -> Self {
        let [weeks, months, longer] = older;
        let counted = weeks.plus(months).plus(longer);
        let rest = Total {
            lines: all.lines.saturating_sub(counted.lines),
            units: all.units.saturating_sub(counted.units),
        };
        let capped = counted.lines >= AGED_LINES as u64;
        let none = Total::default();
        let (days, left_out) = if capped { (none, rest) } else { (rest, none) };
        Self {
            bands: [days, weeks, months, longer],
            left_out,
        }
    }

    /// Those of a band.
    pub fn of(&self, age: Age) -> Total {
        self.bands[age as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;

    #[test]
    fn every_age_is_of_one_band() {
        let now: Timestamp = "2026-05-10T09:00:00Z".parse().unwrap();
        let day = |days: i64| now.checked_sub((days * 24).hours()).unwrap();
        let moment = 1.microseconds();
        for (days, age, before) in [
            (7, Age::Weeks, Age::Days),
            (28, Age::Months, Age::Weeks),
            (91, Age::Longer, Age::Months),
        ] {
            assert_eq!(Age::of(day(days), now), age);
            assert_eq!(Age::of(day(days).checked_add(moment).unwrap(), now), before);
        }
        assert_eq!(Age::of(now.checked_add(moment).unwrap(), now), Age::Days);
        assert_eq!(Age::of(Timestamp::MIN, now), Age::Longer);
        assert_eq!(Age::Longer.begins(Timestamp::MIN), Timestamp::MIN);
    }

    #[test]
    fn what_is_too_much_to_count_is_told_apart() {
        let total = |lines, units| Total { lines, units };
        let none = Total::default();
        let few = Ages::new([total(3, 9), none, total(1, 2)], total(10, 30));
        assert_eq!(few.of(Age::Days), total(6, 19));
        assert_eq!((few.of(Age::Longer), few.left_out), (total(1, 2), none));
        let most = AGED_LINES as u64;
        let many = Ages::new([none, none, total(most, most)], total(most + 5, most + 7));
        assert_eq!((many.of(Age::Days), many.left_out), (none, total(5, 7)));
    }
}
