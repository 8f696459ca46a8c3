//! Lists of products.

use landfall_service::resources::ProductResource;
use landfall_service::views::cursor::{Span, check_name, cut};
use landfall_service::views::sorted::{self, Most};
use landfall_service::views::{List, Page, ProductFilter, ProductSort, ViewError};

use super::pool::{Ask, Pool};
use super::supply::{product_resource, with_totals};
use super::{limit, span};
use crate::codes::int;
use crate::error::Fault;
use crate::rows::get;

/// Products with what is available of them, turned round: what comes first is small.
const WITH_AVAILABLE: &str = "SELECT p.*, -coalesce(a.units, 0) AS least FROM products p LEFT JOIN ( \
     SELECT a.partition, a.product, sum(a.units)::bigint AS units FROM availability a GROUP BY a.partition, a.product) AS a \
     ON a.partition = p.partition AND a.product = p.number";
/// Products with how many lines wait, turned round.
const WITH_WAITING: &str = "SELECT p.*, -p.backordered AS least FROM products p";

/// By what a list begins with the most.
fn most(sort: ProductSort) -> Option<Most> {
    match sort {
        ProductSort::Sku => None,
        ProductSort::Backordered => Some(Most::Backordered),
        ProductSort::Available => Some(Most::Available),
    }
}

/// A page of products: first the page, then the totals of those on it.
pub(super) fn products_ask(
    pool: &Pool,
    filter: &ProductFilter,
    page: &Page,
) -> Result<Ask, ViewError> {
    let mut ask = Ask::new("");
    let limit = ask.value(limit(page));
    let waiting = match filter.backordered {
        Some(true) => " AND p.backordered > 0",
        Some(false) => " AND p.backordered = 0",
        None => "",
    };
    let prefix = filter.prefix.as_deref();
    let Some(most) = most(filter.sort) else {
        check_name(page)?;
        let all = ask.value(pool.all());
        let names_in = span::condition(&Span::new(page, prefix), "p.sku", &mut ask);
        let found = format!(
            "(SELECT p.* FROM unnest({all}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
             SELECT p.*, 0::bigint AS least FROM products p WHERE p.partition = k.partition AND {names_in}{waiting} \
             ORDER BY p.sku LIMIT {limit}) AS p ORDER BY p.sku LIMIT {limit}) AS p"
        );
        ask.sql = with_totals(&found, ", p.least") + " ORDER BY p.sku";
        return Ok(ask);
    };
    let after = sorted::most(page, most)?;
    let after = after.map_or((i64::MIN, String::new()), |(count, name)| {
        (-int(count), name)
    });
    let place = format!("{}, {}", ask.value(after.0), ask.value(after.1));
    let span = Span::new(&Page::default(), prefix);
    let names_in = span::condition(&span, "p.sku", &mut ask);
    // No index has what every line may change: all are looked at, and the first ones kept.
    let all = match most {
        Most::Available => WITH_AVAILABLE,
        Most::Backordered => WITH_WAITING,
    };
    let found = format!(
        "(SELECT p.* FROM ({all}) AS p WHERE (p.least, p.sku) > ({place}) AND {names_in}{waiting} \
         ORDER BY p.least, p.sku LIMIT {limit}) AS p"
    );
    ask.sql = with_totals(&found, ", p.least") + " ORDER BY p.least, p.sku";
    Ok(ask)
}

pub(super) async fn products(
    pool: &Pool,
    filter: &ProductFilter,
    ask: &Ask,
    page: &Page,
) -> Result<List<ProductResource>, Fault> {
    let found = pool.ask(ask).await?;
    // With the place of each, for the cursor: it is of the table by which the list goes.
    let items = found
        .iter()
        .map(|row| Ok((product_resource(row)?, get::<i64>(row, 7)?)));
    let items = items.collect::<Result<Vec<_>, Fault>>()?;
    let List { items, next } = cut(items, page.limit, |(product, least)| {
        let sku = product.sku.as_str();
        match most(filter.sort) {
            None => sku.to_owned(),
            Some(most) => sorted::of_most(most, least.unsigned_abs(), sku),
        }
    });
    let items = items.into_iter().map(|(product, _)| product).collect();
    Ok(List { items, next })
}
