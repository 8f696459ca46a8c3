//! Several writers on one database.

use std::time::Duration;

use crate::changes::{lines, new_line, products, sku_in};
use crate::database::{Pg, commit_ids, options};
use landfall_domain::{Batch, LineKey, Sku, Supply};
use landfall_postgres::{Options, PgDatabase, PgStore};
use landfall_service::keys::Keys;
use landfall_service::store::{AvailabilityChange, Loaded, Store, StoreError};
use landfall_testkit::commands::{key, name};
use landfall_testkit::database::is_missing;
use landfall_testkit::servers::{PostgresServer, needed};
use landfall_testkit::{Database, run};

/// Makes a product with a line, in a unit of work of its own.
async fn make(store: &mut PgStore, sku: &Sku, line: LineKey) -> Result<(), StoreError> {
    let loaded = store.begin(&products(&[sku.clone()])).await?;
    store.commit(&new_line(&loaded.heads, sku, line)).await
}

fn partitions_of(loaded: &Loaded) -> Vec<u16> {
    loaded.heads.iter().map(|head| head.partition).collect()
}

#[test]
fn a_writer_waits_for_the_partition_and_sees_what_was_written() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let (mut first, mut second) = (pg.store(), pg.store());
        let sku = sku_in(3);
        let loaded = first.begin(&products(&[sku.clone()])).await.unwrap();
        let waits = tokio::spawn({
            let keys = products(&[sku.clone()]);
            async move { second.begin(&keys).await.map(|loaded| (second, loaded)) }
        });
        // Partitions that others do not hold are free.
        let mut third = pg.store();
        make(&mut third, &sku_in(4), key("o-4", "l")).await.unwrap();
        assert!(!waits.is_finished());
        let changes = new_line(&loaded.heads, &sku, key("o-3", "l"));
        first.commit(&changes).await.unwrap();
        let (mut second, loaded) = waits.await.unwrap().unwrap();
        assert_eq!(loaded.heads, [changes.heads[0].1]);
        assert_eq!(loaded.products[0].counters().backordered, 1);
        second.roll_back().await.unwrap();
    });
}

#[test]
fn a_lower_partition_is_not_waited_for_and_comes_first_the_next_time() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let (mut first, mut second) = (pg.store(), pg.store());
        let (low, high) = (sku_in(2), sku_in(9));
        first.begin(&products(&[low.clone()])).await.unwrap();
        second.begin(&products(&[high.clone()])).await.unwrap();
        let refused = second.load(&products(&[low.clone()])).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
        first.roll_back().await.unwrap();
        let again = second.begin(&products(&[high.clone()])).await.unwrap();
        assert_eq!(partitions_of(&again), [2, 9]);
        let more = second.load(&products(&[low])).await.unwrap();
        assert_eq!(partitions_of(&more), [2, 9]);
        second.roll_back().await.unwrap();
        // It is remembered once.
        let again = second.begin(&products(&[high])).await.unwrap();
        assert_eq!(partitions_of(&again), [9]);
        second.roll_back().await.unwrap();
    });
}

#[test]
fn a_free_partition_is_taken_whichever_it_is() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let mut store = pg.store();
        store.begin(&products(&[sku_in(9)])).await.unwrap();
        let loaded = store.load(&products(&[sku_in(2), sku_in(12)])).await;
        assert_eq!(partitions_of(&loaded.unwrap()), [2, 9, 12]);
        store.roll_back().await.unwrap();
    });
}

#[test]
fn the_partition_of_a_line_is_found_and_locked() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let (mut first, mut second) = (pg.store(), pg.store());
        let (of_7, of_11) = (key("o-7", "l"), key("o-11", "l"));
        make(&mut first, &sku_in(7), of_7.clone()).await.unwrap();
        make(&mut first, &sku_in(11), of_11.clone()).await.unwrap();
        let keys = lines(&[of_11.clone(), of_7, key("o-none", "l")]);
        let loaded = first.begin(&keys).await.unwrap();
        assert_eq!(partitions_of(&loaded), [7, 11]);
        assert_eq!((loaded.lines.len(), loaded.products.len()), (2, 2));
        // They are held: what comes after is free, what comes before is not waited for.
        second.begin(&products(&[sku_in(12)])).await.unwrap();
        let refused = second.load(&lines(&[of_11])).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
        first.roll_back().await.unwrap();
    });
}

#[test]
fn who_makes_a_line_first_has_it() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let (mut first, mut second) = (pg.store(), pg.store());
        let line = key("o-1", "l");
        let keys = |sku: &Sku| Keys {
            lines: vec![line.clone()],
            ..products(&[sku.clone()])
        };
        let (one, other) = (sku_in(1), sku_in(2));
        let seen = first.begin(&keys(&one)).await.unwrap();
        let late = second.begin(&keys(&other)).await.unwrap();
        assert!(seen.lines.is_empty() && late.lines.is_empty());
        let changes = new_line(&seen.heads, &one, line.clone());
        first.commit(&changes).await.unwrap();
        // Another product's partition was held: the name was taken meanwhile, and to run again shows that.
        let refused = second
            .commit(&new_line(&late.heads, &other, line.clone()))
            .await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
        let seen = second.begin(&keys(&other)).await.unwrap();
        assert_eq!(seen.lines.len(), 1);
        // Now it is known to be there, so that to make it again makes no sense.
        let refused = second.commit(&new_line(&seen.heads, &other, line)).await;
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
    });
}

#[test]
fn a_silent_writer_is_cut_off_and_its_commit_is_a_conflict() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    run(async {
        let url = server.url();
        let options = Options {
            idle_timeout: Duration::from_millis(200),
            ..options(16)
        };
        let database = PgDatabase::open(&url, options).await.unwrap();
        let (mut silent, mut other) = (database.store(commit_ids()), database.store(commit_ids()));
        let sku = sku_in(5);
        let loaded = silent.begin(&products(&[sku.clone()])).await.unwrap();
        // It waits until the silent one is cut off.
        make(&mut other, &sku, key("o-1", "l")).await.unwrap();
        let late = new_line(&loaded.heads, &sku, key("o-2", "l"));
        let refused = silent.commit(&late).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
        let seen = silent
            .begin(&lines(&[key("o-1", "l"), key("o-2", "l")]))
            .await;
        assert_eq!(seen.unwrap().lines.len(), 1);
        // So is one that is silent before it loads more.
        let mut other = database.store(commit_ids());
        other.roll_back().await.unwrap();
        silent.roll_back().await.unwrap();
        silent.begin(&products(&[sku.clone()])).await.unwrap();
        other.begin(&products(&[sku.clone()])).await.unwrap();
        other.roll_back().await.unwrap();
        let refused = silent.load(&products(&[sku])).await;
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    });
}

#[test]
fn what_cannot_be_stored_is_refused() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let mut store = pg.store();
        let sku = sku_in(1);
        let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
        let mut changes = new_line(&loaded.heads, &sku, key("o-1", "l"));
        let mut batch = Batch::new(100, name("b"), sku.clone(), 5, None);
        batch.reference = name("b");
        changes.products[0].availability = vec![AvailabilityChange {
            supply: Supply::Now,
            before: 0,
            after: 5,
        }];
        changes.products[0].new_batches = vec![batch.clone(), batch];
        let refused = store.commit(&changes).await;
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
        make(&mut store, &sku, key("o-1", "l"))
            .await
            .expect("the store goes on");
    });
}

#[test]
fn a_product_that_is_not_as_it_was_stops_the_commit() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let mut pg = Pg::<16>::create();
        let mut store = pg.store();
        let sku = sku_in(1);
        make(&mut store, &sku, key("o-1", "l")).await.unwrap();
        let loaded = store.begin(&products(&[sku.clone()])).await.unwrap();
        let mut changes = new_line(&loaded.heads, &sku, key("o-2", "l"));
        let product = &mut changes.products[0];
        (product.number, product.created) = (loaded.products[0].number, false);
        (product.before.version, product.after.version) = (7, 8);
        let stopped = store.commit(&changes).await;
        assert!(matches!(stopped, Err(StoreError::Conflict)), "{stopped:?}");
        let seen = store.begin(&lines(&[key("o-2", "l")])).await.unwrap();
        assert!(seen.lines.is_empty(), "nothing of it is written");
        store.roll_back().await.unwrap();
    });
}
