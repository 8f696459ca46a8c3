//! Shipments, alone with their batches and in lists.

use jiff::civil::Date;
use landfall_domain::ShipmentRef;
use landfall_service::resources::{BatchResource, ShipmentResource};
use landfall_service::views::{List, Page, ShipmentFilter};
use rusqlite::Connection;

use super::cursor::Span;
use super::supply::{NEVER_CLEARED, cut, one_more, query};
use crate::codes;
use crate::error::Fault;
use crate::names::Names;
use crate::rows::{self, SHIPMENT};

pub(super) fn shipment(
    connection: &Connection,
    reference: &ShipmentRef,
    today: Date,
) -> Result<Option<ShipmentResource>, Fault> {
    let mut statement = connection.prepare_cached(&rows::SHIPMENT_BY_REFERENCE)?;
    let mut found = statement.query([reference.as_str()])?;
    let Some(shipment) = found.next()?.map(rows::shipment).transpose()? else {
        return Ok(None);
    };
    let mut names = Names::new(connection);
    let mut statement = connection.prepare_cached(&rows::CARGO)?;
    let mut found = statement.query([reference.as_str()])?;
    let mut batches = Vec::new();
    while let Some(row) = found.next()? {
        let batch = rows::batch(row, |product| names.sku(product))?;
        batches.push(BatchResource::new(&batch, today));
    }
    Ok(Some(ShipmentResource::new(&shipment, batches, today)))
}

/// The statement of a page of shipments: first the page, then the totals of the batches of those on it. `?3` is the
/// limit, `?4` and `?5` the days, `?6` the day of holds.
pub(super) fn shipments_sql(filter: &ShipmentFilter, span: &Span) -> String {
    let mut conditions = vec![span.condition("reference")];
    let not = |yes: bool| if yes { "" } else { "NOT " };
    if let Some(landed) = filter.landed {
        conditions.push(format!("eta IS {}NULL", not(landed)));
    }
    if let Some(held) = filter.held {
        conditions.push(format!("hold IS {}NULL", not(!held)));
    }
    if filter.eta_until.is_some() {
        conditions.push("eta <= ?4".into());
    }
    if filter.eta_from.is_some() {
        conditions.push("eta >= ?5".into());
    }
    if filter.clear_until.is_some() {
        conditions.push("hold_clear <= ?6".into());
    }
    format!(
        "WITH page AS MATERIALIZED (SELECT * FROM shipments INDEXED BY sqlite_autoindex_shipments_1 \
         WHERE {} ORDER BY reference LIMIT ?3) \
         SELECT {SHIPMENT}, count(b.number), coalesce(sum(c.purchased), 0), \
         coalesce(sum(c.allocated), 0), coalesce(sum(c.dispatched), 0), \
         coalesce(sum(CASE WHEN {NEVER_CLEARED} THEN 0 \
         ELSE max(c.purchased - c.allocated - c.dispatched, 0) END), 0) \
         FROM page s LEFT JOIN batches b ON b.shipment = s.reference \
         LEFT JOIN batch_counts c ON c.number = b.number GROUP BY s.reference ORDER BY s.reference",
        conditions.join(" AND ")
    )
}

pub(super) fn shipments(
    connection: &Connection,
    filter: &ShipmentFilter,
    page: &Page,
    today: Date,
) -> Result<List<ShipmentResource>, Fault> {
    let span = Span::new(page, filter.prefix.as_deref());
    let mut statement = connection.prepare_cached(&shipments_sql(filter, &span))?;
    let (from, until) = (filter.eta_from, filter.eta_until);
    let (from, until) = (from.map(codes::day), until.map(codes::day));
    let clear = filter.clear_until.map(codes::day);
    let (from_name, to_name, limit) = (&span.from, &span.to, one_more(page));
    let mut rows = query(
        &mut statement,
        &[from_name, to_name, &limit, &until, &from, &clear],
    )?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(ShipmentResource {
            batches: None,
            batch_count: rows::count(row, 9)?,
            purchased: rows::count(row, 10)?,
            allocated: rows::count(row, 11)?,
            dispatched: rows::count(row, 12)?,
            available: rows::count(row, 13)?,
            ..ShipmentResource::new(&rows::shipment(row)?, Vec::new(), today)
        });
    }
    Ok(cut(items, page.limit, |shipment| {
        shipment.reference.to_string()
    }))
}
