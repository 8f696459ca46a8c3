//! Keeping promises when supply changes: which line is served from which batch.
//!
//! The rule is [`landfall_domain::repeg`]'s; here is what it is asked about. A first look takes only the lines
//! in trouble and the units that nobody has. Where that does not keep every promise, a second look takes the
//! lines in as well that could give up early stock: those that were promised a later day than their goods
//! come, and of each batch the first lines in the order of the shortage rule, which may make room. Both are
//! bounded: [`SLACK_EXAMINED`] and [`FIRST_EXAMINED`] lines of each of [`SUPPLIES_EXAMINED`] batches.

use std::cmp::Reverse;
use std::collections::HashSet;

use indexmap::IndexSet;
use jiff::civil::Date;
use landfall_domain::events::DeallocationReason;
use landfall_domain::repeg::{self, Peg, Plan, Problem};
use landfall_domain::{Batch, Day, LineKey, OrderLine, Product, Sku, policy};

use crate::uow::{Stop, Trouble, UnitOfWork, each};

/// How many lines of a batch that were promised a later day than its goods come may be asked to move.
const SLACK_EXAMINED: usize = 1_024;
/// How many other lines of a batch may be asked to move.
const FIRST_EXAMINED: usize = 256;
/// How many batches may be asked for lines that move, the latest that are early enough first.
const SUPPLIES_EXAMINED: usize = 128;
/// How many late lines of a product are looked at when its supply is better than before.
const LATE_EXAMINED: usize = 1_000;

/// A line that looks for other goods.
struct Seeker {
    line: OrderLine,
    /// The day to keep, or to get back to.
    wanted: Date,
    /// It may be moved to no goods that come later than this.
    limit: Date,
}

/// Looks for other goods for the lines of a product that were delayed or have lost their stock. Delayed lines
/// that find none are promised another day. Lines without stock get here only what keeps their promise: a promise
/// that was made outranks the queue, and without one they stand in it like others.
pub(super) fn keep(sku: &Sku, uow: &mut UnitOfWork) -> Result<(), Stop> {
    // A line of several batches is delayed by each of them.
    let Trouble { delayed, loose } = uow.take_trouble(sku);
    let all_seek = uow.its_product(sku)?.counters().late == 0;
    let delayed: IndexSet<LineKey> = delayed.into_iter().collect();
    let mut seekers = Vec::new();
    let mut split = Vec::new();
    for key in &delayed {
        let line = uow.line_to_change(key)?;
        // A command that changes several batches may have taken its stock after all.
        if line.allocations.is_empty() {
            continue;
        }
        if line.allocations.len() > 1 || line.terms.split {
            split.push(line);
        } else if let Some(promise) = line.current_promise {
            seekers.push(Seeker {
                line,
                wanted: promise,
                limit: Date::MAX,
            });
        }
    }
    for key in &loose {
        // Who was promised nothing has no promise to keep, and is left to the queue.
        let seeker = seeker_of(uow.line_to_change(key)?);
        let promised = seeker.filter(|seeker| seeker.wanted < Date::MAX);
        seekers.extend(promised.map(|seeker| Seeker {
            limit: seeker.wanted,
            ..seeker
        }));
    }
    reassign(sku, seekers, uow)?;
    // Where nobody was late before, all who are now have been looked at.
    if all_seek {
        uow.its_product(sku)?.offered_to_late();
    }
    // They come in the order in which a shortage takes stock away, the least important first.
    split.sort_by_key(|line| {
        let priority = Reverse(line.terms.priority);
        (priority, line.current_promise, line.number)
    });
    for line in split {
        let wanted = line.current_promise;
        bring_split(line, wanted, uow)?;
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
    let mut seekers = Vec::new();
    for key in &loose {
        seekers.extend(seeker_of(uow.line_to_change(key)?));
    }
    reassign(sku, seekers, uow)?;
    still_loose(sku, loose, uow)
}

/// What a line looks for that has lost its stock: the promise that it had. Those that may be split do not move.
fn seeker_of(line: OrderLine) -> Option<Seeker> {
    let told = line.loose.as_ref().and_then(|loose| loose.promise);
    (!line.terms.split).then(|| Seeker {
        wanted: told.or(line.original_promise).unwrap_or(Date::MAX),
        limit: Date::MAX,
        line,
    })
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

/// Pulls late lines of a product back towards their original promise, never before it.
pub(super) fn pull_back(sku: &Sku, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let late = uow.late_lines(sku, LATE_EXAMINED)?;
    let lines = each(&late, |key| uow.line_to_change(key))?;
    let lines = lines.into_iter().filter(|line| !line.locked());
    let (split, whole): (Vec<OrderLine>, Vec<OrderLine>) =
        lines.partition(|line| line.allocations.len() > 1 || line.terms.split);
    let seekers = whole.into_iter().filter_map(|line| {
        let (wanted, limit) = line.original_promise.zip(line.current_promise)?;
        Some(Seeker {
            line,
            wanted,
            limit,
        })
    });
    let seekers: Vec<Seeker> = seekers.collect();
    reassign(sku, seekers, uow)?;
    // What these have left is offered to those that may be split; what they leave, to all again.
    uow.its_product(sku)?.offered_to_late();
    for line in split {
        let wanted = line.original_promise;
        bring_split(line, wanted, uow)?;
    }
    // Who has not moved may have been left with the earlier of its goods by the customer.
    let day = uow.day();
    for key in late {
        let mut line = uow.line_to_change(&key)?;
        if uow.its_product(sku)?.pull_back(&mut line, &day) {
            uow.put(line);
        }
    }
    Ok(())
}

/// Plans who is served from where, and carries it out.
fn reassign(sku: &Sku, seekers: Vec<Seeker>, uow: &mut UnitOfWork) -> Result<(), Stop> {
    if seekers.is_empty() {
        return Ok(());
    }
    let day = uow.day();
    let product = uow.its_product(sku)?;
    let problem = problem(product, &seekers, &[], day);
    let plan = repeg::plan(&problem);
    let Some(mut by) = latest_wanted(&problem, &plan) else {
        return carry_out(&plan, sku, seekers, Vec::new(), uow);
    };
    // Who makes room may need the place of another that was promised a later day, and so on.
    let keepers = loop {
        let keepers = keepers(sku, &seekers, by, uow)?;
        let latest = keepers.iter().filter_map(|line| line.current_promise).max();
        match latest.filter(|latest| *latest > by) {
            Some(latest) => by = latest,
            None => break keepers,
        }
    };
    if keepers.is_empty() {
        return carry_out(&plan, sku, seekers, keepers, uow);
    }
    let problem = self::problem(uow.its_product(sku)?, &seekers, &keepers, day);
    let plan = repeg::plan(&problem);
    carry_out(&plan, sku, seekers, keepers, uow)
}

/// The problem as the planner sees it: first the seekers, then the keepers.
fn problem(product: &Product, seekers: &[Seeker], keepers: &[OrderLine], day: Day) -> Problem {
    let supplies = product.batches().iter().map(|batch| repeg::Supply {
        ready: day.promise_of(batch.supply()),
        free: batch.available(),
        location: batch.location.clone(),
    });
    let peg = |line: &OrderLine, wanted: Date, limit: Date| Peg {
        number: line.number,
        quantity: line.outstanding(),
        priority: line.terms.priority.get(),
        wanted,
        limit,
        supply: line.allocations.first().and_then(|allocation| {
            let of = |batch: &Batch| batch.number == allocation.batch_number;
            product.batches().iter().position(of)
        }),
        locations: line.terms.locations.clone(),
    };
    let seeking = seekers
        .iter()
        .map(|seeker| peg(&seeker.line, seeker.wanted, seeker.limit));
    // A line without a promise keeps the day of its goods.
    let keeping = keepers.iter().map(|line| {
        let promise = line.current_promise.or_else(|| product.ready(line, &day));
        let promise = promise.unwrap_or(Date::MAX);
        peg(line, promise, promise)
    });
    Problem {
        supplies: supplies.collect(),
        pegs: seeking.chain(keeping).collect(),
    }
}

/// Where a line does not get the day that it wants, the latest day that any of them wants: one that is served
/// might leave its place to one that is not, and be served by somebody who can wait. `None`: all get theirs.
fn latest_wanted(problem: &Problem, plan: &Plan) -> Option<Date> {
    let mut supply: Vec<Option<usize>> = problem.pegs.iter().map(|peg| peg.supply).collect();
    for step in &plan.moves {
        supply[step.peg] = Some(step.to);
    }
    let ready = |at: Option<usize>| at.and_then(|at| problem.supplies[at].ready);
    let mut pegs = problem.pegs.iter().zip(supply);
    let unserved = pegs.any(|(peg, at)| ready(at).is_none_or(|ready| ready > peg.wanted));
    let wanted = problem.pegs.iter().map(|peg| peg.wanted);
    wanted.max().filter(|_| unserved)
}

/// Lines that could make room on goods that come by this day.
fn keepers(
    sku: &Sku,
    seekers: &[Seeker],
    by: Date,
    uow: &mut UnitOfWork,
) -> Result<Vec<OrderLine>, Stop> {
    uow.need_live(sku)?;
    let day = uow.day();
    let batches = uow.its_product(sku)?.batches().iter().rev();
    let early = batches.filter_map(|batch| {
        let ready = day
            .promise_of(batch.supply())
            .filter(|ready| *ready <= by)?;
        (batch.allocated > 0).then(|| (batch.reference.clone(), batch.number, ready))
    });
    let early: Vec<_> = early.take(SUPPLIES_EXAMINED).collect();
    let found = each(&early, |(reference, number, ready)| {
        let batch = (sku, reference, *number);
        let mut left = SLACK_EXAMINED;
        let slack = uow.allocated_to(batch, Some(*ready), |_| {
            left -= 1;
            left == 0
        });
        let mut left = FIRST_EXAMINED;
        let first = uow.allocated_to(batch, None, |_| {
            left -= 1;
            left == 0
        });
        each([slack, first], |keys| keys)
    })?;
    let mut seen: HashSet<&LineKey> = seekers.iter().map(|seeker| &seeker.line.key).collect();
    let keys: Vec<LineKey> = found.into_iter().flatten().flatten().collect();
    let mut lines = Vec::new();
    for key in keys.iter().filter(|key| seen.insert(key)) {
        let may_move =
            |line: &&OrderLine| line.allocations.len() == 1 && !line.locked() && !line.terms.split;
        lines.extend(uow.line(key)?.filter(may_move).cloned());
    }
    // The planner breaks ties by age; the order here must not depend on how the lines were found.
    lines.sort_unstable_by_key(|line| line.number);
    Ok(lines)
}

/// Moves the lines as planned: all of them off first, so that lines can change places.
fn carry_out(
    plan: &Plan,
    sku: &Sku,
    seekers: Vec<Seeker>,
    keepers: Vec<OrderLine>,
    uow: &mut UnitOfWork,
) -> Result<(), Stop> {
    let mut lines: Vec<Option<OrderLine>> = seekers
        .into_iter()
        .map(|seeker| seeker.line)
        .chain(keepers)
        .map(Some)
        .collect();
    let day = uow.day();
    let product = uow.its_product(sku)?;
    let mut moved = Vec::with_capacity(plan.moves.len());
    for step in &plan.moves {
        if let Some(mut line) = lines[step.peg].take() {
            product.deallocate(&mut line, DeallocationReason::Repegged);
            moved.push((line, step.to));
        }
    }
    for (line, to) in &mut moved {
        let units = line.outstanding();
        product.allocate_to(line, &[(*to, units)], &day);
    }
    for (line, _) in moved {
        uow.concern(&line.key);
        uow.put(line);
    }
    Ok(())
}

/// A line of several batches whose goods come too late looks for others by itself: such that come by the day
/// that is wanted or, where there are none, earlier than its own. The caller goes by the order of the planner:
/// priority (higher first), wanted day, age.
fn bring_split(
    mut line: OrderLine,
    wanted: Option<Date>,
    uow: &mut UnitOfWork,
) -> Result<(), Stop> {
    let day = uow.day();
    let product = uow.its_product(&line.sku.clone())?;
    // As it would be without the line.
    let mut batches = product.batches().to_vec();
    for allocation in &line.allocations {
        if let Some(batch) = batches
            .iter_mut()
            .find(|batch| batch.number == allocation.batch_number)
        {
            batch.allocated -= allocation.quantity;
        }
    }
    let Some((ready, wanted)) = product.ready(&line, &day).zip(wanted) else {
        return Ok(());
    };
    if ready <= wanted {
        return Ok(());
    }
    let by = |until: Date| {
        let early = |batch: &Batch| {
            day.promise_of(batch.supply())
                .is_some_and(|day| day <= until)
        };
        let end = batches.partition_point(early);
        policy::choose(&batches[..end], &line.terms, line.outstanding(), &day)
    };
    let earlier = ready.yesterday().ok();
    let Some(picks) = by(wanted).or_else(|| earlier.and_then(by)) else {
        return Ok(());
    };
    product.deallocate(&mut line, DeallocationReason::Repegged);
    product.allocate_to(&mut line, &picks, &day);
    uow.put(line);
    Ok(())
}
