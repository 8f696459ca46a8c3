//! What goes at once, what in a digest, and to whom.

use super::super::super::digest::FULL;
use super::*;

#[tokio::test]
async fn the_first_goes_at_once_and_the_others_in_a_digest() {
    let stage = Stage::default();
    let sink = stage.sink();
    let delivery = sink
        .publish(0, &[nothing(0, 1), out_of_stock(0, 2), nothing(0, 3)])
        .await;
    assert_eq!(at(&delivery), (Some(3), Some(3)));
    assert_eq!(stage.people.subjects(), ["Out of stock for n0x2"]);
    stage.clock.pass(9);
    let delivery = sink
        .publish(0, &[nothing(0, 4), out_of_stock(0, 5), out_of_stock(0, 6)])
        .await;
    assert_eq!(at(&delivery), (Some(6), Some(4)));
    assert_eq!(
        at(&sink.publish(0, &[nothing(0, 7)]).await),
        (Some(7), Some(4))
    );
    assert_eq!(stage.people.told().len(), 1);
    // Another kind has a window of its own.
    assert_eq!(
        at(&sink.publish(0, &[promise(0, 8)]).await),
        (Some(8), Some(4))
    );
    assert_eq!(stage.people.told().len(), 2);
    stage.clock.pass(1);
    assert_eq!(at(&sink.publish(0, &[]).await), (None, Some(8)));
    assert_eq!(
        stage.people.subjects()[2..],
        ["Out of stock: 2 products, 2 orders"]
    );
    // The digest opens the next window; a window with nothing in it ends in silence.
    sink.publish(0, &[out_of_stock(0, 9)]).await;
    assert_eq!(stage.people.told().len(), 3);
    stage.clock.pass(10);
    assert_eq!(at(&sink.publish(0, &[]).await), (None, Some(9)));
    assert_eq!(stage.people.told().len(), 4);
    stage.clock.pass(10);
    sink.publish(0, &[]).await;
    sink.publish(0, &[out_of_stock(0, 10)]).await;
    assert_eq!(stage.people.subjects()[4..], ["Out of stock for n0x10"]);
}

#[tokio::test]
async fn one_digest_for_all_partitions() {
    let stage = Stage::default();
    let sink = stage.sink();
    sink.publish(0, &[promise(0, 1)]).await;
    for partition in 0..3 {
        let records = [promise(partition, 2), promise(partition, 3)];
        assert_eq!(
            at(&sink.publish(partition, &records).await),
            (Some(3), Some(1))
        );
    }
    stage.clock.pass(10);
    assert_eq!(at(&sink.publish(1, &[]).await), (None, Some(3)));
    assert_eq!(
        stage.people.subjects()[1..],
        ["6 promises changed: 6 with a date again"]
    );
    for partition in [0, 2] {
        assert_eq!(at(&sink.publish(partition, &[]).await), (None, Some(3)));
    }
    assert_eq!(stage.people.told().len(), 2);
    assert_eq!(at(&sink.publish(9, &[]).await), (None, None));
}

#[tokio::test]
async fn a_shipment_is_late_once_and_what_is_early_is_no_news() {
    let stage = Stage::default();
    let config = Config {
        window: Duration::ZERO,
        ..Config::default()
    };
    let sink = stage.sink_with(config);
    let (may, june) = (Some("2026-05-20"), Some("2026-06-20"));
    let ship = |offset, from: Option<&str>, to: Option<&str>| {
        let event = Event::ShipmentEtaChanged {
            reference: ShipmentRef::new("MV-1").unwrap(),
            from: from.and_then(|text| text.parse().ok()),
            to: to.and_then(|text| text.parse().ok()),
        };
        record(0, offset, event)
    };
    let records = [
        ship(1, may, june),
        eta(0, 2, may, june, Some("MV-1")),
        eta(0, 3, may, june, Some("MV-1")),
        eta(0, 4, may, june, None),
        eta(0, 5, None, june, None),
        eta(0, 6, june, may, None),
        eta(0, 7, june, None, None),
        ship(8, june, may),
    ];
    assert_eq!(at(&sink.publish(0, &records).await), (Some(8), Some(8)));
    assert_eq!(
        stage.people.subjects(),
        [
            "Shipment MV-1 is late: 2026-06-20",
            "Batch b0x4 is late: 2026-06-20",
            "Batch b0x5 is late: 2026-06-20"
        ]
    );
}

#[tokio::test]
async fn each_kind_goes_to_its_own_readers() {
    let stage = Stage::default();
    let config = r#"{"to": ["a@x"], "promise_changed": ["b@x", "c@x"], "batch_late": []}"#;
    let sink = stage.sink_with(serde_json::from_str(config).unwrap());
    let records = [
        out_of_stock(0, 1),
        promise(0, 2),
        eta(0, 3, None, Some("2026-06-20"), None),
    ];
    assert_eq!(at(&sink.publish(0, &records).await), (Some(3), Some(3)));
    let told = stage.people.told();
    let to: Vec<Vec<_>> = told
        .iter()
        .map(|m| {
            m.to.iter()
                .map(super::super::super::Address::as_str)
                .collect()
        })
        .collect();
    assert_eq!(to, [vec!["a@x"], vec!["b@x", "c@x"]]);
}

#[tokio::test]
async fn what_is_held_and_given_again_is_held_once() {
    let stage = Stage::default();
    let sink = stage.sink();
    sink.publish(0, &[promise(0, 1), promise(0, 2), promise(0, 3)])
        .await;
    assert_eq!(
        at(&sink.publish(0, &[promise(0, 2), promise(0, 3)]).await),
        (Some(3), Some(1))
    );
    stage.clock.pass(10);
    sink.publish(0, &[]).await;
    assert!(stage.people.told()[1].subject.starts_with("2 promises"));
}

#[tokio::test]
async fn a_digest_that_is_full_does_not_wait() {
    let stage = Stage::default();
    let sink = stage.sink();
    let many = u64::try_from(FULL).unwrap() + 2;
    let records: Vec<_> = (1..=many).map(|offset| promise(0, offset)).collect();
    let delivery = sink.publish(0, &records).await;
    assert_eq!(at(&delivery), (Some(many), Some(many - 1)));
    let digest = &stage.people.told()[1];
    assert!(digest.subject.starts_with("10000 promises changed"));
    assert!(digest.body.contains("and 9900 more\n"));
    assert!(digest.body.len() < 20_000);
    // Full, and the post is down: no more is taken.
    stage.people.storm();
    let records: Vec<_> = (many + 1..=many * 2)
        .map(|offset| promise(0, offset))
        .collect();
    let delivery = sink.publish(0, &records).await;
    assert_eq!(at(&delivery), (Some(many * 2 - 3), Some(many - 1)));
    assert!(delivery.setback.is_some());
}

#[tokio::test]
async fn the_same_message_has_the_same_id_and_no_other_has() {
    let stage = Stage::default();
    for _ in 0..2 {
        let sink = stage.sink();
        sink.publish(0, &[promise(0, 1), promise(0, 2), out_of_stock(0, 3)])
            .await;
        stage.clock.pass(10);
        sink.publish(0, &[]).await;
    }
    let ids: Vec<_> = stage
        .people
        .told()
        .into_iter()
        .map(|message| message.id)
        .collect();
    assert_eq!(ids[..3], ids[3..]);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3);
    let fine = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    assert!(ids.iter().all(|id| id.chars().all(fine)), "{ids:?}");
}
