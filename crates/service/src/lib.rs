//! The service layer: handlers, unit of work, message bus, the engine, and the ports that adapters fill.
//!
//! Follow one command: [`wire`] makes it from bytes, [`bus`] queues it, [`engine`] takes all that waits,
//! [`store`] loads what [`keys`] names, [`uow`] holds it in memory while the [`handlers`] work on it, one
//! commit writes everything, and only then is anybody answered, in the words of [`resources`]. [`views`] is
//! the read side: [`explanation`] says why a line has what it has, [`report`] sums up. [`audit`] proves that
//! tables, read models and log agree, [`rebuild`] makes the read models again from the log, [`memory`] is a
//! store for tests. [`desk`] is a read model that follows the log. [`access`] knows who may do what, [`intake`] counts
//! what comes in beside the API, [`hand_on`] lets one replica write for all.

pub mod access;
pub mod answer;
pub mod audit;
pub mod bus;
pub mod clock;
pub mod desk;
pub mod engine;
pub mod explanation;
pub mod hand_on;
pub mod handlers;
pub mod intake;
pub mod keys;
pub mod log;
pub mod memory;
pub mod notices;
mod queue;
pub mod quote;
pub mod rebuild;
pub mod relay;
pub mod report;
pub mod resources;
pub mod store;
pub mod summary;
pub mod uow;
pub mod views;
pub mod wire;

pub use answer::{Answer, CarriedOut, Done, Failure, Reply, Request};
pub use bus::Bus;
pub use clock::Clock;
pub use log::LogRecord;
