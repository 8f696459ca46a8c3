//! Promises: made for no past day, moved by ETAs and not by time, never before the original.

use landfall_domain::Event;
use landfall_domain::events::PromiseCause;
use landfall_service::engine::Limits;
use landfall_service::{LogRecord, Request};

use super::scene::in_days;
use crate::commands::{
    amend, amend_or_wait, batch, cancel_batch, cancel_line, hold, line, name, receive, release,
    set_eta, set_quantity,
};
use crate::database::Database;
use crate::harness::Harness;

/// A late ship is promised for today at the earliest, handling included, and is shown as overdue.
pub async fn no_promise_is_made_for_a_past_day<D: Database>() {
    let h = Harness::<D>::start_with(Limits::default(), 2);
    h.done(batch("late", "SOFA", 10).eta(in_days(-3))).await;
    assert!(h.see_batch("late").await.overdue);
    let promised = h.line(line("o-1", "SOFA", 1)).await;
    assert_eq!(promised.current_promise, Some(in_days(2)));
    assert!(!promised.overdue);
    h.done(set_eta("late", Some(in_days(-1)))).await;
    assert_eq!(
        h.see_line("o-1", "SOFA").await.current_promise,
        Some(in_days(2))
    );
    h.done(batch("here", "LAMP", 10)).await;
    assert_eq!(
        h.line(line("o-2", "LAMP", 1)).await.current_promise,
        Some(in_days(2))
    );
    h.done(batch("ship", "RUG", 10).eta(in_days(7))).await;
    assert_eq!(
        h.line(line("o-3", "RUG", 1)).await.current_promise,
        Some(in_days(9))
    );
    h.audit().await;
}

/// A promise that has passed stays what it was, and is shown as overdue; nothing is logged for it.
pub async fn time_alone_changes_nothing<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 10).eta(in_days(3))).await;
    h.done(line("o-1", "SOFA", 1)).await;
    let log = h.events().await;
    h.clock.set_day(in_days(8));
    let line_now = h.see_line("o-1", "SOFA").await;
    assert_eq!(line_now.current_promise, Some(in_days(3)));
    assert!(line_now.overdue);
    // Neither does a repeat of what was said, or another line of the batch.
    h.done(set_eta("ship", Some(in_days(3)))).await;
    h.done(line("o-1", "SOFA", 1)).await;
    assert_eq!(h.events().await, log);
    let other = h.line(line("o-2", "SOFA", 1)).await;
    assert_eq!(
        other.current_promise,
        Some(in_days(8)),
        "no promise is made for a past day"
    );
    assert_eq!(
        h.see_line("o-1", "SOFA").await.current_promise,
        Some(in_days(3))
    );
    h.audit().await;
}

/// The original promise never changes; the current one goes with the ETA, never before the original.
pub async fn promises_follow_the_eta<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 10).eta(in_days(10))).await;
    h.done(line("o-1", "SOFA", 1)).await;
    let promises = async || {
        let line = h.see_line("o-1", "SOFA").await;
        (line.original_promise, line.current_promise)
    };
    for (eta, current, changes) in [
        (Some(in_days(15)), in_days(15), true),
        (Some(in_days(12)), in_days(12), true),
        (Some(in_days(4)), in_days(10), true),
        (Some(in_days(5)), in_days(10), false),
        (None, in_days(10), false),
        (Some(in_days(30)), in_days(30), true),
        (None, in_days(10), true),
    ] {
        let kinds = h.kinds_of(h.done(set_eta("ship", eta))).await;
        assert_eq!(
            promises().await,
            (Some(in_days(10)), Some(current)),
            "{eta:?}"
        );
        let expected: &[&str] = if changes {
            &["BatchEtaChanged", "PromiseChanged"]
        } else {
            &["BatchEtaChanged"]
        };
        assert_eq!(kinds, expected, "{eta:?}");
        h.audit().await;
    }
}

/// A line that moves to goods that are there earlier keeps its date: the customer planned for it.
pub async fn a_move_to_earlier_goods_keeps_the_date<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 10).eta(in_days(10))).await;
    h.done(line("o-1", "SOFA", 10)).await;
    h.done(batch("here", "SOFA", 10)).await;
    let kinds = h.kinds_of(h.done(set_quantity("ship", 0))).await;
    let silent = ["BatchQuantityChanged", "Deallocated", "Allocated"];
    assert_eq!(kinds, silent, "nothing to tell the customer");
    let moved = h.see_line("o-1", "SOFA").await;
    assert_eq!(moved.allocations[0].batch, name("here"));
    let promises = (moved.original_promise, moved.current_promise);
    assert_eq!(promises, (Some(in_days(10)), Some(in_days(10))));
    h.audit().await;
}

/// A new ETA reaches all lines of the batch, those that are split too, and no other.
pub async fn a_new_eta_reaches_every_line<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("near", "SOFA", 5).eta(in_days(2))).await;
    h.done(batch("far", "SOFA", 1_000).eta(in_days(9))).await;
    h.done(line("near", "SOFA", 2)).await;
    h.done(line("split", "SOFA", 4).split()).await;
    for n in 0..150 {
        h.done(line(&format!("far-{n}"), "SOFA", 3)).await;
    }
    let log = h.events().await.len();
    h.done(set_eta("far", Some(in_days(11)))).await;
    assert_eq!(h.events().await.len() - log, 1 + 151);
    assert_eq!(
        h.see_line("near", "SOFA").await.current_promise,
        Some(in_days(2))
    );
    assert_eq!(
        h.see_line("split", "SOFA").await.current_promise,
        Some(in_days(11))
    );
    assert_eq!(
        h.see_line("far-149", "SOFA").await.current_promise,
        Some(in_days(11))
    );
    // With its nearer batch delayed beyond the farther one, the split line takes all of it from that one.
    h.done(set_eta("near", Some(in_days(12)))).await;
    let split = h.see_line("split", "SOFA").await;
    assert_eq!(split.current_promise, Some(in_days(11)));
    let pegs: Vec<_> = split.allocations.iter().map(|a| a.batch.as_str()).collect();
    assert_eq!(pegs, ["far"]);
    assert_eq!(
        h.see_line("near", "SOFA").await.current_promise,
        Some(in_days(11)),
        "as little later as can be"
    );
    h.audit().await;
}

/// Each change of a promise is told once, with its cause: on the way down, when the line waits, and on the way up,
/// when it has goods again. A first promise is no change, and neither is the end of a line.
pub async fn who_waited_is_told_once_each_way<D: Database>() {
    use PromiseCause::{Amended, BatchCreated, QuantityChanged, Received};
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 8).eta(in_days(5))).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(line("o-2", "SOFA", 4)).await;
    h.done(line("first", "SOFA", 4)).await;
    let told = async |request: Request| {
        let before = h.events().await.len();
        h.done(request).await;
        let events = h.events().await.split_off(before);
        let told = events.into_iter().filter_map(|record| match record.event {
            Event::PromiseChanged {
                order_id,
                from,
                to,
                cause,
                ..
            } => Some((order_id.to_string(), from, to, cause)),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let change = |order: &str, from: Option<i64>, to: Option<i64>, cause| {
        (order.to_owned(), from.map(in_days), to.map(in_days), cause)
    };
    let cut = told(set_quantity("b", 4).into()).await;
    assert_eq!(cut, [change("o-2", Some(5), None, QuantityChanged)]);
    let later = told(batch("c", "SOFA", 8).eta(in_days(20)).into()).await;
    assert_eq!(later, [change("o-2", None, Some(20), BatchCreated)]);
    let first = h.see_line("first", "SOFA").await;
    assert_eq!(
        first.current_promise,
        Some(in_days(20)),
        "told by Allocated"
    );
    let back = told(set_quantity("b", 8).into()).await;
    assert_eq!(back, [change("o-2", Some(20), Some(5), QuantityChanged)]);
    // Lost to another cut and found again on the day that was promised before: two changes.
    let lost = told(receive("c", 0).into()).await;
    assert_eq!(lost, [change("first", Some(20), None, Received)]);
    let found = told(receive("c", 4).into()).await;
    assert_eq!(found, [change("first", None, Some(20), Received)]);
    // More than there is is a change of its own making; who waits is told nothing more.
    let waits = told(amend_or_wait("o-1", "SOFA", 40).into()).await;
    assert_eq!(waits, [change("o-1", Some(5), None, Amended)]);
    assert_eq!(told(amend("o-1", "SOFA", 30).into()).await, []);
    assert_eq!(told(cancel_line("o-1", "SOFA").into()).await, []);
    assert_eq!(told(cancel_line("o-2", "SOFA").into()).await, []);
    h.in_order().await;
}

/// A changed promise names what happened that made it change.
pub async fn a_changed_promise_names_its_cause<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 2).eta(in_days(10))).await;
    h.done(line("o-1", "SOFA", 2)).await;
    h.done(batch("later", "SOFA", 3).eta(in_days(30))).await;
    let (to, customs) = (|day| Some(in_days(day)), "customs");
    let changes: [(Request, PromiseCause, Option<i64>); 8] = [
        (
            set_eta("ship", to(15)).into(),
            PromiseCause::EtaChanged,
            Some(15),
        ),
        (
            hold("ship", customs, to(20)).into(),
            PromiseCause::Held,
            Some(20),
        ),
        (release("ship").into(), PromiseCause::Released, Some(15)),
        (receive("ship", 2).into(), PromiseCause::Received, Some(10)),
        (
            set_quantity("ship", 0).into(),
            PromiseCause::QuantityChanged,
            Some(30),
        ),
        (
            batch("new", "SOFA", 2).eta(in_days(12)).into(),
            PromiseCause::BatchCreated,
            Some(12),
        ),
        (
            cancel_batch("new").into(),
            PromiseCause::BatchCancelled,
            Some(30),
        ),
        (
            amend_or_wait("o-1", "SOFA", 4).into(),
            PromiseCause::Amended,
            None,
        ),
    ];
    for (request, cause, promise) in changes {
        let log = h.events().await.len();
        h.done(request).await;
        assert_eq!(told(&h, log).await, [cause]);
        let line = h.see_line("o-1", "SOFA").await;
        assert_eq!(line.current_promise, promise.map(in_days), "{cause:?}");
    }
    // Another line is late, and what the first gives up helps it.
    h.done(batch("four", "SOFA", 4).eta(in_days(5))).await;
    h.done(line("o-2", "SOFA", 3)).await;
    h.done(set_eta("later", to(40))).await;
    let log = h.events().await.len();
    h.done(cancel_line("o-1", "SOFA")).await;
    assert_eq!(told(&h, log).await, [PromiseCause::Cancelled]);
    h.audit().await;
}

/// The causes of the promises that have changed since then.
async fn told<D: Database>(h: &Harness<D>, log: usize) -> Vec<PromiseCause> {
    let events = h.events().await.split_off(log);
    let cause = |record: LogRecord| match record.event {
        Event::PromiseChanged { cause, .. } => Some(cause),
        _ => None,
    };
    events.into_iter().filter_map(cause).collect()
}
