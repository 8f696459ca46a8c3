//! What an explanation of a line needs.

use hashbrown::{HashMap, HashSet};
use landfall_domain::{Batch, LineKey};
use landfall_service::views::{Case, CaseBatch};
use rusqlite::{Connection, params};
use std::sync::LazyLock;

use super::history;
use crate::codes::{self, int};
use crate::error::Fault;
use crate::load;
use crate::names::Names;
use crate::rows::{self, BATCH, COUNTS, RawLine};
use crate::unsettled::{self, Entry};

/// Batches that a case shows; more only where more have free units or hold stock of the line.
const BATCHES: usize = 200;

/// The newest batches of a product that are so open.
pub(super) static NEWEST: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {BATCH} FROM batches b {COUNTS} WHERE b.product = ?1 AND b.open = ?2 \
         ORDER BY b.number DESC LIMIT ?3"
    )
});
/// The lines that would lose a batch's stock last.
pub(super) const HOLDERS: &str = "SELECT rank, promise, number FROM allocations \
     WHERE batch = ?1 ORDER BY rank, promise, number LIMIT ?2";

pub(super) fn case(
    connection: &Connection,
    key: &LineKey,
    holders: usize,
) -> Result<Option<Case>, Fault> {
    let mut names = Names::new(connection);
    let mut statement = connection.prepare_cached(&load::LINE_BY_KEY)?;
    let mut found = statement.query([key.order_id.as_str(), key.line_id.as_str()])?;
    let Some(raw) = found.next()?.map(RawLine::read).transpose()? else {
        return Ok(None);
    };
    let product = raw.product;
    let line = names.line(raw)?;
    let pegged = line.allocations.iter().map(|pegged| pegged.batch_number);
    let (mut batches, left_out) = batches(connection, &mut names, product, pegged.collect())?;
    batches.sort_by(Batch::earliest_first);
    let mut young = young(connection, &batches)?;
    let mut shown = Vec::with_capacity(batches.len());
    for batch in batches {
        let young = young.remove(&batch.number).unwrap_or_default();
        shown.push(of_batch(connection, &mut names, batch, young, holders)?);
    }
    Ok(Some(Case {
        events: history::of_line(connection, line.number)?,
        line,
        batches: shown,
        left_out,
    }))
}

/// The batches of a product: all with free units, those to which the line is pegged, and the newest others until
/// there are enough; and how many are left out.
fn batches(
    connection: &Connection,
    names: &mut Names<'_>,
    product: u64,
    pegged: Vec<u64>,
) -> Result<(Vec<Batch>, u64), Fault> {
    let mut found: Vec<Batch> = Vec::new();
    let mut seen: HashSet<u64> = HashSet::new();
    for number in pegged {
        if seen.insert(number) {
            found.push(names.batch(number)?.clone());
        }
    }
    // With free units, without but in use, used up.
    for open in [1, 2, 0] {
        let limit = match open {
            1 => i64::MAX,
            // One that the line is pegged to comes a second time.
            _ if found.len() < BATCHES => i64::try_from(BATCHES).unwrap_or(i64::MAX),
            _ => 0,
        };
        let mut statement = connection.prepare_cached(&NEWEST)?;
        let mut rows = statement.query([int(product), open, limit])?;
        while let Some(row) = rows.next()? {
            if open != 1 && found.len() >= BATCHES {
                break;
            }
            if seen.insert(rows::count(row, 0)?) {
                found.push(rows::batch(row, |product| names.sku(product))?);
            }
        }
    }
    let sql = "SELECT count(*) FROM batches WHERE product = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let all = statement.query_row([int(product)], |row| row.get(0))?;
    let left_out = codes::count_of(all)?.saturating_sub(found.len() as u64);
    Ok((found, left_out))
}

/// The entries of these batches that the index of allocations still lacks.
fn young(connection: &Connection, batches: &[Batch]) -> Result<HashMap<u64, Vec<Entry>>, Fault> {
    let held = batches.iter().filter(|batch| batch.allocated > 0);
    let mut young: HashMap<u64, Vec<Entry>> =
        held.map(|batch| (batch.number, Vec::new())).collect();
    if young.is_empty() {
        return Ok(young);
    }
    let settled = unsettled::settled(connection)?;
    unsettled::each_unsettled(connection, settled, |entry, _, _| {
        if let Some(entries) = young.get_mut(&entry.batch) {
            entries.push(entry);
        }
    })?;
    Ok(young)
}

fn of_batch(
    connection: &Connection,
    names: &mut Names<'_>,
    batch: Batch,
    mut entries: Vec<Entry>,
    holders: usize,
) -> Result<CaseBatch, Fault> {
    let mut lines = entries.len() as u64;
    if batch.allocated > 0 {
        let sql = "SELECT count(*) FROM allocations WHERE batch = ?1";
        let mut statement = connection.prepare_cached(sql)?;
        let entered = statement.query_row([int(batch.number)], |row| row.get(0))?;
        lines += codes::count_of(entered)?;
        let mut statement = connection.prepare_cached(HOLDERS)?;
        let limit = i64::try_from(holders).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![int(batch.number), limit])?;
        while let Some(row) = rows.next()? {
            entries.push(Entry {
                batch: batch.number,
                rank: row.get(0)?,
                promise: row.get(1)?,
                number: rows::count(row, 2)?,
            });
        }
    }
    entries.sort_unstable();
    entries.truncate(holders);
    let mut statement = connection.prepare_cached(&load::LINE_BY_NUMBER)?;
    let mut holders = Vec::with_capacity(entries.len());
    for entry in entries {
        let mut found = statement.query([int(entry.number)])?;
        let row = found.next()?;
        let row =
            row.ok_or_else(|| Fault::Corrupt(format!("there is no line {}", entry.number)))?;
        holders.push(names.line(RawLine::read(row)?)?);
    }
    Ok(CaseBatch {
        batch,
        holders,
        lines,
    })
}
