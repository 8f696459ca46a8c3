//! Configuration: flags over `LANDFALL_*` variables over `landfall.toml`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use landfall_domain::commands::parse_day;
use landfall_service::clock::Calendar;
use serde::{Deserialize, Deserializer};

use crate::clock;
use crate::outcome::CliError;

/// The file that is read where no other is named, if it is there.
const FILE: &str = "landfall.toml";
/// What the names of our variables begin with.
const PREFIX: &str = "LANDFALL_";

/// Where the database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    /// A file.
    Sqlite(PathBuf),
    /// Nowhere: it is gone when the process ends.
    Memory,
}

impl Default for Database {
    fn default() -> Self {
        Self::Sqlite("landfall.db".into())
    }
}

impl FromStr for Database {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "memory:" {
            return Ok(Self::Memory);
        }
        if let Some(path) = text.strip_prefix("sqlite:") {
            // As in a URL: `sqlite:///data/x.db` is /data/x.db.
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err("sqlite: needs a path, as in sqlite:landfall.db".into());
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres:") || text.starts_with("postgresql:") {
            return Err("this build has no PostgreSQL store; use sqlite:PATH".into());
        }
        Err("must be sqlite:PATH or memory:".into())
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Memory => f.write_str("memory:"),
        }
    }
}

/// A time zone by its name, `Europe/London`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone(TimeZone);

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        TimeZone::get(name)
            .map(Self)
            .map_err(|_| "is not a time zone such as Europe/London or UTC".into())
    }
}

/// A day, `2026-12-31`, and nothing else that could be read as one.
pub(crate) fn parse_date(text: &str) -> Result<Date, String> {
    parse_day(text).map_err(|_| "is not a date such as 2026-12-31".to_owned())
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Common {
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help = "The configuration file [default: landfall.toml, if it is there] [env: LANDFALL_CONFIG]"
    )]
    pub(crate) config: Option<PathBuf>,
    #[arg(
        long,
        value_name = "FILTER",
        global = true,
        help = "What is logged: error, warn, info, debug, trace, or a filter such as \
                info,landfall_http=debug [default: info for services, else warn] [env: LANDFALL_LOG]"
    )]
    pub(crate) log: Option<String>,
    #[arg(
        long,
        value_name = "FORMAT",
        global = true,
        help = "How it is logged [default: text] [env: LANDFALL_LOG_FORMAT]"
    )]
    pub(crate) log_format: Option<LogFormat>,
}

/// Which database.
#[derive(Debug, clap::Args)]
pub(crate) struct DatabaseArgs {
    #[arg(
        long,
        value_name = "DATABASE",
        help = "The database: sqlite:PATH, or memory: where that makes sense \
                [default: sqlite:landfall.db] [env: LANDFALL_DATABASE]"
    )]
    pub(crate) database: Option<Database>,
}

/// Which day it is, and what a promise adds to it.
#[derive(Debug, clap::Args)]
pub(crate) struct CalendarArgs {
    #[arg(
        long,
        value_name = "YYYY-MM-DD",
        value_parser = parse_date,
        help = "The day that it is in the warehouse [default: the system's]"
    )]
    pub(crate) today: Option<Date>,
    #[arg(
        long,
        value_name = "ZONE",
        help = "The warehouse's time zone; promises are days there [default: UTC] \
                [env: LANDFALL_TIME_ZONE]"
    )]
    pub(crate) time_zone: Option<Zone>,
    #[arg(
        long,
        value_name = "DAYS",
        help = "Days between the goods being there and the promised date [default: 0] \
                [env: LANDFALL_HANDLING_DAYS]"
    )]
    pub(crate) handling_days: Option<u16>,
}

impl CalendarArgs {
    /// The first of these flags that was given.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let flags = [
            (self.today.is_some(), "--today"),
            (self.time_zone.is_some(), "--time-zone"),
            (self.handling_days.is_some(), "--handling-days"),
        ];
        flags.iter().find(|flag| flag.0).map(|flag| flag.1)
    }
}

/// What the environment or the file says; each key may be absent.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Layer {
    #[serde(deserialize_with = "from_text")]
    database: Option<Database>,
    listen: Option<String>,
    insecure_no_keys: Option<bool>,
    #[serde(deserialize_with = "from_text")]
    time_zone: Option<Zone>,
    handling_days: Option<u16>,
    remember_days: Option<u16>,
    log: Option<String>,
    log_format: Option<LogFormat>,
}

/// Reads what has a text form.
fn from_text<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err = String>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

impl Layer {
    /// Reads a configuration file. Its name is in every error.
    fn from_file(path: &Path) -> Result<Self, CliError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| CliError::usage(format!("cannot read {}: {error}", path.display())))?;
        Self::from_toml(&text)
            .map_err(|reason| CliError::usage(format!("{}: {reason}", path.display())))
    }

    fn from_toml(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| before.matches('\n').count() + 1);
            let message = error.message().replace('\n', " ");
            line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}"))
        })
    }

    /// Reads our variables. Others that begin like ours are nobody's business: an orchestrator makes
    /// such for a service of this name (`LANDFALL_PORT`). An empty one counts as absent.
    fn from_variables(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(Self, Option<PathBuf>), CliError> {
        let mut layer = Self::default();
        let mut config = None;
        for (name, value) in variables {
            let Some(key) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
                continue;
            };
            if value.is_empty() {
                continue;
            }
            if key == "CONFIG" {
                config = Some(value.into());
                continue;
            }
            layer
                .set(key, &value.to_string_lossy())
                .map_err(|reason| CliError::usage(format!("{PREFIX}{key} {reason}")))?;
        }
        Ok((layer, config))
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "DATABASE" => self.database = Some(value.parse()?),
            "LISTEN" => self.listen = Some(value.to_owned()),
            "INSECURE_NO_KEYS" => self.insecure_no_keys = Some(flag(value)?),
            "TIME_ZONE" => self.time_zone = Some(value.parse()?),
            "HANDLING_DAYS" => self.handling_days = Some(number(value)?),
            "REMEMBER_DAYS" => self.remember_days = Some(number(value)?),
            "LOG" => self.log = Some(value.to_owned()),
            "LOG_FORMAT" => {
                self.log_format = Some(
                    clap::ValueEnum::from_str(value, true)
                        .map_err(|_| "must be text or json".to_owned())?,
                );
            }
            _ => {}
        }
        Ok(())
    }
}

fn number(value: &str) -> Result<u16, String> {
    value
        .parse()
        .map_err(|_| format!("must be a whole number from 0 to {}", u16::MAX))
}

fn flag(value: &str) -> Result<bool, String> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("must be true or false".into()),
    }
}

/// What holds where no flag says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    variables: Layer,
    file: Layer,
}

impl Settings {
    /// Reads the environment and the file.
    pub(crate) fn load(file: Option<&Path>) -> Result<Self, CliError> {
        Self::from_layers(file, std::env::vars_os(), Path::new(FILE))
    }

    fn from_layers(
        named: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        default_file: &Path,
    ) -> Result<Self, CliError> {
        let (variables, config) = Layer::from_variables(variables)?;
        let file = match named.or(config.as_deref()) {
            Some(path) => Layer::from_file(path)?,
            None if default_file.exists() => Layer::from_file(default_file)?,
            None => Layer::default(),
        };
        Ok(Self { variables, file })
    }

    /// The first of flag, variable and file that says anything.
    fn first<T>(&self, given: Option<T>, get: impl Fn(&Layer) -> Option<T>) -> Option<T> {
        given
            .or_else(|| get(&self.variables))
            .or_else(|| get(&self.file))
    }

    /// The database.
    pub(crate) fn database(&self, args: &DatabaseArgs) -> Database {
        self.first(args.database.clone(), |layer| layer.database.clone())
            .unwrap_or_default()
    }

    /// The address to listen on.
    pub(crate) fn listen(&self, given: Option<String>) -> String {
        self.first(given, |layer| layer.listen.clone())
            .unwrap_or_else(|| "127.0.0.1:5005".into())
    }

    /// Whether other machines may use the service though it knows no keys.
    pub(crate) fn insecure_no_keys(&self, given: Option<bool>) -> bool {
        self.first(given, |layer| layer.insecure_no_keys)
            .unwrap_or(false)
    }

    /// The warehouse's time zone.
    pub(crate) fn zone(&self, given: Option<&Zone>) -> TimeZone {
        self.first(given.cloned(), |layer| layer.time_zone.clone())
            .map_or(TimeZone::UTC, |zone| zone.0)
    }

    /// The calendar by which commands are carried out.
    pub(crate) fn calendar(&self, args: &CalendarArgs) -> Result<Calendar, CliError> {
        let handling_days = self
            .first(args.handling_days, |layer| layer.handling_days)
            .unwrap_or(0);
        clock::calendar(
            args.today,
            self.zone(args.time_zone.as_ref()),
            handling_days,
        )
    }

    /// Days for which answers to commands with an idempotency key are remembered, 7 at least.
    pub(crate) fn remember_days(&self) -> u16 {
        self.first(None, |layer| layer.remember_days)
            .unwrap_or(7)
            .max(7)
    }

    /// What is logged, and how. `default` is the filter where nothing is said.
    pub(crate) fn log(&self, common: &Common, default: &str) -> (String, LogFormat) {
        let filter = self
            .first(common.log.clone(), |layer| layer.log.clone())
            .unwrap_or_else(|| default.to_owned());
        let format = self
            .first(common.log_format, |layer| layer.log_format)
            .unwrap_or_default();
        (filter, format)
    }
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
