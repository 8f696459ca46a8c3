//! What is asked of a page in its address and is none of what it has is refused, on every page.

use axum::http::StatusCode;
use landfall_testkit::commands::{batch, line, shipment};
use landfall_testkit::{run, today};

use crate::support::{site, words};

#[test]
fn every_page_refuses_what_it_does_not_have_and_says_what_it_has() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.done(shipment("MV-1", Some(today()))).await;
        engine.batch(batch("B-1", "SOFA", 4).on("MV-1")).await;
        engine.batch(batch("..", "LAMP", 4).eta(today())).await;
        engine.line(line("SO-1", "SOFA", 1)).await;
        for (path, known, has) in [
            ("/", "done=x", "It has none."),
            (
                "/arrivals",
                "zoom=month&from=2026-01-01",
                "eta_until, format.",
            ),
            ("/search", "q=none", "It has q."),
            ("/orders/SO-1", "line=SOFA&after=1", "It has line, after."),
            (
                "/products/SOFA",
                "quantity=1",
                "It has quantity, requested_date.",
            ),
            ("/batches/B-1", "late=7", "It has late, eta."),
            ("/batch", "name=..&late=7", "It has late, eta."),
            (
                "/shipments/MV-1",
                "eta=2027-01-01&done=x",
                "It has late, eta.",
            ),
            (
                "/do/CancelBatch",
                "reference=B-1&reason=x&next=/",
                "It has reference, reason",
            ),
            (
                "/do/ChangeBatchEta",
                "reference=B-1&eta_none=true",
                "It has reference, eta",
            ),
            ("/orders", "sku=SOFA&sort=id", "It has "),
            ("/batches", "sku=SOFA&done=x", "It has "),
            ("/shipments", "held=yes", "It has "),
            ("/products", "backordered=true", "It has "),
            ("/backorders", "sku=SOFA", "It has "),
            ("/late", "sku=SOFA", "It has "),
            ("/overdue", "sku=SOFA", "It has sku, batch, shipment."),
            ("/pegged", "shipment=MV-1", "It has shipment, batch, sku."),
        ] {
            let right = site.get(&format!("{path}?{known}")).await;
            assert_eq!(
                right.status,
                StatusCode::OK,
                "{path}: {}",
                words(&right.body)
            );
            let wrong = site.get(&format!("{path}?{known}&helt=yes")).await;
            assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
            let text = words(&wrong.body);
            assert!(text.contains("`helt`"), "{path}: {text}");
            assert!(text.contains(has), "{path}: {text}");
        }
        // Only where the address has no other name for it.
        let twice = site.get("/batches/B-1?name=B-2").await;
        assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}
