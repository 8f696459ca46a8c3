//! What can be promised of a product over the coming months: supply in steps, and how much of it has a buyer.

use std::fmt::Write as _;

use askama::Template;
use jiff::ToSpan;
use jiff::civil::Date;

use crate::format;

const WIDTH: u64 = 960;
const HEIGHT: u64 = 280;
const LEFT: u64 = 52;
const RIGHT: u64 = 14;
const TOP: u64 = 14;
const BOTTOM: u64 = 30;
/// Lines across, at the most.
const GRID: u64 = 5;
/// Names of months, at the most.
const MONTHS: usize = 13;
/// What a name of a month needs, beside the word for today.
const APART: u64 = 58;

/// From this day on there are so many units, those of all days before included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) date: Date,
    /// Units that have not left.
    pub(crate) supply: u64,
    /// Units with a buyer, of these.
    pub(crate) allocated: u64,
    /// Units that a line could take, of these.
    pub(crate) free: u64,
}

/// A place on an axis, and its name.
struct Mark {
    at: u64,
    text: String,
}

/// Where a step is, for those who point at it.
struct Spot {
    x: u64,
    width: u64,
    words: String,
}

/// The chart.
#[derive(Template)]
#[template(path = "charts/steps.html")]
pub(crate) struct Steps {
    words: String,
    rows: Vec<Mark>,
    months: Vec<Mark>,
    allocated: String,
    free: String,
    supply: String,
    spots: Vec<Spot>,
    width: u64,
    height: u64,
    left: u64,
    right: u64,
    top: u64,
    bottom: u64,
}

impl Steps {
    /// From today to another day. The steps are in order of their days, none of them before today.
    pub(crate) fn new(words: String, today: Date, until: Date, steps: &[Step]) -> Self {
        let until = until.max(today.saturating_add(1.day()));
        let shown: Vec<Step> = steps.iter().copied().filter(|s| s.date <= until).collect();
        let most = shown
            .iter()
            .map(|s| s.supply.max(s.allocated.saturating_add(s.free)));
        let (most, apart) = scale(most.max().unwrap_or(0));
        let plot = Plot { today, until, most };
        let across = (0..=most / apart).map(|nth| Mark {
            at: plot.y(nth * apart),
            text: axis(nth * apart),
        });
        Self {
            words,
            rows: across.collect(),
            months: plot.months(),
            allocated: plot.area(&shown, |_| 0, |step| step.allocated),
            free: plot.area(
                &shown,
                |step| step.allocated,
                |step| step.allocated.saturating_add(step.free),
            ),
            supply: plot.outline(&shown, |step| step.supply),
            spots: plot.spots(&shown),
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            right: WIDTH - RIGHT,
            top: TOP,
            bottom: HEIGHT - BOTTOM,
        }
    }
}

/// Where days and units are.
struct Plot {
    today: Date,
    until: Date,
    most: u64,
}

impl Plot {
    fn x(&self, date: Date) -> u64 {
        let span = days(self.today, self.until).max(1);
        LEFT + days(self.today, date).min(span) * (WIDTH - LEFT - RIGHT) / span
    }

    fn y(&self, units: u64) -> u64 {
        let room = u128::from(HEIGHT - TOP - BOTTOM);
        let up = u128::from(units.min(self.most)) * room / u128::from(self.most.max(1));
        (HEIGHT - BOTTOM).saturating_sub(u64::try_from(up).unwrap_or(0))
    }

    /// The line that goes through the steps, from the first day to the last.
    fn walk(&self, steps: &[Step], units: impl Fn(&Step) -> u64) -> Vec<(u64, u64)> {
        let mut at = self.y(0);
        let mut points = vec![(LEFT, at)];
        for step in steps {
            let x = self.x(step.date);
            points.push((x, at));
            at = self.y(units(step));
            points.push((x, at));
        }
        points.push((WIDTH - RIGHT, at));
        points
    }

    fn outline(&self, steps: &[Step], units: impl Fn(&Step) -> u64) -> String {
        path(self.walk(steps, units))
    }

    /// What is between two such lines.
    fn area(
        &self,
        steps: &[Step],
        low: impl Fn(&Step) -> u64,
        high: impl Fn(&Step) -> u64,
    ) -> String {
        let back = self.walk(steps, low).into_iter().rev();
        let around = self.walk(steps, high).into_iter().chain(back);
        format!("{}Z", path(around.collect()))
    }

    /// The first days of months, as many as have room.
    fn months(&self) -> Vec<Mark> {
        let first = self.today.first_of_month();
        let firsts: Vec<Date> = (1..=240)
            .map(|nth: i32| first.saturating_add(nth.months()))
            .take_while(|date| *date <= self.until)
            .collect();
        let every = firsts.len().div_ceil(MONTHS).max(1);
        let chosen = firsts.into_iter().step_by(every);
        let mut year = self.today.year();
        let marks = chosen.map(|date| {
            let text = if date.year() == year {
                date.strftime("%b").to_string()
            } else {
                year = date.year();
                date.strftime("%b %Y").to_string()
            };
            Mark {
                at: self.x(date),
                text,
            }
        });
        let room = LEFT + APART..=WIDTH - RIGHT - APART / 2;
        marks.filter(|mark| room.contains(&mark.at)).collect()
    }

    fn spots(&self, steps: &[Step]) -> Vec<Spot> {
        let ends = steps.iter().skip(1).map(|step| self.x(step.date));
        let ends = ends.chain([WIDTH - RIGHT]);
        let spots = steps.iter().zip(ends).map(|(step, end)| {
            let x = self.x(step.date);
            Spot {
                x,
                width: end.saturating_sub(x).max(2),
                words: format!(
                    "From {}: {} units, {} allocated, {} free",
                    format::day(step.date),
                    format::number(step.supply),
                    format::number(step.allocated),
                    format::number(step.free),
                ),
            }
        });
        spots.collect()
    }
}

fn path(points: Vec<(u64, u64)>) -> String {
    let mut path = String::new();
    let mut last = None;
    for (x, y) in points {
        if last == Some((x, y)) {
            continue;
        }
        let letter = if last.is_none() { 'M' } else { 'L' };
        let _ = write!(path, "{letter}{x} {y}");
        last = Some((x, y));
    }
    path
}

fn days(from: Date, to: Date) -> u64 {
    u64::try_from(format::days_between(from, to)).unwrap_or(0)
}

/// A round number beside an axis, where there is no room for many zeros: `500,000`, `1.5 M`, `2 bn`.
fn axis(units: u64) -> String {
    const LARGE: [(u64, &str); 3] = [
        (1_000_000_000_000, "tn"),
        (1_000_000_000, "bn"),
        (1_000_000, "M"),
    ];
    match LARGE.iter().find(|(large, _)| units >= *large) {
        Some((large, word)) => match units % large * 10 / large {
            0 => format!("{} {word}", format::number(units / large)),
            tenths => format!("{}.{tenths} {word}", format::number(units / large)),
        },
        None => format::number(units),
    }
}

/// A round number that is no smaller, and the distance of lines across.
fn scale(most: u64) -> (u64, u64) {
    let most = most.max(1);
    let mut apart = 1_u64;
    'found: loop {
        for factor in [1, 2, 5] {
            if most.div_ceil(apart.saturating_mul(factor)) <= GRID {
                apart = apart.saturating_mul(factor);
                break 'found;
            }
        }
        apart = apart.saturating_mul(10);
    }
    (most.div_ceil(apart).saturating_mul(apart), apart)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn step(day: i8, supply: u64, allocated: u64) -> Step {
        Step {
            date: date(2026, 12, day),
            supply,
            allocated,
            free: supply - allocated,
        }
    }

    #[test]
    fn axes_have_round_numbers() {
        for (most, expected) in [
            (0, (1, 1)),
            (5, (5, 1)),
            (6, (6, 2)),
            (9, (10, 2)),
            (26, (30, 10)),
            (1_234, (1_500, 500)),
        ] {
            assert_eq!(scale(most), expected, "{most}");
        }
        let (most, apart) = scale(u64::MAX);
        assert!(most >= u64::MAX / 2 && apart > 0);
    }

    #[test]
    fn large_numbers_have_room_beside_the_axis() {
        for (units, text) in [
            (0, "0"),
            (500_000, "500,000"),
            (1_000_000, "1 M"),
            (1_500_000, "1.5 M"),
            (500_000_000, "500 M"),
            (2_000_000_000_000, "2 tn"),
        ] {
            assert_eq!(axis(units), text);
        }
        assert!(axis(u64::MAX).ends_with(" tn"), "no overflow");
    }

    #[test]
    fn supply_goes_up_in_steps_to_the_last_day() {
        let (today, until) = (date(2026, 12, 1), date(2026, 12, 31));
        let steps = [step(1, 4, 4), step(16, 10, 5)];
        let plot = Plot {
            today,
            until,
            most: 10,
        };
        let (low, high, half) = (HEIGHT - BOTTOM, TOP, LEFT + (WIDTH - LEFT - RIGHT) / 2);
        let at_four = plot.y(4);
        assert_eq!(
            plot.outline(&steps, |step| step.supply),
            format!(
                "M{LEFT} {low}L{LEFT} {at_four}L{half} {at_four}L{half} {high}L{} {high}",
                WIDTH - RIGHT
            )
        );
        let shown = Steps::new("ATP".into(), today, until, &steps)
            .render()
            .unwrap();
        assert!(
            shown.contains("From 16 Dec 2026: 10 units, 5 allocated, 5 free"),
            "{shown}"
        );
    }

    #[test]
    fn months_are_named_where_they_have_room() {
        let plot = |until| Plot {
            today: date(2026, 11, 21),
            until,
            most: 1,
        };
        let names = |until| {
            let months = plot(until).months().into_iter();
            months.map(|mark| mark.text).collect::<Vec<_>>()
        };
        assert_eq!(names(date(2027, 2, 20)), ["Dec", "Jan 2027", "Feb"]);
        assert!(names(date(2029, 1, 1)).len() <= MONTHS);
        assert!(names(date(2026, 11, 22)).is_empty());
    }
}
