//! The order view, a read model: from rows to what pages show.

use std::sync::LazyLock;

use jiff::civil::Date;
use landfall_domain::{Allocation, Deliver, LineKey, Policy, Priority, Status};
use landfall_service::resources::LineResource;
use landfall_service::views::OrderLineView;
use rusqlite::Row;

use crate::codes;
use crate::error::Fault;
use crate::names::Names;
use crate::rows;

/// The columns that [`RawView::read`] reads, of `order_view v` with the key of its line in `k`.
pub(crate) const VIEW: &str = "v.number, k.order_id, k.line_id, v.product, v.quantity, v.dispatched, \
     v.status, v.requested, v.priority, v.policy, v.deliver, v.original, v.current, v.batch, v.parts";

/// The lines of an order.
pub(crate) static OF_ORDER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {VIEW} FROM line_keys k CROSS JOIN order_view v ON v.number = k.number \
         WHERE k.order_id = ?1"
    )
});

/// Copies the lines from this number on.
pub(crate) const COPY: &str = "INSERT INTO order_view (number, product, quantity, dispatched, status, \
     requested, priority, policy, deliver, original, current, batch, parts) \
     SELECT number, product, quantity, dispatched, status, requested, priority, policy, deliver, original, \
     current, batch, parts FROM lines WHERE number >= ?1 ORDER BY number";
/// Inserts any row.
pub(crate) const INSERT: &str = "INSERT INTO order_view (number, product, quantity, dispatched, status, \
     requested, priority, policy, deliver, original, current, batch, parts) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// A row as it is stored: numbers instead of the names of its product and its batches.
pub(crate) struct RawView {
    pub(crate) number: u64,
    pub(crate) status: Status,
    key: LineKey,
    product: u64,
    quantity: u64,
    dispatched: u64,
    requested: Option<Date>,
    priority: Priority,
    policy: Policy,
    deliver: Deliver,
    original: Option<Date>,
    current: Option<Date>,
    /// Batch numbers and units.
    pegs: Vec<(u64, u64)>,
}

impl RawView {
    /// The row of [`VIEW`].
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let (quantity, dispatched) = (rows::count(row, 4)?, rows::count(row, 5)?);
        let parts = row
            .get_ref(14)?
            .as_str_or_null()
            .map_err(rusqlite::Error::from)?;
        // A view that is wrong is shown as it is, and an audit tells.
        let outstanding = quantity.saturating_sub(dispatched);
        Ok(Self {
            number: rows::count(row, 0)?,
            key: LineKey {
                order_id: rows::name(row, 1)?,
                line_id: rows::name(row, 2)?,
            },
            product: rows::count(row, 3)?,
            quantity,
            dispatched,
            status: codes::status_of(row.get(6)?)?,
            requested: rows::date(row, 7)?,
            priority: rows::priority(row.get(8)?)?,
            policy: codes::policy_of(row.get(9)?)?,
            deliver: codes::deliver_of(row.get(10)?)?,
            original: rows::date(row, 11)?,
            current: rows::date(row, 12)?,
            pegs: rows::pegs(row.get(13)?, parts, outstanding)?,
        })
    }

    /// The row with the names of its product and its batches.
    pub(crate) fn into_view(self, names: &mut Names<'_>) -> Result<OrderLineView, Fault> {
        let mut allocations = Vec::with_capacity(self.pegs.len());
        for (batch_number, quantity) in self.pegs {
            allocations.push(Allocation {
                batch: names.batch(batch_number)?.reference.clone(),
                batch_number,
                quantity,
            });
        }
        Ok(OrderLineView {
            key: self.key,
            sku: names.sku(self.product)?,
            quantity: self.quantity,
            dispatched: self.dispatched,
            status: self.status,
            requested_date: self.requested,
            priority: self.priority,
            policy: self.policy,
            deliver: self.deliver,
            original_promise: self.original,
            current_promise: self.current,
            allocations,
        })
    }

    /// The line as the outside sees it.
    pub(crate) fn into_resource(
        self,
        names: &mut Names<'_>,
        today: Date,
    ) -> Result<LineResource, Fault> {
        let row = self.into_view(names)?;
        let mut etas = Vec::with_capacity(row.allocations.len());
        for Allocation { batch_number, .. } in &row.allocations {
            etas.push((*batch_number, names.batch(*batch_number)?.eta));
        }
        let eta_of = |number| {
            let found = etas.iter().find(|(batch, _)| *batch == number);
            found.and_then(|(_, eta)| *eta)
        };
        Ok(LineResource::of_view(row, eta_of, today))
    }
}
