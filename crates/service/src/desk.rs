//! The desk, a read model for those who look after promises: the lines that need a person, and figures for each
//! day.
//!
//! Unlike the order view it is not written in the commit of the change but afterwards, from the event log: an order
//! line that is accepted pays nothing for it. A [`projector`] reads each partition of the log from where the desk
//! stands and writes what the events mean for it. Rows and place change in one transaction, and only if the place is
//! still where the projector read it: after a crash, and with several replicas, no event counts twice and none is
//! missed. So the desk may lag, and [`Desk::lag`] says how far; what it shows is what was true at its place.
//!
//! [`line`] says what an event means for a line, [`days`] what for the figures, [`fold`] does both for a piece of the
//! log, [`tables`] is the port through which that is written.
//!
//! # The worklist
//!
//! A line is on it while it needs a person:
//!
//! - [`WorkKind::Waiting`]: it has no stock and waits in its product's queue.
//! - [`WorkKind::Late`]: it is allocated and its promise is later than the original one, or it had a promise and has
//!   none now.
//!
//! # The figures of a day
//!
//! A day is a civil day of the warehouse, and an event belongs to the day of its `time`. Units landed and units sold at
//! landing belong to the day of landing, as an event says it: a later count of a receipt corrects that day, and
//! goods that are said to be under way after all are taken out of it. Dwell and *sold when it landed* are those of
//! [`crate::report`].
//!
//! The zone is that of the service that began the desk, and is kept with it: figures of two zones would not add up.
//! `landfall views rebuild` begins anew, in the zone that is configured by then.

mod ages;
pub mod days;
mod figures;
pub mod fold;
mod groups;
pub mod line;
pub mod projector;
pub mod tables;
mod work;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use crate::views::{List, Page, ViewError};

pub use ages::{AGED_LINES, Age, Ages};
pub use figures::{DayFigures, Figures, MOST_DAYS, span};
pub use groups::{GROUPED_LINES, GroupBy, Groups, Source, WorkGroup, group, listed};
pub use work::{Cause, Total, Totals, WorkFilter, WorkItem, WorkKind, WorkSort, worst_first};

/// How far the desk is behind the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Lag {
    /// Events that it has not taken in yet.
    pub events: u64,
    /// When the oldest of these was written; null: there is none.
    pub oldest: Option<Timestamp>,
    /// The zone of its days, by its name; null: it was never begun.
    pub zone: Option<String>,
}

/// What a planner's desk shows. Every answer is of one moment, and of what the desk has taken in of the log by then.
#[async_trait]
pub trait Desk: Send + Sync + 'static {
    /// Lines of one kind.
    async fn worklist(
        &self,
        kind: WorkKind,
        filter: &WorkFilter,
        sort: WorkSort,
        page: &Page,
    ) -> Result<List<WorkItem>, ViewError>;

    /// Lines of one kind put together, at most so many groups.
    async fn groups(
        &self,
        kind: WorkKind,
        by: GroupBy,
        filter: &WorkFilter,
        limit: usize,
    ) -> Result<Groups, ViewError>;

    /// How many lines of a kind have been on the worklist for how long.
    async fn ages(&self, kind: WorkKind, now: Timestamp) -> Result<Ages, ViewError>;

    /// How much is on the worklist.
    async fn totals(&self) -> Result<Totals, ViewError>;

    /// The figures of these days, both included, the earliest first. A day on which nothing happened is left out, and
    /// of more than [`MOST_DAYS`] days all but the last.
    async fn days(&self, from: Date, to: Date) -> Result<Vec<DayFigures>, ViewError>;

    /// How far it is behind the log.
    async fn lag(&self) -> Result<Lag, ViewError>;
}
