//! Every page, looked at by axe-core, and on a narrow screen.

use serde_json::Value;

use super::{Browser, Setup, key, world};
use crate::support::Place;

/// axe-core 4.14.1, as its authors publish it (Mozilla Public License 2.0).
const AXE: &str = include_str!("axe.min.js");

const PAGES: [&str; 21] = [
    "/",
    "/arrivals",
    "/shipments",
    "/shipments/MV-AURORA",
    "/shipments/MV-AURORA?late=10",
    "/orders",
    "/orders?attention=backordered&sku=SOFA",
    "/orders/SO-1",
    "/orders/SO-3",
    "/backorders",
    "/late",
    "/overdue",
    "/pegged?shipment=MV-AURORA",
    "/products",
    "/products/SOFA",
    "/batches",
    "/batches/AURORA-LAMP",
    "/search?q=S",
    "/search?q=nothing-like-it",
    "/do/PlaceOrder",
    "/orders/no-such-order",
];

/// What axe finds serious on the page, in short.
async fn findings(browser: &Browser) -> Vec<String> {
    browser.run(AXE).await;
    let found = browser
        .run(
            "return axe.run(document, {resultTypes: ['violations']}).then((found) => found.violations\
             .filter((one) => ['serious', 'critical'].includes(one.impact))\
             .map((one) => one.id + ': ' + one.nodes.slice(0, 3).map((node) => node.html + ' ' + \
             node.failureSummary).join(' | ')))",
        )
        .await;
    let found = found.as_array().cloned().unwrap_or_default();
    found
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// What is cut off on a screen of 1280 pixels: tables that have to be scrolled to their buttons, and a header whose
/// parts have no room beside each other.
const CUT: &str = "const tables = [...document.querySelectorAll('.scroll')]\
     .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.ariaLabel);\
     const last = document.querySelector('.who'), first = document.querySelector('.brand');\
     const rows = last && last.offsetTop > first.offsetTop + first.offsetHeight;\
     return rows ? [...tables, 'the header'] : tables";

async fn look(setup: Setup) {
    let Some(browser) = Browser::start(setup).await else {
        return;
    };
    let place = Place::new();
    let admin = key(&place, "admin", "admin");
    let service = world(&place);
    browser.open(&service.url()).await;
    browser.find("#key").await;
    let mut wrong = findings(&browser).await;
    browser.sign_in(&service, &admin).await;
    for page in PAGES {
        browser.open(&format!("{}{page}", service.url())).await;
        let found = findings(&browser).await;
        wrong.extend(found.into_iter().map(|one| format!("{page} {one}")));
        if setup.phone.is_some() {
            // Wide things scroll within their own frame; the page itself never does.
            let over =
                "const wide = document.documentElement; return wide.scrollWidth - wide.clientWidth";
            let over = browser.run(over).await.as_i64().unwrap_or_default();
            if over > 0 {
                wrong.push(format!("{page} is {over} px too wide"));
            }
        } else {
            let cut = browser.run(CUT).await;
            let cut = cut.as_array().into_iter().flatten();
            wrong.extend(cut.map(|part| format!("{page}: {part} does not fit")));
        }
    }
    drop(service);
    browser.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn nothing_serious_is_wrong_by_day() {
    look(Setup::default()).await;
}

#[tokio::test]
async fn nothing_serious_is_wrong_in_the_dark() {
    look(Setup {
        dark: true,
        ..Setup::default()
    })
    .await;
}

#[tokio::test]
async fn every_page_fits_on_a_phone() {
    look(Setup {
        phone: Some(360),
        ..Setup::default()
    })
    .await;
}
