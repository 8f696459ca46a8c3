//! Commands that one replica hands on to another: who is let in, what is heard there, and that callers see no difference.

use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use futures_util::stream;
use http_body_util::BodyExt as _;
use landfall_http::Limits;
use landfall_http::replicas::{PATH, VERSION};
use landfall_service::hand_on::{
    self, Dial, Incoming, Options, Outgoing, TakingPart, WritingReplica,
};
use landfall_testkit::Harness;
use landfall_testkit::turns::{Counting, SharedTurn};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::support::{Answer, Api, api, api_of, post, soon};

/// Reaches a replica of this process.
struct Through(Option<Router>);

struct Said(Body);

#[async_trait]
impl Dial for Through {
    async fn dial(
        &self,
        replica: &WritingReplica,
        lines: Outgoing,
    ) -> Result<Box<dyn Incoming>, String> {
        let router = self.0.clone().ok_or("there is no other")?;
        let lines = stream::poll_fn(move |context| {
            let lines = lines.poll_lines(context);
            lines.map(|lines| lines.map(|lines| Ok::<_, Infallible>(Bytes::from(lines))))
        });
        let request = let_in(replica.token.text(), Body::from_stream(lines));
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        Ok(Box::new(Said(response.into_body())))
    }
}

#[async_trait]
impl Incoming for Said {
    async fn hear(&mut self, bytes: &mut Vec<u8>) -> bool {
        let Some(Ok(frame)) = self.0.frame().await else {
            return false;
        };
        bytes.extend_from_slice(frame.data_ref().unwrap());
        true
    }
}

fn let_in(token: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(PATH)
        .header("authorization", format!("Bearer {token}"))
        .header(VERSION, env!("CARGO_PKG_VERSION"))
        .body(body.into())
        .unwrap()
}

/// A replica, and its part in writing.
struct Replica {
    api: Api,
    part: TakingPart,
    turn: SharedTurn,
    ends: CancellationToken,
}

/// A replica that reaches this router, and waits until it is known whose turn it is.
fn replica(holder: &str, turn: SharedTurn, through: Option<Router>) -> Replica {
    let ends = CancellationToken::new();
    let options = Options {
        look: Duration::from_millis(1),
        pause: Duration::from_millis(1),
        silence: Duration::from_mins(2),
        ..Options::new(holder, format!("http://{holder}"))
    };
    let dial = Arc::new(Through(through));
    let turns = Arc::new(turn.clone());
    let engine = Harness::start();
    let entropy = Arc::new(Counting::default());
    let part = hand_on::start(options, turns, dial, entropy, Weak::new(), &ends);
    let replicas = Arc::clone(&part.replicas);
    let api = api_of(engine, &Limits::default(), |app| {
        app.bus = app.bus.clone().handing_on(replicas.clone());
        app.replicas = Some(replicas);
    });
    Replica {
        api,
        part,
        turn,
        ends,
    }
}

impl Replica {
    /// One whose turn it is.
    async fn that_writes() -> Self {
        let replica = replica("there", SharedTurn::default(), None);
        until(|| replica.part.replicas.is_ours()).await;
        replica
    }

    async fn token(&self) -> String {
        self.turn.now().await.unwrap().token.text().to_owned()
    }

    fn handed_on(&self) -> u64 {
        self.part.replicas.stats.handed_on.load(Ordering::Relaxed)
    }

    /// Talks to it as another replica does.
    async fn talk(&self) -> Talk {
        let (says, said) = mpsc::unbounded_channel::<Bytes>();
        let said = stream::unfold(said, |mut said| async {
            let next = said.recv().await?;
            Some((Ok::<_, Infallible>(next), said))
        });
        let request = let_in(&self.token().await, Body::from_stream(said));
        let response = self.api.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        // It is read all the time, as a connection does.
        let (hears, heard) = mpsc::unbounded_channel();
        let mut body = response.into_body();
        tokio::spawn(async move {
            while let Some(Ok(frame)) = body.frame().await {
                let text = String::from_utf8(frame.into_data().unwrap().to_vec());
                if hears.send(text.unwrap()).is_err() {
                    return;
                }
            }
        });
        Talk {
            says: Some(says),
            hears: heard,
            heard: String::new(),
        }
    }
}

/// One request of a replica, while it lasts.
struct Talk {
    says: Option<mpsc::UnboundedSender<Bytes>>,
    hears: mpsc::UnboundedReceiver<String>,
    heard: String,
}

impl Talk {
    fn say(&self, text: impl Into<Bytes>) {
        // It may not be listened to any more.
        let _ = self.says.as_ref().unwrap().send(text.into());
    }

    /// The next line that is not blank; none at the end.
    async fn hear(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.heard.find('\n') {
                let line: String = self.heard.drain(..=end).collect();
                if line.len() > 1 {
                    return Some(line.trim_end().to_owned());
                }
                continue;
            }
            self.heard += &soon(self.hears.recv()).await?;
        }
    }

    /// The next answer, with nothing but the head of a resource.
    async fn answer(&mut self) -> String {
        let line = self.hear().await.unwrap();
        line.split(" {").next().unwrap().to_owned()
    }
}

async fn until(so: impl Fn() -> bool) {
    soon(async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

fn allocate(order: &str, quantity: u64) -> String {
    let fields = json!({"order_id": order, "sku": "SOFA", "quantity": quantity});
    format!(r#"{{"type":"Allocate"}} {fields}"#)
}

/// Requests of every kind of answer: path, idempotency key, body.
fn requests() -> Vec<(&'static str, Option<&'static str>, Value)> {
    let order = json!({"order_id": "o-2", "deliver": "together", "lines": [
        {"sku": "SOFA", "quantity": 2}, {"sku": "LAMP", "quantity": 1}
    ]});
    vec![
        (
            "/v1/batches",
            None,
            json!({"reference": "b-1", "sku": "SOFA", "quantity": 10}),
        ),
        (
            "/v1/batches",
            None,
            json!({"reference": "b-1", "sku": "SOFA", "quantity": 10}),
        ),
        (
            "/v1/batches",
            None,
            json!({"reference": "b-1", "sku": "SOFA", "quantity": 11}),
        ),
        (
            "/v1/shipments",
            None,
            json!({"reference": "s \"1\"", "eta": "2030-01-01"}),
        ),
        (
            "/v1/batches",
            None,
            json!({"reference": "b-2", "sku": "LAMP", "quantity": 3, "shipment": "s \"1\""}),
        ),
        (
            "/v1/batches",
            None,
            json!({"reference": "b-3", "sku": "LAMP", "quantity": 3, "shipment": "s-9"}),
        ),
        (
            "/v1/allocations",
            Some("k-1"),
            json!({"order_id": "o-1", "sku": "SOFA", "quantity": 3}),
        ),
        (
            "/v1/allocations",
            Some("k-1"),
            json!({"order_id": "o-1", "sku": "SOFA", "quantity": 3}),
        ),
        (
            "/v1/allocations",
            Some("k-1"),
            json!({"order_id": "o-1", "sku": "SOFA", "quantity": 4}),
        ),
        (
            "/v1/allocations",
            None,
            json!({"order_id": "o-3", "sku": "RUG", "quantity": 1}),
        ),
        (
            "/v1/allocations",
            None,
            json!({"order_id": "o-4", "sku": "SOFA", "quantity": 99, "if_short": "reject"}),
        ),
        (
            "/v1/allocations",
            None,
            json!({"order_id": "o-5", "sku": "SOFA", "quantity": 99}),
        ),
        ("/v1/orders", None, order.clone()),
        ("/v1/orders", None, order),
        ("/v1/orders/o-2/lines/LAMP/dispatch", None, json!({})),
        ("/v1/orders/o-1/dispatch", None, json!({})),
        ("/v1/orders/o-1/cancel", None, json!({})),
        ("/v1/orders/o-2/cancel", None, json!({})),
        ("/v1/orders/o-9/cancel", None, json!({})),
        (
            "/v1/shipments/s%20%221%22/hold",
            None,
            json!({"code": "customs", "expected_clear": "2030-02-01"}),
        ),
        ("/v1/batches/b-1/quantity", None, json!({"quantity": 1})),
        ("/v1/batches/b-9/quantity", None, json!({"quantity": 1})),
        (
            "/v1/commands",
            None,
            json!({"type": "CancelBatch", "reference": "b-1"}),
        ),
        (
            "/allocate",
            None,
            json!({"orderid": "o-6", "sku": "NONE", "qty": 1}),
        ),
        (
            "/allocate",
            None,
            json!({"orderid": "o-7", "sku": "LAMP", "qty": 1}),
        ),
    ]
}

async fn ask(api: &Api, (path, key, body): &(&str, Option<&str>, Value)) -> Answer {
    // Over several lines: what is handed on is one.
    let mut request = post(path, "application/json", format!("{body:#}"));
    let headers = request.headers_mut();
    headers.insert("x-request-id", "r-1".parse().unwrap());
    if let Some(key) = key {
        headers.insert("idempotency-key", key.parse().unwrap());
    }
    api.send(request).await
}

#[tokio::test]
async fn callers_see_no_difference() {
    let alone = api();
    let there = Replica::that_writes().await;
    let here = replica("here", there.turn.clone(), Some(there.api.router.clone()));
    // It changes nothing, wherever it is carried out.
    while here.handed_on() == 0 {
        here.api.post("/v1/orders/none/cancel", &json!({})).await;
    }
    let before = here.handed_on();
    let mut statuses = Vec::new();
    for request in requests() {
        let (expected, answer) = (ask(&alone, &request).await, ask(&here.api, &request).await);
        assert_eq!(answer.status, expected.status, "{request:?}");
        assert_eq!(answer.headers, expected.headers, "{request:?}");
        assert_eq!(answer.body, expected.body, "{request:?}");
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(here.handed_on() - before, requests().len() as u64);
    statuses.sort_unstable();
    statuses.dedup();
    assert_eq!(statuses, [200, 201, 202, 400, 404, 409, 422]);
    let nothing = here.api.see("/v1/events").await;
    assert_eq!(nothing["events"], json!([]), "all of it was done there");

    let metrics = here.api.get("/metrics").await.body;
    assert!(
        metrics.contains("\nlandfall_writing_replica 0\n"),
        "{metrics}"
    );
    let metrics = there.api.get("/metrics").await.body;
    assert!(
        metrics.contains("\nlandfall_writing_replica 1\n"),
        "{metrics}"
    );
    let taken = format!("\nlandfall_commands_taken_total {}\n", here.handed_on());
    assert!(metrics.contains(&taken), "{metrics}");
}

/// The last word is that the turn is over, so nothing is lost where a replica stops in order.
#[tokio::test]
async fn a_turn_ends_without_a_loss() {
    let there = Replica::that_writes().await;
    there.api.stock("b-1", "SOFA", 5).await;
    let mut talk = there.talk().await;
    there.api.engine.faults.close_gate();
    talk.say(format!("1 {}\n", allocate("o-1", 1)));
    until(|| there.api.engine.faults.waiting() == 1).await;
    there.ends.cancel();
    until(|| !there.part.replicas.is_ours()).await;
    talk.say(format!("2 {}\n", allocate("o-2", 1)));
    there.api.engine.faults.open_gate();
    assert_eq!(talk.answer().await, "1 created line");
    assert_eq!(talk.hear().await.as_deref(), Some("over"));
    assert_eq!(talk.hear().await, None);
    assert_eq!(there.api.get("/v1/orders/o-2").await.status, 404);
}

#[tokio::test]
async fn nobody_comes_in_without_the_token_of_this_turn() {
    let there = Replica::that_writes().await;
    let token = there.token().await;
    let plain = |token: &str| let_in(token, Body::empty());
    let mut twice = plain(&token);
    twice
        .headers_mut()
        .append("authorization", "Bearer x".parse().unwrap());
    let mut none = plain(&token);
    none.headers_mut().remove("authorization");
    for request in [none, twice, plain(""), plain("x"), plain(&token[1..])] {
        let answer = there.api.send(request).await;
        answer.problem(401, "no-key");
        assert_eq!(
            answer.header("www-authenticate"),
            r#"Bearer realm="replicas""#
        );
    }
    let mut other = plain(&token);
    other
        .headers_mut()
        .insert(VERSION, "0.0.1".parse().unwrap());
    there.api.send(other).await.problem(403, "forbidden");
    let mut unsaid = plain(&token);
    unsaid.headers_mut().remove(VERSION);
    there.api.send(unsaid).await.problem(403, "forbidden");
    let get = Request::get(PATH).body(Body::empty()).unwrap();
    there.api.send(get).await.problem(405, "method-not-allowed");

    let many = async || there.api.send(plain("x")).await.status.as_u16();
    soon(async { while many().await != 429 {} }).await;
    assert_eq!(there.api.send(plain(&token)).await.status, 200);

    there.ends.cancel();
    until(|| !there.part.replicas.is_ours()).await;
    assert_ne!(there.api.send(plain(&token)).await.status, 200);
    // Where a replica takes no part there is nothing.
    let nowhere = Request::post(PATH).body(Body::empty()).unwrap();
    api().send(nowhere).await.problem(404, "no-such-route");
}

#[tokio::test]
async fn what_breaks_off_in_the_middle_is_not_carried_out() {
    let there = Replica::that_writes().await;
    there.api.stock("b-1", "SOFA", 5).await;
    let mut talk = there.talk().await;
    let whole = format!("1 {}\n", allocate("o-1", 1));
    let (begin, rest) = whole.split_at(20);
    talk.say(begin.to_owned());
    talk.say(format!("{rest}2 {}", allocate("o-2", 1)));
    assert_eq!(talk.answer().await, "1 created line");
    talk.says = None;
    assert_eq!(talk.hear().await, None, "without a last word");
    assert_eq!(there.api.get("/v1/orders/o-1").await.status, 200);
    assert_eq!(there.api.get("/v1/orders/o-2").await.status, 404);
}

#[tokio::test]
async fn what_is_no_command_ends_it_and_what_cannot_be_read_is_declined() {
    let there = Replica::that_writes().await;
    there.api.stock("b-1", "SOFA", 5).await;
    let mut talk = there.talk().await;
    talk.say("7 {\"type\":\"Allocate\"} {\"order_id\":\"o\"}\n");
    assert_eq!(talk.answer().await, "7 failed \"not_taken\"");
    for wrong in ["hello\n".to_owned(), format!("1 {}", "x".repeat(2 << 20))] {
        let mut talk = there.talk().await;
        talk.say(wrong);
        talk.say(format!("3 {}\n", allocate("o-3", 1)));
        assert_eq!(talk.hear().await, None);
    }
    assert_eq!(there.api.get("/v1/orders/o-3").await.status, 404);
}

#[tokio::test]
async fn it_gives_signs_of_life() {
    let there = Replica::that_writes().await;
    let mut talk = there.talk().await;
    for _ in 0..2 {
        assert_eq!(soon(talk.hears.recv()).await.as_deref(), Some("\n"));
    }
}
