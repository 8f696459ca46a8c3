//! A database that goes away at the worst moment: while it commits, and between two units of work.

use std::time::Duration;

use crate::changes::{lines, new_line, products, sku_in};
use crate::database::{commit_ids, options};
use crate::proxy::{Cut, Proxy};
use landfall_domain::Sku;
use landfall_postgres::{Options, PgDatabase, PgStore};
use landfall_service::store::{Changes, Head, Store, StoreError, partition_of};
use landfall_testkit::commands::{key, name};
use landfall_testkit::run;
use landfall_testkit::servers::postgres::rows;
use landfall_testkit::servers::{PostgresServer, needed};

/// A database behind a proxy, and a store that goes through it.
async fn behind_a_proxy(server: &PostgresServer, resolve: Duration) -> (Proxy, PgDatabase) {
    let proxy = Proxy::before(server.port()).await;
    let options = Options {
        resolve_timeout: resolve,
        ..options(16)
    };
    let url = proxy.url(&server.url(), server.port());
    let database = PgDatabase::open(&url, options).await.unwrap();
    (proxy, database)
}

#[test]
fn a_lost_answer_to_commit_is_looked_up() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let (proxy, database) = behind_a_proxy(&server, Duration::from_secs(30)).await;
        let mut store = database.store(commit_ids());
        let sku = sku_in(6);
        for (cut, order) in [(Cut::After, "after"), (Cut::Before, "before")] {
            let sku = if cut == Cut::After {
                sku.clone()
            } else {
                sku_in(7)
            };
            let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
            let changes = new_line(&loaded.heads, &sku, key(order, "l"));
            proxy.cut(cut);
            let result = store.commit(&changes).await;
            match cut {
                Cut::After => assert!(result.is_ok(), "it happened: {result:?}"),
                _ => assert!(
                    matches!(result, Err(StoreError::Conflict)),
                    "it did not happen: {result:?}"
                ),
            }
            let seen = store.begin(&lines(&[key(order, "l")])).await.unwrap();
            assert_eq!(seen.lines.len(), usize::from(cut == Cut::After));
            store.roll_back().await.unwrap();
            store.begin(&products(&[sku])).await.unwrap();
            store.roll_back().await.unwrap();
            let apart = sku_in(if cut == Cut::After { 8 } else { 9 });
            let loaded = store.begin(&products(&[apart.clone()])).await.unwrap();
            let more = new_line(&loaded.heads, &apart, key(&format!("{order}-more"), "l"));
            store.commit(&more).await.unwrap();
            assert!(store.is_alone(), "it found what it had left itself");
        }
    });
}

#[test]
fn a_lost_commit_is_told_from_the_commits_that_followed() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let (proxy, database) = behind_a_proxy(&server, Duration::from_secs(30)).await;
        let direct = PgDatabase::open_existing(&server.url(), options(16))
            .await
            .unwrap();
        let (mut store, mut other) = (database.store(commit_ids()), direct.store(commit_ids()));
        let sku = sku_in(6);
        // Others wait for the partition, and have it before the writer is back.
        let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
        let line = new_line(&loaded.heads, &sku, key("o-1", "l"));
        let waiting = tokio::spawn(async move {
            for partition in 0..3 {
                let loaded = other.begin(&products(&[sku_in(6)])).await?;
                let mut head = loaded.heads[0];
                head.version += 1;
                let changes = Changes {
                    heads: vec![(loaded.heads[0], head)],
                    remembered: vec![landfall_service::store::Remembered {
                        id: name(&format!("id-{partition}")),
                        command: String::new(),
                        answer: String::new(),
                        time: jiff::Timestamp::UNIX_EPOCH,
                    }],
                    ..Changes::default()
                };
                other.commit(&changes).await?;
            }
            Ok::<_, StoreError>(())
        });
        proxy.cut(Cut::After);
        store.commit(&line).await.expect("it happened");
        waiting.await.unwrap().unwrap();
    });
}

#[test]
fn a_commit_that_many_followed_is_not_taken_for_lost() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let (proxy, database) = behind_a_proxy(&server, Duration::from_mins(1)).await;
        let mut store = database.store(commit_ids());
        let sku = sku_in(6);
        let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
        let line = new_line(&loaded.heads, &sku, key("o-1", "l"));
        proxy.cut(Cut::ForGood);
        let commit = tokio::spawn(async move { store.commit(&line).await });
        let noted = "SELECT count(*) FROM commits WHERE partition = 6";
        while rows(&server.url(), noted) == [["0"]] {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // As if the place had been used once more.
        rows(&server.url(), "UPDATE commits SET version = version + 1024");
        proxy.cut(Cut::Open);
        let unknown = commit.await.unwrap();
        assert!(
            matches!(unknown, Err(StoreError::OutcomeUnknown(_))),
            "{unknown:?}"
        );
    });
}

#[test]
fn an_outcome_stays_unknown_while_the_database_is_away() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let (proxy, database) = behind_a_proxy(&server, Duration::from_millis(300)).await;
        let mut store = database.store(commit_ids());
        let sku = sku_in(6);
        let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
        let line = new_line(&loaded.heads, &sku, key("o-1", "l"));
        proxy.cut(Cut::ForGood);
        let unknown = store.commit(&line).await;
        assert!(
            matches!(unknown, Err(StoreError::OutcomeUnknown(_))),
            "{unknown:?}"
        );
        let away = store.begin(&products(&[sku.clone()])).await;
        assert!(matches!(away, Err(StoreError::Unavailable(_))), "{away:?}");
        proxy.cut(Cut::Open);
        let back = store.begin(&lines(&[key("o-1", "l")])).await.unwrap();
        assert_eq!(back.lines.len(), 1, "it had happened");
    });
}

#[test]
fn a_database_that_was_started_anew_is_found_again() {
    let Some(mut server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let database = PgDatabase::open(&server.url(), options(4)).await.unwrap();
        let mut store = database.store(commit_ids());
        make_on(&mut store, "o-1").await;
        server.restart();
        // The old connection is dead, and nobody is told.
        make_on(&mut store, "o-2").await;
        // While one is open, it is lost, and said so.
        store.begin(&products(&[name("SOFA")])).await.unwrap();
        server.restart();
        let lost = store.load(&products(&[name("CHAIR")])).await;
        assert!(
            matches!(lost, Err(StoreError::Unavailable(_) | StoreError::Conflict)),
            "{lost:?}"
        );
        make_on(&mut store, "o-3").await;
    });
}

/// Makes a line of a product of its own, in a database of 4 partitions.
async fn make_on(store: &mut PgStore, order: &str) {
    let sku: Sku = name(order);
    let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
    let head = loaded.heads[0];
    let mut changes = new_line(
        &[Head {
            partition: partition_of(sku.as_str(), 16),
            ..head
        }],
        &sku,
        key(order, "l"),
    );
    let after = Head {
        partition: head.partition,
        ..changes.heads[0].1
    };
    changes.heads = vec![(head, after)];
    store.commit(&changes).await.unwrap();
}
