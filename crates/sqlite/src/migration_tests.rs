//! A database that an earlier version made keeps everything, and what is kept beside it since is there.

use landfall_service::engine::Limits;
use landfall_service::views::{Attention, OrderFilter, Page};
use landfall_testkit::commands::{amend, batch, cancel_line, line, set_eta, set_quantity, with_id};
use landfall_testkit::{FixedClock, Harness, run, today};
use refinery::Target;
use rusqlite::Connection;

use crate::database::Sqlite;
use crate::{histories, schema};

type Plain = Sqlite<100>;

/// What version 0.1 left behind.
fn old() -> Plain {
    let database = Plain::absent();
    let path = database.path();
    let mut connection = Connection::open(&path).unwrap();
    schema::migrate_to(&mut connection, &path, Target::Version(29)).unwrap();
    connection
        .execute_batch(include_str!("../tests/data/schema_29.sql"))
        .unwrap();
    database
}

#[test]
fn an_older_schema_is_migrated_by_the_writer_only() {
    let database = old();
    let (path, options) = (database.path(), &database.options);
    let refused = crate::SqliteViews::open(&path, options).err().unwrap();
    assert!(
        matches!(refused, crate::OpenError::Older { .. }),
        "{refused}"
    );
    assert!(refused.to_string().contains("landfall serve"), "{refused}");
    drop(crate::SqliteStore::open(&path, options).unwrap());
    assert!(crate::SqliteViews::open(&path, options).is_ok());
}

#[test]
fn an_old_database_keeps_everything() {
    run(async {
        let database = old();
        drop(crate::SqliteStore::open(database.path(), &database.options).unwrap());
        let harness = Harness::start_on(database, FixedClock::new(), Limits::default(), 0);
        let report = harness.audit().await;
        assert!(report.ok, "{report:#?}");
        assert_eq!(
            (report.lines, report.allocated_lines, report.late_lines),
            (10, 5, 2)
        );
        let things = histories::check(&*harness.views, 2).await;
        assert_eq!(things, 8 + 5 + 3, "orders, batches, products");
        let page = Page {
            after: None,
            limit: 10,
        };
        let late = OrderFilter {
            attention: Some(Attention::Late),
            ..OrderFilter::default()
        };
        let late = harness.views.orders(&late, &page, today()).await.unwrap();
        let ids: Vec<_> = late
            .items
            .iter()
            .map(|order| order.order_id.as_str())
            .collect();
        assert_eq!(ids, ["o-5"]);
        // What comes now is added to histories that lie elsewhere.
        harness.done(line("o-9", "CHAIR", 1)).await;
        harness.done(amend("o-2", "CHAIR", 5)).await;
        harness.done(cancel_line("o-7", "SOFA")).await;
        harness.done(set_quantity("sofa-1", 2)).await;
        harness.done(batch("chair-4", "CHAIR", 50)).await;
        harness.done(set_eta("sofa-1", None)).await;
        let report = harness.audit().await;
        assert!(report.ok, "{report:#?}");
        for limit in [1, 2, 100] {
            histories::check(&*harness.views, limit).await;
        }
        let events = harness.events().await.len();
        let repeated = with_id("key-1", line("o-8", "CHAIR", 1));
        harness.done(repeated).await;
        assert_eq!(
            harness.events().await.len(),
            events,
            "answers are remembered"
        );
    });
}

#[test]
fn what_is_available_is_counted_from_the_batches() {
    run(async {
        let database = old();
        drop(crate::SqliteStore::open(database.path(), &database.options).unwrap());
        let connection = Connection::open(database.path()).unwrap();
        let mut statement = connection
            .prepare("SELECT sku, day, units FROM available ORDER BY sku")
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        let rows: Vec<(String, Option<String>, i64)> = rows.unwrap().map(Result::unwrap).collect();
        let sofa = ("SOFA".to_owned(), Some("2026-12-15".to_owned()), 1);
        assert_eq!(rows, [("LAMP".to_owned(), None, 7), sofa]);
    });
}
