//! Lines of the worklist that have something in common, put together.

use std::collections::BTreeMap;

use jiff::Timestamp;
use landfall_domain::{BatchRef, ShipmentRef, Sku};
use serde::Serialize;

use super::{Cause, WorkItem};

/// Lines that a question by groups looks at, at the most: those that are longest on the worklist.
pub const GROUPED_LINES: usize = 50_000;

/// By what lines of the worklist are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// By shipment, or batch where there is none, and cause.
    Source,
    /// By product.
    Sku,
}

/// Where the goods of a group of lines come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub enum Source {
    /// A shipment.
    Shipment(ShipmentRef),
    /// A batch that is on no shipment.
    Batch(BatchRef),
}

impl Source {
    /// Of a line.
    pub fn of(item: &WorkItem) -> Option<Self> {
        let shipment = item.shipment.clone().map(Self::Shipment);
        shipment.or_else(|| item.batch.clone().map(Self::Batch))
    }
}

/// Lines of the worklist that have something in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct WorkGroup {
    /// Of [`GroupBy::Source`]: the shipment or batch; none: lines that never had stock.
    pub source: Option<Source>,
    /// Of [`GroupBy::Source`]: the cause.
    pub cause: Option<Cause>,
    /// Of [`GroupBy::Sku`]: the product.
    pub sku: Option<Sku>,
    /// How many lines.
    pub lines: u64,
    /// Their units that have not left.
    pub units: u64,
    /// Since when the first of them is on the worklist.
    pub oldest: Timestamp,
    /// How late the latest is, of those that have a day; null: none has.
    pub worst_days: Option<u32>,
    /// How many of them have no promised day.
    pub without_day: u64,
}

/// Groups of lines, the one with most lines first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Groups {
    /// The groups.
    pub groups: Vec<WorkGroup>,
    /// How many groups are not listed, because there are too many.
    pub left_out: u64,
    /// How many lines were looked at.
    pub lines: u64,
    /// Whether there are more lines than were looked at ([`GROUPED_LINES`]).
    pub capped: bool,
}

/// Puts lines together: what a store does that has no better way. They come oldest first.
pub fn group<'a>(
    items: impl IntoIterator<Item = &'a WorkItem>,
    by: GroupBy,
    limit: usize,
) -> Groups {
    let mut groups = BTreeMap::new();
    let (mut lines, mut capped) = (0, false);
    for item in items {
        if lines == GROUPED_LINES as u64 {
            capped = true;
            break;
        }
        lines += 1;
        let key = match by {
            GroupBy::Source => (Source::of(item), Some(item.cause), None),
            GroupBy::Sku => (None, None, Some(item.sku.clone())),
        };
        let (source, cause, sku) = key.clone();
        let group = groups.entry(key).or_insert_with(|| WorkGroup {
            source,
            cause,
            sku,
            lines: 0,
            units: 0,
            oldest: item.since,
            worst_days: None,
            without_day: 0,
        });
        group.lines += 1;
        group.units = group.units.saturating_add(item.units);
        group.oldest = group.oldest.min(item.since);
        group.worst_days = group.worst_days.max(item.days_late);
        group.without_day += u64::from(item.days_late.is_none());
    }
    listed(groups.into_values().collect(), limit, lines, capped)
}

/// The groups in the order in which they are told, cut.
pub fn listed(mut groups: Vec<WorkGroup>, limit: usize, lines: u64, capped: bool) -> Groups {
    groups.sort_by(|a, b| {
        let name = |group: &WorkGroup| (group.source.clone(), group.cause, group.sku.clone());
        let most = b.lines.cmp(&a.lines);
        most.then_with(|| name(a).cmp(&name(b)))
    });
    let left_out = groups.len().saturating_sub(limit) as u64;
    groups.truncate(limit);
    Groups {
        groups,
        left_out,
        lines,
        capped,
    }
}
