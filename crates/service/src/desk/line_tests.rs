//! Each type of event, and what it makes of a line.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use landfall_domain::events::{DeallocationReason, Departure, PromiseCause};
use landfall_domain::{Allocation, Event, LineKey, Policy, Priority, Terms};

use super::*;
use crate::log::LogRecord;

const MAY: Date = date(2026, 5, 20);
const JUNE: Date = date(2026, 6, 1);
const JULY: Date = date(2026, 7, 1);

/// A line's events, one second after the other.
#[derive(Default)]
struct Story {
    state: Option<LineState>,
    second: i64,
}

impl Story {
    /// Takes an event in.
    fn then(mut self, event: Event) -> Self {
        self.second += 1;
        let record = LogRecord {
            partition: 0,
            offset: self.second.unsigned_abs(),
            sku: "SOFA".parse().ok(),
            time: second(self.second),
            command_id: String::new(),
            actor: None,
            event,
        };
        // As it is when the desk's step ends here: what is needed of a row is in the row.
        if let Some(state) = &self.state
            && let Some(row) = state.row(&key(), None)
        {
            let text = row.pegs_text();
            let read = WorkRow::with_pegs(row.item.clone(), text.as_deref());
            assert_eq!(read.as_ref(), Some(&row));
            assert_eq!(LineState::of_row(&row), *state);
        }
        self.state = apply(self.state.take(), &record);
        self
    }

    fn row(&self) -> Option<WorkItem> {
        let row = self.state.as_ref()?.row(&key(), None);
        row.map(|row| row.item)
    }

    #[track_caller]
    fn shows(&self, kind: WorkKind, cause: Cause, batch: Option<&str>, since: i64) -> WorkItem {
        let item = self.row().unwrap();
        assert_eq!((item.kind, item.cause), (kind, cause));
        assert_eq!(item.batch.as_ref().map(BatchRef::as_str), batch);
        assert_eq!(item.since, second(since));
        item
    }
}

fn second(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn key() -> LineKey {
    LineKey {
        order_id: "o".parse().unwrap(),
        line_id: "SOFA".parse().unwrap(),
    }
}

fn terms(units: u64) -> Terms {
    Terms {
        requested_date: Some(MAY),
        priority: Priority::new(7).unwrap(),
        ..Terms::plain(units)
    }
}

fn at(allocations: &[(&str, u64)]) -> Vec<Allocation> {
    let allocation = |(batch, quantity): &(&str, u64)| Allocation {
        batch: batch.parse().unwrap(),
        batch_number: 0,
        quantity: *quantity,
    };
    allocations.iter().map(allocation).collect()
}

fn allocated(
    pegs: &[(&str, u64)],
    original: Option<Date>,
    current: Option<Date>,
    accepted: Option<Terms>,
) -> Event {
    Event::Allocated {
        order_id: key().order_id,
        line_id: key().line_id,
        quantity: pegs.iter().map(|(_, units)| units).sum(),
        allocations: at(pegs),
        original_promise: original,
        current_promise: current,
        accepted,
    }
}

fn deallocated(pegs: &[(&str, u64)], reason: DeallocationReason) -> Event {
    Event::Deallocated {
        order_id: key().order_id,
        line_id: key().line_id,
        quantity: pegs.iter().map(|(_, units)| units).sum(),
        allocations: at(pegs),
        reason,
    }
}

fn backordered(quantity: u64, accepted: Option<Terms>) -> Event {
    Event::Backordered {
        order_id: key().order_id,
        line_id: key().line_id,
        quantity,
        accepted,
    }
}

fn promised(from: Option<Date>, to: Option<Date>, cause: PromiseCause) -> Event {
    Event::PromiseChanged {
        order_id: key().order_id,
        line_id: key().line_id,
        from,
        to,
        cause,
    }
}

fn amended(from: u64, to: u64, pegs: &[(&str, u64)]) -> Event {
    Event::LineAmended {
        order_id: key().order_id,
        line_id: key().line_id,
        from,
        to,
        allocations: at(pegs),
        if_short: None,
    }
}

fn dispatched(left: &[(&str, u64)], outstanding: u64) -> Event {
    let departure = |(batch, quantity): &(&str, u64)| Departure {
        batch: batch.parse().unwrap(),
        quantity: *quantity,
        landed: None,
    };
    Event::Dispatched {
        order_id: key().order_id,
        line_id: key().line_id,
        quantity: left.iter().map(|(_, units)| units).sum(),
        departures: left.iter().map(departure).collect(),
        outstanding,
        on: MAY,
        requested_date: None,
        policy: Policy::Earliest,
    }
}

fn cancelled(quantity: u64) -> Event {
    Event::LineCancelled {
        order_id: key().order_id,
        line_id: key().line_id,
        quantity,
    }
}

/// Accepted with stock, and promised for June.
fn well(pegs: &[(&str, u64)]) -> Story {
    let units = pegs.iter().map(|(_, units)| units).sum();
    Story::default().then(allocated(pegs, Some(JUNE), Some(JUNE), Some(terms(units))))
}

#[test]
fn a_line_that_is_served_needs_nobody() {
    let story = well(&[("b-1", 4)]);
    assert_eq!(story.row(), None);
    assert_eq!(story.state.as_ref().unwrap().units, 4);
    assert_eq!(story.then(dispatched(&[("b-1", 4)], 0)).state, None);
}

#[test]
fn a_line_without_stock_waits_until_it_is_served() {
    let story = Story::default().then(backordered(4, Some(terms(4))));
    let item = story.shows(WorkKind::Waiting, Cause::NoStock, None, 1);
    assert_eq!((item.units, item.priority.get()), (4, 7));
    assert_eq!(item.requested_date, Some(MAY));
    let story = story.then(amended(4, 3, &[]));
    let item = story.shows(WorkKind::Waiting, Cause::NoStock, None, 1);
    assert_eq!(item.units, 3);
    let story = story.then(allocated(&[("b-1", 3)], Some(JUNE), Some(JUNE), None));
    assert_eq!(story.row(), None);
}

#[test]
fn who_loses_its_stock_waits_and_the_promise_says_why() {
    let story = well(&[("b-1", 4)]).then(deallocated(
        &[("b-1", 4)],
        DeallocationReason::QuantityChanged,
    ));
    assert_eq!(story.row(), None, "what became of it is not known yet");
    let story = story.then(backordered(4, None));
    let waiting = WorkKind::Waiting;
    let item = story.shows(waiting, Cause::QuantityChanged, Some("b-1"), 3);
    assert_eq!(item.original_promise, Some(JUNE));
    assert_eq!((item.current_promise, item.days_late), (None, None));
    let story = story.then(promised(Some(JUNE), None, PromiseCause::Received));
    story.shows(waiting, Cause::Received, Some("b-1"), 3);
    // Served again, too late: late because of what took its stock.
    let story = story
        .then(allocated(&[("b-2", 4)], Some(JUNE), Some(JULY), None))
        .then(promised(None, Some(JULY), PromiseCause::BatchCreated));
    let item = story.shows(WorkKind::Late, Cause::Received, Some("b-2"), 5);
    assert_eq!(item.days_late, Some(30));
}

#[test]
fn a_later_promise_is_late_until_it_is_kept() {
    let story =
        well(&[("b-1", 4)]).then(promised(Some(JUNE), Some(JULY), PromiseCause::EtaChanged));
    story.shows(WorkKind::Late, Cause::EtaChanged, Some("b-1"), 2);
    // Later still, for another reason; the age stays.
    let august = date(2026, 8, 1);
    let story = story.then(promised(Some(JULY), Some(august), PromiseCause::Held));
    let item = story.shows(WorkKind::Late, Cause::Held, Some("b-1"), 2);
    assert_eq!(item.days_late, Some(61));
    // Better and not good.
    let story = story.then(promised(Some(august), Some(JULY), PromiseCause::Released));
    story.shows(WorkKind::Late, Cause::Held, Some("b-1"), 2);
    let story = story.then(promised(Some(JULY), Some(JUNE), PromiseCause::EtaChanged));
    assert_eq!(story.row(), None);
    // It gets into trouble again, and is as old as that.
    let story = story.then(promised(Some(JUNE), None, PromiseCause::Amended));
    let item = story.shows(WorkKind::Late, Cause::Amended, Some("b-1"), 6);
    assert_eq!(item.days_late, None);
}

#[test]
fn a_late_line_that_moves_stays_what_it_is() {
    let story = well(&[("b-1", 4)])
        .then(promised(Some(JUNE), Some(JULY), PromiseCause::EtaChanged))
        .then(deallocated(&[("b-1", 4)], DeallocationReason::Repegged))
        .then(allocated(&[("b-2", 4)], Some(JUNE), Some(JULY), None));
    story.shows(WorkKind::Late, Cause::EtaChanged, Some("b-2"), 2);
    // One that was well before is late because it moved, until its promise says more.
    let story = well(&[("b-1", 4)])
        .then(deallocated(&[("b-1", 4)], DeallocationReason::Repegged))
        .then(allocated(&[("b-2", 4)], Some(JUNE), Some(JULY), None));
    story.shows(WorkKind::Late, Cause::Reallocated, Some("b-2"), 3);
    let story = story.then(promised(
        Some(JUNE),
        Some(JULY),
        PromiseCause::BatchCancelled,
    ));
    story.shows(WorkKind::Late, Cause::BatchCancelled, Some("b-2"), 3);
}

#[test]
fn a_split_line_shows_its_last_batch_and_keeps_count() {
    let story = well(&[("b-1", 4), ("b-2", 3)]).then(promised(
        Some(JUNE),
        Some(JULY),
        PromiseCause::EtaChanged,
    ));
    let item = story.shows(WorkKind::Late, Cause::EtaChanged, Some("b-2"), 2);
    assert_eq!(item.units, 7);
    let story = story.then(amended(7, 5, &[("b-1", 4), ("b-2", 1)]));
    assert_eq!(story.row().unwrap().units, 5);
    let story = story.then(dispatched(&[("b-1", 3), ("b-2", 1)], 1));
    let item = story.shows(WorkKind::Late, Cause::EtaChanged, Some("b-1"), 2);
    assert_eq!(item.units, 1);
    let story = story
        .then(deallocated(&[("b-1", 1)], DeallocationReason::Cancelled))
        .then(cancelled(1));
    assert_eq!(story.state, None);
}

#[test]
fn a_line_that_goes_out_with_others_may_have_stock_and_no_promise() {
    let story = Story::default().then(allocated(&[("b-1", 4)], None, None, Some(terms(4))));
    assert_eq!(story.row(), None, "nothing was promised yet");
    let story = story.then(promised(None, Some(JUNE), PromiseCause::BatchCreated));
    assert_eq!(story.row(), None);
    let story = story.then(promised(Some(JUNE), None, PromiseCause::Held));
    let item = story.shows(WorkKind::Late, Cause::Held, Some("b-1"), 3);
    assert_eq!(item.original_promise, Some(JUNE));
}

#[test]
fn out_of_stock_changes_no_line() {
    let story = Story::default().then(backordered(4, Some(terms(4))));
    let before = story.state.clone();
    let story = story.then(Event::OutOfStock {
        order_id: key().order_id,
        line_id: key().line_id,
        quantity: 4,
    });
    assert_eq!(story.state, before);
}

#[test]
fn only_what_may_list_a_line_makes_its_history_read() {
    let may = [
        backordered(1, None),
        allocated(&[("b", 1)], Some(JUNE), Some(JULY), None),
        allocated(&[("b", 1)], Some(JUNE), None, None),
        promised(Some(JUNE), Some(JULY), PromiseCause::Held),
        promised(Some(JUNE), None, PromiseCause::Held),
    ];
    let may_not = [
        allocated(&[("b", 1)], Some(JUNE), Some(JUNE), None),
        allocated(&[("b", 1)], None, None, None),
        promised(Some(JULY), Some(JUNE), PromiseCause::Held),
        promised(None, Some(JULY), PromiseCause::Held),
        deallocated(&[("b", 1)], DeallocationReason::Repegged),
        amended(1, 2, &[]),
        dispatched(&[("b", 1)], 0),
        cancelled(1),
    ];
    assert!(may.iter().all(may_list));
    assert!(!may_not.iter().any(may_list));
    // Of a line of which nothing is known they make nothing.
    for event in may_not {
        assert_eq!(Story::default().then(event).state, None);
    }
}
