//! Which events are worth telling a person of.

use jiff::civil::Date;
use landfall_domain::events::PromiseCause;
use landfall_domain::{BatchRef, Event, LineId, OrderId, ShipmentRef, Sku};

use crate::log::LogRecord;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A product ran out.
    OutOfStock,
    /// A customer was told another day.
    PromiseChanged,
    /// Goods come later than they should.
    BatchLate,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::OutOfStock, Self::PromiseChanged, Self::BatchLate];

    /// As part of a message's id.
    pub fn name(self) -> &'static str {
        match self {
            Self::OutOfStock => "out-of-stock",
            Self::PromiseChanged => "promise-changed",
            Self::BatchLate => "batch-late",
        }
    }
}

/// Something that a person should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// The product could not serve a line.
    OutOfStock {
        /// The product.
        sku: Sku,
        /// The first order that found too little.
        order_id: OrderId,
        /// Units it wanted.
        quantity: u64,
    },
    /// A line's promise is another than the customer was told.
    PromiseChanged {
        /// The product.
        sku: Sku,
        /// The order.
        order_id: OrderId,
        /// The line.
        line_id: LineId,
        /// As told; `None`: there was none.
        from: Option<Date>,
        /// As it is now; `None`: there is none.
        to: Option<Date>,
        /// Why.
        cause: PromiseCause,
    },
    /// A batch or a shipment is expected on a later day.
    Late {
        /// Which.
        goods: Goods,
        /// Expected until now; `None`: it was said to be there.
        from: Option<Date>,
        /// Expected from now on.
        to: Date,
    },
}

/// What is late.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goods {
    /// One batch, told of alone.
    Batch(BatchRef, Sku),
    /// A shipment, with all that is on it.
    Shipment(ShipmentRef),
}

impl Notice {
    /// What this event is worth telling; `None`: nothing.
    ///
    /// A shipment that is late is told of once, not again for each batch on it.
    pub fn of(record: &LogRecord) -> Option<Self> {
        let sku = record.sku.clone();
        match &record.event {
            Event::OutOfStock {
                order_id, quantity, ..
            } => Some(Self::OutOfStock {
                sku: sku?,
                order_id: order_id.clone(),
                quantity: *quantity,
            }),
            Event::PromiseChanged {
                order_id,
                line_id,
                from,
                to,
                cause,
            } => Some(Self::PromiseChanged {
                sku: sku?,
                order_id: order_id.clone(),
                line_id: line_id.clone(),
                from: *from,
                to: *to,
                cause: *cause,
            }),
            Event::BatchEtaChanged {
                reference,
                from,
                to,
                shipment: None,
                ..
            } => {
                let goods = Goods::Batch(reference.clone(), sku?);
                late(goods, *from, *to)
            }
            Event::ShipmentEtaChanged {
                reference,
                from,
                to,
            } => late(Goods::Shipment(reference.clone()), *from, *to),
            _ => None,
        }
    }

    /// What it is about.
    pub fn kind(&self) -> Kind {
        match self {
            Self::OutOfStock { .. } => Kind::OutOfStock,
            Self::PromiseChanged { .. } => Kind::PromiseChanged,
            Self::Late { .. } => Kind::BatchLate,
        }
    }
}

/// Without a day it is in the warehouse, which is earlier than any day.
fn late(goods: Goods, from: Option<Date>, to: Option<Date>) -> Option<Notice> {
    let to = to.filter(|_| to > from)?;
    Some(Notice::Late { goods, from, to })
}
