//! Reading HTTP/1.1 answers: head, framing, body, from bytes that arrive in any pieces.
//!
//! The load generator shares its machine with the service, so this reader does the least that is
//! still strict: an answer counts only when its head was well-formed and its body arrived whole.

use tokio::io::{AsyncRead, AsyncReadExt};

/// A head larger than this is not one of ours.
const MAX_HEAD: usize = 16 * 1024;
/// Bytes asked for at a time.
const READ: usize = 32 * 1024;

/// Why an answer could not be read, or a request not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(super) enum ClientError {
    /// No connection could be made.
    #[error("cannot connect")]
    Connect,
    /// The peer ended the connection before the answer was whole.
    #[error("connection closed before the whole answer")]
    Closed,
    /// The operating system reported an error on the socket.
    #[error("socket error: {0}")]
    Socket(std::io::ErrorKind),
    /// What arrived is not the HTTP/1.1 that we expect.
    #[error("malformed answer: {0}")]
    Malformed(&'static str),
    /// The whole exchange took too long.
    #[error("no answer in time")]
    Timeout,
}

impl ClientError {
    /// Keeps the kind of a socket's error, so that errors can be counted.
    pub(super) fn from_io(error: &std::io::Error) -> Self {
        match error.kind() {
            // The peer went away: to a client that waits for an answer these are one thing.
            std::io::ErrorKind::ConnectionReset
            | std::io::ErrorKind::ConnectionAborted
            | std::io::ErrorKind::BrokenPipe => Self::Closed,
            kind => Self::Socket(kind),
        }
    }
}

/// What an answer's head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// The status code.
    pub(super) status: u16,
    /// The peer will close the connection after this answer.
    pub(super) close: bool,
}

/// Where in a body the decoder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    /// `content-length`: so many bytes are to come.
    Length { left: u64 },
    /// Chunked: a size line comes next.
    ChunkSize,
    /// Chunked: so many bytes of this chunk are to come.
    ChunkData { left: u64 },
    /// Chunked: the line end after a chunk's data comes next.
    ChunkEnd,
    /// Chunked: the last chunk was read; trailers, then an empty line.
    Trailers,
    /// Nothing more belongs to this body.
    Done,
}

/// One step of decoding a body: how much of the input it used, and how much of that, at its end,
/// is content.
struct Step {
    used: usize,
    data: usize,
}

/// Reads answers, one after the other, from a byte stream.
pub(super) struct ResponseReader<R> {
    source: R,
    buffer: Vec<u8>,
    /// What lies before this in the buffer has been used.
    start: usize,
    body: Body,
}

impl<R: AsyncRead + Unpin> ResponseReader<R> {
    /// A reader at the start of a connection.
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: Vec::with_capacity(READ),
            start: 0,
            body: Body::Done,
        }
    }

    /// Reads one whole answer; `body` is overwritten with its content, at most `limit` bytes.
    pub(super) async fn response(
        &mut self,
        body: &mut Vec<u8>,
        limit: usize,
    ) -> Result<Head, ClientError> {
        body.clear();
        let head = self.head().await?;
        while let Some(piece) = self.piece().await? {
            if body.len() + piece.len() > limit {
                return Err(ClientError::Malformed("body larger than expected"));
            }
            body.extend_from_slice(piece);
        }
        // Requests are not pipelined, so bytes beyond the answer belong to nothing.
        if self.start < self.buffer.len() {
            return Err(ClientError::Malformed("bytes after the end of the answer"));
        }
        Ok(head)
    }

    /// Reads the head of the next answer; informational ones (1xx) are skipped.
    pub(super) async fn head(&mut self) -> Result<Head, ClientError> {
        loop {
            let waiting = &self.buffer[self.start..];
            if let Some((head, body, length)) = parse_head(waiting)? {
                self.start += length;
                if head.status >= 200 {
                    self.body = body;
                    return Ok(head);
                }
            } else if waiting.len() > MAX_HEAD {
                return Err(ClientError::Malformed("head too long"));
            } else {
                self.fill().await?;
            }
        }
    }

    /// Reads the next piece of the body, of any size above zero; `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<&[u8]>, ClientError> {
        loop {
            let step = step(&mut self.body, &self.buffer[self.start..])?;
            self.start += step.used;
            if step.data > 0 {
                // Content is the last thing that a step uses.
                return Ok(Some(&self.buffer[self.start - step.data..self.start]));
            }
            if self.body == Body::Done {
                return Ok(None);
            }
            if step.used == 0 {
                self.fill().await?;
            }
        }
    }

    /// Waits for more bytes.
    async fn fill(&mut self) -> Result<(), ClientError> {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.reserve(READ);
        match self.source.read_buf(&mut self.buffer).await {
            Ok(0) => Err(ClientError::Closed),
            Ok(_) => Ok(()),
            Err(error) => Err(ClientError::from_io(&error)),
        }
    }
}

/// Parses a head at the start of `input`: what it says, how its body is framed, its length.
/// `None` while it is incomplete.
fn parse_head(input: &[u8]) -> Result<Option<(Head, Body, usize)>, ClientError> {
    let mut headers = [httparse::EMPTY_HEADER; 48];
    let mut response = httparse::Response::new(&mut headers);
    let length = match response.parse(input) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(ClientError::Malformed("not an HTTP/1.1 head")),
    };
    let (Some(1), Some(status)) = (response.version, response.code) else {
        return Err(ClientError::Malformed("not HTTP/1.1"));
    };
    let mut close = false;
    let mut framing = None;
    for header in response.headers.iter() {
        let value = header.value.trim_ascii();
        if header.name.eq_ignore_ascii_case("content-length") {
            let left = std::str::from_utf8(value)
                .ok()
                .and_then(|text| text.parse().ok());
            let left = left.ok_or(ClientError::Malformed("content-length is not a number"))?;
            if framing.replace(Body::Length { left }).is_some() {
                return Err(ClientError::Malformed("the length is given twice"));
            }
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(ClientError::Malformed("unknown transfer-encoding"));
            }
            if framing.replace(Body::ChunkSize).is_some() {
                return Err(ClientError::Malformed("the length is given twice"));
            }
        } else if header.name.eq_ignore_ascii_case("connection") {
            close |= value.eq_ignore_ascii_case(b"close");
        }
    }
    let body = match framing {
        _ if matches!(status, 100..=199 | 204 | 304) => Body::Done,
        // A body that ends when the connection does cannot be told from one that was cut off.
        None => return Err(ClientError::Malformed("an answer without a length")),
        Some(body) => body,
    };
    Ok(Some((Head { status, close }, body, length)))
}

/// Advances `body` by one step over `input`; a step that uses nothing needs more input.
fn step(body: &mut Body, input: &[u8]) -> Result<Step, ClientError> {
    let used = |used| Ok(Step { used, data: 0 });
    match *body {
        Body::Length { left: 0 } => {
            *body = Body::Done;
            used(0)
        }
        Body::ChunkData { left: 0 } => {
            *body = Body::ChunkEnd;
            used(0)
        }
        Body::Length { left } | Body::ChunkData { left } => {
            let taken = input.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let left = left - taken as u64;
            *body = match *body {
                Body::Length { .. } if left == 0 => Body::Done,
                Body::Length { .. } => Body::Length { left },
                _ if left == 0 => Body::ChunkEnd,
                _ => Body::ChunkData { left },
            };
            Ok(Step {
                used: taken,
                data: taken,
            })
        }
        Body::ChunkSize => match httparse::parse_chunk_size(input) {
            Ok(httparse::Status::Complete((length, left))) => {
                *body = if left == 0 {
                    Body::Trailers
                } else {
                    Body::ChunkData { left }
                };
                used(length)
            }
            Ok(httparse::Status::Partial) => used(0),
            Err(_) => Err(ClientError::Malformed("chunk size")),
        },
        Body::ChunkEnd => match input {
            [b'\r', b'\n', ..] => {
                *body = Body::ChunkSize;
                used(2)
            }
            [] | [b'\r'] => used(0),
            _ => Err(ClientError::Malformed("chunk longer than its size")),
        },
        Body::Trailers => match input.iter().position(|&byte| byte == b'\n') {
            None => used(0),
            Some(end) => {
                if matches!(&input[..end], b"" | b"\r") {
                    *body = Body::Done;
                }
                used(end + 1)
            }
        },
        Body::Done => used(0),
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
