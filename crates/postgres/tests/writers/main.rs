//! The write side: several writers on one database, what is tried again, and a database that goes away.

#![expect(
    clippy::unwrap_used,
    clippy::cloned_ref_to_slice_refs,
    reason = "a test may panic, and is to be read"
)]

mod ahead;
mod changes;
#[path = "../database/mod.rs"]
mod database;
mod known;
mod lost;
mod proxy;
mod retries;
mod several;
