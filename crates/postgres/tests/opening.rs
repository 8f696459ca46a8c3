//! How a database is made, migrated, found, and not found.

use std::time::Duration;

use landfall_postgres::{OpenError, Options, PgDatabase};
use landfall_service::views::{ViewError, Views as _};
use landfall_testkit::run;
use landfall_testkit::servers::{needed, postgres};

fn options(partitions: u16) -> Options {
    Options {
        partitions,
        ..Options::default()
    }
}

#[test]
fn several_replicas_may_make_it_at_once() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let url = &server.url();
        let open = |partitions| PgDatabase::open(url, options(partitions));
        let opened = tokio::join!(open(4), open(8), open(16), open(2));
        let of = |opened: Result<PgDatabase, OpenError>| opened.unwrap().partitions();
        let made = [of(opened.0), of(opened.1), of(opened.2), of(opened.3)];
        assert!(
            made.iter().all(|partitions| *partitions == made[0]),
            "all agree: {made:?}"
        );
        // Later it has as many as when it was made, whatever is asked for.
        let later = PgDatabase::open(&server.url(), options(32)).await.unwrap();
        assert_eq!(later.partitions(), made[0]);
        assert!(
            PgDatabase::open_existing(&server.url(), options(1))
                .await
                .is_ok()
        );
    });
}

#[test]
fn one_that_is_not_ready_is_told_apart() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let url = server.url();
        let empty = PgDatabase::open_existing(&url, options(1)).await;
        assert!(
            matches!(empty, Err(OpenError::Older { found: 0, .. })),
            "{empty:?}"
        );
        PgDatabase::open(&url, options(1)).await.unwrap();
        execute(
            &url,
            "UPDATE refinery_schema_history SET version = version + 1000; \
             UPDATE meta SET value = '1000' WHERE key = 'oldest'",
        )
        .await;
        for opened in [
            PgDatabase::open(&url, options(1)).await,
            PgDatabase::open_existing(&url, options(1)).await,
        ] {
            assert!(matches!(opened, Err(OpenError::Newer { .. })), "{opened:?}");
        }
        execute(
            &url,
            "UPDATE refinery_schema_history SET version = version - 1000",
        )
        .await;
        execute(&url, "DELETE FROM meta").await;
        let damaged = PgDatabase::open_existing(&url, options(1)).await;
        assert!(
            matches!(damaged, Err(OpenError::Damaged { .. })),
            "{damaged:?}"
        );
    });
}

/// What a later version does that only adds: a step more, and a column more in every table.
const ONE_STEP: &str = "
    INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
        SELECT max(version) + 1, 'step', '', '' FROM refinery_schema_history;
    DO $$ DECLARE t text; BEGIN
        FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'refinery_schema_history'
        LOOP EXECUTE format('ALTER TABLE %I ADD COLUMN extra integer DEFAULT 7', t); END LOOP; END $$";
/// What it does before it takes something away.
const NO_WAY_BACK: &str = "UPDATE meta SET value =
    (SELECT max(version) FROM refinery_schema_history)::text WHERE key = 'oldest'";

#[test]
fn a_later_version_may_add_beside_this_one_and_say_when_that_is_over() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let url = server.url();
        let running = PgDatabase::open(&url, options(4)).await.unwrap();
        execute(&url, ONE_STEP).await;
        // One that runs goes on, and others start beside it.
        running.views().ready().await.unwrap();
        PgDatabase::open(&url, options(4)).await.unwrap();
        PgDatabase::open_existing(&url, options(4)).await.unwrap();
        execute(&url, NO_WAY_BACK).await;
        let unready = running.views().ready().await;
        assert!(
            matches!(unready, Err(ViewError::Unavailable(_))),
            "{unready:?}"
        );
        for opened in [
            PgDatabase::open(&url, options(4)).await,
            PgDatabase::open_existing(&url, options(4)).await,
        ] {
            assert!(matches!(opened, Err(OpenError::Newer { .. })), "{opened:?}");
        }
    });
}

#[test]
fn a_password_is_in_no_message() {
    run(async {
        let options = Options {
            connect_timeout: Duration::from_millis(500),
            ..options(1)
        };
        // Nobody listens there.
        let url = "postgres://shop:hush-hush@127.0.0.1:1/stock";
        let away = PgDatabase::open(url, options.clone()).await.unwrap_err();
        let words = format!("{away} {away:?}");
        assert!(words.contains("postgres://127.0.0.1:1/stock"), "{words}");
        assert!(!words.contains("hush-hush"), "{words}");
        let wrong = PgDatabase::open("postgres://shop:hush-hush@host:port/x", options).await;
        let words = format!("{:?}", wrong.unwrap_err());
        assert!(
            words.contains("Url") && !words.contains("hush-hush"),
            "{words}"
        );
    });
}

async fn execute(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
        .await
        .expect("a connection");
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.expect(sql);
    drop(client);
    driver.abort();
}

#[test]
fn one_that_not_all_names_fit_into_is_refused_before_anything_is_made() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let url = server.url();
        let name = format!("{}_latin", server.name());
        let make =
            format!("CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
        execute(&url, &make).await;
        let latin = url.replace(server.name(), &name);
        let opened = PgDatabase::open(&latin, options(1)).await;
        assert!(
            matches!(&opened, Err(OpenError::Encoding { encoding, .. }) if encoding == "LATIN1"),
            "{opened:?}"
        );
        let tables = postgres::rows(
            &latin,
            "SELECT relname FROM pg_class WHERE relname LIKE 'refinery%'",
        );
        assert!(tables.is_empty(), "{tables:?}");
        execute(&url, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    });
}
