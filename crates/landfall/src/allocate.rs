//! `landfall allocate`: the book's CSV program. Two files in, one out, no server and no database.

use std::io;
use std::path::{Path, PathBuf};

use landfall_domain::IfShort;
use landfall_service::resources::LineResource;
use landfall_service::{Answer, Bus, Reply};
use tokio::runtime::Runtime;

use crate::bootstrap;
use crate::config::{CalendarArgs, Settings};
use crate::export::ALLOCATION_COLUMNS;
use crate::outcome::{CliError, Outcome};
use crate::output::Output;
use crate::rows::{BatchRows, Input, Kind, Mapping, OrderRows, Piece, Row, Rows};
use crate::terminal::{Progress, count};

/// The columns that there always are.
const SHORT: usize = 4;

/// Allocate the orders of a directory's CSV files to its batches
///
/// Reads DIR/batches.csv (ref, sku, qty, eta) and DIR/orders.csv (orderid, sku, qty), and writes
/// DIR/allocations.csv (orderid, sku, qty, batchref). Orders are taken in the file's order; each row is a
/// line, also where an order names a SKU again. Lines that got nothing are listed on standard error.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall allocate .\n  \
    landfall allocate stock --full --today 2026-11-21")]
pub(crate) struct AllocateArgs {
    /// Where the files are
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Write the line id and the promised date, too
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    calendar: CalendarArgs,
}

/// Allocates.
pub(crate) fn run(args: &AllocateArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let calendar = settings.calendar(&args.calendar)?;
    let mapping = Mapping::default();
    let batches = open(&args.directory, "batches.csv", |header| {
        BatchRows::new(&mapping, header).map(|rows| Kind::Batches(Box::new(rows)))
    })?;
    let orders = open(&args.directory, "orders.csv", |header| {
        OrderRows::new(&mapping, header, true, IfShort::Reject)
            .map(|rows| Kind::Orders(Box::new(rows)))
    })?;
    let engine = bootstrap::open_memory(calendar, settings)?;
    let runtime = bootstrap::small_runtime()?;
    let program = Program {
        runtime: &runtime,
        bus: &engine.bus,
    };
    let result = program.run(args, batches, orders);
    engine.finish();
    result
}

fn open(
    directory: &Path,
    name: &str,
    kind: impl FnOnce(&csv::ByteRecord) -> Result<Kind, String>,
) -> Result<Rows, CliError> {
    Rows::open(&Input::File(directory.join(name)), kind)
}

struct Program<'a> {
    runtime: &'a Runtime,
    bus: &'a Bus,
}

impl Program<'_> {
    fn run(&self, args: &AllocateArgs, batches: Rows, orders: Rows) -> Result<Outcome, CliError> {
        let columns = if args.full {
            ALLOCATION_COLUMNS.len()
        } else {
            SHORT
        };
        let path = args.directory.join("allocations.csv");
        let mut output = Output::create(&path)?;
        let header = &ALLOCATION_COLUMNS[..columns];
        write(&mut output, |csv| csv.write_record(header))?;
        let mut progress = Progress::new("rows");
        let (mut rows, mut refused, mut allocated) = (0, 0, 0_u64);
        for (name, mut file) in [("batches.csv", batches), ("orders.csv", orders)] {
            while let Some(mut piece) = file.next_piece()? {
                let mut answers = self.carry_out(&mut piece).into_iter();
                let mut lines = Vec::new();
                for row in piece.rows {
                    let line = row.line;
                    match reason_or_line(row, &mut answers) {
                        Ok(found) => lines.extend(found),
                        Err(reason) => {
                            eprintln!("{name} line {line}: {reason}");
                            refused += 1;
                        }
                    }
                    rows += 1;
                }
                progress.update(rows, None);
                allocated += lines.len() as u64;
                write(&mut output, |csv| {
                    lines
                        .iter()
                        .try_for_each(|line| write_line(csv, line, columns))
                })?;
            }
        }
        progress.finish();
        output.finish()?;
        eprintln!(
            "{} allocated, {} without: see {}",
            count(allocated, "line"),
            count(refused, "row"),
            path.display()
        );
        Ok(Outcome::with_rejects(refused))
    }

    fn carry_out(&self, piece: &mut Piece) -> Vec<Answer> {
        let requests = std::mem::take(&mut piece.requests);
        self.runtime.block_on(self.bus.handle_all(requests))
    }
}

/// The line that a row became (none of a batch), or why it became nothing.
fn reason_or_line(
    row: Row,
    answers: &mut impl Iterator<Item = Answer>,
) -> Result<Option<LineResource>, String> {
    if let Some(reason) = row.wrong {
        return Err(reason);
    }
    // Its shipment first; if that failed, so does the batch.
    if row.with_shipment {
        answers.next();
    }
    match answers.next() {
        Some(Ok(done)) => Ok(match done.reply {
            Reply::Line(line) => Some(line),
            Reply::Batch(_) | Reply::Shipment(_) | Reply::Order(_) => None,
        }),
        Some(Err(failure)) => Err(failure.to_string()),
        None => Err("it has no answer".into()),
    }
}

/// Writes some rows.
fn write(
    output: &mut Output,
    rows: impl FnOnce(&mut csv::Writer<&mut dyn io::Write>) -> csv::Result<()>,
) -> Result<(), CliError> {
    output.write(|out| {
        let mut csv = csv::Writer::from_writer(out);
        rows(&mut csv).map_err(io::Error::other)?;
        csv.flush()
    })
}

/// A line that is not split lies on one batch: one row.
fn write_line(
    csv: &mut csv::Writer<&mut dyn io::Write>,
    line: &LineResource,
    columns: usize,
) -> csv::Result<()> {
    let promised = line.current_promise.map(|date| date.to_string());
    for allocation in &line.allocations {
        let row = [
            line.order_id.as_str(),
            line.sku.as_str(),
            &allocation.quantity.to_string(),
            allocation.batch.as_str(),
            line.line_id.as_str(),
            promised.as_deref().unwrap_or_default(),
        ];
        csv.write_record(&row[..columns])?;
    }
    Ok(())
}
