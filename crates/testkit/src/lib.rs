//! What tests share: a clock that stands still, short ways to write commands, a running engine to give them
//! to, a store that fails on demand, [real servers](servers), and the [contract suite](contract) that every store
//! must pass.
//!
//! Only tests depend on this crate; it panics where a test would.

pub mod access;
pub mod clock;
pub mod commands;
pub mod contract;
pub mod database;
pub mod desk;
pub mod faulty;
pub mod harness;
pub mod history;
pub mod replay;
pub mod servers;
pub mod state;
pub mod stingy;
pub mod turns;

pub use clock::{FixedClock, today};
pub use database::{Database, Memory, MemoryOf};
pub use faulty::{Faults, Faulty};
pub use harness::Harness;
pub use stingy::ShortPages;

/// Runs a test's future to its end, on this thread.
pub fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(test),
        Err(error) => panic!("there is no runtime for the test: {error}"),
    }
}

/// Runs a future to its end on a thread of its own: for what is made within a test that runs already.
pub fn run_apart<F>(work: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let thread = std::thread::spawn(|| run(work));
    match thread.join() {
        Ok(output) => output,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
