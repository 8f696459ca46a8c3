//! An order line as the log tells it, in as few bytes as can be.

use jiff::civil::Date;
use landfall_domain::{Deliver, Policy, Priority, Status, Terms};

use super::{At, digest};

/// Where a line stands, by the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::audit) enum Standing {
    /// An order names it; nothing else is known yet.
    Named,
    Allocated,
    Backordered,
    /// It lost its stock, and what becomes of it must follow.
    Loose,
    /// All of it has left.
    Gone,
    /// What had not left was cancelled.
    Cancelled,
}

/// What a line is pegged to. Nearly all lines have one batch.
#[derive(Clone, PartialEq, Eq, Default)]
pub(in crate::audit) enum Pegs {
    #[default]
    None,
    One(At, u64),
    #[expect(clippy::box_collection, reason = "8 bytes in every line instead of 24")]
    Many(Box<Vec<(At, u64)>>),
}

impl Pegs {
    pub(in crate::audit) fn new(pegs: Vec<(At, u64)>) -> Self {
        match pegs.as_slice() {
            [] => Pegs::None,
            [(batch, units)] => Pegs::One(*batch, *units),
            _ => Pegs::Many(Box::new(pegs)),
        }
    }

    pub(in crate::audit) fn to_vec(&self) -> Vec<(At, u64)> {
        match self {
            Pegs::None => Vec::new(),
            Pegs::One(batch, units) => vec![(*batch, *units)],
            Pegs::Many(pegs) => pegs.to_vec(),
        }
    }
}

/// A line.
pub(in crate::audit) struct LineEntry {
    /// Where its key begins in the ledger's names, and the lengths of order id and line id.
    pub(super) name: (u64, u16, u16),
    pub(in crate::audit) product: At,
    /// A digest of the terms: they are compared, never shown. What the order view shows of them is kept below.
    pub(in crate::audit) terms: u64,
    pub(in crate::audit) quantity: u64,
    pub(in crate::audit) dispatched: u64,
    pub(in crate::audit) pegs: Pegs,
    pub(in crate::audit) original: Option<Date>,
    pub(in crate::audit) current: Option<Date>,
    pub(in crate::audit) requested: Option<Date>,
    pub(in crate::audit) priority: Priority,
    pub(in crate::audit) policy: Policy,
    pub(in crate::audit) deliver: Deliver,
    pub(in crate::audit) standing: Standing,
    /// Whether it was seen in the tables.
    pub(in crate::audit) seen: bool,
    /// Whether it was seen in the order view.
    pub(in crate::audit) viewed: bool,
}

impl LineEntry {
    /// A line of which only the key is known.
    pub(super) fn named(name: (u64, u16, u16)) -> Self {
        Self {
            name,
            product: At::MAX,
            terms: 0,
            quantity: 0,
            dispatched: 0,
            pegs: Pegs::None,
            original: None,
            current: None,
            requested: None,
            priority: Priority::default(),
            policy: Policy::default(),
            deliver: Deliver::default(),
            standing: Standing::Named,
            seen: false,
            viewed: false,
        }
    }

    /// Accepts it on these terms.
    pub(in crate::audit) fn accept(&mut self, product: At, terms: &Terms) {
        self.product = product;
        self.terms = digest(terms);
        self.quantity = terms.quantity;
        self.requested = terms.requested_date;
        self.priority = terms.priority;
        self.policy = terms.policy;
        self.deliver = terms.deliver;
    }

    /// Units that have neither left nor been cancelled.
    pub(in crate::audit) fn outstanding(&self) -> u64 {
        if self.standing == Standing::Cancelled {
            0
        } else {
            self.quantity.saturating_sub(self.dispatched)
        }
    }

    /// Its status as the tables say it; `None`: no line stays so.
    pub(in crate::audit) fn status(&self) -> Option<Status> {
        match self.standing {
            Standing::Allocated => Some(Status::Allocated),
            Standing::Backordered => Some(Status::Backordered),
            Standing::Gone => Some(Status::Dispatched),
            Standing::Cancelled if self.dispatched > 0 => Some(Status::Dispatched),
            Standing::Cancelled => Some(Status::Cancelled),
            Standing::Named | Standing::Loose => None,
        }
    }

    /// Whether its product counts it among the late ones.
    pub(in crate::audit) fn late(&self) -> bool {
        self.standing == Standing::Allocated
            && self.current.is_some()
            && self.current > self.original
    }
}
