//! What happens when the disk is full, or the connection is lost in the midst of something.

use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Store, StoreError};
use landfall_testkit::commands::{batch, line};
use landfall_testkit::{Database, Harness, run};

use super::*;
use crate::database::Sqlite;

type Plain = Sqlite<100>;

/// The changes of a commit that writes an answer of this size.
fn an_answer(head: Head, id: &str, bytes: usize) -> Changes {
    let answer = landfall_service::store::Remembered {
        id: id.parse().unwrap(),
        command: "x".repeat(bytes),
        answer: String::new(),
        time: Timestamp::UNIX_EPOCH,
    };
    let after = Head {
        version: head.version + 1,
        ..head
    };
    Changes {
        heads: vec![(head, after)],
        remembered: vec![answer],
        ..Changes::default()
    }
}

async fn write(store: &mut SqliteStore, id: &str, bytes: usize) -> Result<(), StoreError> {
    let head = store.begin(&Keys::default()).await?.heads[0];
    store.commit(&an_answer(head, id, bytes)).await
}

/// Lets the file grow by so many pages only.
fn leave_room(store: &SqliteStore, pages: i64) {
    let connection = store.connection.as_ref().unwrap();
    let count: i64 = connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    let limit = format!("PRAGMA max_page_count = {}", count + pages);
    connection.query_row(&limit, [], |_| Ok(())).unwrap();
}

#[test]
fn a_full_disk_stops_writes_and_loses_nothing() {
    run(async {
        let mut database = Plain::create();
        let mut store = database.store();
        write(&mut store, "before", 10).await.unwrap();
        leave_room(&store, 2);
        let full = write(&mut store, "large", 100_000).await.unwrap_err();
        assert!(matches!(full, StoreError::Unavailable(_)), "{full:?}");
        let full = write(&mut store, "large", 100_000).await.unwrap_err();
        assert!(matches!(full, StoreError::Unavailable(_)), "{full:?}");
        // What fits is still written, and when there is room again, all is.
        write(&mut store, "small", 10).await.unwrap();
        leave_room(&store, 1_000);
        write(&mut store, "large", 100_000).await.unwrap();
        let ids = ["before", "large", "small"].map(|id| id.parse().unwrap());
        let keys = Keys {
            command_ids: ids.to_vec(),
            ..Keys::default()
        };
        let loaded = store.begin(&keys).await.unwrap();
        assert_eq!(loaded.remembered.len(), 3);
        assert_eq!(loaded.heads[0].version, 3, "failed commits leave no trace");
    });
}

#[test]
fn a_lost_connection_is_replaced_and_the_index_is_known_again() {
    run(async {
        let harness = Harness::<Plain>::start();
        harness.done(batch("b", "S", 100)).await;
        for order in 0..10 {
            harness.done(line(&format!("o{order}"), "S", 1)).await;
        }
        let mut database = harness.stop();
        let mut store = database.store();
        store.begin(&Keys::default()).await.unwrap();
        let lost = store.fail(Fault::Corrupt("as if".into()), false);
        assert!(matches!(lost, StoreError::Corrupt(_)));
        assert!(store.connection.is_none());
        assert!(
            store.load(&Keys::default()).await.is_err(),
            "the unit of work is over"
        );
        let keys = Keys {
            batches: vec!["b".parse().unwrap()],
            ..Keys::default()
        };
        let loaded = store.begin(&keys).await.unwrap();
        let range = landfall_service::keys::AllocatedRange {
            sku: "S".parse().unwrap(),
            batch: "b".parse().unwrap(),
            batch_number: loaded.batches[0].number,
            later_than: None,
            after: None,
            limit: 100,
        };
        let keys = Keys {
            allocated: vec![range],
            ..Keys::default()
        };
        let loaded = store.load(&keys).await.unwrap();
        assert_eq!(loaded.allocated[0].lines.len(), 10);
    });
}

#[test]
fn an_error_of_the_disk_in_commit_leaves_the_outcome_open() {
    let error = || {
        let failure = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
        Fault::from(rusqlite::Error::SqliteFailure(failure, None))
    };
    assert!(error().spoils_connection());
    assert!(matches!(
        error().into_store_error(true),
        StoreError::OutcomeUnknown(_)
    ));
    assert!(matches!(
        error().into_store_error(false),
        StoreError::Unavailable(_)
    ));
}

#[test]
fn a_unit_of_work_that_is_begun_anew_forgets_the_last() {
    run(async {
        let mut database = Plain::create();
        let mut store = database.store();
        store.begin(&Keys::default()).await.unwrap();
        write(&mut store, "a", 1).await.unwrap();
        assert!(
            store.commit(&Changes::default()).await.is_err(),
            "none is open"
        );
    });
}
