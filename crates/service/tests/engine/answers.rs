//! When and to whom an answer is given, and what shares a commit.

use landfall_service::engine::Limits;
use landfall_service::store::Changes;
use landfall_testkit::commands::line;
use landfall_testkit::run;

use super::{ask, hold, orders, queued, there, until, words, world};

/// Nobody is answered before the commit, who is rejected neither, and nothing is seen before it.
#[test]
fn an_answer_waits_for_its_commit() {
    run(async {
        let world = world(Limits::default()).await;
        world.faults.close_gate();
        let mut requests = orders(0..2);
        requests.push(line("o-9", "NONE", 1).into());
        let bus = world.bus.clone();
        let asked = tokio::spawn(async move { bus.handle_all(requests).await });
        until(|| world.faults.waiting() == 1).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert!(!asked.is_finished());
        assert!(!there(&world, "o-0").await);
        world.faults.open_gate();
        assert_eq!(words(&asked.await.unwrap()), ["done", "done", "rejected"]);
        assert!(there(&world, "o-0").await, "what was answered can be read");
    });
}

/// What gathers while one group is committed is the next group.
#[test]
fn what_waits_is_committed_together() {
    run(async {
        let world = world(Limits::default()).await;
        let held = hold(&world).await;
        let asked = ask(&world, orders(0..50));
        queued(&world, 50).await;
        let before = world.faults.commits();
        world.faults.open_gate();
        held.await.unwrap().unwrap();
        for task in asked {
            task.await.unwrap().unwrap();
        }
        assert_eq!(
            world.faults.commits() - before,
            2,
            "the one that was held, and one for fifty"
        );
        world.audit().await;
    });
}

/// A group has a bound.
#[test]
fn a_group_is_bounded() {
    run(async {
        let world = world(Limits {
            group: 8,
            ..Limits::default()
        })
        .await;
        let held = hold(&world).await;
        let asked = ask(&world, orders(0..50));
        queued(&world, 50).await;
        world.faults.open_gate();
        held.await.unwrap().unwrap();
        for task in asked {
            task.await.unwrap().unwrap();
        }
        let answers = world.bus.handle_all(orders(50..150)).await;
        assert_eq!(words(&answers), ["done"; 100]);
        let lines = |changes: &Changes| {
            changes
                .products
                .iter()
                .map(|product| product.lines.len())
                .sum::<usize>()
        };
        let largest = world.faults.committed().iter().map(lines).max();
        assert!(largest.is_some_and(|lines| lines <= 16), "{largest:?}");
    });
}

/// A caller that goes away changes nothing about the commit.
#[test]
fn a_caller_may_go_away() {
    run(async {
        let world = world(Limits::default()).await;
        let held = hold(&world).await;
        let asked = ask(&world, orders(0..3));
        queued(&world, 3).await;
        for task in &asked {
            task.abort();
        }
        held.abort();
        world.faults.open_gate();
        until(|| world.faults.committed().len() == 3).await;
        for order in ["held", "o-0", "o-1", "o-2"] {
            assert!(there(&world, order).await);
        }
    });
}

/// Dry runs do not wait for a commit.
#[test]
fn a_dry_run_is_not_held_up() {
    run(async {
        let world = world(Limits::default()).await;
        let held = hold(&world).await;
        let steps = world.bus.dry_run(orders(0..2)).await.unwrap();
        assert_eq!(steps.len(), 2);
        assert!(!held.is_finished());
        world.faults.open_gate();
        held.await.unwrap().unwrap();
    });
}

/// An empty piece of a stream has no answers.
#[test]
fn nothing_asked_is_nothing_answered() {
    run(async {
        let world = world(Limits::default()).await;
        assert!(world.bus.handle_all(Vec::new()).await.is_empty());
        assert!(world.bus.dry_run(Vec::new()).await.unwrap().is_empty());
        assert_eq!(words(&world.bus.handle_all(orders(0..1)).await), ["done"]);
    });
}
