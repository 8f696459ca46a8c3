//! The pages, asked for as browsers do, before an engine with its data in memory.

mod arrivals;
mod batches;
mod orders;
mod products;
mod search;
mod shipments;
mod support;
mod worklists;
