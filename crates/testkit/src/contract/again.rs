//! Every command once more: at once, under its id after other things have happened, and as a dry run first.

use landfall_domain::line::Status;
use landfall_service::uow::LineEffect;
use landfall_service::{Done, Request};

use super::scene::in_days;
use crate::commands::{
    amend, batch, cancel_batch, cancel_line, cancel_order, dispatch, dispatch_order,
    dispatch_units, hold, hold_shipment, line, order, receive, receive_shipment, release,
    release_shipment, set_eta, set_quantity, set_shipment_eta, shipment, with_id,
};
use crate::database::Database;
use crate::harness::Harness;

/// All 18 commands, each of which changes something after those before it.
fn all_commands() -> Vec<Request> {
    vec![
        shipment("MV-1", Some(in_days(9))).into(),
        batch("a", "SOFA", 9).on("MV-1").into(),
        batch("b", "SOFA", 9).into(),
        batch("c", "LAMP", 4).eta(in_days(3)).into(),
        line("o-1", "SOFA", 4).into(),
        line("o-2", "LAMP", 4).into(),
        order("o-3", &[("SOFA", 5), ("LAMP", 2)]).together().into(),
        order("o-4", &[("SOFA", 9)]).or_reject().into(),
        set_shipment_eta("MV-1", Some(in_days(12))).into(),
        hold_shipment("MV-1", "customs", Some(in_days(14))).into(),
        set_quantity("c", 7).into(),
        set_eta("c", Some(in_days(5))).into(),
        hold("b", "damage", None).into(),
        release("b").into(),
        amend("o-3", "LAMP", 1).into(),
        release_shipment("MV-1").into(),
        dispatch("o-1", "SOFA").into(),
        receive_shipment("MV-1", &[("a", 8)]).into(),
        receive("c", 6).into(),
        cancel_line("o-2", "LAMP").into(),
        dispatch_order("o-3").into(),
        cancel_order("o-4").into(),
        cancel_batch("a").into(),
    ]
}

/// Asked for again at once, every command changes nothing, and its answer shows the same.
pub async fn every_command_is_repeated_at_once<D: Database>() {
    let h = Harness::<D>::start();
    for request in all_commands() {
        let log = h.events().await.len();
        let first = h.done(request.clone()).await;
        let events = h.events().await;
        assert!(events.len() > log, "{request:?} does something");
        let again = h.done(request.clone()).await;
        let expected = Done {
            created: false,
            reply: first.reply,
        };
        assert_eq!(again, expected, "{request:?}");
        assert_eq!(h.events().await, events, "{request:?}");
    }
    h.in_order().await;
}

/// Under its id every command is answered as the first time, whatever happened since; in a group too.
pub async fn every_command_is_answered_by_its_id<D: Database>() {
    let h = Harness::<D>::start();
    let named = all_commands().into_iter().enumerate();
    let named = named.map(|(at, request)| with_id(&format!("k-{at}"), request.command));
    let mut named: Vec<Request> = named.collect();
    named.push(with_id("k-part", line("o-9", "LAMP", 3)));
    named.push(with_id("k-leaves", dispatch_units("o-9", "LAMP", 1)));
    let mut first = Vec::new();
    for request in &named {
        first.push(Ok(h.done(request.clone()).await));
    }
    let state = h.state().await;
    assert_eq!(h.bus.handle_all(named.clone()).await, first);
    for (request, answer) in named.iter().zip(&first) {
        assert_eq!(h.handle(request.clone()).await, *answer);
    }
    assert_eq!(h.state().await, state);
}

/// What a dry run says of lines.
fn words(effect: &LineEffect) -> (String, Option<Status>, Status) {
    let before = effect.before.as_ref().map(|before| before.status);
    (effect.key.to_string(), before, effect.after.status)
}

/// A dry run of a storm tells of every line that it concerns what it was and what it would be, and whether its
/// promise is broken; then the storm may come, and it is so.
pub async fn a_storm_is_rehearsed<D: Database>() {
    let h = Harness::<D>::start();
    h.done(shipment("MV-1", Some(in_days(5)))).await;
    h.done(batch("a", "SOFA", 3).on("MV-1")).await;
    h.done(batch("b", "LAMP", 2).on("MV-1")).await;
    for (order, sku) in [("kept", "SOFA"), ("broken", "SOFA"), ("lamp", "LAMP")] {
        h.done(line(order, sku, 1)).await;
    }
    h.done(set_eta("b", Some(in_days(1)))).await;
    h.done(set_shipment_eta("MV-1", Some(in_days(6)))).await;
    h.done(set_shipment_eta("MV-1", Some(in_days(5)))).await;
    h.done(batch("spare", "SOFA", 1)).await;
    let state = h.state().await;
    let storm: Vec<Request> = vec![
        set_shipment_eta("MV-1", Some(in_days(15))).into(),
        line("new", "SOFA", 1).into(),
        hold("spare", "customs", None).into(),
    ];
    let steps = h.bus.dry_run(storm.clone()).await.expect("a dry run");
    assert_eq!(h.state().await, state);
    let promises = |effect: &LineEffect| {
        let before = effect.before.as_ref().and_then(|before| before.promise);
        (
            effect.key.order_id.to_string(),
            before,
            effect.after.promise,
        )
    };
    let mut told: Vec<_> = steps[0].effects.iter().map(promises).collect();
    told.sort();
    let (soon, then) = (Some(in_days(5)), Some(in_days(15)));
    let expected = [
        ("broken".into(), soon, then),
        ("kept".into(), soon, soon),
        ("lamp".into(), soon, then),
    ];
    assert_eq!(told, expected);
    let new: Vec<_> = steps[1].effects.iter().map(words).collect();
    assert_eq!(new, [("new/SOFA".into(), None, Status::Allocated)]);
    let moved = &steps[2].effects;
    assert_eq!(moved.len(), 1, "one line is on it: {moved:?}");
    assert_eq!(
        moved[0].key.order_id.as_str(),
        "kept",
        "each sees what those before it did"
    );
    assert_eq!(moved[0].after.promise, Some(in_days(15)));
    for (request, step) in storm.into_iter().zip(steps) {
        let log = h.events().await.len();
        assert_eq!(h.handle(request).await, step.answer);
        let events = h.events().await.split_off(log);
        let kinds = |events: &[landfall_service::LogRecord]| -> Vec<&str> {
            events.iter().map(|record| record.event.kind()).collect()
        };
        assert_eq!(kinds(&events), kinds(&step.events));
    }
    for (order, sku, promise) in [
        ("broken", "SOFA", 15),
        ("kept", "SOFA", 15),
        ("lamp", "LAMP", 15),
    ] {
        let seen = h.see_line(order, sku).await.current_promise;
        assert_eq!(seen, Some(in_days(promise)), "{order}");
    }
    h.in_order().await;
}
