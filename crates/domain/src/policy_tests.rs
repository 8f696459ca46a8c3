//! The choice of a batch, against a naive reading of the rule.

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::ids::{BatchRef, Location, Sku};

const TODAY: Day = Day {
    today: date(2026, 5, 10),
    handling_days: 0,
};

fn terms(policy: Policy, requested_date: Option<Date>, locations: &[&str]) -> Terms {
    Terms {
        requested_date,
        policy,
        locations: locations
            .iter()
            .map(|name| Location::new(*name).unwrap())
            .collect(),
        ..Terms::plain(1)
    }
}

fn batches(of: &[(&str, u64, Option<Date>, &str)]) -> Vec<Batch> {
    let mut batches: Vec<Batch> = of
        .iter()
        .zip(1..)
        .map(|((reference, free, eta, location), number)| {
            let (reference, sku) = (BatchRef::new(*reference).unwrap(), Sku::new("S").unwrap());
            Batch {
                location: Location::new(*location).ok(),
                ..Batch::new(number, reference, sku, *free, *eta)
            }
        })
        .collect();
    batches.sort_by(Batch::earliest_first);
    batches
}

fn chosen(batches: &[Batch], terms: &Terms, quantity: u64) -> Option<String> {
    let picks = choose(batches, terms, None, quantity, &TODAY)?;
    let names: Vec<&str> = picks
        .iter()
        .map(|(at, _)| batches[*at].reference.as_str())
        .collect();
    Some(names.join("+"))
}

#[test]
fn just_in_time_takes_the_latest_that_still_meets_the_date() {
    let there = batches(&[
        ("stock", 10, None, ""),
        ("may", 10, Some(date(2026, 5, 20)), ""),
        ("june", 10, Some(date(2026, 6, 10)), ""),
        ("july", 10, Some(date(2026, 7, 10)), ""),
    ]);
    let wanted = |month| terms(Policy::JustInTime, Some(date(2026, month, 15)), &[]);
    assert_eq!(chosen(&there, &wanted(6), 1).as_deref(), Some("june"));
    assert_eq!(chosen(&there, &wanted(9), 1).as_deref(), Some("july"));
    assert_eq!(chosen(&there, &wanted(5), 1).as_deref(), Some("stock"));
    let past = terms(Policy::JustInTime, Some(date(2026, 1, 1)), &[]);
    assert_eq!(
        chosen(&there, &past, 1).as_deref(),
        Some("stock"),
        "as earliest"
    );
    let no_date = terms(Policy::JustInTime, None, &[]);
    assert_eq!(chosen(&there, &no_date, 1).as_deref(), Some("stock"));
}

#[test]
fn only_named_locations_serve_in_their_order() {
    let there = batches(&[
        ("leeds-stock", 10, None, "LEEDS"),
        ("york-ship", 10, Some(date(2026, 6, 1)), "YORK"),
        ("nowhere", 10, None, ""),
    ]);
    let earliest = |locations: &[&str]| terms(Policy::Earliest, None, locations);
    assert_eq!(
        chosen(&there, &earliest(&["YORK", "LEEDS"]), 1).as_deref(),
        Some("york-ship")
    );
    assert_eq!(chosen(&there, &earliest(&["LEEDS"]), 11), None);
    assert_eq!(chosen(&there, &earliest(&["BATH"]), 1), None);
}

#[test]
fn the_requested_date_comes_before_the_location_and_that_before_the_policy() {
    let there = batches(&[
        ("leeds-stock", 10, None, "LEEDS"),
        ("leeds-may", 10, Some(date(2026, 5, 20)), "LEEDS"),
        ("york-may", 10, Some(date(2026, 5, 18)), "YORK"),
        ("york-june", 10, Some(date(2026, 6, 10)), "YORK"),
        ("york-july", 10, Some(date(2026, 7, 10)), "YORK"),
    ]);
    let on = |policy, day| chosen(&there, &terms(policy, day, &["YORK", "LEEDS"]), 1);
    let (earliest, just_in_time) = (Policy::Earliest, Policy::JustInTime);
    for (policy, wanted, expected) in [
        // Only Leeds is in time.
        (just_in_time, Some(date(2026, 5, 12)), "leeds-stock"),
        (earliest, Some(date(2026, 5, 12)), "leeds-stock"),
        // Both are: York, by the policy.
        (just_in_time, Some(date(2026, 6, 15)), "york-june"),
        (earliest, Some(date(2026, 6, 15)), "york-may"),
        // Nothing is, or nobody asks: York, the earliest.
        (just_in_time, Some(date(2026, 1, 1)), "york-may"),
        (earliest, Some(date(2026, 1, 1)), "york-may"),
        (just_in_time, None, "york-may"),
        (earliest, None, "york-may"),
    ] {
        let batch = on(policy, wanted);
        assert_eq!(batch.as_deref(), Some(expected), "{policy:?} {wanted:?}");
    }
}

#[test]
fn what_was_promised_comes_before_what_was_asked_for() {
    let there = batches(&[
        ("leeds-stock", 10, None, "LEEDS"),
        ("leeds-may", 10, Some(date(2026, 5, 20)), "LEEDS"),
        ("york-may", 10, Some(date(2026, 5, 18)), "YORK"),
        ("york-june", 10, Some(date(2026, 6, 10)), "YORK"),
        ("leeds-july", 10, Some(date(2026, 7, 10)), "LEEDS"),
    ]);
    for policy in [Policy::Earliest, Policy::JustInTime] {
        // Whatever day was asked for, and with whatever policy.
        for asked in [None, Some(date(2026, 5, 12)), Some(date(2026, 7, 31))] {
            let names = |promised, locations: &[&str]| {
                let terms = terms(policy, asked, locations);
                let order = preference(&there, &terms, Some(promised), &TODAY);
                let name = |at: usize| there[at].reference.to_string();
                order.into_iter().map(name).collect::<Vec<_>>().join(" ")
            };
            // In time the last; too late the first.
            assert_eq!(
                names(date(2026, 5, 19), &[]),
                "york-may leeds-stock leeds-may york-june leeds-july"
            );
            // In time by location; too late wherever it is.
            assert_eq!(
                names(date(2026, 5, 20), &["LEEDS", "YORK"]),
                "leeds-may leeds-stock york-may york-june leeds-july"
            );
            assert_eq!(
                names(date(2026, 5, 11), &["YORK", "LEEDS"]),
                "leeds-stock york-may leeds-may york-june leeds-july"
            );
        }
    }
}

proptest! {
    /// An unsplit line takes the first batch that can hold it; a split one exactly what it wants, never
    /// more than a batch has, and only if all batches together can hold it.
    #[test]
    fn the_choice_fits(
        frees in prop::collection::vec((0_u64..12, prop::option::of(1_i8..28)), 0..8),
        quantity in 1_u64..20,
        split: bool,
        just_in_time: bool,
    ) {
        let names: Vec<String> = (0..frees.len()).map(|n| format!("b{n}")).collect();
        let rows: Vec<_> = frees
            .iter()
            .zip(&names)
            .map(|((free, day), name)| (name.as_str(), *free, day.map(|day| date(2026, 6, day)), ""))
            .collect();
        let there = batches(&rows);
        let policy = if just_in_time { Policy::JustInTime } else { Policy::Earliest };
        let mut wanted = terms(policy, Some(date(2026, 6, 14)), &[]);
        wanted.split = split;
        let picks = choose(&there, &wanted, None, quantity, &TODAY);
        let total: u64 = there.iter().map(Batch::free).sum();
        let fits = if split { total >= quantity } else { there.iter().any(|b| b.free() >= quantity) };
        prop_assert_eq!(picks.is_some(), fits);
        if let Some(picks) = picks {
            prop_assert_eq!(picks.iter().map(|(_, units)| units).sum::<u64>(), quantity);
            prop_assert!(picks.iter().all(|(at, units)| *units <= there[*at].free()));
            if !split && !just_in_time {
                let first = there.iter().position(|b| b.free() >= quantity);
                prop_assert_eq!(Some(picks[0].0), first);
            }
        }
    }
}
