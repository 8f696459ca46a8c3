//! The relay: whatever goes wrong, every event goes out, in order, at least once.

#![expect(
    clippy::unwrap_used,
    clippy::maybe_infinite_iter,
    clippy::manual_assert,
    clippy::needless_pass_by_value,
    clippy::new_ret_no_self,
    reason = "a test may panic, and is to be read"
)]

mod faults;
mod outside;
mod replay;
mod replicas;
mod rules;
