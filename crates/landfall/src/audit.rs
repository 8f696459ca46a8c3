//! `landfall audit`: do the log and the tables tell the same story, and does every unit add up?

use landfall_service::audit::{AuditReport, audit};

use crate::bootstrap;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal::{self, thousands};

/// Prove that stock adds up and that the log agrees with the tables
///
/// It reads everything once, of one moment, and works beside a running service. Exit code 1: something is
/// not as it should be.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall audit\n  \
    landfall audit --database sqlite:backup.db --json")]
pub(crate) struct AuditArgs {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Audits a database.
pub(crate) fn run(args: &AuditArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let database = settings.database(&args.database);
    let views = bootstrap::open_to_read(&database, "audit")?;
    let report = bootstrap::small_runtime()?
        .block_on(audit(views.as_ref()))
        .map_err(|error| CliError::failed(format!("{database}: {error}")))?;
    if args.json {
        terminal::print_json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(if report.ok {
        Outcome::Done
    } else {
        Outcome::NotAsItShouldBe
    })
}

fn print(report: &AuditReport) -> Result<(), CliError> {
    let counts = [
        ("products", report.products),
        ("batches", report.batches),
        ("lines", report.lines),
        ("  allocated", report.allocated_lines),
        ("  backordered", report.backordered_lines),
        ("  cancelled", report.cancelled_lines),
        ("events", report.events),
        ("findings", report.findings_count),
    ];
    let rows = counts.map(|(name, number)| (name, thousands(number)));
    terminal::print(&terminal::pairs(rows))?;
    for finding in &report.findings {
        terminal::print(finding)?;
    }
    let unlisted = report.findings_count - report.findings.len() as u64;
    if unlisted > 0 {
        terminal::print(&format!("… and {} more", thousands(unlisted)))?;
    }
    if report.ok {
        terminal::print(&"everything adds up")
    } else {
        Ok(())
    }
}
