//! Holds of a batch: without a clear date it is no supply, with one it is supply from then on.

use jiff::civil::Date;
use landfall_domain::line::Status;
use landfall_domain::{Day, Event, Rejection};

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    batch, dispatch, hold, line, name, receive, release, set_eta, set_quantity, with_id,
};
use crate::database::Database;
use crate::harness::Harness;

async fn available<D: Database>(h: &Harness<D>, sku: &str) -> Vec<(i64, u64)> {
    let day = Day {
        today: h.today(),
        handling_days: 0,
    };
    let found = h.views.availability(&name(sku), &day).await.expect("read");
    let steps = found.expect("the product").steps;
    let from_today = |date: Date| i64::from((date - today()).get_days());
    steps
        .iter()
        .map(|step| (from_today(step.date), step.quantity))
        .collect()
}

/// Nobody knows how long: its lines move or wait, and nobody is promised anything of it.
pub async fn a_hold_without_a_date_takes_the_goods_away<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(batch("ship", "SOFA", 4).eta(in_days(6))).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(line("o-2", "SOFA", 4)).await;
    assert_eq!(available(&h, "SOFA").await, [(0, 2), (6, 4)]);
    let kinds = h.kinds_of(h.done(hold("b", "customs", None))).await;
    let expected = [
        "BatchHeld",
        "Deallocated",
        "Allocated",
        "Deallocated",
        "Backordered",
        "OutOfStock",
        "PromiseChanged",
        "PromiseChanged",
    ];
    assert_eq!(kinds, expected);
    let moved = h.see_line("o-1", "SOFA").await;
    assert_eq!(moved.allocations[0].batch, name("ship"));
    assert_eq!(
        (moved.original_promise, moved.current_promise),
        (Some(today()), Some(in_days(6)))
    );
    let waits = h.see_line("o-2", "SOFA").await;
    assert_eq!(
        (waits.status, waits.current_promise),
        (Status::Backordered, None)
    );
    let held = h.see_batch("b").await;
    assert_eq!((held.purchased, held.allocated, held.available), (10, 0, 0));
    assert!(available(&h, "SOFA").await.is_empty());
    assert_eq!(
        h.line(line("o-3", "SOFA", 1)).await.status,
        Status::Backordered
    );
    // Released, it is there again: who waits is served first, then who is late. Who had a promise before is told of
    // another one; the first promise is no change.
    let kinds = h.kinds_of(h.done(release("b"))).await;
    let expected = [
        "BatchReleased",
        "Allocated",
        "Allocated",
        "Deallocated",
        "Allocated",
        "PromiseChanged",
        "PromiseChanged",
    ];
    assert_eq!(kinds, expected);
    for order in ["o-1", "o-2", "o-3"] {
        let line = h.see_line(order, "SOFA").await;
        assert_eq!(line.current_promise, Some(today()), "{order}");
        assert_eq!(line.allocations[0].batch, name("b"), "{order}");
    }
    assert_eq!(available(&h, "SOFA").await, [(0, 1), (6, 4)]);
    h.in_order().await;
}

/// Its lines stay and are promised the later of its ETA and the clear date, in the warehouse too.
pub async fn a_hold_with_a_date_keeps_its_lines<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 4)).await;
    let kinds = h
        .kinds_of(h.done(hold("b", "customs", Some(in_days(5)))))
        .await;
    assert_eq!(kinds, ["BatchHeld", "PromiseChanged"]);
    let seen = async || h.see_line("o-1", "SOFA").await.current_promise;
    assert_eq!(seen().await, Some(in_days(5)));
    assert_eq!(h.see_batch("b").await.available, 6);
    assert_eq!(available(&h, "SOFA").await, [(5, 6)]);
    assert_eq!(
        h.line(line("o-2", "SOFA", 1)).await.current_promise,
        Some(in_days(5))
    );
    // The later of both counts; the hold stays when the batch is received.
    h.done(set_eta("b", Some(in_days(9)))).await;
    assert_eq!(seen().await, Some(in_days(9)));
    h.done(receive("b", 10)).await;
    let received = h.see_batch("b").await;
    assert_eq!(
        (received.eta, received.hold.map(|hold| hold.code)),
        (None, Some(name("customs")))
    );
    assert_eq!(seen().await, Some(in_days(5)));
    // A hold on a hold replaces code and date.
    h.done(hold("b", "damage", Some(in_days(2)))).await;
    assert_eq!(
        h.see_batch("b").await.hold.map(|hold| hold.code),
        Some(name("damage"))
    );
    assert_eq!(seen().await, Some(in_days(2)));
    assert_eq!(
        h.see_line("o-2", "SOFA").await.current_promise,
        Some(in_days(5)),
        "its original"
    );
    h.done(hold("b", "damage", None)).await;
    assert_eq!(h.see_line("o-1", "SOFA").await.status, Status::Backordered);
    h.done(hold("b", "damage", Some(in_days(8)))).await;
    assert_eq!(seen().await, Some(in_days(8)), "supply again, from then on");
    h.done(release("b")).await;
    assert_eq!(seen().await, Some(today()));
    h.in_order().await;
}

/// The same hold twice, and the release of what is not held, change nothing and say so.
pub async fn a_hold_is_repeated<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 4)).await;
    assert!(h.kinds_of(h.done(release("b"))).await.is_empty());
    h.done(hold("b", "customs", Some(in_days(5)))).await;
    let log = h.events().await;
    assert!(!h.done(hold("b", "customs", Some(in_days(5)))).await.created);
    assert_eq!(h.events().await, log);
    let held = h.done(with_id("k-1", hold("b", "damage", None))).await;
    h.done(release("b")).await;
    let log = h.events().await;
    assert_eq!(
        h.done(with_id("k-1", hold("b", "damage", None))).await,
        held
    );
    assert_eq!(h.events().await, log, "it was carried out once");
    assert_eq!(h.see_batch("b").await.hold, None);
    for unknown in [hold("c", "customs", None), release("c")] {
        let reference = name("c");
        assert_eq!(
            h.refused(unknown).await,
            Rejection::UnknownBatch { reference }
        );
    }
    h.in_order().await;
}

/// Held goods do not leave, whether a day is known or not; and a shortage of held goods is still one.
pub async fn held_goods_do_not_leave<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(line("o-2", "SOFA", 4)).await;
    h.done(hold("b", "customs", Some(today()))).await;
    let refused = h.refused(dispatch("o-1", "SOFA")).await;
    assert!(
        matches!(&refused, Rejection::NotInWarehouse { state, .. } if state.contains("customs")),
        "{refused:?}"
    );
    h.done(set_quantity("b", 4)).await;
    assert_eq!(h.see_line("o-1", "SOFA").await.status, Status::Allocated);
    assert_eq!(h.see_line("o-2", "SOFA").await.status, Status::Backordered);
    h.done(release("b")).await;
    h.done(dispatch("o-1", "SOFA")).await;
    assert_eq!(h.see_batch("b").await.dispatched, 4);
    let events = h.events().await;
    let Some(Event::Dispatched { departures, on, .. }) = events.last().map(|r| &r.event) else {
        panic!("{events:?}")
    };
    assert_eq!(*on, today());
    assert_eq!(departures[0].landed, Some(today()));
    h.in_order().await;
}

/// What a line had before it waited gives it no place: by priority, requested date and age a newer one that names a
/// date is before one that names none.
pub async fn released_goods_go_to_the_queue<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 4)).await;
    h.done(line("had-it", "SOFA", 4)).await;
    h.done(hold("b", "customs", None)).await;
    h.done(line("newer", "SOFA", 4).requested(in_days(90)))
        .await;
    h.done(release("b")).await;
    let newer = h.see_line("newer", "SOFA").await;
    assert_eq!(newer.status, Status::Allocated);
    let had_it = h.see_line("had-it", "SOFA").await;
    assert_eq!(
        (had_it.status, had_it.original_promise),
        (Status::Backordered, Some(today()))
    );
    h.in_order().await;
}
