//! The store for several replicas: [`PgStore`] writes, [`PgViews`] reads, both on one PostgreSQL database.
//!
//! Read the files in `migrations/` first: they say what lies where, and why. Then `database` (how one is opened),
//! `store` (one unit of work), `load` and `write` (its two halves), and `views`. `relays` and `turns` are leases.

#![warn(clippy::future_not_send)]

mod access;
pub mod bare;
mod codes;
mod database;
mod desk;
mod error;
mod link;
mod load;
mod options;
mod rebuild;
mod relays;
mod rows;
mod schema;
mod store;
mod target;
mod tls;
mod trip;
mod turns;
mod views;
mod write;

#[cfg(test)]
mod lint_tests;
#[cfg(test)]
mod plans_tests;
#[cfg(test)]
mod trips_tests;

pub use access::PgKeys;
pub use database::PgDatabase;
pub use desk::PgDesk;
pub use error::OpenError;
pub use options::Options;
pub use rebuild::PgRebuild;
pub use relays::PgRelays;
pub use store::{CommitIds, PgStore};
pub use target::Target;
pub use turns::PgTurns;
pub use views::PgViews;
