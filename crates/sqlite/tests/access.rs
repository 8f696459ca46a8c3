//! API keys in a file: the port's promises, and keys beside a service that writes.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use landfall_service::access::AccessKeys;
use landfall_sqlite::{OpenError, Options, SqliteKeys, SqliteStore, WriterLock};

fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("landfall.db");
    (directory, path)
}

#[tokio::test]
async fn it_keeps_the_promises_of_the_port() {
    let (_directory, path) = place();
    let open = || SqliteKeys::open_or_make(&path, &Options::default()).unwrap();
    // Each on connections of its own, as in two processes.
    landfall_testkit::access::keys_are_kept(&open(), &open()).await;
}

#[tokio::test]
async fn its_store_tells_the_version_of_the_keys() {
    let (_directory, path) = place();
    let options = Options::default();
    let mut store = SqliteStore::open(&path, &options).unwrap();
    let keys = SqliteKeys::open(&path, &options).unwrap();
    landfall_testkit::access::a_store_tells_the_version(&mut store, &keys).await;
}

#[tokio::test]
async fn keys_are_changed_beside_a_service_that_has_the_file() {
    let (_directory, path) = place();
    let options = Options::default();
    let missing = SqliteKeys::open(&path, &options).map(drop);
    assert!(matches!(missing, Err(OpenError::Missing { .. })));

    let lock = WriterLock::acquire(&path).unwrap();
    // There is nothing yet, and whoever has the lock is about to make it.
    let early = SqliteKeys::open_or_make(&path, &options).map(drop);
    assert!(matches!(early, Err(OpenError::Locked { .. })), "{early:?}");
    let store = SqliteStore::open(&path, &options).unwrap();
    let service = SqliteKeys::open(&path, &options).unwrap();
    let other = SqliteKeys::open_or_make(&path, &options).unwrap();
    landfall_testkit::access::keys_are_kept(&other, &service).await;
    drop((store, lock));
}

#[tokio::test]
async fn a_file_of_somebody_else_is_left_alone() {
    let (_directory, path) = place();
    std::fs::write(&path, "not a database").unwrap();
    let refused = SqliteKeys::open_or_make(&path, &Options::default()).map(drop);
    assert!(matches!(refused, Err(OpenError::NotLandfall { .. })));
    assert_eq!(std::fs::read(&path).unwrap(), b"not a database");
}

/// A damaged or vanished database lets nobody in.
#[tokio::test]
async fn what_cannot_be_read_is_an_error() {
    let (_directory, path) = place();
    let keys = SqliteKeys::open_or_make(&path, &Options::default()).unwrap();
    assert_eq!(keys.version().await, Ok(0));
    let raw = rusqlite::Connection::open(&path).unwrap();
    raw.execute_batch("DROP TABLE access_version").unwrap();
    assert!(keys.version().await.is_err());
    assert!(keys.keys().await.is_err());
}
