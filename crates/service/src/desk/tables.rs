//! The port through which the desk is written: what a step reads, and one commit for what it changes.

use async_trait::async_trait;
use jiff::civil::Date;
use landfall_domain::batch::Landing;
use landfall_domain::{BatchRef, LineKey, ShipmentRef};

use super::{Figures, Totals, WorkItem, WorkKind};
use crate::log::LogRecord;
use crate::views::ViewError;

/// Units of a line that a batch holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peg {
    /// The batch.
    pub batch: BatchRef,
    /// Units.
    pub units: u64,
}

/// A row of the worklist: what it shows, and what the next event needs to know beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkRow {
    /// What it shows.
    pub item: WorkItem,
    /// What the line is pegged to; empty while it waits. Mostly one batch, [`WorkItem::batch`], that holds all.
    pub pegs: Vec<Peg>,
}

/// What the desk knows of a batch: one without a shipment that has not landed has no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// The batch.
    pub batch: BatchRef,
    /// The shipment that carries it.
    pub shipment: Option<ShipmentRef>,
    /// How it landed, where it had been under way.
    pub landed: Option<Landing>,
}

/// Where the desk stands in a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The partition.
    pub partition: u16,
    /// Up to this offset everything is taken in.
    pub through: u64,
    /// The last offset of the log.
    pub end: u64,
    /// What of the worklist is of this partition.
    pub totals: Totals,
    /// The zone of the days, by its name.
    pub zone: String,
}

/// What a piece of a partition's log means for the desk. Rows are as they are from now on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// The partition.
    pub partition: u16,
    /// Where the desk stood when this was made of it.
    pub after: u64,
    /// Where it stands from now on.
    pub through: u64,
    /// Lines that are on the worklist.
    pub put: Vec<WorkRow>,
    /// Lines that are not on it any more.
    pub removed: Vec<LineKey>,
    /// Batches.
    pub batches: Vec<BatchRow>,
    /// Days.
    pub days: Vec<(Date, Figures)>,
    /// What of the worklist is of this partition.
    pub totals: Totals,
}

/// The tables of the desk. What is read between two steps is as the first of them left it, or the second is refused.
#[async_trait]
pub trait DeskTables: Send + Sync + 'static {
    /// Begins the desk where it was not begun yet: at the beginning of the log, with this zone.
    async fn enroll(&self, zone: &str) -> Result<(), ViewError>;

    /// Where it stands, by partition; nothing where it was not begun.
    async fn places(&self) -> Result<Vec<Place>, ViewError>;

    /// The log of a partition after an offset, at most so many events.
    async fn log(
        &self,
        partition: u16,
        after: u64,
        limit: usize,
    ) -> Result<Vec<LogRecord>, ViewError>;

    /// Those of these lines of a partition that are on the worklist.
    async fn rows(&self, partition: u16, lines: &[LineKey]) -> Result<Vec<WorkRow>, ViewError>;

    /// The events of these lines of a partition up to an offset, in the order of the log.
    async fn histories(
        &self,
        partition: u16,
        lines: &[LineKey],
        through: u64,
    ) -> Result<Vec<LogRecord>, ViewError>;

    /// Those of these batches of a partition that have a row.
    async fn batches(
        &self,
        partition: u16,
        batches: &[BatchRef],
    ) -> Result<Vec<BatchRow>, ViewError>;

    /// Those of these days of a partition on which anything happened.
    async fn figures(
        &self,
        partition: u16,
        days: &[Date],
    ) -> Result<Vec<(Date, Figures)>, ViewError>;

    /// Writes a step, in one commit. `false`: the desk stands elsewhere, and nothing was written.
    async fn advance(&self, step: &Step) -> Result<bool, ViewError>;

    /// Forgets everything, in one commit: the desk begins anew, with this zone.
    async fn clear(&self, zone: &str) -> Result<(), ViewError>;
}

impl WorkRow {
    /// What a line is pegged to, as text for a store; none: nothing, or all that is outstanding to the batch that the
    /// row shows. [`WorkRow::with_pegs`] reads it.
    pub fn pegs_text(&self) -> Option<String> {
        let plain = match (self.pegs.as_slice(), &self.item.batch) {
            ([], _) => true,
            ([peg], Some(batch)) => peg.batch == *batch && peg.units == self.item.units,
            _ => false,
        };
        let pegs = self.pegs.iter().map(|peg| (&peg.batch, peg.units));
        let pegs: Vec<(&BatchRef, u64)> = pegs.collect();
        // Names and numbers always have a form in JSON.
        (!plain)
            .then(|| serde_json::to_string(&pegs).ok())
            .flatten()
    }

    /// The row of this item with these pegs; `None`: they are none.
    pub fn with_pegs(item: WorkItem, text: Option<&str>) -> Option<Self> {
        let pegs = match (text, &item.batch) {
            (Some(text), _) => {
                let pegs: Vec<(BatchRef, u64)> = serde_json::from_str(text).ok()?;
                let peg = |(batch, units)| Peg { batch, units };
                pegs.into_iter().map(peg).collect()
            }
            (None, Some(batch)) if item.kind == WorkKind::Late => vec![Peg {
                batch: batch.clone(),
                units: item.units,
            }],
            (None, _) => Vec::new(),
        };
        Some(Self { item, pegs })
    }
}
