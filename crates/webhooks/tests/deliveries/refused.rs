//! What a receiver does not take: later again, or never.

use std::time::Duration;

use landfall_service::relay::EventPublisher;
use landfall_testkit::clock::FixedClock;

use super::receiver::{Answer, Receiver, status};
use super::*;

#[tokio::test]
async fn an_endpoint_that_has_no_time_is_asked_again() {
    let clock = FixedClock::new();
    for code in [408, 425, 429, 500, 502, 503, 504, 599] {
        let receiver = Receiver::start().await;
        receiver.answers(&[
            Answer::Fine,
            status(code),
            status(code),
            status(code),
            status(code),
            Answer::Fine,
        ]);
        let sink = publisher(endpoint(&receiver.url(), ""), &clock);
        let records = [record(1), record(2), record(3)];
        let delivery = sink.publish(0, &records).await;
        assert_eq!(
            (delivery.taken, delivery.through),
            (Some(1), Some(1)),
            "{code}"
        );
        assert!(
            reason(&delivery).contains(&code.to_string()),
            "{delivery:?}"
        );
        // More often than a refused one would be tried.
        for _ in 0..3 {
            let delivery = sink.publish(0, &records[1..]).await;
            assert_eq!((delivery.taken, delivery.through), (None, None));
            assert_eq!(delivery.dead, []);
        }
        let delivery = sink.publish(0, &records[1..]).await;
        assert_eq!(delivery, Delivery::all(&records));
        assert_eq!(
            receiver.ids(),
            ["0-1", "0-2", "0-2", "0-2", "0-2", "0-2", "0-3"]
        );
    }
}

#[tokio::test]
async fn an_endpoint_may_say_how_long_it_wants_to_be_left_alone() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    let retry = |code, text: &str| Answer::Status(code, vec![("retry-after", text.to_owned())]);
    receiver.answers(&[
        retry(429, "17"),
        retry(503, "Sun, 10 May 2026 12:00:30 GMT"),
        status(503),
    ]);
    let sink = publisher(endpoint(&receiver.url(), ""), &clock);
    for pause in [Some(17), Some(30), None] {
        let delivery = sink.publish(0, &[record(1)]).await;
        let setback = delivery.setback.unwrap();
        assert_eq!(setback.pause, pause.map(Duration::from_secs));
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter_and_the_rest_goes_on() {
    let clock = FixedClock::new();
    for code in [400, 401, 403, 404, 410, 413, 422] {
        let receiver = Receiver::start().await;
        receiver.answers(&[status(code), status(code), status(code), Answer::Fine]);
        let sink = publisher(endpoint(&receiver.url(), ""), &clock);
        let records = [record(1), record(2)];
        for _ in 0..2 {
            let delivery = sink.publish(0, &records).await;
            assert_eq!((delivery.taken, delivery.dead.len()), (None, 0), "{code}");
            assert!(delivery.setback.is_some());
        }
        let delivery = sink.publish(0, &records).await;
        assert_eq!((delivery.taken, delivery.through), (Some(2), Some(2)));
        assert_eq!((dead(&delivery), delivery.setback), (vec![(1, 3)], None));
        let reason = &delivery.dead[0].reason;
        assert!(
            reason.contains(&code.to_string()) && reason.contains("no  way"),
            "{reason}"
        );
        assert_eq!(receiver.ids(), ["0-1", "0-1", "0-1", "0-2"]);
    }
}

#[tokio::test]
async fn refusals_are_counted_by_record_and_forgotten_with_the_partition() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    receiver.answers(&[status(400)]);
    let sink = publisher(endpoint(&receiver.url(), "attempts = 2"), &clock);
    let tried = async |partition| dead(&sink.publish(partition, &[record(1)]).await);
    assert_eq!(tried(0).await, []);
    assert_eq!(tried(1).await, []);
    sink.let_go(0).await;
    assert_eq!(tried(0).await, []);
    assert_eq!(tried(1).await, [(1, 2)]);
    assert_eq!(tried(0).await, [(1, 2)]);
    // A dead letter that is sent once more begins at the beginning.
    assert_eq!(tried(0).await, []);
    assert_eq!(tried(0).await, [(1, 2)]);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let clock = FixedClock::new();
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    for code in [301, 302, 303, 307, 308] {
        receiver.answers(&[Answer::Status(code, vec![("location", elsewhere.url())])]);
        let sink = publisher(endpoint(&receiver.url(), "attempts = 1"), &clock);
        let delivery = sink.publish(0, &[record(1)]).await;
        assert_eq!(dead(&delivery), [(1, 1)]);
        assert!(
            delivery.dead[0]
                .reason
                .contains("redirects are not followed")
        );
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_asked_again() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    receiver.answers(&[Answer::Hang, Answer::Fine]);
    let sink = publisher(endpoint(&receiver.url(), "timeout = \"500ms\""), &clock);
    let delivery = sink.publish(0, &[record(1)]).await;
    assert_eq!(
        (delivery.taken, reason(&delivery)),
        (None, "no answer within 500ms")
    );
    assert_eq!(
        sink.publish(0, &[record(1)]).await,
        Delivery::all(&[record(1)])
    );
}

#[tokio::test]
async fn an_endpoint_that_is_away_is_asked_again_and_its_url_is_not_told() {
    let clock = FixedClock::new();
    let port = landfall_testkit::servers::free_port();
    let url = format!("http://127.0.0.1:{port}/in?token=t0ps3cret");
    let sink = publisher(endpoint(&url, ""), &clock);
    let delivery = sink.publish(0, &[record(1)]).await;
    assert_eq!(delivery.taken, None);
    assert!(reason(&delivery).contains("refused"), "{delivery:?}");
    assert!(!format!("{delivery:?}").contains("t0ps3cret"));
}

#[tokio::test]
async fn what_is_not_public_is_not_connected_to() {
    let clock = FixedClock::new();
    let receiver = Receiver::start().await;
    // By its address, by a name that leads to it, and in a disguise.
    for host in [
        "127.0.0.1",
        "localhost",
        "[::ffff:127.0.0.1]",
        "127.1",
        "2130706433",
    ] {
        let sink = publisher(
            strict_endpoint(&receiver.url_at(host), "allow_http = true"),
            &clock,
        );
        let delivery = sink.publish(0, &[record(1)]).await;
        assert_eq!(delivery.taken, None);
        assert!(
            reason(&delivery).contains("loopback"),
            "{host}: {delivery:?}"
        );
    }
    let link_local = "http://169.254.169.254/latest/meta-data";
    let sink = publisher(endpoint(link_local, "allow_http = true"), &clock);
    let delivery = sink.publish(0, &[record(1)]).await;
    assert!(reason(&delivery).contains("link-local"), "{delivery:?}");
    let public = "http://192.88.98.1/";
    let delivery = publisher(endpoint(public, ""), &clock)
        .publish(0, &[record(1)])
        .await;
    assert!(
        reason(&delivery).contains("allow_http is not set"),
        "{delivery:?}"
    );
    assert_eq!(receiver.connections(), 0);
}
