//! `landfall export`: what the database holds, as the files that can be imported, or as events.

use std::io;
use std::path::PathBuf;

use jiff::civil::Date;
use landfall_domain::{Policy, Status};
use landfall_service::resources::{BatchResource, LineResource};
use landfall_service::views::{BatchFilter, Page, ViewError, Views};

use crate::bootstrap;
use crate::clock::present_day;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::output::Output;
use crate::terminal::{Progress, count};

/// Items that are read at once.
const PAGE: usize = 1_000;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum What {
    #[value(help = "ref, sku, qty, eta, shipment, location; qty is what was purchased")]
    Batches,
    #[value(
        help = "orderid, sku, qty, line_id, requested_date, priority, policy; without what was \
                cancelled"
    )]
    Orders,
    #[value(help = "orderid, sku, qty, batchref, line_id, promised")]
    Allocations,
    #[value(
        help = "As orders: the lines that wait, by SKU and in the order in which they are filled"
    )]
    Backorders,
    #[value(help = "The event log, one JSON object a line")]
    Events,
}

/// Export batches, orders, allocations, backorders or events
///
/// Batches and orders come in the form that landfall import reads. It works beside a running service, and
/// page by page: what is written meanwhile may be in it or not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall export allocations allocations.csv\n  \
    landfall export orders orders.csv.gz\n  \
    landfall export events | jq .type")]
pub(crate) struct ExportArgs {
    /// What is exported
    #[arg(value_enum)]
    what: What,
    /// Where to; packed if it ends in .gz; - for standard output
    #[arg(default_value = "-")]
    file: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
}

/// Exports.
pub(crate) fn run(args: &ExportArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let database = settings.database(&args.database);
    let views = bootstrap::open_to_read(&database, settings, "export")?;
    let today = present_day(settings.zone(None));
    let mut export = Export {
        views: views.as_ref(),
        today,
        output: Output::create(&args.file)?,
        progress: Progress::new("rows"),
        rows: 0,
    };
    let runtime = bootstrap::small_runtime()?;
    runtime.block_on(async {
        match args.what {
            What::Batches => export.batches().await,
            What::Orders => export.lines(Which::Orders).await,
            What::Backorders => export.lines(Which::Backorders).await,
            What::Allocations => export.allocations().await,
            What::Events => export.events().await,
        }
    })?;
    let (file, rows) = (export.output.finish()?, export.rows);
    export.progress.finish();
    if let Some(path) = file {
        eprintln!("{} written to {}", count(rows, "row"), path.display());
    }
    Ok(Outcome::Done)
}

/// Which lines.
#[derive(Debug, Clone, Copy)]
enum Which {
    Orders,
    Backorders,
}

struct Export<'a> {
    views: &'a dyn Views,
    today: Date,
    output: Output,
    progress: Progress,
    rows: u64,
}

impl Export<'_> {
    async fn batches(&mut self) -> Result<(), CliError> {
        self.csv(|csv| csv.write_record(BATCH_COLUMNS))?;
        let filter = BatchFilter::default();
        let mut page = first_page();
        loop {
            let list = self.views.batches(&filter, &page, self.today).await;
            let list = list.map_err(unreadable)?;
            self.csv(|csv| {
                list.items
                    .iter()
                    .try_for_each(|batch| write_batch(csv, batch))
            })?;
            self.told(list.items.len());
            page.after = list.next;
            if page.after.is_none() {
                return Ok(());
            }
        }
    }

    async fn lines(&mut self, which: Which) -> Result<(), CliError> {
        self.csv(|csv| csv.write_record(ORDER_COLUMNS))?;
        let mut page = first_page();
        loop {
            let list = match which {
                Which::Orders => self.views.lines(None, &page, self.today).await,
                Which::Backorders => self.views.backorders(None, &page, self.today).await,
            };
            let list = list.map_err(unreadable)?;
            let wanted = list
                .items
                .iter()
                .filter(|line| line.status != Status::Cancelled);
            let wanted: Vec<_> = wanted.collect();
            self.csv(|csv| wanted.iter().try_for_each(|line| write_line(csv, line)))?;
            self.told(wanted.len());
            page.after = list.next;
            if page.after.is_none() {
                return Ok(());
            }
        }
    }

    async fn allocations(&mut self) -> Result<(), CliError> {
        self.csv(|csv| csv.write_record(ALLOCATION_COLUMNS))?;
        let mut page = first_page();
        loop {
            let allocated = Some(Status::Allocated);
            let list = self.views.lines(allocated, &page, self.today).await;
            let list = list.map_err(unreadable)?;
            self.csv(|csv| {
                list.items
                    .iter()
                    .try_for_each(|line| write_allocations(csv, line))
            })?;
            self.told(list.items.iter().map(|line| line.allocations.len()).sum());
            page.after = list.next;
            if page.after.is_none() {
                return Ok(());
            }
        }
    }

    async fn events(&mut self) -> Result<(), CliError> {
        let mut page = first_page();
        loop {
            let found = self.views.events(&page).await.map_err(unreadable)?;
            if found.events.is_empty() {
                return Ok(());
            }
            for event in &found.events {
                let json = serde_json::to_vec(event).map_err(|error| {
                    CliError::failed(format!("event {} has no JSON form: {error}", event.id()))
                })?;
                self.output.write(|out| {
                    out.write_all(&json)?;
                    out.write_all(b"\n")
                })?;
            }
            self.told(found.events.len());
            page.after = Some(found.next);
        }
    }

    /// Writes some rows.
    fn csv(
        &mut self,
        rows: impl FnOnce(&mut csv::Writer<&mut Vec<u8>>) -> csv::Result<()>,
    ) -> Result<(), CliError> {
        let mut bytes = Vec::new();
        let mut csv = csv::Writer::from_writer(&mut bytes);
        let written = rows(&mut csv).and_then(|()| Ok(csv.flush()?));
        drop(csv);
        written.map_err(|error| CliError::failed(error.to_string()))?;
        self.output.write(|out| out.write_all(&bytes))
    }

    fn told(&mut self, rows: usize) {
        self.rows += rows as u64;
        self.progress.update(self.rows, None);
    }
}

const BATCH_COLUMNS: [&str; 6] = ["ref", "sku", "qty", "eta", "shipment", "location"];
const ORDER_COLUMNS: [&str; 7] = [
    "orderid",
    "sku",
    "qty",
    "line_id",
    "requested_date",
    "priority",
    "policy",
];
/// The first four are the book's.
pub(crate) const ALLOCATION_COLUMNS: [&str; 6] =
    ["orderid", "sku", "qty", "batchref", "line_id", "promised"];

fn first_page() -> Page {
    Page {
        after: None,
        limit: PAGE,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn unreadable(error: ViewError) -> CliError {
    CliError::failed(error.to_string())
}

/// A date, or nothing.
fn date(date: Option<Date>) -> String {
    date.map_or_else(String::new, |date| date.to_string())
}

fn write_batch<W: io::Write>(csv: &mut csv::Writer<W>, batch: &BatchResource) -> csv::Result<()> {
    let shipment = batch.shipment.as_ref();
    let location = batch.location.as_ref();
    csv.write_record([
        batch.reference.as_str(),
        batch.sku.as_str(),
        &batch.purchased.to_string(),
        &date(batch.eta),
        shipment.map_or("", |shipment| shipment.as_str()),
        location.map_or("", |location| location.as_str()),
    ])
}

fn write_line<W: io::Write>(csv: &mut csv::Writer<W>, line: &LineResource) -> csv::Result<()> {
    let policy = match line.policy {
        Policy::Earliest => "earliest",
        Policy::JustInTime => "just_in_time",
    };
    csv.write_record([
        line.order_id.as_str(),
        line.sku.as_str(),
        &line.quantity.to_string(),
        line.line_id.as_str(),
        &date(line.requested_date),
        &line.priority.get().to_string(),
        policy,
    ])
}

fn write_allocations<W: io::Write>(
    csv: &mut csv::Writer<W>,
    line: &LineResource,
) -> csv::Result<()> {
    line.allocations.iter().try_for_each(|allocation| {
        csv.write_record([
            line.order_id.as_str(),
            line.sku.as_str(),
            &allocation.quantity.to_string(),
            allocation.batch.as_str(),
            line.line_id.as_str(),
            &date(line.current_promise),
        ])
    })
}
