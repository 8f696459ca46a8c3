//! What a desk ought to show, from the tables and the log, the plain way: no state but what a look back tells.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use landfall_domain::batch::Landing;
use landfall_domain::{Event, LineKey, OrderLine, Status};
use landfall_service::LogRecord;
use landfall_service::desk::{
    DayFigures, Desk, Figures, Total, Totals, WorkFilter, WorkItem, WorkKind, WorkSort,
};
use landfall_service::views::{Page, Views};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::harness::all_events;
use crate::state::state;

/// All that a desk shows.
pub async fn everything(desk: &dyn Desk) -> (Vec<WorkItem>, Totals, Vec<DayFigures>) {
    let page = Page {
        after: None,
        limit: 10_000,
    };
    let mut items = Vec::new();
    for kind in [WorkKind::Waiting, WorkKind::Late] {
        let list = desk
            .worklist(kind, &WorkFilter::default(), WorkSort::Age, &page)
            .await;
        items.extend(list.unwrap_or_else(|error| panic!("{error}")).items);
    }
    let totals = desk.totals().await;
    // No test goes on for longer than that.
    let days = desk.days(date(2024, 1, 1), date(2029, 1, 1)).await;
    (
        items,
        totals.unwrap_or_else(|error| panic!("{error}")),
        days.unwrap_or_else(|error| panic!("{error}")),
    )
}

/// Whether a desk that has taken in everything, with days of UTC, shows what the tables and the log say.
pub async fn agrees(views: &dyn Views, desk: &dyn Desk) -> Result<(), TestCaseError> {
    let state = state(views).await;
    let (items, totals, days) = everything(desk).await;
    let carriers: BTreeMap<_, _> = state
        .batches
        .iter()
        .filter_map(|batch| Some((&batch.reference, batch.shipment.as_ref()?)))
        .collect();
    let expected: BTreeMap<LineKey, (&OrderLine, WorkKind)> = state
        .lines
        .iter()
        .filter_map(|line| Some((line.key.clone(), (line, kind(line)?))))
        .collect();
    let found: BTreeMap<LineKey, &WorkItem> = items.iter().map(|item| (item.key(), item)).collect();
    let keys: Vec<_> = found.keys().collect();
    prop_assert_eq!(keys, expected.keys().collect::<Vec<_>>());
    let mut sums = Totals::default();
    for (key, item) in &found {
        let (line, kind) = &expected[key];
        let sum = match kind {
            WorkKind::Waiting => &mut sums.waiting,
            WorkKind::Late => &mut sums.late,
        };
        *sum = sum.plus(Total {
            lines: 1,
            units: line.outstanding(),
        });
        prop_assert_eq!(item.kind, *kind, "{}", key);
        prop_assert_eq!(&item.sku, &line.sku);
        prop_assert_eq!(item.units, line.outstanding(), "{}", key);
        prop_assert_eq!(item.priority, line.terms.priority);
        prop_assert_eq!(item.requested_date, line.terms.requested_date);
        prop_assert_eq!(item.original_promise, line.original_promise, "{}", key);
        prop_assert_eq!(item.current_promise, line.current_promise, "{}", key);
        if *kind == WorkKind::Late {
            let last = line.allocations.last().map(|last| &last.batch);
            prop_assert_eq!(item.batch.as_ref(), last, "{}", key);
        }
        let shipment = item.batch.as_ref().and_then(|batch| carriers.get(batch));
        prop_assert_eq!(item.shipment.as_ref(), shipment.copied(), "{}", key);
        since_it_is_so(item, &state.events)?;
    }
    prop_assert_eq!(totals, sums);
    prop_assert_eq!(days, figures(&all_events(views).await));
    Ok(())
}

/// What a line needs a person for.
fn kind(line: &OrderLine) -> Option<WorkKind> {
    let withdrawn = line.original_promise.is_some() && line.current_promise.is_none();
    match line.status() {
        Status::Backordered => Some(WorkKind::Waiting),
        Status::Allocated => (line.late() || withdrawn).then_some(WorkKind::Late),
        Status::Dispatched | Status::Cancelled => None,
    }
}

/// Whether a line is what it is since an event of its own, and a line that waits since it last lost its stock.
fn since_it_is_so(item: &WorkItem, events: &[LogRecord]) -> Result<(), TestCaseError> {
    let own = events
        .iter()
        .filter(|record| record.event.line() == Some((&item.order_id, &item.line_id)));
    let own: Vec<&LogRecord> = own.collect();
    prop_assert!(own.iter().any(|record| record.time == item.since));
    let began = own.iter().rev().find_map(|record| match record.event {
        Event::Backordered { .. } => Some(record.time),
        _ => None,
    });
    if item.kind == WorkKind::Waiting {
        prop_assert_eq!(Some(item.since), began);
    }
    let lost = own.iter().rev().find_map(|record| match &record.event {
        Event::Deallocated { allocations, .. } => allocations.last().map(|last| &last.batch),
        _ => None,
    });
    if item.kind == WorkKind::Waiting {
        prop_assert_eq!(item.batch.as_ref(), lost);
    }
    Ok(())
}

/// The figures of each day of UTC on which anything is counted.
fn figures(events: &[LogRecord]) -> Vec<DayFigures> {
    let mut days: BTreeMap<Date, Figures> = BTreeMap::new();
    let mut waiting = BTreeSet::new();
    let mut landed = BTreeMap::new();
    for record in events {
        let day = record.time.to_zoned(TimeZone::UTC).date();
        let line = record.event.line();
        let figures = days.entry(day).or_default();
        match &record.event {
            Event::Allocated { accepted, .. } => {
                let new = u64::from(accepted.is_some());
                figures.accepted += new;
                figures.filled_at_once += new;
                figures.allocated += new + u64::from(waiting.remove(&line));
            }
            Event::Backordered { accepted, .. } => {
                figures.accepted += u64::from(accepted.is_some());
                figures.backordered += u64::from(waiting.insert(line));
            }
            Event::LineCancelled { .. } => {
                waiting.remove(&line);
                figures.cancelled += 1;
            }
            Event::PromiseChanged { from, to, .. } => match (from, to) {
                (Some(_), None) => figures.promises_broken += 1,
                (Some(from), Some(to)) if to > from => figures.promises_broken += 1,
                _ => figures.promises_improved += 1,
            },
            Event::Dispatched {
                quantity,
                departures,
                outstanding,
                requested_date,
                ..
            } => {
                figures.dispatched_units += quantity;
                figures.dispatched_lines += u64::from(*outstanding == 0);
                for departure in departures {
                    let Some(wanted) = requested_date else {
                        continue;
                    };
                    let Some(landed) = departure.landed else {
                        figures.dwell_unknown += departure.quantity;
                        continue;
                    };
                    let days = u64::try_from((*wanted - landed).get_days()).unwrap_or(0);
                    figures.dwell_units += departure.quantity;
                    figures.dwell_unit_days += departure.quantity * days;
                }
            }
            Event::BatchEtaChanged {
                reference,
                landed: now,
                ..
            } => {
                landed.insert(reference, *now);
            }
            Event::BatchReceived {
                reference,
                landed: now,
                ..
            } => {
                landed.insert(reference, Some(*now));
            }
            _ => {}
        }
    }
    for Landing { on, sold, of } in landed.into_values().flatten() {
        if of > 0 {
            let figures = days.entry(on).or_default();
            figures.landed_units += of;
            figures.landed_sold += sold;
        }
    }
    days.retain(|_, figures| *figures != Figures::default());
    let days = days.into_iter();
    days.map(|(day, figures)| DayFigures { day, figures })
        .collect()
}
