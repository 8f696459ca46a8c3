//! Whole orders: all lines in one commit, all or none, cancelled whole.

use landfall_domain::line::Status;
use landfall_domain::{Event, Rejection};

use super::scene::in_days;
use crate::clock::today;
use crate::commands::{batch, cancel_order, key, line, name, order};
use crate::database::Database;
use crate::harness::Harness;

/// All lines of an order in one go: what finds no stock waits.
pub async fn an_order_is_placed_whole<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 6).eta(in_days(4))).await;
    h.done(batch("c", "LAMP", 6)).await;
    let placed = h
        .order(order(
            "o-1",
            &[("LAMP", 2), ("SOFA", 2), ("LAMP-2", 1)][..2],
        ))
        .await;
    assert_eq!(
        placed.current_promise,
        Some(in_days(4)),
        "the latest of its lines"
    );
    let log = h.events().await;
    let kinds: Vec<_> = log.iter().map(|record| record.event.kind()).collect();
    let all = [
        "BatchCreated",
        "BatchCreated",
        "OrderPlaced",
        "Allocated",
        "Allocated",
    ];
    assert_eq!(kinds, all);
    assert!(matches!(&log[2].event, Event::OrderPlaced { lines, .. } if lines.len() == 2));
    assert_eq!(log[2].sku, None);
    assert!(
        log[2..]
            .iter()
            .all(|record| record.command_id == log[2].command_id)
    );
    let short = h
        .order(
            order("o-2", &[("SOFA", 3)])
                .named("x", "LAMP", 9)
                .named("y", "LAMP", 8),
        )
        .await;
    let states: Vec<_> = short.lines.iter().map(|line| line.status).collect();
    assert_eq!(
        states,
        [Status::Allocated, Status::Backordered, Status::Backordered]
    );
    assert_eq!(short.current_promise, None, "while a line waits");
    let told = h
        .events()
        .await
        .iter()
        .filter(|r| r.event.kind() == "OutOfStock")
        .count();
    assert_eq!(told, 1, "once per command and SKU");
    assert_eq!(h.see_order("o-2").await, short);
    h.audit().await;
}

/// With `if_short: reject`, all lines or none.
pub async fn an_order_is_refused_whole<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 6)).await;
    h.done(batch("c", "LAMP", 6)).await;
    let log = h.events().await;
    let refused = h
        .refused(order("o-1", &[("SOFA", 2), ("LAMP", 7)]).or_reject())
        .await;
    let expected = Rejection::OutOfStock {
        sku: name("LAMP"),
        line: key("o-1", "LAMP"),
        quantity: 7,
    };
    assert_eq!(refused, expected);
    // Together they want more than there is.
    let both = order("o-1", &[])
        .named("1", "SOFA", 4)
        .named("2", "SOFA", 4);
    h.refused(both.or_reject()).await;
    assert!(
        h.views
            .order(&name("o-1"), today())
            .await
            .expect("read")
            .is_none()
    );
    assert_eq!(h.see_product("SOFA").await.available, 6);
    assert_eq!(h.events().await, log);
    let placed = h
        .order(order("o-1", &[("SOFA", 6), ("LAMP", 6)]).or_reject())
        .await;
    assert!(
        placed
            .lines
            .iter()
            .all(|line| line.status == Status::Allocated)
    );
    h.audit().await;
}

/// An order that makes no sense is refused with the field that is wrong.
pub async fn a_senseless_order_is_refused<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 6)).await;
    let log = h.events().await;
    let twice = h.refused(order("o-1", &[("SOFA", 1), ("SOFA", 1)])).await;
    assert!(
        matches!(&twice, Rejection::Invalid { field, .. } if field == "lines[1].line_id"),
        "{twice:?}"
    );
    let empty = h.refused(order("o-1", &[])).await;
    assert!(
        matches!(&empty, Rejection::Invalid { field, .. } if field == "lines"),
        "{empty:?}"
    );
    let unknown = h.refused(order("o-1", &[("SOFA", 1), ("SOFAS", 1)])).await;
    let expected = Rejection::UnknownSku {
        field: "lines[1].sku".into(),
        sku: name("SOFAS"),
    };
    assert_eq!(unknown, expected);
    assert_eq!(h.events().await, log);
    h.audit().await;
}

/// Cancelling an order cancels all its lines; cancelling it again changes nothing.
pub async fn a_cancelled_order_is_cancelled_whole<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SOFA", 6)).await;
    h.done(batch("c", "LAMP", 6)).await;
    h.done(order("o-1", &[("SOFA", 2), ("LAMP", 7)])).await;
    h.done(line("o-1", "LAMP", 1).line_id("more")).await;
    let gone = h.order(cancel_order("o-1")).await;
    assert!(
        gone.lines
            .iter()
            .all(|line| line.status == Status::Cancelled)
    );
    assert_eq!(gone.lines.len(), 3);
    assert_eq!(h.see_product("SOFA").await.available, 6);
    assert_eq!(h.see_product("LAMP").await.available, 6);
    assert!(h.queue("LAMP").await.is_empty());
    assert!(h.kinds_of(h.done(cancel_order("o-1"))).await.is_empty());
    let unknown = h.refused(cancel_order("o-2")).await;
    assert_eq!(
        unknown,
        Rejection::UnknownOrder {
            order_id: name("o-2")
        }
    );
    h.audit().await;
}
