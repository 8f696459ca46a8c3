//! Whether the process lives and can do its work, and its metrics.

use axum::body::Body;
use axum::extract::State;
use axum::http::header::HeaderValue;
use axum::http::{Response, StatusCode};
use landfall_service::views::ViewError;
use serde_json::json;

use crate::problems::{Kind, Problem};
use crate::{Shared, answers};

type Answer = Result<Response<Body>, Problem>;

/// The process lives. Whether it can work, `/readyz` says.
#[utoipa::path(
    get, path = "/healthz", tag = "operation",
    responses((status = 200, description = "It lives", body = ref("#/components/schemas/Health"))),
)]
pub(crate) async fn healthz() -> Answer {
    answers::json(StatusCode::OK, &json!({"status": "alive"}))
}

/// The service can work: the database answers, commands are taken, the queue is not full. A sink of events that
/// is down does not count: events wait for it in the log, and `/metrics` tells.
#[utoipa::path(
    get, path = "/readyz", tag = "operation",
    responses((status = 200, description = "It is ready", body = ref("#/components/schemas/Health"))),
)]
pub(crate) async fn readyz(State(context): State<Shared>) -> Answer {
    let app = &context.app;
    if app.stopping.is_cancelled() || !app.bus.is_open() {
        return Err(Problem::new(
            Kind::Stopping,
            "The service is shutting down.",
        ));
    }
    let (waiting, most) = app.bus.waiting();
    if waiting >= most {
        let detail = format!("The queue is full: {waiting} jobs wait.");
        return Err(Problem::new(Kind::Busy, detail));
    }
    match app.views.ready().await {
        Ok(()) => answers::json(StatusCode::OK, &json!({"status": "ready"})),
        // The reason may name files and hosts, and anybody may ask this.
        Err(ViewError::Unavailable(reason) | ViewError::Corrupt(reason)) => {
            let detail = "The database is not ready; the log knows why.";
            Err(Problem::new(Kind::Unavailable, detail).caused_by(reason))
        }
        Err(error @ ViewError::BadCursor) => Err(Problem::internal(error.to_string())),
    }
}

/// Metrics in the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "Metrics", body = String, content_type = "text/plain; version=0.0.4")),
)]
pub(crate) async fn metrics(State(context): State<Shared>) -> Response<Body> {
    let text = context.metrics.render(&context).await;
    let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    answers::bytes(StatusCode::OK, content_type, text)
}
