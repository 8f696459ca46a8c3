//! Who goes first when supply changes, and which of the goods that would do they take.

use landfall_domain::line::Status;

use super::scene::in_days;
use crate::commands::{batch, hold, line, receive_shipment, set_eta, shipment};
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
