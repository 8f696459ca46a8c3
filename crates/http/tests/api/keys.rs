//! Keys: who is let in, what each role may do, and what is told to those who are not. The door itself: `door`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request};
use jiff::Timestamp;
use landfall_http::Limits;
use landfall_http::rights::{Need, need};
use landfall_service::access::{AccessKeys, Doorkeeper, KeyName, Keyless, Role};
use landfall_service::memory::MemoryKeys;
use landfall_testkit::access::made_up;
use landfall_testkit::{Harness, Memory};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::{Answer, Api, api_of, post};

/// A service with a key of each role, each named as its role.
pub(crate) struct House {
    pub(crate) api: Api,
    pub(crate) keys: MemoryKeys,
    pub(crate) texts: BTreeMap<Role, String>,
}

pub(crate) async fn house_with(limits: &Limits) -> House {
    let engine = Harness::<Memory>::start();
    let keys = engine.database().keys();
    let mut texts = BTreeMap::new();
    for (byte, role) in (1..).zip(Role::ALL) {
        let issued = made_up(role.name(), role, byte);
        keys.create(&issued.key).await.unwrap();
        texts.insert(role, issued.text().to_owned());
    }
    let door = Doorkeeper::new(Arc::new(keys.clone()), Keyless::Open);
    let api = api_of(engine, limits, |app| app.door = door);
    House { api, keys, texts }
}

pub(crate) async fn house() -> House {
    house_with(&Limits {
        // These tests are quick.
        failure_rate: std::num::NonZeroU32::new(100_000).unwrap(),
        ..Limits::default()
    })
    .await
}

impl House {
    async fn send(&self, role: Role, mut request: Request<Body>) -> Answer {
        let bearer = format!("Bearer {}", self.texts[&role]).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        self.api.send(request).await
    }

    async fn status(&self, role: Role, mut request: Request<Body>) -> u16 {
        let bearer = format!("Bearer {}", self.texts[&role]).parse().unwrap();
        request.headers_mut().insert("authorization", bearer);
        let response = self.api.router.clone().oneshot(request).await.unwrap();
        response.status().as_u16()
    }

    pub(crate) async fn get(&self, role: Role, path: &str) -> Answer {
        self.send(role, Request::get(path).body(Body::empty()).unwrap())
            .await
    }

    async fn post(&self, role: Role, path: &str, json: &Value) -> Answer {
        self.send(role, post(path, "application/json", json.to_string()))
            .await
    }
}

pub(crate) fn get(path: &str, authorization: &str) -> Request<Body> {
    Request::get(path)
        .header("authorization", authorization)
        .body(Body::empty())
        .unwrap()
}

/// Every operation of the document, with names in its path.
pub(crate) fn operations() -> Vec<(Method, String, String)> {
    let mut all = Vec::new();
    for (path, operations) in landfall_http::openapi()["paths"].as_object().unwrap() {
        let address = path
            .split('/')
            .map(|s| if s.starts_with('{') { "x" } else { s })
            .collect::<Vec<_>>()
            .join("/");
        for method in operations.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            all.push((method, path.clone(), address.clone()));
        }
    }
    all
}

pub(crate) fn request(method: &Method, address: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(address)
        .body(Body::empty())
        .unwrap()
}

#[test]
fn every_route_is_in_the_table_and_in_the_manual() {
    let manual = include_str!("../../../../docs/security.md");
    for (method, path, _) in operations() {
        let Some(need) = need(&method, &path) else {
            panic!("nobody has thought of who may {method} {path}");
        };
        let row = format!("| `{method} {path}` | {} |", need.word());
        assert!(manual.contains(&row), "docs/security.md lacks {row}");
    }
    for role in Role::ALL {
        assert!(manual.contains(&format!("| `{role}` |")), "{role}");
    }
}

#[test]
fn what_nobody_has_thought_of_takes_an_admin() {
    assert_eq!(need(&Method::POST, "/v1/forgotten"), None);
    assert_eq!(need(&Method::DELETE, "/v1/orders"), None);
}

/// Whatever the address says, without a key nothing but what is meant for everybody is told.
#[tokio::test]
async fn without_a_key_nothing_is_told() {
    let house = house().await;
    for (method, path, address) in operations() {
        let answer = house.api.send(request(&method, &address)).await;
        if need(&method, &path) == Some(Need::Nothing) {
            assert_eq!(answer.status, 200, "{method} {path}");
        } else {
            answer.problem(401, "no-key");
            assert_eq!(
                answer.header("www-authenticate"),
                r#"Bearer realm="landfall""#
            );
        }
    }
    for nowhere in ["/v1/nothing", "/docs/nothing/at/all", "/"] {
        let answer = house.api.get(nowhere).await;
        assert!(
            answer.status == 401 || answer.status == 404,
            "{nowhere}: {answer:?}"
        );
    }
    house.api.get("/v1/nothing").await.problem(401, "no-key");
    assert_eq!(house.api.get("/docs/").await.status, 200);
    assert_eq!(house.api.get("/healthz").await.status, 200);
    assert_eq!(house.api.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_wrong_key_is_told_nothing_either() {
    let house = house().await;
    let right = &house.texts[&Role::Admin];
    let last = if right.ends_with('x') { "y" } else { "x" };
    let nearly = format!("Bearer {}{last}", &right[..right.len() - 1]);
    for wrong in [
        nearly.as_str(),
        "Bearer lf_0000000000000000_AAAA",
        "Bearer x",
        "bearer \u{7f}",
    ] {
        let Ok(header) = wrong.parse::<axum::http::HeaderValue>() else {
            continue;
        };
        let mut asked = request(&Method::GET, "/v1/orders");
        asked.headers_mut().insert("authorization", header);
        let answer = house.api.send(asked).await;
        answer.problem(401, "no-key");
        assert!(
            answer
                .header("www-authenticate")
                .contains(r#"error="invalid_token""#),
            "{answer:?}"
        );
    }
    // Another scheme is no key.
    for other in ["Basic dXNlcjpwYXNz", right.as_str(), "Bearer"] {
        let answer = house.api.send(get("/v1/orders", other)).await;
        answer.problem(401, "no-key");
    }
    let lower = format!("bearer  {right}");
    assert_eq!(house.api.send(get("/v1/orders", &lower)).await.status, 200);
    let mut twice = get("/v1/orders", &format!("Bearer {right}"));
    let again = format!("Bearer {right}").parse().unwrap();
    twice.headers_mut().append("authorization", again);
    house.api.send(twice).await.ill_formed("Authorization");
}

/// Each role at each route: 403 exactly where the table says so.
#[tokio::test]
async fn each_role_may_do_what_the_table_says() {
    let house = house().await;
    for (method, path, address) in operations() {
        for role in Role::ALL {
            let allowed = match need(&method, &path).unwrap() {
                Need::Nothing | Need::ByCommand => true,
                Need::Right(right) => role.may(right),
            };
            if allowed {
                // Not read to its end: a stream of events has none.
                let status = house.status(role, request(&method, &address)).await;
                assert!(
                    status != 403 && status != 401,
                    "{role} {method} {path}: {status}"
                );
            } else {
                let answer = house.send(role, request(&method, &address)).await;
                let problem = answer.problem(403, "forbidden");
                let detail = problem["detail"].as_str().unwrap();
                assert!(detail.contains(role.name()), "{detail}");
            }
        }
    }
    // A method that a route does not take: admins are told so.
    let answer = house
        .send(Role::Admin, request(&Method::DELETE, "/v1/orders"))
        .await;
    answer.problem(405, "method-not-allowed");
}

fn batch(reference: &str) -> Value {
    json!({"type": "CreateBatch", "reference": reference, "sku": "SOFA", "quantity": 10})
}

fn line(order: &str) -> Value {
    json!({"type": "Allocate", "order_id": order, "sku": "SOFA", "quantity": 1})
}

#[tokio::test]
async fn one_command_is_checked_by_its_type() {
    let house = house().await;
    let commands = "/v1/commands";
    for (role, made) in [(Role::Read, 403), (Role::Orders, 403), (Role::Supply, 201)] {
        let answer = house.post(role, commands, &batch("b-1")).await;
        assert_eq!(answer.status.as_u16(), made, "{role}");
    }
    for (role, made) in [(Role::Read, 403), (Role::Supply, 403), (Role::Orders, 201)] {
        for query in ["?dry_run=true", ""] {
            let answer = house
                .post(role, &format!("{commands}{query}"), &line("o-1"))
                .await;
            let expected = if made == 201 && !query.is_empty() {
                200
            } else {
                made
            };
            assert_eq!(answer.status.as_u16(), expected, "{role} {query}");
        }
    }
    // The book's routes, too.
    let allocate = json!({"orderid": "o-2", "sku": "SOFA", "qty": 1});
    let add = json!({"ref": "b-2", "sku": "SOFA", "qty": 1, "eta": null});
    for (role, path, body, status) in [
        (Role::Supply, "/allocate", &allocate, 403),
        (Role::Orders, "/allocate", &allocate, 202),
        (Role::Orders, "/add_batch", &add, 403),
        (Role::Supply, "/add_batch", &add, 201),
    ] {
        let answer = house.post(role, path, body).await;
        assert_eq!(answer.status.as_u16(), status, "{role} {path}");
    }
}

#[tokio::test]
async fn each_line_of_a_stream_is_checked_by_its_type() {
    let house = house().await;
    house.post(Role::Supply, "/v1/batches", &batch("b-0")).await;
    let lines = [batch("b-1"), line("o-1"), json!({"type": "Nonsense"})];
    let text: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    let text = text.concat();
    for query in ["?dry_run=true", ""] {
        for (role, expected) in [
            (Role::Read, ["rejected", "rejected", "invalid"]),
            (Role::Orders, ["rejected", "ok", "invalid"]),
            (Role::Supply, ["ok", "rejected", "invalid"]),
            (Role::Admin, ["ok", "ok", "invalid"]),
        ] {
            let path = format!("/v1/commands{query}");
            let asked = post(&path, "application/x-ndjson", text.clone());
            let answer = house.send(role, asked).await;
            assert_eq!(answer.status, 200);
            let results = answer.lines();
            for (at, (result, expected)) in results.iter().zip(expected).enumerate() {
                assert_eq!(result["index"], at, "{role}: {result}");
                assert_eq!(result["status"], expected, "{role}: {result}");
                if expected == "rejected" {
                    assert_eq!(result["problem"]["status"], 403, "{result}");
                    assert_eq!(result["type"], lines[at]["type"]);
                }
            }
            assert!(results.len() >= 3);
        }
    }
}

#[tokio::test]
async fn events_say_who_did_it_whichever_way_it_came() {
    let house = house().await;
    house.post(Role::Supply, "/v1/batches", &batch("b-1")).await;
    let add = json!({"ref": "b-2", "sku": "SOFA", "qty": 1});
    house.post(Role::Supply, "/add_batch", &add).await;
    house.post(Role::Orders, "/v1/commands", &line("o-1")).await;
    let order = json!({"order_id": "o-2", "lines": [{"sku": "SOFA", "quantity": 1}]});
    house.post(Role::Orders, "/v1/orders", &order).await;
    let stream = post(
        "/v1/commands",
        "application/x-ndjson",
        line("o-3").to_string(),
    );
    house.send(Role::Admin, stream).await;
    let book = json!({"orderid": "o-4", "sku": "SOFA", "qty": 1});
    house.post(Role::Orders, "/allocate", &book).await;
    house
        .post(Role::Orders, "/v1/orders/o-4/cancel", &json!({}))
        .await;
    let answer = house.get(Role::Read, "/v1/events?limit=1000").await;
    let events = answer.json();
    let actors: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let kind = event["type"].as_str().unwrap();
            format!("{kind} {}", event["actor"].as_str().unwrap_or("nobody"))
        })
        .collect();
    assert!(actors.len() >= 7, "{actors:?}");
    for actor in &actors {
        let expected: &[&str] = if actor.starts_with("BatchCreated") {
            &["supply"]
        } else {
            &["orders", "admin"]
        };
        assert!(
            expected.iter().any(|name| actor.ends_with(name)),
            "{actors:?}"
        );
    }
    assert!(actors.iter().any(|actor| actor == "Allocated admin"));
}

#[tokio::test]
async fn idempotency_keys_are_each_keys_own() {
    let house = house().await;
    house.post(Role::Supply, "/v1/batches", &batch("b-1")).await;
    let with_id = |order: &str| {
        let mut command = line(order);
        command["id"] = json!("1");
        command
    };
    let first = house
        .post(Role::Orders, "/v1/commands", &with_id("o-1"))
        .await;
    assert_eq!(first.status, 201);
    // Another's 1 is another command.
    let other = house
        .post(Role::Admin, "/v1/commands", &with_id("o-2"))
        .await;
    assert_eq!(other.status, 201);
    let again = house
        .post(Role::Orders, "/v1/commands", &with_id("o-1"))
        .await;
    assert_eq!((again.status, again.body), (first.status, first.body));
    house
        .post(Role::Orders, "/v1/commands", &with_id("o-2"))
        .await
        .problem(422, "id-reused");
}

#[tokio::test]
async fn keys_are_in_force_and_out_of_force_at_once() {
    let keys = MemoryKeys::default();
    let door = Doorkeeper::new(Arc::new(keys.clone()), Keyless::Open);
    let api = api_of(Harness::start(), &Limits::default(), |app| app.door = door);
    assert_eq!(api.get("/v1/orders").await.status, 200);
    let shop = made_up("shop", Role::Read, 1);
    keys.create(&shop.key).await.unwrap();
    api.get("/v1/orders").await.problem(401, "no-key");
    let bearer = format!("Bearer {}", shop.text());
    assert_eq!(api.send(get("/v1/orders", &bearer)).await.status, 200);
    keys.revoke(&shop.key.name, Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    api.send(get("/v1/orders", &bearer))
        .await
        .problem(401, "no-key");
    api.get("/v1/orders").await.problem(401, "no-key");
}

/// A stream that began with a good key does not outlive it.
#[tokio::test]
async fn a_stream_ends_when_its_key_is_revoked() {
    let house = house().await;
    house.post(Role::Supply, "/v1/batches", &batch("b-1")).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<String>(1);
    let body = futures_util::stream::unfold(receiver, |mut receiver| async {
        let line = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(line), receiver))
    });
    let asked = post(
        "/v1/commands",
        "application/x-ndjson",
        Body::from_stream(body),
    );
    let talk = async {
        sender.send(format!("{}\n", line("o-1"))).await.unwrap();
        while house
            .api
            .engine
            .views
            .order(&"o-1".parse().unwrap(), house.api.engine.today())
            .await
            .unwrap()
            .is_none()
        {
            tokio::task::yield_now().await;
        }
        let name: KeyName = "orders".parse().unwrap();
        house
            .keys
            .revoke(&name, Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
        sender.send(format!("{}\n", line("o-2"))).await.unwrap();
        // The rest may find nobody who reads it.
        let _ = sender.send(format!("{}\n", line("o-3"))).await;
    };
    let (answer, ()) = tokio::join!(house.send(Role::Orders, asked), talk);
    let results = answer.lines();
    assert_eq!(results.len(), 2, "{results:?}");
    assert_eq!(results[0]["status"], "ok");
    assert_eq!(results[1]["problem"]["status"], 401);
    let detail = results[1]["problem"]["detail"].as_str().unwrap();
    assert!(detail.contains("from index 1 on"), "{detail}");
    let order = house.get(Role::Read, "/v1/orders/o-2").await;
    order.problem(404, "unknown-order");
}
