//! The document's component schemas: made from the types that are read and written, so that there is one
//! source of truth.

use landfall_domain::{Event, commands};
use landfall_service::explanation::ExplanationResource;
use landfall_service::quote::QuoteResource;
use landfall_service::report::DwellReport;
use landfall_service::resources::{
    AvailabilityResource, BatchResource, LineResource, OrderResource, ProductResource,
    ShipmentResource,
};
use landfall_service::summary::Summary;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::problems::{Kind, TYPE_PREFIX};
use crate::{book, results};

const PREFIX: &str = "#/components/schemas/";

/// The names that are texts without control characters.
const NAMES: [&str; 8] = [
    "BatchRef",
    "Carriage",
    "HoldCode",
    "LineId",
    "Location",
    "OrderId",
    "ShipmentRef",
    "Sku",
];
/// A text without control characters.
const NO_CONTROL: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";

/// The schema of the name that this path, or its query, calls so.
pub(crate) fn of_parameter(path: &str, name: &str) -> Option<Value> {
    let target = match name {
        "reference" if path.starts_with("/v1/shipments") => "ShipmentRef",
        "shipment" => "ShipmentRef",
        "reference" | "batch" => "BatchRef",
        "id" | "orderid" => "OrderId",
        "line" => "LineId",
        "sku" => "Sku",
        "carrier" => "Carriage",
        _ => return None,
    };
    Some(reference(target))
}

/// The schema of a command's id.
pub(crate) fn command_id() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": NO_CONTROL})
}

/// All of them, by name.
pub(crate) fn schemas() -> Map<String, Value> {
    // OpenAPI 3.1 speaks this dialect of JSON Schema.
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut requests = settings.clone().for_deserialize().into_generator();
    requests.subschema_for::<commands::CreateBatch>();
    requests.subschema_for::<commands::ChangeBatchQuantity>();
    requests.subschema_for::<commands::ChangeBatchEta>();
    requests.subschema_for::<commands::HoldBatch>();
    requests.subschema_for::<commands::ReleaseBatch>();
    requests.subschema_for::<commands::ReceiveBatch>();
    requests.subschema_for::<commands::CancelBatch>();
    requests.subschema_for::<commands::CreateShipment>();
    requests.subschema_for::<commands::ChangeShipmentEta>();
    requests.subschema_for::<commands::HoldShipment>();
    requests.subschema_for::<commands::ReleaseShipment>();
    requests.subschema_for::<commands::ReceiveShipment>();
    requests.subschema_for::<commands::Allocate>();
    requests.subschema_for::<commands::PlaceOrder>();
    requests.subschema_for::<commands::ChangeLineQuantity>();
    requests.subschema_for::<commands::CancelLine>();
    requests.subschema_for::<commands::CancelOrder>();
    requests.subschema_for::<commands::Dispatch>();
    requests.subschema_for::<book::AddBatch>();
    requests.subschema_for::<book::AllocateLine>();
    let mut answers = settings.for_serialize().into_generator();
    answers.subschema_for::<BatchResource>();
    answers.subschema_for::<ShipmentResource>();
    answers.subschema_for::<OrderResource>();
    answers.subschema_for::<LineResource>();
    answers.subschema_for::<ProductResource>();
    answers.subschema_for::<AvailabilityResource>();
    answers.subschema_for::<Event>();
    answers.subschema_for::<book::Row>();
    answers.subschema_for::<book::Message>();
    answers.subschema_for::<Summary>();
    answers.subschema_for::<QuoteResource>();
    answers.subschema_for::<ExplanationResource>();
    answers.subschema_for::<DwellReport>();
    answers.subschema_for::<results::Status>();

    let mut all = taken(requests);
    // Where a type goes both ways the answer's form is the narrower one, and true of both.
    for (name, schema) in taken(answers) {
        all.entry(name).or_insert(schema);
    }
    for name in NAMES {
        // The length is the type's own; that control characters are refused, its schema cannot say.
        all[name]["pattern"] = json!(NO_CONTROL);
    }
    let optional = landfall_domain::Command::KINDS
        .into_iter()
        .chain(["NewLine"]);
    optional.for_each(|name| null_is_absent(&mut all[name]));
    // Its own form is the log's record, which is described below.
    all["HistoryStep"]["properties"]["event"] = reference("EventRecord");
    plain_words(&mut all);
    with_bodies(&mut all);
    with_envelopes(&mut all);
    all
}

/// What a command need not say may also be null, so that generated clients can send every field.
fn null_is_absent(schema: &mut Value) {
    let required = schema["required"].clone();
    let Some(Value::Object(properties)) = schema.get_mut("properties") else {
        return;
    };
    for (name, property) in properties {
        let must = required
            .as_array()
            .is_some_and(|all| all.iter().any(|field| field == name));
        let Value::Object(property) = property else {
            continue;
        };
        if must || property.contains_key("anyOf") {
            continue;
        }
        if let Some(target) = property.remove("$ref") {
            property.insert("anyOf".into(), json!([{"$ref": target}, {"type": "null"}]));
        } else if let Some(Value::String(kind)) = property.get("type").cloned() {
            property.insert("type".into(), json!([kind, "null"]));
        }
    }
}

/// Descriptions are the types' own documentation: a reader of the document has no use for its links.
fn plain_words(all: &mut Map<String, Value>) {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match field {
                        Value::String(text) if name == "description" => {
                            *text = text.replace("[`", "`").replace("`]", "`");
                        }
                        other => walk(other),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    all.values_mut().for_each(walk);
    all["DwellReport"]["description"] = json!(
        "How many days goods wait between their arrival and the day on which their customer would \
         like them, of units whose lines name such a day; and how much of what landed was sold by then."
    );
}

fn taken(mut generator: SchemaGenerator) -> Map<String, Value> {
    generator.take_definitions(true)
}

/// A command's fields without those that its route's path says: what the route's body needs.
fn with_bodies(all: &mut Map<String, Value>) {
    let (batch, line): (&[&str], &[&str]) = (&["reference"], &["order_id", "line_id"]);
    let from_path = [
        ("ChangeBatchQuantity", batch),
        ("ChangeBatchEta", batch),
        ("HoldBatch", batch),
        ("ReleaseBatch", batch),
        ("ReceiveBatch", batch),
        ("CancelBatch", batch),
        ("ChangeShipmentEta", batch),
        ("HoldShipment", batch),
        ("ReleaseShipment", batch),
        ("ReceiveShipment", batch),
        ("ChangeLineQuantity", line),
        ("CancelLine", line),
        ("CancelOrder", &["order_id"]),
        ("Dispatch", line),
        ("Dispatch", &["order_id"]),
    ];
    for (command, names) in from_path {
        let Some(Value::Object(mut schema)) = all.get(command).cloned() else {
            continue;
        };
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            for name in names {
                properties.remove(*name);
            }
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.retain(|field| field.as_str().is_none_or(|field| !names.contains(&field)));
        }
        schema.retain(|key, value| key != "required" || value != &json!([]));
        let of = if command == "Dispatch" && names.len() == 1 {
            "DispatchOrder"
        } else {
            command
        };
        all.insert(format!("{of}Body"), Value::Object(schema));
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("{PREFIX}{name}")})
}

fn list_of(name: &str) -> Value {
    json!({
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": reference(name)},
            "cursor": {
                "type": ["string", "null"],
                "description": "Where to go on; null at the end of the list.",
            },
        },
        "required": ["items", "cursor"],
    })
}

/// What is put around the types: lists, the log's records, results, problems.
fn with_envelopes(all: &mut Map<String, Value>) {
    let commands = landfall_domain::Command::KINDS.map(|kind| {
        json!({"allOf": [reference(kind), {
            "type": "object",
            "properties": {
                "type": {"type": "string", "const": kind},
                "id": {
                    "anyOf": [command_id(), {"type": "null"}],
                    "description": "The command's idempotency key.",
                },
            },
            "required": ["type"],
        }]})
    });
    let resource = [
        "BatchResource",
        "ShipmentResource",
        "OrderResource",
        "LineResource",
    ]
    .map(reference);
    let events = json!({"type": "array", "items": reference("EventRecord")});
    let envelopes = [
        ("BatchList", list_of("BatchResource")),
        ("ShipmentList", list_of("ShipmentResource")),
        ("OrderList", list_of("OrderResource")),
        ("ProductList", list_of("ProductResource")),
        ("LineList", list_of("LineResource")),
        ("Rows", json!({"type": "array", "items": reference("Row")})),
        ("AnyCommand", json!({"oneOf": commands})),
        ("Resource", json!({"anyOf": resource})),
        (
            "EventPage",
            json!({
                "type": "object",
                "properties": {
                    "events": events,
                    "cursor": {"type": "string", "description": "Where to go on, always."},
                },
                "required": ["events", "cursor"],
            }),
        ),
        ("EventRecord", event_record()),
        ("ResultLine", result_line(&events)),
        (
            "CommandAnswer",
            json!({"anyOf": [reference("Resource"), {
                "type": "object",
                "description": "Of a dry run.",
                "properties": {
                    "result": reference("ResultLine"),
                    "events": events,
                    "summary": reference("Summary"),
                },
                "required": ["result", "events", "summary"],
            }]}),
        ),
        (
            "Health",
            json!({
                "type": "object",
                "properties": {"status": {"type": "string", "enum": ["alive", "ready"]}},
                "required": ["status"],
            }),
        ),
        ("Problem", problem()),
    ];
    for (name, schema) in envelopes {
        all.insert(name.to_owned(), schema);
    }
}

fn event_record() -> Value {
    json!({"allOf": [reference("Event"), {
        "type": "object",
        "properties": {
            "partition": {"type": "integer", "minimum": 0},
            "offset": {
                "type": "integer", "minimum": 1,
                "description": "Its place in the partition: 1, 2, 3, … without gaps.",
            },
            "id": {"type": "string", "description": "Partition and offset."},
            "schema": {"type": "integer", "description": "The version of the schema of `data`."},
            "sku": {
                "type": ["string", "null"],
                "description": "The product that it is about; null where it is about an order or a \
                                shipment.",
            },
            "time": {"type": "string", "format": "date-time"},
            "command_id": {
                "type": "string",
                "description": "The command that caused it: its idempotency key, or one made from \
                                the id of its first event.",
            },
        },
        "required": ["partition", "offset", "id", "schema", "sku", "time", "command_id"],
    }]})
}

fn result_line(events: &Value) -> Value {
    json!({
        "type": "object",
        "description": "One command's end. The last line of a dry run has `summary` alone.",
        "properties": {
            "index": {"type": "integer", "minimum": 0, "description": "Of the command, from 0."},
            "type": {"type": ["string", "null"], "description": "Null where it could not be read."},
            "status": reference("ResultStatus"),
            "created": {"type": "boolean", "description": "Whether it made the resource."},
            "reply": reference("Resource"),
            "problem": reference("Problem"),
            "events": events,
            "summary": reference("Summary"),
        },
    })
}

fn problem() -> Value {
    let types = Kind::ALL.map(|kind| format!("{TYPE_PREFIX}{}", kind.slug()));
    let rows: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| {
            format!(
                "| `{}` | {} | {} |",
                kind.slug(),
                kind.status().as_u16(),
                kind.title()
            )
        })
        .collect();
    let description = format!(
        "An error (RFC 9457). `type` is `{TYPE_PREFIX}` and one of:\n\n| | status | |\n|---|---|---|\n{}",
        rows.join("\n")
    );
    let text = json!({"type": "string"});
    json!({
        "type": "object",
        "description": description,
        "properties": {
            "type": {"type": "string", "enum": types},
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "errors": {
                "type": "array",
                "description": "The fields that are wrong.",
                "items": {
                    "type": "object",
                    "properties": {"field": text, "message": text},
                    "required": ["field", "message"],
                },
            },
            "differences": {
                "type": "array",
                "description": "Of a conflict: in what it differs from what was accepted.",
                "items": {
                    "type": "object",
                    "properties": {"field": text, "accepted": text, "given": text},
                    "required": ["field", "accepted", "given"],
                },
            },
        },
        "required": ["type", "title", "status", "detail"],
    })
}
