//! Read models that somebody has damaged are made again beside a running service.

use landfall_testkit::servers::{needed, postgres};
use serde_json::Value;

use super::Shop;
use crate::support::{BATCHES, line};

#[test]
fn damaged_read_models_are_found_and_made_again() {
    let Some(database) = needed(postgres::database()) else {
        return;
    };
    let shop = Shop::on(database.url(), "");
    shop.place.write("batches.csv", BATCHES);
    shop.run(&["import", "batches", "batches.csv"]).ended(0);
    let service = shop.serve("one");
    for order in ["o1", "o2", "o3", "o4"] {
        let placed = service.post("/v1/allocations", &line(order, "LAMP"));
        assert_eq!(placed.status, 201, "{placed:?}");
    }
    let paths = [
        "/v1/orders/o1",
        "/v1/orders/o2",
        "/v1/orders/o3",
        "/v1/products/TABLE/availability",
    ];
    let before = paths.map(|path| service.get(path).body);
    shop.rows(
        "DELETE FROM order_view WHERE order_id = 'o1'; \
         UPDATE order_view SET current = DATE '2020-01-01', quantity = 9 WHERE order_id = 'o2'; \
         UPDATE availability SET units = units + 1; \
         DELETE FROM availability WHERE product = (SELECT number FROM products WHERE sku = 'LAMP')",
    );
    let audit = shop.run(&["audit", "--json"]).ended(1).json();
    assert_eq!(audit["ok"], Value::Bool(false), "{audit}");
    assert_ne!(paths.map(|path| service.get(path).body), before);
    let rebuilt = shop.run(&["views", "rebuild", "--json"]).ended(0).json();
    assert_eq!(rebuilt["order_lines"], 4, "{rebuilt}");
    shop.adds_up();
    assert_eq!(paths.map(|path| service.get(path).body), before);
    // The directory of lines is whole again, and the service goes on.
    assert_eq!(
        service.post("/v1/allocations", &line("o1", "LAMP")).status,
        200
    );
    assert_eq!(
        service.post("/v1/allocations", &line("o5", "LAMP")).status,
        201
    );
    assert!(service.stop().success());
    assert_eq!(shop.adds_up()["lines"], 5);
}
