//! What one source says: the configuration file, or the environment.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::{self, KEYS, PREFIX};
use super::meant;
use crate::outcome::CliError;

/// Values by the names of their keys. All of them are keys of ours, and may hold what they hold.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layer {
    values: BTreeMap<&'static str, toml::Value>,
    /// Keys of which a variable named a file that holds the value.
    from_files: BTreeSet<&'static str>,
}

impl Layer {
    /// Reads a configuration file. Its name is in every error.
    pub(super) fn from_file(path: &Path) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| CliError::usage(format!("cannot read {}: {error}", path.display())))?;
        Self::from_toml(&text)
            .map_err(|reason| CliError::usage(format!("{}: {reason}", path.display())))
    }

    fn from_toml(text: &str) -> Result<Self, String> {
        let mut layer = Self::default();
        let document = DeTable::parse(text)
            .map_err(|error| at(text, error.span(), &error.message().replace('\n', " ")))?;
        layer.add(text, "", document.get_ref())?;
        Ok(layer)
    }

    /// Adds what a table of the file says; `section` is the names of the tables around it, each with a dot.
    fn add(&mut self, text: &str, section: &str, table: &DeTable<'_>) -> Result<(), String> {
        for (name, value) in table {
            let full = format!("{section}{}", name.get_ref());
            let here = |reason: &str| at(text, Some(name.span()), reason);
            let Some(key) = keys::find(&full) else {
                let inside = format!("{full}.");
                match value.get_ref() {
                    DeValue::Table(table)
                        if KEYS.iter().any(|key| key.name.starts_with(&inside)) =>
                    {
                        self.add(text, &inside, table)?;
                        continue;
                    }
                    _ => return Err(here(&format!("unknown key {full}{}", meant::key(&full)))),
                }
            };
            let value = plain(value).map_err(|error| here(&format!("{full}: {error}")))?;
            key.kind
                .check(&value)
                .map_err(|reason| here(&format!("{full} {reason}")))?;
            self.values.insert(key.name, value);
        }
        Ok(())
    }

    /// Reads our variables, and which configuration file they name. A secret may be in a file of its own, which
    /// the variable with `_FILE` names. An empty one counts as absent; one that is nobody's is refused, because it
    /// is most likely one of ours with an error in its name.
    pub(super) fn from_variables(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(Self, Option<PathBuf>), CliError> {
        let mut layer = Self::default();
        let mut config = None;
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            if name == "LANDFALL_CONFIG" {
                config = Some(value.into());
                continue;
            }
            let text = value.to_string_lossy();
            let (key, text) = match (meant::by_variable(name), meant::by_file_variable(name)) {
                (Some(key), _) => (key, text.into_owned()),
                (None, Some(key)) => {
                    layer.from_files.insert(key.name);
                    (key, content(name, Path::new(&value))?)
                }
                (None, None) if meant::of_others(name, &text) => continue,
                (None, None) => {
                    let meant = meant::variable(name);
                    return Err(CliError::usage(format!("unknown variable {name}{meant}")));
                }
            };
            let value = key.kind.parse(&text);
            let value = value.map_err(|reason| CliError::usage(format!("{name} {reason}")))?;
            if layer.values.insert(key.name, value).is_some() {
                let variable = key.variable();
                return Err(CliError::usage(format!(
                    "{variable} and {variable}_FILE are both set"
                )));
            }
        }
        Ok((layer, config))
    }

    /// Whether a key's value was in a file of its own.
    pub(super) fn is_from_file(&self, name: &str) -> bool {
        self.from_files.contains(name)
    }

    /// The value of a key.
    pub(super) fn get(&self, name: &str) -> Option<&toml::Value> {
        debug_assert!(keys::find(name).is_some(), "{name} is no key");
        self.values.get(name)
    }

    /// The values of a section, by the names of their keys without the section's.
    pub(super) fn section<'a>(
        &'a self,
        section: &'a str,
    ) -> impl Iterator<Item = (&'static str, &'a toml::Value)> {
        self.values.iter().filter_map(move |(name, value)| {
            let inside = name.strip_prefix(section)?.strip_prefix('.')?;
            Some((inside, value))
        })
    }
}

/// A key's value of its kind, which has been checked already.
pub(super) fn typed<T: DeserializeOwned>(value: &toml::Value) -> Option<T> {
    value.clone().try_into().ok()
}

/// The value without the places where it stands.
fn plain(value: &Spanned<DeValue<'_>>) -> Result<toml::Value, String> {
    let value = toml::de::ValueDeserializer::from(value.clone());
    serde::Deserialize::deserialize(value)
        .map_err(|error: toml::de::Error| error.message().to_owned())
}

/// A reason with the line of the file where it stands.
fn at(text: &str, span: Option<std::ops::Range<usize>>, reason: &str) -> String {
    let line = span
        .and_then(|span| text.get(..span.start))
        .map(|before| before.matches('\n').count() + 1);
    line.map_or_else(
        || reason.to_owned(),
        |line| format!("line {line}: {reason}"),
    )
}

/// What a file holds that a variable names, without the line feed that editors put at its end.
fn content(variable: &str, path: &Path) -> Result<String, CliError> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| {
        CliError::usage(format!(
            "{variable}: cannot read {}: {error}",
            path.display()
        ))
    })?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
