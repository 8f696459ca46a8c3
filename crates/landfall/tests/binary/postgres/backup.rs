//! A database is dumped beside a running service and restored elsewhere: it adds up, gives the same answers, and
//! goes on where the copy was made.

use landfall_testkit::servers::{PostgresServer, needed};
use serde_json::json;

use super::Shop;
use crate::support::{BATCHES, Service};

/// Takes three orders, one of which waits and one of which is cancelled.
fn trade(service: &Service) {
    for (order, quantity) in [("o1", 6), ("o2", 7), ("o3", 4)] {
        let lines = [
            json!({"sku": "TABLE", "quantity": quantity}),
            json!({"sku": "LAMP", "quantity": 2}),
        ];
        let body = json!({"id": format!("k-{order}"), "order_id": order, "lines": lines});
        let answer = service.post("/v1/orders", &body.to_string());
        assert_eq!(answer.status, 201, "{answer:?}");
    }
    let cancelled = service.post("/v1/orders/o2/cancel", r#"{"id": "c-o2"}"#);
    assert_eq!(cancelled.status, 200, "{cancelled:?}");
}

/// What a service says of everything, and again of what it was told before.
fn answers(service: &Service) -> Vec<(u16, String)> {
    let read = [
        "/v1/orders/o1",
        "/v1/orders/o2",
        "/v1/batches",
        "/v1/products",
        "/v1/backorders",
        "/v1/events",
    ];
    let mut answers: Vec<_> = read.iter().map(|path| service.get(path)).collect();
    let repeated = r#"{"id": "c-o2"}"#;
    answers.push(service.post("/v1/orders/o2/cancel", repeated));
    answers.push(service.get("/v1/events"));
    answers
        .into_iter()
        .map(|answer| (answer.status, answer.body))
        .collect()
}

#[test]
fn a_dump_restored_is_the_database_that_it_was() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    let (database, copy) = (server.new_database(), server.new_database());
    let shop = Shop::on(database.url(), "");
    shop.place.write("batches.csv", BATCHES);
    shop.run(&["import", "batches", "batches.csv"]).ended(0);
    let service = shop.serve("one");
    trade(&service);
    let before = answers(&service);
    let dump = shop.place.path("stock.dump");
    let dump = dump.to_str().unwrap();
    server.run(
        "pg_dump",
        &["--format=custom", "--file", dump, database.name()],
    );
    // What comes after the dump is not in it.
    let late = json!({"order_id": "late", "sku": "LAMP", "quantity": 1});
    assert_eq!(
        service.post("/v1/allocations", &late.to_string()).status,
        201
    );
    server.run(
        "pg_restore",
        &["--exit-on-error", "--dbname", copy.name(), dump],
    );

    let restored = Shop::on(copy.url(), "");
    let audit = restored.adds_up();
    assert_eq!(audit["lines"], 6);
    let other = restored.serve("two");
    assert_eq!(answers(&other), before);
    // The log goes on where the copy ends.
    assert_eq!(other.get("/v1/orders/late").status, 404);
    assert_eq!(other.post("/v1/allocations", &late.to_string()).status, 201);
    assert!(other.stop().success());
    assert!(service.stop().success());
    assert_eq!(restored.adds_up()["lines"], 7);
    assert_eq!(shop.adds_up()["lines"], 7);
}
