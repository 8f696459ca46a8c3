//! What a command would do, as a planner sees it before it is done.

mod doubt;
mod tables;
mod taken;
mod there;

use askama::Template;
use jiff::civil::Date;
use landfall_domain::{Command, Event};
use landfall_service::answer::{Failure, Request};
use landfall_service::bus::DryRunStep;
use landfall_service::summary::{Summary, summarize};

use crate::Shared;
use crate::errors::Failed;
use crate::format;
use crate::table::{Table, Tone};
use there::There;

/// How many, of what, and how that is.
type Figure = (String, &'static str, Tone);

/// A dry run's summary in a page.
#[derive(Template)]
#[template(path = "preview.html")]
pub(crate) struct Preview {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    pub(crate) figures: Vec<Figure>,
    /// Line by line, and batch by batch.
    pub(crate) tables: Vec<Table>,
    /// What is allowed and most likely not meant.
    pub(crate) doubts: Vec<String>,
    /// A digest of the command and of what it would take: the form that is sent off from here carries it, and what
    /// would come to another is shown anew.
    pub(crate) seen: String,
    /// Whether it would change nothing.
    pub(crate) idle: bool,
    /// Whether this very form was carried out before.
    pub(crate) repeated: bool,
    /// Whether some of the promises that it would break are not listed.
    pub(crate) cut: bool,
}

/// Runs a command dry: what it would do, or why it would be refused.
pub(crate) async fn look(
    context: &Shared,
    request: &Request,
    today: Date,
) -> Result<Result<Preview, Failure>, Failed> {
    let app = &context.app;
    let command = &request.command;
    let steps = match app.bus.dry_run(vec![request.clone()]).await {
        Ok(steps) => steps,
        Err(failure) => return Ok(Err(failure)),
    };
    let Some(step) = steps.first() else {
        return Err(Failed::Broken("a dry run has no step".into()));
    };
    if let Err(failure) = &step.answer {
        return Ok(Err(failure.clone()));
    }
    let day = (today, &app.calendar.zone);
    let there = There::before(&*app.views, command, step, day).await?;
    Ok(Ok(Preview::new(command, step, &there, today)))
}

impl Preview {
    /// Of what one command would do, and what it would replace.
    fn new(command: &Command, step: &DryRunStep, there: &There, today: Date) -> Self {
        let idle = step.events.is_empty();
        let summary = summarize(Some(command), std::slice::from_ref(step), 0);
        let mut figures = figures(&summary, ended(step));
        figures.extend(units(step));
        Self {
            tone: tone(&summary),
            figures,
            tables: tables::of(step, &summary, there),
            doubts: doubt::doubts(command, there, idle, today),
            text: format::headline(&summary.text),
            seen: taken::digest(command, there, step),
            idle,
            repeated: step.repeated,
            cut: tables::is_cut(summary.promises_broken),
        }
    }
}

fn tone(summary: &Summary) -> Tone {
    let waiting = summary.lines_new_waiting;
    match (summary.promises_broken, summary.promises_improved) {
        (1.., _) => Tone::Bad,
        (0, 1..) => Tone::Good,
        (0, 0) if waiting > 0 => Tone::Warn,
        (0, 0) if summary.lines_new > 0 => Tone::Good,
        (0, 0) => Tone::Plain,
    }
}

/// Lines that would be cancelled.
fn ended(step: &DryRunStep) -> u64 {
    let kinds = step.events.iter().map(|record| record.event.kind());
    kinds.filter(|kind| *kind == "LineCancelled").count() as u64
}

/// How many of what. The lines that are affected are those whose promise is broken, kept or improved, those that have
/// none to keep, and those that are `ended`: a cancellation is not asked how many promises it keeps.
fn figures(summary: &Summary, ended: u64) -> Vec<Figure> {
    let mut figures = Vec::new();
    let mut figure = |count: u64, one: &'static str, many: &'static str, tone| {
        let tone = if count > 0 { tone } else { Tone::Plain };
        let label = if count == 1 { one } else { many };
        figures.push((format::number(count), label, tone));
    };
    if summary.lines_new > 0 {
        figure(summary.lines_new, "new line", "new lines", Tone::Plain);
        let waiting = summary.lines_new_waiting;
        let (one, many) = ("new line that would wait", "new lines that would wait");
        figure(waiting, one, many, Tone::Warn);
    }
    let affected = summary.lines_affected;
    if affected > 0 || summary.lines_new == 0 {
        let (broken, kept, improved) = (
            summary.promises_broken,
            summary.promises_kept,
            summary.promises_improved,
        );
        figure(affected, "line affected", "lines affected", Tone::Plain);
        if ended > 0 {
            figure(ended, "line cancelled", "lines cancelled", Tone::Plain);
        }
        for (count, one, many, tone) in [
            (broken, "promise broken", "promises broken", Tone::Bad),
            (kept, "promise kept", "promises kept", Tone::Plain),
            (
                improved,
                "promise improved",
                "promises improved",
                Tone::Good,
            ),
        ] {
            if ended == 0 || count > 0 {
                figure(count, one, many, tone);
            }
        }
        let without = affected.saturating_sub(broken + kept + improved + ended);
        if without > 0 {
            let label = "without a promise to keep";
            figure(without, label, label, Tone::Plain);
        }
    }
    if summary.lines_lost > 0 {
        let (one, many) = ("line that would wait", "lines that would wait");
        figure(summary.lines_lost, one, many, Tone::Bad);
    }
    if summary.days_late.max > 0 {
        let most = format!("+{} d", format::number(summary.days_late.max));
        figures.push((most, "the latest", Tone::Bad));
    }
    figures
}

/// How many units would leave, stay, be cancelled or be counted, where any would: who looks at it decides by these.
fn units(step: &DryRunStep) -> Vec<Figure> {
    let (mut left, mut cancelled, mut gone, mut counted) = (None, None, None, None);
    for record in &step.events {
        let add = |sum: &mut Option<u64>, units: u64| {
            *sum = Some(sum.unwrap_or_default().saturating_add(units));
        };
        match &record.event {
            Event::Dispatched { quantity, .. } => add(&mut left, *quantity),
            Event::LineCancelled { quantity, .. } => add(&mut cancelled, *quantity),
            Event::BatchCancelled { from, to, .. } => add(&mut gone, from.saturating_sub(*to)),
            Event::BatchReceived { quantity, .. } => add(&mut counted, *quantity),
            _ => {}
        }
    }
    // Of all that the command is about: an order, of which some lines may not leave at all, or one line.
    let lines = tables::open(step).into_iter();
    let open = lines.map(|line| line.quantity.saturating_sub(line.dispatched));
    let stay = left.map(|_| open.fold(0, u64::saturating_add));
    let figures = [
        (left, "unit would leave", "units would leave"),
        (stay, "unit would stay", "units would stay"),
        (cancelled, "unit cancelled", "units cancelled"),
        (gone, "unit that will not come", "units that will not come"),
        (counted, "unit counted", "units counted"),
    ];
    let figures = figures.into_iter().filter_map(|(sum, one, many)| {
        let sum = sum?;
        let label = if sum == 1 { one } else { many };
        Some((format::number(sum), label, Tone::Plain))
    });
    figures.collect()
}
