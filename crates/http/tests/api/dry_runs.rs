//! What if: commands are run, and nothing is committed.

use landfall_http::Limits;
use serde_json::json;

use crate::questions::shop;
use crate::support::{api, api_with};

fn allocate(order: usize) -> String {
    json!({"type": "Allocate", "order_id": format!("o-{order}"), "sku": "SOFA", "quantity": 1})
        .to_string()
}

#[tokio::test]
async fn a_dry_run_says_what_a_delay_would_break() {
    let api = shop().await;
    for (order, priority) in [("o-1", 5), ("o-2", 9), ("o-3", 5)] {
        let line = json!({
            "order_id": order, "sku": "SOFA", "quantity": 1, "priority": priority,
            "policy": "just_in_time", "requested_date": "2026-06-10"
        });
        assert_eq!(api.post("/v1/allocations", &line).await.status, 201);
    }
    let storm = json!({"type": "ChangeShipmentEta", "reference": "SHP-1", "eta": "2026-06-11"});
    let answer = api.post("/v1/commands?dry_run=true", &storm).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let summary = &answer.json()["summary"];
    assert_eq!(
        summary["text"],
        "MV Aurora +10 days: 3 lines, 1 promise broken; up to 10 days late"
    );
    assert_eq!(summary["promises_kept"], 2);
    let broken = &summary["broken"];
    assert_eq!(broken.as_array().unwrap().len(), 1);
    assert_eq!(
        (&broken[0]["from"], &broken[0]["to"]),
        (&json!("2026-06-01"), &json!("2026-06-11"))
    );
    assert_eq!(
        (&broken[0]["days"], &broken[0]["sku"]),
        (&json!(10), &json!("SOFA"))
    );
    // The same as a stream of one, and of two.
    let line = storm.to_string();
    let lines = api.stream("?dry_run=true", line.clone()).await.lines();
    assert_eq!(lines.last().unwrap()["summary"], *summary);
    let more = json!({"type": "CreateBatch", "reference": "b-9", "sku": "SOFA", "quantity": 9});
    let lines = api
        .stream("?dry_run=true", format!("{line}\n{more}"))
        .await
        .lines();
    let both = &lines.last().unwrap()["summary"];
    assert_eq!(both["text"], "2 commands: 3 lines, no promise broken");
    let nothing = api.stream("?dry_run=true", "").await.lines();
    assert_eq!(nothing[0]["summary"]["text"], "0 commands: nothing changes");
    assert_eq!(api.see("/v1/shipments/SHP-1").await["eta"], "2026-06-01");
}

#[tokio::test]
async fn a_dry_run_tells_events_and_a_summary_and_commits_nothing() {
    let api = api();
    api.stock("b-1", "SOFA", 5).await;
    let lines = [
        allocate(1),
        r#"{"type":"Allocate","order_id":"big","sku":"SOFA","quantity":9}"#.to_owned(),
        r#"{"type":"ChangeBatchQuantity","reference":"b-1","quantity":0}"#.to_owned(),
        r#"{"type":"ChangeBatchQuantity","reference":"none","quantity":0}"#.to_owned(),
        "nonsense".to_owned(),
    ];
    let answer = api.stream("?dry_run=true", lines.join("\n")).await;
    assert_eq!(answer.status, 200);
    let lines = answer.lines();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0]["events"][0]["type"], "Allocated");
    assert_eq!(lines[1]["events"][0]["type"], "Backordered");
    let dropped = lines[2]["events"].as_array().unwrap();
    assert!(
        dropped.iter().any(|event| event["type"] == "Deallocated"),
        "{dropped:?}"
    );
    assert_eq!(
        (&lines[3]["status"], &lines[3]["events"]),
        (&json!("rejected"), &json!([]))
    );
    assert_eq!(
        (&lines[4]["status"], &lines[4]["events"]),
        (&json!("invalid"), &json!([]))
    );
    let summary = &lines[5]["summary"];
    let events: usize = lines[..5]
        .iter()
        .map(|line| line["events"].as_array().unwrap().len())
        .sum();
    assert_eq!(
        summary,
        &json!({
            "text": "5 commands (1 refused, 1 ill-formed): 2 new lines (2 without stock)",
            "commands": 5, "ok": 3, "rejected": 1, "invalid": 1, "events": events,
            "lines_allocated": 1, "lines_backordered": 2, "lines_deallocated": 1,
            "promises_changed": 1, "lines_new": 2, "lines_new_waiting": 2,
            "lines_affected": 0, "orders_affected": 0, "units_affected": 0,
            "promises_broken": 0, "orders_broken": 0, "units_broken": 0,
            "promises_kept": 0, "promises_improved": 0, "lines_lost": 0,
            "orders_improved": 0,
            "days_late": {"total": 0, "max": 0}, "days_early": {"total": 0, "max": 0},
            "broken": [], "broken_left_out": 0, "improved": [], "improved_left_out": 0,
            "orders": [], "orders_left_out": 0,
        })
    );
    assert_eq!(api.see("/v1/batches/b-1").await["purchased"], 5);
    assert_eq!(api.see("/v1/batches/b-1").await["allocated"], 0);
}

#[tokio::test]
async fn a_dry_run_has_a_most() {
    let limits = Limits {
        dry_run_commands: 3,
        dry_run_bytes: 1_000,
        ..Limits::default()
    };
    let api = api_with(&limits);
    api.stock("b-1", "SOFA", 5).await;
    let lines = |count: usize| (0..count).map(allocate).collect::<Vec<_>>().join("\n");
    assert_eq!(api.stream("?dry_run=true", lines(3)).await.lines().len(), 4);
    api.stream("?dry_run=true", lines(4))
        .await
        .problem(413, "too-large");
    api.stream("?dry_run=true", "\n".repeat(1_001))
        .await
        .problem(413, "too-large");
    assert_eq!(
        api.stream("?dry_run=true", "").await.lines()[0]["summary"]["commands"],
        0
    );
}

#[tokio::test]
async fn a_dry_run_of_many_is_told_whole() {
    let api = api();
    api.stock("b-1", "SOFA", 5_000).await;
    let lines = (0..1_000).map(allocate).collect::<Vec<_>>().join("\n");
    let lines = api.stream("?dry_run=true", lines).await.lines();
    assert_eq!(lines.len(), 1_001);
    assert_eq!(lines[999]["index"], 999);
    assert_eq!(lines[1_000]["summary"]["lines_allocated"], 1_000);
}
