//! Keeping the promises of lines that may be split: others make room for them as for any line, and what is free here
//! and there is used as well.

use landfall_domain::line::Status;

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{batch, hold, line, set_eta, set_quantity};
use crate::database::Database;
use crate::harness::Harness;

/// Where a line's goods are and how many, and its promise.
async fn of<D: Database>(h: &Harness<D>, order: &str) -> (Vec<(String, u64)>, i64) {
    let line = h.see_line(order, "SOFA").await;
    let promise = line.current_promise.expect("a promise") - today();
    let goods = line.allocations.into_iter();
    let goods = goods.map(|a| (a.batch.to_string(), a.quantity)).collect();
    (goods, i64::from(promise.get_days()))
}

fn at(goods: &[(&str, u64)], promise: i64) -> (Vec<(String, u64)>, i64) {
    let goods = goods.iter().map(|(batch, units)| ((*batch).into(), *units));
    (goods.collect(), promise)
}

/// A line that was promised day 20 has goods of day 5, in Leeds.
async fn with_slack<D: Database>(h: &Harness<D>, units: u64, split: bool) {
    let soon = batch("soon", "SOFA", units).eta(in_days(20));
    h.done(soon.location("LEEDS")).await;
    let patient = line("patient", "SOFA", units);
    h.done(if split { patient.split() } else { patient }).await;
    h.done(set_eta("soon", Some(in_days(5)))).await;
    assert_eq!(of(h, "patient").await, at(&[("soon", units)], 20));
}

/// A line that can wait gives its early goods to a delayed one that may be split, and nobody is told. So does one that may
/// be split itself.
pub async fn slack_is_given_up_to_a_split_line<D: Database>() {
    for split in [false, true] {
        let h = Harness::<D>::start();
        with_slack(&h, 4, split).await;
        h.done(batch("ship", "SOFA", 4).eta(in_days(10))).await;
        h.done(line("o-1", "SOFA", 4).split()).await;
        h.done(batch("later", "SOFA", 4).eta(in_days(15))).await;
        let told = h.kinds_of(h.done(set_eta("ship", Some(in_days(40))))).await;
        assert!(!told.contains(&"PromiseChanged"), "{told:?}");
        assert_eq!(of(&h, "o-1").await, at(&[("soon", 4)], 10));
        assert_eq!(of(&h, "patient").await, at(&[("later", 4)], 20));
        h.in_order().await;
    }
}

/// The same for one of several batches, of which one is late: for that part.
pub async fn slack_is_given_up_to_the_late_part<D: Database>() {
    let h = Harness::<D>::start();
    with_slack(&h, 3, false).await;
    h.done(batch("here", "SOFA", 3)).await;
    h.done(batch("ship", "SOFA", 3).eta(in_days(10))).await;
    h.done(line("o-1", "SOFA", 6).split()).await;
    assert_eq!(of(&h, "o-1").await, at(&[("here", 3), ("ship", 3)], 10));
    h.done(batch("later", "SOFA", 3).eta(in_days(15))).await;
    h.done(set_eta("ship", Some(in_days(40)))).await;
    assert_eq!(of(&h, "o-1").await, at(&[("here", 3), ("soon", 3)], 10));
    assert_eq!(of(&h, "patient").await, at(&[("later", 3)], 20));
    // Where the line has goods of a batch already, they are more.
    h.done(set_quantity("here", 6)).await;
    h.done(set_eta("soon", Some(in_days(30)))).await;
    assert_eq!(of(&h, "o-1").await, at(&[("here", 6)], 10));
    h.in_order().await;
}

/// A split line that has lost its goods, to a hold or a shortage, keeps its promise where one with slack makes room,
/// before the queue has its turn. Later goods it has only after the queue, and somebody makes room there as well.
pub async fn room_is_made_for_a_split_line_that_lost_its_goods<D: Database>() {
    for short in [false, true] {
        let h = Harness::<D>::start();
        with_slack(&h, 4, false).await;
        h.done(batch("ship", "SOFA", 4).eta(in_days(10))).await;
        h.done(line("o-1", "SOFA", 4).split()).await;
        let later = batch("later", "SOFA", 4).eta(in_days(15));
        h.done(later.location("YORK")).await;
        let waits = line("waits", "SOFA", 4).priority(9);
        h.done(waits.locations(&["LEEDS"])).await;
        if short {
            h.done(set_quantity("ship", 3)).await;
        } else {
            h.done(hold("ship", "customs", None)).await;
        }
        assert_eq!(of(&h, "o-1").await, at(&[("soon", 4)], 10));
        assert_eq!(of(&h, "patient").await, at(&[("later", 4)], 20));
        let waits = h.see_line("waits", "SOFA").await;
        assert_eq!(waits.status, Status::Backordered);
        h.in_order().await;
    }
    let h = Harness::<D>::start();
    with_slack(&h, 4, false).await;
    let ship = batch("ship", "SOFA", 4).eta(in_days(3));
    h.done(ship.location("LEEDS")).await;
    let picky = line("o-1", "SOFA", 4).split();
    h.done(picky.locations(&["LEEDS"])).await;
    let later = batch("later", "SOFA", 4).eta(in_days(15));
    h.done(later.location("YORK")).await;
    h.done(hold("ship", "customs", None)).await;
    assert_eq!(of(&h, "o-1").await, at(&[("soon", 4)], 5));
    assert_eq!(of(&h, "patient").await, at(&[("later", 4)], 20));
    h.in_order().await;
}

/// A late split line is pulled back with goods that one with slack gives up.
pub async fn a_late_split_line_is_pulled_back_with_slack<D: Database>() {
    let h = Harness::<D>::start();
    with_slack(&h, 4, false).await;
    h.done(batch("ship", "SOFA", 4).eta(in_days(10))).await;
    h.done(line("o-1", "SOFA", 4).split()).await;
    h.done(set_eta("ship", Some(in_days(40)))).await;
    assert_eq!(of(&h, "o-1").await, at(&[("ship", 4)], 40));
    h.done(batch("later", "SOFA", 4).eta(in_days(15))).await;
    assert_eq!(of(&h, "o-1").await, at(&[("soon", 4)], 10));
    assert_eq!(of(&h, "patient").await, at(&[("later", 4)], 20));
    h.in_order().await;
}

/// Where nothing whole keeps a split line's promise, free parts in time do, also where goods in one piece come earlier
/// than its own. It leaves whole goods to a line that can do with nothing else.
pub async fn parts_in_time_keep_a_promise<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 6).eta(in_days(10))).await;
    h.done(line("o-1", "SOFA", 6).split()).await;
    h.done(batch("a", "SOFA", 4)).await;
    h.done(batch("b", "SOFA", 3).eta(in_days(2))).await;
    h.done(batch("c", "SOFA", 6).eta(in_days(15))).await;
    h.done(set_eta("ship", Some(in_days(40)))).await;
    assert_eq!(of(&h, "o-1").await, at(&[("b", 3), ("a", 3)], 10));
    h.in_order().await;

    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 8).eta(in_days(10))).await;
    h.done(line("parts", "SOFA", 4).priority(9).split()).await;
    h.done(line("whole", "SOFA", 4).priority(0)).await;
    h.done(batch("a", "SOFA", 2)).await;
    h.done(batch("b", "SOFA", 2)).await;
    h.done(batch("c", "SOFA", 4)).await;
    h.done(set_eta("ship", Some(in_days(40)))).await;
    assert_eq!(of(&h, "parts").await, at(&[("b", 2), ("a", 2)], 10));
    assert_eq!(of(&h, "whole").await, at(&[("c", 4)], 10));
    h.in_order().await;
}

/// A line that may be split has the claims of any other: the priority decides where there is goods for one.
pub async fn a_split_line_has_the_claims_of_others<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 8).eta(in_days(10))).await;
    h.done(line("low", "SOFA", 4).priority(0)).await;
    h.done(line("high", "SOFA", 4).priority(9).split()).await;
    h.done(batch("here", "SOFA", 4)).await;
    h.done(set_eta("ship", Some(in_days(40)))).await;
    assert_eq!(of(&h, "high").await, at(&[("here", 4)], 10));
    assert_eq!(of(&h, "low").await, at(&[("ship", 4)], 40));
    h.in_order().await;
}
