//! Batches: their list and their pages.

use std::collections::HashMap;

use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use landfall_service::access::Role;
use landfall_testkit::commands::{
    batch, dispatch, hold, hold_shipment, line, receive_shipment, set_eta, shipment,
};
use landfall_testkit::run;
use landfall_testkit::today;

use crate::support::{ODD, cells, segment, site, words};

fn day(days: i64) -> Date {
    today().saturating_add(days.days())
}

#[test]
fn a_page_says_how_much_there_is_and_who_counts_on_it() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine
            .batch(batch("B-1", "SOFA", 10).eta(day(10)).location("North"))
            .await;
        engine.line(line("SO-1", "SOFA", 4)).await;
        engine
            .line(line("SO-2", "SOFA", 3).requested(day(20)).just_in_time())
            .await;
        engine.done(set_eta("B-1", Some(day(12)))).await;
        let page = site.page("/batches/B-1").await;
        let text = words(&page);
        for said in [
            "SKU SOFA When 22 May 2026 +2 d Expected before 20 May 2026 Location North",
            "purchased 10 sold 70 % dispatched 0 allocated 7 free 3",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let lines = cells(&page, "pegged");
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0][..3], ["SO-1", "SOFA", "4"]);
        let by_promise = cells(&page, "by-promise");
        let units: u64 = by_promise
            .iter()
            .map(|row| row[2].parse::<u64>().unwrap())
            .sum();
        assert_eq!(units, 7, "{by_promise:?}");
        assert_eq!(by_promise[0], ["22 May 2026", "2", "7"]);
        assert!(page.contains(r#"class="columns-chart""#));
        assert!(page.contains("/orders?batch=B-1"));
        for offer in [
            "ChangeBatchQuantity?reference=B-1&#38;quantity=10",
            "ChangeBatchEta",
            "HoldBatch",
            "ReceiveBatch",
            "CancelBatch",
        ] {
            assert!(page.contains(&format!("/do/{offer}")), "{offer}");
        }
        let late = site.page("/batches/B-1?late=30").await;
        assert!(words(&late).contains("30 days later: 21 Jun 2026"));
        assert!(late.contains(r#"action="/do/ChangeBatchEta""#));
        assert!(!cells(&late, "broken").is_empty());
        let wrong = site.get("/batches/B-1?late=x").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}

#[test]
fn a_batch_aboard_is_late_with_its_shipment() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("S/1", Some(day(10)))).await;
        engine.batch(batch("B-1", "SOFA", 10).on("S/1")).await;
        engine
            .done(hold_shipment("S/1", "customs", Some(day(15))))
            .await;
        engine.done(hold("B-1", "damage", None)).await;
        let page = site.page("/batches/B-1?late=10").await;
        assert!(
            !page.contains(r#"name="late""#),
            "that is asked of its shipment"
        );
        assert!(page.contains(r#"href="/shipments/S%2F1#what-if""#));
        let text = words(&page);
        assert!(text.contains("Hold damage, no clear date"), "{text}");
        assert!(
            text.contains("Its shipment's hold customs until 25 May 2026"),
            "{text}"
        );
        assert!(text.contains("free 10 free, but held 10"), "{text}");
        assert!(page.contains("/do/ReleaseBatch") && !page.contains("/do/HoldBatch"));
        let session = site.sign_in(Role::Orders).await;
        let page = site.get_as(&session, "/batches/B-1").await;
        assert!(!page.body.contains("What if"), "{}", page.body);
        // The ship has landed, and the batch was left behind: it is late by itself.
        engine.done(receive_shipment("S/1", &[])).await;
        engine.done(set_eta("B-1", Some(day(20)))).await;
        let session = site.sign_in(Role::Supply).await;
        let page = site.get_as(&session, "/batches/B-1").await.body;
        assert!(!page.contains(r#"href="/shipments/S%2F1#what-if""#));
        assert!(page.contains(r#"name="late""#), "{page}");
    });
}

#[test]
fn what_has_left_is_not_to_be_cancelled() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 4)).await;
        site.engine.line(line("SO-1", "SOFA", 4)).await;
        site.engine.done(dispatch("SO-1", "SOFA")).await;
        let page = site.page("/batches/B-1").await;
        assert!(words(&page).contains("When in the warehouse"));
        assert!(!page.contains("/do/CancelBatch"));
        assert!(!page.contains("What if"), "it is here");
        assert!(page.contains("No line counts on it."));
    });
}

#[test]
fn a_part_that_has_nothing_to_show_is_there_all_the_same() {
    run(async {
        let site = site();
        site.engine.done(shipment("S-1", Some(day(10)))).await;
        site.engine.batch(batch("B-1", "SOFA", 4).on("S-1")).await;
        // What comes later has a place to come to.
        let empty = |page: &str, part: &str| {
            let (_, after) = page
                .split_once(&format!(" id=\"{part}\" data-live=\""))
                .unwrap();
            let (_, inside) = after.split_once('>').unwrap();
            inside.starts_with("</")
        };
        for (path, part) in [
            ("/batches/B-1", "promises"),
            ("/shipments/S-1", "more-lines"),
            ("/late", "notice"),
            ("/", "behind"),
        ] {
            assert!(empty(&site.page(path).await, part), "{path}: {part}");
        }
        site.engine.line(line("SO-1", "SOFA", 4)).await;
        let page = site.page("/batches/B-1").await;
        assert!(!empty(&page, "promises"), "{page}");
    });
}

#[test]
fn odd_names_have_pages_of_their_own_and_roles_see_what_they_may() {
    run(async {
        let site = site();
        let long = "x".repeat(255);
        for name in ODD.into_iter().chain([&*long]) {
            site.engine.batch(batch(name, name, 3).eta(day(10))).await;
            site.engine.line(line(name, name, 1)).await;
            let page = site
                .page(&format!("/batches/{}?late=1", segment(name)))
                .await;
            assert_eq!(cells(&page, "pegged")[0][0], name);
            assert!(words(&page).contains(name), "{name}");
            assert!(!page.contains("<script>alert"));
        }
        for unknown in ["/batches/B-9", "/batches/%00"] {
            assert_eq!(
                site.get(unknown).await.status,
                StatusCode::NOT_FOUND,
                "{unknown}"
            );
        }
        let session = site.sign_in(Role::Orders).await;
        let path = format!("/batches/{}", segment(ODD[0]));
        let page = site.get_as(&session, &path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(!page.body.contains("/do/") && !page.body.contains("What if"));
    });
}

#[test]
fn the_list_is_filtered_and_is_there_as_a_file() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("S-1", Some(day(10)))).await;
        engine.batch(batch("A-1", "SOFA", 10).on("S-1")).await;
        engine
            .batch(batch("A-2", "LAMP", 1_234).location("North"))
            .await;
        engine.batch(batch("B-1", "SOFA", 4).eta(day(-1))).await;
        engine.line(line("SO-1", "SOFA", 4)).await;
        engine.done(hold("A-2", "quality", Some(day(3)))).await;
        for (query, wanted) in [
            ("", &["A-1", "A-2", "B-1"][..]),
            ("prefix=A", &["A-1", "A-2"]),
            ("sku=SOFA", &["A-1", "B-1"]),
            ("available=yes", &["A-1", "A-2"]),
            ("in_warehouse=no", &["A-1", "B-1"]),
            ("held=yes", &["A-2"]),
            ("shipment=S-1", &["A-1"]),
            ("eta_until=2026-05-10", &["B-1"]),
            ("eta_from=2026-05-11", &["A-1"]),
            ("clear_until=2026-05-13", &["A-2"]),
            ("clear_until=2026-05-12", &[]),
        ] {
            let page = site.page(&format!("/batches?{query}")).await;
            let shown = cells(&page, "rows");
            let names: Vec<_> = shown.iter().map(|row| &*row[0]).collect();
            assert_eq!(names, wanted, "{query}");
            let answer = site.get(&format!("/batches?{query}&format=csv")).await;
            let mut file = csv::Reader::from_reader(answer.body.as_bytes());
            for (row, cells) in file.deserialize::<HashMap<String, String>>().zip(&shown) {
                let row = row.unwrap();
                for (name, place) in [
                    ("Batch", 0),
                    ("SKU", 1),
                    ("Purchased", 4),
                    ("Available", 6),
                    ("Allocated", 7),
                ] {
                    assert_eq!(row[name], cells[place].replace(',', ""), "{query}");
                }
            }
            assert_eq!(answer.body.lines().count(), shown.len() + 1, "{query}");
        }
        let file = site.get("/batches?format=csv").await.body;
        assert_eq!(
            file.lines().collect::<Vec<_>>(),
            [
                "Batch,SKU,ETA,State,Hold,Hold to clear by,Shipment's hold,Shipment's hold to clear by,Shipment,\
                 Purchased,Units sold,Available,Allocated,Dispatched,Location",
                "A-1,SOFA,2026-05-20,under way,,,,,S-1,10,0,10,0,0,",
                "A-2,LAMP,,in the warehouse,quality,2026-05-13,,,,1234,0,1234,0,0,North",
                "B-1,SOFA,2026-05-09,overdue,,,,,,4,4,0,4,0,",
            ]
        );
        let overdue = site.page("/batches?prefix=B").await;
        assert_eq!(cells(&overdue, "rows")[0][2], "9 May 2026 overdue");
        let mistyped = site.get("/batches?helt=yes&done=Done").await;
        assert_eq!(mistyped.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(words(&mistyped.body).contains("This list has no filter `helt`"));
        for wrong in ["available=2", "held=x", "in_warehouse=x", "eta_until=soon"] {
            let answer = site.get(&format!("/batches?{wrong}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.body.contains(r#"class="error""#), "{wrong}");
        }
    });
}

#[test]
fn of_many_lines_it_is_told_how_many_there_are() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 500)).await;
        for n in 0..120 {
            site.engine.line(line(&format!("SO-{n}"), "SOFA", 2)).await;
        }
        let page = site.page("/batches/B-1").await;
        assert_eq!(cells(&page, "pegged").len(), 100);
        assert!(words(&page).contains("Lines that count on it: the first 100 of 120"));
        assert!(page.contains("/pegged?batch=B-1"));
    });
}
