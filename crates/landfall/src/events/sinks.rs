//! `landfall events sinks` and `dead-letters`: where events go, how far they are, and what was refused.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use jiff::{SignedDuration, Timestamp};
use landfall_service::clock::Clock as _;
use landfall_service::relay::{DeadLetter, RelayError, Relays, Standing};
use landfall_service::views::Page;
use serde_json::json;

use crate::bootstrap;
use crate::clock::SystemClock;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal::{self, thousands};

/// Dead letters that are read at once.
const PAGE: usize = 500;

/// Show how far each sink is
///
/// Lag is the number of events that are still to go out to it, and the age of the oldest of them. A sink that is
/// no longer in the configuration stays here, with a lag that grows.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall events sinks\n  \
    landfall events sinks --json | jq '.[].dead_letters'")]
pub(crate) struct SinksArgs {
    /// Print one JSON array, with each partition
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// List the events that sinks have refused for good
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall events dead-letters\n  \
    landfall events dead-letters --sink webhook:shop --json")]
pub(crate) struct DeadLettersArgs {
    /// Only of this sink
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,
    /// Print one JSON object a line, with the event itself
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Shows the sinks.
pub(crate) fn run(args: &SinksArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let runtime = bootstrap::small_runtime()?;
    runtime.block_on(async {
        let database = settings.database(&args.database);
        let relays = bootstrap::open_relays(&database, settings, "events sinks")?;
        let standing = relays
            .standing()
            .await
            .map_err(|error| unreadable(&error))?;
        if args.json {
            let standing: Vec<_> = standing.iter().map(with_sums).collect();
            terminal::print_json(&standing)?;
        } else {
            terminal::print(&table(&standing, SystemClock.now()))?;
        }
        Ok(Outcome::Done)
    })
}

/// Lists dead letters.
pub(crate) fn dead_letters(
    args: &DeadLettersArgs,
    settings: &Settings,
) -> Result<Outcome, CliError> {
    let runtime = bootstrap::small_runtime()?;
    runtime.block_on(async {
        let database = settings.database(&args.database);
        let relays = bootstrap::open_relays(&database, settings, "events dead-letters")?;
        let mut page = Page {
            after: None,
            limit: PAGE,
        };
        let mut listed = 0;
        loop {
            let list = relays.dead_letters(args.sink.as_deref(), &page).await;
            let list = list.map_err(|error| unreadable(&error))?;
            for letter in &list.items {
                show(relays.as_ref(), letter, args.json).await?;
                listed += 1;
            }
            match list.next {
                Some(next) => page.after = Some(next),
                None => break,
            }
        }
        eprintln!("{}", terminal::count(listed, "dead letter"));
        Ok(Outcome::Done)
    })
}

async fn show(relays: &dyn Relays, letter: &DeadLetter, json: bool) -> Result<(), CliError> {
    let before = letter.offset.saturating_sub(1);
    let found = relays.log(letter.partition, before, 1).await;
    let found = found.map_err(|error| unreadable(&error))?;
    let record = found
        .first()
        .filter(|record| record.offset == letter.offset);
    let id = format!("{}-{}", letter.partition, letter.offset);
    if json {
        return terminal::print_json(&json!({
            "sink": letter.sink, "id": id, "reason": letter.reason, "attempts": letter.attempts,
            "time": letter.time, "event": record,
        }));
    }
    let time = letter.time.strftime("%Y-%m-%d %H:%M:%SZ");
    let kind = record.map_or("–", |record| record.event.kind());
    let attempts = terminal::count(u64::from(letter.attempts), "attempt");
    let (sink, reason) = (&letter.sink, &letter.reason);
    terminal::print(&format!(
        "{time}  {sink:<20} {id:<10} {kind:<20} {attempts}: {reason}"
    ))
}

/// A standing in JSON, with its sums.
fn with_sums(standing: &Standing) -> serde_json::Value {
    json!({
        "sink": standing.sink, "lag": standing.lag(), "oldest": standing.oldest(),
        "dead_letters": standing.dead_letters, "partitions": standing.partitions,
    })
}

fn table(standing: &[Standing], now: Timestamp) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["sink", "lag", "oldest", "dead letters", "relayed by"]);
    for standing in standing {
        let oldest = standing
            .oldest()
            .map(|oldest| age(now.duration_since(oldest)));
        let holders = standing.partitions.iter().map(|at| at.holder.as_deref());
        let mut holders: Vec<&str> = holders.map(|holder| holder.unwrap_or("nobody")).collect();
        holders.sort_unstable();
        holders.dedup();
        table.add_row([
            standing.sink.clone(),
            thousands(standing.lag()),
            oldest.unwrap_or_else(|| "–".into()),
            thousands(standing.dead_letters),
            holders.join(", "),
        ]);
    }
    for column in [1, 2, 3] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// How long ago, in the unit that says most.
fn age(age: SignedDuration) -> String {
    let seconds = age.as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

pub(super) fn unreadable(error: &RelayError) -> CliError {
    CliError::failed(format!("the database cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use landfall_service::relay::PartitionStanding;

    use super::*;

    #[test]
    fn an_age_is_told_in_one_unit() {
        for (seconds, text) in [
            (-3, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7_200, "2 h"),
            (200_000, "2 days"),
        ] {
            assert_eq!(age(SignedDuration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_sink_is_one_row() {
        let at = |partition, cursor, holder: Option<&str>| PartitionStanding {
            partition,
            cursor,
            end: 2_000,
            oldest: Some(Timestamp::UNIX_EPOCH),
            holder: holder.map(str::to_owned),
        };
        let standing = Standing {
            sink: "mail".into(),
            partitions: vec![
                at(0, 500, Some("b")),
                at(1, 2_000, None),
                at(2, 1_000, Some("b")),
            ],
            dead_letters: 3,
        };
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(90);
        let shown = table(std::slice::from_ref(&standing), now).to_string();
        for part in ["mail", "2,500", "90 s", "3", "b, nobody"] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
        let json = with_sums(&standing);
        assert_eq!(
            (&json["lag"], &json["partitions"][0]["cursor"]),
            (&2_500.into(), &500.into())
        );
    }
}
