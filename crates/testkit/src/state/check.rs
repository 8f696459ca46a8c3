//! What must hold of everything that a database holds, whatever happened: counts that add up, nobody
//! forgotten, read models that say what the rows say. It does not look at the log; the audit does.

use std::collections::BTreeMap;

use landfall_domain::{Batch, LineKey, OrderId, OrderLine, Sku, Status, Supply};
use landfall_service::views::{AvailabilityView, OrderLineView};

use super::State;

impl State {
    /// Panics where something is not as it must be.
    #[track_caller]
    pub fn check(&self) {
        for line in &self.lines {
            self.check_line(line);
        }
        for batch in &self.batches {
            self.check_batch(batch);
        }
        self.check_products();
        self.check_orders();
        self.check_read_models();
    }

    /// The line of this key.
    pub fn line(&self, key: &LineKey) -> Option<&OrderLine> {
        self.lines.iter().find(|line| line.key == *key)
    }

    /// The batch of this name.
    #[track_caller]
    pub fn batch(&self, reference: &str) -> &Batch {
        let found = self.batches.iter();
        let mut found = found.filter(|batch| batch.reference.as_str() == reference);
        found
            .next()
            .unwrap_or_else(|| panic!("no batch {reference}"))
    }

    /// Whether it is known when all goods of the line are there.
    pub fn can_be_counted_on(&self, line: &OrderLine) -> bool {
        let never = |batch: &str| self.batch(batch).supply() == Supply::Never;
        !line.allocations.iter().any(|a| never(a.batch.as_str()))
    }

    #[track_caller]
    fn check_line(&self, line: &OrderLine) {
        let key = &line.key;
        assert!(line.loose.is_none(), "{key}: it lost its stock for good");
        assert!(line.dispatched <= line.quantity, "{key}: too much has left");
        let pegged: u64 = line.allocations.iter().map(|a| a.quantity).sum();
        let expected = match line.status() {
            Status::Allocated => line.outstanding(),
            Status::Backordered | Status::Dispatched | Status::Cancelled => 0,
        };
        assert_eq!(pegged, expected, "{key}: allocated, of what is outstanding");
        assert!(
            line.terms.split || line.allocations.len() <= 1,
            "{key}: it is split, and may not be"
        );
        for allocation in &line.allocations {
            let batch = self.batch(allocation.batch.as_str());
            assert_eq!(batch.sku, line.sku, "{key}: goods of another product");
            assert_eq!(batch.number, allocation.batch_number, "{key}");
            assert!(allocation.quantity > 0, "{key}: an empty allocation");
            let locations = &line.terms.locations;
            let may = locations.is_empty()
                || batch
                    .location
                    .as_ref()
                    .is_some_and(|at| locations.contains(at));
            assert!(may, "{key}: {} may not serve it", batch.reference);
        }
        if matches!(line.status(), Status::Backordered | Status::Cancelled) {
            assert_eq!(line.current_promise, None, "{key}: promised, without goods");
        }
        if line.current_promise.is_some() {
            assert!(
                line.original_promise.is_some() && line.current_promise >= line.original_promise,
                "{key}: promised before the original day"
            );
        }
        if line.status() == Status::Allocated && !line.together() {
            assert_eq!(
                line.current_promise.is_some(),
                self.can_be_counted_on(line),
                "{key}: it is promised where its goods can be counted on"
            );
        }
    }

    #[track_caller]
    fn check_batch(&self, batch: &Batch) {
        let name = &batch.reference;
        let lines = self.lines.iter().filter(|line| line.sku == batch.sku);
        let pegged: u64 = lines.map(|line| line.pegged_to(batch.number)).sum();
        assert_eq!(pegged, batch.allocated, "{name}: what its lines have");
        assert_eq!(batch.over(), 0, "{name}: more than was purchased");
        assert_eq!(
            batch.landed.is_some(),
            batch.eta.is_none(),
            "{name}: it landed when it has no ETA"
        );
        assert!(
            !batch.received || batch.eta.is_none(),
            "{name}: received, and expected"
        );
        if let Some(shipment) = &batch.shipment {
            let shipment = self.shipments.iter().find(|s| s.reference == *shipment);
            let shipment = shipment.unwrap_or_else(|| panic!("{name}: on no shipment"));
            assert_eq!(batch.shipment_hold, shipment.hold, "{name}");
        } else {
            assert_eq!(batch.shipment_hold, None, "{name}");
        }
    }

    #[track_caller]
    fn check_products(&self) {
        for (_, sku, counters) in &self.products {
            let lines = || self.lines.iter().filter(|line| line.sku == *sku);
            let waiting = lines().filter(|line| line.status() == Status::Backordered);
            let late = lines().filter(|line| line.late());
            assert_eq!(
                counters.backordered,
                waiting.count() as u64,
                "{sku}: waiting"
            );
            assert_eq!(counters.late, late.count() as u64, "{sku}: late");
            let batches = self.batches.iter().filter(|batch| batch.sku == *sku);
            let gone: u64 = batches.map(|batch| batch.dispatched).sum();
            let left: u64 = lines().map(|line| line.dispatched).sum();
            assert_eq!(gone, left, "{sku}: what has left");
        }
    }

    /// Orders that go out together have one promise, and none while a line waits, or nobody knows when its goods
    /// can leave.
    #[track_caller]
    fn check_orders(&self) {
        let mut orders: BTreeMap<&OrderId, Vec<&OrderLine>> = BTreeMap::new();
        for line in &self.lines {
            if line.together() && line.outstanding() > 0 {
                orders.entry(&line.key.order_id).or_default().push(line);
            }
        }
        for (id, lines) in orders {
            let promise = lines[0].current_promise;
            assert!(
                lines.iter().all(|line| line.current_promise == promise),
                "{id}: its lines are promised for different days"
            );
            let known =
                |line: &&OrderLine| !line.allocations.is_empty() && self.can_be_counted_on(line);
            assert_eq!(
                promise.is_some(),
                lines.iter().all(known),
                "{id}: promised {promise:?}"
            );
        }
    }

    #[track_caller]
    fn check_read_models(&self) {
        let mut rows: Vec<OrderLineView> = self.lines.iter().map(OrderLineView::of).collect();
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        assert_eq!(self.order_lines, rows, "the order view");
        let mut units: BTreeMap<(&Sku, Supply), u64> = BTreeMap::new();
        for batch in self.batches.iter().filter(|batch| batch.available() > 0) {
            *units.entry((&batch.sku, batch.supply())).or_default() += batch.available();
        }
        let rows = units
            .into_iter()
            .map(|((sku, supply), units)| AvailabilityView {
                sku: sku.clone(),
                supply,
                units,
            });
        let rows: Vec<_> = rows.collect();
        assert_eq!(self.availability, rows, "what is available to promise");
    }
}
