//! Single commands are let in by the keys as they were last seen, and the engine looks whether they still are: what
//! that saves, and that nobody gets further by it than by a look at the door.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::Body;
use axum::http::Request;
use jiff::Timestamp;
use landfall_http::Limits;
use landfall_service::access::{
    AccessError, AccessKey, AccessKeys, Doorkeeper, KeyName, Keyless, Keys, Revocation, Role,
};
use landfall_service::memory::MemoryKeys;
use landfall_testkit::access::made_up;
use landfall_testkit::{Harness, Memory};
use serde_json::{Value, json};

use crate::support::{Answer, Api, api_of, post, soon};

/// The keys of an engine's store, of which it is known how often they were looked at.
struct Looked {
    keys: MemoryKeys,
    times: AtomicU64,
}

#[async_trait::async_trait]
impl AccessKeys for Looked {
    async fn version(&self) -> Result<u64, AccessError> {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.keys.version().await
    }

    fn seen_by_engine(&self) -> bool {
        self.keys.seen_by_engine()
    }

    async fn keys(&self) -> Result<Keys, AccessError> {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.keys.keys().await
    }

    async fn create(&self, key: &AccessKey) -> Result<(), AccessError> {
        self.keys.create(key).await
    }

    async fn revoke(&self, name: &KeyName, now: Timestamp) -> Result<Revocation, AccessError> {
        self.keys.revoke(name, now).await
    }
}

/// A service with two keys, which has stock, and has seen its keys.
struct Shop {
    api: Api,
    keys: Arc<Looked>,
    /// `Bearer KEY`.
    bearers: [String; 2],
}

const ANN: usize = 0;
const BEN: usize = 1;
const NAMES: [&str; 2] = ["ann", "ben"];

async fn shop() -> Shop {
    let engine = Harness::<Memory>::start();
    let keys = Arc::new(Looked {
        keys: engine.database().keys(),
        times: AtomicU64::new(0),
    });
    let mut bearers = [const { String::new() }; 2];
    for (byte, (bearer, name)) in (1..).zip(bearers.iter_mut().zip(NAMES)) {
        let issued = made_up(name, Role::Admin, byte);
        keys.create(&issued.key).await.unwrap();
        *bearer = format!("Bearer {}", issued.text());
    }
    let door = Doorkeeper::new(Arc::clone(&keys) as Arc<dyn AccessKeys>, Keyless::Open);
    let api = api_of(engine, &Limits::default(), |app| app.door = door);
    let shop = Shop { api, keys, bearers };
    let batch = json!({"reference": "b-1", "sku": "SOFA", "quantity": 100});
    let made = shop.send(ANN, "/v1/batches", &batch).await;
    assert_eq!(made.status, 201);
    shop
}

impl Shop {
    async fn send(&self, who: usize, path: &str, json: &Value) -> Answer {
        let asked = post(path, "application/json", json.to_string());
        self.say(who, asked).await
    }

    async fn say(&self, who: usize, mut asked: Request<Body>) -> Answer {
        let bearer = self.bearers[who].parse().unwrap();
        asked.headers_mut().insert("authorization", bearer);
        self.api.send(asked).await
    }

    async fn allocate(&self, who: usize, order: &str) -> Answer {
        self.send(who, "/v1/allocations", &line(order)).await
    }

    async fn revoke(&self, who: usize) {
        let name = NAMES[who].parse().unwrap();
        self.keys
            .revoke(&name, Timestamp::UNIX_EPOCH)
            .await
            .unwrap();
    }

    fn looked(&self) -> u64 {
        self.keys.times.load(Ordering::Relaxed)
    }

    async fn there(&self, order: &str) -> bool {
        let today = self.api.engine.today();
        let (views, order) = (&self.api.engine.views, order.parse().unwrap());
        views.order(&order, today).await.unwrap().is_some()
    }
}

fn line(order: &str) -> Value {
    json!({"order_id": order, "sku": "SOFA", "quantity": 1})
}

fn is_refused(answer: &Answer) {
    answer.problem(401, "no-key");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains(r#"error="invalid_token""#), "{answer:?}");
}

#[tokio::test]
async fn commands_cost_no_look() {
    let shop = shop().await;
    let looked = shop.looked();
    for number in 0..10 {
        let answer = shop.allocate(ANN, &format!("o-{number}")).await;
        assert_eq!(answer.status, 201);
    }
    // The book's, and one that the engine refuses.
    let book = json!({"orderid": "o-10", "sku": "SOFA", "qty": 1});
    assert_eq!(shop.send(ANN, "/allocate", &book).await.status, 202);
    let stray = json!({"order_id": "o-11", "sku": "STRAY", "quantity": 1});
    let refused = shop.send(ANN, "/v1/allocations", &stray).await;
    refused.problem(422, "unknown-sku");
    assert_eq!(shop.looked(), looked);
    // A question costs one.
    let asked = Request::get("/v1/orders").body(Body::empty()).unwrap();
    assert_eq!(shop.say(ANN, asked).await.status, 200);
    assert_eq!(shop.looked(), looked + 1);
}

#[tokio::test]
async fn a_revoked_key_is_good_for_no_command_and_told_nothing() {
    let shop = shop().await;
    shop.revoke(ANN).await;
    is_refused(&shop.allocate(ANN, "o-1").await);
    assert!(!shop.there("o-1").await);
    assert_eq!(shop.allocate(BEN, "o-2").await.status, 201);

    // What never comes to the engine is answered by nobody but the door either.
    shop.revoke(BEN).await;
    let bad = [
        post("/v1/allocations", "application/json", "{".to_owned()),
        post("/v1/allocations", "text/html", line("o-3").to_string()),
        post(
            "/v1/allocations?x=1",
            "application/json",
            line("o-3").to_string(),
        ),
        post("/v1/orders/o-2/cancel", "application/json", "[]".to_owned()),
        post("/add_batch", "application/json", "{}".to_owned()),
    ];
    for asked in bad {
        is_refused(&shop.say(BEN, asked).await);
    }
}

#[tokio::test]
async fn the_first_key_closes_the_door_for_commands_at_once() {
    let engine = Harness::<Memory>::start();
    let keys = engine.database().keys();
    let door = Doorkeeper::new(Arc::new(keys.clone()), Keyless::Open);
    let api = api_of(engine, &Limits::default(), |app| app.door = door);
    let batch = json!({"reference": "b-1", "sku": "SOFA", "quantity": 100});
    assert_eq!(api.post("/v1/batches", &batch).await.status, 201);
    assert_eq!(api.post("/v1/allocations", &line("o-1")).await.status, 201);
    let issued = made_up("ann", Role::Orders, 1);
    keys.create(&issued.key).await.unwrap();
    api.post("/v1/allocations", &line("o-2"))
        .await
        .problem(401, "no-key");
    // And a new key is good at once.
    let mut asked = post(
        "/v1/allocations",
        "application/json",
        line("o-2").to_string(),
    );
    let bearer = format!("Bearer {}", issued.text()).parse().unwrap();
    asked.headers_mut().insert("authorization", bearer);
    assert_eq!(api.send(asked).await.status, 201);
}

/// Waits until it is so.
async fn waits(until: impl Fn() -> bool) {
    soon(async {
        while !until() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Commands wait while another group is committed, and the keys change meanwhile: whose key is still good waits a
/// little longer, and nobody else's command is carried out.
#[tokio::test]
async fn keys_that_change_while_commands_wait_are_seen() {
    let shop = shop().await;
    let engine = &shop.api.engine;
    engine.faults.close_gate();
    let change = async {
        waits(|| engine.bus.waiting().0 == 2).await;
        shop.revoke(ANN).await;
        engine.faults.open_gate();
    };
    let others = async {
        // The first is a group of its own, and is being committed.
        waits(|| engine.faults.waiting() == 1).await;
        tokio::join!(shop.allocate(ANN, "o-1"), shop.allocate(BEN, "o-2"), change)
    };
    let (held, (ann, ben, ())) = tokio::join!(shop.allocate(BEN, "o-0"), others);
    assert_eq!((held.status.as_u16(), ben.status.as_u16()), (201, 201));
    is_refused(&ann);
    assert!(!shop.there("o-1").await);
    assert!(shop.there("o-2").await);
}
