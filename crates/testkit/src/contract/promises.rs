//! Promises: made for no past day, moved by ETAs and not by time, never before the original.

use landfall_service::engine::Limits;

use super::scene::in_days;
use crate::commands::{batch, line, name, set_eta, set_quantity};
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
