//! Tests of the real binary, as those see it who start it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cli;
mod files;
mod import;
mod keys;
mod postgres;
mod service;
mod simulate;
mod support;
