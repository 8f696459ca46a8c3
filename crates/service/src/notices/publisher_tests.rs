//! Mail under a clock that the test moves, to people who keep what they are told: what the tests share.

use std::collections::BTreeSet;
use std::sync::Mutex as Locked;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::ToSpan;
use landfall_domain::events::PromiseCause;
use landfall_domain::{BatchRef, Event, LineId, OrderId, ShipmentRef, Sku};

use super::*;

#[path = "publisher_tests/always.rs"]
mod always;
#[path = "publisher_tests/troubles.rs"]
mod troubles;
#[path = "publisher_tests/windows.rs"]
mod windows;

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
    /// With those that did not reach them.
    tried: Locked<Vec<Message>>,
    weather: Locked<Option<NotSent>>,
}

impl People {
    fn weather(&self, weather: Option<NotSent>) {
        *self.weather.lock().unwrap() = weather;
    }

    fn storm(&self) {
        self.weather(Some(NotSent::Unavailable("storm".into())));
    }

    fn tried(&self) -> Vec<Message> {
        self.tried.lock().unwrap().clone()
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
        self.tried.lock().unwrap().push(message.clone());
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
