//! What happens to lines when supply changes: who loses stock in a cut, and who gets it when there is some.

use landfall_domain::events::{DeallocationReason, PromiseCause};
use landfall_domain::line::Status;
use landfall_domain::{Event, LineKey};

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    amend, batch, cancel_line, cancel_order, key, line, name, order, set_eta, set_quantity,
};
use crate::database::Database;
use crate::harness::Harness;

async fn waiting<D: Database>(h: &Harness<D>, sku: &str) -> Vec<String> {
    h.queue(sku)
        .await
        .into_iter()
        .map(|key: LineKey| key.order_id.to_string())
        .collect()
}

/// Lowest priority first, then the latest promise, then the newest; only as many as needed.
pub async fn a_cut_drops_lines_by_the_written_rule<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 60)).await;
    for (order, priority) in [
        ("old", 5),
        ("low", 2),
        ("high", 9),
        ("middle", 5),
        ("new", 5),
    ] {
        h.done(line(order, "SOFA", 10).priority(priority)).await;
    }
    for (quantity, loser) in [
        (49, "low"),
        (39, "new"),
        (29, "middle"),
        (19, "old"),
        (9, "high"),
    ] {
        h.done(set_quantity("b", quantity)).await;
        assert_eq!(
            h.see_line(loser, "SOFA").await.status,
            Status::Backordered,
            "{loser}"
        );
        h.audit().await;
    }
    // The queue is ordered by priority and then age.
    assert_eq!(
        waiting(&h, "SOFA").await,
        ["high", "old", "middle", "new", "low"]
    );
}

/// Of lines with one priority, that with the latest promise loses first, however old it is.
pub async fn a_cut_drops_the_latest_promise_first<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 20).eta(in_days(5))).await;
    h.done(line("late", "SOFA", 10)).await;
    h.done(set_eta("b", Some(in_days(20)))).await;
    h.clock.set_day(in_days(1));
    h.done(line("new", "SOFA", 10)).await;
    h.done(set_quantity("b", 19)).await;
    assert_eq!(
        h.see_line("new", "SOFA").await.status,
        Status::Backordered,
        "the same promise: newest"
    );
    h.done(set_quantity("b", 20)).await;
    assert_eq!(h.see_line("new", "SOFA").await.status, Status::Allocated);
    h.done(set_eta("b", Some(in_days(2)))).await;
    // "late" was promised day 5 first and has that again; "new" was promised day 20 and keeps it.
    assert_eq!(
        h.see_line("late", "SOFA").await.current_promise,
        Some(in_days(5))
    );
    assert_eq!(
        h.see_line("new", "SOFA").await.current_promise,
        Some(in_days(20))
    );
    h.done(set_quantity("b", 10)).await;
    assert_eq!(h.see_line("late", "SOFA").await.status, Status::Allocated);
    assert_eq!(h.see_line("new", "SOFA").await.status, Status::Backordered);
    h.audit().await;
}

/// The promise that counts is the one that holds now, not the original.
pub async fn a_cut_goes_by_the_present_promise<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 20).eta(in_days(20))).await;
    h.done(line("older", "SOFA", 10)).await;
    h.done(set_eta("b", Some(in_days(5)))).await;
    h.done(line("newer", "SOFA", 10)).await;
    h.done(set_eta("b", Some(in_days(30)))).await;
    // Originally promised for day 20 and day 5, both are now told day 30.
    h.done(set_quantity("b", 10)).await;
    assert_eq!(waiting(&h, "SOFA").await, ["newer"]);
    h.audit().await;
}

/// A line that was dropped for nothing gets its place back.
pub async fn a_cut_restores_lines_that_still_fit<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 100)).await;
    h.done(line("rest", "SOFA", 86).priority(9)).await;
    h.done(line("large", "SOFA", 12).priority(6)).await;
    h.done(line("small", "SOFA", 2).priority(5)).await;
    let kinds = h.kinds_of(h.done(set_quantity("b", 90))).await;
    let expected = [
        "BatchQuantityChanged",
        "Deallocated",
        "Backordered",
        "OutOfStock",
        "PromiseChanged",
    ];
    assert_eq!(kinds, expected, "one line loses, not two");
    assert_eq!(waiting(&h, "SOFA").await, ["large"]);
    assert_eq!(h.see_batch("b").await.available, 2);
    h.audit().await;
}

/// Who loses stock is served again from other batches in queue order; who finds none waits, and is told once.
pub async fn losers_are_served_again_or_wait<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 30)).await;
    for order in ["o-1", "o-2", "o-3"] {
        h.done(line(order, "SOFA", 10)).await;
    }
    h.done(batch("ship", "SOFA", 10).eta(in_days(9))).await;
    let before = h.events().await.len();
    h.done(set_quantity("b", 0)).await;
    let log = h.events().await.split_off(before);
    let count = |kind| {
        log.iter()
            .filter(|record| record.event.kind() == kind)
            .count()
    };
    assert_eq!(
        (
            count("Deallocated"),
            count("Allocated"),
            count("Backordered")
        ),
        (3, 1, 2)
    );
    assert_eq!(count("OutOfStock"), 1, "once per command and SKU");
    let one = h.see_line("o-1", "SOFA").await;
    assert_eq!(
        one.allocations[0].batch,
        name("ship"),
        "the oldest is first in the queue"
    );
    assert_eq!(
        (one.original_promise, one.current_promise),
        (Some(today()), Some(in_days(9)))
    );
    let told = log.iter().filter_map(|record| match &record.event {
        Event::PromiseChanged {
            order_id,
            from,
            to,
            cause,
            ..
        } => Some((order_id.as_str(), *from, *to, *cause)),
        _ => None,
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|told| told.0);
    let cause = PromiseCause::QuantityChanged;
    let expected = [
        ("o-1", Some(today()), Some(in_days(9)), cause),
        ("o-2", Some(today()), None, cause),
        ("o-3", Some(today()), None, cause),
    ];
    assert_eq!(told, expected, "each of them once");
    let reasons: Vec<_> = log
        .iter()
        .filter_map(|record| match &record.event {
            Event::Deallocated {
                order_id, reason, ..
            } => Some((order_id.as_str(), *reason)),
            _ => None,
        })
        .collect();
    let expected = [
        ("o-1", DeallocationReason::Repegged),
        ("o-3", DeallocationReason::QuantityChanged),
        ("o-2", DeallocationReason::QuantityChanged),
    ];
    assert_eq!(reasons, expected, "a move is told from a loss");
    assert_eq!(waiting(&h, "SOFA").await, ["o-2", "o-3"]);
    let waits = h.see_line("o-2", "SOFA").await;
    assert_eq!(
        (waits.original_promise, waits.current_promise),
        (Some(today()), None)
    );
    h.audit().await;
}

/// New supply fills the queue by priority, requested date and age; what does not fit is skipped.
pub async fn a_new_batch_fills_the_waiting<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("none", "SOFA", 1)).await;
    h.done(line("4-undated", "SOFA", 3)).await;
    h.done(line("3-later", "SOFA", 3).requested(in_days(9)))
        .await;
    h.done(line("2-soon", "SOFA", 3).requested(in_days(2)))
        .await;
    h.done(line("1-high", "SOFA", 3).priority(9)).await;
    h.done(
        line("0-huge", "SOFA", 500)
            .priority(9)
            .requested(in_days(0)),
    )
    .await;
    let all = ["0-huge", "1-high", "2-soon", "3-later", "4-undated"];
    assert_eq!(waiting(&h, "SOFA").await, all);
    let kinds = h.kinds_of(h.done(batch("new", "SOFA", 7))).await;
    assert_eq!(kinds, ["BatchCreated", "Allocated", "Allocated"]);
    assert_eq!(
        waiting(&h, "SOFA").await,
        ["0-huge", "3-later", "4-undated"]
    );
    h.done(batch("newer", "SOFA", 1_000)).await;
    assert!(waiting(&h, "SOFA").await.is_empty());
    h.audit().await;
}

/// A larger quantity, a cancelled line, a cancelled order and a smaller line each set stock free for who waits.
pub async fn freed_stock_fills_the_waiting<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 9)).await;
    for order in ["o-1", "o-2", "o-3"] {
        h.done(line(order, "SOFA", 3)).await;
    }
    for order in ["w-1", "w-2", "w-3", "w-4"] {
        h.done(line(order, "SOFA", 3)).await;
    }
    h.done(set_quantity("b", 12)).await;
    assert_eq!(waiting(&h, "SOFA").await, ["w-2", "w-3", "w-4"]);
    h.done(cancel_line("o-1", "SOFA")).await;
    assert_eq!(waiting(&h, "SOFA").await, ["w-3", "w-4"]);
    h.done(cancel_order("o-2")).await;
    assert_eq!(waiting(&h, "SOFA").await, ["w-4"]);
    h.done(amend("o-3", "SOFA", 1)).await;
    assert_eq!(waiting(&h, "SOFA").await, ["w-4"], "two units are too few");
    h.done(amend("w-1", "SOFA", 2)).await;
    assert!(waiting(&h, "SOFA").await.is_empty());
    assert_eq!(h.see_batch("b").await.available, 0);
    h.audit().await;
}

/// A line that nothing can hold blocks nobody, neither in the queue nor new lines.
pub async fn a_large_line_blocks_nobody<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 5)).await;
    assert_eq!(
        h.line(line("huge", "SOFA", 50).priority(9)).await.status,
        Status::Backordered
    );
    assert_eq!(
        h.line(line("small", "SOFA", 5)).await.status,
        Status::Allocated
    );
    assert_eq!(waiting(&h, "SOFA").await, ["huge"]);
    h.audit().await;
}

/// A line that no single batch can hold is passed over, though all batches together could.
pub async fn a_line_that_fits_no_batch_is_passed_over<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 3)).await;
    h.done(batch("c", "SOFA", 3)).await;
    h.done(
        order("o-1", &[])
            .named("1", "SOFA", 3)
            .named("2", "SOFA", 3),
    )
    .await;
    h.done(line("five", "SOFA", 5)).await;
    h.done(line("three", "SOFA", 3)).await;
    h.done(cancel_order("o-1")).await;
    assert_eq!(waiting(&h, "SOFA").await, ["five"]);
    assert_eq!(h.see_product("SOFA").await.available, 3);
    h.audit().await;
}

/// A split line takes several batches or waits whole.
pub async fn a_split_line_is_served_whole<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b-1", "SOFA", 3)).await;
    h.done(batch("b-2", "SOFA", 4).eta(in_days(6))).await;
    let whole = h.line(line("o-1", "SOFA", 8).split()).await;
    assert_eq!(whole.status, Status::Backordered);
    assert_eq!(h.see_product("SOFA").await.available, 7);
    h.done(set_quantity("b-2", 6)).await;
    let split = h.see_line("o-1", "SOFA").await;
    let pegs: Vec<_> = split
        .allocations
        .iter()
        .map(|a| (a.batch.as_str(), a.quantity))
        .collect();
    assert_eq!(pegs, [("b-1", 3), ("b-2", 5)]);
    assert_eq!(
        split.current_promise,
        Some(in_days(6)),
        "when the last of it is there"
    );
    // A cut of one of its batches takes all of it back.
    h.done(set_quantity("b-2", 4)).await;
    assert_eq!(waiting(&h, "SOFA").await, ["o-1"]);
    assert_eq!(h.see_product("SOFA").await.available, 7);
    h.audit().await;
}

/// A cut that concerns very many lines is carried out like any other.
pub async fn a_deep_cut_reaches_every_line<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 300)).await;
    for n in 0..300 {
        h.done(line(&format!("o-{n:03}"), "SOFA", 1)).await;
    }
    h.done(set_quantity("b", 7)).await;
    assert_eq!(h.queue("SOFA").await.len(), 293);
    assert_eq!(
        h.see_line("o-006", "SOFA").await.status,
        Status::Allocated,
        "the oldest stay"
    );
    assert_eq!(h.queue("SOFA").await[0], key("o-007", "SOFA"));
    h.audit().await;
    h.done(set_quantity("b", 300)).await;
    assert!(h.queue("SOFA").await.is_empty());
    h.audit().await;
}
