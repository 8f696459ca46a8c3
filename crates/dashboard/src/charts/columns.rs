//! Units by day, as columns: by week or month where the days are many.

use askama::Template;
use jiff::ToSpan;
use jiff::civil::Date;

use super::scale::Part;
use crate::format;

/// Columns in a picture, at most.
const MOST: usize = 32;
/// Of these, so many have words beneath.
const WORDS: usize = 8;
/// The height of the highest column.
const HIGH: u64 = 90;
/// What is above the highest one.
const HEAD: u64 = 18;

/// The picture.
#[derive(Template)]
#[template(path = "columns.html")]
pub(crate) struct Columns {
    label: String,
    bars: Vec<Column>,
    /// What a column stands for.
    pub(crate) step: &'static str,
}

struct Column {
    middle: Part,
    x: Part,
    width: Part,
    top: u64,
    height: u64,
    title: String,
    units: Option<String>,
    words: Option<String>,
}

/// What a column stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Day,
    Week,
    Month,
}

impl Step {
    fn begins(self, day: Date) -> Date {
        match self {
            Self::Day => day,
            Self::Week => {
                let days = i64::from(day.weekday().to_monday_zero_offset());
                day.saturating_sub(days.days())
            }
            Self::Month => day.first_of_month(),
        }
    }

    fn next(self, day: Date) -> Date {
        match self {
            Self::Day => day.saturating_add(1.day()),
            Self::Week => day.saturating_add(1.week()),
            Self::Month => day.saturating_add(1.month()),
        }
    }

    fn words(self, day: Date) -> String {
        match self {
            Self::Day | Self::Week => day.strftime("%-d %b").to_string(),
            Self::Month => day.strftime("%b %Y").to_string(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// The units of each column, from the first day to the last; the last column has all that comes later.
fn gather(days: &[(Date, u64)]) -> Option<(Step, Vec<(Date, u64)>)> {
    let first = days.iter().map(|(day, _)| *day).min()?;
    let last = days.iter().map(|(day, _)| *day).max()?;
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let step = match format::days_between(first, last) {
        span if span < most => Step::Day,
        span if span < (most - 1) * 7 => Step::Week,
        _ => Step::Month,
    };
    let mut columns: Vec<(Date, u64)> = Vec::new();
    let mut day = step.begins(first);
    while day <= last && columns.len() < MOST {
        columns.push((day, 0));
        let next = step.next(day);
        if next <= day {
            break;
        }
        day = next;
    }
    for (day, units) in days {
        let place = columns.partition_point(|(begins, _)| begins <= day);
        let column = &mut columns[place.saturating_sub(1)];
        column.1 = column.1.saturating_add(*units);
    }
    Some((step, columns))
}

impl Columns {
    /// Of these units; none without any.
    pub(crate) fn new(label: impl Into<String>, days: &[(Date, u64)]) -> Option<Self> {
        let (step, gathered) = gather(days)?;
        let highest = gathered
            .iter()
            .map(|(_, units)| *units)
            .max()
            .unwrap_or(0)
            .max(1);
        let count = i64::try_from(gathered.len()).unwrap_or(1).max(1);
        let every = gathered.len().div_ceil(WORDS);
        let wide = 10_000 / count;
        // A single column is no wall.
        let width = (wide * 7 / 10).min(600);
        let columns = (0i64..).zip(&gathered).map(|(place, (day, units))| {
            let height = u64::try_from(u128::from(*units) * u128::from(HIGH) / u128::from(highest));
            let height = height.unwrap_or(HIGH).max(u64::from(*units > 0));
            let middle = place * 10_000 / count + wide / 2;
            let of = match step {
                Step::Day => format::day(day),
                Step::Week => format!("week of {}", format::day(day)),
                Step::Month => step.words(*day),
            };
            let place = usize::try_from(place).unwrap_or(0);
            Column {
                middle: Part(middle),
                x: Part(middle - width / 2),
                width: Part(width),
                top: HEAD + HIGH - height,
                height,
                title: format!("{of}: {}", format::count(*units, "unit", "units")),
                units: (gathered.len() <= 14 && *units > 0).then(|| format::number(units)),
                words: place.is_multiple_of(every).then(|| step.words(*day)),
            }
        });
        Some(Self {
            label: label.into(),
            bars: columns.collect(),
            step: step.name(),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn days_become_weeks_and_months_where_they_are_many() {
        let first = date(2027, 1, 6);
        for (last, step, columns) in [
            (date(2027, 1, 6), Step::Day, 1),
            (date(2027, 2, 1), Step::Day, 27),
            (date(2027, 3, 1), Step::Week, 9),
            (date(2028, 3, 1), Step::Month, 15),
            (date(9999, 12, 31), Step::Month, MOST),
        ] {
            let (found, gathered) = gather(&[(last, 2), (first, 3)]).unwrap();
            assert_eq!((found, gathered.len()), (step, columns), "{last}");
            let units: u64 = gathered.iter().map(|(_, units)| units).sum();
            assert_eq!(units, 5, "{last}");
            assert_eq!(gathered[0].1 == 5, columns == 1, "{last}");
        }
        assert_eq!(gather(&[]), None);
    }

    #[test]
    fn the_highest_is_as_high_as_the_picture() {
        let days = [(date(2027, 1, 6), 1), (date(2027, 1, 7), u64::MAX)];
        let columns = Columns::new("Units", &days).unwrap().bars;
        assert_eq!((columns[1].top, columns[1].height), (HEAD, HIGH));
        assert_eq!(columns[0].height, 1, "something is never nothing");
    }
}
