//! The routes of the commands about orders and their lines.

use axum::extract::{Request, State};
use landfall_domain::commands::{
    Allocate, CancelLine, CancelOrder, ChangeLineQuantity, Dispatch, PlaceOrder,
};
use landfall_domain::{Command, LineId, OrderId};

use super::{Answer, change, create};
use crate::Shared;
use crate::paths::Names;
use crate::problems::Problem;

/// Places a whole order: all its lines in one commit.
///
/// A line that finds no stock waits, unless the order says `"if_short": "reject"`: then it takes all lines
/// or none.
#[utoipa::path(
    post, path = "/v1/orders", tag = "orders",
    request_body(content = ref("#/components/schemas/PlaceOrder"), example = json!({
        "order_id": "SO-7781",
        "lines": [{"sku": "SOFA-3-GREY", "quantity": 1}, {"sku": "LAMP-ARC", "quantity": 2}]
    })),
    responses(
        (status = 201, description = "Accepted", body = ref("#/components/schemas/OrderResource")),
        (status = 200, description = "It was already so", body = ref("#/components/schemas/OrderResource")),
        (status = 409, description = "It exists with other lines, or there is too little stock (`reject`)"),
        (status = 422, description = "An unknown SKU"),
    ),
)]
pub(crate) async fn place_order(State(context): State<Shared>, request: Request) -> Answer {
    create::<PlaceOrder>(&context, request, "PlaceOrder", Command::PlaceOrder).await
}

/// Allocates one order line.
#[utoipa::path(
    post, path = "/v1/allocations", tag = "orders",
    request_body(content = ref("#/components/schemas/Allocate"), example = json!({
        "order_id": "SO-7781", "sku": "SOFA-3-GREY", "quantity": 1
    })),
    responses(
        (status = 201, description = "Accepted: allocated, or backordered", body = ref("#/components/schemas/LineResource")),
        (status = 200, description = "It was already so", body = ref("#/components/schemas/LineResource")),
        (status = 409, description = "The line exists with other content, or there is too little stock (`reject`)"),
        (status = 422, description = "An unknown SKU"),
    ),
)]
pub(crate) async fn allocate(State(context): State<Shared>, request: Request) -> Answer {
    create::<Allocate>(&context, request, "Allocate", Command::Allocate).await
}

/// Cancels what has not left of an order's lines. Stock goes back, backorders are filled.
#[utoipa::path(
    post, path = "/v1/orders/{id}/cancel", tag = "orders",
    params(("id" = String, Path, description = "The order")),
    request_body(content = ref("#/components/schemas/CancelOrderBody")),
    responses(
        (status = 200, description = "The order", body = ref("#/components/schemas/OrderResource")),
        (status = 404, description = "No such order"),
        (status = 409, description = "All of it has left"),
    ),
)]
pub(crate) async fn cancel_order(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    let names = [("order_id", names.get::<OrderId>("id")?.to_string())];
    change::<CancelOrder>(
        &context,
        &names,
        request,
        "CancelOrder",
        Command::CancelOrder,
    )
    .await
}

/// Changes the quantity of an order line. It keeps its batch where it can.
#[utoipa::path(
    post, path = "/v1/orders/{id}/lines/{line}/quantity", tag = "orders",
    params(("id" = String, Path, description = "The order"), ("line" = String, Path, description = "The line's id in the order")),
    request_body(content = ref("#/components/schemas/ChangeLineQuantityBody"), example = json!({
        "quantity": 2
    })),
    responses(
        (status = 200, description = "The line", body = ref("#/components/schemas/LineResource")),
        (status = 404, description = "No such order line"),
        (status = 409, description = "It can no longer be changed, or there is too little stock"),
    ),
)]
pub(crate) async fn line_quantity(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    let names = line_names(&names)?;
    let kind = "ChangeLineQuantity";
    change::<ChangeLineQuantity>(&context, &names, request, kind, Command::ChangeLineQuantity).await
}

/// Cancels what has not left of an order line. Stock goes back, backorders are filled.
#[utoipa::path(
    post, path = "/v1/orders/{id}/lines/{line}/cancel", tag = "orders",
    params(("id" = String, Path, description = "The order"), ("line" = String, Path, description = "The line's id in the order")),
    request_body(content = ref("#/components/schemas/CancelLineBody")),
    responses(
        (status = 200, description = "The line", body = ref("#/components/schemas/LineResource")),
        (status = 404, description = "No such order line"),
        (status = 409, description = "All of it has left"),
    ),
)]
pub(crate) async fn cancel_line(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    let names = line_names(&names)?;
    change::<CancelLine>(&context, &names, request, "CancelLine", Command::CancelLine).await
}

/// Dispatches all lines of an order whose goods are in the warehouse.
///
/// Nothing to dispatch because all has left: 200, nothing changes. To dispatch one line, or a part of one,
/// use the line's own route, or name it in `line_id`.
#[utoipa::path(
    post, path = "/v1/orders/{id}/dispatch", tag = "orders",
    params(("id" = String, Path, description = "The order")),
    request_body(content = ref("#/components/schemas/DispatchOrderBody")),
    responses(
        (status = 200, description = "The order; with a `line_id`, the line", body = ref("#/components/schemas/Resource")),
        (status = 404, description = "No such order, or no such line"),
        (status = 409, description = "It is cancelled, or nothing of it is there to leave"),
    ),
)]
pub(crate) async fn dispatch_order(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    let names = [("order_id", names.get::<OrderId>("id")?.to_string())];
    change::<Dispatch>(&context, &names, request, "Dispatch", Command::Dispatch).await
}

/// Dispatches an order line, or some units of it.
///
/// With a `quantity` it is only safe to repeat with an `id` or `Idempotency-Key`: each time, so many units
/// leave. Without one all leave that have not left; there is nothing to do the second time.
#[utoipa::path(
    post, path = "/v1/orders/{id}/lines/{line}/dispatch", tag = "orders",
    params(("id" = String, Path, description = "The order"), ("line" = String, Path, description = "The line's id in the order")),
    request_body(content = ref("#/components/schemas/DispatchBody"), example = json!({
        "quantity": 1
    })),
    responses(
        (status = 200, description = "The line", body = ref("#/components/schemas/LineResource")),
        (status = 404, description = "No such order line"),
        (status = 409, description = "It is cancelled, its goods are not there to leave, or it has fewer"),
    ),
)]
pub(crate) async fn dispatch_line(
    State(context): State<Shared>,
    names: Names,
    request: Request,
) -> Answer {
    let names = line_names(&names)?;
    change::<Dispatch>(&context, &names, request, "Dispatch", Command::Dispatch).await
}

fn line_names(names: &Names) -> Result<[(&'static str, String); 2], Problem> {
    Ok([
        ("order_id", names.get::<OrderId>("id")?.to_string()),
        ("line_id", names.get::<LineId>("line")?.to_string()),
    ])
}
