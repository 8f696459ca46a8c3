//! Files: what is opened, what is refused and left alone, and copies.

mod database;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use database::Sqlite;
use landfall_service::Request;
use landfall_service::engine::Limits;
use landfall_sqlite::{BackupError, OpenError, Options, SqliteStore, SqliteViews, backup};
use landfall_testkit::commands::{batch, hold, line, shipment};
use landfall_testkit::{Database, FixedClock, Harness, run};
use rusqlite::Connection;

type Plain = Sqlite<100>;

fn options() -> Options {
    Options::default()
}

#[test]
fn a_file_of_somebody_else_is_refused_and_untouched() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("notes.txt");
    fs::write(&text, "order_id,sku,qty\no-1,CHAIR,2\n".repeat(10)).unwrap();
    let other = directory.path().join("other.db");
    let connection = Connection::open(&other).unwrap();
    connection
        .execute_batch("CREATE TABLE heads (x); INSERT INTO heads VALUES (1);")
        .unwrap();
    drop(connection);
    for path in [text, other] {
        let before = fs::read(&path).unwrap();
        let refused = SqliteStore::open(&path, &options()).unwrap_err();
        assert!(
            matches!(refused, OpenError::NotLandfall { .. }),
            "{refused}"
        );
        assert!(refused.to_string().contains("left as it is"), "{refused}");
        assert!(SqliteStore::open_reader(&path, &options()).is_err());
        assert!(SqliteViews::open(&path, &options()).is_err());
        let target = directory.path().join("copy.db");
        assert!(backup(&path, &target, &mut |_, _| {}).is_err());
        assert!(!target.exists());
        assert_eq!(fs::read(&path).unwrap(), before);
    }
    assert_eq!(
        fs::read_dir(directory.path()).unwrap().count(),
        2,
        "and nothing lies beside them"
    );
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_what_is_made() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("landfall.db");
    let store = SqliteStore::open(&path, &options()).unwrap();
    let views = SqliteViews::open(&path, &options()).unwrap();
    backup(&path, directory.path().join("copy.db"), &mut |_, _| {}).unwrap();
    for name in [
        "landfall.db",
        "landfall.db-wal",
        "landfall.db-shm",
        "copy.db",
    ] {
        let data = directory.path().join(name).metadata().unwrap();
        assert_eq!(data.permissions().mode() & 0o777, 0o600, "{name}");
    }
    drop((store, views));
}

#[test]
fn readers_make_no_database() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("landfall.db");
    let missing = |refused: OpenError| {
        assert!(matches!(refused, OpenError::Missing { .. }), "{refused}");
        assert!(refused.to_string().contains("landfall.db"), "{refused}");
    };
    missing(SqliteViews::open(&path, &options()).err().unwrap());
    missing(SqliteStore::open_reader(&path, &options()).unwrap_err());
    assert!(!path.exists());
    let nowhere = directory.path().join("no").join("landfall.db");
    assert!(matches!(
        SqliteStore::open(nowhere, &options()),
        Err(OpenError::Sqlite { .. })
    ));
}

#[test]
fn an_empty_file_becomes_a_database() {
    let file = tempfile::NamedTempFile::new().unwrap();
    drop(SqliteStore::open(file.path(), &options()).unwrap());
    assert!(SqliteViews::open(file.path(), &options()).is_ok());
}

#[test]
fn a_newer_schema_is_refused_by_all() {
    let database = Plain::create();
    let connection = Connection::open(database.path()).unwrap();
    connection
        .execute_batch(
            "INSERT INTO refinery_schema_history SELECT 9999, 'later', applied_on, '1' \
             FROM refinery_schema_history LIMIT 1",
        )
        .unwrap();
    drop(connection);
    let refusals = [
        SqliteStore::open(database.path(), &options())
            .err()
            .unwrap(),
        SqliteStore::open_reader(database.path(), &options())
            .err()
            .unwrap(),
        SqliteViews::open(database.path(), &options())
            .err()
            .unwrap(),
    ];
    for refused in refusals {
        assert!(
            matches!(refused, OpenError::Newer { found: 9999, .. }),
            "{refused}"
        );
        assert!(
            refused.to_string().contains("use a newer Landfall"),
            "{refused}"
        );
    }
}

#[test]
fn a_database_that_is_ready_can_cease_to_be() {
    run(async {
        let database = Plain::create();
        let views = database.views();
        assert!(views.ready().await.is_ok());
        let connection = Connection::open(database.path()).unwrap();
        let newer = "UPDATE refinery_schema_history SET version = 9999 WHERE version = 1";
        connection.execute_batch(newer).unwrap();
        let why = views.ready().await.unwrap_err().to_string();
        assert!(why.contains("9999"), "{why}");
    });
}

#[test]
fn people_can_read_it() {
    run(async {
        let harness = Harness::<Plain>::start();
        let eta = landfall_testkit::today().tomorrow().unwrap();
        harness.done(shipment("s-1", Some(eta))).await;
        harness.done(batch("b-1", "CHAIR", 5).on("s-1")).await;
        harness
            .done(batch("b-2", "CHAIR", 2).location("north"))
            .await;
        harness.done(batch("b-3", "LAMP", 2)).await;
        harness.done(hold("b-3", "quality", None)).await;
        harness.done(hold("b-1", "customs", Some(eta))).await;
        harness.done(line("o-1", "CHAIR", 6).split()).await;
        harness.done(line("o-2", "CHAIR", 1)).await;
        harness.done(line("o-3", "CHAIR", 9).requested(eta)).await;
        let database = harness.stop();
        let connection = Connection::open(database.path()).unwrap();
        let rows = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            let columns = statement.column_count();
            let row = |row: &rusqlite::Row<'_>| {
                let texts: Vec<String> = (0..columns)
                    .map(|at| match row.get_unwrap::<_, rusqlite::types::Value>(at) {
                        rusqlite::types::Value::Null => "-".into(),
                        rusqlite::types::Value::Integer(int) => int.to_string(),
                        rusqlite::types::Value::Text(text) => text,
                        other => format!("{other:?}"),
                    })
                    .collect();
                Ok(texts.join(" "))
            };
            statement
                .query_map([], row)
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap()
        };
        assert_eq!(
            rows(
                "SELECT reference, sku, location, eta, shipment, hold, hold_expected_clear, received, \
                 purchased, allocated, dispatched, available FROM batch ORDER BY reference"
            ),
            [
                format!("b-1 CHAIR - {eta} s-1 customs {eta} 0 5 5 0 0"),
                "b-2 CHAIR north - - - - 0 2 2 0 0".to_owned(),
                "b-3 LAMP - - - quality - 0 2 0 0 0".to_owned(),
            ]
        );
        assert_eq!(
            rows("SELECT * FROM product ORDER BY sku"),
            ["CHAIR 6 1 0", "LAMP 2 0 0"]
        );
        assert_eq!(
            rows("SELECT reference, eta, carrier, hold, batches FROM shipment"),
            [format!("s-1 {eta} - - 1")]
        );
        assert_eq!(rows("SELECT * FROM available"), Vec::<String>::new());
        assert_eq!(
            rows("SELECT * FROM order_line ORDER BY order_id"),
            [
                format!("o-1 CHAIR CHAIR 6 allocated 0 5 earliest as_ready - {eta} {eta} 0"),
                format!("o-2 CHAIR CHAIR 1 allocated 0 5 earliest as_ready - {eta} {eta} 0"),
                format!("o-3 CHAIR CHAIR 9 backordered 0 5 earliest as_ready {eta} - - 0"),
            ]
        );
        assert_eq!(
            rows("SELECT * FROM allocation ORDER BY order_id, batch"),
            [
                format!("o-1 CHAIR CHAIR b-1 4 {eta}"),
                format!("o-1 CHAIR CHAIR b-2 2 {eta}"),
                format!("o-2 CHAIR CHAIR b-1 1 {eta}"),
            ]
        );
        assert_eq!(
            rows("SELECT * FROM backorder"),
            [format!("CHAIR o-3 CHAIR 9 5 {eta}")]
        );
        let events = rows("SELECT id, type, sku, command_id FROM event ORDER BY id");
        assert_eq!(events[0], "0-1 ShipmentCreated - ~0-1");
        let times = rows("SELECT time FROM event LIMIT 1");
        let time: jiff::Timestamp = times[0].parse().unwrap();
        assert_eq!(time, FixedClock::new().calendar(0).read().0);
    });
}

#[test]
fn a_backup_is_one_moment_of_a_database_in_use() {
    run(async {
        let harness = Harness::start_on(Plain::create(), FixedClock::new(), Limits::default(), 0);
        harness.done(batch("b", "S", 1_000_000)).await;
        // So large that it is copied in several steps.
        for hundred in 0..100 {
            let lines =
                (0..100).map(|order| Request::from(line(&format!("o{hundred}-{order}"), "S", 1)));
            let answers = harness.bus.handle_all(lines.collect()).await;
            assert!(answers.iter().all(Result::is_ok));
        }
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path().join("copy.db");
        let done = AtomicBool::new(false);
        let database = harness.stop();
        let mut reports = Vec::new();
        let (path, options) = (database.path(), database.options.clone());
        std::thread::scope(|scope| {
            let writing = scope.spawn(|| {
                // Another connection writes as fast as it can while the copy is made.
                let connection = Connection::open(&path).unwrap();
                connection.busy_timeout(options.busy_timeout).unwrap();
                let mut written = 0;
                while !done.load(Ordering::Relaxed) && written < 5_000 {
                    let sql = "INSERT INTO answers (id, command, answer, time) \
                               VALUES (hex(randomblob(16)), '', '', 0)";
                    written += connection.execute(sql, []).unwrap();
                }
                written
            });
            backup(&path, &to, &mut |done, total| reports.push((done, total))).unwrap();
            done.store(true, Ordering::Relaxed);
            assert!(writing.join().unwrap() > 0);
        });
        assert!(reports.len() > 1, "{reports:?}");
        assert!(reports.is_sorted(), "{reports:?}");
        assert!(
            reports.iter().all(|(_, total)| *total == reports[0].1),
            "{reports:?}"
        );
        assert_eq!(
            reports.last().map(|(done, total)| done == total),
            Some(true)
        );
        let copy = Connection::open(&to).unwrap();
        let check: String = copy
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
        let lines: i64 = copy
            .query_row("SELECT count(*) FROM lines", [], |row| row.get(0))
            .unwrap();
        assert_eq!(lines, 10_000);
        drop(copy);
        drop(SqliteStore::open(&to, &options).unwrap());
        let again = backup(&path, &to, &mut |_, _| {}).unwrap_err();
        assert!(matches!(again, BackupError::Exists(_)), "{again}");
        let names = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        assert_eq!(
            names.collect::<Vec<_>>(),
            ["copy.db"],
            "nothing is left beside it"
        );
    });
}
