//! Streams of commands.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt as _;
use landfall_http::Limits;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use crate::support::{Api, api, api_with, post, soon};

fn allocate(order: usize) -> String {
    json!({"type": "Allocate", "order_id": format!("o-{order}"), "sku": "SOFA", "quantity": 1})
        .to_string()
}

/// A body that is written while its answer is read.
fn written() -> (mpsc::UnboundedSender<io::Result<Bytes>>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let next = |mut receiver: mpsc::UnboundedReceiver<_>| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    };
    (sender, Body::from_stream(stream::unfold(receiver, next)))
}

/// The lines of an answer as they come.
struct Incoming {
    body: Body,
    text: String,
}

impl Incoming {
    async fn open(api: &Api, body: Body) -> Self {
        let request = post("/v1/commands", "application/x-ndjson", body);
        let response = soon(api.router.clone().oneshot(request)).await.unwrap();
        assert_eq!(response.status(), 200);
        Self {
            body: response.into_body(),
            text: String::new(),
        }
    }

    /// The next line; none at the end.
    async fn line(&mut self) -> Option<Value> {
        loop {
            if let Some((line, rest)) = self.text.split_once('\n') {
                let value = serde_json::from_str(line).unwrap();
                self.text = rest.to_string();
                return Some(value);
            }
            let frame = soon(self.body.frame()).await?;
            let data = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }
}

#[tokio::test]
async fn every_command_has_its_line_in_order() {
    let api = api();
    let lines = [
        r#"{"type":"CreateBatch","reference":"b-1","sku":"SOFA","quantity":10}"#,
        "",
        r#"{"type":"Allocate","order_id":"o-1","sku":"SOFA","quantity":3}"#,
        r#"{"type":"Allocate","order_id":"o-2","sku":"NONE","quantity":3}"#,
        r#"{"type":"Allocate","order_id":"o-3","sku":"SOFA"}"#,
        r#"{"type":"Teleport"}"#,
        "nonsense",
        "   ",
        r#"{"type":"Allocate","order_id":"o-1","sku":"SOFA","quantity":3}"#,
        r#"{"type":"ChangeBatchQuantity","reference":"b-1","quantity":2}"#,
    ];
    let answer = api.stream("", lines.join("\r\n")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines = answer.lines();
    let short: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                line["index"].clone(),
                line["type"].clone(),
                line["status"].clone(),
            )
        })
        .map(|(index, kind, status)| format!("{index} {kind} {status}").replace('"', ""))
        .collect();
    assert_eq!(
        short,
        [
            "0 CreateBatch ok",
            "1 Allocate ok",
            "2 Allocate rejected",
            "3 Allocate invalid",
            "4 Teleport invalid",
            "5 null invalid",
            "6 Allocate ok",
            "7 ChangeBatchQuantity ok",
        ]
    );
    assert_eq!(lines[0]["reply"]["reference"], "b-1");
    assert_eq!(lines[0]["created"], true);
    assert_eq!(lines[1]["reply"]["allocations"][0]["batch"], "b-1");
    assert_eq!(lines[6]["created"], false);
    assert_eq!(
        lines[2]["problem"]["type"],
        "urn:landfall:problem:unknown-sku"
    );
    assert_eq!(lines[2]["reply"], Value::Null);
    assert_eq!(lines[3]["problem"]["errors"][0]["field"], "quantity");
    assert_eq!(lines[4]["problem"]["status"], 400);
    assert_eq!(lines[7]["reply"]["purchased"], 2);
}

#[tokio::test]
async fn a_long_stream_is_carried_out_in_order() {
    let api = api();
    let mut text =
        String::from(r#"{"type":"CreateBatch","reference":"b-1","sku":"SOFA","quantity":10000}"#);
    for order in 0..5_000 {
        text.push('\n');
        text.push_str(&allocate(order));
    }
    let pieces: Vec<io::Result<Bytes>> = text
        .as_bytes()
        .chunks(777)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let answer = api
        .stream("", Body::from_stream(stream::iter(pieces)))
        .await;
    let lines = answer.lines();
    assert_eq!(lines.len(), 5_001);
    for (index, line) in lines.iter().enumerate() {
        assert_eq!(line["index"], index);
        assert_eq!(line["status"], "ok");
    }
    assert_eq!(lines[5_000]["reply"]["order_id"], "o-4999");
    assert_eq!(api.see("/v1/batches/b-1").await["allocated"], 5_000);
    api.engine.audit().await;
}

#[tokio::test]
async fn an_answer_comes_before_the_next_line_is_sent() {
    let api = api();
    api.stock("b-1", "SOFA", 10).await;
    let (sender, body) = written();
    let mut incoming = Incoming::open(&api, body).await;
    for order in 0..5 {
        sender
            .send(Ok(format!("{}\n", allocate(order)).into()))
            .unwrap();
        let line = incoming.line().await.unwrap();
        assert_eq!(
            (&line["index"], &line["status"]),
            (&json!(order), &json!("ok"))
        );
    }
    // The last line needs no end.
    sender.send(Ok(allocate(5).into())).unwrap();
    drop(sender);
    assert_eq!(incoming.line().await.unwrap()["index"], 5);
    assert_eq!(incoming.line().await, None);
}

#[tokio::test]
async fn what_is_no_text_or_too_long_is_told_and_the_stream_goes_on() {
    let limits = Limits {
        line: 100,
        ..Limits::default()
    };
    let api = api_with(&limits);
    api.stock("b-1", "SOFA", 10).await;
    let mut bytes = b"{\"type\":\"Allo\xff\xfe\"}\n".to_vec();
    bytes.extend(vec![b'x'; 1_000]);
    bytes.push(b'\n');
    bytes.extend(allocate(1).bytes());
    let pieces: Vec<io::Result<Bytes>> = bytes
        .chunks(7)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let lines = api
        .stream("", Body::from_stream(stream::iter(pieces)))
        .await
        .lines();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["status"], "invalid");
    assert!(
        lines[0]["problem"]["detail"]
            .as_str()
            .unwrap()
            .contains("UTF-8")
    );
    assert_eq!(lines[1]["status"], "invalid");
    assert_eq!(
        lines[1]["problem"]["type"],
        "urn:landfall:problem:too-large"
    );
    assert_eq!(lines[2]["status"], "ok");
}

#[tokio::test]
async fn a_line_that_is_cut_off_is_not_carried_out() {
    let api = api();
    api.stock("b-1", "SOFA", 10).await;
    let (sender, body) = written();
    let mut incoming = Incoming::open(&api, body).await;
    sender
        .send(Ok(format!("{}\n{}", allocate(1), allocate(2)).into()))
        .unwrap();
    sender
        .send(Err(io::Error::other("the line went dead")))
        .unwrap();
    assert_eq!(incoming.line().await.unwrap()["status"], "ok");
    assert_eq!(incoming.line().await, None);
    api.get("/v1/orders/o-2")
        .await
        .problem(404, "unknown-order");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_not_read_from() {
    let api = api();
    api.stock("b-1", "SOFA", 1_000_000).await;
    let (sender, body) = written();
    let incoming = Incoming::open(&api, body).await;
    for order in 0..20_000 {
        sender
            .send(Ok(format!("{}\n", allocate(order)).into()))
            .unwrap();
    }
    // Nobody polls the answer: no more may be read than there is room for results.
    let mut before = None;
    loop {
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let now = api.see("/v1/batches/b-1").await["allocated"].as_u64();
        if now == before && now > Some(0) {
            break;
        }
        before = now;
    }
    assert!(before < Some(4_000), "{before:?}");
    drop(incoming);
}

#[tokio::test]
async fn what_a_client_has_sent_is_carried_out_when_it_has_gone() {
    let api = api();
    api.stock("b-1", "SOFA", 1_000_000).await;
    let (sender, body) = written();
    let incoming = Incoming::open(&api, body).await;
    let lines: Vec<_> = (0..5_000).map(allocate).collect();
    sender.send(Ok(lines.join("\n").into())).unwrap();
    sender.send(Ok("\n{\"type\":".into())).unwrap();
    sender
        .send(Err(io::Error::other("the line went dead")))
        .unwrap();
    drop(incoming);
    soon(async {
        while api.see("/v1/batches/b-1").await["allocated"] != 5_000 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn several_pieces_are_under_way_in_order() {
    let api = api();
    api.stock("b-1", "SOFA", 10_000).await;
    api.engine.faults.close_gate();
    let (sender, body) = written();
    let mut incoming = Incoming::open(&api, body).await;
    for order in 0..3_000 {
        sender
            .send(Ok(format!("{}\n", allocate(order)).into()))
            .unwrap();
    }
    drop(sender);
    let reading = async {
        let mut count = 0;
        while let Some(line) = incoming.line().await {
            assert_eq!(line["index"], count);
            assert_eq!(line["reply"]["order_id"], format!("o-{count}"));
            count += 1;
        }
        count
    };
    tokio::pin!(reading);
    soon(async {
        // While the first commit waits more pieces gather in the queue.
        while api.engine.bus.waiting().0 < 2 {
            tokio::select! {
                biased;
                _ = &mut reading => panic!("answered before the commit"),
                () = tokio::task::yield_now() => {}
            }
        }
    })
    .await;
    api.engine.faults.open_gate();
    assert_eq!(reading.await, 3_000);
}

#[tokio::test]
async fn a_stream_ends_with_a_word_when_the_service_stops() {
    let api = api();
    api.stock("b-1", "SOFA", 10).await;
    let (sender, body) = written();
    let mut incoming = Incoming::open(&api, body).await;
    sender
        .send(Ok(format!("{}\n", allocate(0)).into()))
        .unwrap();
    assert_eq!(incoming.line().await.unwrap()["status"], "ok");
    api.stopping.cancel();
    let last = incoming.line().await.unwrap();
    assert_eq!(
        (&last["index"], &last["status"]),
        (&json!(1), &json!("rejected"))
    );
    assert_eq!(last["problem"]["type"], "urn:landfall:problem:stopping");
    assert_eq!(incoming.line().await, None);
    drop(sender);
    api.get("/readyz").await.problem(503, "stopping");
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_ended() {
    let limits = Limits {
        stream_silence: std::time::Duration::from_millis(20),
        ..Limits::default()
    };
    let api = api_with(&limits);
    let (sender, body) = written();
    let mut incoming = Incoming::open(&api, body).await;
    sender.send(Ok("\n\n".into())).unwrap();
    let last = incoming.line().await.unwrap();
    assert_eq!(last["problem"]["type"], "urn:landfall:problem:timeout");
    assert_eq!(incoming.line().await, None);
    drop(sender);
}

#[tokio::test]
async fn there_are_only_so_many_streams() {
    let limits = Limits {
        streams: 1,
        ..Limits::default()
    };
    let api = api_with(&limits);
    let (sender, body) = written();
    let mut first = Incoming::open(&api, body).await;
    api.stream("", "").await.problem(503, "busy");
    drop(sender);
    assert_eq!(first.line().await, None);
    assert_eq!(api.stream("", "").await.status, 200);
}

#[tokio::test]
async fn a_key_is_for_single_commands() {
    let api = api();
    for path in ["/v1/commands", "/v1/commands?dry_run=true"] {
        let mut request = post(path, "application/x-ndjson", allocate(1));
        request
            .headers_mut()
            .insert("idempotency-key", "k".parse().unwrap());
        api.send(request).await.ill_formed("Idempotency-Key");
    }
    assert_eq!(api.stream("", "").await.body, "");
}
