//! Everything that goes wrong is a problem, with its status and its headers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use futures_util::stream;
use landfall_domain::{BatchRef, LineId, LineKey, OrderId};
use landfall_http::Limits;
use landfall_service::store::StoreError;
use landfall_testkit::Harness;
use serde_json::json;

use crate::support::{api, api_of, api_with, post};

#[tokio::test]
async fn there_is_no_such_route() {
    let api = api();
    for path in [
        "/",
        "/v1",
        "/v1/nothing",
        "/v1/batches/",
        "/v1/batches/b/unknown",
        "/docs/none.js",
    ] {
        api.get(path).await.problem(404, "no-such-route");
    }
    api.post("/v2/allocations", &json!({}))
        .await
        .problem(404, "no-such-route");
}

#[tokio::test]
async fn the_route_takes_another_method() {
    let api = api();
    for (method, path, allowed) in [
        (Method::PUT, "/v1/batches", "GET,HEAD,POST"),
        (Method::DELETE, "/v1/orders/o-1", "GET,HEAD"),
        (Method::GET, "/v1/allocations", "POST"),
        (Method::GET, "/v1/commands", "POST"),
        (Method::POST, "/allocations/o", "GET,HEAD"),
        (Method::PATCH, "/add_batch", "POST"),
        (Method::POST, "/healthz", "GET,HEAD"),
        (Method::OPTIONS, "/v1/orders", "GET,HEAD,POST"),
    ] {
        let request = Request::builder()
            .method(&method)
            .uri(path)
            .body(Body::empty())
            .unwrap();
        let answer = api.send(request).await;
        answer.problem(405, "method-not-allowed");
        let mut names: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        names.sort_unstable();
        assert_eq!(names.join(","), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_not_json_is_ill_formed() {
    let api = api();
    for path in [
        "/v1/batches",
        "/v1/orders",
        "/v1/allocations",
        "/v1/commands",
        "/allocate",
        "/v1/batches/b/quantity",
        "/v1/orders/o/cancel",
    ] {
        for body in [
            "{",
            "nonsense",
            "\"text\"",
            "[1]",
            "7",
            "{\"a\":\"\u{1}\"}",
            "{}}",
        ] {
            let answer = api.send(post(path, "application/json", body)).await;
            answer.problem(400, "ill-formed");
        }
        let answer = api
            .send(post(path, "application/json", &b"\xff\xfe{"[..]))
            .await;
        answer.problem(400, "ill-formed");
        let deep = "[".repeat(100_000);
        api.send(post(path, "application/json", deep))
            .await
            .problem(400, "ill-formed");
    }
    api.send(post("/v1/batches", "application/json", ""))
        .await
        .problem(400, "ill-formed");
}

#[tokio::test]
async fn fields_that_are_wrong_are_named() {
    let api = api();
    let batch = |field: &str, value| {
        let mut batch = json!({"reference": "b", "sku": "S", "quantity": 1});
        batch[field] = value;
        batch
    };
    for (field, value) in [
        ("reference", json!("")),
        ("reference", json!("x".repeat(256))),
        ("sku", json!("a\u{0}b")),
        ("sku", json!(7)),
        ("quantity", json!(0)),
        ("quantity", json!(1.5)),
        ("quantity", json!("1")),
        ("quantity", json!(1_000_000_000_001_u64)),
        ("quantity", json!(1e30)),
        ("eta", json!("2026-02-30")),
        ("eta", json!("tomorrow")),
        ("eta", json!(20_260_101)),
    ] {
        api.post("/v1/batches", &batch(field, value))
            .await
            .ill_formed(field);
    }
    let order = json!({"order_id": "o", "lines": [
        {"sku": "S", "quantity": 1}, {"sku": "S", "quantity": 0}
    ]});
    api.post("/v1/orders", &order)
        .await
        .ill_formed("lines[1].quantity");
    api.post("/v1/orders", &json!({"order_id": "o", "lines": []}))
        .await
        .ill_formed("lines");
}

#[tokio::test]
async fn a_twin_line_is_named() {
    let api = api();
    api.stock("b-1", "SOFA", 5).await;
    let order = json!({"order_id": "o", "lines": [
        {"sku": "SOFA", "quantity": 1}, {"sku": "SOFA", "quantity": 2}
    ]});
    let problem = api
        .post("/v1/orders", &order)
        .await
        .problem(400, "ill-formed");
    let field = problem["errors"][0]["field"].as_str().unwrap();
    assert!(field.starts_with("lines[1]"), "{field}");
}

#[tokio::test]
async fn other_content_types_are_not_read() {
    let api = api();
    for (path, content_type) in [
        ("/v1/batches", "text/plain"),
        ("/v1/batches", "application/x-www-form-urlencoded"),
        ("/v1/batches", "application/x-ndjson"),
        ("/v1/batches", ""),
        ("/v1/commands", "text/csv"),
        ("/allocate", "multipart/form-data; boundary=x"),
    ] {
        let answer = api.send(post(path, content_type, "{}")).await;
        answer.problem(415, "unsupported-media-type");
    }
    let mut packed = post("/v1/batches", "application/json", "{}");
    packed
        .headers_mut()
        .insert("content-encoding", "gzip".parse().unwrap());
    api.send(packed)
        .await
        .problem(415, "unsupported-media-type");
    let none = Request::post("/v1/batches").body(Body::from("{}")).unwrap();
    api.send(none).await.problem(415, "unsupported-media-type");
    let batch = json!({"reference": "b", "sku": "S", "quantity": 1}).to_string();
    for content_type in [
        "APPLICATION/JSON",
        "application/json;charset=UTF-8",
        "application/vnd.x+json",
    ] {
        let answer = api
            .send(post("/v1/batches", content_type, batch.clone()))
            .await;
        assert!(answer.status.is_success(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_has_a_most() {
    let limits = Limits {
        body: 100,
        ..Limits::default()
    };
    let api = api_with(&limits);
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(100));
    for path in [
        "/v1/batches",
        "/v1/commands",
        "/add_batch",
        "/v1/orders/o/cancel",
    ] {
        let answer = api.send(post(path, "application/json", long.clone())).await;
        answer.problem(413, "too-large");
        // The length is not told beforehand.
        let pieces = stream::iter([Ok::<_, std::io::Error>(long.clone())]);
        let body = Body::from_stream(pieces);
        api.send(post(path, "application/json", body))
            .await
            .problem(413, "too-large");
    }
}

#[tokio::test]
async fn the_largest_order_fits() {
    let api = api();
    let lines: Vec<_> = (0..10_000)
        .map(|n| json!({"sku": "S", "line_id": format!("a-line-id-of-usual-length-{n}"), "quantity": 1, "requested_date": "2026-06-01", "priority": 5, "policy": "earliest", "split": false, "locations": ["ROTTERDAM", "HAMBURG"]}))
        .collect();
    api.stock("b-1", "S", 20_000).await;
    let order = api
        .post("/v1/orders", &json!({"order_id": "o", "lines": lines}))
        .await;
    assert_eq!(
        order.status,
        201,
        "{}",
        &order.body[..200.min(order.body.len())]
    );
    assert_eq!(order.json()["lines"].as_array().unwrap().len(), 10_000);
}

#[tokio::test]
async fn larger_bodies_have_room_for_so_many_at_one_time() {
    let limits = Limits {
        bodies: 1 << 20,
        ..Limits::default()
    };
    let api = api_with(&limits);
    let stalled = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let waiting = api.send(post("/v1/commands", "application/json", stalled));
    // Of unknown length: it might become the largest, for which there is no room.
    waiting.await.problem(503, "busy");
    let small = json!({"reference": "b", "sku": "S", "quantity": 1});
    assert_eq!(api.post("/v1/batches", &small).await.status, 201);
}

#[tokio::test]
async fn a_body_must_come_in_time() {
    let limits = Limits {
        body_timeout: Duration::from_millis(20),
        ..Limits::default()
    };
    let api = api_with(&limits);
    let stalled = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let answer = api
        .send(post("/v1/batches", "application/json", stalled))
        .await;
    answer.problem(408, "timeout");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_ill_formed() {
    let api = api();
    let broken = stream::iter([Ok("{\"reference\":"), Err(std::io::Error::other("gone"))]);
    let answer = api
        .send(post(
            "/v1/batches",
            "application/json",
            Body::from_stream(broken),
        ))
        .await;
    answer.problem(400, "ill-formed");
}

#[tokio::test]
async fn a_database_that_fails_is_503_and_nothing_was_done() {
    let api = api();
    let batch = json!({"reference": "b", "sku": "S", "quantity": 1});
    api.engine
        .faults
        .fail_commit(0, StoreError::Unavailable("/secret/path: disk full".into()));
    let answer = api.post("/v1/batches", &batch).await;
    let problem = answer.problem(503, "unavailable");
    assert!(!problem.to_string().contains("secret"), "{problem}");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("Nothing was done")
    );
    assert_eq!(api.post("/v1/batches", &batch).await.status, 201);
}

#[tokio::test]
async fn a_commit_of_unknown_outcome_is_told_as_such_and_may_be_repeated() {
    let api = api();
    let batch = json!({"reference": "b", "sku": "S", "quantity": 1});
    let gone = || StoreError::OutcomeUnknown("gone".into());
    api.engine.faults.fail_commit(0, gone());
    api.post("/v1/batches", &batch)
        .await
        .problem(503, "outcome-unknown");
    api.engine.faults.lose_commit(0, gone());
    api.post("/v1/batches", &batch)
        .await
        .problem(503, "outcome-unknown");
    // The second time it had happened.
    assert_eq!(api.post("/v1/batches", &batch).await.status, 200);
}

#[tokio::test]
async fn a_handler_that_panics_is_500_and_the_next_request_is_served() {
    struct Clock(AtomicBool);
    impl landfall_service::Clock for Clock {
        fn now(&self) -> jiff::Timestamp {
            assert!(
                !self.0.load(Ordering::Relaxed),
                "the clock fell from the wall"
            );
            jiff::Timestamp::UNIX_EPOCH
        }
    }
    let broken = Arc::new(Clock(AtomicBool::new(false)));
    let clock = broken.clone();
    let api = api_of(Harness::start(), &Limits::default(), move |app| {
        app.calendar.clock = clock;
    });
    broken.0.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let problem = api.get("/v1/orders").await.problem(500, "internal");
        assert!(!problem.to_string().contains("wall"), "{problem}");
    }
    broken.0.store(false, Ordering::Relaxed);
    assert_eq!(api.get("/v1/orders").await.status, 200);
    let metrics = api.get("/metrics").await.body;
    assert!(
        metrics.contains("landfall_http_requests_under_way 0\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn data_that_breaks_the_commit_is_422_and_alone() {
    let api = api();
    let reference = BatchRef::new("bad").unwrap();
    api.engine.faults.refuse_batch(reference);
    let bad = json!({"reference": "bad", "sku": "S", "quantity": 1});
    api.post("/v1/batches", &bad)
        .await
        .problem(422, "unstorable");
    api.stock("b-1", "S", 5).await;
    let (order_id, line_id) = (OrderId::new("o").unwrap(), LineId::new("S").unwrap());
    api.engine.faults.refuse_line(LineKey { order_id, line_id });
    let line = json!({"order_id": "o", "sku": "S", "quantity": 1});
    api.post("/v1/allocations", &line)
        .await
        .problem(422, "unstorable");
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let api = api();
    let mut seen = std::collections::BTreeSet::new();
    for path in ["/healthz", "/v1/orders", "/v1/nothing", "/v1/orders/none"] {
        let id = api.get(path).await.header("x-request-id").to_owned();
        assert!(!id.is_empty());
        assert!(seen.insert(id));
    }
    let with = |id: &str| {
        Request::get("/healthz")
            .header("x-request-id", id)
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(
        api.send(with("mine-7")).await.header("x-request-id"),
        "mine-7"
    );
    let long = "x".repeat(1_000);
    for bad in [long.as_str(), "", "with space", "\u{e9}"] {
        let id = api.send(with(bad)).await.header("x-request-id").to_owned();
        assert!(id != bad && !id.is_empty(), "{bad:?} became {id:?}");
    }
}

#[tokio::test]
async fn an_engine_that_has_ended_is_503() {
    let api = api();
    let router = api.router.clone();
    let stopping = api.stopping.clone();
    let batch = json!({"reference": "b", "sku": "S", "quantity": 1});
    // The bus lives on in the router; a queue that is closed is what a stopped engine leaves.
    stopping.cancel();
    api.get("/readyz").await.problem(503, "stopping");
    assert_eq!(
        api.post("/v1/batches", &batch).await.status,
        201,
        "requests under way are served"
    );
    drop(router);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let api = api();
    let head = Request::head("/v1/orders").body(Body::empty()).unwrap();
    let answer = api.send(head).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    assert_eq!(
        answer.header("content-length"),
        r#"{"items":[],"cursor":null}"#.len().to_string()
    );
}

/// Some clients send a content type with every POST; of an empty body nothing can be misread.
#[tokio::test]
async fn the_content_type_of_an_empty_body_does_not_matter() {
    let api = api();
    for content_type in ["application/x-www-form-urlencoded", "text/plain", ""] {
        let cancel = post("/v1/orders/none/cancel", content_type, "");
        api.send(cancel).await.problem(404, "unknown-order");
    }
}
