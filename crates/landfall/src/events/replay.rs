//! `landfall events replay`: hands events to a sink again, past its cursor.

use landfall_service::log::LogCursor;
use landfall_service::relay::Relays;
use landfall_service::relay::replay::{self, Replayed};

use super::Publishers;
use super::log::cursor;
use super::sinks::unreadable;
use crate::bootstrap;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal::{self, Progress, count};

/// Send events to a sink again
///
/// Either its dead letters, which are taken out as they are delivered, or a part of the log. The sink's own cursor
/// stays where it is, and what goes on meanwhile goes on: a receiver sees the events out of their order, and
/// knows by their ids which of them it has had before. Exit code 3: the sink refused some.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall events replay --sink webhook:shop --dead-letters\n  \
    landfall events replay --sink redis-stream --from 0-0\n  \
    landfall events replay --sink redis-stream --from 0-4000 --until 0-5000")]
pub(crate) struct ReplayArgs {
    /// The sink, as the configuration names it
    #[arg(long, value_name = "NAME")]
    sink: String,
    /// The events that it has refused
    #[arg(long, conflicts_with_all = ["from", "until"], required_unless_present = "from")]
    dead_letters: bool,
    /// The events after this cursor; 0-0 is the beginning
    #[arg(long, value_name = "CURSOR")]
    from: Option<String>,
    /// Up to this cursor; up to the present end where nothing is said
    #[arg(long, value_name = "CURSOR", requires = "from")]
    until: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Replays.
pub(crate) fn run(
    args: &ReplayArgs,
    settings: &Settings,
    publishers: &Publishers<'_>,
) -> Result<Outcome, CliError> {
    let runtime = bootstrap::small_runtime()?;
    let mut progress = Progress::new("events");
    let replayed = runtime.block_on(async {
        let database = settings.database(&args.database);
        let relays = bootstrap::open_relays(&database, settings, "events replay")?;
        let publisher = publishers(&args.sink)?;
        let mut told = |done: &Replayed| {
            let events = done.replayed + done.refused.len() as u64;
            progress.update(events, None);
        };
        let replayed = match &args.from {
            None => {
                let sink = &args.sink;
                replay::dead_letters(relays.as_ref(), publisher.as_ref(), sink, &mut told).await
            }
            Some(from) => {
                let (from, until) = span(relays.as_ref(), from, args.until.as_deref()).await?;
                replay::range(
                    relays.as_ref(),
                    publisher.as_ref(),
                    &from,
                    &until,
                    &mut told,
                )
                .await
            }
        };
        replayed.map_err(|error| CliError::failed(error.to_string()))
    });
    progress.finish();
    report(&args.sink, &replayed?, args.json)
}

/// The cursors between which events are sent.
async fn span(
    relays: &dyn Relays,
    from: &str,
    until: Option<&str>,
) -> Result<(LogCursor, LogCursor), CliError> {
    let partitions = relays.partitions();
    let ends = LogCursor::at(relays.ends().await.map_err(|error| unreadable(&error))?);
    let from = cursor("--from", from, partitions)?;
    let until = match until {
        Some(until) => cursor("--until", until, partitions)?,
        None => ends.clone(),
    };
    let beyond = |one: &LogCursor, other: &LogCursor| {
        let mut offsets = one.offsets().iter().zip(other.offsets());
        offsets.any(|(one, other)| one > other)
    };
    for (flag, cursor, bound, what) in [
        ("--until", &until, &ends, "the end of the log"),
        ("--from", &from, &until, "where the replay ends"),
    ] {
        if beyond(cursor, bound) {
            return Err(CliError::usage(format!(
                "{flag} {cursor}: this is behind {what}, {bound}"
            )));
        }
    }
    Ok((from, until))
}

fn report(sink: &str, replayed: &Replayed, json: bool) -> Result<Outcome, CliError> {
    let refused = replayed.refused.len() as u64;
    if json {
        let Replayed { replayed, refused } = replayed;
        let object = serde_json::json!({"sink": sink, "replayed": replayed, "refused": refused});
        terminal::print_json(&object)?;
    } else {
        terminal::print(&format!(
            "{} sent to {sink} again",
            count(replayed.replayed, "event")
        ))?;
        for refused in &replayed.refused {
            eprintln!("event {}: {}", refused.id, refused.reason);
        }
    }
    Ok(Outcome::with_rejects(refused))
}
