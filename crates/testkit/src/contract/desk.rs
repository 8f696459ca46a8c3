//! What every desk must do: it takes in each event once, shows who needs a person, and counts by days.

use std::sync::Arc;

use jiff::civil::{Date, date};
use jiff::{SignedDuration, ToSpan};
use landfall_service::desk::tables::DeskTables;
use landfall_service::desk::{
    Age, Ages, Cause, Desk, Figures, GroupBy, Source, Total, WorkFilter, WorkItem, WorkKind,
    WorkSort, fold, projector,
};
use landfall_service::views::{Page, ViewError};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::commands::{
    amend, batch, cancel_line, dispatch, dispatch_units, hold, line, name, order, receive, release,
    set_eta, set_quantity, set_shipment_eta, shipment,
};
use crate::database::Database;
use crate::desk::{agrees, everything};
use crate::harness::Harness;
use crate::history::history;
use crate::replay::{in_groups, start};
use crate::{run, today};

/// A database with a desk.
pub trait DeskDatabase: Database {
    /// Its desk, opened anew: what is asked of it, and its tables.
    fn desk(&self) -> (Arc<dyn Desk>, Arc<dyn DeskTables>);
}

/// Makes a test of every case of the contract of desks, for one kind of database.
#[macro_export]
macro_rules! desk_contract {
    ($database:ty) => {
        type DatabaseUnderTest = $database;

        $crate::store_contract! { @group desk
            who_waits_is_on_the_worklist a_delay_is_on_the_worklist_with_its_cause
            a_withdrawn_promise_has_no_day the_worklist_is_sorted_filtered_and_paged
            lines_are_put_together who_waits_is_counted_by_age days_are_counted a_landing_is_corrected
            a_step_counts_once a_desk_begins_anew a_desk_tells_its_lag
        }
        mod whole {
            $crate::store_contract! { @plain desk
                a_history_is_taken_in
            }
        }
    };
}

const NOBODY: &[&str] = &[];

/// A service, and its desk.
struct Office<D: DeskDatabase> {
    harness: Harness<D>,
    desk: Arc<dyn Desk>,
    tables: Arc<dyn DeskTables>,
}

impl<D: DeskDatabase> Office<D> {
    async fn open() -> Self {
        let harness = Harness::<D>::start();
        let (desk, tables) = harness.desk();
        tables.enroll("UTC").await.expect("enroll");
        Self {
            harness,
            desk,
            tables,
        }
    }

    /// Takes in what was done.
    async fn catch_up(&self) {
        projector::catch_up(&*self.tables, 500)
            .await
            .expect("catch up");
    }

    async fn list(&self, kind: WorkKind) -> Vec<WorkItem> {
        self.sorted(kind, &WorkFilter::default(), WorkSort::Age)
            .await
    }

    /// The list, read in pages of two.
    async fn sorted(&self, kind: WorkKind, filter: &WorkFilter, sort: WorkSort) -> Vec<WorkItem> {
        let mut page = Page {
            after: None,
            limit: 2,
        };
        let mut items = Vec::new();
        loop {
            let list = self.desk.worklist(kind, filter, sort, &page).await;
            let list = list.expect("a page");
            items.extend(list.items);
            page.after = list.next;
            if page.after.is_none() {
                return items;
            }
        }
    }

    async fn orders(&self, kind: WorkKind, filter: &WorkFilter, sort: WorkSort) -> Vec<String> {
        let items = self.sorted(kind, filter, sort).await;
        let items = items.into_iter();
        items.map(|item| item.order_id.to_string()).collect()
    }

    async fn day(&self, day: Date) -> Figures {
        let days = self.desk.days(day, day).await.expect("days");
        days.first().map_or(Figures::default(), |day| day.figures)
    }
}

/// A line that finds no stock waits, one that loses it waits and says why, and who is served is off the list.
pub async fn who_waits_is_on_the_worklist<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    work.done(batch("b-1", "SOFA", 5)).await;
    work.done(line("o-1", "SOFA", 4)).await;
    work.done(
        line("o-2", "SOFA", 3)
            .priority(7)
            .requested(date(2026, 6, 1)),
    )
    .await;
    office.catch_up().await;
    let waiting = office.list(WorkKind::Waiting).await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let item = &waiting[0];
    assert_eq!(item.order_id.as_str(), "o-2");
    assert_eq!((item.sku.as_str(), item.units), ("SOFA", 3));
    assert_eq!(item.priority.get(), 7);
    assert_eq!(item.requested_date, Some(date(2026, 6, 1)));
    assert_eq!((item.original_promise, item.current_promise), (None, None));
    assert_eq!((item.cause, &item.batch), (Cause::NoStock, &None));
    let since = item.since;

    work.clock.set_day(date(2026, 5, 11));
    work.done(set_quantity("b-1", 2)).await;
    office.catch_up().await;
    let waiting = office.list(WorkKind::Waiting).await;
    assert_eq!(waiting.len(), 2);
    assert_eq!(waiting[0].since, since, "the other one still waits");
    let item = &waiting[1];
    assert_eq!(item.order_id.as_str(), "o-1");
    assert_eq!(item.cause, Cause::QuantityChanged);
    assert_eq!(item.batch, Some(name("b-1")));
    assert_eq!(item.original_promise, Some(today()));
    assert_eq!((item.current_promise, item.days_late), (None, None));
    assert!(item.since > since);

    work.done(amend("o-2", "SOFA", 2)).await;
    work.done(cancel_line("o-1", "SOFA")).await;
    office.catch_up().await;
    assert!(office.list(WorkKind::Waiting).await.is_empty());
    let totals = office.desk.totals().await.expect("totals");
    assert_eq!(totals.waiting, Total::default());
}

/// A storm: who is promised a later day is on the list with the shipment and the cause, until it is well again.
pub async fn a_delay_is_on_the_worklist_with_its_cause<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    let (june, july) = (date(2026, 6, 1), date(2026, 7, 1));
    work.done(shipment("s-1", Some(june))).await;
    work.done(batch("b-1", "SOFA", 5).on("s-1")).await;
    work.done(batch("b-2", "LAMP", 5).on("s-1")).await;
    work.done(line("o-1", "SOFA", 2)).await;
    work.done(line("o-2", "LAMP", 3)).await;
    office.catch_up().await;
    assert!(office.list(WorkKind::Late).await.is_empty());
    work.done(set_shipment_eta("s-1", Some(july))).await;
    office.catch_up().await;
    let late = office.list(WorkKind::Late).await;
    assert_eq!(late.len(), 2, "{late:?}");
    for (item, batch) in late.iter().zip(["b-1", "b-2"]) {
        assert_eq!(item.cause, Cause::EtaChanged);
        assert_eq!(item.batch, Some(name(batch)));
        assert_eq!(item.shipment, Some(name("s-1")));
        assert_eq!(item.original_promise, Some(june));
        assert_eq!(item.current_promise, Some(july));
        assert_eq!(item.days_late, Some(30));
    }
    let totals = office.desk.totals().await.expect("totals");
    assert_eq!(totals.late, Total { lines: 2, units: 5 });
    let since = late[0].since;

    // Better and not good: neither age nor cause are others.
    work.clock.set_day(date(2026, 5, 20));
    work.done(set_shipment_eta("s-1", Some(date(2026, 6, 5))))
        .await;
    office.catch_up().await;
    let item = office.list(WorkKind::Late).await.remove(0);
    assert_eq!((item.days_late, item.since), (Some(4), since));
    work.done(set_shipment_eta("s-1", Some(june))).await;
    office.catch_up().await;
    assert!(office.list(WorkKind::Late).await.is_empty());
}

/// A line that is promised and cannot be promised any more, part of it gone, is late without a day.
pub async fn a_withdrawn_promise_has_no_day<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    work.done(batch("b-1", "SOFA", 5)).await;
    work.done(line("o-1", "SOFA", 4)).await;
    work.done(dispatch_units("o-1", "SOFA", 1)).await;
    work.done(hold("b-1", "quality", None)).await;
    office.catch_up().await;
    let late = office.list(WorkKind::Late).await;
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!((late[0].units, late[0].days_late), (3, None));
    assert_eq!(late[0].cause, Cause::Held);
    assert_eq!(late[0].batch, Some(name("b-1")));
    work.done(release("b-1")).await;
    office.catch_up().await;
    assert!(office.list(WorkKind::Late).await.is_empty());
}

/// Four late lines: 9, 9, 5 and 20 days, of three products on two shipments and a batch.
async fn storm<D: DeskDatabase>(office: &Office<D>) {
    let work = &office.harness;
    let june = date(2026, 6, 1);
    work.done(shipment("s-1", Some(june))).await;
    work.done(shipment("s-2", Some(june))).await;
    work.done(batch("b-1", "SOFA", 50).on("s-1")).await;
    work.done(batch("b-2", "LAMP", 50).on("s-2")).await;
    work.done(batch("b-3", "RUG", 50).eta(june)).await;
    work.done(line("o-1", "SOFA", 1).priority(3)).await;
    work.done(line("o-2", "LAMP", 2)).await;
    work.done(line("o-3", "RUG", 4).priority(9)).await;
    work.done(line("o-4", "SOFA", 8)).await;
    work.done(set_shipment_eta("s-1", Some(date(2026, 6, 10))))
        .await;
    work.clock.set_day(date(2026, 5, 11));
    work.done(set_shipment_eta("s-2", Some(date(2026, 6, 6))))
        .await;
    work.clock.set_day(date(2026, 5, 12));
    work.done(set_eta("b-3", Some(date(2026, 6, 21)))).await;
    office.catch_up().await;
}

/// Pages of two along each order, and with each filter.
pub async fn the_worklist_is_sorted_filtered_and_paged<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    storm(&office).await;
    let (late, all) = (WorkKind::Late, WorkFilter::default());
    for (sort, orders) in [
        (WorkSort::Age, ["o-1", "o-4", "o-2", "o-3"]),
        (WorkSort::DaysLate, ["o-3", "o-1", "o-4", "o-2"]),
        (WorkSort::Priority, ["o-3", "o-4", "o-2", "o-1"]),
    ] {
        assert_eq!(office.orders(late, &all, sort).await, orders, "{sort:?}");
    }
    let sofas = WorkFilter {
        sku: Some(name("SOFA")),
        ..all.clone()
    };
    let of_s2 = WorkFilter {
        shipment: Some(name("s-2")),
        ..all.clone()
    };
    let of_b3 = WorkFilter {
        batch: Some(name("b-3")),
        ..all.clone()
    };
    let delayed = WorkFilter {
        cause: Some(Cause::EtaChanged),
        ..sofas.clone()
    };
    let held = WorkFilter {
        cause: Some(Cause::Held),
        ..all.clone()
    };
    for (filter, orders) in [
        (&sofas, &["o-1", "o-4"] as &[&str]),
        (&of_s2, &["o-2"]),
        (&of_b3, &["o-3"]),
        (&delayed, &["o-1", "o-4"]),
        (&held, NOBODY),
    ] {
        for sort in [WorkSort::Age, WorkSort::DaysLate, WorkSort::Priority] {
            let mut found = office.orders(late, filter, sort).await;
            found.sort();
            assert_eq!(found, orders, "{filter:?} {sort:?}");
        }
    }
    let waiting = office.orders(WorkKind::Waiting, &all, WorkSort::Age).await;
    assert_eq!(waiting, NOBODY);
    let page = Page {
        after: Some("nonsense".into()),
        limit: 2,
    };
    let refused = office.desk.worklist(late, &all, WorkSort::Age, &page).await;
    assert!(matches!(refused, Err(ViewError::BadCursor)));
}

/// By where their goods come from, and by product.
pub async fn lines_are_put_together<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    storm(&office).await;
    let (late, all) = (WorkKind::Late, WorkFilter::default());
    let groups = office.desk.groups(late, GroupBy::Source, &all, 10).await;
    let groups = groups.expect("groups");
    assert_eq!(
        (groups.lines, groups.capped, groups.left_out),
        (4, false, 0)
    );
    let told = groups.groups.iter().map(|group| {
        let cause = group.cause.map(|cause| cause.to_string());
        (
            group.source.clone(),
            cause,
            group.lines,
            group.units,
            group.worst_days,
        )
    });
    let cause = || Some("eta_changed".to_owned());
    let expected = [
        (Some(Source::Shipment(name("s-1"))), cause(), 2, 9, Some(9)),
        (Some(Source::Shipment(name("s-2"))), cause(), 1, 2, Some(5)),
        (Some(Source::Batch(name("b-3"))), cause(), 1, 4, Some(20)),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let items = office.list(late).await;
    assert_eq!(groups.groups[0].oldest, items[0].since);
    assert_eq!(groups.groups[0].without_day, 0);
    let groups = office.desk.groups(late, GroupBy::Sku, &all, 1).await;
    let groups = groups.expect("groups");
    assert_eq!((groups.groups.len(), groups.left_out), (1, 2));
    assert_eq!(groups.groups[0].sku, Some(name("SOFA")));
    assert_eq!(groups.groups[0].lines, 2);
}

/// Lines that wait, by the bands of their age; and the worklist cut down to each.
pub async fn who_waits_is_counted_by_age<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    let waiting = WorkKind::Waiting;
    let none = office.desk.ages(waiting, jiff::Timestamp::UNIX_EPOCH).await;
    assert_eq!(none.expect("ages"), Ages::default());
    work.done(batch("b-1", "SOFA", 1)).await;
    work.done(batch("b-2", "LAMP", 1)).await;
    for (days, order, sku, units) in [
        (0, "o-1", "SOFA", 2),
        (0, "o-2", "LAMP", 3),
        (30, "o-3", "SOFA", 4),
        (70, "o-4", "LAMP", 5),
        (90, "o-5", "SOFA", 6),
    ] {
        work.clock.set_day(today().saturating_add(days.days()));
        work.done(line(order, sku, units)).await;
    }
    // This one is late, and does not wait.
    work.done(batch("b-3", "RUG", 9).eta(date(2026, 9, 1)))
        .await;
    work.done(line("o-6", "RUG", 9)).await;
    work.done(set_eta("b-3", Some(date(2026, 9, 9)))).await;
    office.catch_up().await;
    let first = office.list(waiting).await[0].since;
    let day = SignedDuration::from_hours(24);
    let total = |lines, units| Total { lines, units };
    let none = total(0, 0);
    let moment = SignedDuration::from_micros(1);
    for (now, bands) in [
        (
            first + day * 91,
            [total(1, 6), total(1, 5), total(1, 4), total(2, 5)],
        ),
        (
            first + day * 91 - moment,
            [total(1, 6), total(1, 5), total(3, 9), none],
        ),
        (
            first + day * 98,
            [
                none,
                total(1, 6),
                total(1, 5).plus(total(1, 4)),
                total(2, 5),
            ],
        ),
        (first, [total(5, 20), none, none, none]),
    ] {
        let ages = office.desk.ages(waiting, now).await.expect("ages");
        assert_eq!((ages.bands, ages.left_out), (bands, none), "{now}");
        for (age, total) in Age::ALL.into_iter().zip(bands) {
            let filter = age.cut(WorkFilter::default(), now);
            for sort in [WorkSort::Age, WorkSort::Priority] {
                let items = office.sorted(waiting, &filter, sort).await;
                let units: u64 = items.iter().map(|item| item.units).sum();
                assert_eq!(
                    (items.len() as u64, units),
                    (total.lines, total.units),
                    "{age:?}"
                );
                assert!(items.iter().all(|item| Age::of(item.since, now) == age));
            }
        }
    }
    let sofas = WorkFilter {
        sku: Some(name("SOFA")),
        ..Age::Longer.cut(WorkFilter::default(), first + day * 91)
    };
    assert_eq!(office.orders(waiting, &sofas, WorkSort::Age).await, ["o-1"]);
    let late = office.desk.ages(WorkKind::Late, first + day * 91).await;
    assert_eq!(late.expect("ages").bands, [total(1, 9), none, none, none]);
}

/// What happens on a day is counted there.
pub async fn days_are_counted<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    let monday = today();
    let tuesday = date(2026, 5, 11);
    work.done(batch("b-1", "SOFA", 5)).await;
    work.done(batch("b-2", "LAMP", 5)).await;
    let wanted = date(2026, 5, 13);
    work.done(order("o-1", &[("SOFA", 3), ("LAMP", 6)]).requested(wanted))
        .await;
    work.done(line("o-2", "SOFA", 1)).await;
    work.clock.set_day(tuesday);
    work.done(dispatch("o-1", "SOFA")).await;
    work.done(cancel_line("o-2", "SOFA")).await;
    work.done(batch("b-3", "LAMP", 6).eta(date(2026, 6, 1)))
        .await;
    work.done(set_eta("b-3", Some(date(2026, 6, 9)))).await;
    office.catch_up().await;
    let figures = office.day(monday).await;
    let expected = Figures {
        accepted: 3,
        filled_at_once: 2,
        allocated: 2,
        backordered: 1,
        ..Figures::default()
    };
    assert_eq!(figures, expected);
    let figures = office.day(tuesday).await;
    let expected = Figures {
        allocated: 1,
        cancelled: 1,
        dispatched_units: 3,
        dispatched_lines: 1,
        promises_broken: 1,
        promises_improved: 0,
        // Three units that lay for three days, from Monday until they were wanted.
        dwell_units: 3,
        dwell_unit_days: 9,
        ..Figures::default()
    };
    assert_eq!(figures, expected);
    let days = office.desk.days(monday, date(2026, 12, 31)).await;
    let days: Vec<Date> = days.expect("days").iter().map(|day| day.day).collect();
    assert_eq!(days, [monday, tuesday]);
    let none = office.desk.days(tuesday, monday).await.expect("days");
    assert!(none.is_empty());
}

/// A second receipt corrects the day of the first; goods that are under way after all are taken out of it.
pub async fn a_landing_is_corrected<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    work.done(batch("b-1", "SOFA", 10).eta(date(2026, 6, 1)))
        .await;
    work.done(batch("b-2", "SOFA", 7)).await;
    work.done(
        line("o-1", "SOFA", 4)
            .just_in_time()
            .requested(date(2026, 6, 1)),
    )
    .await;
    work.done(receive("b-1", 8)).await;
    office.catch_up().await;
    let landed = |figures: Figures| (figures.landed_units, figures.landed_sold);
    assert_eq!(landed(office.day(today()).await), (8, 4));
    work.clock.set_day(date(2026, 5, 14));
    work.done(receive("b-1", 9)).await;
    work.done(receive("b-2", 6)).await;
    office.catch_up().await;
    assert_eq!(landed(office.day(today()).await), (9, 4));
    assert_eq!(landed(office.day(date(2026, 5, 14)).await), (0, 0));
    work.done(set_eta("b-1", Some(date(2026, 7, 1)))).await;
    office.catch_up().await;
    assert_eq!(landed(office.day(today()).await), (0, 0));
}

/// A step that was made of another place is refused whole, whoever comes with it.
pub async fn a_step_counts_once<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    work.done(batch("b-1", "SOFA", 1)).await;
    work.done(line("o-1", "SOFA", 2)).await;
    let (_, other) = work.desk();
    let zone = jiff::tz::TimeZone::UTC;
    let places = office.tables.places().await.expect("places");
    let mut places = places.iter();
    let place = places.find(|place| place.end > 0).expect("a place");
    let first = fold::step(&*office.tables, place, &zone, 1).await;
    let second = fold::step(&*other, place, &zone, 500).await;
    let (first, second) = (first.expect("a step"), second.expect("a step"));
    let (first, second) = (first.expect("events"), second.expect("events"));
    assert!(first.through < second.through);
    assert!(other.advance(&second).await.expect("advance"));
    assert!(!office.tables.advance(&first).await.expect("advance"));
    assert!(!other.advance(&second).await.expect("advance"));
    assert_eq!(office.list(WorkKind::Waiting).await.len(), 1);
    assert_eq!(office.day(today()).await.accepted, 1);
    // Several at once, in small steps: each event counts once all the same.
    for number in 0..20 {
        work.done(line(&format!("o-{number}-x"), "SOFA", 2)).await;
    }
    let both = [office.tables.clone(), other]
        .map(|tables| tokio::spawn(async move { projector::catch_up(&*tables, 3).await }));
    for caught_up in both {
        caught_up.await.expect("a task").expect("catch up");
    }
    assert_eq!(office.day(today()).await.accepted, 21);
    let totals = office.desk.totals().await.expect("totals");
    assert_eq!(
        totals.waiting,
        Total {
            lines: 21,
            units: 42
        }
    );
}

/// Made again from the log it is as it was, in another zone if that is asked for.
pub async fn a_desk_begins_anew<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    storm(&office).await;
    let before = everything(&*office.desk).await;
    office.tables.clear("UTC").await.expect("clear");
    assert!(office.list(WorkKind::Late).await.is_empty());
    assert_eq!(office.day(today()).await, Figures::default());
    office.catch_up().await;
    assert_eq!(everything(&*office.desk).await, before);
    // Noon of the day before, and so another day.
    let kiritimati = "Pacific/Kiritimati";
    office.tables.clear(kiritimati).await.expect("clear");
    office.tables.enroll("UTC").await.expect("enroll");
    office.catch_up().await;
    assert_eq!(office.day(today()).await, Figures::default());
    assert_eq!(office.day(date(2026, 5, 11)).await.accepted, 4);
    let lag = office.desk.lag().await.expect("lag");
    assert_eq!(lag.zone.as_deref(), Some(kiritimati));
}

/// How far it is behind is told, also before it was begun, and it is the same after it was closed and opened.
pub async fn a_desk_tells_its_lag<D: DeskDatabase>() {
    let harness = Harness::<D>::start();
    harness.done(batch("b-1", "SOFA", 1)).await;
    harness.done(line("o-1", "SOFA", 2)).await;
    let (desk, tables) = harness.desk();
    let lag = desk.lag().await.expect("lag");
    assert_eq!(
        (lag.events, lag.zone),
        (harness.events().await.len() as u64, None)
    );
    tables.enroll("UTC").await.expect("enroll");
    let written = harness.events().await[0].time;
    let lag = desk.lag().await.expect("lag");
    assert_eq!(
        (lag.events, lag.oldest),
        (harness.events().await.len() as u64, Some(written))
    );
    projector::catch_up(&*tables, 2).await.expect("catch up");
    drop((desk, tables));
    let (desk, tables) = harness.desk();
    let lag = desk.lag().await.expect("lag");
    assert_eq!((lag.events, lag.oldest), (0, None));
    assert_eq!(desk.totals().await.expect("totals").waiting.lines, 1);
    assert_eq!(projector::catch_up(&*tables, 2).await.expect("catch up"), 0);
}

/// Whatever happens, in steps of whatever size: the desk shows what the tables and the log say.
pub fn a_history_is_taken_in<D: DeskDatabase>() {
    let usual = ProptestConfig::default();
    let config = ProptestConfig {
        cases: usual.cases / 10,
        failure_persistence: None,
        ..usual
    };
    let input = (
        history(80),
        prop::collection::vec(1_usize..6, 1..5),
        1_usize..9,
    );
    let tried = TestRunner::new(config).run(&input, |(steps, sizes, at_once)| {
        run(async {
            let harness = start::<D>(1_000);
            let (desk, tables) = harness.desk();
            tables.enroll("UTC").await.expect("enroll");
            let (before, after) = steps.split_at(steps.len() / 2);
            for part in [before, after] {
                in_groups(&harness, part, &sizes).await;
                projector::catch_up(&*tables, at_once)
                    .await
                    .expect("catch up");
                agrees(&*harness.views, &*desk).await?;
            }
            let small = everything(&*desk).await;
            tables.clear("UTC").await.expect("clear");
            projector::catch_up(&*tables, 500).await.expect("catch up");
            prop_assert_eq!(everything(&*desk).await, small, "in one step");
            Ok(())
        })
    });
    if let Err(failed) = tried {
        panic!("{failed}");
    }
}
