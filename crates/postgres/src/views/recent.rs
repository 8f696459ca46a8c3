//! The orders by their last change: along the log backwards, through all partitions.

use std::collections::HashMap;
use std::sync::LazyLock;

use deadpool_postgres::GenericClient;
use jiff::civil::Date;
use landfall_domain::OrderId;
use landfall_service::log::LogCursor;
use landfall_service::views::recent::{
    Bounds, Change, Found, KINDS, Met, RecentOrder, Stretch, Walk, order_in,
};
use landfall_service::views::{List, Page};

use super::events::ENDS;
use super::orders;
use super::pool::{Ask, Pool, moment};
use crate::codes::{self, int, small};
use crate::error::Fault;
use crate::rows::{self, count, get, partition};

/// What a page looks at, at the most.
const BOUNDS: Bounds = if cfg!(test) {
    Bounds {
        events: 7,
        changes: 5,
    }
} else {
    Bounds::USUAL
};

/// The events of some stretches of the log that change an order, of each partition the newest first.
pub(super) static CHANGES: LazyLock<String> = LazyLock::new(|| {
    let kinds = KINDS.map(|kind| format!("'{kind}'")).join(", ");
    format!(
        "SELECT e.partition, e.\"offset\", e.time, e.data \
         FROM unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) AS k (partition, through, after, most) \
         CROSS JOIN LATERAL ( \
             SELECT e.partition, e.\"offset\", e.time, e.data FROM events e \
              WHERE e.partition = k.partition AND e.\"offset\" <= k.through AND e.\"offset\" > k.after \
                AND e.type IN ({kinds}) \
              ORDER BY e.\"offset\" DESC LIMIT k.most) AS e \
         ORDER BY e.partition, e.\"offset\" DESC"
    )
});

/// The last events of orders: of each partition that has some the last one, and of these the latest. They say that the
/// order was placed, that a line of it was accepted, or what happened to one.
pub(super) const LAST: &str = "SELECT DISTINCT ON (k.order_id) k.order_id, e.partition, e.\"offset\" \
       FROM unnest($1::smallint[], $2::text[]) AS k (partition, order_id) CROSS JOIN LATERAL ( \
            SELECT own.partition, max(own.\"offset\") AS \"offset\" FROM ( \
                SELECT o.partition, o.placed AS \"offset\" FROM orders o \
                 WHERE o.partition = k.partition AND o.order_id = k.order_id \
                UNION ALL \
                SELECT l.partition, l.accepted FROM order_view v \
                  JOIN lines l ON l.partition = v.home AND l.number = v.number \
                 WHERE v.partition = k.partition AND v.order_id = k.order_id \
                UNION ALL \
                SELECT h.partition, h.\"offset\" FROM order_view v \
                  JOIN history h ON h.partition = v.home AND h.kind = 3 AND h.thing = v.number \
                 WHERE v.partition = k.partition AND v.order_id = k.order_id) AS own \
             GROUP BY own.partition) AS last \
       JOIN events e ON e.partition = last.partition AND e.\"offset\" = last.\"offset\" \
      ORDER BY k.order_id, e.time DESC, e.partition DESC";

pub(super) async fn recent_orders(
    pool: &Pool,
    from: Option<&LogCursor>,
    page: &Page,
    today: Date,
) -> Result<List<RecentOrder>, Fault> {
    let mut connection = pool.get().await?;
    let moment = moment(&mut connection).await?;
    let ends = Ask::new(ENDS).of(&moment).await?;
    let ends = ends.iter().map(|row| count(row, 0));
    let ends = ends.collect::<Result<Vec<u64>, _>>()?;
    let mut walk = Walk::new(from, &ends, page.limit, BOUNDS);
    let mut found = Found::default();
    'full: loop {
        let met: Vec<Met> = std::iter::from_fn(|| walk.next_met()).collect();
        let last = last_events(pool, &moment, &met).await?;
        for met in met {
            let change = &met.change;
            let at = last.get(&change.order);
            if at == Some(&(change.partition, change.offset)) && found.list(met, page.limit) {
                break 'full;
            }
        }
        let wanted = walk.wanted();
        if wanted.is_empty() {
            break;
        }
        read(&moment, &mut walk, &wanted).await?;
    }
    let (changes, next) = found.finish(&walk);
    let ids: Vec<OrderId> = changes.iter().map(|change| change.order.clone()).collect();
    let orders = orders::read(pool, &moment, &ids, today).await?;
    let orders = orders
        .into_iter()
        .map(|order| (order.order_id.clone(), order));
    let mut orders: HashMap<OrderId, _> = orders.collect();
    let items = changes.into_iter().filter_map(|change| {
        Some(RecentOrder {
            changed: change.time,
            order: orders.remove(&change.order)?,
        })
    });
    Ok(List {
        items: items.collect(),
        next,
    })
}

/// Reads what the walk wants.
async fn read(
    client: &impl GenericClient,
    walk: &mut Walk,
    wanted: &[Stretch],
) -> Result<(), Fault> {
    let each = |value: fn(&Stretch) -> i64| wanted.iter().map(value).collect::<Vec<i64>>();
    let partitions: Vec<i16> = wanted.iter().map(|part| small(part.partition)).collect();
    let ask = Ask::new(&*CHANGES)
        .with(partitions)
        .with(each(|part| int(part.through)))
        .with(each(|part| int(part.after)))
        .with(each(|part| i64::try_from(part.most).unwrap_or(i64::MAX)));
    let mut changes: HashMap<u16, Vec<Change>> = HashMap::new();
    for row in ask.of(client).await? {
        let (partition, offset) = (partition(&row, 0)?, count(&row, 1)?);
        let damaged = |error| Fault::Corrupt(format!("event {partition}-{offset}: {error}"));
        changes.entry(partition).or_default().push(Change {
            partition,
            offset,
            time: get::<codes::Micros>(&row, 2)?.time()?,
            order: order_in(get(&row, 3)?).map_err(damaged)?,
        });
    }
    for stretch in wanted {
        let found = changes.remove(&stretch.partition);
        walk.read(stretch, found.unwrap_or_default());
    }
    Ok(())
}

/// Where the last events of these orders are.
async fn last_events(
    pool: &Pool,
    client: &impl GenericClient,
    met: &[Met],
) -> Result<HashMap<OrderId, (u16, u64)>, Fault> {
    if met.is_empty() {
        return Ok(HashMap::new());
    }
    let ids = met.iter().map(|met| met.change.order.as_str());
    let partitions: Vec<i16> = ids.clone().map(|id| small(pool.partition_of(id))).collect();
    let names: Vec<String> = ids.map(str::to_owned).collect();
    let ask = Ask::new(LAST).with(partitions).with(names);
    let found = ask.of(client).await?;
    let last = found
        .iter()
        .map(|row| Ok((rows::name(row, 0)?, (partition(row, 1)?, count(row, 2)?))));
    last.collect()
}
