//! Lists of products.

use landfall_service::resources::ProductResource;
use landfall_service::views::sorted::{self, Most};
use landfall_service::views::{List, Page, ProductFilter, ProductSort, ViewError};
use rusqlite::Connection;

use super::start::{Start, condition};
use super::supply::{PRODUCT, cut, one_more, product_resource, query};
use crate::codes::int;
use crate::error::Fault;

/// What is available of a product, turned round: what comes first is small.
const LEAST_AVAILABLE: &str = "-(SELECT coalesce(sum(a.units), 0) FROM availability a \
     WHERE a.place >= p.number << 23 AND a.place < (p.number + 1) << 23)";

/// By what a list begins with the most.
fn most(sort: ProductSort) -> Option<Most> {
    match sort {
        ProductSort::Sku => None,
        ProductSort::Backordered => Some(Most::Backordered),
        ProductSort::Available => Some(Most::Available),
    }
}

/// Where a page begins.
pub(super) fn start(filter: &ProductFilter, page: &Page) -> Result<Start, ViewError> {
    let prefix = filter.prefix.as_deref();
    let Some(most) = most(filter.sort) else {
        return Start::by_name(page, prefix);
    };
    let after = sorted::most(page, most)?;
    let after = after.map(|(count, name)| (-int(count), name));
    Ok(Start::after(after, prefix))
}

/// The statement of a page of products: first the page, then the totals of those on it. `?3` is the limit, `?4` and `?5`
/// where the page begins.
pub(super) fn products_sql(filter: &ProductFilter, start: &Start) -> String {
    let mut names = condition(&start.span, "p.sku");
    names.push_str(match filter.backordered {
        Some(true) => " AND p.backordered > 0",
        Some(false) => " AND p.backordered = 0",
        None => "",
    });
    // No index has what every line may change: all are looked at, and the first ones kept.
    let index = match (filter.sort, filter.backordered) {
        (_, Some(true)) => "INDEXED BY products_waiting",
        (ProductSort::Sku, _) => "INDEXED BY sqlite_autoindex_products_1",
        _ => "NOT INDEXED",
    };
    let least = match filter.sort {
        ProductSort::Sku => "0",
        ProductSort::Backordered => "-p.backordered",
        ProductSort::Available => LEAST_AVAILABLE,
    };
    let after = if start.after.is_some() {
        "WHERE (least, sku) > (?4, ?5)"
    } else {
        ""
    };
    let found = format!(
        "SELECT p.number AS number, p.sku AS sku, p.backordered AS backordered, {least} AS least \
         FROM products p {index} WHERE {names}"
    );
    let page = match filter.sort {
        ProductSort::Sku => format!("{found} ORDER BY p.sku LIMIT ?3"),
        // With a limit of its own, that is none, what is found is told once, and not once for each use of it.
        _ => format!("SELECT * FROM ({found} LIMIT -1) {after} ORDER BY least, sku LIMIT ?3"),
    };
    let totals = PRODUCT.replace("products p", "page p");
    let totals = totals.replacen(" FROM ", ", p.least FROM ", 1);
    format!("WITH page AS MATERIALIZED ({page}) {totals} GROUP BY p.number ORDER BY p.least, p.sku")
}

pub(super) fn products(
    connection: &Connection,
    filter: &ProductFilter,
    start: &Start,
    page: &Page,
) -> Result<List<ProductResource>, Fault> {
    let mut statement = connection.prepare_cached(&products_sql(filter, start))?;
    let (span, (rank, name)) = (&start.span, start.place());
    let mut rows = query(
        &mut statement,
        &[&span.from, &span.to, &one_more(page), &rank, &name],
    )?;
    // With the place of each, for the cursor: it is of the table by which the list goes.
    let mut items: Vec<(ProductResource, i64)> = Vec::new();
    while let Some(row) = rows.next()? {
        items.push((product_resource(row)?, row.get(7)?));
    }
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
