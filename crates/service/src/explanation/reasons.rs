//! The reason for or against a candidate, in words.

use landfall_domain::explanation::{HoldOf, TooLateFor, Verdict, Weighed, deciding_hold};
use landfall_domain::{Batch, Hold, OrderLine};

use super::phrases::{number, places, units};

/// The reason for or against a candidate.
pub(super) fn verdict(weighed: &Weighed, batch: &Batch, line: &OrderLine) -> String {
    match &weighed.verdict {
        Verdict::Taken { units } => {
            let held = deciding_hold(batch).map_or_else(String::new, |(of, hold)| {
                format!(" It {}{}.", held(of, hold), note(hold))
            });
            format!("The line has {} of it.{held}", self::units(*units))
        }
        Verdict::OtherLocation => {
            let place = batch.location.as_ref();
            let place = place.map_or_else(|| "nobody knows where".into(), ToString::to_string);
            format!(
                "It is at {place}; the line may be served from {}.",
                places(&line.terms.locations)
            )
        }
        Verdict::Held { of, hold } => format!("It {}{}.", held(*of, hold), note(hold)),
        Verdict::TooSmall { wants, has: 0 } => {
            format!("The line wants {}; nothing is left of it.", units(*wants))
        }
        Verdict::TooSmall { wants, has } => {
            format!(
                "It is too small: the line wants {}, and it has {}.",
                units(*wants),
                number(has)
            )
        }
        Verdict::NotEnoughTogether {
            wants,
            free,
            together,
        } => {
            format!(
                "It has {} of the {} that the line wants; all batches together have {}, and a line that may be \
                 split waits until all of it fits.",
                number(free),
                units(*wants),
                number(together)
            )
        }
        Verdict::PromisedToOthers { wants, free } => {
            let free = match free {
                1 => "1 is".into(),
                free => format!("{} are", number(free)),
            };
            format!(
                "It is promised to others: the line wants {}, and {free} free.",
                units(*wants)
            )
        }
        Verdict::TooLate { limit, wanted } => {
            let ready = weighed
                .ready
                .map_or_else(String::new, |ready| format!(" on {ready}"));
            let what = match limit {
                TooLateFor::Promise => "which the line was promised",
                TooLateFor::RequestedDate => "for which it is wanted",
            };
            format!("It comes too late:{ready}, after {wanted}, {what}.")
        }
        Verdict::NotPreferred { to } if batch.available() < line.outstanding() => {
            format!(
                "It has {} of the {} that the line wants, and the line prefers {to}.",
                number(batch.available()),
                units(line.outstanding())
            )
        }
        Verdict::NotPreferred { to } => format!("It has room, but the line prefers {to}."),
        Verdict::Spare if line.allocations.is_empty() => {
            "It has room now; the line takes it when its queue is looked through next.".into()
        }
        Verdict::Spare if line.locked() => {
            "It has room now, but a part of the line has left, and the rest stays where it is."
                .into()
        }
        Verdict::Spare => {
            "It has room now, but a line moves only where its promise needs it.".into()
        }
    }
}

pub(super) fn short(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Taken { .. } => "is its own".into(),
        Verdict::OtherLocation => "is elsewhere".into(),
        Verdict::Held { of, hold } => held(*of, hold),
        Verdict::TooSmall { has: 0, .. } => "has nothing left".into(),
        Verdict::TooSmall { .. } => "is too small".into(),
        Verdict::NotEnoughTogether { free, .. } => format!("has room for {}", number(free)),
        Verdict::PromisedToOthers { .. } => "is promised to others".into(),
        Verdict::TooLate { .. } => "comes too late".into(),
        Verdict::NotPreferred { .. } => "comes after it in preference".into(),
        Verdict::Spare => "has room now".into(),
    }
}

fn note(hold: &Hold) -> String {
    let note = hold.note.as_ref();
    note.map_or_else(String::new, |note| format!(": {note}"))
}

/// `is held (customs) until 2026-05-14`.
pub(super) fn held(of: HoldOf, hold: &Hold) -> String {
    let whose = match of {
        HoldOf::Batch => "is held",
        HoldOf::Shipment => "is held with its shipment",
    };
    let until = match hold.expected_clear {
        Some(clear) => format!("until {clear}"),
        None => "and nobody knows until when".into(),
    };
    format!("{whose} ({}) {until}", hold.code)
}
