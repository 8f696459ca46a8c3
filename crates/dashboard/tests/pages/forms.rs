//! Forms: they act on what they show, do what was looked at, and say all that is wrong.

use axum::http::{StatusCode, header};
use jiff::ToSpan;
use landfall_service::resources::OrderResource;
use landfall_testkit::commands::{amend, batch, line, order, set_eta, shipment};
use landfall_testkit::{run, today};

use crate::support::{Answer, Site, apply, look, site, words};

/// Where a form leads after it was carried out.
#[track_caller]
fn done(answer: &Answer) -> String {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION]
        .to_str()
        .unwrap()
        .to_owned()
}

/// The address of a page's offer of a command.
#[track_caller]
fn offer(page: &str, command: &str) -> String {
    let Some((_, after)) = page.split_once(&format!("href=\"/do/{command}?")) else {
        panic!("it is not offered: {}", words(page));
    };
    let query = after.split_once('"').unwrap().0;
    format!("/do/{command}?{}", query.replace("&#38;", "&"))
}

/// A form as it is, sent to be looked at.
async fn looked(site: &Site, page: &str) -> String {
    let (path, form) = look(page);
    let answer = site.post(&path, &form).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
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
fn what_has_changed_since_it_was_looked_at_is_looked_at_again() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = today().saturating_add(9.days());
        engine.batch(batch("B-1", "SOFA", 9).eta(eta)).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        let page = site.page("/do/CancelBatch?reference=B-1").await;
        let page = looked(&site, &page).await;
        assert!(words(&page).contains("1 promise broken"), "{page}");
        engine.line(line("SO-2", "SOFA", 1)).await;
        let (path, form) = apply(&page);
        let answer = site.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        let text = words(&answer.body);
        for said in ["Nothing has been done", "2 promises broken"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(engine.see_batch("B-1").await.purchased, 9);
        // From there it is done, and twice is once.
        let (path, form) = apply(&answer.body);
        for _ in 0..2 {
            done(&site.post(&path, &form).await);
        }
        assert_eq!(engine.see_batch("B-1").await.purchased, 0);
        let events = engine.events().await;
        let cancelled = events
            .iter()
            .filter(|record| record.event.kind() == "BatchCancelled");
        assert_eq!(cancelled.count(), 1);
    });
}

#[test]
fn who_says_that_no_change_matters_is_not_asked_again() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = today().saturating_add(9.days());
        engine.batch(batch("B-1", "SOFA", 9).eta(eta)).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        let page = looked(&site, &site.page("/do/CancelBatch?reference=B-1").await).await;
        let offered = "name=\"anyhow\"";
        assert!(!page.contains(offered), "{page}");
        engine.line(line("SO-2", "SOFA", 1)).await;
        let (path, form) = apply(&page);
        let answer = site.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert!(answer.body.contains(offered), "{}", answer.body);
        engine.line(line("SO-3", "SOFA", 1)).await;
        let (path, form) = apply(&answer.body);
        let again = site.post(&path, &form).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
        done(&site.post(&path, &format!("{form}&anyhow=true")).await);
        assert_eq!(engine.see_batch("B-1").await.purchased, 0);
    });
}

#[test]
fn one_more_line_that_loses_nothing_is_no_change() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = |days: i64| today().saturating_add(days.days());
        engine.shipment(shipment("MV-1", Some(eta(9)))).await;
        for sku in ["SOFA", "LAMP"] {
            engine.batch(batch(sku, sku, 9).on("MV-1")).await;
        }
        engine.line(line("SO-1", "SOFA", 1)).await;
        let path = format!("/do/ChangeShipmentEta?reference=MV-1&eta={}", eta(8));
        let page = looked(&site, &site.page(&path).await).await;
        assert!(words(&page).contains("1 line affected"), "{page}");
        engine.line(line("SO-2", "LAMP", 1)).await;
        let (path, form) = apply(&page);
        done(&site.post(&path, &form).await);
        assert_eq!(engine.see_batch("SOFA").await.eta, Some(eta(8)));
    });
}

#[test]
fn how_many_units_is_looked_at_too() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 50)).await;
        engine.line(line("T1", "SOFA", 5)).await;
        let path = "/do/Dispatch?order_id=T1&line_id=SOFA&quantity=2";
        let first = looked(&site, &site.page(path).await).await;
        let text = words(&first);
        assert!(
            text.contains("2 units would leave 3 units would stay"),
            "{text}"
        );
        let whole = looked(&site, &site.page("/do/Dispatch?order_id=T1").await).await;
        assert!(words(&whole).contains("5 units would leave"), "{whole}");
        // Somebody else wants more of it meanwhile.
        engine.done(amend("T1", "SOFA", 40)).await;
        for page in [&first, &whole] {
            let (path, form) = apply(page);
            let answer = site.post(&path, &form).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        }
        assert_eq!(engine.see_batch("B-1").await.dispatched, 0);
    });
}

#[test]
fn another_command_than_was_looked_at_is_not_done() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 9)).await;
        let path = "/do/ChangeBatchQuantity";
        let page = site.post(path, "reference=B-1&quantity=8").await.body;
        let (_, form) = apply(&page);
        for (form, status, said) in [
            (
                form.replace("quantity=8", "quantity=1"),
                StatusCode::CONFLICT,
                "by now than was shown",
            ),
            (
                "reference=B-1&quantity=8&step=apply&id=k".into(),
                StatusCode::CONFLICT,
                "this is first what it would do",
            ),
            (
                form.replace("id=", "key="),
                StatusCode::UNPROCESSABLE_ENTITY,
                "without the key",
            ),
            (
                form.replace("id=", &format!("id={}", "x".repeat(256))),
                StatusCode::UNPROCESSABLE_ENTITY,
                "without the key",
            ),
        ] {
            let answer = site.post(path, &form).await;
            assert_eq!(answer.status, status, "{form}: {}", answer.body);
            let text = words(&answer.body);
            assert!(text.contains(said), "{form}: {text}");
            apply(&answer.body);
            assert_eq!(engine.see_batch("B-1").await.purchased, 9, "{form}");
        }
        let to = done(&site.post(path, &form).await);
        assert_eq!(to, "/?done=ChangeBatchQuantity%3AB-1");
        assert_eq!(engine.see_batch("B-1").await.purchased, 8);

        // What takes nothing from anybody needs its key as well.
        let form = "reference=B-2&sku=SOFA&quantity=1&step=apply";
        let answer = site.post("/do/CreateBatch", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let (path, form) = apply(&answer.body);
        done(&site.post(&path, &form).await);
    });
}

#[test]
fn the_question_what_if_has_to_be_asked_again_too() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = today().saturating_add(9.days());
        engine.batch(batch("B-1", "SOFA", 9).eta(eta)).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        let page = site.page("/batches/B-1?late=7").await;
        engine.line(line("SO-2", "SOFA", 1)).await;
        let (path, form) = apply(&page);
        let answer = site.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert_eq!(engine.see_batch("B-1").await.eta, Some(eta));
        let (path, form) = apply(&answer.body);
        done(&site.post(&path, &form).await);
        let later = eta.saturating_add(7.days());
        assert_eq!(engine.see_batch("B-1").await.eta, Some(later));
        // What somebody else has done by now changes nothing, and says so.
        let page = site.page("/batches/B-1?late=7").await;
        let later = later.saturating_add(7.days());
        engine.done(set_eta("B-1", Some(later))).await;
        let (path, form) = apply(&page);
        done(&site.post(&path, &form).await);
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
