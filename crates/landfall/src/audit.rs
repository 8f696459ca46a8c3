//! `landfall audit`: do the log and the tables tell the same story, and does every unit add up?

use landfall_domain::product::Counters;
use landfall_domain::{Batch, OrderLine, Shipment, Sku};
use landfall_service::LogRecord;
use landfall_service::audit::{AuditReport, Auditor};
use landfall_service::views::{AvailabilityView, DeskShown, Inspect, OrderLineView};

use crate::bootstrap;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal::{self, Progress, thousands};

/// Prove that stock adds up and that the log agrees with the tables and the read models
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
    let views = bootstrap::open_to_read(&database, settings, "audit")?;
    let mut watched = Watched {
        auditor: Auditor::default(),
        progress: Progress::new("records"),
        records: 0,
    };
    let inspected = bootstrap::small_runtime()?.block_on(views.inspect(&mut watched));
    watched.progress.finish();
    inspected.map_err(|error| CliError::failed(format!("{database}: {error}")))?;
    let report = watched.auditor.finish();
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

/// Records between two looks at the clock.
const SHOWN_EVERY: u64 = 1_000;

/// An auditor that shows how far it has come.
struct Watched {
    auditor: Auditor,
    progress: Progress,
    records: u64,
}

impl Watched {
    fn auditor(&mut self) -> &mut Auditor {
        self.records += 1;
        if self.records.is_multiple_of(SHOWN_EVERY) {
            self.progress.update(self.records, None);
        }
        &mut self.auditor
    }
}

impl Inspect for Watched {
    fn event(&mut self, record: &LogRecord) {
        self.auditor().event(record);
    }

    fn product(&mut self, number: u64, sku: &Sku, counters: Counters) {
        self.auditor().product(number, sku, counters);
    }

    fn shipment(&mut self, shipment: &Shipment) {
        self.auditor().shipment(shipment);
    }

    fn batch(&mut self, batch: &Batch) {
        self.auditor().batch(batch);
    }

    fn line(&mut self, line: &OrderLine) {
        self.auditor().line(line);
    }

    fn order_line(&mut self, row: &OrderLineView) {
        self.auditor().order_line(row);
    }

    fn availability(&mut self, row: &AvailabilityView) {
        self.auditor().availability(row);
    }

    fn allocated(&mut self, partition: u16, batch_number: u64, units: u64, lines: u64) {
        self.auditor()
            .allocated(partition, batch_number, units, lines);
    }

    fn head(&mut self, partition: u16, next_offset: u64) {
        self.auditor().head(partition, next_offset);
    }

    fn desk(&mut self, shown: DeskShown<'_>) {
        self.auditor().desk(shown);
    }
}

fn print(report: &AuditReport) -> Result<(), CliError> {
    let counts = [
        ("products", report.products),
        ("batches", report.batches),
        ("  held", report.held_batches),
        ("shipments", report.shipments),
        ("lines", report.lines),
        ("  allocated", report.allocated_lines),
        ("  backordered", report.backordered_lines),
        ("  dispatched", report.dispatched_lines),
        ("  cancelled", report.cancelled_lines),
        ("  later than first promised", report.late_lines),
        ("events", report.events),
        ("  promises changed", report.promises_changed),
        ("rows of the order view", report.order_view_rows),
        ("rows of availability", report.availability_rows),
        ("lines on the worklist", report.worklist_rows),
        ("events that the desk is behind", report.desk_behind),
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
    match (report.tables_ok, report.views_equal) {
        (true, false) => terminal::print(
            &"the read models are not what the log says; landfall views rebuild makes them again",
        )?,
        (false, false) => terminal::print(
            &"the tables are not what the log says, and the read models neither; landfall views rebuild makes \
              only the read models again",
        )?,
        _ => {}
    }
    if report.ok {
        terminal::print(&"everything adds up, and the read models are what the log says")
    } else {
        Ok(())
    }
}
