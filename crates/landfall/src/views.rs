//! `landfall views`: the read models, made again from the log.

use clap::Subcommand;
use landfall_service::desk::Totals;
use landfall_service::rebuild::{self, RebuildReport};

use crate::bootstrap;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal::{self, thousands};

/// Make the read models again
#[derive(Debug, clap::Args)]
#[command(
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Example:\n  landfall views rebuild"
)]
pub(crate) struct ViewsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Rebuild(RebuildArgs),
}

/// Make the order view, what is available to promise and the desk again, from the event log alone
///
/// The first two are kept in every commit, the desk follows the log: so this is for a database that somebody has changed by hand, or for proof:
/// landfall audit says whether they are equal to the log. No service may run on the database meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  landfall views rebuild --database sqlite:landfall.db")]
struct RebuildArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// What was written.
#[derive(serde::Serialize)]
struct Rebuilt {
    #[serde(flatten)]
    report: RebuildReport,
    /// Lines on the desk's worklist.
    worklist: u64,
}

/// Does it.
pub(crate) fn run(args: &ViewsArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let What::Rebuild(args) = &args.what;
    let database = settings.database(&args.database);
    let views = bootstrap::open_to_read(&database, settings, "views rebuild")?;
    let (lock, mut target) = bootstrap::open_to_rebuild(&database, settings)?;
    let rebuilt =
        bootstrap::small_runtime()?.block_on(rebuild::rebuild(views.as_ref(), target.as_mut()));
    let failed = |error| CliError::failed(format!("{database}: {error}"));
    let report = rebuilt.map_err(failed)?;
    let tables = bootstrap::open_desk_tables(&database, settings, "views rebuild")?;
    let desk = async {
        rebuild::desk(&*tables, &settings.zone(None)).await?;
        let places = tables.places().await?;
        let lines = places.iter().map(|place| place.totals);
        Ok(lines.fold(Totals::default(), Totals::plus))
    };
    let totals = bootstrap::small_runtime()?.block_on(desk).map_err(failed)?;
    // Nobody may write before the new rows are there.
    drop(lock);
    let worklist = totals.waiting.lines.saturating_add(totals.late.lines);
    if args.json {
        terminal::print_json(&Rebuilt { report, worklist })?;
    } else {
        terminal::print(&terminal::pairs([
            ("events read", thousands(report.events)),
            ("rows of the order view", thousands(report.order_lines)),
            ("rows of availability", thousands(report.availability)),
            ("lines on the worklist", thousands(worklist)),
        ]))?;
    }
    Ok(Outcome::Done)
}
