//! The event log by cursor.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode};
use landfall_service::LogRecord;
use landfall_service::views::ViewError;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::cursor::Scope;
use crate::problems::{self, Problem};
use crate::{Shared, answers, lists, query};

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
) -> Result<Response<Body>, Problem> {
    let asked: EventQuery = query::read(parameters.as_deref())?;
    let scope = Scope::new("events", None);
    let page = lists::page(&scope, asked.limit, "after", asked.after.as_deref())?;
    let found = context
        .app
        .views
        .events(&page)
        .await
        .map_err(|error| match error {
            ViewError::BadCursor => problems::bad_cursor("after"),
            other => other.into(),
        })?;
    let events = Events {
        events: found.events,
        cursor: scope.encode(&found.next),
    };
    answers::json(StatusCode::OK, &events)
}
