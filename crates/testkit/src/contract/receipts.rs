//! What really arrived, and what never will: receipts and cancelled batches.

use landfall_domain::line::Status;
use landfall_domain::{Event, Rejection};

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    batch, cancel_batch, dispatch, dispatch_units, line, name, receive, set_eta, set_quantity,
};
use crate::database::Database;
use crate::harness::Harness;

/// The fields of the last receipt in the log: expected, counted, short, over.
async fn last_receipt<D: Database>(h: &Harness<D>) -> (u64, u64, u64, u64) {
    let events = h.events().await;
    let receipt = events.iter().rev().find_map(|record| match &record.event {
        Event::BatchReceived {
            expected,
            quantity,
            short,
            over,
            ..
        } => Some((*expected, *quantity, *short, *over)),
        _ => None,
    });
    receipt.expect("a receipt")
}

/// As expected, the goods are in the warehouse; short, lines lose by the rule; over, backorders are filled.
pub async fn a_receipt_is_short_or_over<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10).eta(in_days(9))).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(line("o-2", "SOFA", 4).priority(2)).await;
    h.done(line("o-3", "SOFA", 3)).await;
    let short = h.batch(receive("b", 7)).await;
    assert_eq!((short.eta, short.purchased, short.available), (None, 7, 0));
    assert_eq!(last_receipt(&h).await, (10, 7, 3, 0));
    let waiting = h.queue("SOFA").await;
    assert_eq!(
        waiting.len(),
        1,
        "the lowest priority lost, and who waited has the rest"
    );
    assert_eq!(waiting[0].order_id, name("o-2"));
    let promises = |line: landfall_service::resources::LineResource| {
        (line.original_promise, line.current_promise)
    };
    let early = promises(h.see_line("o-1", "SOFA").await);
    assert_eq!(
        early,
        (Some(in_days(9)), Some(in_days(9))),
        "never before the original"
    );
    assert_eq!(
        promises(h.see_line("o-3", "SOFA").await),
        (Some(today()), Some(today()))
    );
    // A second receipt corrects the first.
    let over = h.batch(receive("b", 12)).await;
    assert_eq!((over.purchased, over.available), (12, 1));
    assert_eq!(last_receipt(&h).await, (7, 12, 0, 5));
    assert!(h.queue("SOFA").await.is_empty());
    let again = h.kinds_of(h.done(receive("b", 12))).await;
    assert!(again.is_empty(), "the same receipt: {again:?}");
    h.in_order().await;
}

/// Nothing arrived: everybody moves or waits, and the batch is there with nothing in it.
pub async fn nothing_may_have_arrived<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10).eta(in_days(9))).await;
    h.done(line("o-1", "SOFA", 4)).await;
    let empty = h.batch(receive("b", 0)).await;
    assert_eq!((empty.eta, empty.purchased, empty.available), (None, 0, 0));
    assert_eq!(last_receipt(&h).await, (10, 0, 10, 0));
    assert_eq!(h.see_line("o-1", "SOFA").await.status, Status::Backordered);
    let unknown = h.refused(receive("c", 5)).await;
    assert_eq!(
        unknown,
        Rejection::UnknownBatch {
            reference: name("c")
        }
    );
    // What was received can be expected again: it was another's goods.
    h.done(set_eta("b", Some(in_days(12)))).await;
    h.done(set_quantity("b", 4)).await;
    assert_eq!(
        h.see_line("o-1", "SOFA").await.current_promise,
        Some(in_days(12))
    );
    h.done(receive("b", 4)).await;
    assert_eq!(last_receipt(&h).await, (4, 4, 0, 0));
    h.in_order().await;
}

/// What has left cannot have been less: neither a receipt nor a quantity may say so.
pub async fn what_has_left_was_there<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 6)).await;
    h.done(dispatch_units("o-1", "SOFA", 5)).await;
    let log = h.events().await;
    let expected = Rejection::BelowDispatched {
        reference: name("b"),
        dispatched: 5,
    };
    assert_eq!(h.refused(receive("b", 4)).await, expected);
    assert_eq!(h.refused(set_quantity("b", 4)).await, expected);
    assert_eq!(h.events().await, log);
    let exact = h.batch(receive("b", 5)).await;
    assert_eq!(
        (exact.purchased, exact.dispatched, exact.available),
        (5, 5, 0)
    );
    let line = h.see_line("o-1", "SOFA").await;
    assert_eq!((line.status, line.dispatched), (Status::Backordered, 5));
    h.in_order().await;
}

/// A cancelled batch will never come: its lines move or wait; what has left has left. Twice is once.
pub async fn a_batch_is_cancelled<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(batch("ship", "SOFA", 4).eta(in_days(6))).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(line("o-2", "SOFA", 4).priority(9)).await;
    h.done(line("o-3", "SOFA", 2)).await;
    h.done(dispatch("o-3", "SOFA")).await;
    let gone = h.batch(cancel_batch("b")).await;
    assert_eq!((gone.purchased, gone.dispatched, gone.allocated), (2, 2, 0));
    let moved = h.see_line("o-2", "SOFA").await;
    assert_eq!(
        moved.allocations[0].batch,
        name("ship"),
        "the higher priority"
    );
    assert_eq!(moved.current_promise, Some(in_days(6)));
    assert_eq!(h.see_line("o-1", "SOFA").await.status, Status::Backordered);
    assert_eq!(h.see_line("o-3", "SOFA").await.status, Status::Dispatched);
    let again = h.kinds_of(h.done(cancel_batch("b"))).await;
    assert!(again.is_empty(), "{again:?}");
    let unknown = h.refused(cancel_batch("c")).await;
    assert_eq!(
        unknown,
        Rejection::UnknownBatch {
            reference: name("c")
        }
    );
    // Its name stays taken, and its quantity can be mended.
    assert!(!h.done(batch("b", "SOFA", 10)).await.created);
    h.done(set_quantity("b", 6)).await;
    assert_eq!(h.see_line("o-1", "SOFA").await.status, Status::Allocated);
    h.in_order().await;
}
