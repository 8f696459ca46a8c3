//! The schema and how a database comes to it: embedded migrations, append-only, one DDL statement each.

use std::time::Duration;

use tokio_postgres::Client;

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

/// The version of the schema that this binary knows: that of its last migration.
pub(crate) fn known() -> u32 {
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

/// Whether there is a schema at all.
const HISTORY: &str = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM refinery_schema_history";
const PARTITIONS: &str = "SELECT value FROM meta WHERE key = 'partitions'";
const FIX_PARTITIONS: &str =
    "INSERT INTO meta (key, value) VALUES ('partitions', $1) ON CONFLICT (key) DO NOTHING";
/// A new partition stands at its beginning.
const MAKE_HEADS: &str = "INSERT INTO heads (partition, version, next_offset, next_number) \
     SELECT partition, 0, 1, 1 FROM unnest($1::smallint[]) AS partition ON CONFLICT (partition) DO NOTHING";

/// The version of the schema that a database has; 0: none yet.
pub(crate) async fn found(client: &Client) -> Result<u32, tokio_postgres::Error> {
    let there: bool = client.query_one(HISTORY, &[]).await?.try_get(0)?;
    if !there {
        return Ok(0);
    }
    let version: i32 = client.query_one(VERSION, &[]).await?.try_get(0)?;
    Ok(u32::try_from(version).unwrap_or(0))
}

/// Brings a database, perhaps an empty one, to the schema of this binary; how many partitions it has.
pub(crate) async fn migrate(target: &Target, options: &Options) -> Result<u16, OpenError> {
    let mut link = connect(target, options).await?;
    let mut attempt = 0;
    loop {
        let (found, known) = (versions(&link.client, target).await?, known());
        if found > known {
            return Err(newer(target, found, known));
        }
        // Not in one transaction: engines that distribute PostgreSQL have no transactions around DDL.
        let runner = embedded::migrations::runner().set_grouped(false);
        match runner.run_async(&mut link.client).await {
            Ok(_) => break,
            Err(error) => {
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
    }
    let unavailable = |error: tokio_postgres::Error| unavailable(target, &error);
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

/// Refuses a database that does not have exactly the schema of this binary; how many partitions it has.
pub(crate) async fn check(target: &Target, options: &Options) -> Result<u16, OpenError> {
    let link = connect(target, options).await?;
    let (found, known) = (versions(&link.client, target).await?, known());
    match found.cmp(&known) {
        std::cmp::Ordering::Equal => partitions(&link.client, target).await,
        std::cmp::Ordering::Greater => Err(newer(target, found, known)),
        std::cmp::Ordering::Less => Err(OpenError::Older {
            database: target.to_string(),
            found,
            known,
        }),
    }
}

async fn connect(target: &Target, options: &Options) -> Result<Link, OpenError> {
    let link = Link::open(target, &target.config(&options.patient())).await;
    link.map_err(|fault| OpenError::Unavailable {
        database: target.to_string(),
        reason: match fault {
            Fault::Postgres(error) => in_words(&error),
            other => other.into_store_error().to_string(),
        },
    })
}

async fn versions(client: &Client, target: &Target) -> Result<u32, OpenError> {
    found(client)
        .await
        .map_err(|error| unavailable(target, &error))
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

fn newer(target: &Target, found: u32, known: u32) -> OpenError {
    OpenError::Newer {
        database: target.to_string(),
        found,
        known,
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
