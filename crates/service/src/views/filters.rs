//! What a list is cut down to, and its order.

use jiff::civil::Date;
use landfall_domain::{BatchRef, Carriage, ShipmentRef, Sku};
use serde::{Deserialize, Serialize};

/// The order of a list of batches. What is equal in it goes by reference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchSort {
    /// By reference.
    #[default]
    Reference,
    /// What is in the warehouse, then what is expected, the soonest first.
    Eta,
    /// The most available units first.
    Available,
}

/// The order of a list of shipments. What is equal in it goes by reference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentSort {
    /// By reference.
    #[default]
    Reference,
    /// Those under way, the soonest first; then those that have landed, of which nothing is to be expected any more.
    Eta,
}

/// The order of a list of products. What is equal in it goes by SKU.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductSort {
    /// By SKU.
    #[default]
    Sku,
    /// The most lines that wait first.
    Backordered,
    /// The most available units first.
    Available,
}

/// Which batches, and in which order. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchFilter {
    /// Of this product.
    pub sku: Option<Sku>,
    /// With free units, or without.
    pub available: Option<bool>,
    /// In the warehouse (no ETA), or inbound.
    pub in_warehouse: Option<bool>,
    /// Expected on or after this day.
    pub eta_from: Option<Date>,
    /// Expected on or before this day.
    pub eta_until: Option<Date>,
    /// On this shipment.
    pub shipment: Option<ShipmentRef>,
    /// On a shipment, whichever, or on none.
    pub on_shipment: Option<bool>,
    /// Kept back by a hold, its own or its shipment's, or not.
    pub held: Option<bool>,
    /// Kept back by a hold, its own or its shipment's, that was expected to be cleared on or before this day.
    pub clear_until: Option<Date>,
    /// Kept back by a hold of its own that is overdue on this day: it was expected to be cleared before, or nobody has
    /// said when.
    pub hold_overdue: Option<Date>,
    /// Whose reference begins so.
    pub prefix: Option<String>,
    /// In this order.
    pub sort: BatchSort,
}

/// Which shipments, and in which order. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShipmentFilter {
    /// Carried by this carrier; the very name, letter by letter.
    pub carrier: Option<Carriage>,
    /// Landed (no ETA), or still under way.
    pub landed: Option<bool>,
    /// Kept back by a hold, or not.
    pub held: Option<bool>,
    /// Kept back by a hold that was expected to be cleared on or before this day.
    pub clear_until: Option<Date>,
    /// Kept back by a hold that is overdue on this day: it was expected to be cleared before, or nobody has said when.
    pub hold_overdue: Option<Date>,
    /// Expected on or after this day.
    pub eta_from: Option<Date>,
    /// Expected on or before this day.
    pub eta_until: Option<Date>,
    /// Whose reference begins so.
    pub prefix: Option<String>,
    /// In this order.
    pub sort: ShipmentSort,
}

/// Why somebody should look at a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// It waits for stock.
    Backordered,
    /// It has stock that comes too late for its original promise.
    Late,
}

/// Which orders. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// With a line pegged to this batch.
    pub batch: Option<BatchRef>,
    /// With a line of this product that is allocated or waits.
    pub sku: Option<Sku>,
    /// With a line that needs somebody's attention.
    pub attention: Option<Attention>,
    /// Whose id begins so.
    pub prefix: Option<String>,
}

/// Which products, and in which order. Everything that is named must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// With lines that wait, or without.
    pub backordered: Option<bool>,
    /// Whose SKU begins so.
    pub prefix: Option<String>,
    /// In this order.
    pub sort: ProductSort,
}
