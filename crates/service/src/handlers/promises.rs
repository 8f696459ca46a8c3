//! Keeping promises when supply changes: which lines look for other goods, and what becomes of those that find
//! none. Who is then served from which batch is planned in [`super::reassign`].

use std::collections::HashSet;

use indexmap::IndexSet;
use jiff::civil::Date;
use landfall_domain::{Day, LineKey, OrderLine, Product, Sku};

use super::draft::Seeker;
use super::reassign::reassign;
use crate::keys::Served;
use crate::uow::{Stop, Trouble, UnitOfWork, each};

/// How many late lines of a product are looked at when its supply is better than before, in their order. Where there
/// are more, so many again of those that the free goods could serve as they are.
const LATE_EXAMINED: usize = 1_000;
/// Of how many days the free goods are then asked whom they could serve, the earliest first.
const DAYS_EXAMINED: usize = 4;

/// Looks for other goods for the lines of a product that were delayed or have lost their stock. Delayed lines
/// that find none are promised another day. Lines without stock get here only what keeps their promise: a promise
/// that was made outranks the queue, and without one they stand in it like others.
pub(super) fn keep(sku: &Sku, uow: &mut UnitOfWork) -> Result<(), Stop> {
    // A line of several batches is delayed by each of them.
    let Trouble { delayed, loose } = uow.take_trouble(sku);
    let all_seek = uow.its_product(sku)?.counters().late == 0;
    let delayed: IndexSet<LineKey> = delayed.into_iter().collect();
    let mut seekers = Vec::new();
    for key in &delayed {
        let line = uow.line_to_change(key)?;
        // A command that changes several batches may have taken its stock after all.
        if line.allocations.is_empty() {
            continue;
        }
        if let Some(promise) = line.current_promise {
            seekers.push(Seeker {
                line,
                wanted: promise,
                limit: Date::MAX,
            });
        }
    }
    for key in &loose {
        let line = uow.line_to_change(key)?;
        // Who was promised nothing has no promise to keep, and is left to the queue.
        if let Some(wanted) = promise_lost(&line) {
            seekers.push(Seeker {
                line,
                wanted,
                limit: wanted,
            });
        }
    }
    let split = reassign(sku, seekers, uow)?;
    // Where nobody was late before, all who are now have been looked at.
    if all_seek && !split {
        uow.its_product(sku)?.offered_to_late();
    }
    for key in delayed {
        let mut line = uow.line_to_change(&key)?;
        let day = uow.day();
        if uow.its_product(sku)?.promise_again(&mut line, &day) {
            uow.put(line);
        }
    }
    still_loose(sku, loose, uow)
}

/// Looks for lines that make room for those that lost their stock and for which the queue had none: on goods
/// that come later than was promised, if need be.
pub(super) fn make_room(sku: &Sku, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let loose = uow.take_trouble(sku).loose;
    let seekers = each(&loose, |key| {
        let line = uow.line_to_change(key)?;
        Ok(Seeker {
            wanted: promise_lost(&line).unwrap_or(Date::MAX),
            limit: Date::MAX,
            line,
        })
    })?;
    reassign(sku, seekers, uow)?;
    still_loose(sku, loose, uow)
}

/// What was promised to a line that has lost its stock.
fn promise_lost(line: &OrderLine) -> Option<Date> {
    let told = line.loose.as_ref().and_then(|loose| loose.promise);
    told.or(line.original_promise)
}

/// Notes those of these lines that have still found no stock.
fn still_loose(sku: &Sku, keys: Vec<LineKey>, uow: &mut UnitOfWork) -> Result<(), Stop> {
    for key in keys {
        let line = uow.line(&key)?;
        if line.is_some_and(|line| line.allocations.is_empty()) {
            uow.leave_loose(sku, key);
        }
    }
    Ok(())
}

/// Pulls late lines of a product back towards their original promise, never before it: the first in their order and, where
/// these are not all, then others that the goods which are still free could serve. Or a thousand large lines, for which
/// there is nothing, would keep all small ones after them from what there is. `only`: where nothing else is better than
/// before, the lines that are late only now.
pub(super) fn pull_back(
    sku: &Sku,
    only: Option<Vec<LineKey>>,
    uow: &mut UnitOfWork,
) -> Result<(), Stop> {
    let first = match only {
        Some(lines) if lines.len() < LATE_EXAMINED => lines,
        _ => uow.late_lines(sku, None, LATE_EXAMINED)?,
    };
    pull_back_lines(sku, &first, uow)?;
    if first.len() < LATE_EXAMINED {
        return Ok(());
    }
    let seen: HashSet<&LineKey> = first.iter().collect();
    let day = uow.day();
    let kinds = served(uow.its_product(sku)?, day);
    // Each may show the first ones once more.
    let each_most = LATE_EXAMINED / kinds.len().max(1);
    let most = each_most + LATE_EXAMINED;
    let found = each(kinds, |served| uow.late_lines(sku, Some(served), most))?;
    let mut more: IndexSet<LineKey> = IndexSet::new();
    for lines in found {
        let unseen = lines.into_iter().filter(|key| !seen.contains(key));
        more.extend(unseen.take(each_most));
    }
    let more: Vec<LineKey> = more.into_iter().collect();
    pull_back_lines(sku, &more, uow)
}

/// What the free goods of a product could serve, by the day on which they can be there. Goods of a later day count only
/// where one batch has more than each of those before.
fn served(product: &Product, day: Day) -> Vec<Served> {
    let mut kinds: Vec<Served> = Vec::new();
    for batch in product.batches() {
        let (units, ready) = (batch.available(), day.promise_of(batch.supply()));
        let full = kinds.len() == DAYS_EXAMINED;
        let Some(later_than) = ready.filter(|_| units > 0) else {
            continue;
        };
        match kinds.last_mut() {
            Some(last) if units <= last.at_most => {}
            Some(last) if last.later_than == later_than => last.at_most = units,
            _ if full => break,
            _ => kinds.push(Served {
                later_than,
                at_most: units,
            }),
        }
    }
    kinds
}

/// Pulls these late lines back.
fn pull_back_lines(sku: &Sku, late: &[LineKey], uow: &mut UnitOfWork) -> Result<(), Stop> {
    let lines = each(late, |key| {
        let line = uow.line_to_change(key)?;
        let days = days_of_use(&line, uow)?;
        Ok(days.map(|(wanted, limit)| Seeker {
            line,
            wanted,
            limit,
        }))
    })?;
    let seekers: Vec<Seeker> = lines.into_iter().flatten().collect();
    // What is left now is nothing to these, but lines that may be split leave goods that others can use.
    if !reassign(sku, seekers, uow)? {
        uow.its_product(sku)?.offered_to_late();
    }
    // Who has not moved may have been left with the earlier of its goods by the customer.
    let day = uow.day();
    for key in late {
        let mut line = uow.line_to_change(key)?;
        if uow.its_product(sku)?.pull_back(&mut line, &day) {
            uow.put(line);
        }
    }
    Ok(())
}

/// The day on which a late line would have its goods, the one that it was promised first, and the last on which it can do
/// with others: its promise, or where it goes out together with others the day of its own, which by now may come before the
/// order's promise. Then it wants no goods that come before the last of those that come before its own, and none at all while
/// another comes later still: early stock would wait with it. Lines that come on one day may each go ahead, or
/// each would wait for the other.
fn days_of_use(line: &OrderLine, uow: &mut UnitOfWork) -> Result<Option<(Date, Date)>, Stop> {
    let (Some(original), Some(promise)) = (line.original_promise, line.current_promise) else {
        return Ok(None);
    };
    if !line.together() {
        return Ok(Some((original, promise)));
    }
    let day = uow.day();
    let own = uow.its_product(&line.sku)?.ready(line, &day);
    let keys = uow.order(&line.key.order_id)?.lines.clone();
    let days = each(keys, |key| {
        let other = uow.line_to_change(&key)?;
        let counts = other.together() && other.outstanding() > 0;
        let ready = uow.its_product(&other.sku)?.ready(&other, &day);
        Ok(ready.filter(|_| counts))
    })?;
    let days: Vec<Date> = days.into_iter().flatten().collect();
    let before = days.iter().filter(|day| Some(**day) < own).max();
    let waits = days.iter().any(|day| Some(*day) > own);
    let wanted = before.map_or(original, |before| original.max(*before));
    Ok(own.filter(|_| !waits).map(|own| (wanted, own)))
}
