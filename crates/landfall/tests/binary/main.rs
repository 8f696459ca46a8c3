//! Tests of the real binary, as those see it who start it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod browser;
mod cli;
mod client;
mod configuration;
mod dashboard;
mod desk;
mod files;
mod health;
mod import;
mod keys;
mod logs;
mod postgres;
mod service;
mod simulate;
mod support;
mod the_book;
mod traces;
