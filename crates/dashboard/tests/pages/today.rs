//! Today: what needs a person.

use jiff::ToSpan;
use landfall_service::access::Role;
use landfall_testkit::commands::{
    batch, dispatch_units, hold, hold_shipment, line, receive, receive_shipment, set_eta,
    set_shipment_eta, shipment,
};
use landfall_testkit::{run, today};

use crate::support::{cells, site, words};
use crate::worklists::take_in;

#[test]
fn promises_on_goods_that_are_not_there_are_at_risk() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let soon = today().saturating_add(3.days());
        engine.done(shipment("MV-1", Some(soon))).await;
        engine.batch(batch("B-1", "SOFA", 6).on("MV-1")).await;
        engine.batch(batch("B-2", "LAMP", 5)).await;
        engine.line(line("SO-1", "SOFA", 2)).await;
        engine.line(line("SO-2", "LAMP", 4)).await;
        engine.done(hold("B-2", "customs", Some(soon))).await;
        let page = words(&site.page("/").await);
        assert!(page.contains("0 units at risk"), "{page}");
        engine.clock.set_day(today().saturating_add(5.days()));
        let page = site.page("/").await;
        assert!(words(&page).contains("6 units at risk"), "{page}");
        assert_eq!(cells(&page, "overdue")[0][2..5], ["+2 d", "2", "6"]);
        assert_eq!(cells(&page, "holds")[0][3..5], ["4", "5"]);
    });
}

#[test]
fn figures_of_one_are_in_the_singular() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 6)).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        engine.line(line("SO-2", "SOFA", 1)).await;
        engine.done(dispatch_units("SO-1", "SOFA", 1)).await;
        take_in(&site).await;
        let page = words(&site.page("/").await);
        for said in ["1 unit dispatched today", "2 lines allocated today"] {
            assert!(page.contains(said), "{said}: {page}");
        }
    });
}

#[test]
fn a_promise_that_was_withdrawn_is_a_broken_one() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let soon = today().saturating_add(30.days());
        let none = words(&site.page("/").await);
        assert!(none.contains("Every promise holds."), "{none}");
        engine.batch(batch("B-1", "SOFA", 6).eta(soon)).await;
        engine.line(line("SO-1", "SOFA", 2)).await;
        engine.line(line("SO-2", "SOFA", 9)).await;
        take_in(&site).await;
        let kept = words(&site.page("/").await);
        assert!(kept.contains("0 promises broken"), "{kept}");
        assert!(kept.contains("Every promise holds."), "{kept}");
        engine.done(hold("B-1", "customs", None)).await;
        take_in(&site).await;
        let page = site.page("/").await;
        let text = words(&page);
        assert!(text.contains("1 promise broken"), "{text}");
        assert!(!text.contains("Every promise holds."), "{text}");
        let rows = cells(&page, "late");
        assert_eq!(
            rows.len(),
            1,
            "who never had stock is not among them: {rows:?}"
        );
        assert_eq!(
            rows[0][..5],
            ["lost from B-1", "a hold", "1", "2", "no date, waiting"],
            "{rows:?}"
        );
        assert!(
            page.contains("/backorders?batch=B-1&#38;cause=held"),
            "{page}"
        );
        let lines = site.page("/backorders?batch=B-1&cause=held").await;
        assert_eq!(cells(&lines, "rows").len(), 1);
    });
}

#[test]
fn what_if_is_offered_to_those_who_may_ask_and_of_what_is_to_come() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let (soon, later) = (
            today().saturating_add(10.days()),
            today().saturating_add(13.days()),
        );
        for (ship, batch_on, sku) in [("MV-1", "B-1", "SOFA"), ("MV-2", "B-2", "LAMP")] {
            engine.done(shipment(ship, Some(soon))).await;
            engine.batch(batch(batch_on, sku, 6).on(ship)).await;
        }
        engine.batch(batch("B-3", "RUG", 6).eta(soon)).await;
        engine.batch(batch("B-4", "BED", 6).eta(soon)).await;
        for (order, sku) in [
            ("SO-1", "SOFA"),
            ("SO-2", "LAMP"),
            ("SO-3", "RUG"),
            ("SO-4", "BED"),
        ] {
            engine.line(line(order, sku, 2)).await;
        }
        for ship in ["MV-1", "MV-2"] {
            engine.done(set_shipment_eta(ship, Some(later))).await;
        }
        for batch in ["B-3", "B-4"] {
            engine.done(set_eta(batch, Some(later))).await;
        }
        engine.clock.set_day(later);
        engine.done(receive_shipment("MV-2", &[])).await;
        engine.done(receive("B-4", 6)).await;
        take_in(&site).await;
        let page = site.page("/").await;
        assert_eq!(cells(&page, "late").len(), 4, "they stay late: {page}");
        for (path, is_offered) in [
            ("/shipments/MV-1", true),
            ("/shipments/MV-2", false),
            ("/batches/B-3", true),
            ("/batches/B-4", false),
        ] {
            let href = format!("href=\"{path}#what-if\"");
            assert_eq!(page.contains(&href), is_offered, "{path}: {page}");
        }
        for (role, may) in [(Role::Read, false), (Role::Supply, true)] {
            let session = site.sign_in(role).await;
            let page = site.get_as(&session, "/").await.body;
            assert_eq!(page.contains("#what-if"), may, "{role}");
        }
    });
}

#[test]
fn what_supplies_a_late_line_now_is_not_said_to_be_held() {
    run(async {
        let site = site();
        let engine = &site.engine;
        for (ship, batch_on, days) in [("MV-1", "B-1", 5), ("MV-2", "B-2", 15)] {
            let eta = today().saturating_add(days.days());
            engine.done(shipment(ship, Some(eta))).await;
            engine.batch(batch(batch_on, "SOFA", 6).on(ship)).await;
        }
        engine.line(line("SO-1", "SOFA", 2)).await;
        let none = words(&site.page("/").await);
        assert!(!none.contains("supplies them now"), "{none}");
        engine.done(hold_shipment("MV-1", "customs", None)).await;
        take_in(&site).await;
        let page = site.page("/").await;
        let rows = cells(&page, "late");
        assert_eq!(rows.len(), 1, "{rows:?}");
        assert_eq!(
            rows[0][..5],
            ["now from MV-2", "a hold", "1", "2", "+10 d"],
            "{rows:?}"
        );
        let text = words(&page);
        for said in [
            "Supply Broken by Lines",
            "by what supplies them now, which need not be what made them late",
            "“What if” asks about what supplies them now.",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(page.contains("href=\"/shipments/MV-2#what-if\""), "{page}");
    });
}

#[test]
fn what_has_no_room_is_told_and_where_it_is() {
    run(async {
        let site = site();
        for at in 0..12 {
            let sku = format!("SKU-{at:02}");
            site.engine.batch(batch(&format!("B-{at}"), &sku, 1)).await;
            site.engine.line(line(&format!("SO-{at}"), &sku, 5)).await;
        }
        take_in(&site).await;
        let page = site.page("/").await;
        assert_eq!(cells(&page, "waiting").len(), 10);
        assert!(
            page.contains("<a href=\"/backorders\">All lines that wait: 2 rows more</a>"),
            "{page}"
        );
    });
}

/// What needs nobody does not take the room of what does.
#[test]
fn nothing_hides_a_hold_or_an_arrival_that_is_overdue() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let day = |days: i64| today().saturating_add(days.days());
        engine.done(shipment("MV-1", Some(day(2)))).await;
        for number in 0..101 {
            let aboard = batch(&format!("A-{number}"), "SOFA", 1).on("MV-1");
            engine.batch(aboard).await;
            let fine = format!("B-{number}");
            engine.batch(batch(&fine, "LAMP", 1)).await;
            engine.done(hold(&fine, "quality", Some(day(9)))).await;
        }
        engine.done(hold_shipment("MV-1", "customs", None)).await;
        engine.batch(batch("Z-1", "RUG", 4).eta(day(1))).await;
        engine.batch(batch("Z-2", "RUG", 4)).await;
        engine.done(hold("Z-2", "damage", Some(day(4)))).await;
        engine.clock.set_day(day(5));
        let page = site.page("/").await;
        let of = |table| {
            let rows = cells(&page, table).into_iter();
            rows.map(|mut row| row.remove(0)).collect::<Vec<_>>()
        };
        assert_eq!(of("holds"), ["MV-1", "Z-2"]);
        assert_eq!(of("overdue"), ["MV-1", "Z-1"]);
        assert!(!words(&page).contains("at least"), "{page}");
        let such = async |path: &str| cells(&site.page(path).await, "rows").len();
        assert_eq!(such("/batches?held=overdue").await, 1);
        assert_eq!(such("/shipments?held=overdue").await, 1);
        assert_eq!(such("/shipments?held=no").await, 0);
        // More than there is room for are told to be more.
        engine.clock.set_day(day(10));
        for number in 0..101 {
            engine
                .batch(batch(&format!("C-{number}"), "BED", 1).eta(day(6)))
                .await;
        }
        let page = site.page("/").await;
        let text = words(&page);
        for told in [
            "at least 101 holds to be cleared",
            "at least 101 arrivals overdue",
            "All overdue batches on no shipment",
            "All such batches",
        ] {
            assert!(text.contains(told), "{told}: {text}");
        }
        let until = day(9);
        for list in [
            "/batches?held=overdue".to_owned(),
            format!("/batches?in_warehouse=no&on_shipment=no&eta_until={until}&sort=eta"),
        ] {
            let link = list.replace('&', "&#38;");
            assert!(page.contains(&format!("href=\"{link}\"")), "{link}: {page}");
            assert_eq!(such(&list).await, 50, "a page of {list}");
        }
    });
}
