//! Events out: from the log, by cursor, to whoever wants them, at least once and in order per product.

pub mod cloud_event;
pub mod publisher;
pub mod relays;

pub use cloud_event::CloudEvent;
pub use publisher::{Delivery, EventPublisher, Refused, Setback};
pub use relays::{
    Advance, Begin, DeadLetter, Lease, PartitionStanding, RelayError, Relays, Shares, Standing,
};
