//! What a command was refused for stands at the field that it is about.

use landfall_testkit::commands::{batch, dispatch, dispatch_units, line, order, shipment};
use landfall_testkit::{run, today};

use crate::support::{Site, site, words};

/// What is said at a field of a form that was sent; nothing else is wrong in that page.
async fn wrong_at(site: &Site, path: &str, form: &str, field: &str) -> String {
    let page = site.post(path, form).await.body;
    assert!(!page.contains("class=\"notice bad\""), "{}", words(&page));
    let Some((_, after)) =
        page.split_once(&format!("<span id=\"h-{field}\"><span class=\"error\">"))
    else {
        panic!("nothing is wrong with {field}: {}", words(&page));
    };
    words(after.split_once("</span>").unwrap().0)
}

#[test]
fn a_quantity_that_cannot_be_is_told_at_its_field() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 9)).await;
        engine.line(line("T1", "SOFA", 1)).await;
        engine.done(dispatch("T1", "SOFA")).await;
        let form = "reference=B-1&quantity=0";
        for command in ["ChangeBatchQuantity", "ReceiveBatch"] {
            let said = wrong_at(&site, &format!("/do/{command}"), form, "quantity").await;
            assert_eq!(said, "Cannot be less than the 1 unit that has left.");
        }
        engine.line(line("T2", "SOFA", 4)).await;
        let form = "order_id=T2&line_id=SOFA&quantity=20";
        let said = wrong_at(&site, "/do/ChangeLineQuantity", form, "quantity").await;
        assert_eq!(
            said,
            "Nothing can hold 20 units of SOFA: take less, or let it wait for stock."
        );
        let said = wrong_at(&site, "/do/Dispatch", form, "quantity").await;
        assert_eq!(
            said,
            "Cannot be more than the 4 units that are allocated to the line."
        );
        let form = "order_id=T3&lines=SOFA+50&if_short=reject";
        let said = wrong_at(&site, "/do/PlaceOrder", form, "lines").await;
        assert!(
            said.starts_with("Nothing can hold 50 units of SOFA"),
            "{said}"
        );
    });
}

#[test]
fn counts_are_told_in_the_line_that_they_stand_in() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("MV-1", None)).await;
        engine.batch(batch("B-1", "SOFA", 9).on("MV-1")).await;
        engine.line(line("T1", "SOFA", 5)).await;
        engine.done(dispatch_units("T1", "SOFA", 2)).await;
        for (counts, said) in [
            (
                "B-1+9%0A%0ANOPE+3",
                "Line 3: NOPE is no batch of shipment MV-1.",
            ),
            (
                "B-1+1",
                "Line 1: B-1 cannot be less than the 2 units that have left.",
            ),
        ] {
            let form = format!("reference=MV-1&counts={counts}");
            let told = wrong_at(&site, "/do/ReceiveShipment", &form, "counts").await;
            assert_eq!(told, said);
        }
    });
}

#[test]
fn a_name_that_is_taken_is_told_with_what_it_stands_for() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 9).eta(today())).await;
        engine.order(order("T1", &[("SOFA", 3)])).await;
        let said = wrong_at(
            &site,
            "/do/PlaceOrder",
            "order_id=T1&lines=SOFA+2",
            "order_id",
        )
        .await;
        assert_eq!(
            said,
            "Order T1 is there already, and is another: line 1, quantity 3 and not 2."
        );
        let form = "reference=B-1&sku=SOFA&quantity=1200";
        let said = wrong_at(&site, "/do/CreateBatch", form, "reference").await;
        let eta = today().strftime("%-d %b %Y");
        assert_eq!(
            said,
            format!(
                "Batch B-1 is there already, and is another: Quantity 9 and not 1200; ETA {eta} and not none."
            )
        );
    });
}

#[test]
fn what_is_not_there_is_told_at_its_name() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 9)).await;
        site.engine.line(line("T1", "SOFA", 4)).await;
        for (command, form, field) in [
            ("CancelBatch", "reference=NOPE", "reference"),
            ("ReleaseShipment", "reference=NOPE", "reference"),
            ("CancelOrder", "order_id=NOPE", "order_id"),
            ("CancelLine", "order_id=T1&line_id=NOPE", "line_id"),
            ("Allocate", "order_id=T2&sku=NOPE&quantity=1", "sku"),
        ] {
            let said = wrong_at(&site, &format!("/do/{command}"), form, field).await;
            assert!(said.starts_with("There is no "), "{command}: {said}");
        }
    });
}
