//! A stream of commands as NDJSON: results are read while commands are written, in bounded memory.

use super::client::Connection;
use super::response::{ClientError, ResponseReader};
use super::tally::Failure;
use super::workload::Line;
use futures_util::future::{Either, select};
use serde::Deserialize;
use std::io::Write;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Instant;
use tokio::io::{AsyncRead, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::mpsc;
use tokio::time::timeout_at;

/// Commands are written in pieces of about this size.
const CHUNK: usize = 32 * 1024;
/// Pieces that may be under way unanswered; beyond, the writer waits. This bounds the memory.
const UNDER_WAY: usize = 32;
/// The longest line of an answer that is ours.
const MAX_LINE: usize = 1024 * 1024;

/// The service ended its answer too early.
const TRUNCATED: ClientError = ClientError::Malformed("fewer results than commands");

/// Commands that are written together.
pub(super) struct Chunk {
    text: Vec<u8>,
    lines: Vec<Line>,
    sent: Instant,
}

impl Chunk {
    fn new() -> Self {
        Self {
            text: Vec::with_capacity(CHUNK + 1024),
            lines: Vec::new(),
            sent: Instant::now(),
        }
    }

    /// Takes no more.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= CHUNK
    }

    /// When it is sent, near enough: when it was begun.
    pub(super) fn sent(&self) -> Instant {
        self.sent
    }

    /// Adds one command of exactly one line, and the line end.
    pub(super) fn push(&mut self, command: impl FnOnce(&mut Vec<u8>, &mut Vec<Line>)) {
        command(&mut self.text, &mut self.lines);
        self.text.push(b'\n');
    }
}

/// Why a stream ended before every command had its result.
#[derive(Debug, thiserror::Error)]
pub(super) enum StreamError {
    /// The connection, or what arrived on it, was broken.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The service refused the stream as a whole.
    #[error("status {0}: {1}")]
    Refused(u16, String),
}

impl StreamError {
    /// The failure to count.
    pub(super) fn into_failure(self) -> Failure {
        match self {
            Self::Client(error) => Failure::Connection(error),
            Self::Refused(status, _) => Failure::Status(status),
        }
    }
}

/// Streams what `fill` puts into chunks until it returns false, and calls `on_result` once for
/// every command, in order, with when it was sent and when its result came. A command without a
/// result is reported as a failed connection, and the stream fails.
pub(super) async fn stream(
    server: SocketAddr,
    connection: Connection,
    fill: impl FnMut(&mut Chunk) -> bool,
    mut on_result: impl FnMut(Line, Instant, Instant, Result<(), Failure>),
    deadline: Instant,
) -> Result<(), StreamError> {
    // The writer lives until the answer is read: a half-closed socket looks like a client that left.
    let (mut reader, mut writer) = connection.into_halves();
    let (sender, receiver) = mpsc::channel(UNDER_WAY);
    let mut expected = Expected {
        receiver,
        chunk: Vec::new().into_iter(),
        sent: Instant::now(),
    };
    let both = async {
        let read = pin!(read(&mut reader, &mut expected, &mut on_result));
        let write = pin!(write(server, &mut writer, fill, sender));
        match select(write, read).await {
            Either::Left((Ok(()), read)) => read.await,
            // The service may have said why it does not listen any longer.
            Either::Left((Err(error), read)) => read.await.and(Err(error)),
            Either::Right((read, _)) => read.and(Err(TRUNCATED.into())),
        }
    };
    let outcome = match timeout_at(deadline.into(), both).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ClientError::Timeout.into()),
    };
    let end = Instant::now();
    let mut left = 0_u64;
    while let Some((line, sent)) = expected.next() {
        left += 1;
        on_result(
            line,
            sent,
            end,
            Err(Failure::Connection(ClientError::Closed)),
        );
    }
    if left > 0 && outcome.is_ok() {
        return Err(TRUNCATED.into());
    }
    outcome
}

/// Writes the request; each chunk's lines are handed to the reader before its bytes are sent.
async fn write(
    server: SocketAddr,
    writer: &mut OwnedWriteHalf,
    mut fill: impl FnMut(&mut Chunk) -> bool,
    sender: mpsc::Sender<(Vec<Line>, Instant)>,
) -> Result<(), StreamError> {
    let head = format!(
        "POST /v1/commands HTTP/1.1\r\nhost: {server}\r\n\
         content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    let mut more = true;
    while more {
        // Wait for a place first, so that waiting does not count as the service's latency.
        let place = sender.reserve().await.map_err(|_| ClientError::Closed)?;
        let mut chunk = Chunk::new();
        more = fill(&mut chunk);
        if !chunk.text.is_empty() {
            // Writing to a Vec cannot fail.
            let _ = write!(bytes, "{:x}\r\n", chunk.text.len());
            bytes.extend_from_slice(&chunk.text);
            bytes.extend_from_slice(b"\r\n");
            place.send((chunk.lines, chunk.sent));
        }
        if !more {
            bytes.extend_from_slice(b"0\r\n\r\n");
        }
        writer
            .write_all(&bytes)
            .await
            .map_err(|error| ClientError::from_io(&error))?;
        bytes.clear();
    }
    Ok(())
}

/// The commands whose results are to come, in order.
struct Expected {
    receiver: mpsc::Receiver<(Vec<Line>, Instant)>,
    chunk: std::vec::IntoIter<Line>,
    sent: Instant,
}

impl Expected {
    /// The command that the next result is for; `None` when none was sent.
    fn next(&mut self) -> Option<(Line, Instant)> {
        loop {
            if let Some(line) = self.chunk.next() {
                return Some((line, self.sent));
            }
            let (lines, sent) = self.receiver.try_recv().ok()?;
            self.chunk = lines.into_iter();
            self.sent = sent;
        }
    }
}

/// Reads the answer and matches its lines with the commands.
async fn read<R: AsyncRead + Unpin>(
    reader: &mut ResponseReader<R>,
    expected: &mut Expected,
    on_result: &mut impl FnMut(Line, Instant, Instant, Result<(), Failure>),
) -> Result<(), StreamError> {
    let head = reader.head().await?;
    let mut rest = Vec::new();
    if head.status != 200 {
        while let Some(piece) = reader.piece().await?
            && rest.len() < MAX_LINE
        {
            rest.extend_from_slice(piece);
        }
        let text = String::from_utf8_lossy(&rest);
        return Err(StreamError::Refused(
            head.status,
            text.chars().take(500).collect(),
        ));
    }
    let mut next_index = None;
    while let Some(piece) = reader.piece().await? {
        let end = Instant::now();
        let mut piece = piece;
        while let Some(length) = piece.iter().position(|&byte| byte == b'\n') {
            let (line, after) = piece.split_at(length);
            piece = &after[1..];
            let outcome = if rest.is_empty() {
                result_of(line, &mut next_index)?
            } else {
                rest.extend_from_slice(line);
                let outcome = result_of(&rest, &mut next_index)?;
                rest.clear();
                outcome
            };
            let unasked = ClientError::Malformed("a result for no command");
            let (line, sent) = expected.next().ok_or(unasked)?;
            on_result(line, sent, end, outcome);
        }
        rest.extend_from_slice(piece);
        if rest.len() > MAX_LINE {
            return Err(ClientError::Malformed("a result line without an end").into());
        }
    }
    if rest.is_empty() {
        Ok(())
    } else {
        Err(ClientError::Malformed("half a result line").into())
    }
}

/// What one line of the answer says; indices must follow each other.
fn result_of(
    line: &[u8],
    next_index: &mut Option<u64>,
) -> Result<Result<(), Failure>, ClientError> {
    let (index, ok) = match fast(line) {
        Some(index) => (index, true),
        None => slow(line).ok_or(ClientError::Malformed("a result line"))?,
    };
    if next_index.is_some_and(|next| next != index) {
        return Err(ClientError::Malformed("results out of order"));
    }
    *next_index = Some(index + 1);
    Ok(if ok { Ok(()) } else { Err(Failure::Rejected) })
}

/// The index of a result that is `ok` and written in the usual way, without parsing the reply: that
/// would cost as much as generating the load. Anything else is `None`, and parsed by [`slow`].
fn fast(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"{\"index\":")?;
    let comma = rest.iter().take(20).position(|&byte| byte == b',')?;
    let index = std::str::from_utf8(&rest[..comma]).ok()?.parse().ok()?;
    let rest = rest[comma..].strip_prefix(b",\"type\":\"")?;
    let quote = rest.iter().take(40).position(|&byte| byte == b'"')?;
    rest[quote..]
        .starts_with(b"\",\"status\":\"ok\",")
        .then_some(index)
}

/// The index of a result, and whether it is `ok`.
fn slow(line: &[u8]) -> Option<(u64, bool)> {
    #[derive(Deserialize)]
    struct Item<'a> {
        index: u64,
        status: &'a str,
    }
    let item: Item = serde_json::from_slice(line).ok()?;
    Some((item.index, item.status == "ok"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_read_in_any_json() {
        for line in [
            r#"{"index":4,"type":"Allocate","status":"ok","reply":{"status":"allocated"}}"#,
            r#"{ "status": "ok", "index": 4, "reply": {} }"#,
        ] {
            let mut next = Some(4);
            assert_eq!(result_of(line.as_bytes(), &mut next), Ok(Ok(())), "{line}");
            assert_eq!(next, Some(5));
        }
    }

    #[test]
    fn only_ok_is_ok() {
        for line in [
            r#"{"index":0,"type":"Allocate","status":"rejected","problem":{"status":"ok"}}"#,
            r#"{"index":0,"type":"x\",\"status\":\"ok\",","status":"invalid"}"#,
        ] {
            let outcome = result_of(line.as_bytes(), &mut None);
            assert_eq!(outcome, Ok(Err(Failure::Rejected)), "{line}");
        }
    }

    #[test]
    fn results_must_follow_each_other() {
        let line = br#"{"index":7,"type":"Allocate","status":"ok","reply":{}}"#;
        assert!(result_of(line, &mut Some(6)).is_err());
        assert!(result_of(line, &mut None).is_ok());
        assert!(result_of(b"{\"index\":7", &mut None).is_err());
        assert!(result_of(b"", &mut None).is_err());
    }
}
