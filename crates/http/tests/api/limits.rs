//! Over real connections: the bounds of the listening side, and its end.

use std::net::SocketAddr;
use std::time::Duration;

use landfall_http::Limits;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::{Api, api_with, soon};

pub(crate) struct Server {
    pub(crate) api: Api,
    pub(crate) address: SocketAddr,
    task: JoinHandle<std::io::Result<()>>,
}

pub(crate) async fn serve(limits: Limits) -> Server {
    serve_on(api_with(&limits), limits).await
}

/// As [`serve`], of this API.
pub(crate) async fn serve_on(api: Api, limits: Limits) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (router, stopping) = (api.router.clone(), api.stopping.clone());
    let task = tokio::spawn(landfall_http::serve(listener, router, limits, stopping));
    Server { api, address, task }
}

/// A client that says byte by byte what it is told to.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self(BufReader::new(
            TcpStream::connect(server.address).await.unwrap(),
        ))
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
        self.0.flush().await.unwrap();
    }

    pub(crate) async fn hear_line(&mut self) -> String {
        let mut line = String::new();
        soon(self.0.read_line(&mut line)).await.unwrap();
        line.trim_end().to_owned()
    }

    /// Status and headers; afterwards the body follows.
    pub(crate) async fn hear_head(&mut self) -> Vec<String> {
        let mut head = Vec::new();
        loop {
            let line = self.hear_line().await;
            if line.is_empty() {
                return head;
            }
            head.push(line);
        }
    }

    /// One chunk of a body.
    pub(crate) async fn hear_chunk(&mut self) -> String {
        let length = usize::from_str_radix(&self.hear_line().await, 16).unwrap();
        let mut chunk = vec![0; length + 2];
        soon(self.0.read_exact(&mut chunk)).await.unwrap();
        chunk.truncate(length);
        String::from_utf8(chunk).unwrap()
    }

    /// All that comes until the service closes the connection.
    pub(crate) async fn hear_out(&mut self) -> String {
        let mut text = String::new();
        // A reset is an end too.
        let _ = soon(self.0.read_to_string(&mut text)).await;
        text
    }
}

fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn requests_are_answered_with_their_length_on_one_connection() {
    let server = serve(Limits::default()).await;
    let mut client = Client::connect(&server).await;
    for number in 0..3 {
        let batch = json!({"reference": format!("b-{number}"), "sku": "S", "quantity": 1});
        client.say(&post("/v1/batches", &batch.to_string())).await;
        let head = client.hear_head().await;
        assert_eq!(head[0], "HTTP/1.1 201 Created");
        let length = head
            .iter()
            .find_map(|line| line.strip_prefix("content-length: "))
            .unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        client.0.read_exact(&mut body).await.unwrap();
    }
    // Several at once are answered in their order.
    client.say("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\nGET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    let all = client.hear_out().await;
    assert!(
        all.starts_with("HTTP/1.1 200") && all.contains("HTTP/1.1 404"),
        "{all}"
    );
}

#[tokio::test]
async fn a_head_must_come_in_time() {
    let limits = Limits {
        header_timeout: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = serve(limits).await;
    let mut client = Client::connect(&server).await;
    client.say("GET /healthz HTTP/1.1\r\nhost: ").await;
    let said = client.hear_out().await;
    assert!(!said.contains("200 OK"), "{said}");
}

#[tokio::test]
async fn a_head_has_a_most() {
    let server = serve(Limits::default()).await;
    let mut client = Client::connect(&server).await;
    let long = format!(
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n",
        "y".repeat(1_000_000)
    );
    client.say(&long).await;
    let said = client.hear_out().await;
    assert!(said.starts_with("HTTP/1.1 431"), "{said}");
    let mut next = Client::connect(&server).await;
    next.say("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    assert_eq!(next.hear_head().await[0], "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn there_are_only_so_many_connections() {
    let limits = Limits {
        connections: 1,
        ..Limits::default()
    };
    let server = serve(limits).await;
    let mut first = Client::connect(&server).await;
    first
        .say("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    assert_eq!(first.hear_head().await[0], "HTTP/1.1 200 OK");
    // The second is connected by the system, but not served until there is room.
    let mut second = Client::connect(&server).await;
    second
        .say("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    let mut one = [0];
    let early = tokio::time::timeout(Duration::from_millis(100), second.0.read(&mut one)).await;
    assert!(early.is_err(), "it was served beside the first");
    drop(first);
    assert_eq!(second.hear_head().await[0], "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn shutdown_answers_what_was_asked_and_then_ends() {
    // Were an idle connection not closed at once, it would stay for an hour.
    let hour = Duration::from_hours(1);
    let limits = Limits {
        header_timeout: hour,
        drain: hour,
        ..Limits::default()
    };
    let server = serve(limits).await;
    let mut idle = Client::connect(&server).await;
    idle.say("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    assert_eq!(idle.hear_head().await[0], "HTTP/1.1 200 OK");
    server.api.stock("b-1", "SOFA", 5).await;
    server.api.engine.faults.close_gate();
    let mut busy = Client::connect(&server).await;
    let line = json!({"order_id": "o-1", "sku": "SOFA", "quantity": 1}).to_string();
    busy.say(&post("/v1/allocations", &line)).await;
    soon(async {
        while server.api.engine.faults.waiting() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.api.stopping.cancel();
    idle.hear_out().await;
    assert!(!server.task.is_finished(), "a request is under way");
    server.api.engine.faults.open_gate();
    assert_eq!(busy.hear_head().await[0], "HTTP/1.1 201 Created");
    soon(server.task).await.unwrap().unwrap();
    let refused = TcpStream::connect(server.address).await;
    assert!(refused.is_err(), "connections are still accepted");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let limits = Limits {
        drain: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = serve(limits).await;
    server.api.stock("b-1", "SOFA", 5).await;
    server.api.engine.faults.close_gate();
    let mut busy = Client::connect(&server).await;
    let line = json!({"order_id": "o-1", "sku": "SOFA", "quantity": 1}).to_string();
    busy.say(&post("/v1/allocations", &line)).await;
    soon(async {
        while server.api.engine.faults.waiting() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    server.api.stopping.cancel();
    soon(server.task).await.unwrap().unwrap();
    assert_eq!(busy.hear_out().await, "", "its connection is closed");
    server.api.engine.faults.open_gate();
    // All clones of the bus are gone but the test's own: the engine can end, and what it had accepted is
    // committed.
    let Api { engine, router, .. } = server.api;
    drop(router);
    engine.stop();
}

#[tokio::test]
async fn a_stream_is_answered_while_it_is_written() {
    let server = serve(Limits::default()).await;
    server.api.stock("b-1", "SOFA", 100).await;
    let mut client = Client::connect(&server).await;
    client.say("POST /v1/commands HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let head = client.hear_head().await;
    assert_eq!(head[0], "HTTP/1.1 200 OK");
    for order in 0..3 {
        let line = json!({"type": "Allocate", "order_id": format!("o-{order}"), "sku": "SOFA", "quantity": 1});
        let line = format!("{line}\n");
        client.say(&format!("{:x}\r\n{line}\r\n", line.len())).await;
        let result: serde_json::Value = serde_json::from_str(&client.hear_chunk().await).unwrap();
        assert_eq!(
            (&result["index"], &result["status"]),
            (&json!(order), &json!("ok"))
        );
    }
    client.say("0\r\n\r\n").await;
    assert_eq!(client.hear_chunk().await, "");
    // The connection can be used again.
    client
        .say("GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await;
    assert_eq!(client.hear_head().await[0], "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_client_that_asks_whether_to_go_on_is_told_so() {
    let server = serve(Limits::default()).await;
    let mut client = Client::connect(&server).await;
    let line = r#"{"type":"CreateBatch","reference":"b-1","sku":"S","quantity":1}"#;
    client.say(&format!("POST /v1/commands HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n", line.len())).await;
    assert_eq!(client.hear_head().await, ["HTTP/1.1 100 Continue"]);
    client.say(line).await;
    assert_eq!(client.hear_head().await[0], "HTTP/1.1 200 OK");
    assert!(client.hear_chunk().await.contains("\"ok\""));
}

#[tokio::test]
async fn many_lines_pass_through_a_connection() {
    let server = serve(Limits::default()).await;
    server.api.stock("b-1", "SOFA", 100_000).await;
    let client = TcpStream::connect(server.address).await.unwrap();
    let (reading, mut writing) = client.into_split();
    let count = 20_000;
    let write = async move {
        writing.write_all(b"POST /v1/commands HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        for order in 0..count {
            let line = format!(
                "{{\"type\":\"Allocate\",\"order_id\":\"o-{order}\",\"sku\":\"SOFA\",\"quantity\":1}}\n"
            );
            let chunk = format!("{:x}\r\n{line}\r\n", line.len());
            writing.write_all(chunk.as_bytes()).await.unwrap();
        }
        writing.write_all(b"0\r\n\r\n").await.unwrap();
        writing
    };
    let read = async {
        let mut lines = BufReader::new(reading).lines();
        let mut results = 0;
        while let Some(line) = lines.next_line().await.unwrap() {
            results += line.matches("\"status\":\"ok\"").count();
        }
        results
    };
    let (_writing, results) = soon(async { tokio::join!(write, read) }).await;
    assert_eq!(results, count);
    assert_eq!(server.api.see("/v1/batches/b-1").await["allocated"], count);
}

#[tokio::test]
async fn a_client_that_writes_too_much_hears_why() {
    let server = serve(Limits::default()).await;
    for (path, length) in [
        ("/v1/batches", "content-length: 20000000"),
        ("/v1/commands?dry_run=true", "transfer-encoding: chunked"),
    ] {
        let mut client = Client::connect(&server).await;
        let chunked = length.starts_with("transfer");
        let content_type = if chunked {
            "application/x-ndjson"
        } else {
            "application/json"
        };
        client.say(&format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: {content_type}\r\n{length}\r\n\r\n")).await;
        let piece = " ".repeat(100_000);
        for _ in 0..if chunked { 400 } else { 200 } {
            if chunked {
                client
                    .say(&format!("{:x}\r\n{piece}\r\n", piece.len()))
                    .await;
            } else {
                client.say(&piece).await;
            }
        }
        if chunked {
            client.say("0\r\n\r\n").await;
        }
        assert_eq!(
            client.hear_head().await[0],
            "HTTP/1.1 413 Payload Too Large",
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_client_that_asks_before_it_writes_too_much_is_told_at_once() {
    let server = serve(Limits::default()).await;
    let mut client = Client::connect(&server).await;
    client.say("POST /v1/batches HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-type: application/json\r\ncontent-length: 20000000\r\n\r\n").await;
    assert_eq!(
        client.hear_head().await[0],
        "HTTP/1.1 413 Payload Too Large"
    );
}

/// A client that can still hear is told how far it got.
#[tokio::test]
async fn a_stream_that_breaks_off_is_answered_as_far_as_it_was_whole() {
    let server = serve(Limits::default()).await;
    server.api.stock("b-1", "SOFA", 100_000).await;
    let mut client = Client::connect(&server).await;
    client.say("POST /v1/commands HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n").await;
    let line = r#"{"type":"Allocate","order_id":"o-1","sku":"SOFA","quantity":1}"#;
    client
        .say(&format!("ffff\r\n{line}\n{}", &line[..40]))
        .await;
    client.0.get_mut().shutdown().await.unwrap();
    let heard = client.hear_out().await;
    assert_eq!(heard.matches("\"status\":\"ok\"").count(), 1, "{heard}");
    assert_eq!(server.api.see("/v1/batches/b-1").await["allocated"], 1);
}
