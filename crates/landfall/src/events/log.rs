//! `landfall events list` and `tail`: the log by cursor.

use std::time::Duration;

use landfall_domain::{OrderId, Sku};
use landfall_service::LogRecord;
use landfall_service::log::{LogCursor, data_json};
use landfall_service::views::{Page, ViewError, Views};

use crate::bootstrap;
use crate::config::{DatabaseArgs, Settings};
use crate::outcome::{CliError, Outcome};
use crate::terminal;

/// Events that are read at once.
const PAGE: usize = 1_000;
/// How often it is looked whether something was written.
const LOOK: Duration = Duration::from_millis(500);

/// List events, from the beginning or after a cursor
///
/// Cursors are as they are printed at the end: an event's id, or of a database with several partitions an id of
/// each. Each partition is in its own order; across them the events go by their time.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall events list --limit 20\n  \
    landfall events list --after 0-4711 --sku SOFA-3-GREY\n  \
    landfall events list --type Allocated --type Backordered --json")]
pub(crate) struct ListArgs {
    /// Only what comes after this cursor
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
    /// At most so many events; all of them where nothing is said
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    #[command(flatten)]
    filter: Filter,
}

/// Show the last events, and go on with what comes
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall events tail\n  \
    landfall events tail -n 50 --follow --type PromiseChanged")]
pub(crate) struct TailArgs {
    /// How many of the last events are looked at
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    lines: u64,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Debug, clap::Args)]
struct Filter {
    /// Only events of this type; may be repeated
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// Only events of this product
    #[arg(long)]
    sku: Option<Sku>,
    /// Only events of this order and its lines
    #[arg(long, value_name = "ORDER")]
    order: Option<OrderId>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Wait for more when the end is reached
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    database: DatabaseArgs,
}

impl Filter {
    fn wants(&self, record: &LogRecord) -> bool {
        let kind = record.event.kind();
        let of_order = |order: &OrderId| {
            let placed = match &record.event {
                landfall_domain::Event::OrderPlaced { order_id, .. } => Some(order_id),
                event => event.line().map(|(order_id, _)| order_id),
            };
            placed == Some(order)
        };
        (self.types.is_empty() || self.types.iter().any(|wanted| wanted == kind))
            && (self.sku.is_none() || self.sku == record.sku)
            && self.order.as_ref().is_none_or(of_order)
    }

    fn print(&self, record: &LogRecord) -> Result<(), CliError> {
        if self.json {
            return terminal::print_json(record);
        }
        let data = data_json(&record.event)
            .map_err(|error| CliError::failed(format!("{}: {error}", record.id())))?;
        let time = record.time.strftime("%Y-%m-%d %H:%M:%SZ");
        let sku = record.sku.as_ref().map_or("–", Sku::as_str);
        let (id, kind) = (record.id(), record.event.kind());
        terminal::print(&format!("{time}  {id:<10} {kind:<20} {sku:<20} {data}"))
    }
}

/// Lists.
pub(crate) fn list(args: &ListArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let database = settings.database(&args.filter.database);
    let views = bootstrap::open_to_read(&database, settings, "events list")?;
    let after = match &args.after {
        Some(text) => cursor("--after", text, views.partitions())?,
        None => LogCursor::new(views.partitions()),
    };
    let limit = args.limit.unwrap_or(u64::MAX);
    let reading = read(views.as_ref(), after, limit, &args.filter);
    let end = bootstrap::small_runtime()?.block_on(reading)?;
    eprintln!("go on with --after {end}");
    Ok(Outcome::Done)
}

/// Shows the end of the log.
pub(crate) fn tail(args: &TailArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let database = settings.database(&args.filter.database);
    let views = bootstrap::open_to_read(&database, settings, "events tail")?;
    bootstrap::small_runtime()?.block_on(async {
        let (last, end) = last(views.as_ref(), args.lines).await?;
        for record in last.iter().filter(|record| args.filter.wants(record)) {
            args.filter.print(record)?;
        }
        if args.filter.follow {
            read(views.as_ref(), end, u64::MAX, &args.filter).await?;
        }
        Ok(Outcome::Done)
    })
}

/// A cursor that was given in this flag.
pub(super) fn cursor(flag: &str, text: &str, partitions: u16) -> Result<LogCursor, CliError> {
    LogCursor::parse(text, partitions).ok_or_else(|| {
        let example = if partitions == 1 { "0-42" } else { "0-42.3-7" };
        CliError::usage(format!(
            "{flag} {text}: this is no cursor of a log of {}; one is {example}",
            terminal::count(u64::from(partitions), "partition")
        ))
    })
}

/// The last events, and where the log ends after them.
async fn last(views: &dyn Views, count: u64) -> Result<(Vec<LogRecord>, LogCursor), CliError> {
    let end = views.end().await.map_err(|error| unreadable(&error))?;
    let end = LogCursor::parse(&end, views.partitions())
        .ok_or_else(|| CliError::failed(format!("the log ends at {end}, which is no cursor")))?;
    // Whichever partitions they lie in, they are among so many of each.
    let first = end.offsets().iter().map(|end| end.saturating_sub(count));
    let mut at = LogCursor::at(first.collect());
    let mut last = std::collections::VecDeque::new();
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    loop {
        let found = page(views, &at).await?;
        if found.is_empty() {
            return Ok((last.into(), at));
        }
        for record in found {
            at.pass(&record);
            if last.len() == most {
                last.pop_front();
            }
            if most > 0 {
                last.push_back(record);
            }
        }
    }
}

/// Prints what comes after a cursor, up to a number, and says how far it has read.
async fn read(
    views: &dyn Views,
    mut at: LogCursor,
    limit: u64,
    filter: &Filter,
) -> Result<LogCursor, CliError> {
    let mut printed = 0;
    while printed < limit {
        let found = page(views, &at).await?;
        if found.is_empty() {
            if !filter.follow {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        for record in &found {
            if printed == limit {
                break;
            }
            at.pass(record);
            if filter.wants(record) {
                filter.print(record)?;
                printed += 1;
            }
        }
    }
    Ok(at)
}

async fn page(views: &dyn Views, at: &LogCursor) -> Result<Vec<LogRecord>, CliError> {
    let page = Page {
        after: Some(at.to_string()),
        limit: PAGE,
    };
    let found = views.events(&page).await;
    Ok(found.map_err(|error| unreadable(&error))?.events)
}

fn unreadable(error: &ViewError) -> CliError {
    CliError::failed(format!("the log cannot be read: {error}"))
}
