//! The index of allocations lags: what is still to be entered, and when it is entered.
//!
//! Entered line by line, the entry of each would lie in a page of its own (of 500 lines, nearly each is of
//! another batch), and writing so many pages costs several times what the lines themselves cost. So entries
//! of new lines are kept in memory, sorted, and when there are enough of them, each commit enters those
//! that come next in the order of the table, a run of neighbours, and goes round and round. Nothing is lost
//! in a crash: the lines themselves say to what they are pegged, and `heads.settled` says from which line on
//! to look.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::civil::Date;
use landfall_domain::shortage::ShortageKey;
use landfall_domain::{Allocation, OrderLine};
use rusqlite::{Connection, params};

use crate::codes;
use crate::error::Fault;
use crate::rows;

/// The key of an entry, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) batch: u64,
    pub(crate) rank: i64,
    pub(crate) promise: i64,
    pub(crate) number: u64,
}

impl Entry {
    /// The entry of one allocation of a line.
    pub(crate) fn of(line: &OrderLine, allocation: &Allocation) -> Self {
        Self::at(allocation.batch_number, &ShortageKey::of(line))
    }

    /// The place of a shortage key among the entries of a batch: the smaller key is the later entry.
    pub(crate) fn at(batch: u64, key: &ShortageKey) -> Self {
        Self {
            batch,
            rank: codes::rank(key.priority),
            promise: codes::day(key.promise.0),
            number: key.number.0,
        }
    }
}

/// The entries that are still to be made.
#[derive(Debug, Default)]
pub(crate) struct Unsettled {
    entries: BTreeMap<Entry, u64>,
    /// `heads.settled`: all entries of lines numbered below are in the table.
    settled: u64,
    /// The last entry that was made; the next ones are those after it.
    cursor: Option<Entry>,
}

/// What a commit changes here once it has happened.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    /// Entries of young lines, to be made later.
    pub(crate) added: Vec<(Entry, u64)>,
    /// Entries that need not be made any longer.
    pub(crate) removed: BTreeSet<Entry>,
    /// Entries that this commit made.
    made: Vec<Entry>,
    cursor: Option<Entry>,
    settled: u64,
}

impl Unsettled {
    /// Finds out what is still to be entered.
    pub(crate) fn read(connection: &Connection) -> Result<Self, Fault> {
        let settled = settled(connection)?;
        let mut entries = BTreeMap::new();
        each_unsettled(connection, settled, |entry, units, _| {
            entries.insert(entry, units);
        })?;
        Ok(Self {
            entries,
            settled,
            cursor: None,
        })
    }

    /// Whether this entry is still to be made.
    pub(crate) fn contains(&self, entry: &Entry) -> bool {
        self.entries.contains_key(entry)
    }

    /// Whether the entries of a line may wait.
    pub(crate) fn is_young(&self, line_number: u64) -> bool {
        line_number >= self.settled
    }

    /// The entries of a batch that come before this one in the table, the last first.
    pub(crate) fn backwards(
        &self,
        batch: u64,
        before: Option<Entry>,
    ) -> impl Iterator<Item = Entry> {
        let first = Entry {
            batch,
            rank: i64::MIN,
            promise: i64::MIN,
            number: 0,
        };
        let last = Entry {
            batch,
            rank: i64::MAX,
            promise: i64::MAX,
            number: u64::MAX,
        };
        let end = before.map_or(Bound::Included(last), Bound::Excluded);
        self.entries
            .range((Bound::Included(first), end))
            .rev()
            .map(|(entry, _)| *entry)
    }

    /// Enters so many that at most `limit` are left, but no more than about twice as many as are new, so
    /// that no commit takes long; and says in `staged` from which line on there are any.
    pub(crate) fn make(
        &self,
        connection: &Connection,
        staged: &mut Staged,
        limit: usize,
        next_number: u64,
    ) -> Result<(), Fault> {
        staged.settled = self.settled;
        staged.cursor = self.cursor;
        let new = staged.added.len();
        let excess = (self.entries.len() + new).saturating_sub(limit + staged.removed.len());
        let count = excess.min(2 * new + 64);
        if count == 0 {
            return Ok(());
        }
        let mut insert = connection.prepare_cached(INSERT)?;
        let start = self.cursor.map_or(Bound::Unbounded, Bound::Excluded);
        let next = self.entries.range((start, Bound::Unbounded));
        for (entry, units) in next
            .filter(|(entry, _)| !staged.removed.contains(entry))
            .take(count)
        {
            insert_with(&mut insert, entry, *units)?;
            staged.made.push(*entry);
        }
        staged.cursor = staged.made.last().copied();
        if staged.made.len() < count {
            // Once round: what was young when the last round began is entered by now.
            staged.cursor = None;
            let made: BTreeSet<_> = staged.made.iter().collect();
            let left = self.entries.keys();
            let left = left.filter(|e| !made.contains(e) && !staged.removed.contains(e));
            let left = left.chain(staged.added.iter().map(|(entry, _)| entry));
            staged.settled = left.map(|entry| entry.number).min().unwrap_or(next_number);
        }
        Ok(())
    }

    /// Takes over what a commit did.
    pub(crate) fn apply(&mut self, staged: Staged) {
        for entry in staged.made.iter().chain(&staged.removed) {
            self.entries.remove(entry);
        }
        self.entries.extend(staged.added);
        self.cursor = staged.cursor;
        self.settled = staged.settled;
    }
}

impl Staged {
    /// `heads.settled` after the commit.
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }
}

const INSERT: &str = "INSERT INTO allocations (batch, rank, promise, number, quantity) \
                      VALUES (?1, ?2, ?3, ?4, ?5)";

/// Enters an allocation.
pub(crate) fn insert(connection: &Connection, entry: &Entry, units: u64) -> Result<(), Fault> {
    insert_with(&mut connection.prepare_cached(INSERT)?, entry, units)
}

fn insert_with(
    statement: &mut rusqlite::CachedStatement<'_>,
    entry: &Entry,
    units: u64,
) -> Result<(), Fault> {
    let Entry {
        batch,
        rank,
        promise,
        number,
    } = *entry;
    let (batch, number) = (codes::int(batch), codes::int(number));
    statement.execute(params![batch, rank, promise, number, codes::int(units)])?;
    Ok(())
}

/// Removes the entry of an allocation that is no more.
pub(crate) fn delete(connection: &Connection, entry: &Entry) -> Result<(), Fault> {
    let sql =
        "DELETE FROM allocations WHERE batch = ?1 AND rank = ?2 AND promise = ?3 AND number = ?4";
    let mut statement = connection.prepare_cached(sql)?;
    let Entry {
        batch,
        rank,
        promise,
        number,
    } = *entry;
    let deleted = statement.execute(params![
        codes::int(batch),
        rank,
        promise,
        codes::int(number)
    ])?;
    if deleted != 1 {
        let what = format!("line {number} is not in the index of batch {batch}");
        return Err(Fault::Corrupt(what));
    }
    Ok(())
}

/// `heads.settled`.
pub(crate) fn settled(connection: &Connection) -> Result<u64, Fault> {
    let sql = "SELECT settled FROM heads WHERE partition = 0";
    codes::count_of(
        connection
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))?,
    )
}

/// The lines among which the unsettled ones are.
pub(crate) const YOUNG: &str = "SELECT number, priority, current, batch, parts, quantity - dispatched, \
                                order_id FROM lines WHERE number >= ?1 AND status = 0";

/// Shows every allocation that is not in the table, with its units and its order.
pub(crate) fn each_unsettled(
    connection: &Connection,
    settled: u64,
    mut show: impl FnMut(Entry, u64, &str),
) -> Result<(), Fault> {
    let mut young = connection.prepare_cached(YOUNG)?;
    let mut made = connection.prepare_cached(
        "SELECT 1 FROM allocations WHERE batch = ?1 AND rank = ?2 AND promise = ?3 AND number = ?4",
    )?;
    let mut rows = young.query([codes::int(settled)])?;
    while let Some(row) = rows.next()? {
        let (number, priority) = (rows::count(row, 0)?, rows::priority(row.get(1)?)?);
        let promise: Option<i64> = row.get(2)?;
        let promise = promise.unwrap_or_else(|| codes::day(Date::MAX));
        let parts = row
            .get_ref(4)?
            .as_str_or_null()
            .map_err(rusqlite::Error::from)?;
        for (batch, units) in rows::pegs(row.get(3)?, parts, rows::count(row, 5)?)? {
            let rank = codes::rank(priority.get());
            let key = params![codes::int(batch), rank, promise, codes::int(number)];
            if !made.exists(key)? {
                let order_id = row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?;
                show(
                    Entry {
                        batch,
                        rank,
                        promise,
                        number,
                    },
                    units,
                    order_id,
                );
            }
        }
    }
    Ok(())
}
