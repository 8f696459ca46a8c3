//! The orders in which lists can be asked for, and their cursors.

use serde_json::{Value, json};

use crate::goods::{aurora, done};
use crate::support::Api;

/// SHP-1 with b-1 (4 free) and b-2 (4 free), and more: here-1 (9 lamps), later-1 (1 rug), SHP-0 that has landed, and who
/// waits for rugs.
async fn shop() -> Api {
    let api = aurora().await;
    let shipments = [
        json!({"reference": "SHP-0", "eta": null, "carrier": "Maersk"}),
        json!({"reference": "SHP-2", "eta": "2026-05-20", "carrier": "Maersk Line"}),
    ];
    for shipment in shipments {
        assert_eq!(api.post("/v1/shipments", &shipment).await.status, 201);
    }
    let batches = [
        json!({"reference": "here-1", "sku": "LAMP", "quantity": 9}),
        json!({"reference": "later-1", "sku": "RUG", "quantity": 1, "eta": "2026-07-01"}),
    ];
    for batch in batches {
        assert_eq!(api.post("/v1/batches", &batch).await.status, 201);
    }
    api.line("o-2", "RUG", 5).await;
    api.line("o-3", "RUG", 5).await;
    api
}

/// The names on all pages of two.
async fn names(api: &Api, path: &str, name: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), None::<String>);
    let with = if path.contains('?') { '&' } else { '?' };
    loop {
        let after = cursor.map(|cursor| format!("&cursor={cursor}"));
        let page = api
            .see(&format!("{path}{with}limit=2{}", after.unwrap_or_default()))
            .await;
        for item in page["items"].as_array().unwrap() {
            all.push(item[name].as_str().unwrap().to_owned());
        }
        cursor = page["cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return all;
        }
    }
}

#[tokio::test]
async fn lists_come_in_the_order_that_is_asked_for() {
    let api = shop().await;
    for (path, name, wanted) in [
        (
            "/v1/batches",
            "reference",
            &["b-1", "b-2", "here-1", "later-1"] as &[&str],
        ),
        (
            "/v1/batches?sort=reference",
            "reference",
            &["b-1", "b-2", "here-1", "later-1"],
        ),
        (
            "/v1/batches?sort=eta",
            "reference",
            &["here-1", "b-1", "b-2", "later-1"],
        ),
        (
            "/v1/batches?sort=available",
            "reference",
            &["here-1", "b-1", "b-2", "later-1"],
        ),
        (
            "/v1/batches?sort=available&sku=LAMP",
            "reference",
            &["here-1", "b-2"],
        ),
        ("/v1/batches?on_shipment=true", "reference", &["b-1", "b-2"]),
        (
            "/v1/batches?on_shipment=false&sort=eta",
            "reference",
            &["here-1", "later-1"],
        ),
        ("/v1/shipments", "reference", &["SHP-0", "SHP-1", "SHP-2"]),
        (
            "/v1/shipments?sort=eta",
            "reference",
            &["SHP-2", "SHP-1", "SHP-0"],
        ),
        ("/v1/shipments?carrier=Maersk", "reference", &["SHP-0"]),
        (
            "/v1/shipments?carrier=Maersk%20Line&sort=eta",
            "reference",
            &["SHP-2"],
        ),
        ("/v1/products?sort=sku", "sku", &["LAMP", "RUG", "SOFA"]),
        (
            "/v1/products?sort=available",
            "sku",
            &["LAMP", "SOFA", "RUG"],
        ),
        (
            "/v1/products?sort=backordered",
            "sku",
            &["RUG", "LAMP", "SOFA"],
        ),
        ("/v1/orders?sort=id", "order_id", &["o-1", "o-2", "o-3"]),
        ("/v1/orders?sort=recent", "order_id", &["o-3", "o-2", "o-1"]),
    ] {
        assert_eq!(names(&api, path, name).await, wanted, "{path}");
    }
    done(&api, "/v1/batches/b-1/eta", &json!({"eta": "2026-07-09"})).await;
    let recent = names(&api, "/v1/orders?sort=recent", "order_id").await;
    assert_eq!(recent, ["o-1", "o-3", "o-2"], "its promise is another");
}

#[tokio::test]
async fn what_is_no_order_of_a_list_is_told() {
    let api = shop().await;
    for (path, message) in [
        (
            "/v1/batches?sort=size",
            "must be `reference`, `eta`, `available`",
        ),
        (
            "/v1/shipments?sort=available",
            "must be `reference` or `eta`",
        ),
        (
            "/v1/products?sort=",
            "must be `sku`, `backordered`, `available`",
        ),
        ("/v1/orders?sort=recently", "must be `id` or `recent`"),
    ] {
        let wrong = api.get(path).await.ill_formed("sort");
        assert_eq!(wrong["errors"][0]["message"], message, "{path}");
    }
    for filter in ["sku=RUG", "batch=b-1", "attention=late", "prefix=o"] {
        let path = format!("/v1/orders?sort=recent&{filter}");
        let answer = api.get(&path).await;
        assert_eq!(answer.status, 422, "{path}");
        let errors = &answer.json()["errors"];
        assert_eq!(errors[0]["field"], "sort", "{path}");
        let message = errors[0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("leave out the filters"), "{message}");
    }
    for (first, other) in [
        ("/v1/batches?sort=eta", "/v1/batches?sort=available"),
        ("/v1/batches?sort=eta", "/v1/batches?limit=1"),
        ("/v1/orders?sort=recent", "/v1/orders?sort=id"),
        ("/v1/products?sort=sku", "/v1/products?sort=available"),
    ] {
        let page: Value = api.see(&format!("{first}&limit=1")).await;
        let cursor = page["cursor"].as_str().unwrap();
        api.get(&format!("{other}&cursor={cursor}"))
            .await
            .ill_formed("cursor");
    }
}
