//! The sentence of a summary: what is done, and what it comes to.

use jiff::civil::Date;
use landfall_domain::words::{count, number, units};
use landfall_domain::{Command, Event, Hold};

use super::Summary;
use crate::answer::{Answer, Reply};
use crate::bus::DryRunStep;
use crate::log::LogRecord;

/// `MV Aurora +10 days: 87 lines, 12 promises broken, 5 improved`.
pub(super) fn text(only: Option<&Command>, steps: &[DryRunStep], summary: &Summary) -> String {
    let what = match (only, steps) {
        (Some(command), [step]) => match &step.answer {
            Ok(_) => done(command, step),
            Err(failure) => return format!("{} refused: {failure}", name(command, &step.answer)),
        },
        _ => several(summary),
    };
    format!("{what}: {}", effects(summary))
}

fn several(summary: &Summary) -> String {
    let mut text = count(summary.commands, "command", "commands");
    let mut aside = Vec::new();
    if summary.rejected > 0 {
        aside.push(format!("{} refused", number(summary.rejected)));
    }
    if summary.invalid > 0 {
        aside.push(format!("{} ill-formed", number(summary.invalid)));
    }
    if !aside.is_empty() {
        text = format!("{text} ({})", aside.join(", "));
    }
    text
}

/// What it comes to.
fn effects(summary: &Summary) -> String {
    if summary.events == 0 && summary.lines_affected == 0 {
        return "nothing changes".into();
    }
    let mut parts = Vec::new();
    if summary.lines_new > 0 {
        let new = count(summary.lines_new, "new line", "new lines");
        parts.push(match summary.lines_new_waiting {
            0 => new,
            waiting => format!("{new} ({} without stock)", number(waiting)),
        });
    }
    match summary.lines_affected {
        0 if parts.is_empty() => parts.push("no line affected".into()),
        0 => {}
        lines => parts.push(count(lines, "line", "lines")),
    }
    if summary.lines_affected > 0 {
        parts.push(match summary.promises_broken {
            0 => "no promise broken".into(),
            broken => count(broken, "promise broken", "promises broken"),
        });
    }
    if summary.promises_improved > 0 {
        parts.push(format!("{} improved", number(summary.promises_improved)));
    }
    let mut text = parts.join(", ");
    if summary.days_late.max > 0 {
        let days = count(summary.days_late.max, "day", "days");
        text = format!("{text}; up to {days} late");
    }
    match summary.lines_lost {
        0 => text,
        1 => format!("{text}; 1 line loses its stock"),
        lost => format!("{text}; {} lines lose their stock", number(lost)),
    }
}

/// What a command is about: the vessel's name where a shipment has one.
fn name(command: &Command, answer: &Answer) -> String {
    let batch = |reference| format!("batch {reference}");
    let line = |line, order| format!("line {line} of order {order}");
    let shipment = |reference| match answer.as_ref().map(|done| &done.reply) {
        Ok(Reply::Shipment(shipment)) => match &shipment.vessel {
            Some(vessel) => vessel.to_string(),
            None => format!("shipment {reference}"),
        },
        _ => format!("shipment {reference}"),
    };
    match command {
        Command::CreateBatch(c) => batch(&c.reference),
        Command::ChangeBatchQuantity(c) => batch(&c.reference),
        Command::ChangeBatchEta(c) => batch(&c.reference),
        Command::HoldBatch(c) => batch(&c.reference),
        Command::ReleaseBatch(c) => batch(&c.reference),
        Command::ReceiveBatch(c) => batch(&c.reference),
        Command::CancelBatch(c) => batch(&c.reference),
        Command::CreateShipment(c) => shipment(&c.reference),
        Command::ChangeShipmentEta(c) => shipment(&c.reference),
        Command::HoldShipment(c) => shipment(&c.reference),
        Command::ReleaseShipment(c) => shipment(&c.reference),
        Command::ReceiveShipment(c) => shipment(&c.reference),
        Command::Allocate(c) => line(c.key().line_id, &c.order_id),
        Command::PlaceOrder(c) => format!("order {}", c.order_id),
        Command::ChangeLineQuantity(c) => line(c.line_id.clone(), &c.order_id),
        Command::CancelLine(c) => line(c.line_id.clone(), &c.order_id),
        Command::CancelOrder(c) => format!("order {}", c.order_id),
        Command::Dispatch(c) => match &c.line_id {
            Some(id) => line(id.clone(), &c.order_id),
            None => format!("order {}", c.order_id),
        },
    }
}

/// What a command that is carried out does.
fn done(command: &Command, step: &DryRunStep) -> String {
    let name = name(command, &step.answer);
    match command {
        Command::CreateBatch(c) => format!("{name}, {} of {}", units(c.quantity.get()), c.sku),
        Command::ChangeBatchQuantity(c) => match quantity_before(&step.events) {
            Some(from) => format!("{name} {} → {}", number(from), units(c.quantity.get())),
            None => name,
        },
        Command::ChangeBatchEta(_) | Command::ChangeShipmentEta(_) => {
            match eta_change(&step.events) {
                Some((from, to)) => format!("{name} {}", moved(from, to)),
                None => name,
            }
        }
        Command::HoldBatch(_) | Command::HoldShipment(_) => match hold(&step.events) {
            Some(hold) => match hold.expected_clear {
                Some(day) => format!("{name} held ({}) until {day}", hold.code),
                None => format!("{name} held ({}), no clear date", hold.code),
            },
            None => name,
        },
        Command::ReleaseBatch(_) | Command::ReleaseShipment(_) => format!("{name} released"),
        Command::ReceiveBatch(_) | Command::ReceiveShipment(_) => received(&name, &step.events),
        Command::CreateShipment(_) => format!("{name} announced"),
        Command::Allocate(c) => format!("{name}, {} of {}", units(c.quantity.get()), c.sku),
        Command::PlaceOrder(_) => name,
        Command::ChangeLineQuantity(c) => match quantity_before(&step.events) {
            Some(from) => format!("{name} {} → {}", number(from), units(c.quantity.get())),
            None => name,
        },
        Command::CancelBatch(_) | Command::CancelLine(_) | Command::CancelOrder(_) => {
            format!("{name} cancelled")
        }
        Command::Dispatch(_) => format!("{name} dispatched"),
    }
}

/// What the command is about is told first: a batch, or a line.
fn quantity_before(events: &[LogRecord]) -> Option<u64> {
    events.iter().find_map(|record| match record.event {
        Event::BatchQuantityChanged { from, .. } | Event::LineAmended { from, .. } => Some(from),
        _ => None,
    })
}

/// The first that is told is what the command was about: a shipment's own event comes before its batches'.
fn eta_change(events: &[LogRecord]) -> Option<(Option<Date>, Option<Date>)> {
    events.iter().find_map(|record| match record.event {
        Event::ShipmentEtaChanged { from, to, .. } | Event::BatchEtaChanged { from, to, .. } => {
            Some((from, to))
        }
        _ => None,
    })
}

fn hold(events: &[LogRecord]) -> Option<&Hold> {
    events.iter().find_map(|record| match &record.event {
        Event::ShipmentHeld { hold, .. } | Event::BatchHeld { hold, .. } => Some(hold),
        _ => None,
    })
}

/// `+10 days`.
fn moved(from: Option<Date>, to: Option<Date>) -> String {
    match (from, to) {
        (_, None) => "in the warehouse".into(),
        (None, Some(to)) => format!("not here before {to}"),
        (Some(from), Some(to)) => {
            let days = (to - from).get_days();
            let sign = if days < 0 { '−' } else { '+' };
            format!("{sign}{}", count(days.unsigned_abs().into(), "day", "days"))
        }
    }
}

fn received(name: &str, events: &[LogRecord]) -> String {
    let (mut missing, mut surplus) = (0, 0);
    for record in events {
        if let Event::BatchReceived { short, over, .. } = record.event {
            missing += short;
            surplus += over;
        }
    }
    match (missing, surplus) {
        (0, 0) => format!("{name} received"),
        (short, 0) => format!("{name} received, {} short", number(short)),
        (0, over) => format!("{name} received, {} over", number(over)),
        (short, over) => format!(
            "{name} received, {} short and {} over",
            number(short),
            number(over)
        ),
    }
}
