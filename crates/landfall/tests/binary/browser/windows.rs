//! Many windows of one browser, and a key that is revoked under them.

use super::{Browser, Setup, key, world};
use crate::support::{Place, Service};

/// More than a browser opens connections to one host.
const WINDOWS: usize = 8;

fn delay(service: &Service, key: &str, eta: &str) {
    let body = format!(r#"{{"eta": "{eta}"}}"#);
    let bearer = format!("Authorization: Bearer {key}\r\n");
    let mut client = service.client();
    let answer = client.request_with("POST", "/v1/shipments/MV-AURORA/eta", &bearer, &body);
    assert_eq!(answer.unwrap().status, 200);
}

#[tokio::test]
async fn all_windows_are_live_and_end_with_their_key() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let planner = key(&place, "planner", "supply");
    let clerk = key(&place, "clerk", "orders");
    let service = world(&place);
    browser.sign_in(&service, &clerk).await;
    let order = format!("{}/orders/SO-2", service.url());
    let mut windows = vec![browser.window().await];
    browser.open(&order).await;
    while windows.len() < WINDOWS {
        windows.push(browser.new_window().await);
        browser.open(&order).await;
        browser.find("#live-state[data-state=live]").await;
        browser.says("1 Mar 2027").await;
    }
    // Each is told.
    delay(&service, &planner, "2027-03-20");
    for window in &windows {
        browser.switch(window).await;
        browser.says("20 Mar 2027").await;
    }
    // The first one, which was told for all, is closed; another one takes its turn.
    browser.switch(&windows[0]).await;
    browser.close_window().await;
    browser.switch(&windows[1]).await;
    browser.find("#live-state[data-state=live]").await;
    delay(&service, &planner, "2027-03-25");
    for window in &windows[1..] {
        browser.switch(window).await;
        browser.says("25 Mar 2027").await;
    }
    // A revoked key shows nothing any more, and nothing is kept on the screen.
    place.run(["keys", "revoke", "clerk"]).ended(0);
    for window in &windows[1..] {
        browser.switch(window).await;
        browser.find("#key").await;
    }
    drop(service);
    browser.close().await;
}

#[tokio::test]
async fn the_keyboard_stays_where_it_was() {
    let Some(browser) = Browser::start(Setup::default()).await else {
        return;
    };
    let place = Place::new();
    let planner = key(&place, "planner", "supply");
    let service = world(&place);
    browser.sign_in(&service, &planner).await;
    let products = format!("{}/batches?shipment=MV-AURORA", service.url());
    browser.open(&products).await;
    browser.find("#live-state[data-state=live]").await;
    // Both rows have a link to the shipment: the focus is at that of the second.
    let focus = "const rows = [...document.querySelectorAll('#rows tbody tr')]; \
                 const at = rows[1].querySelector('a[href^=\"/shipments\"]'); at.focus(); return at.textContent";
    assert_eq!(browser.run(focus).await, "MV-AURORA");
    delay(&service, &planner, "2027-03-20");
    browser.says("20 Mar 2027").await;
    let at = "const row = document.activeElement.closest('tr'); \
              return row && [...row.parentElement.rows].indexOf(row)";
    assert_eq!(browser.run(at).await, 1);
    drop(service);
    browser.close().await;
}
