//! `landfall report`: figures over everything that the database holds.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use landfall_service::report::{self, Dwell, DwellReport, Sold};

use crate::bootstrap;
use crate::config::{CalendarArgs, DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal::{self, thousands};

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum What {
    #[value(
        help = "Days that goods wait in the warehouse for the day on which they are wanted, and the share \
                of each shipment that was sold when it landed"
    )]
    Dwell,
}

/// Report how long goods dwell, and how much of a shipment is sold when it lands
///
/// Dwell is counted for lines that name a requested date, from the goods' arrival to that date, weighted by
/// units. It reads everything once, of one moment, and works beside a running service.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall report dwell\n  \
    landfall report dwell --database sqlite:backup.db --json")]
pub(crate) struct ReportArgs {
    /// Which report
    #[arg(value_enum)]
    what: What,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    calendar: CalendarArgs,
}

/// Reports.
pub(crate) fn run(args: &ReportArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let (_, day) = settings.calendar(&args.calendar)?.read();
    let database = settings.database(&args.database);
    let views = bootstrap::open_to_read(&database, settings, "report")?;
    match args.what {
        What::Dwell => {
            let report = bootstrap::small_runtime()?.block_on(report::dwell(views.as_ref(), &day));
            let report =
                report.map_err(|error| CliError::failed(format!("{database}: {error}")))?;
            if args.json {
                terminal::print_json(&report)?;
            } else {
                print(&report)?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn print(report: &DwellReport) -> Result<(), CliError> {
    let mut table = right(["dwell in days", "units", "mean", "longest"]);
    for (when, dwell) in [("left", &report.left), ("planned", &report.planned)] {
        for (policy, dwell) in [
            ("", &dwell.all),
            (", earliest", &dwell.earliest),
            (", just_in_time", &dwell.just_in_time),
        ] {
            table.add_row(dwell_row(format!("{when}{policy}"), dwell));
        }
    }
    terminal::print(&table)?;
    let sold = &report.sold_on_landing;
    let mut table = right(["sold when it landed", "landed", "units", "share"]);
    table.add_row(sold_row("all".into(), String::new(), &sold.all));
    for shipment in &sold.shipments {
        let (name, day) = (shipment.shipment.to_string(), shipment.landed.to_string());
        table.add_row(sold_row(name, day, &shipment.sold));
    }
    table.add_row(sold_row(
        "without shipment".into(),
        String::new(),
        &sold.without_shipment,
    ));
    terminal::print(&table)?;
    if sold.shipments_left_out > 0 {
        let more = terminal::count(sold.shipments_left_out, "shipment");
        terminal::print(&format!("… and {more}"))?;
    }
    Ok(())
}

/// A table whose columns but the first are numbers.
fn right<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn dwell_row(name: String, dwell: &Dwell) -> [String; 4] {
    let days = dwell.mean_days;
    [
        name,
        thousands(dwell.units),
        days.map_or_else(none, |days| format!("{days:.1}")),
        dwell.max_days.map_or_else(none, |days| days.to_string()),
    ]
}

fn sold_row(name: String, landed: String, sold: &Sold) -> [String; 4] {
    let share = sold.share;
    [
        name,
        landed,
        thousands(sold.units),
        share.map_or_else(none, |share| format!("{:.0} %", share * 100.0)),
    ]
}

fn none() -> String {
    "–".into()
}
