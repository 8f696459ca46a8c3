//! The routes that carry out one command each.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HeaderValue, LOCATION};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use landfall_domain::commands::{
    Allocate, CancelLine, CancelOrder, ChangeBatchEta, ChangeBatchQuantity, ChangeLineQuantity,
    CreateBatch, PlaceOrder,
};
use landfall_domain::{BatchRef, Command, LineId, OrderId};
use landfall_service::{Done, Reply, wire};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::paths::{Names, segment};
use crate::problems::Problem;
use crate::{Context, Shared, answers, body, query};

type Answer = Result<Response<Body>, Problem>;

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
    let names = [("reference", names.get::<BatchRef>("reference")?.to_string())];
    let kind = "ChangeBatchQuantity";
    change::<ChangeBatchQuantity>(
        &context,
        &names,
        request,
        kind,
        Command::ChangeBatchQuantity,
    )
    .await
}

/// Changes the day on which a batch is expected; null: it is in the warehouse.
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
    let names = [("reference", names.get::<BatchRef>("reference")?.to_string())];
    let kind = "ChangeBatchEta";
    change::<ChangeBatchEta>(&context, &names, request, kind, Command::ChangeBatchEta).await
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

fn line_names(names: &Names) -> Result<[(&'static str, String); 2], Problem> {
    Ok([
        ("order_id", names.get::<OrderId>("id")?.to_string()),
        ("line_id", names.get::<LineId>("line")?.to_string()),
    ])
}

/// A command whose body is all that it needs.
async fn create<T: DeserializeOwned>(
    context: &Context,
    request: Request,
    kind: &'static str,
    command: fn(T) -> Command,
) -> Answer {
    let (parts, body) = request.into_parts();
    query::none(parts.uri.query())?;
    let whole = body::json(context, &parts, body).await?;
    let fields = wire::read_owned::<T>(&whole.bytes).map_err(Problem::of_fields)?;
    carry_out(
        context,
        &parts,
        body::id(&whole.bytes, kind)?,
        command(fields),
    )
    .await
}

/// A command of which the path says a part. The body may say it too, and must then say the same.
async fn change<T: DeserializeOwned>(
    context: &Context,
    names: &[(&'static str, String)],
    request: Request,
    kind: &'static str,
    command: fn(T) -> Command,
) -> Answer {
    let (parts, body) = request.into_parts();
    query::none(parts.uri.query())?;
    let whole = body::json(context, &parts, body).await?;
    let json = with_names(&whole.bytes, names)?;
    let fields = wire::read_owned::<T>(&json).map_err(Problem::of_fields)?;
    carry_out(context, &parts, body::id(&json, kind)?, command(fields)).await
}

/// The body's object with the path's names in it.
fn with_names(bytes: &[u8], names: &[(&'static str, String)]) -> Result<Vec<u8>, Problem> {
    let mut object: Map<String, Value> = if bytes.is_empty() {
        Map::new()
    } else {
        wire::read(bytes).map_err(Problem::of_fields)?
    };
    for (field, name) in names {
        match object.insert((*field).to_owned(), Value::String(name.clone())) {
            None => {}
            Some(Value::String(same)) if same == *name => {}
            Some(other) => {
                let message = format!("is {other}, and the path says {name}: leave it out");
                return Err(Problem::ill_formed(*field, message));
            }
        }
    }
    serde_json::to_vec(&object).map_err(|error| Problem::internal(error.to_string()))
}

async fn carry_out(
    context: &Context,
    parts: &Parts,
    id: Option<landfall_domain::CommandId>,
    command: Command,
) -> Answer {
    let id = body::one_id(body::idempotency_key(&parts.headers)?, id)?;
    run(context, landfall_service::Request { id, command }).await
}

/// Carries out a command, and answers as its own route does.
pub(crate) async fn run(context: &Context, request: landfall_service::Request) -> Answer {
    let creates = matches!(
        request.command,
        Command::CreateBatch(_) | Command::PlaceOrder(_) | Command::Allocate(_)
    );
    let done = context.app.bus.handle(request).await?;
    respond(&done, creates)
}

fn respond(done: &Done, creates: bool) -> Answer {
    let status = if done.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let mut response = match &done.reply {
        Reply::Batch(batch) => answers::json(status, batch)?,
        Reply::Line(line) => answers::json(status, line)?,
        Reply::Order(order) => answers::json(status, order)?,
    };
    if creates {
        let location = match &done.reply {
            Reply::Batch(batch) => format!("/v1/batches/{}", segment(batch.reference.as_str())),
            Reply::Line(line) => format!("/v1/orders/{}", segment(line.order_id.as_str())),
            Reply::Order(order) => format!("/v1/orders/{}", segment(order.order_id.as_str())),
        };
        if let Ok(location) = HeaderValue::try_from(location) {
            response.headers_mut().insert(LOCATION, location);
        }
    }
    Ok(response)
}
