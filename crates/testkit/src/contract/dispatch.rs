//! Goods leave: whole lines, parts of them, whole orders; and what is locked from then on.

use landfall_domain::line::Status;
use landfall_domain::{Event, Rejection};
use landfall_service::{LogRecord, Request};

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    amend, amend_or_wait, batch, cancel_batch, cancel_line, cancel_order, dispatch, dispatch_order,
    dispatch_units, hold, key, line, name, order, receive, set_eta, set_quantity, with_id,
};
use crate::database::Database;
use crate::harness::Harness;

/// Why goods did not leave.
async fn stays<D: Database>(h: &Harness<D>, request: impl Into<Request>) -> String {
    match h.refused(request).await {
        Rejection::NotInWarehouse { state, .. } => state,
        other => panic!("another reason: {other:?}"),
    }
}

fn departures(record: &LogRecord) -> (u64, u64, Vec<(String, u64)>) {
    match &record.event {
        Event::Dispatched {
            quantity,
            outstanding,
            departures,
            ..
        } => {
            let each = departures.iter().map(|d| (d.batch.to_string(), d.quantity));
            (*quantity, *outstanding, each.collect())
        }
        other => panic!("no dispatch: {other:?}"),
    }
}

/// A line leaves whole; once it has left, saying so again changes nothing.
pub async fn a_line_leaves<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 4)).await;
    let gone = h.line(dispatch("o-1", "SOFA")).await;
    assert_eq!(
        (gone.status, gone.dispatched, gone.quantity),
        (Status::Dispatched, 4, 4)
    );
    assert!(gone.allocations.is_empty() && !gone.overdue);
    assert_eq!(
        gone.current_promise,
        Some(today()),
        "what was promised then"
    );
    let stock = h.see_batch("b").await;
    assert_eq!(
        (
            stock.purchased,
            stock.allocated,
            stock.dispatched,
            stock.available
        ),
        (10, 0, 4, 6)
    );
    let log = h.events().await;
    assert_eq!(departures(&log[2]), (4, 0, vec![("b".into(), 4)]));
    for again in [
        dispatch("o-1", "SOFA"),
        dispatch_units("o-1", "SOFA", 4),
        dispatch_order("o-1"),
    ] {
        h.done(again).await;
    }
    for refused in [
        cancel_line("o-1", "SOFA"),
        amend("o-1", "SOFA", 3),
        cancel_order("o-1"),
    ] {
        let refused = h.refused(refused).await;
        assert!(
            matches!(refused, Rejection::NotAmendable { .. }),
            "{refused:?}"
        );
    }
    assert!(
        !h.done(line("o-1", "SOFA", 4)).await.created,
        "a repeat does not bring it back"
    );
    assert_eq!(h.events().await, log);
    let unknown = h.refused(dispatch("o-1", "LAMP")).await;
    assert_eq!(
        unknown,
        Rejection::UnknownLine {
            line: key("o-1", "LAMP")
        }
    );
    h.in_order().await;
}

/// Part of a line leaves: it stays allocated, keeps its batches and cannot be amended; cancelling it cancels
/// the rest and leaves it dispatched.
pub async fn a_part_leaves_and_locks_the_rest<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 6)).await;
    h.done(line("o-2", "SOFA", 5)).await;
    let beyond = h.refused(dispatch_units("o-1", "SOFA", 7)).await;
    let expected = Rejection::BeyondAllocated {
        line: key("o-1", "SOFA"),
        quantity: 7,
        allocated: 6,
    };
    assert_eq!(beyond, expected);
    let first = with_id("k-1", dispatch_units("o-1", "SOFA", 2));
    let part = h.line(first.clone()).await;
    assert_eq!((part.status, part.dispatched), (Status::Allocated, 2));
    assert_eq!(part.allocations[0].quantity, 4);
    h.done(first).await;
    assert_eq!(
        h.see_line("o-1", "SOFA").await.dispatched,
        2,
        "one id, one dispatch"
    );
    let beyond = h.refused(dispatch_units("o-1", "SOFA", 5)).await;
    assert!(
        matches!(beyond, Rejection::BeyondAllocated { allocated: 4, .. }),
        "{beyond:?}"
    );
    for locked in [amend("o-1", "SOFA", 5), amend_or_wait("o-1", "SOFA", 9)] {
        let refused = h.refused(locked).await;
        assert!(
            matches!(refused, Rejection::NotAmendable { .. }),
            "{refused:?}"
        );
    }
    let kinds = h.kinds_of(h.done(cancel_line("o-1", "SOFA"))).await;
    assert_eq!(kinds, ["Deallocated", "LineCancelled", "Allocated"]);
    let rest = h.see_line("o-1", "SOFA").await;
    assert_eq!(
        (rest.status, rest.quantity, rest.dispatched),
        (Status::Dispatched, 6, 2)
    );
    assert_eq!(
        h.see_line("o-2", "SOFA").await.status,
        Status::Allocated,
        "it gets the rest"
    );
    let stock = h.see_batch("b").await;
    assert_eq!(
        (stock.allocated, stock.dispatched, stock.available),
        (5, 2, 3)
    );
    for again in [
        cancel_line("o-1", "SOFA"),
        cancel_order("o-1"),
        dispatch("o-1", "SOFA"),
    ] {
        assert!(h.kinds_of(h.done(again)).await.is_empty());
    }
    h.in_order().await;
}

/// A line of which a part has left loses its goods last, and keeps goods that are held or late.
pub async fn a_line_under_way_is_spared<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 4).priority(0)).await;
    h.done(line("o-2", "SOFA", 4).priority(9)).await;
    h.done(dispatch_units("o-1", "SOFA", 1)).await;
    h.done(set_quantity("b", 7)).await;
    assert_eq!(h.see_line("o-2", "SOFA").await.status, Status::Backordered);
    assert_eq!(h.see_line("o-1", "SOFA").await.status, Status::Allocated);
    h.done(batch("other", "SOFA", 20)).await;
    h.done(hold("b", "damage", None)).await;
    let locked = h.see_line("o-1", "SOFA").await;
    assert_eq!(locked.allocations[0].batch, name("b"), "it keeps its batch");
    assert_eq!(locked.current_promise, None, "nobody knows when");
    h.done(hold("b", "damage", Some(in_days(4)))).await;
    let locked = h.see_line("o-1", "SOFA").await;
    assert_eq!(
        (&locked.allocations[0].batch, locked.current_promise),
        (&name("b"), Some(in_days(4)))
    );
    // What will never come is lost to it, too: it moves.
    h.done(cancel_batch("b")).await;
    let moved = h.see_line("o-1", "SOFA").await;
    assert_eq!(
        (&moved.allocations[0].batch, moved.allocations[0].quantity),
        (&name("other"), 3)
    );
    assert_eq!(moved.current_promise, Some(today()));
    h.in_order().await;
}

/// A line of which a part has left gives its goods to nobody, though it was promised a later day.
pub async fn a_line_under_way_makes_no_room<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 2).eta(in_days(9))).await;
    h.done(line("o-1", "SOFA", 2)).await;
    h.done(set_eta("b", None)).await;
    h.done(dispatch_units("o-1", "SOFA", 1)).await;
    h.done(batch("c", "SOFA", 1).eta(in_days(3))).await;
    h.done(line("o-2", "SOFA", 1)).await;
    h.done(batch("spare", "SOFA", 1).eta(in_days(8))).await;
    h.done(set_eta("c", Some(in_days(20)))).await;
    let locked = h.see_line("o-1", "SOFA").await;
    assert_eq!(locked.allocations[0].batch, name("b"));
    let late = h.see_line("o-2", "SOFA").await;
    let place = (&late.allocations[0].batch, late.current_promise);
    assert_eq!(place, (&name("spare"), Some(in_days(8))));
    h.in_order().await;
}

/// What is not there does not leave: inbound, overdue, held, waiting, cancelled.
pub async fn what_is_not_there_stays<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 10).eta(in_days(3))).await;
    h.done(line("o-1", "SOFA", 4)).await;
    let state = stays(&h, dispatch("o-1", "SOFA")).await;
    assert!(state.contains("2026-05-13"), "{state}");
    h.clock.set_day(in_days(9));
    let state = stays(&h, dispatch("o-1", "SOFA")).await;
    assert!(
        state.contains("ship"),
        "overdue is not here either: {state}"
    );
    h.done(line("o-2", "SOFA", 40)).await;
    let state = stays(&h, dispatch("o-2", "SOFA")).await;
    assert!(state.contains("waits"), "{state}");
    stays(&h, dispatch_units("o-2", "SOFA", 1)).await;
    stays(&h, dispatch_order("o-2")).await;
    h.done(receive("ship", 10)).await;
    h.done(hold("ship", "customs", None)).await;
    // Its only goods are held: the line waits.
    stays(&h, dispatch("o-1", "SOFA")).await;
    h.done(cancel_line("o-2", "SOFA")).await;
    for cancelled in [dispatch("o-2", "SOFA"), dispatch_order("o-2")] {
        let refused = h.refused(cancelled).await;
        assert!(
            matches!(refused, Rejection::NotAmendable { .. }),
            "{refused:?}"
        );
    }
    let unknown = h.refused(dispatch_order("o-9")).await;
    assert_eq!(
        unknown,
        Rejection::UnknownOrder {
            order_id: name("o-9")
        }
    );
    let mut units = dispatch_units("o-1", "SOFA", 1);
    if let landfall_domain::Command::Dispatch(dispatch) = &mut units {
        dispatch.line_id = None;
    }
    let refused = h.refused(units).await;
    assert!(
        matches!(&refused, Rejection::Invalid { field, .. } if field == "quantity"),
        "{refused:?}"
    );
    h.in_order().await;
}

/// Of an order, every line leaves whose goods are all there; the others stay.
pub async fn an_order_leaves_as_far_as_it_is_there<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(batch("ship", "LAMP", 10).eta(in_days(3))).await;
    h.done(batch("c", "RUG", 1)).await;
    h.done(order("o-1", &[("SOFA", 4), ("LAMP", 2), ("RUG", 5)]))
        .await;
    h.done(line("o-1", "SOFA", 1).line_id("gone")).await;
    h.done(cancel_line("o-1", "gone")).await;
    let sent = h.order(dispatch_order("o-1")).await;
    let states: Vec<_> = sent.lines.iter().map(|line| line.status).collect();
    let expected = [
        Status::Dispatched,
        Status::Allocated,
        Status::Backordered,
        Status::Cancelled,
    ];
    assert_eq!(states, expected);
    stays(&h, dispatch_order("o-1")).await;
    h.done(set_eta("ship", None)).await;
    h.done(dispatch_order("o-1")).await;
    assert_eq!(h.see_line("o-1", "LAMP").await.status, Status::Dispatched);
    h.done(cancel_line("o-1", "RUG")).await;
    assert!(
        h.kinds_of(h.done(dispatch_order("o-1"))).await.is_empty(),
        "all has left"
    );
    h.in_order().await;
}

/// A split line leaves from its batches in their order, as far as they are there.
pub async fn a_split_line_leaves_from_what_is_there<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 3)).await;
    h.done(batch("b", "SOFA", 3)).await;
    h.done(batch("ship", "SOFA", 3).eta(in_days(3))).await;
    h.done(line("o-1", "SOFA", 8).split()).await;
    stays(&h, dispatch("o-1", "SOFA")).await;
    stays(&h, dispatch_units("o-1", "SOFA", 7)).await;
    stays(&h, dispatch_order("o-1")).await;
    let part = h.line(dispatch_units("o-1", "SOFA", 4)).await;
    let pegs: Vec<_> = part
        .allocations
        .iter()
        .map(|a| (a.batch.as_str(), a.quantity))
        .collect();
    assert_eq!(pegs, [("b", 2), ("ship", 2)]);
    let log = h.events().await;
    let expected = (4, 4, vec![("a".into(), 3), ("b".into(), 1)]);
    assert_eq!(departures(log.last().expect("an event")), expected);
    h.done(receive("ship", 3)).await;
    h.done(dispatch("o-1", "SOFA")).await;
    assert_eq!(h.see_product("SOFA").await.dispatched, 8);
    h.in_order().await;
}
