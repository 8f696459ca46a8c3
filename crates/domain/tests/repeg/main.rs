//! What the re-pegging plan must keep, and how good it must be.

mod exact;

use exact::{Kind, SMALL, Seed, allowed, broken, case, least_broken, places, room};
use landfall_domain::repeg::{Plan, Problem, plan};
use proptest::prelude::*;

/// Rules 1 and 2, and that goods are given once.
fn check(problem: &Problem, plan: &Plan) {
    let places = places(problem, plan);
    let mut room = room(problem);
    for (peg, &at) in problem.pegs.iter().zip(&places) {
        assert!(allowed(problem, peg, at), "{peg:?} may not be at {at:?}");
        if let Some(at) = at {
            assert!(room[at] >= peg.quantity, "supply {at} is given twice");
            room[at] -= peg.quantity;
        }
    }
    assert!(plan.moves.is_sorted_by(|a, b| a.peg < b.peg));
    for step in &plan.moves {
        assert_ne!(problem.pegs[step.peg].supply, Some(step.to), "no move");
    }
}

fn stay(problem: &Problem) -> Vec<Option<usize>> {
    problem.pegs.iter().map(|peg| peg.supply).collect()
}

/// The problem as it is after its plan.
fn after(problem: &Problem, plan: &Plan) -> Problem {
    let mut next = problem.clone();
    let mut free = room(problem);
    for (peg, at) in next.pegs.iter_mut().zip(places(problem, plan)) {
        peg.supply = at;
        if let Some(at) = at {
            free[at] -= peg.quantity;
        }
    }
    for (supply, free) in next.supplies.iter_mut().zip(free) {
        supply.free = free;
    }
    next
}

fn kinds() -> impl Strategy<Value = Kind> {
    (1_u64..10, 0_u64..12, any::<bool>(), 1_u64..8, 1_u64..40).prop_map(
        |(most, free, locations, supplies, pegs)| Kind {
            supplies: (1, supplies),
            pegs: (1, pegs),
            quantity: (1, most),
            free,
            locations,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_hold_and_nothing_gets_worse(number: u64, kind in kinds()) {
        let problem = case(&mut Seed(number), kind);
        let first = plan(&problem);
        check(&problem, &first);
        prop_assert_eq!(&first, &plan(&problem));
        let reached = broken(&problem, &places(&problem, &first));
        prop_assert!(reached <= broken(&problem, &stay(&problem)));

        let next = after(&problem, &first);
        let second = plan(&next);
        check(&next, &second);
        prop_assert!(broken(&next, &places(&next, &second)) <= reached);
    }

    #[test]
    fn with_equal_quantities_no_plan_is_better(number: u64, quantity in 1_u64..4, locations: bool) {
        let kind = Kind { quantity: (quantity, quantity), locations, ..SMALL };
        let problem = case(&mut Seed(number), kind);
        let plan = plan(&problem);
        check(&problem, &plan);
        prop_assert_eq!(broken(&problem, &places(&problem, &plan)), least_broken(&problem));
    }
}
