//! The API against a running engine on a database in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in its helpers"
)]

mod bad_input;
mod book;
mod busy;
mod changed_keys;
mod dispatch;
mod documents;
mod door;
mod dry_runs;
mod follow;
mod goods;
mod idempotency;
mod keys;
mod limits;
mod metrics;
mod ndjson;
mod problems;
mod questions;
mod reads;
mod replicas;
mod sinks;
mod smuggling;
mod sorts;
mod support;
mod tls;
mod writes;
