//! The lock of a connection: with it nobody else takes himself for the last one, and removes the log when he leaves.
#![cfg(target_os = "linux")]

mod database;

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use database::Sqlite;
use landfall_sqlite::{Options, SqliteKeys, SqliteStore, SqliteViews};
use landfall_testkit::commands::batch;
use landfall_testkit::{Harness, run};

/// Whether this process has a lock on the file. (The kernel's list has for each its process and DEVICE:INODE.)
fn is_locked(path: &Path) -> bool {
    let (process, inode) = (std::process::id(), path.metadata().expect("a file").ino());
    let locks = std::fs::read_to_string("/proc/locks").expect("the list");
    locks.lines().any(|lock| {
        let mut words = lock.split_whitespace().skip(4);
        words.next() == Some(&process.to_string())
            && words.next().and_then(|word| word.rsplit(':').next()) == Some(&inode.to_string())
    })
}

#[test]
fn it_is_held_as_long_as_the_engine_runs() {
    run(async {
        let harness = Harness::<Sqlite<100>>::start();
        harness.done(batch("b-1", "CHAIR", 5)).await;
        let (path, options) = (harness.database().path(), Options::default());
        assert!(is_locked(&path));
        // All of them look first what the file is.
        let beside = (
            SqliteViews::open(&path, &options).unwrap(),
            SqliteKeys::open(&path, &options).unwrap(),
            SqliteStore::open_reader(&path, &options).unwrap(),
        );
        assert!(is_locked(&path), "after others have opened it");
        drop(beside);
        assert!(is_locked(&path), "after they have closed it");
    });
}
