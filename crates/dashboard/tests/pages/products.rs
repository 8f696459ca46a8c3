//! Products: their list and their pages.

use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use landfall_service::access::Role;
use landfall_testkit::commands::{batch, dispatch, hold, line, shipment};
use landfall_testkit::{run, today};

use crate::support::{ODD, cells, segment, site, words};

fn day(days: i64) -> Date {
    today().saturating_add(days.days())
}

#[test]
fn the_list_says_how_much_is_sold_and_who_waits() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 10)).await;
        engine.batch(batch("B-2", "LAMP", 1_200)).await;
        engine.line(line("SO-1", "SOFA", 4)).await;
        engine.line(line("SO-2", "SOFA", 90)).await;
        let page = site.page("/products").await;
        assert_eq!(
            cells(&page, "rows"),
            [
                ["LAMP", "1,200", "0 %", "1,200", "0"],
                ["SOFA", "10", "40 %", "6", "1"]
            ]
        );
        let some = site.page("/products?backordered=true").await;
        assert_eq!(cells(&some, "rows").len(), 1);
        let prefix = site.page("/products?prefix=LA").await;
        assert_eq!(cells(&prefix, "rows")[0][0], "LAMP");
        let wrong = site.get("/products?backordered=perhaps").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("id=\"w-backordered\""));
        let file = site.get("/products?format=csv").await;
        assert_eq!(
            file.body,
            "SKU,Purchased,Units sold,Available,Lines waiting\nLAMP,1200,0,1200,0\nSOFA,10,4,6,1\n"
        );
    });
}

#[test]
fn a_page_says_what_can_be_promised_and_when() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.done(shipment("MV-1", Some(day(20)))).await;
        engine
            .batch(batch("B-1", "SOFA", 10).location("OSLO"))
            .await;
        engine.batch(batch("B-2", "SOFA", 5).on("MV-1")).await;
        engine.batch(batch("B-3", "SOFA", 7)).await;
        engine.done(hold("B-3", "damage", None)).await;
        engine.batch(batch("B-4", "SOFA", 1)).await;
        engine.line(line("SO-1", "SOFA", 4)).await;
        engine.line(line("SO-0", "SOFA", 1).locations(&[])).await;
        engine.line(line("SO-9", "SOFA", 90).priority(7)).await;
        let page = site.page("/products/SOFA").await;
        let text = words(&page);
        assert!(text.contains("lines waiting"), "{text}");
        let dates = cells(&page, "dates");
        assert_eq!(dates.len(), 2, "{dates:?}");
        assert_eq!(dates[0][1..], ["11", "11", "5", "6"], "{dates:?}");
        assert_eq!(dates[1][1..], ["5", "16", "5", "11"], "{dates:?}");
        assert!(
            text.contains("7 units are held and nobody knows until when: not counted here."),
            "{text}"
        );
        assert!(page.contains("class=\"supply\""), "the chart");
        let batches = cells(&page, "batches");
        let names: Vec<_> = batches.iter().map(|row| &*row[0]).collect();
        assert_eq!(names, ["B-1", "B-4", "B-2", "B-3"], "as they come");
        assert_eq!(batches[0][6], "OSLO");
        assert_eq!(batches[2][2], "MV-1");
        let queue = cells(&page, "queue");
        assert_eq!(queue.len(), 1);
        assert_eq!(queue[0][..4], ["SO-9", "–", "90", "7"]);
        assert!(
            text.contains("SO-9 Accepted: 90 units wanted, priority 7."),
            "{text}"
        );
        assert!(text.contains("Batch B-3 is held (damage), and nobody knows until when."));
        assert!(page.contains("/do/CreateBatch?sku=SOFA"));
        assert!(page.contains("/do/Allocate?sku=SOFA"));
    });
}

#[test]
fn batches_of_which_nothing_is_left_are_only_counted() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 2)).await;
        engine.line(line("SO-1", "SOFA", 2)).await;
        engine.done(dispatch("SO-1", "SOFA")).await;
        let page = site.page("/products/SOFA").await;
        assert!(cells(&page, "batches").is_empty());
        let text = words(&page);
        assert!(
            text.contains("All batches, 1 more of which nothing is left"),
            "{text}"
        );
        assert!(
            text.contains("nothing is on its way that can be counted on"),
            "{text}"
        );
    });
}

#[test]
fn what_would_be_promised_is_told_in_a_sentence() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 2)).await;
        engine.batch(batch("B-2", "SOFA", 5).eta(day(10))).await;
        let ask = async |query: &str| words(&site.page(&format!("/products/SOFA?{query}")).await);
        let now = ask("quantity=2").await;
        assert!(now.contains("2 units would be promised for"), "{now}");
        assert!(now.contains("From B-1"), "{now}");
        let wish = format!("quantity=3&requested_date={}", day(9));
        let late = ask(&wish).await;
        assert!(late.contains(", 1 day after the wish."), "{late}");
        let wish = format!("quantity=3&requested_date={}", day(10));
        assert!(ask(&wish).await.contains(", in time."));
        assert!(
            ask("quantity=6")
                .await
                .contains("6 units would wait for stock")
        );
        let wrong = site
            .get("/products/SOFA?quantity=0&requested_date=soon")
            .await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("id=\"w-quantity\""), "{}", wrong.body);
        assert!(wrong.body.contains("id=\"w-requested\""), "{}", wrong.body);
        // Nothing was reserved.
        assert_eq!(engine.see_batch("B-1").await.available, 2);
    });
}

#[test]
fn names_are_only_names() {
    run(async {
        let site = site();
        for odd in ODD {
            site.engine.batch(batch(odd, odd, 3)).await;
            let page = site.page(&format!("/products/{}", segment(odd))).await;
            assert!(!page.contains("<script>alert"), "{page}");
            assert_eq!(cells(&page, "batches")[0][0], odd);
        }
        let long = "x".repeat(255);
        site.engine.batch(batch(&long, &long, 3)).await;
        site.page(&format!("/products/{long}")).await;
        for unknown in ["SOFA", "a%0Ab", "%00"] {
            let answer = site.get(&format!("/products/{unknown}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
        }
    });
}

#[test]
fn who_may_only_look_is_offered_nothing() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 3)).await;
        let reader = site.sign_in(Role::Read).await;
        let page = site.get_as(&reader, "/products/SOFA").await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("/do/"), "{}", page.body);
    });
}

#[test]
fn all_batches_are_counted_or_it_is_said_which_are_not() {
    run(async {
        let site = site();
        let engine = &site.engine;
        for n in 0..1_100 {
            let name = format!("B-{n:04}");
            engine.batch(batch(&name, "SOFA", 2).eta(day(5))).await;
        }
        let page = site.page("/products/SOFA").await;
        let text = words(&page);
        assert!(text.contains("Batches: the first 50 of 1,100"), "{text}");
        assert!(!text.contains("by name are counted"), "{text}");
        assert_eq!(cells(&page, "dates")[0][2], "2,200");
        for n in 1_100..5_001 {
            let name = format!("B-{n:04}");
            engine.batch(batch(&name, "SOFA", 2)).await;
        }
        let page = site.page("/products/SOFA").await;
        let text = words(&page);
        assert!(
            text.contains("Batches: the first 50 of more than 5,000"),
            "{text}"
        );
        let said = "Only the first 5,000 batches by name are counted here: 2 units of others, of 10,002, not.";
        assert!(text.contains(said), "{text}");
        assert!(
            text.contains("7,802 free now 10,002 free in all"),
            "of all, whatever is shown: {text}"
        );
    });
}
