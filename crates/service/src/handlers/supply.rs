//! What a change of supply means for the lines that had counted on it.
//!
//! Commands about batches and shipments change batches first, all of them, and then come here with what
//! these were before. A batch that is too small, or that nobody can count on, loses lines; one that comes
//! later delays lines; one that comes earlier pulls late promises back. Where the lines go, the reactions say.

use landfall_domain::events::DeallocationReason;
use landfall_domain::{Batch, LineKey, Supply, shortage};

use crate::uow::{Stop, UnitOfWork, each};

/// Carries on from batches that have changed; they are given as they were before.
pub(super) fn changed(
    before: &[Batch],
    reason: DeallocationReason,
    uow: &mut UnitOfWork,
) -> Result<(), Stop> {
    let changes = each(before, |before| change(before, uow))?;
    for change in changes.into_iter().flatten() {
        for key in &change.lines {
            uow.concern(key);
        }
        // A line of several batches may have given goods of this one back already, with those of another.
        if let Some(batch) = uow
            .batch(&change.after.reference)?
            .filter(|batch| batch.over() > 0)
        {
            take_back(&batch, &change.lines, reason, uow)?;
        }
        if change.after.supply() == Supply::Never {
            withdraw(&change.after, &change.lines, reason, uow)?;
        } else if change.moved {
            promise_again(&change.lines, uow)?;
        }
    }
    Ok(())
}

/// What happened to a batch.
struct Change {
    after: Batch,
    /// The lines that it concerns, in the order in which a shortage takes their stock away.
    lines: Vec<LineKey>,
    /// Whether its goods come on another day.
    moved: bool,
}

fn change(before: &Batch, uow: &mut UnitOfWork) -> Result<Option<Change>, Stop> {
    let Some(after) = uow.batch(&before.reference)? else {
        return Ok(None);
    };
    let moved = before.supply() != after.supply();
    let over = after.over();
    let mut lines = Vec::new();
    if over > 0 || moved {
        let mut total = 0;
        let batch = (&after.sku, &after.reference, after.number);
        lines = uow.allocated_to(batch, None, |line| {
            total += line.pegged_to(after.number);
            // A shortage concerns only as many as it takes; another day concerns all.
            !moved && total >= over
        })?;
    }
    Ok(Some(Change {
        after,
        lines,
        moved,
    }))
}

/// Takes what a batch holds too much back from the lines that lose by the shortage rule.
fn take_back(
    batch: &Batch,
    lines: &[LineKey],
    reason: DeallocationReason,
    uow: &mut UnitOfWork,
) -> Result<(), Stop> {
    let over = batch.over();
    let mut held = Vec::new();
    let mut total = 0;
    for key in lines {
        if total >= over {
            break;
        }
        let units = uow
            .line(key)?
            .map_or(0, |line| line.pegged_to(batch.number));
        total += units;
        held.push((key, units));
    }
    for key in shortage::losers(over, held) {
        take_stock(key, reason, uow)?;
    }
    Ok(())
}

/// Takes the lines of a batch that nobody can count on any longer. Lines of which a part has left keep it, and
/// have no promise until somebody can: for goods that are no supply there is no honest day.
fn withdraw(
    batch: &Batch,
    lines: &[LineKey],
    reason: DeallocationReason,
    uow: &mut UnitOfWork,
) -> Result<(), Stop> {
    for key in lines {
        let line = uow.line(key)?;
        match line.filter(|line| line.pegged_to(batch.number) > 0) {
            Some(line) if line.locked() => withdraw_promise(key, uow)?,
            Some(_) => take_stock(key, reason, uow)?,
            None => {}
        }
    }
    Ok(())
}

/// Of an order that goes out together all lines lose their promise, when it is settled.
fn withdraw_promise(key: &LineKey, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let mut line = uow.line_to_change(key)?;
    if line.together() {
        uow.touch_order(&line.key.order_id);
    } else if uow.its_product(&line.sku.clone())?.promise(&mut line, None) {
        uow.put(line);
    }
    Ok(())
}

fn take_stock(key: &LineKey, reason: DeallocationReason, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let mut line = uow.line_to_change(key)?;
    uow.its_product(&line.sku.clone())?
        .deallocate(&mut line, reason);
    uow.loosen(line);
    Ok(())
}

/// The goods of these lines come on another day: late promises are pulled back, and lines whose promise
/// would be broken are noted, to look for other goods first.
fn promise_again(lines: &[LineKey], uow: &mut UnitOfWork) -> Result<(), Stop> {
    let day = uow.day();
    for key in lines {
        let Some(line) = uow.line(key)?.filter(|line| !line.allocations.is_empty()) else {
            continue;
        };
        if line.together() {
            let order_id = line.key.order_id.clone();
            uow.touch_order(&order_id);
        }
        let mut line = uow.line_to_change(key)?;
        let product = uow.its_product(&line.sku)?;
        let ready = product.ready(&line, &day);
        if !line.locked() && line.current_promise.is_some() && ready > line.current_promise {
            uow.delay(&line);
        } else if product.promise_again(&mut line, &day) {
            uow.put(line);
        }
    }
    Ok(())
}
