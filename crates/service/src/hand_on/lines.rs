//! The lines that replicas exchange: commands there, answers back, each with the number by which they belong together.
//!
//! `NUMBER HEAD COMMAND` is a command: what is known of its caller, and the object with its fields. An answer is
//! `NUMBER created KIND RESOURCE`, or `done` where the resource was there, or `NUMBER failed WHY`. A blank line is a sign of
//! life, and [`OVER`] the last one that is said.

use std::borrow::Cow;
use std::io::Write as _;

use landfall_domain::{CommandId, Rejection};
use serde::{Deserialize, Serialize};

use super::Handed;
use crate::answer::{Answer, Bare, DoneThere, Failure, Kind, Origin, Request};
use crate::wire;

/// Bytes that a command's line may have. A longer one is carried out where it came in.
pub const LONGEST_COMMAND: usize = 1 << 20;
/// Bytes that an answer's line may have: an order of 10,000 lines with all its allocations fits.
pub(super) const LONGEST_ANSWER: usize = 64 << 20;
/// Room for the number, the space behind it and the line's end.
const BESIDE: usize = 22;

/// What is not answered before this line was not taken.
pub const OVER: &[u8] = b"over";

const CREATED: &[u8] = b"created";
const DONE: &[u8] = b"done";
const FAILED: &[u8] = b"failed";

/// What is known of a command beside its fields.
#[derive(Serialize, Deserialize)]
struct Head<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, CommandId>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    actor: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    let_in_by: Option<u64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    origin: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    trace: Option<Cow<'a, str>>,
}

/// Why a command has no resource.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Why<'a> {
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

/// What a command's line says beside its number. `json` is the command's object, where it need not be written again, `trace`
/// what is said of its trace. `None`: it is too long.
pub(super) fn command(
    origin: Option<&Origin>,
    request: &Request,
    json: Option<&[u8]>,
    trace: Option<&str>,
) -> Option<Vec<u8>> {
    let head = Head {
        kind: request.command.kind(),
        id: request.id.as_ref().map(Cow::Borrowed),
        actor: request.actor.as_deref().map(Cow::Borrowed),
        let_in_by: request.let_in_by,
        origin: origin.map(|origin| Cow::Borrowed(&**origin)),
        trace: trace.map(Cow::Borrowed),
    };
    let mut said = Vec::with_capacity(512);
    serde_json::to_writer(&mut said, &head).ok()?;
    said.push(b' ');
    match json {
        Some(json) => {
            let from = said.len();
            said.extend_from_slice(json);
            // A line's end within JSON is white space: in a text it is escaped.
            for byte in &mut said[from..] {
                if *byte == b'\n' {
                    *byte = b' ';
                }
            }
        }
        None => serde_json::to_writer(&mut said, &request.command).ok()?,
    }
    (said.len() + BESIDE <= LONGEST_COMMAND).then_some(said)
}

/// Adds a line.
pub(super) fn push(lines: &mut Vec<u8>, number: u64, said: &[u8]) {
    // Writing to a vector cannot fail.
    let _ = write!(lines, "{number} ");
    lines.extend_from_slice(said);
    lines.push(b'\n');
}

/// The number of a line, and what it says. `None`: it is no line of ours.
fn take_apart(line: &[u8]) -> Option<(u64, &[u8])> {
    let (number, said) = word(line)?;
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((number, said))
}

/// The first word, and what comes behind the space after it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = text.iter().position(|byte| *byte == b' ')?;
    Some((&text[..space], &text[space + 1..]))
}

/// A command that another replica hands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOn {
    /// What the caller's request is called there.
    pub origin: Option<Origin>,
    /// What is said of its trace there ([`Traces`]).
    ///
    /// [`Traces`]: super::Traces
    pub trace: Option<String>,
    /// The command, with all that is known of its caller.
    pub request: Request,
}

/// Reads a command's line: its number, and the command if it can be read. `None`: it is no such line at all.
pub fn read_command(line: &[u8]) -> Option<(u64, Option<HandedOn>)> {
    let (number, said) = take_apart(line)?;
    Some((number, handed_on(said)))
}

fn handed_on(said: &[u8]) -> Option<HandedOn> {
    let mut heads = serde_json::Deserializer::from_slice(said).into_iter::<Head>();
    let head = heads.next()?.ok()?;
    let json = &said[heads.byte_offset()..];
    Some(HandedOn {
        origin: head.origin.map(Into::into),
        trace: head.trace.map(Cow::into_owned),
        request: Request {
            id: head.id.map(Cow::into_owned),
            actor: head.actor.map(Into::into),
            let_in_by: head.let_in_by,
            command: wire::command(head.kind, json).ok()?,
        },
    })
}

/// Adds the line that answers a command. `None`: it could not be read.
pub fn write_answer(lines: &mut Vec<u8>, number: u64, answer: Option<&Answer>) {
    // All of it has a JSON form, and writing to a vector cannot fail; were it not so, the other side would hear of a line
    // that it cannot read.
    let _ = match answer {
        Some(Ok(done)) => {
            let _ = write!(lines, "{number} ");
            lines.extend_from_slice(if done.created { CREATED } else { DONE });
            let _ = write!(lines, " {} ", Kind::of(&done.reply).name());
            serde_json::to_writer(&mut *lines, &Bare(&done.reply))
        }
        Some(Err(failure)) => write_why(lines, number, &why(failure)),
        None => write_why(lines, number, &Why::NotTaken),
    };
    lines.push(b'\n');
}

fn write_why(lines: &mut Vec<u8>, number: u64, why: &Why) -> serde_json::Result<()> {
    let _ = write!(lines, "{number} ");
    lines.extend_from_slice(FAILED);
    lines.push(b' ');
    serde_json::to_writer(lines, why)
}

fn why(failure: &Failure) -> Why<'_> {
    match failure {
        Failure::Rejected(rejection) => Why::Rejected(Cow::Borrowed(rejection)),
        Failure::Busy => Why::Busy,
        Failure::KeysChanged(_) => Why::KeysChanged,
        Failure::Stopping => Why::NotTaken,
        Failure::Unavailable {
            reason,
            outcome_unknown,
        } => Why::Unavailable {
            reason: reason.into(),
            outcome_unknown: *outcome_unknown,
        },
        Failure::Damaged { reason } => Why::Damaged {
            reason: reason.into(),
        },
        Failure::Unstorable { reason } => Why::Unstorable {
            reason: reason.into(),
        },
    }
}

/// Reads an answer's line. `None`: it is no such line.
pub(super) fn read_answer(line: &[u8]) -> Option<(u64, Handed)> {
    let (number, said) = take_apart(line)?;
    let (outcome, said) = word(said)?;
    let created = outcome == CREATED;
    if created || outcome == DONE {
        let (kind, resource) = word(said)?;
        let done = DoneThere {
            kind: Kind::named(kind)?,
            created,
            resource: resource.to_vec(),
        };
        return Some((number, Handed::Done(done)));
    }
    if outcome != FAILED {
        return None;
    }
    let failure = match serde_json::from_slice(said).ok()? {
        Why::KeysChanged => return Some((number, Handed::KeysChanged)),
        Why::NotTaken => return Some((number, Handed::NotTaken)),
        Why::Rejected(rejection) => Failure::Rejected(rejection.into_owned()),
        Why::Busy => Failure::Busy,
        Why::Unavailable {
            reason,
            outcome_unknown,
        } => Failure::Unavailable {
            reason: reason.into_owned(),
            outcome_unknown,
        },
        Why::Damaged { reason } => Failure::Damaged {
            reason: reason.into_owned(),
        },
        Why::Unstorable { reason } => Failure::Unstorable {
            reason: reason.into_owned(),
        },
    };
    Some((number, Handed::Failed(failure)))
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
