//! The pages are complete where no script is run.

use super::{Browser, Setup, key, world};
use crate::support::Place;

#[tokio::test]
async fn everything_can_be_done_without_script() {
    let setup = Setup {
        no_script: true,
        ..Setup::default()
    };
    let Some(browser) = Browser::start(setup).await else {
        return;
    };
    let place = Place::new();
    let admin = key(&place, "admin", "admin");
    let service = world(&place);
    browser.sign_in(&service, &admin).await;
    browser.write("#q", "SO-2\u{e007}").await;
    browser.says("SO-2").await;
    browser.find("#lines").await;
    browser.press("Cancel order").await;
    browser.press("See what it would do").await;
    browser.find("#preview").await;
    browser.press("do it").await;
    browser.says("Cancelled order SO-2").await;
    let order = service.client().request_with(
        "GET",
        "/v1/orders/SO-2",
        &format!("Authorization: Bearer {admin}\r\n"),
        "",
    );
    assert_eq!(order.unwrap().json()["lines"][0]["status"], "cancelled");
    browser.press("Sign out").await;
    browser.find("#key").await;
    drop(service);
    browser.close().await;
}
