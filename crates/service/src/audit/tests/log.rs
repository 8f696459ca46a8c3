//! Damage to the log: gaps, missing events, and events that make no sense where they stand.

use landfall_domain::Event;

use super::found;
use super::story::{Story, TODAY};
use crate::log::LogRecord;

#[test]
fn damage_to_the_log_is_found() {
    found(|s| drop(s.events.remove(4)), "offset 5 should stand here");
    found(|s| s.events.swap(1, 2), "offset 2 should stand here");
    found(|s| drop(s.events.pop()), "its head expects offset");
    let accepted = |s: &mut Story, order: &'static str| {
        s.forget(move |event| {
            matches!(event, Event::Allocated { order_id, accepted: Some(_), .. } if order_id.as_str() == order)
        });
    };
    found(
        |s| accepted(s, "o-one"),
        "of line o-one/SOFA, which was never accepted",
    );
    found(
        |s| accepted(s, "o-one"),
        "the log does not say that it was accepted",
    );
    found(
        |s| accepted(s, "o-split"),
        "line o-split/SOFA: the log does not know it",
    );
    let forget = |s: &mut Story, kind: &'static str| s.forget(move |event| event.kind() == kind);
    found(|s| forget(s, "BatchCreated"), "which was never created");
    found(
        |s| forget(s, "BatchQuantityChanged"),
        "purchased is 10; the log says 11",
    );
    found(|s| forget(s, "BatchEtaChanged"), "batch b-ship: eta is");
    found(|s| forget(s, "PromiseChanged"), "the current promise is");
    found(
        |s| forget(s, "LineAmended"),
        "quantity is 5; the log says 6",
    );
    found(
        |s| forget(s, "LineCancelled"),
        "it lost its stock, and the log does not say",
    );
    found(
        |s| forget(s, "Deallocated"),
        "of a line that is allocated or cancelled",
    );
    let again = |event: &Event| matches!(event, Event::Allocated { accepted: None, .. });
    found(|s| s.forget(again), "line o-moved/SOFA: it lost its stock");
}

#[test]
fn events_that_make_no_sense_are_found() {
    let set = |s: &mut Story, kind: &str, change: fn(&mut Event)| change(s.event(kind));
    let from = |e: &mut Event| {
        if let Event::BatchQuantityChanged { from, .. } | Event::LineAmended { from, .. } = e {
            *from += 1;
        }
    };
    found(
        |s| set(s, "BatchQuantityChanged", from),
        "from another quantity than b-here",
    );
    found(
        |s| set(s, "LineAmended", from),
        "LineAmended from another quantity",
    );
    found(
        |s| {
            set(s, "BatchEtaChanged", |e| {
                if let Event::BatchEtaChanged { from, .. } = e {
                    *from = None;
                }
            });
        },
        "from another day",
    );
    found(
        |s| {
            set(s, "PromiseChanged", |e| {
                if let Event::PromiseChanged { from, .. } = e {
                    *from = Some(TODAY);
                }
            });
        },
        "of another promise than the line had",
    );
    // A day for a line that waits.
    found(
        |s| {
            set(s, "PromiseChanged", |e| {
                if let Event::PromiseChanged {
                    order_id, from, to, ..
                } = e
                {
                    (*order_id, *from) = ("o-waits".parse().unwrap(), None);
                    *to = Some(TODAY);
                }
            });
        },
        "of another promise than the line had",
    );
    let units = |e: &mut Event| match e {
        Event::Allocated { allocations, .. } | Event::Deallocated { allocations, .. } => {
            allocations[0].quantity += 1;
        }
        Event::Backordered { quantity, .. } | Event::LineCancelled { quantity, .. } => {
            *quantity += 1;
        }
        _ => {}
    };
    found(
        |s| set(s, "Allocated", units),
        "gives the line another quantity than it wants",
    );
    found(
        |s| set(s, "Deallocated", units),
        "Deallocated of stock that the line does not have",
    );
    found(
        |s| set(s, "Backordered", units),
        "of another quantity than the line's",
    );
    found(
        |s| set(s, "LineCancelled", units),
        "of another quantity than the line's",
    );
    for kind in ["BatchCreated", "Allocated"] {
        let of_none = |s: &mut Story| s.record(kind).sku = None;
        found(of_none, "names no product");
    }
    found(
        |s| {
            let mut of_lines = s.events.iter_mut().rev();
            let last = of_lines.find(|record| record.event.line().is_some());
            last.unwrap().sku = None;
        },
        "of a line of another product",
    );
    let named = |e: &mut Event| {
        if let Event::OrderPlaced { lines, .. } = e {
            lines.push("L-2".parse().unwrap());
        }
    };
    found(
        |s| set(s, "OrderPlaced", named),
        "line o-one/L-2: its order names it",
    );
}

#[test]
fn events_that_come_twice_are_found() {
    let twice = |s: &mut Story| {
        let at = s
            .events
            .iter()
            .position(|r| r.event.kind() == "Allocated")
            .unwrap();
        let again = LogRecord {
            offset: s.events.len() as u64 + 1,
            ..s.events[at].clone()
        };
        s.events.push(again);
    };
    found(twice, "accepts a line that was accepted before");
    found(twice, "of a line that is allocated");
    let created_again = |s: &mut Story| {
        let again = LogRecord {
            offset: s.events.len() as u64 + 1,
            ..s.record("BatchCreated").clone()
        };
        s.events.push(again);
    };
    found(created_again, "of b-here, which exists");
}
