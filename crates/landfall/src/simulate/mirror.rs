//! What the log tells, followed event by event: the simulation's own picture of the stock and of every line.
//!
//! It serves two ends. The warehouse sees in it what can leave. And whatever the log says must make sense where
//! it stands: each event is checked against what was known before, each command when it is over, and each day
//! what it touched is held against the store's own rows ([`check`]).

mod check;
mod lines;
mod supply;

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use landfall_domain::batch::Landing;
use landfall_domain::{BatchRef, Event, Hold, LineKey, OrderId, ShipmentRef, Sku};
use landfall_service::LogRecord;

use super::figures::Figures;

/// A batch, as the log tells.
#[derive(Debug)]
pub(crate) struct BatchState {
    pub(crate) reference: BatchRef,
    product: usize,
    shipment: Option<ShipmentRef>,
    eta: Option<Date>,
    hold: Option<Hold>,
    shipment_hold: Option<Hold>,
    purchased: u64,
    /// What lines have of it: their own pegs, added up.
    pegged: u64,
    dispatched: u64,
    landing: Option<Landing>,
    /// What the sum of all that lies in the warehouse has of it.
    counted_on_hand: u64,
}

/// A line, as the log tells.
#[derive(Debug)]
pub(crate) struct LineState {
    pub(crate) key: LineKey,
    product: usize,
    pub(crate) quantity: u64,
    pub(crate) dispatched: u64,
    cancelled: bool,
    split: bool,
    pub(crate) together: bool,
    /// Batches and units.
    pegs: Vec<(usize, u64)>,
    original: Option<Date>,
    current: Option<Date>,
    /// The promise when the last command was over that had to do with the line.
    told: Option<Date>,
    /// The first promise, where it had been made by then.
    first_told: Option<Date>,
    /// Since when it waits, if it does.
    waits: Option<Date>,
    pub(crate) accepted_on: Date,
    pub(crate) requested: Option<Date>,
    /// The command that told another promise last.
    changed_by: u64,
}

impl LineState {
    /// Whether it is promised for a later day than at first.
    pub(crate) fn late(&self) -> bool {
        self.current.is_some() && self.current > self.original
    }

    /// Units that have neither left nor been cancelled.
    pub(crate) fn outstanding(&self) -> u64 {
        if self.cancelled {
            0
        } else {
            self.quantity.saturating_sub(self.dispatched)
        }
    }
}

/// A product: who waits, and which batches still have something.
#[derive(Debug)]
struct ProductState {
    sku: Sku,
    waiting: BTreeSet<usize>,
    batches: Vec<usize>,
}

/// The picture.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    /// The day, in the warehouse's time zone.
    today: Date,
    next_offset: u64,
    product_index: HashMap<Sku, usize>,
    products: Vec<ProductState>,
    batch_index: HashMap<BatchRef, usize>,
    batches: Vec<BatchState>,
    line_index: HashMap<LineKey, usize>,
    lines: Vec<LineState>,
    orders: HashMap<OrderId, Vec<usize>>,
    /// Shipments and what keeps them back.
    shipments: HashMap<ShipmentRef, Option<Hold>>,
    /// Lines of which something is still wanted, the oldest first.
    open: BTreeSet<usize>,
    on_hand: u64,
    touched: Touched,
    /// The command whose events are being read.
    command_id: String,
    command: u64,
    /// The lines that this command has to do with.
    of_command: BTreeSet<usize>,
    /// Whether it made anything worse: less of a batch, or later, or more wanted.
    worse: bool,
    /// What is measured meanwhile.
    pub(crate) figures: Figures,
}

/// What the events of a day had to do with.
#[derive(Debug, Default)]
struct Touched {
    batches: BTreeSet<usize>,
    lines: BTreeSet<usize>,
    products: BTreeSet<usize>,
}

impl Mirror {
    /// Of an empty log.
    pub(crate) fn new() -> Self {
        Self {
            next_offset: 1,
            ..Self::default()
        }
    }

    /// A day begins.
    pub(crate) fn begin(&mut self, today: Date) {
        self.today = today;
    }

    /// Takes in what happened since it was last told. The error says what makes no sense.
    pub(crate) fn read(&mut self, records: &[LogRecord]) -> Result<(), String> {
        for record in records {
            if record.command_id != self.command_id {
                self.end_command()?;
                self.command_id.clone_from(&record.command_id);
                self.command += 1;
            }
            self.event(record).map_err(|what| {
                format!("event {}: {}: {what}", record.id(), record.event.kind())
            })?;
        }
        self.end_command()
    }

    fn event(&mut self, record: &LogRecord) -> Result<(), String> {
        let expected = self.next_offset;
        ensure(record.offset == expected && record.partition == 0, || {
            format!("the offset {expected} should stand here")
        })?;
        self.next_offset += 1;
        match &record.event {
            Event::BatchCreated { .. }
            | Event::BatchQuantityChanged { .. }
            | Event::BatchEtaChanged { .. }
            | Event::BatchHeld { .. }
            | Event::BatchReleased { .. }
            | Event::BatchReceived { .. }
            | Event::BatchCancelled { .. } => self.batch_event(record),
            Event::ShipmentCreated { .. }
            | Event::ShipmentEtaChanged { .. }
            | Event::ShipmentHeld { .. }
            | Event::ShipmentReleased { .. }
            | Event::ShipmentReceived { .. } => self.shipment_event(&record.event),
            Event::OrderPlaced { .. } => Ok(()),
            Event::Allocated { .. }
            | Event::Deallocated { .. }
            | Event::Backordered { .. }
            | Event::OutOfStock { .. }
            | Event::PromiseChanged { .. }
            | Event::LineAmended { .. }
            | Event::LineCancelled { .. }
            | Event::Dispatched { .. } => self.line_event(record),
        }
    }

    /// All lines of which something is still wanted, the oldest first.
    pub(crate) fn open(&self) -> impl Iterator<Item = (usize, &LineState)> {
        self.open.iter().map(|at| (*at, &self.lines[*at]))
    }

    /// The lines of an order of which something is still wanted.
    pub(crate) fn open_of_order<'a>(
        &'a self,
        order: &OrderId,
    ) -> impl Iterator<Item = &'a LineState> {
        let lines = self.orders.get(order).into_iter().flatten();
        lines
            .map(|at| &self.lines[*at])
            .filter(|line| line.outstanding() > 0)
    }

    /// Whether all that is outstanding of a line has been in the warehouse since this day, and nothing keeps it.
    pub(crate) fn can_leave(&self, line: &LineState, landed_by: Date) -> bool {
        let there = |batch: &BatchState| {
            batch.landing.is_some_and(|landing| landing.on <= landed_by)
                && batch.eta.is_none()
                && batch.hold.is_none()
                && batch.shipment_hold.is_none()
        };
        !line.pegs.is_empty() && line.pegs.iter().all(|(at, _)| there(&self.batches[*at]))
    }

    /// The batches, in the order in which they were created.
    pub(crate) fn batches(&self) -> &[BatchState] {
        &self.batches
    }

    /// How many shipments there are.
    pub(crate) fn shipments(&self) -> u64 {
        self.shipments.len() as u64
    }

    /// How many events were read.
    pub(crate) fn events(&self) -> u64 {
        self.next_offset - 1
    }

    /// Ends the measuring: what is still open on the last day, and what became of the batches.
    pub(crate) fn finish(mut self) -> Figures {
        let today = self.today;
        for at in &self.open {
            let line = &self.lines[*at];
            self.figures
                .still_open(line.original, line.requested, line.waits, today);
        }
        for landing in self.batches.iter().filter_map(|batch| batch.landing) {
            self.figures.sold_at_landing(landing.sold, landing.of);
        }
        self.figures
    }
}

impl BatchState {
    /// The day on which it can be counted on, by all that was said: the least of all dates for what is there, the
    /// greatest for what is held and nobody knows until when.
    fn expected(&self) -> Date {
        let mut last = self.eta.unwrap_or(Date::MIN);
        for hold in [&self.hold, &self.shipment_hold].into_iter().flatten() {
            last = last.max(hold.expected_clear.unwrap_or(Date::MAX));
        }
        last
    }

    /// The shipment that carries it.
    pub(crate) fn shipment(&self) -> Option<&ShipmentRef> {
        self.shipment.as_ref()
    }

    /// When it is expected; `None`: it is in the warehouse.
    pub(crate) fn eta(&self) -> Option<Date> {
        self.eta
    }

    /// Units that lines have of it.
    pub(crate) fn pegged(&self) -> u64 {
        self.pegged
    }

    /// Whether something keeps it back.
    pub(crate) fn held(&self) -> bool {
        self.hold.is_some() || self.shipment_hold.is_some()
    }
}

/// An invariant.
fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
