//! What holds for every sequence of commands, on the database in memory.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod agreement;
mod grouping;
mod invariants;
mod optimum;
mod reference;
mod repeats;

use landfall_testkit::{Memory, ShortPages};
use proptest::prelude::ProptestConfig;

/// A database that shows all lines of a range at once.
type AtOnce = Memory;

/// A database that shows the lines of a range one by one.
type Singly = ShortPages<Memory, 1>;

/// A database that shows two lines of a range at a time.
type ByTwos = ShortPages<Memory, 2>;

/// How histories are tried: failing ones are made short, which takes its time.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 50_000,
        ..ProptestConfig::default()
    }
}
