//! With lines of equal quantity, what makes supply worse breaks no more promises, weighted by priority, than
//! an exact search does in which every promise that still holds is kept; and no line whose promise is broken could
//! have its goods earlier by changing places with one that can wait.

use std::collections::HashMap;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::{BatchRef, Command, Day, OrderLine, Supply};
use landfall_service::Request;
use landfall_testkit::commands::{batch, cancel_batch, hold, line, receive, set_eta, set_quantity};
use landfall_testkit::replay::start;
use landfall_testkit::state::State;
use landfall_testkit::{run, today};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{ByTwos, config};

/// Units of every line.
const UNITS: u64 = 2;

/// Batches, lines on them, and what then happens to the batches.
#[derive(Debug, Clone)]
struct World {
    /// Places and ETA; location.
    batches: Vec<(u64, Option<i64>, bool)>,
    /// Priority, requested day, whether it must come from one location, whether it may be split. There are no parts to
    /// be had, but nobody is to be worse off for it.
    lines: Vec<(u64, Option<i64>, bool, bool)>,
    changes: Vec<(Index, What)>,
}

#[derive(Debug, Clone)]
enum What {
    Eta(Option<i64>),
    Places(u64),
    Received(u64),
    Held(Option<i64>),
    Cancelled,
    Earlier,
    Later,
}

fn world() -> impl Strategy<Value = World> {
    let day = || prop::option::weighted(0.8, 0_i64..20);
    let batches = prop::collection::vec((1_u64..3, day(), prop::bool::weighted(0.5)), 3..7);
    let line = (0_u64..10, day(), prop::bool::weighted(0.1), any::<bool>());
    let lines = prop::collection::vec(line, 3..10);
    let what = prop_oneof![
        6 => day().prop_map(What::Eta),
        2 => (0_u64..4).prop_map(What::Places),
        1 => (0_u64..4).prop_map(What::Received),
        2 => day().prop_map(What::Held),
        1 => Just(What::Cancelled),
        // What comes earlier than was promised is what others can be helped with.
        6 => Just(What::Earlier),
        4 => Just(What::Later),
    ];
    let changes = prop::collection::vec((any::<Index>(), what), 1..12);
    (batches, lines, changes).prop_map(|(batches, lines, changes)| World {
        batches,
        lines,
        changes,
    })
}

proptest! {
    #![proptest_config(config())]

    /// A small product, and the exact search after each change of its supply.
    #[test]
    fn no_more_promises_are_broken_than_must_be(world in world()) {
        run(async {
            let h = start::<ByTwos>(3);
            for (at, (places, eta, leeds)) in world.batches.iter().enumerate() {
                let mut batch = batch(&format!("b-{at}"), "SOFA", places * UNITS);
                batch.0.eta = eta.map(in_days);
                h.done(if *leeds { batch.location("LEEDS") } else { batch }).await;
            }
            for (at, (priority, requested, leeds, split)) in world.lines.iter().enumerate() {
                let mut line = line(&format!("o-{at}"), "SOFA", UNITS).priority(*priority);
                line.0.split = *split;
                if let Some(day) = requested {
                    line = line.just_in_time().requested(in_days(*day));
                }
                h.done(if *leeds { line.locations(&["LEEDS"]) } else { line }).await;
            }
            let mut before = h.state().await;
            for (which, what) in &world.changes {
                let at = which.index(world.batches.len());
                h.done(command(at, what, &before)).await;
                let after = h.state().await;
                let problem = Problem::new(&before, &after);
                let kept: u64 = before.lines.iter().filter(|line| keeps(line, &after)).map(weight).sum();
                let best = problem.best();
                prop_assert_eq!(kept, best, "after {:?} of b-{}: {:#?}", what, at, before);
                let gain = gain(&before, &after);
                prop_assert_eq!(gain, None, "after {:?} of b-{}: {:#?}", what, at, before);
                before = after;
            }
            Ok(())
        })?;
    }
}

/// Found by the property above: a line that finds free goods at once must leave them to one that finds none, and be
/// served by one that was promised a later day.
#[test]
fn who_is_served_at_once_may_leave_the_place_to_another() {
    run(async {
        let h = start::<ByTwos>(3);
        let batches = [
            (1, Some(5)),
            (2, None),
            (2, Some(9)),
            (1, None),
            (2, None),
            (2, None),
        ];
        for (at, (places, eta)) in batches.into_iter().enumerate() {
            let mut batch = batch(&format!("b-{at}"), "SOFA", places * UNITS);
            batch.0.eta = eta.map(in_days);
            h.done(batch).await;
        }
        let wanted = [
            (0, Some(1)),
            (3, Some(1)),
            (0, Some(10)),
            (0, Some(10)),
            (3, Some(6)),
            (0, Some(1)),
            (0, None),
        ];
        for (at, (priority, day)) in wanted.into_iter().enumerate() {
            let mut line = line(&format!("o-{at}"), "SOFA", UNITS).priority(priority);
            if let Some(day) = day {
                line = line.just_in_time().requested(in_days(day));
            }
            h.done(line).await;
        }
        for (batch, day) in [("b-2", 1), ("b-0", 14), ("b-3", 6)] {
            h.done(set_eta(batch, Some(in_days(day)))).await;
        }
        let before = h.state().await;
        h.done(set_eta("b-1", Some(in_days(9)))).await;
        let after = h.state().await;
        assert!(before.lines.iter().all(|line| keeps(line, &after)));
    });
}

fn in_days(days: i64) -> Date {
    today() + days.days()
}

fn command(at: usize, what: &What, now: &State) -> Request {
    let name = format!("b-{at}");
    let command: Command = match what {
        What::Eta(day) => set_eta(&name, day.map(in_days)),
        What::Places(places) => set_quantity(&name, places * UNITS),
        What::Received(places) => receive(&name, places * UNITS),
        What::Held(day) => hold(&name, "customs", day.map(in_days)),
        What::Cancelled => cancel_batch(&name),
        What::Earlier => {
            let eta = now.batch(&name).eta.unwrap_or(today());
            set_eta(&name, Some(eta - 6.days()))
        }
        What::Later => {
            let eta = now.batch(&name).eta.unwrap_or(today());
            set_eta(&name, Some(eta + 9.days()))
        }
    };
    command.into()
}

fn weight(line: &OrderLine) -> u64 {
    u64::from(line.terms.priority.get()) + 1
}

/// Whether a line that had a promise has one that is not later.
fn keeps(before: &OrderLine, after: &State) -> bool {
    let now = after.line(&before.key).unwrap().current_promise;
    before
        .current_promise
        .is_some_and(|promise| now.is_some_and(|now| now <= promise))
}

/// A line that was delayed, and could have its goods earlier without anybody's promise being broken: on free goods, or
/// in the place of one line that was promised a later day than its goods come, and can do with others. Only of those that kept goods all the time: one that lost its
/// own has no claim before others that wait.
fn gain(before: &State, after: &State) -> Option<String> {
    let day = Day {
        today: today(),
        handling_days: 1,
    };
    let ready = |name: &BatchRef| day.promise_of(after.batch(name.as_str()).supply());
    let open = |line: &OrderLine| {
        let locations = line.terms.locations.clone();
        let may = move |at: &&landfall_domain::Batch| {
            let there = at.location.as_ref();
            locations.is_empty() || there.is_some_and(|there| locations.contains(there))
        };
        after.batches.iter().filter(may)
    };
    let on = |name: &BatchRef| {
        let name = name.clone();
        let there = move |line: &&OrderLine| line.allocations.iter().any(|a| a.batch == name);
        after.lines.iter().filter(there)
    };
    for was in before
        .lines
        .iter()
        .filter(|line| line.current_promise.is_some())
    {
        let own = &was.allocations[0].batch;
        let lost = after.batch(own.as_str()).supply() == Supply::Never
            || after.batch(own.as_str()).purchased < before.batch(own.as_str()).purchased;
        let line = after.line(&was.key).unwrap();
        if lost || line.allocations.is_empty() || keeps(was, after) {
            continue;
        }
        let own = &line.allocations[0].batch;
        let earlier = open(line).filter(|batch| {
            let day = ready(&batch.reference);
            day.is_some() && day < ready(own)
        });
        for batch in earlier {
            if batch.available() >= UNITS {
                return Some(format!("{} could be on {}", line.key, batch.reference));
            }
            let waits = |other: &&OrderLine| other.current_promise > ready(&batch.reference);
            for other in on(&batch.reference).filter(waits) {
                let to = open(other).find(|to| {
                    let room = to.reference == *own || to.available() >= UNITS;
                    let day = ready(&to.reference);
                    room && day.is_some() && day <= other.current_promise
                });
                if let Some(to) = to {
                    let (to, from) = (&to.reference, &batch.reference);
                    return Some(format!(
                        "{} could be on {from}, {} on {to}",
                        line.key, other.key
                    ));
                }
            }
        }
    }
    None
}

/// The lines that had a promise, and where they may go.
struct Problem {
    /// For each batch: the places of it, and whether any line could come to it at all.
    places: Vec<u64>,
    seekers: Vec<Seeker>,
}

struct Seeker {
    weight: u64,
    /// The batches on which its promise is kept, and those on which it may be late.
    good: Vec<usize>,
    late: Vec<usize>,
    /// Its promise still holds where it is: it must be kept.
    holds: bool,
    /// It has lost its goods: it may end without.
    lost: bool,
}

impl Problem {
    /// What there is to decide after the batches have changed from `before` to `after`.
    fn new(before: &State, after: &State) -> Self {
        let day = Day {
            today: today(),
            handling_days: 1,
        };
        let ready = |at: usize| day.promise_of(after.batches[at].supply());
        let mut left: HashMap<&BatchRef, u64> = HashMap::new();
        for batch in &after.batches {
            let gone = batch.supply() == Supply::Never;
            left.insert(
                &batch.reference,
                if gone { 0 } else { batch.purchased / UNITS },
            );
        }
        let places = after
            .batches
            .iter()
            .map(|batch| left[&batch.reference])
            .collect();
        let promised = before
            .lines
            .iter()
            .filter(|line| line.current_promise.is_some());
        let mut lines: Vec<&OrderLine> = promised.collect();
        // Who keeps its goods in a shortage: the highest priority, the earliest promise, the oldest.
        lines.sort_by_key(|line| {
            (
                std::cmp::Reverse(line.terms.priority.get()),
                line.current_promise,
                line.number,
            )
        });
        let seekers = lines.into_iter().map(|line| {
            let own = &line.allocations[0].batch;
            let room = left.get_mut(own).unwrap();
            let lost = *room == 0;
            *room = room.saturating_sub(1);
            let promise = line.current_promise.unwrap();
            let mine = after
                .batches
                .iter()
                .position(|batch| batch.reference == *own)
                .unwrap();
            let may = |at: usize| {
                let location = after.batches[at].location.as_ref();
                let terms = &line.terms.locations;
                terms.is_empty() || location.is_some_and(|there| terms.contains(there))
            };
            let open: Vec<usize> = (0..after.batches.len())
                .filter(|at| may(*at) && ready(*at).is_some())
                .collect();
            let (good, late): (Vec<usize>, Vec<usize>) = open
                .into_iter()
                .partition(|at| ready(*at).is_some_and(|day| day <= promise));
            Seeker {
                weight: weight(line),
                holds: !lost && good.contains(&mine),
                good,
                late,
                lost,
            }
        });
        Self {
            places,
            seekers: seekers.collect(),
        }
    }

    /// The most weight that can be kept.
    fn best(&self) -> u64 {
        let best = self.from(0, &mut self.places.clone(), &mut HashMap::new());
        best.expect("to leave all as it is keeps every promise that holds")
    }

    /// As [`Problem::best`], of the seekers from this one on; `None`: they cannot all be placed.
    fn from(
        &self,
        at: usize,
        places: &mut Vec<u64>,
        known: &mut HashMap<(usize, Vec<u64>), Option<u64>>,
    ) -> Option<u64> {
        let Some(seeker) = self.seekers.get(at) else {
            return Some(0);
        };
        if let Some(best) = known.get(&(at, places.clone())) {
            return *best;
        }
        let good = seeker.good.iter().map(|to| (*to, seeker.weight));
        let late = seeker
            .late
            .iter()
            .filter(|_| !seeker.holds)
            .map(|to| (*to, 0));
        let mut best: Option<u64> = None;
        for (to, weight) in good.chain(late) {
            if places[to] > 0 {
                places[to] -= 1;
                best = best.max(self.from(at + 1, places, known).map(|rest| rest + weight));
                places[to] += 1;
            }
        }
        if seeker.lost {
            best = best.max(self.from(at + 1, places, known));
        }
        known.insert((at, places.clone()), best);
        best
    }
}
