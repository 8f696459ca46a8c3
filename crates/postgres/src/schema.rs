//! The schema and how a database comes to it: embedded migrations, append-only, one DDL statement each.

use std::cmp::Ordering;
use std::time::Duration;

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::error::{Fault, OpenError, in_words};
use crate::link::Link;
use crate::options::Options;
use crate::target::Target;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// How many partitions a database may have.
const MOST_PARTITIONS: u16 = 1_024;

/// Two replicas may start on an empty database at once: one of them is then told that what it makes is there
/// already, and looks again.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Versions of Landfall that know at least this schema can work on a database that this one has migrated.
///
/// A version that adds (a table, an index, a column that may be empty or has a default) leaves it as it is: replicas of
/// the version before go on beside it. One that takes away what only versions before this schema used raises it to the
/// schema in which that was no longer used; it comes a release later, when no such replica runs any more.
const OLDEST: u32 = 204;

/// The version of the schema that this binary knows: that of its last migration.
fn known() -> u32 {
    let runner = embedded::migrations::runner();
    let versions = runner
        .get_migrations()
        .iter()
        .map(|migration| i64::from(migration.version()));
    versions
        .max()
        .and_then(|version| u32::try_from(version).ok())
        .unwrap_or(0)
}

/// Whether there is a schema at all, and the table that says who may use it.
const HISTORY: &str =
    "SELECT to_regclass('refinery_schema_history') IS NOT NULL, to_regclass('meta') IS NOT NULL";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";
/// Which versions may use it: those that know at least this schema.
const OLDEST_KNOWN: &str = "SELECT value FROM meta WHERE key = 'oldest'";
const RAISE_OLDEST: &str = "INSERT INTO meta (key, value) VALUES ('oldest', $1) \
     ON CONFLICT (key) DO UPDATE SET value = excluded.value WHERE meta.value::integer < excluded.value::integer";
/// The process of the server that a connection leads to; nothing, where a server has no such.
const SERVING: &str = "SELECT pid FROM (SELECT pg_backend_pid() AS pid) AS serving WHERE pid > 0";
/// Something to prepare, and whether it is there under the name that our library gave it: a letter and a number.
const VERSION_OF_SERVER: &str = "SELECT version()";
const PREPARED: &str = "SELECT name FROM pg_prepared_statements WHERE name ~ '^s[0-9]+$' LIMIT 1";
const ENCODING: &str = "SHOW server_encoding";
const PARTITIONS: &str = "SELECT value FROM meta WHERE key = 'partitions'";
const FIX_PARTITIONS: &str =
    "INSERT INTO meta (key, value) VALUES ('partitions', $1) ON CONFLICT (key) DO NOTHING";
/// A new partition stands at its beginning.
const MAKE_HEADS: &str = "INSERT INTO heads (partition, version, next_offset, next_number) \
     SELECT partition, 0, 1, 1 FROM unnest($1::smallint[]) AS partition ON CONFLICT (partition) DO NOTHING";

/// What the schema of a database is to this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It can be used: it is the one that is known, or a later one that keeps what this version needs.
    Fits,
    /// It must be migrated first. How far it is; 0: there is none yet.
    Older(u32),
    /// A later version has taken away what this one needs.
    Newer(u32),
}

/// What the schema of a database is to this binary.
pub(crate) async fn fit(client: &Client) -> Result<Fit, tokio_postgres::Error> {
    let there = client.query_one(HISTORY, &[]).await?;
    if !there.try_get(0)? {
        return Ok(Fit::Older(0));
    }
    let found: i32 = client.query_one(VERSION, &[]).await?.try_get(0)?;
    let found = u32::try_from(found).unwrap_or(0);
    match found.cmp(&known()) {
        Ordering::Less => Ok(Fit::Older(found)),
        Ordering::Equal => Ok(Fit::Fits),
        Ordering::Greater => {
            let row = if there.try_get(1)? {
                client.query_opt(OLDEST_KNOWN, &[]).await?
            } else {
                None
            };
            let oldest: Option<&str> = row.as_ref().map(|row| row.try_get(0)).transpose()?;
            let oldest: Option<u32> = oldest.and_then(|oldest| oldest.parse().ok());
            Ok(match oldest {
                Some(oldest) if oldest <= known() => Fit::Fits,
                _ => Fit::Newer(found),
            })
        }
    }
}

/// Brings a database, perhaps an empty one, to the schema of this binary, unless it is further already; how many
/// partitions it has.
pub(crate) async fn migrate(target: &Target, options: &Options) -> Result<u16, OpenError> {
    let mut link = connect(target, options).await?;
    let unavailable = |error: tokio_postgres::Error| unavailable(target, &error);
    let mut attempt = 0;
    loop {
        match fit(&link.client).await.map_err(unavailable)? {
            Fit::Fits => break,
            Fit::Newer(found) => return Err(newer(target, found)),
            Fit::Older(0) => {}
            // Those who will not be able to use it are told before it changes.
            Fit::Older(_) => raise_oldest(&link.client).await.map_err(unavailable)?,
        }
        // Not in one transaction: engines that distribute PostgreSQL have no transactions around DDL.
        let runner = embedded::migrations::runner().set_grouped(false);
        if let Err(error) = runner.run_async(&mut link.client).await {
            attempt += 1;
            if attempt == ATTEMPTS || link.is_closed() {
                return Err(OpenError::Migration {
                    database: target.to_string(),
                    reason: chain(&error),
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
    raise_oldest(&link.client).await.map_err(unavailable)?;
    let wanted = options.partitions.clamp(1, MOST_PARTITIONS).to_string();
    link.client
        .execute(FIX_PARTITIONS, &[&wanted])
        .await
        .map_err(unavailable)?;
    let partitions = partitions(&link.client, target).await?;
    let all: Vec<i16> = (0..partitions.cast_signed()).collect();
    link.client
        .execute(MAKE_HEADS, &[&all])
        .await
        .map_err(unavailable)?;
    Ok(partitions)
}

async fn raise_oldest(client: &Client) -> Result<(), tokio_postgres::Error> {
    client.execute(RAISE_OLDEST, &[&OLDEST.to_string()]).await?;
    Ok(())
}

/// Refuses a database that this binary cannot use as it is; how many partitions it has.
pub(crate) async fn check(target: &Target, options: &Options) -> Result<u16, OpenError> {
    let link = connect(target, options).await?;
    let fit = fit(&link.client).await;
    match fit.map_err(|error| unavailable(target, &error))? {
        Fit::Fits => partitions(&link.client, target).await,
        Fit::Newer(found) => Err(newer(target, found)),
        Fit::Older(found) => Err(OpenError::Older {
            database: target.to_string(),
            found,
            known: known(),
        }),
    }
}

async fn connect(target: &Target, options: &Options) -> Result<Link, OpenError> {
    let link = open(target, options).await?;
    // A pooler that gives its connections to another client after each transaction gives both of ours the same one, as long
    // as nobody else is there.
    let other = open(target, options).await?;
    let ours = first(&link, SERVING, target).await?;
    let shared = ours.is_some() && ours == first(&other, SERVING, target).await?;
    if shared && !prepares_itself(&link, target).await? {
        return Err(OpenError::Shared {
            database: target.to_string(),
        });
    }
    match first(&link, ENCODING, target).await? {
        Some(encoding) if encoding != "UTF8" => Err(OpenError::Encoding {
            database: target.to_string(),
            encoding,
        }),
        _ => Ok(link),
    }
}

/// Whether a pooler keeps prepared statements for its clients: under names of its own.
async fn prepares_itself(link: &Link, target: &Target) -> Result<bool, OpenError> {
    let prepared = link.client.prepare(VERSION_OF_SERVER).await;
    let _prepared = prepared.map_err(|error| unavailable(target, &error))?;
    Ok(first(link, PREPARED, target).await?.is_none())
}

async fn open(target: &Target, options: &Options) -> Result<Link, OpenError> {
    let session = options.patient();
    let link = Link::open(target, &session, "").await;
    link.map_err(|fault| OpenError::Unavailable {
        database: target.to_string(),
        reason: match fault {
            Fault::Postgres(error) => in_words(&error),
            other => other.into_store_error().to_string(),
        },
    })
}

/// The first value of a question, where there is one. It is asked without a prepared statement.
async fn first(link: &Link, sql: &str, target: &Target) -> Result<Option<String>, OpenError> {
    let answer = link.client.simple_query(sql).await;
    let answer = answer.map_err(|error| unavailable(target, &error))?;
    let value = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(value.map(str::to_owned))
}

/// How many partitions the database was made with.
async fn partitions(client: &Client, target: &Target) -> Result<u16, OpenError> {
    let damaged = |reason: String| OpenError::Damaged {
        database: target.to_string(),
        reason,
    };
    let row = client.query_opt(PARTITIONS, &[]).await;
    let row = row.map_err(|error| unavailable(target, &error))?;
    let row = row.ok_or_else(|| damaged("it does not say how many partitions it has".into()))?;
    let value: &str = row.try_get(0).map_err(|error| damaged(error.to_string()))?;
    match value.parse() {
        Ok(partitions) if (1..=MOST_PARTITIONS).contains(&partitions) => Ok(partitions),
        _ => Err(damaged(format!("{value:?} is no number of partitions"))),
    }
}

fn newer(target: &Target, found: u32) -> OpenError {
    OpenError::Newer {
        database: target.to_string(),
        found,
        known: known(),
    }
}

fn unavailable(target: &Target, error: &tokio_postgres::Error) -> OpenError {
    OpenError::Unavailable {
        database: target.to_string(),
        reason: in_words(error),
    }
}

/// An error and all that is behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words = format!("{words}: {error}");
        source = error.source();
    }
    words
}
