//! What `/metrics` tells of commands that come from beside the API. The only labels are the source's name and the
//! outcome.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use landfall_service::intake::IntakeStats;

use super::{head, line};

/// The metrics of these sources; nothing where there are none.
pub(super) fn write(text: &mut String, intakes: &[Arc<IntakeStats>]) {
    if intakes.is_empty() {
        return;
    }
    let name = "intake_commands_total";
    head(
        text,
        name,
        "counter",
        "Messages with commands, by what became of them",
    );
    for stats in intakes {
        for (outcome, count) in [
            ("done", &stats.done),
            ("rejected", &stats.rejected),
            ("unusable", &stats.unusable),
            ("lost", &stats.lost),
        ] {
            let source = stats.source();
            let labels = format!(r#"{{source="{source}",outcome="{outcome}"}}"#);
            line(text, name, &labels, &count.load(Ordering::Relaxed));
        }
    }
    let name = "intake_retries_total";
    head(
        text,
        name,
        "counter",
        "Times that a command was tried again",
    );
    for stats in intakes {
        let count = stats.retries.load(Ordering::Relaxed);
        line(text, name, &of_source(stats), &count);
    }
    let name = "intake_connected";
    head(
        text,
        name,
        "gauge",
        "1 while this replica takes commands from there",
    );
    for stats in intakes {
        line(text, name, &of_source(stats), &u8::from(stats.is_read()));
    }
}

fn of_source(stats: &IntakeStats) -> String {
    format!(r#"{{source="{}"}}"#, stats.source())
}
