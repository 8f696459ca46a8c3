//! The routes of the commands about one batch.

use axum::extract::{Request, State};
use landfall_domain::commands::{
    CancelBatch, ChangeBatchEta, ChangeBatchQuantity, CreateBatch, HoldBatch, ReceiveBatch,
    ReleaseBatch,
};
use landfall_domain::{BatchRef, Command};
use serde::de::DeserializeOwned;

use super::{Answer, change, create};
use crate::paths::Names;
use crate::{Context, Shared};

/// Creates a batch: new supply. Waiting backorders of the SKU are filled.
///
/// Creating the same batch again changes nothing and answers 200 with its present state, also after later
/// changes.
#[utoipa::path(
    post, path = "/v1/batches", tag = "batches",
    request_body(content = ref("#/components/schemas/CreateBatch"), example = json!({
        "reference": "PO-1042", "sku": "SOFA-3-GREY", "quantity": 40, "eta": "2026-12-18"
    })),
    responses(
        (status = 201, description = "Created", body = ref("#/components/schemas/BatchResource")),
        (status = 200, description = "It was already so", body = ref("#/components/schemas/BatchResource")),
        (status = 409, description = "It exists with other content"),
    ),
)]
pub(crate) async fn create_batch(State(context): State<Shared>, request: Request) -> Answer {
    create::<CreateBatch>(&context, request, "CreateBatch", Command::CreateBatch).await
}

/// Changes the quantity purchased of a batch.
///
/// Lines that no longer fit are dropped by the shortage rule, and allocated again or backordered.
#[utoipa::path(
    post, path = "/v1/batches/{reference}/quantity", tag = "batches",
    params(("reference" = String, Path, description = "The batch")),
    request_body(content = ref("#/components/schemas/ChangeBatchQuantityBody"), example = json!({
        "quantity": 32, "reason": "eight were damaged in port"
    })),
    responses(
        (status = 200, description = "The batch", body = ref("#/components/schemas/BatchResource")),
        (status = 404, description = "No such batch"),
        (status = 409, description = "More than that has been dispatched"),
    ),
)]
pub(crate) async fn batch_quantity(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_batch::<ChangeBatchQuantity>(
        &context,
        &names,
        request,
        "ChangeBatchQuantity",
        Command::ChangeBatchQuantity,
    )
    .await
}

/// Changes the day on which a batch is expected; null: it is in the warehouse.
///
/// A later day moves promises; an earlier one pulls late promises back, never before the first.
#[utoipa::path(
    post, path = "/v1/batches/{reference}/eta", tag = "batches",
    params(("reference" = String, Path, description = "The batch")),
    request_body(content = ref("#/components/schemas/ChangeBatchEtaBody"), example = json!({
        "eta": "2027-01-08"
    })),
    responses(
        (status = 200, description = "The batch", body = ref("#/components/schemas/BatchResource")),
        (status = 404, description = "No such batch"),
    ),
)]
pub(crate) async fn batch_eta(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_batch::<ChangeBatchEta>(
        &context,
        &names,
        request,
        "ChangeBatchEta",
        Command::ChangeBatchEta,
    )
    .await
}

/// Holds a batch back, or replaces the hold that it has.
///
/// Without an `expected_clear` it is no supply, and its lines move or wait; with one it is supply from then
/// on, and keeps its lines. It cannot be dispatched while it is held.
#[utoipa::path(
    post, path = "/v1/batches/{reference}/hold", tag = "batches",
    params(("reference" = String, Path, description = "The batch")),
    request_body(content = ref("#/components/schemas/HoldBatchBody"), example = json!({
        "code": "customs", "note": "papers are missing", "expected_clear": "2027-01-14"
    })),
    responses(
        (status = 200, description = "The batch", body = ref("#/components/schemas/BatchResource")),
        (status = 404, description = "No such batch"),
    ),
)]
pub(crate) async fn batch_hold(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_batch::<HoldBatch>(&context, &names, request, "HoldBatch", Command::HoldBatch).await
}

/// Ends a batch's own hold; its shipment's is another. What is not held stays as it is.
#[utoipa::path(
    post, path = "/v1/batches/{reference}/release", tag = "batches",
    params(("reference" = String, Path, description = "The batch")),
    request_body(content = ref("#/components/schemas/ReleaseBatchBody")),
    responses(
        (status = 200, description = "The batch", body = ref("#/components/schemas/BatchResource")),
        (status = 404, description = "No such batch"),
    ),
)]
pub(crate) async fn batch_release(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_batch::<ReleaseBatch>(
        &context,
        &names,
        request,
        "ReleaseBatch",
        Command::ReleaseBatch,
    )
    .await
}

/// Receives a batch: it is in the warehouse, and what was counted is its quantity.
///
/// A second receipt corrects the first. A hold stays.
#[utoipa::path(
    post, path = "/v1/batches/{reference}/receive", tag = "batches",
    params(("reference" = String, Path, description = "The batch")),
    request_body(content = ref("#/components/schemas/ReceiveBatchBody"), example = json!({
        "quantity": 38
    })),
    responses(
        (status = 200, description = "The batch", body = ref("#/components/schemas/BatchResource")),
        (status = 404, description = "No such batch"),
        (status = 409, description = "More than that has been dispatched"),
    ),
)]
pub(crate) async fn batch_receive(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_batch::<ReceiveBatch>(
        &context,
        &names,
        request,
        "ReceiveBatch",
        Command::ReceiveBatch,
    )
    .await
}

/// Cancels a batch: what was not dispatched will never come, and its lines move or wait.
#[utoipa::path(
    post, path = "/v1/batches/{reference}/cancel", tag = "batches",
    params(("reference" = String, Path, description = "The batch")),
    request_body(content = ref("#/components/schemas/CancelBatchBody"), example = json!({
        "reason": "the factory is closed"
    })),
    responses(
        (status = 200, description = "The batch", body = ref("#/components/schemas/BatchResource")),
        (status = 404, description = "No such batch"),
    ),
)]
pub(crate) async fn batch_cancel(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    on_batch::<CancelBatch>(
        &context,
        &names,
        request,
        "CancelBatch",
        Command::CancelBatch,
    )
    .await
}

/// A command about the batch that the path names.
async fn on_batch<T: DeserializeOwned>(
    context: &Context,
    names: &Names,
    request: Request,
    kind: &'static str,
    command: fn(T) -> Command,
) -> Answer {
    let names = [("reference", names.get::<BatchRef>("reference")?.to_string())];
    change(context, &names, request, kind, command).await
}
