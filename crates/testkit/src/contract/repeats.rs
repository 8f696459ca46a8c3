//! Commands that come twice: by their content, by their idempotency key, after a restart, and dry runs.

use jiff::SignedDuration;
use landfall_domain::line::Status;
use landfall_domain::{Priority, Rejection};
use landfall_service::clock::Clock;
use landfall_service::engine::Limits;
use landfall_service::{Failure, Request};

use super::scene::in_days;
use crate::commands::{
    amend, batch, cancel_line, cancel_order, line, name, order, rank, set_eta, set_quantity,
    with_id,
};
use crate::database::Database;
use crate::harness::Harness;

/// The fields in which a refused repeat differs.
pub(super) fn differs(refused: Rejection) -> Vec<String> {
    match refused {
        Rejection::Conflict { differences, .. } => differences
            .into_iter()
            .map(|d| format!("{}: {} → {}", d.field, d.accepted, d.given))
            .collect(),
        other => panic!("no conflict: {other:?}"),
    }
}

/// A batch repeated as first accepted is there already, also after changes; other content is a conflict.
pub async fn a_repeated_batch<D: Database>() {
    let h = Harness::<D>::start();
    let first = batch("b", "SOFA", 10).eta(in_days(5)).location("LEEDS");
    assert!(h.done(first.clone()).await.created);
    h.done(set_quantity("b", 7)).await;
    h.done(set_eta("b", None)).await;
    let log = h.events().await;
    let again = h.done(first.clone()).await;
    assert!(!again.created);
    assert_eq!(h.batch(first).await.purchased, 7, "the present state");
    let other = h.refused(batch("b", "LAMP", 7)).await;
    let expected = [
        "sku: SOFA → LAMP",
        "quantity: 10 → 7",
        "eta: 2026-05-15 → null",
        "location: LEEDS → null",
    ];
    assert_eq!(differs(other), expected);
    assert_eq!(h.events().await, log);
    assert!(
        h.views
            .product(&name("LAMP"))
            .await
            .expect("read")
            .is_none()
    );
    h.audit().await;
}

/// A line repeated as first accepted never lands in a second batch, also after it was amended, moved or
/// cancelled; other content is a conflict that says what differs.
pub async fn a_repeated_line<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(batch("c", "SOFA", 10)).await;
    let first = line("o-1", "SOFA", 8).requested(in_days(3));
    h.done(first.clone()).await;
    let unchanged = async |what: &str| {
        let (log, before) = (h.events().await, h.see_line("o-1", "SOFA").await);
        let again = h.done(first.clone()).await;
        assert!(!again.created, "{what}");
        assert_eq!(h.line(first.clone()).await, before, "{what}");
        assert_eq!(h.events().await, log, "{what}");
    };
    unchanged("at once").await;
    h.done(set_quantity("b", 4)).await;
    assert_eq!(
        h.see_line("o-1", "SOFA").await.allocations[0].batch,
        name("c")
    );
    unchanged("after it moved").await;
    h.done(amend("o-1", "SOFA", 3)).await;
    unchanged("after it was amended").await;
    let amended = h
        .refused(line("o-1", "SOFA", 3).requested(in_days(3)))
        .await;
    assert_eq!(
        differs(amended),
        ["quantity: 8 → 3"],
        "compared with what was first accepted"
    );
    h.done(cancel_line("o-1", "SOFA")).await;
    unchanged("after it was cancelled").await;
    let mut other = line("o-1", "SOFA", 8)
        .priority(9)
        .split()
        .or_reject()
        .just_in_time();
    other = other.locations(&["LEEDS"]);
    let expected = [
        "requested_date: 2026-05-13 → null",
        "priority: 5 → 9",
        "policy: earliest → just_in_time",
        "split: false → true",
        "if_short: backorder → reject",
        "locations: [] → [LEEDS]",
    ];
    assert_eq!(differs(h.refused(other).await), expected);
    let other = line("o-1", "LAMP", 8).requested(in_days(3)).line_id("SOFA");
    assert_eq!(differs(h.refused(other).await), ["sku: SOFA → LAMP"]);
    h.audit().await;
}

/// An order repeated as first accepted is there already; other lines are a conflict. `Allocate` may add one.
pub async fn a_repeated_order<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    h.done(batch("c", "LAMP", 10)).await;
    let first = order("o-1", &[("SOFA", 2), ("LAMP", 2)]);
    assert!(h.done(first.clone()).await.created);
    assert!(h.done(line("o-1", "LAMP", 1).line_id("more")).await.created);
    h.done(amend("o-1", "LAMP", 1)).await;
    let log = h.events().await;
    let again = h.done(first.clone()).await;
    assert!(!again.created);
    assert_eq!(
        h.order(first.clone()).await.lines.len(),
        3,
        "the present state"
    );
    let reordered = order("o-1", &[("LAMP", 2), ("SOFA", 2)]);
    assert!(!h.done(reordered).await.created, "its lines are the same");
    for other in [
        order("o-1", &[("SOFA", 2)]),
        order("o-1", &[("SOFA", 2), ("LAMP", 1)]),
        order("o-1", &[("SOFA", 2), ("LAMP", 2)]).named("more", "LAMP", 1),
        order("o-1", &[("SOFA", 2), ("LAMP", 2)]).or_reject(),
    ] {
        assert!(!differs(h.refused(other).await).is_empty());
    }
    let mut urgent = first.clone();
    urgent.0.lines[1].priority = Some(rank(9));
    assert_eq!(
        differs(h.refused(urgent).await),
        ["lines[1].priority: 5 → 9"]
    );
    let mut explicit = first;
    explicit.0.lines[1].priority = Some(Priority::default());
    assert!(
        !h.done(explicit).await.created,
        "defaults are filled in before it is compared"
    );
    assert_eq!(h.events().await, log);
    // A line of it repeated alone is a repeat as well.
    assert!(!h.done(line("o-1", "SOFA", 2)).await.created);
    h.done(cancel_order("o-1")).await;
    assert_eq!(h.see_line("o-1", "more").await.status, Status::Cancelled);
    h.audit().await;
}

/// Under one idempotency key one command is carried out once, and answered the same each time.
pub async fn an_id_is_answered_once<D: Database>() {
    let h = Harness::<D>::start();
    h.done(with_id("k-1", batch("b", "SOFA", 10))).await;
    let first = h.done(with_id("k-2", line("o-1", "SOFA", 2))).await;
    assert!(
        h.events()
            .await
            .iter()
            .any(|record| record.command_id == "k-2")
    );
    h.done(cancel_line("o-1", "SOFA")).await;
    let log = h.events().await;
    assert_eq!(
        h.done(with_id("k-2", line("o-1", "SOFA", 2))).await,
        first,
        "as it was then"
    );
    let taken = h.refused(with_id("k-2", line("o-1", "SOFA", 3))).await;
    assert_eq!(taken, Rejection::IdReused { id: name("k-2") });
    let taken = h.refused(with_id("k-1", line("o-2", "SOFA", 3))).await;
    assert_eq!(taken, Rejection::IdReused { id: name("k-1") });
    // A refusal that has to do with what is there is remembered; one that may be mended is not.
    let short = line("o-3", "SOFA", 99).or_reject();
    let refused = h.refused(with_id("k-3", short.clone())).await;
    h.done(batch("c", "SOFA", 99)).await;
    assert_eq!(h.refused(with_id("k-3", short)).await, refused);
    h.refused(with_id("k-4", set_quantity("later", 1))).await;
    h.done(batch("later", "SOFA", 5)).await;
    assert_eq!(
        h.batch(with_id("k-4", set_quantity("later", 1)))
            .await
            .purchased,
        1
    );
    assert_eq!(h.events().await.len(), log.len() + 3);
    h.audit().await;
}

/// The same id twice in one group is one command.
pub async fn an_id_is_answered_once_within_a_group<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 10)).await;
    let same = with_id("k", line("o-1", "SOFA", 2));
    let other = with_id("k", line("o-2", "SOFA", 2));
    let answers = h.bus.handle_all(vec![same.clone(), same, other]).await;
    assert!(answers[0].is_ok());
    assert_eq!(answers[1], answers[0]);
    let taken = Rejection::IdReused { id: name("k") };
    assert_eq!(answers[2], Err(Failure::Rejected(taken)));
    assert_eq!(h.see_batch("b").await.allocated, 2);
    h.audit().await;
}

/// Answers are remembered as long as configured, and across a restart.
pub async fn ids_are_remembered_across_a_restart<D: Database>() {
    let limits = Limits {
        remember: SignedDuration::from_hours(24),
        ..Limits::default()
    };
    let h = Harness::<D>::start_with(limits.clone(), 0);
    h.done(batch("b", "SOFA", 10)).await;
    let first = h.done(with_id("k", line("o-1", "SOFA", 2))).await;
    let log = h.events().await;
    let clock = h.clock.clone();
    let database = h.stop();
    clock.set(clock.now() + SignedDuration::from_hours(23));
    let h = Harness::start_on(database, clock, limits, 0);
    assert_eq!(h.events().await, log);
    h.done(batch("c", "SOFA", 10)).await;
    assert_eq!(h.done(with_id("k", line("o-1", "SOFA", 2))).await, first);
    h.clock.set(h.clock.now() + SignedDuration::from_hours(2));
    // Old answers go after a group; this one makes one.
    h.done(batch("d", "SOFA", 10)).await;
    h.done(with_id("k", line("o-2", "SOFA", 2))).await;
    h.audit().await;
}

/// After a restart everything goes on from where it was: stock, queues, numbers, offsets.
pub async fn a_restart_changes_nothing<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 5)).await;
    h.done(line("o-1", "SOFA", 4)).await;
    h.done(line("o-2", "SOFA", 3)).await;
    h.done(line("o-3", "SOFA", 3)).await;
    let clock = h.clock.clone();
    let h = Harness::start_on(h.stop(), clock, Limits::default(), 0);
    h.audit().await;
    assert_eq!(h.queue("SOFA").await.len(), 2);
    h.done(set_quantity("b", 8)).await;
    assert_eq!(
        h.see_line("o-2", "SOFA").await.status,
        Status::Allocated,
        "the older one first"
    );
    h.done(set_quantity("b", 3)).await;
    assert_eq!(
        h.see_line("o-2", "SOFA").await.status,
        Status::Allocated,
        "the newest loses first"
    );
    h.audit().await;
}

/// A dry run tells what would be and leaves nothing; each of its commands sees those before it.
pub async fn a_dry_run_leaves_nothing<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 5)).await;
    let (log, product) = (h.events().await, h.see_product("SOFA").await);
    let requests: Vec<Request> = vec![
        line("o-1", "SOFA", 5).into(),
        with_id("k", line("o-2", "SOFA", 1).or_reject()),
        batch("c", "SOFA", 1).into(),
        with_id("k-2", line("o-2", "SOFA", 1).or_reject()),
    ];
    let steps = h.bus.dry_run(requests.clone()).await.expect("a dry run");
    let ok: Vec<bool> = steps.iter().map(|step| step.answer.is_ok()).collect();
    assert_eq!(ok, [true, false, true, true]);
    let events: Vec<Vec<_>> = steps
        .iter()
        .map(|step| step.events.iter().map(|r| r.event.kind()).collect())
        .collect();
    assert_eq!(
        events,
        [
            vec!["Allocated"],
            vec![],
            vec!["BatchCreated"],
            vec!["Allocated"]
        ]
    );
    assert_eq!(steps[0].events[0].offset, log.len() as u64 + 1);
    assert_eq!(h.events().await, log);
    assert_eq!(h.see_product("SOFA").await, product);
    assert!(
        h.views
            .order(&name("o-1"), h.today())
            .await
            .expect("read")
            .is_none()
    );
    // Run for good, the same commands give the same answers: nothing was remembered either.
    let answers = h.bus.handle_all(requests).await;
    let dry: Vec<_> = steps.into_iter().map(|step| step.answer).collect();
    assert_eq!(answers, dry);
    h.audit().await;
}
