//! All lines that count on a shipment or on a batch.

use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use landfall_testkit::commands::{batch, line, set_shipment_eta, shipment};
use landfall_testkit::{run, today};

use crate::support::{ODD, Site, cells, segment, site, words};

fn day(days: i64) -> Date {
    today().saturating_add(days.days())
}

/// A shipment with these lines of each batch: one unit for each, and one unit more.
async fn laden(lines: &[u64]) -> Site {
    let site = site();
    let engine = &site.engine;
    engine.shipment(shipment("S-1", Some(day(10)))).await;
    for (n, lines) in lines.iter().enumerate() {
        let (name, sku) = (format!("B-{n:03}"), format!("SKU-{n:03}"));
        engine.batch(batch(&name, &sku, lines + 1).on("S-1")).await;
        for line_of in 0..*lines {
            let order = format!("SO-{n:03}-{line_of:03}");
            engine.line(line(&order, &sku, 1)).await;
        }
    }
    site
}

/// Order and batch of each row.
fn rows(page: &str) -> Vec<(String, String)> {
    let rows = cells(page, "rows").into_iter();
    rows.map(|mut row| (row.remove(0), row.remove(1))).collect()
}

/// Where a page of the list leads.
fn leads(page: &str, rel: &str) -> Option<String> {
    let (before, _) = page.split_once(&format!("\" rel=\"{rel}\""))?;
    let (_, address) = before.rsplit_once("href=\"")?;
    Some(address.replace("&#38;", "&"))
}

/// The rows of each page, as one goes from one to the next.
async fn pages(site: &Site, first: &str) -> Vec<Vec<(String, String)>> {
    let mut page = site.page(first).await;
    let mut pages = vec![rows(&page)];
    while let Some(next) = leads(&page, "next") {
        page = site.page(&next).await;
        pages.push(rows(&page));
    }
    pages
}

#[test]
fn pages_go_from_batch_to_batch_and_hold_every_line_once() {
    run(async {
        for lines in [
            // In the midst of a batch, at its end, behind empty ones, and one batch for more than a page.
            &[30, 0, 30, 1][..],
            &[50, 0, 3],
            &[20, 30, 0, 0],
            &[0, 49, 120, 2, 0],
            &[1; 60],
        ] {
            let site = laden(lines).await;
            let pages = pages(&site, "/pegged?shipment=S-1").await;
            let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
            let (last, full) = sizes.split_last().unwrap();
            assert!(full.iter().all(|size| *size == 50), "{lines:?}: {sizes:?}");
            assert!(*last > 0, "{lines:?}: {sizes:?}");
            let mut wanted = Vec::new();
            for (n, lines) in lines.iter().enumerate() {
                let of = |line| (format!("SO-{n:03}-{line:03}"), format!("B-{n:03}"));
                wanted.extend((0..*lines).map(of));
            }
            assert_eq!(pages.concat(), wanted, "{lines:?}");
            let file = site.get("/pegged?shipment=S-1&format=csv").await.body;
            assert_eq!(file.lines().count(), wanted.len() + 1, "{lines:?}");
        }
    });
}

#[test]
fn one_comes_back_to_the_page_before() {
    run(async {
        let site = laden(&[70, 50]).await;
        let first = site.page("/pegged?shipment=S-1").await;
        let second = site.page(&leads(&first, "next").unwrap()).await;
        let third = site.page(&leads(&second, "next").unwrap()).await;
        assert_eq!(rows(&third).len(), 20);
        let back = site.page(&leads(&third, "prev").unwrap()).await;
        assert_eq!(rows(&back), rows(&second));
    });
}

#[test]
fn many_batches_of_which_nobody_has_anything_are_passed_over() {
    run(async {
        let mut lines = [0; 230];
        lines[229] = 2;
        let site = laden(&lines).await;
        let pages = pages(&site, "/pegged?shipment=S-1").await;
        assert_eq!(pages.len(), 1);
        assert_eq!(pages[0][1], ("SO-229-001".into(), "B-229".into()));
    });
}

#[test]
fn the_list_is_cut_down_and_given_as_a_file() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("S-1", Some(day(10)))).await;
        engine.shipment(shipment("S-2", Some(day(20)))).await;
        engine.shipment(shipment("S-3", Some(day(20)))).await;
        engine.batch(batch("B-1", "SOFA", 4).on("S-1")).await;
        engine.batch(batch("B-2", "LAMP", 9).on("S-1")).await;
        engine.batch(batch("B-3", "SOFA", 9).on("S-2")).await;
        engine.batch(batch("B-4", "RUG", 9)).await;
        engine.line(line("SO-1", "SOFA", 7).split()).await;
        engine.line(line("SO-2", "LAMP", 2).priority(3)).await;
        engine.line(line("SO-3", "LAMP", 1).priority(5)).await;
        engine.line(line("SO-4", "RUG", 1)).await;
        engine.done(set_shipment_eta("S-1", Some(day(12)))).await;
        for (query, wanted) in [
            ("shipment=S-1", &["SO-1 B-1", "SO-3 B-2", "SO-2 B-2"][..]),
            ("shipment=S-2", &["SO-1 B-3"]),
            ("shipment=S-1&batch=B-2", &["SO-3 B-2", "SO-2 B-2"]),
            ("shipment=S-1&sku=SOFA", &["SO-1 B-1"]),
            ("shipment=S-1&batch=B-2&sku=SOFA", &[]),
            ("shipment=S-1&batch=B-3", &[]),
            ("shipment=S-3", &[]),
            ("batch=B-4", &["SO-4 B-4"]),
            ("batch=B-4&sku=SOFA", &[]),
        ] {
            let page = site.page(&format!("/pegged?{query}")).await;
            let found = rows(&page).into_iter();
            let found: Vec<_> = found
                .map(|(order, batch)| format!("{order} {batch}"))
                .collect();
            assert_eq!(found, wanted, "{query}");
            assert_eq!(
                page.contains("No line counts on it."),
                wanted.is_empty(),
                "{query}"
            );
        }
        let file = site.get("/pegged?shipment=S-1&format=csv").await.body;
        let (sofa, lamp, late) = (day(20), day(10), day(12));
        assert_eq!(
            file.lines().collect::<Vec<_>>(),
            [
                "Order,Line,SKU,Batch,Units,Outstanding,Priority,Promised first,Promised,Days late"
                    .to_owned(),
                format!("SO-1,SOFA,SOFA,B-1,4,7,5,{sofa},{sofa},"),
                format!("SO-3,LAMP,LAMP,B-2,1,1,5,{lamp},{late},2"),
                format!("SO-2,LAMP,LAMP,B-2,2,2,3,{lamp},{late},2"),
            ]
        );
    });
}

#[test]
fn odd_names_have_their_lines() {
    run(async {
        let site = site();
        let long = "x".repeat(255);
        for name in ODD.into_iter().chain([".", "..", &*long]) {
            site.engine.shipment(shipment(name, Some(day(10)))).await;
            site.engine.batch(batch(name, name, 60).on(name)).await;
            for order in 0..51 {
                let order = format!("{order:02}{}", &name[..1]);
                site.engine.line(line(&order, name, 1)).await;
            }
            let (name, path) = (name.to_owned(), segment(name));
            for query in ["shipment", "batch"] {
                let first = format!("/pegged?{query}={path}");
                let page = site.page(&first).await;
                assert!(!page.contains("<script>alert"));
                let lines = pages(&site, &first).await.concat();
                assert_eq!(lines.len(), 51, "{name}");
                assert!(lines.iter().all(|(_, batch)| *batch == name));
            }
        }
    });
}

#[test]
fn one_comes_back_to_what_the_list_is_about() {
    run(async {
        let site = laden(&[2, 2]).await;
        for (query, page, words, all) in [
            (
                "shipment=S-1&sku=SOFA",
                "/shipments/S-1",
                "Shipment S-1",
                "shipment=S-1",
            ),
            (
                "batch=B-001&sku=SOFA",
                "/batches/B-001",
                "Batch B-001",
                "batch=B-001",
            ),
        ] {
            let shown = site.page(&format!("/pegged?{query}")).await;
            let link = format!("<a href=\"{page}\">{words}</a>");
            assert!(shown.contains(&link), "{link}: {shown}");
            let link = format!("<a class=\"quiet\" href=\"/pegged?{all}\">All</a>");
            assert!(shown.contains(&link), "{link}: {shown}");
        }
    });
}

#[test]
fn what_is_wrong_with_the_question_is_told() {
    run(async {
        let site = laden(&[2, 2]).await;
        let engine = &site.engine;
        engine.shipment(shipment("S-22", Some(day(10)))).await;
        engine.batch(batch("X-1", "RUG", 3)).await;
        engine.line(line("SO-X", "RUG", 1)).await;
        for (query, told) in [
            ("", "Must be named, or else a batch."),
            ("?sku=SOFA", "Must be named, or else a batch."),
            ("?shipment=S-2", "Is the name of no shipment."),
            ("?batch=S-1", "Is the name of no batch."),
            ("?shipment=S-2&format=csv", "Is the name of no shipment."),
            ("?shipment=%00", "id=\"w-shipment\""),
            ("?shipment=S-1&sort=age", "`sort` must be one of batch"),
            (
                "?shipment=S-1&order=SO-1",
                "This list has no filter `order`",
            ),
        ] {
            let answer = site.get(&format!("/pegged{query}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
            assert!(
                words(&answer.body).contains(told) || answer.body.contains(told),
                "{query}: {}",
                answer.body
            );
        }
        for wrong in ["nonsense", "B-000%0Anonsense", "%0A", "B-000%0A1%0A2"] {
            let answer = site
                .get(&format!("/pegged?shipment=S-1&cursor={wrong}"))
                .await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
        }
        // A place in a batch of another shipment shows nothing of it.
        let elsewhere = "/pegged?shipment=S-1&cursor=A%0A-10%0A2026-01-01%0A0";
        assert_eq!(rows(&site.page(elsewhere).await).len(), 4);
        let elsewhere = "/pegged?shipment=S-1&cursor=X-1%0A-10%0A2026-01-01%0A0";
        assert!(rows(&site.page(elsewhere).await).is_empty());
        let here = "/pegged?batch=X-1&cursor=X-1%0A-10%0A2026-01-01%0A0";
        assert_eq!(rows(&site.page(here).await).len(), 1);
    });
}
