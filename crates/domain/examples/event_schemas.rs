//! Prints the JSON Schema of every event type as it is now: one object, `{type: {version, schema}}`.
//!
//! `cargo xtask schemas` runs it and keeps what it prints in `schemas/`. Each schema describes a whole record
//! of the log, as the HTTP routes give it: the envelope, and the event's data in it.

use landfall_domain::Event;
use landfall_domain::events::schema_of;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// A name without control characters; that it has none a length cannot say.
const NO_CONTROL: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";

/// The definitions that are texts.
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

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let root = generator.into_root_schema_for::<Event>();
    let definitions = root.get("$defs").cloned().unwrap_or_else(|| json!({}));
    let kinds = root.get("oneOf").and_then(Value::as_array);
    let mut all = Map::new();
    for kind in kinds.ok_or("the schema of all events is no choice of types")? {
        let name = kind["properties"]["type"]["const"].as_str();
        let name = name.ok_or("a type has no name")?;
        let version = schema_of(name);
        let schema = record(name, version, kind, &definitions);
        all.insert(name.into(), json!({"version": version, "schema": schema}));
    }
    println!("{}", serde_json::to_string_pretty(&all)?);
    Ok(())
}

/// The schema of a record with an event of this type.
fn record(name: &str, version: u16, kind: &Value, definitions: &Value) -> Value {
    let mut data = kind["properties"]["data"].clone();
    if let Some(data) = data.as_object_mut() {
        // Where a field is flattened it is that field's, not the event's.
        data.remove("description");
    }
    let mut used = Map::new();
    use_definitions(&data, definitions, &mut used);
    for name in NAMES {
        if let Some(definition) = used.get_mut(name) {
            definition["pattern"] = json!(NO_CONTROL);
        }
    }
    let name_or_null = json!({
        "type": ["string", "null"],
        "minLength": 1,
        "maxLength": 255,
        "pattern": NO_CONTROL,
        "description": "The product that it is about; null: it is an order's or a shipment's own.",
    });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("{name}, version {version}"),
        "description": kind["description"],
        "type": "object",
        "properties": {
            "partition": {
                "type": "integer", "minimum": 0, "maximum": 65_535,
                "description": "The partition of the log.",
            },
            "offset": {
                "type": "integer", "minimum": 1,
                "description": "Its place in the partition: 1, 2, 3, … without gaps.",
            },
            "id": {
                "type": "string", "pattern": "^[0-9]+-[0-9]+$",
                "description": "Partition and offset.",
            },
            "type": {"const": name},
            "schema": {"const": version, "description": "The version of this schema."},
            "sku": name_or_null,
            "time": {
                "type": "string", "format": "date-time",
                "description": "When it was written, in UTC.",
            },
            "command_id": {
                "type": "string", "minLength": 1,
                "description": "The command that caused it: the caller's idempotency key or, where there was \
                                none, ~ and the id of the command's first event.",
            },
            "data": data,
        },
        "required": [
            "partition", "offset", "id", "type", "schema", "sku", "time", "command_id", "data",
        ],
        "$defs": used,
    })
}

/// Collects the definitions that a schema refers to, and those that these refer to.
fn use_definitions(schema: &Value, definitions: &Value, used: &mut Map<String, Value>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get("$ref") {
                let name = target.trim_start_matches("#/$defs/");
                if !used.contains_key(name) {
                    used.insert(name.into(), definitions[name].clone());
                    use_definitions(&definitions[name], definitions, used);
                }
            }
            for value in fields.values() {
                use_definitions(value, definitions, used);
            }
        }
        Value::Array(items) => {
            for item in items {
                use_definitions(item, definitions, used);
            }
        }
        _ => {}
    }
}
