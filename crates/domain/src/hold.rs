//! A hold: something that keeps goods from being dispatched, and perhaps from being supply at all.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::HoldCode;

/// What keeps a batch, or all batches of a shipment, back. Held goods cannot be dispatched. Without an
/// expected clear date they are no supply; with one they are supply from that day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Hold {
    /// What kind of hold: `customs`, `paperwork`, `quality`, `damage`, …
    pub code: HoldCode,
    /// Anything else that people should know.
    #[serde(default)]
    pub note: Option<String>,
    /// The day on which it is expected to be cleared; null: nobody knows.
    #[serde(default)]
    pub expected_clear: Option<Date>,
}
