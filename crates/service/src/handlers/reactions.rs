//! What follows from what happened: the reactions to events, in the same unit of work.
//!
//! The bus takes the events of a command from a queue. An event that sets stock free, or takes it from a
//! line, makes its product's queue be looked through again: lines that just lost their stock and lines
//! that wait longer are served in one order, by the rule of [`QueueKey`]. That records events in turn,
//! and so on until there are no more; the number of steps is bounded.

use std::collections::HashSet;

use indexmap::IndexSet;
use landfall_domain::shortage::QueueKey;
use landfall_domain::{BatchRef, Event, LineKey, OrderId, Rejection, Sku};

use crate::answer::{Done, Reply};
use crate::keys::Keys;
use crate::resources::{BatchResource, LineResource, OrderResource};
use crate::uow::{Stop, UnitOfWork};

/// The most events that one command may cause: far above any real one, and a stop for a loop.
const MAX_EVENTS: usize = 5_000_000;

/// Runs the reactions to the events of the present command until there are no more.
pub(super) fn run(uow: &mut UnitOfWork) -> Result<(), Stop> {
    let mut seen = 0;
    let mut to_fill: IndexSet<Sku> = IndexSet::new();
    loop {
        let count = uow.collect_events();
        if count > MAX_EVENTS {
            return Err(Rejection::TooMuchWork { limit: MAX_EVENTS }.into());
        }
        for record in &uow.events_of_command()[seen..] {
            if let Some(sku) = record.sku.as_ref().filter(|_| moves_stock(&record.event)) {
                to_fill.insert(sku.clone());
            }
        }
        seen = count;
        need_queues(&to_fill, uow)?;
        let Some(sku) = to_fill.shift_remove_index(0) else {
            return Ok(());
        };
        fill_queue(&sku, uow)?;
    }
}

/// Asks for the beginnings of all queues at once: a command may touch thousands of products, and is run again
/// for each time that it asks.
fn need_queues(skus: &IndexSet<Sku>, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let mut missing = Keys::default();
    for sku in skus {
        let product = uow.its_product(sku)?;
        let room = product.largest_available();
        if product.backordered == 0 || room == 0 {
            continue;
        }
        match uow.next_waiting(sku, None, room) {
            Err(Stop::Needs(keys)) => missing.extend(*keys),
            other => drop(other?),
        }
    }
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Stop::Needs(Box::new(missing)))
    }
}

/// Whether stock became free, or a line lost its own.
fn moves_stock(event: &Event) -> bool {
    match event {
        Event::BatchCreated { .. } | Event::Deallocated { .. } => true,
        Event::BatchQuantityChanged { from, to, .. } => to > from,
        Event::LineAmended { from, to, .. } => to < from,
        _ => false,
    }
}

/// Serves the lines of a product that have no stock, in the order of their queue. One that does not fit is
/// skipped and blocks nobody. Those that lost their stock in this command and find none begin to wait.
fn fill_queue(sku: &Sku, uow: &mut UnitOfWork) -> Result<(), Stop> {
    let day = uow.day();
    let unplaced: IndexSet<LineKey> = uow.take_unplaced(sku).into_iter().collect();
    let product = uow.its_product(sku)?;
    if product.backordered == 0 && unplaced.is_empty() {
        return Ok(());
    }
    let mut room = product.largest_available();
    let mut placed: HashSet<LineKey> = HashSet::new();
    let mut after: Option<QueueKey> = None;
    while room > 0 {
        let Some(key) = uow.next_waiting(sku, after, room)? else {
            break;
        };
        let mut line = uow.line_to_change(&key)?;
        after = Some(QueueKey::of(&line));
        let product = uow.its_product(sku)?;
        if product.allocate(&mut line, &day, false) {
            room = product.largest_available();
            if unplaced.contains(&key) {
                placed.insert(key);
            } else {
                product.leave_queue();
            }
            uow.put(line);
        }
    }
    let mut told = false;
    for key in unplaced.into_iter().filter(|key| !placed.contains(key)) {
        let mut line = uow.line_to_change(&key)?;
        let product = uow.its_product(sku)?;
        product.backorder(&mut line, false);
        // Once per command and SKU.
        if !told {
            product.out_of_stock(&line);
            told = true;
        }
        uow.put(line);
    }
    Ok(())
}

/// What a command was about: what its reply shows.
pub(super) enum Target {
    /// A batch.
    Batch { reference: BatchRef, created: bool },
    /// A line.
    Line { key: LineKey, created: bool },
    /// An order.
    Order { order_id: OrderId, created: bool },
}

impl Target {
    /// The reply, as things are now.
    pub(super) fn done(self, uow: &mut UnitOfWork) -> Result<Done, Stop> {
        let today = uow.day().today;
        Ok(match self {
            Target::Batch { reference, created } => {
                let batch = uow.batch(&reference)?;
                let batch = batch.ok_or(Rejection::UnknownBatch { reference })?;
                Done {
                    reply: Reply::Batch(BatchResource::new(&batch, today)),
                    created,
                }
            }
            Target::Line { key, created } => Done {
                reply: Reply::Line(line_resource(&key, uow)?),
                created,
            },
            Target::Order { order_id, created } => {
                let entry = uow.order(&order_id)?.clone();
                let lines = entry.lines.iter().map(|key| line_resource(key, uow));
                let lines = lines.collect::<Result<Vec<_>, Stop>>()?;
                let order = OrderResource::new(order_id, entry.placed.as_ref(), lines);
                Done {
                    reply: Reply::Order(order),
                    created,
                }
            }
        })
    }
}

fn line_resource(key: &LineKey, uow: &mut UnitOfWork) -> Result<LineResource, Stop> {
    let today = uow.day().today;
    let line = uow.line_to_change(key)?;
    let product = uow.its_product(&line.sku)?;
    let eta_of = |number| product.batch_numbered(number).and_then(|batch| batch.eta);
    Ok(LineResource::new(&line, eta_of, today))
}
