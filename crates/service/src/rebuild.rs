//! Makes the read models again, from the event log alone.
//!
//! The fold is the audit's: what it says the read models ought to hold is what is written here. So a rebuild
//! is what mends a database whose audit finds its views unequal, and only them.

use jiff::tz::TimeZone;
use serde::Serialize;

use crate::audit::Replay;
use crate::desk::projector;
use crate::desk::tables::DeskTables;
use crate::views::{Page, Rebuild, ViewError, Views};

/// How many events are read at once.
const EVENTS_AT_ONCE: usize = 10_000;

/// What a rebuild wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RebuildReport {
    /// Events read.
    pub events: u64,
    /// Rows of the order view written: one for each line.
    pub order_lines: u64,
    /// Rows of the read model of what is available to promise: one for each product and day that has units.
    pub availability: u64,
}

/// Reads the log and writes both read models, in one commit. Nobody else writes meanwhile: what they
/// wrote after the log was read would be lost from the views. A log that makes no sense is refused, and
/// nothing is written: an audit says more of it.
pub async fn rebuild(
    views: &dyn Views,
    target: &mut dyn Rebuild,
) -> Result<RebuildReport, ViewError> {
    target.hold().await?;
    let (replay, events) = read_log(views).await?;
    if let Some(wrong) = replay.wrong() {
        return Err(ViewError::Corrupt(format!(
            "the log makes no sense: {wrong}"
        )));
    }
    let (mut order_lines, mut availability) = (0, 0);
    let mut lines = replay.order_lines().inspect(|_| order_lines += 1);
    let mut days = replay
        .availability()
        .into_iter()
        .inspect(|_| availability += 1);
    target.rebuild(&mut lines, &mut days).await?;
    drop((lines, days));
    Ok(RebuildReport {
        events,
        order_lines,
        availability,
    })
}

/// Makes the desk again, with the days of this zone, and says how many events it took in. Who keeps it up to date
/// meanwhile helps.
pub async fn desk(tables: &dyn DeskTables, zone: &TimeZone) -> Result<u64, ViewError> {
    tables.clear(&projector::zone_name(zone)).await?;
    projector::catch_up(tables, EVENTS_AT_ONCE).await
}

async fn read_log(views: &dyn Views) -> Result<(Replay, u64), ViewError> {
    let mut replay = Replay::default();
    let mut page = Page {
        after: None,
        limit: EVENTS_AT_ONCE,
    };
    let mut count = 0;
    loop {
        let read = views.events(&page).await?;
        if read.events.is_empty() {
            return Ok((replay, count));
        }
        for record in &read.events {
            replay.event(record);
        }
        count += read.events.len() as u64;
        page.after = Some(read.next);
    }
}
