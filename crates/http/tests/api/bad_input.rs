//! What the real world sends and should not: each has its answer, and changes nothing.

use landfall_service::engine;
use serde_json::{Value, json};

use crate::support::{Api, api};

async fn log_length(api: &Api) -> usize {
    api.engine.events().await.len()
}

#[tokio::test]
async fn a_receipt_for_an_unknown_batch() {
    let api = api();
    let answer = api
        .post("/v1/batches/b-9/receive", &json!({"quantity": 3}))
        .await;
    answer.problem(404, "unknown-batch");
    for action in ["hold", "release", "receive", "cancel"] {
        let body = json!({"quantity": 3, "code": "customs"});
        let answer = api.post(&format!("/v1/batches/b-9/{action}"), &body).await;
        answer.problem(404, "unknown-batch");
    }
    for action in ["eta", "hold", "release", "receive"] {
        let body = json!({"eta": null, "code": "customs"});
        let answer = api
            .post(&format!("/v1/shipments/s-9/{action}"), &body)
            .await;
        answer.problem(404, "no-such-shipment");
    }
    assert_eq!(log_length(&api).await, 0);
}

/// What is not there today may be there tomorrow: such an answer is not remembered.
#[tokio::test]
async fn a_receipt_that_came_before_its_batch_may_be_repeated() {
    let api = api();
    let path = "/v1/shipments/s-1/receive";
    let early = api.post_with_key(path, "scan-1", &json!({})).await;
    early.problem(404, "no-such-shipment");
    api.post(
        "/v1/shipments",
        &json!({"reference": "s-1", "eta": "2026-06-01"}),
    )
    .await;
    assert_eq!(
        api.post_with_key(path, "scan-1", &json!({})).await.status,
        200
    );
}

#[tokio::test]
async fn a_batch_on_an_unknown_shipment() {
    let api = api();
    let batch = json!({"reference": "b-1", "sku": "S", "quantity": 1, "shipment": "s-9"});
    let unknown = api
        .post("/v1/batches", &batch)
        .await
        .problem(422, "unknown-shipment");
    assert_eq!(unknown["errors"][0]["field"], "shipment");
    api.post(
        "/v1/shipments",
        &json!({"reference": "s-9", "eta": "2026-06-01"}),
    )
    .await;
    let mut own = batch.clone();
    own["eta"] = json!("2026-06-01");
    let own = api
        .post("/v1/batches", &own)
        .await
        .problem(422, "senseless");
    assert_eq!(own["errors"][0]["field"], "eta");
    assert_eq!(api.post("/v1/batches", &batch).await.status, 201);
}

#[tokio::test]
async fn a_dispatch_beyond_what_is_allocated() {
    let api = api();
    api.stock("b-1", "SOFA", 9).await;
    api.line("o-1", "SOFA", 4).await;
    let before = log_length(&api).await;
    let path = "/v1/orders/o-1/lines/SOFA/dispatch";
    let beyond = api
        .post(path, &json!({"quantity": 5}))
        .await
        .problem(409, "beyond-allocated");
    assert_eq!(
        beyond["detail"],
        "5 units of line SOFA of order o-1 cannot leave: 4 are allocated to it."
    );
    assert_eq!(log_length(&api).await, before);
    api.post(path, &json!({"quantity": 3})).await;
    api.post(path, &json!({"quantity": 2}))
        .await
        .problem(409, "beyond-allocated");
    api.post(path, &json!({"quantity": 0}))
        .await
        .ill_formed("quantity");
    // A line that waits has nothing to leave.
    api.line("o-2", "SOFA", 50).await;
    let waits = api
        .post_empty("/v1/orders/o-2/dispatch")
        .await
        .problem(409, "not-in-warehouse");
    assert!(
        waits["detail"]
            .as_str()
            .unwrap()
            .contains("it waits for stock"),
        "{waits}"
    );
}

#[tokio::test]
async fn an_amendment_of_a_dispatched_line() {
    let api = api();
    api.stock("b-1", "SOFA", 9).await;
    api.line("o-1", "SOFA", 4).await;
    api.post(
        "/v1/orders/o-1/lines/SOFA/dispatch",
        &json!({"quantity": 1}),
    )
    .await;
    let amendment = json!({"quantity": 2});
    let path = "/v1/orders/o-1/lines/SOFA/quantity";
    let partly = api
        .post(path, &amendment)
        .await
        .problem(409, "not-amendable");
    assert_eq!(
        partly["detail"],
        "Line SOFA of order o-1 is partly dispatched."
    );
    api.post_empty("/v1/orders/o-1/dispatch").await;
    let whole = api
        .post(path, &amendment)
        .await
        .problem(409, "not-amendable");
    assert_eq!(
        whole["detail"],
        "Line SOFA of order o-1 has been dispatched."
    );
    api.post_empty("/v1/orders/o-1/lines/SOFA/cancel")
        .await
        .problem(409, "not-amendable");
    // The batch cannot have had less than what has left of it.
    let less = json!({"quantity": 3});
    api.post("/v1/batches/b-1/receive", &less)
        .await
        .problem(409, "below-dispatched");
    api.post("/v1/batches/b-1/quantity", &less)
        .await
        .problem(409, "below-dispatched");
}

#[tokio::test]
async fn an_eta_at_the_end_of_time() {
    let api = api();
    let last = json!({"reference": "b-1", "sku": "SOFA", "quantity": 9, "eta": "9999-12-31"});
    assert_eq!(api.post("/v1/batches", &last).await.status, 201);
    api.line("o-1", "SOFA", 1).await;
    assert_eq!(
        api.see("/v1/orders/o-1").await["current_promise"],
        "9999-12-31"
    );
    for eta in [
        "10000-01-01",
        "+010000-01-01",
        "99999-12-31",
        "0000-00-00",
        "2026-02-30",
    ] {
        let eta = json!({"eta": eta});
        api.post("/v1/batches/b-1/eta", &eta)
            .await
            .ill_formed("eta");
        let shipment = json!({"reference": "s-1", "eta": eta["eta"]});
        api.post("/v1/shipments", &shipment).await.ill_formed("eta");
    }
    let earlier = json!({"eta": "0001-01-01"});
    assert_eq!(api.post("/v1/batches/b-1/eta", &earlier).await.status, 200);
    api.engine.in_order().await;
}

/// With handling days the promise is as late as a date can be, and no error.
#[tokio::test]
async fn a_promise_at_the_end_of_time() {
    let engine = landfall_testkit::Harness::start_with(engine::Limits::default(), 30);
    let api = crate::support::api_on(engine, &landfall_http::Limits::default());
    let last = json!({"reference": "b-1", "sku": "SOFA", "quantity": 9, "eta": "9999-12-20"});
    assert_eq!(api.post("/v1/batches", &last).await.status, 201);
    assert_eq!(
        api.line("o-1", "SOFA", 1).await["current_promise"],
        "9999-12-31"
    );
    let hold = json!({"code": "customs", "expected_clear": "9999-12-31"});
    assert_eq!(api.post("/v1/batches/b-1/hold", &hold).await.status, 200);
    api.engine.in_order().await;
}

#[tokio::test]
async fn a_hold_on_a_hold() {
    let api = api();
    api.stock("b-1", "SOFA", 9).await;
    let first = json!({"code": "customs", "note": "papers", "expected_clear": "2026-06-01"});
    api.post("/v1/batches/b-1/hold", &first).await;
    let second = json!({"code": "quality"});
    let held = api.post("/v1/batches/b-1/hold", &second).await;
    assert_eq!(held.status, 200);
    let expected = json!({"code": "quality", "note": null, "expected_clear": null});
    assert_eq!(held.json()["hold"], expected, "all of it is replaced");
    let before = log_length(&api).await;
    let same = api.post("/v1/batches/b-1/hold", &second).await;
    assert_eq!(
        (same.status.as_u16(), &same.json()["hold"]),
        (200, &expected)
    );
    assert_eq!(
        log_length(&api).await,
        before,
        "the same again changes nothing"
    );
}

#[tokio::test]
async fn a_shipment_reference_reused_with_other_content() {
    let api = api();
    let shipment = json!({"reference": "s-1", "eta": "2026-06-01", "vessel": "MV Aurora"});
    assert_eq!(api.post("/v1/shipments", &shipment).await.status, 201);
    let other = json!({"reference": "s-1", "eta": null, "vessel": "MV Borea", "carrier": "Maersk"});
    let conflict = api
        .post("/v1/shipments", &other)
        .await
        .problem(409, "conflict");
    assert_eq!(
        conflict["differences"],
        json!([
            {"field": "eta", "accepted": "2026-06-01", "given": "null"},
            {"field": "carrier", "accepted": "null", "given": "Maersk"},
            {"field": "vessel", "accepted": "MV Aurora", "given": "MV Borea"},
        ])
    );
}

#[tokio::test]
async fn a_receipt_that_counts_a_foreign_batch() {
    let api = api();
    api.post(
        "/v1/shipments",
        &json!({"reference": "s-1", "eta": "2026-06-01"}),
    )
    .await;
    let batch = json!({"reference": "b-1", "sku": "S", "quantity": 5, "shipment": "s-1"});
    api.post("/v1/batches", &batch).await;
    api.stock("b-2", "S", 5).await;
    let before = log_length(&api).await;
    for foreign in ["b-2", "nowhere"] {
        let counts = json!({"counts": {"b-1": 4, foreign: 1}});
        let problem = api.post("/v1/shipments/s-1/receive", &counts).await;
        let problem = problem.problem(422, "senseless");
        assert_eq!(problem["errors"][0]["field"], format!("counts.{foreign}"));
    }
    let path = "/v1/shipments/s-1/receive";
    api.post(path, &json!({"counts": {"b-1": -1}}))
        .await
        .ill_formed("counts.b-1");
    api.post(path, &json!({"counts": {"": 1}}))
        .await
        .problem(400, "ill-formed");
    api.post(path, &json!({"counts": [1]}))
        .await
        .ill_formed("counts");
    assert_eq!(
        log_length(&api).await,
        before,
        "not a part of it was carried out"
    );
    assert_eq!(api.see("/v1/shipments/s-1").await["eta"], "2026-06-01");
}

/// In a stream each is refused by itself, with the same words.
#[tokio::test]
async fn in_a_stream_the_neighbours_go_on() {
    let api = api();
    let lines = [
        json!({"type": "ReceiveBatch", "reference": "b-9", "quantity": 1}),
        json!({"type": "ReleaseShipment", "reference": "s-9"}),
        json!({"type": "CreateBatch", "reference": "b-1", "sku": "S", "quantity": 5}),
        json!({"type": "Allocate", "order_id": "o-1", "sku": "S", "quantity": 1}),
        json!({"type": "Dispatch", "order_id": "o-1", "line_id": "S", "quantity": 2}),
        json!({"type": "ChangeBatchEta", "reference": "b-1", "eta": "10000-01-01"}),
        json!({"type": "HoldBatch", "reference": "b-1"}),
        json!({"type": "Dispatch", "order_id": "o-1"}),
    ];
    let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
    let results = api.stream("", lines.join("\n")).await.lines();
    let told = |result: &Value| match result["problem"]["type"].as_str() {
        Some(slug) => slug.rsplit(':').next().unwrap().to_owned(),
        None => result["status"].as_str().unwrap().to_owned(),
    };
    let told: Vec<_> = results.iter().map(told).collect();
    assert_eq!(
        told,
        [
            "unknown-batch",
            "no-such-shipment",
            "ok",
            "ok",
            "beyond-allocated",
            "ill-formed",
            "ill-formed",
            "ok"
        ]
    );
    assert_eq!(results[6]["problem"]["errors"][0]["field"], "code");
}
