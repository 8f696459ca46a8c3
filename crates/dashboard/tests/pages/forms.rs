//! Forms: they act on what they show and say all that is wrong.

use axum::http::StatusCode;
use jiff::ToSpan;
use landfall_service::resources::OrderResource;
use landfall_testkit::commands::{batch, order, shipment};
use landfall_testkit::{run, today};

use crate::support::{apply, done, look, looked, site, words};

/// The address of a page's offer of a command.
#[track_caller]
fn offer(page: &str, command: &str) -> String {
    let Some((_, after)) = page.split_once(&format!("href=\"/do/{command}?")) else {
        panic!("it is not offered: {}", words(page));
    };
    let query = after.split_once('"').unwrap().0;
    format!("/do/{command}?{}", query.replace("&#38;", "&"))
}

fn is_cancelled(order: &OrderResource) -> bool {
    let status = format!("{:?}", order.lines[0].status);
    status == "Cancelled"
}

#[test]
fn a_form_acts_on_the_thing_that_it_shows() {
    run(async {
        let site = site();
        for id in ["ZAP", " ZAP", "ZAP "] {
            site.engine.batch(batch(id, "SOFA", 9)).await;
            site.engine.shipment(shipment(id, Some(today()))).await;
            site.engine.order(order(id, &[("SOFA", 1)])).await;
        }
        let page = site.page("/orders/%20ZAP").await;
        let form = site.page(&offer(&page, "CancelOrder")).await;
        let (path, form) = apply(&looked(&site, &form).await);
        let to = done(&site.post(&path, &form).await);
        assert_eq!(to, "/orders/%20ZAP?done=CancelOrder%3A+ZAP");
        for (id, cancelled) in [("ZAP", false), (" ZAP", true), ("ZAP ", false)] {
            let order = site.engine.see_order(id).await;
            assert_eq!(is_cancelled(&order), cancelled, "{id:?}");
        }

        let page = site.page("/batches/ZAP%20").await;
        let form = site.page(&offer(&page, "ReceiveBatch")).await;
        let again = looked(&site, &form).await;
        // What was looked at can be looked at again, and is still the same.
        let (path, form) = apply(&looked(&site, &again).await);
        done(&site.post(&path, &form).await);
        let page = site.page("/shipments/%20ZAP?late=4").await;
        let (path, form) = apply(&page);
        done(&site.post(&path, &form).await);
        for (id, days) in [("ZAP", 0), (" ZAP", 4), ("ZAP ", 0)] {
            let eta = site.engine.see_shipment(id).await.eta;
            assert_eq!(eta, Some(today().saturating_add(days.days())), "{id:?}");
        }

        // What is filled in and can be changed is as it was given too: the shipment that a batch comes with.
        let page = site.page("/shipments/%20ZAP").await;
        let form = site.page(&offer(&page, "CreateBatch")).await;
        let (path, form) = look(&form);
        let form = form
            .replace("reference=", "reference=NEW")
            .replace("sku=", "sku=SOFA")
            .replace("quantity=", "quantity=3");
        let (path, form) = apply(&site.post(&path, &form).await.body);
        done(&site.post(&path, &form).await);
        let new = site.engine.see_batch("NEW").await;
        assert_eq!(new.shipment.unwrap().as_str(), " ZAP");
    });
}

#[test]
fn the_name_of_what_is_made_can_be_corrected() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 9)).await;
        for (kind, form, name) in [
            (
                "CreateBatch",
                "reference=TYPO&sku=SOFA&quantity=1",
                "reference",
            ),
            (
                "CreateShipment",
                "reference=TYPO&eta_none=true",
                "reference",
            ),
            ("PlaceOrder", "order_id=TYPO&lines=SOFA+1", "order_id"),
            ("Allocate", "order_id=TYPO&sku=SOFA&quantity=1", "order_id"),
        ] {
            let path = format!("/do/{kind}");
            let page = site.post(&path, form).await.body;
            assert!(page.contains("id=\"preview\""), "{kind}: {}", words(&page));
            let field = format!("<input id=\"f-{name}\"");
            assert!(page.contains(&field), "{kind}: {page}");
        }
        // What is there is what the page was about.
        let page = site.page("/do/CancelBatch?reference=B-1").await;
        assert!(!page.contains("<input id=\"f-reference\""));
        let page = looked(&site, &page).await;
        assert!(!page.contains("<input id=\"f-reference\""));
        // Who came without a name may have mistyped it.
        let page = site.post("/do/CancelBatch", "reference=B-1").await.body;
        assert!(page.contains("<input id=\"f-reference\""));
    });
}

#[test]
fn a_dispatch_says_of_which_line() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 9)).await;
        site.engine.batch(batch("B-2", "LAMP", 9)).await;
        site.engine
            .order(order("T1", &[("SOFA", 5), ("LAMP", 1)]))
            .await;
        let page = site
            .page("/do/Dispatch?order_id=T1&line_id=SOFA&quantity=2&next=/orders/T1")
            .await;
        let (path, form) = apply(&looked(&site, &page).await);
        let to = done(&site.post(&path, &form).await);
        let page = words(&site.page(&to).await);
        assert!(
            page.contains("Dispatched 2 units of line T1 / SOFA."),
            "{page}"
        );
    });
}

#[test]
fn all_that_is_missing_is_told_and_in_which_line_something_is_wrong() {
    run(async {
        let site = site();
        let answer = site.post("/do/CreateBatch", "location=OSLO").await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(answer.body.matches("aria-invalid=\"true\"").count(), 3);
        site.engine.batch(batch("B-1", "SOFA", 9)).await;
        site.engine.order(order("T1", &[("SOFA", 5)])).await;
        for (lines, said) in [
            (
                "SOFA+1%0ALAMP+1,5",
                "Line 2: the quantity must be a whole number, and is \"1,5\".",
            ),
            (
                "SOFA+1%0A%0ALAMP+0",
                "Line 3: the quantity must be a whole number from 1",
            ),
            (
                "SOFA+1%0ALAMP+1",
                "Line 2: there is no product with the SKU LAMP",
            ),
            ("SOFA", "Line 1: \"SOFA\" is not a SKU and a quantity"),
        ] {
            let form = format!("order_id=SO-1&lines={lines}");
            let answer = site.post("/do/PlaceOrder", &form).await;
            assert!(answer.status.is_client_error(), "{lines}: {}", answer.body);
            let text = words(&answer.body);
            assert!(text.contains(said), "{lines}: {text}");
        }
    });
}

#[test]
fn a_wrong_line_hides_nothing_else_that_is_wrong() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 9)).await;
        let form = "order_id=SO-1&lines=SOFA+x%0ALAMP+0%0ASOFA+1%0ARUG&priority=12&policy=soon";
        let answer = site.post("/do/PlaceOrder", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let text = words(&answer.body);
        for said in [
            "Line 1: the quantity must be a whole number, and is \"x\".",
            "Line 2: the quantity must be a whole number from 1",
            "Line 4: \"RUG\" is not a SKU and a quantity",
            "Must be a whole number from 0 to 9",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(
            answer.body.matches("<span class=\"error\">").count(),
            3,
            "{text}"
        );
        let (one, other) = ("Line 2: the quantity", "Line 4: ");
        assert!(text.find(one) < text.find(other), "{text}");

        // SKUs that no product has are told as well, all of them, and of a line that cannot be read only that.
        for (form, priority) in [
            (
                "order_id=SO-1&lines=RUG+1%0ASOFA+1%0A%0ALAMP+2&priority=12",
                true,
            ),
            ("order_id=SO-1&lines=RUG+1%0ASOFA+1%0A%0ALAMP+2", false),
        ] {
            let text = words(&site.post("/do/PlaceOrder", form).await.body);
            for (line, sku) in [(1, "RUG"), (4, "LAMP")] {
                let said = format!("Line {line}: there is no product with the SKU {sku}");
                assert_eq!(text.matches(&said).count(), 1, "{said}: {text}");
            }
            assert!(!text.contains("Line 2"), "{text}");
            assert_eq!(text.contains("from 0 to 9"), priority, "{text}");
        }
    });
}

#[test]
fn what_was_done_leads_to_what_it_was_done_to() {
    run(async {
        let site = site();
        for (kind, form, page) in [
            (
                "CreateShipment",
                "reference=MV%2F1&eta_none=true",
                "/shipments/MV%2F1",
            ),
            (
                "CreateBatch",
                "reference=B-1&sku=SOFA&quantity=9&new_product=true",
                "/batches/B-1",
            ),
            ("PlaceOrder", "order_id=SO-1&lines=SOFA+2", "/orders/SO-1"),
            (
                "Allocate",
                "order_id=.&sku=SOFA&quantity=1",
                "/order?name=.",
            ),
            (
                "ChangeLineQuantity",
                "order_id=SO-1&line_id=SOFA&quantity=1",
                "/orders/SO-1",
            ),
        ] {
            let path = format!("/do/{kind}");
            // The form that was looked at says no more about where one came from than the address did.
            for next in ["", "&next=", "&next=%2F%2Felsewhere"] {
                let look = site.post(&path, &format!("{form}{next}")).await.body;
                let (_, sent) = apply(&look);
                assert!(!sent.contains("next="), "{kind}: {sent}");
            }
            let (path, sent) = apply(&site.post(&path, form).await.body);
            let sent = format!("{sent}&new_product=true");
            let to = done(&site.post(&path, &sent).await);
            let between = if page.contains('?') { '&' } else { '?' };
            let begin = format!("{page}{between}done={kind}%3A");
            assert!(to.starts_with(&begin), "{kind}: {to}");
            site.page(&to).await;
        }
        // Where one came from somewhere one goes back there, Today as well.
        let (path, sent) = apply(
            &site
                .post("/do/CancelOrder", "order_id=SO-1&next=%2F")
                .await
                .body,
        );
        let to = done(&site.post(&path, &sent).await);
        assert_eq!(to, "/?done=CancelOrder%3ASO-1");
    });
}
