//! Whatever happens in whatever order, everybody is told.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

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
