//! The read side of one thing: a batch, an order, a product.

use landfall_domain::line::Status;
use landfall_domain::{Day, Deliver};

use super::scene::in_days;
use super::shop::shown;
use crate::clock::today;
use crate::commands::{name, rank};
use crate::database::Database;

/// A batch as it is, and none where there is none.
pub async fn one_batch<D: Database>() {
    let (_database, views) = shown::<D>().await;
    let found = views
        .batch(&name("b-late"), today())
        .await
        .expect("read")
        .expect("the batch");
    assert_eq!(
        (
            found.purchased,
            found.allocated,
            found.dispatched,
            found.available
        ),
        (7, 7, 0, 0)
    );
    assert_eq!(found.eta, Some(in_days(-2)));
    assert!(found.overdue);
    let found = views
        .batch(&name("b-late"), in_days(-2))
        .await
        .expect("read")
        .expect("the batch");
    assert!(!found.overdue, "on its day it is not late yet");
    let ship = views
        .batch(&name("b-ship"), today())
        .await
        .expect("read")
        .expect("the batch");
    assert_eq!((ship.available, ship.overdue), (5, false));
    assert_eq!(ship.location, Some(name("LEEDS")));
    assert_eq!(ship.sku, name("SOFA"));
    assert!(
        views
            .batch(&name("b-none"), today())
            .await
            .expect("read")
            .is_none()
    );
}

/// An order with its lines in the order of their age, and none where there is none.
pub async fn one_order<D: Database>() {
    let (_database, views) = shown::<D>().await;
    let order = views
        .order(&name("o-1"), today())
        .await
        .expect("read")
        .expect("the order");
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|line| line.line_id.as_str())
        .collect();
    assert_eq!(lines, ["SOFA", "A-LAMP"]);
    assert_eq!(order.deliver, Deliver::Together);
    assert_eq!(order.lines[0].status, Status::Allocated);
    assert!(order.lines[0].overdue, "it was promised for yesterday");
    assert_eq!(order.lines[1].status, Status::Cancelled);
    assert_eq!(
        order.current_promise,
        Some(in_days(-1)),
        "a cancelled line has no say"
    );
    let split = views
        .order(&name("o-2"), today())
        .await
        .expect("read")
        .expect("the order");
    let pegs: Vec<_> = split.lines[0]
        .allocations
        .iter()
        .map(|a| (a.batch.as_str(), a.quantity, a.eta))
        .collect();
    assert_eq!(
        pegs,
        [
            ("b-late", 7, Some(in_days(-2))),
            ("b-ship", 5, Some(in_days(10)))
        ]
    );
    let waits = views
        .order(&name("o-3"), today())
        .await
        .expect("read")
        .expect("the order");
    assert_eq!(waits.lines[0].status, Status::Backordered);
    assert_eq!(
        (waits.current_promise, waits.lines[0].priority),
        (None, rank(1))
    );
    assert_eq!(waits.deliver, Deliver::AsReady);
    assert!(
        views
            .order(&name("o-9"), today())
            .await
            .expect("read")
            .is_none()
    );
}

/// A product's totals over all its batches, and what of it can be promised when.
pub async fn one_product<D: Database>() {
    let (_database, views) = shown::<D>().await;
    let sofa = views
        .product(&name("SOFA"))
        .await
        .expect("read")
        .expect("the product");
    assert_eq!(
        (
            sofa.purchased,
            sofa.allocated,
            sofa.dispatched,
            sofa.available
        ),
        (22, 17, 0, 5)
    );
    assert_eq!((sofa.backordered_lines, sofa.version), (2, 1));
    let rug = views
        .product(&name("RUG"))
        .await
        .expect("read")
        .expect("the product");
    assert_eq!((rug.purchased, rug.dispatched, rug.available), (1, 1, 0));
    assert!(views.product(&name("SO")).await.expect("read").is_none());

    let day = Day {
        today: today(),
        handling_days: 2,
    };
    let sofa = views
        .availability(&name("SOFA"), &day)
        .await
        .expect("read")
        .expect("the product");
    assert_eq!((sofa.as_of, sofa.backordered_lines), (today(), 2));
    let steps: Vec<_> = sofa
        .steps
        .iter()
        .map(|s| (s.date, s.quantity, s.cumulative))
        .collect();
    assert_eq!(steps, [(in_days(12), 5, 5)]);
    let lamp = views
        .availability(&name("LAMP"), &day)
        .await
        .expect("read")
        .expect("the product");
    assert_eq!(lamp.steps.len(), 1);
    assert_eq!(lamp.steps[0].date, in_days(2));
    let rug = views
        .availability(&name("RUG"), &day)
        .await
        .expect("read")
        .expect("the product");
    assert!(rug.steps.is_empty());
    assert!(
        views
            .availability(&name("NONE"), &day)
            .await
            .expect("read")
            .is_none()
    );
}
