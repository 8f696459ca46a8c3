//! The lines that have stock of a batch.

use std::sync::LazyLock;

use deadpool_postgres::GenericClient;
use jiff::civil::Date;
use landfall_domain::BatchRef;
use landfall_service::resources::LineResource;
use landfall_service::views::cursor::{PegPlace, cut, of_peg};
use landfall_service::views::{List, PROMISES_LOOKED_AT, Promises, PromisesOfDay};

use super::limit;
use super::order_view::{Line, Lines, PEGS, VIEW};
use super::orders::batch_place;
use super::pool::{Ask, Pool, moment};
use crate::codes::{Day, int, small};
use crate::error::Fault;
use crate::load::sql::{PROMISE, SHORTAGE};
use crate::rows::{count, get};
use landfall_service::views::Page;

/// The lines of a batch after a place, those first that would lose its stock last.
pub(super) static HOLDERS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT f.shortage, f.promise, f.number, l.order_id, l.line_id FROM ( \
             (SELECT {SHORTAGE} AS shortage, {PROMISE} AS promise, l.number FROM lines l \
               WHERE l.partition = $1 AND l.batch = $2 AND ({SHORTAGE}, {PROMISE}, l.number) > ($3, $4, $5) \
               ORDER BY {SHORTAGE}, {PROMISE}, l.number LIMIT $6) \
             UNION ALL \
             (SELECT t.shortage, t.promise, t.number FROM line_parts t \
               WHERE t.partition = $1 AND t.batch = $2 AND (t.shortage, t.promise, t.number) > ($3, $4, $5) \
               ORDER BY t.shortage, t.promise, t.number LIMIT $6) \
             ORDER BY shortage, promise, number LIMIT $6) AS f \
         JOIN lines l ON l.partition = $1 AND l.number = f.number \
         ORDER BY f.shortage, f.promise, f.number"
    )
});
/// Lines by their keys, in the order in which they are named.
pub(super) static BY_KEYS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIEW} FROM unnest($1::smallint[], $2::text[], $3::text[]) WITH ORDINALITY \
                AS k (partition, order_id, line_id, place) \
           JOIN order_view v ON v.partition = k.partition AND v.order_id = k.order_id AND v.line_id = k.line_id \
         {PEGS} ORDER BY k.place, peg.place"
    )
});
/// Lines and units of a batch by promise, of so many lines.
pub(super) static PROMISES: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT f.promise, count(*), sum(f.units)::bigint FROM ( \
             (SELECT {SHORTAGE} AS shortage, {PROMISE} AS promise, l.number, l.quantity - l.dispatched AS units \
                FROM lines l WHERE l.partition = $1 AND l.batch = $2 \
               ORDER BY {SHORTAGE}, {PROMISE}, l.number LIMIT $3) \
             UNION ALL \
             (SELECT t.shortage, t.promise, t.number, t.units FROM line_parts t \
               WHERE t.partition = $1 AND t.batch = $2 \
               ORDER BY t.shortage, t.promise, t.number LIMIT $3) \
             ORDER BY shortage, promise, number LIMIT $3) AS f \
         GROUP BY f.promise ORDER BY f.promise"
    )
});

pub(super) async fn pegged(
    pool: &Pool,
    batch: &BatchRef,
    after: Option<&PegPlace>,
    page: &Page,
    today: Date,
) -> Result<Option<List<LineResource>>, Fault> {
    let mut connection = pool.get().await?;
    let moment = moment(&mut connection).await?;
    let Some((partition, number)) = batch_place(pool, &moment, batch.as_str()).await? else {
        return Ok(None);
    };
    let after = after.map_or((i32::MIN, Day::NOW, 0), |place| {
        let rank = i32::try_from(place.rank).unwrap_or(i32::MAX);
        (rank, Day::of(place.promise), int(place.number))
    });
    let holders = Ask::new(&*HOLDERS)
        .with(small(partition))
        .with(int(number))
        .with(after.0)
        .with(after.1)
        .with(after.2)
        .with(limit(page));
    let mut found: Vec<(PegPlace, String, String)> = Vec::new();
    for row in holders.of(&moment).await? {
        let place = PegPlace {
            rank: get::<i32>(&row, 0)?.into(),
            promise: get::<Day>(&row, 1)?.date()?,
            number: count(&row, 2)?,
        };
        found.push((place, get(&row, 3)?, get(&row, 4)?));
    }
    let List { items, next } = cut(found, page.limit, |(place, ..)| of_peg(place));
    let keys = items.into_iter().map(|(_, order, line)| (order, line));
    let lines = lines_of(pool, &moment, keys.collect()).await?;
    let items = lines.into_iter().map(|line| line.into_resource(today));
    Ok(Some(List {
        items: items.collect(),
        next,
    }))
}

/// The lines of these orders and with these names, in this order.
pub(super) async fn lines_of(
    pool: &Pool,
    client: &impl GenericClient,
    keys: Vec<(String, String)>,
) -> Result<Vec<Line>, Fault> {
    let home = |(order, _): &(String, String)| small(pool.partition_of(order));
    let homes: Vec<i16> = keys.iter().map(home).collect();
    let (orders, lines): (Vec<String>, Vec<String>) = keys.into_iter().unzip();
    let ask = Ask::new(&*BY_KEYS).with(homes).with(orders).with(lines);
    let mut lines = Lines::default();
    for row in ask.of(client).await? {
        lines.add(&row)?;
    }
    Ok(lines.finish())
}

pub(super) async fn promises_of(pool: &Pool, batch: &BatchRef) -> Result<Option<Promises>, Fault> {
    let client = pool.get().await?;
    let Some((partition, number)) = batch_place(pool, &client, batch.as_str()).await? else {
        return Ok(None);
    };
    // One more tells whether there are more.
    let ask = Ask::new(&*PROMISES)
        .with(small(partition))
        .with(int(number))
        .with(int(PROMISES_LOOKED_AT + 1));
    let mut promises = Promises::default();
    let mut lines = 0;
    for row in ask.of(&client).await? {
        let day = get::<Day>(&row, 0)?.date()?;
        let of_day = PromisesOfDay {
            day: Some(day).filter(|day| *day != Date::MAX),
            lines: count(&row, 1)?,
            units: count(&row, 2)?,
        };
        lines += of_day.lines;
        promises.days.push(of_day);
    }
    promises.capped = lines > PROMISES_LOOKED_AT;
    Ok(Some(promises))
}
