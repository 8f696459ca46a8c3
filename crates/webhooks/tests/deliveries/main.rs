//! Webhooks to a real receiver: what it is sent, and what becomes of what it does not take.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod giving_up;
mod receiver;
mod refused;
mod taken;
mod tls;

use std::sync::Arc;

use jiff::ToSpan;
use landfall_domain::{Event, LineId, OrderId, ShipmentRef, Sku};
use landfall_service::relay::Delivery;
use landfall_service::{Clock, LogRecord};
use landfall_testkit::clock::FixedClock;
use landfall_webhooks::{Endpoint, WebhookPublisher};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// An endpoint at this URL which may be on this machine.
fn endpoint(url: &str, more: &str) -> Endpoint {
    strict_endpoint(url, &format!("allow_private = true\n{more}"))
}

/// An endpoint at this URL.
fn strict_endpoint(url: &str, more: &str) -> Endpoint {
    let text = format!("name = \"erp\"\nurl = \"{url}\"\nsecret = \"{SECRET}\"\n{more}");
    toml::from_str(&text).unwrap()
}

fn publisher(endpoint: Endpoint, clock: &Arc<FixedClock>) -> WebhookPublisher {
    WebhookPublisher::new(endpoint, "/shop", clock.clone()).unwrap()
}

/// A record of partition 0 that was written when the tests begin.
fn record(offset: u64) -> LogRecord {
    LogRecord {
        partition: 0,
        offset,
        sku: Sku::new("SOFA").ok(),
        time: noon(),
        command_id: "k".into(),
        actor: None,
        event: Event::OutOfStock {
            order_id: OrderId::new("o-1").unwrap(),
            line_id: LineId::new("SOFA").unwrap(),
            quantity: offset,
        },
    }
}

/// As [`record`], of a type of its own.
fn other(offset: u64) -> LogRecord {
    LogRecord {
        sku: None,
        event: Event::ShipmentReleased {
            reference: ShipmentRef::new("MV-1").unwrap(),
        },
        ..record(offset)
    }
}

fn noon() -> jiff::Timestamp {
    FixedClock::new().now()
}

fn after_hours(clock: &FixedClock, hours: i64) {
    clock.set(noon() + hours.hours());
}

/// The offsets that are dead now, and how often each was tried.
fn dead(delivery: &Delivery) -> Vec<(u64, u32)> {
    delivery
        .dead
        .iter()
        .map(|d| (d.offset, d.attempts))
        .collect()
}

fn reason(delivery: &Delivery) -> &str {
    &delivery.setback.as_ref().unwrap().reason
}
