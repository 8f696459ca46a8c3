//! Which line of a product is served from which batch, when some look for other goods.
//!
//! The rule is [`landfall_domain::repeg`]'s; here is what it is asked about. A first look takes only the lines
//! that seek and the units that nobody has. Where that does not give each the day that it wants, a second look takes
//! the lines in as well that could give up goods by that day: those that were promised a later day than their goods
//! come, and of each batch the first lines in the order of the shortage rule, which may make room. Where some stay
//! late all the same, a third look takes in the lines with slack on goods that come after that day, but
//! before those that the seekers have got. All are bounded: [`SLACK_EXAMINED`] and [`FIRST_EXAMINED`] lines of each of
//! [`SUPPLIES_EXAMINED`] batches.

use std::cmp::Reverse;
use std::collections::HashSet;

use jiff::civil::Date;
use landfall_domain::events::DeallocationReason;
use landfall_domain::policy::Pick;
use landfall_domain::repeg::{Plan, Planner, Problem};
use landfall_domain::{LineKey, OrderLine, Sku};

use super::draft::{Aim, Draft, Seeker};
use crate::uow::{Stop, UnitOfWork, each};

/// How many lines of a batch that were promised a later day than its goods come may be asked to move.
const SLACK_EXAMINED: usize = 1_024;
/// How many other lines of a batch may be asked to move.
const FIRST_EXAMINED: usize = 256;
/// How many batches may be asked for lines that move, the latest that are early enough first.
const SUPPLIES_EXAMINED: usize = 128;

/// Plans who is served from where, and carries it out. Whether lines that may be split have moved: they may have left
/// goods to others that the planner did not know of.
pub(super) fn reassign(
    sku: &Sku,
    seekers: Vec<Seeker>,
    uow: &mut UnitOfWork,
) -> Result<bool, Stop> {
    if seekers.is_empty() {
        return Ok(false);
    }
    let day = uow.day();
    let mut draft = Draft::new(uow.its_product(sku)?, &seekers, day);
    let mut planner = Planner::default();
    if seekers.iter().any(|seeker| seeker.line.terms.split) {
        draft = better(sku, draft, &mut planner, uow)?;
    } else {
        seek(sku, &mut draft, |_| true, Aim::Earlier, &mut planner, uow)?;
    }
    let (moves, keepers) = draft.finish();
    let split = |(at, _): &(usize, Vec<Pick>)| {
        let seeker = seekers.get(*at);
        seeker.is_some_and(|seeker| seeker.line.terms.split)
    };
    let split = moves.iter().any(split);
    carry_out(moves, sku, seekers, keepers, uow)?;
    Ok(split)
}

/// The better of two ways to serve lines of which some may be split. Whole goods for all come first, because a part
/// is of use only together with all others, and nobody makes room for several. But where that leaves promises
/// broken, lines that may not be split go before those that can do with what is left here and there.
fn better<'a>(
    sku: &Sku,
    draft: Draft<'a>,
    planner: &mut Planner,
    uow: &mut UnitOfWork,
) -> Result<Draft<'a>, Stop> {
    let together = arrange(sku, draft.clone(), |_| true, planner, uow)?;
    let outcome = together.outcome();
    if outcome.0 == 0 {
        return Ok(together);
    }
    let apart = arrange(sku, draft, |seeker| !seeker.line.terms.split, planner, uow)?;
    Ok(if apart.outcome() < outcome {
        apart
    } else {
        together
    })
}

/// Whole goods in time for those that go first, then goods in several parts, then whole goods for all; last, what comes
/// earlier for who stays late.
fn arrange<'a>(
    sku: &Sku,
    mut draft: Draft<'a>,
    first: impl Fn(&Seeker) -> bool,
    planner: &mut Planner,
    uow: &mut UnitOfWork,
) -> Result<Draft<'a>, Stop> {
    seek(sku, &mut draft, first, Aim::Kept, planner, uow)?;
    draft.gather(Aim::Kept);
    if draft.outcome().0 > 0 {
        seek(sku, &mut draft, |_| true, Aim::Earlier, planner, uow)?;
        draft.gather(Aim::Earlier);
    }
    Ok(draft)
}

/// Plans who of these, and of those that make room for them, is served from which batch.
fn seek(
    sku: &Sku,
    draft: &mut Draft,
    of: impl Fn(&Seeker) -> bool,
    aim: Aim,
    planner: &mut Planner,
    uow: &mut UnitOfWork,
) -> Result<(), Stop> {
    let seekers = draft.movable(of);
    if seekers.is_empty() {
        return Ok(());
    }
    let mut make = |problem: &Problem| match aim {
        Aim::Kept => planner.plan_kept(problem),
        Aim::Earlier => planner.plan(problem),
    };
    let mut problem = draft.problem(&seekers, 0);
    let mut plan = make(&problem);
    if let Some(wanted) = latest_wanted(&problem, &plan) {
        let by = look(sku, draft, (None, wanted), uow)?;
        let found = draft.keepers().len();
        if found > 0 {
            problem = draft.problem(&seekers, found);
            plan = make(&problem);
        }
        let until = latest_late(&problem, &plan, seekers.len());
        if let Some(until) = until.filter(|day| aim == Aim::Earlier && *day > by) {
            look(sku, draft, (Some(by), until), uow)?;
        }
        let all = draft.keepers().len();
        if all > found {
            let wider = draft.problem(&seekers, all);
            let other = make(&wider);
            // With unequal quantities more to choose from may be too much to search.
            let outcome = |problem, plan| outcome(problem, plan, seekers.len());
            if outcome(&wider, &other) < outcome(&problem, &plan) {
                plan = other;
            } else {
                draft.leave_out(found);
            }
        }
    }
    draft.follow(&plan, &seekers);
    Ok(())
}

/// The day on which each peg has its goods by the plan, where it has some.
fn days(problem: &Problem, plan: &Plan) -> Vec<Option<Date>> {
    let mut supply: Vec<Option<usize>> = problem.pegs.iter().map(|peg| peg.supply).collect();
    for step in &plan.moves {
        supply[step.peg] = Some(step.to);
    }
    let ready = |at: Option<usize>| at.and_then(|at| problem.supplies[at].ready);
    supply.into_iter().map(ready).collect()
}

/// Where a line does not get the day that it wants, the latest day that any of them wants: one that is served
/// might leave its place to one that is not, and be served by somebody who can wait. `None`: all get theirs.
fn latest_wanted(problem: &Problem, plan: &Plan) -> Option<Date> {
    let mut pegs = problem.pegs.iter().zip(days(problem, plan));
    let unserved = pegs.any(|(peg, ready)| ready.is_none_or(|ready| ready > peg.wanted));
    let wanted = problem.pegs.iter().map(|peg| peg.wanted);
    wanted.max().filter(|_| unserved)
}

/// The last day that would be earlier for any of the first so many pegs that do not get the day that they want.
fn latest_late(problem: &Problem, plan: &Plan, seekers: usize) -> Option<Date> {
    let pegs = problem.pegs.iter().zip(days(problem, plan)).take(seekers);
    let late = pegs.filter_map(|(peg, ready)| match ready {
        Some(ready) if ready <= peg.wanted => None,
        Some(ready) => ready.min(peg.limit).yesterday().ok(),
        None => Some(peg.limit),
    });
    late.max()
}

/// How good a plan is, less is better: the weight of the promises that are broken, then the day of each of the first so
/// many pegs in the order of their claims.
fn outcome(problem: &Problem, plan: &Plan, seekers: usize) -> (u64, Vec<Date>) {
    let days = days(problem, plan);
    let late = |at: &usize| days[*at].is_none_or(|ready| ready > problem.pegs[*at].wanted);
    let broken = (0..days.len()).filter(late);
    let broken = broken.map(|at| u64::from(problem.pegs[at].priority) + 1);
    let mut order: Vec<usize> = (0..seekers).collect();
    order.sort_by_key(|at| {
        let peg = &problem.pegs[*at];
        (Reverse(peg.priority), peg.wanted, peg.number)
    });
    let day = |at: usize| days[at].unwrap_or(Date::MAX).max(problem.pegs[at].wanted);
    (broken.sum(), order.into_iter().map(day).collect())
}

/// Adds lines that could make room on goods that come after the first day, if there is one, and by the second; then
/// those whose place these would need, which were promised a later day, and so on. Gives the last day that was looked at.
fn look(
    sku: &Sku,
    draft: &mut Draft,
    (after, mut by): (Option<Date>, Date),
    uow: &mut UnitOfWork,
) -> Result<Date, Stop> {
    loop {
        let found = keepers(sku, draft, (after, by), uow)?;
        let latest = found.iter().filter_map(|line| line.current_promise).max();
        let Some(latest) = latest.filter(|latest| *latest > by) else {
            draft.take_in(found);
            return Ok(by);
        };
        by = latest;
    }
}

/// Lines that could make room on goods that come after the first day, if there is one, and by the second. With a
/// first day only those that were promised a later day than their goods come.
fn keepers(
    sku: &Sku,
    draft: &Draft,
    (after, by): (Option<Date>, Date),
    uow: &mut UnitOfWork,
) -> Result<Vec<OrderLine>, Stop> {
    uow.need_live(sku)?;
    let day = uow.day();
    let batches = uow.its_product(sku)?.batches().iter().rev();
    let early = batches.filter_map(|batch| {
        let ready = day
            .promise_of(batch.supply())
            .filter(|ready| after.is_none_or(|after| *ready > after) && *ready <= by)?;
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
        if after.is_some() {
            return slack.map(|slack| vec![slack]);
        }
        let mut left = FIRST_EXAMINED;
        let first = uow.allocated_to(batch, None, |_| {
            left -= 1;
            left == 0
        });
        each([slack, first], |keys| keys)
    })?;
    let seeking = draft.seekers.iter().map(|seeker| &seeker.line.key);
    let mut seen: HashSet<&LineKey> = seeking.collect();
    let keys: Vec<LineKey> = found.into_iter().flatten().flatten().collect();
    let mut lines = Vec::new();
    for key in keys.iter().filter(|key| seen.insert(key)) {
        let may_move = |line: &&OrderLine| line.allocations.len() == 1 && !line.locked();
        lines.extend(uow.line(key)?.filter(may_move).cloned());
    }
    // The planner breaks ties by age; the order here must not depend on how the lines were found.
    lines.sort_unstable_by_key(|line| line.number);
    Ok(lines)
}

/// Moves the lines as planned: all of them off first, so that lines can change places.
fn carry_out(
    moves: Vec<(usize, Vec<Pick>)>,
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
    let mut moved = Vec::with_capacity(moves.len());
    for (at, picks) in moves {
        if let Some(mut line) = lines[at].take() {
            product.deallocate(&mut line, DeallocationReason::Repegged);
            moved.push((line, picks));
        }
    }
    for (line, picks) in &mut moved {
        product.allocate_to(line, picks, &day);
    }
    for (line, _) in moved {
        uow.concern(&line.key);
        uow.put(line);
    }
    Ok(())
}
