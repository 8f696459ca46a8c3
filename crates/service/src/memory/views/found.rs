//! Rows of the tables in memory as people are shown them: resources, histories, cases.

use jiff::civil::Date;
use landfall_domain::{Batch, Event, LineKey, OrderId, OrderLine, Shipment, Sku};

use super::super::tables::{OrderRow, ProductRow, Tables};
use crate::log::{self, LogCursor, LogRecord};
use crate::resources::{
    BatchResource, LineResource, OrderResource, ProductResource, ShipmentResource,
};
use crate::views::{Case, CaseBatch, EventPage, Thing};

impl Tables {
    pub(super) fn shipment_resource(&self, shipment: &Shipment, today: Date) -> ShipmentResource {
        let batches = self.cargo.get(&shipment.reference).into_iter().flatten();
        let batches = batches.filter_map(|name| self.batches.get(name));
        let batches = batches.map(|batch| BatchResource::new(batch, today));
        ShipmentResource::new(shipment, batches.collect(), today)
    }

    /// A page of those events after the cursor that are wanted.
    pub(super) fn log(
        &self,
        mut cursor: LogCursor,
        limit: usize,
        wanted: impl Fn(&LogRecord) -> bool,
    ) -> EventPage {
        let partitions = self.events.iter().zip(cursor.offsets());
        let partitions = partitions.map(|(records, read)| {
            let read = usize::try_from(*read).unwrap_or(usize::MAX);
            let after = records.iter().skip(read);
            let after = after.filter(|record| wanted(record)).take(limit);
            after.cloned().collect()
        });
        let events = log::cursor::merge(partitions.collect(), limit);
        for record in &events {
            cursor.pass(record);
        }
        EventPage {
            events,
            next: cursor.to_string(),
        }
    }

    /// The last of those events that are wanted, the newest first.
    pub(super) fn latest(
        &self,
        limit: usize,
        wanted: impl Fn(&LogRecord) -> bool,
    ) -> Vec<LogRecord> {
        let partitions = self.events.iter().map(|records| {
            let last = records.iter().rev().filter(|record| wanted(record));
            last.take(limit).cloned().collect()
        });
        log::cursor::latest(partitions.collect(), limit)
    }

    pub(super) fn knows(&self, thing: &Thing) -> bool {
        match thing {
            Thing::Order(id) => self.orders.contains_key(id),
            Thing::Batch(reference) => self.batches.contains_key(reference),
            Thing::Product(sku) => self.products.contains_key(sku),
            Thing::Shipment(reference) => self.shipments.contains_key(reference),
        }
    }

    pub(super) fn concerns(&self, record: &LogRecord, thing: &Thing) -> bool {
        let event = &record.event;
        match thing {
            Thing::Order(id) => match event {
                Event::OrderPlaced { order_id, .. } => order_id == id,
                _ => event.line().is_some_and(|(order_id, _)| order_id == id),
            },
            Thing::Batch(reference) => event.batch() == Some(reference),
            Thing::Product(sku) => record.sku.as_ref() == Some(sku),
            Thing::Shipment(reference) => {
                let cargo = self.cargo.get(reference);
                event.shipment() == Some(reference)
                    || event
                        .batch()
                        .is_some_and(|batch| cargo.is_some_and(|cargo| cargo.contains(batch)))
            }
        }
    }

    pub(super) fn case(&self, key: &LineKey, holders: usize) -> Option<Case> {
        let line = self.line(key)?.clone();
        let row = self.products.get(&line.sku)?;
        let batches = row.batches.iter().filter_map(|name| self.batches.get(name));
        let batches = batches.map(|batch| {
            let pegged = self.pegged.get(&self.pegs(&batch.sku, batch.number));
            let lines = pegged.map_or(0, |pegged| pegged.lines.len() as u64);
            let last = pegged.into_iter().flat_map(|p| p.lines.values().rev());
            CaseBatch {
                batch: batch.clone(),
                holders: last
                    .take(holders)
                    .filter_map(|key| self.line(key))
                    .cloned()
                    .collect(),
                lines,
            }
        });
        let mut batches: Vec<CaseBatch> = batches.collect();
        batches.sort_by(|a, b| a.batch.earliest_first(&b.batch));
        let of_line =
            |record: &&LogRecord| record.event.line() == Some((&key.order_id, &key.line_id));
        Some(Case {
            line,
            batches,
            left_out: 0,
            events: self
                .events
                .iter()
                .flatten()
                .filter(of_line)
                .cloned()
                .collect(),
        })
    }

    pub(in super::super) fn line_resource(&self, line: &OrderLine, today: Date) -> LineResource {
        let eta_of = |number| {
            let pegged = line
                .allocations
                .iter()
                .find(|allocation| allocation.batch_number == number)?;
            self.batches.get(&pegged.batch)?.eta
        };
        LineResource::new(line, eta_of, today)
    }

    pub(in super::super) fn order_resource(
        &self,
        id: &OrderId,
        row: &OrderRow,
        today: Date,
    ) -> OrderResource {
        let lines = self
            .by_age(row)
            .into_iter()
            .map(|line| self.line_resource(line, today))
            .collect();
        OrderResource::new(id.clone(), row.placed.as_ref(), lines)
    }

    pub(super) fn product_resource(&self, sku: &Sku, row: &ProductRow) -> ProductResource {
        let batches = || {
            row.batches
                .iter()
                .filter_map(|reference| self.batches.get(reference))
        };
        ProductResource {
            sku: sku.clone(),
            version: row.counters.version,
            purchased: batches().map(|batch| batch.purchased).sum(),
            allocated: batches().map(|batch| batch.allocated).sum(),
            dispatched: batches().map(|batch| batch.dispatched).sum(),
            available: batches().map(Batch::available).sum(),
            backordered_lines: row.counters.backordered,
        }
    }
}
