//! Redis: events out to a channel and to a stream, commands in from both.
//!
//! [`PubSubPublisher`] and [`StreamPublisher`] are sinks of the relay. [`CommandReader`] and
//! [`QuantityListener`] are entrypoints: they run until they are told to stop. What stands in which key is
//! described in `docs/redis.md`.

mod backoff;
mod commands;
mod config;
mod entries;
mod lease;
mod link;
mod pubsub_publisher;
mod quantities;
mod stream_publisher;
mod url;

pub use commands::CommandReader;
pub use config::{BadConfig, Commands, Config, Events, Notices};
pub use pubsub_publisher::PubSubPublisher;
pub use quantities::{Ear, QuantityListener};
pub use stream_publisher::StreamPublisher;
pub use url::Url;
