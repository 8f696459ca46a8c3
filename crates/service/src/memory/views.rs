//! The read side of the database in memory.

mod found;
mod lists;
mod overdue;
mod supply;

use std::ops::Bound;

use async_trait::async_trait;
use jiff::civil::Date;
use landfall_domain::{BatchRef, Day, LineId, LineKey, OrderId, ShipmentRef, Sku, Status, Supply};

use super::Shared;
use crate::log::{LogCursor, LogRecord};
use crate::resources::{
    AvailabilityResource, BatchResource, LineResource, OrderResource, ProductResource,
    ShipmentResource,
};
use crate::views::{
    AvailabilityView, BatchFilter, Case, EventPage, Inspect, List, OrderFilter, OrderLineView,
    OverdueFilter, OverdueLine, OverdueSort, OverdueTotal, Page, ProductFilter, Promises, Rebuild,
    RecentOrder, ShipmentFilter, Thing, ViewError, Views, Waiting, cursor, overdue as places,
    recent,
};
use lists::{from, list, wanted_order};

/// The read side of a database in memory.
#[derive(Debug, Clone)]
pub struct MemoryViews {
    shared: Shared,
}

impl MemoryViews {
    pub(super) fn new(shared: Shared) -> Self {
        Self { shared }
    }

    /// Where a page of events begins.
    fn cursor(&self, page: &Page) -> Result<LogCursor, ViewError> {
        let partitions = self.partitions();
        match &page.after {
            None => Ok(LogCursor::new(partitions)),
            Some(after) => LogCursor::parse(after, partitions).ok_or(ViewError::BadCursor),
        }
    }
}

#[async_trait]
impl Views for MemoryViews {
    async fn batch(
        &self,
        reference: &BatchRef,
        today: Date,
    ) -> Result<Option<BatchResource>, ViewError> {
        Ok(self.shared.read(|t| {
            t.batches
                .get(reference)
                .map(|b| BatchResource::new(b, today))
        }))
    }

    async fn order(&self, id: &OrderId, today: Date) -> Result<Option<OrderResource>, ViewError> {
        Ok(self
            .shared
            .read(|t| t.orders.get(id).map(|row| t.order_resource(id, row, today))))
    }

    async fn waiting(&self) -> Result<Waiting, ViewError> {
        Ok(self.shared.read(|t| {
            let counts = t.products.values().map(|row| row.counters.backordered);
            counts
                .filter(|lines| *lines > 0)
                .fold(Waiting::default(), |sum, lines| Waiting {
                    lines: sum.lines + lines,
                    products: sum.products + 1,
                })
        }))
    }

    async fn product(&self, sku: &Sku) -> Result<Option<ProductResource>, ViewError> {
        Ok(self
            .shared
            .read(|t| t.products.get(sku).map(|row| t.product_resource(sku, row))))
    }

    async fn availability(
        &self,
        sku: &Sku,
        day: &Day,
    ) -> Result<Option<AvailabilityResource>, ViewError> {
        Ok(self.shared.read(|t| {
            let row = t.products.get(sku)?;
            let first = (sku.clone(), Supply::Now);
            let rows = t.availability.range(first..);
            let rows = rows.take_while(|((of, _), _)| of == sku);
            Some(AvailabilityResource::new(
                sku.clone(),
                row.counters.backordered,
                rows.map(|((_, supply), units)| (*supply, *units)),
                day,
            ))
        }))
    }

    async fn shipment(
        &self,
        reference: &ShipmentRef,
        today: Date,
    ) -> Result<Option<ShipmentResource>, ViewError> {
        Ok(self.shared.read(|t| {
            let shipment = t.shipments.get(reference)?;
            Some(t.shipment_resource(shipment, today))
        }))
    }

    async fn shipments(
        &self,
        filter: &ShipmentFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<ShipmentResource>, ViewError> {
        self.list_shipments(filter, page, today)
    }

    async fn batches(
        &self,
        filter: &BatchFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<BatchResource>, ViewError> {
        self.list_batches(filter, page, today)
    }

    async fn orders(
        &self,
        filter: &OrderFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<OrderResource>, ViewError> {
        cursor::check_name(page)?;
        Ok(self.shared.read(|t| {
            let found = from(&t.orders, page, filter.prefix.as_deref())
                .filter(|(_, row)| wanted_order(row, filter))
                .map(|(id, row)| (id.to_string(), t.order_resource(id, row, today)));
            list(found, page.limit)
        }))
    }

    async fn recent_orders(
        &self,
        page: &Page,
        today: Date,
    ) -> Result<List<RecentOrder>, ViewError> {
        let from = recent::cursor(page, self.partitions())?;
        Ok(self
            .shared
            .read(|t| t.recent_orders(from.as_ref(), page.limit, today)))
    }

    async fn products(
        &self,
        filter: &ProductFilter,
        page: &Page,
    ) -> Result<List<ProductResource>, ViewError> {
        self.list_products(filter, page)
    }

    async fn backorders(
        &self,
        sku: Option<&Sku>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError> {
        let after = cursor::place(page)?;
        Ok(self.shared.read(|t| {
            let start = after
                .as_ref()
                .map_or(Bound::Unbounded, |(sku, _)| Bound::Included(sku));
            let rows = t.products.range::<Sku, _>((start, Bound::Unbounded));
            let rows = rows.filter(|(name, _)| sku.is_none_or(|sku| *name == sku));
            let found = rows.flat_map(|(name, row)| {
                let start = match &after {
                    Some((sku, key)) if sku == name => Bound::Excluded(*key),
                    _ => Bound::Unbounded,
                };
                let waiting = row.waiting.range((start, Bound::Unbounded));
                waiting.filter_map(move |(key, line)| {
                    Some((
                        cursor::of_place(name, key),
                        t.line_resource(t.line(line)?, today),
                    ))
                })
            });
            list(found, page.limit)
        }))
    }

    async fn overdue(
        &self,
        filter: &OverdueFilter,
        sort: OverdueSort,
        page: &Page,
        today: Date,
    ) -> Result<List<OverdueLine>, ViewError> {
        let after = places::place(page, sort)?;
        Ok(self
            .shared
            .read(|t| t.overdue(filter, sort, after, page.limit, today)))
    }

    async fn overdue_total(&self, first: usize, today: Date) -> Result<OverdueTotal, ViewError> {
        Ok(self.shared.read(|t| t.overdue_total(first, today)))
    }

    async fn lines(
        &self,
        status: Option<Status>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError> {
        let after = cursor::line(page)?;
        Ok(self.shared.read(|t| {
            let start = after
                .as_ref()
                .map_or(Bound::Unbounded, |key| Bound::Included(&key.order_id));
            let lines = t
                .orders
                .range::<OrderId, _>((start, Bound::Unbounded))
                .flat_map(|(id, row)| {
                    let start = match &after {
                        Some(key) if key.order_id == *id => Bound::Excluded(&key.line_id),
                        _ => Bound::Unbounded,
                    };
                    row.lines
                        .range::<LineId, _>((start, Bound::Unbounded))
                        .map(|(_, line)| line)
                });
            let found = lines
                .filter(|line| status.is_none_or(|status| line.status() == status))
                .map(|line| {
                    let cursor = cursor::of_line(&line.key.order_id, &line.key.line_id);
                    (cursor, t.line_resource(line, today))
                });
            list(found, page.limit)
        }))
    }

    async fn pegged(
        &self,
        batch: &BatchRef,
        page: &Page,
        today: Date,
    ) -> Result<Option<List<LineResource>>, ViewError> {
        let after = cursor::peg(page)?;
        Ok(self
            .shared
            .read(|t| t.pegged_lines(batch, after, page.limit, today)))
    }

    async fn promises_of(&self, batch: &BatchRef) -> Result<Option<Promises>, ViewError> {
        Ok(self.shared.read(|t| t.promises_of(batch)))
    }

    fn partitions(&self) -> u16 {
        self.shared.read(|t| t.partitions())
    }

    async fn end(&self) -> Result<String, ViewError> {
        Ok(self.shared.read(|t| {
            let ends = t.heads.iter().map(|head| head.next_offset - 1);
            LogCursor::at(ends.collect()).to_string()
        }))
    }

    async fn events(&self, page: &Page) -> Result<EventPage, ViewError> {
        let after = self.cursor(page)?;
        Ok(self.shared.read(|t| t.log(after, page.limit, |_| true)))
    }

    async fn history(&self, thing: &Thing, page: &Page) -> Result<Option<EventPage>, ViewError> {
        let after = self.cursor(page)?;
        Ok(self.shared.read(|t| {
            let of_thing = |record: &LogRecord| t.concerns(record, thing);
            t.knows(thing).then(|| t.log(after, page.limit, of_thing))
        }))
    }

    async fn latest(
        &self,
        thing: &Thing,
        limit: usize,
    ) -> Result<Option<Vec<LogRecord>>, ViewError> {
        Ok(self.shared.read(|t| {
            let of_thing = |record: &LogRecord| t.concerns(record, thing);
            t.knows(thing).then(|| t.latest(limit, of_thing))
        }))
    }

    async fn recent(&self, limit: usize) -> Result<Vec<LogRecord>, ViewError> {
        Ok(self.shared.read(|t| t.latest(limit, |_| true)))
    }

    async fn case(&self, key: &LineKey, holders: usize) -> Result<Option<Case>, ViewError> {
        Ok(self.shared.read(|t| t.case(key, holders)))
    }

    async fn inspect(&self, inspect: &mut dyn Inspect) -> Result<(), ViewError> {
        // It is never ahead of the log.
        let desk = self.shared.desk_rows();
        let tables = self.shared.snapshot();
        desk.inspect_places(&tables, inspect);
        for record in tables.events.iter().flatten() {
            inspect.event(record);
        }
        for head in &tables.heads {
            inspect.head(head.partition, head.next_offset);
        }
        for (sku, row) in &tables.products {
            inspect.product(row.number, sku, row.counters);
        }
        tables
            .batches
            .values()
            .for_each(|batch| inspect.batch(batch));
        tables
            .orders
            .values()
            .flat_map(|row| row.lines.values())
            .for_each(|line| inspect.line(line));
        tables
            .shipments
            .values()
            .for_each(|shipment| inspect.shipment(shipment));
        tables
            .order_view
            .values()
            .for_each(|row| inspect.order_line(row));
        for ((sku, supply), units) in &tables.availability {
            inspect.availability(&AvailabilityView {
                sku: sku.clone(),
                supply: *supply,
                units: *units,
            });
        }
        for ((partition, number), pegged) in &tables.pegged {
            let lines = pegged.lines.len() as u64;
            inspect.allocated(*partition, *number, pegged.units, lines);
        }
        desk.inspect_rows(inspect);
        Ok(())
    }

    async fn ready(&self) -> Result<(), ViewError> {
        Ok(())
    }
}

#[async_trait]
impl Rebuild for MemoryViews {
    async fn rebuild(
        &mut self,
        order_lines: &mut (dyn Iterator<Item = OrderLineView> + Send),
        availability: &mut (dyn Iterator<Item = AvailabilityView> + Send),
    ) -> Result<(), ViewError> {
        self.shared.write(|t| {
            let numbered = |mut row: OrderLineView| {
                for allocation in &mut row.allocations {
                    let batch = t.batches.get(&allocation.batch);
                    allocation.batch_number = batch.map_or(0, |batch| batch.number);
                }
                (row.key.clone(), row)
            };
            t.order_view = order_lines.map(numbered).collect();
            t.availability = availability
                .map(|row| ((row.sku, row.supply), row.units))
                .collect();
        });
        Ok(())
    }
}
