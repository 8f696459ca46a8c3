//! What the database takes back it is asked for again: serialization failures, deadlocks, locks that did not come.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::database::{Pg, commit_ids, options};
use landfall_postgres::{Options, PgDatabase};
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Store, StoreError};
use landfall_service::{Answer, Failure};
use landfall_testkit::commands::{batch, line, name};
use landfall_testkit::database::is_missing;
use landfall_testkit::servers::postgres::{Options as ServerOptions, rows};
use landfall_testkit::servers::{PostgresServer, needed};
use landfall_testkit::state::state;
use landfall_testkit::{Database, Harness, run};

/// From now on the database refuses so many commits with this code, before it lets one through. (A sequence does not
/// go back with the transaction.)
fn refuse(url: &str, code: &str, commits: u32) {
    let sql = format!(
        "DROP SEQUENCE IF EXISTS refused CASCADE; CREATE SEQUENCE refused; \
         CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('refused') <= {commits} THEN \
                 RAISE EXCEPTION 'not now' USING ERRCODE = '{code}'; \
             END IF; \
             RETURN NEW; END $$; \
         CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON heads FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
    );
    rows(url, &sql);
}

#[test]
fn what_is_to_be_tried_again_is_tried_again() {
    if is_missing::<Pg<16>>() {
        return;
    }
    let pg = Pg::<16>::create();
    let url = pg.server.url();
    run(async {
        let harness = Harness::start_on(
            pg,
            landfall_testkit::FixedClock::new(),
            landfall_service::engine::Limits::default(),
            0,
        );
        harness.done(batch("b-1", "SOFA", 100)).await;
        for (number, code) in ["40001", "40P01", "55P03"].iter().enumerate() {
            refuse(&url, code, 3);
            let stats = harness.stats();
            // Conflicts are the first of the reasons.
            let failed = stats.failed[0].load(Ordering::Relaxed);
            let order = format!("o-{number}");
            harness.done(line(&order, "SOFA", 1)).await;
            let more = stats.failed[0].load(Ordering::Relaxed) - failed;
            assert_eq!(more, 3, "{code}");
        }
        let lines = state(&*harness.views).await.lines;
        assert_eq!(lines.len(), 3, "each once");
        // Not for ever.
        refuse(&url, "40001", 1_000_000);
        let answer = harness.handle(line("o-never", "SOFA", 1)).await;
        assert!(
            matches!(
                answer,
                Err(Failure::Unavailable {
                    outcome_unknown: false,
                    ..
                })
            ),
            "{answer:?}"
        );
        // What is no conflict is not tried again.
        refuse(&url, "53100", 1);
        let full: Answer = harness.handle(line("o-full", "SOFA", 1)).await;
        assert!(
            matches!(
                full,
                Err(Failure::Unavailable {
                    outcome_unknown: false,
                    ..
                })
            ),
            "{full:?}"
        );
        harness.done(line("o-full", "SOFA", 1)).await;
        assert_eq!(state(&*harness.views).await.lines.len(), 4);
    });
}

#[test]
fn a_deadlock_with_somebody_else_is_a_conflict() {
    let options = ServerOptions {
        settings: vec!["deadlock_timeout=1s".into()],
        ..ServerOptions::default()
    };
    let Some(server) = needed(PostgresServer::start_with(&options)) else {
        return;
    };
    run(async {
        let options = Options {
            lock_timeout: Duration::from_mins(1),
            ..crate::database::options(1)
        };
        let database = PgDatabase::open(&server.url(), options).await.unwrap();
        let mut store = database.store(commit_ids());
        let url = server.url();
        let (other, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        // Somebody locks, by hand, what is only to be locked after the head. It looks for deadlocks later than we do.
        other
            .batch_execute(
                "SET deadlock_timeout = '10min'; \
                 INSERT INTO commits (partition, slot, version, id) VALUES (0, 1, 0, gen_random_uuid()); \
                 BEGIN; SELECT * FROM commits WHERE slot = 1 FOR UPDATE",
            )
            .await
            .unwrap();
        let keys = Keys {
            products: vec![name("SOFA")],
            ..Keys::default()
        };
        let loaded = store.begin(&keys).await.unwrap();
        let mut after = loaded.heads[0];
        after.version += 1;
        let changes = Changes {
            heads: vec![(loaded.heads[0], after)],
            ..Changes::default()
        };
        let commit = tokio::spawn(async move { store.commit(&changes).await });
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
        while rows(&url, waits) == [["0"]] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let locked = other
            .batch_execute("SELECT * FROM heads FOR UPDATE; COMMIT")
            .await;
        locked.expect("the deadlock is ours to give way in");
        let refused = commit.await.unwrap();
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    });
}

#[test]
fn a_database_that_hangs_is_given_up_and_found_again() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let options = Options {
            connect_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(2),
            resolve_timeout: Duration::from_secs(2),
            ..options(1)
        };
        let database = PgDatabase::open(&server.url(), options).await.unwrap();
        let mut store = database.store(commit_ids());
        let keys = Keys {
            products: vec![name("SOFA")],
            ..Keys::default()
        };
        let loaded = store.begin(&keys).await.unwrap();
        server.pause();
        let mut after = loaded.heads[0];
        after.version += 1;
        let changes = Changes {
            heads: vec![(loaded.heads[0], after)],
            ..Changes::default()
        };
        let unknown = store.commit(&changes).await;
        assert!(
            matches!(unknown, Err(StoreError::OutcomeUnknown(_))),
            "{unknown:?}"
        );
        let away = store.begin(&keys).await;
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
        server.resume();
        let back = loop {
            match store.begin(&keys).await {
                Ok(loaded) => break loaded,
                // The server may still be at work on what it was told before.
                Err(StoreError::Conflict | StoreError::Unavailable(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(back.heads, [after], "it had been told to commit, and did");
        store.roll_back().await.unwrap();
    });
}
