//! One replica writes for all: whatever happens on the way, a command is carried out once or its caller knows that
//! nobody knows; and whose turn it is.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use landfall_service::engine::{self, Limits, Running};
use landfall_service::hand_on::lines::{OVER, read_command, write_answer};
use landfall_service::hand_on::{
    self, Dial, Incoming, Options, Outgoing, TakingPart, WritingReplica,
};
use landfall_service::memory::{MemoryStore, MemoryViews};
use landfall_service::views::Views as _;
use landfall_service::{Answer, Bus, Failure};
use landfall_testkit::commands::{batch, dispatch_units, line, name, with_id};
use landfall_testkit::turns::{Counting, SharedTurn};
use landfall_testkit::{Faults, Faulty, FixedClock, run, today};
use tokio_util::sync::CancellationToken;

/// Longer than any test takes: for what is not to happen.
const NEVER: Duration = Duration::from_mins(10);

/// Waits until it is this replica's turn.
async fn is_held_by(turn: &SharedTurn, holder: &str) {
    until(async || turn.now().await.is_some_and(|held| held.holder == holder)).await;
}

/// What the replica that writes does with a command that it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Carries it out and answers.
    Answers,
    /// Cannot read it.
    Declines,
    /// Is not there.
    IsAway,
    /// Breaks off, and has not carried it out.
    BreaksOffBefore,
    /// Breaks off, and has carried it out.
    BreaksOffAfter,
    /// Says no more, and has carried it out.
    FallsSilent,
    /// Says that its turn is over, and has not carried it out.
    IsOver,
    /// Says what is no answer.
    Babbles,
}

/// The network between two replicas.
struct Network {
    there: Bus,
    does: Does,
}

#[async_trait]
impl Dial for Network {
    async fn dial(
        &self,
        replica: &WritingReplica,
        lines: Outgoing,
    ) -> Result<Box<dyn Incoming>, String> {
        assert_eq!(replica.holder, "there");
        if self.does == Does::IsAway {
            return Err("nobody is there".into());
        }
        Ok(Box::new(Talk {
            there: self.there.clone(),
            does: self.does,
            lines,
        }))
    }
}

struct Talk {
    there: Bus,
    does: Does,
    lines: Outgoing,
}

#[async_trait]
impl Incoming for Talk {
    async fn hear(&mut self, bytes: &mut Vec<u8>) -> bool {
        let Some(lines) = poll_fn(|context| self.lines.poll_lines(context)).await else {
            return false;
        };
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            let (number, handed_on) = read_command(line.strip_suffix(b"\n").unwrap()).unwrap();
            let handed_on = handed_on.unwrap();
            let there = self.there.clone();
            let carry_out =
                async move { there.handle_here(handed_on.origin, handed_on.request).await };
            match self.does {
                Does::Answers => write_answer(bytes, number, Some(&carry_out.await)),
                Does::Declines => write_answer(bytes, number, None),
                Does::BreaksOffBefore | Does::IsAway => return false,
                Does::BreaksOffAfter => {
                    carry_out.await.unwrap();
                    return false;
                }
                Does::FallsSilent => {
                    // It goes on there, whatever is heard of it.
                    tokio::spawn(carry_out);
                    return std::future::pending().await;
                }
                Does::IsOver => bytes.extend([OVER, b"\n"].concat()),
                Does::Babbles => bytes.extend(b"what?\n"),
            }
        }
        true
    }
}

/// Two replicas on one database. One writes, and this is the other.
struct Here {
    bus: Bus,
    part: TakingPart,
    there: Bus,
    /// What goes wrong there.
    faults: Faults,
    views: MemoryViews,
    stopping: CancellationToken,
    _running: [Running; 2],
}

fn replica(store: MemoryStore, faults: &Faults) -> (Bus, Running) {
    let open = store.reader();
    let none = Faults::default();
    let reader = move || Ok(Faulty::new(open.reader(), &none));
    let store = Faulty::new(store, faults);
    let calendar = FixedClock::new().calendar(0);
    engine::start(store, reader, calendar, Limits::default()).unwrap()
}

fn options(holder: &str) -> Options {
    Options {
        look: Duration::from_millis(1),
        pause: Duration::from_millis(1),
        silence: NEVER,
        ..Options::new(holder, format!("http://{holder}"))
    }
}

async fn two(does: Does) -> Here {
    let (store, views) = MemoryStore::new();
    let faults = Faults::default();
    let (there, running_there) = replica(store.writer(), &faults);
    let (bus, running) = replica(store.writer(), &Faults::default());
    there.handle(batch("b", "SOFA", 100_000)).await.unwrap();
    there.handle(line("o", "SOFA", 100_000)).await.unwrap();
    let turn = Arc::new(SharedTurn::of("there"));
    let dial = Arc::new(Network {
        there: there.clone(),
        does,
    });
    let options = Options {
        silence: if does == Does::FallsSilent {
            Duration::from_millis(50)
        } else {
            NEVER
        },
        ..options("here")
    };
    let stopping = CancellationToken::new();
    let entropy = Arc::new(Counting::default());
    let committed = running.committed();
    let part = hand_on::start(options, turn, dial, entropy, committed, &stopping);
    Here {
        bus: bus.handing_on(part.replicas.clone()),
        part,
        there,
        faults,
        views,
        stopping,
        _running: [running_there, running],
    }
}

impl Here {
    fn handed_on(&self) -> u64 {
        self.part.replicas.stats.handed_on.load(Ordering::Relaxed)
    }

    /// Sends units of the order away, one at a time, until that was handed on: what was answered then, and how many had
    /// left before. Nothing is lost by repeating it, so each that is done twice shows.
    async fn hand_on(&self, id: Option<&str>) -> (Answer, u64) {
        for left in 0.. {
            let request = match id {
                Some(id) => with_id(&format!("{id}-{left}"), dispatch_units("o", "SOFA", 1)),
                None => dispatch_units("o", "SOFA", 1).into(),
            };
            let before = self.handed_on();
            let answer = self.bus.handle(request).await;
            if self.handed_on() > before {
                return (answer, left);
            }
            answer.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        unreachable!("the link never came up")
    }

    /// Waits until all that was sent is carried out there: this comes behind it in that queue.
    async fn settled(&self) {
        self.there.handle(line("last", "SOFA", 1)).await.unwrap();
    }

    /// How many units have left.
    async fn left(&self) -> u64 {
        let order = self.views.order(&name("o"), today()).await.unwrap();
        order.unwrap().lines[0].dispatched
    }

    async fn end(self) {
        self.stopping.cancel();
        self.part.join().await;
    }
}

async fn until(so: impl AsyncFn() -> bool) {
    let wait = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait)
        .await
        .expect("it never came to be");
}

#[test]
fn what_was_not_carried_out_there_is_carried_out_here() {
    run(async {
        for does in [Does::Answers, Does::Declines, Does::IsOver] {
            let here = two(does).await;
            let (answer, before) = here.hand_on(None).await;
            answer.unwrap();
            assert_eq!(here.left().await, before + 1, "{does:?}");
            here.end().await;
        }
    });
}

#[test]
fn where_nobody_is_there_nothing_is_handed_on() {
    run(async {
        let here = two(Does::IsAway).await;
        let losses = &here.part.replicas.stats.losses;
        until(async || losses.load(Ordering::Relaxed) > 2).await;
        let sent = here.bus.handle(dispatch_units("o", "SOFA", 1)).await;
        sent.unwrap();
        assert_eq!((here.handed_on(), here.left().await), (0, 1));
        here.end().await;
    });
}

#[test]
fn without_a_key_nobody_knows_what_became_of_a_command_whose_answer_is_lost() {
    run(async {
        for (does, done) in [
            (Does::BreaksOffBefore, 0),
            (Does::BreaksOffAfter, 1),
            (Does::FallsSilent, 1),
            (Does::Babbles, 0),
        ] {
            let here = two(does).await;
            let (answer, before) = here.hand_on(None).await;
            let unknown = matches!(
                answer,
                Err(Failure::Unavailable {
                    outcome_unknown: true,
                    ..
                })
            );
            assert!(unknown, "{does:?}: {answer:?}");
            here.settled().await;
            assert_eq!(here.left().await, before + done, "{does:?}");
            here.end().await;
        }
    });
}

#[test]
fn with_a_key_it_is_carried_out_here_and_once() {
    run(async {
        for does in [
            Does::BreaksOffBefore,
            Does::BreaksOffAfter,
            Does::FallsSilent,
            Does::Babbles,
        ] {
            let here = two(does).await;
            let (answer, before) = here.hand_on(Some("k")).await;
            answer.unwrap();
            here.settled().await;
            assert_eq!(here.left().await, before + 1, "{does:?}");
            here.end().await;
        }
    });
}

/// The one that writes is in the middle of its commit when it is given up, and goes on afterwards.
#[test]
fn two_that_carry_a_command_out_at_once_carry_it_out_once() {
    run(async {
        let here = two(Does::FallsSilent).await;
        here.faults.close_gate();
        let (answer, before) = here.hand_on(Some("k")).await;
        answer.unwrap();
        until(async || here.faults.waiting() == 1).await;
        here.faults.open_gate();
        here.settled().await;
        assert_eq!(here.left().await, before + 1);
        here.end().await;
    });
}

#[test]
fn one_takes_the_turn_and_gives_it_up() {
    run(async {
        let turn = SharedTurn::default();
        let entropy = Arc::new(Counting::default());
        let (store, _) = MemoryStore::new();
        let (bus, running) = replica(store.writer(), &Faults::default());
        let dial = Arc::new(Network {
            there: bus.clone(),
            does: Does::IsAway,
        });
        let start = |holder: &str, stopping: &CancellationToken| {
            let (turn, dial) = (Arc::new(turn.clone()), dial.clone());
            let committed = running.committed();
            hand_on::start(
                options(holder),
                turn,
                dial,
                entropy.clone(),
                committed,
                stopping,
            )
        };
        let ends = [CancellationToken::new(), CancellationToken::new()];
        let first = start("there", &ends[0]);
        is_held_by(&turn, "there").await;
        let second = start("second", &ends[1]);
        until(async || first.replicas.is_ours()).await;
        let token = turn.now().await.unwrap().token;
        let shown = token.text().as_bytes();
        let mut admission = first.replicas.admit(shown).unwrap();
        for wrong in [&b""[..], b"t", &shown[1..]] {
            assert!(first.replicas.admit(wrong).is_none());
        }
        assert!(second.replicas.admit(shown).is_none(), "it is not its turn");

        ends[0].cancel();
        admission.is_over().await;
        assert!(first.replicas.admit(shown).is_none());
        first.join().await;
        is_held_by(&turn, "second").await;
        until(async || second.replicas.is_ours()).await;
        assert!(
            second.replicas.admit(shown).is_none(),
            "each turn has a token of its own"
        );
        ends[1].cancel();
        second.join().await;
        assert_eq!(turn.now().await, None);
        drop((bus, dial));
        drop(running);
    });
}
