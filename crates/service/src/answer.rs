//! What goes into the bus and what comes out: requests, replies, failures.

use std::sync::Arc;

use landfall_domain::{Command, CommandId, Rejection};
use serde::{Deserialize, Serialize};

use crate::resources::{BatchResource, LineResource, OrderResource, ShipmentResource};

/// Who asks: the name of the API key with which a command came.
pub type Actor = Arc<str>;

/// The id of the request of an entrypoint that commands came with: the log names it where it is about them.
pub type Origin = Arc<str>;

/// A command, the caller's idempotency key, where there is one, and who the caller is, where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The idempotency key.
    pub id: Option<CommandId>,
    /// Who asks; every event that the command writes says so. Idempotency keys are each actor's own.
    pub actor: Option<Actor>,
    /// The version of the API keys by which the caller was let in, where nobody has looked since the command came
    /// whether it is the present one: then the engine does, in the command's own unit of work.
    pub let_in_by: Option<u64>,
    /// What is asked for.
    pub command: Command,
}

impl From<Command> for Request {
    fn from(command: Command) -> Self {
        Self {
            id: None,
            actor: None,
            let_in_by: None,
            command,
        }
    }
}

/// The resource that a command made or changed, as it is after the command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Of the batch commands.
    Batch(BatchResource),
    /// Of the shipment commands.
    Shipment(ShipmentResource),
    /// Of the line commands.
    Line(LineResource),
    /// Of the order commands.
    Order(OrderResource),
}

/// A command that was carried out, durably.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// The resource.
    pub reply: Reply,
    /// Whether the command made the resource; `false` also where it was already so.
    pub created: bool,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The command is refused. It changed nothing.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Too many commands wait. Nothing was done; try again.
    #[error("too many commands are waiting")]
    Busy,
    /// The service is shutting down. Nothing was done; try again.
    #[error("the service is shutting down")]
    Stopping,
    /// The API keys are no longer those by which the caller was let in. Nothing was done; this is the command, for
    /// whoever finds that the caller may still give it.
    #[error("the API keys have changed")]
    KeysChanged(Box<Request>),
    /// The database cannot be written at present. Unless `outcome_unknown`, nothing was done; try again.
    #[error("the database cannot be written: {reason}")]
    Unavailable {
        /// The database's own words.
        reason: String,
        /// Whether the commit may have happened all the same.
        outcome_unknown: bool,
    },
    /// What the command needs is in the database, and cannot be read: somebody has to mend it. Nothing was done.
    #[error("the database is damaged: {reason}")]
    Damaged {
        /// What cannot be read.
        reason: String,
    },
    /// This command's data breaks the commit. It changed nothing, and trying again will not help.
    #[error("the database refuses what this command would write: {reason}")]
    Unstorable {
        /// The database's own words.
        reason: String,
    },
}

/// The end of a command.
pub type Answer = Result<Done, Failure>;
