//! The read side of what happens to goods: shipments, what needs attention, histories, and the case of a line.

use landfall_domain::line::Status;
use landfall_service::LogRecord;
use landfall_service::views::{
    Attention, BatchFilter, EventPage, OrderFilter, Page, Promises, ShipmentFilter, Thing,
    ViewError, Views,
};

use super::scene::in_days;
use super::shop::{first, paged};
use crate::clock::today;
use crate::commands::{
    batch, cancel_line, dispatch_units, hold, hold_shipment, key, line, name, order, receive,
    release_shipment, set_eta, set_quantity, set_shipment_eta, shipment,
};
use crate::database::Database;
use crate::harness::{Harness, all_events};

/// Two ships and what they carry; lines that are late, wait, have left in part.
pub(super) async fn trading<D: Database>() -> Harness<D> {
    let h = Harness::<D>::start();
    h.done(shipment("MV-1", Some(in_days(9))).carried("Maersk", "Aurora", "C-1"))
        .await;
    h.done(shipment("MV-2", Some(in_days(20)))).await;
    h.done(shipment("XX-3", None)).await;
    h.done(batch("a", "SOFA", 6).on("MV-1")).await;
    h.done(batch("b", "LAMP", 5).on("MV-1")).await;
    h.done(batch("c", "LAMP", 5).on("XX-3")).await;
    h.done(batch("d", "SOFA", 2)).await;
    h.done(order("o-1", &[("SOFA", 2), ("LAMP", 2)])).await;
    h.done(line("o-2", "SOFA", 6)).await;
    h.done(line("o-3", "LAMP", 50).priority(7)).await;
    h.done(dispatch_units("o-1", "LAMP", 1)).await;
    h.done(set_shipment_eta("MV-1", Some(in_days(12)))).await;
    h.done(hold("b", "damage", None)).await;
    h.done(hold_shipment("MV-2", "customs", Some(in_days(30))))
        .await;
    h
}

/// Shipments by reference, with each filter; alone they show their batches too.
pub async fn shipments_are_listed<D: Database>() {
    let h = trading::<D>().await;
    let views = &h.views;
    let all = ShipmentFilter::default();
    let found = async |filter: &ShipmentFilter| {
        let list = paged(2, async |page| {
            views.shipments(filter, &page, today()).await
        })
        .await;
        list.into_iter()
            .map(|ship| ship.reference.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&all).await, ["MV-1", "MV-2", "XX-3"]);
    let landed = |landed| ShipmentFilter {
        landed: Some(landed),
        ..all.clone()
    };
    assert_eq!(found(&landed(true)).await, ["XX-3"]);
    assert_eq!(found(&landed(false)).await, ["MV-1", "MV-2"]);
    let held = |held| ShipmentFilter {
        held: Some(held),
        ..all.clone()
    };
    assert_eq!(found(&held(true)).await, ["MV-2"]);
    assert_eq!(found(&held(false)).await, ["MV-1", "XX-3"]);
    let until = |days| ShipmentFilter {
        eta_until: Some(in_days(days)),
        ..all.clone()
    };
    assert!(
        found(&until(11)).await.is_empty(),
        "what has landed is not expected"
    );
    assert_eq!(found(&until(12)).await, ["MV-1"]);
    let named = ShipmentFilter {
        prefix: Some("MV".into()),
        held: Some(false),
        ..all.clone()
    };
    assert_eq!(found(&named).await, ["MV-1"]);
    let list = views
        .shipments(&all, &first(9), today())
        .await
        .expect("read");
    for ship in &list.items {
        assert_eq!(ship.batches, None);
        let mut alone = h.see_shipment(ship.reference.as_str()).await;
        let batches = alone.batches.take().expect("its batches");
        assert_eq!(*ship, alone, "in a list a shipment looks as it does alone");
        assert_eq!(batches.len() as u64, ship.batch_count);
        for batch in batches {
            assert_eq!(batch, h.see_batch(batch.reference.as_str()).await);
        }
    }
    let first = &list.items[0];
    assert_eq!(
        (first.purchased, first.allocated, first.available),
        (11, 6, 0)
    );
    assert_eq!(first.vessel, Some(name("Aurora")));
    h.clock.set_day(in_days(13));
    assert!(h.see_shipment("MV-1").await.overdue);
    let none = views.shipment(&name("MV-9"), today()).await.expect("read");
    assert!(none.is_none());
    let page = Page {
        after: Some(String::new()),
        limit: 3,
    };
    let bad = views.shipments(&all, &page, today()).await;
    assert!(matches!(bad, Err(ViewError::BadCursor)), "{bad:?}");
}

/// Batches by shipment and hold, and what is available of held ones; orders that need attention.
pub async fn attention_is_drawn<D: Database>() {
    let h = trading::<D>().await;
    let views = &h.views;
    let batches = async |filter: BatchFilter| {
        let list = views
            .batches(&filter, &first(9), today())
            .await
            .expect("read")
            .items;
        list.into_iter()
            .map(|batch| batch.reference.to_string())
            .collect::<Vec<_>>()
    };
    let all = BatchFilter::default();
    let of_ship = BatchFilter {
        shipment: Some(name("MV-1")),
        ..all.clone()
    };
    assert_eq!(batches(of_ship.clone()).await, ["a", "b"]);
    let held = |held| BatchFilter {
        held: Some(held),
        ..all.clone()
    };
    assert_eq!(batches(held(true)).await, ["b"]);
    assert_eq!(batches(held(false)).await, ["a", "c", "d"]);
    let free = |free| BatchFilter {
        available: Some(free),
        ..all.clone()
    };
    assert_eq!(
        batches(free(true)).await,
        ["c"],
        "nobody can have what is held"
    );
    assert_eq!(batches(free(false)).await, ["a", "b", "d"]);
    h.done(hold_shipment("MV-1", "customs", Some(in_days(40))))
        .await;
    assert_eq!(batches(held(true)).await, ["a", "b"]);
    let both = BatchFilter {
        held: Some(true),
        sku: Some(name("SOFA")),
        ..of_ship
    };
    assert_eq!(batches(both).await, ["a"]);
    h.done(release_shipment("MV-1")).await;

    let orders = async |attention| {
        let filter = OrderFilter {
            attention: Some(attention),
            ..OrderFilter::default()
        };
        let list = paged(1, async |page| views.orders(&filter, &page, today()).await).await;
        list.into_iter()
            .map(|order| order.order_id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(orders(Attention::Backordered).await, ["o-3"]);
    assert_eq!(orders(Attention::Late).await, ["o-2"]);
    h.done(set_eta("a", Some(in_days(9)))).await;
    assert!(orders(Attention::Late).await.is_empty());
    h.done(set_quantity("c", 3)).await;
    h.done(cancel_line("o-3", "LAMP")).await;
    assert!(orders(Attention::Backordered).await.is_empty());
    let gone = views
        .lines(Some(Status::Cancelled), &first(9), today())
        .await
        .expect("read");
    assert_eq!(gone.items.len(), 1);
    h.in_order().await;
}

async fn history(views: &dyn Views, thing: &Thing, limit: usize) -> Vec<LogRecord> {
    let mut events = Vec::new();
    let mut page = first(limit);
    loop {
        let read = views
            .history(thing, &page)
            .await
            .expect("read")
            .expect("a history");
        let EventPage {
            events: found,
            next,
        } = read;
        assert!(found.len() <= limit);
        if found.is_empty() {
            assert!(
                page.after.is_none_or(|after| after == next),
                "the end is a place to go on from"
            );
            return events;
        }
        events.extend(found);
        page.after = Some(next);
    }
}

/// The last events of the log, and of each thing, are found from its end.
pub async fn the_log_is_read_backwards<D: Database>() {
    let h = trading::<D>().await;
    let log = all_events(&*h.views).await;
    for limit in [1, 3, 1_000] {
        let found = h.views.recent(limit).await.expect("the last events");
        assert_eq!(found.len(), limit.min(log.len()));
        backwards(&found, &log);
    }
    let nothing = Thing::Product(name("NOTHING"));
    assert_eq!(h.views.latest(&nothing, 5).await.expect("read"), None);
}

/// Whether these are the last of those in their partitions, the last first. Across partitions only time is an order.
fn backwards(found: &[LogRecord], all: &[LogRecord]) {
    let of = |records: &[LogRecord], partition| -> Vec<LogRecord> {
        let own = records
            .iter()
            .filter(|record| record.partition == partition);
        own.cloned().collect()
    };
    assert!(found.is_sorted_by(|a, b| a.time >= b.time));
    for partition in 0..16 {
        let found = of(found, partition);
        let mut all = of(all, partition);
        all.sort_by_key(|record| std::cmp::Reverse(record.offset));
        all.truncate(found.len());
        assert_eq!(found, all);
    }
}

async fn latest_is_the_end_of(views: &dyn Views, thing: &Thing, limit: usize, all: &[LogRecord]) {
    let found = views.latest(thing, limit).await.expect("read");
    let found = found.expect("a thing that is there");
    assert_eq!(found.len(), limit.min(all.len()), "{thing:?}");
    backwards(&found, all);
}

/// Who has stock of a batch, in the order in which they would lose it last, and when that is promised.
pub async fn a_batch_shows_who_has_it<D: Database>() {
    let h = Harness::<D>::start();
    let (eta, later) = (in_days(20), in_days(25));
    h.done(batch("b-1", "SOFA", 10).eta(eta)).await;
    h.done(batch("b-2", "SOFA", 10).eta(later)).await;
    for (order, units, priority) in [("o-1", 2, 5), ("o-2", 3, 9), ("o-3", 1, 5)] {
        h.done(line(order, "SOFA", units).priority(priority)).await;
    }
    // Four units of the first batch and eight of the second.
    h.done(line("o-4", "SOFA", 12).split().priority(1)).await;
    let mut page = Page {
        after: None,
        limit: 2,
    };
    let (reference, mut found) = (name("b-1"), Vec::new());
    loop {
        let lines = h.views.pegged(&reference, &page, today()).await;
        let lines = lines.expect("read").expect("a batch");
        found.extend(lines.items);
        page.after = lines.next;
        if page.after.is_none() {
            break;
        }
    }
    let orders: Vec<&str> = found.iter().map(|line| line.order_id.as_str()).collect();
    assert_eq!(orders, ["o-2", "o-1", "o-3", "o-4"]);
    assert_eq!(found[3], h.see_line("o-4", "SOFA").await);
    let days = |promises: Promises| {
        let days = promises.days.into_iter();
        days.map(|of| (of.day, of.lines, of.units))
            .collect::<Vec<_>>()
    };
    let promises = h.views.promises_of(&reference).await.expect("read");
    let promises = promises.expect("a batch");
    assert!(!promises.capped);
    assert_eq!(days(promises), [(Some(eta), 3, 6), (Some(later), 1, 4)]);
    let promises = h.views.promises_of(&name("b-2")).await.expect("read");
    assert_eq!(days(promises.expect("a batch")), [(Some(later), 1, 8)]);
    let none = name("nothing");
    assert_eq!(h.views.promises_of(&none).await.expect("read"), None);
    assert!(
        h.views
            .pegged(&none, &page, today())
            .await
            .expect("read")
            .is_none()
    );
    page.after = Some("nonsense".into());
    let refused = h.views.pegged(&reference, &page, today()).await;
    assert!(matches!(refused, Err(ViewError::BadCursor)));
}

/// The history of one thing is what the log says of it, in its order, page by page, and goes on from its end.
pub async fn a_thing_has_its_history<D: Database>() {
    let h = trading::<D>().await;
    h.done(receive("b", 4)).await;
    h.done(order("o-11", &[("SOFA", 1)])).await;
    let log = h.events().await;
    let of = |which: &dyn Fn(&LogRecord) -> bool| {
        log.iter()
            .filter(|record| which(record))
            .cloned()
            .collect::<Vec<_>>()
    };
    let order = of(&|record| {
        let placed = matches!(
            &record.event,
            landfall_domain::Event::OrderPlaced { order_id, .. } if order_id.as_str() == "o-1"
        );
        placed
            || record
                .event
                .line()
                .is_some_and(|(order, _)| order.as_str() == "o-1")
    });
    let batch = of(&|record| {
        record
            .event
            .batch()
            .is_some_and(|batch| batch.as_str() == "b")
    });
    let product = of(&|record| record.sku == Some(name("LAMP")));
    let ship = of(&|record| {
        record
            .event
            .shipment()
            .is_some_and(|ship| ship.as_str() == "MV-1")
            || record
                .event
                .batch()
                .is_some_and(|batch| ["a", "b"].contains(&batch.as_str()))
    });
    for (thing, expected, least) in [
        (Thing::Order(name("o-1")), order, 4),
        (Thing::Batch(name("b")), batch, 4),
        (Thing::Product(name("LAMP")), product, 8),
        (Thing::Shipment(name("MV-1")), ship, 8),
    ] {
        assert!(expected.len() >= least, "{thing:?}: {expected:#?}");
        for limit in [1, 3, 100] {
            // Across partitions there is no order.
            let mut found = history(&*h.views, &thing, limit).await;
            let mut expected = expected.clone();
            found.sort_by_key(|record| record.partition);
            expected.sort_by_key(|record| record.partition);
            assert_eq!(found, expected, "{thing:?}");
        }
        for limit in [1, 3, 100] {
            latest_is_the_end_of(&*h.views, &thing, limit, &expected).await;
        }
        let all = h
            .views
            .history(&thing, &first(100))
            .await
            .expect("read")
            .expect("a history");
        let page = Page {
            after: Some(all.next.clone()),
            limit: 5,
        };
        let end = h
            .views
            .history(&thing, &page)
            .await
            .expect("read")
            .expect("a history");
        assert!(end.events.is_empty());
        assert_eq!(end.next, all.next);
    }
    for unknown in [
        Thing::Order(name("o-9")),
        Thing::Batch(name("z")),
        Thing::Product(name("SO")),
        Thing::Shipment(name("MV")),
    ] {
        let found = h.views.history(&unknown, &first(9)).await.expect("read");
        assert!(found.is_none(), "{unknown:?}");
    }
    let page = Page {
        after: Some("nonsense".into()),
        limit: 5,
    };
    let bad = h.views.history(&Thing::Batch(name("b")), &page).await;
    assert!(matches!(bad, Err(ViewError::BadCursor)), "{bad:?}");
}

/// All that an explanation of a line needs: the line, the batches of its product, who holds them, its events.
pub async fn the_case_of_a_line<D: Database>() {
    let h = trading::<D>().await;
    for n in 0..4 {
        h.done(line(&format!("p-{n}"), "SOFA", 1).priority(n)).await;
    }
    h.done(set_quantity("a", 10)).await;
    let case = h
        .views
        .case(&key("o-2", "SOFA"), 2)
        .await
        .expect("read")
        .expect("a case");
    assert_eq!(case.line.key, key("o-2", "SOFA"));
    assert_eq!(
        case.line.late(),
        h.see_line("o-2", "SOFA").await.current_promise > Some(in_days(9))
    );
    let names: Vec<_> = case
        .batches
        .iter()
        .map(|of| of.batch.reference.as_str())
        .collect();
    assert_eq!(names, ["d", "a"], "the warehouse first");
    assert_eq!(case.left_out, 0);
    let full = &case.batches[1];
    assert_eq!((full.lines, full.batch.allocated), (5, 10));
    let holders: Vec<_> = full
        .holders
        .iter()
        .map(|line| line.key.order_id.as_str())
        .collect();
    assert_eq!(holders, ["o-2", "p-3"], "those that would lose it last");
    assert_eq!(
        (case.batches[0].lines, case.batches[0].holders.len()),
        (1, 1)
    );
    let kinds: Vec<_> = case
        .events
        .iter()
        .map(|record| record.event.kind())
        .collect();
    assert_eq!(kinds, ["Allocated", "PromiseChanged"]);
    let none = h.views.case(&key("o-2", "LAMP"), 2).await.expect("read");
    assert!(none.is_none());
    // A line that waits, in a product whose only other goods are held.
    let case = h
        .views
        .case(&key("o-3", "LAMP"), 0)
        .await
        .expect("read")
        .expect("a case");
    assert_eq!(case.line.status(), Status::Backordered);
    assert!(case.batches.iter().all(|of| of.holders.is_empty()));
    assert!(
        case.batches.iter().any(|of| of.batch.hold.is_some()),
        "what is held is shown"
    );
}
