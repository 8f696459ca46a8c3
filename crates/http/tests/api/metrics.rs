//! Metrics: what they count, what they are called, and what they cost.

use std::time::Duration;

use landfall_http::Limits;
use serde_json::json;

use crate::support::{api, api_with, post};

#[tokio::test]
async fn metrics_count_what_was_done() {
    let api = api();
    api.stock("b-1", "SOFA", 5).await;
    api.line("o-1", "SOFA", 3).await;
    api.line("o-2", "SOFA", 3).await;
    let line = json!({"order_id": "o-3", "sku": "NONE", "quantity": 3});
    api.post("/v1/allocations", &line)
        .await
        .problem(422, "unknown-sku");
    api.post_empty("/v1/orders/o-1/dispatch").await;
    api.post(
        "/v1/shipments",
        &json!({"reference": "s-1", "eta": "2026-06-01"}),
    )
    .await;
    let lamps = json!({"reference": "b-9", "sku": "LAMP", "quantity": 5, "shipment": "s-1"});
    api.post("/v1/batches", &lamps).await;
    api.line("o-4", "LAMP", 1).await;
    let hold = json!({"code": "customs", "expected_clear": "2026-07-01"});
    for held in ["/v1/shipments/s-1/hold", "/v1/batches/b-9/hold"] {
        assert_eq!(api.post(held, &hold).await.status, 200);
    }
    api.get("/v1/batches/b-1").await;
    api.get("/v1/batches/b-2").await;
    api.get("/nowhere/SOFA").await;
    api.send(post("/v1/nowhere", "text/plain", "")).await;
    let metrics = api.get("/metrics").await;
    assert!(
        metrics
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    let text = &metrics.body;
    for line in [
        concat!(
            r#"landfall_build_info{version=""#,
            env!("CARGO_PKG_VERSION"),
            r#""} 1"#
        ),
        r#"landfall_group_size_bucket{le="1"} 10"#,
        r#"landfall_group_size_bucket{le="+Inf"} 10"#,
        "landfall_group_size_count 10",
        "landfall_group_size_sum 10",
        r#"landfall_group_seconds_bucket{le="+Inf"} 10"#,
        r#"landfall_commit_seconds_bucket{le="+Inf"} 9"#,
        "landfall_commands_rejected_total 1",
        r#"landfall_lines_total{outcome="allocated"} 2"#,
        r#"landfall_lines_total{outcome="backordered"} 1"#,
        r#"landfall_lines_total{outcome="rejected"} 1"#,
        "landfall_backordered_lines 1",
        "landfall_backordered_products 1",
        "landfall_dispatches_total 1",
        "landfall_holds_total 2",
        "landfall_promises_changed_total 1",
        r#"landfall_commit_failures_total{reason="conflict"} 0"#,
        r#"landfall_commit_failures_total{reason="unavailable"} 0"#,
        "landfall_queue_jobs 0",
        "landfall_queue_capacity 8192",
        "landfall_http_requests_under_way 0",
        r#"landfall_http_requests_total{route="/v1/allocations",method="POST",status="2xx"} 3"#,
        r#"landfall_http_requests_total{route="/v1/allocations",method="POST",status="4xx"} 1"#,
        r#"landfall_http_requests_total{route="/v1/batches/{reference}",method="GET",status="2xx"} 1"#,
        r#"landfall_http_requests_total{route="/v1/batches/{reference}",method="GET",status="4xx"} 1"#,
        r#"landfall_http_requests_total{route="none",method="GET",status="4xx"} 1"#,
        r#"landfall_http_requests_total{route="none",method="POST",status="4xx"} 1"#,
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line} in\n{text}"
        );
    }
    assert!(text.contains("# TYPE landfall_commit_seconds histogram"));
    assert!(!text.contains("SOFA"), "a SKU is no label");
    let manual = include_str!("../../../../docs/operations.md");
    for name in text.lines().filter(|line| !line.starts_with('#')) {
        let name = name.split(['{', ' ']).next().unwrap();
        let of_histogram = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|part| name.strip_suffix(part));
        let name = of_histogram.unwrap_or(name);
        assert!(
            manual.contains(&format!("| `{name}` |")),
            "docs/operations.md lacks {name}"
        );
        assert!(name.starts_with("landfall_"), "{name}");
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} is not explained"
        );
        assert!(
            text.contains(&format!("# TYPE {name} ")),
            "{name} has no type"
        );
    }
}

/// However often metrics are asked for, the database is asked about backorders now and then.
#[tokio::test]
async fn backorders_are_counted_now_and_then() {
    for (age, then) in [(Duration::from_hours(1), 0), (Duration::ZERO, 2)] {
        let limits = Limits {
            backorders_age: age,
            ..Limits::default()
        };
        let api = api_with(&limits);
        api.stock("b-1", "SOFA", 5).await;
        let said = async |lines: u64| {
            let text = api.get("/metrics").await.body;
            assert!(
                text.contains(&format!("landfall_backordered_lines {lines}\n")),
                "{age:?}: {text}"
            );
        };
        said(0).await;
        api.line("o-1", "SOFA", 9).await;
        api.line("o-2", "SOFA", 9).await;
        said(then).await;
    }
}
