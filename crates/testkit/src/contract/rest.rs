//! What can be had is had at once: after a command nothing is left for the next event of the product to mend, and nothing
//! has moved in vain.

use landfall_domain::BatchRef;

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    BatchCommand, OrderCommand, amend, amend_or_wait, batch, cancel_line, hold, line, name, order,
    release, set_eta, set_quantity, set_shipment_eta, shipment,
};
use crate::database::Database;
use crate::harness::Harness;

/// Units that come on a day from today; 0: that are there.
fn goods(reference: &str, units: u64, day: i64) -> BatchCommand {
    let batch = batch(reference, "SOFA", units);
    if day == 0 {
        batch
    } else {
        batch.eta(in_days(day))
    }
}

/// The day that a line is promised, from today.
async fn promised<D: Database>(h: &Harness<D>, order: &str, line: &str) -> Option<i64> {
    let promise = h.see_line(order, line).await.current_promise?;
    Some(i64::from((promise - today()).get_days()))
}

/// Goods of which nobody can have any use move nobody.
async fn at_rest<D: Database>(h: &Harness<D>) {
    let nothing = batch("nothing", "SOFA", 1).eta(in_days(3_000));
    let kinds = h.kinds_of(h.done(nothing.location("NOWHERE"))).await;
    assert_eq!(kinds, ["BatchCreated"]);
    h.in_order().await;
}

/// A line that lost its goods, and for which the queue has later ones, takes the place of one that can wait for those.
pub async fn who_lost_its_goods_has_those_of_who_can_wait<D: Database>() {
    let h = Harness::<D>::start();
    for batch in [goods("b1", 1, 0), goods("b2", 1, 18), goods("b3", 1, 15)] {
        h.done(batch).await;
    }
    h.done(line("lost", "SOFA", 1)).await;
    let waits = line("waits", "SOFA", 1).requested(in_days(18));
    h.done(waits.just_in_time()).await;
    h.done(set_eta("b2", Some(in_days(12)))).await;
    h.done(hold("b1", "customs", None)).await;
    assert_eq!(promised(&h, "lost", "SOFA").await, Some(12));
    assert_eq!(promised(&h, "waits", "SOFA").await, Some(18));
    at_rest(&h).await;

    // One that goes out together with a later one can wait, too.
    let h = Harness::<D>::start();
    for batch in [goods("b1", 1, 0), goods("b2", 1, 2), goods("b3", 4, 23)] {
        h.done(batch).await;
    }
    h.done(line("lost", "SOFA", 1)).await;
    let both = order("both", &[]).named("l1", "SOFA", 1);
    h.done(both.named("l2", "SOFA", 1).together()).await;
    h.done(hold("b1", "customs", None)).await;
    assert_eq!(promised(&h, "lost", "SOFA").await, Some(2));
    assert_eq!(promised(&h, "both", "l1").await, Some(23));
    at_rest(&h).await;
}

/// An order that goes out together, and had no promise, has the earliest day as soon as it has one.
pub async fn an_order_gets_its_earliest_day<D: Database>() {
    let h = Harness::<D>::start();
    for batch in [goods("b1", 1, 0), goods("b2", 1, 16), goods("b3", 4, 11)] {
        h.done(batch).await;
    }
    let three = order("three", &[]).named("l1", "SOFA", 1);
    let three = three.named("l2", "SOFA", 1).named("l3", "SOFA", 1);
    h.done(three.together()).await;
    assert_eq!(promised(&h, "three", "l1").await, Some(11));
    h.done(hold("b3", "customs", None)).await;
    assert_eq!(promised(&h, "three", "l1").await, None);
    h.done(release("b3")).await;
    assert_eq!(promised(&h, "three", "l1").await, Some(11));
    at_rest(&h).await;

    // Also where another order that goes out together can wait.
    let h = Harness::<D>::start();
    for batch in [goods("b2", 4, 5), goods("b3", 8, 1)] {
        h.done(batch).await;
    }
    h.done(line("o-0", "SOFA", 2)).await;
    for id in ["o-1", "o-3"] {
        let order = order(id, &[]).named("l0", "SOFA", 2);
        h.done(order.named("l1", "SOFA", 2).together()).await;
    }
    h.done(amend_or_wait("o-1", "l0", 4)).await;
    h.done(set_quantity("b2", 8)).await;
    at_rest(&h).await;
}

/// A delayed order uses what its other lines can do without since then.
pub async fn a_delayed_order_makes_use_of_its_own_lines<D: Database>() {
    let h = Harness::<D>::start();
    let at = |reference, day, place| goods(reference, 1, day).location(place);
    for batch in [at("b2", 0, "L"), at("b3", 7, "L"), at("b4", 16, "M")] {
        h.done(batch).await;
    }
    let mut both = order("both", &[]).named("l0", "SOFA", 1);
    both = both.named("l1", "SOFA", 1).together();
    both.0.lines[1].locations = vec![name("L")];
    h.done(both).await;
    assert_eq!(promised(&h, "both", "l0").await, Some(7));
    h.done(set_eta("b3", Some(in_days(21)))).await;
    assert_eq!(promised(&h, "both", "l0").await, Some(16));
    at_rest(&h).await;

    // And what others can do without once a line of theirs is cancelled.
    let h = Harness::<D>::start();
    for batch in [goods("b1", 3, 4), goods("b2", 1, 9), goods("b4", 4, 17)] {
        h.done(batch).await;
    }
    for id in ["o-0", "o-2"] {
        let order = order(id, &[]).named("l0", "SOFA", 1);
        h.done(order.named("l1", "SOFA", 1).together()).await;
    }
    h.done(amend("o-0", "l1", 2)).await;
    h.done(cancel_line("o-2", "l1")).await;
    at_rest(&h).await;
}

/// An order over several products is late by one, then by another: it makes use of what has been free for that one for long.
pub async fn an_order_makes_use_of_all_its_products<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("lamps", "LAMP", 5)).await;
    for batch in [goods("s1", 5, 8), goods("s2", 5, 13)] {
        h.done(batch).await;
    }
    let both = order("both", &[("LAMP", 1), ("SOFA", 1)]).together();
    h.done(both).await;
    h.done(set_eta("lamps", Some(in_days(19)))).await;
    h.done(set_eta("s1", Some(in_days(17)))).await;
    assert_eq!(promised(&h, "both", "SOFA").await, Some(19));
    h.done(set_eta("lamps", None)).await;
    assert_eq!(promised(&h, "both", "SOFA").await, Some(13));
    at_rest(&h).await;
}

/// An order whose last line is served from the queue agrees on its day before late lines look for goods: another line of it
/// can wait for those that come on that day.
pub async fn who_is_late_has_what_a_filled_order_can_do_without<D: Database>() {
    let h = Harness::<D>::start();
    h.done(goods("b1", 1, 5)).await;
    h.done(line("late", "SOFA", 1)).await;
    h.done(set_eta("b1", Some(in_days(13)))).await;
    h.done(set_quantity("b1", 2)).await;
    let both = order("both", &[]).named("l0", "SOFA", 1);
    h.done(both.named("l1", "SOFA", 1).together()).await;
    assert_eq!(promised(&h, "both", "l0").await, None);
    h.done(goods("b4", 1, 9)).await;
    assert_eq!(promised(&h, "late", "SOFA").await, Some(9));
    assert_eq!(promised(&h, "both", "l0").await, Some(13));
    at_rest(&h).await;

    // Also where nobody was late but by what this command does.
    let h = Harness::<D>::start();
    h.done(goods("b2", 2, 0).location("L")).await;
    h.done(line("o-0", "SOFA", 2)).await;
    h.done(goods("b3", 6, 2)).await;
    h.done(line("o-1", "SOFA", 2)).await;
    h.done(set_quantity("b2", 6)).await;
    h.done(line("o-2", "SOFA", 2)).await;
    let mut three = order("three", &[]).named("l0", "SOFA", 2);
    three = three.named("l1", "SOFA", 2).named("l2", "SOFA", 2);
    three.0.lines[2].locations = vec![name("L")];
    h.done(three.together()).await;
    h.done(set_eta("b2", Some(in_days(3)))).await;
    at_rest(&h).await;
}

/// Where an order takes early goods so as to leave earlier, and does not, because another line of it comes as late as ever,
/// who is late has them at once.
pub async fn who_is_late_has_what_an_order_took_in_vain<D: Database>() {
    let h = Harness::<D>::start();
    let ordered = |id: &str, lines: usize| {
        let named = |order: OrderCommand, n| order.named(&format!("l{n}"), "SOFA", 1);
        (0..lines).fold(order(id, &[]), named).together()
    };
    h.done(shipment("V", Some(in_days(9)))).await;
    h.done(goods("b1", 1, 12)).await;
    h.done(batch("b2", "SOFA", 1).on("V")).await;
    h.done(ordered("o-0", 2)).await;
    h.done(ordered("o-1", 3)).await;
    let mut urgent = ordered("o-2", 3).priority(9);
    urgent.0.lines[2].requested_date = Some(in_days(19));
    h.done(urgent).await;
    for batch in [batch("b3", "SOFA", 2), batch("b4", "SOFA", 3)] {
        h.done(batch.on("V")).await;
    }
    h.done(goods("b5", 1, 10)).await;
    h.done(set_quantity("b1", 4)).await;
    h.done(set_shipment_eta("V", Some(in_days(16)))).await;
    h.done(ordered("o-3", 3)).await;
    h.done(set_eta("b3", Some(in_days(22)))).await;
    h.done(set_eta("b3", None)).await;
    at_rest(&h).await;
}

/// Lines that go out together and may be split do not take goods from each other in turns.
pub async fn lines_that_go_together_take_no_turns<D: Database>() {
    for split in [false, true] {
        let h = Harness::<D>::start();
        h.done(goods("b1", 2, 0)).await;
        let mut both = order("both", &[]).named("l0", "SOFA", 1);
        both = both.named("l1", "SOFA", 1).together();
        for line in &mut both.0.lines {
            line.split = split;
        }
        h.done(both).await;
        h.done(set_eta("b1", Some(in_days(16)))).await;
        h.done(goods("b4", 1, 10)).await;
        let kinds = h.kinds_of(h.done(goods("b2", 1, 0))).await;
        let moves = kinds.iter().filter(|kind| **kind == "Allocated").count();
        assert_eq!(moves, 1, "{kinds:?}");
        assert_eq!(promised(&h, "both", "l0").await, Some(10));
        at_rest(&h).await;
    }
}

/// A line that gives way, and whose place is free again when all is planned, has not moved.
pub async fn who_stays_has_not_moved<D: Database>() {
    let h = Harness::<D>::start();
    h.done(goods("b2", 3, 0).location("L")).await;
    h.done(goods("b4", 2, 0)).await;
    let stays = line("stays", "SOFA", 1).priority(0);
    h.done(stays.locations(&["L"])).await;
    h.done(line("moves", "SOFA", 1)).await;
    let left = h.see_line("moves", "SOFA").await;
    let of: BatchRef = left.allocations[0].batch.clone();
    assert_eq!(of.as_str(), "b2");
    let kinds = h.kinds_of(h.done(set_quantity("b2", 1))).await;
    assert_eq!(kinds, ["BatchQuantityChanged", "Deallocated", "Allocated"]);
    at_rest(&h).await;
}
