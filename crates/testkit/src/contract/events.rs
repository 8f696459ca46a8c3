//! One event of each type, with every field filled.

use landfall_domain::events::{DeallocationReason, PromiseCause};
use landfall_domain::{
    Allocation, BatchRef, Deliver, Event, IfShort, LineId, OrderId, Policy, Sku, Terms,
};

use super::scene::in_days;
use crate::commands::{name, rank};

/// One of each type, the smaller forms too; an order's own has no SKU.
pub(super) fn one_of_each() -> Vec<(Option<Sku>, Event)> {
    let placed = Event::OrderPlaced {
        order_id: name("o-\"é\""),
        deliver: Deliver::Together,
        lines: vec![name("l-2"), name("l-1")],
    };
    let of_sku = of_batches().into_iter().chain(of_lines());
    of_sku
        .map(|event| (Some(name("SOFA")), event))
        .chain([(None, placed)])
        .collect()
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
    };
    let allocated = |accepted| Event::Allocated {
        order_id: order_id(),
        line_id: line_id(),
        quantity: 5,
        allocations: allocations(),
        original_promise: in_days(1),
        current_promise: in_days(2),
        accepted,
    };
    vec![
        allocated(Some(terms.clone())),
        allocated(None),
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
        Event::PromiseChanged {
            order_id: order_id(),
            line_id: line_id(),
            from: in_days(1),
            to: in_days(2),
            cause: PromiseCause::EtaChanged,
        },
        Event::LineAmended {
            order_id: order_id(),
            line_id: line_id(),
            from: 5,
            to: 6,
            if_short: None,
            allocations: allocations(),
        },
        Event::LineCancelled {
            order_id: order_id(),
            line_id: line_id(),
            quantity: 6,
        },
    ]
}
