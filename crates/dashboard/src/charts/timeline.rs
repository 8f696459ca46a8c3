//! Arrivals along time: one lane for each, with its ETA, the ETAs that it had before, what keeps it back, and how much
//! of it is sold.

use askama::Template;
use jiff::ToSpan;
use jiff::civil::Date;

use super::scale::{Part, Scale};
use crate::format;
use crate::table::Bar;

/// How much of time a picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zoom {
    /// A quarter of a year, by week.
    Week,
    /// A year, by month.
    Month,
}

impl Zoom {
    /// As an address has it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// The days that are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) zoom: Zoom,
    /// The first one.
    pub(crate) from: Date,
    /// The one after the last.
    pub(crate) until: Date,
}

/// Weeks in a picture by week.
const WEEKS: i64 = 13;
/// Months in a picture by month.
const MONTHS: i64 = 12;

impl Window {
    /// From this day on.
    pub(crate) fn new(zoom: Zoom, from: Date) -> Self {
        let until = match zoom {
            Zoom::Week => from.saturating_add(WEEKS.weeks()),
            Zoom::Month => from.saturating_add(MONTHS.months()),
        };
        Self { zoom, from, until }
    }

    /// From where one looks at what is to come: the beginning of this week or month.
    pub(crate) fn now(zoom: Zoom, today: Date) -> Self {
        Self::new(zoom, begins(zoom, today))
    }

    /// Whether a day is shown.
    pub(crate) fn contains(&self, day: Date) -> bool {
        self.from <= day && day < self.until
    }

    /// The first day of the picture before.
    pub(crate) fn before(&self) -> Date {
        match self.zoom {
            Zoom::Week => self.from.saturating_sub(WEEKS.weeks()),
            Zoom::Month => self.from.saturating_sub(MONTHS.months()),
        }
    }

    /// The last day that is shown.
    pub(crate) fn last(&self) -> Date {
        self.until.saturating_sub(1.day())
    }
}

/// The first day of a day's week or month.
fn begins(zoom: Zoom, day: Date) -> Date {
    match zoom {
        Zoom::Week => {
            let days = i64::from(day.weekday().to_monday_zero_offset());
            day.saturating_sub(days.days())
        }
        Zoom::Month => day.first_of_month(),
    }
}

/// What arrives.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// Its page.
    pub(crate) href: String,
    /// `Shipment` or `Batch`.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    /// Who carries it, or what it is.
    pub(crate) detail: String,
    pub(crate) eta: Date,
    /// The ETAs that it had, the oldest first.
    pub(crate) earlier: Vec<Date>,
    pub(crate) overdue: bool,
    pub(crate) held: Option<Held>,
    pub(crate) sold: Bar,
}

/// What keeps it back.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// Why.
    pub(crate) code: String,
    /// Until when; none: nobody knows.
    pub(crate) until: Option<Date>,
}

impl Held {
    /// In words.
    pub(crate) fn words(&self) -> String {
        match self.until {
            Some(day) => format!("{} until {}", self.code, format::day(day)),
            None => format!("{}, no clear date", self.code),
        }
    }
}

/// The days reach from one edge of their column to the other.
const LEFT: Part = Part(0);
const RIGHT: Part = Part(10_000);
/// The height of a lane's days.
const LANE: usize = 40;
/// Earlier ETAs that are drawn, the last ones.
const GHOSTS: usize = 8;

/// The picture.
#[derive(Template)]
#[template(path = "timeline.html")]
pub(crate) struct Timeline {
    label: String,
    ticks: Vec<Tick>,
    today: Option<Part>,
    lanes: Vec<Lane>,
}

struct Tick {
    at: Part,
    words: Option<String>,
    /// Whether there is room for its words where the picture is narrow.
    narrow: bool,
}

struct Lane {
    href: String,
    /// All of it in words.
    title: String,
    name: String,
    detail: String,
    tone: &'static str,
    held: bool,
    /// Before what is shown.
    before: bool,
    at: Part,
    words: String,
    anchor: &'static str,
    moved: Option<(Part, Part)>,
    ghosts: Vec<Part>,
    /// Where a hold begins, and how wide it is.
    hold: Option<(Part, Part)>,
    bars: Bars,
}

/// Percents of the whole.
struct Bars {
    dispatched: u64,
    allocated: u64,
    words: String,
}

impl Timeline {
    /// Of these arrivals.
    pub(crate) fn new(window: &Window, today: Date, arrivals: &[Arrival]) -> Self {
        let scale = Scale {
            from: window.from,
            until: window.until,
            left: LEFT,
            right: RIGHT,
        };
        let lanes = arrivals.iter();
        let lanes = lanes.map(|arrival| lane(arrival, window, &scale, today));
        let today_at = window.contains(today).then(|| scale.at(today));
        Self {
            label: format!(
                "Arrivals from {} to {}",
                format::day(window.from),
                format::day(window.last())
            ),
            ticks: ticks(window, &scale, today_at),
            today: today_at,
            lanes: lanes.collect(),
        }
    }
}

fn ticks(window: &Window, scale: &Scale, today: Option<Part>) -> Vec<Tick> {
    let step = match window.zoom {
        Zoom::Week => 1.week(),
        Zoom::Month => 1.month(),
    };
    let mut day = begins(window.zoom, window.from);
    let mut ticks = Vec::new();
    while day < window.until {
        if day >= window.from {
            let at = scale.at(day);
            let beside = |room| today.is_none_or(|today| (at.0 - today.0).abs() > room);
            let (words, room) = match window.zoom {
                Zoom::Week => (day.strftime("%-d %b"), 600),
                Zoom::Month if day.month() == 1 => (day.strftime("%b %Y"), 600),
                Zoom::Month => (day.strftime("%b"), 450),
            };
            let free = beside(room);
            ticks.push(Tick {
                at,
                words: free.then(|| words.to_string()),
                narrow: ticks.len().is_multiple_of(2) && beside(1_400),
            });
        }
        let next = day.saturating_add(step);
        if next <= day {
            break;
        }
        day = next;
    }
    ticks
}

fn lane(arrival: &Arrival, window: &Window, scale: &Scale, today: Date) -> Lane {
    let before = arrival.eta < window.from;
    let at = scale.at(arrival.eta);
    let anchor = match at.0 {
        _ if before => "start",
        ..1_000 => "start",
        9_000.. => "end",
        _ => "middle",
    };
    let words = if arrival.overdue && before {
        format!("expected {}", format::day(arrival.eta))
    } else {
        format::weekday(arrival.eta)
    };
    let drawn = arrival.earlier.len().saturating_sub(GHOSTS);
    let earlier = &arrival.earlier[drawn..];
    let moved = (!earlier.is_empty()).then(|| {
        let all = earlier.iter().chain([&arrival.eta]);
        let places: Vec<_> = all.map(|day| scale.at(*day)).collect();
        let first = places.iter().copied().min().unwrap_or(at);
        let last = places.iter().copied().max().unwrap_or(at);
        (first, last)
    });
    let ghosts = earlier
        .iter()
        .filter(|day| window.contains(**day))
        .map(|day| scale.at(*day));
    // Before today nothing can be held back any longer.
    let hold = arrival.held.as_ref().and_then(|held| {
        let begins = scale.at(arrival
            .eta
            .max(if arrival.overdue { today } else { arrival.eta }));
        let ends = held.until.map_or(scale.right, |until| scale.at(until));
        (ends > begins).then(|| (begins, begins.to(ends)))
    });
    let detail = match &arrival.held {
        Some(held) => format!("held: {}", held.code),
        None => arrival.detail.clone(),
    };
    Lane {
        href: arrival.href.clone(),
        title: told(arrival),
        name: arrival.name.clone(),
        detail,
        tone: if arrival.overdue {
            "overdue"
        } else {
            "expected"
        },
        held: arrival.held.is_some(),
        before,
        at,
        words,
        anchor,
        moved,
        ghosts: ghosts.collect(),
        hold,
        bars: bars(arrival.sold),
    }
}

fn bars(sold: Bar) -> Bars {
    Bars {
        dispatched: sold.dispatched_part(),
        allocated: sold.allocated_part(),
        words: sold.words(),
    }
}

/// An arrival in words.
fn told(arrival: &Arrival) -> String {
    let overdue = if arrival.overdue { ", overdue" } else { "" };
    let first = arrival.earlier.first().map_or_else(String::new, |first| {
        let days = format::days_late(format::days_between(first, arrival.eta));
        format!(", first {} ({days})", format::day(first))
    });
    let held = arrival.held.as_ref();
    let held = held.map_or_else(String::new, |held| format!("; held: {}", held.words()));
    let free = arrival.sold.purchased.saturating_sub(arrival.sold.sold());
    format!(
        "{} {}: expected {}{overdue}{first}{held}; {} sold: {} dispatched, {} allocated, {} free",
        arrival.kind,
        arrival.name,
        format::day(arrival.eta),
        arrival.sold.words(),
        format::number(arrival.sold.dispatched),
        format::number(arrival.sold.allocated),
        format::number(free),
    )
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
