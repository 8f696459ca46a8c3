//! At the limits of what is looked at when promises are to be kept, and just above: what decision 12 states
//! applies, and nothing else breaks. Each test has one line that could help, and it is the last that is looked at.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in its helpers"
)]

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_service::Request;
use landfall_testkit::commands::{batch, line, set_eta};
use landfall_testkit::{Harness, Memory, run, today};

type World = Harness<Memory>;

/// Batches that are asked for lines which could make room.
const BATCHES: i64 = 128;
/// Lines of a batch that were promised a later day than its goods come.
const SLACK: usize = 1_024;
/// Other lines of a batch, in the order in which a shortage takes their stock.
const FIRST: usize = 256;
/// Late lines of a product that are pulled back at once.
const LATE: usize = 1_000;

/// The day of goods that serve who finds no better.
const LAST: i64 = 500;

fn in_days(days: i64) -> Date {
    today().checked_add(days.days()).unwrap()
}

/// Carries out many commands at once; all must be accepted.
async fn all(h: &World, requests: impl IntoIterator<Item = Request>) {
    for answer in h.bus.handle_all(requests.into_iter().collect()).await {
        answer.unwrap();
    }
}

/// Where a line has its goods, and for which day it is promised.
async fn place(h: &World, order: &str) -> (String, Option<Date>) {
    let line = h.see_line(order, "SOFA").await;
    (line.allocations[0].batch.to_string(), line.current_promise)
}

fn at(batch: &str, day: i64) -> (String, Option<Date>) {
    (batch.to_owned(), Some(in_days(day)))
}

/// A line whose batch comes very late all of a sudden: it looks for goods by the day on which that was expected.
async fn delayed(h: &World, units: u64, day: i64) {
    h.done(batch("own", "SOFA", units).eta(in_days(day))).await;
    h.done(line("seeker", "SOFA", units)).await;
    h.done(
        batch("spare", "SOFA", units)
            .eta(in_days(LAST))
            .location("B"),
    )
    .await;
    h.done(set_eta("own", Some(in_days(600)))).await;
    h.in_order().await;
}

/// The one line with slack lies on the earliest of so many batches that come in time.
async fn with_batches(batches: i64) -> World {
    let h = World::start();
    h.done(batch("b-1", "SOFA", 1).eta(in_days(LAST))).await;
    h.done(line("slack", "SOFA", 1)).await;
    h.done(set_eta("b-1", Some(in_days(1)))).await;
    let taken = |n: i64| -> [Request; 2] {
        let reference = format!("b-{n}");
        [
            batch(&reference, "SOFA", 1).eta(in_days(n)).into(),
            line(&format!("on-{n}"), "SOFA", 1).into(),
        ]
    };
    all(&h, (2..=batches).flat_map(taken)).await;
    delayed(&h, 1, batches + 1).await;
    h
}

#[test]
fn so_many_batches_are_asked_for_lines_that_make_room() {
    run(async {
        let h = with_batches(BATCHES).await;
        assert_eq!(place(&h, "seeker").await, at("b-1", BATCHES + 1), "kept");
        assert_eq!(place(&h, "slack").await, at("spare", LAST));
        let h = with_batches(BATCHES + 1).await;
        assert_eq!(place(&h, "seeker").await, at("spare", LAST), "broken");
        assert_eq!(place(&h, "slack").await, at("b-1", LAST));
        assert_eq!(place(&h, "on-2").await, at("b-2", 2));
    });
}

/// So many lines on one batch; only the oldest could go to another place.
fn lines_of_one_batch(count: usize) -> impl Iterator<Item = Request> {
    let others = (1..count).map(|n| line(&format!("o-{n}"), "SOFA", 1).locations(&["A"]).into());
    std::iter::once(line("oldest", "SOFA", 1).into()).chain(others)
}

async fn with_slack(lines: usize) -> World {
    let h = World::start();
    let units = u64::try_from(lines).unwrap();
    h.done(batch("b", "SOFA", units).eta(in_days(LAST)).location("A"))
        .await;
    all(&h, lines_of_one_batch(lines)).await;
    h.done(set_eta("b", Some(in_days(3)))).await;
    delayed(&h, 1, 5).await;
    h
}

#[test]
fn so_many_lines_with_slack_are_asked_for_their_place() {
    run(async {
        let h = with_slack(SLACK).await;
        assert_eq!(place(&h, "seeker").await, at("b", 5), "kept");
        assert_eq!(place(&h, "oldest").await, at("spare", LAST));
        let h = with_slack(SLACK + 1).await;
        assert_eq!(place(&h, "seeker").await, at("spare", LAST), "broken");
        assert_eq!(place(&h, "oldest").await, at("b", LAST));
    });
}

/// All keep their day, and one of them need only go aside for a larger line to fit.
async fn with_others(lines: usize) -> World {
    let h = World::start();
    let units = u64::try_from(lines).unwrap();
    h.done(batch("b", "SOFA", units + 3).eta(in_days(3)).location("A"))
        .await;
    all(&h, lines_of_one_batch(lines)).await;
    h.done(batch("aside", "SOFA", 1).eta(in_days(3)).location("B"))
        .await;
    delayed(&h, 4, 5).await;
    h
}

#[test]
fn so_many_other_lines_are_asked_to_go_aside() {
    run(async {
        let h = with_others(FIRST).await;
        assert_eq!(place(&h, "seeker").await, at("b", 5), "kept");
        assert_eq!(place(&h, "oldest").await, at("aside", 3));
        let h = with_others(FIRST + 1).await;
        assert_eq!(place(&h, "seeker").await, at("spare", LAST), "broken");
        assert_eq!(place(&h, "oldest").await, at("b", 3));
    });
}

/// So many lines that are late, and then enough goods for all of them by the day that they were promised first.
async fn with_late(lines: usize) -> World {
    let h = World::start();
    let units = u64::try_from(lines).unwrap();
    h.done(batch("b", "SOFA", units).eta(in_days(5))).await;
    let orders = (1..=lines).map(|n| line(&format!("o-{n}"), "SOFA", 1).into());
    all(&h, orders).await;
    h.done(set_eta("b", Some(in_days(20)))).await;
    assert_eq!(late(&h).await, units);
    h.done(batch("c", "SOFA", units).eta(in_days(5))).await;
    h
}

/// How many lines are late; everything must be in order.
async fn late(h: &World) -> u64 {
    h.state().await.products[0].2.late
}

#[test]
fn so_many_late_lines_are_pulled_back_at_once() {
    run(async {
        let h = with_late(LATE).await;
        assert_eq!(late(&h).await, 0);
        assert_eq!(place(&h, "o-1000").await, at("c", 5));
        // As many more, which the goods could serve as they are.
        let h = with_late(2 * LATE).await;
        assert_eq!(late(&h).await, 0);
        let h = with_late(2 * LATE + 1).await;
        assert_eq!(late(&h).await, 1);
        assert_eq!(place(&h, "o-2000").await, at("c", 5));
        assert_eq!(place(&h, "o-2001").await, at("b", 20), "the newest");
        // It is not forgotten: whatever is better next finds it.
        h.done(batch("d", "SOFA", 1).eta(in_days(LAST))).await;
        assert_eq!(late(&h).await, 0);
        assert_eq!(place(&h, "o-2001").await, at("c", 5));
    });
}

/// More large late lines than are looked at stand before a small one, for which there are goods; so do some that
/// are under way.
#[test]
fn large_late_lines_do_not_keep_goods_from_small_ones() {
    run(async {
        let h = World::start();
        let large = LATE + 1;
        let units = 10 * u64::try_from(large).unwrap();
        h.done(batch("b", "SOFA", units + 3).eta(in_days(5))).await;
        let orders = (1..=large).map(|n| line(&format!("o-{n}"), "SOFA", 10).into());
        all(&h, orders).await;
        h.done(line("small", "SOFA", 3)).await;
        // Far more than anybody wants, but later than what they have.
        h.done(batch("far", "SOFA", 2 * units).eta(in_days(LAST)))
            .await;
        h.done(set_eta("b", Some(in_days(20)))).await;
        assert_eq!(place(&h, "small").await, at("b", 20));
        h.done(batch("c", "SOFA", 4).eta(in_days(5))).await;
        assert_eq!(place(&h, "small").await, at("c", 5));
        assert_eq!(late(&h).await, u64::try_from(large).unwrap());
        h.in_order().await;
    });
}

/// Lines that wait for goods elsewhere cost a change of supply nothing: not one of them is read.
#[test]
fn lines_that_wait_for_another_place_are_not_read() {
    run(async {
        for many in [10, 2_000] {
            let h = World::start();
            h.done(batch("none", "SOFA", 1)).await;
            let elsewhere = (0..many).map(|n| {
                let line = line(&format!("o-{n}"), "SOFA", 2);
                let places: &[&str] = if n % 2 == 0 {
                    &["Leeds"]
                } else {
                    &["Leeds", "Hull"]
                };
                line.locations(places).into()
            });
            all(&h, elsewhere).await;
            let too_large = (0..many).map(|n| {
                let line = line(&format!("l-{n}"), "SOFA", 9);
                line.locations(&["York"]).split().into()
            });
            all(&h, too_large).await;
            let here = (0..3).map(|n| {
                line(&format!("y-{n}"), "SOFA", 2)
                    .locations(&["York"])
                    .into()
            });
            all(&h, here).await;
            h.done(line("anywhere", "SOFA", 2)).await;
            let before = h.faults.lines_loaded();
            h.done(batch("york", "SOFA", 8).location("York")).await;
            assert_eq!(h.faults.lines_loaded() - before, 4, "of {many} elsewhere");
            assert_eq!(h.see_line("anywhere", "SOFA").await.allocations.len(), 1);
            h.in_order().await;
        }
    });
}
