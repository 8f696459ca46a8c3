//! What is counted, and on which day.

use jiff::civil::date;
use landfall_domain::batch::Landing;
use landfall_domain::{BatchRef, Event};

use super::*;

#[test]
fn an_instant_belongs_to_the_day_of_the_zone() {
    let time: Timestamp = "2026-05-10T23:30:00Z".parse().unwrap();
    assert_eq!(day_of(time, &TimeZone::UTC), date(2026, 5, 10));
    let berlin = crate::desk::projector::zone_named("Europe/Berlin").unwrap();
    assert_eq!(day_of(time, &berlin), date(2026, 5, 11));
}

#[test]
fn a_zone_is_known_by_its_name() {
    use crate::desk::projector::{zone_name, zone_named};
    for name in ["UTC", "Europe/Berlin", "Pacific/Kiritimati", "+05:30"] {
        assert_eq!(zone_name(&zone_named(name).unwrap()), name);
    }
    assert!(zone_named("Middle/Earth").is_err());
}

fn batch() -> BatchRef {
    "b-1".parse().unwrap()
}

fn landing(of: u64, sold: u64) -> Landing {
    Landing {
        on: date(2026, 5, 10),
        sold,
        of,
    }
}

#[test]
fn what_was_there_from_the_beginning_never_landed() {
    let received = |of| Event::BatchReceived {
        reference: batch(),
        expected: 9,
        quantity: 9,
        short: 0,
        over: 0,
        eta: None,
        landed: landing(of, 0),
    };
    let event = received(0);
    let (_, said) = of_batch(&event).unwrap();
    assert_eq!(said, OfBatch::Landed(None));
    let event = received(9);
    let (_, said) = of_batch(&event).unwrap();
    assert_eq!(said, OfBatch::Landed(Some(landing(9, 0))));
}

#[test]
fn a_landing_is_counted_once_and_corrected() {
    let mut row = BatchRow {
        batch: batch(),
        shipment: None,
        landed: None,
    };
    let mut figures = Figures::default();
    let mut take = |row: &mut BatchRow, landed| {
        let changed = take_in(row, OfBatch::Landed(landed));
        let Landed { before, after } = changed.unwrap_or_default();
        for (landing, lands) in [(before, false), (after, true)] {
            if let Some(landing) = landing {
                land(&mut figures, landing, lands);
            }
        }
        (figures.landed_units, figures.landed_sold)
    };
    assert_eq!(take(&mut row, Some(landing(8, 4))), (8, 4));
    assert_eq!(
        take(&mut row, Some(landing(8, 4))),
        (8, 4),
        "it is the same"
    );
    assert_eq!(take(&mut row, Some(landing(6, 3))), (6, 3));
    assert_eq!(take(&mut row, None), (0, 0));
}

#[test]
fn sums_stop_at_the_largest_number() {
    let most = Figures {
        dwell_unit_days: u64::MAX,
        ..Figures::default()
    };
    assert_eq!(most.plus(most), most);
    assert_eq!(Figures::from_array(most.to_array()), most);
    assert_eq!(Figures::NAMES.len(), Figures::COUNT);
}
