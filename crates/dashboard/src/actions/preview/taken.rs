//! What a command would take, told apart from what it would take by then.

use jiff::civil::Date;
use landfall_domain::{BatchRef, Command, Event, LineId, OrderId, Status};
use landfall_service::bus::DryRunStep;
use landfall_service::uow::{LineEffect, LineState};
use landfall_service::wire;
use sha2::{Digest as _, Sha256};

use super::tables;
use super::there::There;

/// A digest of a command and of all that it would take: whose promise is broken or stock lost, which lines leave or
/// are cancelled, how the lines of the order that it is about would be, what is counted, and which value, hold or
/// earlier count would be replaced. That it would do another line good, or leave one more as it is, is not in it: where
/// orders come in by the minute there would always be one more. It is no secret and no proof: whoever makes one up
/// fools themselves.
pub(super) fn digest(command: &Command, there: &There, step: &DryRunStep) -> String {
    let mut losses: Vec<_> = step.effects.iter().filter_map(loss).collect();
    losses.sort_unstable();
    let changes = step.events.iter();
    let changes: Vec<_> = changes
        .filter_map(|record| change(step, &record.event))
        .collect();
    let open = tables::open(step).into_iter().map(|line| {
        let batches = line.allocations.iter().map(|one| &one.batch);
        (
            (&line.line_id, &line.sku, line.quantity, line.dispatched),
            (line.status, line.current_promise),
            batches.collect::<Vec<_>>(),
        )
    });
    let open: Vec<_> = open.collect();
    let hash = Sha256::new()
        .chain_update(wire::canonical(command))
        .chain_update(format!("{there:?}{losses:?}{changes:?}{open:?}"))
        .finalize();
    let bytes = hash.iter().take(16);
    bytes.fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// A line whose promise would be broken or that would lose its stock: units that have not left, as promised now, as it
/// would be promised, and whether it would wait.
type Loss<'a> = (
    (&'a OrderId, &'a LineId),
    (u64, Option<Date>, Option<Date>, bool),
);

fn loss(effect: &LineEffect) -> Option<Loss<'_>> {
    let before = effect.before.as_ref()?;
    let after = &effect.after;
    let waits = after.status == Status::Backordered;
    let lost = before.status == Status::Allocated && waits;
    let wanted = matches!(after.status, Status::Allocated | Status::Backordered);
    let broken = match (before.promise, after.promise) {
        (Some(from), Some(to)) => to > from,
        (from, None) => from.is_some(),
        (None, Some(_)) => false,
    };
    let key = (&effect.key.order_id, &effect.key.line_id);
    let promises = (after.outstanding, before.promise, after.promise, waits);
    (lost || wanted && broken).then_some((key, promises))
}

/// Of a fact, what becomes another, as it was; as it would be the command says. Not what follows from it: the ETAs of a
/// shipment's batches, how much of a batch was sold when it landed. Nor when something that is received was expected.
fn change(step: &DryRunStep, event: &Event) -> Option<String> {
    Some(match event {
        Event::BatchQuantityChanged {
            reference,
            from,
            to,
            ..
        }
        | Event::BatchCancelled {
            reference,
            from,
            to,
            ..
        } => format!("{:?}", (reference, from, to)),
        Event::BatchEtaChanged {
            reference,
            from,
            shipment: None,
            ..
        } => format!("{:?}", (reference, from)),
        Event::BatchReceived {
            reference,
            expected,
            quantity,
            ..
        } => format!("{:?}", (reference, expected, quantity)),
        Event::ShipmentEtaChanged {
            reference, from, ..
        } => format!("{:?}", (reference, from)),

        Event::LineAmended {
            order_id,
            line_id,
            from,
            ..
        } => format!("{:?}", (order_id, line_id, from)),
        Event::LineCancelled {
            order_id,
            line_id,
            quantity,
        } => {
            let before = tables::before(step, order_id, line_id);
            let had = before.map(|line| (line.status, line.promise, batches(line)));
            format!("{:?}", (order_id, line_id, quantity, had))
        }
        Event::Dispatched {
            order_id,
            line_id,
            quantity,
            departures,
            outstanding,
            ..
        } => {
            let from = departures.iter().map(|one| (&one.batch, one.quantity));
            let from: Vec<_> = from.collect();
            format!("{:?}", (order_id, line_id, quantity, from, outstanding))
        }
        _ => return None,
    })
}

fn batches(line: &LineState) -> Vec<&BatchRef> {
    line.allocations.iter().map(|one| &one.batch).collect()
}
