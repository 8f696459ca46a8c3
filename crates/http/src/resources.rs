//! The routes that answer with one thing.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode};
use landfall_domain::{BatchRef, OrderId, ShipmentRef, Sku};
use serde::Serialize;

use crate::paths::Names;
use crate::problems::{Kind, Problem};
use crate::{Shared, answers, query};

type Answer = Result<Response<Body>, Problem>;

/// One batch.
#[utoipa::path(
    get, path = "/v1/batches/{reference}", tag = "batches",
    params(("reference" = String, Path, description = "The batch")),
    responses(
        (status = 200, description = "The batch", body = ref("#/components/schemas/BatchResource")),
        (status = 404, description = "No such batch"),
    ),
)]
pub(crate) async fn batch(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    query::none(parameters.as_deref())?;
    let reference: BatchRef = names.get("reference")?;
    let (_, day) = context.app.calendar.read();
    let found = context.app.views.batch(&reference, day.today).await?;
    one(found, Kind::UnknownBatch, || {
        format!("There is no batch {reference}.")
    })
}

/// One order with all its lines.
#[utoipa::path(
    get, path = "/v1/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "The order", body = ref("#/components/schemas/OrderResource")),
        (status = 404, description = "No such order"),
    ),
)]
pub(crate) async fn order(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    query::none(parameters.as_deref())?;
    let id: OrderId = names.get("id")?;
    let (_, day) = context.app.calendar.read();
    let found = context.app.views.order(&id, day.today).await?;
    one(found, Kind::UnknownOrder, || {
        format!("There is no order {id}.")
    })
}

/// One shipment with its batches.
#[utoipa::path(
    get, path = "/v1/shipments/{reference}", tag = "shipments",
    params(("reference" = String, Path, description = "The shipment")),
    responses(
        (status = 200, description = "The shipment", body = ref("#/components/schemas/ShipmentResource")),
        (status = 404, description = "No such shipment"),
    ),
)]
pub(crate) async fn shipment(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    query::none(parameters.as_deref())?;
    let reference: ShipmentRef = names.get("reference")?;
    let (_, day) = context.app.calendar.read();
    let found = context.app.views.shipment(&reference, day.today).await?;
    one(found, Kind::NoShipment, || {
        format!("There is no shipment {reference}.")
    })
}

/// One product: its totals over all its batches.
#[utoipa::path(
    get, path = "/v1/products/{sku}", tag = "products",
    params(("sku" = String, Path, description = "The SKU")),
    responses(
        (status = 200, description = "The product", body = ref("#/components/schemas/ProductResource")),
        (status = 404, description = "No such product"),
    ),
)]
pub(crate) async fn product(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    query::none(parameters.as_deref())?;
    let sku: Sku = names.get("sku")?;
    let found = context.app.views.product(&sku).await?;
    one(found, Kind::UnknownProduct, || no_product(&sku))
}

/// Available-to-promise: what can be promised for which date.
#[utoipa::path(
    get, path = "/v1/products/{sku}/availability", tag = "products",
    params(("sku" = String, Path, description = "The SKU")),
    responses(
        (status = 200, description = "Uncommitted supply by date", body = ref("#/components/schemas/AvailabilityResource")),
        (status = 404, description = "No such product"),
    ),
)]
pub(crate) async fn availability(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    query::none(parameters.as_deref())?;
    let sku: Sku = names.get("sku")?;
    let (_, day) = context.app.calendar.read();
    let found = context.app.views.availability(&sku, &day).await?;
    one(found, Kind::UnknownProduct, || no_product(&sku))
}

fn no_product(sku: &Sku) -> String {
    format!("There is no product with the SKU {sku}; its first batch creates it.")
}

fn one<T: Serialize>(found: Option<T>, missing: Kind, detail: impl Fn() -> String) -> Answer {
    match found {
        Some(thing) => answers::json(StatusCode::OK, &thing),
        None => Err(Problem::new(missing, detail())),
    }
}
