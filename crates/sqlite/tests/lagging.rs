//! The index of allocations lags behind the lines: it and what is still to be entered must always make up
//! what the lines say, through changes of all kinds, restarts, and for readers who know nothing of it.

mod database;

use std::collections::HashMap;

use database::Sqlite;
use jiff::civil::Date;
use landfall_domain::shortage::ShortageKey;
use landfall_domain::{Command, LineKey};
use landfall_service::engine::Limits;
use landfall_service::keys::{AllocatedRange, Keys};
use landfall_service::store::Store;
use landfall_service::views::{OrderFilter, Page};
use landfall_service::{Request, views::Views};
use landfall_sqlite::{SqliteStore, SqliteViews};
use landfall_testkit::commands::{
    amend, batch, cancel_line, dispatch_units, line, name, set_eta, set_quantity,
};
use landfall_testkit::{Database, FixedClock, Harness, run, today};
use rusqlite::Connection;

/// Enough for several rounds, so few that many are always still to be entered.
type Lagging = Sqlite<7>;

const SKUS: u64 = 5;

fn start(database: Lagging) -> Harness<Lagging> {
    Harness::start_on(database, FixedClock::new(), Limits::default(), 0)
}

async fn check(harness: &Harness<Lagging>) {
    let report = harness.audit().await;
    assert!(report.ok, "{report:#?}");
}

/// Lines of the index, and lines that are allocated.
fn counts(database: &Lagging) -> (i64, i64) {
    let connection = Connection::open(database.path()).expect("a connection");
    let one = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get(0))
            .expect("a count")
    };
    (
        one("SELECT count(*) FROM allocations"),
        one("SELECT count(*) FROM lines WHERE status = 0"),
    )
}

fn supply() -> impl Iterator<Item = Request> {
    (0..SKUS).map(|sku| batch(&format!("b{sku}"), &format!("S{sku}"), 1_000).into())
}

fn lines(orders: std::ops::Range<u64>) -> impl Iterator<Item = Request> {
    orders.map(|order| {
        let line = line(
            &format!("o{order:03}"),
            &format!("S{}", order % SKUS),
            1 + order % 3,
        );
        line.priority(order % 4).into()
    })
}

#[test]
fn what_is_still_to_be_entered_survives_everything() {
    run(async {
        let mut harness = start(Lagging::create());
        harness.all(supply()).await;
        for round in 0..6_u64 {
            let first = round * 20;
            if round % 2 == 0 {
                harness.all(lines(first..first + 20)).await;
            } else {
                // In one commit: all are to be entered when the changes come.
                let answers = harness
                    .bus
                    .handle_all(lines(first..first + 20).collect())
                    .await;
                assert!(answers.iter().all(Result::is_ok));
            }
            check(&harness).await;
            // Of this round, some young and some old.
            for order in [
                first,
                first + 7,
                first + 18,
                first + 13,
                first / 2,
                first / 3 + 1,
            ] {
                let key = (format!("o{order:03}"), format!("S{}", order % SKUS));
                let change: Command = if order % 2 == 0 {
                    amend(&key.0, &key.1, 1 + order % 5)
                } else {
                    cancel_line(&key.0, &key.1)
                };
                // A line that was cancelled before stays so, whatever is asked for.
                let _ = harness.handle(change).await;
            }
            check(&harness).await;
            let eta = (round % 2 == 0).then(|| today().saturating_add(jiff::Span::new().days(3)));
            harness.done(set_eta("b1", eta)).await;
            harness
                .done(set_quantity("b2", if round % 2 == 0 { 5 } else { 1_000 }))
                .await;
            check(&harness).await;
            // Not each time: a restart finds out anew what is still to be entered.
            if round == 2 {
                harness = start(harness.stop());
                check(&harness).await;
            }
        }
        let (entered, allocated) = counts(&harness.stop());
        assert!(entered > 0, "some were entered");
        assert!(entered < allocated, "and some still lag");
    });
}

#[test]
fn the_index_follows_at_the_pace_of_the_lines() {
    run(async {
        let harness = start(Lagging::create());
        harness.all(supply()).await;
        harness.all(lines(0..200)).await;
        let (entered, allocated) = counts(&harness.stop());
        assert_eq!(allocated, 200);
        // What gathers and what is being made: twice the limit at the most, and one group.
        assert!(entered >= 200 - 2 * 7 - 1, "{entered}");
    });
}

#[test]
fn readers_see_what_is_not_entered_yet() {
    run(async {
        let harness = start(Lagging::create());
        harness.all(supply()).await;
        harness.all(lines(0..43)).await;
        let views = &harness.views;
        let filter = OrderFilter {
            batch: Some(name("b1")),
            ..OrderFilter::default()
        };
        let page = Page {
            after: None,
            limit: 100,
        };
        let orders = views.orders(&filter, &page, today()).await.expect("orders");
        let ids: Vec<_> = orders
            .items
            .iter()
            .map(|order| order.order_id.to_string())
            .collect();
        let wanted: Vec<_> = (0..43)
            .filter(|order| order % SKUS == 1)
            .map(|order| format!("o{order:03}"))
            .collect();
        assert_eq!(ids, wanted);
        // A dry run that takes stock away reads the index and what lags, without being the writer.
        let cut = Request::from(set_quantity("b1", 0));
        let steps = harness.bus.dry_run(vec![cut]).await.expect("a dry run");
        let lost = steps[0]
            .events
            .iter()
            .filter(|record| record.event.kind() == "Deallocated");
        assert_eq!(lost.count(), wanted.len());
        check(&harness).await;
    });
}

#[test]
fn views_of_another_process_need_no_service() {
    run(async {
        let harness = start(Lagging::create());
        harness.all(supply()).await;
        harness.all(lines(0..20)).await;
        let database = harness.stop();
        let views = SqliteViews::open(database.path(), &database.options).expect("views");
        let order = views
            .order(&name("o003"), today())
            .await
            .expect("an answer")
            .expect("an order");
        assert_eq!(order.lines[0].allocations[0].batch.as_str(), "b3");
        assert!(views.ready().await.is_ok());
    });
}

/// The lines of a batch in the order in which they lose, in pages of so many: all, or those promised later than a day.
async fn losers(
    store: &mut SqliteStore,
    later_than: Option<Date>,
    limit: usize,
) -> Vec<(LineKey, ShortageKey)> {
    let keys = Keys {
        batches: vec![name("b0")],
        ..Keys::default()
    };
    let batch = store.begin(&keys).await.expect("a batch").batches[0].clone();
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let range = AllocatedRange {
            sku: batch.sku.clone(),
            batch: batch.reference.clone(),
            batch_number: batch.number,
            later_than,
            after,
            limit,
        };
        let keys = Keys {
            allocated: vec![range],
            ..Keys::default()
        };
        let loaded = store.load(&keys).await.expect("a range");
        let lines: HashMap<_, _> = loaded.lines.iter().map(|line| (&line.key, line)).collect();
        for key in &loaded.allocated[0].lines {
            let place = ShortageKey::of(lines[key]);
            after = Some(place);
            found.push((key.clone(), place));
        }
        if loaded.allocated[0].complete {
            store.roll_back().await.expect("the end");
            return found;
        }
    }
}

#[test]
fn lines_promised_later_than_a_day_are_found_where_the_index_lags() {
    run(async {
        let harness = start(Lagging::create());
        harness.all(supply()).await;
        let day = |days: i64| today().saturating_add(jiff::Span::new().days(days));
        // The batch comes ever earlier, so that its lines are promised for different days.
        let mut order = 0;
        for days in [9, 6, 6, 3] {
            harness.done(set_eta("b0", Some(day(days)))).await;
            for nth in 0..12_u64 {
                let line = line(&format!("o{order:03}"), "S0", 2).priority(nth % 3);
                harness.done(line).await;
                order += 1;
            }
        }
        harness.done(set_eta("b0", None)).await;
        // Some leave in part, of those that are entered and of those that are not.
        for order in [2, 13, 30, 46] {
            harness
                .done(dispatch_units(&format!("o{order:03}"), "S0", 1))
                .await;
        }
        let mut database = harness.stop();
        let (entered, allocated) = counts(&database);
        assert!(
            entered + 3 < allocated,
            "some lag: {entered} of {allocated}"
        );
        let mut store = database.store();
        let all = losers(&mut store, None, 1_000).await;
        assert_eq!(all.len(), 48);
        assert!(all.is_sorted_by_key(|(_, place)| *place));
        assert_eq!(all.iter().filter(|(_, place)| place.locked).count(), 4);
        for days in [0, 3, 5, 6, 8, 9] {
            let mut wanted = all.clone();
            wanted.retain(|(_, place)| place.promise.0 > day(days));
            for limit in [1, 2, 5, 1_000] {
                let found = losers(&mut store, Some(day(days)), limit).await;
                assert_eq!(found, wanted, "later than day {days}, {limit} at once");
            }
        }
    });
}
