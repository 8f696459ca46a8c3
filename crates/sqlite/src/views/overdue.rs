//! Lines that should have left: those of the batches whose goods may leave, by the index of allocations.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use landfall_domain::{BatchRef, ShipmentRef, Sku};
use landfall_service::resources::{AllocationResource, LineResource};
use landfall_service::views::List;
use landfall_service::views::overdue::{
    OVERDUE_COUNTED, OverdueFilter, OverdueLine, OverduePlace, OverdueSort, OverdueTotal, page,
    rest,
};
use rusqlite::{Connection, params};

use crate::codes::{self, int};
use crate::error::Fault;
use crate::load;
use crate::names::Names;
use crate::rows::{self, RawLine};
use crate::unsettled::{self, Entry};

/// The batches whose goods may leave and of which lines have any.
pub(super) const BATCHES: &str = "SELECT b.number FROM batches b INDEXED BY batches_to_leave \
     CROSS JOIN batch_counts c ON c.number = b.number \
     WHERE b.eta IS NULL AND b.hold IS NULL AND b.shipment_hold IS NULL AND b.open > 0 AND c.allocated > 0 \
       AND (?1 IS NULL OR b.product = (SELECT number FROM products WHERE sku = ?1)) \
       AND (?2 IS NULL OR b.reference = ?2) AND (?3 IS NULL OR b.shipment = ?3)";
/// The next rank that a batch has lines of.
pub(super) const RANK: &str =
    "SELECT rank FROM allocations WHERE batch = ?1 AND rank > ?2 ORDER BY rank LIMIT 1";
/// The lines of a batch and rank after a promise and number, those promised before a day.
pub(super) const LINES: &str = "SELECT promise, number, quantity FROM allocations \
     WHERE batch = ?1 AND rank = ?2 AND (promise, number) > (?3, ?4) AND promise < ?5 \
     ORDER BY promise, number LIMIT ?6";

/// SQLite has one partition.
const PARTITION: u16 = 0;

/// The place of an entry that is overdue.
fn place(entry: &Entry) -> Result<OverduePlace, Fault> {
    Ok(OverduePlace {
        promise: codes::date_of(entry.promise)?,
        // Of a line of which a part has left it is 10 less.
        rank: entry.rank.rem_euclid(10),
        partition: PARTITION,
        number: entry.number,
    })
}

/// What is asked for: entries in the rest of a list.
struct Asked<'a> {
    sort: OverdueSort,
    after: Option<&'a OverduePlace>,
    /// At most so many of each batch and rank.
    limit: usize,
    today: i64,
}

impl Asked<'_> {
    /// After which promise and number the rest begins among the lines of a rank; `None`: it has none of them.
    fn rest(&self, rank: i64) -> Option<(i64, i64)> {
        let (day, number) = rest(self.after, self.sort, rank.rem_euclid(10), PARTITION)?;
        Some((day.map_or(i64::MIN, codes::day), int(number)))
    }

    /// Shows the entries of these batches with their units, until it is told that it is enough.
    fn each(
        &self,
        connection: &Connection,
        batches: &BTreeSet<u64>,
        mut show: impl FnMut(Entry, u64) -> bool,
    ) -> Result<(), Fault> {
        let mut young = Vec::new();
        unsettled::each_unsettled(
            connection,
            unsettled::settled(connection)?,
            |entry, units, _| {
                let rest = self.rest(entry.rank);
                let is_rest = rest.is_some_and(|rest| (entry.promise, int(entry.number)) > rest);
                if is_rest && entry.promise < self.today && batches.contains(&entry.batch) {
                    young.push((entry, units));
                }
            },
        )?;
        for (entry, units) in young {
            if !show(entry, units) {
                return Ok(());
            }
        }
        let most = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let mut ranks = connection.prepare_cached(RANK)?;
        let mut lines = connection.prepare_cached(LINES)?;
        for &batch in batches {
            let mut last = i64::MIN;
            while let Some(row) = ranks.query(params![int(batch), last])?.next()? {
                let rank = row.get(0)?;
                last = rank;
                let Some((promise, number)) = self.rest(rank) else {
                    continue;
                };
                let of = params![int(batch), rank, promise, number, self.today, most];
                let mut found = lines.query(of)?;
                while let Some(row) = found.next()? {
                    let entry = Entry {
                        batch,
                        rank,
                        promise: row.get(0)?,
                        number: rows::count(row, 1)?,
                    };
                    if !show(entry, rows::count(row, 2)?) {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

fn batches(connection: &Connection, filter: &OverdueFilter) -> Result<BTreeSet<u64>, Fault> {
    let mut statement = connection.prepare_cached(BATCHES)?;
    let mut found = statement.query(params![
        filter.sku.as_ref().map(Sku::as_str),
        filter.batch.as_ref().map(BatchRef::as_str),
        filter.shipment.as_ref().map(ShipmentRef::as_str),
    ])?;
    let mut batches = BTreeSet::new();
    while let Some(row) = found.next()? {
        batches.insert(rows::count(row, 0)?);
    }
    Ok(batches)
}

pub(super) fn overdue(
    connection: &Connection,
    filter: &OverdueFilter,
    sort: OverdueSort,
    after: Option<&OverduePlace>,
    limit: usize,
    today: Date,
) -> Result<List<OverdueLine>, Fault> {
    let batches = batches(connection, filter)?;
    overdue_of(connection, &batches, sort, after, limit, today)
}

/// A page of the lines of these batches.
fn overdue_of(
    connection: &Connection,
    batches: &BTreeSet<u64>,
    sort: OverdueSort,
    after: Option<&OverduePlace>,
    limit: usize,
    today: Date,
) -> Result<List<OverdueLine>, Fault> {
    let asked = Asked {
        sort,
        after,
        limit: limit.saturating_add(1),
        today: codes::day(today),
    };
    let mut entries = Vec::new();
    asked.each(connection, batches, |entry, _| {
        entries.push(entry);
        true
    })?;
    let found = entries.iter().map(place).collect::<Result<_, _>>()?;
    let List { items, next } = page(found, sort, limit);
    let mut names = Names::new(connection);
    let mut statement = connection.prepare_cached(&load::LINE_BY_NUMBER)?;
    let mut lines = Vec::with_capacity(items.len());
    for OverduePlace { number, .. } in items {
        let mut found = statement.query([int(number)])?;
        let row = found.next()?;
        let missing = || Fault::Corrupt(format!("there is no line {number}"));
        let line = names.line(RawLine::read(row.ok_or_else(missing)?)?)?;
        let (mut etas, mut here) = (BTreeMap::new(), Vec::new());
        for part in &line.allocations {
            let batch = names.batch(part.batch_number)?;
            etas.insert(part.batch_number, batch.eta);
            if batch.can_leave() {
                here.push(AllocationResource {
                    batch: part.batch.clone(),
                    quantity: part.quantity,
                    eta: None,
                });
            }
        }
        let eta = |number| etas.get(&number).copied().flatten();
        lines.push(OverdueLine {
            line: LineResource::new(&line, eta, today),
            here,
        });
    }
    Ok(List { items: lines, next })
}

pub(super) fn total(
    connection: &Connection,
    first: usize,
    today: Date,
) -> Result<OverdueTotal, Fault> {
    let sort = OverdueSort::Promise;
    let batches = batches(connection, &OverdueFilter::default())?;
    let first = overdue_of(connection, &batches, sort, None, first, today)?;
    let most = usize::try_from(OVERDUE_COUNTED).unwrap_or(usize::MAX);
    let asked = Asked {
        sort,
        after: None,
        limit: most.saturating_add(1),
        today: codes::day(today),
    };
    let (mut lines, mut units, mut capped) = (BTreeSet::new(), 0, false);
    asked.each(connection, &batches, |entry, of_line| {
        // A line that several batches serve is one.
        capped = lines.len() == most && !lines.contains(&entry.number);
        if !capped {
            lines.insert(entry.number);
            units += of_line;
        }
        !capped
    })?;
    Ok(OverdueTotal {
        first: first.items,
        lines: lines.len() as u64,
        units,
        capped,
        batches: batches.len() as u64,
    })
}
