//! What a relay does when a sink does one thing or another.

use std::sync::Arc;
use std::time::Duration;

use landfall_service::relay::{Begin, Options};
use tokio::time::{Instant, sleep};

use crate::outside::{
    Log, Outside, Replica, SINK, Turn, cursors, dead_letters, options, run, until_written_down,
};

/// Relays these many events of one partition to a sink that does this first, and says how many came how often.
fn relayed(events: u64, turns: impl IntoIterator<Item = Turn>) -> (Vec<u64>, Outside) {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new(turns);
        let replica = Replica::start(&log, log.relays(), &outside, options("a"));
        log.write(0, events).await;
        outside.until_all(&log.lengths).await;
        until_written_down(&*log.relays(), &log.lengths).await;
        replica.stop().await;
        outside.in_order();
        let came = outside.lock().came.get(&0).cloned();
        (came.unwrap_or_default(), outside)
    })
}

#[test]
fn everything_goes_out_once_where_nothing_is_in_the_way() {
    let (came, _) = relayed(50, []);
    assert_eq!(came, (1..=50).collect::<Vec<_>>());
}

#[test]
fn what_did_not_go_out_is_tried_again() {
    let (came, _) = relayed(9, [Turn::TakeSome(3), Turn::TakeSome(0)]);
    assert_eq!(came, (1..=9).collect::<Vec<_>>());
    let (came, _) = relayed(9, [Turn::TakeSilently(3), Turn::TakeSilently(0)]);
    assert_eq!(came, (1..=9).collect::<Vec<_>>());
}

#[test]
fn a_sink_that_never_answers_is_asked_again() {
    let (came, _) = relayed(3, [Turn::Hang]);
    assert_eq!(came, [1, 2, 3, 1, 2, 3]);
}

#[test]
fn a_sink_that_breaks_down_is_asked_again() {
    let (came, _) = relayed(3, [Turn::Panic(2)]);
    assert_eq!(came, [1, 2, 1, 2, 3]);
}

#[test]
fn what_is_held_back_is_out_before_the_cursor_says_so() {
    let (came, outside) = relayed(5, [Turn::HoldBack(2)]);
    assert_eq!(came, [1, 2, 3, 4, 5]);
    assert_eq!(outside.lock().asked, 1);
}

#[test]
fn the_cursor_waits_for_what_is_held_back() {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new([Turn::HoldBack(2)]);
        let slow = Options {
            ask: Duration::from_mins(1),
            ..options("a")
        };
        let replica = Replica::start(&log, log.relays(), &outside, slow);
        log.write(0, 5).await;
        sleep(Duration::from_secs(20)).await;
        assert_eq!(cursors(&*log.relays()).await, [2]);
        let reading = replica.relaying.stats[0].read();
        assert_eq!((reading.delivered, reading.lag), (5, 3));
        assert!(reading.oldest.is_some());
        replica.stop().await;
        // Whoever goes on is given it again.
        let next = Replica::start(&log, log.relays(), &outside, options("b"));
        outside.until_all(&log.lengths).await;
        next.stop().await;
        assert_eq!(cursors(&*log.relays()).await, [5]);
    });
}

#[test]
fn what_is_refused_is_kept_and_the_rest_goes_on() {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new([Turn::Refuse(1), Turn::Refuse(0)]);
        let replica = Replica::start(&log, log.relays(), &outside, options("a"));
        log.write(0, 20).await;
        outside.until_all(&log.lengths).await;
        let reading = replica.relaying.stats[0].read();
        assert_eq!((reading.delivered, reading.dead_letters), (18, 2));
        replica.stop().await;
        let relays = log.relays();
        assert_eq!(dead_letters(&*relays).await, [(0, 2), (0, 8)].into());
        assert_eq!(cursors(&*relays).await, [20]);
        let standing = relays.standing().await.unwrap();
        assert_eq!((standing[0].dead_letters, standing[0].lag()), (2, 0));
    });
}

#[test]
fn setbacks_make_longer_and_longer_pauses() {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new(std::iter::repeat_n(Turn::TakeSome(0), 12));
        let replica = Replica::start(&log, log.relays(), &outside, options("a"));
        log.write(0, 1).await;
        let started = Instant::now();
        outside.until_all(&log.lengths).await;
        // 150 ms, doubled seven times, and then 22.5 s each.
        let seconds = started.elapsed().as_secs();
        assert!((120..140).contains(&seconds), "{seconds} s");
        let reading = replica.relaying.stats[0].read();
        assert_eq!((reading.setbacks, reading.in_the_way), (12, None));
        replica.stop().await;
    });
}

/// What a sink asks for makes a pause longer; it cannot make it none.
#[test]
fn a_sink_may_ask_for_a_longer_pause_and_not_for_none() {
    run(async {
        for (wish, times, seconds) in [
            (0, 12, 120..140),
            (60_000, 3, 180..190),
            (u64::MAX, 1, 3_600..3_610),
        ] {
            let mut log = Log::new(1);
            let outside = Outside::new(std::iter::repeat_n(Turn::Wish(wish), times));
            let replica = Replica::start(&log, log.relays(), &outside, options("a"));
            log.write(0, 1).await;
            let started = Instant::now();
            outside.until_all(&log.lengths).await;
            let took = started.elapsed().as_secs();
            assert!(seconds.contains(&took), "{wish} ms: {took} s");
            replica.stop().await;
        }
    });
}

#[test]
fn a_sink_that_is_down_delays_no_other() {
    run(async {
        let mut log = Log::new(2);
        let down = Outside::new(std::iter::repeat_n(Turn::TakeSome(0), 1_000));
        let up = Outside::new([]);
        let first = Replica::start(&log, log.relays(), &down, options("a"));
        let other = {
            let sink = landfall_service::relay::Sink {
                name: "other".into(),
                publisher: Arc::new(up.clone()),
                begin: Begin::Beginning,
            };
            let stopping = tokio_util::sync::CancellationToken::new();
            let clock: Arc<dyn landfall_service::Clock> = landfall_testkit::FixedClock::new();
            let jitter: landfall_service::relay::Jitter = Arc::new(|_| 0);
            landfall_service::relay::start(
                &log.relays(),
                vec![sink],
                log.commits(),
                &clock,
                &jitter,
                options("b"),
                &stopping,
            )
        };
        log.write(0, 30).await;
        log.write(1, 30).await;
        up.until_all(&log.lengths).await;
        assert!(down.lock().came.values().all(Vec::is_empty));
        let reading = first.relaying.stats[0].read();
        assert_eq!((reading.lag, reading.partitions), (60, 2));
        assert_eq!(reading.in_the_way.as_deref(), Some("in the way"));
        drop(other);
        first.stop().await;
    });
}

#[test]
fn a_commit_wakes_the_relay_and_others_are_looked_for() {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new([]);
        let replica = Replica::start(&log, log.relays(), &outside, options("a"));
        log.write(0, 1).await;
        outside.until_all(&log.lengths).await;
        sleep(Duration::from_secs(5)).await;
        let started = Instant::now();
        log.write(0, 1).await;
        outside.until_all(&log.lengths).await;
        assert!(
            started.elapsed() < Duration::from_millis(100),
            "{:?}",
            started.elapsed()
        );
        log.write_silently(0, 1).await;
        let started = Instant::now();
        outside.until_all(&log.lengths).await;
        assert!(
            started.elapsed() < Duration::from_millis(400),
            "{:?}",
            started.elapsed()
        );
        replica.stop().await;
    });
}

#[test]
fn a_new_sink_begins_where_it_is_told_to() {
    run(async {
        let mut log = Log::new(2);
        log.write(0, 3).await;
        let relays = log.relays();
        relays.enroll("now", Begin::Now).await.unwrap();
        relays.enroll(SINK, Begin::Beginning).await.unwrap();
        log.write(1, 2).await;
        // What is known begins nowhere anew.
        relays.enroll("now", Begin::Beginning).await.unwrap();
        let standing = relays.standing().await.unwrap();
        let cursors = |at: usize| -> Vec<u64> {
            let partitions = standing[at].partitions.iter();
            partitions.map(|partition| partition.cursor).collect()
        };
        assert_eq!((&*standing[0].sink, cursors(0)), ("now", vec![3, 0]));
        assert_eq!((&*standing[1].sink, cursors(1)), (SINK, vec![0, 0]));
        assert_eq!((standing[0].lag(), standing[1].lag()), (2, 5));
    });
}
