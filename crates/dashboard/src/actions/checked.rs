//! What is wrong with a form that makes no command: all of it at once. A command is read up to the first thing that
//! is wrong with it, so each field is read alone here, and each entry of a field that has many.

use landfall_service::wire::{self, FieldError};
use serde_json::{Map, Value, json};

use super::Action;
use super::fields::{Field, Kind};
use super::shown::is_of;

/// What the command says of each of a form's fields that has a value, besides what the form itself knows: by field
/// and line.
pub(super) fn with_the_commands(
    action: &Action,
    object: &Map<String, Value>,
    mut errors: Vec<FieldError>,
) -> Vec<FieldError> {
    let mut sample: Map<_, _> = action.fields.iter().filter_map(stand_in).collect();
    sample.insert("type".into(), json!(action.command));
    for field in action.fields {
        match object.get(field.name) {
            None => {}
            Some(Value::Array(entries)) => {
                for (at, entry) in entries.iter().enumerate() {
                    let alone = Value::Array(vec![entry.clone()]);
                    let found = alone_wrong(&sample, field, alone).map(|error| FieldError {
                        field: error.field.replacen("[0]", &format!("[{at}]"), 1),
                        ..error
                    });
                    errors.extend(found);
                }
            }
            Some(Value::Object(entries)) => {
                for (name, entry) in entries {
                    let alone = Map::from_iter([(name.clone(), entry.clone())]);
                    let found = alone_wrong(&sample, field, Value::Object(alone));
                    errors.extend(found.map(|error| FieldError {
                        field: format!("{}.{name}", field.name),
                        ..error
                    }));
                }
            }
            Some(value) => errors.extend(alone_wrong(&sample, field, value.clone())),
        }
    }
    sort(action, &mut errors);
    errors
}

/// By field and line.
pub(super) fn sort(action: &Action, errors: &mut [FieldError]) {
    errors.sort_by_key(|error| {
        let fields = action.fields.iter();
        let mut fields = fields.map(|field| is_of(&error.field, field));
        (fields.position(|its| its), entry(&error.field))
    });
}

/// What is wrong with a field that has this value, where nothing is wrong with the others.
fn alone_wrong(sample: &Map<String, Value>, field: &Field, value: Value) -> Option<FieldError> {
    let mut object = sample.clone();
    object.insert(field.name.into(), value);
    let json = Value::Object(object).to_string();
    let errors = wire::parse(json.as_bytes()).err()?.errors;
    errors.into_iter().find(|error| is_of(&error.field, field))
}

/// Something that a field can say, where the command may not be without it.
fn stand_in(field: &Field) -> Option<(String, Value)> {
    let value = match field.kind {
        Kind::Text => json!("x"),
        Kind::Whole => json!(1),
        Kind::DayOrNone => Value::Null,
        Kind::Lines => json!([{"sku": "x", "quantity": 1}]),
        Kind::Day | Kind::Choice(_) | Kind::Flag | Kind::Names | Kind::Counts => return None,
    };
    Some((field.name.to_owned(), value))
}

/// Of `lines[1].quantity` the 1; what is no entry's comes last.
fn entry(path: &str) -> usize {
    let within = path.split_once('[').and_then(|(_, rest)| {
        let (at, _) = rest.split_once(']')?;
        at.parse().ok()
    });
    within.unwrap_or(usize::MAX)
}
