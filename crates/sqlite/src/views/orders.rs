//! Orders with their lines, alone and in lists.
//!
//! A list by id with a condition on the lines has two ways to go: from the lines of the batch or product to
//! their orders, or along all orders. The first is good as long as those lines are not too many; if they
//! are, orders that have one are frequent, and the second finds a page of them soon.

use std::collections::BTreeSet;

use jiff::civil::Date;
use landfall_domain::{OrderId, Status};
use landfall_service::resources::{LineResource, OrderResource};
use landfall_service::views::cursor::Span;
use landfall_service::views::{Attention, List, OrderFilter, Page};
use rusqlite::{Connection, params};

use super::start::condition;
use super::supply::{batch_number, cut, product_number, query};
use crate::codes;
use crate::error::Fault;
use crate::names::Names;
use crate::order_view::{self, RawView};
use crate::{rows, unsettled};

/// Lines of a batch or a product from which their orders are found; with more, all orders are looked at.
const MANY: usize = if cfg!(test) { 10 } else { 20_000 };

pub(super) fn order(
    connection: &Connection,
    id: &OrderId,
    today: Date,
) -> Result<Option<OrderResource>, Fault> {
    read(connection, &mut Names::new(connection), id, today)
}

pub(super) fn read(
    connection: &Connection,
    names: &mut Names<'_>,
    id: &OrderId,
    today: Date,
) -> Result<Option<OrderResource>, Fault> {
    let mut statement = connection.prepare_cached(&order_view::OF_ORDER)?;
    let mut found = statement.query([id.as_str()])?;
    let mut lines: Vec<(u64, LineResource)> = Vec::new();
    while let Some(row) = found.next()? {
        let raw = RawView::read(row)?;
        lines.push((raw.number, raw.into_resource(names, today)?));
    }
    let mut statement = connection.prepare_cached(rows::PLACED)?;
    let mut found = statement.query([id.as_str()])?;
    let placed = found.next()?.map(|row| rows::placed(row, id)).transpose()?;
    if lines.is_empty() && placed.is_none() {
        return Ok(None);
    }
    lines.sort_unstable_by_key(|(number, _)| *number);
    let lines = lines.into_iter().map(|(_, line)| line).collect();
    Ok(Some(OrderResource::new(id.clone(), placed.as_ref(), lines)))
}

pub(super) fn orders(
    connection: &Connection,
    filter: &OrderFilter,
    page: &Page,
    today: Date,
) -> Result<List<OrderResource>, Fault> {
    let span = Span::new(page, filter.prefix.as_deref());
    let mut names = Names::new(connection);
    let mut items = Vec::new();
    // Whether the page is full, and it is known that there is another.
    let mut take = |id: &OrderId| -> Result<bool, Fault> {
        let order = read(connection, &mut names, id, today)?;
        items.extend(order.filter(|order| wanted(order, filter)));
        Ok(items.len() > page.limit)
    };
    match candidates(connection, filter, &span)? {
        Candidates::None => {}
        Candidates::Few(ids) => {
            for id in ids {
                if take(&id)? {
                    break;
                }
            }
        }
        Candidates::Along(along, of) => {
            let mut statement = connection.prepare_cached(&along_sql(along, &span))?;
            let mut ids = query(&mut statement, &[&span.from, &span.to, &of])?;
            while let Some(row) = ids.next()? {
                if take(&rows::name(row, 0)?)? {
                    break;
                }
            }
        }
    }
    Ok(cut(items, page.limit, |order| order.order_id.to_string()))
}

/// Which lines show the way along all orders.
#[derive(Debug, Clone, Copy)]
pub(super) enum Along {
    /// Those that need attention: an index has them by order.
    Attention(Attention),
    /// All.
    All,
    /// Those that may be pegged to a batch.
    Batch,
    /// Those of a product.
    Product,
}

/// Orders of a span, by id, that may be wanted. `?3` is the batch's or the product's number.
pub(super) fn along_sql(along: Along, span: &Span) -> String {
    let names = condition(span, "k.order_id");
    let lines = match along {
        Along::All => "line_keys k",
        Along::Attention(Attention::Late) => {
            "lines k INDEXED BY lines_late_by_order WHERE k.status = 0 AND k.current > k.original"
        }
        Along::Attention(Attention::Backordered) => {
            "lines k INDEXED BY lines_waiting_by_order WHERE k.status = 1"
        }
        Along::Batch => {
            "line_keys k CROSS JOIN order_view v ON v.number = k.number \
             AND (v.batch = ?3 OR v.parts IS NOT NULL)"
        }
        Along::Product => {
            "line_keys k CROSS JOIN order_view v ON v.number = k.number AND v.product = ?3"
        }
    };
    let and = if matches!(along, Along::Attention(_)) {
        "AND"
    } else {
        "WHERE"
    };
    format!("SELECT DISTINCT k.order_id FROM {lines} {and} {names} ORDER BY k.order_id")
}

fn wanted(order: &OrderResource, filter: &OrderFilter) -> bool {
    let any = |wanted: &dyn Fn(&LineResource) -> bool| order.lines.iter().any(wanted);
    let live = |line: &LineResource| matches!(line.status, Status::Allocated | Status::Backordered);
    filter.batch.as_ref().is_none_or(|batch| {
        any(&|line| {
            line.allocations
                .iter()
                .any(|allocation| allocation.batch == *batch)
        })
    }) && filter
        .sku
        .as_ref()
        .is_none_or(|sku| any(&|line| line.sku == *sku && live(line)))
        && filter.attention.is_none_or(|attention| {
            any(&|line| match attention {
                Attention::Backordered => line.status == Status::Backordered,
                Attention::Late => {
                    line.status == Status::Allocated && line.current_promise > line.original_promise
                }
            })
        })
}

/// Orders that may be wanted.
enum Candidates {
    None,
    Few(BTreeSet<OrderId>),
    /// Too many to name them; they are found along the way.
    Along(Along, Option<i64>),
}

fn candidates(
    connection: &Connection,
    filter: &OrderFilter,
    span: &Span,
) -> Result<Candidates, Fault> {
    let mut found = Found {
        ids: BTreeSet::new(),
        span,
        seen: 0,
    };
    let along = if let Some(batch) = &filter.batch {
        let Some(batch) = batch_number(connection, batch)? else {
            return Ok(Candidates::None);
        };
        found.pegged_to(connection, &[batch])?;
        Candidates::Along(Along::Batch, Some(batch))
    } else if let Some(sku) = &filter.sku {
        let Some(product) = product_number(connection, sku)? else {
            return Ok(Candidates::None);
        };
        found.pegged_to(connection, &batches_in_use(connection, product)?)?;
        found.waiting(connection, product)?;
        Candidates::Along(Along::Product, Some(product))
    } else {
        let along = filter.attention.map_or(Along::All, Along::Attention);
        return Ok(Candidates::Along(along, None));
    };
    Ok(if found.seen > MANY {
        match filter.attention {
            Some(attention) => Candidates::Along(Along::Attention(attention), None),
            None => along,
        }
    } else {
        Candidates::Few(found.ids)
    })
}

/// The batches of a product to which lines are pegged.
pub(super) const IN_USE: &str = "SELECT b.number FROM batches b \
     CROSS JOIN batch_counts c ON c.number = b.number \
     WHERE b.product = ?1 AND b.open > 0 AND c.allocated > 0";

fn batches_in_use(connection: &Connection, product: i64) -> Result<Vec<i64>, Fault> {
    let mut statement = connection.prepare_cached(IN_USE)?;
    let numbers = statement.query_map([product], |row| row.get(0))?;
    Ok(numbers.collect::<Result<_, _>>()?)
}

/// The orders of the lines of a batch, as far as the index has them.
pub(super) const OF_BATCH: &str = "SELECT l.order_id FROM allocations a \
     CROSS JOIN lines l ON l.number = a.number WHERE a.batch = ?1 LIMIT ?2";
/// The orders of the lines that wait for a product.
pub(super) const OF_QUEUE: &str =
    "SELECT order_id FROM lines WHERE status = 1 AND product = ?1 LIMIT ?2";

struct Found<'a> {
    ids: BTreeSet<OrderId>,
    span: &'a Span,
    /// Lines looked at.
    seen: usize,
}

impl Found<'_> {
    fn add(&mut self, id: &str) -> Result<(), Fault> {
        self.seen += 1;
        if self.span.contains(id) {
            self.ids.insert(rows::parse(id)?);
        }
        Ok(())
    }

    fn pegged_to(&mut self, connection: &Connection, batches: &[i64]) -> Result<(), Fault> {
        for batch in batches {
            self.each(connection, OF_BATCH, *batch)?;
        }
        if self.seen > MANY {
            return Ok(());
        }
        let settled = unsettled::settled(connection)?;
        let batches: BTreeSet<i64> = batches.iter().copied().collect();
        let mut failed = None;
        unsettled::each_unsettled(connection, settled, |entry, _, order_id| {
            if batches.contains(&codes::int(entry.batch)) {
                failed = failed.take().or(self.add(order_id).err());
            }
        })?;
        failed.map_or(Ok(()), Err)
    }

    fn waiting(&mut self, connection: &Connection, product: i64) -> Result<(), Fault> {
        self.each(connection, OF_QUEUE, product)
    }

    fn each(&mut self, connection: &Connection, sql: &str, of: i64) -> Result<(), Fault> {
        let rest = i64::try_from((MANY + 1).saturating_sub(self.seen)).unwrap_or(0);
        let mut statement = connection.prepare_cached(sql)?;
        let mut ids = statement.query(params![of, rest])?;
        while let Some(row) = ids.next()? {
            self.add(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use landfall_service::views::{OrderFilter, Page};
    use landfall_testkit::commands::{batch, line, name};
    use landfall_testkit::{Harness, run, today};

    use super::MANY;
    use crate::database::Sqlite;

    #[test]
    fn few_and_many_lines_are_listed_alike() {
        run(async {
            let harness = Harness::<Sqlite<5>>::start();
            harness.done(batch("few", "FEW", 100)).await;
            harness.done(batch("many", "MANY", 100)).await;
            let many = 3 * MANY;
            for order in 0..many {
                harness.done(line(&format!("o{order:02}"), "MANY", 1)).await;
                if order % 10 == 0 {
                    harness.done(line(&format!("o{order:02}"), "FEW", 1)).await;
                }
            }
            let ids = async |filter: OrderFilter| {
                let mut ids = Vec::new();
                let mut page = Page {
                    after: None,
                    limit: 4,
                };
                loop {
                    let list = harness.views.orders(&filter, &page, today()).await.unwrap();
                    ids.extend(list.items.iter().map(|order| order.order_id.to_string()));
                    page.after = list.next;
                    if page.after.is_none() {
                        return ids;
                    }
                }
            };
            let all: Vec<_> = (0..many).map(|order| format!("o{order:02}")).collect();
            let some: Vec<_> = all.iter().step_by(10).cloned().collect();
            let of = |batch: Option<&str>, sku: Option<&str>, prefix: Option<&str>| OrderFilter {
                batch: batch.map(name),
                sku: sku.map(name),
                attention: None,
                prefix: prefix.map(Into::into),
            };
            assert_eq!(ids(of(Some("many"), None, None)).await, all);
            assert_eq!(ids(of(None, Some("MANY"), None)).await, all);
            assert_eq!(ids(of(Some("few"), None, None)).await, some);
            assert_eq!(ids(of(None, Some("FEW"), None)).await, some);
            assert_eq!(ids(of(Some("many"), Some("FEW"), None)).await, some);
            assert_eq!(ids(of(Some("many"), None, Some("o1"))).await, all[10..20]);
            assert_eq!(ids(of(Some("few"), None, Some("o1"))).await, some[1..2]);
        });
    }
}
