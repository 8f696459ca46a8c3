//! The read models are made again from the log alone.

use landfall_service::audit::audit;
use landfall_service::memory::MemoryViews;
use landfall_service::rebuild::{RebuildReport, rebuild};
use landfall_service::views::Rebuild;
use landfall_testkit::commands::{batch, order};
use landfall_testkit::history::history;
use landfall_testkit::state::state;
use landfall_testkit::{Database, Harness, Memory};
use proptest::prelude::*;

use crate::{after, config, run};

/// Leaves no row in the read models.
async fn wipe(views: &MemoryViews) {
    let (mut lines, mut days) = (std::iter::empty(), std::iter::empty());
    views.clone().rebuild(&mut lines, &mut days).await.unwrap();
}

#[test]
fn a_log_of_several_pages_is_read_to_its_end() {
    run(async {
        let harness = Harness::<Memory>::start();
        harness.done(batch("b-1", "SOFA", 1_000_000)).await;
        for n in 0..11 {
            let lines = (0..1_000).map(|n| format!("l-{n}"));
            let whole = order(&format!("o-{n}"), &[]);
            let named = lines.fold(whole, |order, line| order.named(&line, "SOFA", 1));
            harness.done(named).await;
        }
        let views = harness.stop().store().views();
        let report = rebuild(&views, &mut views.clone()).await.unwrap();
        assert_eq!((report.events, report.order_lines), (11_012, 11_000));
        assert!(audit(&views).await.unwrap().views_equal);
    });
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn wiped_read_models_are_made_again_as_they_were(steps in history(60)) {
        run(async {
            let views = after(&steps).await;
            let before = state(&views).await;
            wipe(&views).await;
            let wiped = audit(&views).await.unwrap();
            let rows = before.order_lines.len() + before.availability.len();
            prop_assert_eq!(wiped.views_equal, rows == 0);
            prop_assert_eq!(wiped.findings_count, rows as u64);
            let report = rebuild(&views, &mut views.clone()).await.unwrap();
            prop_assert_eq!(report, RebuildReport {
                events: before.events.len() as u64,
                order_lines: before.order_lines.len() as u64,
                availability: before.availability.len() as u64,
            });
            prop_assert_eq!(state(&views).await, before);
            Ok(())
        })?;
    }
}
