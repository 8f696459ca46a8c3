//! Queues that the store shows piece by piece: what was shown for one command must not mislead the next one
//! of its group.

use landfall_service::Request;
use landfall_testkit::commands::{
    batch, cancel_line, cancel_order, line, order, set_eta, set_quantity,
};
use landfall_testkit::{Harness, Memory, ShortPages, run, today};

/// Carries the commands out one by one and as one group, and wants the same lines to wait afterwards.
#[track_caller]
fn same_in_a_group(before: &[Request], then: &[Request], waiting: &[&str]) {
    run(async {
        for together in [false, true] {
            let h = Harness::<ShortPages<Memory, 1>>::start();
            h.all(before.to_vec()).await;
            if together {
                let answers = h.bus.handle_all(then.to_vec()).await;
                assert!(answers.iter().all(Result::is_ok), "{answers:?}");
            } else {
                h.all(then.to_vec()).await;
            }
            h.audit().await;
            let queue = h.queue("SOFA").await;
            let queue: Vec<_> = queue.iter().map(|key| key.order_id.as_str()).collect();
            assert_eq!(queue, waiting, "in a group: {together}");
        }
    });
}

/// A fill reads on with ever fewer free units: lines that were too large then may fit the next command.
#[test]
fn a_later_fill_sees_lines_that_were_too_large_for_the_one_before() {
    same_in_a_group(
        &[
            batch("none", "SOFA", 1).into(),
            line("w-1", "SOFA", 4).into(),
            line("w-2", "SOFA", 5).into(),
            line("w-3", "SOFA", 2).into(),
        ],
        &[batch("b", "SOFA", 6).into(), batch("c", "SOFA", 5).into()],
        &[],
    );
}

/// What was read for goods at one place says nothing of the lines that wait for another.
#[test]
fn a_later_fill_sees_lines_that_wait_for_another_place() {
    let wait = |order: &str, places: &[&str]| line(order, "SOFA", 2).locations(places).into();
    same_in_a_group(
        &[
            batch("none", "SOFA", 1).into(),
            wait("w-1", &["Leeds"]),
            wait("w-2", &["York"]),
            wait("w-3", &["York", "Leeds"]),
            wait("w-4", &["Hull"]),
            wait("w-5", &[]),
            wait("w-6", &["Leeds"]),
        ],
        &[
            batch("york", "SOFA", 2).location("York").into(),
            batch("leeds", "SOFA", 4).location("Leeds").into(),
            batch("york-2", "SOFA", 2).location("York").into(),
        ],
        &["w-4", "w-6"],
    );
}

/// A line that begins to wait in a group is filled by a later command of it, in its place in the queue.
#[test]
fn lines_that_begin_to_wait_in_the_group_are_filled_in_order() {
    same_in_a_group(
        &[
            batch("b", "SOFA", 8).into(),
            line("o-1", "SOFA", 8).into(),
            line("w-1", "SOFA", 9).into(),
            line("w-2", "SOFA", 9).priority(1).into(),
        ],
        &[
            set_quantity("b", 0).into(),
            line("w-3", "SOFA", 9).priority(9).into(),
            batch("c", "SOFA", 17).into(),
        ],
        &["w-1", "w-2"],
    );
}

/// Cuts in one group take from lines that earlier commands of it moved, told another day, or cancelled.
#[test]
fn a_later_cut_sees_what_the_group_changed() {
    let day = |days: i64| Some(today() + jiff::ToSpan::days(days));
    same_in_a_group(
        &[
            batch("b", "SOFA", 6).eta(today()).into(),
            line("o-1", "SOFA", 1).into(),
            line("o-2", "SOFA", 1).priority(9).into(),
            line("o-3", "SOFA", 1).into(),
            line("o-4", "SOFA", 1).priority(1).into(),
            line("o-5", "SOFA", 1).into(),
        ],
        &[
            set_quantity("b", 5).into(),
            set_eta("b", day(9)).into(),
            set_quantity("b", 4).into(),
            line("o-6", "SOFA", 1).priority(2).into(),
            cancel_line("o-5", "SOFA").into(),
            set_quantity("b", 2).into(),
        ],
        &["o-3", "o-6", "o-4"],
    );
}

/// Cancelling an order of many products, for each of which somebody waits, is one command like any other.
#[test]
fn a_large_order_can_be_cancelled() {
    run(async {
        let h = Harness::<Memory>::start();
        let skus: Vec<String> = (0..1_100).map(|n| format!("S-{n}")).collect();
        let lines: Vec<(&str, u64)> = skus.iter().map(|sku| (sku.as_str(), 1)).collect();
        h.all(
            skus.iter()
                .map(|sku| batch(&format!("b-{sku}"), sku, 1).into()),
        )
        .await;
        h.done(order("big", &lines)).await;
        h.all(skus.iter().map(|sku| line("next", sku, 1).into()))
            .await;
        h.done(cancel_order("big")).await;
        let next = h.see_order("next").await;
        assert!(
            next.current_promise.is_some(),
            "no line of it waits any longer"
        );
        h.audit().await;
    });
}

/// A line that may be split is filled from what several batches have left; one that may not, waits.
#[test]
fn what_is_left_of_several_batches_fills_only_who_may_be_split() {
    same_in_a_group(
        &[
            batch("a", "SOFA", 3).into(),
            batch("b", "SOFA", 3).into(),
            line("o-1", "SOFA", 2).into(),
            line("o-2", "SOFA", 2).into(),
            line("w-1", "SOFA", 4).into(),
            line("w-2", "SOFA", 4).split().into(),
        ],
        &[set_quantity("a", 4).into(), set_quantity("b", 4).into()],
        &["w-1"],
    );
}
