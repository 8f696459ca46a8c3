//! Groups that are sent while the one before is under way: on the database in memory, behind a store that decides when it is
//! told to.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock, OnceLock};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use landfall_service::Failure;
use landfall_testkit::commands::{batch, line, name, set_quantity, with_id};
use landfall_testkit::run;

use super::alone::{Plan, World, all};
use super::{logs, until, words};

#[test]
fn a_group_is_sent_behind_the_one_that_is_under_way() {
    run(async {
        let world = World::start().await;
        let begun = world.plan.begun();
        let mut asked = world.hold(2).await;
        assert!(asked.iter().all(|task| !task.is_finished()));
        // No third one; what comes gathers.
        for n in 0..5 {
            asked.push(world.ask(line(&format!("o-{n}"), "SOFA", 1)));
        }
        until(|| world.bus.waiting().0 == 5).await;
        let sent = world.plan.sent();
        world.go_on();
        assert_eq!(words(&all(asked).await), ["done"; 7]);
        assert!(world.plan.sent() > sent);
        assert_eq!(world.plan.begun(), begun, "nothing was read");
        assert_eq!(world.allocated().await, 7);
    });
}

#[test]
fn where_one_fails_all_behind_it_are_run_again_in_their_order() {
    run(async {
        for fails in [false, true] {
            let world = World::start().await;
            world.plan.holds.store(true, Ordering::SeqCst);
            let first = world.ask(line("o-1", "SOFA", 1));
            until(|| world.plan.sent() == 1).await;
            // While the first is not decided, this one is taken for new.
            let second = world.ask(line("o-1", "SOFA", 1));
            until(|| world.plan.sent() == 2).await;
            let begun = world.plan.begun();
            world.plan.fails.store(fails, Ordering::SeqCst);
            world.go_on();
            let answers = all(vec![first, second]).await;
            assert_eq!(words(&answers), ["done", "done"]);
            let made: Vec<bool> = answers.iter().flatten().map(|done| done.created).collect();
            assert_eq!(made, [true, false]);
            let again = if fails { 2 } else { 1 };
            assert_eq!(world.plan.begun() - begun, again);
            assert_eq!(world.allocated().await, 1);
        }
    });
}

#[test]
fn what_fails_names_its_commands() {
    LazyLock::force(&logs::LISTENING);
    run(async {
        let world = World::start().await;
        for (loses, id) in [(true, "c-lost"), (false, "c-vain")] {
            let plan = &world.plan;
            let what = if loses { &plan.loses } else { &plan.fails };
            what.store(true, Ordering::SeqCst);
            // After one that was lost some are not tried.
            let sent = plan.sent();
            for n in 0.. {
                let name = format!("{id}-{n}");
                let request = with_id(&name, line(&name, "SOFA", 1));
                let origin = Some(format!("r-{name}").into());
                let answer = world.bus.handle_from(origin, request).await;
                if plan.sent() == sent {
                    continue;
                }
                let lost = matches!(
                    &answer,
                    Err(Failure::Unavailable {
                        outcome_unknown: true,
                        ..
                    })
                );
                assert_eq!(lost, loses, "{answer:?}");
                let lines = logs::about(&name);
                let [line] = &*lines else { panic!("{lines:?}") };
                let (level, says) = if loses {
                    ("WARN", "a group was not committed")
                } else {
                    ("DEBUG", "a group is tried again")
                };
                assert!(line.contains(level) && line.contains(says), "{line}");
                assert!(line.contains(&format!("request_ids=r-{name} ")), "{line}");
                break;
            }
        }
    });
}

/// Notes how many were let out when whoever is woken has his answer.
struct Woken {
    plan: Arc<Plan>,
    out: OnceLock<usize>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.out
            .get_or_init(|| self.plan.out.load(Ordering::SeqCst));
    }
}

#[test]
fn where_none_is_under_way_the_next_one_is_out_before_the_answers() {
    run(async {
        let world = World::start().await;
        let mut asked = world.hold(1).await;
        let request = line("o-1", "SOFA", 1);
        let mut answer = Box::pin(world.bus.handle(request));
        let plan = Arc::clone(&world.plan);
        let woken = Arc::new(Woken {
            plan,
            out: OnceLock::new(),
        });
        let waker = Waker::from(Arc::clone(&woken));
        let first = answer.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(first.is_pending());
        until(|| world.plan.sent() == 2).await;
        asked.push(world.ask(line("o-2", "SOFA", 1)));
        until(|| world.bus.waiting().0 == 1).await;
        world.go_on();
        // Whoever answers wakes, on the thread of the engine.
        until(|| woken.out.get().is_some()).await;
        assert_eq!(woken.out.get(), Some(&3));
        assert_eq!(words(&[answer.await]), ["done"]);
        assert_eq!(words(&all(asked).await), ["done"; 2]);
    });
}

#[test]
fn a_line_that_is_there_is_found_by_reading() {
    run(async {
        let world = World::start().await;
        let once = with_id("k", line("o-1", "SOFA", 1));
        assert_eq!(words(&[world.bus.handle(once.clone()).await]), ["done"]);
        let again = world.bus.handle(once).await.unwrap();
        assert!(again.created, "the answer that was given is given again");
        let known = world.bus.handle(line("o-1", "SOFA", 1)).await.unwrap();
        assert!(!known.created);
        assert_eq!(world.allocated().await, 1);
    });
}

#[test]
fn what_has_to_be_read_waits_for_what_is_under_way() {
    run(async {
        let world = World::start().await;
        let mut asked = world.hold(1).await;
        let begun = world.plan.begun();
        asked.push(world.ask(set_quantity("b", 1)));
        until(|| world.bus.waiting().0 == 0).await;
        assert_eq!(world.plan.begun(), begun);
        world.go_on();
        assert_eq!(words(&all(asked).await), ["done"; 2]);
        let batch = name("b");
        let left = world.views.batch(&batch, jiff::civil::date(2026, 1, 1));
        let left = left.await.unwrap().expect("it is there");
        assert_eq!((left.purchased, left.allocated), (1, 1));
    });
}

#[test]
fn what_is_sent_is_good_for_its_day() {
    run(async {
        let world = World::start().await;
        let before = Instant::now();
        let answer = world.bus.handle(line("o-1", "SOFA", 1)).await;
        assert_eq!(words(&[answer]), ["done"]);
        let until = world.plan.until.lock().unwrap().expect("it was sent");
        // It is noon.
        let half = Duration::from_hours(12);
        assert!((before + half..=Instant::now() + half).contains(&until));
    });
}

#[test]
fn a_refusal_is_looked_up() {
    run(async {
        let world = World::start().await;
        let begun = world.plan.begun();
        let huge = world
            .bus
            .handle(line("huge", "SOFA", 2_000).or_reject())
            .await;
        assert_eq!(words(&[huge]), ["rejected"]);
        assert!(world.plan.begun() > begun);
        assert_eq!(world.allocated().await, 0);
    });
}

#[test]
fn a_group_with_a_refusal_leaves_nothing_in_memory() {
    run(async {
        let world = World::start().await;
        let lamps = world.bus.handle(batch("lamps", "LAMP", 10)).await;
        lamps.expect("a batch");
        let mut asked = world.hold(2).await;
        // These are one group, of which the first line is worked out before the second is refused.
        asked.push(world.ask(line("o-1", "SOFA", 400)));
        until(|| world.bus.waiting().0 == 1).await;
        asked.push(world.ask(line("huge", "SOFA", 2_000).or_reject()));
        asked.push(world.ask(line("o-2", "SOFA", 400)));
        until(|| world.bus.waiting().0 == 3).await;
        let begun = world.plan.begun();
        world.go_on();
        let answers = words(&all(asked).await).join(" ");
        assert_eq!(answers, "done done done rejected done");
        assert_eq!(world.plan.begun(), begun + 1);
        // 198 are left, and no more.
        let last = world.bus.handle(line("last", "SOFA", 199).or_reject());
        assert_eq!(words(&[last.await]), ["rejected"]);
        let last = world.bus.handle(line("last", "SOFA", 198)).await;
        assert_eq!(words(&[last]), ["done"]);
        let lamp = world.bus.handle(line("lamp", "LAMP", 1)).await;
        assert_eq!(words(&[lamp]), ["done"]);
        assert_eq!(world.allocated().await, 6);
    });
}

#[test]
fn all_that_is_under_way_is_answered_before_the_engine_ends() {
    run(async {
        let world = World::start().await;
        let asked = world.hold(2).await;
        let World {
            bus, plan, running, ..
        } = world;
        drop(bus);
        let ended = tokio::task::spawn_blocking(move || running.join());
        assert!(!ended.is_finished());
        plan.holds.store(false, Ordering::SeqCst);
        ended.await.unwrap();
        let answers = all(asked).await;
        assert_eq!(words(&answers), ["done"; 2]);
        let ids: HashSet<String> = answers.iter().map(|answer| format!("{answer:?}")).collect();
        assert_eq!(ids.len(), 2, "each has its own");
    });
}
