//! What would be promised now, if somebody ordered: the answer to a customer who still looks at the sofa.
//!
//! It asks the policy that would choose for a new line, in a unit of work that only reads. Nothing is
//! reserved: the next order may take what was quoted.

use jiff::civil::Date;
use landfall_domain::line::Status;
use landfall_domain::{Policy, Rejection, Sku, Terms, policy};
use serde::Serialize;

use crate::resources::AllocationResource;
use crate::uow::{Stop, UnitOfWork};

/// What somebody would order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// What is wanted.
    pub sku: Sku,
    /// On which terms. What is to happen in a shortage makes no difference, and neither does delivery
    /// together with other lines.
    pub terms: Terms,
}

/// What would be promised now. Nothing is reserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct QuoteResource {
    /// What is wanted.
    pub sku: Sku,
    /// Units wanted.
    pub quantity: u64,
    /// The day on which the customer would like it.
    pub requested_date: Option<Date>,
    /// Which batch it would prefer.
    pub policy: Policy,
    /// `allocated`, or `backordered`: it would wait.
    pub status: Status,
    /// What would be promised; null: it would wait.
    pub promise: Option<Date>,
    /// Whether that is no later than the requested date; null: there is none.
    pub in_time: Option<bool>,
    /// What it would be pegged to.
    pub allocations: Vec<AllocationResource>,
    /// The day for which this is told.
    pub as_of: Date,
}

/// What would be promised now.
///
/// # Errors
///
/// [`Rejection::UnknownSku`] where no batch of the SKU was ever created.
pub fn quote(inquiry: &Inquiry, uow: &mut UnitOfWork) -> Result<QuoteResource, Stop> {
    let Inquiry { sku, terms } = inquiry;
    let day = uow.day();
    let Some(product) = uow.product(sku)? else {
        let unknown = Rejection::UnknownSku {
            field: "sku".into(),
            sku: sku.clone(),
        };
        return Err(unknown.into());
    };
    let batches = product.batches();
    let picks = policy::choose(batches, terms, None, terms.quantity, &day).unwrap_or_default();
    // A new line is promised the day of the last of its goods; nobody has told it another.
    let promise = picks
        .iter()
        .filter_map(|(at, _)| day.promise_of(batches[*at].supply()))
        .max();
    let allocations = picks.iter().map(|(at, units)| AllocationResource {
        batch: batches[*at].reference.clone(),
        quantity: *units,
        eta: batches[*at].eta,
    });
    Ok(QuoteResource {
        sku: sku.clone(),
        quantity: terms.quantity,
        requested_date: terms.requested_date,
        policy: terms.policy,
        status: if picks.is_empty() {
            Status::Backordered
        } else {
            Status::Allocated
        },
        promise,
        in_time: terms
            .requested_date
            .map(|wanted| promise.is_some_and(|day| day <= wanted)),
        allocations: allocations.collect(),
        as_of: day.today,
    })
}
