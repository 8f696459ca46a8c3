//! Which orders a dry run concerns, and what it improves.

use landfall_service::summary::{DaysMoved, ORDERS_LISTED, OrderEffect, PROMISES_LISTED};
use landfall_testkit::commands::{batch, hold, line, name, set_eta, set_quantity};
use landfall_testkit::{Harness, Memory, run};

use crate::in_days;
use crate::summary::of;

fn order(id: &str, broken: u64, improved: u64, days_late: Option<u64>) -> OrderEffect {
    OrderEffect {
        order_id: name(id),
        broken,
        improved,
        days_late,
    }
}

/// Two late lines, one of them important, and one that waits.
async fn late() -> Harness<Memory> {
    let h = Harness::<Memory>::start();
    h.done(batch("b-1", "SOFA", 2).eta(in_days(10))).await;
    h.done(line("o-1", "SOFA", 1)).await;
    h.done(line("o-2", "SOFA", 1).priority(9)).await;
    h.done(line("o-3", "SOFA", 2).priority(9)).await;
    h.done(set_eta("b-1", Some(in_days(17)))).await;
    h
}

#[test]
fn what_is_improved_is_listed_with_its_days() {
    run(async {
        let h = late().await;
        let more = of(&h, batch("b-2", "SOFA", 3).eta(in_days(12))).await;
        assert_eq!((more.promises_improved, more.orders_improved), (2, 2));
        assert_eq!(more.days_early, DaysMoved { total: 5, max: 5 });
        assert_eq!(more.days_late, DaysMoved::default());
        let listed: Vec<_> = more
            .improved
            .iter()
            .map(|p| (p.order_id.as_str(), p.from, p.to, p.days))
            .collect();
        let expected = [
            ("o-3", None, in_days(12), None),
            ("o-2", Some(in_days(17)), in_days(12), Some(5)),
        ];
        assert_eq!(listed, expected);
        let improved = ["o-2", "o-3"].map(|id| order(id, 0, 1, Some(0)));
        assert_eq!(more.orders, improved);
        assert_eq!((more.improved_left_out, more.orders_left_out), (0, 0));
    });
}

#[test]
fn orders_are_listed_with_their_worst_line() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 3).eta(in_days(10))).await;
        h.done(batch("c-1", "LAMP", 1).eta(in_days(20))).await;
        h.done(line("o-1", "SOFA", 1)).await;
        h.done(line("o-2", "SOFA", 1)).await;
        h.done(line("o-2", "SOFA", 1).line_id("two")).await;
        let later = of(&h, set_eta("b-1", Some(in_days(14)))).await;
        let orders = [order("o-2", 2, 0, Some(4)), order("o-1", 1, 0, Some(4))];
        assert_eq!(later.orders, orders);
        let fewer = of(&h, set_quantity("b-1", 2)).await;
        assert_eq!(fewer.orders, [order("o-2", 1, 0, None)], "it has no date");
        let held = of(&h, hold("c-1", "customs", None)).await;
        assert_eq!(held.orders, []);
    });
}

#[test]
fn what_is_not_listed_is_counted() {
    run(async {
        let h = Harness::<Memory>::start();
        let many = ORDERS_LISTED as u64 + 7;
        h.done(batch("b-1", "SOFA", many).eta(in_days(10))).await;
        for at in 0..many {
            h.done(line(&format!("o-{at:04}"), "SOFA", 1)).await;
        }
        let late = of(&h, set_eta("b-1", Some(in_days(12)))).await;
        let unlisted = many - PROMISES_LISTED as u64;
        assert_eq!((late.orders.len(), late.broken.len()), (1_000, 100));
        assert_eq!((late.orders_left_out, late.broken_left_out), (7, unlisted));
        h.done(set_eta("b-1", Some(in_days(12)))).await;
        let early = of(&h, set_eta("b-1", None)).await;
        assert_eq!(
            (early.improved.len(), early.improved_left_out),
            (100, unlisted)
        );
        assert_eq!(early.orders_left_out, 7);
    });
}
