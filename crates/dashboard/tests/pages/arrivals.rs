//! Arrivals along time.

use axum::http::StatusCode;
use jiff::ToSpan;
use landfall_testkit::commands::{batch, hold, hold_shipment, set_eta, set_shipment_eta, shipment};
use landfall_testkit::run;
use landfall_testkit::today;

use crate::support::{ODD, cells, site};

#[test]
fn ships_and_batches_by_themselves_stand_by_eta() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let day = |days: i64| today().saturating_add(days.days());
        engine.shipment(shipment("S-late", Some(day(-3)))).await;
        engine.shipment(shipment("S-soon", Some(day(5)))).await;
        engine.shipment(shipment("S-landed", None)).await;
        engine.shipment(shipment("S-far", Some(day(200)))).await;
        engine
            .batch(batch("B-aboard", "SOFA", 10).on("S-soon"))
            .await;
        engine.batch(batch("B-alone", "SOFA", 10).eta(day(2))).await;
        engine.batch(batch("B-here", "SOFA", 10)).await;
        engine.done(set_shipment_eta("S-soon", Some(day(9)))).await;
        engine.done(set_eta("B-alone", Some(day(20)))).await;
        engine
            .done(hold_shipment("S-soon", "customs", Some(day(12))))
            .await;
        engine.done(hold("B-alone", "damage", None)).await;

        let page = site.page("/arrivals").await;
        let rows = cells(&page, "rows");
        let names: Vec<_> = rows.iter().map(|row| &*row[0]).collect();
        assert_eq!(names, ["S-late", "S-soon", "B-alone"]);
        assert_eq!(rows[0][4], "overdue");
        assert_eq!(
            rows[1],
            [
                "S-soon",
                "Shipment",
                "19 May 2026",
                "15 May 2026",
                "customs until 22 May 2026",
                "1 batch",
                "10",
                "10",
                "0 %"
            ]
        );
        assert_eq!(rows[2][4], "damage, no clear date");
        // The picture says the same.
        for words in [
            "Shipment S-late: expected 7 May 2026, overdue",
            "Shipment S-soon: expected 19 May 2026, first 15 May 2026 (+4 d); held: customs until 22 May 2026",
            "Batch B-alone: expected 30 May 2026",
        ] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert!(page.contains(r#"href="/shipments/S-soon" class="lane expected""#));
        assert!(page.contains(r#"href="/shipments/S-late" class="lane overdue""#));

        let names = |page: &str| -> Vec<String> {
            let rows = cells(page, "rows");
            rows.into_iter().map(|mut row| row.remove(0)).collect()
        };
        let year = site.page("/arrivals?zoom=month").await;
        assert_eq!(names(&year), ["S-late", "S-soon", "B-alone", "S-far"]);
        let file = site.get("/arrivals?zoom=month&format=csv").await.body;
        let held: Vec<_> = file.lines().filter(|row| row.contains("damage")).collect();
        assert_eq!(held.len(), 1, "{file}");
        assert!(held[0].starts_with("B-alone,Batch,") && held[0].contains(",under way,damage,,"));
        let later = site.page(&format!("/arrivals?from={}", day(150))).await;
        assert_eq!(
            names(&later),
            ["S-far"],
            "what is overdue is not in another time"
        );
        for (query, wanted) in [
            ("held=yes", &["S-soon", "B-alone"][..]),
            ("held=no", &["S-late"]),
            ("kind=batches", &["B-alone"]),
            ("prefix=S-l", &["S-late"]),
            ("eta_until=2026-05-19", &["S-late", "S-soon"]),
        ] {
            let page = site.page(&format!("/arrivals?{query}")).await;
            assert_eq!(names(&page), wanted, "{query}");
        }
    });
}

#[test]
fn a_file_says_what_the_table_says() {
    run(async {
        let site = site();
        for (place, days) in (0..60).zip(0_i64..) {
            let day = today().saturating_add(days.days());
            let odd = format!("{}{place:02}", ODD[0]);
            site.engine.shipment(shipment(&odd, Some(day))).await;
        }
        let page = site.page("/arrivals").await;
        let shown = cells(&page, "rows");
        assert_eq!(shown.len(), 50);
        assert!(page.contains("The first 50 of 60 arrivals are shown."));
        assert!(page.contains("/arrivals?from=2026-06-29"), "one can go on");
        assert!(!page.contains("<script>alert"));

        let answer = site.get("/arrivals?format=csv").await;
        assert_eq!(answer.status, StatusCode::OK);
        let mut file = csv::Reader::from_reader(answer.body.as_bytes());
        let rows: Vec<_> = file.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 60, "all of them");
        for (row, cells) in rows.iter().zip(&shown) {
            assert_eq!(row[0], cells[0]);
            assert_eq!(row[4], cells[4]);
        }
        assert_eq!(&rows[0][2], "2026-05-10");
    });
}

#[test]
fn wrong_filters_are_told_at_their_fields() {
    run(async {
        let site = site();
        for (query, field) in [
            ("held=perhaps", "held"),
            ("from=soon", "from"),
            ("eta_until=31", "eta_until"),
        ] {
            let answer = site.get(&format!("/arrivals?{query}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
            assert!(
                answer
                    .body
                    .contains(&format!(r#"class="error" id="w-{field}""#)),
                "{query}"
            );
        }
        let empty = site.page("/arrivals").await;
        assert!(empty.contains("Nothing is expected in these days."));
        for far in ["0001-01-01", "9999-12-31", "-009999-01-01"] {
            let answer = site.get(&format!("/arrivals?from={far}&zoom=month")).await;
            assert!(!answer.status.is_server_error(), "{far}: {}", answer.body);
        }
    });
}
