//! What an explanation says, of cases made by hand.

mod summary;
mod supply;

use jiff::civil::date;
use jiff::{Timestamp, ToSpan};
use landfall_domain::events::{DeallocationReason, Departure, PromiseCause};
use landfall_domain::{Allocation, Deliver, Event, Policy, Sku, Terms};

use super::*;

const TODAY: Date = date(2026, 3, 1);
const DAY: Day = Day {
    today: TODAY,
    handling_days: 0,
};

fn sku() -> Sku {
    "SOFA".parse().unwrap()
}

fn batch(number: u64, reference: &str, units: u64, eta: Option<Date>) -> Batch {
    Batch::new(number, reference.parse().unwrap(), sku(), units, eta)
}

fn line(order: &str, terms: Terms) -> OrderLine {
    let key = LineKey {
        order_id: order.parse().unwrap(),
        line_id: sku().into(),
    };
    OrderLine::new(100, key, sku(), terms)
}

/// Gives the line units of a batch and promises it for this day.
fn peg(line: &mut OrderLine, batch: &mut Batch, units: u64, promise: Date) {
    batch.allocated += units;
    line.allocations.push(Allocation {
        batch: batch.reference.clone(),
        batch_number: batch.number,
        quantity: units,
    });
    line.original_promise = line.original_promise.or(Some(promise));
    line.current_promise = Some(promise);
}

fn hold(code: &str, expected_clear: Option<Date>) -> Hold {
    Hold {
        code: code.parse().unwrap(),
        note: None,
        expected_clear,
    }
}

fn case(line: &OrderLine, batches: Vec<Batch>) -> Case {
    let of = |batch: Batch| CaseBatch {
        lines: u64::from(line.pegged_to(batch.number) > 0),
        holders: Vec::new(),
        batch,
    };
    Case {
        line: line.clone(),
        batches: batches.into_iter().map(of).collect(),
        left_out: 0,
        events: Vec::new(),
    }
}

fn record(offset: u64, event: Event) -> LogRecord {
    LogRecord {
        partition: 0,
        offset,
        sku: Some(sku()),
        time: Timestamp::UNIX_EPOCH,
        command_id: "k".into(),
        actor: None,
        event,
    }
}

fn reason<'a>(told: &'a ExplanationResource, batch: &str) -> &'a str {
    let of = |c: &&CandidateResource| c.batch.as_str() == batch;
    let found = told.candidates.iter().find(of);
    &found
        .unwrap_or_else(|| panic!("{batch} is no candidate"))
        .reason
}

#[test]
fn a_promise_is_explained_by_what_is_against_the_batches_before_it() {
    let aurora = date(2026, 3, 14);
    let mut line = line("o-1", Terms::plain(5));
    let mut taken = Batch {
        shipment: "MV-AURORA".parse().ok(),
        ..batch(7, "b-7", 20, Some(aurora))
    };
    peg(&mut line, &mut taken, 5, aurora);
    let mut held = batch(3, "b-3", 20, None);
    held.hold = Some(hold("customs", None));
    let mut promised = batch(2, "b-2", 8, None);
    promised.allocated = 6;
    let batches = vec![batch(1, "b-1", 2, None), promised, held, taken];
    let told = explain_case(case(&line, batches), DAY);
    assert_eq!(
        told.summary,
        "Promised for 2026-03-14 from batch b-7 on shipment MV-AURORA, because what it would rather have \
         cannot be had: b-1 is too small, b-2 is promised to others."
    );
    let order: Vec<&str> = told.candidates.iter().map(|c| c.batch.as_str()).collect();
    assert_eq!(
        order,
        ["b-1", "b-2", "b-7", "b-3"],
        "what nobody can count on comes last"
    );
    assert_eq!(
        reason(&told, "b-1"),
        "It is too small: the line wants 5 units, and it has 2."
    );
    assert_eq!(
        reason(&told, "b-3"),
        "It is held (customs) and nobody knows until when."
    );
    assert_eq!(reason(&told, "b-7"), "The line has 5 units of it.");
    assert_eq!(told.line.current_promise, Some(aurora));
    assert_eq!(told.line.allocations[0].eta, Some(aurora));
}

#[test]
fn the_lines_that_have_a_batch_are_named_and_counted() {
    let waits = line("o-me", Terms::plain(5));
    let mut promised = batch(1, "b-1", 40, None);
    let holders: Vec<OrderLine> = (0..6)
        .map(|n| {
            let mut other = line(&format!("o-{n}"), Terms::plain(4));
            peg(&mut other, &mut promised, 4, TODAY);
            other
        })
        .collect();
    promised.allocated = 40;
    let mut case = case(&waits, vec![]);
    case.batches.push(CaseBatch {
        batch: promised,
        holders,
        lines: 10,
    });
    let told = explain_case(case, DAY);
    let candidate = &told.candidates[0];
    assert_eq!(
        candidate.verdict,
        Verdict::PromisedToOthers { wants: 5, free: 0 }
    );
    let named: Vec<&str> = candidate
        .holders
        .iter()
        .map(|h| h.order_id.as_str())
        .collect();
    assert_eq!(named, ["o-0", "o-1", "o-2", "o-3", "o-4"]);
    assert_eq!(candidate.more_holders, 5);
    assert_eq!(candidate.holders[0].quantity, 4);
    assert_eq!(candidate.holders[0].current_promise, Some(TODAY));
}

#[test]
fn everything_is_bounded() {
    let mut line = line("o-1", Terms::plain(5));
    let mut batches: Vec<Batch> = (0..300)
        .map(|n| batch(n, &format!("b-{n:03}"), 4, None))
        .collect();
    let later = TODAY + 10.days();
    let mut taken = batch(900, "b-taken", 5, Some(later));
    peg(&mut line, &mut taken, 5, later);
    batches.push(taken);
    let mut case = case(&line, batches);
    let told = Event::PromiseChanged {
        order_id: line.key.order_id.clone(),
        line_id: line.key.line_id.clone(),
        from: Some(TODAY),
        to: Some(later),
        cause: PromiseCause::EtaChanged,
    };
    case.events = (1..=500).map(|n| record(n, told.clone())).collect();
    case.left_out = 7;
    let told = explain_case(case, DAY);
    assert_eq!(told.candidates.len(), CANDIDATES_LISTED + 1);
    assert_eq!(told.candidates_left_out, 207);
    assert_eq!(told.candidates[CANDIDATES_LISTED].batch.as_str(), "b-taken");
    assert_eq!(told.history.len(), HISTORY_LISTED);
    assert_eq!(told.history_left_out, 300);
    assert_eq!(told.history[0].event.offset, 301, "the latest are listed");
    assert_eq!(
        told.history[0].words,
        "The promise moved from 2026-03-01 to 2026-03-11, 10 days later, because a batch or shipment has \
         another ETA."
    );
}

#[test]
fn every_event_of_a_line_has_words() {
    let allocations = vec![Allocation {
        batch: "b-1".parse().unwrap(),
        batch_number: 0,
        quantity: 1,
    }];
    let (order_id, line_id) = ("o".parse::<OrderId>().unwrap(), LineId::from(sku()));
    let allocated = |accepted, current_promise| Event::Allocated {
        order_id: order_id.clone(),
        line_id: line_id.clone(),
        quantity: 1,
        allocations: allocations.clone(),
        original_promise: Some(TODAY),
        current_promise,
        accepted,
    };
    let terms = Terms {
        requested_date: Some(TODAY),
        policy: Policy::JustInTime,
        ..Terms::plain(1)
    };
    assert_eq!(
        history::event(&allocated(Some(terms), Some(TODAY))),
        "Accepted: 1 unit wanted for 2026-03-01, priority 5, just in time. Got 1 unit of batch b-1, promised \
         for 2026-03-01."
    );
    assert_eq!(
        history::event(&allocated(None, None)),
        "Got 1 unit of batch b-1, without a promise until its whole order has a day."
    );
    let taken = |reason| {
        history::event(&Event::Deallocated {
            order_id: order_id.clone(),
            line_id: line_id.clone(),
            quantity: 1,
            allocations: allocations.clone(),
            reason,
        })
    };
    assert_eq!(
        taken(DeallocationReason::Repegged),
        "Gave back 1 unit of batch b-1, to move to another batch."
    );
    assert_eq!(
        taken(DeallocationReason::BatchCancelled),
        "Gave back 1 unit of batch b-1, because it will never come."
    );
    let changed = |from, to| {
        history::event(&Event::PromiseChanged {
            order_id: order_id.clone(),
            line_id: line_id.clone(),
            from,
            to,
            cause: PromiseCause::Released,
        })
    };
    let tomorrow = TODAY + 1.day();
    assert_eq!(
        changed(Some(tomorrow), Some(TODAY)),
        "The promise moved from 2026-03-02 to 2026-03-01, 1 day earlier, because a hold is over."
    );
    assert_eq!(
        changed(None, Some(TODAY)),
        "Promised for 2026-03-01 again, because a hold is over."
    );
    assert_eq!(
        changed(Some(TODAY), None),
        "The promise for 2026-03-01 was withdrawn, because a hold is over."
    );
}

#[test]
fn the_verdict_stands_beside_the_candidates_fields() {
    let mut held = batch(1, "b-1", 9, None);
    held.shipment_hold = Some(hold("storm", None));
    let told = explain_case(case(&line("o", Terms::plain(5)), vec![held]), DAY);
    let json = serde_json::to_value(&told).unwrap();
    let candidate = &json["candidates"][0];
    assert_eq!(candidate["verdict"], "held");
    assert_eq!(candidate["of"], "shipment");
    assert_eq!(candidate["code"], "storm");
    assert_eq!(candidate["holds"][0]["of"], "shipment");
    assert_eq!(candidate["ready"], serde_json::Value::Null);
}
