//! Today: what needs a person.

use jiff::ToSpan;
use landfall_testkit::commands::{batch, dispatch_units, hold, line, shipment};
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
            ["B-1", "held", "1", "2", "no date, waiting"],
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
