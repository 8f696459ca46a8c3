//! API keys in PostgreSQL: the port's promises, and a connection that was lost.

mod database;

use database::Pg;
use landfall_service::access::AccessKeys;
use landfall_testkit::Database;
use landfall_testkit::database::is_missing;

#[test]
fn it_keeps_the_promises_of_the_port() {
    if is_missing::<Pg<1>>() {
        return;
    }
    let pg = Pg::<1>::create();
    landfall_testkit::run(async {
        // Each on connections of its own, as in two replicas.
        let (writer, reader) = (pg.database.keys(), pg.database.keys());
        landfall_testkit::access::keys_are_kept(&writer, &reader).await;
    });
}

#[test]
fn its_store_tells_the_version_of_the_keys() {
    if is_missing::<Pg<16>>() {
        return;
    }
    let mut pg = Pg::<16>::create();
    landfall_testkit::run(async {
        let (mut store, keys) = (pg.store(), pg.database.keys());
        landfall_testkit::access::a_store_tells_the_version(&mut store, &keys).await;
    });
}

#[test]
fn a_connection_that_was_lost_is_replaced() {
    if is_missing::<Pg<1>>() {
        return;
    }
    let pg = Pg::<1>::create();
    landfall_testkit::run(async {
        let keys = pg.database.keys();
        assert_eq!(keys.version().await, Ok(0));
        let (client, connection) = tokio_postgres::connect(&pg.server.url(), tokio_postgres::NoTls)
            .await
            .expect("a connection");
        let driver = tokio::spawn(connection);
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let ended = client.query(others, &[]).await.expect("it may");
        assert!(!ended.is_empty());
        assert_eq!(keys.version().await, Ok(0));
        drop(client);
        driver.abort();
    });
}
