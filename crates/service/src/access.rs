//! Who may come in, and what they may do: API keys, their roles, and the doorkeeper who asks for them.
//!
//! A key is made by [`issue`], kept by [`AccessKeys`] (never as itself: see [`secret`]), and asked for by the
//! [`Doorkeeper`], who looks at the database before each request, so that a key is in force, or no longer, from
//! the next request on.
//!
//! The API is shown the key itself; a browser shows a [`session`] that was opened with one.

mod doorkeeper;
mod keys;
mod local;
mod rates;
mod ring;
mod role;
pub mod secret;
pub mod session;
mod visitor;

pub use doorkeeper::{Doorkeeper, Keyless, Looking, Unseen};
pub use keys::{AccessError, AccessKey, AccessKeys, BadName, KeyName, Keys, Revocation};
pub use local::is_local;
pub use rates::Rates;
pub use ring::{Caller, KeyRing, Refusal};
pub use role::{Right, Role, right_to};
pub use secret::{Entropy, Issued, NoEntropy, issue};
pub use visitor::Visitor;
