//! What goes into the bus and what comes out: requests, replies, failures.

use std::sync::Arc;

use landfall_domain::{Command, CommandId, Rejection};
use serde::{Deserialize, Serialize, Serializer};

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

/// A reply as its own route tells it: the resource, without its kind.
pub struct Bare<'a>(pub &'a Reply);

impl Serialize for Bare<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Reply::Batch(batch) => batch.serialize(serializer),
            Reply::Shipment(shipment) => shipment.serialize(serializer),
            Reply::Line(line) => line.serialize(serializer),
            Reply::Order(order) => order.serialize(serializer),
        }
    }
}

/// A command that was carried out, by whichever replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CarriedOut {
    /// By this one.
    Here(Done),
    /// By the one that writes for all.
    There(DoneThere),
}

impl CarriedOut {
    /// The resource as values. An error: what the other replica said cannot be read.
    pub fn done(self) -> Result<Done, Failure> {
        match self {
            Self::Here(done) => Ok(done),
            Self::There(there) => there.done(),
        }
    }
}

/// What another replica says of a command that it carried out. Most of it is told to the caller as it is, so it is read
/// only where somebody wants the values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneThere {
    /// Of what kind the resource is.
    pub(crate) kind: Kind,
    /// As [`Done::created`].
    pub created: bool,
    /// The JSON of the resource, as [`Bare`] has it.
    pub resource: Vec<u8>,
}

impl DoneThere {
    fn done(self) -> Result<Done, Failure> {
        let json = &self.resource;
        let reply = match self.kind {
            Kind::Batch => serde_json::from_slice(json).map(Reply::Batch),
            Kind::Shipment => serde_json::from_slice(json).map(Reply::Shipment),
            Kind::Line => serde_json::from_slice(json).map(Reply::Line),
            Kind::Order => serde_json::from_slice(json).map(Reply::Order),
        };
        let created = self.created;
        reply
            .map(|reply| Done { reply, created })
            .map_err(|error| Failure::Unavailable {
                reason: format!("what the replica that writes says cannot be read: {error}"),
                outcome_unknown: true,
            })
    }
}

/// The kinds of resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Batch,
    Shipment,
    Line,
    Order,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Line, Self::Order, Self::Batch, Self::Shipment];

    /// The kind of a reply.
    pub(crate) fn of(reply: &Reply) -> Self {
        match reply {
            Reply::Batch(_) => Self::Batch,
            Reply::Shipment(_) => Self::Shipment,
            Reply::Line(_) => Self::Line,
            Reply::Order(_) => Self::Order,
        }
    }

    /// The kind of this name.
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name().as_bytes() == name)
    }

    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Shipment => "shipment",
            Self::Line => "line",
            Self::Order => "order",
        }
    }
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
