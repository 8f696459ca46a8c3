//! All of an explanation in one sentence.

use jiff::civil::Date;
use landfall_domain::explanation::{Verdict, Weighed, deciding_hold};
use landfall_domain::{Batch, Event, OrderLine, Policy, Status, Supply};

use super::phrases::{BATCHES_NAMED, left_from, list, number, places, units};
use super::reasons::{held, short};
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
        Status::Allocated => promised(line, batches, weighed, events, today),
    }
}

fn gone(line: &OrderLine, events: &[LogRecord]) -> String {
    let last = events.iter().rev().find_map(|record| match &record.event {
        Event::Dispatched { on, departures, .. } => Some((*on, departures)),
        _ => None,
    });
    let when = last.map_or_else(String::new, |(on, departures)| {
        let the_last = if line.quantity == 1 { "" } else { ", the last" };
        format!("{the_last} on {on} from {}", left_from(departures))
    });
    if line.cancelled {
        let left = line.dispatched;
        let rest = line.quantity.saturating_sub(left);
        let other = match rest {
            1 => "the other 1 was".into(),
            rest => format!("the other {} were", number(rest)),
        };
        format!(
            "{} of {} left{when}; {other} cancelled.",
            number(left),
            units(line.quantity)
        )
    } else if line.quantity == 1 {
        format!("The 1 unit left{when}.")
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
        if free == 0 {
            let refused = weighed.iter().filter(serves);
            let why = named(refused, batches, left_out);
            format!("no batch has anything for it: {why}")
        } else if free < line.outstanding() {
            format!("all batches together have room for {} only", number(free))
        } else {
            "its queue has not been looked through since there is room".into()
        }
    } else {
        let refused = weighed.iter().filter(serves);
        let them = if line.outstanding() == 1 {
            "it"
        } else {
            "them"
        };
        format!(
            "no batch can hold {them}: {}",
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
        parts.push(format!("and {} more", number(more)));
    }
    parts.join(", ")
}

fn promised(
    line: &OrderLine,
    batches: &[Batch],
    weighed: &[Weighed],
    events: &[LogRecord],
    today: Date,
) -> String {
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
            _ if from.len() > 1 => format!("{} ({})", batch.reference, number(taken)),
            Some(shipment) => format!("{} on shipment {shipment}", batch.reference),
            None => batch.reference.to_string(),
        })
        .collect();
    let more = from.len().saturating_sub(what.len());
    let and_more = if more > 0 {
        format!(" and {} more", number(more as u64))
    } else {
        String::new()
    };
    let batch = if from.len() > 1 { "batches" } else { "batch" };
    let (left, what) = (partly(line), what.join(", "));
    let (unknown, until): (Vec<_>, Vec<_>) = from.iter().partition(|(.., ready)| ready.is_none());
    let (unknown, until) = (holds(&unknown), holds(&until));
    let promise = match line.current_promise {
        Some(promise) if promise < today => {
            format!("Promised for {promise}, a day that has passed, from {batch} {what}{and_more}")
        }
        Some(promise) => format!("Promised for {promise} from {batch} {what}{and_more}"),
        None => {
            let why = match unknown.first() {
                Some(held) => format!(", as {held}"),
                None if line.together() => {
                    ", as its order goes out together and another line of it has no day".into()
                }
                None => String::new(),
            };
            format!("Has {batch} {what}{and_more} and no promise{why}")
        }
    };
    let ready = from.iter().map(|(.., ready)| *ready).max().flatten();
    let choice = if line.locked() {
        stays(events)
    } else {
        choice(
            line,
            &from.iter().map(|(b, ..)| *b).collect::<Vec<_>>(),
            batches,
            weighed,
        )
    };
    let until = until
        .iter()
        .fold(String::new(), |text, held| text + "; " + held);
    format!(
        "{left}{promise}, because {choice}{until}{}.",
        why_that_day(line, ready)
    )
}

/// What holds back the first of these: `b-1 is held (customs) until 2026-05-14`.
fn holds(taken: &[&(&Batch, u64, Option<Date>)]) -> Vec<String> {
    let held = taken.iter().filter_map(|(batch, ..)| {
        deciding_hold(batch).map(|(of, hold)| format!("{} {}", batch.reference, held(of, hold)))
    });
    held.take(NAMED).collect()
}

/// Why a line of which a part has left has the goods that it has: they are those that it had, or such as were
/// found for it when it lost them.
fn stays(events: &[LogRecord]) -> String {
    let left = |event: &Event| matches!(event, Event::Dispatched { .. });
    let since = events.iter().map(|record| &record.event);
    let since: Vec<&Event> = since.skip_while(|event| !left(event)).collect();
    let got = since
        .iter()
        .rposition(|event| matches!(event, Event::Allocated { .. }));
    let lost = since[..got.unwrap_or(0)].iter().rev();
    let lost = lost.filter_map(|event| match event {
        Event::Deallocated { allocations, .. } => Some(allocations),
        _ => None,
    });
    let Some(had) = lost.into_iter().next() else {
        return "dispatch is under way, and it keeps its batches".into();
    };
    let named = list(had.iter().map(|a| (a.batch.as_str(), a.quantity)));
    // Of several batches one was lost, or a part of it, and it has looked for all anew.
    let lost = match had.len() {
        1 => format!("it lost {named}"),
        _ => format!("it had {named} and lost goods of these"),
    };
    format!("{lost} after a part had left, and this was found for the rest")
}

/// Why it is this batch.
fn choice(line: &OrderLine, taken: &[&Batch], batches: &[Batch], weighed: &[Weighed]) -> String {
    let first = weighed
        .iter()
        .position(|w| matches!(w.verdict, Verdict::Taken { .. }))
        .unwrap_or(0);
    let better = weighed[..first].iter();
    // What has room now may have had it all along: the line came here because its promise needed it.
    let (room, refused): (Vec<&Weighed>, Vec<&Weighed>) =
        better.partition(|w| w.verdict == Verdict::Spare);
    let refused = named(refused.into_iter(), batches, 0);
    let room = named(room.into_iter(), batches, 0);
    match (refused.is_empty(), room.is_empty()) {
        (true, true) => {}
        (false, true) => return format!("what it would rather have cannot be had: {refused}"),
        (true, false) => {
            return format!("a line moves only where its promise needs it, though {room}");
        }
        (false, false) => {
            return format!(
                "what it would rather have cannot be had: {refused}; {room}, but a line moves only where its \
                 promise needs it"
            );
        }
    }
    let requested = line.terms.requested_date;
    let place = taken.first().and_then(|batch| batch.location.as_ref());
    let at = match place {
        Some(place) if !line.terms.locations.is_empty() => format!(" at {place}"),
        _ => String::new(),
    };
    // Then the promise decides, and no longer what was asked for.
    if let Some(original) = line.original_promise.filter(|_| line.late()) {
        let ready = weighed.get(first).and_then(|w| w.ready);
        return if ready.is_some_and(|ready| ready <= original) {
            "it keeps the first promise".into()
        } else {
            "nothing keeps the first promise and it is the earliest supply".into()
        };
    }
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
        _ if taken.len() > 1 => "together they can hold all of it".into(),
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
        number(line.dispatched),
        units(line.quantity)
    )
}
