//! A count of what arrived, and one that somebody else has made before.

use axum::http::StatusCode;
use landfall_testkit::commands::{batch, dispatch_units, line, receive, shipment};
use landfall_testkit::{run, today};

use crate::support::{ODD, apply, cells, done, look, looked, segment, site, words};

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

/// The input of a batch in a form, from its name on, and what is wrong with it.
#[track_caller]
fn input<'a>(page: &'a str, batch: &str) -> &'a str {
    let (_, form) = page.split_once("class=\"panel form\"").unwrap();
    let Some((_, input)) = form.split_once(&format!(" name=\"counts.{batch}\"")) else {
        panic!("{batch} has no field: {form}");
    };
    let input = input.split_once("</table>").unwrap().0;
    input.split("<th ").next().unwrap()
}

/// A form as it is, with these counts.
fn filled(form: &str, counts: &[(&str, &str)]) -> String {
    counts.iter().fold(form.to_owned(), |form, (batch, units)| {
        let field = format!("{}=", segment(&format!("counts.{batch}")));
        assert!(form.contains(&field), "{batch}: {form}");
        form.replace(&field, &format!("{field}{units}"))
    })
}

#[test]
fn each_batch_of_a_shipment_has_a_field_for_its_count() {
    run(async {
        let site = site();
        let engine = &site.engine;
        let names = [
            "B-1", " B-1", "B-1 ", "B-1 2", ODD[0], ODD[1], ODD[3], ODD[4],
        ];
        for shipment_of in [" MV", "MV"] {
            engine.shipment(shipment(shipment_of, Some(today()))).await;
        }
        for name in names {
            engine.batch(batch(name, "SOFA", 40).on(" MV")).await;
        }
        engine.batch(batch("ELSEWHERE", "SOFA", 40).on("MV")).await;
        let page = site
            .page("/do/ReceiveShipment?reference=+MV&next=/arrivals")
            .await;
        assert!(!page.contains("<textarea"), "{page}");
        assert!(!page.contains("ELSEWHERE"), "{page}");
        for said in [
            "<label class=\"name\" for=\"c-1\"> B-1</label>",
            "40",
            "SOFA",
        ] {
            assert!(page.contains(said), "{said}: {page}");
        }
        let (path, form) = look(&page);
        let counts = [
            (" B-1", "1%2C200"),
            ("B-1 ", "0"),
            (ODD[0], "+39+"),
            (ODD[4], "41"),
        ];
        let looked_at = site.post(&path, &filled(&form, &counts)).await;
        assert_eq!(looked_at.status, StatusCode::OK, "{}", looked_at.body);
        assert!(input(&looked_at.body, " B-1").contains("value=\"1,200\""));
        assert!(input(&looked_at.body, "B-1").contains("value=\"\""));
        // The address in which it is loaded again says the same.
        let address = looked_at.headers["hx-push-url"].to_str().unwrap();
        assert!(input(&site.page(address).await, " B-1").contains("value=\"1,200\""));
        // So does the form that is sent off from here: with other counts it would do something else.
        let (path, form) = apply(&looked_at.body);
        let other = form.replace("=41", "=42");
        assert_ne!(form, other);
        let answer = site.post(&path, &other).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
        done(&site.post(&path, &form).await);
        let there = [40, 1_200, 0, 40, 39, 40, 40, 41];
        for (name, units) in names.into_iter().zip(there) {
            let batch = engine.see_batch(name).await;
            assert_eq!((batch.purchased, batch.eta), (units, None), "{name:?}");
        }
        assert!(engine.see_batch("ELSEWHERE").await.eta.is_some());
    });
}

#[test]
fn what_is_wrong_with_a_count_stands_at_its_batch() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("MV-1", None)).await;
        for name in ["B-1", "B-2", "B-3"] {
            engine.batch(batch(name, "SOFA", 9).on("MV-1")).await;
        }
        engine.line(line("T1", "SOFA", 5)).await;
        engine.done(dispatch_units("T1", "SOFA", 2)).await;
        let (path, form) = look(&site.page("/do/ReceiveShipment?reference=MV-1").await);
        for (counts, wrong) in [
            (
                &[("B-1", "1%2C5"), ("B-2", "8"), ("B-3", "99999999999999")][..],
                &[
                    ("B-1", "Must be a whole number, and is \"1,5\"."),
                    ("B-3", "Must be a whole number from 0 to"),
                ][..],
            ),
            (
                &[("B-1", "1")],
                &[("B-1", "Cannot be less than the 2 units that have left.")],
            ),
        ] {
            let answer = site.post(&path, &filled(&form, counts)).await;
            assert!(answer.status.is_client_error(), "{}", answer.body);
            let page = answer.body;
            assert_eq!(
                page.matches("class=\"error\"").count(),
                wrong.len(),
                "{page}"
            );
            assert!(!page.contains("class=\"notice bad\""), "{page}");
            for (batch, units) in counts {
                let value = format!("value=\"{}\"", units.replace("%2C", ","));
                assert!(input(&page, batch).contains(&value), "{batch}: {page}");
            }
            for (batch, said) in wrong {
                let input = input(&page, batch);
                assert!(input.contains("aria-invalid=\"true\""), "{input}");
                let (_, error) = input.split_once(" class=\"error\"").unwrap();
                assert!(words(&format!("<span{error}")).starts_with(said), "{error}");
            }
        }
        // What is no batch of it stands there as well, and can be taken out.
        let form = "reference=MV-1&counts.NOPE=3&counts.B-2=x";
        let page = site.post("/do/ReceiveShipment", form).await.body;
        assert!(input(&page, "NOPE").contains("value=\"3\""), "{page}");
        let form = "reference=MV-1&counts.NOPE=3";
        let page = site.post("/do/ReceiveShipment", form).await.body;
        assert!(input(&page, "NOPE").contains("Is no batch of shipment MV-1."));
        // Said in both ways it is said twice.
        let form = "reference=MV-1&counts=B-2+3&counts.B-2=4";
        let page = site.post("/do/ReceiveShipment", form).await.body;
        assert!(input(&page, "B-2").contains("Is counted twice"), "{page}");
        assert!(page.contains("<textarea"), "{page}");
    });
}

#[test]
fn a_batch_that_was_counted_keeps_its_count_unless_it_is_counted_again() {
    run(async {
        let site = site();
        let engine = &site.engine;
        engine.shipment(shipment("MV-1", Some(today()))).await;
        for name in ["B-1", "B-2", "B-3"] {
            engine.batch(batch(name, "SOFA", 40).on("MV-1")).await;
        }
        engine.done(receive("B-1", 38)).await;
        engine.done(receive("B-2", 41)).await;
        let page = site.page("/do/ReceiveShipment?reference=MV-1").await;
        let (_, table) = page.split_once("<table class=\"counts\">").unwrap();
        let rows: Vec<_> = table.split("<tr>").skip(2).map(words).collect();
        assert!(rows[0].starts_with("B-3 SOFA 40"), "{rows:?}");
        assert!(
            rows[1].starts_with("B-1 SOFA 38 counted before"),
            "{rows:?}"
        );
        assert!(
            rows[2].starts_with("B-2 SOFA 41 counted before"),
            "{rows:?}"
        );
        let (path, form) = look(&page);
        let page = site
            .post(&path, &filled(&form, &[("B-2", "40")]))
            .await
            .body;
        assert!(
            words(&page).contains("Batch B-2 was counted already"),
            "{page}"
        );
        let (path, form) = apply(&page);
        done(&site.post(&path, &form).await);
        for (name, units) in [("B-1", 38), ("B-2", 40), ("B-3", 40)] {
            assert_eq!(engine.see_batch(name).await.purchased, units, "{name}");
        }
    });
}

#[test]
fn the_counts_of_very_many_batches_are_typed_line_by_line() {
    run(async {
        let site = site();
        site.engine.shipment(shipment("MV-1", Some(today()))).await;
        for n in 0..201 {
            let page = "/do/ReceiveShipment?reference=MV-1";
            if n == 200 {
                let page = site.page(page).await;
                assert_eq!(page.matches(" name=\"counts.").count(), 200);
                assert!(!page.contains("<textarea"));
            }
            let name = format!("B-{n}");
            site.engine.batch(batch(&name, "SOFA", 1).on("MV-1")).await;
        }
        let page = site.page("/do/ReceiveShipment?reference=MV-1").await;
        assert!(!page.contains(" name=\"counts."));
        assert!(page.contains("<textarea"));
        // So are those of a shipment that nobody has named yet, and those that a link gives in lines.
        for query in ["", "?reference=NOPE", "?reference=MV-1&counts=B-1+40"] {
            let page = site.page(&format!("/do/ReceiveShipment{query}")).await;
            assert!(page.contains("<textarea"), "{query}");
        }
        let answer = site
            .get("/do/ReceiveBatch?reference=B-1&counts.B-1=4")
            .await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    });
}
