//! Damage to what holds, receipts, dispatches and shipments left: in the tables, and in the log.

use landfall_domain::Event;
use landfall_domain::events::Departure;

use super::found;
use super::story::{Story, TODAY, hold};

#[test]
fn damage_to_what_was_held_received_and_dispatched_is_found() {
    found(
        |s| s.batch("b-count").hold = None,
        "batch b-count: the hold is none",
    );
    found(
        |s| s.batch("b-on-ship").shipment_hold = Some(hold("quality")),
        "batch b-on-ship: the shipment's hold is",
    );
    found(
        |s| s.batch("b-on-ship").shipment = None,
        "batch b-on-ship: shipment is none",
    );
    found(
        |s| s.batch("b-count").received = false,
        "batch b-count: received is false",
    );
    found(
        |s| s.batch("b-count").landed = None,
        "batch b-count: the landing is none",
    );
    found(
        |s| s.batch("b-on-ship").first_eta = Some(TODAY),
        "batch b-on-ship: the first eta is",
    );
    found(
        |s| s.batch("b-never").purchased = 6,
        "batch b-never: purchased is 6; the log says 0",
    );
    found(
        |s| s.batch("b-count").dispatched += 1,
        "batch b-count: dispatched is",
    );
    found(
        |s| s.line("o-part").dispatched = 2,
        "line o-part/SOFA: dispatched is 2; the log says 1",
    );
    found(
        |s| s.line("o-rest").cancelled = false,
        "line o-rest/SOFA: cancelled is false",
    );
}

#[test]
fn damage_to_a_shipment_is_found() {
    let row = |change: fn(&mut landfall_domain::Shipment), words| {
        found(|s: &mut Story| change(&mut s.shipments[0]), words);
    };
    row(|s| s.eta = None, "shipment s-1: eta is none");
    row(
        |s| s.first_eta = None,
        "shipment s-1: the first eta is none",
    );
    row(|s| s.carrier = None, "shipment s-1: the carrier is none");
    row(|s| s.vessel = None, "shipment s-1: the vessel is none");
    row(
        |s| s.container.clone_from(&s.vessel),
        "shipment s-1: the container is",
    );
    row(|s| s.hold = None, "shipment s-1: the hold is none");
    found(
        |s| s.shipments.clear(),
        "shipment s-1: it is in the log and not in the tables",
    );
    found(
        |s| s.shipments.push(s.shipments[0].clone()),
        "shipment s-1: it is there twice",
    );
    found(
        |s| s.shipments[0].reference = "s-2".parse().unwrap(),
        "shipment s-2: the log does not know it",
    );
}

#[test]
fn events_of_supply_that_are_missing_or_make_no_sense_are_found() {
    let forget = |s: &mut Story, kind: &'static str| s.forget(move |event| event.kind() == kind);
    found(
        |s| forget(s, "BatchReceived"),
        "b-count: received is true; the log says false",
    );
    found(
        |s| forget(s, "BatchCancelled"),
        "b-never: purchased is 0; the log says 6",
    );
    found(
        |s| forget(s, "BatchHeld"),
        "BatchReleased of a hold that there was not on b-on-ship",
    );
    found(
        |s| forget(s, "Dispatched"),
        "line o-left/SOFA: dispatched is 2; the log says 0",
    );
    found(
        |s| forget(s, "ShipmentCreated"),
        "batch b-on-ship: the log does not know its shipment s-1",
    );
    found(|s| forget(s, "ShipmentEtaChanged"), "shipment s-1: eta is");
    found(
        |s| forget(s, "ShipmentHeld"),
        "ShipmentReleased of a hold that there was not on s-1",
    );
    found(
        |s| {
            s.forget(|event| matches!(event, Event::ShipmentHeld { hold, .. } if hold.code.as_str() == "storm"));
        },
        "b-on-ship: by the log its shipment s-1 has another hold than it has with it",
    );
    let change = |kind: &'static str, change: fn(&mut Event), words: &str| {
        found(|s: &mut Story| change(s.event(kind)), words);
    };
    let counts: fn(&mut Event) = |event| {
        if let Event::BatchReceived { short, .. } = event {
            *short += 1;
        }
    };
    change(
        "BatchReceived",
        counts,
        "another difference than that of its counts",
    );
    let expected: fn(&mut Event) = |event| {
        if let Event::BatchReceived {
            expected, short, ..
        } = event
        {
            *expected += 1;
            *short += 1;
        }
    };
    change(
        "BatchReceived",
        expected,
        "expects something else than was known of b-count",
    );
    let to: fn(&mut Event) = |event| {
        if let Event::BatchCancelled { to, .. } = event {
            *to = 1;
        }
    };
    change(
        "BatchCancelled",
        to,
        "leaves another quantity than has left b-never",
    );
    let other: fn(&mut Event) = |event| {
        if let Event::BatchHeld { shipment, .. } = event {
            *shipment = "s-2".parse().ok();
        }
    };
    change(
        "BatchHeld",
        other,
        "by another shipment than that of b-on-ship",
    );
    let moved: fn(&mut Event) = |event| {
        if let Event::ShipmentEtaChanged { from, .. } = event {
            *from = None;
        }
    };
    change("ShipmentEtaChanged", moved, "from another day than s-1");
}

#[test]
fn dispatches_that_make_no_sense_are_found() {
    let change = |change: fn(&mut u64, &mut Vec<Departure>, &mut u64), words: &str| {
        found(
            |s: &mut Story| {
                if let Event::Dispatched {
                    quantity,
                    departures,
                    outstanding,
                    ..
                } = s.event("Dispatched")
                {
                    change(quantity, departures, outstanding);
                }
            },
            words,
        );
    };
    change(
        |_, from, _| from[0].quantity += 1,
        "of another quantity than it lists",
    );
    change(
        |_, from, _| from[0].quantity += 1,
        "of more of b-count than the line has",
    );
    change(
        |_, from, _| from[0].batch = "b-x".parse().unwrap(),
        "names b-x, which was never created",
    );
    change(
        |_, _, rest| *rest += 1,
        "leaves another quantity than the line wants",
    );
    found(
        |s| {
            s.forget(|event| matches!(event, Event::Allocated { order_id, .. } if order_id.as_str() == "o-left"));
        },
        "of line o-left/SOFA, which was never accepted",
    );
}
