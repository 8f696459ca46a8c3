//! The index of allocations lags: what is still to be entered, and when it is entered.
//!
//! Entered line by line, the entry of each would lie in a page of its own (of 500 lines, nearly each is of
//! another batch), and writing so many pages costs several times what the lines themselves cost. So entries
//! of new lines are kept in memory until there are enough of them; then they are sorted, and each commit
//! enters a few, a run of neighbours, while the next ones gather. Nothing is lost in a crash: the lines
//! themselves say to what they are pegged, and `heads.settled` says from which line on to look.

use std::collections::BTreeSet;

use jiff::civil::Date;
use landfall_domain::shortage::ShortageKey;
use landfall_domain::{Allocation, OrderLine};
use rusqlite::{Connection, params};

use crate::bulk::Insert;
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
            rank: codes::shortage_rank(key.priority, key.locked),
            promise: codes::day(key.promise.0),
            number: key.number.0,
        }
    }
}

/// The entries that are still to be made, with their units; 0: it need not be made any longer.
#[derive(Debug, Default)]
pub(crate) struct Unsettled {
    /// Those that are being made, in the order of the table, from `next` on.
    run: Vec<(Entry, u64)>,
    next: usize,
    /// Those of lines that came since, by number.
    gathered: Vec<(Entry, u64)>,
    /// `heads.settled`: all entries of lines numbered below are in the table.
    settled: u64,
}

/// What a commit changes here once it has happened.
#[derive(Debug, Default)]
pub(crate) struct Staged {
    /// Entries of new lines, by number, to be made later.
    pub(crate) added: Vec<(Entry, u64)>,
    /// Entries that need not be made any longer.
    pub(crate) removed: BTreeSet<Entry>,
    /// How many of the run this commit made, and what `heads.settled` is then.
    made: usize,
    settled: u64,
}

impl Unsettled {
    /// Finds out what is still to be entered.
    pub(crate) fn read(connection: &Connection) -> Result<Self, Fault> {
        let settled = settled(connection)?;
        let mut gathered = Vec::new();
        each_unsettled(connection, settled, |entry, units, _| {
            gathered.push((entry, units));
        })?;
        Ok(Self {
            gathered,
            settled,
            ..Self::default()
        })
    }

    /// Whether this entry is still to be made.
    pub(crate) fn contains(&self, entry: &Entry) -> bool {
        self.place(entry).is_some()
    }

    fn place(&self, entry: &Entry) -> Option<Place> {
        let run = self.run.get(self.next..).unwrap_or_default();
        if let Ok(at) = run.binary_search_by(|(other, _)| other.cmp(entry)) {
            return (run[at].1 > 0).then_some(Place::Run(self.next + at));
        }
        let from = self
            .gathered
            .partition_point(|(other, _)| other.number < entry.number);
        let same = self.gathered[from..]
            .iter()
            .take_while(|(other, _)| other.number == entry.number);
        let mut same = same
            .enumerate()
            .filter(|(_, (other, units))| other == entry && *units > 0);
        same.next().map(|(at, _)| Place::Gathered(from + at))
    }

    /// The entries of a batch that come before this one in the table and whose promise is later than this day, the
    /// last first.
    pub(crate) fn backwards(
        &self,
        batch: u64,
        before: Option<Entry>,
        later_than: Option<i64>,
    ) -> Vec<Entry> {
        let run = self.run.get(self.next..).unwrap_or_default();
        let run = &run[run.partition_point(|(entry, _)| entry.batch < batch)..];
        let run = &run[..run.partition_point(|(entry, _)| entry.batch == batch)];
        let all = run.iter().chain(
            self.gathered
                .iter()
                .filter(|(entry, _)| entry.batch == batch),
        );
        let wanted = all.filter(|(entry, units)| {
            *units > 0
                && before.is_none_or(|end| *entry < end)
                && later_than.is_none_or(|day| entry.promise > day)
        });
        let mut found: Vec<Entry> = wanted.map(|(entry, _)| *entry).collect();
        found.sort_unstable_by(|a, b| b.cmp(a));
        found
    }

    /// Enters the next few of the run, somewhat more than there are new ones, so that the run ends before
    /// the next one is gathered and no commit takes long; and says in `staged` from which line on there are
    /// any left.
    pub(crate) fn make(
        &self,
        connection: &Connection,
        staged: &mut Staged,
        next_number: u64,
    ) -> Result<(), Fault> {
        let run = self.run.get(self.next..).unwrap_or_default();
        let new = staged.added.len();
        let chunk = &run[..run.len().min(new + new / 4 + 1)];
        let wanted = |(entry, units): &(Entry, u64)| *units > 0 && !staged.removed.contains(entry);
        if chunk.iter().all(wanted) {
            insert_all(connection, chunk)?;
        } else {
            let wanted: Vec<_> = chunk.iter().filter(|made| wanted(made)).copied().collect();
            insert_all(connection, &wanted)?;
        }
        staged.made = chunk.len();
        staged.settled = if chunk.len() < run.len() {
            self.settled
        } else {
            let mut left = self.gathered.iter().chain(&staged.added);
            left.next().map_or(next_number, |(entry, _)| entry.number)
        };
        Ok(())
    }

    /// Takes over what a commit did. At `limit` the gathered entries become the next run.
    pub(crate) fn apply(&mut self, staged: Staged, limit: usize) {
        for entry in &staged.removed {
            match self.place(entry) {
                Some(Place::Run(at)) => self.run[at].1 = 0,
                Some(Place::Gathered(at)) => self.gathered[at].1 = 0,
                None => {}
            }
        }
        self.next += staged.made;
        self.settled = staged.settled;
        self.gathered.extend(staged.added);
        if self.next >= self.run.len() && self.gathered.len() >= limit {
            self.run.clear();
            self.next = 0;
            std::mem::swap(&mut self.run, &mut self.gathered);
            self.run.sort_unstable();
        }
    }
}

/// Where an entry that is still to be made is.
enum Place {
    Run(usize),
    Gathered(usize),
}

impl Staged {
    /// `heads.settled` after the commit.
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }
}

const INSERT: Insert = Insert {
    into: "INSERT INTO allocations (batch, rank, promise, number, quantity)",
    row: "(?, ?, ?, ?, ?)",
};

/// Enters allocations.
pub(crate) fn insert_all(connection: &Connection, made: &[(Entry, u64)]) -> Result<(), Fault> {
    INSERT.all(connection, made, |values, (entry, units)| {
        let Entry {
            batch,
            rank,
            promise,
            number,
        } = *entry;
        values.put(codes::int(batch))?;
        values.put(rank)?;
        values.put(promise)?;
        values.put(codes::int(number))?;
        values.put(codes::int(*units))
    })
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
                                order_id, dispatched > 0 FROM lines WHERE number >= ?1 AND status = 0 ORDER BY number";

/// Shows every allocation that is not in the table, by number, with its units and its order.
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
            let rank = codes::shortage_rank(priority.get(), codes::flag_of(row.get(7)?)?);
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
