//! The routes and the document that describes them: what is not in the document is not routed.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION};
use axum::http::{Method, Response, StatusCode};
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::commands::{batches, orders, shipments};
use crate::problems::{Kind, Problem};
use crate::rights::{self, Need};
use crate::{
    Shared, answers, book, events, follow, health, lists, promises, reports, resources, schemas,
    stream,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Landfall",
        description = "Allocates customers' orders to stock that may still be at sea, and promises \
                       dates it can keep. An answer that says a command was carried out is durable. \
                       Every command may be repeated: the same again changes nothing.",
    ),
    tags(
        (name = "commands", description = "Any command, or a stream of them"),
        (name = "batches", description = "Supply: in the warehouse, or on its way"),
        (name = "shipments", description = "Vessels and containers: all their batches at once"),
        (name = "orders", description = "Orders and their lines"),
        (name = "products", description = "What is sold"),
        (name = "events", description = "What happened"),
        (name = "reports", description = "Figures over everything"),
        (name = "book", description = "The routes of *Architecture Patterns with Python*"),
        (name = "operation", description = "For those who run the service"),
    ),
)]
struct Document;

/// All routes but those of the documentation's own pages.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(stream::commands))
        .routes(routes!(batches::create_batch, lists::batches))
        .routes(routes!(resources::batch))
        .routes(routes!(batches::batch_quantity))
        .routes(routes!(batches::batch_eta))
        .routes(routes!(batches::batch_hold))
        .routes(routes!(batches::batch_release))
        .routes(routes!(batches::batch_receive))
        .routes(routes!(batches::batch_cancel))
        .routes(routes!(shipments::create_shipment, lists::shipments))
        .routes(routes!(resources::shipment))
        .routes(routes!(shipments::shipment_eta))
        .routes(routes!(shipments::shipment_hold))
        .routes(routes!(shipments::shipment_release))
        .routes(routes!(shipments::shipment_receive))
        .routes(routes!(orders::place_order, lists::orders))
        .routes(routes!(resources::order))
        .routes(routes!(orders::cancel_order))
        .routes(routes!(orders::dispatch_order))
        .routes(routes!(orders::line_quantity))
        .routes(routes!(orders::cancel_line))
        .routes(routes!(orders::dispatch_line))
        .routes(routes!(orders::allocate))
        .routes(routes!(promises::explanation))
        .routes(routes!(promises::promise))
        .routes(routes!(lists::backorders))
        .routes(routes!(lists::products))
        .routes(routes!(resources::product))
        .routes(routes!(resources::availability))
        .routes(routes!(events::events))
        .routes(routes!(follow::events_stream))
        .routes(routes!(events::order_events))
        .routes(routes!(events::batch_events))
        .routes(routes!(events::product_events))
        .routes(routes!(events::shipment_events))
        .routes(routes!(reports::dwell))
        .routes(routes!(book::add_batch))
        .routes(routes!(book::allocate))
        .routes(routes!(book::allocations))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .routes(routes!(document))
}

/// The OpenAPI 3.1 document.
pub fn openapi() -> Value {
    let mut document = serde_json::to_value(routes().into_openapi()).unwrap_or_default();
    let all = schemas::schemas();
    if let Some(Value::Object(paths)) = document.get_mut("paths") {
        for (path, operations) in paths {
            let Value::Object(operations) = operations else {
                continue;
            };
            for (method, operation) in operations {
                complete(path, method, operation, &all);
            }
        }
    }
    document["components"] = json!({"schemas": all, "securitySchemes": {"key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, made by `landfall keys create`. A service without any key takes requests \
                        from its own machine without one.",
    }}});
    document
}

/// Adds to an operation what all operations of its kind have in common.
fn complete(path: &str, method: &str, operation: &mut Value, all: &Map<String, Value>) {
    if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            if let Some(schema) = schemas::of_parameter(path, name) {
                parameter["schema"] = schema;
            }
        }
    }
    let mut common = vec![(StatusCode::INTERNAL_SERVER_ERROR, "The service failed")];
    if path != "/healthz" {
        common.push((
            StatusCode::SERVICE_UNAVAILABLE,
            "It cannot be done at present; try again",
        ));
    }
    add_right(path, method, operation, &mut common);
    if method == "post" {
        common.extend([
            (StatusCode::REQUEST_TIMEOUT, "The body did not come in time"),
            (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is not JSON"),
            (
                StatusCode::UNPROCESSABLE_ENTITY,
                "It makes no sense, or the key belongs to another command",
            ),
        ]);
        add_idempotency_key(operation);
        make_body_optional(operation, all);
    }
    let Some(Value::Object(responses)) = operation.get_mut("responses") else {
        return;
    };
    for (status, description) in common {
        let status = status.as_str().to_owned();
        responses
            .entry(status)
            .or_insert_with(|| json!({"description": description}));
    }
    for (status, response) in responses {
        let failed = status.starts_with(['4', '5']);
        if failed && response.get("content").is_none() {
            response["content"] = json!({"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"}
            }});
        }
        if status == "503" || status == "429" {
            response["headers"] = json!({"Retry-After": {
                "description": "Seconds after which trying again makes sense.",
                "schema": {"type": "integer"}
            }});
        }
        let creates = [
            "/v1/batches",
            "/v1/shipments",
            "/v1/orders",
            "/v1/allocations",
        ]
        .contains(&path);
        if creates && method == "post" && status.starts_with('2') {
            response["headers"] = json!({"Location": {
                "description": "Where the resource is.",
                "schema": {"type": "string", "format": "uri-reference"}
            }});
        }
    }
}

/// What the key must be good for.
fn add_right(
    path: &str,
    method: &str,
    operation: &mut Value,
    common: &mut Vec<(StatusCode, &'static str)>,
) {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap_or_default();
    let need = rights::asked(&method, Some(path));
    operation["x-right"] = json!(need.word());
    if need == Need::Nothing {
        operation["security"] = json!([]);
        return;
    }
    operation["security"] = json!([{"key": []}]);
    common.extend([
        (StatusCode::BAD_REQUEST, "The request is ill-formed"),
        (
            StatusCode::UNAUTHORIZED,
            "There is no key, or it is not in force",
        ),
        (StatusCode::FORBIDDEN, "The key may not do this"),
        (
            StatusCode::TOO_MANY_REQUESTS,
            "The key has asked too often of late",
        ),
    ]);
}

fn add_idempotency_key(operation: &mut Value) {
    let parameter = json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "The command's id: the same command again under the same key gets the same \
                        answer, another command is refused. Not with NDJSON.",
        "schema": schemas::command_id(),
    });
    match operation.get_mut("parameters") {
        Some(Value::Array(parameters)) => parameters.push(parameter),
        _ => operation["parameters"] = json!([parameter]),
    }
}

/// A body of which nothing is required may be left out.
fn make_body_optional(operation: &mut Value, all: &Map<String, Value>) {
    let schema = operation.pointer("/requestBody/content/application~1json/schema/$ref");
    let name = schema
        .and_then(Value::as_str)
        .and_then(|name| name.rsplit('/').next());
    let optional = name.and_then(|name| all.get(name)).is_some_and(|schema| {
        schema.get("type") == Some(&json!("object")) && schema.get("required").is_none()
    });
    operation["requestBody"]["required"] = json!(!optional);
}

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Value)),
)]
async fn document() -> Response<Body> {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = DOCUMENT
        .get_or_init(|| serde_json::to_vec(&openapi()).unwrap_or_default().into())
        .clone();
    answers::bytes(StatusCode::OK, answers::JSON, document)
}

/// What the pages may do: load and ask what is here, and nothing from elsewhere. They set styles of their own.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The routes of [`pages`].
pub(crate) const PAGES: [&str; 3] = ["/docs", "/docs/", "/docs/{*file}"];

/// The pages on which the document can be read and tried out. They are part of the binary: nothing is
/// fetched from elsewhere.
pub(crate) fn pages() -> Router<Shared> {
    let [bare, index, file] = PAGES;
    Router::new()
        // The page refers to its files relative to `/docs/`.
        .route(
            bare,
            get(async || (StatusCode::SEE_OTHER, [(LOCATION, "/docs/")])),
        )
        .route(index, get(async || page("index.html")))
        .route(file, get(async |Path(file): Path<String>| page(&file)))
}

fn page(file: &str) -> Result<Response<Body>, Problem> {
    let config = Config::new(["/openapi.json"]).validator_url("none");
    match utoipa_swagger_ui::serve(file, Arc::new(config)) {
        Ok(Some(SwaggerFile {
            bytes,
            content_type,
            ..
        })) => {
            let content_type = HeaderValue::try_from(content_type)
                .map_err(|error| Problem::internal(error.to_string()))?;
            let mut response = answers::bytes(StatusCode::OK, content_type, bytes.into_owned());
            let headers = response.headers_mut();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            headers.insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
            Ok(response)
        }
        Ok(None) => Err(Problem::new(
            Kind::NoRoute,
            format!("There is nothing at /docs/{file}."),
        )),
        Err(error) => Err(Problem::internal(error.to_string())),
    }
}
