//! Keeping promises when supply changes: lines move silently, early stock goes to who needs it early, and
//! nobody's kept promise is broken for another's.

use landfall_domain::Event;
use landfall_domain::events::DeallocationReason;
use landfall_domain::line::Status;
use landfall_service::engine::Limits;

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    amend, amend_or_wait, batch, cancel_line, hold, line, name, order, release, set_eta,
    set_quantity,
};
use crate::database::Database;
use crate::harness::Harness;

/// Where a line's goods are, and its promise.
async fn of<D: Database>(h: &Harness<D>, order: &str) -> (String, i64) {
    let line = h.see_line(order, "SOFA").await;
    let promise = line.current_promise.expect("a promise") - today();
    (
        line.allocations[0].batch.to_string(),
        i64::from(promise.get_days()),
    )
}

fn at(batch: &str, promise: i64) -> (String, i64) {
    (batch.to_owned(), promise)
}

/// A late ship's line takes free stock that comes in time, the latest such; nobody is told.
pub async fn a_late_line_moves_silently<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 4).eta(in_days(10))).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(batch("here", "SOFA", 4)).await;
    h.done(batch("soon", "SOFA", 4).eta(in_days(9))).await;
    h.done(batch("later", "SOFA", 4).eta(in_days(11))).await;
    let log = h.events().await.len();
    h.done(set_eta("ship", Some(in_days(30)))).await;
    assert_eq!(of(&h, "o-1").await, at("soon", 10));
    let events = h.events().await.split_off(log);
    let kinds: Vec<_> = events.iter().map(|record| record.event.kind()).collect();
    assert_eq!(kinds, ["BatchEtaChanged", "Deallocated", "Allocated"]);
    assert!(matches!(
        &events[1].event,
        Event::Deallocated {
            reason: DeallocationReason::Repegged,
            ..
        }
    ));
    // With nothing in time the least late is taken, and who must know is told once.
    h.done(set_quantity("here", 0)).await;
    let kinds = h.kinds_of(h.done(set_eta("soon", Some(in_days(40))))).await;
    let expected = [
        "BatchEtaChanged",
        "Deallocated",
        "Allocated",
        "PromiseChanged",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(of(&h, "o-1").await, at("later", 11));
    h.in_order().await;
}

/// A line with slack gives up its early stock, along a chain.
pub async fn slack_is_given_up<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("c-12", "SOFA", 1).eta(in_days(12))).await;
    h.done(line("slack", "SOFA", 1)).await;
    h.done(batch("b-8", "SOFA", 1).eta(in_days(8))).await;
    h.done(line("middle", "SOFA", 1)).await;
    h.done(batch("a-4", "SOFA", 1).eta(in_days(4))).await;
    h.done(line("early", "SOFA", 1)).await;
    // Each has come earlier since: all have slack.
    h.done(set_eta("c-12", Some(in_days(7)))).await;
    h.done(set_eta("b-8", Some(in_days(3)))).await;
    h.done(batch("d-11", "SOFA", 1).eta(in_days(11))).await;
    for (order, place) in [
        ("slack", at("c-12", 12)),
        ("middle", at("b-8", 8)),
        ("early", at("a-4", 4)),
    ] {
        assert_eq!(of(&h, order).await, place);
    }
    // The early one takes the middle one's goods, that one those of the line with slack, that one the free ones.
    let kinds = h.kinds_of(h.done(set_eta("a-4", Some(in_days(50))))).await;
    assert!(!kinds.contains(&"PromiseChanged"), "{kinds:?}");
    assert_eq!(of(&h, "early").await, at("b-8", 4));
    assert_eq!(of(&h, "middle").await, at("c-12", 8));
    assert_eq!(of(&h, "slack").await, at("d-11", 12));
    h.in_order().await;
}

/// No kept promise is broken for another, whatever its priority.
pub async fn a_kept_promise_is_not_broken<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("here", "SOFA", 1)).await;
    h.done(line("humble", "SOFA", 1).priority(0)).await;
    h.done(batch("ship", "SOFA", 2).eta(in_days(5))).await;
    h.done(line("high", "SOFA", 1).priority(9)).await;
    h.done(set_eta("ship", Some(in_days(20)))).await;
    assert_eq!(of(&h, "humble").await, at("here", 0));
    assert_eq!(of(&h, "high").await, at("ship", 20));
    // Who lost the goods altogether may not take them either; the priority counts among equals.
    h.done(line("low", "SOFA", 1).priority(1)).await;
    h.done(batch("other", "SOFA", 1).eta(in_days(30))).await;
    h.done(set_quantity("ship", 0)).await;
    assert_eq!(of(&h, "humble").await, at("here", 0));
    assert_eq!(of(&h, "high").await, at("other", 30));
    assert_eq!(h.see_line("low", "SOFA").await.status, Status::Backordered);
    h.in_order().await;
}

/// When not all can be kept, priority decides who is; the other gets the earliest day that is left.
pub async fn priority_decides_who_is_kept<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 3).eta(in_days(5))).await;
    for (order, priority) in [("o-1", 5), ("o-2", 9), ("o-3", 0)] {
        h.done(line(order, "SOFA", 1).priority(priority)).await;
    }
    h.done(batch("here", "SOFA", 1)).await;
    h.done(batch("next", "SOFA", 1).eta(in_days(8))).await;
    h.done(set_eta("ship", Some(in_days(20)))).await;
    assert_eq!(of(&h, "o-2").await, at("here", 5));
    assert_eq!(of(&h, "o-1").await, at("next", 8));
    assert_eq!(of(&h, "o-3").await, at("ship", 20));
    // Better supply: who waits first, then the late, back to their first promise and not before it.
    h.done(line("waits", "SOFA", 2).priority(0)).await;
    h.done(line("waits-too", "SOFA", 1)).await;
    assert_eq!(of(&h, "waits").await, at("ship", 20));
    let log = h.events().await.len();
    h.done(batch("more", "SOFA", 2).eta(in_days(1))).await;
    assert_eq!(of(&h, "waits-too").await, at("more", 1));
    assert_eq!(of(&h, "o-1").await.1, 5);
    let changed = h.events().await.split_off(log);
    let told = changed
        .iter()
        .filter(|record| record.event.kind() == "PromiseChanged");
    assert_eq!(
        told.count(),
        2,
        "o-1 gets its day back, and o-3 what that one leaves"
    );
    assert_eq!(of(&h, "o-3").await, at("next", 8));
    // What a customer no longer wants goes to the next.
    h.done(cancel_line("o-1", "SOFA")).await;
    assert_eq!(
        of(&h, "o-3").await.1,
        5,
        "its original, though the goods are there before"
    );
    h.in_order().await;
}

/// What a customer wants less of, or gives up to wait for more, goes to who is late.
pub async fn wanting_less_helps_the_late<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("here", "SOFA", 4)).await;
    h.done(line("large", "SOFA", 4)).await;
    h.done(batch("ship", "SOFA", 2).eta(in_days(5))).await;
    h.done(line("o-1", "SOFA", 1)).await;
    h.done(line("o-2", "SOFA", 1)).await;
    h.done(set_eta("ship", Some(in_days(20)))).await;
    assert_eq!(of(&h, "o-2").await, at("ship", 20));
    h.done(amend("large", "SOFA", 3)).await;
    assert_eq!(of(&h, "o-1").await, at("here", 5));
    assert_eq!(of(&h, "o-2").await, at("ship", 20));
    h.done(amend_or_wait("large", "SOFA", 9)).await;
    assert_eq!(of(&h, "o-2").await, at("here", 5));
    h.in_order().await;
}

/// Lines are only moved to where they may be served from, and whole.
pub async fn a_move_keeps_to_the_terms<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 6).eta(in_days(5)).location("LEEDS"))
        .await;
    h.done(line("o-1", "SOFA", 3).locations(&["LEEDS"])).await;
    h.done(line("o-2", "SOFA", 3)).await;
    h.done(batch("york", "SOFA", 2).location("YORK")).await;
    h.done(batch("bath", "SOFA", 4).location("BATH")).await;
    h.done(set_eta("ship", Some(in_days(9)))).await;
    assert_eq!(of(&h, "o-1").await, at("ship", 9));
    assert_eq!(of(&h, "o-2").await, at("bath", 5));
    h.done(batch("leeds", "SOFA", 3).location("LEEDS").eta(in_days(7)))
        .await;
    assert_eq!(of(&h, "o-1").await, at("leeds", 7));
    h.in_order().await;
}

/// Handling days and past days are in what a supply can be promised for.
pub async fn days_are_those_of_the_promise<D: Database>() {
    let h = Harness::<D>::start_with(Limits::default(), 2);
    h.done(batch("ship", "SOFA", 1).eta(in_days(4))).await;
    h.done(line("o-1", "SOFA", 1)).await;
    h.done(batch("overdue", "SOFA", 1).eta(in_days(-5))).await;
    h.clock.set_day(in_days(5));
    assert_eq!(of(&h, "o-1").await, at("ship", 6));
    // What is overdue could be there today at the earliest: too late to keep day 6, not too late for day 7.
    h.done(set_eta("ship", Some(in_days(9)))).await;
    assert_eq!(of(&h, "o-1").await, at("overdue", 7));
    h.done(set_eta("overdue", Some(in_days(30)))).await;
    assert_eq!(of(&h, "o-1").await, at("ship", 11));
    h.done(set_eta("ship", Some(name_of_the_end()))).await;
    assert_eq!(of(&h, "o-1").await, at("overdue", 32));
    // The last day there is can be an ETA; a promise for it is for that day.
    h.done(set_eta("overdue", Some(name_of_the_end()))).await;
    let line = h.see_line("o-1", "SOFA").await;
    assert_eq!(line.current_promise, Some(name_of_the_end()));
    h.in_order().await;
}

fn name_of_the_end() -> jiff::civil::Date {
    name("9999-12-31")
}

/// A line that may be split and has lost its goods takes others that keep its promise, wherever it would rather have
/// them from and however late it would rather have them; and before the queue has its turn.
pub async fn a_split_line_that_lost_its_goods_keeps_its_promise<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 8).location("NORTH")).await;
    let by_location = line("o-1", "SOFA", 8).split();
    h.done(by_location.locations(&["SOUTH", "NORTH"])).await;
    h.done(batch("b", "LAMP", 8)).await;
    let just_in_time = line("o-2", "LAMP", 8).split().just_in_time();
    h.done(just_in_time.requested(in_days(30))).await;
    for (late, soon, sku) in [("c", "d", "SOFA"), ("e", "f", "LAMP")] {
        h.done(batch(late, sku, 8).location("SOUTH").eta(in_days(17)))
            .await;
        h.line(line("waits", sku, 30).line_id(sku).priority(9))
            .await;
        h.done(batch(soon, sku, 8).location("NORTH")).await;
    }
    let told = in_days(0);
    for (from, to, order, sku) in [("a", "d", "o-1", "SOFA"), ("b", "f", "o-2", "LAMP")] {
        h.done(hold(from, "damaged", None)).await;
        let line = h.see_line(order, sku).await;
        assert_eq!(line.allocations[0].batch.as_str(), to, "{line:?}");
        assert_eq!(line.current_promise, Some(told), "{line:?}");
    }
    h.in_order().await;
}

/// A line that may be split moves as a whole, in parts.
pub async fn a_split_line_moves_in_parts<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 6).eta(in_days(5))).await;
    h.done(line("o-1", "SOFA", 6).split()).await;
    h.done(batch("a", "SOFA", 3)).await;
    h.done(batch("b", "SOFA", 3).eta(in_days(2))).await;
    let kinds = h.kinds_of(h.done(set_eta("ship", Some(in_days(9))))).await;
    assert_eq!(kinds, ["BatchEtaChanged", "Deallocated", "Allocated"]);
    let moved = h.see_line("o-1", "SOFA").await;
    let pegs: Vec<_> = moved
        .allocations
        .iter()
        .map(|a| (a.batch.as_str(), a.quantity))
        .collect();
    assert_eq!(
        pegs,
        [("b", 3), ("a", 3)],
        "the last that are in time first"
    );
    assert_eq!(moved.current_promise, Some(in_days(5)));
    // It loses all of it with one of its batches, and is served again by the queue.
    h.done(hold("a", "customs", None)).await;
    let parts = async || {
        let line = h.see_line("o-1", "SOFA").await;
        let pegs = line
            .allocations
            .iter()
            .map(|a| (a.batch.to_string(), a.quantity));
        (pegs.collect::<Vec<_>>(), line.current_promise)
    };
    let late = (vec![("b".into(), 3), ("ship".into(), 3)], Some(in_days(9)));
    assert_eq!(parts().await, late);
    // Better supply pulls it back as it does others.
    let kinds = h
        .kinds_of(h.done(batch("c", "SOFA", 3).eta(in_days(8))))
        .await;
    let expected = ["BatchCreated", "Deallocated", "Allocated", "PromiseChanged"];
    assert_eq!(kinds, expected);
    let better = (vec![("b".into(), 3), ("c".into(), 3)], Some(in_days(8)));
    assert_eq!(parts().await, better);
    h.done(batch("d", "SOFA", 4).eta(in_days(1))).await;
    let back = (vec![("d".into(), 3), ("b".into(), 3)], Some(in_days(5)));
    assert_eq!(parts().await, back, "its original, and not before");
    assert!(h.kinds_of(h.done(batch("e", "SOFA", 6))).await == ["BatchCreated"]);
    h.in_order().await;
}

/// Just in time, a line takes the latest goods that meet its day, and early stock stays free; when these are
/// late it moves to the latest that still keep its promise.
pub async fn just_in_time_waits_least<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("here", "SOFA", 5)).await;
    h.done(batch("soon", "SOFA", 5).eta(in_days(6))).await;
    h.done(batch("then", "SOFA", 5).eta(in_days(12))).await;
    h.done(batch("late", "SOFA", 5).eta(in_days(20))).await;
    h.done(line("o-1", "SOFA", 5).just_in_time().requested(in_days(15)))
        .await;
    assert_eq!(of(&h, "o-1").await, at("then", 12));
    h.done(line("o-2", "SOFA", 5).just_in_time().requested(in_days(15)))
        .await;
    assert_eq!(of(&h, "o-2").await, at("soon", 6));
    h.done(line("urgent", "SOFA", 5)).await;
    assert_eq!(
        of(&h, "urgent").await,
        at("here", 0),
        "early stock was left for it"
    );
    h.done(batch("spare", "SOFA", 5).eta(in_days(11))).await;
    h.done(batch("sooner", "SOFA", 5).eta(in_days(3))).await;
    h.done(set_eta("then", Some(in_days(18)))).await;
    assert_eq!(of(&h, "o-1").await, at("spare", 12));
    h.in_order().await;
}

/// What is better makes nobody later, and only the late earlier.
pub async fn early_stays_free<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 2).eta(in_days(9))).await;
    h.done(line("o-1", "SOFA", 1)).await;
    let kinds = h.kinds_of(h.done(batch("here", "SOFA", 5))).await;
    assert_eq!(
        kinds,
        ["BatchCreated"],
        "it is promised what it was promised"
    );
    assert_eq!(h.see_batch("here").await.available, 5);
    h.done(hold("ship", "customs", Some(in_days(11)))).await;
    assert_eq!(
        of(&h, "o-1").await,
        at("here", 9),
        "kept with early stock, for want of other"
    );
    h.done(release("ship")).await;
    assert_eq!(of(&h, "o-1").await.1, 9);
    h.done(order("o-2", &[("SOFA", 4)])).await;
    h.in_order().await;
}
