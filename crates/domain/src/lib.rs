//! The model of Landfall: products, their batches, order lines, and the rules that peg one to the other.
//!
//! Read it in this order: [`ids`] and [`values`] (the words), [`batch`], [`line`], [`policy`] (which batch
//! a line prefers), [`shortage`] (who loses stock when a batch shrinks), [`product`] (the aggregate that
//! keeps the counts true), then [`commands`], [`events`] and [`rejection`], which are what the outside says
//! and hears. There is no I/O here, no clock and no randomness: the day comes in as [`values::Day`].

pub mod batch;
pub mod commands;
pub mod events;
pub mod ids;
pub mod line;
pub mod order;
pub mod policy;
pub mod product;
pub mod rejection;
pub mod repeg;
pub mod shortage;
pub mod values;

pub use batch::Batch;
pub use commands::Command;
pub use events::Event;
pub use ids::{BatchRef, CommandId, LineId, LineKey, Location, OrderId, ShipmentRef, Sku};
pub use line::{Allocation, OrderLine, Status, Terms};
pub use order::PlacedOrder;
pub use product::Product;
pub use rejection::Rejection;
pub use values::{Day, Deliver, IfShort, Policy, Priority, Quantity};
