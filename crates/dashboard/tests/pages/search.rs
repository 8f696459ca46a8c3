//! The search finds what begins so, and goes straight to what is called so.

use axum::http::{StatusCode, header};
use landfall_testkit::commands::{batch, line, shipment};
use landfall_testkit::{run, today};

use crate::support::{ODD, cells, segment, site, words};

#[test]
fn a_name_leads_to_its_page_and_a_beginning_to_all_that_begin_so() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.done(shipment("S-SHIP", Some(today()))).await;
        engine.batch(batch("S-1", "SOFA", 900)).await;
        engine.batch(batch("BOTH", "BOTH", 1)).await;
        for n in 0..12 {
            engine.line(line(&format!("SO-{n:02}"), "SOFA", 1)).await;
        }
        let page = site.page("/search?q=S").await;
        assert_eq!(cells(&page, "orders").len(), 10);
        assert_eq!(cells(&page, "products")[0][0], "SOFA");
        assert_eq!(cells(&page, "batches")[0][0], "S-1");
        assert_eq!(cells(&page, "shipments")[0][0], "S-SHIP");
        assert!(page.contains("href=\"/orders?prefix=S\""), "{page}");
        assert!(
            !page.contains("/products?prefix=S"),
            "there is no more of them"
        );
        for (name, to) in [
            ("SO-03", "/orders/SO-03"),
            ("SOFA", "/products/SOFA"),
            ("S-1", "/batches/S-1"),
            ("%20S-SHIP%20", "/shipments/S-SHIP"),
        ] {
            let answer = site.get(&format!("/search?q={name}")).await;
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{name}");
            assert_eq!(answer.headers[header::LOCATION], to);
        }
        let both = site.page("/search?q=BOTH").await;
        assert_eq!(cells(&both, "products")[0][0], "BOTH");
        assert_eq!(cells(&both, "batches")[0][0], "BOTH");
    });
}

#[test]
fn nothing_found_says_how_names_are_compared() {
    run(async {
        let site = site();
        site.engine.batch(batch("B-1", "SOFA", 1)).await;
        let text = words(&site.page("/search?q=sof").await);
        assert!(text.contains("begins with sof."), "{text}");
        assert!(text.contains("Did you mean SOF?"), "{text}");
        let text = words(&site.page("/search?q=zzz").await);
        assert!(!text.contains("Did you mean"), "{text}");
        let text = words(&site.page("/search?q=+").await);
        assert!(text.contains("The beginning of a name finds it"), "{text}");
        site.page("/search").await;
        for wrong in ["a%00b".to_owned(), "x".repeat(256)] {
            let answer = site.get(&format!("/search?q={wrong}")).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(
                answer
                    .body
                    .contains("the beginning of a name: 255 characters at most")
            );
        }
        for odd in ODD {
            let page = site.page(&format!("/search?q={}", segment(odd))).await;
            assert!(!page.contains("<script>alert"), "{page}");
            assert!(words(&page).contains(&odd.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    });
}

#[test]
fn what_no_name_begins_with_is_asked_of_no_store() {
    run(async {
        let site = site();
        let long = "x".repeat(256);
        for list in ["orders", "products", "batches", "shipments", "arrivals"] {
            for prefix in ["%00", "a%0Ab", &long] {
                let path = format!("/{list}?prefix={prefix}");
                for path in [path.clone(), format!("{path}&format=csv")] {
                    let answer = site.get(&path).await;
                    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
                    assert!(
                        answer
                            .body
                            .contains("the beginning of a name: 255 characters at most")
                    );
                }
            }
        }
    });
}
