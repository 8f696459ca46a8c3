//! What happens to goods on their way: shipments, holds, receipts, cancelled batches.

use serde_json::{Value, json};

use crate::support::{Api, api};

/// SHP-1 brings 10 sofas (b-1) and 4 lamps (b-2) on 1 June; o-1 has 6 sofas of it.
pub(crate) async fn aurora() -> Api {
    let api = api();
    let shipment = json!({"reference": "SHP-1", "eta": "2026-06-01", "vessel": "MV Aurora"});
    assert_eq!(api.post("/v1/shipments", &shipment).await.status, 201);
    for (reference, sku, quantity) in [("b-1", "SOFA", 10), ("b-2", "LAMP", 4)] {
        let batch = json!({
            "reference": reference, "sku": sku, "quantity": quantity, "shipment": "SHP-1"
        });
        assert_eq!(api.post("/v1/batches", &batch).await.status, 201);
    }
    api.line("o-1", "SOFA", 6).await;
    api
}

/// POST of what must be taken, and changes something that is there.
pub(crate) async fn done(api: &Api, path: &str, body: &Value) -> Value {
    let answer = api.post(path, body).await;
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

async fn promise(api: &Api, order: &str) -> Value {
    api.see(&format!("/v1/orders/{order}")).await["current_promise"].clone()
}

#[tokio::test]
async fn a_shipment_is_made_once() {
    let api = api();
    let shipment = json!({
        "reference": "SHP/1", "eta": "2026-06-01", "carrier": "Maersk", "vessel": "MV Aurora",
        "container": "MSKU 1"
    });
    let made = api.post("/v1/shipments", &shipment).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("location"), "/v1/shipments/SHP%2F1");
    let expected = json!({
        "reference": "SHP/1", "eta": "2026-06-01", "carrier": "Maersk", "vessel": "MV Aurora",
        "container": "MSKU 1", "hold": null, "overdue": false, "purchased": 0, "allocated": 0,
        "dispatched": 0, "available": 0, "batch_count": 0, "batches": []
    });
    assert_eq!(made.json(), expected);
    assert_eq!(api.see("/v1/shipments/SHP%2F1").await, expected);
    let again = api.post("/v1/shipments", &shipment).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, expected));
    // Also after a change: it is compared with what was first accepted.
    done(
        &api,
        "/v1/shipments/SHP%2F1/eta",
        &json!({"eta": "2026-07-01"}),
    )
    .await;
    let again = api.post("/v1/shipments", &shipment).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.json()["eta"], "2026-07-01");
}

#[tokio::test]
async fn a_storm_moves_all_that_a_ship_carries() {
    let api = aurora().await;
    assert_eq!(promise(&api, "o-1").await, "2026-06-01");
    let moved = done(
        &api,
        "/v1/shipments/SHP-1/eta",
        &json!({"eta": "2026-06-11"}),
    )
    .await;
    assert_eq!(moved["eta"], "2026-06-11");
    assert_eq!(moved["batch_count"], 2);
    let batches = moved["batches"].as_array().unwrap();
    assert!(
        batches.iter().all(|batch| batch["eta"] == "2026-06-11"),
        "{batches:?}"
    );
    assert_eq!(promise(&api, "o-1").await, "2026-06-11");
    assert_eq!(moved, api.see("/v1/shipments/SHP-1").await);
}

#[tokio::test]
async fn a_ship_is_held_and_released_with_all_its_batches() {
    let api = aurora().await;
    let hold = json!({"code": "customs", "note": "papers", "expected_clear": "2026-06-20"});
    let ship = done(&api, "/v1/shipments/SHP-1/hold", &hold).await;
    assert_eq!(ship["hold"], hold);
    assert_eq!(ship["batches"][0]["shipment_hold"], hold);
    assert_eq!(ship["batches"][0]["hold"], Value::Null);
    assert_eq!(promise(&api, "o-1").await, "2026-06-20");
    // Without a date nobody can count on it.
    done(
        &api,
        "/v1/shipments/SHP-1/hold",
        &json!({"code": "customs"}),
    )
    .await;
    assert_eq!(
        api.see("/v1/orders/o-1").await["lines"][0]["status"],
        "backordered"
    );
    let released = api.post_empty("/v1/shipments/SHP-1/release").await;
    assert_eq!(released.status, 200);
    assert_eq!(released.json()["hold"], Value::Null);
    assert_eq!(promise(&api, "o-1").await, "2026-06-01");
    let again = api.post_empty("/v1/shipments/SHP-1/release").await;
    assert_eq!(
        (again.status.as_u16(), again.json()),
        (200, released.json())
    );
}

#[tokio::test]
async fn a_ship_is_received_as_expected_or_as_counted() {
    let api = aurora().await;
    let counts = json!({"counts": {"b-1": 4}});
    let landed = done(&api, "/v1/shipments/SHP-1/receive", &counts).await;
    assert_eq!(landed["eta"], Value::Null);
    let units: Vec<_> = landed["batches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|batch| batch["purchased"].as_u64().unwrap())
        .collect();
    assert_eq!(units, [4, 4], "what was not counted arrived as expected");
    assert_eq!(
        api.see("/v1/orders/o-1").await["lines"][0]["status"],
        "backordered"
    );
    let other = aurora().await;
    let whole = other.post_empty("/v1/shipments/SHP-1/receive").await;
    assert_eq!(
        (whole.status.as_u16(), &whole.json()["purchased"]),
        (200, &json!(14))
    );
}

#[tokio::test]
async fn shipments_are_listed_and_filtered() {
    let api = aurora().await;
    for (reference, eta) in [("SHP-2", json!("2026-08-01")), ("XHP-3", json!(null))] {
        let shipment = json!({"reference": reference, "eta": eta});
        api.post("/v1/shipments", &shipment).await;
    }
    done(
        &api,
        "/v1/shipments/SHP-2/hold",
        &json!({"code": "paperwork"}),
    )
    .await;
    let names = async |query: &str| {
        let list = api.see(&format!("/v1/shipments?{query}")).await;
        let items = list["items"].as_array().unwrap().clone();
        assert!(
            items.iter().all(|item| item.get("batches").is_none()),
            "{items:?}"
        );
        items
            .iter()
            .map(|item| item["reference"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("").await, ["SHP-1", "SHP-2", "XHP-3"]);
    assert_eq!(names("landed=true").await, ["XHP-3"]);
    assert_eq!(names("landed=false&held=false").await, ["SHP-1"]);
    assert_eq!(names("held=true").await, ["SHP-2"]);
    assert_eq!(names("eta_until=2026-06-01").await, ["SHP-1"]);
    assert_eq!(names("prefix=SHP").await, ["SHP-1", "SHP-2"]);
    let first = api.see("/v1/shipments?limit=2").await;
    assert_eq!(first["items"][0]["batch_count"], 2);
    assert_eq!(first["items"][0]["allocated"], 6);
    let cursor = first["cursor"].as_str().unwrap();
    assert_eq!(names(&format!("limit=2&cursor={cursor}")).await, ["XHP-3"]);
    api.get(&format!("/v1/batches?cursor={cursor}"))
        .await
        .ill_formed("cursor");
    api.get("/v1/shipments?landed=maybe")
        .await
        .ill_formed("landed");
}

#[tokio::test]
async fn batches_are_filtered_by_shipment_and_hold() {
    let api = aurora().await;
    api.stock("b-3", "SOFA", 5).await;
    done(&api, "/v1/batches/b-3/hold", &json!({"code": "damage"})).await;
    let names = async |query: &str| {
        let list = api.see(&format!("/v1/batches?{query}")).await;
        let items = list["items"].as_array().unwrap();
        let name = |item: &Value| item["reference"].as_str().unwrap().to_owned();
        items.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names("shipment=SHP-1").await, ["b-1", "b-2"]);
    assert_eq!(names("shipment=SHP-9").await, [""; 0]);
    assert_eq!(names("held=true").await, ["b-3"]);
    assert_eq!(names("held=false&sku=SOFA").await, ["b-1"]);
    done(
        &api,
        "/v1/shipments/SHP-1/hold",
        &json!({"code": "customs"}),
    )
    .await;
    assert_eq!(names("held=true").await, ["b-1", "b-2", "b-3"]);
}

#[tokio::test]
async fn orders_that_need_attention_are_found() {
    let api = aurora().await;
    api.line("o-2", "LAMP", 9).await;
    api.line("o-3", "LAMP", 1).await;
    let names = async |query: &str| {
        let list = api.see(&format!("/v1/orders?{query}")).await;
        let items = list["items"].as_array().unwrap();
        let name = |item: &Value| item["order_id"].as_str().unwrap().to_owned();
        items.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(names("attention=backordered").await, ["o-2"]);
    assert_eq!(names("attention=late").await, [""; 0]);
    done(&api, "/v1/batches/b-1/eta", &json!({"eta": "2026-07-01"})).await;
    assert_eq!(names("attention=late").await, ["o-1"]);
    let wrong = api
        .get("/v1/orders?attention=broken")
        .await
        .ill_formed("attention");
    assert_eq!(
        wrong["errors"][0]["message"],
        "must be `backordered` or `late`"
    );
}

#[tokio::test]
async fn a_batch_is_held_received_and_cancelled() {
    let api = aurora().await;
    let hold = json!({"code": "quality", "expected_clear": "2026-06-05"});
    let kept = done(&api, "/v1/batches/b-1/hold", &hold).await;
    assert_eq!(
        kept["hold"],
        json!({"code": "quality", "note": null, "expected_clear": "2026-06-05"})
    );
    assert_eq!(promise(&api, "o-1").await, "2026-06-05");
    let released = api.post_empty("/v1/batches/b-1/release").await;
    assert_eq!(released.json()["hold"], Value::Null);
    let short = done(&api, "/v1/batches/b-1/receive", &json!({"quantity": 8})).await;
    assert_eq!(
        (&short["eta"], &short["purchased"]),
        (&Value::Null, &json!(8))
    );
    let over = done(&api, "/v1/batches/b-1/receive", &json!({"quantity": 12})).await;
    assert_eq!(over["purchased"], 12, "a second receipt corrects the first");
    let gone = done(&api, "/v1/batches/b-1/cancel", &json!({"reason": "flood"})).await;
    assert_eq!(
        (&gone["purchased"], &gone["allocated"]),
        (&json!(0), &json!(0))
    );
    let again = api.post_empty("/v1/batches/b-1/cancel").await;
    assert_eq!((again.status.as_u16(), again.json()), (200, gone));
    assert_eq!(
        api.see("/v1/orders/o-1").await["lines"][0]["status"],
        "backordered"
    );
}

/// What the body says beside the path must be the same.
#[tokio::test]
async fn the_body_may_repeat_the_path_and_not_contradict_it() {
    let api = aurora().await;
    let same = json!({"type": "HoldShipment", "reference": "SHP-1", "code": "customs"});
    done(&api, "/v1/shipments/SHP-1/hold", &same).await;
    let other = json!({"reference": "SHP-2", "code": "customs"});
    api.post("/v1/shipments/SHP-1/hold", &other)
        .await
        .ill_formed("reference");
    let other = json!({"type": "HoldBatch", "code": "customs"});
    api.post("/v1/shipments/SHP-1/hold", &other)
        .await
        .ill_formed("type");
    let other = json!({"reference": "b-2", "quantity": 3});
    api.post("/v1/batches/b-1/receive", &other)
        .await
        .ill_formed("reference");
    let other = json!({"line_id": "LAMP"});
    api.post("/v1/orders/o-1/lines/SOFA/dispatch", &other)
        .await
        .ill_formed("line_id");
    api.post("/v1/batches/b-1/hold", &json!({}))
        .await
        .ill_formed("code");
    api.post("/v1/batches/b-1/hold", &json!({"code": ""}))
        .await
        .ill_formed("code");
    api.post("/v1/shipments/SHP-1/eta", &json!({}))
        .await
        .ill_formed("eta");
    api.post("/v1/shipments", &json!({"reference": "SHP-3"}))
        .await
        .ill_formed("eta");
}

/// All types of commands pass through one door, one by one and as a stream.
#[tokio::test]
async fn every_type_of_command_is_taken_everywhere() {
    let commands = [
        json!({"type": "CreateShipment", "reference": "s", "eta": "2026-06-01"}),
        json!({"type": "CreateBatch", "reference": "b", "sku": "S", "quantity": 9, "shipment": "s"}),
        json!({"type": "CreateBatch", "reference": "c", "sku": "S", "quantity": 9}),
        json!({"type": "ChangeBatchQuantity", "reference": "b", "quantity": 8}),
        json!({"type": "ChangeBatchEta", "reference": "b", "eta": "2026-06-02"}),
        json!({"type": "HoldBatch", "reference": "b", "code": "quality"}),
        json!({"type": "ReleaseBatch", "reference": "b"}),
        json!({"type": "ChangeShipmentEta", "reference": "s", "eta": "2026-06-03"}),
        json!({"type": "HoldShipment", "reference": "s", "code": "customs"}),
        json!({"type": "ReleaseShipment", "reference": "s"}),
        json!({"type": "PlaceOrder", "order_id": "o", "lines": [{"sku": "S", "quantity": 1}]}),
        json!({"type": "Allocate", "order_id": "p", "sku": "S", "quantity": 1}),
        json!({"type": "ChangeLineQuantity", "order_id": "p", "line_id": "S", "quantity": 2}),
        json!({"type": "CancelLine", "order_id": "p", "line_id": "S"}),
        json!({"type": "Dispatch", "order_id": "o"}),
        json!({"type": "CancelOrder", "order_id": "p"}),
        json!({"type": "ReceiveBatch", "reference": "b", "quantity": 7}),
        json!({"type": "ReceiveShipment", "reference": "s", "counts": {"b": 6}}),
        json!({"type": "CancelBatch", "reference": "b"}),
    ];
    for kind in landfall_domain::Command::KINDS {
        assert!(
            commands.iter().any(|command| command["type"] == kind),
            "{kind} is not tried"
        );
    }
    let one_by_one = api();
    for command in &commands {
        let answer = one_by_one.post("/v1/commands", command).await;
        assert!(answer.status.is_success(), "{command}: {answer:?}");
    }
    let stream: Vec<_> = commands.iter().map(Value::to_string).collect();
    let streamed = api();
    for line in streamed.stream("", stream.join("\n")).await.lines() {
        assert_eq!(line["status"], "ok", "{line}");
    }
    let dry = api()
        .stream("?dry_run=true", stream.join("\n"))
        .await
        .lines();
    assert_eq!(dry.last().unwrap()["summary"]["ok"], commands.len());
    assert_eq!(
        one_by_one.see("/v1/shipments/s").await,
        streamed.see("/v1/shipments/s").await
    );
    one_by_one.engine.in_order().await;
}
