//! The facts of the present command: from the aggregates that recorded them to the log.

use landfall_domain::events::Recorded;
use landfall_domain::{Event, ShipmentRef};

use super::{Undo, UnitOfWork};
use crate::log::LogRecord;
use crate::store::partition_of;

impl UnitOfWork {
    /// The events of the present command so far.
    pub fn events_of_command(&self) -> &[LogRecord] {
        &self.events[self.first_event..]
    }

    /// Puts the facts that the touched products have recorded into the log, and says how many there are
    /// of this command now.
    pub fn collect_events(&mut self) -> usize {
        let mut facts = Vec::new();
        for sku in &self.touched {
            if let Some(product) = self.products.get_mut(sku) {
                facts.extend(
                    product
                        .take_events()
                        .into_iter()
                        .map(|event| (sku.clone(), event)),
                );
            }
        }
        for (sku, event) in facts {
            self.record(Recorded {
                sku: Some(sku),
                event,
            });
        }
        self.events.len() - self.first_event
    }

    pub(super) fn record(&mut self, recorded: Recorded) {
        let name = match (&recorded.sku, &recorded.event) {
            (Some(sku), _) => sku.as_str(),
            (None, Event::OrderPlaced { order_id, .. }) => order_id.as_str(),
            (None, event) => event.shipment().map_or("", ShipmentRef::as_str),
        };
        let partition = partition_of(name, self.partitions);
        let Some(head) = self.head_mut(partition) else {
            // To lose a fact in silence would be worse than the end of the engine.
            panic!(
                "a store loads the head of each partition that its keys touch, not of {partition}"
            );
        };
        let offset = head.next_offset;
        head.next_offset += 1;
        let command_id = match (&self.command_id, self.events.get(self.first_event)) {
            (Some(id), _) => id.as_str().to_owned(),
            (None, Some(first)) => first.command_id.clone(),
            (None, None) => format!("~{partition}-{offset}"),
        };
        self.undo.push(Undo::Event(partition));
        self.events.push(LogRecord {
            partition,
            offset,
            sku: recorded.sku,
            time: self.now,
            command_id,
            actor: self.actor.clone(),
            event: recorded.event,
        });
    }
}
