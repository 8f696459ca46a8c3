//! Why a command is refused. A refused command changes nothing.

use serde::{Deserialize, Serialize};

use crate::ids::{BatchRef, CommandId, LineKey, OrderId, ShipmentRef, Sku};
use crate::words::{count, number, units};

/// One field in which a repeated command differs from what was first accepted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field, as in the command.
    pub field: String,
    /// What was accepted.
    pub accepted: String,
    /// What is said now.
    pub given: String,
}

/// Why a command is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "rejection", rename_all = "snake_case")]
pub enum Rejection {
    /// A field makes no sense by itself.
    #[error("{field} {message}")]
    Invalid {
        /// The field, as in the command: `lines[1].line_id`.
        field: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// A field makes no sense beside what else is said or known.
    #[error("{field} {message}")]
    #[serde(alias = "unsupported")]
    Senseless {
        /// The field, as in the command: `eta`, `counts.b-1`.
        field: String,
        /// What is wrong and what would be right.
        message: String,
    },
    /// No batch of this SKU was ever created.
    #[error("there is no product with the SKU {sku}; its first batch creates it")]
    UnknownSku {
        /// The field, as in the command: `sku`, `lines[1].sku`.
        field: String,
        /// The SKU.
        sku: Sku,
    },
    /// No such shipment.
    #[error("there is no shipment {reference}")]
    UnknownShipment {
        /// The field that names it, where a command about something else does: `shipment` of a batch. None:
        /// the command is about the shipment itself.
        #[serde(default = "of_a_batch")]
        field: Option<String>,
        /// The shipment.
        reference: ShipmentRef,
    },
    /// No such batch.
    #[error("there is no batch {reference}")]
    UnknownBatch {
        /// The batch.
        reference: BatchRef,
    },
    /// No such order.
    #[error("there is no order {order_id}")]
    UnknownOrder {
        /// The order.
        order_id: OrderId,
    },
    /// No such line.
    #[error("there is no line {} in order {}", .line.line_id, .line.order_id)]
    UnknownLine {
        /// The line.
        #[serde(with = "line_key")]
        line: LineKey,
    },
    /// It was accepted before with other content.
    #[error("{what} exists with other content: {}", describe(.differences))]
    Conflict {
        /// The thing: `batch b-1`.
        what: String,
        /// In what it differs.
        differences: Vec<Difference>,
    },
    /// Nothing can hold it, and the caller did not want to wait.
    #[error("nothing can hold {} of {sku} for line {} of order {}", number(.quantity), .line.line_id, .line.order_id)]
    OutOfStock {
        /// The product.
        sku: Sku,
        /// The line.
        #[serde(with = "line_key")]
        line: LineKey,
        /// Units wanted.
        quantity: u64,
    },
    /// The line is cancelled, or dispatch is under way.
    #[error("line {} of order {} {state}", .line.line_id, .line.order_id)]
    NotAmendable {
        /// The line.
        #[serde(with = "line_key")]
        line: LineKey,
        /// Why not: `is cancelled`.
        state: String,
    },
    /// The goods are not there to leave: they are inbound, held, or there are none.
    #[error("line {} of order {} cannot leave: {state}", .line.line_id, .line.order_id)]
    NotInWarehouse {
        /// The line.
        #[serde(with = "line_key")]
        line: LineKey,
        /// Why not: `batch b-1 is expected on 2026-03-01`.
        state: String,
    },
    /// More is to leave than the line has.
    #[error(
        "{} of line {} of order {} cannot leave: {} allocated to it", units(*.quantity), .line.line_id, .line.order_id,
        count(*.allocated, "is", "are")
    )]
    BeyondAllocated {
        /// The line.
        #[serde(with = "line_key")]
        line: LineKey,
        /// Units that were to leave.
        quantity: u64,
        /// Units that the line has.
        allocated: u64,
    },
    /// A batch cannot have had less than what has left of it.
    #[error(
        "{} left batch {reference}; the quantity cannot be less",
        count(*.dispatched, "unit has", "units have")
    )]
    BelowDispatched {
        /// The batch.
        reference: BatchRef,
        /// Units that have left.
        dispatched: u64,
    },
    /// The idempotency key was used for another command.
    #[error(
        "the idempotency key {id} was used for another command; use a new key for a new command"
    )]
    IdReused {
        /// The key.
        id: CommandId,
    },
    /// What it sets off is more than one unit of work may do.
    #[error("the command sets off more than {limit} steps; divide it")]
    TooMuchWork {
        /// The bound.
        limit: usize,
    },
}

/// Answers that were remembered without the field were all about batches.
#[expect(clippy::unnecessary_wraps, reason = "it is the field's type")]
fn of_a_batch() -> Option<String> {
    Some("shipment".into())
}

fn describe(differences: &[Difference]) -> String {
    let each: Vec<String> = differences
        .iter()
        .map(|d| {
            let (accepted, given) = (said(&d.accepted), said(&d.given));
            format!("{} was {accepted} and is {given}", d.field)
        })
        .collect();
    each.join(", ")
}

/// A value in a sentence. In JSON one that is not there is `null`; a field that is named so is not told apart.
fn said(value: &str) -> &str {
    if value == "null" { "none" } else { value }
}

/// A line key in JSON: an object with both ids.
mod line_key {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::ids::{LineId, LineKey, OrderId};

    #[derive(Serialize, Deserialize)]
    struct Form {
        order_id: OrderId,
        line_id: LineId,
    }

    pub(super) fn serialize<S: Serializer>(
        key: &LineKey,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        Form {
            order_id: key.order_id.clone(),
            line_id: key.line_id.clone(),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<LineKey, D::Error> {
        Form::deserialize(deserializer).map(|form| LineKey {
            order_id: form.order_id,
            line_id: form.line_id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_none() {
        let difference = |field: &str, accepted: &str, given: &str| Difference {
            field: field.into(),
            accepted: accepted.into(),
            given: given.into(),
        };
        let conflict = Rejection::Conflict {
            what: "shipment s-1".into(),
            differences: vec![
                difference("eta", "2026-11-28", "2027-01-01"),
                difference("carrier", "Northing Line", "null"),
            ],
        };
        assert_eq!(
            conflict.to_string(),
            "shipment s-1 exists with other content: eta was 2026-11-28 and is 2027-01-01, carrier was Northing Line \
             and is none"
        );
    }

    #[test]
    fn one_unit_is_told_in_the_singular() {
        let below = |dispatched| {
            let reference = BatchRef::new("b-1").unwrap();
            Rejection::BelowDispatched {
                reference,
                dispatched,
            }
            .to_string()
        };
        let rest = "left batch b-1; the quantity cannot be less";
        assert_eq!(below(1), format!("1 unit has {rest}"));
        assert_eq!(below(2), format!("2 units have {rest}"));
    }

    /// Until shipments had commands of their own, only a batch could name one that is not there.
    #[test]
    fn an_old_answer_about_a_shipment_was_about_a_batch() {
        let old = r#"{"rejection":"unknown_shipment","reference":"s-1"}"#;
        let read: Rejection = serde_json::from_str(old).unwrap();
        let of_field = |field: Option<&str>| Rejection::UnknownShipment {
            field: field.map(Into::into),
            reference: ShipmentRef::new("s-1").unwrap(),
        };
        assert_eq!(read, of_field(Some("shipment")));
        for new in [of_field(None), of_field(Some("shipment"))] {
            let text = serde_json::to_string(&new).unwrap();
            assert_eq!(serde_json::from_str::<Rejection>(&text).unwrap(), new);
        }
    }
}
