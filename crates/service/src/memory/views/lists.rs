//! Lists of the tables in memory: which rows a filter wants, where a page begins, and where the next one does.

use std::collections::BTreeMap;
use std::ops::Bound;

use jiff::civil::Date;
use landfall_domain::{Batch, Hold, OrderLine, Shipment, Status};

use super::super::tables::OrderRow;
use crate::views::cursor::cut;
use crate::views::{Attention, BatchFilter, List, OrderFilter, Page, ShipmentFilter};

pub(super) fn wanted_batch(batch: &Batch, filter: &BatchFilter) -> bool {
    filter.sku.as_ref().is_none_or(|sku| batch.sku == *sku)
        && filter
            .available
            .is_none_or(|available| available == (batch.available() > 0))
        && filter
            .in_warehouse
            .is_none_or(|there| there == batch.eta.is_none())
        && filter
            .eta_from
            .is_none_or(|from| batch.eta.is_some_and(|eta| eta >= from))
        && filter
            .eta_until
            .is_none_or(|until| batch.eta.is_some_and(|eta| eta <= until))
        && filter.clear_until.is_none_or(|until| {
            is_to_clear(batch.hold.as_ref(), until)
                || is_to_clear(batch.shipment_hold.as_ref(), until)
        })
        && filter
            .hold_overdue
            .is_none_or(|today| is_overdue(batch.hold.as_ref(), today))
        && filter
            .shipment
            .as_ref()
            .is_none_or(|shipment| batch.shipment.as_ref() == Some(shipment))
        && filter
            .on_shipment
            .is_none_or(|aboard| aboard == batch.shipment.is_some())
        && filter
            .held
            .is_none_or(|held| held == (batch.hold.is_some() || batch.shipment_hold.is_some()))
}

pub(super) fn wanted_shipment(shipment: &Shipment, filter: &ShipmentFilter) -> bool {
    filter
        .landed
        .is_none_or(|landed| landed == shipment.eta.is_none())
        && filter
            .held
            .is_none_or(|held| held == shipment.hold.is_some())
        && filter
            .eta_from
            .is_none_or(|from| shipment.eta.is_some_and(|eta| eta >= from))
        && filter
            .eta_until
            .is_none_or(|until| shipment.eta.is_some_and(|eta| eta <= until))
        && filter
            .clear_until
            .is_none_or(|until| is_to_clear(shipment.hold.as_ref(), until))
        && filter
            .hold_overdue
            .is_none_or(|today| is_overdue(shipment.hold.as_ref(), today))
        && filter
            .carrier
            .as_ref()
            .is_none_or(|carrier| shipment.carrier.as_ref() == Some(carrier))
}

/// Whether a hold was expected to be cleared by this day.
fn is_to_clear(hold: Option<&Hold>, until: Date) -> bool {
    let clear = hold.and_then(|hold| hold.expected_clear);
    clear.is_some_and(|clear| clear <= until)
}

/// Whether there is a hold that was expected to be cleared before this day, or of which nobody has said when.
fn is_overdue(hold: Option<&Hold>, today: Date) -> bool {
    hold.is_some_and(|hold| hold.expected_clear.is_none_or(|clear| clear < today))
}

pub(super) fn wanted_order(row: &OrderRow, filter: &OrderFilter) -> bool {
    let any = |wanted: &dyn Fn(&OrderLine) -> bool| row.lines.values().any(wanted);
    let live = |line: &OrderLine| matches!(line.status(), Status::Allocated | Status::Backordered);
    filter
        .batch
        .as_ref()
        .is_none_or(|batch| any(&|l| l.allocations.iter().any(|a| a.batch == *batch)))
        && filter
            .sku
            .as_ref()
            .is_none_or(|sku| any(&|line| line.sku == *sku && live(line)))
        && filter.attention.is_none_or(|attention| {
            any(&|line| match attention {
                Attention::Backordered => line.status() == Status::Backordered,
                Attention::Late => line.late(),
            })
        })
}

/// The rows after the page's cursor whose name begins so.
pub(super) fn from<'a, K, V>(
    rows: &'a BTreeMap<K, V>,
    page: &'a Page,
    prefix: Option<&'a str>,
) -> impl Iterator<Item = (&'a K, &'a V)>
where
    K: Ord + std::borrow::Borrow<str>,
{
    let prefix = prefix.unwrap_or_default();
    let start = match page.after.as_deref() {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    rows.range::<str, _>((start, Bound::Unbounded))
        .take_while(move |(name, _)| (*name).borrow().starts_with(prefix))
}

/// One page of what is found, each with its cursor.
pub(super) fn list<T>(mut found: impl Iterator<Item = (String, T)>, limit: usize) -> List<T> {
    let mut next = None;
    let mut items = Vec::new();
    for (cursor, item) in found.by_ref().take(limit) {
        items.push(item);
        next = Some(cursor);
    }
    let more = found.next().is_some();
    List {
        items,
        next: next.filter(|_| more),
    }
}

/// The rows whose name begins so.
pub(super) fn named<'a, K, V>(
    rows: &'a BTreeMap<K, V>,
    prefix: Option<&'a str>,
) -> impl Iterator<Item = (&'a K, &'a V)>
where
    K: Ord + std::borrow::Borrow<str>,
{
    let prefix = prefix.unwrap_or_default();
    rows.range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
        .take_while(move |(name, _)| (*name).borrow().starts_with(prefix))
}

/// One page of what is found, in the order of these places.
pub(super) fn sorted<P: Ord, T>(
    found: impl Iterator<Item = (P, T)>,
    after: Option<&P>,
    limit: usize,
    cursor: impl Fn(&P) -> String,
) -> List<T> {
    let found: BTreeMap<P, T> = found.collect();
    let rest = found
        .into_iter()
        .filter(|(place, _)| after.is_none_or(|after| place > after));
    let List { items, next } = cut(
        rest.take(limit.saturating_add(1)).collect(),
        limit,
        |(place, _)| cursor(place),
    );
    let items = items.into_iter().map(|(_, item)| item).collect();
    List { items, next }
}
