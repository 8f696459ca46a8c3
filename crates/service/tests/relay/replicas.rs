//! Several replicas: they share the partitions out, take over from each other, and one that was stopped for
//! a while does no harm.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use landfall_service::LogRecord;
use landfall_service::relay::{
    Advance, Begin, DeadLetter, Delivery, EventPublisher, Lease, RelayError, Relays, Shares,
    Standing,
};
use landfall_service::views::{List, Page};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::outside::{Log, Outside, Replica, Turn, cursors, options, run};

/// How many partitions each holder has.
async fn shares(relays: &dyn Relays) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for partition in &relays.standing().await.unwrap()[0].partitions {
        let holder = partition.holder.clone().unwrap_or_default();
        *shares.entry(holder).or_default() += 1;
    }
    shares
}

#[test]
fn replicas_share_the_partitions_out() {
    run(async {
        let mut log = Log::new(16);
        let (relays, outside) = (log.relays(), Outside::new([]));
        let start = |name| Replica::start(&log, log.relays(), &outside, options(name));
        let a = start("a");
        sleep(Duration::from_secs(1)).await;
        assert_eq!(shares(&*relays).await, [("a".into(), 16)].into());
        let (b, c) = (start("b"), start("c"));
        sleep(Duration::from_secs(12)).await;
        let shared = shares(&*relays).await;
        assert_eq!(shared.values().sum::<usize>(), 16);
        assert_eq!(shared.len(), 3);
        assert!(
            shared.values().all(|share| (4..=6).contains(share)),
            "{shared:?}"
        );
        for partition in 0..16 {
            log.write(partition, 20).await;
        }
        outside.until_all(&log.lengths).await;
        // One that ends in order hands over at once, one that crashes when its leases expire.
        b.stop().await;
        assert!(!shares(&*relays).await.contains_key("b"));
        sleep(Duration::from_secs(3)).await;
        let shared = shares(&*relays).await;
        assert_eq!(shared, [("a".into(), 8), ("c".into(), 8)].into());
        c.crash();
        sleep(Duration::from_secs(13)).await;
        assert_eq!(shares(&*relays).await, [("a".into(), 16)].into());
        a.stop().await;
        assert_eq!(shares(&*relays).await, [(String::new(), 16)].into());
        outside.in_order();
        let came = &outside.lock().came;
        assert!(
            came.values().all(|came| came.len() == 20),
            "nothing came twice"
        );
    });
}

#[test]
fn what_was_handed_over_goes_on_and_what_crashed_goes_out_again() {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new([]);
        let first = Replica::start(&log, log.relays(), &outside, options("a"));
        log.write(0, 30).await;
        outside.until_all(&log.lengths).await;
        first.stop().await;
        let second = Replica::start(&log, log.relays(), &outside, options("b"));
        log.write(0, 5).await;
        outside.until_all(&log.lengths).await;
        assert_eq!(outside.lock().came[&0].len(), 35, "nothing came twice");
        second.crash();
        let before = cursors(&*log.relays()).await;
        let third = Replica::start(&log, log.relays(), &outside, options("c"));
        sleep(Duration::from_secs(15)).await;
        let again = usize::try_from(35 - before[0]).unwrap();
        assert_eq!(outside.lock().came[&0].len(), 35 + again);
        assert!(again > 0, "the crash came before it was written down");
        third.stop().await;
        assert_eq!(cursors(&*log.relays()).await, [35]);
        outside.in_order();
    });
}

/// A process that can be stopped: while it is, none of its questions is asked and none is answered.
struct Process {
    running: watch::Receiver<bool>,
    relays: Arc<dyn Relays>,
    outside: Outside,
}

impl Process {
    async fn do_it<T>(&self, work: impl Future<Output = T>) -> T {
        self.runs().await;
        let done = work.await;
        self.runs().await;
        done
    }

    async fn runs(&self) {
        let mut running = self.running.clone();
        running.wait_for(|running| *running).await.unwrap();
    }
}

#[async_trait]
impl EventPublisher for Process {
    async fn publish(&self, partition: u16, records: &[LogRecord]) -> Delivery {
        self.do_it(self.outside.publish(partition, records)).await
    }

    async fn let_go(&self, partition: u16) {
        self.do_it(self.outside.let_go(partition)).await;
    }
}

#[async_trait]
impl Relays for Process {
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

/// While the database does not answer a replica, its sink is slow: what is under way when the lease runs out is
/// broken off, because another replica goes on.
#[test]
fn what_is_under_way_ends_with_the_lease() {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new([Turn::Take, Turn::Slow(20_000)]);
        let (switch, running) = watch::channel(true);
        let database = Arc::new(Process {
            running,
            relays: log.relays(),
            outside: outside.clone(),
        });
        let relays: Arc<dyn Relays> = database;
        let a = Replica::start(&log, relays, &outside, options("a"));
        log.write(0, 7).await;
        outside.until_all(&log.lengths).await;
        sleep(Duration::from_secs(1)).await;
        let b = Replica::start(&log, log.relays(), &outside, options("b"));
        log.write(0, 70).await;
        sleep(Duration::from_millis(50)).await;
        switch.send_replace(false);
        outside.until_all(&log.lengths).await;
        sleep(Duration::from_mins(1)).await;
        assert_eq!(outside.lock().came[&0].len(), 77, "nothing came twice");
        switch.send_replace(true);
        a.stop().await;
        b.stop().await;
        outside.in_order();
        assert_eq!(cursors(&*log.relays()).await, [77]);
    });
}

/// A process is stopped for a while, and another takes over; then it goes on. `slow`: how long its sink takes
/// over the batch in the midst of which it is stopped, in milliseconds.
fn stopped_for(seconds: u64, slow: u64) {
    run(async {
        let mut log = Log::new(1);
        let outside = Outside::new([Turn::Take, Turn::Slow(slow)]);
        let (switch, running) = watch::channel(true);
        let process = Arc::new(Process {
            running,
            relays: log.relays(),
            outside: outside.clone(),
        });
        let relays: Arc<dyn Relays> = Arc::clone(&process) as _;
        let a = Replica::start_to(&log, &relays, process, options("a"));
        log.write(0, 7).await;
        outside.until_all(&log.lengths).await;
        sleep(Duration::from_secs(1)).await;
        let b = Replica::start(&log, log.relays(), &outside, options("b"));
        log.write(0, 70).await;
        sleep(Duration::from_millis(50)).await;
        switch.send_replace(false);
        let stopped = Instant::now();
        outside.until_all(&log.lengths).await;
        tokio::time::sleep_until(stopped + Duration::from_secs(seconds)).await;
        let came = outside.lock().came[&0].len();
        let held = shares(&*log.relays()).await;
        assert_eq!(held, [("b".into(), 1)].into(), "b has taken over");
        switch.send_replace(true);
        sleep(Duration::from_secs(1)).await;
        log.write(0, 70).await;
        outside.until_all(&log.lengths).await;
        sleep(Duration::from_secs(5)).await;
        // Nothing but what was under way came twice, whoever brought it.
        let twice = outside.lock().came[&0].len() - came - 70;
        assert!(twice <= 7, "{twice} events came again");
        assert!(
            outside.lock().let_go > 0,
            "a knows that it has lost the partition"
        );
        outside.in_order();
        a.stop().await;
        assert_eq!(shares(&*log.relays()).await, [("b".into(), 1)].into());
        b.stop().await;
        assert_eq!(cursors(&*log.relays()).await, [147]);
    });
}

#[test]
fn a_process_that_was_stopped_notices_what_it_has_lost() {
    for slow in [1, 49, 60, 500] {
        for seconds in [15, 60, 3_600] {
            stopped_for(seconds, slow);
        }
    }
}
