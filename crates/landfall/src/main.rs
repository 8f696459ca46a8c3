//! Landfall allocates customers' orders to stock that may still be at sea, and promises dates it can keep.
//!
//! This is the binary. [`cli`] is what can be said to it, [`config`] what holds where nothing is said, and
//! [`bootstrap`] the one place that names adapters; each command has a file of its own.

mod allocate;
mod apply;
mod audit;
mod backup;
mod bench;
mod bootstrap;
mod cli;
mod clock;
mod config;
mod demo;
mod events;
mod exchange;
mod explain;
mod export;
mod feed;
mod import;
mod keys;
mod listen;
mod logging;
mod openapi;
mod outcome;
mod output;
mod remote;
mod report;
mod rows;
mod serve;
mod simulate;
mod terminal;
mod traces;
mod views;

use std::process::ExitCode;

/// Many small texts are made in one thread and dropped in another, which this allocator is good at. SQLite uses
/// it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run()
}
