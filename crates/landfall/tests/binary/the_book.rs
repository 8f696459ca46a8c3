//! The conversations of the end-to-end tests of *Architecture Patterns with Python*: HTTP in, Redis in and out, mail
//! out, by the service as it is started from the command line.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use landfall_testkit::servers::{self, RedisServer, SmtpSink};
use serde_json::{Value, json};

use crate::support::{PATIENCE, Place, Service, until};

/// A connection to Redis: one command a line, and its answer.
struct Redis(BufReader<TcpStream>);

impl Redis {
    fn connect(server: &RedisServer) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn say(&mut self, words: &[&str]) {
        let each = words.iter();
        let each = each.map(|word| format!("${}\r\n{word}\r\n", word.len()));
        let words: Vec<_> = each.collect();
        let text = format!("*{}\r\n{}", words.len(), words.concat());
        self.0.get_mut().write_all(text.as_bytes()).unwrap();
    }

    /// The next value of the protocol: a number, a text, or a list.
    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        let (kind, rest) = line.trim_end().split_at(1);
        match kind {
            ":" => json!(rest.parse::<i64>().unwrap()),
            "*" => (0..rest.parse().unwrap()).map(|_| self.hear()).collect(),
            "$" => {
                let mut text = vec![0; rest.parse::<usize>().unwrap() + 2];
                self.0.read_exact(&mut text).unwrap();
                text.truncate(text.len() - 2);
                json!(String::from_utf8(text).unwrap())
            }
            "+" => json!(rest),
            _ => panic!("Redis says {line}"),
        }
    }

    fn ask(&mut self, words: &[&str]) -> Value {
        self.say(words);
        self.hear()
    }
}

fn add_batch(service: &Service, reference: &str, sku: &str, quantity: u64, eta: Option<&str>) {
    let batch = json!({"ref": reference, "sku": sku, "qty": quantity, "eta": eta});
    let added = service.post("/add_batch", &batch.to_string());
    assert_eq!((added.status, added.body.as_str()), (201, "OK"));
}

fn allocate(service: &Service, order: &str, sku: &str, quantity: u64) -> (u16, String) {
    let line = json!({"orderid": order, "sku": sku, "qty": quantity});
    let answer = service.post("/allocate", &line.to_string());
    (answer.status, answer.body)
}

#[test]
fn what_a_202_promised_can_be_read_at_once() {
    let place = Place::new();
    let service = place.serve(&[]);
    add_batch(&service, "later", "TABLE", 100, Some("2011-01-02"));
    add_batch(&service, "earlier", "TABLE", 100, Some("2011-01-01"));
    add_batch(&service, "other", "CHAIR", 100, None);
    assert_eq!(allocate(&service, "o-1", "TABLE", 3), (202, "OK".into()));
    let found = service.get("/allocations/o-1");
    assert_eq!(found.status, 200);
    assert_eq!(
        found.json(),
        json!([{"sku": "TABLE", "batchref": "earlier"}])
    );

    let (status, body) = allocate(&service, "o-2", "UNKNOWN", 20);
    assert_eq!(status, 400);
    assert_eq!(body, r#"{"message":"Invalid sku UNKNOWN"}"#);
    assert_eq!(service.get("/allocations/o-2").status, 404);
}

#[test]
fn who_waits_for_the_listening_line_is_heard_at_once() {
    let Some(server) = servers::needed(RedisServer::start()) else {
        return;
    };
    let mut redis = Redis::connect(&server);
    let place = Place::new();
    let service = place.serve(&["--redis", &server.url()]);
    let message = json!({"batchref": "none", "qty": 5}).to_string();
    let heard = redis.ask(&["PUBLISH", "change_batch_quantity", &message]);
    assert_eq!(heard, 1);
    until(|| {
        let metrics = service.get("/metrics").body;
        let refused =
            r#"landfall_intake_commands_total{source="redis-channel",outcome="rejected"} 1"#;
        metrics.lines().any(|line| line == refused)
    });
    let connected = r#"landfall_intake_connected{source="redis-stream"} 1"#;
    until(|| service.get("/metrics").body.contains(connected));
    assert!(service.stop().success());
}

#[test]
fn without_redis_the_service_starts_and_says_so() {
    let place = Place::new();
    let url = format!("redis://127.0.0.1:{}", servers::free_port());
    let service = place.serve(&["--redis", &url]);
    assert_eq!(service.get("/readyz").status, 200);
    let said = service.said();
    let line = "does not hear yet what is told on Redis";
    assert!(said.contains(line), "{said}");
    let connected = r#"landfall_intake_connected{source="redis-channel"} 0"#;
    assert!(service.get("/metrics").body.contains(connected));
    assert!(service.stop().success());
}

#[test]
fn a_quantity_that_changes_in_redis_moves_the_order_and_redis_is_told() {
    let Some(server) = servers::needed(RedisServer::start()) else {
        return;
    };
    let place = Place::new();
    let service = place.serve(&["--redis", &server.url()]);
    add_batch(&service, "earlier", "TABLE", 10, Some("2011-01-01"));
    add_batch(&service, "later", "TABLE", 10, Some("2011-01-02"));
    assert_eq!(allocate(&service, "o-1", "TABLE", 10).0, 202);
    let found = service.get("/allocations/o-1").json();
    assert_eq!(found[0]["batchref"], "earlier");

    let mut subscriber = Redis::connect(&server);
    let subscribed = subscriber.ask(&["SUBSCRIBE", "line_allocated"]);
    assert_eq!(subscribed[0], "subscribe");
    let mut redis = Redis::connect(&server);
    let heard = json!(["change_batch_quantity", 1]);
    until(|| redis.ask(&["PUBSUB", "NUMSUB", "change_batch_quantity"]) == heard);
    let message = json!({"batchref": "earlier", "qty": 5}).to_string();
    redis.ask(&["PUBLISH", "change_batch_quantity", &message]);
    // That it was allocated in the first place may be told before.
    let told = loop {
        let message = subscriber.hear();
        let told: Value = serde_json::from_str(message[2].as_str().unwrap()).unwrap();
        if told["batchref"] != "earlier" {
            break told;
        }
    };
    let moved = json!({"orderid": "o-1", "sku": "TABLE", "qty": 10, "batchref": "later"});
    assert_eq!(told, moved);
    assert!(service.stop().success());
    assert_eq!(place.audit()["ok"], true);
}

#[test]
fn out_of_stock_is_told_by_mail() {
    let mail = SmtpSink::start();
    let place = Place::new();
    let service = place.serve(&["--smtp", &mail.url()]);
    add_batch(&service, "b-1", "POPULAR-CURTAINS", 9, None);
    assert_eq!(allocate(&service, "o-1", "POPULAR-CURTAINS", 10).0, 202);
    let sent = &mail.wait_for(1)[0];
    assert_eq!(sent.from, "allocations@example.com");
    assert_eq!(sent.to, ["stock@made.com"]);
    let body = sent.body();
    assert!(body.contains("Out of stock for POPULAR-CURTAINS"), "{body}");
    assert!(service.stop().success());
}
