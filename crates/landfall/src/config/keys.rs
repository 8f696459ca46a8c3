//! Every key of the configuration: its name in the file, its variable, what it may hold and what it is for.
//!
//! The file, the environment, `landfall config` and the table in the docs all go by this one list, so a key
//! that is not in it is refused wherever it is given.

use super::database::Database;
use super::{DashboardMode, LogFormat, Zone};

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
    /// What the dashboard is there for.
    Dashboard,
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
            Kind::Text | Kind::Database | Kind::Zone | Kind::LogFormat | Kind::Dashboard => {
                text.to_owned().into()
            }
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
            Kind::Dashboard => text()?.parse::<DashboardMode>().map(|_| ()),
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
        "advertise",
        Kind::Text,
        "",
        "Where other replicas on the same PostgreSQL reach this one, http://HOST:PORT or https://HOST:PORT: one of those \
         that say so writes for all",
    ),
    key(
        "tls.cert",
        Kind::Text,
        "",
        "The file with the certificate, in PEM: the service then speaks HTTPS",
    ),
    key(
        "tls.key",
        Kind::Text,
        "",
        "The file with the certificate's private key, in PEM",
    ),
    key(
        "dashboard",
        Kind::Dashboard,
        "on",
        "What the dashboard is there for: on, read-only or off",
    ),
    key(
        "key_rate",
        Kind::Number(0, 4_294_967_295),
        "10000",
        "Requests a second that each API key may send; 0: any number",
    ),
    key(
        "threads",
        Kind::Number(0, 1_024),
        "0",
        "Threads that answer requests; 0: one for each core",
    ),
    secret(
        key(
            "key",
            Kind::Text,
            "",
            "The API key that import and apply show to the service that --url names",
        ),
        Secret::Whole,
    ),
    key(
        "ca",
        Kind::Text,
        "",
        "The file with certificates that --url, and replicas that reach one another, trust beside the system's, in PEM",
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
        "event_source",
        Kind::Text,
        "/landfall",
        "What this Landfall calls itself as the source of events: a URI reference",
    ),
    key(
        "replica",
        Kind::Text,
        "",
        "What this replica is called; no other has the same name. Without it: the machine's name and the address",
    ),
    key(
        "log_format",
        Kind::LogFormat,
        "text",
        "How it is logged: text or json",
    ),
    secret(
        key(
            "otlp.url",
            Kind::Text,
            "",
            "The OpenTelemetry collector to which traces go: http://HOST:4318",
        ),
        Secret::InUrl,
    ),
    key(
        "otlp.percent",
        Kind::Number(0, 100),
        "100",
        "Of requests that belong to no trace yet, so many in a hundred are traced",
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
    key(
        "postgres.readers",
        Kind::Number(1, 1_000),
        "8",
        "Connections that read",
    ),
    key(
        "postgres.ca_file",
        Kind::Text,
        "",
        "Certificates that are trusted instead of the system's, in PEM, where the URL has sslmode=verify-full",
    ),
    key(
        "relay.begin",
        Kind::Text,
        "now",
        "Where a new sink begins: now, or beginning (of the log)",
    ),
    key(
        "relay.poll_millis",
        Kind::Number(10, 60_000),
        "250",
        "How often it is looked whether other replicas have written something",
    ),
    key(
        "relay.lease_seconds",
        Kind::Number(1, 3_600),
        "10",
        "After so long another replica relays what one that died had relayed",
    ),
    secret(
        key(
            "redis.url",
            Kind::Text,
            "",
            "Redis: redis://[USER:PASSWORD@]HOST:PORT, rediss:// with TLS",
        ),
        Secret::InUrl,
    ),
    key(
        "redis.ca_file",
        Kind::Text,
        "",
        "Certificates that are trusted instead of the system's, in PEM",
    ),
    key(
        "redis.actor",
        Kind::Text,
        "redis",
        "Who gives the commands that come from Redis",
    ),
    key(
        "redis.lease_seconds",
        Kind::Number(1, 3_600),
        "3",
        "After so long another replica reads the commands that one that died had read",
    ),
    key(
        "redis.notices.enabled",
        Kind::Flag,
        "true",
        "Whether the book's two channels are used",
    ),
    key(
        "redis.notices.line_allocated",
        Kind::Text,
        "line_allocated",
        "The channel on which allocations are told",
    ),
    key(
        "redis.notices.change_batch_quantity",
        Kind::Text,
        "change_batch_quantity",
        "The channel on which changed quantities are heard",
    ),
    key(
        "redis.events.enabled",
        Kind::Flag,
        "true",
        "Whether events go to a stream",
    ),
    key(
        "redis.events.stream",
        Kind::Text,
        "landfall:events",
        "The stream's key",
    ),
    key(
        "redis.events.max_len",
        Kind::Number(0, i64::MAX),
        "1000000",
        "About how many entries are kept; 0: all",
    ),
    key(
        "redis.commands.enabled",
        Kind::Flag,
        "true",
        "Whether commands come from a stream",
    ),
    key(
        "redis.commands.stream",
        Kind::Text,
        "landfall:commands",
        "The stream's key",
    ),
    key(
        "redis.commands.group",
        Kind::Text,
        "landfall",
        "The consumer group",
    ),
    key(
        "redis.commands.batch",
        Kind::Number(1, 10_000),
        "1000",
        "Commands that are taken at a time, at the most",
    ),
    key(
        "redis.commands.delete",
        Kind::Flag,
        "true",
        "Whether a command is deleted once its result is written",
    ),
    key(
        "redis.commands.results_max_len",
        Kind::Number(0, i64::MAX),
        "100000",
        "About how many results are kept; 0: none are written",
    ),
    key(
        "redis.commands.dead_max_len",
        Kind::Number(0, i64::MAX),
        "100000",
        "About how many dead letters are kept; 0: all",
    ),
    secret(
        key(
            "nats.url",
            Kind::Text,
            "",
            "NATS: nats://[USER:PASSWORD@]HOST:PORT, tls:// with TLS",
        ),
        Secret::InUrl,
    ),
    key(
        "nats.credentials_file",
        Kind::Text,
        "",
        "A file with credentials, for servers that ask for them",
    ),
    key(
        "nats.ca_file",
        Kind::Text,
        "",
        "Certificates that are trusted instead of the system's, in PEM",
    ),
    key(
        "nats.stream",
        Kind::Text,
        "LANDFALL",
        "The JetStream stream",
    ),
    key(
        "nats.subject",
        Kind::Text,
        "landfall.events",
        "What subjects begin with",
    ),
    key(
        "nats.duplicate_seconds",
        Kind::Number(1, 86_400),
        "120",
        "How long a stream that we make drops what comes again",
    ),
    key(
        "nats.max_age_days",
        Kind::Number(0, 36_500),
        "0",
        "Days after which a stream that we make drops events; 0: never",
    ),
    key(
        "nats.max_bytes",
        Kind::Number(0, i64::MAX),
        "0",
        "Bytes after which a stream that we make drops the oldest events; 0: never",
    ),
    key(
        "nats.replicas",
        Kind::Number(1, 5),
        "1",
        "Copies that a stream that we make has in a cluster",
    ),
    secret(
        key(
            "mail.url",
            Kind::Text,
            "",
            "The mail server: smtp://HOST:PORT or smtps://USER:PASSWORD@HOST",
        ),
        Secret::InUrl,
    ),
    key(
        "mail.from",
        Kind::Text,
        "allocations@example.com",
        "Who the mail is from",
    ),
    key(
        "mail.hello",
        Kind::Text,
        "",
        "What Landfall calls itself towards the server",
    ),
    key(
        "mail.timeout",
        Kind::Text,
        "10s",
        "How long one message may take",
    ),
    key(
        "mail.ca_file",
        Kind::Text,
        "",
        "Authorities that are trusted beside the system's, in PEM",
    ),
    key(
        "notices.to",
        Kind::List,
        "stock@made.com",
        "Who is told of whatever is not said below",
    ),
    key(
        "notices.window",
        Kind::Text,
        "10m",
        "How long what follows a message is gathered for a digest",
    ),
    key(
        "notices.rows",
        Kind::Number(1, 10_000),
        "100",
        "Rows that a digest has, at the most",
    ),
    key(
        "notices.out_of_stock",
        Kind::List,
        "",
        "Who is told that a product ran out",
    ),
    key(
        "notices.promise_changed",
        Kind::List,
        "",
        "Who is told that a promise has changed",
    ),
    key(
        "notices.batch_late",
        Kind::List,
        "",
        "Who is told that a batch or shipment is late",
    ),
    key(
        "webhooks",
        Kind::Tables,
        "",
        "Endpoints that events are sent to, see docs/webhooks.md",
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
