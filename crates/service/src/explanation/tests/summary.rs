//! The sentence that an explanation begins with.

use super::*;

#[test]
fn the_first_choice_is_explained_by_the_policy() {
    let (may, june) = (date(2026, 5, 1), date(2026, 6, 1));
    let summary = |terms: Terms, eta: Option<Date>| {
        let mut line = line("o-1", terms);
        let mut taken = batch(1, "b-1", 10, eta);
        peg(&mut line, &mut taken, 5, eta.unwrap_or(TODAY));
        explain_case(case(&line, vec![taken]), DAY).summary
    };
    assert_eq!(
        summary(Terms::plain(5), None),
        "Promised for 2026-03-01 from batch b-1, because it is in the warehouse and has room."
    );
    assert_eq!(
        summary(Terms::plain(5), Some(may)),
        "Promised for 2026-05-01 from batch b-1, because it is the earliest supply that has room."
    );
    let just_in_time = Terms {
        policy: Policy::JustInTime,
        requested_date: Some(may),
        ..Terms::plain(5)
    };
    assert_eq!(
        summary(just_in_time.clone(), Some(may)),
        "Promised for 2026-05-01 from batch b-1, because it is the latest supply that meets the requested \
         date 2026-05-01."
    );
    assert_eq!(
        summary(just_in_time, Some(june)),
        "Promised for 2026-06-01 from batch b-1, because nothing meets the requested date 2026-05-01 and it \
         is the earliest supply."
    );
}

/// Whatever was asked for: who has been promised something is where that is kept best.
#[test]
fn who_is_late_is_explained_by_its_promise() {
    let (may, june, july) = (date(2026, 5, 1), date(2026, 6, 1), date(2026, 7, 1));
    let terms = Terms {
        policy: Policy::JustInTime,
        requested_date: Some(july),
        ..Terms::plain(5)
    };
    let mut late = line("o-1", terms);
    let mut taken = batch(1, "b-june", 10, Some(june));
    peg(&mut late, &mut taken, 5, june);
    late.original_promise = Some(may);
    let later = batch(2, "b-july", 10, Some(july));
    let told = explain_case(case(&late, vec![taken, later]), DAY).summary;
    assert_eq!(
        told,
        "Promised for 2026-06-01 from batch b-june, because nothing keeps the first promise and it is \
         the earliest supply; the first promise was 2026-05-01."
    );
}

#[test]
fn a_day_that_is_not_that_of_the_goods_is_explained_as_well() {
    let may = date(2026, 5, 1);
    let summary = |terms: Terms, change: fn(&mut OrderLine)| {
        let mut line = line("o-1", terms);
        let mut taken = batch(1, "b-1", 10, Some(may));
        peg(&mut line, &mut taken, 5, may);
        change(&mut line);
        explain_case(case(&line, vec![taken]), DAY).summary
    };
    let late: fn(&mut OrderLine) = |line| line.original_promise = Some(TODAY);
    assert!(
        summary(Terms::plain(5), late).ends_with("; the first promise was 2026-03-01."),
        "late"
    );
    let slack: fn(&mut OrderLine) = |line| {
        line.original_promise = Some(date(2026, 6, 1));
        line.current_promise = Some(date(2026, 6, 1));
    };
    let told = summary(Terms::plain(5), slack);
    assert!(
        told.ends_with(
            "; its goods are there on 2026-05-01 already, and it keeps the promised day."
        ),
        "{told}"
    );
    let together = Terms {
        deliver: Deliver::Together,
        ..Terms::plain(5)
    };
    let told = summary(together.clone(), slack);
    assert!(
        told.ends_with("; its goods are there on 2026-05-01, and its order goes out together."),
        "{told}"
    );
    let none: fn(&mut OrderLine) = |line| line.current_promise = None;
    let told = summary(together, none);
    assert!(
        told.starts_with(
            "Has batch b-1 and no promise, as its order goes out together and another line of it has no day, "
        ),
        "{told}"
    );
    let passed: fn(&mut OrderLine) = |line| line.current_promise = Some(date(2026, 2, 1));
    let told = summary(Terms::plain(5), passed);
    assert!(
        told.starts_with("Promised for 2026-02-01, a day that has passed, "),
        "{told}"
    );
    assert!(
        told.contains("; its goods can leave on 2026-05-01 at the earliest"),
        "{told}"
    );
}

#[test]
fn a_line_that_waits_is_told_what_is_against_every_batch() {
    let waits = line("o-1", Terms::plain(5));
    let told = explain_case(case(&waits, vec![]), DAY);
    assert_eq!(
        told.summary,
        "Waits for 5 units at priority 5, because there is no batch of SOFA."
    );
    let batches = (1..=5).map(|n| batch(n, &format!("b-{n}"), n - 1, None));
    let mut case = case(&waits, batches.collect());
    case.left_out = 10;
    let told = explain_case(case, DAY);
    assert_eq!(
        told.summary,
        "Waits for 5 units at priority 5, because no batch can hold them: b-1 has nothing left, b-2 is too \
         small, b-3 is too small, and 12 more."
    );
    assert_eq!(told.candidates_left_out, 10);
    let many = line("o-1", Terms::plain(1_200));
    let full = vec![batch(1, "b-1", 1_100, None)];
    let told = explain_case(self::case(&many, full), DAY);
    assert_eq!(
        told.summary,
        "Waits for 1,200 units at priority 5, because no batch can hold them: b-1 is too small."
    );
    assert_eq!(
        reason(&told, "b-1"),
        "It is too small: the line wants 1,200 units, and it has 1,100."
    );
    let one = line("o-1", Terms::plain(1));
    let told = explain_case(self::case(&one, vec![batch(1, "b-1", 0, None)]), DAY);
    assert_eq!(
        told.summary,
        "Waits for 1 unit at priority 5, because no batch can hold it: b-1 has nothing left."
    );
    let elsewhere = Terms {
        locations: vec!["EAST".parse().unwrap()],
        ..Terms::plain(5)
    };
    let elsewhere = line("o-1", elsewhere);
    let told = explain_case(self::case(&elsewhere, vec![batch(1, "b-1", 9, None)]), DAY);
    assert!(
        told.summary.ends_with("because no batch is at EAST."),
        "{}",
        told.summary
    );
    let split = Terms {
        split: true,
        ..Terms::plain(5)
    };
    let split = line("o-1", split);
    let two = vec![batch(1, "b-1", 1, None), batch(2, "b-2", 2, None)];
    let told = explain_case(self::case(&split, two), DAY);
    assert!(
        told.summary
            .ends_with("because all batches together have room for 3 only."),
        "{}",
        told.summary
    );
    assert_eq!(
        reason(&told, "b-2"),
        "It has 2 of the 5 units that the line wants; all batches together have 3, and a line that may be \
         split waits until all of it fits."
    );
}

#[test]
fn one_unit_that_left_is_told_in_the_singular() {
    let mut gone = line("o-1", Terms::plain(1));
    gone.dispatched = 1;
    let told = |case| explain_case(case, DAY).summary;
    let mut case = case(&gone, vec![batch(1, "b-1", 9, None)]);
    assert_eq!(told(case.clone()), "The 1 unit left.");
    case.events.push(record(
        1,
        Event::Dispatched {
            order_id: gone.key.order_id.clone(),
            line_id: gone.key.line_id.clone(),
            quantity: 1,
            departures: vec![Departure {
                batch: "b-1".parse().unwrap(),
                quantity: 1,
                landed: None,
            }],
            outstanding: 0,
            on: TODAY,
            requested_date: None,
            policy: Policy::Earliest,
        },
    ));
    assert_eq!(told(case), "The 1 unit left on 2026-03-01 from batch b-1.");
}

#[test]
fn what_is_over_is_told_from_the_log() {
    let mut gone = line("o-1", Terms::plain(5));
    gone.dispatched = 5;
    let mut case = case(&gone, vec![batch(1, "b-1", 9, None)]);
    let departure = |batch: &str, quantity| Departure {
        batch: batch.parse().unwrap(),
        quantity,
        landed: None,
    };
    case.events.push(record(
        1,
        Event::Dispatched {
            order_id: gone.key.order_id.clone(),
            line_id: gone.key.line_id.clone(),
            quantity: 5,
            departures: vec![departure("b-1", 3), departure("b-2", 2)],
            outstanding: 0,
            on: TODAY,
            requested_date: None,
            policy: Policy::Earliest,
        },
    ));
    let told = explain_case(case.clone(), DAY);
    assert_eq!(
        told.summary,
        "All 5 units left, the last on 2026-03-01 from batches b-1 (3), b-2 (2)."
    );
    assert_eq!(told.candidates, []);
    assert_eq!(
        told.history[0].words,
        "5 units left on 2026-03-01 from batches b-1 (3), b-2 (2)."
    );
    case.line.dispatched = 2;
    case.line.cancelled = true;
    let told = explain_case(case.clone(), DAY);
    assert!(
        told.summary.starts_with("2 of 5 units left, "),
        "{}",
        told.summary
    );
    assert!(
        told.summary.ends_with("; the other 3 were cancelled."),
        "{}",
        told.summary
    );
    case.line.dispatched = 0;
    let told = explain_case(case, DAY);
    assert_eq!(told.summary, "Cancelled before anything had left.");
}

#[test]
fn a_line_that_left_in_part_says_so_first() {
    let mut part = line("o-1", Terms::plain(5));
    let mut taken = batch(1, "b-1", 9, None);
    peg(&mut part, &mut taken, 3, TODAY);
    part.dispatched = 2;
    let told = explain_case(case(&part, vec![taken]), DAY);
    assert_eq!(
        told.summary,
        "2 of 5 units left already; the rest: Promised for 2026-03-01 from batch b-1, because dispatch is \
         under way, and it keeps its batches."
    );
}
