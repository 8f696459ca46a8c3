//! What two readers of the same bytes could read as different requests, and what is too much.
//!
//! A proxy before the service may count a body one way and the service another; then what the one takes for a body
//! is a request to the other. So what can be read in two ways is refused, or is the last thing on its connection.

use landfall_http::Limits;

use crate::limits::{Client, serve};

/// What a client that says these bytes, and nothing more, hears until the connection ends.
async fn say(bytes: &str) -> String {
    let server = serve(Limits::default()).await;
    let mut client = Client::connect(&server).await;
    client.say(bytes).await;
    let heard = client.hear_out().await;
    let orders = server.api.get("/v1/orders").await.json();
    assert_eq!(
        orders["items"].as_array().map(Vec::len),
        Some(0),
        "{bytes:?} placed an order: {heard}"
    );
    heard
}

/// The answer is a refusal, and the connection is at its end: `say` waits for that.
async fn is_refused(bytes: &str) {
    let heard = say(bytes).await;
    assert_eq!(heard.matches("HTTP/1.1 ").count(), 1, "{bytes:?}: {heard}");
    assert!(heard.starts_with("HTTP/1.1 4"), "{bytes:?}: {heard}");
}

#[tokio::test]
async fn a_body_has_one_length() {
    for lengths in [
        "content-length: 0\r\ncontent-length: 5",
        "content-length: 5\r\ncontent-length: 50",
        "content-length: 5, 5",
        "content-length: +5",
        "content-length: -5",
        "content-length: 0x5",
        "content-length: 5 5",
        "content-length: ",
        "content-length: 99999999999999999999999",
    ] {
        is_refused(&format!(
            "POST /v1/orders/o/cancel HTTP/1.1\r\nhost: localhost\r\n{lengths}\r\n\r\nhello"
        ))
        .await;
    }
}

#[tokio::test]
async fn a_chunked_body_is_that_and_nothing_else() {
    for coding in [
        "transfer-encoding: identity",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "transfer-encoding : chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
    ] {
        is_refused(&format!(
            "POST /v1/orders/o/cancel HTTP/1.1\r\nhost: localhost\r\n{coding}\r\n\r\n0\r\n\r\n"
        ))
        .await;
    }
    // HTTP/1.0 knows none.
    is_refused(
        "POST /v1/orders/o/cancel HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    )
    .await;
}

/// With both, the chunks count (RFC 9112, 6.3), and nothing after them is read: `say` hears the end.
#[tokio::test]
async fn what_follows_a_body_of_two_lengths_is_not_read() {
    let order = r#"{"order_id":"o-1","lines":[{"sku":"S","quantity":1}]}"#;
    let hidden = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{order}",
        order.len()
    );
    for lengths in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
    ] {
        let heard = say(&format!(
            "POST /v1/orders/o/cancel HTTP/1.1\r\nhost: localhost\r\n{lengths}\r\n\r\n0\r\n\r\n{hidden}"
        ))
        .await;
        assert_eq!(heard.matches("HTTP/1.1 ").count(), 1, "{heard}");
        assert!(
            heard.to_ascii_lowercase().contains("connection: close"),
            "{heard}"
        );
    }
}

#[tokio::test]
async fn a_head_is_read_strictly() {
    for head in [
        "GET /v1/orders HTTP/1.1\r\nhost: localhost\r\n folded: line\r\n\r\n",
        "GET /v1/orders HTTP/1.1\r\nhost : localhost\r\n\r\n",
        "GET /v1/orders HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\nhost: other\r\n\r\n",
        "GET /v1/orders HTTP/1.1\r\nhost: localhost\r\nx\u{0}y: z\r\n\r\n",
        "GET /v1/orders HTTP/1.1\r\nhost: localhost\r\nx: a\rb\r\n\r\n",
        "GET /v1/orders HTTP/1.1\r\n: nameless\r\n\r\n",
        "GET  /v1/orders HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "GET /v1/orders HTTP/3.0\r\nhost: localhost\r\n\r\n",
    ] {
        is_refused(head).await;
    }
}

#[tokio::test]
async fn a_head_has_bounds() {
    let many: Vec<String> = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let many = many.concat();
    let long = format!("x: {}\r\n", "y".repeat(200 << 10));
    let address = format!("/v1/orders?order_id={}", "o".repeat(100 << 10));
    for request in [
        format!("GET /v1/orders HTTP/1.1\r\nhost: localhost\r\n{many}\r\n"),
        format!("GET /v1/orders HTTP/1.1\r\nhost: localhost\r\n{long}\r\n"),
        format!("GET {address} HTTP/1.1\r\nhost: localhost\r\n\r\n"),
    ] {
        let heard = say(&request).await;
        // The client may be cut off while it is still writing.
        assert!(
            heard.is_empty()
                || heard.starts_with("HTTP/1.1 431")
                || heard.starts_with("HTTP/1.1 414"),
            "{}…: {heard}",
            &request[..60]
        );
    }
}
