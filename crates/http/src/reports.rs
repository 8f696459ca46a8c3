//! Reports: figures over everything.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode};
use landfall_service::report;

use crate::problems::{Kind, Problem};
use crate::{Shared, answers, query};

/// How long goods wait in the warehouse for their customers, and how much of what lands is sold by then.
///
/// It reads everything that there is, so there is one report at a time; a second one is refused.
#[utoipa::path(
    get, path = "/v1/reports/dwell", tag = "reports",
    responses((status = 200, description = "The report", body = ref("#/components/schemas/DwellReport"))),
)]
pub(crate) async fn dwell(
    State(context): State<Shared>,
    RawQuery(parameters): RawQuery,
) -> Result<Response<Body>, Problem> {
    query::none(parameters.as_deref())?;
    let Ok(_room) = context.reports.try_acquire() else {
        let detail = "Another report is being made. Try again.";
        return Err(Problem::new(Kind::Busy, detail));
    };
    let (_, day) = context.app.calendar.read();
    let report = report::dwell(&*context.app.views, &day).await?;
    answers::json(StatusCode::OK, &report)
}
