//! The routes of the commands about one shipment and all its batches.

use axum::extract::{Request, State};
use landfall_domain::commands::{
    ChangeShipmentEta, CreateShipment, HoldShipment, ReceiveShipment, ReleaseShipment,
};
use landfall_domain::{Command, ShipmentRef};
use serde::de::DeserializeOwned;

use super::{Answer, change, create};
use crate::paths::Names;
use crate::{Context, Shared};

/// Creates a shipment: a vessel or container. Batches name it in `shipment`, and take its ETA.
///
/// Creating the same shipment again changes nothing and answers 200 with its present state, also after
/// later changes.
#[utoipa::path(
    post, path = "/v1/shipments", tag = "shipments",
    request_body(content = ref("#/components/schemas/CreateShipment"), example = json!({
        "reference": "SHP-207", "eta": "2026-12-18", "vessel": "MV Aurora", "container": "MSKU 907032-3"
    })),
    responses(
        (status = 201, description = "Created", body = ref("#/components/schemas/ShipmentResource")),
        (status = 200, description = "It was already so", body = ref("#/components/schemas/ShipmentResource")),
        (status = 409, description = "It exists with other content"),
    ),
)]
pub(crate) async fn create_shipment(State(context): State<Shared>, request: Request) -> Answer {
    create::<CreateShipment>(&context, request, "CreateShipment", Command::CreateShipment).await
}

/// Changes the day on which a shipment is expected, with all its batches that were not received; null: it
/// has landed.
#[utoipa::path(
    post, path = "/v1/shipments/{reference}/eta", tag = "shipments",
    params(("reference" = String, Path, description = "The shipment")),
    request_body(content = ref("#/components/schemas/ChangeShipmentEtaBody"), example = json!({
        "eta": "2026-12-28"
    })),
    responses(
        (status = 200, description = "The shipment", body = ref("#/components/schemas/ShipmentResource")),
        (status = 404, description = "No such shipment"),
    ),
)]
pub(crate) async fn shipment_eta(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_shipment::<ChangeShipmentEta>(
        &context,
        &names,
        request,
        "ChangeShipmentEta",
        Command::ChangeShipmentEta,
    )
    .await
}

/// Holds a shipment back with all its batches, or replaces the hold that it has.
#[utoipa::path(
    post, path = "/v1/shipments/{reference}/hold", tag = "shipments",
    params(("reference" = String, Path, description = "The shipment")),
    request_body(content = ref("#/components/schemas/HoldShipmentBody"), example = json!({
        "code": "customs", "expected_clear": "2027-01-14"
    })),
    responses(
        (status = 200, description = "The shipment", body = ref("#/components/schemas/ShipmentResource")),
        (status = 404, description = "No such shipment"),
    ),
)]
pub(crate) async fn shipment_hold(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_shipment::<HoldShipment>(
        &context,
        &names,
        request,
        "HoldShipment",
        Command::HoldShipment,
    )
    .await
}

/// Ends a shipment's hold; its batches' own holds stay. What is not held stays as it is.
#[utoipa::path(
    post, path = "/v1/shipments/{reference}/release", tag = "shipments",
    params(("reference" = String, Path, description = "The shipment")),
    request_body(content = ref("#/components/schemas/ReleaseShipmentBody")),
    responses(
        (status = 200, description = "The shipment", body = ref("#/components/schemas/ShipmentResource")),
        (status = 404, description = "No such shipment"),
    ),
)]
pub(crate) async fn shipment_release(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_shipment::<ReleaseShipment>(
        &context,
        &names,
        request,
        "ReleaseShipment",
        Command::ReleaseShipment,
    )
    .await
}

/// Receives a shipment: it has landed with all its batches.
///
/// Batches that are not in `counts` arrived as expected; those received before are left alone.
#[utoipa::path(
    post, path = "/v1/shipments/{reference}/receive", tag = "shipments",
    params(("reference" = String, Path, description = "The shipment")),
    request_body(content = ref("#/components/schemas/ReceiveShipmentBody"), example = json!({
        "counts": {"PO-1042": 38}
    })),
    responses(
        (status = 200, description = "The shipment", body = ref("#/components/schemas/ShipmentResource")),
        (status = 404, description = "No such shipment"),
        (status = 409, description = "More than that has been dispatched of a batch"),
    ),
)]
pub(crate) async fn shipment_receive(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_shipment::<ReceiveShipment>(
        &context,
        &names,
        request,
        "ReceiveShipment",
        Command::ReceiveShipment,
    )
    .await
}

/// A command about the shipment that the path names.
async fn on_shipment<T: DeserializeOwned>(
    context: &Context,
    names: &Names,
    request: Request,
    kind: &'static str,
    command: fn(T) -> Command,
) -> Answer {
    let names = [(
        "reference",
        names.get::<ShipmentRef>("reference")?.to_string(),
    )];
    change(context, &names, request, kind, command).await
}
