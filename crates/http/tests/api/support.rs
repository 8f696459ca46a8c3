//! An API of a test's own, and short ways to ask it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use landfall_http::{App, Limits};
use landfall_service::access::{Doorkeeper, Keyless};
use landfall_service::memory::MemoryKeys;
use landfall_testkit::{Harness, Memory};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// An engine and the API in front of it.
pub(crate) struct Api {
    pub(crate) engine: Harness<Memory>,
    pub(crate) router: Router,
    pub(crate) stopping: CancellationToken,
    keys: AtomicU64,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {:?}", self.status, self.body))
    }

    /// The body, of which each line is JSON.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.body.lines().map(parse).collect()
    }

    /// A header as text; empty where it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The answer is this problem with this status; its JSON.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, slug: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("urn:landfall:problem:{slug}"));
        assert_eq!(problem["status"], status);
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        assert_eq!(
            status == 503 || status == 429,
            !self.header("retry-after").is_empty()
        );
        problem
    }

    /// The answer is 400 and names this field.
    #[track_caller]
    pub(crate) fn ill_formed(&self, field: &str) -> Value {
        let problem = self.problem(400, "ill-formed");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        problem
    }
}

/// With the default limits.
pub(crate) fn api() -> Api {
    api_with(&Limits::default())
}

/// With these limits.
pub(crate) fn api_with(limits: &Limits) -> Api {
    api_on(Harness::start(), limits)
}

/// With these limits, before this engine.
pub(crate) fn api_on(engine: Harness<Memory>, limits: &Limits) -> Api {
    api_of(engine, limits, |_| {})
}

/// With these limits, before this engine, and with something changed.
pub(crate) fn api_of(
    engine: Harness<Memory>,
    limits: &Limits,
    change: impl FnOnce(&mut App),
) -> Api {
    let stopping = CancellationToken::new();
    let mut app = App {
        bus: engine.bus.clone(),
        views: Arc::clone(&engine.views),
        calendar: engine.clock.calendar(0),
        door: Doorkeeper::new(Arc::new(MemoryKeys::default()), Keyless::Open),
        stats: engine.stats(),
        sinks: Vec::new(),
        desk: None,
        desk_stats: None,
        intakes: Vec::new(),
        replicas: None,
        commits: engine.commits(),
        stopping: stopping.clone(),
    };
    change(&mut app);
    let router = landfall_http::router(app, limits);
    Api {
        engine,
        router,
        stopping,
        keys: AtomicU64::new(0),
    }
}

impl Api {
    /// Sends a request and reads the answer.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    /// GET.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    /// GET of what must be there.
    pub(crate) async fn see(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.json()
    }

    /// POST of this JSON.
    pub(crate) async fn post(&self, path: &str, json: &Value) -> Answer {
        self.send(post(path, "application/json", json.to_string()))
            .await
    }

    /// POST of this JSON with an idempotency key.
    pub(crate) async fn post_with_key(&self, path: &str, key: &str, json: &Value) -> Answer {
        let mut request = post(path, "application/json", json.to_string());
        request
            .headers_mut()
            .insert("idempotency-key", key.parse().unwrap());
        self.send(request).await
    }

    /// POST without a body.
    pub(crate) async fn post_empty(&self, path: &str) -> Answer {
        self.send(Request::post(path).body(Body::empty()).unwrap())
            .await
    }

    /// POST of this NDJSON to `/v1/commands`.
    pub(crate) async fn stream(&self, query: &str, lines: impl Into<Body>) -> Answer {
        let path = format!("/v1/commands{query}");
        self.send(post(&path, "application/x-ndjson", lines.into()))
            .await
    }

    /// A batch in the warehouse.
    pub(crate) async fn stock(&self, reference: &str, sku: &str, quantity: u64) {
        let batch = serde_json::json!({"reference": reference, "sku": sku, "quantity": quantity});
        let answer = self.post("/v1/batches", &batch).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    }

    /// A line that must be accepted.
    pub(crate) async fn line(&self, order: &str, sku: &str, quantity: u64) -> Value {
        let line = serde_json::json!({"order_id": order, "sku": sku, "quantity": quantity});
        let answer = self.post("/v1/allocations", &line).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.json()
    }

    /// A name that no other has.
    pub(crate) fn fresh(&self, kind: &str) -> String {
        format!("{kind}-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }
}

/// A POST.
pub(crate) fn post(path: &str, content_type: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path)
        .header("content-type", content_type)
        .body(body.into())
        .unwrap()
}

/// Waits for what must come; the time is only there so that a broken test ends.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(2), what)
        .await
        .expect("it never came")
}
