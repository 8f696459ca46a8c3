//! The desk of the database in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use landfall_domain::{BatchRef, LineKey};

use super::Shared;
use super::tables::Tables;
use crate::desk::tables::{BatchRow, DeskTables, Place, Step, WorkRow};
use crate::desk::{
    Age, Ages, DayFigures, Desk, Figures, GroupBy, Groups, Lag, Total, Totals, WorkFilter,
    WorkItem, WorkKind, WorkSort, group, span,
};
use crate::log::LogRecord;
use crate::views::cursor::{self, WorkPlace};
use crate::views::{DeskShown, Inspect, List, Page, ViewError};

/// The tables, shared by all who ask for the desk of one database.
pub(super) type Rows = Arc<Mutex<DeskRows>>;

/// The tables of the desk.
#[derive(Debug, Clone, Default)]
pub(super) struct DeskRows {
    /// By partition; none where it was not begun.
    places: Vec<(u64, Totals)>,
    zone: String,
    lines: BTreeMap<LineKey, WorkRow>,
    batches: BTreeMap<BatchRef, BatchRow>,
    days: BTreeMap<(Date, u16), Figures>,
}

/// The desk of the database in memory.
#[derive(Debug, Clone)]
pub struct MemoryDesk {
    shared: Shared,
}

impl MemoryDesk {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    fn with<T>(&self, work: impl FnOnce(&mut DeskRows) -> T) -> T {
        // Each change is whole before anything could fail.
        work(
            &mut self
                .shared
                .desk
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn begin(&self, zone: &str) -> DeskRows {
        let partitions = self.shared.read(|tables| tables.partitions());
        DeskRows {
            places: vec![(0, Totals::default()); usize::from(partitions)],
            zone: zone.to_owned(),
            ..DeskRows::default()
        }
    }

    /// The last offset of each partition.
    fn ends(&self) -> Vec<u64> {
        self.shared.read(|tables| {
            let heads = tables.heads.iter();
            heads.map(|head| head.next_offset - 1).collect()
        })
    }
}

impl Shared {
    /// The desk as it is now.
    pub(super) fn desk_rows(&self) -> DeskRows {
        let rows = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        rows.clone()
    }
}

impl DeskRows {
    /// Shows an audit where the desk stands.
    pub(super) fn inspect_places(&self, tables: &Tables, inspect: &mut dyn Inspect) {
        for ((partition, (through, totals)), head) in (0..).zip(&self.places).zip(&tables.heads) {
            inspect.desk(DeskShown::Place(&Place {
                partition,
                through: *through,
                end: head.next_offset - 1,
                totals: *totals,
                zone: self.zone.clone(),
            }));
        }
    }

    /// Shows an audit what the desk holds.
    pub(super) fn inspect_rows(&self, inspect: &mut dyn Inspect) {
        for row in self.lines.values() {
            inspect.desk(DeskShown::Line(row));
        }
        for row in self.batches.values() {
            inspect.desk(DeskShown::Batch(row));
        }
        for ((day, partition), figures) in &self.days {
            inspect.desk(DeskShown::Day(*partition, *day, figures));
        }
    }

    /// The lines of a kind that are wanted, in the order of the list.
    fn sorted(
        &self,
        kind: WorkKind,
        filter: &WorkFilter,
        sort: WorkSort,
    ) -> BTreeMap<WorkPlace, &WorkItem> {
        let items = self.lines.values().map(|row| &row.item);
        let wanted = items.filter(|item| item.kind == kind && filter.wants(item));
        wanted
            .map(|item| (WorkPlace::of(item, sort), item))
            .collect()
    }
}

#[async_trait]
impl Desk for MemoryDesk {
    async fn worklist(
        &self,
        kind: WorkKind,
        filter: &WorkFilter,
        sort: WorkSort,
        page: &Page,
    ) -> Result<List<WorkItem>, ViewError> {
        let after = cursor::work(page, sort)?;
        Ok(self.with(|rows| {
            let items = rows.sorted(kind, filter, sort).into_iter();
            let items = items.filter(|(place, _)| after.as_ref().is_none_or(|after| place > after));
            let items = items.take(page.limit.saturating_add(1));
            let items = items.map(|(_, item)| item.clone()).collect();
            cursor::cut(items, page.limit, |item| {
                cursor::of_work(sort, &WorkPlace::of(item, sort))
            })
        }))
    }

    async fn groups(
        &self,
        kind: WorkKind,
        by: GroupBy,
        filter: &WorkFilter,
        limit: usize,
    ) -> Result<Groups, ViewError> {
        Ok(self.with(|rows| {
            let items = rows.sorted(kind, filter, WorkSort::Age);
            group(items.into_values(), by, limit)
        }))
    }

    async fn ages(&self, kind: WorkKind, now: Timestamp) -> Result<Ages, ViewError> {
        Ok(self.with(|rows| {
            let mut ages = Ages::default();
            let items = rows.lines.values().map(|row| &row.item);
            for item in items.filter(|item| item.kind == kind) {
                let band = &mut ages.bands[Age::of(item.since, now) as usize];
                let (lines, units) = (1, item.units);
                *band = band.plus(Total { lines, units });
            }
            ages
        }))
    }

    async fn totals(&self) -> Result<Totals, ViewError> {
        Ok(self.with(|rows| {
            let totals = rows.places.iter().map(|(_, totals)| *totals);
            totals.fold(Totals::default(), Totals::plus)
        }))
    }

    async fn days(&self, from: Date, to: Date) -> Result<Vec<DayFigures>, ViewError> {
        let Some((from, to)) = span(from, to) else {
            return Ok(Vec::new());
        };
        Ok(self.with(|rows| {
            let mut days = BTreeMap::<Date, Figures>::new();
            for ((day, _), figures) in rows.days.range((from, 0)..=(to, u16::MAX)) {
                let sum = days.entry(*day).or_default();
                *sum = sum.plus(*figures);
            }
            let days = days.into_iter();
            let days = days.filter(|(_, figures)| *figures != Figures::default());
            days.map(|(day, figures)| DayFigures { day, figures })
                .collect()
        }))
    }

    async fn lag(&self) -> Result<Lag, ViewError> {
        let places = self.places().await?;
        let mut lag = Lag {
            zone: places.first().map(|place| place.zone.clone()),
            ..Lag::default()
        };
        if places.is_empty() {
            lag.events = self.ends().into_iter().sum();
        }
        self.shared.read(|tables| {
            for place in &places {
                lag.events += place.end.saturating_sub(place.through);
                let events = &tables.events[usize::from(place.partition)];
                let through = usize::try_from(place.through).unwrap_or(usize::MAX);
                let next = events.get(through).map(|record| record.time);
                lag.oldest = lag.oldest.into_iter().chain(next).min();
            }
        });
        Ok(lag)
    }
}

#[async_trait]
impl DeskTables for MemoryDesk {
    async fn enroll(&self, zone: &str) -> Result<(), ViewError> {
        let begin = self.begin(zone);
        self.with(|rows| {
            if rows.places.is_empty() {
                *rows = begin;
            }
        });
        Ok(())
    }

    async fn places(&self) -> Result<Vec<Place>, ViewError> {
        // The log may go on meanwhile, and the desk not beyond its end.
        let (places, zone) = self.with(|rows| (rows.places.clone(), rows.zone.clone()));
        let places = (0..).zip(places).zip(self.ends());
        let place = |((partition, (through, totals)), end)| Place {
            partition,
            through,
            end,
            totals,
            zone: zone.clone(),
        };
        Ok(places.map(place).collect())
    }

    async fn log(
        &self,
        partition: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogRecord>, ViewError> {
        Ok(self.shared.read(|tables| {
            let records = tables.events.get(usize::from(partition));
            let after = usize::try_from(after).unwrap_or(usize::MAX);
            let records = records.into_iter().flatten().skip(after);
            records.take(limit).cloned().collect()
        }))
    }

    async fn rows(&self, _partition: u16, lines: &[LineKey]) -> Result<Vec<WorkRow>, ViewError> {
        Ok(self.with(|rows| {
            let found = lines.iter().filter_map(|key| rows.lines.get(key));
            found.cloned().collect()
        }))
    }

    async fn histories(
        &self,
        partition: u16,
        lines: &[LineKey],
        through: u64,
    ) -> Result<Vec<LogRecord>, ViewError> {
        let wanted: std::collections::BTreeSet<_> = lines
            .iter()
            .map(|key| (&key.order_id, &key.line_id))
            .collect();
        Ok(self.shared.read(|tables| {
            let records = tables.events.get(usize::from(partition));
            let through = usize::try_from(through).unwrap_or(usize::MAX);
            let records = records.into_iter().flatten().take(through);
            let of_lines = records.filter(|record| {
                let line = record.event.line();
                line.is_some_and(|line| wanted.contains(&line))
            });
            of_lines.cloned().collect()
        }))
    }

    async fn batches(
        &self,
        _partition: u16,
        batches: &[BatchRef],
    ) -> Result<Vec<BatchRow>, ViewError> {
        Ok(self.with(|rows| {
            let found = batches.iter().filter_map(|name| rows.batches.get(name));
            found.cloned().collect()
        }))
    }

    async fn figures(
        &self,
        partition: u16,
        days: &[Date],
    ) -> Result<Vec<(Date, Figures)>, ViewError> {
        Ok(self.with(|rows| {
            let figures = |day: &Date| Some((*day, *rows.days.get(&(*day, partition))?));
            days.iter().filter_map(figures).collect()
        }))
    }

    async fn advance(&self, step: &Step) -> Result<bool, ViewError> {
        Ok(self.with(|rows| {
            let place = rows.places.get_mut(usize::from(step.partition));
            let Some(place) = place.filter(|(through, _)| *through == step.after) else {
                return false;
            };
            *place = (step.through, step.totals);
            for key in &step.removed {
                rows.lines.remove(key);
            }
            for row in &step.put {
                rows.lines.insert(row.item.key(), row.clone());
            }
            for row in &step.batches {
                rows.batches.insert(row.batch.clone(), row.clone());
            }
            for (day, figures) in &step.days {
                rows.days.insert((*day, step.partition), *figures);
            }
            true
        }))
    }

    async fn clear(&self, zone: &str) -> Result<(), ViewError> {
        let begin = self.begin(zone);
        self.with(|rows| *rows = begin);
        Ok(())
    }
}
