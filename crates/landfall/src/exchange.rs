//! Commands as a stream of NDJSON, and their results, which come back while more commands are sent: with a
//! running service, or with the API in this process.

use std::error::Error;
use std::future::Future;

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::Response;
use hyper::body::{Body, Frame};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::outcome::CliError;

/// The content type of a stream of commands.
pub(crate) const NDJSON: &str = "application/x-ndjson";
/// Pieces of the request's body that may wait to be sent.
const WAITING: usize = 4;
/// The longest line of an answer: an order of 10,000 lines with all its allocations fits.
const LONGEST_LINE: usize = 64 * 1024 * 1024;
/// What is kept of an answer that refuses the whole stream.
const LONGEST_PROBLEM: usize = 64 * 1024;

type BoxError = Box<dyn Error + Send + Sync>;
type BoxBody = UnsyncBoxBody<Bytes, BoxError>;

/// Where a stream of commands goes.
pub(crate) fn path(dry_run: bool) -> &'static str {
    if dry_run {
        "/v1/commands?dry_run=true"
    } else {
        "/v1/commands"
    }
}

/// Where the commands of one exchange are written. Dropping it ends the request.
pub(crate) struct Commands(mpsc::Sender<Bytes>);

impl Commands {
    /// Sends some lines; waits while enough of them are under way. `false`: no more are taken, and the
    /// answer says why.
    pub(crate) async fn send(&self, lines: Bytes) -> bool {
        lines.is_empty() || self.0.send(lines).await.is_ok()
    }
}

/// A body to be written, and where it is written.
pub(crate) fn commands() -> (Commands, BoxBody) {
    let (lines, mut waiting) = mpsc::channel::<Bytes>(WAITING);
    let frames = stream::poll_fn(move |context| {
        let next = waiting.poll_recv(context);
        next.map(|lines| lines.map(|lines| Ok::<_, BoxError>(Frame::data(lines))))
    });
    (Commands(lines), StreamBody::new(frames).boxed_unsync())
}

/// The answer of one exchange, which may begin before all commands are sent.
pub(crate) struct Answer {
    /// Who answers, for errors.
    name: String,
    response: tokio::task::JoinHandle<Result<Response<BoxBody>, BoxError>>,
}

impl Answer {
    /// The answer of whom `response` will be. It is waited for at once, whether or not anybody asks yet.
    pub(crate) fn of<B, E>(
        name: String,
        response: impl Future<Output = Result<Response<B>, E>> + Send + 'static,
    ) -> Self
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
        E: Into<BoxError>,
    {
        let response = tokio::spawn(async {
            let response = response.await.map_err(Into::into)?;
            Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
        });
        Self { name, response }
    }

    /// The results, or what the service says against the whole stream.
    pub(crate) async fn results(self) -> Result<Results, CliError> {
        let response = match self.response.await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(lost(&self.name, &error)),
            Err(error) => return Err(lost(&self.name, &error)),
        };
        let status = response.status();
        let mut results = Results {
            name: self.name,
            body: response.into_body(),
            buffer: BytesMut::new(),
            searched: 0,
        };
        if status.is_success() {
            return Ok(results);
        }
        while results.buffer.len() < LONGEST_PROBLEM && results.more().await? {}
        let text = String::from_utf8_lossy(&results.buffer);
        let detail = serde_json::from_str::<Problem>(&text).map_or_else(
            |_| text.chars().take(200).collect(),
            |problem| problem.detail,
        );
        Err(CliError::failed(format!(
            "{} answers {status}: {}",
            results.name,
            detail.trim()
        )))
    }
}

/// The parts of a problem that are shown.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Problem {
    /// The HTTP status that it would have alone.
    #[serde(default)]
    pub(crate) status: u16,
    /// What is wrong this time.
    #[serde(default)]
    pub(crate) detail: String,
}

/// The results of the commands, line by line, in their order.
pub(crate) struct Results {
    name: String,
    body: BoxBody,
    buffer: BytesMut,
    /// So much of the buffer has no line end.
    searched: usize,
}

impl Results {
    /// The next line, without its end; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, CliError> {
        loop {
            let rest = &self.buffer[self.searched..];
            if let Some(end) = memchr::memchr(b'\n', rest) {
                let mut line = self.buffer.split_to(self.searched + end + 1);
                line.truncate(line.len() - 1);
                self.searched = 0;
                return Ok(Some(line.freeze()));
            }
            self.searched = self.buffer.len();
            if self.searched > LONGEST_LINE {
                let message = format!("{} answers a line without an end", self.name);
                return Err(CliError::failed(message));
            }
            if !self.more().await? {
                return if self.buffer.is_empty() {
                    Ok(None)
                } else {
                    Err(lost(&self.name, &"the answer ends within a line"))
                };
            }
        }
    }

    /// Whether the next line has yet to come.
    pub(crate) fn is_drained(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Reads on; `false` at the end.
    async fn more(&mut self) -> Result<bool, CliError> {
        match self.body.frame().await {
            None => Ok(false),
            Some(Err(error)) => Err(lost(&self.name, &error)),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    self.buffer.extend_from_slice(&data);
                }
                Ok(true)
            }
        }
    }
}

/// The connection broke.
fn lost(name: &str, error: &dyn std::fmt::Display) -> CliError {
    CliError::failed(format!("the connection to {name} was lost: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pieces = Vec<Result<&'static str, &'static str>>;

    /// What comes of an answer whose body arrives in these pieces.
    async fn read(status: u16, pieces: Pieces) -> (Vec<String>, Option<String>) {
        let pieces = pieces.into_iter().map(|piece| match piece {
            Ok(text) => Ok(Frame::data(Bytes::from(text))),
            Err(error) => Err(BoxError::from(error)),
        });
        let body = StreamBody::new(stream::iter(pieces));
        let response = Response::builder().status(status).body(body);
        let answer = Answer::of("it".to_owned(), async { response });
        let mut lines = Vec::new();
        let end = async {
            let mut results = answer.results().await?;
            while let Some(line) = results.next().await? {
                lines.push(String::from_utf8_lossy(&line).into_owned());
            }
            Ok::<(), CliError>(())
        };
        let error = end.await.err().map(|error| error.to_string());
        (lines, error)
    }

    #[tokio::test]
    async fn lines_come_in_any_pieces() {
        let (lines, error) = read(200, vec![Ok("a"), Ok(""), Ok("b\nc\n\nd"), Ok("e\n")]).await;
        assert_eq!(lines, ["ab", "c", "", "de"]);
        assert_eq!(error, None);
        assert_eq!(read(200, vec![]).await, (vec![], None));
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_told() {
        let (lines, error) = read(200, vec![Ok("a\nb")]).await;
        assert_eq!(lines, ["a"]);
        let error = error.unwrap();
        assert!(error.contains("it was lost"), "{error}");
        let (lines, error) = read(200, vec![Ok("a\n"), Err("reset by peer")]).await;
        assert_eq!(lines, ["a"]);
        assert!(error.unwrap().contains("reset by peer"));
    }

    #[tokio::test]
    async fn an_answer_that_refuses_all_is_told_in_its_words() {
        let problem = r#"{"type":"urn:x","status":503,"detail":"Too many streams."}"#;
        let (_, error) = read(503, vec![Ok(problem)]).await;
        let error = error.unwrap();
        assert!(
            error.contains("503") && error.ends_with("Too many streams."),
            "{error}"
        );
        let (_, error) = read(502, vec![Ok("Bad gateway\n")]).await;
        assert!(error.unwrap().ends_with("Bad gateway"));
    }
}
