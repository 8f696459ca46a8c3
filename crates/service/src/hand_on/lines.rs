//! The lines that replicas exchange: commands there, answers back, each with the number by which they belong together.
//!
//! `NUMBER JSON`, and a line's end. A blank line is a sign of life, and [`OVER`] the last one that is said.

use std::borrow::Cow;
use std::io::Write as _;

use landfall_domain::{Command, CommandId, Rejection};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Handed;
use crate::answer::{Answer, Done, Failure, Origin, Request};
use crate::wire;

/// Bytes that a command's line may have. A longer one is carried out where it came in.
pub const LONGEST_COMMAND: usize = 1 << 20;
/// Bytes that an answer's line may have: an order of 10,000 lines with all its allocations fits.
pub(super) const LONGEST_ANSWER: usize = 64 << 20;
/// Room for the number, the space behind it and the line's end.
const BESIDE: usize = 22;

/// What is not answered before this line was not taken.
pub const OVER: &[u8] = b"over";

/// A command as it is said.
#[derive(Serialize)]
struct Said<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a CommandId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    let_in_by: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    command: &'a Command,
}

/// A command as it is heard.
#[derive(Deserialize)]
struct Heard<'a> {
    #[serde(default)]
    id: Option<CommandId>,
    #[serde(borrow, default)]
    actor: Option<Cow<'a, str>>,
    #[serde(default)]
    let_in_by: Option<u64>,
    #[serde(borrow, default)]
    origin: Option<Cow<'a, str>>,
    #[serde(borrow)]
    command: &'a RawValue,
}

/// An answer, as it is said and heard.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word<'a> {
    Done(Cow<'a, Done>),
    Rejected(Cow<'a, Rejection>),
    Busy,
    KeysChanged,
    NotTaken,
    Unavailable {
        reason: Cow<'a, str>,
        outcome_unknown: bool,
    },
    Damaged {
        reason: Cow<'a, str>,
    },
    Unstorable {
        reason: Cow<'a, str>,
    },
}

/// The JSON of a command's line. `None`: it is too long.
pub(super) fn command(origin: Option<&Origin>, request: &Request) -> Option<Vec<u8>> {
    let said = Said {
        id: request.id.as_ref(),
        actor: request.actor.as_deref(),
        let_in_by: request.let_in_by,
        origin: origin.map(AsRef::as_ref),
        command: &request.command,
    };
    let mut json = Vec::with_capacity(256);
    serde_json::to_writer(&mut json, &said).ok()?;
    (json.len() + BESIDE <= LONGEST_COMMAND).then_some(json)
}

/// Adds a line.
pub(super) fn push(lines: &mut Vec<u8>, number: u64, json: &[u8]) {
    // Writing to a vector cannot fail.
    let _ = write!(lines, "{number} ");
    lines.extend_from_slice(json);
    lines.push(b'\n');
}

/// The number of a line, and its JSON. `None`: it is no line of ours.
fn take_apart(line: &[u8]) -> Option<(u64, &[u8])> {
    let space = line.iter().position(|byte| *byte == b' ')?;
    let number = std::str::from_utf8(&line[..space]).ok()?.parse().ok()?;
    Some((number, &line[space + 1..]))
}

/// A command that another replica hands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOn {
    /// What the caller's request is called there.
    pub origin: Option<Origin>,
    /// The command, with all that is known of its caller.
    pub request: Request,
}

/// Reads a command's line: its number, and the command if it can be read. `None`: it is no such line at all.
pub fn read_command(line: &[u8]) -> Option<(u64, Option<HandedOn>)> {
    let (number, json) = take_apart(line)?;
    Some((number, handed_on(json)))
}

fn handed_on(json: &[u8]) -> Option<HandedOn> {
    let heard: Heard = serde_json::from_slice(json).ok()?;
    let parsed = wire::parse(heard.command.get().as_bytes()).ok()?;
    Some(HandedOn {
        origin: heard.origin.map(Into::into),
        request: Request {
            id: heard.id,
            actor: heard.actor.map(Into::into),
            let_in_by: heard.let_in_by,
            command: parsed.command,
        },
    })
}

/// Adds the line that answers a command. `None`: it could not be read.
pub fn write_answer(lines: &mut Vec<u8>, number: u64, answer: Option<&Answer>) {
    let reason = |reason: &'_ str| Cow::Owned(reason.to_owned());
    let word = match answer {
        Some(Ok(done)) => Word::Done(Cow::Borrowed(done)),
        Some(Err(failure)) => match failure {
            Failure::Rejected(rejection) => Word::Rejected(Cow::Borrowed(rejection)),
            Failure::Busy => Word::Busy,
            Failure::KeysChanged(_) => Word::KeysChanged,
            Failure::Stopping => Word::NotTaken,
            Failure::Unavailable {
                reason: why,
                outcome_unknown,
            } => Word::Unavailable {
                reason: reason(why),
                outcome_unknown: *outcome_unknown,
            },
            Failure::Damaged { reason: why } => Word::Damaged {
                reason: reason(why),
            },
            Failure::Unstorable { reason: why } => Word::Unstorable {
                reason: reason(why),
            },
        },
        None => Word::NotTaken,
    };
    // All of it has a JSON form; were it not so, the other side would hear of a line that it cannot read.
    let json = serde_json::to_vec(&word).unwrap_or_default();
    push(lines, number, &json);
}

/// Reads an answer's line. `None`: it is no such line.
pub(super) fn read_answer(line: &[u8]) -> Option<(u64, Handed)> {
    let (number, json) = take_apart(line)?;
    let failure = match serde_json::from_slice(json).ok()? {
        Word::Done(done) => return Some((number, Handed::Answered(Ok(done.into_owned())))),
        Word::KeysChanged => return Some((number, Handed::KeysChanged)),
        Word::NotTaken => return Some((number, Handed::NotTaken)),
        Word::Rejected(rejection) => Failure::Rejected(rejection.into_owned()),
        Word::Busy => Failure::Busy,
        Word::Unavailable {
            reason,
            outcome_unknown,
        } => Failure::Unavailable {
            reason: reason.into_owned(),
            outcome_unknown,
        },
        Word::Damaged { reason } => Failure::Damaged {
            reason: reason.into_owned(),
        },
        Word::Unstorable { reason } => Failure::Unstorable {
            reason: reason.into_owned(),
        },
    };
    Some((number, Handed::Answered(Err(failure))))
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
