//! The pages, asked for as browsers do, before an engine with its data in memory.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod addresses;
mod answers;
mod arrivals;
mod batches;
mod doubts;
mod focus;
mod forms;
mod looks;
mod names;
mod orders;
mod overdue;
mod pegged;
mod products;
mod receipts;
mod refusals;
mod search;
mod sessions;
mod shipments;
mod sorts;
mod support;
mod today;
mod worklists;
