//! Idempotency keys: the same command again under its key gets the same answer, another one is refused.

use serde_json::json;

use crate::support::{api, post};

#[tokio::test]
async fn the_same_command_under_its_key_gets_the_same_answer() {
    let api = api();
    let batch = json!({"reference": "b-1", "sku": "SOFA", "quantity": 10});
    let first = api.post_with_key("/v1/batches", "key-1", &batch).await;
    assert_eq!(first.status, 201);
    api.line("o-1", "SOFA", 4).await;
    // Spelled otherwise, and some fields more: it is the same command.
    let same = json!({"quantity": 10, "sku": "SOFA", "reference": "b-1", "eta": null, "note": 1});
    let again = api.post_with_key("/v1/batches", "key-1", &same).await;
    assert_eq!((again.status.as_u16(), again.body), (201, first.body));
    assert_eq!(api.see("/v1/batches/b-1").await["allocated"], 4);
}

#[tokio::test]
async fn another_command_under_the_key_is_refused() {
    let api = api();
    let batch = json!({"reference": "b-1", "sku": "SOFA", "quantity": 10});
    assert_eq!(
        api.post_with_key("/v1/batches", "k", &batch).await.status,
        201
    );
    let other = json!({"reference": "b-2", "sku": "SOFA", "quantity": 10});
    api.post_with_key("/v1/batches", "k", &other)
        .await
        .problem(422, "id-reused");
    let change = json!({"quantity": 3});
    api.post_with_key("/v1/batches/b-1/quantity", "k", &change)
        .await
        .problem(422, "id-reused");
    api.get("/v1/batches/b-2")
        .await
        .problem(404, "unknown-batch");
    assert_eq!(api.see("/v1/batches/b-1").await["purchased"], 10);
}

#[tokio::test]
async fn the_key_and_the_id_in_the_body_are_one_namespace() {
    let api = api();
    let batch = json!({"id": "k", "reference": "b-1", "sku": "SOFA", "quantity": 10});
    assert_eq!(api.post("/v1/batches", &batch).await.status, 201);
    let other = json!({"reference": "b-2", "sku": "SOFA", "quantity": 10});
    api.post_with_key("/v1/batches", "k", &other)
        .await
        .problem(422, "id-reused");
    let command = json!({"type": "CreateBatch", "reference": "b-1", "sku": "SOFA", "quantity": 10});
    assert_eq!(
        api.post_with_key("/v1/commands", "k", &command)
            .await
            .status,
        201
    );
    let line =
        json!({"type": "Allocate", "id": "k", "order_id": "o", "sku": "SOFA", "quantity": 1});
    let streamed = api.stream("", format!("{line}\n")).await.lines();
    assert_eq!(
        streamed[0]["problem"]["type"],
        "urn:landfall:problem:id-reused"
    );
}

#[tokio::test]
async fn two_ids_that_differ_are_refused() {
    let api = api();
    let batch = json!({"id": "k-1", "reference": "b-1", "sku": "SOFA", "quantity": 10});
    api.post_with_key("/v1/batches", "k-2", &batch)
        .await
        .ill_formed("id");
    assert_eq!(
        api.post_with_key("/v1/batches", "k-1", &batch).await.status,
        201
    );
    let command =
        json!({"id": "k-3", "type": "CreateBatch", "reference": "b", "sku": "S", "quantity": 1});
    api.post_with_key("/v1/commands", "k-4", &command)
        .await
        .ill_formed("id");
}

#[tokio::test]
async fn a_key_is_a_name() {
    let api = api();
    let batch = json!({"reference": "b-1", "sku": "SOFA", "quantity": 10});
    for key in ["", &"k".repeat(256)] {
        api.post_with_key("/v1/batches", key, &batch)
            .await
            .ill_formed("Idempotency-Key");
    }
    let mut twice = post("/v1/batches", "application/json", batch.to_string());
    twice
        .headers_mut()
        .append("idempotency-key", "a".parse().unwrap());
    twice
        .headers_mut()
        .append("idempotency-key", "a".parse().unwrap());
    api.send(twice).await.ill_formed("Idempotency-Key");
    let mut unread = post("/v1/batches", "application/json", batch.to_string());
    let value = axum::http::HeaderValue::from_bytes(b"\xff\xfe").unwrap();
    unread.headers_mut().insert("idempotency-key", value);
    api.send(unread).await.ill_formed("Idempotency-Key");
    let id = json!({"id": "", "reference": "b-1", "sku": "SOFA", "quantity": 10});
    api.post("/v1/batches", &id).await.ill_formed("id");
}

#[tokio::test]
async fn every_post_takes_a_key() {
    let api = api();
    let batch = json!({"ref": "b-1", "sku": "SOFA", "qty": 10, "eta": null});
    assert_eq!(
        api.post_with_key("/add_batch", "k-1", &batch).await.status,
        201
    );
    let line = json!({"orderid": "o-1", "sku": "SOFA", "qty": 1});
    assert_eq!(
        api.post_with_key("/allocate", "k-2", &line).await.status,
        202
    );
    assert_eq!(
        api.post_with_key("/allocate", "k-2", &line).await.status,
        202
    );
    let other = json!({"orderid": "o-2", "sku": "SOFA", "qty": 1});
    api.post_with_key("/allocate", "k-2", &other)
        .await
        .problem(422, "id-reused");
    let nothing = json!({});
    let cancel = "/v1/orders/o-1/cancel";
    assert_eq!(api.post_with_key(cancel, "k-3", &nothing).await.status, 200);
    api.post_with_key(cancel, "k-2", &nothing)
        .await
        .problem(422, "id-reused");
}

#[tokio::test]
async fn a_dry_run_leaves_its_key_free() {
    let api = api();
    let command = json!({"type": "CreateBatch", "reference": "b-1", "sku": "SOFA", "quantity": 1});
    let told = api
        .post_with_key("/v1/commands?dry_run=true", "k", &command)
        .await;
    assert_eq!(told.status, 200);
    let other = json!({"type": "CreateBatch", "reference": "b-2", "sku": "SOFA", "quantity": 1});
    assert_eq!(
        api.post_with_key("/v1/commands", "k", &other).await.status,
        201
    );
}
