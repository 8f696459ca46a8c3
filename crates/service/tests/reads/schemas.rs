//! Every record of the log is valid by the published schema of its type and version, and so is every sample.

use std::fs;
use std::path::{Path, PathBuf};

use landfall_testkit::history::history;
use landfall_testkit::state::state;
use proptest::prelude::*;
use serde_json::Value;

use crate::{after, config, run};

fn root(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(folder)
}

/// The published schema of a record's type and version.
fn schema_of(record: &Value) -> Value {
    let (kind, version) = (record["type"].as_str().unwrap(), &record["schema"]);
    let path = root("schemas").join(format!("{kind}.v{version}.json"));
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// What is wrong with a value, by as much of JSON Schema as the schemas of events use. Stricter in one thing:
/// a field that the schema does not name is wrong, for a schema that forgets one tells nobody of it.
fn wrong(value: &Value, schema: &Value, root: &Value, at: &str) -> Vec<String> {
    let Some(fields) = schema.as_object() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (keyword, rule) in fields {
        let fits = |kind: &Value| match kind.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            other => panic!("{at}: no type {other}"),
        };
        let number = || (value.as_u64(), rule.as_u64().unwrap());
        let length = || {
            (
                value.as_str().map(|text| text.chars().count() as u64),
                rule.as_u64().unwrap(),
            )
        };
        let ok = match keyword.as_str() {
            "type" => rule
                .as_array()
                .map_or_else(|| fits(rule), |kinds| kinds.iter().any(fits)),
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => matches!(number(), (None, _)) || number().0 >= Some(number().1),
            "maximum" => matches!(number(), (None, _)) || number().0 <= Some(number().1),
            "minLength" => matches!(length(), (None, _)) || length().0 >= Some(length().1),
            "maxLength" => matches!(length(), (None, _)) || length().0 <= Some(length().1),
            "anyOf" | "oneOf" => {
                let valid = |schema: &&Value| wrong(value, schema, root, at).is_empty();
                let count = rule.as_array().unwrap().iter().filter(valid).count();
                count == 1 || (count > 1 && keyword == "anyOf")
            }
            "required" => {
                let there = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                rule.as_array().unwrap().iter().all(there)
            }
            "$ref" => {
                let target = rule.as_str().unwrap().trim_start_matches('#');
                let target = root
                    .pointer(target)
                    .unwrap_or_else(|| panic!("{at}: {rule}"));
                found.extend(wrong(value, target, root, at));
                true
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    found.extend(wrong(item, rule, root, &format!("{at}[]")));
                }
                true
            }
            "properties" => {
                for (name, field) in value.as_object().into_iter().flatten() {
                    match rule.get(name) {
                        Some(schema) => {
                            found.extend(wrong(field, schema, root, &format!("{at}.{name}")));
                        }
                        None => found.push(format!("{at}: no field {name} is published")),
                    }
                }
                true
            }
            "additionalProperties" => {
                for field in value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(_, field)| field)
                {
                    found.extend(wrong(field, rule, root, &format!("{at}.*")));
                }
                true
            }
            "$schema" | "$defs" | "title" | "description" | "default" | "format" | "pattern" => {
                true
            }
            other => panic!("{at}: what does {other} mean?"),
        };
        if !ok {
            found.push(format!("{at}: {value} breaks {keyword} {rule}"));
        }
    }
    found
}

fn wrong_with(record: &Value) -> Vec<String> {
    let schema = schema_of(record);
    wrong(record, &schema, &schema, record["type"].as_str().unwrap())
}

#[test]
fn every_sample_is_valid_and_a_damaged_one_is_not() {
    let mut count = 0;
    for entry in fs::read_dir(root("crates/domain/tests/events")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let mut record: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(wrong_with(&record), Vec::<String>::new(), "{path:?}");
        record["data"]["surprise"] = true.into();
        assert_eq!(wrong_with(&record).len(), 1);
        let first = record["data"]
            .as_object()
            .unwrap()
            .keys()
            .next()
            .unwrap()
            .clone();
        record["data"][&first] = serde_json::json!({"a": [1]});
        assert!(wrong_with(&record).len() > 1, "{path:?}");
        count += 1;
    }
    assert!(count >= 27, "{count}");
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_record_that_is_written_is_valid(steps in history(60)) {
        run(async {
            let views = after(&steps).await;
            for record in state(&views).await.events {
                let record = serde_json::to_value(&record).unwrap();
                prop_assert_eq!(wrong_with(&record), Vec::<String>::new());
            }
            Ok(())
        })?;
    }
}
