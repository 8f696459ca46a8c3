//! The routes that carry out one command each.

use axum::body::Body;
use axum::http::Request;
use landfall_http::Limits;
use landfall_service::engine;
use landfall_testkit::Harness;
use serde_json::{Value, json};

use crate::support::{api, api_on, post, soon};

#[tokio::test]
async fn a_batch_is_created_once() {
    let api = api();
    let batch = json!({"reference": "b-1", "sku": "SOFA", "quantity": 10, "eta": "2026-06-01"});
    let created = api.post("/v1/batches", &batch).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), "/v1/batches/b-1");
    assert_eq!(created.header("content-type"), "application/json");
    let again = api.post("/v1/batches", &batch).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json(), created.json());
    assert_eq!(created.json(), api.see("/v1/batches/b-1").await);
    assert_eq!(created.json()["available"], 10);

    let other = json!({"reference": "b-1", "sku": "SOFA", "quantity": 11, "eta": "2026-06-01"});
    let problem = api
        .post("/v1/batches", &other)
        .await
        .problem(409, "conflict");
    let differences = json!([{"field": "quantity", "accepted": "10", "given": "11"}]);
    assert_eq!(problem["differences"], differences);
}

#[tokio::test]
async fn an_order_is_placed_once() {
    let api = api();
    api.stock("b-1", "SOFA", 10).await;
    api.stock("b-2", "LAMP", 1).await;
    let order = json!({"order_id": "o 1", "lines": [
        {"sku": "SOFA", "quantity": 2}, {"sku": "LAMP", "quantity": 5}
    ]});
    let created = api.post("/v1/orders", &order).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), "/v1/orders/o%201");
    let statuses: Vec<Value> = created.json()["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["status"].clone())
        .collect();
    assert_eq!(statuses, ["allocated", "backordered"]);
    assert_eq!(created.json(), api.see(created.header("location")).await);
    assert_eq!(api.post("/v1/orders", &order).await.status, 200);

    let other = json!({"order_id": "o 1", "lines": [{"sku": "SOFA", "quantity": 2}]});
    api.post("/v1/orders", &other)
        .await
        .problem(409, "conflict");
}

#[tokio::test]
async fn a_line_is_allocated_once() {
    let api = api();
    api.stock("b-1", "SOFA", 10).await;
    let line = json!({"order_id": "o-1", "sku": "SOFA", "quantity": 3});
    let created = api.post("/v1/allocations", &line).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), "/v1/orders/o-1");
    assert_eq!(created.json()["allocations"][0]["batch"], "b-1");
    assert_eq!(created.json()["line_id"], "SOFA");
    assert_eq!(api.post("/v1/allocations", &line).await.status, 200);
    assert_eq!(api.see("/v1/batches/b-1").await["allocated"], 3);
}

#[tokio::test]
async fn a_line_that_must_wait_is_accepted_too() {
    let api = api();
    api.stock("b-1", "SOFA", 1).await;
    let line = api.line("o-1", "SOFA", 3).await;
    assert_eq!(line["status"], "backordered");
    assert_eq!(line["current_promise"], Value::Null);
    let impatient = json!({"order_id": "o-2", "sku": "SOFA", "quantity": 3, "if_short": "reject"});
    api.post("/v1/allocations", &impatient)
        .await
        .problem(409, "out-of-stock");
    api.get("/v1/orders/o-2")
        .await
        .problem(404, "unknown-order");
}

#[tokio::test]
async fn batches_are_changed_by_their_path() {
    let api = api();
    api.stock("b/1 ä", "SOFA", 10).await;
    let changed = api
        .post(
            "/v1/batches/b%2F1%20%C3%A4/quantity",
            &json!({"quantity": 4}),
        )
        .await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["purchased"], 4);
    assert_eq!(changed.header("location"), "");
    let eta = json!({"eta": "2026-07-01", "reference": "b/1 ä"});
    let changed = api.post("/v1/batches/b%2F1%20%C3%A4/eta", &eta).await;
    assert_eq!(changed.json()["eta"], "2026-07-01");
    let landed = api
        .post("/v1/batches/b%2F1%20%C3%A4/eta", &json!({"eta": null}))
        .await;
    assert_eq!(landed.json()["eta"], Value::Null);

    api.post("/v1/batches/none/quantity", &json!({"quantity": 4}))
        .await
        .problem(404, "unknown-batch");
    api.post("/v1/batches/b%2F1%20%C3%A4/eta", &json!({}))
        .await
        .ill_formed("eta");
    api.post(
        "/v1/batches/b%2F1%20%C3%A4/quantity",
        &json!({"quantity": -1}),
    )
    .await
    .ill_formed("quantity");
}

#[tokio::test]
async fn lines_and_orders_are_changed_by_their_path() {
    let api = api();
    api.stock("b-1", "SO FA", 10).await;
    api.line("o/1", "SO FA", 3).await;
    let path = "/v1/orders/o%2F1/lines/SO%20FA";
    let changed = api
        .post(&format!("{path}/quantity"), &json!({"quantity": 4}))
        .await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["quantity"], 4);
    api.post(&format!("{path}/quantity"), &json!({}))
        .await
        .ill_formed("quantity");
    api.post(
        "/v1/orders/o%2F1/lines/none/quantity",
        &json!({"quantity": 4}),
    )
    .await
    .problem(404, "unknown-line");
    let cancelled = api.post_empty(&format!("{path}/cancel")).await;
    assert_eq!(cancelled.status, 200);
    assert_eq!(cancelled.json()["status"], "cancelled");
    api.post(&format!("{path}/quantity"), &json!({"quantity": 5}))
        .await
        .problem(409, "not-amendable");
    let order = api.post("/v1/orders/o%2F1/cancel", &json!({})).await;
    assert_eq!(order.status, 200);
    assert_eq!(order.json()["order_id"], "o/1");
    api.post_empty("/v1/orders/none/cancel")
        .await
        .problem(404, "unknown-order");
}

#[tokio::test]
async fn a_body_that_contradicts_its_path_is_refused() {
    let api = api();
    api.stock("b-1", "SOFA", 10).await;
    let other = json!({"quantity": 4, "reference": "b-2"});
    api.post("/v1/batches/b-1/quantity", &other)
        .await
        .ill_formed("reference");
    api.post("/v1/orders/o-1/cancel", &json!({"order_id": "o-2"}))
        .await
        .ill_formed("order_id");
    let line = json!({"order_id": "o-1", "line_id": 7});
    api.post("/v1/orders/o-1/lines/7/cancel", &line)
        .await
        .ill_formed("line_id");
    assert_eq!(api.see("/v1/batches/b-1").await["purchased"], 10);
}

#[tokio::test]
async fn a_command_with_another_type_than_its_route_is_refused() {
    let api = api();
    let batch = json!({"type": "Allocate", "reference": "b-1", "sku": "SOFA", "quantity": 1});
    api.post("/v1/batches", &batch).await.ill_formed("type");
    let batch = json!({"type": "CreateBatch", "reference": "b-1", "sku": "SOFA", "quantity": 1});
    assert_eq!(api.post("/v1/batches", &batch).await.status, 201);
}

#[tokio::test]
async fn a_dry_run_where_there_is_none_is_not_done_in_earnest() {
    let api = api();
    let batch = json!({"reference": "b-1", "sku": "SOFA", "quantity": 1});
    api.post("/v1/batches?dry_run=true", &batch)
        .await
        .ill_formed("dry_run");
    api.post(
        "/add_batch?dry_run=true",
        &json!({"ref": "b-1", "sku": "SOFA", "qty": 1}),
    )
    .await
    .ill_formed("dry_run");
    api.get("/v1/batches/b-1")
        .await
        .problem(404, "unknown-batch");
}

#[tokio::test]
async fn one_command_is_answered_as_on_its_own_route() {
    let api = api();
    let batch = json!({"type": "CreateBatch", "reference": "b-1", "sku": "SOFA", "quantity": 9});
    let created = api.post("/v1/commands", &batch).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.header("location"), "/v1/batches/b-1");
    assert_eq!(created.json(), api.see("/v1/batches/b-1").await);
    let change = json!({"type": "ChangeBatchQuantity", "reference": "b-1", "quantity": 4});
    let changed = api.post("/v1/commands", &change).await;
    assert_eq!(
        (changed.status.as_u16(), &changed.json()["purchased"]),
        (200, &json!(4))
    );
    let change = json!({"type": "ChangeBatchQuantity", "reference": "b-2", "quantity": 4});
    api.post("/v1/commands", &change)
        .await
        .problem(404, "unknown-batch");
    let line = json!({"type": "Allocate", "order_id": "o", "sku": "NONE", "quantity": 4});
    let problem = api
        .post("/v1/commands", &line)
        .await
        .problem(422, "unknown-sku");
    assert_eq!(problem["errors"][0]["field"], "sku");
    api.post("/v1/commands", &json!({"type": "Teleport"}))
        .await
        .ill_formed("type");
    api.post("/v1/commands", &json!({"reference": "b-1"}))
        .await
        .ill_formed("type");
    api.post("/v1/commands", &json!([])).await.ill_formed("");
}

#[tokio::test]
async fn a_dry_run_of_one_command_tells_and_changes_nothing() {
    let api = api();
    api.stock("b-1", "SOFA", 9).await;
    let line = json!({"type": "Allocate", "order_id": "o", "sku": "SOFA", "quantity": 4});
    let told = api.post("/v1/commands?dry_run=true", &line).await;
    assert_eq!(told.status, 200);
    let told = told.json();
    assert_eq!(told["result"]["status"], "ok");
    assert_eq!(told["result"]["type"], "Allocate");
    assert_eq!(told["result"]["reply"]["allocations"][0]["batch"], "b-1");
    assert_eq!(told["events"][0]["type"], "Allocated");
    assert_eq!(told["summary"]["lines_allocated"], 1);
    assert_eq!(told["summary"]["events"], 1);
    assert_eq!(api.see("/v1/batches/b-1").await["allocated"], 0);

    let unknown = json!({"type": "Allocate", "order_id": "o", "sku": "NONE", "quantity": 4});
    let told = api.post("/v1/commands?dry_run=true", &unknown).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.json()["result"]["problem"]["status"], 422);
    assert_eq!(told.json()["summary"]["rejected"], 1);
    api.post("/v1/commands?dry_run=true", &json!({"type": "Allocate"}))
        .await
        .ill_formed("order_id");
    api.post("/v1/commands?dry_run=maybe", &line)
        .await
        .ill_formed("dry_run");
}

#[tokio::test]
async fn a_client_that_goes_away_changes_nothing_about_the_commit() {
    let api = api();
    api.stock("b-1", "SOFA", 9).await;
    api.engine.faults.close_gate();
    let line = json!({"order_id": "o-1", "sku": "SOFA", "quantity": 4});
    let request = post("/v1/allocations", "application/json", line.to_string());
    {
        let answer = api.send(request);
        tokio::pin!(answer);
        // The command is in the engine, and its commit waits: now the client hangs up.
        soon(async {
            while api.engine.faults.waiting() == 0 {
                tokio::select! {
                    biased;
                    early = &mut answer => panic!("answered before the commit: {early:?}"),
                    () = tokio::task::yield_now() => {}
                }
            }
        })
        .await;
    }
    api.engine.faults.open_gate();
    let again = api.post("/v1/allocations", &line).await;
    assert_eq!(again.status, 200, "it was carried out");
    assert_eq!(api.see("/v1/batches/b-1").await["allocated"], 4);
}

#[tokio::test]
async fn a_full_queue_is_told_at_once() {
    let limits = engine::Limits {
        queue: 1,
        ..engine::Limits::default()
    };
    let api = api_on(Harness::start_with(limits, 0), &Limits::default());
    api.stock("b-1", "SOFA", 9).await;
    api.engine.faults.close_gate();
    let line = |order: &str| {
        let line = json!({"order_id": order, "sku": "SOFA", "quantity": 1});
        api.send(post(
            "/v1/allocations",
            "application/json",
            line.to_string(),
        ))
    };
    let (first, second) = (line("o-1"), line("o-2"));
    tokio::pin!(first, second);
    soon(async {
        while api.engine.faults.waiting() == 0 {
            tokio::select! {
                biased;
                early = &mut first => panic!("{early:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
        while api.engine.bus.waiting().0 == 0 {
            tokio::select! {
                biased;
                early = &mut second => panic!("{early:?}"),
                () = tokio::task::yield_now() => {}
            }
        }
    })
    .await;
    let refused = line("o-3").await;
    refused.problem(503, "busy");
    assert_eq!(refused.header("retry-after"), "1");
    api.get("/readyz").await.problem(503, "busy");
    api.engine.faults.open_gate();
    assert_eq!(first.await.status, 201);
    assert_eq!(second.await.status, 201);
    assert_eq!(api.see("/readyz").await["status"], "ready");
}

#[tokio::test]
async fn bodies_may_come_in_pieces() {
    let api = api();
    let text = json!({"reference": "b-1", "sku": "SOFA", "quantity": 9}).to_string();
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> =
        text.bytes().map(|byte| Ok(vec![byte])).collect();
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let request: Request<Body> = post("/v1/batches", "application/json; charset=utf-8", body);
    assert_eq!(api.send(request).await.status, 201);
}
