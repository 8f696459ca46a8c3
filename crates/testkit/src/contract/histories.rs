//! Whole histories: whatever is asked for in whatever order, this store ends as the one in memory does.

use proptest::prelude::*;
use proptest::test_runner::{TestCaseError, TestRunner};

use crate::clock::FixedClock;
use crate::database::{Database, Memory};
use crate::harness::Harness;
use crate::history::{Step, history};
use crate::replay::{in_groups, start, start_on};
use crate::run;
use crate::state::state;
use crate::stingy::ShortPages;

/// Tries a rule with histories and sizes of groups. Fewer than usual, because a store may be slow; the
/// service's own tests try many in memory.
fn with_histories(rule: impl Fn(Vec<Step>, Vec<usize>) -> Result<(), TestCaseError>) {
    let usual = ProptestConfig::default();
    let config = ProptestConfig {
        cases: usual.cases / 10,
        failure_persistence: None,
        ..usual
    };
    let input = (history(80), prop::collection::vec(1_usize..12, 1..5));
    let tried = TestRunner::new(config).run(&input, |(steps, sizes)| rule(steps, sizes));
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}

/// A service in memory, of as many partitions as this one has.
fn like<D: Database>(this: &Harness<D>) -> Harness<Memory> {
    let memory = Memory::of(this.partitions());
    start_on(memory, FixedClock::new(), 1_000)
}

/// The same answers, the same events and the same rows as in memory, also where the lines of a range are read
/// one by one.
pub fn a_history_ends_as_in_memory<D: Database>() {
    with_histories(|steps, sizes| {
        run(async {
            let this = start::<ShortPages<D, 1>>(2);
            let memory = like(&this);
            let answers = in_groups(&this, &steps, &sizes).await;
            let expected = in_groups(&memory, &steps, &sizes).await;
            prop_assert_eq!(answers, expected);
            prop_assert_eq!(state(&*this.views).await, state(&*memory.views).await);
            Ok(())
        })
    });
}

/// A history that is interrupted by a restart ends as it would have without.
pub fn a_restart_in_between_is_not_seen<D: Database>() {
    with_histories(|steps, sizes| {
        run(async {
            let (before, after) = steps.split_at(steps.len() / 2);
            let this = start::<D>(1_000);
            let memory = like(&this);
            let mut answers = in_groups(&this, before, &sizes).await;
            let clock = this.clock.clone();
            let this = start_on(this.stop(), clock, 1_000);
            answers.extend(in_groups(&this, after, &sizes).await);
            let mut expected = in_groups(&memory, before, &sizes).await;
            expected.extend(in_groups(&memory, after, &sizes).await);
            prop_assert_eq!(answers, expected);
            prop_assert_eq!(state(&*this.views).await, state(&*memory.views).await);
            Ok(())
        })
    });
}
