//! Backorders and late lines, from the desk.

use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use landfall_service::access::Role;
use landfall_service::desk::projector::catch_up;
use landfall_testkit::commands::{batch, hold, line, set_shipment_eta, shipment};
use landfall_testkit::{run, today};

use crate::support::{ODD, Site, cells, segment, site};

fn day(days: i64) -> Date {
    today().saturating_add(days.days())
}

fn told(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// The desk takes in what has happened.
pub(crate) async fn take_in(site: &Site) {
    let (_, tables) = site.engine.desk();
    tables.enroll("UTC").await.unwrap();
    catch_up(&*tables, 100).await.unwrap();
}

/// Two lines that are late, one without a day for its promise, and two that wait.
async fn trouble() -> Site {
    let site = site();
    let engine = &site.engine;
    engine.done(shipment("MV-1", Some(day(10)))).await;
    engine.batch(batch("B-1", "SOFA", 6).on("MV-1")).await;
    engine.batch(batch("B-2", "LAMP", 5)).await;
    engine.line(line("SO-1", "SOFA", 2)).await;
    engine.line(line("SO-2", "SOFA", 3).priority(9)).await;
    engine.line(line("SO-3", "LAMP", 2).requested(day(4))).await;
    engine.line(line("SO-4", "SOFA", 7)).await;
    engine.clock.set_day(day(1));
    engine.done(set_shipment_eta("MV-1", Some(day(13)))).await;
    engine.done(hold("B-2", "damage", None)).await;
    take_in(&site).await;
    site
}

#[test]
fn what_waits_is_told_with_its_cause() {
    run(async {
        let site = trouble().await;
        let page = site.page("/backorders").await;
        let rows = cells(&page, "rows");
        let column = |at: usize| rows.iter().map(|row| &*row[at]).collect::<Vec<_>>();
        assert_eq!(column(0), ["SO-4", "SO-3"], "the longest first");
        assert_eq!(column(4), ["24 h", "just now"]);
        assert_eq!(column(5), ["no stock when ordered", "a hold"]);
        let (wish, first) = (told(day(4)), told(today()));
        assert_eq!(rows[1][6..9], [&*wish, &*first, "B-2"], "{:?}", rows[1]);
        assert!(page.contains("/orders/SO-3?line=LAMP"));
        assert!(
            page.contains("/do/CancelLine?order_id=SO-3&#38;line_id=LAMP"),
            "{page}"
        );
        for (query, found) in [
            ("sku=LAMP", "SO-3"),
            ("batch=B-2", "SO-3"),
            ("cause=no_stock", "SO-4"),
        ] {
            let page = site.page(&format!("/backorders?{query}")).await;
            let rows = cells(&page, "rows");
            assert_eq!(rows.len(), 1, "{query}");
            assert_eq!(rows[0][0], found, "{query}");
        }
    });
}

#[test]
fn what_is_late_is_sorted_as_one_likes() {
    run(async {
        let site = trouble().await;
        let page = site.page("/late").await;
        let rows = cells(&page, "rows");
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0][..4], ["SO-1", "SOFA", "2", "5"]);
        let (first, now) = (told(day(10)), told(day(13)));
        assert_eq!(rows[0][4..7], [&*first, &*now, "3"]);
        assert_eq!(rows[0][8..], ["another ETA", "MV-1", "Cancel"]);
        let page = site.page("/late?sort=priority&shipment=MV-1").await;
        assert_eq!(cells(&page, "rows")[0][0], "SO-2");
        assert!(page.contains("aria-sort=\"descending\""), "{page}");
        assert!(cells(&site.page("/late?shipment=MV-2").await, "rows").is_empty());
        let file = site.get("/late?format=csv").await.body;
        let lines: Vec<_> = file.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[1].starts_with(&format!("SO-1,SOFA,SOFA,2,5,{},{},3,", day(10), day(13))),
            "{file}"
        );
        assert!(lines[0].ends_with(",Batch,Shipment,Requested"), "{file}");
        assert!(lines[1].ends_with(",MV-1,B-1,MV-1,"), "no button: {file}");
    });
}

#[test]
fn wrong_filters_are_said_at_their_field() {
    run(async {
        let site = trouble().await;
        for (path, field) in [
            ("/backorders?sku=%00", "sku"),
            ("/late?cause=because", "cause"),
            ("/late?batch=%0A", "batch"),
            ("/late?shipment=%0A", "shipment"),
        ] {
            let answer = site.get(path).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            assert!(answer.body.contains(&format!("id=\"w-{field}\"")), "{path}");
        }
        let sort = site.get("/backorders?sort=days_late").await;
        assert_eq!(sort.status, StatusCode::UNPROCESSABLE_ENTITY);
        let cursor = site.get("/late?cursor=nonsense").await;
        assert_eq!(cursor.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn names_are_only_names_and_readers_only_read() {
    run(async {
        let site = site();
        for odd in ODD {
            site.engine.batch(batch(odd, odd, 1)).await;
            site.engine.line(line(odd, odd, 2)).await;
        }
        take_in(&site).await;
        let page = site.page("/backorders").await;
        assert!(!page.contains("<script>alert"), "{page}");
        assert_eq!(cells(&page, "rows").len(), ODD.len());
        for odd in ODD {
            let path = format!("/backorders?sku={}", segment(odd));
            assert_eq!(cells(&site.page(&path).await, "rows")[0][0], odd);
        }
        let file = site.get("/backorders?format=csv").await.body;
        assert!(file.contains("'=🛋"), "no formula: {file}");
        assert!(
            file.contains(",Priority,Waiting since,Why,"),
            "it is an instant: {file}"
        );
        let reader = site.sign_in(Role::Read).await;
        let page = site.get_as(&reader, "/backorders").await;
        assert!(!page.body.contains("/do/"), "{}", page.body);
    });
}
