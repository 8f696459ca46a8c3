//! Batches, products, and what is available when.

use std::sync::LazyLock;

use jiff::civil::Date;
use landfall_domain::{BatchRef, Day, Sku};
use landfall_service::resources::{AvailabilityResource, BatchResource, ProductResource};
use landfall_service::views::cursor::{Span, cut};
use landfall_service::views::{BatchFilter, List, Page, ProductFilter};
use tokio_postgres::Row;

use super::pool::{Ask, Pool};
use super::{limit, span};
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

/// Rows of `products p` with the totals of all their batches.
fn with_totals(products: &str) -> String {
    format!(
        "SELECT p.sku, p.version, p.backordered, t.purchased, t.allocated, t.dispatched, t.available FROM {products} \
         CROSS JOIN LATERAL (SELECT {} FROM batches b WHERE b.partition = p.partition AND b.product = p.number) AS t",
        *TOTALS
    )
}

/// A product with its totals.
pub(super) fn product_sql() -> String {
    with_totals("products p") + " WHERE p.partition = $1 AND p.sku = $2"
}

pub(super) async fn product(pool: &Pool, sku: &Sku) -> Result<Option<ProductResource>, Fault> {
    let ask = Ask::new(product_sql())
        .with(small(pool.partition_of(sku.as_str())))
        .with(sku.to_string());
    let found = pool.ask(&ask).await?;
    found.first().map(product_resource).transpose()
}

fn product_resource(row: &Row) -> Result<ProductResource, Fault> {
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

/// A page of batches: first their names, then the batches.
pub(super) fn batches_ask(pool: &Pool, filter: &BatchFilter, page: &Page) -> Ask {
    let mut ask = Ask::new("");
    let limit = ask.value(limit(page));
    let span = Span::new(page, filter.prefix.as_deref());
    // Without a product the list goes along the references, of all or of a shipment's, which stops when the page is
    // full. An index on the product's batches would be no help: there are too many open ones.
    let (partitions, names, of) = match (&filter.shipment, &filter.sku) {
        (Some(shipment), _) => {
            let of = ask.value(shipment.to_string());
            let one = vec![small(pool.partition_of(shipment.as_str()))];
            (one, "cargo n", format!("AND n.shipment = {of} "))
        }
        (None, Some(sku)) => {
            let of = ask.value(sku.to_string());
            let one = vec![small(pool.partition_of(sku.as_str()))];
            let of = format!(
                "AND n.product = (SELECT p.number FROM products p WHERE p.partition = k.partition AND p.sku = {of}) "
            );
            (one, "(SELECT *, partition AS home FROM batches) n", of)
        }
        (None, None) => (pool.all(), "batch_names n", String::new()),
    };
    let partitions = ask.value(partitions);
    let names_in = span::condition(&span, "n.reference", &mut ask);
    let conditions = conditions(pool, filter, &mut ask);
    // Where nothing is asked of the batches themselves, only those on the page are looked at.
    let looked_at = if conditions.is_empty() {
        ""
    } else {
        "JOIN batches b ON b.partition = n.home AND b.number = n.number "
    };
    ask.sql = format!(
        "SELECT {BATCH} FROM (SELECT n.home, n.number, n.reference FROM unnest({partitions}::smallint[]) AS k (partition) \
             CROSS JOIN LATERAL (SELECT n.home, n.number, n.reference FROM {names} {looked_at}\
                 WHERE n.partition = k.partition {of}AND {names_in}{conditions} ORDER BY n.reference LIMIT {limit}) AS n \
             ORDER BY n.reference LIMIT {limit}) AS n \
         JOIN batches b ON b.partition = n.home AND b.number = n.number {PRODUCT_OF_B} ORDER BY b.reference"
    );
    ask
}

/// What is asked of `batches b` beside its name, each after an AND.
fn conditions(pool: &Pool, filter: &BatchFilter, ask: &mut Ask) -> String {
    let mut all = String::new();
    let mut and = |condition: &str| all.extend([" AND ", condition]);
    if let (Some(_), Some(sku)) = (&filter.shipment, &filter.sku) {
        // A batch of a shipment may lie in any partition, and its product with it.
        let home = ask.value(small(pool.partition_of(sku.as_str())));
        let sku = ask.value(sku.to_string());
        and(&format!(
            "b.partition = {home} AND b.product = \
             (SELECT p.number FROM products p WHERE p.partition = {home} AND p.sku = {sku})"
        ));
    }
    match filter.available {
        Some(true) => and(&format!("b.open = 1 AND NOT {NEVER_CLEARED}")),
        Some(false) => and(&format!("(b.open <> 1 OR {NEVER_CLEARED})")),
        None => {}
    }
    match filter.held {
        Some(true) => and("(b.hold IS NOT NULL OR b.shipment_hold IS NOT NULL)"),
        Some(false) => and("b.hold IS NULL AND b.shipment_hold IS NULL"),
        None => {}
    }
    match filter.in_warehouse {
        Some(true) => and("b.eta IS NULL"),
        Some(false) => and("b.eta IS NOT NULL"),
        None => {}
    }
    if let Some(until) = filter.eta_until {
        let until = ask.value(codes::Day::of(until));
        and(&format!("b.eta <= {until}"));
    }
    if let Some(from) = filter.eta_from {
        let from = ask.value(codes::Day::of(from));
        and(&format!("b.eta >= {from}"));
    }
    if let Some(until) = filter.clear_until {
        let until = ask.value(codes::Day::of(until));
        and(&format!(
            "(b.hold_clear <= {until} OR b.shipment_hold_clear <= {until})"
        ));
    }
    all
}

pub(super) async fn batches(
    pool: &Pool,
    filter: &BatchFilter,
    page: &Page,
    today: Date,
) -> Result<List<BatchResource>, Fault> {
    let found = pool.ask(&batches_ask(pool, filter, page)).await?;
    let items = found
        .iter()
        .map(|row| Ok(BatchResource::new(&rows::batch(row)?, today)));
    let items = items.collect::<Result<_, Fault>>()?;
    Ok(cut(items, page.limit, |batch: &BatchResource| {
        batch.reference.to_string()
    }))
}

/// A page of products: first the page, then the totals of those on it.
pub(super) fn products_ask(pool: &Pool, filter: &ProductFilter, page: &Page) -> Ask {
    let mut ask = Ask::new("");
    let all = ask.value(pool.all());
    let limit = ask.value(limit(page));
    let span = Span::new(page, filter.prefix.as_deref());
    let mut condition = span::condition(&span, "p.sku", &mut ask);
    match filter.backordered {
        Some(true) => condition.push_str(" AND p.backordered > 0"),
        Some(false) => condition.push_str(" AND p.backordered = 0"),
        None => {}
    }
    ask.sql = with_totals(&format!(
        "(SELECT p.* FROM unnest({all}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
         SELECT p.* FROM products p WHERE p.partition = k.partition AND {condition} ORDER BY p.sku LIMIT {limit}) AS p \
         ORDER BY p.sku LIMIT {limit}) AS p"
    )) + " ORDER BY p.sku";
    ask
}

pub(super) async fn products(
    pool: &Pool,
    filter: &ProductFilter,
    page: &Page,
) -> Result<List<ProductResource>, Fault> {
    let found = pool.ask(&products_ask(pool, filter, page)).await?;
    let items = found
        .iter()
        .map(product_resource)
        .collect::<Result<_, _>>()?;
    Ok(cut(items, page.limit, |product: &ProductResource| {
        product.sku.to_string()
    }))
}
