//! The three routes of *Architecture Patterns with Python*, kept as they are there.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use jiff::civil::Date;
use landfall_domain::commands::{Allocate, CreateBatch};
use landfall_domain::{
    BatchRef, Command, IfShort, OrderId, Policy, Priority, Quantity, Rejection, Sku,
};
use landfall_service::{Failure, wire};
use serde::{Deserialize, Deserializer, Serialize};

use crate::known;
use crate::paths::Names;
use crate::problems::Problem;
use crate::{Context, Shared, answers, body, commands, query};

type Answer = Result<Response<Body>, Problem>;

#[derive(Deserialize, schemars::JsonSchema)]
pub(crate) struct AddBatch {
    /// A unique name for it.
    #[serde(rename = "ref")]
    reference: BatchRef,
    /// What it is a quantity of.
    sku: Sku,
    /// Units purchased.
    qty: Quantity,
    /// The day on which it is expected, as an ISO date, with or without a time; null or absent: it is in
    /// the warehouse.
    #[serde(default, deserialize_with = "day")]
    #[schemars(with = "Option<String>")]
    eta: Option<Date>,
}

#[derive(Deserialize, schemars::JsonSchema)]
pub(crate) struct AllocateLine {
    /// The order.
    orderid: OrderId,
    /// What is wanted.
    sku: Sku,
    /// How many units.
    qty: Quantity,
}

/// One row of the answer.
#[derive(Serialize, schemars::JsonSchema)]
pub(crate) struct Row {
    /// The product.
    sku: Sku,
    /// The batch that the line is pegged to.
    batchref: BatchRef,
}

/// The book's error.
#[derive(Serialize, schemars::JsonSchema)]
pub(crate) struct Message {
    /// What is wrong.
    message: String,
}

/// Adds a batch (the book's route).
#[utoipa::path(
    post, path = "/add_batch", operation_id = "book_add_batch", tag = "book",
    request_body(content = ref("#/components/schemas/AddBatch"), example = json!({
        "ref": "batch-001", "sku": "SMALL-TABLE", "qty": 100, "eta": "2011-01-02"
    })),
    responses(
        (status = 201, description = "`OK`", body = String, content_type = "text/plain"),
        (status = 409, description = "It exists with other content", body = ref("#/components/schemas/Message")),
    ),
)]
pub(crate) async fn add_batch(State(context): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    query::none(parts.uri.query())?;
    let whole = body::json(&context, &parts, body).await?;
    let asked: AddBatch = wire::read(&whole.bytes).map_err(Problem::of_fields)?;
    let command = Command::CreateBatch(CreateBatch {
        reference: asked.reference,
        sku: asked.sku,
        quantity: asked.qty,
        eta: asked.eta,
        shipment: None,
        location: None,
    });
    carry_out(&context, &parts, command, StatusCode::CREATED).await
}

/// Allocates a line (the book's route).
#[utoipa::path(
    post, path = "/allocate", operation_id = "book_allocate", tag = "book",
    request_body(content = ref("#/components/schemas/AllocateLine"), example = json!({
        "orderid": "order-001", "sku": "SMALL-TABLE", "qty": 3
    })),
    responses(
        (status = 202, description = "`OK`", body = String, content_type = "text/plain"),
        (status = 400, description = "An invalid SKU, or an ill-formed body", content(
            (ref("#/components/schemas/Message") = "application/json", example = json!({"message": "Invalid sku X"})),
            (ref("#/components/schemas/Problem") = "application/problem+json"),
        )),
        (status = 409, description = "The line exists with other content", body = ref("#/components/schemas/Message")),
    ),
)]
pub(crate) async fn allocate(State(context): State<Shared>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    query::none(parts.uri.query())?;
    let whole = body::json(&context, &parts, body).await?;
    let asked: AllocateLine = wire::read(&whole.bytes).map_err(Problem::of_fields)?;
    let command = Command::Allocate(Allocate {
        order_id: asked.orderid,
        sku: asked.sku,
        quantity: asked.qty,
        line_id: None,
        requested_date: None,
        priority: Priority::default(),
        policy: Policy::default(),
        split: false,
        if_short: IfShort::default(),
        locations: Vec::new(),
    });
    carry_out(&context, &parts, command, StatusCode::ACCEPTED).await
}

/// Which batches an order's lines are allocated to (the book's route).
#[utoipa::path(
    get, path = "/allocations/{orderid}", operation_id = "book_allocations", tag = "book",
    params(("orderid" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "One row an allocation", body = ref("#/components/schemas/Rows")),
        (status = 404, description = "`not found`: there is no such order, or nothing of it is allocated", body = String, content_type = "text/plain"),
    ),
)]
pub(crate) async fn allocations(State(context): State<Shared>, names: Names) -> Answer {
    let id: OrderId = names.get("orderid")?;
    let (_, day) = context.app.calendar.read();
    let order = context.app.views.order(&id, day.today).await?;
    let rows: Vec<Row> = order
        .into_iter()
        .flat_map(|order| order.lines)
        .flat_map(|line| {
            let sku = line.sku;
            line.allocations.into_iter().map(move |a| Row {
                sku: sku.clone(),
                batchref: a.batch,
            })
        })
        .collect();
    if rows.is_empty() {
        return Ok(answers::text(StatusCode::NOT_FOUND, "not found"));
    }
    answers::json(StatusCode::OK, &rows)
}

async fn carry_out(
    context: &Context,
    parts: &axum::http::request::Parts,
    command: Command,
    done: StatusCode,
) -> Answer {
    let id = body::idempotency_key(&parts.headers)?;
    let message = |status, message: String| answers::json(status, &Message { message });
    let request = landfall_service::Request {
        id,
        actor: known::caller(&parts.extensions)?.actor(),
        let_in_by: None,
        command,
    };
    match commands::hand_in(context, parts, request, None).await {
        Ok(_) => Ok(answers::text(done, "OK")),
        Err(Failure::Rejected(Rejection::UnknownSku { sku, .. })) => {
            message(StatusCode::BAD_REQUEST, format!("Invalid sku {sku}"))
        }
        Err(Failure::Rejected(conflict @ Rejection::Conflict { .. })) => {
            message(StatusCode::CONFLICT, conflict.to_string())
        }
        Err(failure) => Err(failure.into()),
    }
}

/// A date, or the date of a date and time: the book's clients send both.
fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
    use serde::de::Error as _;
    let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    text.map(|text| {
        text.parse()
            .map_err(|_| D::Error::custom("must be an ISO date: 2011-01-02"))
    })
    .transpose()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_eta_is_an_iso_date_with_or_without_a_time() {
        let eta = |eta: &str| {
            let json = format!(r#"{{"ref":"b","sku":"S","qty":1,"eta":{eta}}}"#);
            wire::read::<AddBatch>(json.as_bytes()).map(|batch| batch.eta)
        };
        assert_eq!(eta(r#""2011-01-02""#), Ok(Some(date(2011, 1, 2))));
        assert_eq!(eta(r#""2011-01-02T00:00:00""#), Ok(Some(date(2011, 1, 2))));
        assert_eq!(
            eta(r#""2011-01-02 23:59:59.5+02:00""#),
            Ok(Some(date(2011, 1, 2)))
        );
        assert_eq!(eta("null"), Ok(None));
        assert_eq!(eta(r#""soon""#).unwrap_err()[0].field, "eta");
        let absent: AddBatch = wire::read(br#"{"ref":"b","sku":"S","qty":1}"#).unwrap();
        assert_eq!(absent.eta, None);
    }
}
