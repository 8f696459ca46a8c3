//! Today: what needs a person, each with the action beside it, and how it goes.

mod ages;
mod figures;
mod sinks;
mod supply;
mod work;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::ToSpan;
use landfall_service::desk::{GroupBy, Totals, WorkFilter, WorkKind};
use landfall_service::views::OverdueTotal;

use super::freshness::{behind, take_in};
use super::overdue as dispatch;
use crate::errors::Failed;
use crate::frame::{Frame, Place};
use crate::table::{Table, Tone};
use crate::visit::Visit;
use crate::{Shared, format};
use ages::ages_table;
use figures::FigureRow;
use sinks::{sink_rows, sink_table};
use supply::{Missing, hold_part, overdue_part};
pub(super) use work::cause;
use work::{Broken, broken_table, capped, waiting_table};

/// Rows of each table here; each leads to the whole list.
const ROWS: usize = 10;

#[derive(Template)]
#[template(path = "today.html")]
struct Today {
    frame: Frame,
    /// What is wrong, in a few words each, and where that is told.
    alarms: Vec<Alarm>,
    figures: Vec<figures::Figure>,
    days: Table,
    /// How far the worklist is behind, where that is worth a word.
    behind: Option<String>,
    /// Of when the overdue lines are, where that is not now.
    counted: Option<String>,
    tables: Vec<(Table, Vec<More>)>,
}

/// How much is not shown, and where it is.
struct More {
    words: String,
    href: String,
}

struct Alarm {
    tone: Tone,
    count: String,
    words: &'static str,
    href: &'static str,
}

/// The page.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    visit.asks_only(&[])?;
    let app = &context.app;
    let (views, desk) = (&app.views, &app.desk);
    if visit.params.get("done").is_some() {
        take_in(&**desk).await?;
    }
    let today = visit.today();
    let all = WorkFilter::default();
    let from = today.saturating_sub((figures::DAYS - 1).days());
    let (late, waiting, lost, ages, totals, lag, days) = tokio::try_join!(
        desk.groups(WorkKind::Late, GroupBy::Source, &all, ROWS),
        desk.groups(WorkKind::Waiting, GroupBy::Sku, &all, ROWS),
        // All of them: the lines that lost their stock are counted.
        desk.groups(WorkKind::Waiting, GroupBy::Source, &all, usize::MAX),
        desk.ages(WorkKind::Waiting, visit.now),
        desk.totals(),
        desk.lag(),
        desk.days(from, today),
    )?;
    let ((arrivals, holds), (undispatched, older)) = tokio::try_join!(
        supply::missing(&**views, &visit),
        dispatch::read(&context, &visit),
    )?;
    let sinks = sink_rows(
        &app.sinks.iter().map(|sink| sink.read()).collect::<Vec<_>>(),
        visit.now,
    );
    let (caption, late_left) = (capped("Broken promises, by cause", &late), late.left_out);
    let broken = Broken::new(late, lost, ROWS);
    let (late_cut, lost_cut) = broken.left_out();
    let to_come = broken.to_come(&visit, &**views).await?;
    let alarms = alarms(
        &totals,
        &broken,
        &undispatched.total,
        &arrivals,
        &holds,
        sinks.len(),
    );
    let tables = vec![
        (
            broken_table(&visit, &broken, &to_come, caption),
            [
                more(late_left + late_cut, "All late lines", "/late"),
                more(lost_cut, "All lines that wait", "/backorders"),
            ]
            .into_iter()
            .flatten()
            .collect(),
        ),
        undispatched_part(&visit, &undispatched.total),
        (
            waiting_table(&visit, &waiting),
            more(waiting.left_out, "All lines that wait", "/backorders")
                .into_iter()
                .collect(),
        ),
        (ages_table(&ages), Vec::new()),
        overdue_part(arrivals),
        hold_part(holds),
        (sink_table(sinks, app.sinks.is_empty()), Vec::new()),
    ];
    let row = FigureRow::new(from, today, &days);
    super::show(&Today {
        frame: Frame::new(&visit, Place::Today, "Today"),
        alarms,
        figures: row.figures(),
        days: row.table(),
        behind: behind(&lag, visit.now),
        counted: older.then(|| counted(&visit, &undispatched)),
        tables,
    })
}

/// That something has happened since the overdue lines were counted.
fn counted(visit: &Visit, count: &dispatch::Counted) -> String {
    let at = visit.local(count.at).strftime("%H:%M:%S");
    format!("The overdue lines in the warehouse are those of {at}. They are being counted anew.")
}

/// The lines that should have left, and where the others are.
fn undispatched_part(
    visit: &Visit,
    OverdueTotal {
        first,
        lines,
        capped,
        ..
    }: &OverdueTotal,
) -> (Table, Vec<More>) {
    let words = if *capped {
        "All overdue lines, at least"
    } else {
        "All overdue lines"
    };
    let left_out = lines.saturating_sub(first.len() as u64);
    let more = more(left_out, words, "/overdue");
    (dispatch::table(visit, first), more.into_iter().collect())
}

/// Where all lines are of which a table leaves out so many rows.
fn more(left_out: u64, words: &str, href: &str) -> Option<More> {
    (left_out > 0).then(|| More {
        words: format!(
            "{words}: {}",
            format::count(left_out, "row more", "rows more")
        ),
        href: href.to_owned(),
    })
}

fn alarms(
    totals: &Totals,
    broken: &Broken,
    undispatched: &OverdueTotal,
    arrivals: &Missing,
    holds: &Missing,
    sinks: usize,
) -> Vec<Alarm> {
    let alarm = |count: u64, tone: Tone, one, many, href| Alarm {
        tone: if count == 0 { Tone::Good } else { tone },
        count: format::number(count),
        words: if count == 1 { one } else { many },
        href,
    };
    let most = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let mut alarms = [
        alarm(
            totals.late.lines.saturating_add(broken.lost()),
            Tone::Bad,
            "promise broken",
            "promises broken",
            "#late",
        ),
        alarm(
            undispatched.lines,
            Tone::Bad,
            "overdue line in the warehouse",
            "overdue lines in the warehouse",
            "#dispatch",
        ),
        alarm(
            arrivals.promised() + holds.promised(),
            Tone::Bad,
            "unit at risk",
            "units at risk",
            if arrivals.promised() > 0 {
                "#overdue"
            } else {
                "#holds"
            },
        ),
        alarm(
            totals.waiting.lines,
            Tone::Warn,
            "line waits for stock",
            "lines wait for stock",
            "#waiting",
        ),
        alarm(
            most(arrivals.count()),
            Tone::Bad,
            "arrival overdue",
            "arrivals overdue",
            "#overdue",
        ),
        alarm(
            most(holds.count()),
            Tone::Warn,
            "hold to be cleared",
            "holds to be cleared",
            "#holds",
        ),
        alarm(
            most(sinks),
            Tone::Warn,
            "sink behind",
            "sinks behind",
            "#sinks",
        ),
    ];
    let capped = [
        broken.is_capped(),
        undispatched.capped,
        arrivals.is_capped() || holds.is_capped(),
        false,
        arrivals.is_capped(),
        holds.is_capped(),
        false,
    ];
    for (alarm, _) in alarms.iter_mut().zip(capped).filter(|(_, capped)| *capped) {
        alarm.count = format!("at least {}", alarm.count);
    }
    alarms.into()
}
