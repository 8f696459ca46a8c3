//! `cargo xtask replay FILE`: months of real orders, played day by day as if each day were today.
//!
//! The file says what was ordered, not what was in stock, so the supply is made up: each SKU gets
//! one batch a month for 90 % of what that month will ask for (`supply`), and a few batches come
//! short, late or early (seeded). All goes through the command line as a user would do it
//! (`landfall`), and an audit at the end says whether every line and every unit is accounted for.

mod landfall;
mod orders;
mod random;
mod rejects;
mod steal;
mod summary;
mod supply;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::time::Instant;

use jiff::ToSpan;
use jiff::civil::Date;

use self::landfall::Landfall;
use self::orders::Orders;
use self::steal::CpuTime;
use self::summary::Summary;
use self::supply::Supply;
use crate::{Outcome, bulleted, command, metadata};

/// What to replay, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask replay orders.csv.gz
  cargo xtask replay orders.csv --seed 7 --limit-days 14 --keep /tmp/replay")]
pub(crate) struct Args {
    /// The orders, as `.csv` or `.csv.gz` with a header; it is held in memory.
    file: PathBuf,
    /// Decides which batches come short, late or early: the same seed, the same replay.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A `landfall` to use instead of building one in release mode.
    #[arg(long, value_name = "PATH")]
    release_binary: Option<PathBuf>,
    /// Work in this directory, new or empty, and leave the database and all files there.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Play the first days of the calendar only; the supply is still made for the whole file.
    #[arg(long, value_name = "N")]
    limit_days: Option<NonZeroU16>,
    #[command(flatten)]
    columns: orders::Columns,
}

/// Replays the file and prints the summary; an error if anything is not accounted for.
pub(crate) fn run(args: &Args) -> Outcome<()> {
    let orders = orders::open(&args.file, &args.columns)?;
    let supply = supply::plan(&orders.demand, orders.first_day(), args.seed);
    let target = metadata::read()?.target_directory;
    let program = match &args.release_binary {
        Some(path) => path.clone(),
        None => build(&target)?,
    };
    // Below the target directory and not in the system's temporary one: that may be in memory,
    // where a durable commit costs nothing and the figures would flatter.
    let scratch = target.join(format!("replay-{}", std::process::id()));
    let directory = args.keep.as_deref().unwrap_or(&scratch);
    make_empty(directory)?;

    let landfall = Landfall::new(program, directory);
    let summary = Replay {
        args,
        orders: &orders,
        supply: &supply,
        landfall,
        directory,
    }
    .play()?;
    println!("{}", summary.table());
    let problems = summary.problems();
    if problems.is_empty() {
        if args.keep.is_none() {
            fs::remove_dir_all(directory)?;
        }
        return Ok(());
    }
    Err(format!(
        "the replay does not add up; its files are in {}{}",
        directory.display(),
        bulleted(&problems)
    )
    .into())
}

/// Builds the binary as it is shipped, and says where it is.
fn build(target: &Path) -> Outcome<PathBuf> {
    command::run(Program::new("cargo").args(["build", "--release", "--package", "landfall"]))?;
    Ok(target
        .join("release")
        .join(format!("landfall{}", std::env::consts::EXE_SUFFIX)))
}

/// Makes the directory. One with something in it is refused: a replay on top of another would
/// meet its own batches and orders again.
fn make_empty(directory: &Path) -> Outcome<()> {
    fs::create_dir_all(directory)
        .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
    if fs::read_dir(directory)?.next().is_some() {
        return Err(format!("{} is not empty; name a new directory", directory.display()).into());
    }
    Ok(())
}

/// One replay on its way: what is to be played, and where.
struct Replay<'a> {
    args: &'a Args,
    orders: &'a Orders,
    supply: &'a BTreeMap<Date, Supply>,
    landfall: Landfall,
    directory: &'a Path,
}

impl Replay<'_> {
    /// Plays every day in order, then audits.
    fn play(&self) -> Outcome<Summary> {
        let mut summary = Summary::default();
        let mut order_ids = HashSet::new();
        let (clock, cpu) = (Instant::now(), CpuTime::now());
        let mut month = None;
        for day in self.days() {
            if month != Some(day.first_of_month()) {
                month = Some(day.first_of_month());
                eprintln!("replaying {}", day.strftime("%Y-%m"));
            }
            if let Some(supply) = self.supply.get(&day) {
                self.play_supply(day, supply, &mut summary)?;
            }
            if let Some(rows) = self.orders.days.get(&day) {
                self.play_orders(day, rows, &mut summary)?;
                order_ids.extend(rows.iter().map(|row| self.orders.order_id(row)));
            }
        }
        summary.orders = order_ids.len();
        summary.undated = self.orders.undated;
        summary.elapsed = clock.elapsed();
        summary.steal = cpu
            .zip(CpuTime::now())
            .map(|(before, after)| after.steal_since(before));
        eprintln!("auditing");
        summary.audit = self.landfall.audit()?;
        Ok(summary)
    }

    /// The days on which anything happens, up to the last order that is played.
    fn days(&self) -> BTreeSet<Date> {
        let last = self.orders.last_day();
        let end = self.args.limit_days.map_or(last, |days| {
            last.min(
                self.orders
                    .first_day()
                    .saturating_add((i32::from(days.get()) - 1).days()),
            )
        });
        self.supply
            .keys()
            .chain(self.orders.days.keys())
            .copied()
            .filter(|day| *day <= end)
            .collect()
    }

    /// The morning: what was bought is entered, what changed is told, what came is put away.
    fn play_supply(&self, day: Date, supply: &Supply, summary: &mut Summary) -> Outcome<()> {
        if !supply.batches.is_empty() {
            let file = self.directory.join(format!("batches-{day}.csv"));
            let mut csv = csv::Writer::from_path(&file)?;
            for batch in &supply.batches {
                csv.serialize(batch)?;
            }
            csv.flush()?;
            self.landfall.import_batches(&file, day)?;
        }
        if !supply.changes.is_empty() {
            let file = self.directory.join(format!("changes-{day}.ndjson"));
            let mut out = BufWriter::new(File::create(&file)?);
            for change in &supply.changes {
                serde_json::to_writer(&mut out, change)?;
                out.write_all(b"\n")?;
            }
            out.flush()?;
            self.landfall.apply(&file, day)?;
        }
        summary.count_supply(supply);
        Ok(())
    }

    /// The day's orders, with the rows that no shop should have sent among them: it is the
    /// import's part to reject these and to say why.
    fn play_orders(
        &self,
        day: Date,
        rows: &[csv::ByteRecord],
        summary: &mut Summary,
    ) -> Outcome<()> {
        let file = self.directory.join(format!("orders-{day}.csv"));
        let mut csv = csv::WriterBuilder::new().flexible(true).from_path(&file)?;
        csv.write_byte_record(&self.orders.header)?;
        for row in rows {
            csv.write_byte_record(row)?;
        }
        csv.flush()?;
        let clock = Instant::now();
        let imported = self
            .landfall
            .import_orders(&file, &self.args.columns, day)?;
        summary.importing += clock.elapsed();
        if imported.rejected > 0 {
            let rejects = File::open(rejects::path_of(&file))
                .map_err(|error| format!("no rejects beside {}: {error}", file.display()))?;
            rejects::count(rejects, &self.args.columns, &mut summary.rejects)?;
        }
        summary.count_orders(rows.len(), &imported);
        Ok(())
    }
}
