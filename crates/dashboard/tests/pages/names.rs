//! Names that browsers would take out of a path, `.` and `..`, have pages all the same.

use axum::http::StatusCode;
use jiff::ToSpan;
use landfall_testkit::commands::{batch, line, shipment};
use landfall_testkit::{run, today};

use crate::support::{cells, site, words};

#[test]
fn things_called_like_folders_have_pages() {
    run(async {
        let site = site();
        let soon = today().saturating_add(10.days());
        for name in [".", ".."] {
            site.engine.shipment(shipment(name, Some(soon))).await;
            site.engine.batch(batch(name, name, 9).on(name)).await;
            site.engine.line(line(name, name, 2)).await;
            for (list, one) in [
                ("orders", "order"),
                ("products", "product"),
                ("batches", "batch"),
                ("shipments", "shipment"),
            ] {
                let href = format!("/{one}?name={name}");
                let listed = site.page(&format!("/{list}")).await;
                assert!(listed.contains(&format!("href=\"{href}\"")), "{listed}");
                let page = site.page(&href).await;
                assert!(page.contains(&format!("<h1 class=\"name\">{name}</h1>")));
                assert!(!page.contains(&format!("/{list}/{name}\"")), "{page}");
                // What it offers comes back to it.
                assert!(
                    page.contains(&format!("next=%2F{one}%3Fname%3D{name}")),
                    "{page}"
                );
            }
            // Forms that are sent by GET keep the name.
            let hidden = format!("<input type=\"hidden\" name=\"name\" value=\"{name}\">");
            let product = site.page(&format!("/product?name={name}&quantity=3")).await;
            assert!(product.contains(&hidden), "{product}");
            assert!(words(&product).contains("3 units would be promised for"));
            let late = site.page(&format!("/shipment?name={name}&late=7")).await;
            assert_eq!(late.matches(&hidden).count(), 2, "{late}");
            assert!(late.contains(&format!("/shipment?name={name}&#38;late=14#what-if")));
            assert_eq!(cells(&late, "broken")[0][0], name);
        }
        // Any other name may be asked for so as well.
        site.engine.batch(batch("B-1", "SOFA", 1)).await;
        site.page("/batch?name=B-1").await;
        for nothing in [
            "/batch",
            "/order?name=",
            "/shipment?reference=S-1",
            "/product?name=x",
        ] {
            let answer = site.get(nothing).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{nothing}");
        }
        let answer = site.get("/batches/%FF").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    });
}
