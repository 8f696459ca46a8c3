//! The orders by their last change: each once, at its last event, as the log tells it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use landfall_domain::OrderId;
use landfall_service::views::recent::{RecentOrder, order_of};
use landfall_service::views::{Page, Views};

use super::scene::in_days;
use super::shop::{first, paged};
use super::sorts::busy;
use crate::clock::today;
use crate::commands::{amend, batch, cancel_line, cancel_order, dispatch_units, order, set_eta};
use crate::database::Database;
use crate::harness::{Harness, all_events};

/// The orders by their last change, as the log tells it.
async fn by_last_change(views: &dyn Views) -> Vec<(String, Timestamp)> {
    let mut last: BTreeMap<OrderId, (Timestamp, u16, u64)> = BTreeMap::new();
    for record in all_events(views).await {
        if let Some(order) = order_of(&record.event) {
            let at = (record.time, record.partition, record.offset);
            let latest = last.entry(order.clone()).or_insert(at);
            *latest = at.max(*latest);
        }
    }
    let mut last: Vec<_> = last.into_iter().map(|(id, at)| (at, id)).collect();
    last.sort_unstable();
    let last = last.into_iter().rev();
    last.map(|((time, ..), id)| (id.to_string(), time))
        .collect()
}

/// Orders by their last change: each once, at its last event, whatever else happened since, as the log tells it.
pub async fn orders_are_listed_by_their_last_change<D: Database>() {
    let h = busy::<D>().await;
    let views = &h.views;
    let seconds = |seconds: i64| {
        let noon: Timestamp = "2026-05-10T12:00:00Z".parse().expect("an instant");
        noon.checked_add(jiff::SignedDuration::from_secs(seconds))
            .expect("an instant")
    };
    h.clock.set(seconds(1));
    h.done(order("p-1", &[("SOFA", 1), ("BED", 1), ("RUG", 1)]))
        .await;
    h.clock.set(seconds(2));
    h.done(order("p-2", &[("RUG", 2), ("LAMP", 1)]).together())
        .await;
    h.clock.set(seconds(3));
    h.done(amend("w-3", "CHAIR", 1)).await;
    h.clock.set(seconds(4));
    h.done(dispatch_units("o-1", "LAMP", 1)).await;
    h.done(dispatch_units("w-3", "CHAIR", 1)).await;
    h.clock.set(seconds(5));
    h.done(set_eta("e", Some(in_days(40)))).await;
    h.clock.set(seconds(6));
    h.done(cancel_line("p-1", "BED")).await;
    // Nothing of these changes an order.
    h.done(batch("new-1", "NEW", 5)).await;
    h.done(batch("new-2", "NEW", 5)).await;
    let list = |limit| {
        paged(limit, async |page| {
            views.recent_orders(&page, today()).await
        })
    };
    let told = |found: &[RecentOrder]| {
        let told = found.iter();
        let told = told.map(|found| (found.order.order_id.to_string(), found.changed));
        told.collect::<Vec<_>>()
    };
    let expected = by_last_change(&**views).await;
    assert_eq!(expected[0].0, "p-1");
    assert_eq!(expected.len(), 9, "{expected:?}");
    for limit in [1, 2, 3, 4, 100] {
        assert_eq!(told(&list(limit).await), expected, "{limit}");
    }
    for found in list(100).await {
        let alone = views
            .order(&found.order.order_id, today())
            .await
            .expect("read");
        assert_eq!(
            alone,
            Some(found.order),
            "in a list an order looks as it does alone"
        );
    }
    // One of a later page changes: it is in front by then, and the others follow as if nothing had been.
    let begun = views
        .recent_orders(&first(3), today())
        .await
        .expect("a page");
    h.clock.set(seconds(9));
    // It waits, so that nobody gets anything of it.
    let moved = "w-4".to_owned();
    assert!(
        expected[3..].iter().any(|(id, _)| *id == moved),
        "{expected:?}"
    );
    h.done(cancel_order(&moved)).await;
    let page = Page {
        after: begun.next,
        limit: 100,
    };
    let rest = views.recent_orders(&page, today()).await.expect("a page");
    let mut others = expected[3..].to_vec();
    others.retain(|(id, _)| *id != moved);
    assert_eq!(told(&rest.items), others);
    let again = views
        .recent_orders(&first(1), today())
        .await
        .expect("a page");
    assert_eq!(again.items[0].order.order_id.as_str(), moved);
    let expected = by_last_change(&**views).await;
    assert_eq!(told(&list(2).await), expected);
}

/// Where there are no orders there are none, and whatever else there is makes no page go on for ever.
pub async fn a_database_without_orders_lists_none<D: Database>() {
    let h = Harness::<D>::start();
    let empty = h
        .views
        .recent_orders(&first(5), today())
        .await
        .expect("a page");
    assert!(empty.items.is_empty() && empty.next.is_none());
    h.done(batch("b", "SOFA", 5)).await;
    let none = h
        .views
        .recent_orders(&first(5), today())
        .await
        .expect("a page");
    assert!(none.items.is_empty() && none.next.is_none());
}
