//! Rebuilds, explanations and reports of databases that an engine has written, for every history.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod desk;
mod dwell;
mod explanation;
mod rebuild;
mod schemas;
mod under_way;

use landfall_service::memory::MemoryViews;
use landfall_testkit::history::Step;
use landfall_testkit::{Database, Memory, replay};
use proptest::prelude::ProptestConfig;

/// How histories are tried.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(test)
}

/// The read side of a database that has taken these steps.
async fn after(steps: &[Step]) -> MemoryViews {
    let harness = replay::start::<Memory>(1_000);
    replay::in_groups(&harness, steps, &[7]).await;
    harness.stop().store().views()
}
