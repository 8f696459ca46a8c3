//! Shipments: their list, their pages, and what would come of another ETA.

use std::collections::HashMap;

use axum::http::{StatusCode, header};
use jiff::ToSpan;
use jiff::civil::Date;
use landfall_service::access::Role;
use landfall_testkit::commands::{
    batch, hold_shipment, line, receive_shipment, set_shipment_eta, shipment,
};
use landfall_testkit::run;
use landfall_testkit::today;

use crate::support::{ODD, Site, apply, cells, segment, site, site_with, words};

fn day(days: i64) -> Date {
    today().saturating_add(days.days())
}

/// A shipment in 10 days with two batches, of which two orders have something.
async fn laden(site: &Site, reference: &str) {
    let engine = &site.engine;
    let laden = shipment(reference, Some(day(10))).carried("Maersk", "Emma", "MSKU-1");
    engine.shipment(laden).await;
    engine.batch(batch("B-1", "SOFA", 10).on(reference)).await;
    engine.batch(batch("B-2", "LAMP", 5).on(reference)).await;
    engine.line(line("SO-1", "SOFA", 4)).await;
    engine.line(line("SO-2", "LAMP", 5)).await;
}

#[test]
fn a_page_says_what_it_carries_and_who_counts_on_it() {
    run(async {
        let site = site();
        laden(&site, "S-1").await;
        site.engine
            .done(set_shipment_eta("S-1", Some(day(12))))
            .await;
        let page = site.page("/shipments/S-1").await;
        let text = words(&page);
        for said in [
            "ETA 22 May 2026 +2 d",
            "Expected before 20 May 2026",
            "Carrier Maersk Vessel Emma Container MSKU-1",
            "purchased 15 sold 60 % dispatched 0 allocated 9 free 6",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        let batches = cells(&page, "batches");
        assert_eq!(batches.len(), 2);
        assert_eq!(
            batches[0],
            ["B-1", "SOFA", "22 May 2026", "10", "6", "40 %", "Orders"]
        );
        assert!(page.contains("/orders?batch=B-1"));
        let lines = cells(&page, "pegged");
        assert_eq!(lines[0][..3], ["SO-1", "SOFA", "4"]);
        assert_eq!(lines[1][5], "B-2");
        for offer in [
            "ChangeShipmentEta?reference=S-1&#38;eta=2026-05-22",
            "HoldShipment",
            "ReceiveShipment",
            "CreateBatch?shipment=S-1",
        ] {
            assert!(page.contains(&format!("/do/{offer}")), "{offer}: {page}");
        }
        assert!(!page.contains("/do/ReleaseShipment"));
        site.engine
            .done(hold_shipment("S-1", "customs", None))
            .await;
        let page = site.page("/shipments/S-1").await;
        assert!(page.contains("/do/ReleaseShipment") && !page.contains("/do/HoldShipment"));
        assert!(
            words(&page).contains("15 free, but held"),
            "{}",
            words(&page)
        );
        assert!(page.contains("No line counts on it."));
        site.engine.done(receive_shipment("S-1", &[])).await;
        let page = site.page("/shipments/S-1").await;
        assert!(words(&page).contains("ETA landed"));
        assert!(
            !page.contains("What if it is late?"),
            "it cannot be any more"
        );
    });
}

#[test]
fn what_if_it_is_late_is_seen_and_then_applied() {
    run(async {
        let site = site();
        laden(&site, "S-1").await;
        let page = site.page("/shipments/S-1?late=10").await;
        let text = words(&page);
        assert!(text.contains("10 days later: 30 May 2026"), "{text}");
        assert!(text.contains("2 promises broken"), "{text}");
        assert_eq!(cells(&page, "broken").len(), 2);
        assert_eq!(
            site.engine.see_shipment("S-1").await.eta,
            Some(day(10)),
            "nothing was done"
        );
        let by_date = site.page("/shipments/S-1?eta=2026-05-30").await;
        assert_eq!(cells(&by_date, "broken"), cells(&page, "broken"));
        let earlier = site.page("/shipments/S-1?late=-2").await;
        assert!(words(&earlier).contains("2 days earlier: 18 May 2026"));
        let same = site.page("/shipments/S-1?late=0").await;
        assert!(words(&same).contains("As it is now"));
        assert!(
            !same.contains(r#"name="step" value="apply""#),
            "there is nothing to do"
        );

        let (path, form) = apply(&page);
        assert_eq!(path, "/do/ChangeShipmentEta");
        for _ in 0..2 {
            let answer = site.post(&path, &form).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
            let to = answer.headers[header::LOCATION].to_str().unwrap();
            assert!(to.starts_with("/shipments/S-1?done="), "{to}");
        }
        assert_eq!(site.engine.see_shipment("S-1").await.eta, Some(day(20)));
        let changes = site.engine.events().await;
        let changes = changes
            .iter()
            .filter(|record| record.event.kind() == "ShipmentEtaChanged");
        assert_eq!(changes.count(), 1, "two clicks do it once");
    });
}

#[test]
fn a_wrong_question_is_told_at_its_field() {
    run(async {
        let site = site();
        laden(&site, "S-1").await;
        for (query, field) in [
            ("late=ten", "late"),
            ("late=99999", "late"),
            ("late=1.5", "late"),
            ("eta=2026-02-30", "eta"),
            ("eta=", ""),
        ] {
            let answer = site.get(&format!("/shipments/S-1?{query}")).await;
            assert_eq!(
                answer.status == StatusCode::UNPROCESSABLE_ENTITY,
                !field.is_empty(),
                "{query}"
            );
            assert_eq!(
                answer
                    .body
                    .contains(&format!(r#"class="error" id="w-{field}""#)),
                !field.is_empty(),
                "{query}: {}",
                answer.body
            );
        }
    });
}

#[test]
fn who_may_not_change_supply_may_not_ask_either() {
    run(async {
        let site = site();
        laden(&site, "S-1").await;
        for (role, may) in [
            (Role::Read, false),
            (Role::Orders, false),
            (Role::Admin, true),
        ] {
            let session = site.sign_in(role).await;
            let page = site.get_as(&session, "/shipments/S-1?late=10").await;
            assert_eq!(page.status, StatusCode::OK);
            for said in [
                "What if it is late?",
                r#"value="apply""#,
                "/do/HoldShipment",
                "/do/CreateBatch",
            ] {
                assert_eq!(page.body.contains(said), may, "{role}: {said}");
            }
            let list = site.get_as(&session, "/shipments").await;
            assert_eq!(list.body.contains("/do/CreateShipment"), may, "{role}");
        }
        let still = site_with(|app| app.read_only = true);
        laden(&still, "S-1").await;
        let page = still.page("/shipments/S-1?late=10").await;
        assert!(page.contains("promises broken"), "one may look");
        assert!(!page.contains("/do/"), "and do nothing");
    });
}

#[test]
fn odd_names_have_pages_of_their_own() {
    run(async {
        let site = site();
        let long = "x".repeat(255);
        for name in ODD.into_iter().chain([&*long]) {
            site.engine.shipment(shipment(name, Some(day(10)))).await;
            let path = format!("/shipments/{}", segment(name));
            let page = site.page(&format!("{path}?late=1")).await;
            assert!(words(&page).contains(name), "{name}");
            assert!(!page.contains("<script>alert"));
        }
        let list = site.page("/shipments").await;
        let mut names: Vec<_> = cells(&list, "rows")
            .into_iter()
            .map(|mut row| row.remove(0))
            .collect();
        names.sort();
        let mut all: Vec<_> = ODD.into_iter().chain([&*long]).map(str::to_owned).collect();
        all.sort();
        assert_eq!(names, all);
        for unknown in [
            "/shipments/S-9",
            "/shipments/%00",
            "/shipments/%F0%9F%9B%8B",
        ] {
            let answer = site.get(unknown).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
        }
    });
}

#[test]
fn the_list_is_filtered_and_is_there_as_a_file() {
    run(async {
        let site = site();
        laden(&site, "S-1").await;
        site.engine.shipment(shipment("S-2", None)).await;
        site.engine.shipment(shipment("T-1", Some(day(30)))).await;
        site.engine
            .done(hold_shipment("T-1", "paperwork", None))
            .await;
        for (query, wanted) in [
            ("", &["S-1", "S-2", "T-1"][..]),
            ("landed=no", &["S-1", "T-1"]),
            ("landed=yes", &["S-2"]),
            ("held=yes", &["T-1"]),
            ("prefix=S", &["S-1", "S-2"]),
            ("eta_until=2026-05-20", &["S-1"]),
            ("eta_from=2026-05-21", &["T-1"]),
        ] {
            let page = site.page(&format!("/shipments?{query}")).await;
            let shown = cells(&page, "rows");
            let names: Vec<_> = shown.iter().map(|row| &*row[0]).collect();
            assert_eq!(names, wanted, "{query}");
            let answer = site.get(&format!("/shipments?{query}&format=csv")).await;
            let mut file = csv::Reader::from_reader(answer.body.as_bytes());
            for (row, cells) in file.deserialize::<HashMap<String, String>>().zip(&shown) {
                let row = row.unwrap();
                for (name, place) in [("Shipment", 0), ("Batches", 6), ("Units", 7)] {
                    assert_eq!(row[name], cells[place], "{query}");
                }
                let state = match &*row["Hold"] {
                    "" => row["State"].clone(),
                    hold => format!("{} {hold}, no clear date", row["State"]),
                };
                assert_eq!(state, cells[2], "{query}");
            }
            assert_eq!(answer.body.lines().count(), shown.len() + 1, "{query}");
        }
        for wrong in ["landed=2", "held=x", "eta_until=soon", "eta_from=1"] {
            let answer = site.get(&format!("/shipments?{wrong}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(answer.body.contains(r#"class="error""#), "{wrong}");
        }
    });
}

#[test]
fn of_many_lines_the_first_are_told_and_how_many_there_are() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("S-1", Some(day(10)))).await;
        // As many batches as one has, so that nobody could take the first of them for all.
        for n in 0..30 {
            let (name, sku) = (format!("B-{n:02}"), format!("SKU-{n:02}"));
            engine.batch(batch(&name, &sku, 9).on("S-1")).await;
            engine.line(line(&format!("SO-{n:02}-a"), &sku, 3)).await;
        }
        let page = site.page("/shipments/S-1").await;
        assert_eq!(cells(&page, "pegged").len(), 30, "of all batches");
        assert!(!words(&page).contains("batch by batch"), "they are all");
        assert!(!page.contains("/late?shipment=S-1"));
        assert!(!page.contains("/pegged?shipment=S-1"));
        for n in 0..30 {
            let (order, sku) = (format!("SO-{n:02}-b"), format!("SKU-{n:02}"));
            engine.line(line(&order, &sku, 1)).await;
        }
        let page = site.page("/shipments/S-1").await;
        let lines = cells(&page, "pegged");
        assert_eq!(lines.len(), 50);
        assert_eq!(lines[49][5], "B-24", "batch by batch");
        let said = "Lines that count on it: the first 50 batch by batch, with 100 of 120 units";
        assert!(words(&page).contains(said), "{}", words(&page));
        assert!(page.contains("/late?shipment=S-1"));
        assert!(page.contains("/pegged?shipment=S-1"));
    });
}
