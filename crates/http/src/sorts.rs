//! The orders in which lists can be asked for, as queries name them.

use landfall_service::views;
use serde::Deserialize;
use utoipa::ToSchema;

/// The order of batches.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BatchSort {
    #[default]
    Reference,
    Eta,
    Available,
}

impl From<BatchSort> for views::BatchSort {
    fn from(sort: BatchSort) -> Self {
        match sort {
            BatchSort::Reference => Self::Reference,
            BatchSort::Eta => Self::Eta,
            BatchSort::Available => Self::Available,
        }
    }
}

/// The order of shipments.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ShipmentSort {
    #[default]
    Reference,
    Eta,
}

impl From<ShipmentSort> for views::ShipmentSort {
    fn from(sort: ShipmentSort) -> Self {
        match sort {
            ShipmentSort::Reference => Self::Reference,
            ShipmentSort::Eta => Self::Eta,
        }
    }
}

/// The order of products.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProductSort {
    #[default]
    Sku,
    Backordered,
    Available,
}

impl From<ProductSort> for views::ProductSort {
    fn from(sort: ProductSort) -> Self {
        match sort {
            ProductSort::Sku => Self::Sku,
            ProductSort::Backordered => Self::Backordered,
            ProductSort::Available => Self::Available,
        }
    }
}

/// The order of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OrderSort {
    Id,
    Recent,
}
