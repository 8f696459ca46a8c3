//! What a dwell report counts, of rows made by hand.

use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use landfall_domain::batch::Landing;
use landfall_domain::events::Departure;
use landfall_domain::{Allocation, Hold, LineKey, Terms};

use super::*;

const TODAY: Date = date(2026, 3, 10);

fn batch(reference: &str, eta: Option<Date>, landed: Option<Date>) -> Batch {
    let landed = landed.map(|on| Landing { on, sold: 0, of: 0 });
    Batch {
        landed,
        ..Batch::new(
            1,
            reference.parse().unwrap(),
            "S".parse().unwrap(),
            100,
            eta,
        )
    }
}

fn landed(reference: &str, shipment: Option<&str>, on: Date, sold: u64, of: u64) -> Batch {
    Batch {
        shipment: shipment.map(|name| name.parse().unwrap()),
        landed: Some(Landing { on, sold, of }),
        ..batch(reference, None, None)
    }
}

fn line(order: &str, wanted: Option<Date>, policy: Policy, pegs: &[(&str, u64)]) -> OrderLine {
    let terms = Terms {
        requested_date: wanted,
        policy,
        ..Terms::plain(pegs.iter().map(|(_, units)| units).sum())
    };
    let key = LineKey {
        order_id: order.parse().unwrap(),
        line_id: "S".parse().unwrap(),
    };
    let mut line = OrderLine::new(1, key, "S".parse().unwrap(), terms);
    line.allocations = pegs
        .iter()
        .map(|(batch, quantity)| Allocation {
            batch: batch.parse().unwrap(),
            batch_number: 0,
            quantity: *quantity,
        })
        .collect();
    line
}

fn dispatched(wanted: Option<Date>, policy: Policy, from: &[(Option<Date>, u64)]) -> LogRecord {
    let departures = from.iter().map(|(landed, quantity)| Departure {
        batch: "b".parse().unwrap(),
        quantity: *quantity,
        landed: *landed,
    });
    LogRecord {
        partition: 0,
        offset: 1,
        sku: "S".parse().ok(),
        time: Timestamp::UNIX_EPOCH,
        command_id: "k".into(),
        actor: None,
        event: Event::Dispatched {
            order_id: "o".parse().unwrap(),
            line_id: "S".parse().unwrap(),
            quantity: from.iter().map(|(_, units)| units).sum(),
            departures: departures.collect(),
            outstanding: 0,
            on: TODAY,
            requested_date: wanted,
            policy,
        },
    }
}

fn dwell_of(units: u64, mean: f64, max: u32, unknown: u64) -> Dwell {
    Dwell {
        units,
        mean_days: Some(mean),
        max_days: Some(max),
        units_unknown: unknown,
    }
}

#[test]
fn what_has_left_dwelt_from_its_landing_to_the_requested_date() {
    let mut reporter = DwellReporter::default();
    let days_ago = |days: i32| Some(TODAY - days.days());
    // 3 units for 10 days, 1 for none: it came after the day for which it was wanted.
    let from = [(days_ago(10), 3), (Some(TODAY + 5.days()), 1), (None, 2)];
    reporter.event(&dispatched(Some(TODAY), Policy::Earliest, &from));
    reporter.event(&dispatched(
        Some(TODAY),
        Policy::JustInTime,
        &[(days_ago(2), 2)],
    ));
    reporter.event(&dispatched(None, Policy::JustInTime, &[(days_ago(99), 7)]));
    let report = reporter.finish(TODAY);
    assert_eq!(report.left.earliest, dwell_of(4, 7.5, 10, 2));
    assert_eq!(report.left.just_in_time, dwell_of(2, 2.0, 2, 0));
    assert_eq!(report.left.all, dwell_of(6, 5.67, 10, 2));
    assert_eq!(report.planned, DwellByPolicy::default());
    assert_eq!(report.as_of, TODAY);
}

#[test]
fn what_is_planned_dwells_from_when_it_can_be_counted_on() {
    let wanted = Some(TODAY + 20.days());
    let mut held = batch("b-held", Some(TODAY + 1.day()), None);
    held.hold = Some(Hold {
        code: "customs".parse().unwrap(),
        note: None,
        expected_clear: Some(TODAY + 15.days()),
    });
    let mut never = held.clone();
    never.reference = "b-never".parse().unwrap();
    never.shipment_hold = Some(Hold {
        code: "storm".parse().unwrap(),
        note: None,
        expected_clear: None,
    });
    let mut landed_and_held = batch("b-landed", None, Some(TODAY - 10.days()));
    landed_and_held.hold = held.hold.clone();
    let batches = [
        held,
        never,
        landed_and_held,
        batch("b-overdue", Some(TODAY - 3.days()), None),
        batch("b-old", None, None),
    ];
    let line = |reference: &str, units| line("o", wanted, Policy::Earliest, &[(reference, units)]);
    let lines = [
        line("b-held", 1),
        line("b-never", 2),
        line("b-landed", 1),
        line("b-overdue", 1),
        line("b-old", 4),
        self::line("o-any", None, Policy::Earliest, &[("b-landed", 50)]),
    ];
    let report = |lines_first: bool| {
        let mut reporter = DwellReporter::default();
        if lines_first {
            for line in &lines {
                reporter.line(line);
            }
        }
        for batch in &batches {
            reporter.batch(batch);
        }
        if !lines_first {
            for line in &lines {
                reporter.line(line);
            }
        }
        reporter.finish(TODAY)
    };
    // 5 days after the hold, 30 after the landing, 20 from today on: what is overdue is not here yet.
    let expected = dwell_of(3, 18.33, 30, 6);
    assert_eq!(report(false).planned.all, expected);
    assert_eq!(report(true), report(false), "in whatever order it is shown");
}

#[test]
fn shares_are_told_by_shipment_and_in_all() {
    let (first, last) = (TODAY - 9.days(), TODAY - 2.days());
    let batches = [
        landed("b-1", Some("s-1"), first, 30, 40),
        landed("b-2", Some("s-1"), last, 0, 20),
        landed("b-3", Some("s-2"), first, 5, 5),
        landed("b-4", None, first, 1, 35),
        landed("b-stock", None, first, 0, 0),
        batch("b-inbound", Some(TODAY), None),
    ];
    let mut reporter = DwellReporter::default();
    for batch in &batches {
        reporter.batch(batch);
    }
    let sold = reporter.finish(TODAY).sold_on_landing;
    let share = |batches, units, sold, share| Sold {
        batches,
        units,
        sold,
        share: Some(share),
    };
    assert_eq!(sold.all, share(4, 100, 36, 0.36));
    assert_eq!(sold.without_shipment, share(1, 35, 1, 0.0286));
    let of = |shipment: &str, landed, sold| ShipmentSold {
        shipment: shipment.parse().unwrap(),
        landed,
        sold,
    };
    let expected = [
        of("s-1", last, share(2, 60, 30, 0.5)),
        of("s-2", first, share(1, 5, 5, 1.0)),
    ];
    assert_eq!(sold.shipments, expected);
    assert_eq!(sold.shipments_left_out, 0);
}

#[test]
fn the_list_of_shipments_is_bounded_and_the_sum_is_not() {
    let mut reporter = DwellReporter::default();
    for n in 0..SHIPMENTS_LISTED + 3 {
        let name = format!("s-{n:05}");
        reporter.batch(&landed(&format!("b-{n}"), Some(&name), TODAY, 1, 2));
    }
    let sold = reporter.finish(TODAY).sold_on_landing;
    assert_eq!(sold.shipments.len(), SHIPMENTS_LISTED);
    assert_eq!(sold.shipments_left_out, 3);
    assert_eq!(sold.all.batches, SHIPMENTS_LISTED as u64 + 3);
}

#[test]
fn no_sum_runs_over_and_nothing_at_all_has_no_mean() {
    let mut reporter = DwellReporter::default();
    let day = Some(Date::MAX);
    for _ in 0..3 {
        reporter.event(&dispatched(
            day,
            Policy::Earliest,
            &[(Some(Date::MIN), u64::MAX)],
        ));
        reporter.batch(&landed("b", None, TODAY, u64::MAX, u64::MAX));
    }
    let report = reporter.finish(TODAY);
    assert_eq!(report.left.all.units, u64::MAX);
    assert!(
        report
            .left
            .all
            .mean_days
            .is_some_and(|days| days > 7_000_000.0)
    );
    assert_eq!(report.sold_on_landing.all.share, Some(1.0));
    let nothing = DwellReporter::default().finish(TODAY);
    assert_eq!(nothing.left.all, Dwell::default());
    assert_eq!(nothing.sold_on_landing.all.share, None);
}
