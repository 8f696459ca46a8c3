//! The desk follows what is done over HTTP, survives the service, and is made again.

use serde_json::Value;

use crate::support::{Place, Service, until};

/// A metric without labels.
fn metric(service: &Service, name: &str) -> Option<u64> {
    let text = service.get("/metrics").body;
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Waits until the desk has taken in this many events, and all that there are.
fn caught_up(service: &Service, events: u64) {
    until(|| {
        let behind = metric(service, "landfall_desk_lag_events");
        let taken_in = metric(service, "landfall_desk_events_total");
        behind == Some(0) && taken_in.is_some_and(|taken_in| taken_in >= events)
    });
}

fn numbers(audit: &Value) -> (Option<bool>, Option<u64>, Option<u64>) {
    (
        audit["ok"].as_bool(),
        audit["worklist_rows"].as_u64(),
        audit["desk_behind"].as_u64(),
    )
}

#[test]
fn the_desk_follows_the_service() {
    let place = Place::new();
    let service = place.serve(&[]);
    let batch = r#"{"reference": "b1", "sku": "LAMP", "quantity": 3, "eta": "2030-01-01"}"#;
    assert_eq!(service.post("/v1/batches", batch).status, 201);
    for (order, units) in [("o1", 2), ("o2", 2)] {
        let line = format!(r#"{{"order_id": "{order}", "sku": "LAMP", "quantity": {units}}}"#);
        assert_eq!(service.post("/v1/allocations", &line).status, 201);
    }
    let later = r#"{"eta": "2030-02-01"}"#;
    assert_eq!(service.post("/v1/batches/b1/eta", later).status, 200);
    caught_up(&service, 5);
    let late = r#"landfall_worklist_lines{kind="late"}"#;
    until(|| metric(&service, late) == Some(1));
    assert!(service.stop().success());
    assert_eq!(numbers(&place.audit()), (Some(true), Some(2), Some(0)));

    // What is done now follows what is there.
    let service = place.serve(&[]);
    assert_eq!(service.post("/v1/orders/o2/cancel", "{}").status, 200);
    caught_up(&service, 1);
    assert!(service.stop().success());
    assert_eq!(numbers(&place.audit()), (Some(true), Some(1), Some(0)));

    let rebuilt = place.run(["views", "rebuild", "--json"]).ended(0);
    assert_eq!(rebuilt.json()["worklist"], 1);
    assert_eq!(numbers(&place.audit()), (Some(true), Some(1), Some(0)));
}
