//! The lines that have stock of a batch: those in the index of allocations, and those that it still lacks.

use std::collections::BTreeMap;

use jiff::civil::Date;
use landfall_domain::BatchRef;
use landfall_service::resources::LineResource;
use landfall_service::views::cursor::{PegPlace, of_peg};
use landfall_service::views::{List, PROMISES_LOOKED_AT, Promises, PromisesOfDay};
use rusqlite::{Connection, params};

use super::supply::{batch_number, cut};
use crate::codes::{self, int};
use crate::error::Fault;
use crate::load;
use crate::names::Names;
use crate::rows::{self, RawLine};
use crate::unsettled::{self, Entry};

/// The entries of a batch after a place, those first that would lose its stock last.
pub(super) const PEGGED: &str = "SELECT rank, promise, number, quantity FROM allocations \
     WHERE batch = ?1 AND (rank, promise, number) > (?2, ?3, ?4) ORDER BY rank, promise, number LIMIT ?5";

/// At most so many entries of a batch after a place, with their units.
fn entries(
    connection: &Connection,
    batch: u64,
    after: Option<&PegPlace>,
    limit: usize,
) -> Result<Vec<(Entry, u64)>, Fault> {
    let after = after.map_or((i64::MIN, i64::MIN, 0), |place| {
        (place.rank, codes::day(place.promise), int(place.number))
    });
    let mut found = Vec::new();
    unsettled::each_unsettled(
        connection,
        unsettled::settled(connection)?,
        |entry, units, _| {
            let place = (entry.rank, entry.promise, int(entry.number));
            if entry.batch == batch && place > after {
                found.push((entry, units));
            }
        },
    )?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(PEGGED)?;
    let mut rows = statement.query(params![int(batch), after.0, after.1, after.2, most])?;
    while let Some(row) = rows.next()? {
        let entry = Entry {
            batch,
            rank: row.get(0)?,
            promise: row.get(1)?,
            number: rows::count(row, 2)?,
        };
        found.push((entry, rows::count(row, 3)?));
    }
    found.sort_unstable();
    found.truncate(limit);
    Ok(found)
}

pub(super) fn pegged(
    connection: &Connection,
    batch: &BatchRef,
    after: Option<&PegPlace>,
    limit: usize,
    today: Date,
) -> Result<Option<List<LineResource>>, Fault> {
    let Some(number) = batch_number(connection, batch)? else {
        return Ok(None);
    };
    let number = codes::count_of(number)?;
    let found = entries(connection, number, after, limit.saturating_add(1))?;
    let List { items, next } = cut(found, limit, |(entry, _)| {
        // An entry is of a day, or the line it is of could not be shown.
        let promise = codes::date_of(entry.promise).unwrap_or(Date::MAX);
        of_peg(&PegPlace {
            rank: entry.rank,
            promise,
            number: entry.number,
        })
    });
    let mut names = Names::new(connection);
    let mut statement = connection.prepare_cached(&load::LINE_BY_NUMBER)?;
    let mut lines = Vec::with_capacity(items.len());
    for (entry, _) in items {
        let mut found = statement.query([int(entry.number)])?;
        let row = found.next()?;
        let missing = || Fault::Corrupt(format!("there is no line {}", entry.number));
        let line = names.line(RawLine::read(row.ok_or_else(missing)?)?)?;
        let mut etas = BTreeMap::new();
        for allocation in &line.allocations {
            let eta = names.batch(allocation.batch_number)?.eta;
            etas.insert(allocation.batch_number, eta);
        }
        let eta = |number| etas.get(&number).copied().flatten();
        lines.push(LineResource::new(&line, eta, today));
    }
    Ok(Some(List { items: lines, next }))
}

pub(super) fn promises_of(
    connection: &Connection,
    batch: &BatchRef,
) -> Result<Option<Promises>, Fault> {
    let Some(number) = batch_number(connection, batch)? else {
        return Ok(None);
    };
    let most = usize::try_from(PROMISES_LOOKED_AT).unwrap_or(usize::MAX);
    let number = codes::count_of(number)?;
    let mut found = entries(connection, number, None, most.saturating_add(1))?;
    let capped = found.len() > most;
    found.truncate(most);
    let mut days: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    for (entry, units) in found {
        let (lines, sum) = days.entry(entry.promise).or_default();
        *lines += 1;
        *sum += units;
    }
    let day = |(day, (lines, units))| {
        let day = codes::date_of(day)?;
        Ok(PromisesOfDay {
            day: Some(day).filter(|day| *day != Date::MAX),
            lines,
            units,
        })
    };
    let days = days.into_iter().map(day).collect::<Result<_, Fault>>()?;
    Ok(Some(Promises { days, capped }))
}
