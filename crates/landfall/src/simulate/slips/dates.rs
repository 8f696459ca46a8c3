//! Dates as people and programs write them, and what stands where a date should.

use jiff::civil::Date;

/// What a field says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// A date, beyond doubt.
    Day(Date),
    /// Two numbers and a year: which of the two is the month, another row may tell.
    Numbers { first: i8, second: i8, year: i16 },
    /// Nothing.
    Empty,
    /// Words, as `Date Not Captured`.
    Words,
    /// It looks like a date, and the calendar does not have it.
    Impossible,
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Reads one of: `2012-05-31`, `2012/5/31`, `20120531`, `31-May-12`, `31 May 2012`, `May 31, 2012`, `5/31/12`,
/// `31.5.2012`. A time of day after it is left away. Years of two digits are 1970 to 2069, as POSIX reads them.
pub(super) fn read(text: &str) -> Field {
    let text = text.trim();
    if text.is_empty() {
        return Field::Empty;
    }
    let day = without_time(text);
    let parts: Vec<&str> = day
        .split(['-', '/', '.', ',', ' '])
        .filter(|part| !part.is_empty())
        .collect();
    let dotted = day.contains('.');
    match parts[..] {
        [compact] if compact.len() == 8 && all_digits(compact) => date(
            compact[..4].parse().ok(),
            compact[4..6].parse().ok(),
            compact[6..].parse().ok(),
        ),
        [a, b, c] if [a, b, c].into_iter().all(all_digits) => numbers(a, b, c, dotted),
        [a, b, c] if all_digits(a) && all_digits(c) && month(b).is_some() => {
            date(year(c), month(b), a.parse().ok())
        }
        [a, b, c] if all_digits(b) && all_digits(c) && month(a).is_some() => {
            date(year(c), month(a), b.parse().ok())
        }
        _ => Field::Words,
    }
}

/// `2012-05-31T10:00` and `5/31/12 10:00` without what comes after the day.
fn without_time(text: &str) -> &str {
    let Some(colon) = text.find(':') else {
        return text;
    };
    let before = &text[..colon];
    let end = before.rfind(|c: char| !c.is_ascii_digit());
    end.map_or(text, |end| &text[..end])
}

fn numbers(a: &str, b: &str, c: &str, dotted: bool) -> Field {
    let small = |text: &str| text.parse::<i8>().ok();
    if a.len() == 4 {
        return date(a.parse().ok(), small(b), small(c));
    }
    match (small(a), small(b), year(c)) {
        // With points it is the day that comes first.
        (Some(day), Some(month), Some(year)) if dotted => date(Some(year), Some(month), Some(day)),
        (Some(first), Some(second), Some(year)) => Field::Numbers {
            first,
            second,
            year,
        },
        _ => Field::Impossible,
    }
}

fn year(text: &str) -> Option<i16> {
    let year: i16 = text.parse().ok()?;
    match text.len() {
        4 => Some(year),
        2 if year < 70 => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

fn month(text: &str) -> Option<i8> {
    let start = text.get(..3)?.to_ascii_lowercase();
    let at = MONTHS.iter().position(|month| *month == start)?;
    i8::try_from(at + 1).ok()
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn date(year: Option<i16>, month: Option<i8>, day: Option<i8>) -> Field {
    let date = year
        .zip(month)
        .zip(day)
        .and_then(|((year, month), day)| Date::new(year, month, day).ok());
    date.map_or(Field::Impossible, Field::Day)
}

/// In which order the numbers of a file stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Order {
    /// `5/31/12`: as it is read where nothing tells.
    #[default]
    MonthFirst,
    /// `31/5/12`.
    DayFirst,
}

/// Finds the order from the rows that leave no doubt; whichever are more.
#[derive(Debug, Default)]
pub(super) struct Orders {
    month_first: u64,
    day_first: u64,
    open: u64,
}

impl Orders {
    /// Takes a field in.
    pub(super) fn see(&mut self, field: Field) {
        if let Field::Numbers { first, second, .. } = field {
            match (first > 12, second > 12) {
                (true, false) => self.day_first += 1,
                (false, true) => self.month_first += 1,
                (false, false) => self.open += 1,
                (true, true) => {}
            }
        }
    }

    /// The order, and whether rows depended on it that no row decided.
    pub(super) fn order(&self) -> (Order, bool) {
        let order = if self.day_first > self.month_first {
            Order::DayFirst
        } else {
            Order::MonthFirst
        };
        (
            order,
            self.open > 0 && self.day_first + self.month_first == 0,
        )
    }
}

impl Field {
    /// What it says when numbers stand in this order.
    pub(super) fn resolve(self, order: Order) -> Field {
        let Field::Numbers {
            first,
            second,
            year,
        } = self
        else {
            return self;
        };
        let (month, day) = match order {
            Order::MonthFirst => (first, second),
            Order::DayFirst => (second, first),
        };
        date(Some(year), Some(month), Some(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> String {
        match read(text).resolve(Order::MonthFirst) {
            Field::Day(day) => day.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn dates_come_in_many_forms() {
        for text in [
            "2012-05-31",
            " 2012/5/31 ",
            "20120531",
            "31-May-12",
            "31 may 2012",
            "May 31, 2012",
            "31-MAY-2012",
            "5/31/12",
            "5/31/2012",
            "05/31/12 14:07",
            "2012-05-31T14:07:00Z",
            "2012-05-31 14:07:00",
            "31.5.2012",
            "31.05.12",
        ] {
            assert_eq!(day(text), "2012-05-31", "{text}");
        }
        assert_eq!(day("1-Jan-70"), "1970-01-01");
        assert_eq!(day("1-Jan-69"), "2069-01-01");
    }

    #[test]
    fn what_is_no_date_says_why() {
        for (text, kind) in [
            ("", "Empty"),
            ("   ", "Empty"),
            ("Date Not Captured", "Words"),
            ("N/A - From RDC", "Words"),
            ("Pre-PQ Process", "Words"),
            ("12:30", "Words"),
            ("12", "Words"),
            ("é-ü-ß", "Words"),
            ("31-Feb-12", "Impossible"),
            ("2012-13-01", "Impossible"),
            ("99999999", "Impossible"),
            ("400/1/2012", "Impossible"),
            ("1/2/123", "Impossible"),
        ] {
            assert_eq!(day(text), kind, "{text}");
        }
    }

    #[test]
    fn the_order_of_numbers_is_that_of_most_rows_that_tell() {
        let order = |texts: &[&str]| {
            let mut orders = Orders::default();
            for text in texts {
                orders.see(read(text));
            }
            orders.order()
        };
        assert_eq!(order(&["5/31/12", "1/2/12"]), (Order::MonthFirst, false));
        assert_eq!(order(&["31/5/12", "1/2/12"]), (Order::DayFirst, false));
        assert_eq!(order(&["1/2/12"]), (Order::MonthFirst, true));
        assert_eq!(order(&["2012-01-02"]), (Order::MonthFirst, false));
        assert_eq!(
            read("31/5/12").resolve(Order::MonthFirst),
            Field::Impossible
        );
        assert_eq!(read("31/5/12").resolve(Order::DayFirst), read("31-May-12"));
    }
}
