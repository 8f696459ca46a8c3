//! The routes of *Architecture Patterns with Python*, as that book's own end-to-end tests use them.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::support::{Answer, Api, api};

impl Api {
    async fn post_to_add_batch(&self, reference: &str, sku: &str, qty: u64, eta: Option<&str>) {
        let batch = json!({"ref": reference, "sku": sku, "qty": qty, "eta": eta});
        let answer = self.post("/add_batch", &batch).await;
        assert_eq!(answer.status, StatusCode::CREATED);
        assert_eq!(answer.body, "OK");
    }

    async fn post_to_allocate(&self, order: &str, sku: &str, qty: u64) -> Answer {
        self.post(
            "/allocate",
            &json!({"orderid": order, "sku": sku, "qty": qty}),
        )
        .await
    }

    async fn get_allocation(&self, order: &str) -> Answer {
        self.get(&format!("/allocations/{order}")).await
    }
}

#[tokio::test]
async fn happy_path_returns_202_and_batch_is_allocated() {
    let api = api();
    let (order, sku, other_sku) = (api.fresh("order"), api.fresh("sku"), api.fresh("sku"));
    let (early, later, other) = (api.fresh("batch"), api.fresh("batch"), api.fresh("batch"));
    api.post_to_add_batch(&later, &sku, 100, Some("2011-01-02"))
        .await;
    api.post_to_add_batch(&early, &sku, 100, Some("2011-01-01"))
        .await;
    api.post_to_add_batch(&other, &other_sku, 100, None).await;

    let allocated = api.post_to_allocate(&order, &sku, 3).await;
    assert_eq!(allocated.status, StatusCode::ACCEPTED);
    assert_eq!(allocated.body, "OK");

    let found = api.get_allocation(&order).await;
    assert_eq!(found.status, StatusCode::OK);
    assert_eq!(found.json(), json!([{"sku": sku, "batchref": early}]));
}

#[tokio::test]
async fn unhappy_path_returns_400_and_error_message() {
    let api = api();
    let (order, sku) = (api.fresh("order"), api.fresh("sku"));
    let refused = api.post_to_allocate(&order, &sku, 20).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        refused.json(),
        json!({"message": format!("Invalid sku {sku}")})
    );
    let found = api.get_allocation(&order).await;
    assert_eq!(found.status, StatusCode::NOT_FOUND);
    assert_eq!(found.body, "not found");
}

#[tokio::test]
async fn change_batch_quantity_leads_to_reallocation() {
    let api = api();
    let (order, sku) = (api.fresh("order"), api.fresh("sku"));
    let (earlier, later) = (api.fresh("old"), api.fresh("newer"));
    api.post_to_add_batch(&earlier, &sku, 10, Some("2011-01-01"))
        .await;
    api.post_to_add_batch(&later, &sku, 10, Some("2011-01-02"))
        .await;
    assert_eq!(
        api.post_to_allocate(&order, &sku, 10).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        api.get_allocation(&order).await.json()[0]["batchref"],
        earlier
    );
    let change = json!({"quantity": 5});
    api.post(&format!("/v1/batches/{earlier}/quantity"), &change)
        .await;
    assert_eq!(
        api.get_allocation(&order).await.json()[0]["batchref"],
        later
    );
}

#[tokio::test]
async fn an_eta_may_have_a_time_or_be_absent() {
    let api = api();
    api.post_to_add_batch("b-1", "S", 1, Some("2011-01-02T15:30:00"))
        .await;
    assert_eq!(api.see("/v1/batches/b-1").await["eta"], "2011-01-02");
    let absent = api
        .post("/add_batch", &json!({"ref": "b-2", "sku": "S", "qty": 1}))
        .await;
    assert_eq!(absent.status, StatusCode::CREATED);
    assert_eq!(api.see("/v1/batches/b-2").await["eta"], Value::Null);
}

#[tokio::test]
async fn repeats_are_answered_alike_and_other_content_is_a_conflict() {
    let api = api();
    api.post_to_add_batch("b-1", "S", 10, None).await;
    api.post_to_add_batch("b-1", "S", 10, None).await;
    assert_eq!(
        api.post_to_allocate("o", "S", 3).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(
        api.post_to_allocate("o", "S", 3).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(api.see("/v1/batches/b-1").await["allocated"], 3);
    let conflict = api.post_to_allocate("o", "S", 4).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert_eq!(conflict.header("content-type"), "application/json");
    let message = conflict.json();
    assert!(
        message["message"]
            .as_str()
            .unwrap()
            .contains("quantity was 3 and is 4"),
        "{message}"
    );
    let batch = json!({"ref": "b-1", "sku": "S", "qty": 11, "eta": null});
    let conflict = api.post("/add_batch", &batch).await;
    assert_eq!(conflict.status, StatusCode::CONFLICT);
    assert!(conflict.json()["message"].is_string());
}

#[tokio::test]
async fn a_line_that_waits_is_accepted_and_has_no_allocation() {
    let api = api();
    api.post_to_add_batch("b-1", "S", 1, None).await;
    assert_eq!(
        api.post_to_allocate("o", "S", 3).await.status,
        StatusCode::ACCEPTED
    );
    assert_eq!(api.get_allocation("o").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn ill_formed_bodies_are_problems_that_name_the_books_fields() {
    let api = api();
    api.post("/allocate", &json!({"orderid": "o", "sku": "S", "qty": 0}))
        .await
        .ill_formed("qty");
    api.post("/allocate", &json!({"sku": "S", "qty": 1}))
        .await
        .ill_formed("orderid");
    api.post("/add_batch", &json!({"sku": "S", "qty": 1}))
        .await
        .ill_formed("ref");
    let batch = json!({"ref": "b", "sku": "S", "qty": 1, "eta": "soon"});
    api.post("/add_batch", &batch).await.ill_formed("eta");
}
