//! Commits that fail.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use landfall_domain::Rejection;
use landfall_service::audit::audit;
use landfall_service::engine::{self, Limits};
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Loaded, Store, StoreError};
use landfall_service::views::Page;
use landfall_service::{Clock, Failure, Request};
use landfall_testkit::commands::{batch, key, line, name, set_quantity, with_id};
use landfall_testkit::{Database, Faults, Faulty, FixedClock, Memory, run};

use super::{orders, there, words, world};

/// Wherever in its group the command stands whose data breaks the commit: it fails, and only it.
#[test]
fn a_command_that_breaks_the_commit_fails_alone() {
    run(async {
        for bad in 0..7 {
            let world = world(Limits::default()).await;
            world.faults.refuse_line(key(&format!("o-{bad}"), "SOFA"));
            let answers = world.bus.handle_all(orders(0..7)).await;
            for (at, word) in (0..7).zip(words(&answers)) {
                assert_eq!(word, if at == bad { "unstorable" } else { "done" });
                assert_eq!(there(&world, &format!("o-{at}")).await, at != bad);
            }
            assert_eq!(world.see_batch("b").await.allocated, 6);
            world.audit().await;
        }
    });
}

/// So does one that meets a row which cannot be read, and it is told apart from a database that is away.
#[test]
fn a_command_that_meets_damage_fails_alone() {
    run(async {
        let world = world(Limits::default()).await;
        world.done(batch("other", "LAMP", 10)).await;
        world.faults.damage_batch(name("other"));
        let mut requests = orders(0..4);
        requests.insert(2, line("o-9", "LAMP", 1).into());
        let answers = world.bus.handle_all(requests).await;
        assert_eq!(words(&answers), ["done", "done", "damaged", "done", "done"]);
        let Err(failure) = &answers[2] else {
            unreachable!()
        };
        assert!(failure.to_string().contains("batch other"), "{failure}");
        assert!(!there(&world, "o-9").await);
        world.faults.mend_batches();
        let again = world.handle(line("o-9", "LAMP", 1)).await;
        assert_eq!(words(&[again]), ["done"]);
        world.audit().await;
    });
}

/// Several of them fail, each alone; rejections among them stay rejections.
#[test]
fn several_that_break_the_commit_fail_each_alone() {
    run(async {
        let world = world(Limits::default()).await;
        world.faults.refuse_line(key("o-1", "SOFA"));
        world.faults.refuse_line(key("o-2", "SOFA"));
        world.faults.refuse_batch(name("bad"));
        let mut requests = orders(0..4);
        requests.insert(2, line("o-9", "NONE", 1).into());
        requests.push(batch("bad", "LAMP", 1).into());
        requests.push(line("o-5", "LAMP", 1).into());
        let answers = world.bus.handle_all(requests).await;
        let expected = [
            "done",
            "unstorable",
            "rejected",
            "unstorable",
            "done",
            "unstorable",
            "rejected",
        ];
        assert_eq!(words(&answers), expected);
        assert!(
            matches!(
                &answers[6],
                Err(Failure::Rejected(Rejection::UnknownSku { .. }))
            ),
            "what did not happen is not seen by who comes later: {:?}",
            answers[6]
        );
        world.audit().await;
    });
}

/// A commit that fails answers everybody in it so, rejections too, and leaves nothing; the next goes through.
#[test]
fn a_failed_commit_leaves_nothing() {
    run(async {
        let world = world(Limits::default()).await;
        let log = world.events().await;
        world
            .faults
            .fail_commit(0, StoreError::Unavailable("the disk is full".into()));
        let mut requests = orders(0..3);
        requests.push(line("o-9", "NONE", 1).into());
        let answers = world.bus.handle_all(requests.clone()).await;
        assert_eq!(words(&answers), ["unavailable"; 4]);
        let reason = answers[0].as_ref().expect_err("a failure").to_string();
        assert!(reason.contains("the disk is full"), "{reason}");
        assert_eq!(world.events().await, log);
        assert!(!there(&world, "o-0").await);
        assert_eq!(world.see_batch("b").await.allocated, 0);
        let answers = world.bus.handle_all(requests).await;
        assert_eq!(words(&answers), ["done", "done", "done", "rejected"]);
        world.audit().await;
    });
}

/// When the answer of a commit is lost, that is what is said; nothing is tried again blindly, and a
/// caller that tries again finds what was done.
#[test]
fn a_lost_commit_is_told_as_unknown() {
    run(async {
        let world = world(Limits::default()).await;
        world
            .faults
            .lose_commit(0, StoreError::OutcomeUnknown("the connection broke".into()));
        let requests = orders(0..2);
        assert_eq!(
            words(&world.bus.handle_all(requests.clone()).await),
            ["unknown"; 2]
        );
        let commits = world.faults.commits();
        assert!(there(&world, "o-1").await, "it had happened");
        let again = world.bus.handle_all(requests).await;
        assert!(
            again
                .iter()
                .all(|answer| answer.as_ref().is_ok_and(|done| !done.created))
        );
        assert_eq!(
            world.faults.commits(),
            commits,
            "there was nothing to write"
        );
        assert_eq!(world.see_batch("b").await.allocated, 2);
        world.audit().await;
    });
}

/// A conflict is loaded and run again, and nobody notices; one that does not end is given up.
#[test]
fn a_conflict_is_tried_again() {
    run(async {
        let world = world(Limits::default()).await;
        for commit in 0..3 {
            world.faults.fail_commit(commit, StoreError::Conflict);
        }
        assert_eq!(
            words(&world.bus.handle_all(orders(0..3)).await),
            ["done"; 3]
        );
        assert_eq!(world.see_batch("b").await.allocated, 3);
        for commit in 0..1_000 {
            world.faults.fail_commit(commit, StoreError::Conflict);
        }
        assert_eq!(
            words(&world.bus.handle_all(orders(3..5)).await),
            ["unavailable"; 2]
        );
        assert!(world.faults.commits() < 100, "bounded");
        assert_eq!(world.see_batch("b").await.allocated, 3);
        world.audit().await;
    });
}

/// Two services on one database are in each other's way, and both get everything done.
#[test]
fn two_writers_share_a_database() {
    run(async {
        let mut database = Memory::create();
        let views = database.views();
        let start = |database: &mut Memory| {
            let store = Faulty::new(database.store(), &Faults::default());
            let open = database.reader();
            let reader = move || open().map(|store| Faulty::new(store, &Faults::default()));
            let calendar = FixedClock::new().calendar(0);
            engine::start(store, reader, calendar, Limits::default()).unwrap()
        };
        let (one, _running) = start(&mut database);
        let (other, _also_running) = start(&mut database);
        one.handle(batch("b", "SOFA", 60)).await.unwrap();
        let asked: Vec<_> = (0..80_u32)
            .map(|n| {
                let bus = if n % 2 == 0 {
                    one.clone()
                } else {
                    other.clone()
                };
                tokio::spawn(async move { bus.handle(line(&format!("o-{n}"), "SOFA", 1)).await })
            })
            .collect();
        for task in asked {
            task.await.unwrap().unwrap();
        }
        let report = audit(&*views).await.unwrap();
        assert!(report.ok, "{:#?}", report.findings);
        assert_eq!((report.allocated_lines, report.backordered_lines), (60, 20));
    });
}

/// What a failed command would have had is there for the next: the memory of the engine is as good as
/// the database.
#[test]
fn nothing_of_a_failure_is_kept_in_memory() {
    run(async {
        let world = world(Limits::default()).await;
        world
            .faults
            .fail_commit(0, StoreError::Unavailable("no".into()));
        let huge: Request = line("huge", "SOFA", 1_000).or_reject().into();
        assert_eq!(words(&[world.handle(huge.clone()).await]), ["unavailable"]);
        assert_eq!(words(&[world.handle(huge).await]), ["done"]);
        world.faults.refuse_batch(name("b"));
        assert_eq!(
            words(&[world.handle(set_quantity("b", 2_000)).await]),
            ["unstorable"]
        );
        assert_eq!(world.see_batch("b").await.purchased, 1_000);
        assert_eq!(
            words(&[world.handle(line("more", "SOFA", 1).or_reject()).await]),
            ["rejected"]
        );
        world.audit().await;
    });
}

/// An answer that was not written is not remembered either.
#[test]
fn a_failed_commit_remembers_no_answer() {
    run(async {
        let world = world(Limits::default()).await;
        world
            .faults
            .fail_commit(0, StoreError::Unavailable("no".into()));
        let first = world.handle(with_id("k", line("o-1", "SOFA", 1))).await;
        assert_eq!(words(&[first]), ["unavailable"]);
        let other = world.handle(with_id("k", line("o-2", "SOFA", 1))).await;
        assert_eq!(words(&[other]), ["done"]);
    });
}

/// A store that another writer is waited for in, for an hour.
struct Awaited<S> {
    inner: S,
    clock: Arc<FixedClock>,
}

impl<S: Store> Store for Awaited<S> {
    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        self.clock
            .set(self.clock.now() + SignedDuration::from_hours(1));
        self.inner.begin(keys).await
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        self.inner.load(keys).await
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        self.inner.commit(changes).await
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.inner.roll_back().await
    }

    async fn forget(&mut self, before: Timestamp) -> Result<usize, StoreError> {
        self.inner.forget(before).await
    }
}

/// Whoever was waited for wrote before: the time of an event is read when nobody else can write any more.
#[test]
fn the_time_of_an_event_is_not_before_what_was_waited_for() {
    run(async {
        let mut database = Memory::create();
        let (views, clock) = (database.views(), FixedClock::new());
        let awaited = |inner, clock: &Arc<FixedClock>| Awaited {
            inner,
            clock: Arc::clone(clock),
        };
        let store = awaited(database.store(), &clock);
        let (open, of_reader) = (database.reader(), Arc::clone(&clock));
        let reader = move || open().map(|store| awaited(store, &of_reader));
        let calendar = clock.calendar(0);
        let (bus, _running) = engine::start(store, reader, calendar, Limits::default()).unwrap();
        let begun = clock.now();
        bus.handle(batch("b", "SOFA", 60)).await.unwrap();
        let page = Page {
            after: None,
            limit: 10,
        };
        let events = views.events(&page).await.unwrap().events;
        assert_eq!(events[0].time, begun + SignedDuration::from_hours(1));
    });
}
