//! What people are told, and when: events that are worth a mail, the words for them, and the digest.
//!
//! [`notice`] says which events are, [`text`] has the words, [`digest`] what is held back and for how long.
//! [`MailPublisher`] is the sink that the relay gives records to; it hands messages to [`Notifications`], which
//! an adapter fills.

pub mod config;
pub mod digest;
pub mod message;
pub mod notice;
pub mod publisher;
pub mod text;

pub use config::Config;
pub use message::{Address, Message, NotSent, Notifications};
pub use notice::{Kind, Notice};
pub use publisher::{MailPublisher, SINK};
