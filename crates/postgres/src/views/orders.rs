//! Orders with their lines, alone and in lists.
//!
//! A list by id with a condition on the lines has two ways to go: from the lines of the batch or product to
//! their orders, or along all orders. The first is good as long as those lines are not too many; if they
//! are, orders that have one are frequent, and the second finds a page of them soon.

use std::sync::LazyLock;

use deadpool_postgres::GenericClient;
use jiff::civil::Date;
use landfall_domain::{BatchRef, OrderId, PlacedOrder, Status};
use landfall_service::resources::{LineResource, OrderResource};
use landfall_service::store::LineOrder;
use landfall_service::views::cursor::{Span, cut};
use landfall_service::views::{Attention, List, OrderFilter, Page};

use super::order_view::{Lines, PEGS, VIEW, VIEW_COLUMNS};
use super::pool::{Ask, Pool, moment};
use super::{limit, span};
use crate::codes::{self, small};
use crate::error::Fault;
use crate::rows::{self, Place, count, get, place};

/// Lines of a batch or a product from which their orders are found; with more, all orders are looked at.
const MANY: i64 = if cfg!(test) { 10 } else { 20_000 };

/// Orders by id, with their lines: what was placed, and the lines. An order that there is not gives no row.
pub(super) static ORDERS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIEW}, k.order_id, o.deliver, o.lines \
         FROM unnest($1::smallint[], $2::text[]) AS k (partition, order_id) \
         LEFT JOIN orders o ON o.partition = k.partition AND o.order_id = k.order_id \
         LEFT JOIN order_view v ON v.partition = k.partition AND v.order_id = k.order_id {PEGS} \
         WHERE v.order_id IS NOT NULL OR o.order_id IS NOT NULL \
         ORDER BY k.order_id, v.number, v.home, v.line_id, peg.place"
    )
});

pub(super) async fn order(
    pool: &Pool,
    id: &OrderId,
    today: Date,
) -> Result<Option<OrderResource>, Fault> {
    let connection = pool.get().await?;
    let found = read(pool, &connection, std::slice::from_ref(id), today).await?;
    Ok(found.into_iter().next())
}

/// Orders by id, in the order of their ids.
pub(super) async fn read(
    pool: &Pool,
    client: &impl GenericClient,
    ids: &[OrderId],
    today: Date,
) -> Result<Vec<OrderResource>, Fault> {
    let partitions: Vec<_> = ids
        .iter()
        .map(|id| small(pool.partition_of(id.as_str())))
        .collect();
    let names: Vec<_> = ids.iter().map(OrderId::to_string).collect();
    let mut found: Vec<(OrderId, Option<PlacedOrder>, Lines)> = Vec::with_capacity(ids.len());
    for row in Ask::new(&*ORDERS)
        .with(partitions)
        .with(names)
        .of(client)
        .await?
    {
        let id: &str = get(&row, VIEW_COLUMNS)?;
        if found.last().is_none_or(|(last, ..)| last.as_str() != id) {
            let placed = get::<Option<i16>>(&row, VIEW_COLUMNS + 1)?.is_some();
            let placed = placed
                .then(|| rows::placed(&row, VIEW_COLUMNS))
                .transpose()?;
            found.push((rows::parse(id)?, placed, Lines::default()));
        }
        if let (Some((.., lines)), Some(_)) = (found.last_mut(), get::<Option<&str>>(&row, 0)?) {
            lines.add(&row)?;
        }
    }
    let orders = found.into_iter().map(|(id, placed, lines)| {
        let mut lines = lines.finish();
        let order = LineOrder::new(placed.as_ref(), pool.partitions());
        lines.sort_by_key(|line| order.place(&line.view.key.line_id, line.place.1, &line.view.sku));
        let lines = lines
            .into_iter()
            .map(|line| line.into_resource(today))
            .collect();
        OrderResource::new(id, placed.as_ref(), lines)
    });
    Ok(orders.collect())
}

pub(super) async fn orders(
    pool: &Pool,
    filter: &OrderFilter,
    page: &Page,
    today: Date,
) -> Result<List<OrderResource>, Fault> {
    let mut span = Span::new(page, filter.prefix.as_deref());
    let mut connection = pool.get().await?;
    let moment = moment(&mut connection).await?;
    let mut items = Vec::new();
    let Some(mut way) = Way::of(pool, &moment, filter).await? else {
        return Ok(cut(items, page.limit, |_: &OrderResource| String::new()));
    };
    loop {
        // With a second condition not all orders on the way are wanted.
        let ids = way.ids(pool, &moment, &span, limit(page)).await?;
        let last = ids.last().cloned();
        let orders = read(pool, &moment, &ids, today).await?;
        items.extend(orders.into_iter().filter(|order| wanted(order, filter)));
        match last {
            Some(last)
                if items.len() <= page.limit && i64::try_from(ids.len()) == Ok(limit(page)) =>
            {
                span = span.after(last.as_str());
            }
            _ => break,
        }
    }
    Ok(cut(items, page.limit, |order| order.order_id.to_string()))
}

fn wanted(order: &OrderResource, filter: &OrderFilter) -> bool {
    let any = |wanted: &dyn Fn(&LineResource) -> bool| order.lines.iter().any(wanted);
    let live = |line: &LineResource| matches!(line.status, Status::Allocated | Status::Backordered);
    let pegged =
        |line: &LineResource, batch: &BatchRef| line.allocations.iter().any(|a| a.batch == *batch);
    filter
        .batch
        .as_ref()
        .is_none_or(|batch| any(&|line| pegged(line, batch)))
        && filter
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

/// Where the orders of a list are found.
#[derive(Debug, Clone)]
pub(super) enum Way {
    /// From the lines pegged to a batch.
    FromBatch(Place),
    /// From the lines of a product that wait or have stock.
    FromProduct(Place),
    /// Along all orders that have a line like this.
    Along(Along),
}

/// Which lines show the way along all orders.
#[derive(Debug, Clone)]
pub(super) enum Along {
    /// Those that need attention: an index has them by order.
    Attention(Attention),
    /// All.
    All,
    /// Those that may be pegged to a batch.
    Batch(Place),
    /// Those of a product.
    Product(String),
}

/// The lines of a batch; `$1` is the partition, `$2` the number, `$3` the most.
pub(super) const OF_BATCH: &str = "(SELECT l.order_id FROM lines l WHERE l.partition = $1 AND l.batch = $2 LIMIT $3) \
     UNION ALL \
     (SELECT l.order_id FROM line_parts t JOIN lines l ON l.partition = t.partition AND l.number = t.number \
       WHERE t.partition = $1 AND t.batch = $2 LIMIT $3)";
/// The lines of a product that wait or have stock; the values are those of [`OF_BATCH`].
pub(super) const OF_PRODUCT: &str = "(SELECT l.order_id FROM batches b \
       JOIN lines l ON l.partition = b.partition AND l.batch = b.number \
       WHERE b.partition = $1 AND b.product = $2 AND b.open IN (1, 2) LIMIT $3) \
     UNION ALL \
     (SELECT l.order_id FROM batches b JOIN line_parts t ON t.partition = b.partition AND t.batch = b.number \
       JOIN lines l ON l.partition = t.partition AND l.number = t.number \
       WHERE b.partition = $1 AND b.product = $2 AND b.open IN (1, 2) LIMIT $3) \
     UNION ALL \
     (SELECT l.order_id FROM lines l WHERE l.partition = $1 AND l.product = $2 AND l.status = 1 LIMIT $3)";

impl Way {
    /// The shortest way; `None`: there is no such batch or product, and so no order.
    async fn of(
        pool: &Pool,
        client: &impl GenericClient,
        filter: &OrderFilter,
    ) -> Result<Option<Self>, Fault> {
        let (few, many) = if let Some(batch) = &filter.batch {
            let Some(home) = batch_place(pool, client, batch.as_str()).await? else {
                return Ok(None);
            };
            (Self::FromBatch(home), Along::Batch(home))
        } else if let Some(sku) = &filter.sku {
            let Some(home) = product_place(pool, client, sku.as_str()).await? else {
                return Ok(None);
            };
            (Self::FromProduct(home), Along::Product(sku.to_string()))
        } else {
            return Ok(Some(Self::Along(
                filter.attention.map_or(Along::All, Along::Attention),
            )));
        };
        let counted = few.count_ask().of(client).await?;
        let lines = counted.first().map_or(Ok(0), |row| count(row, 0))?;
        Ok(Some(if codes::int(lines) <= MANY {
            few
        } else {
            Self::Along(filter.attention.map_or(many, Along::Attention))
        }))
    }

    /// The lines from which the orders are found, and their values.
    fn lines(&self) -> Ask {
        let (sql, (partition, number)) = match self {
            Self::FromBatch(home) => (OF_BATCH, *home),
            Self::FromProduct(home) => (OF_PRODUCT, *home),
            Self::Along(_) => (OF_BATCH, (0, 0)),
        };
        Ask::new(sql)
            .with(small(partition))
            .with(codes::int(number))
            .with(MANY + 1)
    }

    /// How many lines there are on the way, as far as that matters.
    pub(super) fn count_ask(&self) -> Ask {
        let mut ask = self.lines();
        ask.sql = format!("SELECT count(*) FROM ({} LIMIT $3) AS l", ask.sql);
        ask
    }

    /// The next ids on the way.
    pub(super) fn ids_ask(&self, pool: &Pool, span: &Span, most: i64) -> Ask {
        let mut ask = match self {
            Self::FromBatch(_) | Self::FromProduct(_) => self.lines(),
            Self::Along(_) => Ask::new(""),
        };
        let limit = ask.value(most);
        let along = match self {
            Self::FromBatch(_) | Self::FromProduct(_) => {
                let names = span::condition(span, "l.order_id", &mut ask);
                ask.sql = format!(
                    "SELECT DISTINCT l.order_id FROM ({}) AS l WHERE {names} ORDER BY l.order_id LIMIT {limit}",
                    ask.sql
                );
                return ask;
            }
            Self::Along(along) => along,
        };
        let lines = match along {
            Along::All => String::new(),
            Along::Attention(Attention::Late) => {
                "AND v.status = 0 AND v.current > v.original".into()
            }
            Along::Attention(Attention::Backordered) => "AND v.status = 1".into(),
            Along::Batch((partition, number)) => {
                let (home, batch) = (ask.value(small(*partition)), ask.value(codes::int(*number)));
                format!("AND v.home = {home} AND (v.batch = {batch} OR v.parts IS NOT NULL)")
            }
            Along::Product(sku) => {
                let sku = ask.value(sku.clone());
                format!("AND v.sku = {sku}")
            }
        };
        let all = ask.value(pool.all());
        let names = span::condition(span, "v.order_id", &mut ask);
        ask.sql = format!(
            "SELECT v.order_id FROM unnest({all}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
                 SELECT DISTINCT v.order_id FROM order_view v WHERE v.partition = k.partition AND {names} {lines} \
                 ORDER BY v.order_id LIMIT {limit}) AS v \
             ORDER BY v.order_id LIMIT {limit}"
        );
        ask
    }

    async fn ids(
        &mut self,
        pool: &Pool,
        client: &impl GenericClient,
        span: &Span,
        most: i64,
    ) -> Result<Vec<OrderId>, Fault> {
        let found = self.ids_ask(pool, span, most).of(client).await?;
        found.iter().map(|row| rows::name(row, 0)).collect()
    }
}

/// Where a batch is.
pub(super) const BATCH_PLACE: &str =
    "SELECT n.home, n.number FROM batch_names n WHERE n.partition = $1 AND n.reference = $2";
/// Where a product is.
pub(super) const PRODUCT_PLACE: &str =
    "SELECT p.partition, p.number FROM products p WHERE p.partition = $1 AND p.sku = $2";

pub(super) async fn batch_place(
    pool: &Pool,
    client: &impl GenericClient,
    reference: &str,
) -> Result<Option<Place>, Fault> {
    named(pool, client, BATCH_PLACE, reference).await
}

pub(super) async fn product_place(
    pool: &Pool,
    client: &impl GenericClient,
    sku: &str,
) -> Result<Option<Place>, Fault> {
    named(pool, client, PRODUCT_PLACE, sku).await
}

async fn named(
    pool: &Pool,
    client: &impl GenericClient,
    sql: &str,
    name: &str,
) -> Result<Option<Place>, Fault> {
    let ask = Ask::new(sql)
        .with(small(pool.partition_of(name)))
        .with(name.to_owned());
    let found = ask.of(client).await?;
    found.first().map(|row| place(row, 0)).transpose()
}
