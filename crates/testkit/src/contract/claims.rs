//! Who goes first when supply changes, and which of the goods that would do they take.

use landfall_domain::line::Status;

use super::scene::in_days;
use crate::commands::{
    batch, cancel_batch, hold, line, receive_shipment, set_eta, set_quantity, shipment,
};
use crate::database::Database;
use crate::harness::Harness;

/// Where the first of a line's goods are, and its promise.
async fn of<D: Database>(h: &Harness<D>, order: &str) -> (String, i64) {
    let line = h.see_line(order, "SOFA").await;
    let promise = line.current_promise.expect("a promise") - crate::today();
    let batch = line.allocations[0].batch.to_string();
    (batch, i64::from(promise.get_days()))
}

/// Delayed lines that may be split find other goods one by one: the most important first, the earlier day and
/// the older among equals.
pub async fn important_split_lines_move_first<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 12).eta(in_days(10))).await;
    for (order, priority) in [("equal", 5), ("low", 0), ("high", 9)] {
        h.done(line(order, "SOFA", 4).priority(priority).split())
            .await;
    }
    h.done(batch("spare", "SOFA", 4).eta(in_days(9))).await;
    h.done(batch("next", "SOFA", 4).eta(in_days(20))).await;
    h.done(set_eta("ship", Some(in_days(30)))).await;
    assert_eq!(of(&h, "high").await, ("spare".into(), 10));
    assert_eq!(of(&h, "equal").await, ("next".into(), 20));
    assert_eq!(of(&h, "low").await, ("ship".into(), 30));
    h.in_order().await;
}

/// A promise that was made outranks the queue: a line that lost its goods and finds others in time goes before one
/// that waits, whatever their priorities.
pub async fn a_promise_outranks_the_queue<D: Database>() {
    let h = Harness::<D>::start();
    h.done(shipment("MV", Some(in_days(10)))).await;
    h.done(batch("a", "SOFA", 7).on("MV")).await;
    h.line(line("seven", "SOFA", 7).priority(0)).await;
    h.done(batch("b", "SOFA", 6).on("MV")).await;
    h.line(line("six", "SOFA", 6).priority(0)).await;
    h.line(line("waits", "SOFA", 6).priority(9)).await;
    // Both lose their goods; those of the first would do for the second.
    h.done(receive_shipment("MV", &[("a", 6), ("b", 5)])).await;
    assert_eq!(of(&h, "six").await, ("a".into(), 10));
    for order in ["seven", "waits"] {
        let line = h.see_line(order, "SOFA").await;
        assert_eq!(line.status, Status::Backordered, "{order}");
    }
    h.in_order().await;
}

/// Goods that keep nobody's promise go by the queue, in which a line that has just lost its goods stands like any
/// other.
pub async fn a_broken_promise_stands_in_the_queue<D: Database>() {
    let h = Harness::<D>::start();
    h.done(shipment("MV", Some(in_days(10)))).await;
    h.done(batch("a", "SOFA", 7).on("MV")).await;
    h.done(hold("a", "quality", Some(in_days(20)))).await;
    h.line(line("seven", "SOFA", 7).priority(0)).await;
    h.done(batch("b", "SOFA", 6).on("MV")).await;
    h.line(line("six", "SOFA", 6).priority(0)).await;
    h.line(line("waits", "SOFA", 6).priority(9)).await;
    // Six are left of the first, too late for who was promised the tenth.
    h.done(receive_shipment("MV", &[("a", 6), ("b", 5)])).await;
    assert_eq!(of(&h, "waits").await, ("a".into(), 20));
    for order in ["seven", "six"] {
        let line = h.see_line(order, "SOFA").await;
        assert_eq!(line.status, Status::Backordered, "{order}");
    }
    h.in_order().await;
}

/// Goods in time are taken from the location that a line names first, also when it moves; the day comes before the
/// location.
pub async fn the_preferred_location_serves_in_time<D: Database>() {
    let h = Harness::<D>::start();
    let at = |reference, day, place| {
        batch(reference, "SOFA", 1)
            .eta(in_days(day))
            .location(place)
    };
    h.done(at("ship", 10, "YORK")).await;
    h.line(line("moves", "SOFA", 1).locations(&["YORK", "LEEDS"]))
        .await;
    h.done(at("york", 8, "YORK")).await;
    h.done(at("leeds", 9, "LEEDS")).await;
    h.done(set_eta("ship", Some(in_days(30)))).await;
    assert_eq!(of(&h, "moves").await, ("york".into(), 10));
    h.done(set_eta("york", Some(in_days(40)))).await;
    assert_eq!(of(&h, "moves").await, ("leeds".into(), 10));

    let both = |order, day| {
        let line = line(order, "SOFA", 1).requested(in_days(day));
        line.locations(&["YORK", "LEEDS"])
    };
    h.done(at("leeds-2", 2, "LEEDS")).await;
    h.done(at("leeds-3", 3, "LEEDS")).await;
    h.line(both("urgent", 5).just_in_time()).await;
    assert_eq!(of(&h, "urgent").await, ("leeds-3".into(), 3));
    h.line(both("patient", 35)).await;
    assert_eq!(of(&h, "patient").await, ("ship".into(), 30));
    h.in_order().await;
}

/// A line that lost its goods, and finds none in time, is late by as little as can be, whatever it asked for at first:
/// goods just in time for its day, or a location before others. What happens next has nothing to mend.
pub async fn a_broken_promise_is_kept_as_nearly_as_can_be<D: Database>() {
    let just_in_time = line("o-1", "SOFA", 2).requested(in_days(20)).just_in_time();
    let of_york = line("o-1", "SOFA", 2).locations(&["YORK", "LEEDS"]);
    for wants in [just_in_time, of_york] {
        for split in [false, true] {
            let h = Harness::<D>::start();
            let at = |reference, units, day, place| {
                let batch = batch(reference, "SOFA", units).eta(in_days(day));
                batch.location(place)
            };
            h.done(at("lost", 2, 10, "YORK")).await;
            let wants = wants.clone();
            h.line(if split { wants.split() } else { wants }).await;
            h.done(at("near", 2, 11, "LEEDS")).await;
            h.done(at("far", 2, 19, "YORK")).await;
            let told = h.kinds_of(h.done(cancel_batch("lost"))).await;
            let changed = |kinds: &[&str]| kinds.contains(&"PromiseChanged");
            assert!(changed(&told), "{told:?}");
            assert_eq!(of(&h, "o-1").await, ("near".into(), 11));
            let told = h.kinds_of(h.done(set_quantity("far", 3))).await;
            assert!(!changed(&told), "{told:?}");
            h.in_order().await;
        }
    }
}

/// So is one that was merely delayed and may be split, where only several batches together come earlier than its own.
pub async fn a_delayed_split_line_is_late_by_as_little_as_can_be<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 2).eta(in_days(10))).await;
    let wants = line("o-1", "SOFA", 2).requested(in_days(30));
    h.line(wants.just_in_time().split()).await;
    for (reference, day) in [("d-11", 11), ("d-12", 12), ("d-13", 13), ("d-19", 19)] {
        h.done(batch(reference, "SOFA", 1).eta(in_days(day))).await;
    }
    h.done(set_eta("ship", Some(in_days(40)))).await;
    assert_eq!(of(&h, "o-1").await, ("d-11".into(), 12));
    h.in_order().await;
}
