//! One event of each type, with every field filled.

use std::collections::BTreeMap;

use landfall_domain::batch::Landing;
use landfall_domain::events::{DeallocationReason, Departure, PromiseCause};
use landfall_domain::{
    Allocation, BatchRef, Deliver, Event, Hold, IfShort, LineId, OrderId, Policy, ShipmentRef, Sku,
    Terms,
};

use super::scene::in_days;
use crate::commands::{name, rank};

/// One of each type, the smaller forms too; those of an order and of a shipment have no SKU.
pub(super) fn one_of_each() -> Vec<(Option<Sku>, Event)> {
    let placed = Event::OrderPlaced {
        order_id: name("o-\"é\""),
        deliver: Deliver::Together,
        lines: vec![name("l-2"), name("l-1")],
    };
    let of_sku = of_batches()
        .into_iter()
        .chain(of_arrivals())
        .chain(of_lines());
    of_sku
        .map(|event| (Some(name("SOFA")), event))
        .chain([(None, placed)])
        .chain(of_shipments().into_iter().map(|event| (None, event)))
        .collect()
}

fn hold() -> Hold {
    Hold {
        code: name("customs"),
        note: Some("form 27 \"b\"".into()),
        expected_clear: Some(in_days(14)),
    }
}

fn plain_hold() -> Hold {
    Hold {
        code: name("damage"),
        note: None,
        expected_clear: None,
    }
}

fn landing() -> Landing {
    Landing {
        on: in_days(-1),
        sold: 3,
        of: 9,
    }
}

fn of_batches() -> Vec<Event> {
    let reference = || name::<BatchRef>("b-1");
    vec![
        Event::BatchCreated {
            reference: reference(),
            quantity: 1_000_000_000_000,
            eta: Some(in_days(9)),
            shipment: None,
            location: Some(name("LEEDS")),
            landed: None,
        },
        Event::BatchCreated {
            reference: reference(),
            quantity: 1,
            eta: None,
            shipment: Some(name("MV \"é\"")),
            location: None,
            landed: Some(landing()),
        },
        Event::BatchQuantityChanged {
            reference: reference(),
            from: 1,
            to: 0,
            reason: Some("é".into()),
        },
        Event::BatchQuantityChanged {
            reference: reference(),
            from: 0,
            to: 1,
            reason: None,
        },
        Event::BatchEtaChanged {
            reference: reference(),
            from: Some(in_days(9)),
            to: None,
            landed: Some(landing()),
            shipment: None,
        },
        Event::BatchEtaChanged {
            reference: reference(),
            from: None,
            to: Some(in_days(9)),
            landed: None,
            shipment: Some(name("MV-1")),
        },
    ]
}

fn of_arrivals() -> Vec<Event> {
    let reference = || name::<BatchRef>("b-1");
    vec![
        Event::BatchHeld {
            reference: reference(),
            hold: hold(),
            shipment: Some(name("MV \"é\"")),
        },
        Event::BatchHeld {
            reference: reference(),
            hold: plain_hold(),
            shipment: None,
        },
        Event::BatchReleased {
            reference: reference(),
            shipment: None,
        },
        Event::BatchReleased {
            reference: reference(),
            shipment: Some(name("MV \"é\"")),
        },
        Event::BatchReceived {
            reference: reference(),
            expected: 9,
            quantity: 7,
            short: 2,
            over: 0,
            eta: Some(in_days(2)),
            landed: landing(),
        },
        Event::BatchReceived {
            reference: reference(),
            expected: 7,
            quantity: 8,
            short: 0,
            over: 1,
            eta: None,
            landed: landing(),
        },
        Event::BatchCancelled {
            reference: reference(),
            from: 8,
            to: 2,
            reason: Some("sunk".into()),
        },
        Event::BatchCancelled {
            reference: reference(),
            from: 8,
            to: 0,
            reason: None,
        },
    ]
}

fn of_shipments() -> Vec<Event> {
    let reference = || name::<ShipmentRef>("MV \"é\"");
    vec![
        Event::ShipmentCreated {
            reference: reference(),
            eta: Some(in_days(9)),
            carrier: Some(name("Œrsted")),
            vessel: Some(name("Aurora")),
            container: Some(name("C-1")),
        },
        Event::ShipmentCreated {
            reference: reference(),
            eta: None,
            carrier: None,
            vessel: None,
            container: None,
        },
        Event::ShipmentEtaChanged {
            reference: reference(),
            from: Some(in_days(9)),
            to: None,
        },
        Event::ShipmentHeld {
            reference: reference(),
            hold: hold(),
        },
        Event::ShipmentHeld {
            reference: reference(),
            hold: plain_hold(),
        },
        Event::ShipmentReleased {
            reference: reference(),
        },
        Event::ShipmentReceived {
            reference: reference(),
            eta: Some(in_days(9)),
            counts: BTreeMap::from([(name("b-1"), 0), (name("b-2"), 7)]),
        },
    ]
}

fn of_lines() -> Vec<Event> {
    let order_id = || name::<OrderId>("o-\"é\"");
    let line_id = || name::<LineId>("l");
    let allocations = || {
        let peg = |batch, quantity| Allocation {
            batch: name(batch),
            batch_number: 0,
            quantity,
        };
        vec![peg("b-2", 3), peg("b-1", 2)]
    };
    let terms = Terms {
        quantity: 5,
        requested_date: Some(in_days(3)),
        priority: rank(7),
        policy: Policy::JustInTime,
        split: true,
        if_short: IfShort::Reject,
        locations: vec![name("YORK"), name("LEEDS")],
        deliver: Deliver::Together,
    };
    let allocated = |promises: (Option<_>, Option<_>), accepted| Event::Allocated {
        order_id: order_id(),
        line_id: line_id(),
        quantity: 5,
        allocations: allocations(),
        original_promise: promises.0,
        current_promise: promises.1,
        accepted,
    };
    let promise_changed = |from, to, cause| Event::PromiseChanged {
        order_id: order_id(),
        line_id: line_id(),
        from,
        to,
        cause,
    };
    let amended = |allocations, if_short| Event::LineAmended {
        order_id: order_id(),
        line_id: line_id(),
        from: 5,
        to: 6,
        if_short,
        allocations,
    };
    let (day, later) = (Some(in_days(1)), Some(in_days(2)));
    vec![
        allocated((day, later), Some(terms.clone())),
        allocated((day, later), None),
        allocated((None, None), Some(Terms::plain(5))),
        Event::Deallocated {
            order_id: order_id(),
            line_id: line_id(),
            quantity: 5,
            allocations: allocations(),
            reason: DeallocationReason::QuantityChanged,
        },
        Event::Backordered {
            order_id: order_id(),
            line_id: line_id(),
            quantity: 5,
            accepted: Some(terms),
        },
        Event::OutOfStock {
            order_id: order_id(),
            line_id: line_id(),
            quantity: 5,
        },
        promise_changed(day, later, PromiseCause::EtaChanged),
        promise_changed(day, None, PromiseCause::LineAdded),
        promise_changed(None, later, PromiseCause::BatchCreated),
        amended(allocations(), None),
        amended(Vec::new(), Some(IfShort::Backorder)),
        Event::LineCancelled {
            order_id: order_id(),
            line_id: line_id(),
            quantity: 6,
        },
        Event::Dispatched {
            order_id: order_id(),
            line_id: line_id(),
            quantity: 5,
            departures: departures(),
            outstanding: 2,
            on: in_days(4),
            requested_date: Some(in_days(3)),
            policy: Policy::JustInTime,
        },
    ]
}

fn departures() -> Vec<Departure> {
    let from = |batch, quantity, landed| Departure {
        batch: name(batch),
        quantity,
        landed,
    };
    vec![from("b-2", 3, Some(in_days(-7))), from("b-1", 2, None)]
}
