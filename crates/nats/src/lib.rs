//! NATS JetStream: events out to a stream.
//!
//! [`JetStreamPublisher`] is a sink of the relay. Which subject an event has is described in `docs/nats.md`.

mod config;
mod publisher;
mod subject;
mod url;

pub use config::{BadConfig, Config};
pub use publisher::JetStreamPublisher;
pub use subject::subject;
pub use url::Urls;
