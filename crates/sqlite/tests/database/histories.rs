//! What the history of each thing must be: a part of the log.

use std::collections::{BTreeMap, BTreeSet};

use landfall_domain::{BatchRef, Event, OrderId, ShipmentRef, Sku};
use landfall_service::LogRecord;
use landfall_service::views::{Page, Thing, Views};
use landfall_testkit::harness::all_events;

/// Compares the history of everything with the log, in pages of so many events. Says how many things there are.
pub(crate) async fn check(views: &dyn Views, limit: usize) -> usize {
    let log = all_events(views).await;
    let mut on: BTreeMap<BatchRef, ShipmentRef> = BTreeMap::new();
    let mut orders: BTreeSet<OrderId> = BTreeSet::new();
    for record in &log {
        match &record.event {
            Event::BatchCreated {
                reference,
                shipment: Some(shipment),
                ..
            } => drop(on.insert(reference.clone(), shipment.clone())),
            Event::OrderPlaced { order_id, .. } => drop(orders.insert(order_id.clone())),
            event => orders.extend(event.line().map(|(order_id, _)| order_id.clone())),
        }
    }
    let batches: BTreeSet<&BatchRef> = log.iter().filter_map(|r| r.event.batch()).collect();
    let shipments: BTreeSet<&ShipmentRef> = log.iter().filter_map(|r| r.event.shipment()).collect();
    let products: BTreeSet<&Sku> = log.iter().filter_map(|r| r.sku.as_ref()).collect();
    let things: Vec<Thing> = orders
        .into_iter()
        .map(Thing::Order)
        .chain(batches.into_iter().cloned().map(Thing::Batch))
        .chain(shipments.into_iter().cloned().map(Thing::Shipment))
        .chain(products.into_iter().cloned().map(Thing::Product))
        .collect();
    for thing in &things {
        let of_thing = |record: &&LogRecord| concerns(record, thing, &on);
        let wanted: Vec<&LogRecord> = log.iter().filter(of_thing).collect();
        let found = history(views, thing, limit).await;
        assert!(!wanted.is_empty());
        let latest = views.latest(thing, limit).await.expect("the last events");
        let latest = latest.expect("a thing that is there");
        let last: Vec<&LogRecord> = wanted.iter().rev().take(limit).copied().collect();
        assert_eq!(latest.iter().collect::<Vec<_>>(), last, "{thing:?}");
        assert_eq!(found.iter().collect::<Vec<_>>(), wanted, "{thing:?}");
    }
    things.len()
}

/// The whole history of a thing, read page by page.
async fn history(views: &dyn Views, thing: &Thing, limit: usize) -> Vec<LogRecord> {
    let mut page = Page { after: None, limit };
    let mut all = Vec::new();
    loop {
        let found = views.history(thing, &page).await.expect("a history");
        let found = found.expect("a thing that is there");
        assert!(found.events.len() <= limit);
        if found.events.is_empty() {
            return all;
        }
        all.extend(found.events);
        page.after = Some(found.next);
    }
}

fn concerns(record: &LogRecord, thing: &Thing, on: &BTreeMap<BatchRef, ShipmentRef>) -> bool {
    let event = &record.event;
    match thing {
        Thing::Order(id) => match event {
            Event::OrderPlaced { order_id, .. } => order_id == id,
            _ => event.line().is_some_and(|(order_id, _)| order_id == id),
        },
        Thing::Batch(reference) => event.batch() == Some(reference),
        Thing::Product(sku) => record.sku.as_ref() == Some(sku),
        Thing::Shipment(reference) => {
            let of_batch = event.batch().and_then(|batch| on.get(batch));
            event.shipment() == Some(reference) || of_batch == Some(reference)
        }
    }
}
