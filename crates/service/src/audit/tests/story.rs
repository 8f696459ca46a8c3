//! A small database as it is shown to an audit, true until a test damages it.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use landfall_domain::events::DeallocationReason;
use landfall_domain::product::Amendment;
use landfall_domain::{
    Batch, Day, Deliver, Event, LineId, LineKey, OrderLine, Product, Sku, Terms,
};

use crate::audit::{AuditReport, Auditor};
use crate::log::LogRecord;
use crate::views::Inspect;

pub(super) const TODAY: Date = date(2026, 5, 10);

/// What a database shows to an audit.
pub(super) struct Story {
    pub(super) events: Vec<LogRecord>,
    pub(super) products: Vec<(Sku, u64, u64)>,
    pub(super) batches: Vec<Batch>,
    pub(super) lines: Vec<OrderLine>,
    pub(super) sums: Vec<(u64, u64, u64)>,
    pub(super) heads: Vec<(u16, u64)>,
}

impl Story {
    pub(super) fn audit(&self) -> AuditReport {
        let mut auditor = Auditor::default();
        self.events.iter().for_each(|record| auditor.event(record));
        for (sku, version, backordered) in &self.products {
            auditor.product(1, sku, *version, *backordered);
        }
        self.lines.iter().for_each(|line| auditor.line(line));
        self.batches.iter().for_each(|batch| auditor.batch(batch));
        for (number, units, lines) in &self.sums {
            auditor.allocated(*number, *units, *lines);
        }
        for (partition, next) in &self.heads {
            auditor.head(*partition, *next);
        }
        auditor.finish()
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

    pub(super) fn event(&mut self, kind: &str) -> &mut Event {
        let mut events = self.events.iter_mut().map(|record| &mut record.event);
        events.find(|event| event.kind() == kind).unwrap()
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
    Batch {
        number,
        reference: reference.parse().unwrap(),
        sku: sku(),
        location: None,
        eta,
        purchased: units,
        allocated: 0,
        dispatched: 0,
        first_quantity: units,
        first_eta: eta,
    }
}

pub(super) fn line(number: u64, order: &str, units: u64) -> OrderLine {
    let terms = Terms {
        quantity: units,
        requested_date: None,
        priority: landfall_domain::Priority::default(),
        policy: landfall_domain::Policy::default(),
        split: order == "o-split",
        if_short: landfall_domain::IfShort::default(),
        locations: Vec::new(),
    };
    let key = LineKey {
        order_id: order.parse().unwrap(),
        line_id: sku().into(),
    };
    OrderLine::new(number, key, sku(), terms)
}

/// Two batches; a line on one, a line split over both, one that waits, one that was cancelled; one amended;
/// one moved; a ship delayed and a batch cut on the way.
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
    product.amend_in_place(&mut lines[0], &less);
    product.change_eta(&"b-ship".parse().unwrap(), Some(later + 5.days()));
    assert!(product.promise_again(&mut lines[1], &day));
    product.change_quantity(&"b-here".parse().unwrap(), 10, Some("damage".into()));
    let mut moved = line(8, "o-moved", 1);
    assert!(product.allocate(&mut moved, &day, true));
    product.deallocate(&mut moved, DeallocationReason::QuantityChanged);
    assert!(product.allocate(&mut moved, &day, false));
    lines.extend([waits, moved]);
    let placed = Event::OrderPlaced {
        order_id: "o-one".parse().unwrap(),
        deliver: Deliver::AsReady,
        lines: vec![LineId::from(sku())],
    };
    let mut events: Vec<(Option<Sku>, Event)> = vec![(None, placed)];
    events.extend(
        product
            .take_events()
            .into_iter()
            .map(|event| (Some(sku()), event)),
    );
    let events: Vec<LogRecord> = (1..)
        .zip(events)
        .map(|(offset, (sku, event))| LogRecord {
            partition: 0,
            offset,
            sku,
            time: Timestamp::UNIX_EPOCH,
            command_id: format!("~0-{offset}"),
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
    let sums = vec![taken(2), taken(3)];
    Story {
        events,
        products: vec![(sku(), 1, product.backordered)],
        batches,
        lines,
        sums,
        heads,
    }
}
