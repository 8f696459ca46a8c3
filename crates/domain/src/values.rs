//! Small values: quantities, priorities, policies, and the day on which a command is handled.

use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::batch::Supply;

/// The largest quantity of a command, in units of the SKU.
pub const MAX_QUANTITY: u64 = 1_000_000_000_000;

/// A whole number of units, 1 to 10^12.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(transparent, !try_from, !into))]
pub struct Quantity(
    #[cfg_attr(
        feature = "schemars",
        schemars(range(min = 1, max = 1_000_000_000_000_u64))
    )]
    u64,
);

/// A whole number of units, 0 to 10^12: what a batch's quantity may be changed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(transparent, !try_from, !into))]
pub struct Count(
    #[cfg_attr(feature = "schemars", schemars(range(max = 1_000_000_000_000_u64)))] u64,
);

/// Why a number cannot be a quantity or a priority.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadNumber {
    /// Out of a quantity's range.
    #[error("must be a whole number from {min} to 1,000,000,000,000")]
    Quantity {
        /// The least that is accepted here: 0 or 1.
        min: u8,
    },
    /// Out of a priority's range.
    #[error("must be a whole number from 0 to 9")]
    Priority,
}

impl Quantity {
    /// Checks the range.
    pub fn new(units: u64) -> Result<Self, BadNumber> {
        if (1..=MAX_QUANTITY).contains(&units) {
            Ok(Self(units))
        } else {
            Err(BadNumber::Quantity { min: 1 })
        }
    }

    /// The number of units.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl Count {
    /// Checks the range.
    pub fn new(units: u64) -> Result<Self, BadNumber> {
        if units <= MAX_QUANTITY {
            Ok(Self(units))
        } else {
            Err(BadNumber::Quantity { min: 0 })
        }
    }

    /// The number of units.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Quantity {
    type Error = BadNumber;
    fn try_from(units: u64) -> Result<Self, BadNumber> {
        Self::new(units)
    }
}

impl From<Quantity> for u64 {
    fn from(quantity: Quantity) -> u64 {
        quantity.0
    }
}

impl FromStr for Quantity {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        text.trim()
            .parse()
            .map_err(|_| BadNumber::Quantity { min: 1 })
            .and_then(Self::new)
    }
}

impl TryFrom<u64> for Count {
    type Error = BadNumber;
    fn try_from(units: u64) -> Result<Self, BadNumber> {
        Self::new(units)
    }
}

impl From<Count> for u64 {
    fn from(count: Count) -> u64 {
        count.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How important a line is: 0 to 9, higher first; 5 where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema), schemars(transparent, !try_from, !into))]
pub struct Priority(#[cfg_attr(feature = "schemars", schemars(range(max = 9)))] u8);

impl Priority {
    /// Checks the range.
    pub fn new(rank: u64) -> Result<Self, BadNumber> {
        u8::try_from(rank)
            .ok()
            .filter(|rank| *rank <= 9)
            .map(Self)
            .ok_or(BadNumber::Priority)
    }

    /// 0 to 9, higher first.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self(5)
    }
}

impl TryFrom<u64> for Priority {
    type Error = BadNumber;
    fn try_from(rank: u64) -> Result<Self, BadNumber> {
        Self::new(rank)
    }
}

impl From<Priority> for u64 {
    fn from(priority: Priority) -> u64 {
        priority.0.into()
    }
}

impl FromStr for Priority {
    type Err = BadNumber;
    fn from_str(text: &str) -> Result<Self, BadNumber> {
        text.trim()
            .parse()
            .map_err(|_| BadNumber::Priority)
            .and_then(Self::new)
    }
}

/// Which of the batches that can hold a line it prefers. See [`crate::policy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Policy {
    /// Warehouse stock first, then the earliest ETA, then the reference.
    #[default]
    Earliest,
    /// The latest supply that still meets the requested date; without such, as `earliest`.
    JustInTime,
}

/// What to do with a line that finds no stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum IfShort {
    /// Accept it and let it wait in its product's queue.
    #[default]
    Backorder,
    /// Refuse it; of an order, refuse all its lines.
    Reject,
}

/// When the lines of an order go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Deliver {
    /// Each line when it is ready.
    #[default]
    AsReady,
    /// All together, on the latest of the lines' dates.
    Together,
}

/// The day on which a command is handled, in the warehouse's time zone, and what a promise adds to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The civil date in the warehouse's time zone.
    pub today: Date,
    /// Days between the goods being there and the promised date.
    pub handling_days: u16,
}

impl Day {
    /// The date that can be promised for goods that can be counted on then; `None`: there is none.
    pub fn promise_of(&self, supply: Supply) -> Option<Date> {
        match supply {
            Supply::Now => Some(self.promise_for(None)),
            Supply::From(day) => Some(self.promise_for(Some(day))),
            Supply::Never => None,
        }
    }

    /// The date that can be promised for goods with this ETA (`None`: they are in the warehouse):
    /// the later of today and the ETA, plus the handling days. No promise is made for a past day.
    pub fn promise_for(&self, eta: Option<Date>) -> Date {
        let there = eta.map_or(self.today, |eta| eta.max(self.today));
        there.saturating_add(i64::from(self.handling_days).days())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn quantities_have_a_range() {
        assert!(Quantity::new(0).is_err());
        assert!(Quantity::new(MAX_QUANTITY).is_ok());
        assert!(Quantity::new(MAX_QUANTITY + 1).is_err());
        assert!(Count::new(0).is_ok());
        assert!("-3".parse::<Quantity>().is_err());
        assert!(Priority::new(9).is_ok());
        assert!(Priority::new(10).is_err());
    }

    #[test]
    fn no_promise_is_made_for_a_past_day() {
        let day = Day {
            today: date(2026, 5, 10),
            handling_days: 2,
        };
        assert_eq!(day.promise_for(None), date(2026, 5, 12));
        assert_eq!(day.promise_for(Some(date(2026, 5, 1))), date(2026, 5, 12));
        assert_eq!(day.promise_for(Some(date(2026, 6, 1))), date(2026, 6, 3));
        assert_eq!(day.promise_for(Some(Date::MAX)), Date::MAX);
    }
}
