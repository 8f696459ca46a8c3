//! A small database as it is shown to an audit, true until a test damages it.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use landfall_domain::events::{DeallocationReason, PromiseCause};
use landfall_domain::product::{Amendment, Counters};
use landfall_domain::{
    Batch, Day, Deliver, Event, Hold, LineId, LineKey, OrderLine, Product, Shipment, Sku, Supply,
    Terms,
};

use crate::audit::{AuditReport, Auditor};
use crate::log::LogRecord;
use crate::views::{AvailabilityView, Inspect, OrderLineView};

pub(super) const TODAY: Date = date(2026, 5, 10);

/// What a database shows to an audit.
pub(super) struct Story {
    pub(super) events: Vec<LogRecord>,
    pub(super) products: Vec<(Sku, Counters)>,
    pub(super) shipments: Vec<Shipment>,
    pub(super) batches: Vec<Batch>,
    pub(super) lines: Vec<OrderLine>,
    pub(super) order_view: Vec<OrderLineView>,
    pub(super) availability: Vec<AvailabilityView>,
    pub(super) sums: Vec<(u64, u64, u64)>,
    pub(super) heads: Vec<(u16, u64)>,
}

impl Story {
    pub(super) fn audit(&self) -> AuditReport {
        let mut auditor = Auditor::default();
        for record in &self.events {
            auditor.event(record);
        }
        for (sku, counters) in &self.products {
            auditor.product(1, sku, *counters);
        }
        for row in &self.shipments {
            auditor.shipment(row);
        }
        for line in &self.lines {
            auditor.line(line);
        }
        for batch in &self.batches {
            auditor.batch(batch);
        }
        for row in &self.order_view {
            auditor.order_line(row);
        }
        for row in &self.availability {
            auditor.availability(row);
        }
        for (number, units, lines) in &self.sums {
            auditor.allocated(0, *number, *units, *lines);
        }
        for (partition, next) in &self.heads {
            auditor.head(*partition, *next);
        }
        auditor.finish()
    }

    pub(super) fn row(&mut self, order: &str) -> &mut OrderLineView {
        let mut rows = self.order_view.iter_mut();
        rows.find(|row| row.key.order_id.as_str() == order).unwrap()
    }

    pub(super) fn batch(&mut self, reference: &str) -> &mut Batch {
        let mut batches = self.batches.iter_mut();
        batches
            .find(|batch| batch.reference.as_str() == reference)
            .unwrap()
    }

    pub(super) fn line(&mut self, order: &str) -> &mut OrderLine {
        let mut lines = self.lines.iter_mut();
        lines
            .find(|line| line.key.order_id.as_str() == order)
            .unwrap()
    }

    /// The first record of this type.
    pub(super) fn record(&mut self, kind: &str) -> &mut LogRecord {
        let mut events = self.events.iter_mut();
        events.find(|record| record.event.kind() == kind).unwrap()
    }

    pub(super) fn event(&mut self, kind: &str) -> &mut Event {
        &mut self.record(kind).event
    }

    /// Takes an event out and closes the gap in the offsets.
    pub(super) fn forget(&mut self, which: impl Fn(&Event) -> bool) {
        let at = self
            .events
            .iter()
            .position(|record| which(&record.event))
            .unwrap();
        self.events.remove(at);
        for (offset, record) in (1..).zip(&mut self.events) {
            record.offset = offset;
        }
        self.heads = vec![(0, self.events.len() as u64 + 1)];
    }
}

pub(super) fn sku() -> Sku {
    "SOFA".parse().unwrap()
}

pub(super) fn batch(number: u64, reference: &str, units: u64, eta: Option<Date>) -> Batch {
    Batch::new(number, reference.parse().unwrap(), sku(), units, eta)
}

pub(super) fn line(number: u64, order: &str, units: u64) -> OrderLine {
    let terms = Terms {
        split: order == "o-split",
        ..Terms::plain(units)
    };
    let key = LineKey {
        order_id: order.parse().unwrap(),
        line_id: sku().into(),
    };
    OrderLine::new(number, key, sku(), terms)
}

pub(super) fn hold(code: &str) -> Hold {
    Hold {
        code: code.parse().unwrap(),
        note: None,
        expected_clear: Some(TODAY + 30.days()),
    }
}

/// A shipment as it is in the end, and its own events.
fn shipment() -> (Shipment, Vec<Event>) {
    let reference = || "s-1".parse().unwrap();
    let (first, later) = (TODAY + 20.days(), TODAY + 25.days());
    let shipment = Shipment {
        reference: reference(),
        eta: Some(later),
        carrier: "Carrier".parse().ok(),
        vessel: "Aurora".parse().ok(),
        container: None,
        hold: Some(hold("storm")),
        first_eta: Some(first),
    };
    let created = Event::ShipmentCreated {
        reference: reference(),
        eta: Some(first),
        carrier: shipment.carrier.clone(),
        vessel: shipment.vessel.clone(),
        container: None,
    };
    let moved = Event::ShipmentEtaChanged {
        reference: reference(),
        from: Some(first),
        to: Some(later),
    };
    let held = |code| Event::ShipmentHeld {
        reference: reference(),
        hold: hold(code),
    };
    let released = Event::ShipmentReleased {
        reference: reference(),
    };
    (
        shipment,
        vec![created, held("customs"), released, moved, held("storm")],
    )
}

/// Two batches; a line on one, a line split over both, one that waits, one that was cancelled; one amended;
/// one moved; a ship delayed and a batch cut on the way. Lines that have left, in parts and whole; a batch of
/// a shipment, held; one that was received and held; one that will never come.
pub(super) fn story() -> Story {
    let day = Day {
        today: TODAY,
        handling_days: 0,
    };
    let mut product = Product::new(1, sku());
    let later = TODAY + 10.days();
    product.create_batch(batch(2, "b-here", 11, None));
    product.create_batch(batch(3, "b-ship", 5, Some(later)));
    let mut lines = vec![
        line(4, "o-one", 6),
        line(5, "o-split", 8),
        line(6, "o-gone", 1),
    ];
    for line in &mut lines {
        assert!(product.allocate(line, &day, true));
    }
    let mut waits = line(7, "o-waits", 30);
    product.backorder(&mut waits, true);
    product.out_of_stock(&waits);
    product.cancel(&mut lines[2]);
    let less = Amendment {
        quantity: 5,
        if_short: None,
    };
    product.amend_in_place(&mut lines[0], &less, &day);
    let delayed = later + 5.days();
    product.change_eta(&"b-ship".parse().unwrap(), Some(delayed), TODAY);
    let told = lines[1].current_promise;
    assert!(product.promise_again(&mut lines[1], &day));
    product.tell(&lines[1], told, PromiseCause::EtaChanged);
    product.change_quantity(&"b-here".parse().unwrap(), 10, Some("damage".into()));
    let mut moved = line(8, "o-moved", 1);
    assert!(product.allocate(&mut moved, &day, true));
    product.deallocate(&mut moved, DeallocationReason::QuantityChanged);
    product.create_batch(batch(13, "b-other", 1, None));
    let other = |batch: &Batch| batch.reference.as_str() == "b-other";
    let at = product.batches().iter().position(other).unwrap();
    product.allocate_to(&mut moved, &[(at, 1)], &day);
    lines.extend([waits, moved]);

    let (shipment, shipments_own) = shipment();
    let (count, on_ship, never) = ("b-count", "b-on-ship", "b-never");
    product.create_batch(batch(10, count, 9, Some(later)));
    product.create_batch(batch(11, never, 6, Some(later)));
    product.create_batch(Batch {
        shipment: Some(shipment.reference.clone()),
        first_eta: None,
        ..batch(12, on_ship, 7, Some(TODAY + 20.days()))
    });
    let on_ship = on_ship.parse().unwrap();
    product.change_eta(&on_ship, shipment.eta, TODAY);
    let of = Some(&shipment.reference);
    product.hold_batch(&on_ship, &hold("customs"), of);
    product.release_batch(&on_ship, of);
    product.hold_batch(&on_ship, &hold("storm"), of);
    product.receive(&count.parse().unwrap(), 8, TODAY);
    product.cancel_batch(&never.parse().unwrap(), Some("lost".into()));
    for (number, order) in [(13, "o-left"), (14, "o-part"), (15, "o-rest")] {
        let mut line = line(number, order, 2);
        assert!(product.allocate(&mut line, &day, true));
        if order == "o-left" {
            // Late until it leaves: what has left is not counted.
            let told = line.current_promise;
            assert!(product.promise(&mut line, Some(TODAY + 1.day())));
            product.tell(&line, told, PromiseCause::EtaChanged);
        }
        let units = if order == "o-left" { 2 } else { 1 };
        product.dispatch(&mut line, units, TODAY);
        if order == "o-rest" {
            product.cancel(&mut line);
        }
        lines.push(line);
    }
    product.hold_batch(&count.parse().unwrap(), &hold("quality"), None);

    let mut own = vec![Event::OrderPlaced {
        order_id: "o-one".parse().unwrap(),
        deliver: Deliver::AsReady,
        lines: vec![LineId::from(sku())],
    }];
    own.extend(shipments_own);
    shown(product, lines, shipment, own)
}

/// What a database with this product and these lines shows; `own` are the facts that are of no product.
fn shown(
    mut product: Product,
    lines: Vec<OrderLine>,
    shipment: Shipment,
    own: Vec<Event>,
) -> Story {
    let own = own.into_iter().map(|event| (None, event));
    let its_events = product.take_events().into_iter();
    let events = own.chain(its_events.map(|event| (Some(sku()), event)));
    let events: Vec<LogRecord> = (1..)
        .zip(events)
        .map(|(offset, (sku, event))| LogRecord {
            partition: 0,
            offset,
            sku,
            time: Timestamp::UNIX_EPOCH,
            command_id: format!("~0-{offset}"),
            actor: None,
            event,
        })
        .collect();
    let heads = vec![(0, events.len() as u64 + 1)];
    let batches = product.batches().to_vec();
    let taken = |number| {
        let pegged = || {
            lines
                .iter()
                .map(|line| line.pegged_to(number))
                .filter(|units| *units > 0)
        };
        (number, pegged().sum(), pegged().count() as u64)
    };
    let mut days: Vec<Supply> = batches.iter().map(Batch::supply).collect();
    days.sort_unstable();
    days.dedup();
    let available = |supply| AvailabilityView {
        sku: sku(),
        supply,
        units: product.available_on(supply),
    };
    let counters = Counters {
        version: 1,
        ..product.counters()
    };
    Story {
        events,
        products: vec![(sku(), counters)],
        shipments: vec![shipment],
        order_view: lines.iter().map(OrderLineView::of).collect(),
        availability: days.into_iter().map(available).collect(),
        sums: batches.iter().map(|batch| taken(batch.number)).collect(),
        batches,
        lines,
        heads,
    }
}
