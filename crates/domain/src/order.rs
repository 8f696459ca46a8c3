//! An order as it was placed whole: which lines it named, and how they are to be delivered.

use crate::ids::{LineId, OrderId};
use crate::values::Deliver;

/// What a `PlaceOrder` said of the order itself. A repeat is compared with it; its lines are
/// [`crate::OrderLine`]s. An order whose lines came one by one with `Allocate` has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    /// The order.
    pub order_id: OrderId,
    /// When its lines go out.
    pub deliver: Deliver,
    /// The lines that it named, in its order.
    pub lines: Vec<LineId>,
}
