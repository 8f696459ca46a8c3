//! Where relays keep their place: one statement for each thing that must be one.
//!
//! Leases are rows that are changed on a condition, and the database's clock says when they end. Whoever relays
//! has connections of its own, a few: they wait for no question of anybody else.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use landfall_service::LogRecord;
use landfall_service::relay::relays::letter_place;
use landfall_service::relay::{
    Advance, Begin, DeadLetter, Lease, PartitionStanding, RelayError, Relays, Shares, Standing,
};
use landfall_service::views::{List, Page, ViewError};
use tokio_postgres::Row;

use crate::codes::{Micros, int, micros, small};
use crate::database::PgDatabase;
use crate::error::Fault;
use crate::options::Options;
use crate::rows::{count, get, partition};
use crate::views::events;
use crate::views::pool::{Ask, Pool};

/// Connections that relays use, at the most.
const CONNECTIONS: usize = 4;

const ENROLL: &str = "INSERT INTO relays (partition, sink, cursor, fence) \
     SELECT partition, $1, CASE WHEN $2 THEN next_offset - 1 ELSE 0 END, 0 FROM heads \
     ON CONFLICT (partition, sink) DO NOTHING";
/// An interval is written in microseconds.
const BE_MEMBER: &str = "INSERT INTO relay_members (partition, sink, holder, expires) \
     VALUES ($1, $2, $3, now() + $4::bigint * interval '1 microsecond') \
     ON CONFLICT (partition, sink, holder) DO UPDATE SET expires = excluded.expires";
const FORGET_MEMBERS: &str =
    "DELETE FROM relay_members WHERE partition = $1 AND sink = $2 AND expires <= now()";
const LEAVE_MEMBERS: &str =
    "DELETE FROM relay_members WHERE partition = $1 AND sink = $2 AND holder = $3";
const PROLONG: &str = "UPDATE relays SET expires = now() + $3::bigint * interval '1 microsecond' \
     WHERE sink = $1 AND holder = $2";
const PLACES: &str = "SELECT r.partition, r.cursor, r.fence, coalesce(r.holder = $3, false), \
            coalesce(r.expires <= now(), true), \
            (SELECT count(*) FROM relay_members m WHERE m.partition = $1 AND m.sink = $2 AND m.expires > now()) \
     FROM relays r WHERE r.sink = $2 ORDER BY r.partition";
const TAKE: &str = "UPDATE relays SET holder = $2, fence = fence + 1, \
            expires = now() + $4::bigint * interval '1 microsecond' \
      WHERE sink = $1 AND partition = ANY($3::smallint[]) AND coalesce(expires <= now(), true) \
     RETURNING partition, cursor, fence";
const ADVANCE: &str = "WITH moved AS ( \
         UPDATE relays AS r SET cursor = greatest(r.cursor, a.cursor) \
           FROM unnest($3::smallint[], $4::bigint[], $5::bigint[]) AS a (partition, fence, cursor) \
          WHERE r.partition = a.partition AND r.sink = $1 AND r.holder = $2 AND r.fence = a.fence \
         RETURNING r.partition), \
     buried AS ( \
         INSERT INTO dead_letters (partition, sink, \"offset\", reason, attempts, time) \
         SELECT d.partition, $1, d.dead, d.reason, d.attempts, $10 \
           FROM unnest($6::smallint[], $7::bigint[], $8::text[], $9::integer[]) AS d (partition, dead, reason, attempts) \
           JOIN moved ON moved.partition = d.partition \
         ON CONFLICT (partition, sink, \"offset\") DO UPDATE \
            SET reason = excluded.reason, attempts = excluded.attempts, time = excluded.time) \
     SELECT partition FROM moved";
const RELEASE: &str = "UPDATE relays SET holder = NULL, expires = NULL \
      WHERE sink = $1 AND holder = $2 AND partition = ANY($3::smallint[])";
const LETTERS: &str = "SELECT sink, partition, \"offset\", reason, attempts, time FROM dead_letters \
      WHERE (sink, partition, \"offset\") > ($1, $2, $3) AND ($4::text IS NULL OR sink = $4) \
      ORDER BY sink, partition, \"offset\" LIMIT $5";
const BURY: &str = "DELETE FROM dead_letters AS d \
      USING unnest($2::smallint[], $3::bigint[]) AS k (partition, dead) \
      WHERE d.partition = k.partition AND d.sink = $1 AND d.\"offset\" = k.dead RETURNING 1";
/// One statement, so that no part of it is left; the partitions are named, so that the keys are used.
const DISMISS: &str = "WITH letters AS (DELETE FROM dead_letters WHERE partition = ANY($2::smallint[]) AND sink = $1), \
     members AS (DELETE FROM relay_members WHERE partition = ANY($2::smallint[]) AND sink = $1) \
     DELETE FROM relays WHERE partition = ANY($2::smallint[]) AND sink = $1";
const STANDING: &str = "SELECT r.sink, r.partition, r.cursor, h.next_offset - 1, e.time, \
            CASE WHEN r.expires > now() THEN r.holder END \
       FROM relays r JOIN heads h ON h.partition = r.partition \
       LEFT JOIN events e ON e.partition = r.partition AND e.\"offset\" = r.cursor + 1 \
      ORDER BY r.sink, r.partition";
const LETTERS_BY_SINK: &str = "SELECT sink, count(*) FROM dead_letters GROUP BY sink";

/// Where relays keep their place in a database.
#[derive(Clone)]
pub struct PgRelays {
    pool: Pool,
}

impl PgDatabase {
    /// Where relays keep their place. It connects when it is first needed.
    pub fn relays(&self) -> PgRelays {
        let options = Options {
            readers: CONNECTIONS,
            ..(*self.options).clone()
        };
        let database = PgDatabase {
            options: Arc::new(options),
            ..self.clone()
        };
        PgRelays {
            pool: Pool::new(&database),
        }
    }
}

impl PgRelays {
    async fn ask(&self, ask: Ask) -> Result<Vec<Row>, RelayError> {
        self.pool.ask(&ask).await.map_err(failed)
    }

    /// The partition in which a sink's members are.
    fn home(&self, sink: &str) -> i16 {
        small(self.pool.partition_of(sink))
    }
}

fn failed(fault: Fault) -> RelayError {
    match fault.into_view_error() {
        ViewError::Corrupt(what) => RelayError::Corrupt(what),
        other => RelayError::Unavailable(other.to_string()),
    }
}

fn smalls(partitions: &[u16]) -> Vec<i16> {
    partitions.iter().copied().map(small).collect()
}

fn lease(row: &Row) -> Result<Lease, Fault> {
    Ok(Lease {
        partition: partition(row, 0)?,
        cursor: count(row, 1)?,
        fence: count(row, 2)?,
    })
}

fn letter(row: &Row) -> Result<DeadLetter, Fault> {
    Ok(DeadLetter {
        sink: get(row, 0)?,
        partition: partition(row, 1)?,
        offset: count(row, 2)?,
        reason: get(row, 3)?,
        attempts: u32::try_from(get::<i32>(row, 4)?).unwrap_or(0),
        time: get::<Micros>(row, 5)?.time()?,
    })
}

fn shares(rows: &[Row]) -> Result<Shares, Fault> {
    let mut shares = Shares::default();
    for row in rows {
        let (own, expired): (bool, bool) = (get(row, 3)?, get(row, 4)?);
        if own {
            shares.held.push(lease(row)?);
        } else if expired {
            shares.free.push(partition(row, 0)?);
        }
        shares.members = usize::try_from(count(row, 5)?).unwrap_or(usize::MAX);
    }
    Ok(shares)
}

fn standings(rows: &[Row], letters: &[Row]) -> Result<Vec<Standing>, Fault> {
    let mut all: Vec<Standing> = Vec::new();
    for row in rows {
        let sink: String = get(row, 0)?;
        let oldest: Option<Micros> = get(row, 4)?;
        let partition = PartitionStanding {
            partition: partition(row, 1)?,
            cursor: count(row, 2)?,
            end: count(row, 3)?,
            oldest: oldest.map(Micros::time).transpose()?,
            holder: get(row, 5)?,
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
    for row in letters {
        let sink: &str = get(row, 0)?;
        if let Some(standing) = all.iter_mut().find(|standing| standing.sink == sink) {
            standing.dead_letters = count(row, 1)?;
        }
    }
    Ok(all)
}

#[async_trait]
impl Relays for PgRelays {
    fn partitions(&self) -> u16 {
        self.pool.partitions()
    }

    async fn ends(&self) -> Result<Vec<u64>, RelayError> {
        let rows = self.ask(Ask::new(events::ENDS)).await?;
        let ends = rows.iter().map(|row| count(row, 0));
        ends.collect::<Result<_, _>>().map_err(failed)
    }

    async fn log(
        &self,
        partition: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogRecord>, RelayError> {
        let most = i64::try_from(limit).unwrap_or(i64::MAX);
        let ask = Ask::new(events::EVENTS)
            .with(vec![small(partition)])
            .with(vec![int(after)])
            .with(vec![most]);
        let rows = self.ask(ask).await?;
        let records = rows.iter().map(events::record);
        records.collect::<Result<_, _>>().map_err(failed)
    }

    async fn enroll(&self, sink: &str, begin: Begin) -> Result<(), RelayError> {
        let enroll = Ask::new(ENROLL)
            .with(sink.to_owned())
            .with(begin == Begin::Now);
        self.ask(enroll).await.map(drop)
    }

    async fn renew(&self, sink: &str, holder: &str, lease: Duration) -> Result<Shares, RelayError> {
        let (home, until) = (self.home(sink), micros(lease));
        let (sink, holder) = (sink.to_owned(), holder.to_owned());
        let member = Ask::new(BE_MEMBER).with(home).with(sink.clone());
        self.ask(member.with(holder.clone()).with(until)).await?;
        let prolong = Ask::new(PROLONG).with(sink.clone()).with(holder.clone());
        self.ask(prolong.with(until)).await?;
        let places = Ask::new(PLACES).with(home).with(sink.clone()).with(holder);
        let rows = self.ask(places).await?;
        // Who is gone is no longer counted anyway: this only keeps the table small.
        self.ask(Ask::new(FORGET_MEMBERS).with(home).with(sink))
            .await?;
        shares(&rows).map_err(failed)
    }

    async fn take(
        &self,
        sink: &str,
        holder: &str,
        partitions: &[u16],
        until: Duration,
    ) -> Result<Vec<Lease>, RelayError> {
        let take = Ask::new(TAKE)
            .with(sink.to_owned())
            .with(holder.to_owned())
            .with(smalls(partitions))
            .with(micros(until));
        let rows = self.ask(take).await?;
        let leases = rows.iter().map(lease);
        let mut leases: Vec<Lease> = leases.collect::<Result<_, _>>().map_err(failed)?;
        leases.sort_unstable_by_key(|lease| lease.partition);
        Ok(leases)
    }

    async fn advance(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        advances: &[Advance],
    ) -> Result<Vec<u16>, RelayError> {
        let fences: Vec<i64> = advances.iter().map(|a| int(a.fence)).collect();
        let cursors: Vec<i64> = advances.iter().map(|a| int(a.cursor)).collect();
        let partitions: Vec<u16> = advances.iter().map(|a| a.partition).collect();
        let (mut homes, mut offsets, mut reasons, mut attempts) = (
            Vec::<i16>::new(),
            Vec::<i64>::new(),
            Vec::<String>::new(),
            Vec::<i32>::new(),
        );
        for advance in advances {
            for dead in &advance.dead {
                homes.push(small(advance.partition));
                offsets.push(int(dead.offset));
                // PostgreSQL keeps no such character in a text.
                reasons.push(dead.reason.replace('\0', " "));
                attempts.push(i32::try_from(dead.attempts).unwrap_or(i32::MAX));
            }
        }
        let advance = Ask::new(ADVANCE)
            .with(sink.to_owned())
            .with(holder.to_owned())
            .with(smalls(&partitions))
            .with(fences)
            .with(cursors)
            .with(homes)
            .with(offsets)
            .with(reasons)
            .with(attempts)
            .with(Micros::of(now));
        let rows = self.ask(advance).await?;
        let moved = rows.iter().map(|row| partition(row, 0));
        let moved: Vec<u16> = moved.collect::<Result<_, _>>().map_err(failed)?;
        let lost = partitions.into_iter();
        Ok(lost.filter(|at| !moved.contains(at)).collect())
    }

    async fn release(
        &self,
        sink: &str,
        holder: &str,
        partitions: &[u16],
    ) -> Result<(), RelayError> {
        let release = Ask::new(RELEASE)
            .with(sink.to_owned())
            .with(holder.to_owned())
            .with(smalls(partitions));
        self.ask(release).await.map(drop)
    }

    async fn leave(&self, sink: &str, holder: &str) -> Result<(), RelayError> {
        let all: Vec<u16> = (0..self.partitions()).collect();
        self.release(sink, holder, &all).await?;
        let leave = Ask::new(LEAVE_MEMBERS)
            .with(self.home(sink))
            .with(sink.to_owned())
            .with(holder.to_owned());
        self.ask(leave).await.map(drop)
    }

    async fn dead_letters(
        &self,
        sink: Option<&str>,
        page: &Page,
    ) -> Result<List<DeadLetter>, RelayError> {
        // The empty name is before all.
        let after = letter_place(page)?;
        let (after, partition, offset) = after.unwrap_or((String::new(), 0, 0));
        let one_more = i64::try_from(page.limit.saturating_add(1)).unwrap_or(i64::MAX);
        let letters = Ask::new(LETTERS)
            .with(after)
            .with(small(partition))
            .with(int(offset))
            .with(sink.map(str::to_owned))
            .with(one_more);
        let rows = self.ask(letters).await?;
        let items = rows.iter().map(letter);
        let mut items: Vec<DeadLetter> = items.collect::<Result<_, _>>().map_err(failed)?;
        let more = items.len() > page.limit;
        items.truncate(page.limit);
        let next = items.last().filter(|_| more).map(DeadLetter::place);
        Ok(List { items, next })
    }

    async fn bury(&self, sink: &str, letters: &[(u16, u64)]) -> Result<u64, RelayError> {
        let partitions: Vec<u16> = letters.iter().map(|(partition, _)| *partition).collect();
        let offsets: Vec<i64> = letters.iter().map(|(_, offset)| int(*offset)).collect();
        let bury = Ask::new(BURY)
            .with(sink.to_owned())
            .with(smalls(&partitions))
            .with(offsets);
        Ok(self.ask(bury).await?.len() as u64)
    }

    async fn dismiss(&self, sink: &str) -> Result<(), RelayError> {
        let all: Vec<u16> = (0..self.partitions()).collect();
        let dismiss = Ask::new(DISMISS).with(sink.to_owned()).with(smalls(&all));
        self.ask(dismiss).await.map(drop)
    }

    async fn standing(&self) -> Result<Vec<Standing>, RelayError> {
        let rows = self.ask(Ask::new(STANDING)).await?;
        let letters = self.ask(Ask::new(LETTERS_BY_SINK)).await?;
        standings(&rows, &letters).map_err(failed)
    }
}
