//! Shipments: made once, and moved, held, released and received with all their batches in one commit.

use landfall_domain::line::Status;
use landfall_domain::{Event, Rejection};

use super::repeats::differs;
use super::scene::in_days;
use crate::clock::today;
use crate::commands::{
    batch, dispatch, hold, hold_shipment, line, name, receive, receive_shipment, release,
    release_shipment, set_eta, set_quantity, set_shipment_eta, shipment,
};
use crate::database::Database;
use crate::harness::Harness;

/// A shipment repeated as first accepted is there already, also after changes; other content is a conflict.
pub async fn a_shipment_is_made_once<D: Database>() {
    let h = Harness::<D>::start();
    let first = shipment("MV-1", Some(in_days(9))).carried("Maersk", "Aurora", "C-1");
    let made = h.done(first.clone()).await;
    assert!(made.created);
    let seen = h.see_shipment("MV-1").await;
    assert_eq!(seen.vessel, Some(name("Aurora")));
    assert_eq!(
        (seen.carrier, seen.container),
        (Some(name("Maersk")), Some(name("C-1")))
    );
    assert_eq!((seen.eta, seen.batch_count), (Some(in_days(9)), 0));
    h.done(set_shipment_eta("MV-1", Some(in_days(12)))).await;
    let log = h.events().await;
    let again = h.done(first.clone()).await;
    assert!(!again.created);
    assert_eq!(
        h.shipment(first).await.eta,
        Some(in_days(12)),
        "the present state"
    );
    let other = h.refused(shipment("MV-1", None)).await;
    let expected = [
        "eta: 2026-05-19 → null",
        "carrier: Maersk → null",
        "vessel: Aurora → null",
        "container: C-1 → null",
    ];
    assert_eq!(differs(other), expected);
    for unknown in [
        set_shipment_eta("MV-2", None),
        hold_shipment("MV-2", "customs", None),
        release_shipment("MV-2"),
        receive_shipment("MV-2", &[]),
    ] {
        let reference = name("MV-2");
        assert_eq!(
            h.refused(unknown).await,
            Rejection::UnknownShipment {
                field: None,
                reference
            }
        );
    }
    assert_eq!(h.events().await, log);
    h.in_order().await;
}

/// A batch of a shipment has its ETA and its hold, and none of its own; the shipment must be there.
pub async fn a_batch_comes_with_its_shipment<D: Database>() {
    let h = Harness::<D>::start();
    let unknown = h.refused(batch("b", "SOFA", 5).on("MV-1")).await;
    assert_eq!(
        unknown,
        Rejection::UnknownShipment {
            field: Some("shipment".into()),
            reference: name("MV-1")
        }
    );
    assert!(
        h.views
            .product(&name("SOFA"))
            .await
            .expect("read")
            .is_none()
    );
    h.done(shipment("MV-1", Some(in_days(9)))).await;
    let own = h
        .refused(batch("b", "SOFA", 5).on("MV-1").eta(in_days(9)))
        .await;
    assert!(
        matches!(&own, Rejection::Senseless { field, .. } if field == "eta"),
        "{own:?}"
    );
    let first = batch("b", "SOFA", 5).on("MV-1");
    let made = h.batch(first.clone()).await;
    assert_eq!(
        (made.eta, made.shipment),
        (Some(in_days(9)), Some(name("MV-1")))
    );
    h.done(set_shipment_eta("MV-1", Some(in_days(11)))).await;
    assert!(
        !h.done(first).await.created,
        "it is compared with what was said, and no ETA was"
    );
    let alone = h.refused(batch("b", "SOFA", 5)).await;
    assert_eq!(differs(alone), ["shipment: MV-1 → null"]);
    h.done(hold_shipment("MV-1", "customs", Some(in_days(20))))
        .await;
    let kinds = h.kinds_of(h.done(batch("c", "SOFA", 5).on("MV-1"))).await;
    assert_eq!(kinds, ["BatchCreated", "BatchHeld"]);
    let held = h.see_batch("c").await;
    assert_eq!((held.hold, held.eta), (None, Some(in_days(11))));
    assert_eq!(
        held.shipment_hold.map(|hold| hold.code),
        Some(name("customs"))
    );
    let seen = h.see_shipment("MV-1").await;
    assert_eq!(
        (seen.purchased, seen.available, seen.batch_count),
        (10, 10, 2)
    );
    let names: Vec<_> = seen
        .batches
        .into_iter()
        .flatten()
        .map(|b| b.reference.to_string())
        .collect();
    assert_eq!(names, ["b", "c"]);
    // Landed, what is put on it lies in the warehouse.
    h.done(set_shipment_eta("MV-1", None)).await;
    h.done(release_shipment("MV-1")).await;
    assert_eq!(h.batch(batch("d", "SOFA", 5).on("MV-1")).await.eta, None);
    h.in_order().await;
}

/// One storm moves all batches that nobody has received, in one commit, with their promises.
pub async fn a_storm_moves_every_batch<D: Database>() {
    let h = Harness::<D>::start();
    h.done(shipment("MV-1", Some(in_days(9)))).await;
    h.done(shipment("MV-2", Some(in_days(9)))).await;
    for (reference, sku, ship) in [
        ("a", "SOFA", "MV-1"),
        ("b", "LAMP", "MV-1"),
        ("c", "RUG", "MV-1"),
        ("d", "BED", "MV-2"),
    ] {
        h.done(batch(reference, sku, 5).on(ship)).await;
        h.done(line("o-1", sku, 5)).await;
    }
    h.done(receive("c", 5)).await;
    let (commits, log) = (h.faults.commits(), h.events().await.len());
    let moved = h
        .shipment(set_shipment_eta("MV-1", Some(in_days(15))))
        .await;
    assert_eq!(h.faults.commits(), commits + 1);
    assert_eq!(moved.eta, Some(in_days(15)));
    let events = h.events().await.split_off(log);
    let kinds: Vec<_> = events.iter().map(|record| record.event.kind()).collect();
    let expected = [
        "ShipmentEtaChanged",
        "BatchEtaChanged",
        "BatchEtaChanged",
        "PromiseChanged",
        "PromiseChanged",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(events[0].sku, None);
    for follows in &events[1..3] {
        let Event::BatchEtaChanged { shipment, .. } = &follows.event else {
            panic!("{follows:?}");
        };
        assert_eq!(*shipment, Some(name("MV-1")));
    }
    assert!(
        events
            .iter()
            .all(|record| record.command_id == events[0].command_id)
    );
    for (reference, sku, eta, promise) in [
        ("a", "SOFA", Some(15), 15),
        ("b", "LAMP", Some(15), 15),
        ("c", "RUG", None, 9),
        ("d", "BED", Some(9), 9),
    ] {
        assert_eq!(
            h.see_batch(reference).await.eta,
            eta.map(in_days),
            "{reference}"
        );
        let line = h.see_line("o-1", sku).await;
        assert_eq!(line.current_promise, Some(in_days(promise)), "{sku}");
    }
    let again = h
        .kinds_of(h.done(set_shipment_eta("MV-1", Some(in_days(15)))))
        .await;
    assert!(again.is_empty(), "it is expected then already: {again:?}");
    // A batch told apart goes its own way until the shipment is told another day.
    h.done(set_eta("a", Some(in_days(30)))).await;
    h.done(set_shipment_eta("MV-1", Some(in_days(10)))).await;
    assert_eq!(h.see_batch("a").await.eta, Some(in_days(10)));
    assert_eq!(
        h.see_line("o-1", "SOFA").await.current_promise,
        Some(in_days(10))
    );
    h.done(set_shipment_eta("MV-1", None)).await;
    assert_eq!(h.see_batch("b").await.eta, None);
    h.done(dispatch("o-1", "LAMP")).await;
    h.in_order().await;
}

/// A shipment's hold and a batch's own are two: both must be released.
pub async fn a_shipment_is_held_beside_its_batches<D: Database>() {
    let h = Harness::<D>::start();
    h.done(shipment("MV-1", None)).await;
    h.done(batch("b", "SOFA", 5).on("MV-1")).await;
    h.done(batch("c", "LAMP", 5).on("MV-1")).await;
    h.done(line("o-1", "SOFA", 5)).await;
    h.done(line("o-2", "LAMP", 5)).await;
    let kinds = h
        .kinds_of(h.done(hold_shipment("MV-1", "customs", None)))
        .await;
    assert_eq!(kinds[..3], ["ShipmentHeld", "BatchHeld", "BatchHeld"]);
    assert_eq!(h.see_line("o-1", "SOFA").await.status, Status::Backordered);
    assert_eq!(h.see_line("o-2", "LAMP").await.status, Status::Backordered);
    let held = h.see_shipment("MV-1").await;
    assert_eq!(held.hold.map(|hold| hold.code), Some(name("customs")));
    assert_eq!((held.purchased, held.available), (10, 0));
    h.done(hold("b", "damage", None)).await;
    let same = h
        .kinds_of(h.done(hold_shipment("MV-1", "customs", None)))
        .await;
    assert!(same.is_empty(), "{same:?}");
    h.done(release_shipment("MV-1")).await;
    assert_eq!(h.see_line("o-2", "LAMP").await.status, Status::Allocated);
    assert_eq!(
        h.see_line("o-1", "SOFA").await.status,
        Status::Backordered,
        "its own is left"
    );
    h.done(hold_shipment("MV-1", "paperwork", Some(in_days(3))))
        .await;
    h.done(release("b")).await;
    let served = h.see_line("o-1", "SOFA").await;
    assert_eq!(served.status, Status::Allocated);
    assert_eq!(
        served.current_promise,
        Some(in_days(3)),
        "when the other is cleared"
    );
    assert!(h.kinds_of(h.done(release("b"))).await.is_empty());
    h.done(release_shipment("MV-1")).await;
    assert_eq!(
        h.see_line("o-1", "SOFA").await.current_promise,
        Some(today())
    );
    let again = h.kinds_of(h.done(release_shipment("MV-1"))).await;
    assert!(again.is_empty(), "it is not held: {again:?}");
    h.in_order().await;
}

/// What really arrived: batches that are not counted arrived as expected, those received before are left
/// alone unless they are counted now.
pub async fn a_shipment_is_received<D: Database>() {
    let h = Harness::<D>::start();
    h.done(shipment("MV-1", Some(in_days(9)))).await;
    h.done(batch("other", "SOFA", 5)).await;
    for (reference, sku) in [("a", "SOFA"), ("b", "LAMP"), ("c", "RUG")] {
        h.done(batch(reference, sku, 5).on("MV-1")).await;
    }
    h.done(line("o-1", "LAMP", 5)).await;
    h.done(receive("c", 4)).await;
    let (log, before) = (h.events().await, h.see_shipment("MV-1").await);
    let foreign = h
        .refused(receive_shipment("MV-1", &[("a", 1), ("other", 5)]))
        .await;
    assert!(
        matches!(&foreign, Rejection::Senseless { field, .. } if field == "counts.other"),
        "{foreign:?}"
    );
    assert_eq!(h.events().await, log);
    assert_eq!(h.see_shipment("MV-1").await, before);
    let commits = h.faults.commits();
    let landed = h
        .shipment(receive_shipment("MV-1", &[("a", 7), ("b", 0)]))
        .await;
    assert_eq!(h.faults.commits(), commits + 1);
    assert_eq!((landed.eta, landed.purchased), (None, 7 + 4));
    for (reference, purchased) in [("a", 7), ("b", 0), ("c", 4)] {
        let batch = h.see_batch(reference).await;
        assert_eq!(
            (batch.eta, batch.purchased),
            (None, purchased),
            "{reference}"
        );
    }
    assert_eq!(h.see_line("o-1", "LAMP").await.status, Status::Backordered);
    let again = h.kinds_of(h.done(receive_shipment("MV-1", &[]))).await;
    assert!(again.is_empty(), "it was received: {again:?}");
    let same = h
        .kinds_of(h.done(receive_shipment("MV-1", &[("a", 7), ("b", 0)])))
        .await;
    assert!(same.is_empty(), "the same counts: {same:?}");
    let kinds = h
        .kinds_of(h.done(receive_shipment("MV-1", &[("b", 6)])))
        .await;
    let expected = [
        "ShipmentReceived",
        "BatchReceived",
        "Allocated",
        "PromiseChanged",
    ];
    assert_eq!(kinds, expected);
    // What has left cannot be uncounted, and nothing else is counted then.
    h.done(dispatch("o-1", "LAMP")).await;
    let below = h
        .refused(receive_shipment("MV-1", &[("a", 1), ("b", 4)]))
        .await;
    let expected = Rejection::BelowDispatched {
        reference: name("b"),
        dispatched: 5,
    };
    assert_eq!(below, expected);
    assert_eq!(h.see_batch("a").await.purchased, 7);
    // An ETA of the shipment is none of theirs any more.
    h.done(set_shipment_eta("MV-1", Some(in_days(20)))).await;
    assert_eq!(h.see_batch("a").await.eta, None);
    assert_eq!(h.see_shipment("MV-1").await.eta, Some(in_days(20)));
    h.in_order().await;
}

/// Counts that are short in several batches of which one line has goods take only as much as is missing.
pub async fn short_counts_take_only_what_is_missing<D: Database>() {
    let h = Harness::<D>::start();
    h.done(shipment("MV-1", Some(in_days(9)))).await;
    h.done(batch("a", "SOFA", 5).on("MV-1")).await;
    h.done(batch("b", "SOFA", 5).on("MV-1")).await;
    h.done(line("o-1", "SOFA", 3)).await;
    h.done(line("o-2", "SOFA", 4).split()).await;
    h.done(line("o-3", "SOFA", 3)).await;
    let split = h.see_line("o-2", "SOFA").await;
    assert_eq!(split.allocations.len(), 2);
    h.done(set_quantity("a", 5)).await;
    // Two units are missing of each: the split line gives back two of each, which is enough.
    h.done(receive_shipment("MV-1", &[("a", 3), ("b", 3)]))
        .await;
    assert_eq!(h.see_line("o-2", "SOFA").await.status, Status::Backordered);
    for order in ["o-1", "o-3"] {
        assert_eq!(
            h.see_line(order, "SOFA").await.status,
            Status::Allocated,
            "{order}"
        );
    }
    h.in_order().await;
}
