//! What would be promised, why, and what happened: questions that change nothing.

use serde_json::{Value, json};

use crate::support::{Api, api};

/// 2 sofas in the warehouse in Leeds, 5 on MV Aurora, 20 more a month later.
pub(crate) async fn shop() -> Api {
    let api = api();
    let shipment = json!({"reference": "SHP-1", "eta": "2026-06-01", "vessel": "MV Aurora"});
    assert_eq!(api.post("/v1/shipments", &shipment).await.status, 201);
    for batch in [
        json!({"reference": "b-1", "sku": "SOFA", "quantity": 2, "location": "Leeds"}),
        json!({"reference": "b-2", "sku": "SOFA", "quantity": 5, "shipment": "SHP-1"}),
        json!({"reference": "b-3", "sku": "SOFA", "quantity": 20, "eta": "2026-07-01", "location": "York"}),
    ] {
        assert_eq!(api.post("/v1/batches", &batch).await.status, 201);
    }
    api
}

#[tokio::test]
async fn a_promise_is_looked_up_and_nothing_is_reserved() {
    let api = shop().await;
    let before = api.engine.events().await;
    let quote = api
        .see("/v1/promise?sku=SOFA&quantity=4&requested_date=2026-06-03")
        .await;
    assert_eq!(
        quote,
        json!({
            "sku": "SOFA", "quantity": 4, "requested_date": "2026-06-03", "policy": "earliest",
            "status": "allocated", "promise": "2026-06-01", "in_time": true,
            "allocations": [{"batch": "b-2", "quantity": 4, "eta": "2026-06-01"}],
            "as_of": "2026-05-10",
        })
    );
    let promise = async |query: &str| {
        let quote = api.see(&format!("/v1/promise?sku=SOFA&{query}")).await;
        quote["promise"].clone()
    };
    assert_eq!(promise("quantity=1").await, "2026-05-10");
    assert_eq!(promise("quantity=7").await, "2026-07-01");
    assert_eq!(promise("quantity=7&split=true").await, "2026-06-01");
    let just_in_time = "quantity=1&policy=just_in_time&requested_date=2026-06-15";
    assert_eq!(promise(just_in_time).await, "2026-06-01");
    assert_eq!(promise("quantity=1&locations=York").await, "2026-07-01");
    assert_eq!(
        promise("quantity=1&locations=Hull,York&priority=9").await,
        "2026-07-01"
    );
    let waits = api
        .see("/v1/promise?sku=SOFA&quantity=21&requested_date=2026-08-01")
        .await;
    assert_eq!(
        (&waits["status"], &waits["promise"], &waits["in_time"]),
        (&json!("backordered"), &Value::Null, &json!(false))
    );
    assert_eq!(waits["allocations"], json!([]));
    assert_eq!(api.engine.events().await, before);
}

#[tokio::test]
async fn a_promise_needs_to_know_what_and_how_many() {
    let api = shop().await;
    let unknown = api
        .get("/v1/promise?sku=SOFFA&quantity=1")
        .await
        .problem(422, "unknown-sku");
    assert_eq!(unknown["errors"][0]["field"], "sku");
    for (query, field) in [
        ("quantity=1", "sku"),
        ("sku=SOFA", "quantity"),
        ("sku=&quantity=1", "sku"),
        ("sku=SOFA&quantity=0", "quantity"),
        ("sku=SOFA&quantity=1000000000001", "quantity"),
        ("sku=SOFA&quantity=two", "quantity"),
        (
            "sku=SOFA&quantity=1&requested_date=tomorrow",
            "requested_date",
        ),
        (
            "sku=SOFA&quantity=1&requested_date=10000-01-01",
            "requested_date",
        ),
        ("sku=SOFA&quantity=1&policy=latest", "policy"),
        ("sku=SOFA&quantity=1&split=perhaps", "split"),
        ("sku=SOFA&quantity=1&locations=Leeds,,York", "locations"),
        ("sku=SOFA&quantity=1&priority=10", "priority"),
        ("sku=SOFA&quantity=1&date=2026-06-01", "date"),
    ] {
        api.get(&format!("/v1/promise?{query}"))
            .await
            .ill_formed(field);
    }
    let policy = api
        .get("/v1/promise?sku=SOFA&quantity=1&policy=latest")
        .await
        .json();
    assert_eq!(
        policy["errors"][0]["message"],
        "must be `earliest` or `just_in_time`"
    );
}

#[tokio::test]
async fn each_thing_has_its_history() {
    let api = shop().await;
    api.line("o-1", "SOFA", 1).await;
    api.line("o-2", "SOFA", 4).await;
    api.post(
        "/v1/shipments/SHP-1/hold",
        &json!({"code": "customs", "expected_clear": "2026-06-05"}),
    )
    .await;
    let kinds = async |path: &str| {
        let page = api.see(path).await;
        let events = page["events"].as_array().unwrap();
        let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
        events.iter().map(kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("/v1/orders/o-1/events").await, ["Allocated"]);
    assert_eq!(
        kinds("/v1/orders/o-2/events").await,
        ["Allocated", "PromiseChanged"]
    );
    assert_eq!(
        kinds("/v1/batches/b-2/events").await,
        ["BatchCreated", "BatchHeld"]
    );
    assert_eq!(
        kinds("/v1/shipments/SHP-1/events").await,
        [
            "ShipmentCreated",
            "BatchCreated",
            "ShipmentHeld",
            "BatchHeld"
        ]
    );
    assert_eq!(kinds("/v1/products/SOFA/events").await.len(), 7);
    api.get("/v1/orders/o-9/events")
        .await
        .problem(404, "unknown-order");
    api.get("/v1/batches/b-9/events")
        .await
        .problem(404, "unknown-batch");
    api.get("/v1/products/LAMP/events")
        .await
        .problem(404, "unknown-product");
    api.get("/v1/shipments/SHP-9/events")
        .await
        .problem(404, "no-such-shipment");
    api.get("/v1/orders/o-1/events?limit=0")
        .await
        .ill_formed("limit");
    api.get("/v1/orders/o-1/events?before=x")
        .await
        .ill_formed("before");
}

#[tokio::test]
async fn a_history_is_followed_by_its_own_cursor() {
    let api = shop().await;
    let path = "/v1/products/SOFA/events";
    let mut seen = Vec::new();
    let mut page = api.see(&format!("{path}?limit=1")).await;
    while let Some(event) = page["events"].get(0) {
        seen.push(event["data"]["reference"].as_str().unwrap().to_owned());
        let cursor = page["cursor"].as_str().unwrap();
        page = api.see(&format!("{path}?limit=1&after={cursor}")).await;
    }
    assert_eq!(seen, ["b-1", "b-2", "b-3"]);
    // At its end it waits for more.
    let end = page["cursor"].as_str().unwrap().to_owned();
    api.line("o-1", "SOFA", 1).await;
    let more = api.see(&format!("{path}?after={end}")).await;
    assert_eq!(more["events"][0]["type"], "Allocated");
    for other in [
        "/v1/events",
        "/v1/products/LAMP/events",
        "/v1/batches/b-1/events",
    ] {
        api.get(&format!("{other}?after={end}"))
            .await
            .ill_formed("after");
    }
}

#[tokio::test]
async fn a_line_is_explained() {
    let api = shop().await;
    api.line("o-1", "SOFA", 4).await;
    let told = api.see("/v1/orders/o-1/lines/SOFA/explanation").await;
    assert_eq!(told["as_of"], "2026-05-10");
    assert_eq!(told["line"], api.see("/v1/orders/o-1").await["lines"][0]);
    let batches: Vec<_> = told["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| candidate["batch"].as_str().unwrap())
        .collect();
    assert_eq!(batches, ["b-1", "b-2", "b-3"]);
    assert_eq!(told["history"][0]["event"]["type"], "Allocated");
    assert!(!told["summary"].as_str().unwrap().is_empty());
    api.get("/v1/orders/o-1/lines/LAMP/explanation")
        .await
        .problem(404, "unknown-line");
    api.get("/v1/orders/o-9/lines/SOFA/explanation")
        .await
        .problem(404, "unknown-line");
    api.get("/v1/orders/o-1/lines/SOFA/explanation?day=x")
        .await
        .ill_formed("day");
}

#[tokio::test]
async fn how_long_goods_wait_is_reported() {
    let api = shop().await;
    let line = json!({
        "order_id": "o-1", "sku": "SOFA", "quantity": 3, "requested_date": "2026-06-11"
    });
    api.post("/v1/allocations", &line).await;
    let report = api.see("/v1/reports/dwell").await;
    assert_eq!(report["as_of"], "2026-05-10");
    assert_eq!(report["planned"]["all"]["units"], 3);
    assert_eq!(report["planned"]["earliest"]["mean_days"], 10.0);
    assert_eq!(report["left"]["all"]["units"], 0);
    api.get("/v1/reports/dwell?sku=SOFA")
        .await
        .ill_formed("sku");
}
