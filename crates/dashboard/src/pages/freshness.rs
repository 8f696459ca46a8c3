//! The desk follows the log: how far it is behind, and how to see what one has just done oneself.

use std::time::Duration;

use jiff::Timestamp;
use landfall_service::desk::{Desk, Lag};
use landfall_service::views::ViewError;
use tokio::time::sleep;

use crate::format;

/// How often it is looked whether the desk has taken in what was done, and how long after each other.
const LOOKS: usize = 20;
const MOMENT: Duration = Duration::from_millis(50);

/// Gives the desk a moment to take in what somebody has just done here: they would not find it done otherwise.
pub(super) async fn take_in(desk: &dyn Desk) -> Result<(), ViewError> {
    for _ in 0..LOOKS {
        if desk.lag().await?.events == 0 {
            break;
        }
        sleep(MOMENT).await;
    }
    Ok(())
}

/// The worklist is behind where somebody could notice.
pub(super) fn behind(lag: &Lag, now: Timestamp) -> Option<String> {
    let oldest = lag.oldest?;
    let seconds = now.duration_since(oldest).as_secs();
    let age = match u64::try_from(seconds).ok()? {
        0..5 => return None,
        seconds @ 5..60 => format::count(seconds, "second", "seconds"),
        _ => format::since(oldest, now),
    };
    Some(format!(
        "The figures and the lists of late and waiting lines are {age} behind: {} are still to be taken in.",
        format::count(lag.events, "event", "events")
    ))
}
