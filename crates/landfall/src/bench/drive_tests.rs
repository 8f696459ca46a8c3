//! The driver against servers that work, that leave, and that say too little.

use super::*;
use crate::bench::ceiling::serve_http;
use crate::bench::workload::OrderIds;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn drive(server: SocketAddr, workload: Workload) -> Driven {
    let (warmup, duration) = (Duration::from_millis(20), Duration::from_millis(200));
    let drive = Drive {
        server,
        workload,
        connections: 3,
        warmup,
        duration,
        seed: 1,
    };
    let names = Arc::new(Names::new("t".into(), OrderIds::Random, 1, 5));
    drive.run(&names, &Arc::default()).await.unwrap()
}

/// Starts a server that does `each` with every connection.
async fn server<F: Future<Output = ()> + Send>(
    each: impl Fn(TcpStream) -> F + Send + 'static,
) -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            each(stream).await;
        }
    });
    address
}

#[tokio::test]
async fn what_a_working_server_answers_is_counted() {
    let (listener, address) = listener().await;
    tokio::spawn(serve_http(listener));
    for workload in [Workload::Spread, Workload::Orders] {
        let driven = drive(address, workload).await;
        let tally = driven.tally;
        assert!(tally.errors.is_empty(), "{:?}", tally.errors);
        assert!(tally.measured_requests > 0);
        assert!(tally.measured_lines >= tally.measured_requests);
        assert_eq!(tally.latency.len(), tally.measured_requests);
        assert!(
            tally
                .acknowledged
                .iter()
                .all(|sum| sum.lines > 0 && sum.quantity >= sum.lines)
        );
        assert_eq!(driven.mean_group, None);
    }
}

#[tokio::test]
async fn a_server_that_leaves_acknowledges_nothing() {
    for answer in [
        "",
        "HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{\"status\":\"alloc",
    ] {
        let address = server(async move |mut stream: TcpStream| {
            let mut request = [0; 1000];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        });
        let tally = drive(address.await, Workload::Spread).await.tally;
        let acknowledged: u64 = tally.acknowledged.iter().map(|sum| sum.lines).sum();
        let unknown: u64 = tally.unknown.iter().map(|sum| sum.lines).sum();
        assert_eq!((acknowledged, tally.measured_lines), (0, 0));
        assert!(unknown > 0);
        assert!(
            tally
                .errors
                .contains_key(&Failure::Connection(ClientError::Closed))
        );
    }
}

#[tokio::test]
async fn a_stream_with_too_few_results_fails() {
    let address = server(async |mut stream: TcpStream| {
        // Answers the first command and ends the answer as if that were all.
        let mut request = vec![0; 100_000];
        let _ = stream.read(&mut request).await;
        let line = "{\"index\":0,\"type\":\"Allocate\",\"status\":\"ok\",\"reply\":{}}\n";
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{line}",
            line.len()
        );
        let _ = stream.write_all(answer.as_bytes()).await;
        while stream
            .read(&mut request)
            .await
            .is_ok_and(|length| length > 0)
        {}
    });
    let tally = drive(address.await, Workload::Ndjson).await.tally;
    let acknowledged: u64 = tally.acknowledged.iter().map(|sum| sum.lines).sum();
    assert!((1..=3).contains(&acknowledged), "{acknowledged}");
    assert!(tally.unknown.iter().map(|sum| sum.lines).sum::<u64>() > 0);
    assert!(!tally.errors.is_empty());
}
