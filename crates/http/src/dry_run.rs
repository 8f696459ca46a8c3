//! Dry runs: what commands would do, with nothing committed.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use bytes::Bytes;
use futures_util::stream;
use landfall_service::bus::DryRunStep;
use landfall_service::summary::{Summary, summarize};
use landfall_service::{LogRecord, Request};
use serde::Serialize;

use crate::known;
use crate::lines::Lines;
use crate::problems::{Kind, Problem};
use crate::results::{ResultLine, Slot, Status};
use crate::stream::{self as commands, Piece};
use crate::{Shared, answers, body};

/// Result lines that are put together at one time.
const LINES: usize = 256;

#[derive(Serialize)]
struct Last {
    summary: Summary,
}

#[derive(Serialize)]
struct One<'a> {
    result: ResultLine<'a>,
    events: &'a [LogRecord],
    summary: Summary,
}

/// One command: `{result, events, summary}`.
pub(crate) async fn one(context: &Shared, request: Request) -> Result<Response<Body>, Problem> {
    let command = request.command.clone();
    let steps = run(context, vec![request]).await?;
    let Some(step) = steps.first() else {
        return Err(Problem::internal("a dry run of one command gave no step"));
    };
    answers::json(
        StatusCode::OK,
        &One {
            result: ResultLine::answered(0, command.kind(), &step.answer),
            events: &step.events,
            summary: summarize(Some(&command), &steps, 0),
        },
    )
}

/// Commands as NDJSON: one line each, then the summary. All are read before the first is run, because one
/// too many refuses them all.
pub(crate) async fn ndjson(
    context: &Shared,
    parts: &Parts,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let limits = &context.limits;
    let caller = known::caller(&parts.extensions)?;
    let whole = body::whole(context, parts, body, limits.dry_run_bytes).await?;
    let mut lines = Lines::new(limits.line);
    lines.push(&whole.bytes);
    let mut piece = Piece::default();
    loop {
        let line = match lines.next() {
            Some(line) => line,
            None => match lines.finish() {
                Some(line) => line,
                None => break,
            },
        };
        piece.add(line, limits.line, caller);
        if piece.slots.len() > limits.dry_run_commands {
            let most = limits.dry_run_commands;
            let detail = format!("A dry run may have at most {most} commands.");
            return Err(Problem::new(Kind::TooLarge, detail));
        }
    }
    let Piece {
        slots, requests, ..
    } = piece;
    let invalid = slots.len() - requests.len();
    let only = match (requests.as_slice(), invalid) {
        ([only], 0) => Some(only.command.clone()),
        _ => None,
    };
    let steps = if requests.is_empty() {
        Vec::new()
    } else {
        run(context, requests).await?
    };
    let summary = summarize(only.as_ref(), &steps, invalid as u64);
    Ok(commands::answer(results(slots, steps, summary)))
}

async fn run(context: &Shared, requests: Vec<Request>) -> Result<Vec<DryRunStep>, Problem> {
    Ok(context.app.bus.dry_run(requests).await?)
}

/// The lines, put together as they go out.
fn results(
    slots: Vec<Slot>,
    steps: Vec<DryRunStep>,
    summary: Summary,
) -> impl futures_util::Stream<Item = Bytes> + Send + 'static {
    let rows = slots.into_iter().enumerate();
    let start = (rows, steps.into_iter(), Some(summary));
    stream::unfold(start, |(mut rows, mut steps, summary)| async move {
        let summary = summary?;
        let mut output = Vec::with_capacity(LINES * 512);
        for (index, slot) in rows.by_ref().take(LINES) {
            line(index as u64, slot, &mut steps, &mut output);
        }
        if rows.len() > 0 {
            return Some((Bytes::from(output), (rows, steps, Some(summary))));
        }
        if serde_json::to_writer(&mut output, &Last { summary }).is_ok() {
            output.push(b'\n');
        }
        Some((Bytes::from(output), (rows, steps, None)))
    })
}

fn line(
    index: u64,
    slot: Slot,
    steps: &mut impl Iterator<Item = DryRunStep>,
    output: &mut Vec<u8>,
) {
    match slot {
        Slot::Asked(kind) => {
            let Some(step) = steps.next() else { return };
            let mut line = ResultLine::answered(index, kind, &step.answer);
            line.events = Some(&step.events);
            line.write(output);
        }
        Slot::Invalid(kind, problem) => {
            let mut line = ResultLine::unanswered(index, kind.as_deref(), Status::Invalid, problem);
            line.events = Some(&[]);
            line.write(output);
        }
        Slot::Forbidden(kind, problem) => {
            let mut line = ResultLine::unanswered(index, Some(kind), Status::Rejected, problem);
            line.events = Some(&[]);
            line.write(output);
        }
        // A dry run is read whole before it begins: nothing ends it early.
        Slot::End(_) => {}
    }
}
