//! Whatever a sink does, however often replicas crash: every event goes out, in order, at least once, and a
//! cursor is never beyond what is out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use landfall_service::LogRecord;
use landfall_service::relay::{
    Advance, Begin, DeadLetter, Lease, RelayError, Relays, Shares, Standing,
};
use landfall_service::views::{List, Page};
use proptest::prelude::*;
use tokio::time::sleep;

use crate::outside::{
    Log, Outside, Replica, Turn, cursors, dead_letters, options, run, until_written_down,
};

/// A database that now and then cannot be used, and sees to it that no cursor is beyond what is out.
struct Watched {
    relays: Arc<dyn Relays>,
    outside: Outside,
    /// One in so many uses fails; 0: none.
    failing: u64,
    uses: AtomicU64,
}

impl Watched {
    fn new(log: &Log, outside: &Outside, failing: u64) -> Arc<dyn Relays> {
        Arc::new(Self {
            relays: log.relays(),
            outside: outside.clone(),
            failing,
            uses: AtomicU64::new(1),
        })
    }

    /// As good as at random: if it were each so many-th use, the same one of several that take turns could fail
    /// for ever.
    fn fails(&self) -> bool {
        let uses = self.uses.fetch_add(1, Ordering::Relaxed);
        let mixed = (uses ^ (uses >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.failing > 0 && (mixed ^ (mixed >> 31)).is_multiple_of(self.failing)
    }

    /// Fails before it is done, or after it, or not.
    async fn do_it<T>(
        &self,
        work: impl Future<Output = Result<T, RelayError>>,
    ) -> Result<T, RelayError> {
        let down = || RelayError::Unavailable("down".into());
        if self.fails() {
            return Err(down());
        }
        let done = work.await?;
        if self.fails() {
            return Err(down());
        }
        Ok(done)
    }
}

#[async_trait]
impl Relays for Watched {
    fn partitions(&self) -> u16 {
        self.relays.partitions()
    }

    async fn ends(&self) -> Result<Vec<u64>, RelayError> {
        self.do_it(self.relays.ends()).await
    }

    async fn log(&self, p: u16, after: u64, limit: usize) -> Result<Vec<LogRecord>, RelayError> {
        self.do_it(self.relays.log(p, after, limit)).await
    }

    async fn enroll(&self, sink: &str, begin: Begin) -> Result<(), RelayError> {
        self.do_it(self.relays.enroll(sink, begin)).await
    }

    async fn renew(&self, sink: &str, of: &str, lease: Duration) -> Result<Shares, RelayError> {
        self.do_it(self.relays.renew(sink, of, lease)).await
    }

    async fn take(
        &self,
        sink: &str,
        holder: &str,
        partitions: &[u16],
        lease: Duration,
    ) -> Result<Vec<Lease>, RelayError> {
        self.do_it(self.relays.take(sink, holder, partitions, lease))
            .await
    }

    async fn advance(
        &self,
        sink: &str,
        holder: &str,
        now: Timestamp,
        advances: &[Advance],
    ) -> Result<Vec<u16>, RelayError> {
        for advance in advances {
            let out = self.outside.lock().whole(advance.partition);
            let (partition, cursor) = (advance.partition, advance.cursor);
            assert!(cursor <= out, "{partition}: {cursor} is beyond {out}");
        }
        self.do_it(self.relays.advance(sink, holder, now, advances))
            .await
    }

    async fn release(&self, sink: &str, holder: &str, of: &[u16]) -> Result<(), RelayError> {
        self.do_it(self.relays.release(sink, holder, of)).await
    }

    async fn leave(&self, sink: &str, holder: &str) -> Result<(), RelayError> {
        self.do_it(self.relays.leave(sink, holder)).await
    }

    async fn dead_letters(
        &self,
        sink: Option<&str>,
        page: &Page,
    ) -> Result<List<DeadLetter>, RelayError> {
        self.do_it(self.relays.dead_letters(sink, page)).await
    }

    async fn bury(&self, sink: &str, letters: &[(u16, u64)]) -> Result<u64, RelayError> {
        self.do_it(self.relays.bury(sink, letters)).await
    }

    async fn dismiss(&self, sink: &str) -> Result<(), RelayError> {
        self.do_it(self.relays.dismiss(sink)).await
    }

    async fn standing(&self) -> Result<Vec<Standing>, RelayError> {
        self.do_it(self.relays.standing()).await
    }
}

/// What happens to the replicas.
#[derive(Debug, Clone)]
enum Happening {
    /// So many events are written to a partition, here or by another replica.
    Written(u16, u64, bool),
    /// So many milliseconds pass.
    Passed(u64),
    /// A replica crashes, and another start of it begins.
    Crashed(usize),
    /// A replica ends in order, and another start of it begins.
    Restarted(usize),
}

const PARTITIONS: u16 = 3;
const REPLICAS: usize = 2;

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        3 => Just(Turn::Take),
        2 => (0_usize..9).prop_map(Turn::TakeSome),
        1 => (0_usize..9).prop_map(Turn::TakeSilently),
        1 => Just(Turn::Hang),
        1 => (1_u64..20_000).prop_map(Turn::Slow),
        2 => (0_usize..9).prop_map(Turn::Refuse),
        2 => (0_usize..9).prop_map(Turn::HoldBack),
        1 => (0_usize..9).prop_map(Turn::Panic),
    ]
}

fn happening() -> impl Strategy<Value = Happening> {
    let written = (0..PARTITIONS, 1_u64..40, any::<bool>());
    prop_oneof![
        4 => written.prop_map(|(partition, events, here)| Happening::Written(partition, events, here)),
        2 => (1_u64..500).prop_map(Happening::Passed),
        1 => (500_u64..30_000).prop_map(Happening::Passed),
        1 => (0..REPLICAS).prop_map(Happening::Crashed),
        1 => (0..REPLICAS).prop_map(Happening::Restarted),
    ]
}

async fn all_goes_out(turns: Vec<Turn>, happenings: Vec<Happening>, failing: u64) {
    let mut log = Log::new(PARTITIONS);
    let outside = Outside::new(turns);
    let watched = Watched::new(&log, &outside, failing);
    let mut starts = 0;
    let mut start = |log: &Log| {
        starts += 1;
        Replica::start(
            log,
            Arc::clone(&watched),
            &outside,
            options(&starts.to_string()),
        )
    };
    let mut replicas: Vec<Option<Replica>> = (0..REPLICAS).map(|_| Some(start(&log))).collect();
    for happening in happenings {
        match happening {
            Happening::Written(partition, events, true) => log.write(partition, events).await,
            Happening::Written(partition, events, false) => {
                log.write_silently(partition, events).await;
            }
            Happening::Passed(millis) => sleep(Duration::from_millis(millis)).await,
            Happening::Crashed(which) => {
                if let Some(replica) = replicas[which].take() {
                    replica.crash();
                }
                replicas[which] = Some(start(&log));
            }
            Happening::Restarted(which) => {
                if let Some(replica) = replicas[which].take() {
                    replica.stop().await;
                }
                replicas[which] = Some(start(&log));
            }
        }
    }
    outside.until_all(&log.lengths).await;
    // A sink that did not answer is given it again, and one that holds something back is asked.
    let relays = log.relays();
    until_written_down(&*relays, &log.lengths).await;
    for replica in replicas.into_iter().flatten() {
        replica.stop().await;
    }
    outside.in_order();
    assert_eq!(cursors(&*relays).await, log.lengths);
    let refused = outside.lock().refused.clone();
    let kept = dead_letters(&*relays).await;
    // What was refused just before a crash came again, and was perhaps taken.
    let came = outside.lock().came.clone();
    for (partition, offset) in &refused {
        let taken_later = came
            .get(partition)
            .is_some_and(|came| came.contains(offset));
        let kept = kept.contains(&(*partition, *offset));
        assert!(kept || taken_later, "{partition}-{offset} is lost");
    }
    assert!(kept.is_subset(&refused));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_goes_out_in_order(
        turns in prop::collection::vec(turn(), 0..40),
        happenings in prop::collection::vec(happening(), 1..25),
        failing in prop_oneof![Just(0_u64), 5_u64..40],
    ) {
        run(all_goes_out(turns, happenings, failing));
    }
}
