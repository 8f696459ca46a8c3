//! The log by cursor.

use landfall_domain::Event;
use landfall_service::LogRecord;
use landfall_service::views::EventPage;
use rusqlite::{Connection, Row, params};

use crate::codes;
use crate::error::Fault;
use crate::rows;

/// The log after an offset.
pub(super) const EVENTS: &str = "SELECT e.offset, e.type, e.time, e.command_id, e.data, p.sku, \
     e.product IS NULL, e.actor FROM events e LEFT JOIN products p ON p.number = e.product \
     WHERE e.offset > ?1 ORDER BY e.offset LIMIT ?2";

/// The end of the log, the newest event first.
pub(super) const RECENT: &str = "SELECT e.offset, e.type, e.time, e.command_id, e.data, p.sku, \
     e.product IS NULL, e.actor FROM events e LEFT JOIN products p ON p.number = e.product \
     WHERE e.offset > 0 ORDER BY e.offset DESC LIMIT ?1";

/// One event.
pub(super) const EVENT: &str = "SELECT e.offset, e.type, e.time, e.command_id, e.data, p.sku, \
     e.product IS NULL, e.actor FROM events e LEFT JOIN products p ON p.number = e.product WHERE e.offset = ?1";

/// Where the log ends.
pub(super) fn end(connection: &Connection) -> Result<String, Fault> {
    let end = last_offset(connection)?;
    Ok(format!("0-{end}"))
}

/// The last offset of the log; 0: it is empty.
pub(super) fn last_offset(connection: &Connection) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached("SELECT next_offset - 1 FROM heads")?;
    codes::count_of(statement.query_row([], |row| row.get(0))?)
}

/// The last events of the log, the newest first.
pub(super) fn recent(connection: &Connection, limit: usize) -> Result<Vec<LogRecord>, Fault> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(RECENT)?;
    let mut rows = statement.query([limit])?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(record(row)?);
    }
    Ok(records)
}

pub(super) fn events(
    connection: &Connection,
    after: u64,
    limit: usize,
) -> Result<EventPage, Fault> {
    let mut statement = connection.prepare_cached(EVENTS)?;
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![after, limit])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(record(row)?);
    }
    let next = events
        .last()
        .map_or_else(|| format!("0-{after}"), LogRecord::id);
    Ok(EventPage { events, next })
}

/// The record in a row of [`EVENTS`].
pub(super) fn record(row: &Row<'_>) -> Result<LogRecord, Fault> {
    let offset = rows::count(row, 0)?;
    let damaged = |what: String| Fault::Corrupt(format!("event 0-{offset}: {what}"));
    let kind = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    let data = row.get_ref(4)?.as_str().map_err(rusqlite::Error::from)?;
    // A type has no character that JSON would write differently; else it is none of ours, and unknown.
    let event: Event = serde_json::from_str(&format!(r#"{{"type":"{kind}","data":{data}}}"#))
        .map_err(|error| damaged(error.to_string()))?;
    let of_order: bool = row.get(6)?;
    let sku = if of_order {
        None
    } else {
        Some(rows::name(row, 5)?)
    };
    let command_id: Option<String> = row.get(3)?;
    Ok(LogRecord {
        partition: 0,
        offset,
        sku,
        time: codes::time_of(row.get(2)?)?,
        command_id: command_id.unwrap_or_else(|| format!("~0-{offset}")),
        actor: row.get::<_, Option<String>>(7)?.map(Into::into),
        event,
    })
}
