//! A line whose promise cannot be kept gets the earliest day that is possible without breaking another.

use landfall_testkit::commands::{batch, line, set_eta};
use landfall_testkit::run;

use super::{World, at, in_days, of};

/// A line on its own batch, and one that was promised day 60 and has goods on day 25.
async fn one_with_slack() -> World {
    let h = World::start();
    h.done(batch("a", "SOFA", 1).eta(in_days(10))).await;
    h.done(line("delayed", "SOFA", 1)).await;
    h.done(batch("b", "SOFA", 1).eta(in_days(60))).await;
    h.done(line("slack", "SOFA", 1)).await;
    h.done(set_eta("b", Some(in_days(25)))).await;
    h
}

#[test]
fn a_line_with_slack_makes_room_for_one_that_is_late_anyway() {
    run(async {
        let h = one_with_slack().await;
        h.done(batch("c", "SOFA", 1).eta(in_days(60))).await;
        let changed = h.kinds_of(h.done(set_eta("a", Some(in_days(90))))).await;
        assert_eq!(of(&h, "delayed").await, at("b", 25));
        assert_eq!(of(&h, "slack").await, at("c", 60), "kept");
        let told = changed.iter().filter(|kind| **kind == "PromiseChanged");
        assert_eq!(told.count(), 1, "nobody tells the one with slack");
        h.in_order().await;
    });
}

#[test]
fn a_chain_of_lines_with_slack_makes_room() {
    run(async {
        let h = one_with_slack().await;
        h.done(batch("c", "SOFA", 1).eta(in_days(80))).await;
        h.done(line("slack-too", "SOFA", 1)).await;
        h.done(set_eta("c", Some(in_days(55)))).await;
        h.done(batch("d", "SOFA", 1).eta(in_days(80))).await;
        h.done(set_eta("a", Some(in_days(90)))).await;
        assert_eq!(of(&h, "delayed").await, at("b", 25));
        assert_eq!(of(&h, "slack").await, at("c", 60));
        assert_eq!(of(&h, "slack-too").await, at("d", 80));
        h.in_order().await;
    });
}

#[test]
fn a_late_line_is_pulled_back_as_far_as_slack_goes() {
    run(async {
        let h = one_with_slack().await;
        h.done(set_eta("a", Some(in_days(90)))).await;
        assert_eq!(of(&h, "delayed").await, at("a", 90));
        // It comes too late for the one, and in time for the other.
        h.done(batch("c", "SOFA", 1).eta(in_days(60))).await;
        assert_eq!(of(&h, "delayed").await, at("b", 25));
        assert_eq!(of(&h, "slack").await, at("c", 60));
        h.in_order().await;
    });
}
