//! All of an explanation in one sentence.

use jiff::civil::Date;
use landfall_domain::explanation::{Verdict, Weighed};
use landfall_domain::{Batch, Event, OrderLine, Policy, Status, Supply};

use super::phrases::{BATCHES_NAMED, left_from, places, units};
use super::reasons::short;
use crate::log::LogRecord;

/// How many of the better candidates a summary names.
const NAMED: usize = 3;

/// All of it in one sentence.
pub(super) fn summary(
    line: &OrderLine,
    batches: &[Batch],
    weighed: &[Weighed],
    left_out: u64,
    events: &[LogRecord],
    today: Date,
) -> String {
    match line.status() {
        Status::Cancelled => "Cancelled before anything had left.".into(),
        Status::Dispatched => gone(line, events),
        Status::Backordered => waits(line, batches, weighed, left_out),
        Status::Allocated => promised(line, batches, weighed, today),
    }
}

fn gone(line: &OrderLine, events: &[LogRecord]) -> String {
    let last = events.iter().rev().find_map(|record| match &record.event {
        Event::Dispatched { on, departures, .. } => Some((*on, departures)),
        _ => None,
    });
    let when = last.map_or_else(String::new, |(on, departures)| {
        format!(", the last on {on} from {}", left_from(departures))
    });
    if line.cancelled {
        let left = line.dispatched;
        let rest = line.quantity.saturating_sub(left);
        format!(
            "{} of {} left{when}; the other {rest} were cancelled.",
            left,
            units(line.quantity)
        )
    } else {
        format!("All {} left{when}.", units(line.quantity))
    }
}

fn waits(line: &OrderLine, batches: &[Batch], weighed: &[Weighed], left_out: u64) -> String {
    let wants = units(line.outstanding());
    let left = partly(line);
    let serves = |w: &&Weighed| w.verdict != Verdict::OtherLocation;
    let why = if batches.is_empty() && left_out == 0 {
        format!("there is no batch of {}", line.sku)
    } else if !weighed.iter().any(|w| serves(&w)) {
        format!("no batch is at {}", places(&line.terms.locations))
    } else if line.terms.split {
        let free: u64 = weighed
            .iter()
            .filter(serves)
            .map(|w| batches[w.at].available())
            .fold(0, u64::saturating_add);
        format!("all batches together have room for {free} only")
    } else {
        let refused = weighed.iter().filter(serves);
        format!(
            "no batch can hold them: {}",
            named(refused, batches, left_out)
        )
    };
    let priority = line.terms.priority.get();
    format!("{left}Waits for {wants} at priority {priority}, because {why}.")
}

/// Some of the candidates and what is against them: `b-1 is too small, b-2 is held (customs), and 4 more`.
fn named<'a>(
    weighed: impl Iterator<Item = &'a Weighed>,
    batches: &[Batch],
    left_out: u64,
) -> String {
    let mut parts = Vec::new();
    let mut more = left_out;
    for w in weighed {
        if parts.len() < NAMED {
            parts.push(format!("{} {}", batches[w.at].reference, short(&w.verdict)));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        parts.push(format!("and {more} more"));
    }
    parts.join(", ")
}

fn promised(line: &OrderLine, batches: &[Batch], weighed: &[Weighed], today: Date) -> String {
    let mut from = Vec::new();
    for w in weighed {
        if let Verdict::Taken { units } = w.verdict {
            from.push((&batches[w.at], units, w.ready));
        }
    }
    let what: Vec<String> = from
        .iter()
        .take(BATCHES_NAMED)
        .map(|(batch, taken, _)| match &batch.shipment {
            _ if from.len() > 1 => format!("{} ({taken})", batch.reference),
            Some(shipment) => format!("{} on shipment {shipment}", batch.reference),
            None => batch.reference.to_string(),
        })
        .collect();
    let more = from.len().saturating_sub(what.len());
    let and_more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let batch = if from.len() > 1 { "batches" } else { "batch" };
    let (left, what) = (partly(line), what.join(", "));
    let promise = match line.current_promise {
        Some(promise) if promise < today => {
            format!("Promised for {promise}, a day that has passed, from {batch} {what}{and_more}")
        }
        Some(promise) => format!("Promised for {promise} from {batch} {what}{and_more}"),
        None => format!(
            "Has {batch} {what}{and_more} and no promise, as its order goes out together and another line waits"
        ),
    };
    let ready = from.iter().map(|(.., ready)| *ready).max().flatten();
    let choice = choice(
        line,
        &from.iter().map(|(b, ..)| *b).collect::<Vec<_>>(),
        batches,
        weighed,
    );
    format!(
        "{left}{promise}, because {choice}{}.",
        why_that_day(line, ready)
    )
}

/// Why it is this batch.
fn choice(line: &OrderLine, taken: &[&Batch], batches: &[Batch], weighed: &[Weighed]) -> String {
    let first = weighed
        .iter()
        .position(|w| matches!(w.verdict, Verdict::Taken { .. }))
        .unwrap_or(0);
    let better = &weighed[..first];
    if !better.is_empty() {
        let named = named(better.iter(), batches, 0);
        return format!("what it would rather have cannot be had: {named}");
    }
    if line.locked() {
        return "dispatch is under way, and it keeps its batches".into();
    }
    let requested = line.terms.requested_date;
    let place = taken.first().and_then(|batch| batch.location.as_ref());
    let at = match place {
        Some(place) if !line.terms.locations.is_empty() => format!(" at {place}"),
        _ => String::new(),
    };
    match (
        line.terms.policy,
        requested,
        taken.first().map(|batch| batch.supply()),
    ) {
        (Policy::JustInTime, Some(wanted), _) if in_time(weighed, wanted) => {
            format!("it is the latest supply{at} that meets the requested date {wanted}")
        }
        (Policy::JustInTime, Some(wanted), _) => {
            format!("nothing meets the requested date {wanted} and it is the earliest supply{at}")
        }
        (_, _, Some(Supply::Now)) => format!("it is in the warehouse{at} and has room"),
        _ => format!("it is the earliest supply{at} that has room"),
    }
}

fn in_time(weighed: &[Weighed], wanted: Date) -> bool {
    weighed
        .iter()
        .find(|w| matches!(w.verdict, Verdict::Taken { .. }))
        .is_some_and(|w| w.ready.is_some_and(|ready| ready <= wanted))
}

/// Why the promise is not simply the day on which the goods are there, and how it compares with the first one.
fn why_that_day(line: &OrderLine, ready: Option<Date>) -> String {
    let (Some(promise), Some(original)) = (line.current_promise, line.original_promise) else {
        return String::new();
    };
    let mut why = String::new();
    match ready {
        Some(ready) if ready < promise && line.together() => {
            why = format!("; its goods are there on {ready}, and its order goes out together");
        }
        Some(ready) if ready < promise => {
            why =
                format!("; its goods are there on {ready} already, and it keeps the promised day");
        }
        Some(ready) if ready > promise => {
            why = format!("; its goods can leave on {ready} at the earliest");
        }
        _ => {}
    }
    if promise > original {
        why = format!("{why}; the first promise was {original}");
    }
    why
}

/// What has left already, as the beginning of a sentence about the rest.
fn partly(line: &OrderLine) -> String {
    if line.dispatched == 0 {
        return String::new();
    }
    format!(
        "{} of {} left already; the rest: ",
        line.dispatched,
        units(line.quantity)
    )
}
