//! The dwell report against a naive reading of its definition.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::{Day, Event, Policy, Supply};
use landfall_service::report::dwell;
use landfall_testkit::commands::{batch, dispatch, line, receive_shipment, shipment};
use landfall_testkit::history::history;
use landfall_testkit::state::{State, state};
use landfall_testkit::{Harness, Memory, today};
use proptest::prelude::*;

use crate::{after, config, run};

#[test]
fn goods_that_came_early_dwell_until_they_are_wanted() {
    run(async {
        let harness = Harness::<Memory>::start();
        let day = |days: i64| today() + days.days();
        harness.done(shipment("MV-AURORA", Some(day(10)))).await;
        harness
            .done(batch("b-ship", "SOFA", 10).on("MV-AURORA"))
            .await;
        harness.done(batch("b-late", "SOFA", 10).eta(day(40))).await;
        harness
            .line(line("o-1", "SOFA", 4).requested(day(15)))
            .await;
        let just_in_time = line("o-2", "SOFA", 2).requested(day(45)).just_in_time();
        harness.line(just_in_time).await;
        harness.clock.set_day(day(12));
        harness
            .done(receive_shipment("MV-AURORA", &[("b-ship", 8)]))
            .await;
        harness.done(dispatch("o-1", "SOFA")).await;

        let now = Day {
            today: day(12),
            handling_days: 3,
        };
        let report = dwell(&*harness.views, &now).await.unwrap();
        assert_eq!(
            (report.left.earliest.units, report.left.earliest.mean_days),
            (4, Some(3.0))
        );
        assert_eq!(
            (
                report.planned.just_in_time.units,
                report.planned.just_in_time.mean_days
            ),
            (2, Some(5.0))
        );
        assert_eq!(
            (
                report.left.just_in_time.units,
                report.planned.earliest.units
            ),
            (0, 0)
        );
        let landed = &report.sold_on_landing.shipments[0];
        assert_eq!(
            (landed.shipment.as_str(), landed.landed),
            ("MV-AURORA", day(12))
        );
        assert_eq!(
            (landed.sold.sold, landed.sold.units, landed.sold.share),
            (4, 8, Some(0.5))
        );
    });
}

/// Units that have a dwell, their days in all, and units that have none, one by one; by whether they were
/// chosen just in time. Of what has left, or of what is planned.
fn naive(state: &State, today: Date, left: bool) -> BTreeMap<bool, (u64, u64, u64)> {
    let mut units: Vec<(Policy, Option<Date>, Date, u64)> = Vec::new();
    if left {
        for record in &state.events {
            if let Event::Dispatched {
                departures,
                requested_date: Some(wanted),
                policy,
                ..
            } = &record.event
            {
                units.extend(
                    departures
                        .iter()
                        .map(|d| (*policy, d.landed, *wanted, d.quantity)),
                );
            }
        }
    } else {
        for line in &state.lines {
            let Some(wanted) = line.terms.requested_date else {
                continue;
            };
            for allocation in &line.allocations {
                let batch = state
                    .batches
                    .iter()
                    .find(|b| b.reference == allocation.batch)
                    .unwrap();
                let arrived = match (batch.landed, batch.supply()) {
                    (Some(landed), _) => Some(landed.on),
                    (None, Supply::From(on)) => Some(on.max(today)),
                    _ => None,
                };
                units.push((line.terms.policy, arrived, wanted, allocation.quantity));
            }
        }
    }
    let mut sums = BTreeMap::new();
    for (policy, arrived, wanted, count) in units {
        let sum: &mut (u64, u64, u64) = sums.entry(policy == Policy::JustInTime).or_default();
        match arrived {
            None => sum.2 += count,
            Some(arrived) => {
                sum.0 += count;
                let days = (wanted - arrived).get_days().max(0);
                sum.1 += count * u64::from(days.unsigned_abs());
            }
        }
    }
    sums
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_report_is_what_its_definition_says(steps in history(50)) {
        run(async {
            let views = after(&steps).await;
            let state = state(&views).await;
            let day = Day { today: today() + 3.days(), handling_days: 1 };
            let report = dwell(&views, &day).await.unwrap();
            for (of, left) in [(&report.left, true), (&report.planned, false)] {
                let naive = naive(&state, day.today, left);
                for (told, just_in_time) in [(&of.earliest, false), (&of.just_in_time, true)] {
                    let (units, unit_days, unknown) = naive.get(&just_in_time).copied().unwrap_or_default();
                    prop_assert_eq!((told.units, told.units_unknown), (units, unknown));
                    match told.mean_days {
                        None => prop_assert_eq!(units, 0),
                        Some(mean) => {
                            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                            let exact = unit_days as f64 / units as f64;
                            prop_assert!((mean - exact).abs() <= 0.005 + 1e-9, "{} {}", mean, exact);
                        }
                    }
                }
                prop_assert_eq!(of.all.units, of.earliest.units + of.just_in_time.units);
            }
            Ok(())
        })?;
    }
}
