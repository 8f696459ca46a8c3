//! Coming in from another machine, over TLS; and what those see who may only read.

use super::{Browser, Setup, key, world};
use crate::support::Place;

#[tokio::test]
async fn people_come_in_over_tls_by_the_hosts_name() {
    const HOST: &str = "promises.shop.example";
    let setup = Setup {
        host: Some(HOST),
        ..Setup::default()
    };
    let Some(browser) = Browser::start(setup).await else {
        return;
    };
    let place = Place::new();
    place.certificate(HOST);
    let clerk = key(&place, "clerk", "orders");
    let admin = key(&place, "admin", "admin");
    let service = place.serve(&["--tls-cert", "cert.pem", "--tls-key", "key.pem"]);
    let url = format!("https://{HOST}:{}", service.address.port());

    browser.open(&url).await;
    browser.write("#key", &clerk).await;
    browser.press("Sign in").await;
    browser.find("#alarms").await;
    browser.says("clerk").await;
    let cookies = browser.cookies().await;
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let session = &cookies[0];
    assert_eq!(session.name(), "__Host-landfall");
    assert_eq!(session.secure(), Some(true));
    assert_eq!(session.http_only(), Some(true));
    // A form from here is taken.
    browser.press("Sign out").await;
    browser.find("#key").await;
    assert!(browser.cookies().await.is_empty());
    browser.write("#key", &admin).await;
    browser.press("Sign in").await;
    browser.says("admin").await;
    drop(service);
    browser.close().await;
}

#[tokio::test]
async fn who_may_only_read_is_offered_nothing_else() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let reader = key(&place, "wall", "read");
    let service = world(&place);
    browser.sign_in(&service, &reader).await;
    for path in [
        "/",
        "/orders/SO-1",
        "/batches/W-LAMP",
        "/shipments/MV-AURORA",
        "/products/SOFA",
    ] {
        browser.open(&format!("{}{path}", service.url())).await;
        browser.find("main").await;
        let offered = browser
            .run("return document.querySelectorAll('a[href^=\"/do/\"]').length")
            .await;
        assert_eq!(offered, 0, "{path}");
    }
    let form = format!("{}/do/CancelOrder?order_id=SO-1", service.url());
    browser.open(&form).await;
    browser.says("which may not do this").await;
    drop(service);
    browser.close().await;
}
