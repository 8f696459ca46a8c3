//! The log by cursor.

use std::collections::VecDeque;

use deadpool_postgres::GenericClient;
use landfall_domain::Event;
use landfall_service::LogRecord;
use landfall_service::log::LogCursor;
use landfall_service::views::EventPage;
use tokio_postgres::Row;

use super::pool::{Ask, Pool};
use crate::codes::{self, int, small};
use crate::error::Fault;
use crate::rows::{count, get, optional_name, partition};

/// The columns of `events e` that [`record`] reads.
pub(crate) const EVENT: &str =
    "e.partition, e.\"offset\", e.type, e.time, e.command_id, e.actor, e.data, e.sku";

/// The log of some partitions, of each after an offset and at most so many events.
pub(crate) const EVENTS: &str = "SELECT e.* FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) AS k (partition, after, most) \
     CROSS JOIN LATERAL ( \
         SELECT e.partition, e.\"offset\", e.type, e.time, e.command_id, e.actor, e.data, e.sku FROM events e \
          WHERE e.partition = k.partition AND e.\"offset\" > k.after ORDER BY e.\"offset\" LIMIT k.most) AS e \
     ORDER BY e.partition, e.\"offset\"";

/// The fewest events that are asked of a partition at once, where there are several.
const FEWEST: usize = 16;

/// The record in a row of [`EVENT`].
pub(crate) fn record(row: &Row) -> Result<LogRecord, Fault> {
    let (partition, offset) = (partition(row, 0)?, count(row, 1)?);
    let damaged = |what: String| Fault::Corrupt(format!("event {partition}-{offset}: {what}"));
    let (kind, data): (&str, &str) = (get(row, 2)?, get(row, 6)?);
    // A type has no character that JSON would write differently; else it is none of ours, and unknown.
    let event: Event = serde_json::from_str(&format!(r#"{{"type":"{kind}","data":{data}}}"#))
        .map_err(|error| damaged(error.to_string()))?;
    let command_id: Option<String> = get(row, 4)?;
    Ok(LogRecord {
        partition,
        offset,
        sku: optional_name(row, 7)?,
        time: get::<codes::Micros>(row, 3)?.time()?,
        command_id: command_id.unwrap_or_else(|| format!("~{partition}-{offset}")),
        actor: get::<Option<&str>>(row, 5)?.map(Into::into),
        event,
    })
}

/// Where each partition ends.
pub(crate) const ENDS: &str = "SELECT next_offset - 1 FROM heads ORDER BY partition";

/// Where the log ends.
pub(super) async fn end(pool: &Pool) -> Result<String, Fault> {
    let rows = pool.ask(&Ask::new(ENDS)).await?;
    let ends: Vec<u64> = rows
        .iter()
        .map(|row| count(row, 0))
        .collect::<Result<_, _>>()?;
    Ok(LogCursor::at(ends).to_string())
}

/// What is read of a partition and not yet given on.
#[derive(Debug, Default)]
struct Ahead {
    records: VecDeque<LogRecord>,
    /// The last offset that was read.
    read: u64,
    /// Whether there was nothing after these.
    complete: bool,
    /// How many are asked for next.
    most: usize,
}

/// The log of all partitions after a cursor: the earliest first, each partition in its own order. Each is read a
/// little ahead, for nobody knows beforehand how many of a page are its own.
pub(super) async fn events(
    pool: &Pool,
    mut cursor: LogCursor,
    limit: usize,
) -> Result<EventPage, Fault> {
    let connection = pool.get().await?;
    let share = match pool.partitions() {
        0 | 1 => limit,
        many => (limit / usize::from(many) * 5 / 4).max(FEWEST).min(limit),
    };
    let mut ahead: Vec<Ahead> = cursor
        .offsets()
        .iter()
        .map(|offset| Ahead {
            read: *offset,
            most: share,
            ..Ahead::default()
        })
        .collect();
    let mut events = Vec::new();
    while events.len() < limit {
        read_ahead(&connection, &mut ahead).await?;
        // What comes next is known as long as each partition shows its next event, or that it has none.
        while events.len() < limit
            && ahead
                .iter()
                .all(|part| part.complete || !part.records.is_empty())
        {
            let heads = ahead.iter().enumerate();
            let heads = heads.filter_map(|(place, part)| Some((part.records.front()?.time, place)));
            let Some((_, place)) = heads.min() else {
                break;
            };
            if let Some(record) = ahead[place].records.pop_front() {
                cursor.pass(&record);
                events.push(record);
            }
        }
        if ahead
            .iter()
            .all(|part| part.complete && part.records.is_empty())
        {
            break;
        }
    }
    Ok(EventPage {
        events,
        next: cursor.to_string(),
    })
}

/// Reads on in the partitions of which nothing is at hand.
async fn read_ahead(client: &impl GenericClient, ahead: &mut [Ahead]) -> Result<(), Fault> {
    let (mut partitions, mut after, mut most) = (Vec::new(), Vec::new(), Vec::new());
    for (place, part) in (0_u16..).zip(ahead.iter_mut()) {
        if part.records.is_empty() && !part.complete {
            partitions.push(small(place));
            after.push(int(part.read.min(i64::MAX.cast_unsigned())));
            most.push(i64::try_from(part.most).unwrap_or(i64::MAX));
            // Until it is told otherwise by a full answer.
            part.complete = true;
        }
    }
    if partitions.is_empty() {
        return Ok(());
    }
    let asked = partitions.clone();
    let ask = Ask::new(EVENTS).with(partitions).with(after).with(most);
    for row in ask.of(client).await? {
        let record = record(&row)?;
        if let Some(part) = ahead.get_mut(usize::from(record.partition)) {
            part.read = record.offset;
            part.records.push_back(record);
        }
    }
    for place in asked {
        let part = &mut ahead[usize::from(codes::partition(place))];
        part.complete = part.records.len() < part.most;
        part.most = part.most.saturating_mul(2);
    }
    Ok(())
}
