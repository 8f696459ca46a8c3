//! Explanations of lines in a real database.

use jiff::ToSpan;
use landfall_domain::explanation::{HoldOf, Verdict};
use landfall_domain::{Day, Status};
use landfall_service::explanation::{ExplanationResource, explain};
use landfall_testkit::commands::{batch, hold, key, line, set_eta, shipment};
use landfall_testkit::history::history;
use landfall_testkit::state::state;
use landfall_testkit::{Harness, Memory, today};
use proptest::prelude::*;

use crate::{after, config, run};

pub(crate) async fn told(
    harness: &Harness<Memory>,
    order: &str,
    line: &str,
) -> ExplanationResource {
    let day = Day {
        today: harness.today(),
        handling_days: 0,
    };
    let found = explain(&*harness.views, &key(order, line), &day).await;
    found.unwrap().unwrap()
}

#[test]
fn a_line_is_told_its_candidates_and_its_history() {
    run(async {
        let harness = Harness::<Memory>::start();
        let (soon, later) = (today() + 10.days(), today() + 30.days());
        harness.done(shipment("MV-AURORA", Some(soon))).await;
        harness.done(batch("b-small", "SOFA", 2)).await;
        harness.done(batch("b-held", "SOFA", 50)).await;
        harness.done(hold("b-held", "customs", None)).await;
        harness
            .done(batch("b-ship", "SOFA", 10).on("MV-AURORA"))
            .await;
        harness.done(batch("b-late", "SOFA", 50).eta(later)).await;
        harness.line(line("o-1", "SOFA", 6).priority(7)).await;
        harness.line(line("o-2", "SOFA", 6)).await;

        let first = told(&harness, "o-1", "SOFA").await;
        assert_eq!(
            first.summary,
            format!(
                "Promised for {soon} from batch b-ship on shipment MV-AURORA, because what it would rather \
                 have cannot be had: b-small is too small."
            )
        );
        let second = told(&harness, "o-2", "SOFA").await;
        let verdicts: Vec<(&str, &Verdict)> = second
            .candidates
            .iter()
            .map(|c| (c.batch.as_str(), &c.verdict))
            .collect();
        assert_eq!(
            verdicts[0],
            ("b-small", &Verdict::TooSmall { wants: 6, has: 2 })
        );
        assert_eq!(
            verdicts[1],
            ("b-ship", &Verdict::PromisedToOthers { wants: 6, free: 4 })
        );
        assert_eq!(verdicts[2], ("b-late", &Verdict::Taken { units: 6 }));
        assert!(
            matches!(verdicts[3], ("b-held", Verdict::Held { of: HoldOf::Batch, hold }) if hold.code.as_str() == "customs")
        );
        let holders = &second.candidates[1].holders;
        assert_eq!(holders.len(), 1);
        assert_eq!(
            (holders[0].order_id.as_str(), holders[0].priority.get()),
            ("o-1", 7)
        );

        let slipped = later + 5.days();
        harness.done(set_eta("b-late", Some(slipped))).await;
        let words: Vec<String> = (told(&harness, "o-2", "SOFA").await.history)
            .into_iter()
            .map(|step| step.words)
            .collect();
        assert_eq!(
            words,
            [
                format!(
                    "Accepted: 6 units wanted, priority 5. Got 6 units of batch b-late, promised for {later}."
                ),
                format!(
                    "The promise moved from {later} to {slipped}, 5 days later, because a batch or shipment has another ETA."
                ),
            ]
        );
        let day = Day {
            today: today(),
            handling_days: 0,
        };
        let nobody = explain(&*harness.views, &key("o-9", "SOFA"), &day).await;
        assert_eq!(nobody.unwrap(), None);
    });
}

proptest! {
    #![proptest_config(config())]

    /// Every line of every history has an explanation that goes with what it has.
    #[test]
    fn every_line_can_be_explained(steps in history(40)) {
        run(async {
            let views = after(&steps).await;
            let day = Day { today: today(), handling_days: 1 };
            for line in state(&views).await.lines {
                let told = explain(&views, &line.key, &day).await.unwrap().unwrap();
                let taken = told.candidates.iter().filter_map(|c| match c.verdict {
                    Verdict::Taken { units } => Some(units),
                    _ => None,
                });
                let settled = matches!(line.status(), Status::Dispatched | Status::Cancelled);
                let pegged: u64 = line.allocations.iter().map(|a| a.quantity).sum();
                prop_assert_eq!(taken.sum::<u64>(), pegged);
                prop_assert!(!settled || told.candidates.is_empty());
                prop_assert!(told.summary.ends_with('.') && !told.summary.contains(".."), "{}", told.summary);
                prop_assert!(!told.history.is_empty());
                // A line that waits would have taken what it could have.
                if line.status() == Status::Backordered {
                    let spare = told.candidates.iter().any(|c| c.verdict == Verdict::Spare);
                    prop_assert!(!spare, "{:#?}", told);
                }
                // Goods and no promise: because they are held, or for another line of the order.
                if line.status() == Status::Allocated && line.current_promise.is_none() {
                    let (held, other) = (told.summary.contains("is held"), "another line of it has no day");
                    let why = held || line.together() && told.summary.contains(other);
                    prop_assert!(why, "{}", told.summary);
                }
                for candidate in &told.candidates {
                    prop_assert!(candidate.reason.ends_with('.'), "{}", candidate.reason);
                }
            }
            Ok(())
        })?;
    }
}
