//! Ranges of lines: those that lose a batch's stock first, those that wait, those that are late.

use landfall_domain::Location;
use landfall_domain::shortage::{LateKey, QueueKey};
use landfall_service::keys::{AllocatedRange, LateRange, WaitingRange};
use landfall_service::store::LoadedRange;
use rusqlite::{Connection, OptionalExtension, params};

use super::Loader;
use crate::codes::{self, int};
use crate::error::Fault;
use crate::rows;
use crate::unsettled::{Entry, Unsettled};

/// Backwards through the index: the order in which a shortage takes stock away.
pub(super) const PEGGED: &str = "SELECT rank, promise, number FROM allocations \
     WHERE batch = ?1 AND (rank, promise, number) < (?2, ?3, ?4) \
     ORDER BY rank DESC, promise DESC, number DESC LIMIT ?5";
/// The next rank of the lines pegged to a batch, in that order.
pub(super) const NEXT_RANK: &str =
    "SELECT rank FROM allocations WHERE batch = ?1 AND rank <= ?2 ORDER BY rank DESC LIMIT 1";
/// As [`PEGGED`], of one rank, and only promises later than a day.
pub(super) const PEGGED_LATER: &str = "SELECT promise, number FROM allocations \
     WHERE batch = ?1 AND rank = ?2 AND promise > ?3 AND (promise, number) < (?4, ?5) \
     ORDER BY promise DESC, number DESC LIMIT ?6";
/// With a day before the first, and the most units that there are: all.
pub(super) const LATE: &str = "SELECT age FROM lines \
     WHERE status = 0 AND current > original AND dispatched = 0 AND product = ?1 \
     AND (rank, original, age) > (?2, ?3, ?4) \
     AND current > ?5 AND (outstanding <= ?6 OR split = 1) \
     ORDER BY rank, original, age LIMIT ?7";
/// The next list of locations of which lines of a product wait, after this one. They are found one by one, each with a
/// look at the index.
pub(super) const NEXT_PLACES: &str = "SELECT places FROM lines \
     WHERE status = 1 AND product = ?1 AND places > ?2 ORDER BY places LIMIT 1";
/// The lines that wait there and fit.
pub(super) const WAITING: &str = "SELECT rank, wanted, age FROM lines \
     WHERE status = 1 AND product = ?1 AND places = ?2 AND (rank, wanted, age) > (?3, ?4, ?5) \
     AND (outstanding <= ?6 OR split = 1 AND outstanding <= ?7) \
     ORDER BY rank, wanted, age LIMIT ?8";
/// What stands in the place of a list where a line names no location: it may be served from anywhere. It comes before
/// all lists, as nothing comes before it.
const ANYWHERE: &str = "-";

impl Loader<'_> {
    /// The first lines of a batch: those of the index and those that are still to be entered, merged.
    pub(super) fn allocated(
        &mut self,
        range: &AllocatedRange,
        unsettled: &Unsettled,
    ) -> Result<(), Fault> {
        let batch = range.batch_number;
        let after = range.after.as_ref().map(|key| Entry::at(batch, key));
        let later_than = range.later_than.map(codes::day);
        // One more than asked for, to know whether there are more.
        let wanted = range.limit.saturating_add(1);
        let mut found = unsettled.backwards(batch, after, later_than);
        let end = after.unwrap_or(Entry {
            batch,
            rank: i64::MAX,
            promise: i64::MAX,
            number: i64::MAX.cast_unsigned(),
        });
        match later_than {
            None => pegged(self.connection, end, wanted, &mut found)?,
            Some(day) => pegged_later(self.connection, end, day, wanted, &mut found)?,
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        let complete = found.len() <= range.limit;
        found.truncate(range.limit);
        let lines = self.numbered(found.into_iter().map(|entry| entry.number))?;
        self.loaded.allocated.push(LoadedRange {
            range: range.clone(),
            lines,
            complete,
        });
        Ok(())
    }

    pub(super) fn late(&mut self, range: &LateRange) -> Result<(), Fault> {
        let place = range.after.map(|key: LateKey| {
            (
                codes::rank(key.priority.0),
                codes::day(key.original),
                int(key.number),
            )
        });
        let (rank, original, number) = place.unwrap_or((i64::MIN, i64::MIN, 0));
        let mut statement = self.connection.prepare_cached(LATE)?;
        let limit = i64::try_from(range.limit.saturating_add(1)).unwrap_or(i64::MAX);
        let served = range.served;
        let later_than = served.map_or(i64::MIN, |served| codes::day(served.later_than));
        let at_most = served.map_or(i64::MAX, |served| most(served.at_most));
        let place = params![
            int(range.product_number),
            rank,
            original,
            number,
            later_than,
            at_most,
            limit
        ];
        let mut rows = statement.query(place)?;
        let mut numbers = Vec::new();
        while let Some(row) = rows.next()? {
            numbers.push(rows::count(row, 0)?);
        }
        let complete = numbers.len() <= range.limit;
        numbers.truncate(range.limit);
        let lines = self.numbered(numbers.into_iter())?;
        self.loaded.late.push(LoadedRange {
            range: range.clone(),
            lines,
            complete,
        });
        Ok(())
    }

    /// The first lines that wait and fit: of each list of locations where there is anything, merged.
    pub(super) fn waiting(&mut self, range: &WaitingRange) -> Result<(), Fault> {
        let product = int(range.product_number);
        let after = range
            .after
            .map_or((i64::MIN, i64::MIN, 0), |key: QueueKey| {
                (
                    codes::rank(key.priority.0),
                    codes::day(key.requested),
                    int(key.number),
                )
            });
        let limit = i64::try_from(range.limit.saturating_add(1)).unwrap_or(i64::MAX);
        let mut next_places = self.connection.prepare_cached(NEXT_PLACES)?;
        let mut statement = self.connection.prepare_cached(WAITING)?;
        let mut found: Vec<(i64, i64, u64)> = Vec::new();
        let mut last = String::new();
        loop {
            let places = next_places.query_row(params![product, last], |row| row.get(0));
            let Some(places) = places.optional()? else {
                break;
            };
            last = places;
            let units = range.room.of(&locations(&last)?);
            if units.total == 0 {
                continue;
            }
            let (rank, wanted, number) = after;
            let (largest, total) = (most(units.largest), most(units.total));
            let place = params![product, last, rank, wanted, number, largest, total, limit];
            let mut rows = statement.query(place)?;
            while let Some(row) = rows.next()? {
                found.push((row.get(0)?, row.get(1)?, rows::count(row, 2)?));
            }
        }
        found.sort_unstable();
        let complete = found.len() <= range.limit;
        found.truncate(range.limit);
        let lines = self.numbered(found.into_iter().map(|(_, _, number)| number))?;
        self.loaded.waiting.push(LoadedRange {
            range: range.clone(),
            lines,
            complete,
        });
        Ok(())
    }
}

/// So many units, or the most that a column holds.
fn most(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}

/// The locations of a list.
fn locations(places: &str) -> Result<Vec<Location>, Fault> {
    if places == ANYWHERE {
        return Ok(Vec::new());
    }
    rows::parse_locations(places)
}

/// Adds the last entries of a batch before this one to `found`, at most so many.
fn pegged(
    connection: &Connection,
    end: Entry,
    wanted: usize,
    found: &mut Vec<Entry>,
) -> Result<(), Fault> {
    let mut statement = connection.prepare_cached(PEGGED)?;
    let limit = i64::try_from(wanted).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![
        int(end.batch),
        end.rank,
        end.promise,
        int(end.number),
        limit
    ])?;
    while let Some(row) = rows.next()? {
        let (rank, promise, number) = (row.get(0)?, row.get(1)?, rows::count(row, 2)?);
        found.push(Entry {
            batch: end.batch,
            rank,
            promise,
            number,
        });
    }
    Ok(())
}

/// As [`pegged`], only with promises later than this day: from rank to rank, each with a look at the index.
fn pegged_later(
    connection: &Connection,
    end: Entry,
    day: i64,
    wanted: usize,
    found: &mut Vec<Entry>,
) -> Result<(), Fault> {
    let batch = int(end.batch);
    let mut next_rank = connection.prepare_cached(NEXT_RANK)?;
    let mut statement = connection.prepare_cached(PEGGED_LATER)?;
    let (mut highest, mut rest) = (end.rank, wanted);
    while rest > 0 {
        let rank = next_rank.query_row([batch, highest], |row| row.get::<_, i64>(0));
        let Some(rank) = rank.optional()? else {
            break;
        };
        let (promise, number) = if rank == end.rank {
            (end.promise, int(end.number))
        } else {
            (i64::MAX, i64::MAX)
        };
        let limit = i64::try_from(rest).unwrap_or(i64::MAX);
        let mut rows = statement.query([batch, rank, day, promise, number, limit])?;
        while let Some(row) = rows.next()? {
            let (promise, number) = (row.get(0)?, rows::count(row, 1)?);
            found.push(Entry {
                batch: end.batch,
                rank,
                promise,
                number,
            });
            rest -= 1;
        }
        highest = rank - 1;
    }
    Ok(())
}
