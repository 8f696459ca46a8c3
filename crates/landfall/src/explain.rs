//! `landfall explain`: why this batch and this date, every candidate, and the line's history.

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use landfall_domain::{LineId, LineKey, OrderId};
use landfall_service::explanation::{self, CandidateResource, ExplanationResource};

use crate::bootstrap;
use crate::config::{CalendarArgs, DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal;

/// Tell why a line has this batch and this date, or none
///
/// Every batch of its product, in the order in which the line prefers them, and why it was taken or not; then
/// what happened to the line so far. It works beside a running service.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall explain order-17 SOFA-ALMA-3S-GREY\n  \
    landfall explain order-17 2 --json")]
pub(crate) struct ExplainArgs {
    /// The order's id
    #[arg(value_name = "ORDER")]
    order_id: OrderId,
    /// The line's id in its order: the SKU, where none was given
    #[arg(value_name = "LINE")]
    line_id: LineId,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    calendar: CalendarArgs,
}

/// Explains a line.
pub(crate) fn run(args: &ExplainArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let (_, day) = settings.calendar(&args.calendar)?.read();
    let database = settings.database(&args.database);
    let views = bootstrap::open_to_read(&database, settings, "explain")?;
    let key = LineKey {
        order_id: args.order_id.clone(),
        line_id: args.line_id.clone(),
    };
    let explained =
        bootstrap::small_runtime()?.block_on(explanation::explain(views.as_ref(), &key, &day));
    let explained = explained.map_err(|error| CliError::failed(format!("{database}: {error}")))?;
    let Some(explanation) = explained else {
        return Err(CliError::failed(format!(
            "there is no line {} in order {}",
            key.line_id, key.order_id
        )));
    };
    if args.json {
        terminal::print_json(&explanation)?;
    } else {
        print(&explanation)?;
    }
    Ok(Outcome::Done)
}

fn print(explanation: &ExplanationResource) -> Result<(), CliError> {
    terminal::print(&explanation.summary)?;
    if !explanation.candidates.is_empty() {
        terminal::print(&candidates(&explanation.candidates))?;
    }
    if explanation.candidates_left_out > 0 {
        let more = terminal::thousands(explanation.candidates_left_out);
        terminal::print(&format!("… and {more} more that are used up"))?;
    }
    for step in &explanation.history {
        let time = step.event.time.strftime("%Y-%m-%d %H:%M:%SZ");
        terminal::print(&format!("{time}  {}", step.words))?;
    }
    if explanation.history_left_out > 0 {
        let more = terminal::count(explanation.history_left_out, "event");
        terminal::print(&format!("… and {more}"))?;
    }
    Ok(())
}

fn candidates(candidates: &[CandidateResource]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["batch", "there on", "available", "why"]);
    for candidate in candidates {
        let there = candidate
            .ready
            .map_or_else(|| "nobody knows".to_owned(), |day| day.to_string());
        table.add_row([
            candidate.batch.to_string(),
            there,
            terminal::thousands(candidate.available),
            candidate.reason.clone(),
        ]);
    }
    table
}
