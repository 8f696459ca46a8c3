//! The figures of a day.

use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

/// Days that one question about figures may span, at the most; of a longer span the last ones are told.
pub const MOST_DAYS: i32 = 3_660;

/// What happened on a day. All are counted as the events tell them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Figures {
    /// Lines that were accepted.
    pub accepted: u64,
    /// Lines that were allocated in the command that accepted them.
    pub filled_at_once: u64,
    /// Lines that got stock for the first time, or after they had waited; moves do not count.
    pub allocated: u64,
    /// Lines that began to wait.
    pub backordered: u64,
    /// Lines of which nothing more is wanted.
    pub cancelled: u64,
    /// Units that left.
    pub dispatched_units: u64,
    /// Lines whose last unit left.
    pub dispatched_lines: u64,
    /// Promises that became later or were withdrawn.
    pub promises_broken: u64,
    /// Promises that became earlier, or hold again.
    pub promises_improved: u64,
    /// Units of inbound batches that landed.
    pub landed_units: u64,
    /// Units of these that had a buyer by then.
    pub landed_sold: u64,
    /// Units that left and have a dwell.
    pub dwell_units: u64,
    /// Days that they waited, summed over units.
    pub dwell_unit_days: u64,
    /// Units that left for a requested day, and nobody knows when they had come.
    pub dwell_unknown: u64,
}

/// The figures of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct DayFigures {
    /// The day, in the zone of the desk.
    pub day: Date,
    /// What happened on it.
    #[serde(flatten)]
    pub figures: Figures,
}

impl Figures {
    /// How many there are.
    pub const COUNT: usize = 14;

    /// Their names, in the order in which they are declared: the columns of a store.
    pub const NAMES: [&'static str; Self::COUNT] = [
        "accepted",
        "filled_at_once",
        "allocated",
        "backordered",
        "cancelled",
        "dispatched_units",
        "dispatched_lines",
        "promises_broken",
        "promises_improved",
        "landed_units",
        "landed_sold",
        "dwell_units",
        "dwell_unit_days",
        "dwell_unknown",
    ];

    /// All of them, in the order in which they are declared: what a store keeps.
    pub fn to_array(self) -> [u64; Self::COUNT] {
        // Taken apart, so that none is forgotten.
        let Self {
            accepted,
            filled_at_once,
            allocated,
            backordered,
            cancelled,
            dispatched_units,
            dispatched_lines,
            promises_broken,
            promises_improved,
            landed_units,
            landed_sold,
            dwell_units,
            dwell_unit_days,
            dwell_unknown,
        } = self;
        [
            accepted,
            filled_at_once,
            allocated,
            backordered,
            cancelled,
            dispatched_units,
            dispatched_lines,
            promises_broken,
            promises_improved,
            landed_units,
            landed_sold,
            dwell_units,
            dwell_unit_days,
            dwell_unknown,
        ]
    }

    /// The same, back.
    pub fn from_array(values: [u64; Self::COUNT]) -> Self {
        let [
            accepted,
            filled_at_once,
            allocated,
            backordered,
            cancelled,
            dispatched_units,
            dispatched_lines,
            promises_broken,
            promises_improved,
            landed_units,
            landed_sold,
            dwell_units,
            dwell_unit_days,
            dwell_unknown,
        ] = values;
        Self {
            accepted,
            filled_at_once,
            allocated,
            backordered,
            cancelled,
            dispatched_units,
            dispatched_lines,
            promises_broken,
            promises_improved,
            landed_units,
            landed_sold,
            dwell_units,
            dwell_unit_days,
            dwell_unknown,
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let (mut sum, other) = (self.to_array(), other.to_array());
        for (sum, other) in sum.iter_mut().zip(other) {
            *sum = sum.saturating_add(other);
        }
        Self::from_array(sum)
    }
}

/// The days that a question about these is answered for; none: there are none.
pub fn span(from: Date, to: Date) -> Option<(Date, Date)> {
    let first = to.checked_sub((MOST_DAYS - 1).days()).unwrap_or(Date::MIN);
    (from <= to).then_some((from.max(first), to))
}
