//! From bytes to a command: the syntax, and the only place where it is checked.
//!
//! The fast way is taken first; only what fails is read again to find out which field was wrong.

use std::borrow::Cow;

use landfall_domain::{Command, CommandId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer::Request;

/// One field that is wrong, and how to put it right.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldError {
    /// The field's path: `lines[1].quantity`; empty: the whole.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// Bytes that are no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCommand {
    /// Its type, where that could be read.
    pub kind: Option<String>,
    /// What is wrong.
    pub errors: Vec<FieldError>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default)]
    id: Option<CommandId>,
}

/// Reads one command: a JSON object with `type`, its fields and perhaps `id`. Unknown fields are ignored.
pub fn parse(json: &[u8]) -> Result<Request, BadCommand> {
    let head: Head = read(json).map_err(|errors| BadCommand { kind: None, errors })?;
    let Some(kind) = head.kind else {
        return Err(BadCommand {
            kind: None,
            errors: vec![missing("type")],
        });
    };
    match command(&kind, json) {
        Ok(command) => Ok(Request {
            actor: None,
            let_in_by: None,
            id: head.id,
            command,
        }),
        Err(errors) => Err(BadCommand {
            kind: Some(kind.into_owned()),
            errors,
        }),
    }
}

/// Reads the fields of a command of this type. Others are ignored.
pub fn command(kind: &str, json: &[u8]) -> Result<Command, Vec<FieldError>> {
    match kind {
        "CreateBatch" => read(json).map(Command::CreateBatch),
        "ChangeBatchQuantity" => read(json).map(Command::ChangeBatchQuantity),
        "ChangeBatchEta" => read(json).map(Command::ChangeBatchEta),
        "HoldBatch" => read(json).map(Command::HoldBatch),
        "ReleaseBatch" => read(json).map(Command::ReleaseBatch),
        "ReceiveBatch" => read(json).map(Command::ReceiveBatch),
        "CancelBatch" => read(json).map(Command::CancelBatch),
        "CreateShipment" => read(json).map(Command::CreateShipment),
        "ChangeShipmentEta" => read(json).map(Command::ChangeShipmentEta),
        "HoldShipment" => read(json).map(Command::HoldShipment),
        "ReleaseShipment" => read(json).map(Command::ReleaseShipment),
        "ReceiveShipment" => read(json).map(Command::ReceiveShipment),
        "Allocate" => read(json).map(Command::Allocate),
        "PlaceOrder" => read(json).map(Command::PlaceOrder),
        "ChangeLineQuantity" => read(json).map(Command::ChangeLineQuantity),
        "CancelLine" => read(json).map(Command::CancelLine),
        "CancelOrder" => read(json).map(Command::CancelOrder),
        "Dispatch" => read(json).map(Command::Dispatch),
        _ => Err(vec![FieldError {
            field: "type".into(),
            message: format!("must be one of {}", Command::KINDS.join(", ")),
        }]),
    }
}

/// Reads the fields of one thing: an object. A list of its fields' values, which would also be taken, has
/// no names to be wrong about.
pub fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Vec<FieldError>> {
    if json.trim_ascii_start().starts_with(b"[") {
        return Err(vec![FieldError {
            field: String::new(),
            message: "must be an object, and is a list".into(),
        }]);
    }
    serde_json::from_slice(json).map_err(|error| vec![explain::<T>(json, &error)])
}

/// Reads the fields of one thing that borrows nothing.
pub fn read_owned<T: DeserializeOwned>(json: &[u8]) -> Result<T, Vec<FieldError>> {
    read(json)
}

/// A command's canonical JSON: the form in which repeats under one idempotency key are compared.
pub fn canonical(command: &Command) -> String {
    // A command has only text keys and finite numbers: it always has a JSON form.
    serde_json::to_string(command).unwrap_or_default()
}

fn missing(field: &str) -> FieldError {
    FieldError {
        field: field.into(),
        message: "is missing".into(),
    }
}

fn explain<'a, T: Deserialize<'a>>(json: &'a [u8], error: &serde_json::Error) -> FieldError {
    if error.is_syntax() || error.is_eof() {
        return FieldError {
            field: String::new(),
            message: format!("is not JSON: {error}"),
        };
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut deserializer) else {
        return FieldError {
            field: String::new(),
            message: error.to_string(),
        };
    };
    let path = match error.path().to_string() {
        path if path == "." => String::new(),
        path => path,
    };
    let message = error.inner().to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    if let Some(field) = message
        .strip_prefix("missing field `")
        .and_then(|m| m.strip_suffix('`'))
    {
        let field = if path.is_empty() {
            field.to_owned()
        } else {
            format!("{path}.{field}")
        };
        return missing(&field);
    }
    FieldError {
        field: path,
        message: plain(message),
    }
}

/// The deserialiser's words for a wrong value, without its own terms.
fn plain(message: &str) -> String {
    let wrong = ["invalid type: ", "invalid value: ", "unknown variant "];
    let rest = wrong
        .iter()
        .find_map(|prefix| message.strip_prefix(prefix))
        .and_then(|rest| rest.rsplit_once(", expected "));
    let Some((given, expected)) = rest else {
        return message.to_owned();
    };
    let expected = match expected {
        "u8" | "u16" | "u32" | "u64" => "a whole number",
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        other => other.strip_prefix("one of ").unwrap_or(other),
    };
    let given = match given {
        "sequence" => "a list",
        "map" => "an object",
        other => value(other),
    };
    format!("must be {expected}, and is {given}")
}

/// What was given, without the deserialiser's name for its type: `string "x"`, ``integer `5` ``.
fn value(given: &str) -> &str {
    let kinds = ["string ", "integer ", "floating point ", "boolean "];
    let rest = kinds.iter().find_map(|kind| given.strip_prefix(kind));
    rest.map_or(given, |rest| rest.trim_matches('`'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(json: &str) -> (String, String) {
        let error = parse(json.as_bytes()).unwrap_err().errors.remove(0);
        (error.field, error.message)
    }

    #[test]
    fn a_command_is_read_with_its_defaults() {
        let request = parse(
            br#"{"type":"Allocate","id":"k","order_id":"o","sku":"S","quantity":3,"priority":null,"new":1}"#,
        )
        .unwrap();
        assert_eq!(request.id.unwrap().as_str(), "k");
        let Command::Allocate(allocate) = request.command else {
            panic!("another type")
        };
        assert_eq!(allocate.quantity.get(), 3);
        assert_eq!(allocate.priority.get(), 5);
    }

    #[test]
    fn every_type_is_read() {
        for kind in Command::KINDS {
            let error = parse(format!(r#"{{"type":"{kind}"}}"#).as_bytes()).unwrap_err();
            assert_eq!(error.kind.as_deref(), Some(kind));
            assert_ne!(error.errors[0].field, "type", "{kind} is no type");
        }
        let (field, message) = wrong(r#"{"type":"CreateBatches"}"#);
        assert_eq!(field, "type");
        assert!(message.ends_with("CancelOrder, Dispatch"), "{message}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(
            wrong(r#"{"order_id":"o"}"#),
            ("type".into(), "is missing".into())
        );
        assert_eq!(
            wrong(r#"{"type":"Allocate","sku":"S","quantity":1}"#).0,
            "order_id"
        );
        assert_eq!(
            wrong(r#"{"type":"ChangeBatchEta","reference":"b"}"#).0,
            "eta"
        );
        let (field, message) =
            wrong(r#"{"type":"Allocate","order_id":"o","sku":"S","quantity":0}"#);
        assert_eq!(field, "quantity");
        assert!(message.contains("from 1 to"), "{message}");
        let order =
            r#"{"type":"PlaceOrder","order_id":"o","lines":[{"sku":"S","quantity":1},{"sku":""}]}"#;
        assert_eq!(wrong(order).0, "lines[1].sku");
        let (_, message) = wrong(r#"{"type":"Allocate","order_id":"o","sku":"S","quantity":1.5}"#);
        assert_eq!(message, "must be a whole number, and is 1.5");
        let (_, message) = wrong(r#"{"type":"Allocate","order_id":"o","sku":[],"quantity":1}"#);
        assert_eq!(
            message,
            "must be a text of 1 to 255 characters, and is a list"
        );
        let (_, message) =
            wrong(r#"{"type":"Allocate","order_id":"o","sku":"S","quantity":1,"if_short":"x"}"#);
        assert_eq!(message, "must be `backorder` or `reject`, and is `x`");
        let order = r#"{"type":"PlaceOrder","order_id":"o","lines":[{"sku":"S"}]}"#;
        assert_eq!(
            wrong(order),
            ("lines[0].quantity".into(), "is missing".into())
        );
        for eta in [
            r#""2026-02-30""#,
            r#""2026-02-03T10:00""#,
            r#""20260203""#,
            "7",
        ] {
            let change = format!(r#"{{"type":"ChangeBatchEta","reference":"b","eta":{eta}}}"#);
            assert_eq!(wrong(&change).0, "eta");
        }
        assert_eq!(wrong(r#"{"type":"Teleport"}"#).0, "type");
        assert_eq!(wrong("{").0, "");
        assert_eq!(
            wrong(r#" ["Allocate"]"#),
            (String::new(), "must be an object, and is a list".into())
        );
    }
}
