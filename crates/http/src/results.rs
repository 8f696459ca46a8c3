//! The lines that a stream is answered with.

use bytes::Bytes;
use landfall_service::answer::Bare;
use landfall_service::{Answer, Failure, LogRecord};
use serde::Serialize;

use crate::problems::Problem;

/// What became of a line before it got to the bus.
pub(crate) enum Slot {
    /// It is a command of this type, and stands among the requests.
    Asked(&'static str),
    /// It is a command of this type, which the caller may not give.
    Forbidden(&'static str, Problem),
    /// It is none.
    Invalid(Option<String>, Problem),
    /// The stream ends before it.
    End(Problem),
}

/// How a line of a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ResultStatus")]
pub(crate) enum Status {
    /// It was carried out.
    Ok,
    /// It was refused, or could not be carried out; the problem tells.
    Rejected,
    /// It is no command.
    Invalid,
}

/// One line of results.
#[derive(Serialize)]
pub(crate) struct ResultLine<'a> {
    pub(crate) index: u64,
    #[serde(rename = "type")]
    pub(crate) kind: Option<&'a str>,
    pub(crate) status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) created: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reply: Option<Bare<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Problem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) events: Option<&'a [LogRecord]>,
}

impl<'a> ResultLine<'a> {
    /// The line of a command that got this answer.
    pub(crate) fn answered(index: u64, kind: &'a str, answer: &'a Answer) -> Self {
        let kind = Some(kind);
        let line = Self {
            index,
            kind,
            status: Status::Ok,
            created: None,
            reply: None,
            problem: None,
            events: None,
        };
        match answer {
            Ok(done) => Self {
                created: Some(done.created),
                reply: Some(Bare(&done.reply)),
                ..line
            },
            Err(failure) => Self {
                status: Status::Rejected,
                problem: Some(failure.clone().into()),
                ..line
            },
        }
    }

    /// A line that has no answer.
    pub(crate) fn unanswered(
        index: u64,
        kind: Option<&'a str>,
        status: Status,
        problem: Problem,
    ) -> Self {
        Self {
            index,
            kind,
            status,
            created: None,
            reply: None,
            problem: Some(problem),
            events: None,
        }
    }

    /// Appends it to the output.
    pub(crate) fn write(&self, output: &mut Vec<u8>) {
        // Writing to memory does not fail, and what is written has text keys only.
        if serde_json::to_writer(&mut *output, self).is_ok() {
            output.push(b'\n');
        }
    }
}

/// The lines of a piece whose first command has this index.
pub(crate) fn results(first: u64, slots: Vec<Slot>, answers: Vec<Answer>) -> Bytes {
    let mut output = Vec::with_capacity(slots.len() * 512);
    let mut answers = answers.into_iter();
    for (index, slot) in (first..).zip(slots) {
        match slot {
            Slot::Asked(kind) => {
                // One answer for each request is the bus's promise.
                let answer = answers.next().unwrap_or(Err(Failure::Stopping));
                ResultLine::answered(index, kind, &answer).write(&mut output);
            }
            Slot::Forbidden(kind, problem) => {
                ResultLine::unanswered(index, Some(kind), Status::Rejected, problem)
                    .write(&mut output);
            }
            Slot::Invalid(kind, problem) => {
                ResultLine::unanswered(index, kind.as_deref(), Status::Invalid, problem)
                    .write(&mut output);
            }
            Slot::End(problem) => {
                ResultLine::unanswered(index, None, Status::Rejected, problem).write(&mut output);
            }
        }
    }
    Bytes::from(output)
}
