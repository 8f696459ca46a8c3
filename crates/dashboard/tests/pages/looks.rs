//! A hard form does what was looked at: what would take something else by then is shown once more.

use axum::http::StatusCode;
use jiff::ToSpan;
use landfall_service::resources::LineResource;
use landfall_testkit::commands::{
    amend, batch, cancel_batch, cancel_line, cancel_order, dispatch, dispatch_units, hold,
    hold_shipment, line, order, set_eta, set_quantity, set_shipment_eta, shipment,
};
use landfall_testkit::{run, today};

use crate::support::{Site, apply, cells, done, looked, site, words};

#[test]
fn what_has_changed_since_it_was_looked_at_is_looked_at_again() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = today().saturating_add(9.days());
        engine.batch(batch("B-1", "SOFA", 9).eta(eta)).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        let page = site.page("/do/CancelBatch?reference=B-1").await;
        let page = looked(&site, &page).await;
        assert!(words(&page).contains("1 promise broken"), "{page}");
        // The answer to a form has no address from which it could be fetched anew.
        let main = page.split_once("<main").unwrap().1;
        let main = main.split_once("</main>").unwrap().0;
        assert!(main.contains("<table>") && !main.contains("data-live"));
        engine.line(line("SO-2", "SOFA", 1)).await;
        let (path, form) = apply(&page);
        let answer = site.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        let text = words(&answer.body);
        for said in ["Nothing has been done", "2 promises broken"] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert_eq!(engine.see_batch("B-1").await.purchased, 9);
        // From there it is done, and twice is once.
        let (path, form) = apply(&answer.body);
        for _ in 0..2 {
            done(&site.post(&path, &form).await);
        }
        assert_eq!(engine.see_batch("B-1").await.purchased, 0);
        let events = engine.events().await;
        let cancelled = events
            .iter()
            .filter(|record| record.event.kind() == "BatchCancelled");
        assert_eq!(cancelled.count(), 1);
    });
}

#[test]
fn who_says_that_no_change_matters_is_not_asked_again() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = today().saturating_add(9.days());
        engine.batch(batch("B-1", "SOFA", 9).eta(eta)).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        let page = looked(&site, &site.page("/do/CancelBatch?reference=B-1").await).await;
        let offered = "name=\"anyhow\"";
        assert!(!page.contains(offered), "{page}");
        engine.line(line("SO-2", "SOFA", 1)).await;
        let (path, form) = apply(&page);
        let answer = site.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert!(answer.body.contains(offered), "{}", answer.body);
        engine.line(line("SO-3", "SOFA", 1)).await;
        let (path, form) = apply(&answer.body);
        let again = site.post(&path, &form).await;
        assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
        done(&site.post(&path, &format!("{form}&anyhow=true")).await);
        assert_eq!(engine.see_batch("B-1").await.purchased, 0);
    });
}

#[test]
fn one_more_line_that_loses_nothing_is_no_change() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = |days: i64| today().saturating_add(days.days());
        engine.shipment(shipment("MV-1", Some(eta(9)))).await;
        for sku in ["SOFA", "LAMP"] {
            engine.batch(batch(sku, sku, 9).on("MV-1")).await;
        }
        engine.line(line("SO-1", "SOFA", 1)).await;
        let path = format!("/do/ChangeShipmentEta?reference=MV-1&eta={}", eta(8));
        let page = looked(&site, &site.page(&path).await).await;
        assert!(words(&page).contains("1 line affected"), "{page}");
        engine.line(line("SO-2", "LAMP", 1)).await;
        let (path, form) = apply(&page);
        done(&site.post(&path, &form).await);
        assert_eq!(engine.see_batch("SOFA").await.eta, Some(eta(8)));
    });
}

#[test]
fn how_many_units_is_looked_at_too() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 50)).await;
        engine.line(line("T1", "SOFA", 5)).await;
        let path = "/do/Dispatch?order_id=T1&line_id=SOFA&quantity=2";
        let first = looked(&site, &site.page(path).await).await;
        let text = words(&first);
        assert!(
            text.contains("2 units would leave 3 units would stay"),
            "{text}"
        );
        let whole = looked(&site, &site.page("/do/Dispatch?order_id=T1").await).await;
        assert!(words(&whole).contains("5 units would leave"), "{whole}");
        // Somebody else wants more of it meanwhile.
        engine.done(amend("T1", "SOFA", 40)).await;
        for page in [&first, &whole] {
            let (path, form) = apply(page);
            let answer = site.post(&path, &form).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        }
        assert_eq!(engine.see_batch("B-1").await.dispatched, 0);
    });
}

#[test]
fn another_command_than_was_looked_at_is_not_done() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 9)).await;
        let path = "/do/ChangeBatchQuantity";
        let page = site.post(path, "reference=B-1&quantity=8").await.body;
        let (_, form) = apply(&page);
        for (form, status, said) in [
            (
                form.replace("quantity=8", "quantity=1"),
                StatusCode::CONFLICT,
                "by now than was shown",
            ),
            (
                "reference=B-1&quantity=8&step=apply&id=k".into(),
                StatusCode::CONFLICT,
                "this is first what it would do",
            ),
            (
                form.replace("id=", "key="),
                StatusCode::UNPROCESSABLE_ENTITY,
                "without the key",
            ),
            (
                form.replace("id=", &format!("id={}", "x".repeat(256))),
                StatusCode::UNPROCESSABLE_ENTITY,
                "without the key",
            ),
        ] {
            let answer = site.post(path, &form).await;
            assert_eq!(answer.status, status, "{form}: {}", answer.body);
            let text = words(&answer.body);
            assert!(text.contains(said), "{form}: {text}");
            apply(&answer.body);
            assert_eq!(engine.see_batch("B-1").await.purchased, 9, "{form}");
        }
        let to = done(&site.post(path, &form).await);
        assert_eq!(to, "/batches/B-1?done=ChangeBatchQuantity%3AB-1");
        assert_eq!(engine.see_batch("B-1").await.purchased, 8);

        // What takes nothing from anybody needs its key as well.
        let form = "reference=B-2&sku=SOFA&quantity=1&step=apply";
        let answer = site.post("/do/CreateBatch", form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let (path, form) = apply(&answer.body);
        done(&site.post(&path, &form).await);
    });
}

#[test]
fn the_question_what_if_has_to_be_asked_again_too() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = today().saturating_add(9.days());
        engine.batch(batch("B-1", "SOFA", 9).eta(eta)).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        let page = site.page("/batches/B-1?late=7").await;
        engine.line(line("SO-2", "SOFA", 1)).await;
        let (path, form) = apply(&page);
        let answer = site.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert_eq!(engine.see_batch("B-1").await.eta, Some(eta));
        let (path, form) = apply(&answer.body);
        done(&site.post(&path, &form).await);
        let later = eta.saturating_add(7.days());
        assert_eq!(engine.see_batch("B-1").await.eta, Some(later));
        // Somebody else has done the same by now.
        let page = site.page("/batches/B-1?late=7").await;
        let later = later.saturating_add(7.days());
        engine.done(set_eta("B-1", Some(later))).await;
        idle(&site, &page).await;
    });
}

/// Sends off what was looked at, which is not done: what is shown instead.
#[track_caller]
fn shown_again(site: &Site, page: &str) -> impl Future<Output = String> {
    let at = std::panic::Location::caller();
    async move {
        let (path, form) = apply(page);
        let answer = site.post(&path, &form).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{at}: {}", answer.body);
        answer.body
    }
}

/// Sends off what was looked at, of which nothing is left to do: it is not said to be done, and not offered.
#[track_caller]
fn idle(site: &Site, page: &str) -> impl Future<Output = ()> {
    let again = shown_again(site, page);
    async move {
        let again = again.await;
        let text = words(&again);
        assert!(text.contains("by now it would change nothing"), "{text}");
        assert!(!again.contains("name=\"step\" value=\"apply\""), "{again}");
    }
}

#[test]
fn what_nobody_would_do_is_not_said_to_be_done() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 50)).await;
        engine.batch(batch("B-2", "LAMP", 3)).await;
        engine.order(order("T1", &[("SOFA", 3), ("LAMP", 3)])).await;
        engine.line(line("T2", "SOFA", 10)).await;
        engine.done(dispatch("T1", "SOFA")).await;
        engine.done(dispatch_units("T2", "SOFA", 4)).await;
        let order = looked(&site, &site.page("/do/Dispatch?order_id=T1").await).await;
        let path = "/do/Dispatch?order_id=T2&line_id=SOFA";
        let line = looked(&site, &site.page(path).await).await;
        let batch = looked(&site, &site.page("/do/CancelBatch?reference=B-2").await).await;
        engine.done(dispatch("T1", "LAMP")).await;
        engine.done(cancel_line("T2", "SOFA")).await;
        for page in [&order, &line, &batch] {
            idle(&site, page).await;
        }
    });
}

#[test]
fn a_line_that_is_cancelled_because_it_waits_is_not_when_it_no_longer_does() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 1)).await;
        engine.line(line("T1", "SOFA", 5)).await;
        let page = looked(&site, &site.page("/do/CancelOrder?order_id=T1").await).await;
        assert_eq!(cells(&page, "cancelled"), [["SOFA", "5", "–", "–"]]);
        let text = words(&page);
        assert!(
            text.contains("1 line cancelled 5 units cancelled"),
            "{text}"
        );
        engine.batch(batch("B-2", "SOFA", 5)).await;
        let again = shown_again(&site, &page).await;
        let from = &cells(&again, "cancelled")[0][3];
        assert_eq!(from, "B-2");
    });
}

#[test]
fn when_goods_were_expected_does_not_matter_once_they_are_counted() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let day = |days: i64| Some(today().saturating_add(days.days()));
        engine.shipment(shipment("MV-1", day(1))).await;
        engine.batch(batch("B-1", "SOFA", 5).on("MV-1")).await;
        let page = site.page("/do/ReceiveShipment?reference=MV-1").await;
        let page = looked(&site, &page).await;
        engine.done(set_shipment_eta("MV-1", day(2))).await;
        let (path, form) = apply(&page);
        done(&site.post(&path, &form).await);
        assert_eq!(engine.see_batch("B-1").await.eta, None);
    });
}

#[test]
fn it_is_the_same_lines_and_not_as_many_units() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 50)).await;
        engine.batch(batch("B-2", "LAMP", 50)).await;
        let looks = [
            ("T1", "/do/CancelOrder?order_id=T1", "cancelled"),
            ("T2", "/do/Dispatch?order_id=T2", "leaving"),
        ];
        for (id, path, table) in looks {
            engine.line(line(id, "SOFA", 2).line_id("l1")).await;
            let page = looked(&site, &site.page(path).await).await;
            let rows = cells(&page, table);
            assert_eq!(rows.len(), 1, "{page}");
            assert_eq!(rows[0][..2], ["SOFA l1", "2"]);
            engine.done(cancel_line(id, "l1")).await;
            engine.line(line(id, "LAMP", 2).line_id("l9")).await;
            let again = shown_again(&site, &page).await;
            assert_eq!(cells(&again, table)[0][..2], ["LAMP l9", "2"]);
            let open = |line: &LineResource| line.line_id.as_str() == "l9" && line.dispatched == 0;
            assert!(engine.see_order(id).await.lines.iter().any(open));
            let (path, form) = apply(&again);
            done(&site.post(&path, &form).await);
        }
    });
}

#[test]
fn a_dispatch_tells_what_leaves_and_what_stays() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = today().saturating_add(9.days());
        engine.batch(batch("B-1", "SOFA", 50)).await;
        engine.batch(batch("B-2", "LAMP", 50).eta(eta)).await;
        engine.order(order("T1", &[("SOFA", 5), ("LAMP", 3)])).await;
        let page = looked(&site, &site.page("/do/Dispatch?order_id=T1").await).await;
        let text = words(&page);
        let figures = "5 units would leave 3 units would stay";
        assert!(text.contains(figures), "{text}");
        let leaving = cells(&page, "leaving");
        assert_eq!(leaving, [["SOFA", "5", "B-1"]]);
        let staying = cells(&page, "lines");
        assert_eq!(staying.len(), 1);
        assert_eq!(staying[0][..2], ["LAMP", "3"]);
        // A part of a line: the rest of it stays, and only that line is told about.
        let path = "/do/Dispatch?order_id=T1&line_id=SOFA&quantity=2";
        let page = looked(&site, &site.page(path).await).await;
        assert_eq!(cells(&page, "leaving"), [["SOFA", "2", "B-1"]]);
        assert_eq!(cells(&page, "lines")[0][..2], ["SOFA", "3"]);
        // Its goods come from elsewhere by now.
        engine.batch(batch("B-3", "SOFA", 50)).await;
        engine.done(cancel_batch("B-1")).await;
        let again = shown_again(&site, &page).await;
        assert_eq!(cells(&again, "leaving"), [["SOFA", "2", "B-3"]]);
    });
}

#[test]
fn promises_that_have_no_room_in_the_table_are_compared_too() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = today().saturating_add(9.days());
        engine.batch(batch("B-1", "SOFA", 200).eta(eta)).await;
        for at in 0..60 {
            engine.line(line(&format!("SO-{at:03}"), "SOFA", 1)).await;
        }
        let page = looked(&site, &site.page("/do/CancelBatch?reference=B-1").await).await;
        assert!(words(&page).contains("Promises broken: the worst 50 of 60"));
        engine.done(cancel_order("SO-059")).await;
        engine.line(line("SO-999", "SOFA", 1)).await;
        let again = words(&shown_again(&site, &page).await);
        assert!(again.contains("that have no room in the table"), "{again}");
    });
}

#[test]
fn a_value_that_somebody_else_has_set_meanwhile_is_not_replaced_unasked() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let day = |days: i64| today().saturating_add(days.days());
        engine.shipment(shipment("MV-1", Some(day(9)))).await;
        engine.batch(batch("B-1", "SOFA", 50).eta(day(9))).await;
        engine.batch(batch("B-2", "LAMP", 50)).await;
        engine.line(line("T1", "LAMP", 5)).await;
        let (later, held) = (day(20), day(30));
        let meant = [
            (
                format!("/do/ChangeBatchEta?reference=B-1&eta={later}"),
                set_eta("B-1", Some(day(15))),
                "Batch B-1 +5 days",
            ),
            (
                format!("/do/ChangeShipmentEta?reference=MV-1&eta={later}"),
                set_shipment_eta("MV-1", Some(day(15))),
                "Shipment MV-1 +5 days",
            ),
            (
                "/do/ChangeBatchQuantity?reference=B-1&quantity=60".into(),
                set_quantity("B-1", 70),
                "Batch B-1 70 → 60 units",
            ),
            (
                "/do/ChangeLineQuantity?order_id=T1&line_id=LAMP&quantity=6".into(),
                amend("T1", "LAMP", 8),
                "Line LAMP of order T1 8 → 6 units",
            ),
            (
                "/do/HoldBatch?reference=B-2&code=customs".into(),
                hold("B-2", "damage", Some(held)),
                "It is held already: damage, until",
            ),
            (
                "/do/HoldShipment?reference=MV-1&code=customs".into(),
                hold_shipment("MV-1", "paperwork", None),
                "It is held already: paperwork, without a clear date. This would replace that hold.",
            ),
        ];
        for (path, meanwhile, said) in meant {
            let page = looked(&site, &site.page(&path).await).await;
            assert!(!words(&page).contains(said), "{path}");
            engine.done(meanwhile).await;
            let again = shown_again(&site, &page).await;
            let text = words(&again);
            assert!(text.contains(said), "{path}: {text}");
            let (path, form) = apply(&again);
            done(&site.post(&path, &form).await);
        }
    });
}

#[test]
fn the_counts_of_a_shipment_are_told_batch_by_batch() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let eta = Some(today());
        engine.shipment(shipment("MV-1", eta)).await;
        for (reference, units) in [("B-1", 40), ("B-2", 30), ("B-3", 20)] {
            engine
                .batch(batch(reference, "SOFA", units).on("MV-1"))
                .await;
        }
        let form = "reference=MV-1&counts=B-1+38%0AB-2+33";
        let page = site.post("/do/ReceiveShipment", form).await.body;
        let counts = [
            ["B-1", "SOFA", "40", "38", "2 short"],
            ["B-2", "SOFA", "30", "33", "3 over"],
            ["B-3", "SOFA", "20", "20", "–"],
        ];
        assert_eq!(cells(&page, "counted"), counts);
        engine.done(set_quantity("B-1", 41)).await;
        let again = shown_again(&site, &page).await;
        assert_eq!(cells(&again, "counted")[0][4], "3 short");
    });
}
