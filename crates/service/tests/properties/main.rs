//! What holds for every sequence of commands, on the database in memory.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod agreement;
mod grouping;
mod reference;
mod repeats;
mod universe;
mod world;
