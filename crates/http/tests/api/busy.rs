//! How many requests may be under way, and who is answered beyond that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use landfall_http::Limits;
use landfall_service::access::{
    AccessError, AccessKey, AccessKeys, Doorkeeper, KeyName, Keyless, Keys, Revocation,
};
use landfall_service::memory::MemoryKeys;
use landfall_testkit::Harness;
use tokio::sync::Notify;

use crate::limits::{Client, serve_on};
use crate::support::{Api, api_of, soon};

/// Waits until so many requests are under way.
async fn under_way(api: &Api, count: usize) {
    let line = format!("landfall_http_requests_under_way {count}\n");
    soon(async {
        while !api.get("/metrics").await.body.contains(&line) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// Keys, of which it is known how often they were looked at.
#[derive(Default)]
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

#[tokio::test]
async fn there_are_only_so_many_requests_and_probes_are_answered_all_the_same() {
    let limits = Limits {
        requests: 1,
        ..Limits::default()
    };
    let keys = Arc::new(Looked::default());
    let door = Doorkeeper::new(Arc::clone(&keys) as Arc<dyn AccessKeys>, Keyless::Open);
    let server = serve_on(
        api_of(Harness::start(), &limits, |app| app.door = door),
        limits,
    )
    .await;
    let mut first = Client::connect(&server).await;
    // Its body does not come: it is under way.
    first.say("POST /v1/batches HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n").await;
    under_way(&server.api, 1).await;
    // Looks come one after the other: when this one is over, so is the first request's.
    server.api.get("/metrics").await;
    let looked = keys.times.load(Ordering::Relaxed);
    for _ in 0..10 {
        server.api.get("/v1/orders").await.problem(503, "busy");
    }
    // Those that find no room are not let as far as the door.
    assert_eq!(keys.times.load(Ordering::Relaxed), looked);
    for probe in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(server.api.get(probe).await.status, 200, "{probe}");
    }
    drop(first);
    under_way(&server.api, 0).await;
    assert_eq!(server.api.get("/v1/orders").await.status, 200);
}

/// However many ask how the service is, nobody else's place is taken by them.
#[tokio::test]
async fn probes_take_nobodys_place() {
    let limits = Limits {
        requests: 1,
        ..Limits::default()
    };
    let slow = Arc::new(Slow::default());
    let door = Doorkeeper::new(Arc::clone(&slow) as Arc<dyn AccessKeys>, Keyless::Open);
    let api = api_of(Harness::start(), &limits, |app| app.door = door);
    // Both wait at the door for the same look at the keys.
    let both = async { tokio::join!(api.get("/metrics"), api.get("/v1/orders")) };
    let open = async {
        slow.asked.notified().await;
        slow.answer.notify_one();
    };
    let ((probe, orders), ()) = soon(async { tokio::join!(both, open) }).await;
    assert_eq!((probe.status.as_u16(), orders.status.as_u16()), (200, 200));
}

/// Keys that answer when they are told to.
#[derive(Default)]
struct Slow {
    asked: Notify,
    answer: Notify,
}

#[async_trait::async_trait]
impl AccessKeys for Slow {
    async fn version(&self) -> Result<u64, AccessError> {
        Ok(0)
    }

    async fn keys(&self) -> Result<Keys, AccessError> {
        self.asked.notify_one();
        self.answer.notified().await;
        MemoryKeys::default().keys().await
    }

    async fn create(&self, _: &AccessKey) -> Result<(), AccessError> {
        Ok(())
    }

    async fn revoke(&self, _: &KeyName, now: Timestamp) -> Result<Revocation, AccessError> {
        Ok(Revocation::Already(now))
    }
}
