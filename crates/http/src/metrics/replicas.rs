//! What `/metrics` tells of commands that replicas hand on to the one that writes.

use std::sync::atomic::Ordering;

use landfall_service::hand_on::Replicas;

use super::{gauge, head, line};

/// The metrics of a replica that takes part.
pub(super) fn write(text: &mut String, replicas: &Replicas) {
    gauge(
        text,
        "writing_replica",
        "1 while this replica writes for all",
        u8::from(replicas.is_ours()),
    );
    let stats = &replicas.stats;
    for (name, help, counter) in [
        (
            "commands_handed_on_total",
            "Commands sent to the replica that writes",
            &stats.handed_on,
        ),
        (
            "commands_taken_total",
            "Commands taken from other replicas",
            &stats.taken,
        ),
        (
            "writing_replica_losses_total",
            "Times that the replica that writes could not be reached or was lost",
            &stats.losses,
        ),
    ] {
        head(text, name, "counter", help);
        line(text, name, "", &counter.load(Ordering::Relaxed));
    }
}
