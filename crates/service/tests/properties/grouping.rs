//! Rejected commands leave no trace, and it does not matter which commands share a commit.

use landfall_testkit::history::{Step, history};
use landfall_testkit::replay::{in_groups, one_by_one, start};
use landfall_testkit::run;
use landfall_testkit::state::state;
use proptest::prelude::*;

use crate::{AtOnce, ByTwos, Singly, config};

/// The steps without the commands that were refused.
fn accepted(steps: &[Step], answers: &[landfall_service::Answer]) -> Vec<Step> {
    let mut answers = answers.iter();
    let kept = |step: &&Step| match step {
        Step::Ask(_) => answers.next().is_some_and(Result::is_ok),
        Step::Wait(_) => true,
    };
    steps.iter().filter(kept).cloned().collect()
}

proptest! {
    #![proptest_config(config())]

    /// The same commands one by one, with nothing kept in memory between them, and in groups: the same
    /// answers, the same events, the same rows. It is also how one sees that a run can be repeated.
    #[test]
    fn groups_change_nothing(steps in history(60), sizes in prop::collection::vec(1_usize..12, 1..5)) {
        run(async {
            let (alone, together) = (start::<AtOnce>(0), start::<Singly>(1_000));
            let one = one_by_one(&alone, &steps).await;
            let other = in_groups(&together, &steps, &sizes).await;
            prop_assert_eq!(one, other);
            prop_assert_eq!(state(&*alone.views).await, state(&*together.views).await);
            Ok(())
        })?;
    }

    /// A history with the refused commands and one without them end in the same state, also where the
    /// refused had neighbours in their commit.
    #[test]
    fn a_refused_command_leaves_no_trace(
        steps in history(60),
        sizes in prop::collection::vec(1_usize..12, 1..5),
    ) {
        run(async {
            let (all, some) = (start::<ByTwos>(2), start::<AtOnce>(1_000));
            let answers = in_groups(&all, &steps, &sizes).await;
            let accepted = accepted(&steps, &answers);
            let again = one_by_one(&some, &accepted).await;
            prop_assert!(again.iter().all(Result::is_ok));
            let first: Vec<_> = answers.into_iter().flatten().map(Ok).collect();
            prop_assert_eq!(first, again);
            prop_assert_eq!(state(&*all.views).await, state(&*some.views).await);
            Ok(())
        })?;
    }

    /// Dry runs change nothing and answer as the real run does.
    #[test]
    fn a_dry_run_is_a_rehearsal(before in history(20), then in history(12)) {
        run(async {
            let world = start::<ByTwos>(3);
            one_by_one(&world, &before).await;
            let requests: Vec<_> = then
                .into_iter()
                .filter_map(|step| match step {
                    Step::Ask(request) => Some(request),
                    Step::Wait(_) => None,
                })
                .collect();
            let state_before = state(&*world.views).await;
            let steps = world.bus.dry_run(requests.clone()).await.unwrap();
            prop_assert_eq!(&state(&*world.views).await, &state_before);
            let answers = world.bus.handle_all(requests).await;
            let rehearsed: Vec<_> = steps.iter().map(|step| step.answer.clone()).collect();
            prop_assert_eq!(answers, rehearsed);
            let kinds = |events: &[landfall_service::LogRecord]| {
                events.iter().map(|record| (record.offset, record.event.kind())).collect::<Vec<_>>()
            };
            let rehearsed: Vec<_> = steps.into_iter().flat_map(|step| step.events).collect();
            let events = state(&*world.views).await.events.split_off(state_before.events.len());
            prop_assert_eq!(kinds(&events), kinds(&rehearsed));
            Ok(())
        })?;
    }
}
