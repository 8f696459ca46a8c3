//! Orders that go out together: one promise for all lines, the latest of theirs.

use jiff::civil::Date;
use landfall_domain::events::PromiseCause;
use landfall_domain::line::Status;
use landfall_domain::{Deliver, Event};
use landfall_service::engine::Limits;

use super::repeats::differs;
use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    amend, amend_or_wait, batch, cancel_line, dispatch, hold, line, order, release, set_eta,
    set_quantity,
};
use crate::database::Database;
use crate::harness::Harness;

type Told = (String, Option<Date>, Option<Date>, PromiseCause);

/// Who was told of another promise since then.
async fn told<D: Database>(h: &Harness<D>, since: usize) -> Vec<Told> {
    let events = h.events().await.split_off(since);
    let told = events.iter().filter_map(|record| match &record.event {
        Event::PromiseChanged {
            line_id,
            from,
            to,
            cause,
            ..
        } => Some((line_id.to_string(), *from, *to, *cause)),
        _ => None,
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    told
}

/// The promises of all lines of an order, which must be one.
async fn promise<D: Database>(h: &Harness<D>, id: &str) -> (Option<Date>, Option<Date>) {
    let order = h.see_order(id).await;
    for line in &order.lines {
        if matches!(line.status, Status::Allocated | Status::Backordered) {
            assert_eq!(
                line.current_promise, order.current_promise,
                "{}",
                line.line_id
            );
        }
    }
    (order.original_promise, order.current_promise)
}

/// One promise for all lines: the latest of theirs. It is set when each line has goods.
pub async fn one_promise_for_all_lines<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 5)).await;
    h.done(batch("b", "LAMP", 5).eta(in_days(6))).await;
    let placed = order("o-1", &[("SOFA", 2), ("LAMP", 2)]).together();
    let log = h.events().await.len();
    let made = h.order(placed.clone()).await;
    assert_eq!(made.deliver, Deliver::Together);
    assert_eq!(
        promise(&h, "o-1").await,
        (Some(in_days(6)), Some(in_days(6)))
    );
    let events = h.events().await.split_off(log);
    let kinds: Vec<_> = events.iter().map(|record| record.event.kind()).collect();
    assert_eq!(kinds, ["OrderPlaced", "Allocated", "Allocated"]);
    for record in &events[1..] {
        let Event::Allocated {
            original_promise,
            current_promise,
            ..
        } = &record.event
        else {
            panic!("{record:?}")
        };
        assert_eq!(
            (*original_promise, *current_promise),
            (Some(in_days(6)), Some(in_days(6)))
        );
    }
    assert!(!h.done(placed).await.created);
    let as_ready = h.refused(order("o-1", &[("SOFA", 2), ("LAMP", 2)])).await;
    assert!(differs(as_ready).contains(&"deliver: together → as_ready".to_owned()));
    // Nothing is ever promised of an order of which a line waits.
    let waits = h
        .order(order("o-2", &[("SOFA", 1), ("LAMP", 9)]).together())
        .await;
    assert_eq!(
        (waits.original_promise, waits.current_promise),
        (None, None)
    );
    assert_eq!(waits.lines[0].status, Status::Allocated);
    let log = h.events().await.len();
    h.done(batch("c", "LAMP", 9).eta(in_days(8))).await;
    assert_eq!(
        promise(&h, "o-2").await,
        (Some(in_days(8)), Some(in_days(8)))
    );
    let first = (None, Some(in_days(8)), PromiseCause::BatchCreated);
    assert_eq!(
        told(&h, log).await,
        [("SOFA".into(), first.0, first.1, first.2)]
    );
    h.in_order().await;
}

/// The supply of any line moves the promise of all, in other products too; earlier goods pull it back, never
/// before the original.
pub async fn any_line_moves_the_promise_of_all<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 5)).await;
    h.done(batch("b", "LAMP", 5).eta(in_days(6))).await;
    h.done(order("o-1", &[("SOFA", 2), ("LAMP", 2)]).together())
        .await;
    let sofa = |from, to, cause| {
        (
            "SOFA".to_owned(),
            Some(in_days(from)),
            Some(in_days(to)),
            cause,
        )
    };
    let lamp = |from, to, cause| {
        (
            "LAMP".to_owned(),
            Some(in_days(from)),
            Some(in_days(to)),
            cause,
        )
    };
    for (eta, from, to) in [(10, 6, 10), (8, 10, 8), (2, 8, 6)] {
        let log = h.events().await.len();
        h.done(set_eta("b", Some(in_days(eta)))).await;
        let cause = PromiseCause::EtaChanged;
        assert_eq!(
            told(&h, log).await,
            [lamp(from, to, cause), sofa(from, to, cause)]
        );
        assert_eq!(
            promise(&h, "o-1").await,
            (Some(in_days(6)), Some(in_days(to)))
        );
    }
    // The other line's goods have room: what is late by less than the order is moves nobody.
    let log = h.events().await.len();
    h.done(hold("a", "customs", Some(in_days(5)))).await;
    assert!(told(&h, log).await.is_empty());
    h.done(hold("a", "customs", Some(in_days(9)))).await;
    let cause = PromiseCause::Held;
    assert_eq!(told(&h, log).await, [lamp(6, 9, cause), sofa(6, 9, cause)]);
    let log = h.events().await.len();
    h.done(release("a")).await;
    let cause = PromiseCause::Released;
    assert_eq!(told(&h, log).await, [lamp(9, 6, cause), sofa(9, 6, cause)]);
    h.in_order().await;
}

/// A line that loses its goods takes the promise from all; it is given back with its goods.
pub async fn a_waiting_line_holds_all_up<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 5)).await;
    h.done(batch("b", "LAMP", 5).eta(in_days(6))).await;
    h.done(order("o-1", &[("SOFA", 2), ("LAMP", 2)]).together())
        .await;
    let log = h.events().await.len();
    h.done(set_quantity("b", 0)).await;
    let cause = PromiseCause::QuantityChanged;
    let both = |from: Option<i64>, to: Option<i64>| {
        ["LAMP", "SOFA"].map(|line| (line.to_owned(), from.map(in_days), to.map(in_days), cause))
    };
    assert_eq!(told(&h, log).await, both(Some(6), None));
    assert_eq!(promise(&h, "o-1").await, (Some(in_days(6)), None));
    let log = h.events().await.len();
    h.done(set_quantity("b", 2)).await;
    assert_eq!(told(&h, log).await, both(None, Some(6)));
    assert_eq!(
        promise(&h, "o-1").await,
        (Some(in_days(6)), Some(in_days(6)))
    );
    // More than there is, and the line waits; less, and it does not.
    h.done(amend_or_wait("o-1", "LAMP", 9)).await;
    assert_eq!(promise(&h, "o-1").await.1, None);
    h.done(amend("o-1", "LAMP", 1)).await;
    assert_eq!(promise(&h, "o-1").await.1, Some(in_days(6)));
    h.in_order().await;
}

/// Cancelling the late line pulls the others back, not before the original; a line that left has no say.
pub async fn a_cancelled_line_has_no_say<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 5)).await;
    h.done(batch("b", "LAMP", 5).eta(in_days(6))).await;
    h.done(batch("c", "RUG", 5).eta(in_days(3))).await;
    h.done(order("o-1", &[("SOFA", 2), ("LAMP", 2), ("RUG", 2)]).together())
        .await;
    h.done(set_eta("b", Some(in_days(20)))).await;
    assert_eq!(
        promise(&h, "o-1").await,
        (Some(in_days(6)), Some(in_days(20)))
    );
    let log = h.events().await.len();
    h.done(cancel_line("o-1", "LAMP")).await;
    assert_eq!(
        promise(&h, "o-1").await,
        (Some(in_days(6)), Some(in_days(6)))
    );
    let back = |line: &str| {
        let promises = (Some(in_days(20)), Some(in_days(6)));
        (
            line.to_owned(),
            promises.0,
            promises.1,
            PromiseCause::Cancelled,
        )
    };
    assert_eq!(told(&h, log).await, [back("RUG"), back("SOFA")]);
    h.done(dispatch("o-1", "SOFA")).await;
    h.done(set_eta("c", Some(in_days(9)))).await;
    let order = h.see_order("o-1").await;
    assert_eq!(order.lines[2].current_promise, Some(in_days(9)));
    assert_eq!(
        order.lines[0].current_promise,
        Some(in_days(6)),
        "it has left"
    );
    // The waiting line cancelled, the rest is complete for the first time.
    h.done(order_of_two("o-2")).await;
    assert_eq!(promise(&h, "o-2").await, (None, None));
    h.done(cancel_line("o-2", "LAMP")).await;
    assert_eq!(promise(&h, "o-2").await, (Some(today()), Some(today())));
    h.in_order().await;
}

fn order_of_two(id: &str) -> crate::commands::OrderCommand {
    order(id, &[("SOFA", 1), ("LAMP", 50)]).together()
}

/// Time alone moves no promise: what happens to one line later is no reason to tell the others another day.
pub async fn time_alone_moves_no_order<D: Database>() {
    let h = Harness::<D>::start_with(Limits::default(), 2);
    h.done(batch("a", "SOFA", 5)).await;
    h.done(batch("b", "LAMP", 5)).await;
    h.done(batch("c", "RUG", 5)).await;
    h.done(order("o-1", &[("SOFA", 2), ("LAMP", 2), ("RUG", 2)]).together())
        .await;
    assert_eq!(
        promise(&h, "o-1").await,
        (Some(in_days(2)), Some(in_days(2)))
    );
    let log = h.events().await.len();
    h.clock.set_day(in_days(1));
    h.done(dispatch("o-1", "SOFA")).await;
    assert!(
        told(&h, log).await.is_empty(),
        "goods left, and nobody's come later for it"
    );
    h.clock.set_day(in_days(9));
    h.done(amend("o-1", "LAMP", 1)).await;
    h.done(cancel_line("o-1", "RUG")).await;
    assert!(told(&h, log).await.is_empty());
    let overdue = h.see_line("o-1", "LAMP").await;
    assert_eq!(
        (overdue.current_promise, overdue.overdue),
        (Some(in_days(2)), true)
    );
    // Its goods come another day: from now on another is promised.
    h.done(hold("b", "customs", Some(in_days(5)))).await;
    assert_eq!(
        h.see_line("o-1", "LAMP").await.current_promise,
        Some(in_days(11))
    );
    h.in_order().await;
}

/// A line that `Allocate` adds goes out when it is ready: it shares nobody's promise.
pub async fn a_line_added_later_goes_by_itself<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("a", "SOFA", 5)).await;
    h.done(batch("b", "LAMP", 5).eta(in_days(6))).await;
    h.done(order("o-1", &[("SOFA", 2)]).together()).await;
    h.done(line("o-1", "LAMP", 2)).await;
    assert_eq!(
        h.see_line("o-1", "SOFA").await.current_promise,
        Some(today())
    );
    assert_eq!(
        h.see_line("o-1", "LAMP").await.current_promise,
        Some(in_days(6))
    );
    assert_eq!(
        h.see_order("o-1").await.current_promise,
        Some(in_days(6)),
        "the latest of its lines"
    );
    // A line of it repeated alone is a repeat; a whole order of lines that came alone is not one of those.
    assert!(!h.done(line("o-1", "SOFA", 2)).await.created);
    h.done(line("o-2", "SOFA", 1)).await;
    let placed = h.refused(order("o-2", &[("SOFA", 1)]).together()).await;
    assert_eq!(differs(placed), ["deliver: as_ready → together"]);
    h.in_order().await;
}
