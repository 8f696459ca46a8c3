//! The event log by cursor: all of it, or the history of one thing.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode};
use landfall_service::LogRecord;
use landfall_service::views::{EventPage, Page, Thing, ViewError};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::cursor::Scope;
use crate::paths::Names;
use crate::problems::{self, Kind, Problem};
use crate::{Shared, answers, lists, query};

type Answer = Result<Response<Body>, Problem>;

/// The scope of the whole log's cursors: they are good for a page and for a stream.
pub(crate) const LOG: &str = "events";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// The `cursor` of the answer before; without it, from the beginning.
    after: Option<String>,
    /// At most so many events; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
}

#[derive(Serialize)]
struct Events {
    events: Vec<LogRecord>,
    cursor: String,
}

/// The log: what happened, in the order in which it happened to each product.
///
/// The cursor is always there: ask again with it to get what has happened since.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", params(EventQuery),
    responses((status = 200, description = "Events after the cursor", body = ref("#/components/schemas/EventPage"))),
)]
pub(crate) async fn events(
    State(context): State<Shared>,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let (scope, page) = asked(LOG, parameters.as_deref())?;
    let found = context.app.views.events(&page).await;
    answer(&scope, found.map_err(of_view)?)
}

/// The history of one order: that it was placed, and all that happened to its lines.
#[utoipa::path(
    get, path = "/v1/orders/{id}/events", tag = "events", params(
        ("id" = String, Path, description = "The order"), EventQuery,
    ),
    responses(
        (status = 200, description = "Its events after the cursor, the oldest first", body = ref("#/components/schemas/EventPage")),
        (status = 404, description = "No such order"),
    ),
)]
pub(crate) async fn order_events(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let thing = Thing::Order(names.get("id")?);
    history(&context, &thing, parameters.as_deref()).await
}

/// The history of one batch: what happened to it, not who took from it.
#[utoipa::path(
    get, path = "/v1/batches/{reference}/events", tag = "events", params(
        ("reference" = String, Path, description = "The batch"), EventQuery,
    ),
    responses(
        (status = 200, description = "Its events after the cursor, the oldest first", body = ref("#/components/schemas/EventPage")),
        (status = 404, description = "No such batch"),
    ),
)]
pub(crate) async fn batch_events(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let thing = Thing::Batch(names.get("reference")?);
    history(&context, &thing, parameters.as_deref()).await
}

/// The history of one product: all that happened to its batches and lines.
#[utoipa::path(
    get, path = "/v1/products/{sku}/events", tag = "events", params(
        ("sku" = String, Path, description = "The SKU"), EventQuery,
    ),
    responses(
        (status = 200, description = "Its events after the cursor, the oldest first", body = ref("#/components/schemas/EventPage")),
        (status = 404, description = "No such product"),
    ),
)]
pub(crate) async fn product_events(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let thing = Thing::Product(names.get("sku")?);
    history(&context, &thing, parameters.as_deref()).await
}

/// The history of one shipment: what happened to it and to its batches.
#[utoipa::path(
    get, path = "/v1/shipments/{reference}/events", tag = "events", params(
        ("reference" = String, Path, description = "The shipment"), EventQuery,
    ),
    responses(
        (status = 200, description = "Its events after the cursor, the oldest first", body = ref("#/components/schemas/EventPage")),
        (status = 404, description = "No such shipment"),
    ),
)]
pub(crate) async fn shipment_events(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let thing = Thing::Shipment(names.get("reference")?);
    history(&context, &thing, parameters.as_deref()).await
}

async fn history(context: &Shared, thing: &Thing, parameters: Option<&str>) -> Answer {
    let (missing, what) = match thing {
        Thing::Order(id) => (Kind::UnknownOrder, format!("order {id}")),
        Thing::Batch(reference) => (Kind::UnknownBatch, format!("batch {reference}")),
        Thing::Product(sku) => (Kind::UnknownProduct, format!("product with the SKU {sku}")),
        Thing::Shipment(reference) => (Kind::NoShipment, format!("shipment {reference}")),
    };
    // A cursor is good for the history that gave it.
    let (scope, page) = asked(&format!("events of {what}"), parameters)?;
    let found = context.app.views.history(thing, &page).await;
    match found.map_err(of_view)? {
        Some(found) => answer(&scope, found),
        None => Err(Problem::new(missing, format!("There is no {what}."))),
    }
}

/// The page that is asked for of this log.
fn asked(log: &str, parameters: Option<&str>) -> Result<(Scope, Page), Problem> {
    let asked: EventQuery = query::read(parameters)?;
    let scope = Scope::new(log, None);
    let page = lists::page(&scope, asked.limit, "after", asked.after.as_deref())?;
    Ok((scope, page))
}

fn of_view(error: ViewError) -> Problem {
    match error {
        ViewError::BadCursor => problems::bad_cursor("after"),
        other => other.into(),
    }
}

fn answer(scope: &Scope, found: EventPage) -> Answer {
    let events = Events {
        events: found.events,
        cursor: scope.encode(&found.next),
    };
    answers::json(StatusCode::OK, &events)
}
