//! `cargo xtask schemas`: the JSON Schema of every event type, kept in `schemas/` beside the code.
//!
//! The schemas of today are made from the types themselves. Those of older versions cannot be made again: they
//! are what readers of old logs rely on, so a file is never written over with another shape.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{Outcome, bulleted, command};

/// What to do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask schemas              write what is new, and what has other descriptions
  cargo xtask schemas --check      only say what is not as it must be")]
pub(crate) struct Args {
    /// Write nothing; fail where a schema is not up to date.
    #[arg(long)]
    check: bool,
    /// Write schemas of another shape over those of the same version: only where that version was never
    /// released.
    #[arg(long, conflicts_with = "check")]
    reshape: bool,
}

/// The schema of an event type as the code has it.
#[derive(Deserialize)]
struct Current {
    version: u16,
    schema: Value,
}

/// How a schema stands to its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// There is no file.
    New,
    /// It is the file's.
    Same,
    /// Only titles and descriptions are others.
    OtherWords,
    /// Other events are valid.
    OtherShape,
}

/// Writes the schemas, or checks them.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let folder = folder();
    let mut wrong = Vec::new();
    let mut expected = BTreeSet::new();
    let mut written = 0;
    for (kind, current) in current()? {
        for version in 1..=current.version {
            let name = file_name(&kind, version);
            if version < current.version && !folder.join(&name).exists() {
                wrong.push(format!("{name} is missing, and cannot be made again"));
            }
            expected.insert(name);
        }
        let name = file_name(&kind, current.version);
        let path = folder.join(&name);
        let state = compare(read(&path)?.as_ref(), &current.schema);
        match state {
            State::Same => {}
            State::New | State::OtherWords if args.check => {
                wrong.push(format!("{name} is not up to date: run cargo xtask schemas"));
            }
            State::OtherShape if !args.reshape => wrong.push(format!(
                "{name} allows other events than version {} of the code: give {kind} a new version \
                 in landfall_domain::events::schema_of (or, where this one was never released, run \
                 cargo xtask schemas --reshape)",
                current.version
            )),
            State::New | State::OtherWords | State::OtherShape => {
                write(&path, &current.schema)?;
                written += 1;
            }
        }
    }
    for name in names(&folder)?.difference(&expected) {
        wrong.push(format!(
            "{name} is of no event type and version that there is"
        ));
    }
    if !wrong.is_empty() {
        return Err(format!("the schemas are wrong:{}", bulleted(&wrong)).into());
    }
    eprintln!(
        "schemas: {} of events, {written} written, the others up to date",
        expected.len()
    );
    Ok(())
}

/// Checks, and writes nothing.
pub(crate) fn check() -> Outcome<()> {
    run(&Args {
        check: true,
        reshape: false,
    })
}

/// What the code says today. The domain itself prints it, so that no crate need depend on another for it.
fn current() -> Outcome<Vec<(String, Current)>> {
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--quiet", "-p", "landfall-domain"]);
    cargo.args(["--features", "schemars", "--example", "event_schemas"]);
    let output = cargo
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `{}`: {error}", command::shown(&cargo)))?;
    if !output.status.success() {
        let shown = command::shown(&cargo);
        return Err(format!("`{shown}` ended with {}", output.status).into());
    }
    let all: Map<String, Value> = serde_json::from_slice(&output.stdout)?;
    all.into_iter()
        .map(|(kind, current)| Ok((kind, serde_json::from_value(current)?)))
        .collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

fn file_name(kind: &str, version: u16) -> String {
    format!("{kind}.v{version}.json")
}

/// The names of all files there.
fn names(folder: &Path) -> Outcome<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder)? {
        names.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

fn read(path: &Path) -> Outcome<Option<Value>> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path)?;
    let value = serde_json::from_str(&text)
        .map_err(|error| format!("{} is no JSON: {error}", path.display()))?;
    Ok(Some(value))
}

fn write(path: &Path, schema: &Value) -> Outcome<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut text = serde_json::to_string_pretty(schema)?;
    text.push('\n');
    Ok(fs::write(path, text)?)
}

fn compare(file: Option<&Value>, now: &Value) -> State {
    match file {
        None => State::New,
        Some(file) if file == now => State::Same,
        Some(file) if shape(file) == shape(now) => State::OtherWords,
        Some(_) => State::OtherShape,
    }
}

/// A schema without what it says to people. (A property may be called `title`: its value is no text.)
fn shape(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            let told = |(key, value): &(&String, &Value)| {
                !(matches!(key.as_str(), "title" | "description") && value.is_string())
            };
            let fields = fields.iter().filter(told);
            Value::Object(fields.map(|(k, v)| (k.clone(), shape(v))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(shape).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_may_change_and_the_shape_may_not() {
        let file =
            json!({"title": "A", "properties": {"title": {"type": "string", "description": "x"}}});
        let words = json!({"title": "B", "properties": {"title": {"type": "string"}}});
        let shape = json!({"title": "A", "properties": {"title": {"type": ["string", "null"]}}});
        let less = json!({"title": "A", "properties": {}});
        assert_eq!(compare(None, &file), State::New);
        assert_eq!(compare(Some(&file), &file), State::Same);
        assert_eq!(compare(Some(&file), &words), State::OtherWords);
        assert_eq!(compare(Some(&file), &shape), State::OtherShape);
        assert_eq!(compare(Some(&file), &less), State::OtherShape);
    }

    #[test]
    fn the_docs_name_every_type() -> Outcome<()> {
        let docs = fs::read_to_string(folder().join("../docs/events.md"))?;
        let names = names(&folder())?;
        assert!(!names.is_empty());
        for name in names {
            let kind = name.split('.').next().unwrap_or_default();
            assert!(docs.contains(&format!("| `{kind}` |")), "{kind}");
        }
        Ok(())
    }
}
