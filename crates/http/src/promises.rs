//! What is told about promises: what would be promised now, and why a line has what it has.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode};
use jiff::civil::Date;
use landfall_domain::{
    Deliver, IfShort, LineKey, Location, Policy, Priority, Quantity, Sku, Terms,
};
use landfall_service::explanation::explain;
use landfall_service::quote::Inquiry;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use utoipa::IntoParams;

use crate::paths::Names;
use crate::problems::{Kind, Problem};
use crate::{Shared, answers, query};

type Answer = Result<Response<Body>, Problem>;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PromiseQuery {
    /// What is wanted.
    #[param(value_type = String)]
    sku: Sku,
    /// How many units.
    #[param(value_type = u64)]
    quantity: Quantity,
    /// The day on which the customer would like it; a past one is taken.
    #[serde(default, deserialize_with = "query::day")]
    #[param(value_type = Option<String>, format = Date)]
    requested_date: Option<Date>,
    /// Which batch it prefers; `earliest` where nothing is said.
    #[serde(default)]
    #[param(value_type = Option<String>)]
    policy: Policy,
    /// Whether it may take several batches.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    split: bool,
    /// The locations that may serve it, in order of preference, with commas between them; none: any.
    #[serde(default, deserialize_with = "locations")]
    #[param(value_type = Option<String>)]
    locations: Vec<Location>,
    /// 0–9. It makes no difference to what a new line is promised: none takes another's stock.
    #[serde(default)]
    #[param(value_type = Option<u8>)]
    priority: Priority,
}

/// Names with commas between them.
fn locations<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Location>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let names = text.split(',').map(|name| name.trim().parse());
    names.collect::<Result<_, _>>().map_err(D::Error::custom)
}

/// What would be promised now to somebody who orders on these terms.
///
/// It changes nothing and reserves nothing: the next order may take what is quoted.
#[utoipa::path(
    get, path = "/v1/promise", tag = "products", params(PromiseQuery),
    responses(
        (status = 200, description = "What would be promised", body = ref("#/components/schemas/QuoteResource")),
        (status = 422, description = "An unknown SKU"),
    ),
)]
pub(crate) async fn promise(
    State(context): State<Shared>,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let asked: PromiseQuery = query::read(parameters.as_deref())?;
    let inquiry = Inquiry {
        sku: asked.sku,
        terms: Terms {
            quantity: asked.quantity.get(),
            requested_date: asked.requested_date,
            priority: asked.priority,
            policy: asked.policy,
            split: asked.split,
            if_short: IfShort::default(),
            locations: asked.locations,
            deliver: Deliver::default(),
        },
    };
    answers::json(StatusCode::OK, &context.app.bus.promise(inquiry).await?)
}

/// Why a line has this batch and this date: every batch in its order of preference, why it was taken or not,
/// and what happened to the line.
#[utoipa::path(
    get, path = "/v1/orders/{id}/lines/{line}/explanation", tag = "orders",
    params(("id" = String, Path, description = "The order"), ("line" = String, Path, description = "The line's id in the order")),
    responses(
        (status = 200, description = "The explanation", body = ref("#/components/schemas/ExplanationResource")),
        (status = 404, description = "No such order line"),
    ),
)]
pub(crate) async fn explanation(
    State(context): State<Shared>,
    names: Names,
    RawQuery(parameters): RawQuery,
) -> Answer {
    query::none(parameters.as_deref())?;
    let key = LineKey {
        order_id: names.get("id")?,
        line_id: names.get("line")?,
    };
    let (_, day) = context.app.calendar.read();
    let found = explain(&*context.app.views, &key, &day).await?;
    let explanation = found.ok_or_else(|| {
        let detail = format!(
            "There is no line {} in order {}.",
            key.line_id, key.order_id
        );
        Problem::new(Kind::UnknownLine, detail)
    })?;
    answers::json(StatusCode::OK, &explanation)
}
