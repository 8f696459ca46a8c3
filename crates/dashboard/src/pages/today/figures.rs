//! The line of figures on the first page: today, and how it went over the last days.

use jiff::civil::Date;
use landfall_service::desk::{DayFigures, Figures};

use crate::charts::spark::Spark;
use crate::format;
use crate::table::{Cell, Row, Table, column, numbers};

/// Days that a sparkline goes back, today included.
pub(super) const DAYS: i32 = 30;

/// One figure with its sparkline.
pub(super) struct Figure {
    pub(super) value: String,
    pub(super) label: &'static str,
    /// What it is exactly.
    pub(super) help: &'static str,
    pub(super) spark: Spark,
}

/// The days, without gaps.
pub(super) struct FigureRow(Vec<DayFigures>);

impl FigureRow {
    /// Of these days, both included.
    pub(super) fn new(from: Date, to: Date, days: &[DayFigures]) -> Self {
        let known = |day: Date| days.iter().find(|known| known.day == day);
        let days = from
            .series(jiff::ToSpan::days(1))
            .take_while(|day| *day <= to);
        let days = days.map(|day| {
            known(day).copied().unwrap_or(DayFigures {
                day,
                figures: Figures::default(),
            })
        });
        Self(days.collect())
    }

    fn values(&self, value: impl Fn(&Figures) -> Option<f64>) -> Spark {
        let values: Vec<_> = self.0.iter().map(|day| value(&day.figures)).collect();
        Spark::new(&values)
    }

    fn sum(&self, value: impl Fn(&Figures) -> u64) -> u64 {
        let values = self.0.iter().map(|day| value(&day.figures));
        values.fold(0, u64::saturating_add)
    }

    fn today(&self) -> Figures {
        self.0.last().map(|day| day.figures).unwrap_or_default()
    }

    /// The figures.
    pub(super) fn figures(&self) -> Vec<Figure> {
        let today = self.today();
        let none = || "–".to_owned();
        vec![
            Figure {
                value: format::number(today.allocated),
                label: one_or(
                    today.allocated,
                    "line allocated today",
                    "lines allocated today",
                ),
                help: "Lines that got stock today, for the first time or after they had waited.",
                spark: self.values(|day| Some(float(day.allocated))),
            },
            Figure {
                value: format::percent(
                    self.sum(|day| day.filled_at_once),
                    self.sum(|day| day.accepted),
                )
                .unwrap_or_else(none),
                label: "fill rate, 30 days",
                help: "Of the lines that were accepted: those that had stock at once.",
                spark: self.values(|day| quotient(day.filled_at_once, day.accepted)),
            },
            Figure {
                value: format::percent(
                    self.sum(|day| day.landed_sold),
                    self.sum(|day| day.landed_units),
                )
                .unwrap_or_else(none),
                label: "sold at landing, 30 days",
                help: "Of the units that landed: those that had a buyer by then.",
                spark: self.values(|day| quotient(day.landed_sold, day.landed_units)),
            },
            Figure {
                value: quotient(
                    self.sum(|day| day.dwell_unit_days),
                    self.sum(|day| day.dwell_units),
                )
                .map_or_else(none, |days| format!("{days:.1} d")),
                label: "mean dwell, 30 days",
                help: "Days from arrival to the requested date, of the units that left for one.",
                spark: self.values(|day| quotient(day.dwell_unit_days, day.dwell_units)),
            },
            Figure {
                value: format::number(today.dispatched_units),
                label: one_or(
                    today.dispatched_units,
                    "unit dispatched today",
                    "units dispatched today",
                ),
                help: "Units that left for customers today.",
                spark: self.values(|day| Some(float(day.dispatched_units))),
            },
            Figure {
                value: format::number(today.promises_broken),
                label: one_or(
                    today.promises_broken,
                    "promise broken today",
                    "promises broken today",
                ),
                help: "Promises that became later today, or were withdrawn; also of lines that have been mended since.",
                spark: self.values(|day| Some(float(day.promises_broken))),
            },
        ]
    }

    /// The same by day, the latest first.
    pub(super) fn table(&self) -> Table {
        let columns = [
            column("Day"),
            numbers("Lines accepted"),
            numbers("Allocated"),
            numbers("Fill rate"),
            numbers("Sold at landing"),
            numbers("Mean dwell"),
            numbers("Units dispatched"),
            numbers("Promises broken"),
        ];
        let share = |part, whole| format::percent(part, whole).map_or(Cell::None, Cell::Text);
        let rows = self.0.iter().rev().map(|DayFigures { day, figures }| Row {
            cells: vec![
                Cell::Day(*day),
                Cell::Number(figures.accepted),
                Cell::Number(figures.allocated),
                share(figures.filled_at_once, figures.accepted),
                share(figures.landed_sold, figures.landed_units),
                quotient(figures.dwell_unit_days, figures.dwell_units)
                    .map_or(Cell::None, |days| Cell::Text(format!("{days:.1} d"))),
                Cell::Number(figures.dispatched_units),
                Cell::Number(figures.promises_broken),
            ],
        });
        Table::new("days", "The last 30 days", &columns).with_rows(rows)
    }
}

/// The label of a number.
fn one_or(number: u64, one: &'static str, many: &'static str) -> &'static str {
    if number == 1 { one } else { many }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture of 24 pixels needs no more"
)]
fn float(count: u64) -> f64 {
    count as f64
}

fn quotient(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| float(part) / float(whole))
}
