//! The warehouse: what leaves it on a day.
//!
//! A line leaves on the day for which the customer asked, and without such a day as soon as it can: some handling
//! days after it was ordered, and as many after its goods landed. Whoever said that all goes together gets all
//! together. One line in ten of several pieces leaves on two days, as the van is full.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use landfall_domain::commands::Dispatch;
use landfall_domain::{Command, OrderId, Quantity};

use super::made_up::MadeUp;
use super::mirror::{LineState, Mirror};
use super::random::{Chance, Random};

/// What leaves on this day, in the order in which the lines were accepted.
pub(crate) fn leaving(
    mirror: &Mirror,
    seed: u64,
    today: Date,
    handling_days: u16,
) -> Result<Vec<Command>, MadeUp> {
    let handling = i64::from(handling_days).days();
    let landed_by = today.saturating_sub(handling);
    let mut commands = Vec::new();
    let mut together: BTreeSet<&OrderId> = BTreeSet::new();
    for (at, line) in mirror.open() {
        if !is_due(line, today, handling) || !mirror.can_leave(line, landed_by) {
            continue;
        }
        let order_id = &line.key.order_id;
        if line.together {
            let all = || mirror.open_of_order(order_id);
            let ready = |line: &LineState| {
                is_due(line, today, handling) && mirror.can_leave(line, landed_by)
            };
            if !together.contains(order_id) && all().all(ready) {
                together.insert(order_id);
                commands.push(dispatch(order_id, None, None));
            }
            continue;
        }
        // A line that has begun to leave is finished.
        let in_two = line.dispatched == 0
            && line.quantity > 1
            && Random::of(seed, Chance::Leaving, [at as u64, 0]).permille(100);
        let part = in_two
            .then(|| Quantity::new(line.quantity / 2))
            .transpose()?;
        commands.push(dispatch(order_id, Some(line), part));
    }
    Ok(commands)
}

fn is_due(line: &LineState, today: Date, handling: Span) -> bool {
    let earliest = line.accepted_on.saturating_add(handling);
    line.requested.unwrap_or(earliest).max(earliest) <= today
}

fn dispatch(order_id: &OrderId, line: Option<&LineState>, quantity: Option<Quantity>) -> Command {
    Command::Dispatch(Dispatch {
        order_id: order_id.clone(),
        line_id: line.map(|line| line.key.line_id.clone()),
        quantity,
    })
}
