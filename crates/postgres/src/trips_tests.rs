//! A group costs a handful of round trips, however many lines and products it has; and of a round trip it is told what
//! failed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use landfall_service::Request;
use landfall_service::engine::{self, Limits};
use landfall_service::keys::Keys;
use landfall_service::store::{Changes, Loaded, Store, StoreError};
use landfall_testkit::commands::{batch, cancel_order, line, order, with_id};
use landfall_testkit::servers::{needed, postgres};
use landfall_testkit::{FixedClock, run};

use crate::error::Fault;
use crate::trip::{Rows, Trip};
use crate::{CommitIds, Options, PgDatabase, PgStore};

/// A store whose round trips are counted.
struct Counted {
    store: PgStore,
    trips: Arc<AtomicU64>,
}

impl Counted {
    fn count(&self) {
        self.trips.store(self.store.trips(), Ordering::SeqCst);
    }
}

impl Store for Counted {
    const NEEDS_IO: bool = true;

    fn partitions(&self) -> u16 {
        self.store.partitions()
    }

    async fn begin(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let loaded = self.store.begin(keys).await;
        self.count();
        loaded
    }

    async fn load(&mut self, keys: &Keys) -> Result<Loaded, StoreError> {
        let loaded = self.store.load(keys).await;
        self.count();
        loaded
    }

    async fn commit(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let committed = self.store.commit(changes).await;
        self.count();
        committed
    }

    async fn roll_back(&mut self) -> Result<(), StoreError> {
        let ended = self.store.roll_back().await;
        self.count();
        ended
    }

    async fn forget(&mut self, _: Timestamp) -> Result<usize, StoreError> {
        Ok(0)
    }
}

/// 500 requests, made of their numbers.
fn group(request: impl Fn(usize) -> Request) -> Vec<Request> {
    (0..500).map(request).collect()
}

#[test]
fn a_group_is_a_handful_of_round_trips_whatever_its_products() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let database = PgDatabase::open(&server.url(), Options::default()).await;
        let database = database.unwrap();
        let trips = Arc::new(AtomicU64::new(0));
        let store = Counted {
            store: database.store(CommitIds::of(1)),
            trips: Arc::clone(&trips),
        };
        let reader = {
            let database = database.clone();
            move || {
                Ok(Counted {
                    store: database.reader(),
                    trips: Arc::default(),
                })
            }
        };
        let clock = FixedClock::new().calendar(0);
        // Nothing stays in memory, so that every group has to load what it needs.
        let limits = Limits {
            cached_products: 0,
            ..Limits::default()
        };
        let (bus, running) = engine::start(store, reader, clock, limits).unwrap();
        let sku = |number: usize| format!("SKU-{}", number % 250);
        let groups = [
            (
                // The connection is made, too.
                "batches",
                3,
                group(|n| batch(&format!("b-{n}"), &sku(n), 1_000).into()),
            ),
            (
                "lines of one product",
                2,
                group(|n| with_id(&format!("k-{n}"), line(&format!("hot-{n}"), "SKU-7", 1))),
            ),
            (
                "lines of many",
                2,
                group(|n| with_id(&format!("l-{n}"), line(&format!("cold-{n}"), &sku(n), 1))),
            ),
            (
                "orders of many",
                2,
                group(|n| {
                    let (one, other) = (sku(n), sku(n * 7 + 1));
                    with_id(
                        &format!("o-{n}"),
                        order(&format!("o-{n}"), &[(&one, 1), (&other, 2)]),
                    )
                }),
            ),
            (
                "orders cancelled",
                4,
                group(|n| cancel_order(&format!("o-{n}")).into()),
            ),
        ];
        for (what, most, group) in groups {
            let before = trips.load(Ordering::SeqCst);
            for answer in bus.handle_all(group).await {
                answer.unwrap_or_else(|failure| panic!("{what}: {failure}"));
            }
            let trips = trips.load(Ordering::SeqCst) - before;
            assert!(trips <= most, "{what}: {trips} round trips");
        }
        drop(bus);
        running.join();
    });
}

#[test]
fn what_need_not_succeed_fails_alone() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let database = PgDatabase::open(&server.url(), Options::default()).await;
        let mut store = database.unwrap().store(CommitIds::of(1));
        let link = store.connect().await.unwrap();
        let mut trip = Trip::new(link);
        trip.attempt((), "DISCARD NOTHING");
        trip.plain((), "BEGIN");
        let answers = trip.go().await;
        assert_eq!(answers.len(), 2);
        assert!(answers.iter().all(|((), rows)| rows.is_ok()), "{answers:?}");
        // But the end of the connection is told: nobody knows what became of the rest.
        let mut trip = Trip::new(link);
        trip.attempt((), "SELECT pg_terminate_backend(pg_backend_pid())");
        trip.plain((), "ROLLBACK");
        let answers = trip.go().await;
        let ended = |rows: &Rows| rows.as_ref().is_err_and(Fault::ends_link);
        assert!(answers.iter().all(|((), rows)| ended(rows)), "{answers:?}");
    });
}
