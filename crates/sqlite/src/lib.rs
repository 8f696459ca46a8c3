//! The embedded store: [`SqliteStore`] writes, [`SqliteViews`] reads, both on one SQLite file.
//!
//! Read [`mod@schema`] and the files in `migrations/` first: they say what lies where, and why. Then
//! `store` (one unit of work), `load` and `write` (its two halves), `unsettled` (the index of allocations
//! that lags behind), `relays` (how far events have gone out), `desk`, `chains` (how a product's events are found),
//! `order_view`, and `views`. [`backup`] copies a database while a service writes to it, and [`WriterLock`] keeps a
//! second writer away.

#![warn(clippy::future_not_send)]

mod access;
mod backup;
pub mod bare;
mod bulk;
mod chains;
mod codes;
mod connection;
mod desk;
mod error;
mod history;
mod kind;
mod load;
mod lock;
mod names;
mod options;
mod order_view;
mod private;
mod rebuild;
mod relays;
mod rows;
mod schema;
mod store;
mod unsettled;
mod views;
mod write;

#[cfg(test)]
extern crate self as landfall_sqlite;
#[cfg(test)]
#[path = "../tests/database/mod.rs"]
mod database;
#[cfg(test)]
#[path = "../tests/database/histories.rs"]
mod histories;
#[cfg(test)]
mod histories_tests;
#[cfg(test)]
mod migration_tests;
#[cfg(test)]
mod plans_tests;

pub use access::SqliteKeys;
pub use backup::backup;
pub use desk::SqliteDesk;
pub use error::{BackupError, OpenError};
pub use lock::WriterLock;
pub use options::Options;
pub use relays::SqliteRelays;
pub use store::SqliteStore;
pub use views::SqliteViews;
