//! Days along a line. Places are parts of the picture's width: a picture is as wide as its page, and the words in it
//! stay as large as all others.

use std::fmt;

use jiff::civil::Date;

use crate::format::days_between;

/// A place or a width, in hundredths of a percent of the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part(pub(crate) i64);

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = self.0.max(0);
        write!(f, "{}.{:02}%", part / 100, part % 100)
    }
}

impl Part {
    /// From here to there.
    pub(crate) fn to(self, there: Part) -> Part {
        Part(there.0 - self.0)
    }
}

/// The days from one to before another, between two places.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) from: Date,
    pub(crate) until: Date,
    pub(crate) left: Part,
    pub(crate) right: Part,
}

impl Scale {
    /// Where a day begins; days outside are at the edge.
    pub(crate) fn at(&self, day: Date) -> Part {
        let days = days_between(self.from, self.until).max(1);
        let past = days_between(self.from, day).clamp(0, days);
        Part(self.left.0 + self.left.to(self.right).0 * past / days)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_lie_between_the_edges() {
        let scale = Scale {
            from: date(2027, 1, 1),
            until: date(2027, 1, 9),
            left: Part(2_000),
            right: Part(10_000),
        };
        for (day, place) in [
            (date(2026, 12, 1), "20.00%"),
            (date(2027, 1, 1), "20.00%"),
            (date(2027, 1, 2), "30.00%"),
            (date(2027, 1, 9), "100.00%"),
            (date(2030, 1, 1), "100.00%"),
        ] {
            assert_eq!(scale.at(day).to_string(), place);
        }
    }
}
