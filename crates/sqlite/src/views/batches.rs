//! Lists of batches.

use jiff::civil::Date;
use landfall_domain::ShipmentRef;
use landfall_service::resources::BatchResource;
use landfall_service::views::sorted::{self, Most};
use landfall_service::views::{BatchFilter, BatchSort, List, Page, ViewError};
use rusqlite::Connection;

use super::start::{Start, condition};
use super::supply::{NEVER_CLEARED, cut, one_more, product_number, query};
use crate::codes::{self, int};
use crate::error::Fault;
use crate::names::Names;
use crate::rows::{self, BATCH, COUNTS};

/// Before all dates: in the warehouse.
const HERE: i64 = -4_371_588;
/// The ETA as the index `batches_by_eta` has it.
const ETA: &str = "coalesce(b.eta, -4371588)";

/// Where a page begins.
pub(super) fn start(filter: &BatchFilter, page: &Page) -> Result<Start, ViewError> {
    let prefix = filter.prefix.as_deref();
    Ok(match filter.sort {
        BatchSort::Reference => return Start::by_name(page, prefix),
        BatchSort::Eta => {
            let after = sorted::eta(page)?;
            let after = after.map(|(eta, name)| (eta.map_or(HERE, codes::day), name));
            Start::after(after, prefix)
        }
        BatchSort::Available => {
            let after = sorted::most(page, Most::Available)?;
            Start::after(after.map(|(units, name)| (-int(units), name)), prefix)
        }
    })
}

/// The statement of a page of batches. `?3` is the limit, `?4` the product, `?5` and `?6` the
/// days, `?7` the shipment, `?8` the day of holds, `?9` and `?10` where the page begins, `?11` the day on which holds
/// are overdue.
pub(super) fn batches_sql(filter: &BatchFilter, start: &Start) -> String {
    // Without a product the list goes along its order, of all or of a shipment's, which stops when the page is
    // full. An index on the product's batches would be no help: there are too many open ones.
    let narrow = if filter.shipment.is_some() {
        Some("batches_of_shipment")
    } else if filter.sku.is_some() {
        Some("batches_of_product")
    } else {
        None
    };
    let by = |index: &str| format!("INDEXED BY {}", narrow.unwrap_or(index));
    match filter.sort {
        BatchSort::Reference => {
            // Few are held.
            let held = filter.held == Some(true) || filter.hold_overdue.is_some();
            let all = if held {
                "batches_held"
            } else {
                "sqlite_autoindex_batches_1"
            };
            let (index, wanted) = (by(all), wanted(filter, start, ""));
            format!(
                "SELECT {BATCH} FROM batches b {index} {COUNTS} WHERE {wanted} ORDER BY b.reference LIMIT ?3"
            )
        }
        BatchSort::Eta => {
            let (index, wanted) = (by("batches_by_eta"), wanted(filter, start, ETA));
            format!(
                "SELECT {BATCH} FROM batches b {index} {COUNTS} WHERE {wanted} ORDER BY {ETA}, b.reference LIMIT ?3"
            )
        }
        BatchSort::Available => {
            // No index has the units, for every line changes them: all are looked at, and the first ones kept.
            let index = narrow.map_or("NOT INDEXED".to_owned(), |_| by(""));
            let least = format!(
                "-(CASE WHEN {NEVER_CLEARED} THEN 0 ELSE max(c.purchased - c.allocated - c.dispatched, 0) END)"
            );
            let wanted = wanted(filter, start, &least);
            format!(
                "WITH page AS MATERIALIZED (SELECT b.number AS number, {least} AS least \
                 FROM batches b {index} {COUNTS} WHERE {wanted} ORDER BY least, b.reference LIMIT ?3) \
                 SELECT {BATCH} FROM page p CROSS JOIN batches b ON b.number = p.number {COUNTS} \
                 ORDER BY p.least, b.reference"
            )
        }
    }
}

/// The conditions of a list that goes by this and then by the reference.
fn wanted(filter: &BatchFilter, start: &Start, by: &str) -> String {
    let mut conditions = vec![condition(&start.span, "b.reference")];
    if start.after.is_some() {
        conditions.push(format!("({by}, b.reference) > (?9, ?10)"));
    }
    if filter.sku.is_some() {
        conditions.push("b.product = ?4".into());
    }
    if let Some(available) = filter.available {
        conditions.push(if available {
            format!("b.open = 1 AND NOT {NEVER_CLEARED}")
        } else {
            format!("(b.open <> 1 OR {NEVER_CLEARED})")
        });
    }
    if let Some(held) = filter.held {
        let not = if held { "" } else { "NOT " };
        conditions.push(format!(
            "{not}(b.hold IS NOT NULL OR b.shipment_hold IS NOT NULL)"
        ));
    }
    if filter.shipment.is_some() {
        conditions.push("b.shipment = ?7".into());
    }
    if let Some(aboard) = filter.on_shipment {
        let not = if aboard { "NOT " } else { "" };
        conditions.push(format!("b.shipment IS {not}NULL"));
    }
    if let Some(there) = filter.in_warehouse {
        let sign = if there { "=" } else { ">" };
        conditions.push(format!("{ETA} {sign} {HERE}"));
    }
    if filter.eta_until.is_some() {
        conditions.push(format!("{ETA} <= ?5 AND {ETA} > {HERE}"));
    }
    if filter.eta_from.is_some() {
        conditions.push(format!("{ETA} >= ?6"));
    }
    if filter.clear_until.is_some() {
        conditions.push("(b.hold_clear <= ?8 OR b.shipment_hold_clear <= ?8)".into());
    }
    if filter.hold_overdue.is_some() {
        conditions
            .push("b.hold IS NOT NULL AND (b.hold_clear IS NULL OR b.hold_clear < ?11)".into());
    }
    conditions.join(" AND ")
}

pub(super) fn batches(
    connection: &Connection,
    filter: &BatchFilter,
    start: &Start,
    page: &Page,
    today: Date,
) -> Result<List<BatchResource>, Fault> {
    let product = match &filter.sku {
        None => None,
        Some(sku) => {
            let number = product_number(connection, sku)?;
            if number.is_none() {
                return Ok(List {
                    items: Vec::new(),
                    next: None,
                });
            }
            number
        }
    };
    let mut names = Names::new(connection);
    let mut statement = connection.prepare_cached(&batches_sql(filter, start))?;
    let (from, until) = (filter.eta_from, filter.eta_until);
    let (from, until) = (from.map(codes::day), until.map(codes::day));
    let clear = filter.clear_until.map(codes::day);
    let overdue = filter.hold_overdue.map(codes::day);
    let shipment = filter.shipment.as_ref().map(ShipmentRef::as_str);
    let (rank, name) = start.place();
    let mut rows = query(
        &mut statement,
        &[
            &start.span.from,
            &start.span.to,
            &one_more(page),
            &product,
            &until,
            &from,
            &shipment,
            &clear,
            &rank,
            &name,
            &overdue,
        ],
    )?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        let batch = rows::batch(row, |product| names.sku(product))?;
        items.push(BatchResource::new(&batch, today));
    }
    Ok(cut(items, page.limit, |batch| {
        let name = batch.reference.as_str();
        match filter.sort {
            BatchSort::Reference => name.to_owned(),
            BatchSort::Eta => sorted::of_eta(batch.eta, name),
            BatchSort::Available => sorted::of_most(Most::Available, batch.available, name),
        }
    }))
}
