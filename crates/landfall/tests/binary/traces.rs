//! Traces: what a collector receives of a request and of its commit.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use crate::support::{Place, Service, line, plenty};

/// A collector: it takes what is posted to it, and keeps the spans.
#[derive(Clone, Default)]
pub(crate) struct Collector {
    spans: Arc<Mutex<Vec<Span>>>,
    services: Arc<Mutex<Vec<String>>>,
}

impl Collector {
    /// Listens on a free port; the thread ends with the process.
    pub(crate) fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let collector = Self::default();
        let own = collector.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let own = own.clone();
                std::thread::spawn(move || while own.take(&stream).is_some() {});
            }
        });
        (collector, url)
    }

    /// One request on a connection; `None`: there is none any more.
    fn take(&self, mut stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        let head = head.to_ascii_lowercase();
        assert!(
            head.contains("content-type: application/x-protobuf"),
            "{head}"
        );
        let length = head.split("content-length: ").nth(1).unwrap();
        let length = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let request = ExportTraceServiceRequest::decode(&*body).unwrap();
        for resource in request.resource_spans {
            let attributes = resource.resource.unwrap().attributes;
            let mut services = self.services.lock().unwrap();
            services.extend(
                attributes
                    .iter()
                    .map(|a| format!("{}={:?}", a.key, a.value)),
            );
            let spans = resource.scope_spans.into_iter().flat_map(|s| s.spans);
            self.spans.lock().unwrap().extend(spans);
        }
        let answer =
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).ok()
    }

    pub(crate) fn spans(&self, name: &str) -> Vec<Span> {
        let spans = self.spans.lock().unwrap();
        spans
            .iter()
            .filter(|span| span.name == name)
            .cloned()
            .collect()
    }
}

/// The trace to which a caller's request belongs, and its span.
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits = digits.map(|digit| char::from_digit(digit.into(), 16).unwrap());
    digits.collect()
}

/// Allocates a line, as part of that trace.
pub(crate) fn allocate_in_trace(service: &Service, line: &str) {
    let mut stream = TcpStream::connect(service.address).unwrap();
    let request = format!(
        "POST /v1/allocations HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
         traceparent: 00-{TRACE}-{PARENT}-01\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{line}",
        service.address,
        line.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[test]
fn a_request_and_its_commit_are_traced() {
    let (collector, url) = Collector::start();
    let place = Place::new();
    let service = place.serve(&["--otlp", &url]);
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    allocate_in_trace(&service, &line("o1", "LAMP"));
    // What it still has it sends when it ends.
    assert!(service.stop().success());

    let asked = collector.spans("POST /v1/allocations");
    let [asked] = &*asked else {
        panic!("{asked:#?}");
    };
    assert_eq!(
        (&*hex(&asked.trace_id), &*hex(&asked.parent_span_id)),
        (TRACE, PARENT)
    );
    let attributes = format!("{:?}", asked.attributes);
    for known in [
        "http.response.status_code",
        "201",
        "/v1/allocations",
        "POST",
    ] {
        assert!(attributes.contains(known), "no {known} in {attributes}");
    }
    // Commands of many callers are one group, so it is no child of theirs: it names them.
    let groups = collector.spans("group");
    let group = groups
        .iter()
        .find(|group| group.links.iter().any(|link| link.span_id == asked.span_id))
        .unwrap_or_else(|| panic!("{groups:#?}"));
    assert_eq!(hex(&group.links[0].trace_id), TRACE);
    let commits = collector.spans("commit");
    let commit = commits
        .iter()
        .find(|commit| commit.parent_span_id == group.span_id);
    let commit = commit.unwrap_or_else(|| panic!("{commits:#?}"));
    assert!(commit.end_time_unix_nano >= commit.start_time_unix_nano);
    assert!(group.start_time_unix_nano <= commit.start_time_unix_nano);
    let services = collector.services.lock().unwrap().concat();
    assert!(services.contains("landfall"), "{services}");
}

#[test]
fn only_as_many_requests_are_traced_as_are_asked_for() {
    let (collector, url) = Collector::start();
    let place = Place::new();
    let none = format!("[otlp]\nurl = '{url}'\npercent = 0\n");
    place.write("landfall.toml", none);
    let service = place.serve(&[]);
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    assert!(service.stop().success());
    assert!(collector.spans("POST /v1/batches").is_empty());
}

/// A collector that is not there, or hangs, is no reason to serve nobody.
#[test]
fn without_a_collector_the_service_serves() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new();
    for port in [silent.local_addr().unwrap().port(), 9] {
        let service = place.serve(&["--otlp", &format!("http://127.0.0.1:{port}")]);
        assert_eq!(service.get("/v1/orders").status, 200);
        assert!(service.stop().success());
    }
    let secure = ["serve", "--otlp", "https://u:secret@collector:4318"];
    let refused = place.run(secure).ended(2);
    assert!(
        refused.stderr.contains("must be the http:// URL"),
        "{refused:?}"
    );
    assert!(!refused.stderr.contains("secret"), "{refused:?}");
}
