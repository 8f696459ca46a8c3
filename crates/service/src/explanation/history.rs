//! What happened, in words.

use jiff::civil::Date;
use landfall_domain::events::{DeallocationReason, PromiseCause};
use landfall_domain::{Allocation, Deliver, Event, OrderId, Policy, Terms};

use landfall_domain::words::count;

use super::phrases::{left_from, list, number, units};
use super::supply;

/// What happened, in words.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Allocated {
            quantity,
            allocations,
            current_promise,
            accepted,
            ..
        } => {
            let promise = match current_promise {
                Some(promise) => format!("promised for {promise}"),
                None => "without a promise until its whole order has a day".into(),
            };
            let accepted = accepted.as_ref().map_or_else(String::new, accepted_as);
            format!(
                "{accepted}Got {} of {}, {promise}.",
                units(*quantity),
                batches(allocations)
            )
        }
        Event::Deallocated {
            quantity,
            allocations,
            reason,
            ..
        } => format!(
            "Gave back {} of {}, {}.",
            units(*quantity),
            batches(allocations),
            lost(*reason)
        ),
        Event::Backordered {
            quantity, accepted, ..
        } => {
            let accepted = accepted.as_ref().map_or_else(String::new, accepted_as);
            format!("{accepted}Began to wait for {}.", units(*quantity))
        }
        Event::OutOfStock { quantity, .. } => {
            format!(
                "Nothing could hold its {}: out of stock was reported.",
                units(*quantity)
            )
        }
        Event::PromiseChanged {
            from, to, cause, ..
        } => promise_changed(*from, *to, *cause),
        Event::LineAmended { from, to, .. } => {
            format!(
                "The customer wanted {} instead of {}.",
                number(to),
                units(*from)
            )
        }
        Event::LineCancelled { quantity, .. } => {
            format!("Cancelled: {} no longer wanted.", units(*quantity))
        }
        Event::Dispatched {
            quantity,
            departures,
            outstanding,
            on,
            ..
        } => {
            let rest = if *outstanding == 0 {
                String::new()
            } else {
                format!("; {} to go", units(*outstanding))
            };
            format!(
                "{} left on {on} from {}{rest}.",
                units(*quantity),
                left_from(departures)
            )
        }
        Event::OrderPlaced {
            order_id,
            deliver,
            lines,
        } => placed(order_id, *deliver, lines.len()),
        Event::BatchCreated { .. }
        | Event::BatchQuantityChanged { .. }
        | Event::BatchEtaChanged { .. }
        | Event::BatchHeld { .. }
        | Event::BatchReleased { .. }
        | Event::BatchReceived { .. }
        | Event::BatchCancelled { .. } => supply::of_batch(event),
        Event::ShipmentCreated { .. }
        | Event::ShipmentEtaChanged { .. }
        | Event::ShipmentHeld { .. }
        | Event::ShipmentReleased { .. }
        | Event::ShipmentReceived { .. } => supply::of_shipment(event),
    }
}

fn lost(reason: DeallocationReason) -> &'static str {
    match reason {
        DeallocationReason::Repegged => "to move to another batch",
        DeallocationReason::QuantityChanged => "because there is too little of it",
        DeallocationReason::Amended => "because it cannot hold the new quantity",
        DeallocationReason::Cancelled => "because it was cancelled",
        DeallocationReason::Held => "because it is held, and nobody knows until when",
        DeallocationReason::BatchCancelled => "because it will never come",
    }
}

fn placed(order_id: &OrderId, deliver: Deliver, lines: usize) -> String {
    let lines = count(lines as u64, "line", "lines");
    let deliver = match deliver {
        Deliver::Together => ", to go out together",
        Deliver::AsReady => "",
    };
    format!("Order {order_id} was placed with {lines}{deliver}.")
}

fn accepted_as(terms: &Terms) -> String {
    let by = terms
        .requested_date
        .map_or_else(String::new, |day| format!(" for {day}"));
    let policy = match terms.policy {
        Policy::Earliest => "",
        Policy::JustInTime => ", just in time",
    };
    let priority = terms.priority.get();
    format!(
        "Accepted: {} wanted{by}, priority {priority}{policy}. ",
        units(terms.quantity)
    )
}

fn promise_changed(from: Option<Date>, to: Option<Date>, cause: PromiseCause) -> String {
    let why = match cause {
        PromiseCause::EtaChanged => "a batch or shipment has another ETA",
        PromiseCause::Reallocated => "the line moved to another batch",
        PromiseCause::Held => "a batch or shipment is held",
        PromiseCause::Released => "a hold is over",
        PromiseCause::Received => "a batch or shipment was received",
        PromiseCause::QuantityChanged => "a batch has another quantity",
        PromiseCause::BatchCancelled => "a batch will never come",
        PromiseCause::BatchCreated => "there is a new batch",
        PromiseCause::Amended => "a line was amended",
        PromiseCause::Cancelled => "a line was cancelled",
        PromiseCause::LineAdded => "a line was added to its order",
        PromiseCause::Dispatched => "a line was dispatched",
    };
    let what = match (from, to) {
        (Some(from), Some(to)) => {
            let days = i64::from((to - from).get_days());
            let (by, way) = (
                days.unsigned_abs(),
                if days > 0 { "later" } else { "earlier" },
            );
            let s = if by == 1 { "" } else { "s" };
            format!("The promise moved from {from} to {to}, {by} day{s} {way}")
        }
        (None, Some(to)) => format!("Promised for {to} again"),
        (Some(from), None) => {
            format!("The promise for {from} was withdrawn")
        }
        (None, None) => "The promise stayed open".into(),
    };
    format!("{what}, because {why}.")
}

fn batches(allocations: &[Allocation]) -> String {
    list(allocations.iter().map(|a| (a.batch.as_str(), a.quantity)))
}
