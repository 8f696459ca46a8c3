//! What a dry run comes to, in figures and in a sentence.

use landfall_domain::Command;
use landfall_service::Request;
use landfall_service::bus::DryRunStep;
use landfall_service::summary::{DaysMoved, PROMISES_LISTED, Summary, summarize};
use landfall_testkit::commands::{
    amend, batch, cancel_batch, cancel_line, cancel_order, dispatch, dispatch_order,
    dispatch_units, hold, hold_shipment, line, name, order, receive, receive_shipment, release,
    release_shipment, set_eta, set_quantity, set_shipment_eta, shipment,
};
use landfall_testkit::{Harness, Memory, run};

use crate::in_days;

async fn steps(h: &Harness<Memory>, requests: &[Request]) -> Vec<DryRunStep> {
    h.bus.dry_run(requests.to_vec()).await.unwrap()
}

/// What one command would come to.
pub(crate) async fn of(h: &Harness<Memory>, request: impl Into<Request>) -> Summary {
    let request = request.into();
    let steps = steps(h, std::slice::from_ref(&request)).await;
    summarize(Some(&request.command), &steps, 0)
}

/// What several commands would come to.
async fn of_all(h: &Harness<Memory>, requests: &[Request]) -> Summary {
    summarize(None, &steps(h, requests).await, 0)
}

/// MV Aurora brings ten sofas in 20 days, of which eight are sold; in the warehouse lies one, and ten come in 25
/// days: room for some of those who would be late.
async fn aurora() -> Harness<Memory> {
    let h = Harness::start();
    h.done(shipment("SHP-1", Some(in_days(20))).carried("Maersk", "MV Aurora", "C-1"))
        .await;
    h.done(batch("b-1", "SOFA", 10).on("SHP-1")).await;
    for order in 1..=8 {
        let important = if order == 3 { 9 } else { 5 };
        let sold = line(&format!("o-{order}"), "SOFA", 1).priority(important);
        h.done(sold).await;
    }
    h.done(batch("b-2", "SOFA", 3).eta(in_days(25))).await;
    h.done(batch("b-0", "SOFA", 1)).await;
    h
}

#[test]
fn a_late_ship_is_told_as_a_planner_would() {
    run(async {
        let h = aurora().await;
        let late = of(&h, set_shipment_eta("SHP-1", Some(in_days(30)))).await;
        assert_eq!(
            late.text,
            "MV Aurora +10 days: 8 lines, 7 promises broken; up to 10 days late"
        );
        assert_eq!((late.lines_affected, late.orders_affected), (8, 8));
        assert_eq!((late.promises_broken, late.promises_kept), (7, 1));
        assert_eq!((late.units_affected, late.units_broken), (8, 7));
        assert_eq!((late.orders_broken, late.lines_lost), (7, 0));
        // One takes what lies in the warehouse, three take what comes in 25 days, four wait for the ship.
        assert_eq!(
            late.days_late,
            DaysMoved {
                total: 3 * 5 + 4 * 10,
                max: 10
            }
        );
        assert_eq!((late.commands, late.ok, late.rejected), (1, 1, 0));
        assert!(
            late.broken.iter().all(|b| b.order_id != name("o-3")),
            "the most important is kept"
        );
        let days: Vec<_> = late.broken.iter().map(|b| b.days.unwrap()).collect();
        assert_eq!(days, [10, 10, 10, 10, 5, 5, 5], "the worst first");
        let first = &late.broken[0];
        assert_eq!(first.from, in_days(20));
        assert_eq!(first.to, Some(in_days(30)));
        assert_eq!((first.quantity, first.sku.as_str()), (1, "SOFA"));
        h.in_order().await;
    });
}

#[test]
fn the_most_important_of_the_broken_come_first() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 6).eta(in_days(10))).await;
        for (order, priority) in [("o-1", 2), ("o-2", 7), ("o-3", 2), ("o-4", 7)] {
            h.done(line(order, "SOFA", 1).priority(priority)).await;
        }
        let late = of(&h, set_eta("b-1", Some(in_days(11)))).await;
        let listed: Vec<_> = late.broken.iter().map(|b| b.order_id.as_str()).collect();
        assert_eq!(listed, ["o-2", "o-4", "o-1", "o-3"]);
        let held = of(&h, hold("b-1", "customs", None)).await;
        assert_eq!((held.promises_broken, held.lines_lost), (4, 4));
        assert!(
            held.broken
                .iter()
                .all(|b| b.to.is_none() && b.days.is_none())
        );
        assert_eq!(
            held.days_late,
            DaysMoved::default(),
            "nobody knows how late"
        );
        assert_eq!(
            held.text,
            "batch b-1 held (customs), no clear date: 4 lines, 4 promises broken; 4 lines lose their stock"
        );
        let more = of(&h, set_quantity("b-1", 12_000)).await;
        assert!(
            more.text.starts_with("batch b-1 6 → 12,000 units: "),
            "{}",
            more.text
        );
        let some = of(&h, set_quantity("b-1", 2)).await;
        assert_eq!((some.promises_broken, some.lines_lost), (2, 2));
        assert_eq!(
            some.text,
            "batch b-1 6 → 2 units: 2 lines, 2 promises broken; 2 lines lose their stock"
        );
    });
}

/// At the same priority, no date at all is worse than a later one.
#[test]
fn who_waits_comes_before_who_is_late() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 2).eta(in_days(10))).await;
        h.done(line("o-1", "SOFA", 1)).await;
        h.done(line("o-2", "SOFA", 1)).await;
        let fewer: Request = set_quantity("b-1", 1).into();
        let later: Request = set_eta("b-1", Some(in_days(13))).into();
        let both = of_all(&h, &[fewer, later]).await;
        let listed: Vec<_> = both
            .broken
            .iter()
            .map(|b| (b.order_id.as_str(), b.days))
            .collect();
        assert_eq!(listed, [("o-2", None), ("o-1", Some(3))]);
        assert_eq!((both.lines_lost, both.days_late.total), (1, 3));
        assert_eq!(
            both.text,
            "2 commands: 2 lines, 2 promises broken; up to 3 days late; 1 line loses its stock"
        );
    });
}

#[test]
fn better_supply_improves_promises() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 2).eta(in_days(10))).await;
        h.done(line("o-1", "SOFA", 2)).await;
        h.done(set_eta("b-1", Some(in_days(20)))).await;
        h.done(line("o-2", "SOFA", 3)).await;
        let more = of(&h, batch("b-2", "SOFA", 3)).await;
        assert_eq!((more.promises_improved, more.promises_broken), (1, 0));
        assert_eq!(
            more.text,
            "batch b-2, 3 units of SOFA: 1 line, no promise broken, 1 improved"
        );
        let earlier = of(&h, set_eta("b-1", Some(in_days(12)))).await;
        assert_eq!(
            earlier.text,
            "batch b-1 −8 days: 1 line, no promise broken, 1 improved"
        );
        let here = of(&h, set_eta("b-1", None)).await;
        assert_eq!(
            here.text,
            "batch b-1 in the warehouse: 1 line, no promise broken, 1 improved"
        );
    });
}

/// What one command breaks and the next puts right was not broken.
#[test]
fn several_commands_are_one_change() {
    run(async {
        let h = aurora().await;
        let late: Request = set_shipment_eta("SHP-1", Some(in_days(30))).into();
        let again: Request = set_shipment_eta("SHP-1", Some(in_days(20))).into();
        let none = of_all(&h, &[late.clone(), again]).await;
        assert_eq!((none.lines_affected, none.promises_broken), (8, 0));
        assert_eq!(none.promises_kept, 8);
        assert_eq!(none.broken, []);
        assert_eq!(none.text, "2 commands: 8 lines, no promise broken");
        let more: Request = batch("b-3", "SOFA", 9).into();
        let saved = of_all(&h, &[late.clone(), more]).await;
        assert_eq!((saved.lines_affected, saved.promises_broken), (8, 0));
        let unknown: Request = release_shipment("SHP-2").into();
        let partly = of_all(&h, &[late.clone(), unknown]).await;
        assert_eq!((partly.commands, partly.ok, partly.rejected), (2, 1, 1));
        assert_eq!(
            partly.text,
            "2 commands (1 refused): 8 lines, 7 promises broken; up to 10 days late"
        );
        let alone = summarize(None, &steps(&h, &[late]).await, 2);
        assert_eq!((alone.commands, alone.invalid), (3, 2));
        assert!(
            alone.text.starts_with("3 commands (2 ill-formed): "),
            "{}",
            alone.text
        );
    });
}

/// A customer who no longer wants it is not promised anything less.
#[test]
fn what_is_not_wanted_or_has_left_is_not_broken() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 5)).await;
        h.done(order("o-1", &[("SOFA", 2)]).named("extra", "SOFA", 1))
            .await;
        h.done(order("o-2", &[("SOFA", 2)])).await;
        let cancelled = of(&h, cancel_order("o-1")).await;
        assert_eq!(
            cancelled.text,
            "order o-1 cancelled: 2 lines, no promise broken"
        );
        assert_eq!((cancelled.promises_kept, cancelled.promises_broken), (0, 0));
        let one = of(&h, cancel_line("o-1", "extra")).await;
        assert_eq!(
            one.text,
            "line extra of order o-1 cancelled: 1 line, no promise broken"
        );
        let left = of(&h, dispatch("o-1", "SOFA")).await;
        assert_eq!(
            left.text,
            "line SOFA of order o-1 dispatched: 1 line, no promise broken"
        );
        assert_eq!(left.promises_kept, 1);
        let all = of(&h, dispatch_order("o-1")).await;
        assert_eq!(all.text, "order o-1 dispatched: 2 lines, no promise broken");
        let less = of(&h, amend("o-1", "SOFA", 1)).await;
        assert_eq!(
            less.text,
            "line SOFA of order o-1 2 → 1 unit: 1 line, no promise broken"
        );
        // What is left of a line is no promise that is kept when it is cancelled.
        h.done(dispatch_units("o-2", "SOFA", 1)).await;
        let rest = of(&h, cancel_order("o-2")).await;
        assert_eq!((rest.lines_affected, rest.promises_kept), (1, 0));
    });
}

/// An order that goes out together has one promise: what one line loses, all lose.
#[test]
fn a_line_whose_order_waits_for_another_has_no_promise() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 5)).await;
        h.done(batch("b-2", "LAMP", 5).eta(in_days(5))).await;
        h.done(order("o-1", &[("SOFA", 1), ("LAMP", 1)]).together())
            .await;
        let held = of(&h, cancel_batch("b-2")).await;
        assert_eq!((held.promises_broken, held.lines_lost), (2, 1));
        assert_eq!((held.orders_affected, held.orders_broken), (1, 1));
        assert_eq!(
            held.text,
            "batch b-2 cancelled: 2 lines, 2 promises broken; 1 line loses its stock"
        );
    });
}

#[test]
fn new_lines_are_told_apart() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(batch("b-1", "SOFA", 5)).await;
        h.done(batch("b-2", "LAMP", 1)).await;
        let one = of(&h, line("o-1", "SOFA", 3)).await;
        assert_eq!(
            one.text,
            "line SOFA of order o-1, 3 units of SOFA: 1 new line"
        );
        assert_eq!((one.lines_new, one.lines_affected), (1, 0));
        assert_eq!((one.lines_allocated, one.lines_backordered), (1, 0));
        let two = of(&h, order("o-1", &[("SOFA", 3), ("LAMP", 3)])).await;
        assert_eq!(two.text, "order o-1: 2 new lines (1 without stock)");
        assert_eq!((two.lines_new, two.lines_new_waiting), (2, 1));
    });
}

#[test]
fn each_command_has_its_words() {
    run(async {
        let h = Harness::<Memory>::start();
        h.done(shipment("SHP-1", Some(in_days(5)))).await;
        h.done(batch("b-1", "SOFA", 10).on("SHP-1")).await;
        h.done(batch("b-2", "LAMP", 10).on("SHP-1")).await;
        h.done(batch("b-3", "DESK", 10)).await;
        h.done(hold_shipment("SHP-1", "customs", Some(in_days(8))))
            .await;
        h.done(hold("b-3", "quality", Some(in_days(8)))).await;
        let text = async |command: Command| of(&h, command).await.text;
        let held = text(hold_shipment("SHP-1", "customs", Some(in_days(9)))).await;
        assert_eq!(
            held,
            "shipment SHP-1 held (customs) until 2026-05-19: no line affected"
        );
        let same = text(hold_shipment("SHP-1", "customs", Some(in_days(8)))).await;
        assert_eq!(same, "shipment SHP-1: nothing changes");
        assert_eq!(
            text(release_shipment("SHP-1")).await,
            "shipment SHP-1 released: no line affected"
        );
        assert_eq!(
            text(release("b-3")).await,
            "batch b-3 released: no line affected"
        );
        assert_eq!(
            text(receive_shipment("SHP-1", &[("b-1", 8), ("b-2", 11)])).await,
            "shipment SHP-1 received, 2 short and 1 over: no line affected"
        );
        assert_eq!(
            text(receive("b-1", 10)).await,
            "batch b-1 received: no line affected"
        );
        assert_eq!(
            text(receive("b-1", 9)).await,
            "batch b-1 received, 1 short: no line affected"
        );
        assert_eq!(
            text(receive("b-1", 19)).await,
            "batch b-1 received, 9 over: no line affected"
        );
        assert_eq!(
            text(set_eta("b-3", Some(in_days(3)))).await,
            "batch b-3 not here before 2026-05-13: no line affected"
        );
        assert_eq!(
            text(set_eta("b-1", Some(in_days(6)))).await,
            "batch b-1 +1 day: no line affected"
        );
        assert_eq!(
            text(release("b-9")).await,
            "batch b-9 refused: there is no batch b-9"
        );
        let new = of(&h, shipment("SHP-2", None).carried("a", "MV Borea", "c")).await;
        assert_eq!(new.text, "MV Borea announced: no line affected");
    });
}

#[test]
fn of_very_many_broken_promises_the_worst_are_listed() {
    run(async {
        let h = Harness::<Memory>::start();
        let many = PROMISES_LISTED as u64 + 20;
        h.done(batch("b-1", "SOFA", many).eta(in_days(10))).await;
        for number in 0..many {
            let priority = u64::from(number < 30) * 4 + 1;
            h.done(line(&format!("o-{number}"), "SOFA", 1).priority(priority))
                .await;
        }
        let late = of(&h, set_eta("b-1", Some(in_days(12)))).await;
        assert_eq!(late.promises_broken, many);
        assert_eq!(
            late.days_late,
            DaysMoved {
                total: 2 * many,
                max: 2
            }
        );
        assert_eq!(late.broken.len(), PROMISES_LISTED);
        assert!(late.broken[..30].iter().all(|b| b.priority.get() == 5));
        assert!(late.broken[30..].iter().all(|b| b.priority.get() == 1));
    });
}
