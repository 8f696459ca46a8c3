//! An order's page answers where the goods are, and why.

use axum::http::StatusCode;
use futures_util::StreamExt as _;
use jiff::ToSpan;
use jiff::civil::Date;
use landfall_service::access::Role;
use landfall_testkit::commands::{
    batch, cancel_order, dispatch_units, hold, line, order, receive_shipment, set_eta, shipment,
};
use landfall_testkit::{run, today};

use crate::support::{ODD, cells, segment, site, words};

fn day(days: i64) -> Date {
    today().saturating_add(days.days())
}

fn told(day: Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

#[test]
fn it_is_told_where_each_line_comes_from_and_why() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.done(shipment("MV-1", Some(day(20)))).await;
        engine
            .batch(batch("B-1", "SOFA", 5).on("MV-1").location("OSLO"))
            .await;
        engine.batch(batch("B-2", "LAMP", 5)).await;
        engine.batch(batch("B-3", "RUG", 1)).await;
        engine
            .order(order("SO-1", &[("SOFA", 2), ("LAMP", 3), ("RUG", 4)]))
            .await;
        engine.done(dispatch_units("SO-1", "LAMP", 1)).await;
        let page = site.page("/orders/SO-1").await;
        let text = words(&page);
        let (sofa, now) = (told(day(20)), told(today()));
        for said in [
            format!("2 of 3 lines are promised, the last for {sofa}. RUG waits for stock."),
            format!("2 units expected on {sofa} at OSLO batch B-1 shipment MV-1"),
            "2 units in the warehouse batch B-2".into(),
            format!("Why: Promised for {sofa} from batch B-1 on shipment MV-1"),
            "partly dispatched".into(),
            "Dispatched 1 of 3".into(),
            format!("LAMP 1 unit left on {now} from batch B-2; 2 units to go."),
            "Order SO-1 was placed with 3 lines.".into(),
        ] {
            assert!(text.contains(&said), "{said}: {text}");
        }
        let ids: Vec<_> = page
            .match_indices(" id=\"")
            .map(|(at, _)| {
                let rest = &page[at + 5..];
                rest.split('"').next().unwrap()
            })
            .collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(ids.len(), unique.len(), "ids are unique: {ids:?}");
    });
}

#[test]
fn slips_holds_and_the_end_are_told() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let answer = async || words(&site.page("/orders/SO-1").await);
        engine.batch(batch("B-1", "SOFA", 5).eta(day(10))).await;
        engine.line(line("SO-1", "SOFA", 2)).await;
        engine.done(set_eta("B-1", Some(day(13)))).await;
        let text = answer().await;
        let late = format!(
            "Promised for {}, 3 days later than at first.",
            told(day(13))
        );
        assert!(text.contains(&late), "{text}");
        assert!(text.contains("SOFA The promise moved from"), "{text}");
        engine.done(hold("B-1", "customs", None)).await;
        let text = answer().await;
        assert!(
            text.contains("SOFA waits for stock, promised for"),
            "{text}"
        );
        engine.done(cancel_order("SO-1")).await;
        let text = answer().await;
        assert!(
            text.contains("Cancelled: nothing has left, and nothing will."),
            "{text}"
        );
        assert!(!text.contains("Promise none yet"), "{text}");
    });
}

/// The names of what changes a part of a page.
fn followed(page: &str, part: &str) -> Vec<String> {
    let (_, after) = page.split_once(&format!(" id=\"{part}\"")).unwrap();
    let (_, names) = after.split_once(" data-live=\"").unwrap();
    let (names, _) = names.split_once('"').unwrap();
    names.split(' ').map(str::to_owned).collect()
}

#[test]
fn goods_that_come_before_they_are_promised_change_the_page_too() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.done(shipment("MV-1", Some(day(10)))).await;
        engine.batch(batch("B-1", "SOFA", 5).on("MV-1")).await;
        engine
            .line(line("SO-1", "SOFA", 2).requested(day(20)))
            .await;
        let session = site.sign_in(Role::Admin).await;
        let page = site.get_as(&session, "/orders/SO-1").await.body;
        assert!(words(&page).contains("2 units expected on"), "{page}");
        assert!(!page.contains("/do/Dispatch"), "{page}");
        for part in ["offers", "facts", "lines"] {
            assert_eq!(
                followed(&page, part),
                ["order:SO%2D1", "batch:B%2D1", "shipment:MV%2D1"],
                "{part}"
            );
        }

        let live = site.begin_as(&session, "/live").await;
        let mut live = live.into_body().into_data_stream();
        live.next().await.unwrap().unwrap();
        engine.done(receive_shipment("MV-1", &[])).await;
        let told = live.next().await.unwrap().unwrap();
        let told = String::from_utf8(told.to_vec()).unwrap();
        assert!(!told.contains("order:SO%2D1"), "it has no event: {told}");
        for part in ["offers", "lines"] {
            let mut names = followed(&page, part).into_iter();
            assert!(names.any(|name| told.contains(&name)), "{part}: {told}");
        }
        let page = site.get_as(&session, "/orders/SO-1").await.body;
        assert!(words(&page).contains("2 units in the warehouse"), "{page}");
        assert!(page.contains("/do/Dispatch"), "{page}");
    });
}

#[test]
fn a_page_with_goods_of_many_batches_follows_everything() {
    run(async {
        let site = site();
        for n in 0..30 {
            let name = format!("B-{n:02}");
            site.engine.batch(batch(&name, "SOFA", 1)).await;
        }
        for (id, units, wanted) in [("SO-1", 3, 4), ("SO-2", 26, 1)] {
            site.engine.line(line(id, "SOFA", units).split()).await;
            let page = site.page(&format!("/orders/{id}")).await;
            let names = followed(&page, "lines");
            assert_eq!(names.len(), wanted, "{names:?}");
            assert_eq!(names[0] == "*", wanted == 1, "{names:?}");
        }
    });
}

#[test]
fn an_order_with_many_lines_has_a_table_of_them() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let names: Vec<_> = (0..200).map(|n| format!("SKU-{n:03}")).collect();
        for name in &names {
            engine.batch(batch(name, name, 1)).await;
        }
        let mut lines: Vec<_> = names.iter().map(|name| (&**name, 1)).collect();
        lines[150].1 = 5;
        engine.order(order("SO-1", &lines)).await;
        let page = site.page("/orders/SO-1").await;
        let rows = cells(&page, "lines-table");
        assert_eq!(rows.len(), 50);
        assert_eq!(rows[0][0], "SKU-150", "who waits comes first");
        let said = "Lines 1 to 50 of 200 lines, those that need somebody first";
        assert!(words(&page).contains(said), "{}", words(&page));
        assert!(page.contains(r#"href="/orders/SO-1?after=50" rel="next""#));
        let mut all = rows.clone();
        for after in [50, 100, 150] {
            let page = site.page(&format!("/orders/SO-1?after={after}")).await;
            assert_eq!(page.contains("rel=\"next\""), after < 150, "{after}");
            all.extend(cells(&page, "lines-table"));
        }
        let mut all: Vec<_> = all.iter().map(|row| &row[0]).collect();
        all.sort();
        assert!(all.iter().copied().eq(&names), "all of them in four pages");
        for past in ["200", "x", "99999999999999999999"] {
            let page = site.page(&format!("/orders/SO-1?after={past}")).await;
            assert_eq!(cells(&page, "lines-table"), rows, "{past}");
        }
        assert!(words(&page).contains("199 of 200 lines are promised for"));
        assert!(!page.contains("Why:"));
        assert!(page.len() < 100_000, "{}", page.len());
        let one = site.page("/orders/SO-1?line=SKU-150").await;
        assert!(words(&one).contains("Why: Waits for 5 units"), "{one}");
        site.page("/orders/SO-1?line=%3Cscript%3E").await;
    });
}

#[test]
fn names_are_only_names() {
    run(async {
        let site = site();
        for odd in ODD {
            site.engine.batch(batch(odd, odd, 3)).await;
            site.engine.order(order(odd, &[(odd, 1)])).await;
            let page = site.page(&format!("/orders/{}", segment(odd))).await;
            assert!(!page.contains("<script>alert"), "{page}");
            let list = site.page("/orders").await;
            assert!(!list.contains("<script>alert"), "{list}");
        }
        for unknown in ["SO-1", "a%0Ab"] {
            let answer = site.get(&format!("/orders/{unknown}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{unknown}");
        }
        let wrong = site.get("/orders?sku=a%00b&prefix=%01&attention=x").await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        for field in ["sku", "prefix", "attention"] {
            assert!(wrong.body.contains(&format!("id=\"w-{field}\"")), "{field}");
        }
    });
}

#[test]
fn a_list_names_products_and_not_lines() {
    run(async {
        let site = site();
        let skus = ["SOFA", "LAMP", "RUG", "BED"];
        for sku in skus {
            site.engine.batch(batch(sku, sku, 9)).await;
        }
        let mut big = order("SO-1", &[]);
        for line in 0..9 {
            big = big.named(&format!("l-{line}"), skus[line % 4], 1);
        }
        site.engine.done(big).await;
        let list = site.page("/orders?prefix=SO").await;
        let row = &cells(&list, "rows")[0];
        assert!(
            row.iter().any(|cell| cell == "SOFA, LAMP, RUG and 1 more"),
            "{row:?}"
        );
        // When it changed last, by the warehouse's clock.
        let file = site.get("/orders?format=csv").await.body;
        let changed = file.lines().nth(1).and_then(|row| row.rsplit(',').next());
        let changed = changed.unwrap_or_default();
        assert!(
            changed.starts_with(&today().to_string()) && changed.ends_with(":00+00:00"),
            "{file}"
        );
    });
}
