//! What somebody wants to have sent again.

use std::sync::Arc;

use async_trait::async_trait;
use landfall_service::LogRecord;
use landfall_service::log::LogCursor;
use landfall_service::relay::replay::{self, ReplayError, Replayed};
use landfall_service::relay::{Delivery, EventPublisher, Refused, Relays, Setback};

use crate::outside::{Log, Outside, Replica, SINK, Turn, cursors, dead_letters, options, run};

/// A log of which some events were refused.
async fn refused() -> (Log, Arc<dyn Relays>) {
    let mut log = Log::new(2);
    let outside = Outside::new([Turn::Refuse(0), Turn::Refuse(3), Turn::Refuse(6)]);
    let replica = Replica::start(&log, log.relays(), &outside, options("a"));
    log.write(0, 14).await;
    log.write(1, 7).await;
    outside.until_all(&log.lengths).await;
    replica.stop().await;
    let relays = log.relays();
    assert_eq!(dead_letters(&*relays).await.len(), 3);
    (log, relays)
}

fn came(outside: &Outside) -> Vec<(u16, u64)> {
    let reached = outside.lock();
    let partitions = reached.came.iter();
    let all = partitions.flat_map(|(partition, came)| came.iter().map(|o| (*partition, *o)));
    all.collect()
}

#[test]
fn dead_letters_go_out_again_and_are_taken_out() {
    run(async {
        let (_log, relays) = refused().await;
        let before = dead_letters(&*relays).await;
        // One is refused again, and some are held back for a while.
        let again = Outside::again([Turn::Refuse(0), Turn::HoldBack(0)]);
        let mut told = Vec::new();
        let mut tell = |done: &Replayed| told.push(done.clone());
        let done = replay::dead_letters(&*relays, &again, SINK, &mut tell).await;
        let done = done.unwrap();
        assert_eq!((done.replayed, done.refused.len()), (2, 1));
        assert_eq!(told.last(), Some(&done));
        let kept = dead_letters(&*relays).await;
        assert_eq!(kept, again.lock().refused);
        assert_eq!(kept.len(), 1);
        let sent: Vec<_> = before.difference(&kept).copied().collect();
        assert_eq!(came(&again), sent);
        assert_eq!(cursors(&*relays).await, [14, 7], "cursors stay");
    });
}

/// A log of three events, all refused.
async fn three_refused() -> (Log, Arc<dyn Relays>) {
    let mut log = Log::new(1);
    let outside = Outside::new([Turn::Refuse(0), Turn::Refuse(0), Turn::Refuse(0)]);
    let replica = Replica::start(&log, log.relays(), &outside, options("a"));
    for _ in 0..3 {
        log.write(0, 1).await;
        outside.until_all(&log.lengths).await;
    }
    replica.stop().await;
    let relays = log.relays();
    (log, relays)
}

#[test]
fn dead_letters_of_a_partition_go_out_together() {
    run(async {
        let (_log, relays) = three_refused().await;
        let together = Outside::again([Turn::HoldBack(1)]);
        let done = replay::dead_letters(&*relays, &together, SINK, &mut |_| {}).await;
        assert_eq!(done.unwrap().replayed, 3);
        assert_eq!(together.lock().asked, 1, "the others are asked for once");
        assert!(dead_letters(&*relays).await.is_empty());
    });
}

#[test]
fn what_is_out_before_something_is_in_the_way_is_no_longer_kept() {
    run(async {
        let (_log, relays) = three_refused().await;
        let in_the_way = std::iter::repeat_n(Turn::TakeSome(0), 100);
        let down = Outside::again([Turn::TakeSome(2)].into_iter().chain(in_the_way));
        let stuck = replay::dead_letters(&*relays, &down, SINK, &mut |_| {}).await;
        let Err(ReplayError::Stuck { id, .. }) = stuck else {
            panic!("{stuck:?}");
        };
        assert_eq!(id, "0-3");
        assert_eq!(dead_letters(&*relays).await, [(0, 3)].into());
    });
}

#[test]
fn what_cannot_be_sent_stays_a_dead_letter() {
    run(async {
        let (_log, relays) = refused().await;
        let down = Outside::again(std::iter::repeat_n(Turn::TakeSome(0), 100));
        let stuck = replay::dead_letters(&*relays, &down, SINK, &mut |_| {}).await;
        let Err(ReplayError::Stuck { reason, .. }) = stuck else {
            panic!("{stuck:?}");
        };
        assert_eq!(reason, "in the way");
        assert_eq!(dead_letters(&*relays).await.len(), 3);
    });
}

/// Holds everything back, and does then what it is told to.
struct HoldsBack(Then);

enum Then {
    RefusesIt,
    IsStuck,
}

#[async_trait]
impl EventPublisher for HoldsBack {
    async fn publish(&self, _partition: u16, records: &[LogRecord]) -> Delivery {
        if let Some(last) = records.last() {
            return Delivery {
                taken: Some(last.offset),
                ..Delivery::default()
            };
        }
        match self.0 {
            Then::IsStuck => Delivery::until(&[], Setback::new("in the way")),
            Then::RefusesIt => Delivery {
                through: Some(u64::MAX),
                dead: vec![Refused {
                    offset: 1,
                    reason: "no after all".into(),
                    attempts: 1,
                }],
                ..Delivery::default()
            },
        }
    }
}

#[test]
fn what_was_held_back_and_is_refused_then_stays_a_dead_letter() {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new([Turn::Refuse(0)]);
        let replica = Replica::start(&log, log.relays(), &outside, options("a"));
        log.write(0, 1).await;
        outside.until_all(&log.lengths).await;
        replica.stop().await;
        let relays = log.relays();
        let before = dead_letters(&*relays).await;
        assert_eq!(before, [(0, 1)].into());
        let again = HoldsBack(Then::RefusesIt);
        let done = replay::dead_letters(&*relays, &again, SINK, &mut |_| {}).await;
        let Replayed { replayed, refused } = done.unwrap();
        assert_eq!((replayed, &*refused[0].reason), (0, "no after all"));
        assert_eq!(dead_letters(&*relays).await, before);
        // One that never gets rid of it is not waited for without end.
        let stuck = HoldsBack(Then::IsStuck);
        let stuck = replay::dead_letters(&*relays, &stuck, SINK, &mut |_| {}).await;
        let Err(ReplayError::Stuck { id, reason }) = stuck else {
            panic!("{stuck:?}");
        };
        assert_eq!((&*id, &*reason), ("0-1", "in the way"));
        assert_eq!(dead_letters(&*relays).await, before);
    });
}

#[test]
fn a_part_of_the_log_goes_out_again() {
    run(async {
        let (log, relays) = refused().await;
        let again = Outside::new([Turn::TakeSome(2), Turn::Refuse(0)]);
        let cursor = |text: &str| LogCursor::parse(text, 2).unwrap();
        let (from, until) = (cursor("0-10"), cursor("0-13.1-2"));
        let done = replay::range(&*relays, &again, &from, &until, &mut |_| {}).await;
        let Replayed { replayed, refused } = done.unwrap();
        assert_eq!((replayed, &*refused[0].id), (4, "0-13"));
        assert_eq!(came(&again), [(0, 11), (0, 12), (1, 1), (1, 2)]);
        let all = LogCursor::at(log.lengths.clone());
        let again = Outside::new([]);
        let done = replay::range(&*relays, &again, &cursor("0-0"), &all, &mut |_| {}).await;
        assert_eq!(done.unwrap().replayed, 21);
        assert_eq!(dead_letters(&*relays).await.len(), 3, "they stay");
    });
}
