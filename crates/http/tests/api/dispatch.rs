//! Goods leave for the customer.

use serde_json::json;

use crate::goods::{aurora, done};
use crate::support::api;

#[tokio::test]
async fn goods_leave_whole_or_in_part() {
    let api = api();
    api.stock("b-1", "SOFA", 9).await;
    let order = json!({"order_id": "o-1", "lines": [
        {"sku": "SOFA", "quantity": 4}, {"sku": "SOFA", "quantity": 2, "line_id": "extra"}
    ]});
    assert_eq!(api.post("/v1/orders", &order).await.status, 201);
    let path = "/v1/orders/o-1/lines/SOFA/dispatch";
    let part = json!({"quantity": 1});
    let left = api.post_with_key(path, "van-1", &part).await.json();
    assert_eq!(
        (&left["dispatched"], &left["status"]),
        (&json!(1), &json!("allocated"))
    );
    // The same van again: the same answer, and nothing more leaves.
    let again = api.post_with_key(path, "van-1", &part).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, left));
    let rest = api.post_empty(path).await.json();
    assert_eq!(
        (&rest["dispatched"], &rest["status"]),
        (&json!(4), &json!("dispatched"))
    );
    let order = api.post_empty("/v1/orders/o-1/dispatch").await;
    assert_eq!(order.status, 200);
    let lines = order.json()["lines"].clone();
    assert!(
        lines
            .as_array()
            .unwrap()
            .iter()
            .all(|line| line["status"] == "dispatched"),
        "{lines}"
    );
    // All has left: nothing is to be done.
    assert_eq!(api.post_empty("/v1/orders/o-1/dispatch").await.status, 200);
    assert_eq!(api.post_empty(path).await.status, 200);
    assert_eq!(api.see("/v1/batches/b-1").await["dispatched"], 6);
}

#[tokio::test]
async fn what_is_not_there_cannot_leave() {
    let api = aurora().await;
    let inbound = api
        .post_empty("/v1/orders/o-1/dispatch")
        .await
        .problem(409, "not-in-warehouse");
    assert_eq!(
        inbound["detail"],
        "Line SOFA of order o-1 cannot leave: batch b-1 is expected on 2026-06-01."
    );
    api.post_empty("/v1/shipments/SHP-1/receive").await;
    done(
        &api,
        "/v1/batches/b-1/hold",
        &json!({"code": "quality", "expected_clear": "2026-06-02"}),
    )
    .await;
    api.post_empty("/v1/orders/o-1/lines/SOFA/dispatch")
        .await
        .problem(409, "not-in-warehouse");
    api.post_empty("/v1/batches/b-1/release").await;
    assert_eq!(api.post_empty("/v1/orders/o-1/dispatch").await.status, 200);
    api.post_empty("/v1/orders/o-9/dispatch")
        .await
        .problem(404, "unknown-order");
    api.post_empty("/v1/orders/o-1/lines/LAMP/dispatch")
        .await
        .problem(404, "unknown-line");
    let units = json!({"quantity": 1});
    api.post("/v1/orders/o-1/dispatch", &units)
        .await
        .ill_formed("quantity");
}
