//! The service and the naive reading of the rules agree after every command.

use jiff::ToSpan;
use landfall_service::{Answer, Failure, Request};
use landfall_testkit::history::{Step, history};
use landfall_testkit::replay::start;
use landfall_testkit::run;
use landfall_testkit::state::{State, state};
use proptest::prelude::*;

use crate::reference::Model;
use crate::{Singly, config};

proptest! {
    #![proptest_config(config())]

    /// The same commands are accepted and refused, and lines and batches are the same after each.
    #[test]
    fn service_and_reference_agree(steps in history(100)) {
        run(async {
            let world = start::<Singly>(3);
            let mut model = Model::new(1);
            for step in &steps {
                match step {
                    Step::Wait(days) => {
                        world.clock.set_day(world.today() + days.days());
                    }
                    // Ids are a matter of the engine; the reference knows only rules.
                    Step::Ask(Request { command, .. }) => {
                        let answer = world.handle(command.clone()).await;
                        let expected = model.handle(command, world.today());
                        let made = made(&answer);
                        prop_assert_eq!(made, expected.ok(), "{:?} gives {:?}", command, answer);
                        let (there, expected) = (seen(&state(&*world.views).await), lines(&model));
                        prop_assert_eq!(there, expected, "after {:?}", command);
                    }
                }
            }
            Ok(())
        })?;
    }
}

/// Whether it was accepted, and made something.
fn made(answer: &Answer) -> Option<bool> {
    match answer {
        Ok(done) => Some(done.created),
        Err(Failure::Rejected(_)) => None,
        Err(other) => panic!("neither accepted nor refused: {other}"),
    }
}

/// Lines and batches as they can be compared: in the order of their names.
type Seen = (Vec<String>, Vec<String>);

fn seen(state: &State) -> Seen {
    let lines = state.lines.iter().map(|line| {
        let pegs: Vec<_> = line
            .allocations
            .iter()
            .map(|a| (a.batch.to_string(), a.quantity))
            .collect();
        let promises = (line.original_promise, line.current_promise);
        format!(
            "{} {} {} {} {pegs:?} {promises:?}",
            line.key, line.quantity, line.dispatched, line.cancelled
        )
    });
    let batches = state.batches.iter().map(|batch| {
        format!(
            "{} {} {:?} {:?} {} {}",
            batch.reference,
            batch.purchased,
            batch.eta,
            batch.supply(),
            batch.dispatched,
            batch.free()
        )
    });
    sorted(lines, batches)
}

fn lines(model: &Model) -> Seen {
    let lines = model.lines.iter().map(|line| {
        let promises = (line.original, line.current);
        format!(
            "{} {} {} {} {:?} {promises:?}",
            line.key, line.quantity, line.dispatched, line.cancelled, line.pegs
        )
    });
    let batches = model.batches.iter().map(|batch| {
        format!(
            "{} {} {:?} {:?} {} {}",
            batch.reference,
            batch.purchased,
            batch.eta,
            batch.supply(),
            batch.dispatched,
            model.free(batch)
        )
    });
    sorted(lines, batches)
}

fn sorted(lines: impl Iterator<Item = String>, batches: impl Iterator<Item = String>) -> Seen {
    let (mut lines, mut batches): Seen = (lines.collect(), batches.collect());
    lines.sort();
    batches.sort();
    (lines, batches)
}
