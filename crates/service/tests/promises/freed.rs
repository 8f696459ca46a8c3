//! What lines give back, whatever the command, is offered to those that are late.

use landfall_domain::events::PromiseCause;
use landfall_domain::{Event, Status};
use landfall_testkit::commands::{amend, amend_or_wait, batch, line, set_eta, set_quantity};
use landfall_testkit::run;

use super::{World, at, in_days, of};

/// A line of two batches, the second of which is late.
async fn split_and_late() -> World {
    let h = World::start();
    h.done(batch("s-1", "SOFA", 5)).await;
    h.done(batch("s-2", "SOFA", 5).eta(in_days(10))).await;
    h.done(line("o", "SOFA", 8).split()).await;
    h.done(set_eta("s-2", Some(in_days(90)))).await;
    assert_eq!(of(&h, "o").await, at("s-1", 90));
    h
}

#[test]
fn who_wants_less_of_late_goods_gets_the_first_promise_back() {
    run(async {
        let h = split_and_late().await;
        let log = h.events().await.len();
        h.done(amend("o", "SOFA", 5)).await;
        assert_eq!(of(&h, "o").await, at("s-1", 10), "and not before");
        let events = h.events().await.split_off(log);
        let told = events.iter().filter_map(|record| match &record.event {
            Event::PromiseChanged {
                from, to, cause, ..
            } => Some((*from, *to, *cause)),
            _ => None,
        });
        let once = (Some(in_days(90)), Some(in_days(10)), PromiseCause::Amended);
        assert_eq!(told.collect::<Vec<_>>(), [once]);
        h.in_order().await;
    });
}

#[test]
fn who_wants_less_but_still_of_late_goods_stays_late() {
    run(async {
        let h = split_and_late().await;
        h.done(amend("o", "SOFA", 6)).await;
        assert_eq!(of(&h, "o").await, at("s-1", 90));
        // Less late is better than late.
        h.done(set_eta("s-2", Some(in_days(40)))).await;
        assert_eq!(of(&h, "o").await, at("s-1", 40));
        h.in_order().await;
    });
}

#[test]
fn who_wants_less_is_not_told_a_later_day_because_time_has_passed() {
    run(async {
        let h = World::start();
        h.done(batch("s-1", "SOFA", 5).eta(in_days(2))).await;
        h.done(batch("s-2", "SOFA", 5).eta(in_days(10))).await;
        h.done(line("o", "SOFA", 8).split()).await;
        h.done(set_eta("s-2", Some(in_days(20)))).await;
        // Everything is overdue now.
        h.clock.set_day(in_days(30));
        h.done(amend("o", "SOFA", 5)).await;
        assert_eq!(of(&h, "o").await, at("s-1", 20));
        h.in_order().await;
    });
}

#[test]
fn what_a_line_leaves_because_it_wants_more_helps_the_late() {
    run(async {
        let h = World::start();
        h.done(batch("a", "SOFA", 5).eta(in_days(10))).await;
        h.done(line("grows", "SOFA", 5)).await;
        h.done(batch("c", "SOFA", 5).eta(in_days(10))).await;
        h.done(line("late", "SOFA", 5)).await;
        h.done(batch("b", "SOFA", 20).eta(in_days(30))).await;
        h.done(set_eta("c", Some(in_days(60)))).await;
        assert_eq!(of(&h, "late").await, at("b", 30));
        h.done(amend("grows", "SOFA", 6)).await;
        assert_eq!(of(&h, "grows").await.0, "b");
        assert_eq!(of(&h, "late").await, at("a", 10));
        h.in_order().await;
    });
}

#[test]
fn what_a_shortage_leaves_over_helps_the_late() {
    run(async {
        let h = World::start();
        h.done(batch("b-1", "SOFA", 5).eta(in_days(10))).await;
        h.done(line("big", "SOFA", 5)).await;
        h.done(batch("b-0", "SOFA", 1).eta(in_days(3))).await;
        h.done(line("small", "SOFA", 1)).await;
        h.done(set_eta("b-0", Some(in_days(16)))).await;
        h.done(set_quantity("b-1", 2)).await;
        assert_eq!(h.see_line("big", "SOFA").await.status, Status::Backordered);
        assert_eq!(of(&h, "small").await, at("b-1", 10));
        h.in_order().await;
    });
}

#[test]
fn who_waits_for_less_is_looked_at_again() {
    run(async {
        let h = World::start();
        h.done(batch("b", "SOFA", 3)).await;
        h.done(line("o", "SOFA", 9)).await;
        h.done(amend_or_wait("o", "SOFA", 12)).await;
        h.done(amend("o", "SOFA", 3)).await;
        assert_eq!(of(&h, "o").await, at("b", 0));
        h.in_order().await;
    });
}
