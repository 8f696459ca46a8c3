//! What a piece of a partition's log means for the desk: the step that takes it in.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use landfall_domain::{BatchRef, Event, LineKey};

use super::days::{self, Landed};
use super::line::{self, LineState};
use super::tables::{BatchRow, DeskTables, Place, Step, WorkRow};
use super::{Figures, Total, Totals, WorkKind};
use crate::log::LogRecord;
use crate::views::ViewError;

/// Events of a step that may bring a line on the worklist, at the most.
const MOST_LISTED: usize = 500;

/// The step that takes in the next events of a partition, at most so many; `None`: there are none. A log with a gap is
/// refused.
pub async fn step(
    tables: &dyn DeskTables,
    place: &Place,
    zone: &TimeZone,
    limit: usize,
) -> Result<Option<Step>, ViewError> {
    let mut records = tables.log(place.partition, place.through, limit).await?;
    let mut offsets = (place.through + 1..).zip(&records);
    if let Some((missing, _)) = offsets.find(|(offset, record)| record.offset != *offset) {
        let partition = place.partition;
        return Err(ViewError::Corrupt(format!(
            "the log of partition {partition} has no event {missing}"
        )));
    }
    cut(&mut records);
    // What becomes of a line that lost its stock is the next event: it does not leave the worklist in between.
    if records.len() > 1
        && let Some(Event::Deallocated { .. }) = records.last().map(|last| &last.event)
    {
        records.pop();
    }
    let Some(through) = records.last().map(|last| last.offset) else {
        return Ok(None);
    };
    let mut fold = Fold {
        tables,
        place,
        listed: BTreeMap::new(),
        states: BTreeMap::new(),
        figures: BTreeMap::new(),
    };
    fold.load(&records).await?;
    for record in &records {
        fold.take_in(record, zone);
    }
    let (batches, landed) = fold.batches(&records).await?;
    let (put, removed) = fold.rows(&batches.0);
    let totals = fold.totals(&put, &removed);
    let days = fold.days(&landed).await?;
    Ok(Some(Step {
        partition: place.partition,
        after: place.through,
        through,
        put,
        removed,
        batches: batches.1,
        days,
        totals,
    }))
}

/// Leaves what comes after so many events that may bring a line on the worklist to the next step. Such a line costs
/// several entries of indexes, and on a database that one can write at a time whoever writes keeps the others from it.
fn cut(records: &mut Vec<LogRecord>) {
    let mut listing = 0;
    let end = records.iter().position(|record| {
        listing += usize::from(line::may_list(&record.event));
        listing > MOST_LISTED
    });
    records.truncate(end.unwrap_or(usize::MAX));
}

/// Batches by name, and those of them that are new or changed.
type Batches = (BTreeMap<BatchRef, BatchRow>, Vec<BatchRow>);

struct Fold<'a> {
    tables: &'a dyn DeskTables,
    place: &'a Place,
    /// The rows that the worklist has of the lines that the events are about.
    listed: BTreeMap<LineKey, WorkRow>,
    /// What is known of these lines.
    states: BTreeMap<LineKey, LineState>,
    /// What happened, by day.
    figures: BTreeMap<Date, Figures>,
}

/// The line that an event is about.
fn key(event: &Event) -> Option<LineKey> {
    let (order_id, line_id) = event.line()?;
    Some(LineKey {
        order_id: order_id.clone(),
        line_id: line_id.clone(),
    })
}

impl Fold<'_> {
    /// Finds out what is to be known of the lines before these events.
    async fn load(&mut self, records: &[LogRecord]) -> Result<(), ViewError> {
        let partition = self.place.partition;
        let (mut new, mut known, mut troubled) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        for record in records {
            let event = &record.event;
            let Some(key) = key(event) else { continue };
            if line::accepted(event).is_some() {
                new.insert(key);
            } else if !new.contains(&key) {
                if line::may_list(event) {
                    troubled.push(key.clone());
                }
                known.insert(key);
            }
        }
        let known: Vec<LineKey> = known.into_iter().collect();
        if known.is_empty() {
            return Ok(());
        }
        for row in self.tables.rows(partition, &known).await? {
            let key = row.item.key();
            self.states.insert(key.clone(), LineState::of_row(&row));
            self.listed.insert(key, row);
        }
        troubled.retain(|key| !self.listed.contains_key(key));
        troubled.sort_unstable();
        troubled.dedup();
        if troubled.is_empty() {
            return Ok(());
        }
        let through = self.place.through;
        for record in self.tables.histories(partition, &troubled, through).await? {
            if let Some(key) = key(&record.event) {
                let before = self.states.remove(&key);
                let after = line::apply(before, &record);
                self.states.extend(after.map(|state| (key, state)));
            }
        }
        Ok(())
    }

    fn take_in(&mut self, record: &LogRecord, zone: &TimeZone) {
        let key = key(&record.event);
        let before = key.as_ref().and_then(|key| self.states.remove(key));
        let standing = before.as_ref().map(|state| state.standing);
        let figures = days::count(&record.event, standing);
        if figures != Figures::default() {
            let day = days::day_of(record.time, zone);
            let sum = self.figures.entry(day).or_default();
            *sum = sum.plus(figures);
        }
        if let Some(key) = key {
            let after = line::apply(before, record);
            self.states.extend(after.map(|state| (key, state)));
        }
    }

    /// What is known of the batches of the events and of the worklist, and what landed.
    async fn batches(&self, records: &[LogRecord]) -> Result<(Batches, Vec<Landed>), ViewError> {
        let said = || records.iter().filter_map(|r| days::of_batch(&r.event));
        let listed = self.states.values().filter(|state| state.kind().is_some());
        let listed = listed.filter_map(LineState::batch);
        let named: BTreeSet<&BatchRef> = said().map(|(batch, _)| batch).chain(listed).collect();
        let named: Vec<BatchRef> = named.into_iter().cloned().collect();
        let mut rows = BTreeMap::new();
        if !named.is_empty() {
            let found = self.tables.batches(self.place.partition, &named).await?;
            rows.extend(found.into_iter().map(|row| (row.batch.clone(), row)));
        }
        let before = rows.clone();
        let mut landed = Vec::new();
        for (batch, said) in said() {
            let row = rows.entry(batch.clone()).or_insert_with(|| BatchRow {
                batch: batch.clone(),
                shipment: None,
                landed: None,
            });
            landed.extend(days::take_in(row, said));
        }
        let says = |row: &BatchRow| row.shipment.is_some() || row.landed.is_some();
        let changed = rows.values().filter(|row| match before.get(&row.batch) {
            Some(before) => before != *row,
            None => says(row),
        });
        let changed = changed.cloned().collect();
        Ok(((rows, changed), landed))
    }

    /// The rows that are new or other than before, and the lines that are on the worklist no more.
    fn rows(&self, batches: &BTreeMap<BatchRef, BatchRow>) -> (Vec<WorkRow>, Vec<LineKey>) {
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        let row = |key: &LineKey, state: &LineState| {
            let batch = state.batch().and_then(|batch| batches.get(batch));
            state.row(key, batch.and_then(|batch| batch.shipment.clone()))
        };
        for (key, state) in &self.states {
            let row = row(key, state);
            put.extend(row.filter(|row| self.listed.get(key) != Some(row)));
        }
        for key in self.listed.keys() {
            let state = self.states.get(key);
            if state.is_none_or(|state| state.kind().is_none()) {
                removed.push(key.clone());
            }
        }
        (put, removed)
    }

    /// How much is on the worklist then.
    fn totals(&self, put: &[WorkRow], removed: &[LineKey]) -> Totals {
        let mut totals = self.place.totals;
        let replaced = put.iter().map(|row| row.item.key());
        for key in replaced.chain(removed.iter().cloned()) {
            if let Some(row) = self.listed.get(&key) {
                let total = of_kind(&mut totals, row.item.kind);
                total.lines = total.lines.saturating_sub(1);
                total.units = total.units.saturating_sub(row.item.units);
            }
        }
        for row in put {
            let total = of_kind(&mut totals, row.item.kind);
            total.lines = total.lines.saturating_add(1);
            total.units = total.units.saturating_add(row.item.units);
        }
        totals
    }

    /// The figures of the days of which they change, as they are from now on.
    async fn days(&self, landed: &[Landed]) -> Result<Vec<(Date, Figures)>, ViewError> {
        let landings = landed.iter();
        let landings = landings.flat_map(|landed| [landed.before, landed.after]);
        let landings = landings.flatten().map(|landing| landing.on);
        let days: BTreeSet<Date> = self.figures.keys().copied().chain(landings).collect();
        if days.is_empty() {
            return Ok(Vec::new());
        }
        let days: Vec<Date> = days.into_iter().collect();
        let found = self.tables.figures(self.place.partition, &days).await?;
        let mut sums: BTreeMap<Date, Figures> = found.into_iter().collect();
        for (day, figures) in &self.figures {
            let sum = sums.entry(*day).or_default();
            *sum = sum.plus(*figures);
        }
        for Landed { before, after } in landed {
            // In their order: what one landing adds, the next one of the same batch takes out.
            if let Some(before) = before {
                days::land(sums.entry(before.on).or_default(), *before, false);
            }
            if let Some(after) = after {
                days::land(sums.entry(after.on).or_default(), *after, true);
            }
        }
        Ok(sums.into_iter().collect())
    }
}

fn of_kind(totals: &mut Totals, kind: WorkKind) -> &mut Total {
    match kind {
        WorkKind::Waiting => &mut totals.waiting,
        WorkKind::Late => &mut totals.late,
    }
}
