//! What happened to batches and shipments, in words.

use std::collections::BTreeMap;

use jiff::civil::Date;
use landfall_domain::{BatchRef, Carriage, Event, Hold, ShipmentRef};

use super::phrases::{BATCHES_NAMED, number, units};

/// What happened to a batch; nothing where the event is about something else.
pub(super) fn of_batch(event: &Event) -> String {
    match event {
        Event::BatchCreated {
            reference,
            quantity,
            eta,
            shipment,
            location,
            landed: _,
        } => {
            let location = location.as_ref();
            let place = match eta {
                None => location.map_or_else(String::new, |place| format!(" at {place}")),
                Some(_) => location.map_or_else(String::new, |place| format!(" for {place}")),
            };
            let carried = |word| {
                let ship = shipment.as_ref();
                ship.map_or_else(String::new, |ship| format!(" {word} shipment {ship}"))
            };
            let there = match eta {
                None => format!("in the warehouse{place}{}", carried("from")),
                Some(eta) => format!("expected on {eta}{}{place}", carried("on")),
            };
            let units = units(*quantity);
            format!("Batch {reference} was created: {units}, {there}.")
        }
        Event::BatchQuantityChanged {
            reference,
            from,
            to,
            reason,
        } => {
            let why = told(reason.as_deref());
            let (from, to) = (number(from), units(*to));
            format!("Batch {reference} was adjusted from {from} to {to}{why}.")
        }
        Event::BatchEtaChanged {
            reference,
            from,
            to,
            landed: _,
            shipment,
        } => {
            let ship = follows(shipment.as_ref());
            let name = format!("Batch {reference}");
            eta(&name, "is in the warehouse", *from, *to, &ship)
        }
        Event::BatchHeld {
            reference,
            hold,
            shipment,
        } => {
            let ship = follows(shipment.as_ref());
            held(&format!("Batch {reference}"), hold, &ship)
        }
        Event::BatchReleased {
            reference,
            shipment,
        } => match shipment {
            None => format!("The hold of batch {reference} is over."),
            Some(ship) => format!("Shipment {ship}'s hold of batch {reference} is over."),
        },
        Event::BatchReceived {
            reference,
            expected,
            quantity,
            short,
            over,
            eta: _,
            landed,
        } => {
            let count = receipt(*quantity, *expected, *short, *over);
            let sold = if landed.of == 0 {
                String::new()
            } else {
                format!("; {} had a buyer by then", number(landed.sold))
            };
            format!("Batch {reference} was received: {count}{sold}.")
        }
        Event::BatchCancelled {
            reference,
            from,
            to,
            reason,
        } => {
            let why = told(reason.as_deref());
            let lost = units(from.saturating_sub(*to));
            let left = if *to == 0 {
                String::new()
            } else {
                format!("; {} had left", number(to))
            };
            format!("Batch {reference} was cancelled{why}: {lost} will never come{left}.")
        }
        _ => String::new(),
    }
}

/// What was counted, beside what was expected.
fn receipt(quantity: u64, expected: u64, short: u64, over: u64) -> String {
    match (short, over) {
        (0, 0) => format!("{}, as expected", units(quantity)),
        (short, 0) => format!(
            "{} of {}, {} short",
            number(quantity),
            units(expected),
            number(short)
        ),
        (_, over) => format!("{}, {} more than expected", units(quantity), number(over)),
    }
}

/// What happened to a shipment; nothing where the event is about something else.
pub(super) fn of_shipment(event: &Event) -> String {
    match event {
        Event::ShipmentCreated {
            reference,
            eta,
            carrier,
            vessel,
            container,
        } => {
            let by = carried(carrier.as_ref(), vessel.as_ref(), container.as_ref());
            let there = match eta {
                Some(eta) => format!("expected on {eta}"),
                None => "landed already".into(),
            };
            format!("Shipment {reference} was created, {there}{by}.")
        }
        Event::ShipmentEtaChanged {
            reference,
            from,
            to,
        } => eta(
            &format!("Shipment {reference}"),
            "has landed",
            *from,
            *to,
            "",
        ),
        Event::ShipmentHeld { reference, hold } => held(&format!("Shipment {reference}"), hold, ""),
        Event::ShipmentReleased { reference } => {
            format!("The hold of shipment {reference} is over.")
        }
        Event::ShipmentReceived {
            reference,
            eta: _,
            counts,
        } => format!("Shipment {reference} was received{}.", counted(counts)),
        _ => String::new(),
    }
}

/// That something is expected on another day. `there`: how it is said that it is expected no longer.
fn eta(name: &str, there: &str, from: Option<Date>, to: Option<Date>, ship: &str) -> String {
    match (from, to) {
        (Some(from), Some(to)) => {
            let days = i64::from((to - from).get_days());
            let way = if days > 0 { "later" } else { "earlier" };
            let s = if days.abs() == 1 { "" } else { "s" };
            let days = days.unsigned_abs();
            format!("{name} is expected on {to}, {days} day{s} {way} than on {from}{ship}.")
        }
        (Some(from), None) => format!("{name} {there}{ship}; it was expected on {from}."),
        (None, Some(to)) => format!("{name} is on its way after all, expected on {to}{ship}."),
        (None, None) => format!("{name} {there}{ship}."),
    }
}

fn held(name: &str, hold: &Hold, ship: &str) -> String {
    let until = match hold.expected_clear {
        Some(day) => format!(" until {day}"),
        None => ", and nobody knows until when".into(),
    };
    let note = told(hold.note.as_deref());
    format!("{name} is held ({}){note}{ship}{until}.", hold.code)
}

/// That a batch does what its shipment does.
fn follows(shipment: Option<&ShipmentRef>) -> String {
    shipment.map_or_else(String::new, |ship| format!(", with its shipment {ship}"))
}

/// What somebody said, in their words.
fn told(words: Option<&str>) -> String {
    let words = words.map(str::trim).filter(|words| !words.is_empty());
    words.map_or_else(String::new, |words| format!(" (\u{201c}{words}\u{201d})"))
}

fn carried(
    carrier: Option<&Carriage>,
    vessel: Option<&Carriage>,
    container: Option<&Carriage>,
) -> String {
    let parts = [
        ("carrier", carrier),
        ("vessel", vessel),
        ("container", container),
    ];
    let told = parts.into_iter().filter_map(|(word, name)| {
        let name = name?;
        Some(format!(", {word} {name}"))
    });
    told.collect()
}

/// What was counted in a shipment, where that was told.
fn counted(counts: &BTreeMap<BatchRef, u64>) -> String {
    if counts.is_empty() {
        return ", everything as expected".into();
    }
    let named = counts.iter().take(BATCHES_NAMED);
    let named: Vec<_> = named
        .map(|(batch, count)| format!("{} of batch {batch}", number(count)))
        .collect();
    let more = match counts.len().saturating_sub(BATCHES_NAMED) {
        0 => String::new(),
        1 => " and 1 batch more".into(),
        more => format!(" and {more} batches more"),
    };
    format!("; counted: {}{more}", named.join(", "))
}
