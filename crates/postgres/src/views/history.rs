//! The history of one thing: its events, found without a look at the others.
//!
//! Events never change and partitions have no gaps: a question that follows another may see more, and never
//! something else. So a history needs no moment.

use std::sync::LazyLock;

use deadpool_postgres::GenericClient;
use landfall_domain::OrderId;
use landfall_service::LogRecord;
use landfall_service::log::LogCursor;
use landfall_service::log::cursor::{latest as newest, merge};
use landfall_service::views::{EventPage, Thing};
use tokio_postgres::Row;

use super::events::{self, EVENT};
use super::orders::{batch_place, product_place};
use super::pool::{Ask, Pool};
use crate::codes::{int, small};
use crate::error::Fault;
use crate::rows::{Place, get};

/// What happened to a batch (kind 1) or a line (kind 3) after an offset. `$1` is its partition, `$2` the kind, `$3` its
/// number.
pub(super) static OF_THING: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM (SELECT h.\"offset\" FROM history h \
             WHERE h.partition = $1 AND h.kind = $2 AND h.thing = $3 AND h.\"offset\" > $4 \
             ORDER BY h.\"offset\" LIMIT $5) AS h \
         JOIN events e ON e.partition = $1 AND e.\"offset\" = h.\"offset\" ORDER BY e.\"offset\""
    )
});
/// What happened to a product after an offset.
pub(super) static OF_PRODUCT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM events e WHERE e.partition = $1 AND e.sku = $2 AND e.\"offset\" > $3 \
         ORDER BY e.\"offset\" LIMIT $4"
    )
});
/// What happened to a shipment and its batches, of each partition after an offset.
pub(super) static OF_SHIPMENT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM unnest($3::smallint[], $4::bigint[]) AS k (home, after) CROSS JOIN LATERAL ( \
             SELECT h.home, h.\"offset\" FROM shipment_history h \
              WHERE h.partition = $1 AND h.shipment = $2 AND h.home = k.home AND h.\"offset\" > k.after \
              ORDER BY h.\"offset\" LIMIT $5) AS h \
         JOIN events e ON e.partition = h.home AND e.\"offset\" = h.\"offset\" ORDER BY e.partition, e.\"offset\""
    )
});
/// The last events of a batch, the newest first. `$1` is its partition, `$2` the kind, `$3` its number.
pub(super) static THING_BACK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM (SELECT h.\"offset\" FROM history h \
             WHERE h.partition = $1 AND h.kind = $2 AND h.thing = $3 ORDER BY h.\"offset\" DESC LIMIT $4) AS h \
         JOIN events e ON e.partition = $1 AND e.\"offset\" = h.\"offset\" ORDER BY e.\"offset\" DESC"
    )
});
/// The last events of a product, the newest first.
pub(super) static PRODUCT_BACK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM events e WHERE e.partition = $1 AND e.sku = $2 ORDER BY e.\"offset\" DESC LIMIT $3"
    )
});
/// The last events of a shipment and its batches, of each partition the newest first.
pub(super) static SHIPMENT_BACK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM unnest($3::smallint[]) AS k (home) CROSS JOIN LATERAL ( \
             SELECT h.home, h.\"offset\" FROM shipment_history h \
              WHERE h.partition = $1 AND h.shipment = $2 AND h.home = k.home ORDER BY h.\"offset\" DESC LIMIT $4) AS h \
         JOIN events e ON e.partition = h.home AND e.\"offset\" = h.\"offset\" \
         ORDER BY e.partition, e.\"offset\" DESC"
    )
});
/// The end of the log, of each partition the newest first.
pub(super) static RECENT: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM unnest($1::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
             SELECT * FROM events e WHERE e.partition = k.partition ORDER BY e.\"offset\" DESC LIMIT $2) AS e \
         ORDER BY e.partition, e.\"offset\" DESC"
    )
});
/// That an order was placed, and what happened to its lines, of each partition after an offset.
pub(super) static OF_ORDER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH own AS MATERIALIZED (SELECT v.home, v.number FROM order_view v \
             WHERE v.partition = $1 AND v.order_id = $2), \
         entries AS MATERIALIZED ( \
             SELECT o.partition, o.placed AS \"offset\" FROM orders o WHERE o.partition = $1 AND o.order_id = $2 \
             UNION ALL \
             SELECT l.partition, l.accepted FROM own JOIN lines l ON l.partition = own.home AND l.number = own.number \
             UNION ALL \
             SELECT h.partition, h.\"offset\" FROM own \
               JOIN history h ON h.partition = own.home AND h.kind = 3 AND h.thing = own.number) \
         SELECT {EVENT} FROM unnest($3::smallint[], $4::bigint[]) AS k (home, after) \
         JOIN (SELECT DISTINCT partition, \"offset\" FROM entries) AS h ON h.partition = k.home AND h.\"offset\" > k.after \
         JOIN events e ON e.partition = h.partition AND e.\"offset\" = h.\"offset\" ORDER BY e.partition, e.\"offset\""
    )
});
/// What happened to a line.
pub(super) static OF_LINE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {EVENT} FROM ( \
             SELECT l.accepted AS \"offset\" FROM lines l WHERE l.partition = $1 AND l.number = $2 \
             UNION \
             SELECT h.\"offset\" FROM history h WHERE h.partition = $1 AND h.kind = 3 AND h.thing = $2) AS h \
         JOIN events e ON e.partition = $1 AND e.\"offset\" = h.\"offset\" ORDER BY e.\"offset\""
    )
});
/// Whether there is an order.
pub(super) const IS_ORDER: &str = "SELECT EXISTS (SELECT FROM orders WHERE partition = $1 AND order_id = $2) \
     OR EXISTS (SELECT FROM order_view WHERE partition = $1 AND order_id = $2)";
/// Whether there is a shipment.
pub(super) const IS_SHIPMENT: &str =
    "SELECT EXISTS (SELECT FROM shipments WHERE partition = $1 AND reference = $2)";

/// Batches in the table `history`.
const BATCH: i16 = 1;

pub(super) async fn history(
    pool: &Pool,
    thing: &Thing,
    mut cursor: LogCursor,
    limit: usize,
) -> Result<Option<EventPage>, Fault> {
    let client = pool.get().await?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let ask = match thing {
        Thing::Batch(reference) => match batch_place(pool, &client, reference.as_str()).await? {
            Some(place) => of_thing(place, BATCH, &cursor, most),
            None => return Ok(None),
        },
        Thing::Product(sku) => match product_place(pool, &client, sku.as_str()).await? {
            Some((partition, _)) => Ask::new(&*OF_PRODUCT)
                .with(small(partition))
                .with(sku.to_string())
                .with(after(&cursor, partition))
                .with(most),
            None => return Ok(None),
        },
        Thing::Order(id) => {
            if !is_there(pool, &client, IS_ORDER, id.as_str()).await? {
                return Ok(None);
            }
            of_order(pool, id, &cursor)
        }
        Thing::Shipment(reference) => {
            let name = reference.as_str();
            if !is_there(pool, &client, IS_SHIPMENT, name).await? {
                return Ok(None);
            }
            let (partitions, offsets) = all_after(&cursor);
            Ask::new(&*OF_SHIPMENT)
                .with(small(pool.partition_of(name)))
                .with(name.to_owned())
                .with(partitions)
                .with(offsets)
                .with(most)
        }
    };
    let events = merge(by_partition(&ask.of(&client).await?)?, limit);
    for record in &events {
        cursor.pass(record);
    }
    Ok(Some(EventPage {
        events,
        next: cursor.to_string(),
    }))
}

/// The last events of a thing, the newest first.
pub(super) async fn latest(
    pool: &Pool,
    thing: &Thing,
    limit: usize,
) -> Result<Option<Vec<LogRecord>>, Fault> {
    let client = pool.get().await?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let ask = match thing {
        Thing::Batch(reference) => match batch_place(pool, &client, reference.as_str()).await? {
            Some((partition, number)) => Ask::new(&*THING_BACK)
                .with(small(partition))
                .with(BATCH)
                .with(int(number))
                .with(most),
            None => return Ok(None),
        },
        Thing::Product(sku) => match product_place(pool, &client, sku.as_str()).await? {
            Some((partition, _)) => Ask::new(&*PRODUCT_BACK)
                .with(small(partition))
                .with(sku.to_string())
                .with(most),
            None => return Ok(None),
        },
        Thing::Order(id) => {
            if !is_there(pool, &client, IS_ORDER, id.as_str()).await? {
                return Ok(None);
            }
            // An order has few events, and those that its lines began with lie elsewhere.
            let ask = of_order(pool, id, &LogCursor::new(pool.partitions()));
            let mut partitions = by_partition(&ask.of(&client).await?)?;
            for records in &mut partitions {
                records.reverse();
            }
            return Ok(Some(newest(partitions, limit)));
        }
        Thing::Shipment(reference) => {
            let name = reference.as_str();
            if !is_there(pool, &client, IS_SHIPMENT, name).await? {
                return Ok(None);
            }
            Ask::new(&*SHIPMENT_BACK)
                .with(small(pool.partition_of(name)))
                .with(name.to_owned())
                .with(pool.all())
                .with(most)
        }
    };
    let partitions = by_partition(&ask.of(&client).await?)?;
    Ok(Some(newest(partitions, limit)))
}

/// The last events of the log, the newest first.
pub(super) async fn recent(pool: &Pool, limit: usize) -> Result<Vec<LogRecord>, Fault> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let ask = Ask::new(&*RECENT).with(pool.all()).with(most);
    Ok(newest(by_partition(&pool.ask(&ask).await?)?, limit))
}

/// All events of a line.
pub(super) async fn of_line(
    client: &impl GenericClient,
    (partition, number): Place,
) -> Result<Vec<LogRecord>, Fault> {
    let ask = Ask::new(&*OF_LINE).with(small(partition)).with(int(number));
    ask.of(client).await?.iter().map(events::record).collect()
}

fn of_thing((partition, number): Place, kind: i16, cursor: &LogCursor, most: i64) -> Ask {
    Ask::new(&*OF_THING)
        .with(small(partition))
        .with(kind)
        .with(int(number))
        .with(after(cursor, partition))
        .with(most)
}

fn of_order(pool: &Pool, id: &OrderId, cursor: &LogCursor) -> Ask {
    let (partitions, offsets) = all_after(cursor);
    Ask::new(&*OF_ORDER)
        .with(small(pool.partition_of(id.as_str())))
        .with(id.to_string())
        .with(partitions)
        .with(offsets)
}

async fn is_there(
    pool: &Pool,
    client: &impl GenericClient,
    sql: &str,
    name: &str,
) -> Result<bool, Fault> {
    let ask = Ask::new(sql)
        .with(small(pool.partition_of(name)))
        .with(name.to_owned());
    ask.of(client)
        .await?
        .first()
        .map_or(Ok(false), |row| get(row, 0))
}

/// The offset after which a partition is read.
fn after(cursor: &LogCursor, partition: u16) -> i64 {
    i64::try_from(cursor.offset(partition)).unwrap_or(i64::MAX)
}

/// The same of all partitions.
fn all_after(cursor: &LogCursor) -> (Vec<i16>, Vec<i64>) {
    (0..)
        .zip(cursor.offsets())
        .map(|(partition, _)| (small(partition), after(cursor, partition)))
        .unzip()
}

/// The records of each partition. The rows of a partition follow each other.
fn by_partition(rows: &[Row]) -> Result<Vec<Vec<LogRecord>>, Fault> {
    let mut partitions: Vec<Vec<LogRecord>> = Vec::new();
    for row in rows {
        let record = events::record(row)?;
        match partitions.last_mut() {
            Some(records) if records[0].partition == record.partition => records.push(record),
            _ => partitions.push(vec![record]),
        }
    }
    Ok(partitions)
}
