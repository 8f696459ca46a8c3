//! Whole messages, and names that would rather be something else.

use jiff::Timestamp;
use landfall_domain::{BatchRef, LineId, OrderId, ShipmentRef, Sku};

use super::*;

fn day(text: &str) -> Option<Date> {
    text.parse().ok()
}

fn out_of_stock(sku: &str, order: &str, quantity: u64) -> Notice {
    Notice::OutOfStock {
        sku: Sku::new(sku).unwrap(),
        order_id: OrderId::new(order).unwrap(),
        quantity,
    }
}

fn changed(order: &str, from: Option<Date>, to: Option<Date>) -> Notice {
    Notice::PromiseChanged {
        sku: Sku::new("SOFA").unwrap(),
        order_id: OrderId::new(order).unwrap(),
        line_id: LineId::new("l-1").unwrap(),
        from,
        to,
        cause: PromiseCause::EtaChanged,
    }
}

fn late(shipment: bool, from: Option<Date>, to: &str) -> Notice {
    let goods = if shipment {
        Goods::Shipment(ShipmentRef::new("MV-1").unwrap())
    } else {
        Goods::Batch(BatchRef::new("b-1").unwrap(), Sku::new("LAMP").unwrap())
    };
    Notice::Late {
        goods,
        from,
        to: to.parse().unwrap(),
    }
}

fn held(notices: impl IntoIterator<Item = Notice>) -> Vec<Held> {
    let start: Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
    let held = |(offset, notice): (u64, Notice)| Held {
        partition: 0,
        offset,
        time: start + jiff::SignedDuration::from_mins(i64::try_from(offset).unwrap()),
        notice,
    };
    (0..).zip(notices).map(held).collect()
}

#[test]
fn out_of_stock_says_what_the_book_says() {
    let text = "Out of stock for POPULAR-CURTAINS".to_owned();
    assert_eq!(
        single(&out_of_stock("POPULAR-CURTAINS", "o-1", 10)),
        (text.clone(), text)
    );
}

#[test]
fn a_promise_names_order_line_dates_and_cause() {
    let (subject, body) = single(&changed("o-1", day("2026-06-01"), day("2026-06-11")));
    assert_eq!(
        subject,
        "Promise changed from 2026-06-01 to 2026-06-11: order o-1, line l-1"
    );
    assert_eq!(
        body,
        "A promise has changed.\n\n\
         Order:    o-1\n\
         Line:     l-1\n\
         SKU:      SOFA\n\
         Was:      2026-06-01\n\
         Is now:   2026-06-11\n\
         Because:  goods are expected on another day\n"
    );
    let (subject, _) = single(&changed("o-1", day("2026-06-01"), None));
    assert!(subject.starts_with("Promise changed from 2026-06-01 to no date: "));
}

#[test]
fn goods_are_late_by_days() {
    let (subject, body) = single(&late(true, day("2026-06-01"), "2026-06-11"));
    assert_eq!(subject, "Shipment MV-1 is late: 2026-06-11");
    assert_eq!(
        body,
        "Shipment MV-1 is expected later.\n\nWas:      2026-06-01\nIs now:   2026-06-11 (10 days later)\n"
    );
    let (subject, body) = single(&late(false, None, "2026-06-11"));
    assert_eq!(subject, "Batch b-1 is late: 2026-06-11");
    assert_eq!(
        body,
        "Batch b-1 is expected later.\n\nSKU:      LAMP\nWas:      in the warehouse\nIs now:   2026-06-11\n"
    );
}

#[test]
fn a_digest_is_a_table_and_counts_what_does_not_fit() {
    let (from, to) = (day("2026-06-01"), day("2026-06-11"));
    let notices = [
        changed("o-1", from, to),
        changed("order-22", to, from),
        changed("o-3", from, None),
        changed("o-4", None, to),
        changed("o-5", from, to),
    ];
    let (subject, body) = digest(&held(notices), 3);
    assert_eq!(
        subject,
        "5 promises changed: 2 later, 1 earlier, 1 without a date for now, 1 with a date again"
    );
    assert_eq!(
        body,
        "5 promises changed: 2 later, 1 earlier, 1 without a date for now, 1 with a date again.

order     line  SKU   was         is now      because
o-1       l-1   SOFA  2026-06-01  2026-06-11  goods are expected on another day
order-22  l-1   SOFA  2026-06-11  2026-06-01  goods are expected on another day
o-3       l-1   SOFA  2026-06-01  no date     goods are expected on another day
and 2 more

Recorded from 2026-05-10 12:00 to 2026-05-10 12:04 UTC.
"
    );
}

#[test]
fn what_ran_out_is_summed_up_by_product() {
    let notices = [
        out_of_stock("SOFA", "o-1", 10),
        out_of_stock("BED", "o-2", 1),
        out_of_stock("SOFA", "o-3", u64::MAX),
    ];
    assert_eq!(
        digest(&held(notices), 100),
        (
            "Out of stock: 2 products, 3 orders".to_owned(),
            "Out of stock: 2 products, 3 orders.

SKU   orders  units                 first order
BED   1       1                     o-2
SOFA  2       18446744073709551625  o-1

Recorded from 2026-05-10 12:00 to 2026-05-10 12:02 UTC.
"
            .to_owned()
        )
    );
}

#[test]
fn late_goods_have_a_row_each() {
    let notices = [
        late(true, day("2026-06-01"), "2026-06-02"),
        late(false, None, "2026-06-11"),
    ];
    assert_eq!(
        digest(&held(notices), 100),
        (
            "Late: 1 shipment, 1 batch".to_owned(),
            "Late: 1 shipment, 1 batch.

what           SKU    was               is now
shipment MV-1  (all)  2026-06-01        2026-06-02 (1 day later)
batch b-1      LAMP   in the warehouse  2026-06-11

Recorded from 2026-05-10 12:00 to 2026-05-10 12:01 UTC.
"
            .to_owned()
        )
    );
}

#[test]
fn a_name_is_a_name_and_no_other_line() {
    // Names have no control characters, but Unicode has more that end a line or turn it around.
    let sly = "a\u{2028}Bcc: x\u{202e}b\u{2029}";
    for notice in [
        out_of_stock(sly, sly, 1),
        changed(sly, None, None),
        Notice::Late {
            goods: Goods::Shipment(ShipmentRef::new(sly).unwrap()),
            from: None,
            to: "2026-06-11".parse().unwrap(),
        },
    ] {
        let (subject, body) = single(&notice);
        let (_, table) = digest(&held([notice.clone(), notice]), 10);
        for text in [&subject, &body, &table] {
            assert!(
                !text.contains(['\u{2028}', '\u{2029}', '\u{202e}']),
                "{text}"
            );
            assert!(text.contains("a\u{fffd}Bcc: x\u{fffd}b\u{fffd}"), "{text}");
        }
        assert!(!subject.contains('\n'));
    }
    assert_eq!(
        clean("a\r\nb\u{85}c\0"),
        "a\u{fffd}\u{fffd}b\u{fffd}c\u{fffd}"
    );
}

#[test]
fn long_names_leave_a_subject_short_and_a_table_readable() {
    let long = "x".repeat(255);
    let (subject, _) = single(&changed(&long, None, None));
    assert_eq!(subject.chars().count(), SUBJECT + 3);
    let (_, body) = digest(
        &held([changed(&long, None, None), changed("o-1", None, None)]),
        10,
    );
    let row = body.lines().find(|line| line.starts_with("o-1")).unwrap();
    assert_eq!(row.find("l-1"), Some(WIDTH + 2));
}
