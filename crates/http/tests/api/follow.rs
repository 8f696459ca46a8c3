//! Streams of events.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use landfall_http::Limits;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::{Api, api, api_with, soon};

/// An event as it came.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: String,
    kind: String,
    data: Value,
}

/// A stream that is read.
struct Stream {
    body: Body,
    text: String,
    /// Comments so far.
    heartbeats: usize,
}

fn request(path: &str, last: Option<&str>) -> Request<Body> {
    let mut request = Request::get(path);
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    request.body(Body::empty()).unwrap()
}

impl Stream {
    async fn open(api: &Api, path: &str, last: Option<&str>) -> Self {
        let response = soon(api.router.clone().oneshot(request(path, last))).await;
        let response = response.unwrap();
        assert_eq!(response.status(), 200);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        let mut stream = Self {
            body: response.into_body(),
            text: String::new(),
            heartbeats: 0,
        };
        // The greeting is there at once.
        assert_eq!(stream.block().await.as_deref(), Some("retry: 2000"));
        stream
    }

    /// What stands between two empty lines; none at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let frame = soon(self.body.frame()).await?;
            let data = frame.unwrap().into_data().unwrap();
            self.text.push_str(std::str::from_utf8(&data).unwrap());
        }
    }

    /// The next event; none at the end.
    async fn event(&mut self) -> Option<Event> {
        loop {
            let block = self.block().await?;
            if block.starts_with(':') {
                self.heartbeats += 1;
                continue;
            }
            let lines: Vec<(&str, &str)> = block
                .lines()
                .map(|line| line.split_once(": ").unwrap())
                .collect();
            let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, ["id", "event", "data"]);
            return Some(Event {
                id: lines[0].1.into(),
                kind: lines[1].1.into(),
                data: serde_json::from_str(lines[2].1).unwrap(),
            });
        }
    }

    async fn events(&mut self, count: usize) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..count {
            events.push(self.event().await.unwrap());
        }
        events
    }
}

#[tokio::test]
async fn what_happens_is_told_as_it_happens() {
    let api = api();
    api.stock("b-0", "SOFA", 5).await;
    let mut stream = Stream::open(&api, "/v1/events/stream", None).await;
    api.stock("b-1", "SOFA", 5).await;
    api.line("o-1", "SOFA", 2).await;
    let events = stream.events(2).await;
    let log = api.see("/v1/events").await;
    assert_eq!(events[0].data, log["events"][1], "the event itself");
    assert_eq!(events[1].data, log["events"][2]);
    assert_eq!(
        (&*events[0].kind, &*events[1].kind),
        ("BatchCreated", "Allocated")
    );
    assert_eq!(events[1].id, log["cursor"], "its id is the log's cursor");
}

#[tokio::test]
async fn a_reader_that_was_cut_off_misses_nothing() {
    let api = api();
    for at in 0..250 {
        api.stock(&format!("b-{at}"), "SOFA", 5).await;
    }
    let path = "/v1/events/stream?from=beginning";
    let mut stream = Stream::open(&api, path, Some("")).await;
    let events = stream.events(130).await;
    drop(stream);
    api.stock("b-250", "SOFA", 5).await;
    let mut stream = Stream::open(&api, path, Some(&events[129].id)).await;
    let rest = stream.events(121).await;
    let offsets = events
        .iter()
        .chain(&rest)
        .map(|event| event.data["offset"].as_u64());
    assert!(offsets.eq((1..=251).map(Some)));
    // A cursor of a page is as good; what was received last is newer than where it began.
    let page = api.see("/v1/events?limit=7").await;
    let path = format!(
        "/v1/events/stream?after={}",
        page["cursor"].as_str().unwrap()
    );
    let mut stream = Stream::open(&api, &path, None).await;
    assert_eq!(stream.event().await.unwrap().data["offset"], 8);
    let mut stream = Stream::open(&api, &path, Some(&events[99].id)).await;
    assert_eq!(stream.event().await.unwrap().data["offset"], 101);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_told() {
    let api = api();
    let send = |path: &'static str, last| api.send(request(path, last));
    let stream = "/v1/events/stream";
    send(stream, Some("0-1")).await.ill_formed("Last-Event-ID");
    send("/v1/events/stream?after=x", None)
        .await
        .ill_formed("after");
    send("/v1/events/stream?from=then", None)
        .await
        .ill_formed("from");
    send("/v1/events/stream?limit=1", None)
        .await
        .ill_formed("limit");
}

#[tokio::test]
async fn silence_is_broken_by_signs_of_life() {
    let limits = Limits {
        heartbeat: Duration::from_millis(20),
        ..Limits::default()
    };
    let api = api_with(&limits);
    let mut stream = Stream::open(&api, "/v1/events/stream", None).await;
    assert_eq!(stream.block().await.as_deref(), Some(":"));
    assert_eq!(stream.block().await.as_deref(), Some(":"));
    api.stock("b-1", "SOFA", 5).await;
    assert_eq!(stream.event().await.unwrap().kind, "BatchCreated");
}

#[tokio::test]
async fn there_are_so_many_streams_and_no_more() {
    let limits = Limits {
        followers: 1,
        ..Limits::default()
    };
    let api = api_with(&limits);
    let stream = Stream::open(&api, "/v1/events/stream", None).await;
    api.get("/v1/events/stream").await.problem(503, "busy");
    drop(stream);
    Stream::open(&api, "/v1/events/stream", None).await;
}

#[tokio::test]
async fn streams_end_when_the_service_stops() {
    let api = api();
    let mut waiting = Stream::open(&api, "/v1/events/stream", None).await;
    api.stock("b-1", "SOFA", 5).await;
    waiting.event().await.unwrap();
    api.stopping.cancel();
    assert_eq!(waiting.event().await, None);
}
