//! `landfall apply`: commands as NDJSON, each the same object as everywhere, and a result line for each.
//!
//! Without `--url` the commands go through the same API, in this process: what a line means, and what is
//! answered, is the same by construction.

use std::io::{BufRead, Write};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::header::CONTENT_TYPE;
use landfall_http::{App, Limits};
use landfall_service::access::Doorkeeper;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::bootstrap::{self, Engine};
use crate::config::{CalendarArgs, DatabaseArgs, Settings};
use crate::exchange::{self, Answer, Commands, Problem};
use crate::outcome::{CliError, Outcome};
use crate::remote::RemoteArgs;
use crate::rows::Input;
use crate::terminal::{self, Progress, count};

/// Bytes of the file that are handed on together.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait to be sent.
const WAITING: usize = 4;
/// A file waits for nobody, and somebody who types may take their time.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// Carry out commands from a file of NDJSON
///
/// Each line is a command, as POST /v1/commands takes it; for each, one line is printed:
/// {index, type, status, reply or problem}.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landfall apply changes.ndjson\n  \
    landfall apply changes.ndjson --dry-run\n  \
    echo '{\"type\":\"ChangeBatchEta\",\"reference\":\"b-7\",\"eta\":\"2027-01-15\"}' | \
    landfall apply - --url http://127.0.0.1:5005")]
pub(crate) struct ApplyArgs {
    /// The file, plain or gzip; - for standard input
    file: Input,
    /// Tell what would happen, and change nothing; at most 10,000 commands
    #[arg(long)]
    dry_run: bool,
    /// Print a summary instead of the results
    #[arg(long)]
    quiet: bool,
    /// Print the summary as one JSON object; without --quiet the results are JSON in any case
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    calendar: CalendarArgs,
}

/// What became of a file.
#[derive(Debug, Default, Serialize)]
struct Summary {
    /// Lines that are not blank.
    commands: u64,
    /// Commands that were carried out, or were so already.
    ok: u64,
    /// Commands that were refused.
    rejected: u64,
    /// Lines that are no command.
    invalid: u64,
    /// Of a dry run: what it adds up to.
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<serde_json::Value>,
    /// How long it took.
    seconds: f64,
    /// Why a command could not be carried out at present.
    #[serde(skip)]
    failed: Option<String>,
}

/// What is needed of a result line.
#[derive(Deserialize)]
struct ResultLine {
    status: Option<Status>,
    problem: Option<Problem>,
    summary: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Rejected,
    Invalid,
}

impl Summary {
    fn count(&mut self, line: &[u8]) -> Result<(), CliError> {
        let line: ResultLine = serde_json::from_slice(line)
            .map_err(|error| CliError::failed(format!("what is answered is no result: {error}")))?;
        if let Some(problem) = line.problem
            && problem.status >= 500
        {
            self.failed.get_or_insert(problem.detail);
        }
        match line.status {
            Some(Status::Ok) => self.ok += 1,
            Some(Status::Rejected) => self.rejected += 1,
            Some(Status::Invalid) => self.invalid += 1,
            None => {
                self.dry_run = line.summary;
                return Ok(());
            }
        }
        self.commands += 1;
        Ok(())
    }

    fn print(&self, json: bool) -> Result<(), CliError> {
        if json {
            return terminal::print_json(self);
        }
        let rows = [
            ("commands", self.commands),
            ("ok", self.ok),
            ("rejected", self.rejected),
            ("invalid", self.invalid),
        ];
        let mut table = terminal::pairs(rows.map(|row| (row.0, terminal::thousands(row.1))));
        if let Some(serde_json::Value::Object(dry_run)) = &self.dry_run {
            // The first of its numbers are those above.
            let own = rows.map(|row| row.0);
            let others = dry_run.iter();
            for (name, value) in others.filter(|pair| !own.contains(&pair.0.as_str())) {
                match value {
                    // The sentence that says it all comes first.
                    serde_json::Value::String(text) => terminal::print(text)?,
                    serde_json::Value::Number(number) => {
                        table.add_row([name.replace('_', " "), number.to_string()]);
                    }
                    // Lists are for programs.
                    _ => {}
                }
            }
        }
        terminal::print(&table)
    }
}

/// Carries out the commands of a file.
pub(crate) fn run(args: &ApplyArgs, settings: &Settings) -> Result<Outcome, CliError> {
    let runtime = bootstrap::small_runtime()?;
    if let Some(service) = args.remote.service(settings)? {
        bootstrap::refuse_own_day(&args.calendar)?;
        return runtime.block_on(async {
            let (commands, answer) = service.commands(args.dry_run).await?;
            exchange(args, commands, answer).await
        });
    }
    let calendar = settings.calendar(&args.calendar)?;
    let database = settings.database(&args.database);
    let engine = if args.dry_run {
        bootstrap::open_to_try(&database, calendar, settings)?
    } else {
        bootstrap::open_to_write(&database, calendar, settings, "apply")?
    };
    let outcome = runtime.block_on(async {
        let (commands, answer) = through_the_api(&engine, args.dry_run)?;
        exchange(args, commands, answer).await
    });
    drop(runtime);
    engine.finish();
    outcome
}

/// Begins to stream commands to the API in this process.
fn through_the_api(engine: &Engine, dry_run: bool) -> Result<(Commands, Answer), CliError> {
    let app = App {
        bus: engine.bus.clone(),
        views: engine.views.clone(),
        calendar: engine.calendar.clone(),
        door: Doorkeeper::unguarded(),
        stats: engine.stats.clone(),
        sinks: Vec::new(),
        desk: None,
        desk_stats: None,
        intakes: Vec::new(),
        replicas: None,
        commits: engine.commits(),
        stopping: CancellationToken::new(),
    };
    let limits = Limits {
        body_timeout: FOR_EVER,
        stream_silence: FOR_EVER,
        ..Limits::default()
    };
    let (commands, body) = exchange::commands();
    let request = hyper::Request::post(exchange::path(dry_run))
        .header(CONTENT_TYPE, exchange::NDJSON)
        .body(axum::body::Body::new(body))
        .map_err(|error| CliError::failed(error.to_string()))?;
    let response = landfall_http::router(app, &limits).oneshot(request);
    let answer = Answer::of("the database".to_owned(), async move {
        response
            .await
            .map(|response| response.map(BodyExt::boxed_unsync))
    });
    Ok((commands, answer))
}

async fn exchange(
    args: &ApplyArgs,
    commands: Commands,
    answer: Answer,
) -> Result<Outcome, CliError> {
    let pieces = read(&args.file)?;
    let mut summary = Summary::default();
    let mut progress = Progress::new("commands");
    // What cannot be read on ends the request; the commands before are carried out and told first.
    let (sent, received) = tokio::join!(
        send(pieces, commands),
        receive(args, answer, &mut summary, &mut progress)
    );
    summary.seconds = progress.finish().as_secs_f64();
    received?;
    sent?;
    if args.quiet {
        summary.print(args.json)?;
    }
    if let Some(reason) = &summary.failed {
        return Err(CliError::failed(format!(
            "not every command was carried out: {reason} Apply the file again to go on, which changes \
             nothing of what is done"
        )));
    }
    let refused = summary.rejected + summary.invalid;
    if refused > 0 {
        eprintln!("{} refused", count(refused, "command"));
    }
    Ok(Outcome::with_rejects(refused))
}

type Pieces = mpsc::Receiver<std::io::Result<Bytes>>;

/// Reads the file on a thread of its own: standard input may keep it waiting.
fn read(file: &Input) -> Result<Pieces, CliError> {
    let failed = |error: std::io::Error| CliError::failed(format!("{file}: {error}"));
    let mut input = file.open().map_err(failed)?.into_lines();
    let (sender, pieces) = mpsc::channel(WAITING);
    let reader = move || {
        loop {
            let piece = match input.fill_buf() {
                Ok([]) => return,
                Ok(bytes) => Ok(Bytes::copy_from_slice(&bytes[..bytes.len().min(PIECE)])),
                Err(error) => Err(error),
            };
            let ended = piece.is_err();
            input.consume(piece.as_ref().map_or(0, Bytes::len));
            if sender.blocking_send(piece).is_err() || ended {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("reader".into())
        .spawn(reader)
        .map_err(failed)?;
    Ok(pieces)
}

async fn send(mut pieces: Pieces, commands: Commands) -> Result<(), CliError> {
    while let Some(piece) = pieces.recv().await {
        let piece = piece.map_err(|error| CliError::failed(format!("cannot read on: {error}")))?;
        if !commands.send(piece).await {
            // The answer says why.
            return Ok(());
        }
    }
    Ok(())
}

/// Prints results as they come.
async fn receive(
    args: &ApplyArgs,
    answer: Answer,
    summary: &mut Summary,
    progress: &mut Progress,
) -> Result<(), CliError> {
    let mut results = answer.results().await?;
    let mut out = std::io::BufWriter::with_capacity(PIECE, std::io::stdout());
    while let Some(line) = results.next().await? {
        summary.count(&line)?;
        if !args.quiet {
            let written = out.write_all(&line).and_then(|()| out.write_all(b"\n"));
            // What waits for an answer to the line before must see it.
            let written = written.and_then(|()| {
                if results.is_drained() {
                    out.flush()
                } else {
                    Ok(())
                }
            });
            written.map_err(|error| unread(&error, summary.commands))?;
        }
        progress.update(summary.commands, None);
    }
    out.flush()
        .map_err(|error| unread(&error, summary.commands))
}

/// Unlike with an export, nobody reading is a failure: the rest is not carried out.
fn unread(error: &std::io::Error, commands: u64) -> CliError {
    CliError::failed(format!(
        "cannot write the results: {error}; stopped after {}",
        count(commands, "command")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted_by_their_status() {
        let mut summary = Summary::default();
        for line in [
            r#"{"index":0,"type":"Allocate","status":"ok","created":true,"reply":{"status":"allocated"}}"#,
            r#"{"index":1,"type":"Allocate","status":"rejected","problem":{"status":422,"detail":"No."}}"#,
            r#"{"index":2,"type":null,"status":"invalid","problem":{"status":400,"detail":"No."}}"#,
        ] {
            summary.count(line.as_bytes()).unwrap();
        }
        let counts = (
            summary.commands,
            summary.ok,
            summary.rejected,
            summary.invalid,
        );
        assert_eq!(counts, (3, 1, 1, 1));
        assert_eq!(summary.failed, None);
        let line = r#"{"index":3,"status":"rejected","problem":{"status":503,"detail":"Full."}}"#;
        summary.count(line.as_bytes()).unwrap();
        assert_eq!(summary.failed.as_deref(), Some("Full."));
        assert!(summary.count(b"no result").is_err());
    }

    #[test]
    fn the_summary_of_a_dry_run_is_no_command() {
        let mut summary = Summary::default();
        summary
            .count(br#"{"summary":{"commands":1,"events":2}}"#)
            .unwrap();
        assert_eq!(summary.commands, 0);
        assert_eq!(summary.dry_run.unwrap()["events"], 2);
    }
}
