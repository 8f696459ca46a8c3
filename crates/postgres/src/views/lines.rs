//! Lines: those that wait, and all of them.

use jiff::civil::Date;
use landfall_domain::shortage::QueueKey;
use landfall_domain::{LineKey, Sku, Status};
use landfall_service::resources::LineResource;
use landfall_service::views::cursor::{self, cut};
use landfall_service::views::{List, Page, Waiting};

use super::limit;
use super::order_view::{self, Line, Lines, PEGS, VIEW};
use super::pool::{Ask, Pool, moment};
use crate::codes::{self, int, small};
use crate::error::Fault;
use crate::load::sql;
use crate::rows::{RawLine, count, get};

/// Products with lines that wait, by SKU: no more than there can be lines on a page.
pub(super) const WAITING_PRODUCTS: &str = "SELECT w.partition, w.number, w.sku, w.backordered \
     FROM unnest($1::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
         SELECT p.partition, p.number, p.sku, p.backordered FROM products p \
          WHERE p.partition = k.partition AND p.backordered > 0 AND p.sku >= $2 AND ($3::text IS NULL OR p.sku = $3) \
          ORDER BY p.sku LIMIT $4) AS w \
     ORDER BY w.sku LIMIT $4";

/// How much waits, of all products of these partitions.
pub(super) const WAITING: &str = "SELECT coalesce(sum(w.lines), 0)::bigint, coalesce(sum(w.products), 0)::bigint \
     FROM unnest($1::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
         SELECT sum(p.backordered)::bigint AS lines, count(*) AS products FROM products p \
          WHERE p.partition = k.partition AND p.backordered > 0) AS w";

pub(super) async fn waiting(pool: &Pool) -> Result<Waiting, Fault> {
    let found = pool.ask(&Ask::new(WAITING).with(pool.all())).await?;
    found.first().map_or_else(
        || Ok(Waiting::default()),
        |row| {
            Ok(Waiting {
                lines: count(row, 0)?,
                products: count(row, 1)?,
            })
        },
    )
}

pub(super) async fn backorders(
    pool: &Pool,
    sku: Option<&Sku>,
    after: Option<&(Sku, QueueKey)>,
    page: &Page,
    today: Date,
) -> Result<List<LineResource>, Fault> {
    let partitions = match sku {
        Some(sku) => vec![small(pool.partition_of(sku.as_str()))],
        None => pool.all(),
    };
    let from = after.map_or("", |(sku, _)| sku.as_str());
    let products = Ask::new(WAITING_PRODUCTS)
        .with(partitions)
        .with(from.to_owned())
        .with(sku.map(Sku::to_string))
        .with(limit(page));
    let mut connection = pool.get().await?;
    let moment = moment(&mut connection).await?;
    let mut queues = Queues::default();
    let mut lines: u64 = 0;
    for row in products.of(&moment).await? {
        // The products that are needed to fill the page, whatever has been seen of the first.
        if lines > page.limit as u64 {
            break;
        }
        let sku: &str = get(&row, 2)?;
        let begun = after
            .filter(|(at, _)| at.as_str() == sku)
            .map(|(_, key)| key);
        if begun.is_none() {
            lines = lines.saturating_add(count(&row, 3)?);
        }
        queues.add(get(&row, 0)?, get(&row, 1)?, begun);
    }
    let found = queues.ask(page).of(&moment).await?;
    let mut items = Vec::with_capacity(found.len());
    for row in &found {
        let raw = RawLine::read(row)?;
        let pegged = |_| Err(Fault::Corrupt("a line that waits has stock".into()));
        let line = raw.into_line(pegged)?;
        let place = cursor::of_place(&line.sku, &QueueKey::of(&line));
        items.push((LineResource::new(&line, |_| None, today), place));
    }
    let List { items, next } = cut(items, page.limit, |(_, place)| place.clone());
    let items = items.into_iter().map(|(line, _)| line).collect();
    Ok(List { items, next })
}

/// The queues of products, each from its beginning or after a place in it.
#[derive(Default)]
struct Queues {
    partitions: Vec<i16>,
    products: Vec<i64>,
    ranks: Vec<i32>,
    wanted: Vec<codes::Day>,
    lines: Vec<i64>,
}

impl Queues {
    fn add(&mut self, partition: i16, product: i64, after: Option<&QueueKey>) {
        let beginning = (i32::MIN, codes::Day::NOW, 0);
        let (rank, wanted, line) = after.map_or(beginning, |key| {
            (
                codes::rank(key.priority.0),
                codes::Day::of(key.requested),
                int(key.number),
            )
        });
        self.partitions.push(partition);
        self.products.push(product);
        self.ranks.push(rank);
        self.wanted.push(wanted);
        self.lines.push(line);
    }

    /// The first lines of each, one queue after the other.
    fn ask(self, page: &Page) -> Ask {
        let queues = self.products.len();
        Ask::new(*sql::QUEUES)
            .with(self.partitions)
            .with(self.products)
            .with(self.ranks)
            .with(self.wanted)
            .with(self.lines)
            .with(vec![limit(page); queues])
    }
}

/// A page of lines by key: first the page, then what they are pegged to.
pub(super) fn lines_ask(
    pool: &Pool,
    status: Option<Status>,
    after: Option<&LineKey>,
    page: &Page,
) -> Ask {
    let mut ask = Ask::new("");
    let all = ask.value(pool.all());
    let limit = ask.value(limit(page));
    let (order_id, line_id) = after.map_or(("", ""), |key| {
        (key.order_id.as_str(), key.line_id.as_str())
    });
    let (order_id, line_id) = (
        ask.value(order_id.to_owned()),
        ask.value(line_id.to_owned()),
    );
    let status = order_view::of_status(status);
    ask.sql = format!(
        "SELECT {VIEW} FROM (SELECT v.* FROM unnest({all}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
             SELECT v.* FROM order_view v \
              WHERE v.partition = k.partition AND (v.order_id, v.line_id) > ({order_id}, {line_id}) {status} \
              ORDER BY v.order_id, v.line_id LIMIT {limit}) AS v \
             ORDER BY v.order_id, v.line_id LIMIT {limit}) AS v \
         {PEGS} ORDER BY v.order_id, v.line_id, peg.place"
    );
    ask
}

pub(super) async fn lines(
    pool: &Pool,
    status: Option<Status>,
    after: Option<&LineKey>,
    page: &Page,
    today: Date,
) -> Result<List<LineResource>, Fault> {
    let mut lines = Lines::default();
    for row in pool.ask(&lines_ask(pool, status, after, page)).await? {
        lines.add(&row)?;
    }
    let items: Vec<_> = lines
        .finish()
        .into_iter()
        .map(|line: Line| line.into_resource(today))
        .collect();
    Ok(cut(items, page.limit, |line: &LineResource| {
        cursor::of_line(&line.order_id, &line.line_id)
    }))
}
