//! One batch, one product, what is available when, and what lists have in common.

use jiff::civil::Date;
use landfall_domain::{BatchRef, Day, Sku};
use landfall_service::resources::{AvailabilityResource, BatchResource, ProductResource};
use landfall_service::views::{List, Page};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use std::sync::LazyLock;

use crate::codes;
use crate::error::Fault;
use crate::names::Names;
use crate::rows;

pub(super) fn batch(
    connection: &Connection,
    reference: &BatchRef,
    today: Date,
) -> Result<Option<BatchResource>, Fault> {
    let mut names = Names::new(connection);
    let mut statement = connection.prepare_cached(&rows::BATCH_BY_REFERENCE)?;
    let mut rows = statement.query([reference.as_str()])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let batch = rows::batch(row, |product| names.sku(product))?;
    Ok(Some(BatchResource::new(&batch, today)))
}

/// A product's row with the totals of all its batches.
pub(super) static PRODUCT: LazyLock<String> = LazyLock::new(|| {
    let product = "SELECT p.sku, v.version, p.backordered, coalesce(sum(c.purchased), 0), \
     coalesce(sum(c.allocated), 0), coalesce(sum(c.dispatched), 0), \
     coalesce(sum(CASE WHEN {NEVER} THEN 0 \
     ELSE max(c.purchased - c.allocated - c.dispatched, 0) END), 0) \
     FROM products p CROSS JOIN product_versions v ON v.number = p.number \
     LEFT JOIN batches b ON b.product = p.number LEFT JOIN batch_counts c ON c.number = b.number";
    product.replace("{NEVER}", NEVER_CLEARED)
});

/// Whether a batch's goods are no supply: it is held, and nobody knows how long.
pub(super) const NEVER_CLEARED: &str = "(b.hold IS NOT NULL AND b.hold_clear IS NULL \
     OR b.shipment_hold IS NOT NULL AND b.shipment_hold_clear IS NULL)";

pub(super) fn product(
    connection: &Connection,
    sku: &Sku,
) -> Result<Option<ProductResource>, Fault> {
    let sql = format!("{} WHERE p.sku = ?1 GROUP BY p.number", *PRODUCT);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([sku.as_str()])?;
    rows.next()?.map(product_resource).transpose()
}

pub(super) fn product_resource(row: &Row<'_>) -> Result<ProductResource, Fault> {
    Ok(ProductResource {
        sku: rows::name(row, 0)?,
        version: rows::count(row, 1)?,
        backordered_lines: rows::count(row, 2)?,
        purchased: rows::count(row, 3)?,
        allocated: rows::count(row, 4)?,
        dispatched: rows::count(row, 5)?,
        available: rows::count(row, 6)?,
    })
}

pub(super) fn availability(
    connection: &Connection,
    sku: &Sku,
    day: Day,
) -> Result<Option<AvailabilityResource>, Fault> {
    let sql = "SELECT number, backordered FROM products WHERE sku = ?1";
    let product: Option<(i64, i64)> = connection
        .prepare_cached(sql)?
        .query_row([sku.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((number, backordered)) = product else {
        return Ok(None);
    };
    let number = codes::count_of(number)?;
    let mut statement = connection.prepare_cached(AVAILABLE)?;
    let places = [codes::first_place(number), codes::first_place(number + 1)];
    let mut rows = statement.query(places)?;
    let mut days = Vec::new();
    while let Some(row) = rows.next()? {
        let (_, supply) = codes::supply_of(row.get(0)?)?;
        days.push((supply, rows::count(row, 1)?));
    }
    let backordered = codes::count_of(backordered)?;
    Ok(Some(AvailabilityResource::new(
        sku.clone(),
        backordered,
        days,
        &day,
    )))
}

/// What is available of a product, by day.
pub(super) const AVAILABLE: &str =
    "SELECT place, units FROM availability WHERE place >= ?1 AND place < ?2 ORDER BY place";

/// The number of a product.
pub(super) fn product_number(connection: &Connection, sku: &Sku) -> Result<Option<i64>, Fault> {
    let sql = "SELECT number FROM products WHERE sku = ?1";
    let number = connection
        .prepare_cached(sql)?
        .query_row([sku.as_str()], |row| row.get(0))
        .optional()?;
    Ok(number)
}

/// The number of a batch.
pub(super) fn batch_number(
    connection: &Connection,
    reference: &BatchRef,
) -> Result<Option<i64>, Fault> {
    let sql = "SELECT number FROM batches WHERE reference = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement
        .query_row(params![reference.as_str()], |row| row.get(0))
        .optional()?)
}

/// The limit of a statement: one more than asked for tells whether there is a next page.
pub(super) fn one_more(page: &Page) -> i64 {
    i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX)
}

/// Runs a statement that names a part of these parameters.
pub(super) fn query<'s>(
    statement: &'s mut rusqlite::CachedStatement<'_>,
    parameters: &[&dyn ToSql],
) -> Result<rusqlite::Rows<'s>, Fault> {
    let named = statement.parameter_count();
    for (at, parameter) in parameters.iter().take(named).enumerate() {
        statement.raw_bind_parameter(at + 1, parameter)?;
    }
    Ok(statement.raw_query())
}

/// A page of what was found, with the cursor where there is more.
pub(super) fn cut<T>(mut items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> List<T> {
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(cursor);
    List { items, next }
}
