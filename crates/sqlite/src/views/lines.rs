//! Lines: those that wait, and all of them.

use jiff::civil::Date;
use landfall_domain::shortage::QueueKey;
use landfall_domain::{LineKey, Sku, Status};
use landfall_service::resources::LineResource;
use landfall_service::views::cursor;
use landfall_service::views::{List, Waiting};
use rusqlite::{Connection, params};
use std::sync::LazyLock;

use super::supply::cut;
use crate::codes::{self, int};
use crate::error::Fault;
use crate::names::Names;
use crate::order_view::{RawView, VIEW};
use crate::rows::{self, LINE, RawLine};

/// Products with lines that wait, by SKU.
pub(super) const WAITING_PRODUCTS: &str = "SELECT number, sku FROM products \
     WHERE backordered > 0 AND sku >= ?1 AND (?2 IS NULL OR sku = ?2) ORDER BY sku";
/// How much waits: the condition on the SKU, which all fulfil, is what the index goes by.
pub(super) const WAITING: &str = "SELECT coalesce(sum(backordered), 0), count(*) FROM products WHERE backordered > 0 AND sku >= ''";
/// The queue of a product after a place in it.
pub(super) static QUEUE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {LINE} FROM lines l WHERE l.status = 1 AND l.product = ?1 \
         AND (l.rank, l.wanted, l.age) > (?2, ?3, ?4) \
         ORDER BY l.rank, l.wanted, l.age LIMIT ?5"
    )
});
/// All lines after one, by key. The keys lead: the order view lies in the order of the lines' age.
pub(super) static BY_KEY: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIEW} FROM line_keys k CROSS JOIN order_view v ON v.number = k.number \
         WHERE (k.order_id, k.line_id) > (?1, ?2) ORDER BY k.order_id, k.line_id"
    )
});

pub(super) fn waiting(connection: &Connection) -> Result<Waiting, Fault> {
    let mut statement = connection.prepare_cached(WAITING)?;
    let (lines, products) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Waiting {
        lines: codes::count_of(lines)?,
        products: codes::count_of(products)?,
    })
}

pub(super) fn backorders(
    connection: &Connection,
    sku: Option<&Sku>,
    after: Option<&(Sku, QueueKey)>,
    limit: usize,
    today: Date,
) -> Result<List<LineResource>, Fault> {
    let mut names = Names::new(connection);
    let mut products = connection.prepare_cached(WAITING_PRODUCTS)?;
    let mut queue = connection.prepare_cached(&QUEUE)?;
    let from = after.map_or("", |(sku, _)| sku.as_str());
    let mut products = products.query(params![from, sku.map(Sku::as_str)])?;
    // With the place of each, for the cursor.
    let mut found: Vec<(LineResource, String)> = Vec::new();
    while let Some(product) = products.next()? {
        let (number, sku): (i64, Sku) = (product.get(0)?, rows::name(product, 1)?);
        let (rank, wanted, line) = match after {
            Some((at, key)) if *at == sku => (
                codes::rank(key.priority.0),
                codes::day(key.requested),
                int(key.number),
            ),
            _ => (i64::MIN, i64::MIN, 0),
        };
        let rest = i64::try_from((limit + 1).saturating_sub(found.len())).unwrap_or(i64::MAX);
        let mut lines = queue.query(params![number, rank, wanted, line, rest])?;
        while let Some(row) = lines.next()? {
            let line = names.line(RawLine::read(row)?)?;
            let place = cursor::of_place(&sku, &QueueKey::of(&line));
            // A line that waits is pegged to nothing.
            found.push((LineResource::new(&line, |_| None, today), place));
        }
        if found.len() > limit {
            break;
        }
    }
    let List { items, next } = cut(found, limit, |(_, place)| place.clone());
    Ok(List {
        items: items.into_iter().map(|(line, _)| line).collect(),
        next,
    })
}

pub(super) fn lines(
    connection: &Connection,
    status: Option<Status>,
    after: Option<&LineKey>,
    limit: usize,
    today: Date,
) -> Result<List<LineResource>, Fault> {
    let mut names = Names::new(connection);
    let mut statement = connection.prepare_cached(&BY_KEY)?;
    let (order_id, line_id) = after.map_or(("", ""), |key| {
        (key.order_id.as_str(), key.line_id.as_str())
    });
    let mut rows = statement.query([order_id, line_id])?;
    let mut items: Vec<LineResource> = Vec::new();
    while let Some(row) = rows.next()? {
        let raw = RawView::read(row)?;
        if status.is_some_and(|status| status != raw.status) {
            continue;
        }
        items.push(raw.into_resource(&mut names, today)?);
        if items.len() > limit {
            break;
        }
    }
    Ok(cut(items, limit, |line| {
        cursor::of_line(&line.order_id, &line.line_id)
    }))
}
