//! From the rows of a file to the fate of each: rows are read and parsed on a thread of their own while
//! those before them are carried out, several pieces at a time, and fates come back in the file's order.

use std::thread::JoinHandle;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use landfall_domain::Status;
use landfall_http::problems::Problem;
use landfall_service::{Answer, Bus, Failure, Reply, Request};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::exchange::{self, Commands};
use crate::outcome::CliError;
use crate::remote::Remote;
use crate::rows::{Piece, Rows};

/// Parsed pieces that may wait to be carried out.
const PARSED: usize = 4;
/// Pieces that may be carried out at the same time.
const IN_FLIGHT: usize = 8;

/// Where commands go.
pub(crate) enum Target {
    /// Into the database, through the bus of this process.
    Bus(Bus),
    /// To a running service.
    Service(Remote),
}

/// What became of a row's command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done; the status is of the line, where it was one.
    Accepted(Option<Status>),
    /// It was already so.
    Unchanged,
    /// It is refused, and changed nothing.
    Rejected(String),
    /// The database or the service cannot do it at present.
    Failed(String),
}

impl Fate {
    fn of(answer: Answer) -> Self {
        match answer {
            Ok(done) if !done.created => Self::Unchanged,
            Ok(done) => Self::Accepted(match done.reply {
                Reply::Line(line) => Some(line.status),
                Reply::Batch(_) | Reply::Shipment(_) | Reply::Order(_) => None,
            }),
            Err(Failure::Unavailable { reason, .. }) => {
                Self::Failed(format!("the database cannot be written: {reason}"))
            }
            // Who works on the database itself is told in its own words, which the API keeps in its log.
            Err(failure @ Failure::Damaged { .. }) => Self::Failed(failure.to_string()),
            Err(failure @ Failure::Unstorable { .. }) => Self::Rejected(failure.to_string()),
            Err(failure) => {
                let problem = Problem::from(failure);
                Self::of_problem(problem.kind().status().as_u16(), problem.detail())
            }
        }
    }

    /// A problem of the server's making is no fault of the row.
    fn of_problem(status: u16, detail: &str) -> Self {
        let reason = as_reason(detail);
        // A key that is no longer good neither.
        if status >= 500 || status == 401 {
            Self::Failed(reason)
        } else {
            Self::Rejected(reason)
        }
    }

    /// From one line of a service's answer.
    fn of_line(line: &[u8]) -> Result<Self, CliError> {
        /// What is needed of a result line.
        #[derive(Deserialize)]
        struct Line {
            #[serde(default)]
            created: bool,
            reply: Option<LineReply>,
            problem: Option<exchange::Problem>,
        }
        #[derive(Deserialize)]
        struct LineReply {
            status: Option<Status>,
        }
        let line: Line = serde_json::from_slice(line).map_err(|error| {
            CliError::failed(format!("the service answers what is no result: {error}"))
        })?;
        match line {
            Line {
                problem: Some(problem),
                ..
            } => Ok(Self::of_problem(problem.status, &problem.detail)),
            Line {
                reply: Some(reply),
                created,
                ..
            } => Ok(if created {
                Self::Accepted(reply.status)
            } else {
                Self::Unchanged
            }),
            Line { .. } => Err(CliError::failed(
                "the service answers a result without reply and problem",
            )),
        }
    }
}

/// A sentence as a reason among others: without its full stop, and beginning small unless it is with a name.
fn as_reason(sentence: &str) -> String {
    let text = sentence.strip_suffix('.').unwrap_or(sentence);
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if second.is_lowercase() => {
            let rest = &text[first.len_utf8()..];
            first.to_lowercase().chain(rest.chars()).collect()
        }
        _ => text.to_owned(),
    }
}

/// A piece and the fates of its rows, one each.
pub(crate) struct Done {
    pub(crate) piece: Piece,
    pub(crate) fates: Vec<Fate>,
    /// The fates of the shipments that its rows named for the first time.
    pub(crate) shipments: Vec<Fate>,
}

impl Done {
    /// Puts the fates of the commands to those of the rows that had none.
    fn new(piece: Piece, mut of_commands: impl Iterator<Item = Fate>) -> Self {
        let mut next = || {
            let missing = || Fate::Failed("it has no answer".to_owned());
            of_commands.next().unwrap_or_else(missing)
        };
        let mut shipments = Vec::new();
        let fates = piece
            .rows
            .iter()
            .map(|row| {
                if let Some(reason) = &row.wrong {
                    return Fate::Rejected(reason.clone());
                }
                if row.with_shipment {
                    shipments.push(next());
                }
                next()
            })
            .collect();
        Self {
            piece,
            fates,
            shipments,
        }
    }
}

/// Carries out all rows of a file. `each` gets every piece, in the file's order, and ends it all with an
/// error. Gives the rows back for what was noticed while they were read.
pub(crate) async fn feed(
    rows: Rows,
    target: &Target,
    each: impl FnMut(Done) -> Result<(), CliError>,
) -> Result<Rows, CliError> {
    let (pieces, reader) = read(rows)?;
    match target {
        Target::Bus(bus) => through_bus(bus, pieces, each).await?,
        Target::Service(service) => through_service(service, pieces, each).await?,
    }
    reader
        .join()
        .map_err(|_| CliError::failed("reading the file failed"))
}

type Pieces = mpsc::Receiver<Result<Piece, CliError>>;

/// Starts to read.
fn read(mut rows: Rows) -> Result<(Pieces, JoinHandle<Rows>), CliError> {
    let (sender, pieces) = mpsc::channel(PARSED);
    let reader = std::thread::Builder::new()
        .name("reader".into())
        .spawn(move || {
            while let Some(piece) = rows.next_piece().transpose() {
                let ended = piece.is_err();
                // Nobody takes it any more: there was an error elsewhere, which will be told.
                if sender.blocking_send(piece).is_err() || ended {
                    break;
                }
            }
            rows
        })
        .map_err(|error| CliError::failed(format!("cannot start a thread: {error}")))?;
    Ok((pieces, reader))
}

async fn through_bus(
    bus: &Bus,
    pieces: Pieces,
    mut each: impl FnMut(Done) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let pieces = stream::unfold(pieces, |mut pieces| async {
        pieces.recv().await.map(|piece| (piece, pieces))
    });
    let queue = &bus.stream();
    // A piece stands in the queue before the next one is looked at: that keeps their order.
    let answered = pieces.then(|piece| async {
        let mut piece = piece?;
        let requests = std::mem::take(&mut piece.requests);
        let answers = if requests.is_empty() {
            None
        } else {
            Some(queue.submit(requests).await)
        };
        Ok((piece, answers))
    });
    let done = answered.map(|submitted| async {
        let (piece, answers) = submitted?;
        let answers = match answers {
            Some(answers) => answers.await,
            None => Vec::new(),
        };
        Ok(Done::new(piece, answers.into_iter().map(Fate::of)))
    });
    let mut done = std::pin::pin!(done.buffered(IN_FLIGHT));
    while let Some(next) = done.next().await {
        each(next?)?;
    }
    Ok(())
}

async fn through_service(
    service: &Remote,
    pieces: Pieces,
    each: impl FnMut(Done) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let (commands, answer) = service.commands(false).await?;
    let (sent, waiting) = mpsc::channel(IN_FLIGHT);
    tokio::try_join!(
        async {
            write(pieces, commands, sent).await;
            Ok(())
        },
        take_results(answer, waiting, each)
    )?;
    Ok(())
}

/// Sends all pieces; each is handed to the side that waits for results before its bytes are sent.
async fn write(
    mut pieces: Pieces,
    commands: Commands,
    sent: mpsc::Sender<Result<(Piece, usize), CliError>>,
) {
    while let Some(piece) = pieces.recv().await {
        let (piece, lines) = match piece {
            Ok(mut piece) => {
                let requests = std::mem::take(&mut piece.requests);
                (Ok((piece, requests.len())), ndjson(&requests))
            }
            Err(error) => (Err(error), Bytes::new()),
        };
        if sent.send(piece).await.is_err() || !commands.send(lines).await {
            return;
        }
    }
}

async fn take_results(
    answer: exchange::Answer,
    mut waiting: mpsc::Receiver<Result<(Piece, usize), CliError>>,
    mut each: impl FnMut(Done) -> Result<(), CliError>,
) -> Result<(), CliError> {
    let mut results = answer.results().await?;
    while let Some(piece) = waiting.recv().await {
        let (piece, count) = piece?;
        let mut fates = Vec::with_capacity(count);
        for _ in 0..count {
            let line = results.next().await?.ok_or_else(|| {
                CliError::failed("the service ended before it had answered every row")
            })?;
            fates.push(Fate::of_line(&line)?);
        }
        each(Done::new(piece, fates.into_iter()))?;
    }
    match results.next().await? {
        None => Ok(()),
        Some(_) => Err(CliError::failed("the service answers more than was asked")),
    }
}

/// The commands, one a line.
fn ndjson(requests: &[Request]) -> Bytes {
    let mut lines = Vec::with_capacity(requests.len() * 160);
    for request in requests {
        // A command has only text keys and finite numbers: it always has a JSON form.
        let _ = serde_json::to_writer(&mut lines, &request.command);
        lines.push(b'\n');
    }
    lines.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(line: &str) -> Fate {
        Fate::of_line(line.as_bytes()).unwrap()
    }

    #[test]
    fn a_result_line_is_a_fate() {
        let accepted =
            fate(r#"{"index":0,"status":"ok","created":true,"reply":{"status":"backordered"}}"#);
        assert_eq!(accepted, Fate::Accepted(Some(Status::Backordered)));
        let batch = fate(r#"{"index":0,"status":"ok","created":true,"reply":{"reference":"b"}}"#);
        assert_eq!(batch, Fate::Accepted(None));
        let unchanged = fate(r#"{"status":"ok","created":false,"reply":{"status":"allocated"}}"#);
        assert_eq!(unchanged, Fate::Unchanged);
        let rejected =
            fate(r#"{"status":"rejected","problem":{"status":422,"detail":"No such SKU."}}"#);
        assert_eq!(rejected, Fate::Rejected("no such SKU".into()));
        let failed = fate(r#"{"status":"rejected","problem":{"status":503,"detail":"Busy."}}"#);
        assert_eq!(failed, Fate::Failed("busy".into()));
        for line in ["", "{}", "[]", r#"{"status":"ok"}"#] {
            assert!(Fate::of_line(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn a_sentence_becomes_a_reason() {
        for (sentence, reason) in [
            ("There is no batch b.", "there is no batch b"),
            ("SKU X is long.", "SKU X is long"),
            ("sku is empty", "sku is empty"),
            ("Ähnlich.", "ähnlich"),
            ("", ""),
        ] {
            assert_eq!(as_reason(sentence), reason);
        }
    }

    #[test]
    fn a_failure_of_the_database_is_no_fault_of_the_row() {
        let unavailable = |outcome_unknown| {
            let reason = "disk full".to_owned();
            Fate::of(Err(Failure::Unavailable {
                reason,
                outcome_unknown,
            }))
        };
        let expected = Fate::Failed("the database cannot be written: disk full".into());
        assert_eq!(unavailable(false), expected);
        assert_eq!(unavailable(true), expected);
        assert!(matches!(Fate::of(Err(Failure::Stopping)), Fate::Failed(_)));
        let reason = "too large".to_owned();
        let refused = Fate::of(Err(Failure::Unstorable { reason }));
        let told = matches!(&refused, Fate::Rejected(reason) if reason.contains("too large"));
        assert!(told, "{refused:?}");
        let reason = "row 7".to_owned();
        let damaged = Fate::of(Err(Failure::Damaged { reason }));
        assert_eq!(
            damaged,
            Fate::Failed("the database is damaged: row 7".into())
        );
    }
}
