//! What a browser is told that is lost, or that sends what is no form; and what forms say before something is done.

use axum::body::to_bytes;
use axum::http::{StatusCode, header};
use jiff::ToSpan;
use landfall_service::access::{Role, session};
use landfall_service::clock::Clock as _;
use landfall_testkit::commands::{batch, line};
use landfall_testkit::{run, today};

use crate::support::{cells, site, words};

#[test]
fn where_nothing_is_there_is_a_page_that_says_so() {
    run(async {
        let site = site();
        let answer = site.get_elsewhere("/no/%3Csuch%3E").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        let page = words(&answer.body);
        assert!(page.contains("There is no page /no/%3Csuch%3E."), "{page}");
        assert!(page.contains("Arrivals"), "it has the way back: {page}");
        assert!(answer.headers.contains_key(header::CONTENT_SECURITY_POLICY));

        // Who has no session is asked to sign in, there as everywhere.
        let session = site.sign_in(Role::Read).await;
        assert!(!session.is_empty());
        let answer = site.get_elsewhere("/nothing").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    });
}

#[test]
fn an_address_that_is_no_page_says_so() {
    run(async {
        let site = site();
        let answer = site.get("/sign-out").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(answer.headers.contains_key(header::ALLOW));
        assert!(answer.body.contains("Nothing was done"), "{}", answer.body);
    });
}

#[test]
fn only_a_page_of_ours_says_what_was_done() {
    run(async {
        let site = site();
        let told = |body: &str| body.contains("Cancelled order SO-1.");
        let path = "/orders?done=CancelOrder%3ASO-1";
        assert!(told(&site.get_from("same-origin", path).await.body));
        for site_name in ["cross-site", "same-site", "none"] {
            let answer = site.get_from(site_name, path).await;
            assert_eq!(answer.status, StatusCode::OK);
            assert!(!told(&answer.body), "{site_name}");
        }
    });
}

#[test]
fn a_new_order_is_shown_line_by_line_before_it_is_placed() {
    run(async {
        let site = site();
        let eta = today().saturating_add(9.days());
        site.engine.batch(batch("B-1", "SOFA", 2).eta(eta)).await;
        let form = "order_id=SO-1&lines=SOFA+2%0ALAMP+1&deliver=as_ready&policy=earliest&if_short=backorder";
        site.engine.batch(batch("B-2", "LAMP", 1)).await;
        site.engine.line(line("SO-0", "LAMP", 1)).await;
        let answer = site.post("/do/PlaceOrder", form).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let rows = cells(&answer.body, "lines");
        let day = eta.strftime("%-d %b %Y").to_string();
        assert_eq!(rows[0], ["SOFA", "2", "allocated", &*day, "B-1"]);
        assert_eq!(rows[1][..3], ["LAMP", "1", "waits for stock"]);
        let page = words(&answer.body);
        assert!(
            page.contains("2 new lines 1 new line that would wait"),
            "{page}"
        );
        assert!(
            !page.contains("promises kept"),
            "nobody was promised anything: {page}"
        );
    });
}

#[test]
fn what_is_at_sea_is_not_to_be_dispatched() {
    run(async {
        let site = site();
        let eta = today().saturating_add(9.days());
        site.engine.batch(batch("B-1", "SOFA", 2).eta(eta)).await;
        site.engine.batch(batch("B-2", "LAMP", 2)).await;
        site.engine.line(line("SO-1", "SOFA", 1)).await;
        site.engine.line(line("SO-2", "LAMP", 1)).await;
        site.engine.line(line("SO-3", "LAMP", 2)).await;
        for (order, offered) in [("SO-1", 0), ("SO-2", 2), ("SO-3", 0)] {
            let page = site.page(&format!("/orders/{order}")).await;
            assert_eq!(page.matches("/do/Dispatch?").count(), offered, "{order}");
        }
    });
}

#[test]
fn the_figures_of_a_preview_add_up() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 1)).await;
        site.engine.line(line("SO-1", "SOFA", 1)).await;
        site.engine.line(line("SO-2", "SOFA", 2)).await;
        for (command, form, figures) in [
            (
                "CancelLine",
                "order_id=SO-1&line_id=SOFA",
                "1 line affected 1 line cancelled 1 unit cancelled",
            ),
            (
                "ChangeLineQuantity",
                "order_id=SO-2&line_id=SOFA&quantity=3&if_short=backorder",
                "1 line affected 0 promises broken 0 promises kept 0 promises improved \
                 1 without a promise to keep",
            ),
        ] {
            let page = site.post(&format!("/do/{command}"), form).await.body;
            let page = words(&page);
            assert!(page.contains(figures), "{page}");
        }
    });
}

#[test]
fn a_day_that_is_past_is_taken_and_doubted() {
    run(async {
        let site = site();
        let past = today().saturating_sub(400.days());
        let told = past.strftime("%-d %b %Y").to_string();
        site.engine.batch(batch("B-1", "SOFA", 1)).await;
        let form = format!("reference=B-1&code=customs&expected_clear={past}");
        let page = words(&site.post("/do/HoldBatch", &form).await.body);
        assert!(
            page.contains(&format!("The clear date, {told}, is past")),
            "{page}"
        );
        let form = format!("reference=B-1&eta={past}");
        let page = words(&site.post("/do/ChangeBatchEta", &form).await.body);
        assert!(
            page.contains(&format!("The ETA, {told}, is past")),
            "{page}"
        );
        let form = format!(
            "order_id=SO-1&lines=SOFA+1&deliver=as_ready&policy=earliest&if_short=backorder&requested_date={past}"
        );
        let page = words(&site.post("/do/PlaceOrder", &form).await.body);
        assert!(
            page.contains(&format!("The requested date, {told}, is past")),
            "{page}"
        );
        let form = format!("reference=B-1&eta={}", today());
        let page = words(&site.post("/do/ChangeBatchEta", &form).await.body);
        assert!(!page.contains("is past"), "{page}");
        for (days, doubted) in [(700, false), (800, true)] {
            let far = today().saturating_add(days.days());
            let form = format!("reference=B-1&eta={far}");
            let page = words(&site.post("/do/ChangeBatchEta", &form).await.body);
            assert_eq!(page.contains("is the year meant?"), doubted, "{page}");
        }
        let form = "reference=B-1&eta=9999-12-31";
        let page = words(&site.post("/do/ChangeBatchEta", form).await.body);
        assert!(
            page.contains("The ETA, 31 Dec 9999, is more than 2 years away"),
            "{page}"
        );
    });
}

#[test]
fn an_empty_list_says_whether_there_is_anything_at_all() {
    run(async {
        let site = site();
        for (list, query, none, nothing) in [
            (
                "orders",
                "prefix=X",
                "There are no orders yet.",
                "No order is like that.",
            ),
            (
                "batches",
                "held=yes",
                "There are no batches yet.",
                "No batch is like that.",
            ),
            (
                "shipments",
                "held=no",
                "There are no shipments yet.",
                "No shipment is like that.",
            ),
            (
                "products",
                "prefix=X",
                "There are no products yet:",
                "No product is like that.",
            ),
            (
                "backorders",
                "sku=X",
                "No line waits.",
                "No line that waits is like that.",
            ),
            (
                "late",
                "sku=X",
                "No line is late.",
                "No late line is like that.",
            ),
        ] {
            let page = words(&site.page(&format!("/{list}")).await);
            assert!(
                page.contains(none) && !page.contains(nothing),
                "{list}: {page}"
            );
            let page = words(&site.page(&format!("/{list}?{query}")).await);
            assert!(
                page.contains(nothing) && !page.contains(none),
                "{list}: {page}"
            );
        }
    });
}

#[test]
fn a_repeat_that_differs_says_so_as_people_do() {
    run(async {
        let site = site();
        let eta = "2026-11-28";
        let form = format!("reference=S-1&eta={eta}&carrier=Northing+Line&step=apply&id=k");
        let answer = site.post("/do/CreateShipment", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let answer = site
            .post("/do/CreateShipment", "reference=S-1&eta=2027-01-01")
            .await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        let page = words(&answer.body);
        assert!(
            page.contains(
                "is another: ETA 28 Nov 2026 and not 1 Jan 2027; Carrier Northing Line and not none."
            ),
            "{page}"
        );
    });
}

#[test]
fn an_address_that_is_no_text_has_a_page() {
    run(async {
        let site = site();
        for place in ["orders", "products", "batches", "shipments", "do"] {
            let answer = site.get(&format!("/{place}/%ff")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{place}");
            let page = words(&answer.body);
            assert!(page.contains("is not UTF-8"), "{place}: {page}");
            assert!(page.contains("Arrivals"), "it has the way back: {page}");
        }
        let answer = site.get("/assets/%ff").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.body.contains("<!doctype html>"), "{}", answer.body);
    });
}

#[test]
fn a_live_page_ends_with_its_session() {
    run(async {
        let site = site();
        let session = site.sign_in(Role::Read).await;
        let clock = &site.engine.clock;
        let live = site.begin_as(&session, "/live").await;
        assert_eq!(live.status(), StatusCode::OK);
        clock.set(clock.now() + session::LASTS);
        let told = to_bytes(live.into_body(), usize::MAX).await.unwrap();
        assert!(told.starts_with(b"retry: 2000\nevent: hello"), "{told:?}");
        let again = site.get_as(&session, "/live").await;
        assert_ne!(again.status, StatusCode::OK, "{}", again.body);
    });
}
