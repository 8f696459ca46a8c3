//! When the goods of a batch are promised.

use jiff::civil::Date;
use serde::Serialize;

/// Lines of a batch that [`Views::promises_of`](super::Views::promises_of) looks at, at the most.
pub const PROMISES_LOOKED_AT: u64 = 20_000;

/// When the goods of a batch are promised.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Promises {
    /// By day, the earliest first; those without one last.
    pub days: Vec<PromisesOfDay>,
    /// Whether there are more lines than were looked at ([`PROMISES_LOOKED_AT`]).
    pub capped: bool,
}

/// Lines that are promised for one day, and how much of a batch they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PromisesOfDay {
    /// The day; none: no day is promised.
    pub day: Option<Date>,
    /// Lines.
    pub lines: u64,
    /// Units of the batch.
    pub units: u64,
}
