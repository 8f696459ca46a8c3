//! Mail under a clock that the test moves: at once, in a digest, and after whatever goes wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex as Locked;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::ToSpan;
use landfall_domain::events::PromiseCause;
use landfall_domain::{BatchRef, Event, LineId, OrderId, ShipmentRef, Sku};
use proptest::prelude::*;

use super::super::digest::FULL;
use super::*;

/// Minutes since the test began.
#[derive(Default)]
struct Minutes(AtomicI64);

impl Minutes {
    fn pass(&self, minutes: i64) {
        self.0.fetch_add(minutes, Ordering::SeqCst);
    }
}

impl Clock for Minutes {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
        start + self.0.load(Ordering::SeqCst).minutes()
    }
}

/// People who keep what they are told, and how the post is.
#[derive(Default)]
struct People {
    told: Locked<Vec<Message>>,
    weather: Locked<Option<NotSent>>,
}

impl People {
    fn weather(&self, weather: Option<NotSent>) {
        *self.weather.lock().unwrap() = weather;
    }

    fn storm(&self) {
        self.weather(Some(NotSent::Unavailable("storm".into())));
    }

    fn told(&self) -> Vec<Message> {
        self.told.lock().unwrap().clone()
    }

    fn subjects(&self) -> Vec<String> {
        self.told()
            .into_iter()
            .map(|message| message.subject)
            .collect()
    }
}

#[async_trait]
impl Notifications for People {
    async fn send(&self, message: &Message) -> Result<(), NotSent> {
        match &*self.weather.lock().unwrap() {
            Some(why) => return Err(why.clone()),
            None => self.told.lock().unwrap().push(message.clone()),
        }
        Ok(())
    }
}

#[derive(Default)]
struct Stage {
    people: Arc<People>,
    clock: Arc<Minutes>,
}

impl Stage {
    fn sink(&self) -> MailPublisher {
        self.sink_with(Config::default())
    }

    fn sink_with(&self, config: Config) -> MailPublisher {
        MailPublisher::new(self.people.clone(), config, self.clock.clone())
    }
}

fn sku(text: &str) -> Option<Sku> {
    Sku::new(text).ok()
}

fn record(partition: u16, offset: u64, event: Event) -> LogRecord {
    LogRecord {
        partition,
        offset,
        sku: event
            .shipment()
            .is_none()
            .then(|| sku(&format!("n{partition}x{offset}")))
            .flatten(),
        time: Minutes::default().now(),
        command_id: "k".into(),
        actor: None,
        event,
    }
}

fn out_of_stock(partition: u16, offset: u64) -> LogRecord {
    let event = Event::OutOfStock {
        order_id: OrderId::new("o").unwrap(),
        line_id: LineId::new("l").unwrap(),
        quantity: 1,
    };
    record(partition, offset, event)
}

fn promise(partition: u16, offset: u64) -> LogRecord {
    let event = Event::PromiseChanged {
        order_id: OrderId::new("o").unwrap(),
        line_id: LineId::new("l").unwrap(),
        from: None,
        to: "2026-06-01".parse().ok(),
        cause: PromiseCause::Released,
    };
    record(partition, offset, event)
}

fn eta(
    partition: u16,
    offset: u64,
    from: Option<&str>,
    to: Option<&str>,
    shipment: Option<&str>,
) -> LogRecord {
    let event = Event::BatchEtaChanged {
        reference: BatchRef::new(format!("b{partition}x{offset}")).unwrap(),
        from: from.and_then(|text| text.parse().ok()),
        to: to.and_then(|text| text.parse().ok()),
        landed: None,
        shipment: shipment.map(|text| ShipmentRef::new(text).unwrap()),
    };
    record(partition, offset, event)
}

fn nothing(partition: u16, offset: u64) -> LogRecord {
    let event = Event::ShipmentReleased {
        reference: ShipmentRef::new("MV-1").unwrap(),
    };
    record(partition, offset, event)
}

fn at(delivery: &Delivery) -> (Option<u64>, Option<u64>) {
    (delivery.taken, delivery.through)
}

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
        .map(|m| m.to.iter().map(super::super::Address::as_str).collect())
        .collect();
    assert_eq!(to, [vec!["a@x"], vec!["b@x", "c@x"]]);
}

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
    assert_eq!(
        (at(&delivery), delivery.setback),
        ((Some(6), Some(6)), None)
    );
    assert_eq!(stage.people.told().len(), 3);
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

/// What happens next, in the property below.
#[derive(Debug, Clone)]
enum Step {
    /// So many records of a partition are given.
    Give(u16, usize),
    Pass(i64),
    Storm,
    Refuse,
    Calm,
    LetGo(u16),
    Crash,
}

/// The log, the cursors and the sink, as a relay has them.
struct Relay {
    stage: Stage,
    sink: MailPublisher,
    /// Until when a partition's records are taken and, for good, out.
    places: BTreeMap<u16, (u64, u64)>,
    dead: BTreeSet<(u16, u64)>,
}

/// Every partition's log: of each kind some, and some of none.
fn in_log(partition: u16, offset: u64) -> LogRecord {
    match (offset + u64::from(partition)) % 5 {
        0 => nothing(partition, offset),
        1 => out_of_stock(partition, offset),
        2 => eta(partition, offset, None, Some("2026-06-20"), None),
        _ => promise(partition, offset),
    }
}

impl Relay {
    async fn give(&mut self, partition: u16, count: usize) -> Result<(), TestCaseError> {
        let place = self.places.entry(partition).or_default();
        let records: Vec<_> = (place.0 + 1..)
            .take(count)
            .map(|o| in_log(partition, o))
            .collect();
        let delivery = self.sink.publish(partition, &records).await;
        place.0 = delivery.taken.unwrap_or(place.0);
        let through = delivery.through.unwrap_or(place.1);
        prop_assert!(
            through >= place.1 && through <= place.0,
            "{delivery:?} at {place:?}"
        );
        place.1 = through;
        self.dead.extend(
            delivery
                .dead
                .iter()
                .map(|refused| (partition, refused.offset)),
        );
        Ok(())
    }

    /// How often people were told of a record.
    fn told(&self, partition: u16, offset: u64) -> usize {
        let (sku, batch) = (
            format!("n{partition}x{offset}"),
            format!("b{partition}x{offset}"),
        );
        let mention = |message: &Message| {
            let mut words = message.body.split_whitespace();
            words.any(|word| word == sku || word == batch)
        };
        self.stage
            .people
            .told
            .lock()
            .unwrap()
            .iter()
            .filter(|m| mention(m))
            .count()
    }

    /// What is out by the cursor is out.
    fn check(&self, times: std::ops::RangeInclusive<usize>) -> Result<(), TestCaseError> {
        for (&partition, &(_, through)) in &self.places {
            for offset in 1..=through {
                if Notice::of(&in_log(partition, offset)).is_some() {
                    let told = self.told(partition, offset);
                    let dead = usize::from(self.dead.contains(&(partition, offset)));
                    prop_assert!(
                        times.contains(&(told + dead)),
                        "{partition}-{offset}: {told}"
                    );
                }
            }
        }
        Ok(())
    }
}

fn play(steps: Vec<Step>, times: std::ops::RangeInclusive<usize>) -> Result<(), TestCaseError> {
    let stage = Stage::default();
    let sink = stage.sink();
    let mut relay = Relay {
        stage,
        sink,
        places: BTreeMap::new(),
        dead: BTreeSet::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        for step in steps {
            match step {
                Step::Give(partition, count) => relay.give(partition, count).await?,
                Step::Pass(minutes) => relay.stage.clock.pass(minutes),
                Step::Storm => relay.stage.people.storm(),
                Step::Refuse => relay
                    .stage
                    .people
                    .weather(Some(NotSent::Refused("no".into()))),
                Step::Calm => relay.stage.people.weather(None),
                Step::LetGo(partition) => {
                    relay.sink.let_go(partition).await;
                    let place = relay.places.entry(partition).or_default();
                    place.0 = place.1;
                }
                Step::Crash => {
                    relay.sink = relay.stage.sink();
                    relay
                        .places
                        .values_mut()
                        .for_each(|place| place.0 = place.1);
                }
            }
            relay.check(times.clone())?;
        }
        relay.stage.people.weather(None);
        for _ in 0..2 {
            relay.stage.clock.pass(10);
            for partition in 0..3 {
                relay.give(partition, 0).await?;
            }
        }
        // In the end nothing is held back.
        prop_assert!(
            relay
                .places
                .values()
                .all(|(taken, through)| taken == through)
        );
        relay.check(times.clone())
    })
}

fn quiet_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_u16, 0..6_usize).prop_map(|(partition, count)| Step::Give(partition, count)),
        1 => (0..12_i64).prop_map(Step::Pass),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => quiet_step(),
        1 => Just(Step::Storm),
        1 => Just(Step::Refuse),
        2 => Just(Step::Calm),
        1 => (0..3_u16).prop_map(Step::LetGo),
        1 => Just(Step::Crash),
    ]
}

proptest! {
    #[test]
    fn each_is_told_once_if_nothing_goes_wrong(steps in prop::collection::vec(quiet_step(), 1..40)) {
        play(steps, 1..=1)?;
    }

    #[test]
    fn each_is_told_at_least_once_or_dead_whatever_goes_wrong(steps in prop::collection::vec(any_step(), 1..40)) {
        play(steps, 1..=usize::MAX)?;
    }
}
