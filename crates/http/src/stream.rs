//! `POST /v1/commands`: one command, or a stream of them as NDJSON, answered while it is read.
//!
//! A stream passes through in pieces: what has come, up to a bound, is read and queued as one job; several
//! pieces are under way at a time, and their results go out in order. Memory is bounded because a piece is
//! read only when there is room for its results: a client that does not read them is not read from.

use std::future::ready;
use std::task::Poll;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::Response;
use axum::http::header::{CONTENT_TYPE, EXPECT, HeaderValue};
use axum::http::request::Parts;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use landfall_service::access::Caller;
use landfall_service::wire;
use landfall_service::wire::FieldError;
use serde::Deserialize;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use utoipa::IntoParams;

use crate::body::{self, Format};
use crate::commands;
use crate::door;
use crate::dry_run;
use crate::known::{self, Known};
use crate::lines::{Line, Lines};
use crate::problems::{Kind, Problem};
use crate::results::{Slot, results};
use crate::{Shared, query};

/// The most commands in one piece.
const PIECE_COMMANDS: usize = 256;
/// A piece is handed on when its lines have this many bytes.
const PIECE_BYTES: usize = 256 << 10;
/// Pieces under way at one time.
const PIECES: usize = 8;

pub(crate) const NDJSON: HeaderValue = HeaderValue::from_static("application/x-ndjson");

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommandsQuery {
    /// Runs the commands, tells replies and events, and commits nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Carries out one command, or any number of them as NDJSON.
///
/// One command in JSON is answered as its own route does. NDJSON is streamed both ways, so read while you
/// write: for each command one line `{index, type, status, reply | problem}`, in order; `status` is `ok`,
/// `rejected` (the command was refused, or the key may not give it) or `invalid` (the line is no command). Blank lines are skipped.
/// Give each command an `id` there; the header `Idempotency-Key` is for single commands.
///
/// With `dry_run=true` nothing is committed, each line has `events` too, and NDJSON ends with one line
/// `{summary}`.
#[utoipa::path(
    post, path = "/v1/commands", tag = "commands", params(CommandsQuery),
    request_body(content(
        (ref("#/components/schemas/AnyCommand") = "application/json", example = json!({
            "type": "Allocate", "order_id": "SO-7781", "sku": "SOFA-3-GREY", "quantity": 1
        })),
        (ref("#/components/schemas/AnyCommand") = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "One command: its resource, or in a dry run the result. NDJSON: one result a line", content(
            (ref("#/components/schemas/CommandAnswer") = "application/json"),
            (ref("#/components/schemas/ResultLine") = "application/x-ndjson"),
        )),
        (status = 201, description = "One command that created its resource", body = ref("#/components/schemas/Resource")),
        (status = 403, description = "The key may not give this command; of NDJSON each line is answered alone"),
        (status = 404, description = "The command names a batch, an order or a line that does not exist"),
        (status = 409, description = "As on the command's own route"),
        (status = 422, description = "As on the command's own route"),
    ),
)]
pub(crate) async fn commands(
    State(context): State<Shared>,
    request: Request,
) -> Result<Response<Body>, Problem> {
    let (parts, body) = request.into_parts();
    let CommandsQuery { dry_run } = query::read(parts.uri.query())?;
    match (body::format(&parts.headers), dry_run) {
        (Ok(Some(Format::Ndjson)), false) => ndjson(context, &parts, body).await,
        (Ok(Some(Format::Ndjson)), true) => {
            no_key(&parts)?;
            dry_run::ndjson(&context, &parts, body).await
        }
        (_, dry_run) => one(&context, &parts, body, dry_run).await,
    }
}

async fn one(
    context: &Shared,
    parts: &Parts,
    body: Body,
    dry_run: bool,
) -> Result<Response<Body>, Problem> {
    let whole = body::json(context, parts, body).await?;
    let mut request = wire::parse(&whole.bytes)?;
    request.id = body::one_id(body::idempotency_key(&parts.headers)?, request.id)?;
    let caller = known::caller(&parts.extensions)?;
    door::may_give(caller, &request.command)?;
    request.actor = caller.actor();
    if dry_run {
        return dry_run::one(context, request).await;
    }
    commands::run(context, parts, request, &whole.bytes).await
}

fn no_key(parts: &Parts) -> Result<(), Problem> {
    match body::idempotency_key(&parts.headers)? {
        None => Ok(()),
        Some(_) => Err(Problem::ill_formed(
            "Idempotency-Key",
            "is for single commands: in NDJSON give each command its own id",
        )),
    }
}

async fn ndjson(context: Shared, parts: &Parts, body: Body) -> Result<Response<Body>, Problem> {
    no_key(parts)?;
    let Ok(room) = context.streams.clone().try_acquire_owned() else {
        let detail = "Too many streams are under way. Nothing was done; try again.";
        return Err(Problem::new(Kind::Busy, detail));
    };
    let mut reader = Reader {
        lines: Lines::new(context.limits.line),
        body: body.into_data_stream(),
        queue: context
            .app
            .bus
            .stream()
            .with_origin(Known::of(&parts.extensions).and_then(Known::origin)),
        caller: known::caller(&parts.extensions)?.clone(),
        context,
        end: None,
        index: 0,
        _room: room,
    };
    if parts.headers.contains_key(EXPECT) {
        // The client waits to be told to go on, and reading is what tells it; an answer that had begun
        // already would be taken for the last word.
        reader.wait().await;
    }
    // Read in a task of its own: what a client has sent is carried out, also when it has gone and nobody
    // hears what became of it. While there is no room for results nothing is read.
    let (sender, receiver) = mpsc::channel(PIECES);
    tokio::spawn(async move {
        while let Some(piece) = reader.piece().await {
            let piece = reader.if_still_let_in(piece).await;
            let results = reader.submit(piece).await;
            // A client that has gone wants none, and the engine answers into the void.
            let _ = sender.send(results).await;
        }
        // Its room is free before the answer ends.
        drop(reader);
        drop(sender);
    });
    let results = stream::unfold(receiver, |mut receiver| async {
        let results = receiver.recv().await?.await;
        Some((results, receiver))
    });
    Ok(answer(results))
}

/// An answer of result lines that go out as they come.
pub(crate) fn answer(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let body = Body::from_stream(pieces.map(Ok::<Bytes, std::convert::Infallible>));
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, NDJSON);
    response
}

/// What is queued as one job.
#[derive(Default)]
pub(crate) struct Piece {
    pub(crate) slots: Vec<Slot>,
    pub(crate) requests: Vec<landfall_service::Request>,
    bytes: usize,
}

impl Piece {
    /// Adds a line of this caller's.
    pub(crate) fn add(&mut self, line: Line<'_>, limit: usize, caller: &Caller) {
        self.slots.push(match line {
            Line::TooLong => {
                let detail = format!("The line has more than {limit} bytes.");
                Slot::Invalid(None, Problem::new(Kind::TooLarge, detail))
            }
            Line::Text(text) => {
                self.bytes += text.len();
                match read(text) {
                    Ok(mut request) => {
                        let kind = request.command.kind();
                        match door::may_give(caller, &request.command) {
                            Ok(()) => {
                                request.actor = caller.actor();
                                self.requests.push(request);
                                Slot::Asked(kind)
                            }
                            Err(problem) => Slot::Forbidden(kind, problem),
                        }
                    }
                    Err(bad) => Slot::Invalid(bad.kind.clone(), bad.into()),
                }
            }
        });
    }

    fn is_full(&self) -> bool {
        self.slots.len() >= PIECE_COMMANDS || self.bytes >= PIECE_BYTES
    }
}

fn read(line: &[u8]) -> Result<landfall_service::Request, wire::BadCommand> {
    // The JSON reader checks the texts that it keeps; a line that is not text at all is told as such.
    if let Err(error) = std::str::from_utf8(line) {
        let message = format!("is not UTF-8 from byte {} on", error.valid_up_to());
        let errors = vec![FieldError {
            field: String::new(),
            message,
        }];
        return Err(wire::BadCommand { kind: None, errors });
    }
    wire::parse(line)
}

/// Why nothing more is read.
enum End {
    /// The client has said everything.
    Complete,
    /// The client broke off: what it began to say is no command.
    Broken,
    /// The service ends the stream, and tells why.
    Ours(Problem),
    /// All is said and done.
    Told,
}

struct Reader {
    body: BodyDataStream,
    lines: Lines,
    queue: landfall_service::bus::Stream,
    caller: Caller,
    context: Shared,
    end: Option<End>,
    /// Of the next command.
    index: u64,
    _room: OwnedSemaphorePermit,
}

impl Reader {
    /// The next piece: what is there, up to the bound. It waits only while it has nothing.
    async fn piece(&mut self) -> Option<Piece> {
        let mut piece = Piece::default();
        loop {
            if self.context.app.stopping.is_cancelled() && self.end.is_none() {
                self.end = Some(End::Ours(self.stopping()));
            }
            match self.end.take() {
                None => {}
                Some(End::Ours(problem)) => {
                    piece.slots.push(Slot::End(problem));
                    self.end = Some(End::Told);
                    return Some(piece);
                }
                Some(End::Told) => {
                    self.end = Some(End::Told);
                    return None;
                }
                Some(end @ (End::Complete | End::Broken)) => {
                    let limit = self.context.limits.line;
                    while !piece.is_full() {
                        let Some(line) = self.lines.next() else { break };
                        piece.add(line, limit, &self.caller);
                    }
                    if piece.is_full() {
                        self.end = Some(end);
                        return Some(piece);
                    }
                    if matches!(end, End::Complete)
                        && let Some(line) = self.lines.finish()
                    {
                        piece.add(line, limit, &self.caller);
                    }
                    self.end = Some(End::Told);
                    return if piece.slots.is_empty() {
                        None
                    } else {
                        Some(piece)
                    };
                }
            }
            while !piece.is_full() {
                let Some(line) = self.lines.next() else { break };
                piece.add(line, self.context.limits.line, &self.caller);
            }
            if piece.is_full() {
                return Some(piece);
            }
            if piece.slots.is_empty() {
                self.wait().await;
            } else if !self.more().await {
                return Some(piece);
            }
        }
    }

    /// Waits for more of the body, for its end, or for an end of our own.
    async fn wait(&mut self) {
        let stopping = self.context.app.stopping.clone();
        let silence = tokio::time::sleep(self.context.limits.stream_silence);
        tokio::select! {
            biased;
            read = self.body.next() => self.take(read),
            () = stopping.cancelled() => self.end = Some(End::Ours(self.stopping())),
            () = silence => {
                let index = self.index;
                let detail = format!("Nothing came for too long. Commands from index {index} on were not read.");
                self.end = Some(End::Ours(Problem::new(Kind::Timeout, detail)));
            }
        }
    }

    /// Takes more of the body if it is there already.
    async fn more(&mut self) -> bool {
        let polled = std::future::poll_fn(|cx| Poll::Ready(self.body.poll_next_unpin(cx))).await;
        match polled {
            Poll::Pending => false,
            Poll::Ready(read) => {
                self.take(read);
                true
            }
        }
    }

    fn take(&mut self, read: Option<Result<Bytes, axum::Error>>) {
        match read {
            Some(Ok(bytes)) => self.lines.push(&bytes),
            Some(Err(_)) => self.end = Some(End::Broken),
            None => self.end = Some(End::Complete),
        }
    }

    fn stopping(&self) -> Problem {
        let index = self.index;
        let detail = format!(
            "The service is shutting down. Commands from index {index} on were not carried out; send \
             them again."
        );
        Problem::new(Kind::Stopping, detail)
    }

    /// The piece, if the key is still in force; else the end of the stream. A stream may last for days.
    async fn if_still_let_in(&mut self, piece: Piece) -> Piece {
        let Err(problem) = door::may_stay(&self.context.app.door, &self.caller).await else {
            return piece;
        };
        self.end = Some(End::Told);
        let index = self.index;
        let detail = format!(
            "{} Commands from index {index} on were not carried out.",
            problem.detail()
        );
        Piece {
            slots: vec![Slot::End(Problem::new(problem.kind(), detail))],
            ..Piece::default()
        }
    }

    /// Queues a piece. When this is over it has its place in the queue; what is returned gives the result
    /// lines.
    async fn submit(&mut self, piece: Piece) -> impl Future<Output = Bytes> + Send + use<> {
        let Piece {
            slots, requests, ..
        } = piece;
        let first = self.index;
        self.index += slots.len() as u64;
        let answers = if requests.is_empty() {
            futures_util::future::Either::Left(ready(Vec::new()))
        } else {
            futures_util::future::Either::Right(self.queue.submit(requests).await)
        };
        async move { results(first, slots, answers.await) }
    }
}
