//! A count of what arrived, and one that somebody else has made before.

use axum::http::StatusCode;
use landfall_testkit::commands::{batch, receive, shipment};
use landfall_testkit::{run, today};

use crate::support::{apply, cells, done, looked, site, words};

#[test]
fn a_count_of_what_was_expected_is_not_replaced_unasked() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.batch(batch("B-1", "SOFA", 10).eta(today())).await;
        let form = "/do/ReceiveBatch?reference=B-1&quantity=8";
        let page = looked(&site, &site.page(form).await).await;
        assert!(!words(&page).contains("counted already"), "{page}");
        // Somebody else finds all that was expected: that changes no quantity.
        engine.done(receive("B-1", 10)).await;
        let (path, sent) = apply(&page);
        let answer = site.post(&path, &sent).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        assert_eq!(engine.see_batch("B-1").await.purchased, 10);
        let text = words(&answer.body);
        let day = today().strftime("%-d %b %Y");
        let said = format!("Batch B-1 was counted already: 10 units, on {day},");
        assert!(text.contains(&said), "{text}");
        assert!(text.contains("This would replace that count."), "{text}");
        let before = &cells(&answer.body, "counted")[0];
        assert_eq!(before[2..4], ["10", "8"]);
        assert!(before[5].starts_with(&format!("10 on {day}")), "{before:?}");
        let (path, sent) = apply(&answer.body);
        for _ in 0..2 {
            done(&site.post(&path, &sent).await);
        }
        assert_eq!(engine.see_batch("B-1").await.purchased, 8);
    });
}

#[test]
fn a_second_count_says_what_the_first_was() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("MV-1", Some(today()))).await;
        for (reference, units) in [("B-1", 40), ("B-2", 30), ("B-3", 20)] {
            engine
                .batch(batch(reference, "SOFA", units).on("MV-1"))
                .await;
        }
        engine.done(receive("B-1", 40)).await;
        engine.done(receive("B-2", 31)).await;
        let form = "reference=MV-1&counts=B-1+38%0AB-2+33";
        let page = site.post("/do/ReceiveShipment", form).await.body;
        let text = words(&page);
        assert!(
            text.contains("2 of these batches were counted already"),
            "{text}"
        );
        let before: Vec<_> = cells(&page, "counted")
            .into_iter()
            .map(|row| row[5].clone())
            .collect();
        assert!(before[0].starts_with("40 on "), "{before:?}");
        assert!(before[1].starts_with("31 on "), "{before:?}");
        assert_eq!(before[2], "–");
        // The very same count is none that replaces anything.
        let form = "/do/ReceiveBatch?reference=B-2&quantity=31";
        let text = words(&looked(&site, &site.page(form).await).await);
        assert!(
            text.contains("Batch B-2 was counted already: 31 units"),
            "{text}"
        );
        assert!(text.contains("This is the same count."), "{text}");
    });
}
