//! Repeating what was accepted changes nothing, and everybody who was accepted is still there.

use std::collections::BTreeSet;

use landfall_domain::{Command, LineKey, Status};
use landfall_service::Request;
use landfall_testkit::history::{Step, history};
use landfall_testkit::replay::{one_by_one, start};
use landfall_testkit::run;
use landfall_testkit::state::state;
use proptest::prelude::*;

use crate::{AtOnce, config};

proptest! {
    #![proptest_config(config())]

    /// Batches, lines and orders repeated in the words in which they were first accepted: they are there.
    /// Commands with an id: answered as the first time.
    #[test]
    fn a_repeat_changes_nothing(steps in history(50)) {
        run(async {
            let world = start::<AtOnce>(3);
            let answers = one_by_one(&world, &steps).await;
            let before = state(&*world.views).await;
            let requests = steps.iter().filter_map(|step| match step {
                Step::Ask(request) => Some(request),
                Step::Wait(_) => None,
            });
            for (request, answer) in requests.zip(answers) {
                let Ok(done) = answer else { continue };
                if request.id.is_some() {
                    prop_assert_eq!(world.handle(request.clone()).await, Ok(done));
                } else if makes(&request.command) {
                    let again = world.handle(request.clone()).await;
                    prop_assert!(again.as_ref().is_ok_and(|done| !done.created), "{:?}", again);
                }
            }
            prop_assert_eq!(state(&*world.views).await, before);
            Ok(())
        })?;
    }

    /// Every line that was accepted is there, and is cancelled only where somebody cancelled it; what is
    /// not cancelled is allocated whole or waits whole.
    #[test]
    fn nobody_is_forgotten(steps in history(80)) {
        run(async {
            let world = start::<AtOnce>(1_000);
            let answers = one_by_one(&world, &steps).await;
            let (mut accepted, mut cancelled) = (BTreeSet::new(), BTreeSet::new());
            let requests = steps.iter().filter_map(|step| match step {
                Step::Ask(request) => Some(request),
                Step::Wait(_) => None,
            });
            let mut ids = BTreeSet::new();
            for (Request { id, command, .. }, answer) in requests.zip(&answers) {
                // What was answered under its id before was not carried out again.
                let repeated = id.as_ref().is_some_and(|id| answer.is_ok() && !ids.insert(id));
                if answer.is_err() || repeated {
                    continue;
                }
                match command {
                    Command::Allocate(c) => drop(accepted.insert(c.key())),
                    Command::PlaceOrder(c) => accepted.extend(c.lines.iter().map(|line| c.key(line))),
                    Command::CancelLine(c) => {
                        let (order_id, line_id) = (c.order_id.clone(), c.line_id.clone());
                        cancelled.insert(LineKey { order_id, line_id });
                    }
                    Command::CancelOrder(c) => {
                        let of_order = |key: &&LineKey| key.order_id == c.order_id;
                        cancelled.extend(accepted.iter().filter(of_order).cloned());
                    }
                    _ => {}
                }
            }
            let lines = state(&*world.views).await.lines;
            let there: BTreeSet<_> = lines.iter().map(|line| line.key.clone()).collect();
            prop_assert_eq!(there, accepted);
            for line in lines {
                let pegged: u64 = line.allocations.iter().map(|a| a.quantity).sum();
                let expected = match line.status() {
                    Status::Allocated => line.quantity - line.dispatched,
                    _ => 0,
                };
                prop_assert_eq!(pegged, expected);
                // Cancelling an order leaves those of its lines alone that have all left.
                let asked = cancelled.contains(&line.key) && line.dispatched < line.quantity;
                prop_assert_eq!(line.cancelled, asked);
            }
            Ok(())
        })?;
    }
}

/// Whether a repeat of this command is told from others by what is there.
fn makes(command: &Command) -> bool {
    matches!(
        command,
        Command::CreateBatch(_)
            | Command::CreateShipment(_)
            | Command::Allocate(_)
            | Command::PlaceOrder(_)
    )
}
