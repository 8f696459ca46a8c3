//! `landfall config`: what holds, and who says so.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde_json::json;

use super::keys::{KEYS, Key, Kind, Secret};
use super::secrets::{MASK, masked_path, masked_url};
use super::{Origin, Settings};
use crate::outcome::{CliError, Outcome};

/// Print the configuration that holds, with secrets masked
///
/// What is printed can be saved as a configuration file, apart from the secrets. Flags of other commands come
/// before all of it. A configuration that is wrong is refused here as everywhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall config\n  \
    landfall config --keys\n  \
    landfall config --json")]
pub(crate) struct ConfigArgs {
    /// Print every key there is, with its variable, its default and what it is for
    #[arg(long)]
    keys: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints it.
pub(crate) fn run(args: &ConfigArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let text = match (args.keys, args.json) {
        (true, false) => table(),
        (true, true) => lines_of_json(&keys_json()),
        (false, true) => lines_of_json(&json(settings)),
        (false, false) => toml(settings),
    };
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| CliError::failed(format!("cannot print: {error}")))?;
    Ok(Outcome::Done)
}

fn lines_of_json(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

/// The value without what nobody may see.
fn masked(key: &Key, value: &toml::Value) -> toml::Value {
    match (key.secret, value) {
        (Secret::No, value) => mask_tables(value),
        (Secret::InUrl, toml::Value::String(url)) => masked_url(url).into(),
        (Secret::InUrl | Secret::Whole, _) => MASK.into(),
    }
}

/// In tables of their own, what is called a secret, a token or a password is one, and so are headers' values; of a
/// URL nobody can tell where in its path or query it holds one.
fn mask_tables(value: &toml::Value) -> toml::Value {
    match value {
        toml::Value::Array(items) => toml::Value::Array(items.iter().map(mask_tables).collect()),
        toml::Value::Table(table) => {
            let masked = table.iter().map(|(name, value)| {
                let secret = ["secret", "password", "headers", "token"]
                    .iter()
                    .any(|word| name.contains(word));
                let value = match value {
                    _ if secret => MASK.into(),
                    toml::Value::String(text) if text.contains("://") => masked_path(text).into(),
                    other => mask_tables(other),
                };
                (name.clone(), value)
            });
            toml::Value::Table(masked.collect())
        }
        other => other.clone(),
    }
}

fn origin(settings: &Settings, key: &Key, origin: Origin) -> String {
    match origin {
        Origin::Variable if settings.variables.is_from_file(key.name) => {
            format!("{}_FILE", key.variable())
        }
        Origin::Variable => key.variable(),
        Origin::File => settings.path.as_ref().map_or_else(
            || "configuration file".to_owned(),
            |path| path.display().to_string(),
        ),
        Origin::Default => "default".to_owned(),
    }
}

/// The configuration as a file: first the keys outside of sections.
fn toml(settings: &Settings) -> String {
    // Writing to a string cannot fail.
    let mut text = String::new();
    let mut section = "";
    // In a file, what stands below a section's name belongs to it.
    let place = |key: &&Key| (key.kind == Kind::Tables, key.name.contains('.'));
    let mut keys: Vec<&Key> = KEYS.iter().collect();
    keys.sort_by_key(place);
    for key in keys {
        let (value, from) = settings.value(key);
        let from = origin(settings, key, from);
        let (its_section, name) = key.name.rsplit_once('.').unwrap_or(("", key.name));
        // What is in tables of its own comes last, and belongs to no section.
        if its_section != section && key.kind != Kind::Tables {
            section = its_section;
            let _ = writeln!(text, "\n[{section}]");
        }
        match value.map(|value| masked(key, &value)) {
            None => drop(writeln!(text, "# {name} is not set")),
            Some(toml::Value::Array(tables)) if tables.iter().any(toml::Value::is_table) => {
                for table in tables {
                    let body = ::toml::to_string(&table).unwrap_or_default();
                    let _ = write!(text, "\n[[{}]]  # {from}\n{body}", key.name);
                }
            }
            Some(value) => drop(writeln!(text, "{name} = {value}  # {from}")),
        }
    }
    text
}

fn json(settings: &Settings) -> serde_json::Value {
    let keys = KEYS.iter().map(|key| {
        let (value, from) = settings.value(key);
        let value = value.map(|value| masked(key, &value));
        let entry = json!({"value": value, "origin": origin(settings, key, from)});
        (key.name.to_owned(), entry)
    });
    serde_json::Value::Object(keys.collect())
}

fn keys_json() -> serde_json::Value {
    KEYS.iter()
        .map(|key| {
            json!({
                "key": key.name,
                "variable": key.variable(),
                "default": (!key.default.is_empty()).then_some(key.default),
                "help": key.help,
            })
        })
        .collect()
}

/// The table of the docs, in Markdown.
pub(super) fn table() -> String {
    let mut text = "| key | variable | default | what it is for |\n|---|---|---|---|\n".to_owned();
    for key in KEYS {
        let default = match key.default {
            "" => String::new(),
            default => format!("`{default}`"),
        };
        let variable = match key.kind {
            Kind::Tables => String::new(),
            _ => format!("`{}`", key.variable()),
        };
        let row = format!(
            "| `{}` | {variable} | {default} | {} |\n",
            key.name, key.help
        );
        text.push_str(&row);
    }
    text
}
