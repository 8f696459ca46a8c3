//! What comes between: a session that ends, a connection that is lost, a key that is hit twice, a part that goes away.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{Browser, Setup, key, world};
use crate::support::Place;

#[tokio::test]
async fn who_is_sent_to_sign_in_is_told_why_and_comes_back() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let first = key(&place, "first", "orders");
    let second = key(&place, "second", "orders");
    let service = world(&place);
    browser.sign_in(&service, &first).await;
    let order = format!("{}/orders?sku=SOFA", service.url());
    browser.open(&order).await;
    browser.find("#live-state[data-state=live]").await;
    place.run(["keys", "revoke", "first"]).ended(0);
    browser
        .says("your session has ended, or its key was revoked")
        .await;
    browser.write("#key", &second).await;
    browser.press("Sign in").await;
    browser.find("#rows").await;
    let at = browser
        .run("return location.pathname + location.search")
        .await;
    assert_eq!(at, "/orders?sku=SOFA");
    drop(service);
    browser.close().await;
}

#[tokio::test]
async fn what_did_not_go_through_stays_told() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let clerk = key(&place, "clerk", "orders");
    let service = world(&place);
    browser.sign_in(&service, &clerk).await;
    let form = format!("{}/do/CancelOrder?order_id=SO-2", service.url());
    browser.open(&form).await;
    browser.find("#live-state[data-state=live]").await;
    assert!(service.stop().success());
    browser.find("#live-state[data-state=lost]").await;
    browser.press("See what it would do").await;
    browser.says("did not go through").await;
    // The stream is tried again meanwhile, and tells its own.
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert!(browser.text().await.contains("did not go through"));
    browser.press("Put away").await;
    assert!(!browser.text().await.contains("did not go through"));
    browser.find("#live-state[data-state=lost]").await;
    browser.close().await;
}

#[tokio::test]
async fn enter_hit_twice_does_nothing_that_was_not_read() {
    for no_script in [false, true] {
        let setup = Setup {
            no_script,
            ..Setup::default()
        };
        let Some(browser) = Browser::start(setup).await else {
            return;
        };
        let place = Place::new();
        let admin = key(&place, "admin", "admin");
        let service = world(&place);
        browser.sign_in(&service, &admin).await;
        let form = format!("{}/do/ChangeBatchQuantity?reference=W-LAMP", service.url());
        browser.open(&form).await;
        browser.write("#f-quantity", "1\u{e007}").await;
        let head = browser.stands_at("outcome-head").await;
        head.send_keys("\u{e007}").await.unwrap();
        browser.says("What it would do").await;
        let answer = service.client().request_with(
            "GET",
            "/v1/batches/W-LAMP",
            &format!("Authorization: Bearer {admin}\r\n"),
            "",
        );
        assert_eq!(answer.unwrap().json()["purchased"], 5, "{no_script}");
        drop(service);
        browser.close().await;
    }
}

#[tokio::test]
async fn a_part_that_has_gone_away_is_emptied() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let planner = key(&place, "planner", "supply");
    let service = world(&place);
    browser.sign_in(&service, &planner).await;
    let late = format!("{}/shipments/MV-AURORA?late=10", service.url());
    browser.open(&late).await;
    browser.says("Change ETA to").await;
    browser.find("#live-state[data-state=live]").await;
    browser.run("window.same = true").await;
    // What has landed cannot be late: there is no such question any more.
    let bearer = format!("Authorization: Bearer {planner}\r\n");
    let received =
        service
            .client()
            .request_with("POST", "/v1/shipments/MV-AURORA/receive", &bearer, "{}");
    let received = received.unwrap();
    assert_eq!(received.status, 200, "{received:?}");
    browser.find("#outcome:empty").await;
    assert!(!browser.text().await.contains("Change ETA to"));
    assert_eq!(browser.run("return window.same").await, true);
    drop(service);
    browser.close().await;
}

#[tokio::test]
async fn what_is_asked_is_not_changed_under_the_hand() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let planner = key(&place, "planner", "supply");
    let service = world(&place);
    browser.sign_in(&service, &planner).await;
    let late = format!("{}/shipments/MV-AURORA?late=10", service.url());
    browser.open(&late).await;
    browser.says("Change ETA to 11 Mar 2027").await;
    browser.find("#live-state[data-state=live]").await;
    let bearer = format!("Authorization: Bearer {planner}\r\n");
    let delay = |eta: &str| {
        let body = format!(r#"{{"eta": "{eta}"}}"#);
        let path = "/v1/shipments/MV-AURORA/eta";
        let answer = service.client().request_with("POST", path, &bearer, &body);
        assert_eq!(answer.unwrap().status, 200);
    };
    delay("2027-03-20");
    browser
        .says("The ETA has changed since this was asked")
        .await;
    browser.press("Change ETA to 11 Mar 2027").await;
    browser.says("Nothing has been done").await;
    browser.open(&late).await;
    browser.says("Change ETA to 30 Mar 2027").await;
    browser.find("#live-state[data-state=live]").await;
    delay("2027-03-22");
    browser
        .says("The ETA has changed since this was asked")
        .await;
    browser.press("Ask anew").await;
    browser.says("Change ETA to 1 Apr 2027").await;
    drop(service);
    browser.close().await;
}

/// A page of another site that leads to this address.
async fn elsewhere(address: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let page = format!("<!doctype html><a href=\"{address}\">Their order</a>");
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close";
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{page}", page.len());
            let mut asked = [0; 4096];
            let _ = stream.read(&mut asked).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://localhost:{port}/")
}

#[tokio::test]
async fn a_link_from_elsewhere_leads_to_its_page() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let clerk = key(&place, "clerk", "orders");
    let service = world(&place);
    let order = format!("{}/orders/SO-2?done=Everything", service.url());
    let other = elsewhere(order).await;
    // Who has not signed in does so first.
    browser.open(&other).await;
    browser.press("Their order").await;
    browser.says("API key").await;
    browser.sign_in(&service, &clerk).await;
    browser.open(&other).await;
    browser.press("Their order").await;
    browser.says("SO-2").await;
    assert_eq!(browser.path().await, "/orders/SO-2");
    assert!(!browser.text().await.contains("Everything"));
    drop(service);
    browser.close().await;
}
