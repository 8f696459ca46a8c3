//! The API against a running engine on a database in memory.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in its helpers"
)]

mod book;
mod documents;
mod idempotency;
mod limits;
mod ndjson;
mod problems;
mod reads;
mod support;
mod writes;
