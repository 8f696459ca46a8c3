//! Configuration: flags over `LANDFALL_*` variables over `landfall.toml`.
//!
//! [`keys`] lists every key, [`layer`] reads the file and the environment, [`show`] prints what holds.

mod database;
mod keys;
mod layer;
mod meant;
mod secrets;
mod show;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use landfall_domain::commands::parse_day;
use landfall_service::clock::Calendar;
use serde::de::DeserializeOwned;

use crate::clock;
use crate::outcome::CliError;

pub(crate) use database::Database;
pub(crate) use keys::Key;
use layer::Layer;
pub(crate) use secrets::masked_url;
pub(crate) use show::{ConfigArgs, run};

/// The file that is read where no other is named, if it is there.
const FILE: &str = "landfall.toml";

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        clap::ValueEnum::from_str(text, true).map_err(|_| "must be text or json".to_owned())
    }
}

/// What the dashboard is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum DashboardMode {
    /// To look, and to act for those whose key may.
    #[default]
    On,
    /// To look.
    ReadOnly,
    /// There is none.
    Off,
}

impl FromStr for DashboardMode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        clap::ValueEnum::from_str(text, true).map_err(|_| "must be on, read-only or off".to_owned())
    }
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
#[derive(Debug, Default, clap::Args)]
pub(crate) struct DatabaseArgs {
    #[arg(
        long,
        value_name = "DATABASE",
        help = "The database: sqlite:PATH, postgres://USER:PASSWORD@HOST/NAME, or memory: where that makes sense \
                [default: sqlite:landfall.db] [env: LANDFALL_DATABASE]"
    )]
    pub(crate) database: Option<Database>,
}

/// Which day it is, and what a promise adds to it.
#[derive(Debug, Default, clap::Args)]
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

/// The OpenTelemetry collector to which traces go.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Otlp {
    /// Its base URL.
    pub(crate) url: String,
    /// Of requests that belong to no trace yet, so many in a hundred are traced.
    #[serde(default = "all")]
    pub(crate) percent: u8,
}

fn all() -> u8 {
    100
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Its variable.
    Variable,
    /// The configuration file.
    File,
    /// Nobody said anything.
    Default,
}

/// What holds where no flag says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    variables: Layer,
    file: Layer,
    /// The file that was read.
    path: Option<PathBuf>,
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
        let path = match named.or(config.as_deref()) {
            Some(path) => Some(path),
            None => default_file.exists().then_some(default_file),
        };
        Ok(Self {
            variables,
            file: path.map(Layer::from_file).transpose()?.unwrap_or_default(),
            path: path.map(Path::to_path_buf),
        })
    }

    /// What a key holds and who says so, apart from flags.
    pub(crate) fn value(&self, key: &Key) -> (Option<toml::Value>, Origin) {
        if let Some(value) = self.variables.get(key.name) {
            (Some(value.clone()), Origin::Variable)
        } else if let Some(value) = self.file.get(key.name) {
            (Some(value.clone()), Origin::File)
        } else {
            let default = (!key.default.is_empty()).then(|| key.kind.parse(key.default).ok());
            (default.flatten(), Origin::Default)
        }
    }

    /// The first of flag, variable and file that says anything.
    fn first<T: DeserializeOwned>(&self, given: Option<T>, name: &str) -> Option<T> {
        given
            .or_else(|| self.variables.get(name).and_then(layer::typed))
            .or_else(|| self.file.get(name).and_then(layer::typed))
    }

    /// The same of a key whose value is read from text.
    fn first_of_text<T: FromStr>(&self, given: Option<T>, name: &str) -> Option<T> {
        given.or_else(|| {
            self.first(None, name)
                .and_then(|text: String| text.parse().ok())
        })
    }

    /// A section as whoever it is for reads it, with these flags over it. `None`: nobody says anything of it.
    /// What is missing in it, or makes no sense together, is wrong usage.
    pub(crate) fn section<T: DeserializeOwned>(
        &self,
        name: &str,
        flags: &[(&str, Option<toml::Value>)],
    ) -> Result<Option<T>, CliError> {
        let mut table = toml::Table::new();
        for layer in [&self.file, &self.variables] {
            for (inside, value) in layer.section(name) {
                put(&mut table, inside, value.clone());
            }
        }
        for (inside, value) in flags {
            if let Some(value) = value {
                put(&mut table, inside, value.clone());
            }
        }
        if table.is_empty() {
            return Ok(None);
        }
        serde_path_to_error::deserialize(toml::Value::Table(table))
            .map(Some)
            .map_err(|error| {
                let inside = error.path().to_string();
                let place = match inside.as_str() {
                    "." => name.to_owned(),
                    inside => format!("{name}.{inside}"),
                };
                let reason = error.into_inner();
                CliError::usage(format!("configuration of {place}: {}", reason.message()))
            })
    }

    /// A section that is about a server, if its URL is named; without one nothing is wanted of it.
    pub(crate) fn section_with_url<T: DeserializeOwned>(
        &self,
        name: &str,
        flag: Option<&str>,
    ) -> Result<Option<T>, CliError> {
        let named = |layer: &Layer| layer.section(name).any(|(key, _)| key == "url");
        if flag.is_none() && !named(&self.variables) && !named(&self.file) {
            return Ok(None);
        }
        self.section(name, &[("url", flag.map(Into::into))])
    }

    /// What this Landfall calls itself as the source of events, a URI reference.
    pub(crate) fn event_source(&self) -> String {
        self.first(None, "event_source")
            .unwrap_or_else(|| "/landfall".into())
    }

    /// What this replica is called.
    pub(crate) fn replica(&self) -> Option<String> {
        self.first(None, "replica")
    }

    /// Who gives the commands that come from Redis.
    pub(crate) fn redis_actor(&self) -> String {
        self.first(None, "redis.actor")
            .unwrap_or_else(|| "redis".into())
    }

    /// The tables of a key that has some, `[[name]]`.
    pub(crate) fn tables<T: DeserializeOwned>(&self, name: &str) -> Result<Vec<T>, CliError> {
        let Some(value) = self.file.get(name) else {
            return Ok(Vec::new());
        };
        serde_path_to_error::deserialize(value.clone()).map_err(|error| {
            let inside = error.path().to_string();
            CliError::usage(format!(
                "configuration of {name}{inside}: {}",
                error.into_inner().message()
            ))
        })
    }

    /// The database.
    pub(crate) fn database(&self, args: &DatabaseArgs) -> Database {
        self.first_of_text(args.database.clone(), "database")
            .unwrap_or_default()
    }

    /// The address to listen on.
    pub(crate) fn listen(&self, given: Option<String>) -> String {
        self.first(given, "listen")
            .unwrap_or_else(|| "127.0.0.1:5005".into())
    }

    /// Where other replicas reach this one.
    pub(crate) fn advertise(&self, given: Option<&str>) -> Option<String> {
        self.first(given.map(str::to_owned), "advertise")
    }

    /// The file with the certificate of the service.
    pub(crate) fn tls_cert(&self, given: Option<PathBuf>) -> Option<PathBuf> {
        self.first(given, "tls.cert")
    }

    /// The file with the private key of the certificate.
    pub(crate) fn tls_key(&self, given: Option<PathBuf>) -> Option<PathBuf> {
        self.first(given, "tls.key")
    }

    /// Requests a second that each API key may send; 0: any number.
    pub(crate) fn key_rate(&self, given: Option<u32>) -> u32 {
        self.first(given, "key_rate").unwrap_or(10_000)
    }

    /// Threads that answer requests; 0: one for each core.
    pub(crate) fn threads(&self, given: Option<u16>) -> u16 {
        self.first(given, "threads").unwrap_or_default()
    }

    /// What the dashboard is there for.
    pub(crate) fn dashboard(&self, given: Option<DashboardMode>) -> DashboardMode {
        self.first_of_text(given, "dashboard").unwrap_or_default()
    }

    /// The API key that is shown to a service which is reached by its URL.
    pub(crate) fn key(&self, given: Option<String>) -> Option<String> {
        self.first(given, "key")
    }

    /// The file with certificates that are trusted beside the system's.
    pub(crate) fn ca(&self, given: Option<PathBuf>) -> Option<PathBuf> {
        self.first(given, "ca")
    }

    /// The warehouse's time zone.
    pub(crate) fn zone(&self, given: Option<&Zone>) -> TimeZone {
        self.first_of_text(given.cloned(), "time_zone")
            .map_or(TimeZone::UTC, |zone| zone.0)
    }

    /// The calendar by which commands are carried out.
    pub(crate) fn calendar(&self, args: &CalendarArgs) -> Result<Calendar, CliError> {
        let handling_days = self.first(args.handling_days, "handling_days").unwrap_or(0);
        clock::calendar(
            args.today,
            self.zone(args.time_zone.as_ref()),
            handling_days,
        )
    }

    /// Days for which answers to commands with an idempotency key are remembered, 7 at least.
    pub(crate) fn remember_days(&self) -> u16 {
        self.first(None, "remember_days").unwrap_or(7)
    }

    /// The collector of traces, if there is one.
    pub(crate) fn otlp(&self, given: Option<&str>) -> Result<Option<Otlp>, CliError> {
        self.section_with_url("otlp", given)
    }

    /// What is logged, and how. `default` is the filter where nothing is said.
    pub(crate) fn log(&self, common: &Common, default: &str) -> (String, LogFormat) {
        let filter = self
            .first(common.log.clone(), "log")
            .unwrap_or_else(|| default.to_owned());
        let format = self
            .first_of_text(common.log_format, "log_format")
            .unwrap_or_default();
        (filter, format)
    }
}

/// Puts a value into a table, in tables of its own where its name has dots.
fn put(table: &mut toml::Table, name: &str, value: toml::Value) {
    match name.split_once('.') {
        None => {
            table.insert(name.to_owned(), value);
        }
        Some((outer, inside)) => {
            let inner = table
                .entry(outer)
                .or_insert_with(|| toml::Value::Table(toml::Table::new()));
            if let Some(inner) = inner.as_table_mut() {
                put(inner, inside, value);
            }
        }
    }
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
