//! Whatever goes wrong with the post, or with the partition.

use super::*;

#[tokio::test]
async fn while_the_post_is_down_nothing_is_lost() {
    let stage = Stage::default();
    let sink = stage.sink();
    stage.people.storm();
    let delivery = sink.publish(0, &[nothing(0, 1), out_of_stock(0, 2)]).await;
    assert_eq!(at(&delivery), (Some(1), Some(1)));
    assert_eq!(delivery.setback, Some(Setback::new("storm")));
    // Whoever comes a moment later is not made to wait for it.
    stage.people.weather(None);
    let delivery = sink.publish(1, &[out_of_stock(1, 1)]).await;
    assert_eq!(
        (delivery.taken, delivery.setback),
        (None, Some(Setback::new("storm")))
    );
    stage.clock.pass(1);
    let delivery = sink
        .publish(0, &[out_of_stock(0, 2), out_of_stock(0, 3)])
        .await;
    assert_eq!(
        (at(&delivery), delivery.setback),
        ((Some(3), Some(2)), None)
    );
    stage.people.storm();
    stage.clock.pass(10);
    // The digest cannot go; what has to wait for it anyway is taken.
    let delivery = sink
        .publish(0, &[out_of_stock(0, 4), promise(0, 5), nothing(0, 6)])
        .await;
    assert_eq!(at(&delivery), (Some(4), Some(2)));
    assert!(delivery.setback.is_some());
    stage.people.weather(None);
    stage.clock.pass(1);
    let delivery = sink.publish(0, &[promise(0, 5), nothing(0, 6)]).await;
    // What was held back while the digest could not go is for the next one.
    assert_eq!(
        (at(&delivery), delivery.setback),
        ((Some(6), Some(3)), None)
    );
    assert_eq!(stage.people.told().len(), 3);
    stage.clock.pass(10);
    assert_eq!(at(&sink.publish(0, &[]).await), (None, Some(6)));
    assert_eq!(stage.people.told().len(), 4);
}

#[tokio::test]
async fn a_digest_that_is_tried_again_is_the_same_message() {
    let stage = Stage::default();
    let sink = stage.sink();
    sink.publish(0, &[promise(0, 1), promise(0, 2)]).await;
    stage.people.storm();
    stage.clock.pass(10);
    for offset in 3..6 {
        sink.publish(0, &[promise(0, offset)]).await;
        stage.clock.pass(1);
    }
    let tried = stage.people.tried();
    assert_eq!(tried.len(), 4, "the first, and a digest three times");
    assert!(tried[1..].iter().all(|message| *message == tried[1]));
    // With less in it, because another replica has a part of it now, it is another one.
    sink.publish(1, &[promise(1, 1)]).await;
    sink.let_go(0).await;
    stage.clock.pass(1);
    sink.publish(1, &[]).await;
    let last = stage.people.tried().pop().unwrap();
    assert!(last.body.contains("n1x1") && !last.body.contains("n0x2"));
    assert!(tried.iter().all(|message| message.id != last.id));
}

#[tokio::test]
async fn what_is_refused_for_good_is_a_dead_letter() {
    let stage = Stage::default();
    let sink = stage.sink();
    let no = || Some(NotSent::Refused("no such user".into()));
    stage.people.weather(no());
    let delivery = sink.publish(0, &[out_of_stock(0, 1), nothing(0, 2)]).await;
    assert_eq!(
        (at(&delivery), delivery.setback),
        ((Some(2), Some(2)), None)
    );
    let dead = |offset| Refused {
        offset,
        reason: "no such user".into(),
        attempts: 1,
    };
    assert_eq!(delivery.dead, [dead(1)]);
    stage.people.weather(None);
    sink.publish(
        0,
        &[out_of_stock(0, 3), out_of_stock(0, 4), out_of_stock(0, 5)],
    )
    .await;
    sink.publish(1, &[out_of_stock(1, 1), out_of_stock(1, 2)])
        .await;
    assert_eq!(stage.people.subjects(), ["Out of stock for n0x3"]);
    stage.people.weather(no());
    stage.clock.pass(10);
    // A digest takes with it what would have been in it, each to its partition.
    let delivery = sink.publish(0, &[]).await;
    assert_eq!(
        (delivery.through, delivery.dead),
        (Some(5), vec![dead(4), dead(5)])
    );
    let delivery = sink.publish(1, &[]).await;
    assert_eq!(
        (delivery.through, delivery.dead),
        (Some(2), vec![dead(1), dead(2)])
    );
    assert_eq!(sink.publish(1, &[]).await.dead, []);
}

#[tokio::test]
async fn a_partition_that_is_let_go_is_forgotten() {
    let stage = Stage::default();
    let sink = stage.sink();
    sink.publish(0, &[promise(0, 1), promise(0, 2)]).await;
    sink.publish(1, &[promise(1, 1)]).await;
    sink.let_go(0).await;
    assert_eq!(sink.publish(0, &[]).await.through, None);
    stage.clock.pass(10);
    sink.publish(1, &[]).await;
    let digest = &stage.people.told()[1];
    assert!(
        digest.body.contains("n1x1") && !digest.body.contains("n0x2"),
        "{}",
        digest.body
    );
}
