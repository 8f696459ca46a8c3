//! One batch, one product, what is available when, and the totals of batches.

use std::sync::LazyLock;

use jiff::civil::Date;
use landfall_domain::{BatchRef, Day, Sku};
use landfall_service::resources::{AvailabilityResource, BatchResource, ProductResource};
use tokio_postgres::Row;

use super::pool::{Ask, Pool};
use crate::codes::{self, small};
use crate::error::Fault;
use crate::rows::{self, BATCH, PRODUCT_OF_B, count, get, name};

/// A batch by its reference.
pub(super) static BATCH_BY_REFERENCE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {BATCH} FROM batch_names n JOIN batches b ON b.partition = n.home AND b.number = n.number \
         {PRODUCT_OF_B} WHERE n.partition = $1 AND n.reference = $2"
    )
});

pub(super) async fn batch(
    pool: &Pool,
    reference: &BatchRef,
    today: Date,
) -> Result<Option<BatchResource>, Fault> {
    let ask = Ask::new(&*BATCH_BY_REFERENCE)
        .with(small(pool.partition_of(reference.as_str())))
        .with(reference.to_string());
    let found = pool.ask(&ask).await?;
    let batch = found.first().map(rows::batch).transpose()?;
    Ok(batch.map(|batch| BatchResource::new(&batch, today)))
}

/// Whether a batch's goods are no supply: it is held, and nobody knows how long.
pub(super) const NEVER_CLEARED: &str = "(b.hold IS NOT NULL AND b.hold_clear IS NULL \
     OR b.shipment_hold IS NOT NULL AND b.shipment_hold_clear IS NULL)";

/// The totals of batches: purchased, allocated, dispatched and available. A sum of whole numbers is of a wider type
/// than these; no product and no shipment comes near its bound.
pub(super) static TOTALS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "coalesce(sum(b.purchased), 0)::bigint AS purchased, coalesce(sum(b.allocated), 0)::bigint AS allocated, \
         coalesce(sum(b.dispatched), 0)::bigint AS dispatched, \
         coalesce(sum(CASE WHEN {NEVER_CLEARED} THEN 0 \
         ELSE greatest(b.purchased - b.allocated - b.dispatched, 0) END), 0)::bigint AS available"
    )
});

/// Rows of `products p` with the totals of all their batches, and with these columns beside.
pub(super) fn with_totals(products: &str, and: &str) -> String {
    format!(
        "SELECT p.sku, p.version, p.backordered, t.purchased, t.allocated, t.dispatched, t.available{and} FROM {products} \
         CROSS JOIN LATERAL (SELECT {} FROM batches b WHERE b.partition = p.partition AND b.product = p.number) AS t",
        *TOTALS
    )
}

/// A product with its totals.
pub(super) fn product_sql() -> String {
    with_totals("products p", "") + " WHERE p.partition = $1 AND p.sku = $2"
}

pub(super) async fn product(pool: &Pool, sku: &Sku) -> Result<Option<ProductResource>, Fault> {
    let ask = Ask::new(product_sql())
        .with(small(pool.partition_of(sku.as_str())))
        .with(sku.to_string());
    let found = pool.ask(&ask).await?;
    found.first().map(product_resource).transpose()
}

pub(super) fn product_resource(row: &Row) -> Result<ProductResource, Fault> {
    Ok(ProductResource {
        sku: name(row, 0)?,
        version: count(row, 1)?,
        backordered_lines: count(row, 2)?,
        purchased: count(row, 3)?,
        allocated: count(row, 4)?,
        dispatched: count(row, 5)?,
        available: count(row, 6)?,
    })
}

/// How many lines of a product wait, and what is available of it, by day.
pub(super) const AVAILABLE: &str = "SELECT p.backordered, a.day, a.units FROM products p \
     LEFT JOIN availability a ON a.partition = p.partition AND a.product = p.number \
     WHERE p.partition = $1 AND p.sku = $2";

pub(super) async fn availability(
    pool: &Pool,
    sku: &Sku,
    day: &Day,
) -> Result<Option<AvailabilityResource>, Fault> {
    let ask = Ask::new(AVAILABLE)
        .with(small(pool.partition_of(sku.as_str())))
        .with(sku.to_string());
    let found = pool.ask(&ask).await?;
    let Some(first) = found.first() else {
        return Ok(None);
    };
    let backordered = count(first, 0)?;
    let mut days = Vec::with_capacity(found.len());
    for row in &found {
        if let Some(day) = get::<Option<codes::Day>>(row, 1)? {
            days.push((day.supply()?, count(row, 2)?));
        }
    }
    Ok(Some(AvailabilityResource::new(
        sku.clone(),
        backordered,
        days,
        day,
    )))
}
