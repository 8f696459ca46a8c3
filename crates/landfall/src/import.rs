//! `landfall import`: rows of a CSV file become batches or order lines.

use std::path::PathBuf;

use landfall_domain::{IfShort, Status};
use serde::Serialize;

use crate::bootstrap;
use crate::config::{CalendarArgs, DatabaseArgs, Settings};
use crate::feed::{self, Done, Fate, Target};
use crate::outcome::{CliError, Outcome};
use crate::remote::RemoteArgs;
use crate::rows::{
    BatchRows, Input, Kind, Mapping, OrderRows, Position, Rejects, Rows, rejects_path,
};
use crate::terminal::{self, Progress, count};

/// Shipments with other content of which each is told.
const SHIPMENTS_TOLD: u64 = 10;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum What {
    #[value(help = "ref, sku, qty, eta, and perhaps shipment, location")]
    Batches,
    #[value(
        help = "orderid, sku, qty, and perhaps line_id, requested_date, priority, policy: \
                each row is a line by itself"
    )]
    Orders,
}

/// Import batches or orders from a CSV file
///
/// Rows that are rejected go to FILE.rejects.csv (of standard input: batches.rejects.csv or
/// orders.rejects.csv) with their line number and the reason; the rest is imported. Importing a file again
/// changes nothing.
///
/// The first row of batches that names a shipment makes it, with the row's eta; the other rows of that shipment
/// must have the same. A shipment that is there already keeps its own ETA, and its batches take it.
///
/// Where rows name an order and a SKU again, --number-lines counts them all, wherever in the file they are
/// and also if they are rejected: putting one right later does not number the others anew. Rejected rows
/// keep their number in the rejects file, which can be put right and imported itself.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall import batches batches.csv\n  \
    landfall import orders orders.csv.gz --number-lines\n  \
    landfall import orders invoices.csv --columns orderid=InvoiceNo,sku=StockCode,qty=Quantity\n  \
    zcat orders.csv.gz | landfall import orders - --url http://127.0.0.1:5005 --json")]
pub(crate) struct ImportArgs {
    /// What its rows are
    #[arg(value_enum)]
    what: What,
    /// The file, plain or gzip; - for standard input
    file: Input,
    #[arg(
        long,
        value_name = "OURS=THEIRS,…",
        default_value = "",
        hide_default_value = true,
        value_parser = mapping,
        help = "What the file calls its columns: orderid=InvoiceNo,qty=Quantity; eta= for a file of \
                batches that are all in the warehouse"
    )]
    columns: Mapping,
    #[arg(
        long,
        help = "Give the nth row of an order and a SKU the line id SKU#n, n ≥ 2, so that repeats are \
                lines of their own; rows with a line_id keep it"
    )]
    number_lines: bool,
    #[command(flatten)]
    remote: RemoteArgs,
    /// Where rejected rows go [default: FILE.rejects.csv]
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    calendar: CalendarArgs,
}

fn mapping(text: &str) -> Result<Mapping, String> {
    if text.is_empty() {
        Ok(Mapping::default())
    } else {
        text.parse()
    }
}

/// What became of a file.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Summary {
    /// Rows of the file, without its header.
    rows: u64,
    /// Rows that made something new.
    accepted: u64,
    /// Rows that were so already.
    unchanged: u64,
    /// Rows that are in the rejects file.
    rejected: u64,
    /// Of the accepted: lines that found stock at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    allocated: Option<u64>,
    /// Of the accepted: lines that wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    backordered: Option<u64>,
    /// Shipments that rows named and that were not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    shipments: Option<u64>,
    /// Shipments that were there with other content than the rows say.
    #[serde(skip)]
    other_shipments: u64,
    /// Rows that name an order and a SKU again.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<u64>,
    /// Where the rejected rows are.
    rejects_file: Option<PathBuf>,
    /// How long it took.
    seconds: f64,
}

impl Summary {
    fn new(what: What) -> Self {
        let of_orders = (what == What::Orders).then_some(0);
        Self {
            allocated: of_orders,
            backordered: of_orders,
            repeated: of_orders,
            shipments: (what == What::Batches).then_some(0),
            ..Self::default()
        }
    }

    fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Accepted(status) => {
                self.accepted += 1;
                match status {
                    Some(Status::Backordered) => add(&mut self.backordered),
                    Some(_) => add(&mut self.allocated),
                    None => {}
                }
            }
            Fate::Unchanged => self.unchanged += 1,
            Fate::Rejected(_) => self.rejected += 1,
            Fate::Failed(_) => return,
        }
        self.rows += 1;
    }

    /// A shipment that exists with other content is no fault of the row that names it: the batch comes with it
    /// as it is.
    fn count_shipment(&mut self, fate: &Fate) {
        match fate {
            Fate::Accepted(_) => add(&mut self.shipments),
            Fate::Rejected(reason) => {
                if self.other_shipments < SHIPMENTS_TOLD {
                    eprintln!("warning: {reason}; its batches come with it as it is");
                }
                self.other_shipments += 1;
            }
            // Where it failed, the row's own command fails as well.
            Fate::Unchanged | Fate::Failed(_) => {}
        }
    }

    fn table(&self) -> comfy_table::Table {
        let number = |number: u64| Some(terminal::thousands(number));
        let rows = [
            ("rows", number(self.rows)),
            ("accepted", number(self.accepted)),
            ("  allocated", self.allocated.and_then(number)),
            ("  backordered", self.backordered.and_then(number)),
            (
                "  shipments",
                self.shipments.filter(|made| *made > 0).and_then(number),
            ),
            ("unchanged", number(self.unchanged)),
            ("rejected", number(self.rejected)),
            ("seconds", Some(format!("{:.1}", self.seconds))),
        ];
        terminal::pairs(
            rows.into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        )
    }
}

fn add(count: &mut Option<u64>) {
    *count = count.map(|count| count + 1);
}

/// Imports a file.
pub(crate) fn run(args: &ImportArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let checked = match args.what {
        What::Batches => BatchRows::check(&args.columns),
        What::Orders => OrderRows::check(&args.columns),
    };
    checked.map_err(CliError::Usage)?;
    if args.what == What::Batches && args.number_lines {
        return Err(CliError::usage(
            "--number-lines is for orders; batches have no lines",
        ));
    }
    let rows = Rows::open(&args.file, |header| match args.what {
        What::Batches => {
            BatchRows::new(&args.columns, header).map(|rows| Kind::Batches(Box::new(rows)))
        }
        What::Orders => {
            let number = args.number_lines;
            OrderRows::new(&args.columns, header, number, IfShort::Backorder)
                .map(|rows| Kind::Orders(Box::new(rows)))
        }
    })?;
    let rejects = rejects(args, &rows)?;
    let runtime = bootstrap::small_runtime()?;
    if let Some(service) = args.remote.service(settings)? {
        bootstrap::refuse_own_day(&args.calendar)?;
        let target = Target::Service(service);
        return runtime.block_on(import(args, rows, rejects, &target));
    }
    let calendar = settings.calendar(&args.calendar)?;
    let database = settings.database(&args.database);
    let engine = bootstrap::open_to_write(&database, calendar, settings, "import")?;
    let target = Target::Bus(engine.bus.clone());
    let outcome = runtime.block_on(import(args, rows, rejects, &target));
    drop((target, runtime));
    engine.finish();
    outcome
}

/// Makes ready for rejected rows.
fn rejects(args: &ImportArgs, rows: &Rows) -> Result<Rejects, CliError> {
    let name = match args.what {
        What::Batches => "batches",
        What::Orders => "orders",
    };
    let path = args
        .rejects
        .clone()
        .unwrap_or_else(|| rejects_path(&args.file, name));
    let same = |file: &std::path::Path| {
        file == path
            || file
                .canonicalize()
                .ok()
                .is_some_and(|file| Some(file) == path.canonicalize().ok())
    };
    if args.file.path().is_some_and(same) {
        return Err(CliError::usage("--rejects names the file that is imported"));
    }
    let line_column = args
        .number_lines
        .then(|| OrderRows::line_column(&args.columns));
    Rejects::new(path.clone(), rows.header(), line_column)
        .map_err(|error| CliError::failed(format!("{}: {error}", path.display())))
}

async fn import(
    args: &ImportArgs,
    rows: Rows,
    mut rejects: Rejects,
    target: &Target,
) -> Result<Outcome, CliError> {
    let mut summary = Summary::new(args.what);
    let mut progress = Progress::new("rows");
    let position = rows.position.clone();
    let fed = feed::feed(rows, target, |done| {
        take(&done, &mut summary, &mut rejects)?;
        progress.update(summary.rows, part(&position));
        Ok(())
    })
    .await;
    summary.seconds = progress.finish().as_secs_f64();
    // What was rejected so far is worth having whatever happened.
    let path = rejects.path().to_owned();
    summary.rejects_file = rejects
        .finish()
        .map_err(|error| CliError::failed(format!("{}: {error}", path.display())))?;
    let rows = fed.map_err(|error| stopped(error, summary.rows))?;
    report(args, &rows, summary)
}

/// Counts a piece's rows and writes down those that were rejected.
fn take(done: &Done, summary: &mut Summary, rejects: &mut Rejects) -> Result<(), CliError> {
    for fate in &done.shipments {
        summary.count_shipment(fate);
    }
    for (at, (row, fate)) in done.piece.rows.iter().zip(&done.fates).enumerate() {
        summary.count(fate);
        match fate {
            Fate::Accepted(_) | Fate::Unchanged => {}
            Fate::Rejected(reason) => rejects
                .write(
                    row.line,
                    reason,
                    row.line_id.as_ref(),
                    done.piece.fields(at),
                )
                .map_err(|error| {
                    CliError::failed(format!("{}: {error}", rejects.path().display()))
                })?,
            Fate::Failed(reason) => {
                return Err(CliError::failed(format!("line {}: {reason}", row.line)));
            }
        }
    }
    Ok(())
}

/// How far reading has come, where the length is known.
fn part(position: &Position) -> Option<(u64, u64)> {
    position.length.map(|length| (position.read(), length))
}

/// An error in the midst of a file, with what to do about it.
fn stopped(error: CliError, rows: u64) -> CliError {
    match error {
        CliError::Failed(message) => CliError::Failed(format!(
            "{message}; {} had been dealt with; import the file again to go on, which changes nothing \
             of what is done",
            count(rows, "row")
        )),
        other => other,
    }
}

fn report(args: &ImportArgs, rows: &Rows, mut summary: Summary) -> Result<Outcome, CliError> {
    if let Kind::Orders(orders) = rows.kind() {
        summary.repeated = Some(orders.repeats.repeated);
        warn_of_repeats(args, orders);
    }
    let untold = summary.other_shipments.saturating_sub(SHIPMENTS_TOLD);
    if untold > 0 {
        eprintln!("warning: and {} more", count(untold, "shipment"));
    }
    if let Some(path) = &summary.rejects_file {
        let rejected = count(summary.rejected, "row");
        eprintln!("{rejected} rejected; the reasons are in {}", path.display());
    }
    if args.json {
        terminal::print_json(&summary)?;
    } else {
        terminal::print(&summary.table())?;
    }
    Ok(Outcome::with_rejects(summary.rejected))
}

fn warn_of_repeats(args: &ImportArgs, orders: &OrderRows) {
    let repeats = &orders.repeats;
    if repeats.repeated > 0 && !args.number_lines {
        eprintln!(
            "warning: {} an order and a SKU that an earlier row names. Such a row changes nothing where \
             it says the same, and is rejected where it does not; with --number-lines each is a line of \
             its own",
            if repeats.repeated == 1 {
                "1 row names".to_owned()
            } else {
                format!("{} name", count(repeats.repeated, "row"))
            }
        );
    }
    if repeats.forgetful {
        eprintln!(
            "warning: the file is so large that rows of an order and a SKU that are millions of rows \
             apart were not known as repeats"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_counted_once() {
        let mut summary = Summary::new(What::Orders);
        for fate in [
            Fate::Accepted(Some(Status::Allocated)),
            Fate::Accepted(Some(Status::Allocated)),
            Fate::Accepted(Some(Status::Backordered)),
            Fate::Unchanged,
            Fate::Rejected("no".into()),
            Fate::Failed("disk full".into()),
        ] {
            summary.count(&fate);
        }
        let expected = Summary {
            rows: 5,
            accepted: 3,
            unchanged: 1,
            rejected: 1,
            allocated: Some(2),
            backordered: Some(1),
            repeated: Some(0),
            ..Summary::default()
        };
        assert_eq!(summary, expected);
    }

    #[test]
    fn batches_are_not_counted_as_allocated() {
        let mut summary = Summary::new(What::Batches);
        summary.count(&Fate::Accepted(None));
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!(json["accepted"], 1);
        assert_eq!(json.get("allocated"), None);
        assert_eq!(json["rejects_file"], serde_json::Value::Null);
    }
}
