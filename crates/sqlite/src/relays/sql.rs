//! What relays ask of the database, statement by statement. Each function is one transaction.

use std::time::Duration;

use jiff::Timestamp;
use landfall_service::relay::{
    Advance, Begin, DeadLetter, Lease, PartitionStanding, Shares, Standing,
};
use landfall_service::views::List;
use rusqlite::{Connection, Row, params};

use crate::codes;
use crate::error::Fault;
use crate::rows;

const ENDS: &str = "SELECT next_offset - 1 FROM heads ORDER BY partition";
const PLACES: &str = "SELECT partition, cursor, fence, holder, expires FROM relays WHERE sink = ?1 \
     ORDER BY partition";
const LETTERS: &str = "SELECT sink, partition, offset, reason, attempts, time FROM dead_letters \
     WHERE (sink, partition, offset) > (?1, ?2, ?3) ORDER BY sink, partition, offset LIMIT ?4";
const LETTERS_OF_SINK: &str = "SELECT sink, partition, offset, reason, attempts, time FROM dead_letters \
     WHERE sink = ?1 AND (partition, offset) > (?2, ?3) ORDER BY partition, offset LIMIT ?4";
const STANDING: &str = "SELECT r.sink, r.partition, r.cursor, h.next_offset - 1, e.time, \
     iif(r.expires > ?1, r.holder, NULL) FROM relays r JOIN heads h ON h.partition = r.partition \
     LEFT JOIN events e ON e.offset = r.cursor + 1 ORDER BY r.sink, r.partition";
const LETTERS_BY_SINK: &str = "SELECT sink, count(*) FROM dead_letters GROUP BY sink";

/// The time of the database, in milliseconds since 1970.
fn now(connection: &Connection) -> Result<i64, Fault> {
    let mut clock =
        connection.prepare_cached("SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)")?;
    Ok(clock.query_row([], |row| row.get(0))?)
}

fn millis(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX / 2)
}

/// Nobody has anything: of the earlier starts of the one who relays.
pub(super) fn free_all(connection: &Connection) -> Result<(), Fault> {
    connection.execute("UPDATE relays SET holder = NULL, expires = NULL", [])?;
    connection.execute("DELETE FROM relay_members", [])?;
    Ok(())
}

pub(super) fn ends(connection: &Connection) -> Result<Vec<u64>, Fault> {
    let mut statement = connection.prepare_cached(ENDS)?;
    let mut rows = statement.query([])?;
    let mut ends = Vec::new();
    while let Some(row) = rows.next()? {
        ends.push(rows::count(row, 0)?);
    }
    Ok(ends)
}

pub(super) fn enroll(connection: &Connection, sink: &str, begin: Begin) -> Result<(), Fault> {
    connection.execute(
        "INSERT INTO relays (sink, partition, cursor, fence) \
         SELECT ?1, partition, iif(?2, next_offset - 1, 0), 0 FROM heads WHERE true \
         ON CONFLICT DO NOTHING",
        params![sink, begin == Begin::Now],
    )?;
    Ok(())
}

/// A partition of a sink as it stands.
struct Place {
    lease: Lease,
    holder: Option<String>,
    expires: Option<i64>,
}

fn places(connection: &Connection, sink: &str) -> Result<Vec<Place>, Fault> {
    let mut statement = connection.prepare_cached(PLACES)?;
    let mut rows = statement.query([sink])?;
    let mut places = Vec::new();
    while let Some(row) = rows.next()? {
        places.push(Place {
            lease: Lease {
                partition: row.get(0)?,
                cursor: rows::count(row, 1)?,
                fence: rows::count(row, 2)?,
            },
            holder: row.get(3)?,
            expires: row.get(4)?,
        });
    }
    Ok(places)
}

pub(super) fn renew(
    connection: &Connection,
    sink: &str,
    holder: &str,
    lease: Duration,
) -> Result<Shares, Fault> {
    let now = now(connection)?;
    let until = now.saturating_add(millis(lease));
    let mut forget =
        connection.prepare_cached("DELETE FROM relay_members WHERE sink = ?1 AND expires <= ?2")?;
    forget.execute(params![sink, now])?;
    let mut member = connection.prepare_cached(
        "INSERT INTO relay_members (sink, holder, expires) VALUES (?1, ?2, ?3) \
         ON CONFLICT DO UPDATE SET expires = excluded.expires",
    )?;
    member.execute(params![sink, holder, until])?;
    let mut prolong = connection
        .prepare_cached("UPDATE relays SET expires = ?3 WHERE sink = ?1 AND holder = ?2")?;
    prolong.execute(params![sink, holder, until])?;
    let mut members =
        connection.prepare_cached("SELECT count(*) FROM relay_members WHERE sink = ?1")?;
    let members: u32 = members.query_row([sink], |row| row.get(0))?;
    let mut shares = Shares {
        members: usize::try_from(members).unwrap_or(usize::MAX),
        ..Shares::default()
    };
    for place in places(connection, sink)? {
        if place.holder.as_deref() == Some(holder) {
            shares.held.push(place.lease);
        } else if place.expires.is_none_or(|expires| expires <= now) {
            shares.free.push(place.lease.partition);
        }
    }
    Ok(shares)
}

pub(super) fn take(
    connection: &Connection,
    sink: &str,
    holder: &str,
    partitions: &[u16],
    lease: Duration,
) -> Result<Vec<Lease>, Fault> {
    let now = now(connection)?;
    let mut take = connection.prepare_cached(
        "UPDATE relays SET holder = ?3, expires = ?4, fence = fence + 1 \
         WHERE sink = ?1 AND partition = ?2 AND (expires IS NULL OR expires <= ?5)",
    )?;
    let mut taken = Vec::new();
    for partition in partitions {
        let until = now.saturating_add(millis(lease));
        if take.execute(params![sink, partition, holder, until, now])? == 1 {
            taken.push(*partition);
        }
    }
    let places = places(connection, sink)?.into_iter();
    let leases = places.map(|place| place.lease);
    Ok(leases
        .filter(|lease| taken.contains(&lease.partition))
        .collect())
}

pub(super) fn advance(
    connection: &Connection,
    sink: &str,
    holder: &str,
    now: Timestamp,
    advances: &[Advance],
) -> Result<Vec<u16>, Fault> {
    let mut advanced = connection.prepare_cached(
        "UPDATE relays SET cursor = max(cursor, ?5) \
         WHERE sink = ?1 AND partition = ?2 AND holder = ?3 AND fence = ?4",
    )?;
    let mut bury = connection.prepare_cached(
        "INSERT INTO dead_letters (sink, partition, offset, reason, attempts, time) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET \
         reason = excluded.reason, attempts = excluded.attempts, time = excluded.time",
    )?;
    let mut lost = Vec::new();
    for advance in advances {
        let (fence, cursor) = (codes::int(advance.fence), codes::int(advance.cursor));
        let partition = advance.partition;
        if advanced.execute(params![sink, partition, holder, fence, cursor])? == 0 {
            lost.push(partition);
            continue;
        }
        for dead in &advance.dead {
            let offset = codes::int(dead.offset);
            let time = codes::micros(now);
            bury.execute(params![
                sink,
                partition,
                offset,
                dead.reason,
                dead.attempts,
                time
            ])?;
        }
    }
    Ok(lost)
}

pub(super) fn release(
    connection: &Connection,
    sink: &str,
    holder: &str,
    partitions: &[u16],
) -> Result<(), Fault> {
    let mut release = connection.prepare_cached(
        "UPDATE relays SET holder = NULL, expires = NULL \
         WHERE sink = ?1 AND partition = ?2 AND holder = ?3",
    )?;
    for partition in partitions {
        release.execute(params![sink, partition, holder])?;
    }
    Ok(())
}

pub(super) fn leave(connection: &Connection, sink: &str, holder: &str) -> Result<(), Fault> {
    connection.execute(
        "UPDATE relays SET holder = NULL, expires = NULL WHERE sink = ?1 AND holder = ?2",
        params![sink, holder],
    )?;
    connection.execute(
        "DELETE FROM relay_members WHERE sink = ?1 AND holder = ?2",
        params![sink, holder],
    )?;
    Ok(())
}

fn letter(row: &Row<'_>) -> Result<DeadLetter, Fault> {
    Ok(DeadLetter {
        sink: row.get(0)?,
        partition: row.get(1)?,
        offset: rows::count(row, 2)?,
        reason: row.get(3)?,
        attempts: row.get(4)?,
        time: codes::time_of(row.get(5)?)?,
    })
}

pub(super) fn dead_letters(
    connection: &Connection,
    sink: Option<&str>,
    after: Option<&(String, u16, u64)>,
    limit: usize,
) -> Result<List<DeadLetter>, Fault> {
    // The empty name is before all, and so is the offset 0.
    let (after_sink, partition, offset) = after.map_or(("", 0, 0), |(sink, partition, offset)| {
        (sink.as_str(), *partition, codes::int(*offset))
    });
    let one_more = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
    let (sql, sink) = match sink {
        // A cursor of another sink's list: all of this one's lie after it, or none does.
        Some(sink) if after_sink > sink => {
            return Ok(List {
                items: Vec::new(),
                next: None,
            });
        }
        Some(sink) => (LETTERS_OF_SINK, sink),
        None => (LETTERS, after_sink),
    };
    let (partition, offset) = if sink == after_sink {
        (partition, offset)
    } else {
        (0, 0)
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![sink, partition, offset, one_more])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(letter(row)?);
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(DeadLetter::place);
    Ok(List { items, next })
}

pub(super) fn bury(
    connection: &Connection,
    sink: &str,
    letters: &[(u16, u64)],
) -> Result<u64, Fault> {
    let mut bury = connection.prepare_cached(
        "DELETE FROM dead_letters WHERE sink = ?1 AND partition = ?2 AND offset = ?3",
    )?;
    let mut buried = 0;
    for (partition, offset) in letters {
        buried += bury.execute(params![sink, partition, codes::int(*offset)])?;
    }
    Ok(buried as u64)
}

pub(super) fn dismiss(connection: &Connection, sink: &str) -> Result<(), Fault> {
    for forget in [
        "DELETE FROM dead_letters WHERE sink = ?1",
        "DELETE FROM relay_members WHERE sink = ?1",
        "DELETE FROM relays WHERE sink = ?1",
    ] {
        connection.execute(forget, [sink])?;
    }
    Ok(())
}

pub(super) fn standing(connection: &Connection) -> Result<Vec<Standing>, Fault> {
    let mut all: Vec<Standing> = Vec::new();
    let mut statement = connection.prepare_cached(STANDING)?;
    let mut rows = statement.query([now(connection)?])?;
    while let Some(row) = rows.next()? {
        let sink: String = row.get(0)?;
        let time: Option<i64> = row.get(4)?;
        let partition = PartitionStanding {
            partition: row.get(1)?,
            cursor: rows::count(row, 2)?,
            end: rows::count(row, 3)?,
            oldest: time.map(codes::time_of).transpose()?,
            holder: row.get(5)?,
        };
        match all.last_mut().filter(|last| last.sink == sink) {
            Some(last) => last.partitions.push(partition),
            None => all.push(Standing {
                sink,
                partitions: vec![partition],
                dead_letters: 0,
            }),
        }
    }
    let mut statement = connection.prepare_cached(LETTERS_BY_SINK)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let sink: String = row.get(0)?;
        if let Some(standing) = all.iter_mut().find(|standing| standing.sink == sink) {
            standing.dead_letters = rows::count(row, 1)?;
        }
    }
    Ok(all)
}
