//! What happened to a thing, as a timeline.

use std::cmp::Reverse;

use jiff::civil::Date;
use landfall_service::explanation;
use landfall_service::log::LogRecord;

use crate::format;
use crate::table::Cell;
use crate::visit::Visit;

/// Events that are shown.
pub(super) const SHOWN: usize = 200;

/// Events in words, by day, the latest first.
pub(super) struct History {
    pub(super) days: Vec<Day>,
    /// Whether there may be older ones than are shown.
    pub(super) cut: bool,
    /// How many are shown.
    pub(super) count: usize,
}

/// The events of a day.
pub(super) struct Day {
    pub(super) date: Date,
    pub(super) words: String,
    pub(super) steps: Vec<Step>,
}

/// An event.
pub(super) struct Step {
    /// By the warehouse's clock.
    pub(super) clock: String,
    /// The instant, for programs.
    pub(super) instant: String,
    /// What it happened to, where the page is not about that.
    pub(super) about: Option<Cell>,
    pub(super) words: String,
    /// Its type.
    pub(super) kind: &'static str,
    /// Who did it.
    pub(super) actor: Option<String>,
}

impl History {
    /// Of these events.
    pub(super) fn new(visit: &Visit, events: Vec<LogRecord>) -> Self {
        Self::naming(visit, events, |_| None)
    }

    /// Of these events, each with what it happened to.
    pub(super) fn naming(
        visit: &Visit,
        mut events: Vec<LogRecord>,
        about: impl Fn(&LogRecord) -> Option<Cell>,
    ) -> Self {
        let cut = events.len() >= SHOWN;
        events.sort_by_key(|record| Reverse((record.time, record.offset)));
        let mut days: Vec<Day> = Vec::new();
        for record in &events {
            let local = visit.local(record.time);
            let step = Step {
                clock: local.strftime("%H:%M").to_string(),
                instant: record.time.to_string(),
                about: about(record),
                words: format::dated(&explanation::words(&record.event)),
                kind: record.event.kind(),
                actor: record.actor.as_ref().map(ToString::to_string),
            };
            match days.last_mut() {
                Some(day) if day.date == local.date() => day.steps.push(step),
                _ => days.push(Day {
                    date: local.date(),
                    words: format::day(local.date()),
                    steps: vec![step],
                }),
            }
        }
        Self {
            days,
            cut,
            count: events.len(),
        }
    }
}
