//! `landfall keys`: who may use the service, and for what.

use clap::Subcommand;
use landfall_service::Clock as _;
use landfall_service::access::{AccessError, AccessKey, BadName, KeyName, Revocation, Role, issue};
use serde::Serialize;

use crate::bootstrap::{self, SystemEntropy};
use crate::clock::SystemClock;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal;

/// Make, list and revoke API keys
///
/// It works beside a running service; what it does is in force from the next request on. Without any key a service
/// takes requests from its own machine only; the first key closes that door.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall keys create --name web-shop --role orders\n  \
    landfall keys list\n  \
    landfall keys revoke web-shop")]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a key, and show it this once
    ///
    /// The key is the last word of standard output. Send it as `Authorization: Bearer KEY`. It cannot be shown again:
    /// the database has only a digest of it.
    #[command(after_help = "Roles:\n  \
        read    all questions\n  \
        orders  read, and the commands about orders\n  \
        supply  read, and the commands about batches and shipments\n  \
        admin   everything\n\n\
        Examples:\n  \
        landfall keys create --name web-shop --role orders\n  \
        landfall keys create --name warehouse-2 --role supply --database sqlite:/var/lib/landfall/stock.db")]
    Create {
        /// Whose it is: it stands in every event; a name is used once
        #[arg(long, value_name = "NAME", value_parser = name)]
        name: KeyName,
        /// What it may do: read, orders, supply or admin
        #[arg(long, value_name = "ROLE")]
        role: Role,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// List the keys, also revoked ones
    #[command(after_help = "Example:\n  landfall keys list --json")]
    List {
        /// Print one JSON array
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseArgs,
    },
    /// Make a key good for nothing
    #[command(after_help = "Example:\n  landfall keys revoke web-shop")]
    Revoke {
        /// Its name
        #[arg(value_parser = name)]
        name: KeyName,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        database: DatabaseArgs,
    },
}

fn name(text: &str) -> Result<KeyName, BadName> {
    text.parse()
}

/// A key as it is shown: all but the key.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    id: &'a str,
    role: &'a str,
    created: String,
    revoked: Option<String>,
    /// The key itself, when it was made just now.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

impl<'a> Shown<'a> {
    fn of(key: &'a AccessKey) -> Self {
        Self {
            name: key.name.as_str(),
            id: &key.id,
            role: key.role.name(),
            created: key.created.to_string(),
            revoked: key.revoked.map(|time| time.to_string()),
            key: None,
        }
    }
}

/// Makes, lists or revokes keys.
pub(crate) fn run(args: &KeysArgs, settings: &Settings) -> Result<Outcome, CliError> {
    match &args.what {
        What::Create {
            name,
            role,
            json,
            database,
        } => create(name, *role, *json, database, settings)?,
        What::List { json, database } => list(*json, database, settings)?,
        What::Revoke {
            name,
            json,
            database,
        } => revoke(name, *json, database, settings)?,
    }
    Ok(Outcome::Done)
}

fn create(
    name: &KeyName,
    role: Role,
    json: bool,
    database: &DatabaseArgs,
    settings: &Settings,
) -> Result<(), CliError> {
    if name.as_str() == settings.redis_actor() {
        return Err(CliError::usage(format!(
            "--name {name}: commands that come from Redis have this name (redis.actor); take another one"
        )));
    }
    let runtime = bootstrap::small_runtime()?;
    let keys = bootstrap::open_keys(&settings.database(database), settings, true)?;
    let issued = issue(name.clone(), role, now(), &SystemEntropy)
        .map_err(|error| CliError::failed(error.to_string()))?;
    runtime
        .block_on(keys.create(&issued.key))
        .map_err(|error| failed(&error))?;
    if json {
        return terminal::print_json(&Shown {
            key: Some(issued.text()),
            ..Shown::of(&issued.key)
        });
    }
    terminal::print(&format_args!(
        "The key {name} has the role {role}. Keep it well, it is not shown again: {}",
        issued.text()
    ))
}

fn list(json: bool, database: &DatabaseArgs, settings: &Settings) -> Result<(), CliError> {
    let runtime = bootstrap::small_runtime()?;
    let keys = bootstrap::open_keys(&settings.database(database), settings, false)?;
    let kept = runtime
        .block_on(keys.keys())
        .map_err(|error| failed(&error))?;
    let shown: Vec<_> = kept.keys.iter().map(Shown::of).collect();
    if json {
        return terminal::print_json(&shown);
    }
    let rows = shown.into_iter().map(|key| {
        let state = key.revoked.unwrap_or_default();
        [
            key.name.to_owned(),
            key.role.to_owned(),
            key.id.to_owned(),
            key.created,
            state,
        ]
    });
    terminal::print(&terminal::table(
        ["name", "role", "id", "created", "revoked"],
        rows,
    ))
}

fn revoke(
    name: &KeyName,
    json: bool,
    database: &DatabaseArgs,
    settings: &Settings,
) -> Result<(), CliError> {
    let runtime = bootstrap::small_runtime()?;
    let keys = bootstrap::open_keys(&settings.database(database), settings, false)?;
    let now = now();
    let revoked = runtime
        .block_on(keys.revoke(name, now))
        .map_err(|error| failed(&error))?;
    let since = match revoked {
        Revocation::Done => now,
        Revocation::Already(since) => since,
    };
    if json {
        return terminal::print_json(&serde_json::json!({
            "name": name.as_str(), "revoked": since.to_string()
        }));
    }
    match revoked {
        Revocation::Done => terminal::print(&format_args!(
            "The key {name} is good for nothing any more."
        )),
        Revocation::Already(since) => {
            terminal::print(&format_args!("The key {name} was revoked at {since}."))
        }
    }
}

/// As exact as databases keep it, so that it is the same everywhere.
fn now() -> jiff::Timestamp {
    let now = SystemClock.now();
    now.round(jiff::Unit::Microsecond).unwrap_or(now)
}

fn failed(error: &AccessError) -> CliError {
    CliError::failed(error.to_string())
}
