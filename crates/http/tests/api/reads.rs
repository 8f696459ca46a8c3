//! The routes that answer with one thing, with lists, and with the log.

use serde_json::{Value, json};

use crate::support::{Api, api};

async fn pages(api: &Api, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut page = api.see(path).await;
    loop {
        all.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["cursor"].as_str() else {
            return all;
        };
        page = api.see(&format!("{path}&cursor={cursor}")).await;
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let api = api();
    api.get("/v1/batches/none")
        .await
        .problem(404, "unknown-batch");
    api.get("/v1/orders/none")
        .await
        .problem(404, "unknown-order");
    api.get("/v1/products/none")
        .await
        .problem(404, "unknown-product");
    api.get("/v1/products/none/availability")
        .await
        .problem(404, "unknown-product");
}

#[tokio::test]
async fn any_sku_can_stand_in_a_path() {
    let api = api();
    for (sku, path) in [
        ("A/B C", "A%2FB%20C"),
        ("größe-7\u{1f6cb}", "gr%C3%B6%C3%9Fe-7%F0%9F%9B%8B"),
        ("50%+", "50%25+"),
        ("?#", "%3F%23"),
        ("..", "%2E%2E"),
    ] {
        api.stock(&api.fresh("b"), sku, 5).await;
        assert_eq!(api.see(&format!("/v1/products/{path}")).await["sku"], sku);
        let availability = api.see(&format!("/v1/products/{path}/availability")).await;
        assert_eq!(availability["steps"][0]["quantity"], 5);
        assert_eq!(availability["as_of"], "2026-05-10");
    }
}

#[tokio::test]
async fn a_name_that_none_could_have_is_ill_formed() {
    let api = api();
    let long = "x".repeat(256);
    api.get(&format!("/v1/products/{long}"))
        .await
        .ill_formed("sku");
    api.get("/v1/batches/a%0Ab").await.ill_formed("reference");
    api.get("/v1/orders/%FF%FE").await.ill_formed("path");
    api.post_empty(&format!("/v1/orders/{long}/cancel"))
        .await
        .ill_formed("id");
    api.post_empty("/v1/orders/o/lines/%00/cancel")
        .await
        .ill_formed("line");
    api.get("/allocations/%7F").await.ill_formed("orderid");
}

#[tokio::test]
async fn lists_are_walked_with_cursors() {
    let api = api();
    for number in 0..25 {
        api.stock(
            &format!("b-{number:02}"),
            if number % 2 == 0 { "SO FA" } else { "LAMP" },
            5,
        )
        .await;
    }
    let all = pages(&api, "/v1/batches?limit=10").await;
    assert_eq!(all.len(), 25);
    let sofas = pages(&api, "/v1/batches?limit=5&sku=SO+FA").await;
    assert_eq!(sofas.len(), 13);
    assert!(sofas.iter().all(|batch| batch["sku"] == "SO FA"));
    assert_eq!(
        api.see("/v1/batches").await["items"]
            .as_array()
            .unwrap()
            .len(),
        25
    );
    assert_eq!(api.see("/v1/batches").await["cursor"], Value::Null);
    let products = pages(&api, "/v1/products?limit=1").await;
    assert_eq!(products.len(), 2);
}

#[tokio::test]
async fn lists_have_filters() {
    let api = api();
    api.stock("w-1", "SOFA", 5).await;
    let inbound = json!({"reference": "s-1", "sku": "SOFA", "quantity": 5, "eta": "2026-06-01"});
    api.post("/v1/batches", &inbound).await;
    api.stock("w-2", "LAMP", 1).await;
    api.line("o-1", "LAMP", 1).await;
    api.line("o-2", "LAMP", 1).await;
    let names = async |path: &str, field: &str| {
        let list = api.see(path).await;
        let name = |item: &Value| item[field].as_str().unwrap().to_owned();
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(name)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names("/v1/batches?in_warehouse=false", "reference").await,
        ["s-1"]
    );
    assert_eq!(
        names("/v1/batches?available=true&in_warehouse=true", "reference").await,
        ["w-1"]
    );
    assert_eq!(
        names("/v1/batches?prefix=w", "reference").await,
        ["w-1", "w-2"]
    );
    assert_eq!(
        names("/v1/batches?eta_until=2026-06-01", "reference").await,
        ["s-1"]
    );
    assert_eq!(
        names("/v1/batches?eta_until=2026-05-31", "reference").await,
        [""; 0]
    );
    assert_eq!(
        names("/v1/batches?eta_from=2026-06-01", "reference").await,
        ["s-1"]
    );
    assert_eq!(
        names("/v1/batches?eta_from=2026-06-02", "reference").await,
        [""; 0]
    );
    assert_eq!(names("/v1/orders?batch=w-2", "order_id").await, ["o-1"]);
    assert_eq!(
        names("/v1/orders?sku=LAMP", "order_id").await,
        ["o-1", "o-2"]
    );
    assert_eq!(
        names("/v1/products?backordered=true", "sku").await,
        ["LAMP"]
    );
    assert_eq!(names("/v1/backorders", "order_id").await, ["o-2"]);
    assert_eq!(names("/v1/backorders?sku=SOFA", "order_id").await, [""; 0]);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_list_only() {
    let api = api();
    for number in 0..3 {
        api.stock(&format!("b-{number}"), "SOFA", 5).await;
    }
    let page = api.see("/v1/batches?limit=1").await;
    let cursor = page["cursor"].as_str().unwrap();
    assert!(!cursor.is_empty());
    let same = api
        .get(&format!("/v1/batches?limit=2&cursor={cursor}"))
        .await;
    assert_eq!(same.status, 200);
    for path in [
        format!("/v1/products?cursor={cursor}"),
        format!("/v1/orders?cursor={cursor}"),
        format!("/v1/batches?sku=SOFA&cursor={cursor}"),
        format!("/v1/batches?cursor={}", &cursor[1..]),
        "/v1/batches?cursor=b-1".to_owned(),
        "/v1/backorders?cursor=".to_owned(),
    ] {
        api.get(&path).await.ill_formed("cursor");
    }
    api.get(&format!("/v1/events?after={cursor}"))
        .await
        .ill_formed("after");
}

#[tokio::test]
async fn parameters_that_are_wrong_are_named() {
    let api = api();
    for (path, field) in [
        ("/v1/batches?limit=0", "limit"),
        ("/v1/batches?limit=1001", "limit"),
        ("/v1/orders?limit=-1", "limit"),
        ("/v1/products?limit=ten", "limit"),
        ("/v1/events?limit=0", "limit"),
        ("/v1/batches?available=1", "available"),
        ("/v1/batches?eta_until=tomorrow", "eta_until"),
        ("/v1/batches?eta_from=tomorrow", "eta_from"),
        ("/v1/shipments?clear_until=soon", "clear_until"),
        ("/v1/batches?sku=", "sku"),
        ("/v1/batches?sku=A&sku=B", "sku"),
        ("/v1/orders?status=backordered", "status"),
        ("/v1/events?from=1", "from"),
        ("/v1/products?prefix=%00", "prefix"),
        ("/v1/products/A?x=1", "x"),
    ] {
        api.get(path).await.ill_formed(field);
    }
}

#[tokio::test]
async fn the_log_is_followed_by_its_cursor() {
    let api = api();
    let empty = api.see("/v1/events").await;
    assert_eq!(empty["events"], json!([]));
    let start = empty["cursor"].as_str().unwrap().to_owned();
    api.stock("b-1", "SOFA", 5).await;
    api.line("o-1", "SOFA", 1).await;
    let first = api.see(&format!("/v1/events?after={start}&limit=1")).await;
    let event = &first["events"][0];
    assert_eq!(event["type"], "BatchCreated");
    assert_eq!(event["sku"], "SOFA");
    assert_eq!(event["data"]["reference"], "b-1");
    assert_eq!(event["schema"], 2);
    let cursor = first["cursor"].as_str().unwrap();
    let second = api.see(&format!("/v1/events?after={cursor}")).await;
    assert_eq!(second["events"][0]["type"], "Allocated");
    assert_eq!(second["events"].as_array().unwrap().len(), 1);
    let cursor = second["cursor"].as_str().unwrap().to_owned();
    let none = api.see(&format!("/v1/events?after={cursor}")).await;
    assert_eq!(
        (none["events"].clone(), &none["cursor"]),
        (json!([]), &json!(cursor))
    );
    assert_eq!(
        api.see("/v1/events").await["events"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
