//! Shipments, alone with their batches and in lists.

use jiff::civil::Date;
use landfall_domain::{Carriage, ShipmentRef};
use landfall_service::resources::{BatchResource, ShipmentResource};
use landfall_service::views::sorted;
use landfall_service::views::{List, Page, ShipmentFilter, ShipmentSort, ViewError};
use rusqlite::Connection;

use super::start::{Start, condition};
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

/// After all dates: it has landed.
const LANDED: i64 = 2_932_897;
/// The ETA as the index `shipments_by_eta` has it.
const ETA: &str = "coalesce(eta, 2932897)";

/// Where a page begins.
pub(super) fn start(filter: &ShipmentFilter, page: &Page) -> Result<Start, ViewError> {
    let prefix = filter.prefix.as_deref();
    match filter.sort {
        ShipmentSort::Reference => Start::by_name(page, prefix),
        ShipmentSort::Eta => {
            let after = sorted::eta(page)?;
            let after = after.map(|(eta, name)| (eta.map_or(LANDED, codes::day), name));
            Ok(Start::after(after, prefix))
        }
    }
}

/// The statement of a page of shipments: first the page, then the totals of the batches of those on it. `?3` is the
/// limit, `?4` and `?5` the days, `?6` the day of holds, `?7` the carrier, `?8` and `?9` where the page begins, `?10`
/// the day on which holds are overdue.
pub(super) fn shipments_sql(filter: &ShipmentFilter, start: &Start) -> String {
    let mut conditions = vec![condition(&start.span, "reference")];
    let not = |yes: bool| if yes { "" } else { "NOT " };
    if start.after.is_some() {
        conditions.push(format!("({ETA}, reference) > (?8, ?9)"));
    }
    if let Some(landed) = filter.landed {
        let sign = if landed { "=" } else { "<" };
        conditions.push(format!("{ETA} {sign} {LANDED}"));
    }
    if let Some(held) = filter.held {
        conditions.push(format!("hold IS {}NULL", not(!held)));
    }
    if filter.eta_until.is_some() {
        conditions.push(format!("{ETA} <= ?4"));
    }
    if filter.eta_from.is_some() {
        conditions.push(format!("{ETA} >= ?5 AND {ETA} < {LANDED}"));
    }
    if filter.clear_until.is_some() {
        conditions.push("hold_clear <= ?6".into());
    }
    if filter.hold_overdue.is_some() {
        conditions.push("hold IS NOT NULL AND (hold_clear IS NULL OR hold_clear < ?10)".into());
    }
    if filter.carrier.is_some() {
        conditions.push("carrier = ?7".into());
    }
    let (index, order) = match filter.sort {
        ShipmentSort::Reference => ("sqlite_autoindex_shipments_1", "reference".to_owned()),
        ShipmentSort::Eta => ("shipments_by_eta", format!("{ETA}, reference")),
    };
    let order_of_page = match filter.sort {
        ShipmentSort::Reference => "s.reference".to_owned(),
        ShipmentSort::Eta => format!("coalesce(s.eta, {LANDED}), s.reference"),
    };
    format!(
        "WITH page AS MATERIALIZED (SELECT * FROM shipments INDEXED BY {index} \
         WHERE {} ORDER BY {order} LIMIT ?3) \
         SELECT {SHIPMENT}, count(b.number), coalesce(sum(c.purchased), 0), \
         coalesce(sum(c.allocated), 0), coalesce(sum(c.dispatched), 0), \
         coalesce(sum(CASE WHEN {NEVER_CLEARED} THEN 0 \
         ELSE max(c.purchased - c.allocated - c.dispatched, 0) END), 0) \
         FROM page s LEFT JOIN batches b ON b.shipment = s.reference \
         LEFT JOIN batch_counts c ON c.number = b.number GROUP BY s.reference ORDER BY {order_of_page}",
        conditions.join(" AND ")
    )
}

pub(super) fn shipments(
    connection: &Connection,
    filter: &ShipmentFilter,
    start: &Start,
    page: &Page,
    today: Date,
) -> Result<List<ShipmentResource>, Fault> {
    let mut statement = connection.prepare_cached(&shipments_sql(filter, start))?;
    let (from, until) = (filter.eta_from, filter.eta_until);
    let (from, until) = (from.map(codes::day), until.map(codes::day));
    let clear = filter.clear_until.map(codes::day);
    let overdue = filter.hold_overdue.map(codes::day);
    let carrier = filter.carrier.as_ref().map(Carriage::as_str);
    let (rank, name) = start.place();
    let mut rows = query(
        &mut statement,
        &[
            &start.span.from,
            &start.span.to,
            &one_more(page),
            &until,
            &from,
            &clear,
            &carrier,
            &rank,
            &name,
            &overdue,
        ],
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
        let name = shipment.reference.as_str();
        match filter.sort {
            ShipmentSort::Reference => name.to_owned(),
            ShipmentSort::Eta => sorted::of_eta(shipment.eta, name),
        }
    }))
}
