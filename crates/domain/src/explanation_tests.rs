//! What is said of each batch, and that it goes with the choice that the policy makes.

use jiff::civil::date;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::ids::{HoldCode, LineKey, Location, OrderId, Sku};
use crate::line::{Allocation, Terms};
use crate::product::{Counters, Product};

const TODAY: Day = Day {
    today: date(2026, 5, 10),
    handling_days: 0,
};

fn sku() -> Sku {
    Sku::new("S").unwrap()
}

fn batch(number: u64, reference: &str, units: u64, eta: Option<Date>) -> Batch {
    Batch::new(number, BatchRef::new(reference).unwrap(), sku(), units, eta)
}

fn hold(code: &str, expected_clear: Option<Date>) -> Hold {
    Hold {
        code: HoldCode::new(code).unwrap(),
        note: None,
        expected_clear,
    }
}

fn line(terms: Terms) -> OrderLine {
    let key = LineKey {
        order_id: OrderId::new("o").unwrap(),
        line_id: sku().into(),
    };
    OrderLine::new(100, key, sku(), terms)
}

fn pegged(mut line: OrderLine, batch: &Batch, promise: Date) -> OrderLine {
    line.allocations.push(Allocation {
        batch: batch.reference.clone(),
        batch_number: batch.number,
        quantity: line.quantity,
    });
    line.original_promise = Some(promise);
    line.current_promise = Some(promise);
    line
}

/// What is said, in the order in which it is said.
fn said(batches: &[Batch], line: &OrderLine) -> Vec<(String, Verdict)> {
    let weighed = weigh(batches, line, &TODAY);
    let names = |w: Weighed| (batches[w.at].reference.to_string(), w.verdict);
    weighed.into_iter().map(names).collect()
}

#[test]
fn each_batch_gets_the_first_reason_against_it() {
    let (may, june) = (date(2026, 5, 20), date(2026, 6, 10));
    let small = batch(1, "a-small", 3, None);
    let mut promised = batch(2, "b-promised", 10, None);
    promised.allocated = 6;
    let mut customs = batch(3, "c-customs", 10, None);
    customs.hold = Some(hold("customs", Some(june)));
    customs.shipment_hold = Some(hold("paperwork", Some(may)));
    let mut taken = batch(4, "d-taken", 10, Some(may));
    taken.allocated = 5;
    let equal = batch(5, "e-equal", 10, Some(may));
    let late = batch(6, "f-late", 10, Some(june));
    let mut never = batch(7, "g-never", 10, None);
    never.shipment_hold = Some(hold("storm", None));
    let line = pegged(line(Terms::plain(5)), &taken, may);
    let mut batches = vec![small, promised, customs, taken, equal, late, never];
    batches.sort_by(Batch::earliest_first);

    let said = said(&batches, &line);
    let held = |of, code: &str, until| Verdict::Held {
        of,
        hold: hold(code, until),
    };
    let expected = [
        ("a-small", Verdict::TooSmall { wants: 5, has: 3 }),
        (
            "b-promised",
            Verdict::PromisedToOthers { wants: 5, free: 4 },
        ),
        ("d-taken", Verdict::Taken { units: 5 }),
        (
            "e-equal",
            Verdict::NotPreferred {
                to: BatchRef::new("d-taken").unwrap(),
            },
        ),
        ("c-customs", held(HoldOf::Batch, "customs", Some(june))),
        (
            "f-late",
            Verdict::TooLate {
                limit: TooLateFor::Promise,
                wanted: may,
            },
        ),
        ("g-never", held(HoldOf::Shipment, "storm", None)),
    ];
    assert_eq!(
        said,
        expected.map(|(name, verdict)| (name.to_owned(), verdict))
    );
}

#[test]
fn a_hold_that_ends_before_the_goods_come_is_no_reason() {
    let (may, june) = (date(2026, 5, 20), date(2026, 6, 10));
    let taken = batch(1, "a-taken", 10, Some(may));
    let mut late = batch(2, "b-late", 10, Some(june));
    late.hold = Some(hold("customs", Some(may)));
    let line = pegged(line(Terms::plain(5)), &taken, may);
    let limit = TooLateFor::Promise;
    let told = &said(&[taken, late], &line)[1].1;
    assert_eq!(*told, Verdict::TooLate { limit, wanted: may });
}

#[test]
fn just_in_time_says_what_misses_the_requested_date_then_locations_come_in_order() {
    let (may, june, july) = (date(2026, 5, 20), date(2026, 6, 10), date(2026, 7, 1));
    let at = |mut batch: Batch, location: &str| {
        batch.location = Location::new(location).ok();
        batch
    };
    let taken = at(batch(2, "may", 10, Some(may)), "EAST");
    let batches = [
        at(batch(1, "stock", 10, None), "EAST"),
        taken.clone(),
        at(batch(3, "june", 10, Some(june)), "WEST"),
        at(batch(4, "july", 10, Some(july)), "EAST"),
        batch(5, "nowhere", 10, Some(july)),
    ];
    let terms = Terms {
        policy: Policy::JustInTime,
        requested_date: Some(june),
        locations: vec![
            Location::new("EAST").unwrap(),
            Location::new("WEST").unwrap(),
        ],
        ..Terms::plain(5)
    };
    // Its promise is later than the goods come: only the requested date speaks against July.
    let line = pegged(line(terms), &taken, july);
    let preferred = Verdict::NotPreferred {
        to: taken.reference,
    };
    let expected = [
        ("may", Verdict::Taken { units: 5 }),
        ("stock", preferred.clone()),
        ("june", preferred),
        (
            "july",
            Verdict::TooLate {
                limit: TooLateFor::RequestedDate,
                wanted: june,
            },
        ),
        ("nowhere", Verdict::OtherLocation),
    ];
    assert_eq!(
        said(&batches, &line),
        expected.map(|(name, v)| (name.to_owned(), v))
    );
}

#[test]
fn what_came_free_later_is_spare_and_a_line_that_wants_nothing_is_not_weighed() {
    let may = date(2026, 5, 20);
    let taken = batch(2, "may", 10, Some(may));
    let batches = [batch(1, "stock", 10, None), taken.clone()];
    let mut line = pegged(line(Terms::plain(5)), &taken, may);
    assert_eq!(
        said(&batches, &line)[0],
        ("stock".to_owned(), Verdict::Spare)
    );
    line.cancelled = true;
    assert_eq!(weigh(&batches, &line, &TODAY), []);
}

/// A line that may be split needs no single batch that holds it: what is against one that has units is that all
/// together have too few.
#[test]
fn a_split_line_is_told_what_all_batches_have_together() {
    let mut promised = batch(3, "c-promised", 4, None);
    promised.allocated = 4;
    let gone = batch(4, "d-gone", 0, None);
    let batches = [
        batch(1, "a", 3, None),
        batch(2, "b", 4, None),
        promised,
        gone,
    ];
    let split = |quantity| Terms {
        split: true,
        ..Terms::plain(quantity)
    };
    let together = |free| Verdict::NotEnoughTogether {
        wants: 9,
        free,
        together: 7,
    };
    let expected = [
        ("a", together(3)),
        ("b", together(4)),
        (
            "c-promised",
            Verdict::PromisedToOthers { wants: 9, free: 0 },
        ),
        ("d-gone", Verdict::TooSmall { wants: 9, has: 0 }),
    ];
    assert_eq!(
        said(&batches, &line(split(9))),
        expected.map(|(name, v)| (name.to_owned(), v))
    );
    // Of one that has stock: small as it is, others have it.
    let taken = batch(5, "e-taken", 9, None);
    let batches = [batches[2].clone(), taken.clone()];
    let allocated = pegged(line(split(9)), &taken, TODAY.today);
    assert_eq!(
        said(&batches, &allocated)[0].1,
        Verdict::PromisedToOthers { wants: 9, free: 0 }
    );
}

/// A few units are nothing to a split line that would have to do without more of a later batch for them.
#[test]
fn a_split_line_is_told_what_is_too_little_for_a_part() {
    let day = |day| Some(date(2026, 5, day));
    let first = batch(1, "first", 1, day(12));
    let one_left = Batch {
        allocated: 4,
        ..batch(2, "one-left", 5, day(13))
    };
    let small = batch(3, "small", 1, day(14));
    let last = batch(4, "last", 9, day(20));
    let after = batch(5, "after", 1, day(21));
    let terms = Terms {
        split: true,
        ..Terms::plain(3)
    };
    let mut late = pegged(line(terms), &first, date(2026, 5, 12));
    late.allocations[0].quantity = 1;
    late.allocations.push(Allocation {
        batch: last.reference.clone(),
        batch_number: 4,
        quantity: 2,
    });
    late.current_promise = day(20);
    let told = said(&[first, one_left, small, last, after], &late);
    let expected = [
        ("first", Verdict::Taken { units: 1 }),
        ("one-left", Verdict::PromisedToOthers { wants: 3, free: 1 }),
        ("small", Verdict::TooSmall { wants: 3, has: 1 }),
        ("last", Verdict::Taken { units: 2 }),
        (
            "after",
            Verdict::TooLate {
                limit: TooLateFor::Promise,
                wanted: date(2026, 5, 20),
            },
        ),
    ];
    assert_eq!(told, expected.map(|(name, v)| (name.to_owned(), v)));
}

fn any_batch(number: u64) -> impl Strategy<Value = Batch> {
    let day = || prop::option::of((8_i8..28).prop_map(|day| date(2026, 5, day)));
    let hold = || prop::option::weighted(0.2, day().prop_map(|clear| hold("customs", clear)));
    let location = prop::option::of(select(vec!["EAST", "WEST"]));
    (0_u64..12, 0_u64..12, day(), hold(), hold(), location).prop_map(
        move |(purchased, taken, eta, own, ship, location)| Batch {
            hold: own,
            shipment_hold: ship,
            allocated: taken.min(purchased),
            location: location.and_then(|name| Location::new(name).ok()),
            ..batch(number, &format!("b-{number}"), purchased, eta)
        },
    )
}

fn any_terms() -> impl Strategy<Value = Terms> {
    let day = prop::option::of((8_i8..28).prop_map(|day| date(2026, 5, day)));
    let policy = select(vec![Policy::Earliest, Policy::JustInTime]);
    let locations = select(vec![vec![], vec!["EAST"], vec!["WEST", "EAST"]]);
    (1_u64..10, day, policy, any::<bool>(), locations).prop_map(
        |(quantity, requested_date, policy, split, locations)| Terms {
            requested_date,
            policy,
            split,
            locations: (locations.into_iter())
                .map(|name| Location::new(name).unwrap())
                .collect(),
            ..Terms::plain(quantity)
        },
    )
}

proptest! {
    /// Right after the choice nothing is spare: what comes before the last batch taken had no room, and what
    /// comes after it was refused for a reason of its own.
    #[test]
    fn the_verdicts_go_with_the_choice(
        batches in (0_usize..6).prop_flat_map(|n| (0..n as u64).map(any_batch).collect::<Vec<_>>()),
        terms in any_terms(),
    ) {
        let mut product = Product::load(1, sku(), Counters::default(), batches);
        let mut line = line(terms);
        let found = product.allocate(&mut line, &TODAY, true);
        let weighed = weigh(product.batches(), &line, &TODAY);
        prop_assert_eq!(weighed.len(), product.batches().len());
        let taken = |w: &&Weighed| matches!(w.verdict, Verdict::Taken { .. });
        prop_assert_eq!(weighed.iter().filter(taken).count(), line.allocations.len());
        let last = weighed.iter().rposition(|w| taken(&w));
        prop_assert_eq!(last.is_some(), found);
        for (at, w) in weighed.iter().enumerate() {
            let may_serve = line.terms.locations.is_empty()
                || product.batches()[w.at].location.as_ref()
                    .is_some_and(|place| line.terms.locations.contains(place));
            prop_assert_eq!(w.verdict == Verdict::OtherLocation, !may_serve);
            match &w.verdict {
                Verdict::Spare => prop_assert!(false, "nothing came free since"),
                Verdict::NotPreferred { .. } | Verdict::TooLate { .. } => {
                    prop_assert!(last.is_some_and(|last| at > last), "a better one was free");
                }
                Verdict::Held { .. } => {
                    let nobody_knows = w.ready.is_none();
                    prop_assert!(nobody_knows || last.is_some_and(|last| at > last));
                }
                Verdict::Taken { .. } => prop_assert!(w.ready.is_some()),
                Verdict::NotEnoughTogether { wants, free, together } => {
                    prop_assert!(line.terms.split && !found);
                    prop_assert!(0 < *free && free <= together && together < wants);
                }
                Verdict::TooSmall { wants, has } => {
                    prop_assert!(*has < *wants);
                }
                Verdict::OtherLocation | Verdict::PromisedToOthers { .. } => {}
            }
        }
    }
}
