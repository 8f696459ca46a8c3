//! Every key of the configuration: its name in the file, its variable, what it may hold and what it is for.
//!
//! The file, the environment, `landfall config` and the table in the docs all go by this one list, so a key
//! that is not in it is refused wherever it is given.

use super::database::Database;
use super::{LogFormat, Zone};

/// What the names of our variables begin with.
pub(super) const PREFIX: &str = "LANDFALL_";

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// Its name: in the file `section.key` is `key` in the table `[section]`.
    pub(crate) name: &'static str,
    /// What it may hold.
    pub(crate) kind: Kind,
    /// What of it nobody may see.
    pub(crate) secret: Secret,
    /// What holds where nobody says anything; empty: nothing.
    pub(crate) default: &'static str,
    /// What it is for.
    pub(crate) help: &'static str,
}

impl Key {
    /// The variable that sets it.
    pub(crate) fn variable(&self) -> String {
        let name = self.name.replace('.', "_").to_ascii_uppercase();
        format!("{PREFIX}{name}")
    }
}

/// What a key may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text, which whoever uses it looks at.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number, at least and at most.
    Number(i64, i64),
    /// Several texts: in a variable, with commas between them.
    List,
    /// A database.
    Database,
    /// A time zone.
    Zone,
    /// How the log is written.
    LogFormat,
    /// Tables of their own, in the file only: `[[name]]`.
    Tables,
}

/// What of a value nobody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secret {
    /// All may be seen.
    No,
    /// The password in a URL.
    InUrl,
    /// All of it.
    Whole,
}

impl Kind {
    /// The value of a variable.
    pub(super) fn parse(self, text: &str) -> Result<toml::Value, String> {
        let value = match self {
            Kind::Flag => toml::Value::Boolean(match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => true,
                "false" | "0" | "no" | "off" => false,
                _ => return Err("must be true or false".into()),
            }),
            Kind::Number(least, most) => match text.parse::<i64>() {
                Ok(number) => toml::Value::Integer(number),
                Err(_) => return Err(whole_number(least, most)),
            },
            Kind::List => {
                let items = text
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty());
                toml::Value::Array(items.map(|item| item.to_owned().into()).collect())
            }
            Kind::Tables => return Err("can only be set in the configuration file".into()),
            Kind::Text | Kind::Database | Kind::Zone | Kind::LogFormat => text.to_owned().into(),
        };
        self.check(&value)?;
        Ok(value)
    }

    /// Whether a value is one that the key may hold; the reason where not.
    pub(super) fn check(self, value: &toml::Value) -> Result<(), String> {
        let text = || value.as_str().ok_or_else(|| "must be text".to_owned());
        match self {
            Kind::Text => text().map(|_| ()),
            Kind::Flag => match value.as_bool() {
                Some(_) => Ok(()),
                None => Err("must be true or false".into()),
            },
            Kind::Number(least, most) => match value.as_integer() {
                Some(number) if (least..=most).contains(&number) => Ok(()),
                _ => Err(whole_number(least, most)),
            },
            Kind::List => match value.as_array() {
                Some(items) if items.iter().all(toml::Value::is_str) => Ok(()),
                _ => Err("must be a list of texts".into()),
            },
            Kind::Database => text()?.parse::<Database>().map(|_| ()),
            Kind::Zone => text()?.parse::<Zone>().map(|_| ()),
            Kind::LogFormat => text()?.parse::<LogFormat>().map(|_| ()),
            Kind::Tables => match value.as_array() {
                Some(items) if items.iter().all(toml::Value::is_table) => Ok(()),
                _ => Err("must be tables of their own, each under [[…]]".into()),
            },
        }
    }
}

fn whole_number(least: i64, most: i64) -> String {
    format!("must be a whole number from {least} to {most}")
}

/// The key of this name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

const fn key(name: &'static str, kind: Kind, default: &'static str, help: &'static str) -> Key {
    Key {
        name,
        kind,
        secret: Secret::No,
        default,
        help,
    }
}

const fn secret(mut key: Key, secret: Secret) -> Key {
    key.secret = secret;
    key
}

/// All of them, in the order in which they are shown.
pub(crate) const KEYS: &[Key] = &[
    secret(
        key(
            "database",
            Kind::Database,
            "sqlite:landfall.db",
            "The database: sqlite:PATH, postgres://… or memory:",
        ),
        Secret::InUrl,
    ),
    key(
        "listen",
        Kind::Text,
        "127.0.0.1:5005",
        "Where the service listens",
    ),
    key(
        "insecure_no_keys",
        Kind::Flag,
        "false",
        "Whether other machines may use a service that knows no keys",
    ),
    key("time_zone", Kind::Zone, "UTC", "The warehouse's time zone"),
    key(
        "handling_days",
        Kind::Number(0, 65_535),
        "0",
        "Days between the goods being there and the promised date",
    ),
    key(
        "remember_days",
        Kind::Number(7, 65_535),
        "7",
        "Days for which answers to commands with an idempotency key are remembered",
    ),
    key("log", Kind::Text, "", "What is logged: a level or a filter"),
    key(
        "log_format",
        Kind::LogFormat,
        "text",
        "How it is logged: text or json",
    ),
    key(
        "postgres.writers",
        Kind::Number(1, 64),
        "1",
        "Writers of this replica, each for its share of the partitions",
    ),
    key(
        "postgres.partitions",
        Kind::Number(1, 1_024),
        "16",
        "Partitions of a database that is made; one that is there keeps its own",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_a_value_that_its_key_may_hold() {
        for key in KEYS.iter().filter(|key| !key.default.is_empty()) {
            let parsed = key.kind.parse(key.default);
            assert!(parsed.is_ok(), "{}: {parsed:?}", key.name);
        }
    }

    #[test]
    fn no_name_and_no_variable_is_there_twice() {
        let mut names: Vec<_> = KEYS.iter().map(Key::variable).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
