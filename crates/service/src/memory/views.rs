//! The read side of the database in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;
use jiff::civil::Date;
use landfall_domain::shortage::QueueKey;
use landfall_domain::{
    Batch, BatchRef, Day, Event, Hold, LineId, LineKey, OrderId, OrderLine, Shipment, ShipmentRef,
    Sku, Status, Supply,
};

use super::Shared;
use super::tables::{OrderRow, ProductRow, Tables};
use crate::log::{self, LogCursor, LogRecord};
use crate::resources::{
    AvailabilityResource, BatchResource, LineResource, OrderResource, ProductResource,
    ShipmentResource,
};
use crate::views::{
    Attention, AvailabilityView, BatchFilter, Case, CaseBatch, EventPage, Inspect, List,
    OrderFilter, OrderLineView, Page, ProductFilter, Promises, Rebuild, ShipmentFilter, Thing,
    ViewError, Views, Waiting,
};

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
        check_name(page)?;
        Ok(self.shared.read(|t| {
            let found = from(&t.shipments, page, filter.prefix.as_deref())
                .filter(|(_, shipment)| wanted_shipment(shipment, filter))
                .map(|(name, shipment)| {
                    let resource = ShipmentResource {
                        batches: None,
                        ..t.shipment_resource(shipment, today)
                    };
                    (name.to_string(), resource)
                });
            list(found, page.limit)
        }))
    }

    async fn batches(
        &self,
        filter: &BatchFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<BatchResource>, ViewError> {
        check_name(page)?;
        Ok(self.shared.read(|t| {
            let found = from(&t.batches, page, filter.prefix.as_deref())
                .filter(|(_, batch)| wanted_batch(batch, filter))
                .map(|(name, batch)| (name.to_string(), BatchResource::new(batch, today)));
            list(found, page.limit)
        }))
    }

    async fn orders(
        &self,
        filter: &OrderFilter,
        page: &Page,
        today: Date,
    ) -> Result<List<OrderResource>, ViewError> {
        check_name(page)?;
        Ok(self.shared.read(|t| {
            let found = from(&t.orders, page, filter.prefix.as_deref())
                .filter(|(_, row)| wanted_order(row, filter))
                .map(|(id, row)| (id.to_string(), t.order_resource(id, row, today)));
            list(found, page.limit)
        }))
    }

    async fn products(
        &self,
        filter: &ProductFilter,
        page: &Page,
    ) -> Result<List<ProductResource>, ViewError> {
        check_name(page)?;
        Ok(self.shared.read(|t| {
            let found = from(&t.products, page, filter.prefix.as_deref())
                .filter(|(_, row)| {
                    filter
                        .backordered
                        .is_none_or(|b| b == (row.counters.backordered > 0))
                })
                .map(|(sku, row)| (sku.to_string(), t.product_resource(sku, row)));
            list(found, page.limit)
        }))
    }

    async fn backorders(
        &self,
        sku: Option<&Sku>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError> {
        let after = page
            .after
            .as_deref()
            .map(|cursor| parse_place(cursor).ok_or(ViewError::BadCursor));
        let after = after.transpose()?;
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
                    Some((place(name, key), t.line_resource(t.line(line)?, today)))
                })
            });
            list(found, page.limit)
        }))
    }

    async fn lines(
        &self,
        status: Option<Status>,
        page: &Page,
        today: Date,
    ) -> Result<List<LineResource>, ViewError> {
        let after = page
            .after
            .as_deref()
            .map(|cursor| parse_line(cursor).ok_or(ViewError::BadCursor));
        let after = after.transpose()?;
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
                    let cursor = format!("{}\n{}", line.key.order_id, line.key.line_id);
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
        let after = crate::views::cursor::peg(page)?;
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

impl Tables {
    fn shipment_resource(&self, shipment: &Shipment, today: Date) -> ShipmentResource {
        let batches = self.cargo.get(&shipment.reference).into_iter().flatten();
        let batches = batches.filter_map(|name| self.batches.get(name));
        let batches = batches.map(|batch| BatchResource::new(batch, today));
        ShipmentResource::new(shipment, batches.collect(), today)
    }

    /// A page of those events after the cursor that are wanted.
    fn log(
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
    fn latest(&self, limit: usize, wanted: impl Fn(&LogRecord) -> bool) -> Vec<LogRecord> {
        let partitions = self.events.iter().map(|records| {
            let last = records.iter().rev().filter(|record| wanted(record));
            last.take(limit).cloned().collect()
        });
        log::cursor::latest(partitions.collect(), limit)
    }

    fn knows(&self, thing: &Thing) -> bool {
        match thing {
            Thing::Order(id) => self.orders.contains_key(id),
            Thing::Batch(reference) => self.batches.contains_key(reference),
            Thing::Product(sku) => self.products.contains_key(sku),
            Thing::Shipment(reference) => self.shipments.contains_key(reference),
        }
    }

    fn concerns(&self, record: &LogRecord, thing: &Thing) -> bool {
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

    fn case(&self, key: &LineKey, holders: usize) -> Option<Case> {
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

    pub(super) fn line_resource(&self, line: &OrderLine, today: Date) -> LineResource {
        let eta_of = |number| {
            let pegged = line
                .allocations
                .iter()
                .find(|allocation| allocation.batch_number == number)?;
            self.batches.get(&pegged.batch)?.eta
        };
        LineResource::new(line, eta_of, today)
    }

    fn order_resource(&self, id: &OrderId, row: &OrderRow, today: Date) -> OrderResource {
        let lines = self
            .by_age(row)
            .into_iter()
            .map(|line| self.line_resource(line, today))
            .collect();
        OrderResource::new(id.clone(), row.placed.as_ref(), lines)
    }

    fn product_resource(&self, sku: &Sku, row: &ProductRow) -> ProductResource {
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

fn wanted_batch(batch: &Batch, filter: &BatchFilter) -> bool {
    filter.sku.as_ref().is_none_or(|sku| batch.sku == *sku)
        && filter
            .available
            .is_none_or(|available| available == (batch.available() > 0))
        && filter
            .in_warehouse
            .is_none_or(|there| there == batch.eta.is_none())
        && filter
            .eta_from
            .is_none_or(|from| batch.eta.is_some_and(|eta| eta >= from))
        && filter
            .eta_until
            .is_none_or(|until| batch.eta.is_some_and(|eta| eta <= until))
        && filter.clear_until.is_none_or(|until| {
            is_to_clear(batch.hold.as_ref(), until)
                || is_to_clear(batch.shipment_hold.as_ref(), until)
        })
        && filter
            .shipment
            .as_ref()
            .is_none_or(|shipment| batch.shipment.as_ref() == Some(shipment))
        && filter
            .held
            .is_none_or(|held| held == (batch.hold.is_some() || batch.shipment_hold.is_some()))
}

fn wanted_shipment(shipment: &Shipment, filter: &ShipmentFilter) -> bool {
    filter
        .landed
        .is_none_or(|landed| landed == shipment.eta.is_none())
        && filter
            .held
            .is_none_or(|held| held == shipment.hold.is_some())
        && filter
            .eta_from
            .is_none_or(|from| shipment.eta.is_some_and(|eta| eta >= from))
        && filter
            .eta_until
            .is_none_or(|until| shipment.eta.is_some_and(|eta| eta <= until))
        && filter
            .clear_until
            .is_none_or(|until| is_to_clear(shipment.hold.as_ref(), until))
}

/// Whether a hold was expected to be cleared by this day.
fn is_to_clear(hold: Option<&Hold>, until: Date) -> bool {
    let clear = hold.and_then(|hold| hold.expected_clear);
    clear.is_some_and(|clear| clear <= until)
}

fn wanted_order(row: &OrderRow, filter: &OrderFilter) -> bool {
    let any = |wanted: &dyn Fn(&OrderLine) -> bool| row.lines.values().any(wanted);
    let live = |line: &OrderLine| matches!(line.status(), Status::Allocated | Status::Backordered);
    filter
        .batch
        .as_ref()
        .is_none_or(|batch| any(&|l| l.allocations.iter().any(|a| a.batch == *batch)))
        && filter
            .sku
            .as_ref()
            .is_none_or(|sku| any(&|line| line.sku == *sku && live(line)))
        && filter.attention.is_none_or(|attention| {
            any(&|line| match attention {
                Attention::Backordered => line.status() == Status::Backordered,
                Attention::Late => line.late(),
            })
        })
}

/// The cursor of a list by name is the last name.
fn check_name(page: &Page) -> Result<(), ViewError> {
    match &page.after {
        Some(after) if OrderId::new(after.as_str()).is_err() => Err(ViewError::BadCursor),
        _ => Ok(()),
    }
}

/// The rows after the page's cursor whose name begins so.
fn from<'a, K, V>(
    rows: &'a BTreeMap<K, V>,
    page: &'a Page,
    prefix: Option<&'a str>,
) -> impl Iterator<Item = (&'a K, &'a V)>
where
    K: Ord + std::borrow::Borrow<str>,
{
    let prefix = prefix.unwrap_or_default();
    let start = match page.after.as_deref() {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    rows.range::<str, _>((start, Bound::Unbounded))
        .take_while(move |(name, _)| (*name).borrow().starts_with(prefix))
}

/// One page of what is found, each with its cursor.
fn list<T>(mut found: impl Iterator<Item = (String, T)>, limit: usize) -> List<T> {
    let mut next = None;
    let mut items = Vec::new();
    for (cursor, item) in found.by_ref().take(limit) {
        items.push(item);
        next = Some(cursor);
    }
    let more = found.next().is_some();
    List {
        items,
        next: next.filter(|_| more),
    }
}

/// A line's place in the queues as a cursor: names have no line breaks.
fn place(sku: &Sku, key: &QueueKey) -> String {
    format!(
        "{sku}\n{}\n{}\n{}",
        key.priority.0, key.requested, key.number
    )
}

fn parse_place(cursor: &str) -> Option<(Sku, QueueKey)> {
    let mut parts = cursor.split('\n');
    let sku = Sku::new(parts.next()?).ok()?;
    let priority = std::cmp::Reverse(parts.next()?.parse().ok()?);
    let requested = parts.next()?.parse().ok()?;
    let number = parts.next()?.parse().ok()?;
    parts.next().is_none().then_some((
        sku,
        QueueKey {
            priority,
            requested,
            number,
        },
    ))
}

fn parse_line(cursor: &str) -> Option<LineKey> {
    let (order_id, line_id) = cursor.split_once('\n')?;
    Some(LineKey {
        order_id: order_id.parse().ok()?,
        line_id: line_id.parse().ok()?,
    })
}
