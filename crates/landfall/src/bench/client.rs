//! A keep-alive HTTP/1.1 connection that costs little: one task, one write and one read a request.

use super::response::{ClientError, Head, ResponseReader};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;

/// How long a connection on the loopback may take to open.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a GET may take; the caller of a POST has a timer for many of them.
const ANSWER: Duration = Duration::from_secs(30);
/// Answers are kept in memory up to this size: a page of a list fits, a mistake does not.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// The part of a POST's head that stays the same: everything up to the value of `content-length`.
pub(super) struct PostHead(Vec<u8>);

impl PostHead {
    /// Prepares the head of a JSON request to `path` on `server`.
    pub(super) fn new(server: SocketAddr, path: &str) -> Self {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {server}\r\ncontent-type: application/json\r\n\
             content-length: "
        );
        Self(head.into_bytes())
    }
}

/// One connection; requests are not pipelined.
pub(super) struct Connection {
    reader: ResponseReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    /// Connects, with `TCP_NODELAY` as the service has it.
    pub(super) async fn open(server: SocketAddr) -> Result<Self, ClientError> {
        let stream = timeout(CONNECT, TcpStream::connect(server))
            .await
            .map_err(|_| ClientError::Timeout)?
            .map_err(|_| ClientError::Connect)?;
        stream
            .set_nodelay(true)
            .map_err(|error| ClientError::from_io(&error))?;
        let (read, writer) = stream.into_split();
        let reader = ResponseReader::new(read);
        Ok(Self {
            reader,
            writer,
            request: Vec::new(),
            answer: Vec::new(),
        })
    }

    /// Sends `body` and waits for the whole answer, which stays in [`Self::body`].
    pub(super) async fn post(&mut self, head: &PostHead, body: &[u8]) -> Result<Head, ClientError> {
        self.request.clear();
        self.request.extend_from_slice(&head.0);
        // Writing to a Vec cannot fail.
        let _ = write!(self.request, "{}\r\n\r\n", body.len());
        self.request.extend_from_slice(body);
        self.exchange().await
    }

    /// Sends a GET and waits for the whole answer, which stays in [`Self::body`].
    pub(super) async fn get(
        &mut self,
        server: SocketAddr,
        path: &str,
    ) -> Result<Head, ClientError> {
        self.request = format!("GET {path} HTTP/1.1\r\nhost: {server}\r\n\r\n").into_bytes();
        timeout(ANSWER, self.exchange())
            .await
            .map_err(|_| ClientError::Timeout)?
    }

    /// The body of the last answer.
    pub(super) fn body(&self) -> &[u8] {
        &self.answer
    }

    /// Gives up both halves, for a request and an answer that are streamed at the same time.
    pub(super) fn into_halves(self) -> (ResponseReader<OwnedReadHalf>, OwnedWriteHalf) {
        (self.reader, self.writer)
    }

    /// Writes the request in one call and reads its answer.
    async fn exchange(&mut self) -> Result<Head, ClientError> {
        self.writer
            .write_all(&self.request)
            .await
            .map_err(|error| ClientError::from_io(&error))?;
        self.reader.response(&mut self.answer, MAX_BODY).await
    }
}
