//! From a message to a command, and from an answer to what becomes of the message.

use landfall_domain::{CommandId, Rejection};
use landfall_service::answer::Actor;
use landfall_service::wire::{self, BadCommand, FieldError};
use landfall_service::{Answer, Done, Failure, Request};

use crate::entries::Entry;

/// The field of a message that holds the command in JSON.
pub(super) const COMMAND: &[u8] = b"command";

/// The most bytes of a command, as in the HTTP API's streams.
const LONGEST: usize = 1 << 20;

/// A message that is a command.
pub(super) struct Asked {
    pub(super) entry: Entry,
    pub(super) request: Request,
    /// None: it has met nothing damaged.
    pub(super) damaged: Option<Met>,
}

/// What a command has met that is damaged.
pub(super) struct Met {
    /// How often.
    pub(super) times: u32,
    /// What, the last time.
    what: String,
}

/// A message that has come to its end.
pub(super) struct Outcome {
    pub(super) entry: Entry,
    pub(super) command_id: Option<CommandId>,
    pub(super) kind: Option<String>,
    pub(super) end: End,
}

/// How it ended.
pub(super) enum End {
    Done(Box<Done>),
    Refused(Box<Rejection>),
    /// It is no command, and never will be.
    Invalid(String),
    /// It is one that the database will never take.
    Unstorable(String),
    /// It needs what cannot be read, however often it is tried.
    Damaged(String),
}

impl End {
    /// Why it is a dead letter, if it is one.
    pub(super) fn dead(&self) -> Option<&str> {
        match self {
            Self::Invalid(reason) | Self::Unstorable(reason) | Self::Damaged(reason) => {
                Some(reason)
            }
            Self::Done(_) | Self::Refused(_) => None,
        }
    }
}

impl Asked {
    /// It has met something damaged, once more.
    fn met(mut self, what: &str) -> Self {
        let times = self.damaged.map_or(0, |met| met.times).saturating_add(1);
        let what = what.to_owned();
        self.damaged = Some(Met { times, what });
        self
    }

    /// The end of one that is not tried any more.
    pub(super) fn given_up(self) -> Outcome {
        let (times, what) = self
            .damaged
            .map_or((0, String::new()), |m| (m.times, m.what));
        let reason = format!("tried {times} times: the database is damaged: {what}");
        Outcome {
            entry: self.entry,
            command_id: self.request.id,
            kind: Some(self.request.command.kind().into()),
            end: End::Damaged(reason),
        }
    }
}

/// Reads a message. A command without an idempotency key gets the message's own, so that it is carried out
/// once however often it is read.
pub(super) fn read(stream: &str, actor: &Actor, entry: Entry) -> Result<Asked, Outcome> {
    let dead = |entry: Entry, kind: Option<String>, reason: String| Outcome {
        entry,
        command_id: None,
        kind,
        end: End::Invalid(reason),
    };
    let Some(json) = entry.field(COMMAND) else {
        return Err(dead(
            entry,
            None,
            "the message has no field `command`".into(),
        ));
    };
    if json.len() > LONGEST {
        let reason = format!("the command has more than {LONGEST} bytes");
        return Err(dead(entry, None, reason));
    }
    if let Err(error) = std::str::from_utf8(json) {
        let reason = format!(
            "the command is not UTF-8 from byte {} on",
            error.valid_up_to()
        );
        return Err(dead(entry, None, reason));
    }
    let mut request = match wire::parse(json) {
        Ok(request) => request,
        Err(BadCommand { kind, errors }) => return Err(dead(entry, kind, describe(&errors))),
    };
    if request.id.is_none() {
        let id = CommandId::new(format!("redis:{stream}:{}", entry.id));
        match id {
            Ok(id) => request.id = Some(id),
            Err(bad) => {
                let reason = format!("its message id cannot be an idempotency key: it {bad}");
                return Err(dead(entry, Some(request.command.kind().into()), reason));
            }
        }
    }
    request.actor = Some(actor.clone());
    Ok(Asked {
        entry,
        request,
        damaged: None,
    })
}

fn describe(errors: &[FieldError]) -> String {
    let each: Vec<String> = errors
        .iter()
        .map(|FieldError { field, message }| match field.as_str() {
            "" => format!("the command {message}"),
            field => format!("{field} {message}"),
        })
        .collect();
    each.join("; ")
}

/// What becomes of a message whose command got this answer. An error: it has to be tried again.
pub(super) fn judge(asked: Asked, answer: Answer) -> Result<Outcome, Box<(Asked, Failure)>> {
    let end = match answer {
        Ok(done) => End::Done(Box::new(done)),
        // The HTTP API answers it with 400, as it does what cannot be read.
        Err(Failure::Rejected(invalid @ Rejection::Invalid { .. })) => {
            End::Invalid(invalid.to_string())
        }
        Err(Failure::Rejected(rejection)) => End::Refused(Box::new(rejection)),
        Err(unstorable @ Failure::Unstorable { .. }) => End::Unstorable(unstorable.to_string()),
        Err(Failure::Damaged { reason }) => {
            return Err(Box::new((asked.met(&reason), Failure::Damaged { reason })));
        }
        Err(
            failure @ (Failure::Busy
            | Failure::Stopping
            | Failure::KeysChanged(_)
            | Failure::Unavailable { .. }),
        ) => {
            return Err(Box::new((asked, failure)));
        }
    };
    Ok(Outcome {
        entry: asked.entry,
        command_id: asked.request.id,
        kind: Some(asked.request.command.kind().into()),
        end,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(command: &[u8]) -> Entry {
        Entry {
            id: "7-1".into(),
            fields: vec![(COMMAND.to_vec(), command.to_vec())],
        }
    }

    fn why_not(entry: Entry) -> String {
        match read("s", &"redis".into(), entry)
            .err()
            .map(|outcome| outcome.end)
        {
            Some(End::Invalid(reason)) => reason,
            _ => panic!("it is a command"),
        }
    }

    const COMMAND_JSON: &str = r#"{"type":"CancelOrder","order_id":"o"}"#;

    #[test]
    fn a_command_without_a_key_has_its_messages() {
        let id = |json: &str| {
            let asked = read("s", &"redis".into(), entry(json.as_bytes()))
                .ok()
                .unwrap();
            assert_eq!(asked.request.actor.as_deref(), Some("redis"));
            asked.request.id.unwrap().to_string()
        };
        assert_eq!(id(COMMAND_JSON), "redis:s:7-1");
        assert_eq!(
            id(r#"{"type":"CancelOrder","order_id":"o","id":"mine"}"#),
            "mine"
        );
    }

    #[test]
    fn what_is_no_command_says_why() {
        let without = Entry {
            id: "7-1".into(),
            fields: vec![(b"cmd".to_vec(), b"{}".to_vec())],
        };
        assert_eq!(why_not(without), "the message has no field `command`");
        assert_eq!(
            why_not(entry(b"\"\xff")),
            "the command is not UTF-8 from byte 1 on"
        );
        assert_eq!(
            why_not(entry(br#"{"type":"CancelOrder"}"#)),
            "order_id is missing"
        );
        assert!(why_not(entry(b"{")).starts_with("the command is not JSON"));
        let long = format!("{COMMAND_JSON}{}", " ".repeat(LONGEST));
        assert!(why_not(entry(long.as_bytes())).contains("1048576 bytes"));
    }

    #[test]
    fn only_what_may_succeed_later_is_tried_again() {
        let ask = || {
            read("s", &"redis".into(), entry(COMMAND_JSON.as_bytes()))
                .ok()
                .unwrap()
        };
        let again = |failure| judge(ask(), Err(failure)).is_err();
        let unavailable = |outcome_unknown| Failure::Unavailable {
            reason: "full".into(),
            outcome_unknown,
        };
        let reason = "row 7".into();
        assert!(again(Failure::Damaged { reason }), "somebody may mend it");
        assert!(again(Failure::Busy));
        assert!(again(Failure::Stopping));
        assert!(again(unavailable(false)));
        assert!(again(unavailable(true)));
        assert!(!again(Failure::Unstorable {
            reason: "NUL".into()
        }));
        let unknown = Rejection::UnknownOrder {
            order_id: "o".parse().unwrap(),
        };
        assert!(!again(unknown.into()));
    }
}
