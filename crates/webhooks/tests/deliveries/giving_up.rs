//! An endpoint that is down for days: what has waited as long goes to the dead letters, the rest waits on.

use landfall_service::relay::EventPublisher;
use landfall_testkit::clock::FixedClock;

use super::receiver::{Answer, Receiver, status};
use super::*;

/// A record that was written so many hours after the tests begin.
fn written_after(offset: u64, hours: i64) -> LogRecord {
    LogRecord {
        time: noon() + hours.hours(),
        ..record(offset)
    }
}

#[tokio::test]
async fn nobody_there_for_three_days() {
    let clock = FixedClock::new();
    let url = format!(
        "http://127.0.0.1:{}/",
        landfall_testkit::servers::free_port()
    );
    let sink = publisher(endpoint(&url, ""), &clock);
    let records = [
        written_after(1, 0),
        written_after(2, 0),
        written_after(3, 5),
    ];
    for hours in [0, 24, 71] {
        after_hours(&clock, hours);
        let delivery = sink.publish(0, &records).await;
        assert_eq!((delivery.taken, dead(&delivery)), (None, vec![]), "{hours}");
    }
    after_hours(&clock, 72);
    let delivery = sink.publish(0, &records).await;
    // The second was not tried by itself: there was nobody to send it to.
    assert_eq!(dead(&delivery), [(1, 4), (2, 0)]);
    assert_eq!((delivery.taken, delivery.through), (Some(2), Some(2)));
    assert!(delivery.setback.is_some());
    assert!(
        delivery.dead[0]
            .reason
            .contains("has failed since 2026-05-10T12:00:00Z")
    );
    after_hours(&clock, 78);
    assert_eq!(dead(&sink.publish(0, &records[2..]).await), [(3, 1)]);
}

#[tokio::test]
async fn what_is_old_because_landfall_was_away_is_tried_first() {
    let clock = FixedClock::new();
    let url = format!(
        "http://127.0.0.1:{}/",
        landfall_testkit::servers::free_port()
    );
    let sink = publisher(endpoint(&url, ""), &clock);
    after_hours(&clock, 1000);
    let delivery = sink.publish(0, &[record(1)]).await;
    assert_eq!((delivery.taken, dead(&delivery)), (None, vec![]));
}

#[tokio::test]
async fn a_record_that_breaks_the_receiver_holds_the_others_up_for_three_days_at_most() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    receiver.answers(&[status(500), status(500), Answer::Fine]);
    let sink = publisher(endpoint(&receiver.url(), ""), &clock);
    let records = [record(1), record(2)];
    assert_eq!(sink.publish(0, &records).await.taken, None);
    after_hours(&clock, 72);
    let delivery = sink.publish(0, &records).await;
    assert_eq!((delivery.taken, delivery.setback.clone()), (Some(2), None));
    assert_eq!(dead(&delivery), [(1, 2)]);
    assert_eq!(receiver.ids(), ["0-1", "0-1", "0-2"]);
    // It works again: what comes next has its three days.
    receiver.answers(&[status(500)]);
    let late = written_after(3, 72);
    assert_eq!(sink.publish(0, &[late]).await.dead, []);
}
