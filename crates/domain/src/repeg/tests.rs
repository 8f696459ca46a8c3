use jiff::civil::date;

use super::*;

/// A supply that is ready on this day of March.
fn supply(day: i8, free: u64) -> Supply {
    Supply {
        ready: Some(date(2026, 3, day)),
        free,
        location: None,
    }
}

/// A line that keeps its promise: pegged to this supply and wanted on this day of March.
fn kept(number: u64, quantity: u64, supply: usize, wanted: i8) -> Peg {
    Peg {
        number,
        quantity,
        priority: 5,
        wanted: date(2026, 3, wanted),
        limit: date(2026, 3, wanted),
        supply: Some(supply),
        locations: Vec::new(),
    }
}

/// A line whose promise a delay has broken.
fn late(number: u64, quantity: u64, supply: Option<usize>, wanted: i8) -> Peg {
    Peg {
        limit: Date::MAX,
        supply,
        ..kept(number, quantity, 0, wanted)
    }
}

fn moves(supplies: Vec<Supply>, pegs: Vec<Peg>) -> Vec<(usize, usize)> {
    let plan = plan(&Problem { supplies, pegs });
    plan.moves.iter().map(|step| (step.peg, step.to)).collect()
}

#[test]
fn nothing_moves_without_need() {
    assert_eq!(moves(vec![], vec![]), []);
    assert_eq!(moves(vec![], vec![late(1, 1, None, 9)]), []);
    assert_eq!(moves(vec![supply(1, 9)], vec![]), []);
    // It would do with the later supply too, but nobody asks for its place.
    assert_eq!(
        moves(vec![supply(1, 9), supply(5, 9)], vec![kept(1, 4, 0, 9)]),
        []
    );
    // It is late, and nothing is earlier.
    assert_eq!(
        moves(
            vec![supply(8, 9), supply(9, 9)],
            vec![late(1, 4, Some(0), 5)]
        ),
        []
    );
}

#[test]
fn of_the_supplies_in_time_the_latest_is_taken_then_the_best_fit() {
    let supplies = vec![supply(1, 9), supply(5, 9), supply(5, 4), supply(6, 9)];
    assert_eq!(moves(supplies, vec![late(1, 4, None, 5)]), [(0, 2)]);
}

#[test]
fn a_line_with_slack_gives_up_early_stock() {
    let pegs = vec![kept(1, 4, 0, 9), late(2, 4, None, 3)];
    assert_eq!(
        moves(vec![supply(1, 0), supply(9, 4)], pegs),
        [(0, 1), (1, 0)]
    );
    // Without slack it keeps it.
    let pegs = vec![kept(1, 4, 0, 8), late(2, 4, None, 3)];
    assert_eq!(moves(vec![supply(1, 0), supply(9, 4)], pegs), [(1, 1)]);
}

#[test]
fn who_stays_late_leaves_goods_for_others_if_asked_to() {
    let problem = Problem {
        supplies: vec![supply(1, 4), supply(7, 4), supply(9, 0)],
        pegs: vec![late(1, 4, Some(2), 3), late(2, 4, Some(2), 5)],
    };
    let steps = |plan: Plan| {
        let steps = plan.moves.iter().map(|step| (step.peg, step.to));
        steps.collect::<Vec<_>>()
    };
    assert_eq!(steps(plan_kept(&problem)), [(0, 0)]);
    assert_eq!(steps(plan(&problem)), [(0, 0), (1, 1)]);
}

#[test]
fn a_chain_passes_stock_on() {
    let supplies = vec![supply(1, 0), supply(4, 0), supply(9, 4)];
    let pegs = vec![kept(1, 4, 0, 5), kept(2, 4, 1, 9), late(3, 4, None, 3)];
    assert_eq!(moves(supplies, pegs), [(0, 1), (1, 2), (2, 0)]);
}

#[test]
fn one_large_line_takes_the_place_of_two_small_ones() {
    let supplies = vec![supply(1, 0), supply(8, 1), supply(9, 3)];
    let pegs = vec![kept(1, 1, 0, 8), kept(2, 3, 0, 9), late(3, 4, None, 3)];
    assert_eq!(moves(supplies, pegs), [(0, 1), (1, 2), (2, 0)]);
}

#[test]
fn goods_lie_where_they_may_serve() {
    let at = |name: &str| Location::new(name).expect("a location");
    let mut supplies = vec![supply(1, 4), supply(1, 4)];
    supplies[1].location = Some(at("Kent"));
    let mut peg = late(1, 4, None, 3);
    peg.locations = vec![at("Leeds")];
    assert_eq!(moves(supplies.clone(), vec![peg.clone()]), []);
    peg.locations.push(at("Kent"));
    assert_eq!(moves(supplies, vec![peg]), [(0, 1)]);
}

#[test]
fn of_the_supplies_in_time_the_preferred_location_is_taken() {
    let at = |name: &str| Location::new(name).expect("a location");
    let mut supplies = vec![supply(2, 4), supply(3, 4), supply(9, 4)];
    for (supply, name) in supplies.iter_mut().zip(["Leeds", "Kent", "Leeds"]) {
        supply.location = Some(at(name));
    }
    let mut peg = late(1, 4, None, 4);
    for (names, to) in [(["Leeds", "Kent"], 0), (["Kent", "Leeds"], 1)] {
        peg.locations = names.map(at).into();
        assert_eq!(moves(supplies.clone(), vec![peg.clone()]), [(0, to)]);
    }
    // The day comes before the location, and so does the promise of another.
    peg.locations = vec![at("Leeds"), at("Kent")];
    let mut other = late(2, 4, None, 4);
    other.locations = vec![at("Leeds")];
    assert_eq!(
        moves(supplies, vec![peg, other]),
        [(0, 1), (1, 0)],
        "it leaves the only place that does to the other"
    );
}

#[test]
fn the_heavier_claim_wins_then_the_earlier_day_then_age() {
    let contest = |change: fn(&mut Peg)| {
        let mut pegs = vec![late(1, 4, None, 5), late(2, 4, None, 5)];
        change(&mut pegs[1]);
        moves(vec![supply(1, 4)], pegs)
    };
    assert_eq!(contest(|_| ()), [(0, 0)]);
    assert_eq!(contest(|second| second.priority = 6), [(1, 0)]);
    assert_eq!(contest(|second| second.wanted = date(2026, 3, 4)), [(1, 0)]);
    assert_eq!(contest(|second| second.number = 0), [(1, 0)]);
}

#[test]
fn a_heavy_small_line_goes_before_a_large_one_and_two_light_ones_before_a_heavy() {
    let mut pegs = vec![
        late(1, 4, None, 5),
        late(2, 2, None, 5),
        late(3, 2, None, 5),
    ];
    pegs[0].priority = 9;
    assert_eq!(moves(vec![supply(1, 4)], pegs.clone()), [(1, 0), (2, 0)]);
    pegs[1].priority = 1;
    assert_eq!(moves(vec![supply(1, 4)], pegs), [(0, 0)]);
}

#[test]
fn who_stays_late_gets_the_earliest_day_left_in_the_order_of_claims() {
    let supplies = vec![supply(8, 1), supply(9, 1), supply(20, 0)];
    let pegs = vec![
        late(2, 1, Some(2), 3),
        late(1, 1, None, 3),
        late(3, 1, None, 3),
    ];
    // The place that the first leaves is the best for the third.
    assert_eq!(moves(supplies, pegs), [(0, 1), (1, 0), (2, 2)]);
}

#[test]
fn nobody_is_moved_beyond_the_limit() {
    let mut improving = late(1, 1, Some(1), 3);
    improving.limit = date(2026, 3, 9);
    // It could make room for the second only by going to the 12th.
    let supplies = vec![supply(8, 0), supply(9, 0), supply(12, 1)];
    let pegs = vec![improving.clone(), late(2, 1, None, 9)];
    assert_eq!(moves(supplies.clone(), pegs.clone()), [(1, 2)]);
    improving.limit = date(2026, 3, 12);
    assert_eq!(
        moves(supplies, vec![improving, pegs[1].clone()]),
        [(0, 2), (1, 1)]
    );
}

#[test]
fn a_late_line_gives_up_its_place_to_the_one_that_makes_room_for_it() {
    // For the first, which has none, there is no room: the third could only wait where it is. For the third
    // there is, because the second may take the place that it leaves.
    let mut pegs = vec![
        late(1, 1, None, 2),
        kept(2, 1, 0, 9),
        late(3, 1, Some(1), 2),
    ];
    pegs[0].priority = 9;
    // In time, or just earlier.
    for day in [1, 5] {
        let supplies = vec![supply(day, 0), supply(9, 0)];
        assert_eq!(moves(supplies, pegs.clone()), [(1, 1), (2, 0)]);
    }
}

#[test]
fn a_heavy_line_served_first_is_given_up_for_two_that_weigh_more_together() {
    let at = |name: &str| Location::new(name).expect("a location");
    let mut supplies: Vec<Supply> = [1, 1, 9, 9, 9].map(|day| supply(day, 0)).into();
    for (supply, name) in supplies.iter_mut().zip(["A", "B", "C", "D", "E"]) {
        supply.location = Some(at(name));
    }
    let only = |peg: Peg, names: &[&str]| Peg {
        locations: names.iter().map(|name| at(name)).collect(),
        ..peg
    };
    let mut pegs = vec![
        only(late(1, 1, Some(2), 2), &["A"]),
        only(late(2, 1, Some(3), 2), &["A"]),
        only(late(3, 1, Some(4), 2), &["B"]),
        only(kept(4, 1, 0, 9), &["C", "E"]),
        only(kept(5, 1, 1, 9), &["D"]),
    ];
    // The first sends the fourth to C. But sent to E it makes way for the second, which makes way at D for the
    // fifth, and that at B for the third.
    pegs[0].priority = 9;
    let better = [(1, 0), (2, 1), (3, 4), (4, 3)];
    assert_eq!(moves(supplies.clone(), pegs.clone()), better);
    // Against one of little weight the first keeps its place.
    pegs[2].priority = 1;
    assert_eq!(moves(supplies, pegs), [(0, 0), (3, 2)]);
}

#[test]
fn what_is_held_is_no_supply_and_odd_input_does_no_harm() {
    let held = Supply {
        ready: None,
        ..supply(1, 9)
    };
    assert_eq!(moves(vec![held.clone()], vec![late(1, 1, None, 5)]), []);
    // Who is pegged to it leaves for anything better.
    assert_eq!(
        moves(vec![held, supply(9, 1)], vec![late(1, 1, Some(0), 5)]),
        [(0, 1)]
    );
    let most = crate::values::MAX_QUANTITY;
    let odd = vec![
        late(1, 0, Some(77), 5),
        late(2, most, Some(0), 5),
        late(3, most, None, 5),
    ];
    assert_eq!(moves(vec![supply(1, most)], odd), [(0, 0), (2, 0)]);
}

/// Where the units that come in time are too few for a line, beside those of the lines that must stay on them, it is not
/// searched for; where one more unit would do, it is.
#[test]
fn what_cannot_be_had_is_not_searched_for() {
    let examined = {
        let mut pegs: Vec<Peg> = (1..=12).map(|n| kept(n, 1 + n % 4, 0, 4)).collect();
        // Who is late and may get no later stays where it is, and who keeps a later promise need not.
        pegs.push(Peg {
            limit: date(2026, 3, 4),
            ..late(13, 2, Some(0), 1)
        });
        pegs.extend((14..=19).map(|n| kept(n, 2 + n % 3, 1, 8)));
        pegs.push(late(20, 9, Some(2), 4));
        let supplies = vec![supply(3, 0), supply(4, 0), supply(9, 0)];
        plan(&Problem { supplies, pegs }).examined
    };
    // Nobody of these may be on the third supply, and nothing is free on the others.
    assert!(examined < 200, "{examined}");
    let pegs = vec![kept(1, 2, 0, 4), late(2, 3, Some(1), 4)];
    assert_eq!(
        moves(vec![supply(3, 2), supply(9, 0)], pegs.clone()),
        [],
        "one unit is missing"
    );
    assert_eq!(moves(vec![supply(3, 3), supply(9, 0)], pegs), [(1, 0)]);
}

/// The same problem is searched once, and has the same plan.
#[test]
fn a_problem_that_is_known_has_the_same_plan() {
    let mut pegs: Vec<Peg> = (1..=9).map(|n| kept(n, 1 + n % 4, 0, 9)).collect();
    pegs.extend((10..=14).map(|n| late(n, n - 7, Some(1), 4)));
    let problem = Problem {
        supplies: vec![supply(3, 2), supply(12, 0), supply(9, 5), supply(7, 3)],
        pegs,
    };
    let mut planner = Planner::default();
    for _ in 0..2 {
        assert_eq!(planner.plan(&problem), plan(&problem));
        assert_eq!(planner.plan_kept(&problem), plan_kept(&problem));
    }
    assert_eq!(planner.satisfied.len(), 1);
}
