//! Every store is as good as any other: one long random history gives the same answers, the same tables, the same log
//! and the same pages on all of them.
//!
//! With the same number of partitions all is the same to the last byte, cursors included. With another number it is
//! the same apart from where in the log an event stands, from cursors, and from the order across products (and so from
//! which of an order's lines a refusal names).

mod asked;
mod databases;
mod histories;
mod plain;
mod rebuilt;

use landfall_testkit::database::is_missing;
use landfall_testkit::{Database, Memory, MemoryOf, run};

use asked::{Told, told};
use databases::{Ahead, Pg, Sqlite};

/// What a kind of database tells of the history.
fn told_by<D: Database>() -> Told {
    run(told::<D>(&histories::long()))
}

/// Both tell the same, to the last byte.
fn assert_same(a: &Told, b: &Told) {
    assert_eq!(a.answers.len(), b.answers.len());
    for (number, (a, b)) in a.answers.iter().zip(&b.answers).enumerate() {
        assert_eq!(a, b, "answer {number}");
    }
    assert_eq!(a.state, b.state);
    assert!(a.pages.keys().eq(b.pages.keys()), "the same is asked");
    for (question, answer) in &a.pages {
        assert_eq!(*answer, b.pages[question], "{question}");
    }
}

/// Both tell the same, apart from what depends on partitions.
fn assert_alike(a: &Told, b: &Told) {
    assert_same(&plain::without_partitions(a), &plain::without_partitions(b));
}

#[test]
fn the_history_is_long_and_full() {
    let told = told_by::<Memory>();
    let kinds: std::collections::BTreeSet<_> = told
        .state
        .events
        .iter()
        .map(|record| record.event.kind())
        .collect();
    assert!(kinds.len() >= 19, "{kinds:?}");
    assert!(
        told.state.events.len() > 1_200,
        "{}",
        told.state.events.len()
    );
    let split = told
        .state
        .lines
        .iter()
        .filter(|line| line.allocations.len() > 1);
    assert!(split.count() > 3, "some lines are split");
    let partitions = 16;
    let many = told_by::<MemoryOf<16>>();
    let used = many
        .state
        .heads
        .iter()
        .filter(|(_, next)| *next > 1)
        .count();
    assert!(used > partitions / 2, "{used} partitions have events");
}

#[test]
fn memory_tells_the_same_whatever_its_partitions() {
    assert_alike(&told_by::<Memory>(), &told_by::<MemoryOf<16>>());
}

#[test]
fn sqlite_tells_what_memory_tells() {
    assert_same(&told_by::<Memory>(), &told_by::<Sqlite>());
}

#[test]
fn postgres_with_one_partition_tells_what_sqlite_tells() {
    if !is_missing::<Pg<1>>() {
        assert_same(&told_by::<Sqlite>(), &told_by::<Pg<1>>());
    }
}

#[test]
fn postgres_with_sixteen_partitions_tells_what_memory_tells() {
    if !is_missing::<Pg<16>>() {
        let postgres = told_by::<Pg<16>>();
        assert_same(&told_by::<MemoryOf<16>>(), &postgres);
        assert_alike(&told_by::<Sqlite>(), &postgres);
    }
}

#[test]
fn postgres_with_a_column_more_in_every_table_tells_what_memory_tells() {
    if !is_missing::<Ahead>() {
        assert_same(&told_by::<Memory>(), &told_by::<Ahead>());
    }
}
