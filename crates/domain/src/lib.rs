//! The model of Landfall: products, their batches, order lines, and the rules that peg one to the other.
//!
//! Read it in this order: [`ids`] and [`values`] (the words), [`hold`], [`batch`], [`shipment`], [`line`],
//! [`policy`] (which batch a line prefers), [`room`] (which lines free units could serve), [`shortage`] (who loses stock
//! when a batch shrinks), [`repeg`] (who is served from where, so that most promises are kept), [`product`] (the
//! aggregate that keeps the counts true),
//! [`explanation`] (why a batch was taken or not), then [`commands`], [`events`] and [`rejection`], which are what
//! the outside says and hears. There is no I/O here, no clock and no randomness: the day comes in as [`values::Day`].

pub mod batch;
pub mod commands;
pub mod events;
pub mod explanation;
pub mod hold;
pub mod ids;
pub mod line;
pub mod order;
pub mod policy;
pub mod product;
pub mod rejection;
pub mod repeg;
pub mod room;
pub mod shipment;
pub mod shortage;
pub mod values;
pub mod words;

pub use batch::{Batch, Supply};
pub use commands::Command;
pub use events::Event;
pub use hold::Hold;
pub use ids::{
    BatchRef, Carriage, CommandId, HoldCode, LineId, LineKey, Location, OrderId, ShipmentRef, Sku,
};
pub use line::{Allocation, OrderLine, Status, Terms};
pub use order::PlacedOrder;
pub use product::Product;
pub use rejection::Rejection;
pub use room::Room;
pub use shipment::Shipment;
pub use values::{Day, Deliver, IfShort, Policy, Priority, Quantity};
