//! Lists in the order of their columns, as pages and as files; and who waits, by how long.

use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use landfall_service::desk::projector::catch_up;
use landfall_testkit::commands::{batch, line, set_eta, shipment};
use landfall_testkit::{run, today};

use crate::support::{Site, cells, site, words};

fn day(days: i64) -> Date {
    today().saturating_add(days.days())
}

async fn shop() -> Site {
    let site = site();
    let engine = &site.engine;
    engine
        .done(shipment("MV-1", Some(day(10))).carried("Maersk", "Aurora", "C-1"))
        .await;
    engine
        .done(shipment("MV-2", None).carried("CMA", "Borealis", "C-2"))
        .await;
    engine.done(shipment("MV-3", Some(day(4)))).await;
    engine.batch(batch("B-1", "SOFA", 6).on("MV-1")).await;
    engine.batch(batch("B-2", "LAMP", 9)).await;
    engine.batch(batch("B-3", "RUG", 1).eta(day(3))).await;
    engine.line(line("SO-1", "SOFA", 2)).await;
    engine.line(line("SO-2", "RUG", 5)).await;
    engine.line(line("SO-3", "LAMP", 1)).await;
    site
}

/// What `aria-sort` says of the heads of a page's table.
fn sorted(page: &str) -> Vec<(String, String)> {
    let heads = page.split("<th scope=\"col\"").skip(1);
    let heads = heads.filter_map(|head| {
        let (head, _) = head.split_once("</th>")?;
        let (_, order) = head.split_once("aria-sort=\"")?;
        let (order, label) = order.split_once('"')?;
        let (_, label) = label.split_once('>')?;
        Some((words(label), order.to_owned()))
    });
    heads.collect()
}

/// Where the head of this column leads.
fn head(page: &str, label: &str) -> String {
    let end = format!("\">{label}</a></th>");
    let (before, _) = page
        .split_once(&end)
        .unwrap_or_else(|| panic!("no head {label}: {page}"));
    let (_, href) = before.rsplit_once("href=\"").unwrap();
    href.replace("&#38;", "&")
}

#[test]
fn heads_lead_to_sorted_lists_and_back() {
    run(async {
        let site = shop().await;
        for (path, label, order, sort, wanted) in [
            ("/batches", "Batch", "ascending", "", ["B-1", "B-2", "B-3"]),
            (
                "/batches",
                "When",
                "ascending",
                "eta",
                ["B-2", "B-3", "B-1"],
            ),
            (
                "/batches",
                "Available",
                "descending",
                "available",
                ["B-2", "B-1", "B-3"],
            ),
            (
                "/shipments",
                "Shipment",
                "ascending",
                "",
                ["MV-1", "MV-2", "MV-3"],
            ),
            (
                "/shipments",
                "ETA",
                "ascending",
                "eta",
                ["MV-3", "MV-1", "MV-2"],
            ),
            ("/products", "SKU", "ascending", "", ["LAMP", "RUG", "SOFA"]),
            (
                "/products",
                "Available",
                "descending",
                "available",
                ["LAMP", "SOFA", "RUG"],
            ),
            (
                "/products",
                "Lines waiting",
                "descending",
                "backordered",
                ["RUG", "LAMP", "SOFA"],
            ),
            (
                "/orders",
                "Last change",
                "descending",
                "",
                ["SO-3", "SO-2", "SO-1"],
            ),
            (
                "/orders",
                "Order",
                "ascending",
                "id",
                ["SO-1", "SO-2", "SO-3"],
            ),
        ] {
            let at = match sort {
                "" => path.to_owned(),
                sort => format!("{path}?sort={sort}"),
            };
            assert_eq!(head(&site.page(path).await, label), at, "{label}");
            let page = site.page(&at).await;
            let rows = cells(&page, "rows");
            let names: Vec<_> = rows.iter().map(|row| &*row[0]).collect();
            assert_eq!(names, wanted, "{at}");
            assert_eq!(
                sorted(&page),
                [(label.to_owned(), order.to_owned())],
                "{at}"
            );
            assert_eq!(head(&page, label), path, "a second click goes back: {at}");
            let with = if at.contains('?') { '&' } else { '?' };
            let file = site.get(&format!("{at}{with}format=csv")).await.body;
            let mut file = csv::Reader::from_reader(file.as_bytes());
            let names: Vec<_> = file
                .records()
                .map(|row| row.unwrap()[0].to_owned())
                .collect();
            assert_eq!(names, wanted, "{at} as a file");
        }
    });
}

#[test]
fn an_order_that_a_list_does_not_have_is_told() {
    run(async {
        let site = site();
        for path in [
            "/batches",
            "/shipments",
            "/products",
            "/orders",
            "/backorders",
        ] {
            let wrong = site.get(&format!("{path}?sort=size")).await;
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            assert!(
                words(&wrong.body).contains("`sort` must be one of"),
                "{path}"
            );
        }
    });
}

#[test]
fn orders_are_cut_down_by_id_and_shown_by_their_last_change() {
    run(async {
        let site = shop().await;
        site.engine.done(set_eta("B-1", Some(day(12)))).await;
        let column = async |path: &str| {
            let page = site.page(path).await;
            let rows = cells(&page, "rows").into_iter();
            rows.map(|row| row[0].clone()).collect::<Vec<_>>()
        };
        assert_eq!(column("/orders").await, ["SO-1", "SO-3", "SO-2"]);
        assert_eq!(column("/orders?prefix=SO").await, ["SO-1", "SO-2", "SO-3"]);
        assert_eq!(column("/orders?sku=RUG").await, ["SO-2"]);
        let cut = site.page("/orders?prefix=SO").await;
        assert_eq!(sorted(&cut), [("Order".to_owned(), "ascending".to_owned())]);
        assert!(!cut.contains("Last change"), "{cut}");
        let recent = site.page("/orders?sort=recent").await;
        let changes = &cells(&recent, "rows")[0];
        assert_eq!(changes[6], "just now", "{changes:?}");
        for filter in ["prefix=SO", "sku=RUG", "batch=B-1", "attention=late"] {
            let answer = site.get(&format!("/orders?sort=recent&{filter}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{filter}");
            assert!(
                words(&answer.body).contains("leave it out, or the filters"),
                "{filter}"
            );
        }
    });
}

#[test]
fn carriers_and_what_is_aboard_cut_lists_down() {
    run(async {
        let site = shop().await;
        for (path, wanted) in [
            ("/shipments?carrier=Maersk", &["MV-1"] as &[&str]),
            ("/shipments?carrier=CMA&sort=eta", &["MV-2"]),
            ("/shipments?carrier=cma", &[]),
            ("/batches?on_shipment=yes", &["B-1"]),
            ("/batches?on_shipment=no&sort=eta", &["B-2", "B-3"]),
        ] {
            let rows = cells(&site.page(path).await, "rows");
            let names: Vec<_> = rows.iter().map(|row| &*row[0]).collect();
            assert_eq!(names, wanted, "{path}");
        }
        for (path, field) in [
            ("/shipments?carrier=%00", "carrier"),
            ("/batches?on_shipment=perhaps", "on_shipment"),
            ("/backorders?waiting_days=7", "waiting_days"),
        ] {
            let wrong = site.get(path).await;
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            assert!(wrong.body.contains(&format!("id=\"w-{field}\"")), "{path}");
        }
    });
}

#[test]
fn who_waits_is_told_by_how_long_and_leads_to_the_lines() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 1)).await;
        for (days, order, units) in [
            (0, "SO-1", 2),
            (30, "SO-2", 3),
            (70, "SO-3", 4),
            (95, "SO-4", 5),
        ] {
            engine.clock.set_day(day(days));
            engine.line(line(order, "SOFA", units)).await;
        }
        let (_, tables) = engine.desk();
        tables.enroll("UTC").await.unwrap();
        catch_up(&*tables, 100).await.unwrap();
        let today = site.page("/").await;
        let bands = cells(&today, "ages");
        let wanted = [
            ("13 weeks or more", "91-", "1", "2", "SO-1"),
            ("4 to 13 weeks", "28-90", "1", "3", "SO-2"),
            ("1 to 4 weeks", "7-27", "1", "4", "SO-3"),
            ("Under a week", "0-6", "1", "5", "SO-4"),
        ];
        assert_eq!(bands.len(), wanted.len());
        for (band, (words, days, lines, units, order)) in bands.iter().zip(wanted) {
            assert_eq!(band[..], [words, lines, units], "{days}");
            let path = format!("/backorders?waiting_days={days}");
            assert!(
                today.contains(&format!("href=\"{path}\"")),
                "{path}: {today}"
            );
            let page = site.page(&path).await;
            let rows = cells(&page, "rows");
            assert_eq!((rows.len(), &*rows[0][0]), (1, order), "{path}");
            assert!(
                page.contains(&format!("value=\"{days}\" selected")),
                "{page}"
            );
            let file = site.get(&format!("{path}&format=csv")).await.body;
            assert_eq!(file.lines().count(), 2, "{path}");
            assert!(file.lines().nth(1).unwrap().starts_with(order), "{path}");
        }
    });
}

#[test]
fn a_list_is_leafed_through_there_and_back() {
    run(async {
        let site = site();
        for at in 0..180 {
            let reference = format!("B-{at:03}");
            site.engine.batch(batch(&reference, "SOFA", 1)).await;
        }
        let link = |page: &str, words: &str| {
            let (before, _) = page.split_once(&format!(">{words}</a>"))?;
            let (_, tag) = before.rsplit_once("<a ")?;
            let href = tag.split('"').nth(1)?;
            Some(href.replace("&#38;", "&"))
        };
        let first = |page: &str| cells(page, "rows")[0][0].clone();
        let mut page = site.page("/batches?sku=SOFA").await;
        let mut seen = vec![first(&page)];
        assert_eq!(link(&page, "Previous page"), None);
        while let Some(next) = link(&page, "Next page") {
            page = site.page(&next).await;
            seen.push(first(&page));
        }
        assert_eq!(seen.len(), 4);
        assert_eq!(seen.pop(), Some(first(&page)));
        while let Some(previous) = link(&page, "Previous page") {
            page = site.page(&previous).await;
            assert_eq!(seen.pop(), Some(first(&page)));
        }
        // The page before the second one is the first.
        page = site.page(&link(&page, "First page").unwrap()).await;
        assert_eq!(seen, [first(&page)]);
        let second = site.page(&link(&page, "Next page").unwrap()).await;
        let third = link(&second, "Next page").unwrap();
        let third = site.page(&third).await;
        // Another order, and another filter, begin anew.
        assert_eq!(head(&third, "When"), "/batches?sku=SOFA&sort=eta");
        assert!(!third.contains("type=\"hidden\" name=\"back\""), "{third}");
    });
}
