//! The OpenAPI document, its pages, and health.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::support::api;

/// Every reference in the document, wherever it stands.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get("$ref") {
                found.insert(target.clone());
            }
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_resolves() {
    let document = landfall_http::openapi();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "{found:?}");
    for target in found {
        let pointer = target.strip_prefix('#').expect(&target);
        assert!(
            document.pointer(pointer).is_some(),
            "{target} leads nowhere"
        );
    }
}

#[test]
fn every_schema_is_used() {
    let document = landfall_http::openapi();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for name in document["components"]["schemas"]
        .as_object()
        .unwrap()
        .keys()
    {
        assert!(
            found.contains(&format!("#/components/schemas/{name}")),
            "nothing uses {name}"
        );
    }
}

/// Each operation and its statuses: what the outside is built on.
#[test]
fn the_contract_stays_as_it_is() {
    let document = landfall_http::openapi();
    let mut lines = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let statuses: Vec<_> = operation["responses"]
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            let parameters: Vec<_> = operation["parameters"]
                .as_array()
                .map(|all| all.iter().map(|p| p["name"].as_str().unwrap()).collect())
                .unwrap_or_default();
            let (parameters, statuses) = (parameters.join(","), statuses.join(" "));
            lines.push(format!("{method} {path} ({parameters}): {statuses}"));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn every_operation_is_routed() {
    let api = api();
    for (path, operations) in landfall_http::openapi()["paths"].as_object().unwrap() {
        let address: String = path
            .split('/')
            .map(|s| if s.starts_with('{') { "x" } else { s })
            .collect::<Vec<_>>()
            .join("/");
        for method in operations.as_object().unwrap().keys() {
            // A stream that begins has no end that could be waited for.
            let query = match path.as_str() {
                "/v1/events/stream" => "?after=nowhere",
                _ => "",
            };
            let request = Request::builder()
                .method(method.to_uppercase().as_str())
                .uri(format!("{address}{query}"))
                .body(Body::empty())
                .unwrap();
            let answer = api.send(request).await;
            let nowhere = r#""type":"urn:landfall:problem:no-such-route""#;
            assert!(
                !answer.body.starts_with(&format!("{{{nowhere}")),
                "{method} {path}"
            );
            assert_ne!(answer.status, 405, "{method} {path}");
            let described = &operations[method]["responses"][answer.status.as_str()];
            assert!(
                described.is_object(),
                "{method} {path} answers {}",
                answer.status
            );
        }
    }
}

#[test]
fn operations_have_what_their_kind_has() {
    let document = landfall_http::openapi();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(
                ids.insert(operation["operationId"].to_string()),
                "{name} has a twin"
            );
            assert!(operation["summary"].is_string(), "{name} says nothing");
            for (status, response) in operation["responses"].as_object().unwrap() {
                let content = response["content"].as_object();
                assert!(content.is_some(), "{name} {status} has no content");
            }
            if method == "post" {
                assert!(operation["requestBody"]["required"].is_boolean(), "{name}");
                let parameters = operation["parameters"].to_string();
                assert!(parameters.contains("Idempotency-Key"), "{name}");
            }
        }
    }
    let body = |path: &str| document["paths"][path]["post"]["requestBody"]["required"].clone();
    assert_eq!(body("/v1/orders/{id}/cancel"), json!(false));
    assert_eq!(body("/v1/batches/{reference}/eta"), json!(true));
    let eta = &document["components"]["schemas"]["ChangeBatchEtaBody"];
    assert_eq!(eta["required"], json!(["eta"]));
    assert!(eta["properties"]["reference"].is_null());
}

/// Each on a service of its own, so that none is in another's way.
#[tokio::test]
async fn the_examples_are_accepted() {
    let document = landfall_http::openapi();
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let example = &operations["post"]["requestBody"]["content"]["application/json"]["example"];
        if example.is_null() {
            continue;
        }
        tried += 1;
        let api = api();
        let shipment = json!({"reference": "SHP-1", "eta": "2026-12-01"});
        let landing = json!({
            "reference": "PO-1042", "sku": "SOFA-3-GREY", "quantity": 40, "shipment": "SHP-1"
        });
        if path != "/v1/batches" {
            api.post("/v1/shipments", &shipment).await;
            api.post("/v1/batches", &landing).await;
        }
        api.stock("PO-1", "SOFA-3-GREY", 100).await;
        api.stock("PO-2", "LAMP-ARC", 100).await;
        api.stock("PO-3", "SMALL-TABLE", 100).await;
        api.line("SO-1", "SOFA-3-GREY", 3).await;
        let reference = if path.starts_with("/v1/shipments/") {
            "SHP-1"
        } else {
            "PO-1"
        };
        let address = path
            .replace("{reference}", reference)
            .replace("{id}", "SO-1")
            .replace("{line}", "SOFA-3-GREY");
        let answer = api.post(&address, example).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
    }
    assert_eq!(tried, 17);
}

#[tokio::test]
async fn the_document_and_its_pages_are_served() {
    let api = api();
    assert_eq!(api.see("/openapi.json").await, landfall_http::openapi());
    let moved = api.get("/docs").await;
    assert_eq!(
        (moved.status.as_u16(), moved.header("location")),
        (303, "/docs/")
    );
    let page = api.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.contains("swagger-ui"));
    assert!(
        !page.body.contains("https://"),
        "something is fetched from elsewhere"
    );
    let script = api.get("/docs/swagger-initializer.js").await;
    assert!(script.body.contains("/openapi.json"), "{}", script.body);
    assert_eq!(api.get("/docs/swagger-ui.css").await.status, 200);
}

#[tokio::test]
async fn health_is_told() {
    let api = api();
    assert_eq!(api.see("/healthz").await, json!({"status": "alive"}));
    assert_eq!(api.see("/readyz").await, json!({"status": "ready"}));
}

/// Generated clients may send every field: null is the same as nothing.
#[tokio::test]
async fn what_may_be_left_out_may_be_null() {
    let schemas = &landfall_http::openapi()["components"]["schemas"];
    let nullable = |property: &Value| {
        property["type"]
            .as_array()
            .or_else(|| property["anyOf"].as_array())
            .is_some_and(|kinds| {
                kinds.contains(&json!("null")) || kinds.contains(&json!({"type": "null"}))
            })
    };
    for kind in landfall_domain::Command::KINDS {
        let schema = &schemas[kind];
        let required = schema["required"].as_array().unwrap();
        let mut command = json!({"type": kind});
        for (name, property) in schema["properties"].as_object().unwrap() {
            if required.contains(&json!(name)) {
                command[name] = match name.as_str() {
                    "quantity" => json!(1),
                    "lines" => json!([{
                        "sku": "S", "quantity": 1, "line_id": null, "requested_date": null,
                        "priority": null, "policy": null, "split": null, "locations": null,
                    }]),
                    "eta" => json!("2026-12-31"),
                    _ => json!("x"),
                };
            } else {
                assert!(nullable(property), "{kind}.{name}: {property}");
                command[name] = Value::Null;
            }
        }
        let read = landfall_service::wire::parse(command.to_string().as_bytes());
        assert!(read.is_ok(), "{command}: {read:?}");
    }
    for (name, property) in schemas["NewLine"]["properties"].as_object().unwrap() {
        let must = name == "sku" || name == "quantity";
        assert_eq!(nullable(property), !must, "{name}");
    }
}

/// A ship that has landed has no ETA: null must be sayable, and forgetting the field must not be.
#[test]
fn an_eta_may_be_changed_to_null_and_may_not_be_left_out() {
    let schemas = &landfall_http::openapi()["components"]["schemas"];
    for name in ["ChangeBatchEta", "ChangeBatchEtaBody"] {
        let schema = &schemas[name];
        assert_eq!(
            schema["properties"]["eta"]["type"],
            json!(["string", "null"]),
            "{name}"
        );
        assert!(
            schema["required"]
                .as_array()
                .unwrap()
                .contains(&json!("eta")),
            "{name}"
        );
    }
}
