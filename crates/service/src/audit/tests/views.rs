//! Damage to the read models is found, and told apart from damage to the tables.

use landfall_domain::{Deliver, Policy, Priority, Status, Supply};

use super::found;
use super::story::{Story, TODAY, story};
use crate::views::OrderLineView;

/// Damages a read model and wants a finding with these words, and no other damage told.
#[track_caller]
fn only_views(damage: impl Fn(&mut Story), words: &str) {
    found(&damage, words);
    let mut story = story();
    damage(&mut story);
    let report = story.audit();
    assert!(!report.views_equal && report.tables_ok);
    let of_views = |finding: &&String| {
        finding.starts_with("order view, ") || finding.starts_with("availability, ")
    };
    assert!(report.findings.iter().all(|finding| of_views(&finding)));
}

#[test]
fn damage_to_the_order_view_is_found() {
    let row = |change: fn(&mut OrderLineView), words: &str| {
        only_views(|s| change(s.row("o-split")), words);
    };
    row(
        |r| r.sku = "X".parse().unwrap(),
        "order view, line o-split/SOFA: sku is X; the log says SOFA",
    );
    row(|r| r.quantity += 1, "quantity is 9; the log says 8");
    row(|r| r.dispatched = 1, "dispatched is 1; the log says 0");
    row(|r| r.status = Status::Backordered, "status is backordered");
    row(|r| r.requested_date = Some(TODAY), "the requested date is");
    row(
        |r| r.priority = Priority::new(9).unwrap(),
        "the priority is",
    );
    row(|r| r.policy = Policy::JustInTime, "the policy is");
    row(|r| r.deliver = Deliver::Together, "deliver is");
    row(
        |r| r.original_promise = None,
        "the original promise is none",
    );
    row(
        |r| r.current_promise = Some(TODAY),
        "the current promise is",
    );
    row(
        |r| r.allocations.reverse(),
        "its allocations are not those of the log",
    );
    row(
        |r| r.allocations[0].quantity += 1,
        "its allocations are not those of the log: batch b-",
    );
    only_views(
        |s| {
            s.order_view
                .retain(|row| row.key.order_id.as_str() != "o-gone");
        },
        "order view, line o-gone/SOFA: no row",
    );
    only_views(
        |s| s.order_view.push(s.order_view[0].clone()),
        "it is there twice",
    );
    only_views(
        |s| {
            let mut row = s.order_view[0].clone();
            row.key.order_id = "o-new".parse().unwrap();
            s.order_view.push(row);
        },
        "order view, line o-new/SOFA: the log does not know it",
    );
}

#[test]
fn damage_to_availability_is_found() {
    only_views(
        |s| s.availability[0].units += 1,
        "availability, product SOFA, ",
    );
    only_views(
        |s| s.availability.retain(|row| row.units == 0),
        "no row; the log says",
    );
    only_views(
        |s| {
            let row = s.availability.iter().find(|row| row.units > 0);
            s.availability.extend(row.cloned());
        },
        "the log says 0",
    );
    only_views(
        |s| {
            let mut rows = s.availability.iter_mut();
            rows.find(|row| row.units > 0).unwrap().supply = Supply::From(TODAY);
        },
        "the log says 0",
    );
    only_views(
        |s| {
            for row in &mut s.availability {
                row.sku = "X".parse().unwrap();
            }
        },
        "availability, product X",
    );
}

#[test]
fn damage_to_a_table_leaves_the_views_equal() {
    let mut story = story();
    story.line("o-one").quantity += 1;
    let report = story.audit();
    assert!(!report.ok);
    assert!(report.views_equal, "{:#?}", report.findings);
    assert!(!report.tables_ok);
}

#[test]
fn numbers_of_batches_and_days_without_units_make_no_difference() {
    let mut story = story();
    for row in &mut story.order_view {
        for a in &mut row.allocations {
            a.batch_number = 0;
        }
    }
    story.availability.retain(|row| row.units > 0);
    assert_eq!(story.audit().findings, Vec::<String>::new());
}
