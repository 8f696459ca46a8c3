//! What every desk must do: it takes in each event once, shows who needs a person, and counts by days.

mod days;
mod worklist;

use std::sync::Arc;

use jiff::civil::{Date, date};
use landfall_service::desk::tables::DeskTables;
use landfall_service::desk::{
    Desk, Figures, Total, WorkFilter, WorkItem, WorkKind, WorkSort, fold, projector,
};
use landfall_service::views::Page;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::commands::{batch, line};
use crate::database::Database;
use crate::desk::{agrees, everything};
use crate::harness::Harness;
use crate::history::history;
use crate::replay::{in_groups, start};
use crate::{run, today};

pub use days::{a_landing_is_corrected, days_are_counted};
pub use worklist::{
    a_delay_is_on_the_worklist_with_its_cause, a_withdrawn_promise_has_no_day,
    lines_are_put_together, the_worklist_is_sorted_filtered_and_paged, who_waits_is_counted_by_age,
    who_waits_is_on_the_worklist,
};

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
    worklist::storm(&office).await;
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
