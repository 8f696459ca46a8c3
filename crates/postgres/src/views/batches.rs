//! Lists of batches.

use jiff::civil::Date;
use landfall_service::resources::BatchResource;
use landfall_service::views::cursor::{Span, check_name, cut};
use landfall_service::views::sorted::{self, Most};
use landfall_service::views::{BatchFilter, BatchSort, List, Page, ViewError};

use super::pool::{Ask, Pool};
use super::supply::NEVER_CLEARED;
use super::{limit, span};
use crate::codes::{self, int, small};
use crate::error::Fault;
use crate::rows::{self, BATCH, PRODUCT_OF_B};

/// The ETA as the index `batches_by_eta` has it: what is in the warehouse stands before all days.
const ETA: &str = "coalesce(b.eta, DATE '-infinity')";

/// A page of batches.
pub(super) fn batches_ask(
    pool: &Pool,
    filter: &BatchFilter,
    page: &Page,
) -> Result<Ask, ViewError> {
    match filter.sort {
        BatchSort::Reference => {
            check_name(page)?;
            let held = filter.held == Some(true) || filter.hold_overdue.is_some();
            let one = filter.shipment.is_some() || filter.sku.is_some();
            Ok(if held && !one {
                held_by_reference(pool, filter, page)
            } else {
                by_reference(pool, filter, page)
            })
        }
        BatchSort::Eta => {
            let after = sorted::eta(page)?;
            let beginning = (codes::Day::NOW, String::new());
            let after = after.map_or(beginning, |(eta, name)| {
                (eta.map_or(codes::Day::NOW, codes::Day::of), name)
            });
            let mut ask = Ask::new("");
            let place = format!("{}, {}", ask.value(after.0), ask.value(after.1));
            Ok(sorted_by(pool, filter, page, ETA, &place, ask))
        }
        BatchSort::Available => {
            let after = sorted::most(page, Most::Available)?;
            let after = after.map_or((i64::MIN, String::new()), |(units, name)| {
                (-int(units), name)
            });
            let least = format!(
                "(-(CASE WHEN {NEVER_CLEARED} THEN 0 ELSE greatest(b.purchased - b.allocated - b.dispatched, 0) END))"
            );
            let mut ask = Ask::new("");
            let place = format!("{}, {}", ask.value(after.0), ask.value(after.1));
            Ok(sorted_by(pool, filter, page, &least, &place, ask))
        }
    }
}

/// A page of batches that go by this and then by their reference, after a place.
fn sorted_by(
    pool: &Pool,
    filter: &BatchFilter,
    page: &Page,
    by: &str,
    place: &str,
    mut ask: Ask,
) -> Ask {
    let limit = ask.value(limit(page));
    let span = Span::new(&Page::default(), filter.prefix.as_deref());
    let names_in = span::condition(&span, "b.reference", &mut ask);
    let conditions = conditions(pool, filter, &mut ask);
    let wanted = format!("({by}, b.reference) > ({place}) AND {names_in}{conditions}");
    // Of one shipment or one product all batches are found first (OFFSET 0), and then sorted.
    let found = match (&filter.shipment, &filter.sku) {
        (Some(shipment), _) => {
            let home = ask.value(small(pool.partition_of(shipment.as_str())));
            let of = ask.value(shipment.to_string());
            format!(
                "(SELECT b.* FROM cargo c JOIN batches b ON b.partition = c.home AND b.number = c.number \
                 WHERE c.partition = {home} AND c.shipment = {of} OFFSET 0) AS b WHERE {wanted}"
            )
        }
        (None, Some(sku)) => {
            let home = ask.value(small(pool.partition_of(sku.as_str())));
            let of = ask.value(sku.to_string());
            format!(
                "(SELECT b.* FROM batches b WHERE b.partition = {home} AND b.product = \
                 (SELECT p.number FROM products p WHERE p.partition = {home} AND p.sku = {of}) OFFSET 0) AS b \
                 WHERE {wanted}"
            )
        }
        (None, None) if filter.sort == BatchSort::Eta => {
            let all = ask.value(pool.all());
            format!(
                "unnest({all}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
                 SELECT b.* FROM batches b WHERE b.partition = k.partition AND {wanted} \
                 ORDER BY {by}, b.reference LIMIT {limit}) AS b"
            )
        }
        // No index has the units, for every line changes them: all are looked at, and the first ones kept.
        (None, None) => format!("batches b WHERE {wanted}"),
    };
    ask.sql = format!(
        "SELECT {BATCH} FROM (SELECT b.* FROM {found} ORDER BY {by}, b.reference LIMIT {limit}) AS b \
         {PRODUCT_OF_B} ORDER BY {by}, b.reference"
    );
    ask
}

/// A page of batches by reference: first their names, then the batches.
fn by_reference(pool: &Pool, filter: &BatchFilter, page: &Page) -> Ask {
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

/// A page of batches that are held, by reference. They are few: an index has them alone, and nothing that is asked
/// besides leads the planner to another (OFFSET 0).
fn held_by_reference(pool: &Pool, filter: &BatchFilter, page: &Page) -> Ask {
    let mut ask = Ask::new("");
    let (limit, all) = (ask.value(limit(page)), ask.value(pool.all()));
    let span = Span::new(page, filter.prefix.as_deref());
    let names_in = span::condition(&span, "b.reference", &mut ask);
    let conditions = conditions(pool, filter, &mut ask);
    ask.sql = format!(
        "SELECT {BATCH} FROM (SELECT b.* FROM unnest({all}::smallint[]) AS k (partition) \
             CROSS JOIN LATERAL (SELECT * FROM (SELECT * FROM batches b WHERE b.partition = k.partition \
                     AND (b.hold IS NOT NULL OR b.shipment_hold IS NOT NULL) AND {names_in} \
                     ORDER BY b.reference OFFSET 0) AS b \
                 WHERE true{conditions} ORDER BY b.reference LIMIT {limit}) AS b \
             ORDER BY b.reference LIMIT {limit}) AS b {PRODUCT_OF_B} ORDER BY b.reference"
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
    match filter.on_shipment {
        Some(true) => and("b.shipment IS NOT NULL"),
        Some(false) => and("b.shipment IS NULL"),
        None => {}
    }
    // In a list by ETA the conditions are those of its index.
    let eta = match filter.sort {
        BatchSort::Eta => ETA,
        BatchSort::Reference | BatchSort::Available => "b.eta",
    };
    match (filter.in_warehouse, filter.sort) {
        (Some(true), BatchSort::Eta) => and(&format!("{ETA} = DATE '-infinity'")),
        (Some(false), BatchSort::Eta) => and(&format!("{ETA} > DATE '-infinity'")),
        (Some(true), _) => and("b.eta IS NULL"),
        (Some(false), _) => and("b.eta IS NOT NULL"),
        (None, _) => {}
    }
    if let Some(until) = filter.eta_until {
        let until = ask.value(codes::Day::of(until));
        and(&format!("{eta} <= {until} AND {eta} > DATE '-infinity'"));
    }
    if let Some(from) = filter.eta_from {
        let from = ask.value(codes::Day::of(from));
        and(&format!("{eta} >= {from}"));
    }
    if let Some(until) = filter.clear_until {
        let until = ask.value(codes::Day::of(until));
        and(&format!(
            "(b.hold_clear <= {until} OR b.shipment_hold_clear <= {until})"
        ));
    }
    if let Some(today) = filter.hold_overdue {
        let today = ask.value(codes::Day::of(today));
        and(&format!(
            "b.hold IS NOT NULL AND (b.hold_clear IS NULL OR b.hold_clear < {today})"
        ));
    }
    all
}

pub(super) async fn batches(
    pool: &Pool,
    filter: &BatchFilter,
    ask: &Ask,
    page: &Page,
    today: Date,
) -> Result<List<BatchResource>, Fault> {
    let found = pool.ask(ask).await?;
    let items = found
        .iter()
        .map(|row| Ok(BatchResource::new(&rows::batch(row)?, today)));
    let items = items.collect::<Result<_, Fault>>()?;
    Ok(cut(items, page.limit, |batch: &BatchResource| {
        let name = batch.reference.as_str();
        match filter.sort {
            BatchSort::Reference => name.to_owned(),
            BatchSort::Eta => sorted::of_eta(batch.eta, name),
            BatchSort::Available => sorted::of_most(Most::Available, batch.available, name),
        }
    }))
}
