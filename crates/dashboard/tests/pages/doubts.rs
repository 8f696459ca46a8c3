//! Forms doubt what was most likely not meant, keep what was typed, and say only what they did.

use axum::http::StatusCode;
use landfall_testkit::commands::{batch, hold, release, shipment};
use landfall_testkit::{run, today};

use crate::support::{apply, cells, done, looked, site, words};

#[test]
fn a_new_product_is_asked_for_once() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA-3S-GREEN", 9)).await;
        engine.batch(batch("B-2", "SOFA-3S-BLUE", 9)).await;
        let typed = "reference=B-3&sku=SOFA-3S-GREN&quantity=5&next=/batches";
        let page = site.post("/do/CreateBatch", typed).await.body;
        let text = words(&page);
        assert!(
            text.contains(
                "No product has the SKU SOFA-3S-GREN: this makes a new one. Was one of these meant? \
                 SOFA-3S-BLUE SOFA-3S-GREEN"
            ),
            "{text}"
        );
        let button = page.split_once("class=\"main\"").unwrap().1;
        assert!(!button.contains("autofocus"), "Enter does not carry it out");
        // What is offered leads to the same form with the other SKU.
        let (_, offered) = page.split_once("Was one of these meant?").unwrap();
        let href = offered
            .split('"')
            .find(|text| text.starts_with("/do/"))
            .unwrap();
        let form = site.page(&href.replace("&#38;", "&")).await;
        let page_of_it = looked(&site, &form).await;
        assert!(!words(&page_of_it).contains("No product has the SKU"));
        let (_, form) = apply(&page_of_it);
        assert!(
            form.contains("B%2D3") && form.contains("SOFA%2D3S%2DBLUE"),
            "{form}"
        );

        let (path, form) = apply(&page);
        let answer = site.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT);
        let text = words(&answer.body);
        assert!(
            text.contains("say first that the new product is meant"),
            "{text}"
        );
        let (path, form) = apply(&answer.body);
        let to = done(&site.post(&path, &format!("{form}&new_product=true")).await);
        assert!(to.starts_with("/batches?done="), "{to}");
        // From then on there is one.
        let typed = "reference=B-4&sku=SOFA-3S-GREN&quantity=5";
        let (path, form) = apply(&site.post("/do/CreateBatch", typed).await.body);
        done(&site.post(&path, &form).await);
    });
}

#[test]
fn a_page_that_is_loaded_again_says_what_was_typed() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("MV-1", Some(today()))).await;
        for (command, typed) in [
            (
                "ChangeShipmentEta",
                "reference=+MV-1&eta_none=true&next=%2Farrivals",
            ),
            (
                "CreateBatch",
                "reference=B-1&sku=SO+FA&quantity=1,x&shipment=MV-1",
            ),
            ("PlaceOrder", "order_id=T%261&lines=NOPE+2%0ALAMP+1"),
        ] {
            let first = site.post(&format!("/do/{command}"), typed).await;
            let address = first.headers["hx-push-url"].to_str().unwrap();
            let again = site.page(address).await;
            let (_, form) = crate::support::look(&again);
            let (_, before) = crate::support::look(&first.body);
            for field in before.split('&').filter(|field| !field.ends_with('=')) {
                assert!(form.contains(field), "{command}: {field} is not in {form}");
            }
            let text = |page: &str| {
                let area = page
                    .split_once("</textarea>")
                    .map(|(before, _)| before.to_owned());
                area.map(|area| area.rsplit('>').next().unwrap().to_owned())
            };
            assert_eq!(text(&again), text(&first.body), "{command}");
        }
        // What is too long for an address is not put into one.
        let lines = "LAMP+1%0A".repeat(1_000);
        let form = format!("order_id=T1&lines={lines}");
        let answer = site.post("/do/PlaceOrder", &form).await;
        assert!(!answer.headers.contains_key("hx-push-url"));
    });
}

#[test]
fn what_a_colleague_did_is_not_said_to_be_done_by_oneself() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 9)).await;
        engine.done(hold("B-1", "customs", None)).await;
        let form = site.page("/do/ReleaseBatch?reference=B-1").await;
        let (path, form) = apply(&looked(&site, &form).await);
        let ours = site
            .page("/do/CreateBatch?reference=B-2&sku=SOFA&quantity=4")
            .await;
        let (new, ours) = apply(&looked(&site, &ours).await);
        engine.done(release("B-1")).await;
        engine.batch(batch("B-2", "SOFA", 4)).await;
        for (path, form) in [(&path, &form), (&new, &ours)] {
            let answer = site.post(path, form).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
            let text = words(&answer.body);
            assert!(text.contains("by now it would change nothing"), "{text}");
        }
        assert_eq!(cells(&site.page("/batches").await, "rows").len(), 2);
        // A second click on what one did oneself is told what the first was.
        let form = site
            .page("/do/CreateBatch?reference=B-3&sku=SOFA&quantity=4")
            .await;
        let (path, form) = apply(&looked(&site, &form).await);
        let first = done(&site.post(&path, &form).await);
        assert_eq!(done(&site.post(&path, &form).await), first);
    });
}
