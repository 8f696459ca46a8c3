//! More commands than can be taken, and the end.

use landfall_service::audit::audit;
use landfall_service::engine::Limits;
use landfall_testkit::commands::line;
use landfall_testkit::{Database, run};

use super::{ask, hold, orders, queued, there, words, world};

/// When the queue is full a caller is told at once; what was taken is carried out.
#[test]
fn a_full_queue_is_busy() {
    run(async {
        let world = world(Limits {
            queue: 2,
            ..Limits::default()
        })
        .await;
        let held = hold(&world).await;
        let asked = ask(&world, orders(0..2));
        queued(&world, 2).await;
        assert_eq!(world.bus.waiting(), (2, 2));
        assert_eq!(
            words(&[world.handle(line("o-9", "SOFA", 1)).await]),
            ["busy"]
        );
        world.faults.open_gate();
        for task in asked {
            task.await.unwrap().unwrap();
        }
        held.await.unwrap().unwrap();
        assert!(
            !there(&world, "o-9").await,
            "who was told busy was not served"
        );
        assert_eq!(
            words(&[world.handle(line("o-9", "SOFA", 1)).await]),
            ["done"]
        );
        world.audit().await;
    });
}

/// A stream is slowed down instead.
#[test]
fn a_stream_waits_for_room() {
    run(async {
        let world = world(Limits {
            queue: 1,
            ..Limits::default()
        })
        .await;
        let held = hold(&world).await;
        let streams: Vec<_> = (0..5)
            .map(|n| {
                let bus = world.bus.clone();
                tokio::spawn(async move { bus.handle_all(orders(n * 10..n * 10 + 10)).await })
            })
            .collect();
        queued(&world, 1).await;
        world.faults.open_gate();
        for stream in streams {
            assert_eq!(words(&stream.await.unwrap()), ["done"; 10]);
        }
        held.await.unwrap().unwrap();
        world.audit().await;
    });
}

/// Shutdown answers what was accepted, then ends.
#[test]
fn shutdown_drains() {
    run(async {
        let world = world(Limits::default()).await;
        let held = hold(&world).await;
        let asked = ask(&world, orders(0..30));
        queued(&world, 30).await;
        let faults = world.faults.clone();
        let stopping = tokio::task::spawn_blocking(move || world.stop());
        faults.open_gate();
        held.await.unwrap().unwrap();
        for task in asked {
            task.await.unwrap().unwrap();
        }
        let database = stopping.await.unwrap();
        let report = audit(&*database.views()).await.unwrap();
        assert!(report.ok, "{:#?}", report.findings);
        assert_eq!(report.allocated_lines, 31);
    });
}
