//! The end of messages: results, dead letters, acknowledgements, in one transaction.

use landfall_service::Reply;
use landfall_service::intake::IntakeStats;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisError, Value};

use super::CommandReader;
use super::outcome::{COMMAND, End, Outcome};

/// The most messages in one transaction: others use the server, too.
const PIECE: usize = 1_000;

impl CommandReader {
    /// Writes what became of these messages, and acknowledges them.
    pub(super) async fn settle(
        &self,
        connection: &mut MultiplexedConnection,
        outcomes: &[Outcome],
    ) -> Result<(), RedisError> {
        let settings = &self.settings;
        for piece in outcomes.chunks(PIECE) {
            let mut all = redis::pipe();
            all.atomic();
            for outcome in piece {
                if settings.results_max_len > 0 {
                    all.add_command(self.result(outcome));
                }
                if let Some(reason) = outcome.end.dead() {
                    all.add_command(self.dead_letter(outcome, reason));
                }
            }
            let ids: Vec<&str> = piece
                .iter()
                .map(|outcome| outcome.entry.id.as_str())
                .collect();
            all.cmd("XACK")
                .arg(&settings.stream)
                .arg(&settings.group)
                .arg(&ids);
            if settings.delete {
                all.cmd("XDEL").arg(&settings.stream).arg(&ids);
            }
            all.query_async::<Value>(connection).await?;
            self.count(piece);
        }
        Ok(())
    }

    /// `id`, `command_id?`, `type?`, `status`, and then `created` and `reply`, or `detail` and `rejection?`.
    fn result(&self, outcome: &Outcome) -> Cmd {
        let stream = format!("{}:results", self.settings.stream);
        let mut add = add(&stream, self.settings.results_max_len);
        add.arg("id").arg(&outcome.entry.id);
        if let Some(id) = &outcome.command_id {
            add.arg("command_id").arg(id.as_str());
        }
        if let Some(kind) = &outcome.kind {
            add.arg("type").arg(kind);
        }
        match &outcome.end {
            End::Done(done) => {
                add.arg("status").arg("ok");
                add.arg("created").arg(done.created.to_string());
                add.arg("reply").arg(reply(&done.reply));
            }
            End::Refused(rejection) => {
                add.arg("status").arg("rejected");
                add.arg("detail").arg(rejection.to_string());
                add.arg("rejection").arg(json(rejection));
            }
            End::Unstorable(reason) => {
                add.arg("status").arg("rejected").arg("detail").arg(reason);
            }
            End::Damaged(reason) => {
                add.arg("status").arg("failed").arg("detail").arg(reason);
            }
            End::Invalid(reason) => {
                add.arg("status").arg("invalid").arg("detail").arg(reason);
            }
        }
        add
    }

    /// `id`, `reason`, and `command` as it was or, where there was none, all `fields` in JSON.
    fn dead_letter(&self, outcome: &Outcome, reason: &str) -> Cmd {
        let stream = format!("{}:dead", self.settings.stream);
        let mut add = add(&stream, self.settings.dead_max_len);
        add.arg("id")
            .arg(&outcome.entry.id)
            .arg("reason")
            .arg(reason);
        match outcome.entry.field(COMMAND) {
            Some(command) => add.arg("command").arg(command),
            None => add.arg("fields").arg(outcome.entry.as_json()),
        };
        add
    }

    fn count(&self, outcomes: &[Outcome]) {
        for outcome in outcomes {
            let counter = match &outcome.end {
                End::Done(_) => &self.stats.done,
                End::Refused(_) => &self.stats.rejected,
                End::Invalid(_) | End::Unstorable(_) | End::Damaged(_) => &self.stats.unusable,
            };
            if let Some(reason) = outcome.end.dead() {
                let id = &outcome.entry.id;
                tracing::warn!(stream = self.settings.stream, id, reason, "a dead letter");
            }
            IntakeStats::add(counter, 1);
        }
    }
}

/// The beginning of a command that adds to a stream which is kept at about so many entries; 0: all.
fn add(stream: &str, max_len: u64) -> Cmd {
    let mut add = redis::cmd("XADD");
    add.arg(stream);
    if max_len > 0 {
        add.arg("MAXLEN").arg("~").arg(max_len);
    }
    add.arg("*");
    add
}

/// The resource, as its own route of the HTTP API gives it.
fn reply(reply: &Reply) -> String {
    match reply {
        Reply::Batch(batch) => json(batch),
        Reply::Shipment(shipment) => json(shipment),
        Reply::Line(line) => json(line),
        Reply::Order(order) => json(order),
    }
}

/// Resources and rejections have text keys only: they always have a JSON form.
fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
