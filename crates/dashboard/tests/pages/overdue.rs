//! Lines that should have left, on Today and in their list.

use std::time::Duration;

use axum::http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use landfall_service::access::Role;
use landfall_testkit::commands::{batch, dispatch, hold, line, order, shipment};
use landfall_testkit::{run, today};

use crate::support::{Site, apply, cells, done, looked, site, words};

fn day(days: i64) -> Date {
    today().saturating_add(days.days())
}

fn told(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// Three lines that should have left, one of them with a part that is still to come; and others.
async fn neglected() -> Site {
    let site = site();
    let engine = &site.engine;
    engine.done(shipment("MV-1", None)).await;
    engine.batch(batch("B-1", "SOFA", 9).on("MV-1")).await;
    engine.batch(batch("B-2", "LAMP", 5)).await;
    engine.batch(batch("B-3", "LAMP", 5).eta(day(1))).await;
    engine.batch(batch("B-4", "RUG", 5)).await;
    engine.line(line("SO-1", "SOFA", 2)).await;
    engine.line(line("SO-2", "LAMP", 8).split()).await;
    engine.line(line("SO-4", "RUG", 2)).await;
    engine.done(hold("B-4", "quality", None)).await;
    engine.clock.set_day(day(1));
    engine.line(line("SO-3", "SOFA", 3).priority(9)).await;
    engine.clock.set_day(day(3));
    engine.line(line("SO-5", "SOFA", 1)).await;
    site
}

#[test]
fn today_tells_what_should_have_left() {
    run(async {
        let site = neglected().await;
        let page = site.page("/").await;
        assert!(
            page.contains("<a href=\"#dispatch\"><b>3</b> overdue lines in the warehouse</a>"),
            "{page}"
        );
        let rows = cells(&page, "dispatch");
        let so_1 = [
            "SO-1",
            "SOFA",
            "2",
            &told(today()),
            "+3 d",
            "B-1",
            "Dispatch",
        ];
        assert_eq!(rows[0], so_1, "{rows:?}");
        let so_2 = [
            "SO-2",
            "LAMP",
            "5",
            &told(day(1)),
            "+2 d",
            "B-2",
            "Dispatch",
        ];
        assert_eq!(rows[2], so_2, "what is there: {rows:?}");
        assert_eq!(rows.len(), 3);
        assert!(
            page.contains("/do/Dispatch?order_id=SO-1&#38;line_id=SOFA&#38;next="),
            "{page}"
        );
        let form = "/do/Dispatch?order_id=SO-1&line_id=SOFA&next=%2F";
        let (path, form) = apply(&looked(&site, &site.page(form).await).await);
        assert!(done(&site.post(&path, &form).await).starts_with("/?done="));
        let page = site.page("/").await;
        assert_eq!(cells(&page, "dispatch").len(), 2);
        assert!(
            words(&page).contains("2 overdue lines in the warehouse"),
            "{page}"
        );
        let reader = site.sign_in(Role::Read).await;
        let page = site.get_as(&reader, "/").await.body;
        assert_eq!(cells(&page, "dispatch").len(), 2, "readers see it");
        assert!(!page.contains("/do/Dispatch"), "{page}");
    });
}

#[test]
fn today_leads_to_those_that_have_no_room() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let none = words(&site.page("/").await);
        assert!(none.contains("0 overdue lines in the warehouse"), "{none}");
        assert!(
            none.contains("Everything in the warehouse whose day has come has left."),
            "{none}"
        );
        engine.batch(batch("B-1", "SOFA", 99)).await;
        for order in 1..=12 {
            engine.line(line(&format!("SO-{order}"), "SOFA", 1)).await;
        }
        engine.clock.set_day(day(1));
        let page = site.page("/").await;
        assert_eq!(cells(&page, "dispatch").len(), 10);
        assert!(
            page.contains("<a href=\"/overdue\">All overdue lines: 2 rows more</a>"),
            "{page}"
        );
        for order in 1..=11 {
            engine.done(dispatch(&format!("SO-{order}"), "SOFA")).await;
        }
        let page = site.page("/").await;
        assert!(
            words(&page).contains("1 overdue line in the warehouse"),
            "{page}"
        );
        assert!(!page.contains("rows more"), "{page}");
    });
}

#[test]
fn the_list_is_cut_down_sorted_and_given_as_a_file() {
    run(async {
        let site = neglected().await;
        let orders = async |path: &str| {
            let rows = cells(&site.page(path).await, "rows");
            let orders = rows.into_iter().map(|mut row| row.remove(0));
            orders.collect::<Vec<_>>()
        };
        assert_eq!(orders("/overdue").await, ["SO-1", "SO-3", "SO-2"]);
        assert_eq!(
            orders("/overdue?sort=priority").await,
            ["SO-3", "SO-1", "SO-2"]
        );
        assert_eq!(orders("/overdue?sku=LAMP").await, ["SO-2"]);
        assert_eq!(orders("/overdue?batch=B-1").await, ["SO-1", "SO-3"]);
        assert_eq!(orders("/overdue?shipment=MV-1&sku=LAMP").await, [""; 0]);
        let page = site.page("/overdue").await;
        assert!(
            page.contains("aria-sort=\"ascending\"><a href=\"/overdue\">Promised</a>"),
            "{page}"
        );
        assert!(
            page.contains("line_id=LAMP&#38;quantity=5&#38;next="),
            "what is there: {page}"
        );
        let file = site.get("/overdue?format=csv&sku=LAMP").await.body;
        let (first, second) = (day(1), day(1));
        assert_eq!(
            file.lines().collect::<Vec<_>>(),
            [
                "Order,Line,SKU,Units,Outstanding,Priority,Promised first,Promised,Days overdue,Batch".to_owned(),
                format!("SO-2,LAMP,LAMP,5,8,5,{first},{second},2,B-2"),
            ]
        );
        for (path, told) in [
            ("/overdue?sku=%00", "id=\"w-sku\""),
            (
                "/overdue?sort=age",
                "`sort` must be one of promise, priority",
            ),
            ("/overdue?order=SO-1", "This list has no filter `order`"),
        ] {
            let answer = site.get(path).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            assert!(
                words(&answer.body).contains(told) || answer.body.contains(told),
                "{path}"
            );
        }
        let cursor = site.get("/overdue?cursor=nonsense").await;
        assert_eq!(cursor.status, StatusCode::BAD_REQUEST);
    });
}

#[test]
fn a_long_list_has_pages() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 99)).await;
        for order in 0..60 {
            engine.line(line(&format!("SO-{order}"), "SOFA", 1)).await;
        }
        engine.clock.set_day(day(1));
        let page = site.page("/overdue").await;
        assert_eq!(cells(&page, "rows").len(), 50);
        let (before, _) = page.split_once("\" rel=\"next\"").unwrap();
        let (_, next) = before.rsplit_once("href=\"").unwrap();
        let page = site.page(&next.replace("&#38;", "&")).await;
        assert_eq!(cells(&page, "rows").len(), 10);
    });
}

/// Where batches are many nobody waits until all were looked at once more: what was counted last is shown, with its
/// time, until the next count is there.
#[test]
fn what_takes_long_to_count_is_counted_beside() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let skus: Vec<_> = (0..=510).map(|sku| format!("S-{sku}")).collect();
        for sku in &skus {
            engine.batch(batch(&format!("B-{sku}"), sku, 5)).await;
        }
        let lines: Vec<_> = skus.iter().map(|sku| (sku.as_str(), 1)).collect();
        engine.done(order("SO-1", &lines)).await;
        engine.clock.set_day(day(1));
        let told = "511 overdue lines in the warehouse";
        let older = "The overdue lines in the warehouse are those of";
        let page = words(&counted(&site, older).await);
        assert!(page.contains(told), "{page}");
        engine.done(dispatch("SO-1", "S-7")).await;
        let page = site.page("/").await;
        assert!(
            words(&page).contains(told) && page.contains(&format!("data-again=\"2\">{older}")),
            "{page}"
        );
        let page = words(&counted(&site, older).await);
        assert!(
            page.contains("510 overdue lines in the warehouse"),
            "{page}"
        );
        engine.clock.set_day(day(2));
        let page = words(&site.page("/").await);
        assert!(page.contains(older), "those of yesterday: {page}");
        let page = counted(&site, older).await;
        assert_eq!(cells(&page, "dispatch")[0][4], "+2 d");
    });
}

/// Today, when it is not told any more that something is older.
async fn counted(site: &Site, older: &str) -> String {
    for _ in 0..1_000 {
        let page = site.page("/").await;
        if !page.contains(older) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nobody counts");
}
