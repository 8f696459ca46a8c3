//! What follows from what happened: the reactions to events, in the same unit of work.
//!
//! Lines that a command has delayed, or whose stock it took, look first for goods that keep their promise
//! ([`super::promises`]): a promise that was made outranks those who wait. What is left after that goes by the
//! queue: each product that has something to offer ([`Offer`]: goods that are more, or earlier, or were given back)
//! has its queue looked through, in which lines that lost their stock and lines that wait longer stand in one order,
//! by the rule of [`QueueKey`]. Then the orders that go out together agree on a day, and late lines are pulled back to their
//! first promise. That gives goods back in turn, and so on until there is nothing to offer; the number of steps is bounded.
//! Lines that lost their stock and for which the queue had none wait only if nobody can make room for them. Last, who must
//! know of another promise is told, once.

use std::collections::{HashMap, HashSet};

use indexmap::{IndexMap, IndexSet};
use landfall_domain::events::PromiseCause;
use landfall_domain::product::Offer;
use landfall_domain::shortage::QueueKey;
use landfall_domain::{LineKey, Rejection, Sku};

use super::{promises, together};
use crate::uow::{Stop, UnitOfWork, each};

/// The most events that one command may cause: far above any real one, and a stop for a loop.
const MAX_EVENTS: usize = 5_000_000;
/// How often one command looks at the late lines of a product: each time some may have left goods to others.
const MAX_ROUNDS: usize = 8;

/// Runs the reactions to the events of the present command until there are no more. `cause`: what is told of
/// promises that are others then.
pub(super) fn run(cause: PromiseCause, uow: &mut UnitOfWork) -> Result<(), Stop> {
    each(uow.troubled(), |sku| promises::keep(&sku, uow))?;
    let mut rounds = HashMap::new();
    share_out(&mut rounds, uow)?;
    // Only now is it certain that nothing else makes room for them.
    each(uow.troubled(), |sku| let_wait(&sku, uow))?;
    // Their orders have no day now, and what these had to give up others may have.
    share_out(&mut rounds, uow)?;
    for (key, told) in uow.promises_to_tell() {
        if let Some(line) = uow.line(&key)?.cloned() {
            uow.its_product(&line.sku)?.tell(&line, told, cause);
        }
    }
    uow.collect_events();
    Ok(())
}

/// Gives what is offered to who waits and to who is late, until there is nothing to offer. The orders that go out together
/// agree on a day each time before late lines are looked at: who is late is known then, and who could do with later goods.
/// `rounds`: how often the late lines of a product have been looked at in this command.
fn share_out(rounds: &mut HashMap<Sku, usize>, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let mut to_fill: IndexSet<Sku> = uow.troubled().into_iter().collect();
    let mut helped: HashSet<Sku> = HashSet::new();
    loop {
        let mut offers = uow.take_offers();
        to_fill.extend(offers.iter().map(|(sku, _)| sku.clone()));
        let filled = each(std::mem::take(&mut to_fill), |sku| {
            let late = fill_queue(&sku, uow)?;
            Ok((sku, late))
        })?;
        if uow.collect_events() > MAX_EVENTS {
            return Err(Rejection::TooMuchWork { limit: MAX_EVENTS }.into());
        }
        together::settle(uow)?;
        offers.extend(uow.take_offers());
        offers.retain(|(_, to)| *to == Offer::ToAll);
        let mut late: IndexMap<Sku, Option<Vec<LineKey>>> = IndexMap::new();
        late.extend(offers.into_iter().map(|(sku, _)| (sku, None)));
        for (sku, lines) in filled.into_iter().filter(|(_, late)| !late.is_empty()) {
            late.entry(sku).or_insert(Some(lines));
        }
        if !late.is_empty() {
            each(late, |(sku, only)| pull_back(&sku, only, rounds, uow))?;
            continue;
        }
        let mut unhelped = uow.troubled();
        unhelped.retain(|sku| helped.insert(sku.clone()));
        if unhelped.is_empty() {
            return Ok(());
        }
        each(unhelped, |sku| promises::make_room(&sku, uow))?;
    }
}

/// Looks at the late lines of a product, all or only these, if that was not done too often.
fn pull_back(
    sku: &Sku,
    only: Option<Vec<LineKey>>,
    rounds: &mut HashMap<Sku, usize>,
    uow: &mut UnitOfWork,
) -> Result<(), Stop> {
    let round = rounds.entry(sku.clone()).or_insert(0);
    *round += 1;
    if *round > MAX_ROUNDS {
        return Ok(());
    }
    promises::pull_back(sku, only, uow)
}

/// Serves the lines of a product that have no stock, in the order of their queue. One that does not fit is
/// skipped and blocks nobody. Those that lost their stock in this command and find none may still find some. Gives the
/// lines that it has served later than was promised: somebody may have earlier goods to give up to them.
fn fill_queue(sku: &Sku, uow: &mut UnitOfWork) -> Result<Vec<LineKey>, Stop> {
    let day = uow.day();
    let loose: IndexSet<LineKey> = uow.take_trouble(sku).loose.into_iter().collect();
    let product = uow.its_product(sku)?;
    let mut late = Vec::new();
    if product.counters().backordered == 0 && loose.is_empty() {
        return Ok(late);
    }
    let mut room = product.room();
    let mut placed: HashSet<LineKey> = HashSet::new();
    let mut after: Option<QueueKey> = None;
    while !room.is_empty() {
        let Some(key) = uow.next_waiting(sku, after, &room)? else {
            break;
        };
        let mut line = uow.line_to_change(&key)?;
        after = Some(QueueKey::of(&line));
        let product = uow.its_product(sku)?;
        if product.allocate(&mut line, &day, false) {
            room = product.room();
            if line.late() {
                late.push(key.clone());
            }
            if loose.contains(&key) {
                placed.insert(key);
            }
            uow.put(line);
        }
    }
    for key in loose.into_iter().filter(|key| !placed.contains(key)) {
        uow.leave_loose(sku, key);
    }
    Ok(late)
}

/// Lets the lines of a product that lost their stock in this command, and found none, wait.
fn let_wait(sku: &Sku, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let mut told = false;
    for key in uow.take_trouble(sku).loose {
        let mut line = uow.line_to_change(&key)?;
        let product = uow.its_product(sku)?;
        product.backorder(&mut line, false);
        // Once per command and SKU.
        if !told {
            product.out_of_stock(&line);
            told = true;
        }
        uow.put(line);
    }
    Ok(())
}
