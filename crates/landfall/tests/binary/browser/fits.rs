//! What is on a page can be read: names whole, and on a phone what can be done in view.

use serde_json::Value;

use super::{Browser, Setup};
use crate::support::{Place, Service};

/// Names as long as a shipment's and a SKU's together are.
const WORLD: &str = r#"
{"type": "CreateShipment", "reference": "MV-KITTIWAKE-028", "eta": "2027-03-01"}
{"type": "CreateBatch", "reference": "MV-KITTIWAKE-028.ARMCHAIR-FELL-LEATHER-TAN", "sku": "ARMCHAIR-FELL-LEATHER-TAN", "quantity": 9, "shipment": "MV-KITTIWAKE-028"}
{"type": "CreateBatch", "reference": "MV-STORMCOCK-015.COFFEE-TABLE-ORB-WALNUT", "sku": "COFFEE-TABLE-ORB-WALNUT", "quantity": 9, "eta": "2026-01-05"}
{"type": "PlaceOrder", "order_id": "SO-1", "lines": [{"sku": "ARMCHAIR-FELL-LEATHER-TAN", "quantity": 2}, {"sku": "COFFEE-TABLE-ORB-WALNUT", "quantity": 1}]}
{"type": "PlaceOrder", "order_id": "SO-2", "lines": [{"sku": "ARMCHAIR-FELL-LEATHER-TAN", "quantity": 20}]}
{"type": "HoldBatch", "reference": "MV-STORMCOCK-015.COFFEE-TABLE-ORB-WALNUT", "code": "quality", "note": "opened for inspection"}
"#;

const PAGES: [&str; 9] = [
    "/",
    "/arrivals",
    "/batches",
    "/batches/MV-KITTIWAKE-028.ARMCHAIR-FELL-LEATHER-TAN",
    "/shipments/MV-KITTIWAKE-028",
    "/shipments/MV-KITTIWAKE-028?late=10",
    "/products/ARMCHAIR-FELL-LEATHER-TAN",
    "/orders/SO-1",
    "/late",
];

fn world(place: &Place) -> Service {
    place.write("world.ndjson", WORLD.trim_start());
    place.run(["apply", "world.ndjson"]).ended(0);
    place.serve(&[])
}

/// What a script finds on each page.
async fn found(setup: Setup, script: &str) -> Vec<String> {
    let Some(browser) = Browser::start(setup).await else {
        return Vec::new();
    };
    let place = Place::new();
    let service = world(&place);
    let mut found = Vec::new();
    for page in PAGES {
        browser.open(&format!("{}{page}", service.url())).await;
        browser.find("#main").await;
        let answer = browser.run(script).await;
        let answer = answer.as_array().cloned().unwrap_or_default();
        let texts = answer.iter().filter_map(Value::as_str);
        found.extend(texts.map(|text| format!("{page}: {text}")));
    }
    drop(service);
    browser.close().await;
    found
}

#[tokio::test]
async fn names_are_read_whole_at_a_desk() {
    let cut = "return [...document.querySelectorAll('.name, .own, .timeline b')].filter((one) => \
         one.clientWidth < one.scrollWidth && getComputedStyle(one).overflowX !== 'visible' || \
         one.closest('td, th, .what')?.getBoundingClientRect().right < one.getBoundingClientRect().right)\
         .map((one) => one.textContent)";
    let cut = found(Setup::default(), cut).await;
    assert!(cut.is_empty(), "{}", cut.join("\n"));
}

#[tokio::test]
async fn on_a_phone_what_can_be_done_is_in_view() {
    let phone = Setup {
        phone: Some(360),
        ..Setup::default()
    };
    let away = "return [...document.querySelectorAll('td .do, .places [aria-current], .timeline a, .timeline b')]\
         .filter((one) => one.getBoundingClientRect().right > innerWidth)\
         .map((one) => one.textContent + ' is out of view')\
         .concat([...document.querySelectorAll('.scroll, .chart')]\
         .filter((one) => one.clientWidth < one.scrollWidth)\
         .filter((one) => !getComputedStyle(one).backgroundAttachment.includes('local') || one.tabIndex !== 0)\
         .map((one) => one.ariaLabel + ' goes on without a sign'))";
    let away = found(phone, away).await;
    assert!(away.is_empty(), "{}", away.join("\n"));
}
