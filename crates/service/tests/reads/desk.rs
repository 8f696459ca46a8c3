//! Projectors: several of them do the work once, and one goes on in the zone of the desk.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;
use landfall_service::desk::projector::{self, Options, Projecting};
use landfall_service::relay::Jitter;
use landfall_testkit::commands::{batch, line};
use landfall_testkit::{Harness, MemoryOf};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

type Memory = MemoryOf<4>;

fn project(harness: &Harness<Memory>, zone: TimeZone, stopping: &CancellationToken) -> Projecting {
    let jitter: Jitter = Arc::new(|below| below / 2);
    let options = Options {
        step: 3,
        ..Options::default()
    };
    let (_, tables) = harness.desk();
    projector::start(
        tables,
        zone,
        harness.commits(),
        jitter,
        options,
        stopping.clone(),
    )
}

/// Four products, so that several partitions have something.
async fn trade(harness: &Harness<Memory>, round: usize) {
    for sku in ["SOFA", "LAMP", "RUG", "BED"] {
        harness.done(batch(&format!("{sku}-{round}"), sku, 1)).await;
        for order in 0..5 {
            let order = format!("o-{sku}-{round}-{order}");
            harness.done(line(&order, sku, 1)).await;
        }
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test);
}

#[test]
fn several_projectors_do_the_work_once() {
    run(async {
        let harness = Harness::<Memory>::start();
        let (desk, _) = harness.desk();
        let stopping = [CancellationToken::new(), CancellationToken::new()];
        let [a, b] = [0, 1].map(|n| project(&harness, TimeZone::UTC, &stopping[n]));
        trade(&harness, 1).await;
        sleep(Duration::from_mins(1)).await;
        assert_eq!(desk.lag().await.unwrap().events, 0);
        let events = harness.events().await.len() as u64;
        assert_eq!(a.stats.taken_in() + b.stats.taken_in(), events);
        assert_eq!(desk.totals().await.unwrap().waiting.lines, 16);
        // One is gone: the other takes over.
        stopping[0].cancel();
        let (before, first) = (b.stats.taken_in(), a.stats.taken_in());
        a.join().await;
        trade(&harness, 2).await;
        sleep(Duration::from_mins(1)).await;
        assert_eq!(desk.lag().await.unwrap().events, 0);
        assert_eq!(b.stats.lag(), 0);
        let all = harness.events().await.len() as u64;
        assert_eq!(b.stats.taken_in() - before, all - events);
        assert_eq!(first + b.stats.taken_in(), all);
        stopping[1].cancel();
        b.join().await;
        harness.in_order().await;
    });
}

#[test]
fn days_stay_in_the_zone_of_the_desk() {
    run(async {
        let harness = Harness::<Memory>::start();
        let (desk, tables) = harness.desk();
        tables.enroll("Pacific/Kiritimati").await.unwrap();
        let stopping = CancellationToken::new();
        let projecting = project(&harness, TimeZone::UTC, &stopping);
        trade(&harness, 1).await;
        sleep(Duration::from_mins(1)).await;
        // Noon of the 10th is 2 o'clock of the 11th there.
        let day = date(2026, 5, 11);
        let days = desk.days(date(2026, 1, 1), date(2026, 12, 31)).await;
        let days = days.unwrap();
        assert_eq!(days.len(), 1);
        assert_eq!((days[0].day, days[0].figures.accepted), (day, 20));
        stopping.cancel();
        projecting.join().await;
    });
}
