//! Short ways to write commands: `line("o-1", "SOFA", 3).priority(9)`.

mod goods;

use jiff::civil::Date;
use landfall_domain::commands::{
    Allocate, CancelLine, CancelOrder, ChangeBatchEta, ChangeBatchQuantity, ChangeLineQuantity,
    CreateBatch, NewLine, PlaceOrder,
};
use landfall_domain::values::Count;
use landfall_domain::{Command, Deliver, IfShort, LineKey, Policy, Priority, Quantity};
use landfall_service::Request;

pub use goods::{
    ShipmentCommand, cancel_batch, dispatch, dispatch_order, dispatch_units, hold, hold_shipment,
    receive, receive_shipment, release, release_shipment, set_shipment_eta, shipment,
};

/// A name of any kind. Panics where the text cannot be one.
#[track_caller]
pub fn name<T: std::str::FromStr>(text: &str) -> T {
    text.parse()
        .unwrap_or_else(|_| panic!("{text:?} is no name"))
}

/// The key of a line.
#[track_caller]
pub fn key(order: &str, line: &str) -> LineKey {
    LineKey {
        order_id: name(order),
        line_id: name(line),
    }
}

/// A quantity. Panics where it is out of range.
#[track_caller]
pub fn units(quantity: u64) -> Quantity {
    Quantity::new(quantity).unwrap_or_else(|error| panic!("{quantity} {error}"))
}

/// A quantity that may be 0. Panics where it is out of range.
#[track_caller]
pub fn count(quantity: u64) -> Count {
    Count::new(quantity).unwrap_or_else(|error| panic!("{quantity} {error}"))
}

/// A priority. Panics where it is out of range.
#[track_caller]
pub fn rank(priority: u64) -> Priority {
    Priority::new(priority).unwrap_or_else(|error| panic!("{priority} {error}"))
}

/// The command with an idempotency key.
#[track_caller]
pub fn with_id(id: &str, command: impl Into<Request>) -> Request {
    Request {
        actor: None,
        id: Some(name(id)),
        ..command.into()
    }
}

/// A `CreateBatch` in the making: in the warehouse unless it has an ETA.
#[derive(Debug, Clone)]
pub struct BatchCommand(pub CreateBatch);

/// A batch in the warehouse.
#[track_caller]
pub fn batch(reference: &str, sku: &str, quantity: u64) -> BatchCommand {
    BatchCommand(CreateBatch {
        reference: name(reference),
        sku: name(sku),
        quantity: units(quantity),
        eta: None,
        shipment: None,
        location: None,
    })
}

impl BatchCommand {
    /// It is expected on this day.
    #[must_use]
    pub fn eta(mut self, day: Date) -> Self {
        self.0.eta = Some(day);
        self
    }

    /// It comes with this shipment.
    #[must_use]
    #[track_caller]
    pub fn on(mut self, shipment: &str) -> Self {
        self.0.shipment = Some(name(shipment));
        self
    }

    /// It is or will be at this location.
    #[must_use]
    #[track_caller]
    pub fn location(mut self, location: &str) -> Self {
        self.0.location = Some(name(location));
        self
    }
}

/// An `Allocate` in the making.
#[derive(Debug, Clone)]
pub struct LineCommand(pub Allocate);

/// A line with the defaults; its line id is the SKU.
#[track_caller]
pub fn line(order: &str, sku: &str, quantity: u64) -> LineCommand {
    LineCommand(Allocate {
        order_id: name(order),
        sku: name(sku),
        quantity: units(quantity),
        line_id: None,
        requested_date: None,
        priority: Priority::default(),
        policy: Policy::default(),
        split: false,
        if_short: IfShort::default(),
        locations: Vec::new(),
    })
}

impl LineCommand {
    /// With this line id.
    #[must_use]
    #[track_caller]
    pub fn line_id(mut self, line: &str) -> Self {
        self.0.line_id = Some(name(line));
        self
    }

    /// Wanted on this day.
    #[must_use]
    pub fn requested(mut self, day: Date) -> Self {
        self.0.requested_date = Some(day);
        self
    }

    /// With this priority.
    #[must_use]
    #[track_caller]
    pub fn priority(mut self, priority: u64) -> Self {
        self.0.priority = rank(priority);
        self
    }

    /// Just in time instead of as early as can be.
    #[must_use]
    pub fn just_in_time(mut self) -> Self {
        self.0.policy = Policy::JustInTime;
        self
    }

    /// It may take several batches.
    #[must_use]
    pub fn split(mut self) -> Self {
        self.0.split = true;
        self
    }

    /// It does not want to wait.
    #[must_use]
    pub fn or_reject(mut self) -> Self {
        self.0.if_short = IfShort::Reject;
        self
    }

    /// Only these locations may serve it.
    #[must_use]
    #[track_caller]
    pub fn locations(mut self, locations: &[&str]) -> Self {
        self.0.locations = locations.iter().map(|location| name(location)).collect();
        self
    }
}

/// A `PlaceOrder` in the making.
#[derive(Debug, Clone)]
pub struct OrderCommand(pub PlaceOrder);

/// An order of these lines: SKU and quantity each; [`OrderCommand::named`] adds lines with ids of their own.
#[track_caller]
pub fn order(id: &str, lines: &[(&str, u64)]) -> OrderCommand {
    let lines = lines
        .iter()
        .map(|(sku, quantity)| new_line(None, sku, *quantity))
        .collect();
    OrderCommand(PlaceOrder {
        order_id: name(id),
        lines,
        requested_date: None,
        priority: Priority::default(),
        policy: Policy::default(),
        if_short: IfShort::default(),
        deliver: Deliver::default(),
    })
}

impl OrderCommand {
    /// Adds a line with a line id of its own.
    #[must_use]
    #[track_caller]
    pub fn named(mut self, line: &str, sku: &str, quantity: u64) -> Self {
        self.0.lines.push(new_line(Some(line), sku, quantity));
        self
    }

    /// All lines or none.
    #[must_use]
    pub fn or_reject(mut self) -> Self {
        self.0.if_short = IfShort::Reject;
        self
    }
}

impl OrderCommand {
    /// All lines go out together.
    #[must_use]
    pub fn together(mut self) -> Self {
        self.0.deliver = Deliver::Together;
        self
    }

    /// With this priority, where a line names none.
    #[must_use]
    #[track_caller]
    pub fn priority(mut self, priority: u64) -> Self {
        self.0.priority = rank(priority);
        self
    }

    /// Wanted on this day, where a line names none.
    #[must_use]
    pub fn requested(mut self, day: Date) -> Self {
        self.0.requested_date = Some(day);
        self
    }
}

#[track_caller]
fn new_line(line: Option<&str>, sku: &str, quantity: u64) -> NewLine {
    NewLine {
        sku: name(sku),
        quantity: units(quantity),
        line_id: line.map(name),
        requested_date: None,
        priority: None,
        policy: None,
        split: false,
        locations: Vec::new(),
    }
}

/// The batch's purchased quantity becomes this.
#[track_caller]
pub fn set_quantity(reference: &str, quantity: u64) -> Command {
    Command::ChangeBatchQuantity(ChangeBatchQuantity {
        reference: name(reference),
        quantity: count(quantity),
        reason: None,
    })
}

/// The batch is expected on this day; none: it is in the warehouse.
#[track_caller]
pub fn set_eta(reference: &str, eta: Option<Date>) -> Command {
    Command::ChangeBatchEta(ChangeBatchEta {
        reference: name(reference),
        eta,
    })
}

/// The line's quantity becomes this; an increase that nothing can hold is refused.
#[track_caller]
pub fn amend(order: &str, line: &str, quantity: u64) -> Command {
    change_line(order, line, quantity, None)
}

/// The line's quantity becomes this; with an increase that nothing can hold it waits whole.
#[track_caller]
pub fn amend_or_wait(order: &str, line: &str, quantity: u64) -> Command {
    change_line(order, line, quantity, Some(IfShort::Backorder))
}

#[track_caller]
fn change_line(order: &str, line: &str, quantity: u64, if_short: Option<IfShort>) -> Command {
    Command::ChangeLineQuantity(ChangeLineQuantity {
        order_id: name(order),
        line_id: name(line),
        quantity: units(quantity),
        if_short,
    })
}

/// The line is no longer wanted.
#[track_caller]
pub fn cancel_line(order: &str, line: &str) -> Command {
    Command::CancelLine(CancelLine {
        order_id: name(order),
        line_id: name(line),
    })
}

/// The order is no longer wanted.
#[track_caller]
pub fn cancel_order(order: &str) -> Command {
    Command::CancelOrder(CancelOrder {
        order_id: name(order),
    })
}

impl From<BatchCommand> for Request {
    fn from(batch: BatchCommand) -> Self {
        Command::CreateBatch(batch.0).into()
    }
}

impl From<LineCommand> for Request {
    fn from(line: LineCommand) -> Self {
        Command::Allocate(line.0).into()
    }
}

impl From<OrderCommand> for Request {
    fn from(order: OrderCommand) -> Self {
        Command::PlaceOrder(order.0).into()
    }
}
