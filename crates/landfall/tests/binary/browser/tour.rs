//! A planner's and a clerk's tour: sign in, search, what if, apply, watch it live, cancel, lose the connection.

use super::{Browser, Setup, key, world};
use crate::support::{Place, Service};

fn bearer(service: &Service, key: &str, path: &str, body: &str) {
    let mut client = service.client();
    let answer = client.request_with(
        "POST",
        path,
        &format!("Authorization: Bearer {key}\r\n"),
        body,
    );
    assert!(matches!(answer.unwrap().status, 200 | 201), "{path}");
}

#[tokio::test]
async fn a_planner_delays_a_ship_and_everybody_sees_it_live() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let planner = key(&place, "planner", "supply");
    let service = world(&place);

    // Nobody comes in without a key, and a wrong one is told so.
    browser
        .open(&format!("{}/shipments/MV-AURORA", service.url()))
        .await;
    browser.write("#key", "lf_0000000000000000_wrong").await;
    browser.press("Sign in").await;
    browser.says("There is no such key").await;
    browser.write("#key", &planner).await;
    browser.press("Sign in").await;
    // And is where they wanted to go.
    browser.says("MV-AURORA").await;
    assert_eq!(browser.path().await, "/shipments/MV-AURORA");

    // From the keyboard to a thing that one knows the name of.
    browser.run("document.activeElement.blur()").await;
    browser.find("body").await.send_keys("/").await.unwrap();
    browser
        .find("#q:focus")
        .await
        .send_keys("SO-2\u{e007}")
        .await
        .unwrap();
    browser.says("SO-2").await;
    browser.find("#lines").await;
    assert_eq!(browser.path().await, "/orders/SO-2");
    browser.find("#live-state[data-state=live]").await;
    browser.says("1 Mar 2027").await;

    // What if it is ten days late? The promises of two lines break; then it is.
    browser
        .open(&format!("{}/shipments/MV-AURORA?late=10", service.url()))
        .await;
    browser.find("#preview").await;
    browser.says("promises broken").await;
    browser.says("11 Mar 2027").await;
    browser.press("Change ETA to 11 Mar 2027").await;
    browser.says("Changed the ETA of shipment MV-AURORA").await;
    let answer = place.run(["audit", "--json"]).json();
    assert_eq!(answer["ok"], true, "{answer}");

    // An order's page changes in place when something happens elsewhere: it is not loaded anew.
    browser
        .open(&format!("{}/orders/SO-2", service.url()))
        .await;
    browser.says("11 Mar 2027").await;
    browser.find("#live-state[data-state=live]").await;
    browser.run("window.same = true").await;
    let body = r#"{"eta": "2027-03-20"}"#;
    bearer(&service, &planner, "/v1/shipments/MV-AURORA/eta", body);
    browser.says("20 Mar 2027").await;
    assert_eq!(browser.run("return window.same").await, true);

    // The service goes away and comes back; nobody has to do anything.
    let address = service.address.to_string();
    assert!(service.stop().success());
    browser.find("#live-state[data-state=lost]").await;
    browser.says("Connection lost").await;
    let body = r#"{"type": "ChangeShipmentEta", "reference": "MV-AURORA", "eta": "2027-04-02"}"#;
    place.write("more.ndjson", body);
    place.run(["apply", "more.ndjson"]).ended(0);
    let again = place.command(["serve", "--listen", &address]);
    let service = Service::start_command(again);
    browser.find("#live-state[data-state=live]").await;
    browser.says("2 Apr 2027").await;
    assert_eq!(browser.run("return window.same").await, true);
    drop(service);
    browser.close().await;
}

#[tokio::test]
async fn a_clerk_says_where_the_sofa_is_and_cancels_an_order() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let clerk = key(&place, "clerk", "orders");
    let service = world(&place);
    browser.sign_in(&service, &clerk).await;
    browser.says("SOFA").await;

    browser
        .open(&format!("{}/orders/SO-3", service.url()))
        .await;
    browser.says("waits for stock").await;
    browser.says("Why:").await;
    // A clerk holds no batches.
    browser
        .open(&format!("{}/batches/W-LAMP", service.url()))
        .await;
    browser.says("W-LAMP").await;
    assert!(!browser.text().await.contains("Adjust quantity"));
    browser
        .open(&format!(
            "{}/do/CancelBatch?reference=W-LAMP",
            service.url()
        ))
        .await;
    browser.says("may not do this").await;

    // What is wrong is said at its field, and what was typed is still there.
    browser
        .open(&format!(
            "{}/do/ChangeLineQuantity?order_id=SO-2&line_id=SOFA",
            service.url()
        ))
        .await;
    browser.write("#f-quantity", "many").await;
    browser.press("See what it would do").await;
    browser.find("#f-quantity[aria-invalid=true]").await;
    let kept = browser
        .run("return document.getElementById('f-quantity').value")
        .await;
    assert_eq!(kept, "many");

    // Cancelling is looked at first; then the one who waited gets the goods.
    browser
        .open(&format!("{}/orders/SO-2", service.url()))
        .await;
    browser.press("Cancel order").await;
    browser.press("See what it would do").await;
    browser.find("#preview").await;
    browser.says("1\npromise improved").await;
    browser.press("do it").await;
    browser.says("Cancelled order SO-2").await;
    browser.says("cancelled").await;
    browser
        .open(&format!("{}/orders/SO-3", service.url()))
        .await;
    browser.says("1 Mar 2027").await;
    drop(service);
    browser.close().await;
}

#[tokio::test]
async fn a_page_that_nobody_looks_at_rests_and_wakes() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let admin = key(&place, "admin", "admin");
    let service = world(&place);
    browser.sign_in(&service, &admin).await;
    browser
        .open(&format!("{}/orders/SO-2", service.url()))
        .await;
    browser.find("#live-state[data-state=live]").await;
    // As a browser does when its tab goes to the background and comes back.
    let seen = "Object.defineProperty(document, 'hidden', {value: arguments_, configurable: true}); \
                document.dispatchEvent(new Event('visibilitychange'))";
    browser.run(&seen.replace("arguments_", "true")).await;
    browser.find("#live-state[data-state=paused]").await;
    let body = r#"{"eta": "2027-03-20"}"#;
    bearer(&service, &admin, "/v1/shipments/MV-AURORA/eta", body);
    browser.run(&seen.replace("arguments_", "false")).await;
    browser.find("#live-state[data-state=live]").await;
    browser.says("20 Mar 2027").await;
    drop(service);
    browser.close().await;
}

#[tokio::test]
async fn a_long_table_keeps_its_place_and_a_refusal_is_seen() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let admin = key(&place, "admin", "admin");
    let batch = r#"{"type": "CreateBatch", "reference": "RUGS", "sku": "RUG", "quantity": 99, "eta": "2027-03-01"}"#;
    let lines = (10..50).map(|order| {
        let id = format!("RUG-{order}");
        format!(r#"{{"type": "Allocate", "order_id": "{id}", "sku": "RUG", "quantity": 1}}"#)
    });
    let rugs: Vec<_> = std::iter::once(batch.to_owned()).chain(lines).collect();
    place.write("rugs.ndjson", rugs.join("\n"));
    place.run(["apply", "rugs.ndjson"]).ended(0);
    let service = world(&place);
    browser.sign_in(&service, &admin).await;
    let one_more = |order: u64| {
        let body =
            format!(r#"{{"lines": [{{"sku": "RUG", "quantity": 1}}], "order_id": "RUG-{order}"}}"#);
        bearer(&service, &admin, "/v1/orders", &body);
    };

    // Somebody reads further down in what would break, while one more order comes in.
    browser
        .open(&format!("{}/batches/RUGS?late=10", service.url()))
        .await;
    browser.says("40\npromises broken").await;
    browser.find("#live-state[data-state=live]").await;
    let scroll = "document.querySelector('#broken .scroll')";
    browser.run(&format!("{scroll}.scrollTop = 200")).await;
    one_more(50);
    browser.says("41\npromises broken").await;
    let now = browser.run(&format!("return {scroll}.scrollTop")).await;
    assert_eq!(now, 200);

    // What was looked at is another by the time that it is sent off: that is what one sees first.
    browser
        .open(&format!("{}/do/CancelBatch?reference=RUGS", service.url()))
        .await;
    browser.press("See what it would do").await;
    browser.says("41\npromises broken").await;
    one_more(51);
    browser.press("do it").await;
    browser.says("Nothing has been done").await;
    let seen = "const box = document.querySelector('[role=alert]').getBoundingClientRect(); \
                return box.top >= 0 && box.bottom <= window.innerHeight";
    assert_eq!(browser.run(seen).await, true);
    drop(service);
    browser.close().await;
}
