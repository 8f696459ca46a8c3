//! Events out to webhooks: each endpoint is a sink of its own, signed as Standard Webhooks are.
//!
//! [`Endpoint`] is what the configuration says, [`WebhookPublisher`] the sink that the relay gives records to.
//! It sends a record at a time ([`client`]), each as a CloudEvent with a [`signature`], and decides what the
//! answer means: out, refused for good, or asked again later. Where a name leads is looked up and checked
//! ([`addresses`]) for each connection, and the address that was checked is the one that is connected to.

mod addresses;
mod client;
mod connector;
mod endpoint;
mod publisher;
mod signature;
mod tls;

pub use endpoint::{Endpoint, EventFilter, Headers, Name, Secrets, Target};
pub use publisher::WebhookPublisher;
pub use signature::Secret;

/// What an endpoint cannot be made of.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The fields do not go together.
    #[error("webhook {name}: {message}")]
    Endpoint {
        /// The endpoint.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// There are no certificates to check others by.
    #[error("webhook {name}: {source}")]
    Certificates {
        /// The endpoint.
        name: String,
        /// Why.
        source: std::io::Error,
    },
}
