//! Goods that are held and nobody knows until when, of lines of which a part has left: such a line keeps its
//! batches, and has no promise until somebody knows.

use jiff::civil::Date;
use landfall_domain::Event;
use landfall_domain::events::PromiseCause;
use landfall_domain::line::Status;

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    batch, cancel_batch, cancel_line, dispatch, dispatch_units, hold, hold_shipment, line, name,
    order, receive, release, release_shipment, set_eta, set_quantity, set_shipment_eta, shipment,
};
use crate::database::Database;
use crate::harness::Harness;

type Told = (String, Option<Date>, Option<Date>, PromiseCause);

/// Who is told of another promise while this is done.
async fn told<D: Database>(h: &Harness<D>, work: impl Future) -> Vec<Told> {
    let before = h.events().await.len();
    work.await;
    let events = h.events().await.split_off(before);
    let told = events.into_iter().filter_map(|record| match record.event {
        Event::PromiseChanged {
            line_id,
            from,
            to,
            cause,
            ..
        } => Some((line_id.to_string(), from, to, cause)),
        _ => None,
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    told
}

fn sofa(from: Option<i64>, to: Option<i64>, cause: PromiseCause) -> Told {
    ("SOFA".into(), from.map(in_days), to.map(in_days), cause)
}

/// Ten sofas, of which an order for four has got its first.
async fn under_way<D: Database>() -> Harness<D> {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(dispatch_units("o-1", "SOFA", 1)).await;
    h
}

/// Its promise is withdrawn, its batch is not; what moves the batch meanwhile tells nobody a day; released, the line
/// has the day of its goods, as they come now.
pub async fn held_goods_have_no_day<D: Database>() {
    use PromiseCause::{EtaChanged, Held, Released};
    let h = under_way::<D>().await;
    h.done(batch("other", "SOFA", 10)).await;
    let held = h.kinds_of(h.done(hold("b", "customs", None))).await;
    assert_eq!(held, ["BatchHeld", "PromiseChanged"]);
    let withheld = h.see_line("o-1", "SOFA").await;
    assert_eq!(withheld.status, Status::Allocated);
    assert_eq!(withheld.allocations[0].batch, name("b"), "its batch stays");
    assert_eq!(withheld.original_promise, Some(today()));
    assert_eq!(withheld.current_promise, None);
    assert_eq!(h.see_order("o-1").await.current_promise, None);
    h.clock.set_day(in_days(3));
    let withheld = h.see_line("o-1", "SOFA").await;
    assert!(!withheld.overdue, "without a promise nothing is overdue");
    // Neither another hold without a date nor another ETA makes a day of none.
    for nothing in [
        hold("b", "damage", None),
        set_eta("b", Some(in_days(9))),
        set_eta("b", Some(in_days(20))),
    ] {
        assert_eq!(told(&h, h.done(nothing)).await, []);
    }
    h.refused(dispatch("o-1", "SOFA")).await;
    let again = told(&h, h.done(release("b"))).await;
    assert_eq!(again, [sofa(None, Some(20), Released)]);
    let earlier = told(&h, h.done(set_eta("b", Some(in_days(12))))).await;
    assert_eq!(earlier, [sofa(Some(20), Some(12), EtaChanged)]);
    let held = told(&h, h.done(hold("b", "customs", None))).await;
    assert_eq!(held, [sofa(Some(12), None, Held)]);
    h.done(receive("b", 10)).await;
    let here = told(&h, h.done(release("b"))).await;
    assert_eq!(here, [sofa(None, Some(3), Released)], "never a past day");
    h.done(dispatch("o-1", "SOFA")).await;
    let gone = h.see_line("o-1", "SOFA").await;
    assert_eq!(
        (gone.status, gone.current_promise),
        (Status::Dispatched, Some(in_days(3)))
    );
    h.in_order().await;
}

/// An expected clear date is a day to promise; without it there is none. No promise is made for a day before the
/// first one.
pub async fn a_clear_date_is_a_day_again<D: Database>() {
    use PromiseCause::{EtaChanged, Held, Released};
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10).eta(in_days(6))).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(set_eta("b", None)).await;
    h.done(dispatch_units("o-1", "SOFA", 1)).await;
    let later = told(&h, h.done(hold("b", "customs", Some(in_days(8))))).await;
    assert_eq!(later, [sofa(Some(6), Some(8), Held)]);
    let late = h.state().await;
    assert_eq!(late.products[0].2.late, 1);
    let unknown = told(&h, h.done(hold("b", "customs", None))).await;
    assert_eq!(unknown, [sofa(Some(8), None, Held)]);
    let withheld = h.state().await;
    assert_eq!(
        withheld.products[0].2.late, 0,
        "without a day nobody is late"
    );
    let known = told(&h, h.done(hold("b", "customs", Some(in_days(2))))).await;
    assert_eq!(known, [sofa(None, Some(6), Held)], "not before the first");
    let moved = told(&h, h.done(set_eta("b", Some(in_days(11))))).await;
    assert_eq!(moved, [sofa(Some(6), Some(11), EtaChanged)]);
    h.done(hold("b", "customs", None)).await;
    let released = told(&h, h.done(release("b"))).await;
    assert_eq!(released, [sofa(None, Some(11), Released)]);
    h.in_order().await;
}

/// A shipment's hold does the same to all its batches; both holds must have a date or be released.
pub async fn a_shipment_is_withheld<D: Database>() {
    use PromiseCause::{Held, Released};
    let h = Harness::<D>::start();
    h.done(shipment("MV", Some(in_days(4)))).await;
    for sku in ["SOFA", "LAMP"] {
        h.done(batch(sku, sku, 10).on("MV")).await;
        h.done(line("o-1", sku, 4)).await;
    }
    h.done(set_shipment_eta("MV", None)).await;
    h.done(dispatch_units("o-1", "SOFA", 1)).await;
    let lamp = |from: Option<i64>, to: Option<i64>, cause| -> Told {
        ("LAMP".into(), from.map(in_days), to.map(in_days), cause)
    };
    let held = told(&h, h.done(hold_shipment("MV", "paperwork", None))).await;
    assert_eq!(held, [lamp(Some(4), None, Held), sofa(Some(4), None, Held)]);
    let status = async |sku| h.see_line("o-1", sku).await.status;
    assert_eq!(
        (status("SOFA").await, status("LAMP").await),
        (Status::Allocated, Status::Backordered)
    );
    h.done(hold("SOFA", "damage", None)).await;
    let one = told(&h, h.done(release_shipment("MV"))).await;
    assert_eq!(one, [lamp(None, Some(4), Released)]);
    let dated = hold_shipment("MV", "paperwork", Some(in_days(9)));
    assert_eq!(
        told(&h, h.done(dated)).await,
        [lamp(Some(4), Some(9), Held)]
    );
    let both = told(&h, h.done(release("SOFA"))).await;
    assert_eq!(both, [sofa(None, Some(9), Released)]);
    h.in_order().await;
}

/// One batch of several that nobody can count on leaves the line without a day; what lies in the others can leave.
pub async fn a_part_of_its_goods_is_withheld<D: Database>() {
    use PromiseCause::{Held, Released};
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 3)).await;
    h.done(batch("b", "SOFA", 3)).await;
    h.done(line("o-1", "SOFA", 6).split()).await;
    h.done(dispatch_units("o-1", "SOFA", 1)).await;
    let held = told(&h, h.done(hold("b", "customs", None))).await;
    assert_eq!(held, [sofa(Some(0), None, Held)]);
    assert_eq!(told(&h, h.done(set_eta("a", Some(in_days(5))))).await, []);
    h.done(set_eta("a", None)).await;
    assert_eq!(
        told(&h, h.done(dispatch_units("o-1", "SOFA", 2))).await,
        [],
        "what is left of it is held"
    );
    let released = told(&h, h.done(release("b"))).await;
    assert_eq!(released, [sofa(None, Some(0), Released)]);
    h.done(dispatch("o-1", "SOFA")).await;
    h.in_order().await;
}

/// What it loses to a shortage it may find elsewhere, with a day; where it finds nothing it waits, and has none
/// as before. Cancelled, the rest is forgotten.
pub async fn withheld_goods_are_lost_or_given_back<D: Database>() {
    let h = under_way::<D>().await;
    h.done(batch("other", "SOFA", 10).eta(in_days(7))).await;
    h.done(hold("b", "damage", None)).await;
    let moved = told(&h, h.done(cancel_batch("b"))).await;
    let cause = PromiseCause::BatchCancelled;
    assert_eq!(moved, [sofa(None, Some(7), cause)]);
    let there = h.see_line("o-1", "SOFA").await;
    assert_eq!(there.allocations[0].batch, name("other"));
    // The next has nowhere to go.
    let h = under_way::<D>().await;
    h.done(hold("b", "damage", None)).await;
    let kinds = h.kinds_of(h.done(set_quantity("b", 2))).await;
    assert_eq!(
        kinds,
        [
            "BatchQuantityChanged",
            "Deallocated",
            "Backordered",
            "OutOfStock"
        ]
    );
    h.in_order().await;
    let h = under_way::<D>().await;
    h.done(hold("b", "damage", None)).await;
    let kinds = h.kinds_of(h.done(cancel_line("o-1", "SOFA"))).await;
    assert_eq!(kinds, ["Deallocated", "LineCancelled"]);
    let rest = h.see_line("o-1", "SOFA").await;
    assert_eq!((rest.status, rest.dispatched), (Status::Dispatched, 1));
    assert_eq!(told(&h, h.done(release("b"))).await, []);
    h.in_order().await;
}

/// Of an order that goes out together one such line takes the promise from all, as one that waits does. It comes
/// back with the release, or when the line is no longer wanted.
pub async fn an_order_is_withheld_together<D: Database>() {
    use PromiseCause::{Cancelled, EtaChanged, Held, Released};
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 5)).await;
    h.done(batch("b", "LAMP", 5).eta(in_days(6))).await;
    h.done(order("o-1", &[("SOFA", 3), ("LAMP", 2)]).together())
        .await;
    let both = |from: Option<i64>, to: Option<i64>, cause| {
        let (from, to) = (from.map(in_days), to.map(in_days));
        [
            ("LAMP".to_owned(), from, to, cause),
            ("SOFA".to_owned(), from, to, cause),
        ]
    };
    // Somebody sends a sofa before the lamps.
    h.done(dispatch_units("o-1", "SOFA", 1)).await;
    let held = told(&h, h.done(hold("a", "damage", None))).await;
    assert_eq!(held, both(Some(6), None, Held));
    let seen = h.see_order("o-1").await;
    assert_eq!(
        (seen.original_promise, seen.current_promise),
        (Some(in_days(6)), None)
    );
    assert_eq!(told(&h, h.done(set_eta("b", Some(in_days(9))))).await, []);
    let released = told(&h, h.done(release("a"))).await;
    assert_eq!(released, both(None, Some(9), Released));
    let earlier = told(&h, h.done(set_eta("b", Some(in_days(2))))).await;
    assert_eq!(earlier, both(Some(9), Some(6), EtaChanged));
    h.done(hold("a", "damage", None)).await;
    let cancelled = told(&h, h.done(cancel_line("o-1", "SOFA"))).await;
    let lamp = ("LAMP".to_owned(), None, Some(in_days(6)), Cancelled);
    assert_eq!(cancelled, [lamp], "what is left of the order has a day");
    h.in_order().await;
}
