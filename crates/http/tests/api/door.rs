//! The door: what it answers while the keys cannot be read, to those who ask too often, to other sites' pages, and
//! what the document says of it.

use std::sync::Arc;

use axum::body::Body;
use axum::http::Request;
use jiff::Timestamp;
use landfall_http::Limits;
use landfall_http::rights::{Need, need};
use landfall_service::access::{
    AccessError, AccessKey, AccessKeys, Doorkeeper, KeyName, Keyless, Keys, Revocation, Role,
};
use landfall_testkit::Harness;
use serde_json::json;

use crate::keys::{get, house, house_with, operations, request};
use crate::support::api_of;

/// Keys that cannot be read.
struct Gone;

#[async_trait::async_trait]
impl AccessKeys for Gone {
    async fn version(&self) -> Result<u64, AccessError> {
        Err(AccessError::Unavailable("host db-1 is down".into()))
    }

    async fn keys(&self) -> Result<Keys, AccessError> {
        Err(AccessError::Unavailable("host db-1 is down".into()))
    }

    async fn create(&self, _: &AccessKey) -> Result<(), AccessError> {
        Err(AccessError::Unavailable("host db-1 is down".into()))
    }

    async fn revoke(&self, _: &KeyName, _: Timestamp) -> Result<Revocation, AccessError> {
        Err(AccessError::Unavailable("host db-1 is down".into()))
    }
}

#[tokio::test]
async fn while_the_keys_cannot_be_read_nobody_is_let_in() {
    let door = Doorkeeper::new(Arc::new(Gone), Keyless::Open);
    let api = api_of(Harness::start(), &Limits::default(), |app| app.door = door);
    for (method, path, address) in operations() {
        let answer = api.send(request(&method, &address)).await;
        if need(&method, &path) != Some(Need::Nothing) {
            answer.problem(503, "unavailable");
        }
        assert!(!answer.body.contains("db-1"), "{answer:?}");
    }
    assert_eq!(api.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_key_that_asks_too_often_is_told_to_wait() {
    let house = house_with(&Limits {
        key_rate: std::num::NonZeroU32::new(3),
        ..Limits::default()
    })
    .await;
    let mut told = None;
    for _ in 0..10 {
        let answer = house.get(Role::Read, "/v1/orders").await;
        if answer.status == 429 {
            told = Some(answer);
            break;
        }
        assert_eq!(answer.status, 200);
    }
    let told = told.expect("ten at once are more than three a second");
    told.problem(429, "too-often");
    assert_eq!(told.header("retry-after"), "1");
    assert_eq!(
        house.get(Role::Orders, "/v1/orders").await.status,
        200,
        "others are not in it"
    );
    assert_eq!(house.api.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn whoever_guesses_keys_is_not_looked_at_for_a_while() {
    let house = house_with(&Limits {
        failure_rate: std::num::NonZeroU32::new(3).unwrap(),
        ..Limits::default()
    })
    .await;
    let mut told = None;
    for _ in 0..10 {
        let answer = house.api.send(get("/v1/orders", "Bearer lf_x")).await;
        if answer.status == 429 {
            told = Some(answer);
            break;
        }
        answer.problem(401, "no-key");
    }
    told.expect("ten at once are more than three a second")
        .problem(429, "too-often");
    // Who has a good key is let in from there all the same.
    assert_eq!(house.get(Role::Read, "/v1/orders").await.status, 200);
}

/// Without keys: this machine, and not its browser on a stranger's behalf.
#[tokio::test]
async fn without_keys_no_other_site_gets_in() {
    let api = crate::support::api();
    let asked = |headers: &[(&str, &str)]| {
        let mut request = Request::post("/v1/orders/o-1/cancel");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::empty()).unwrap()
    };
    for good in [
        &[][..],
        &[("host", "localhost:5005")],
        &[
            ("host", "127.0.0.1:5005"),
            ("origin", "http://127.0.0.1:5005"),
        ],
        &[("host", "[::1]:5005")],
    ] {
        api.send(asked(good)).await.problem(404, "unknown-order");
    }
    for bad in [
        &[("host", "evil.example")][..],
        &[("host", "127.0.0.1.evil.example:5005")],
        &[
            ("host", "localhost:5005"),
            ("origin", "https://evil.example"),
        ],
        &[("host", "localhost:5005"), ("origin", "null")],
        &[
            ("host", "localhost:5005"),
            ("origin", "http://localhost:8080"),
        ],
    ] {
        api.send(asked(bad)).await.problem(403, "forbidden");
    }
    let twice = asked(&[("host", "localhost:5005"), ("host", "localhost:5005")]);
    api.send(twice).await.ill_formed("Host");
    let stray = get("/v1/orders", "Bearer lf_0000000000000000_AAAA");
    api.send(stray).await.problem(401, "no-key");
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let house = house().await;
    let answers = [
        house.get(Role::Read, "/v1/orders").await,
        house.get(Role::Read, "/v1/orders/none").await,
        house.api.get("/v1/orders").await,
        house.api.get("/healthz").await,
        house.api.get("/docs/").await,
        house.api.get("/docs/swagger-ui.css").await,
    ];
    for answer in &answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{answer:?}");
        assert!(policy.contains("default-src 'none'"), "{answer:?}");
        assert_eq!(answer.header("strict-transport-security"), "");
        assert!(!answer.header("cache-control").is_empty());
    }
    assert_eq!(answers[0].header("cache-control"), "no-store");
    assert!(
        answers[4]
            .header("content-security-policy")
            .contains("script-src 'self'")
    );
}

#[test]
fn the_document_says_which_key_is_needed() {
    let document = landfall_http::openapi();
    let scheme = &document["components"]["securitySchemes"]["key"];
    assert_eq!(scheme["type"], "http");
    assert_eq!(scheme["scheme"], "bearer");
    let orders = &document["paths"]["/v1/orders"];
    assert_eq!(orders["post"]["security"], json!([{"key": []}]));
    assert_eq!(orders["post"]["x-right"], "orders");
    assert_eq!(orders["get"]["x-right"], "read");
    assert_eq!(document["paths"]["/healthz"]["get"]["security"], json!([]));
}

/// Whatever the door answers, the document says of each route that it may.
#[tokio::test]
async fn the_document_says_what_the_door_answers() {
    let house = house().await;
    let document = landfall_http::openapi();
    for (method, path, address) in operations() {
        if need(&method, &path) == Some(Need::Nothing) {
            continue;
        }
        let name = method.as_str().to_lowercase();
        let responses = &document["paths"][&path][&name]["responses"];
        let mut twice = request(&method, &address);
        for _ in 0..2 {
            let same = "Bearer x".parse().unwrap();
            twice.headers_mut().append("authorization", same);
        }
        let refused = house.api.send(twice).await.status.as_u16();
        assert_eq!(refused, 400, "{method} {path}");
        for status in [400, 401, 403, 429, 503] {
            let told = &responses[status.to_string()];
            assert!(told.is_object(), "{method} {path}: {status}");
        }
    }
}
