//! What *Architecture Patterns with Python* checks of batches, products and handlers (chapters 1, 5, 7, 8
//! and 9), in its own numbers where it gives any.

use landfall_domain::line::Status;
use landfall_domain::{Event, Rejection};

use super::scene::in_days;
use crate::commands::{batch, line, name, set_quantity};
use crate::database::Database;
use crate::harness::Harness;

/// Allocating takes the units from the batch.
pub async fn allocating_reduces_what_is_available<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("batch-001", "SMALL-TABLE", 20)).await;
    let taken = h.line(line("order-ref", "SMALL-TABLE", 2)).await;
    assert_eq!(taken.allocations[0].batch, name("batch-001"));
    assert_eq!(h.see_batch("batch-001").await.available, 18);
    h.audit().await;
}

/// A batch serves a line that wants all that it has, and none that wants more.
pub async fn a_batch_serves_what_it_has_and_no_more<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("batch", "ELEGANT-LAMP", 2)).await;
    let short = h.line(line("too-much", "ELEGANT-LAMP", 20)).await;
    assert_eq!(short.status, Status::Backordered);
    assert_eq!(h.see_batch("batch").await.available, 2);
    let exact = h.line(line("exact", "ELEGANT-LAMP", 2)).await;
    assert_eq!(exact.status, Status::Allocated);
    assert_eq!(h.see_batch("batch").await.available, 0);
    h.audit().await;
}

/// A line is served by batches of its own SKU only, and a SKU that never had a batch is refused.
pub async fn a_line_is_served_by_its_own_sku<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("batch", "UNCOMFORTABLE-CHAIR", 100)).await;
    let refused = h.refused(line("o1", "EXPENSIVE-TOASTER", 10)).await;
    let expected = Rejection::UnknownSku {
        field: "sku".into(),
        sku: name("EXPENSIVE-TOASTER"),
    };
    assert_eq!(refused, expected);
    assert_eq!(h.see_batch("batch").await.available, 100);
    assert!(
        h.views
            .order(&name("o1"), h.today())
            .await
            .expect("read")
            .is_none()
    );
    h.audit().await;
}

/// Stock in the warehouse is preferred to a shipment.
pub async fn warehouse_stock_is_preferred<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("shipment-batch", "RETRO-CLOCK", 100).eta(in_days(1)))
        .await;
    h.done(batch("in-stock-batch", "RETRO-CLOCK", 100)).await;
    h.done(line("oref", "RETRO-CLOCK", 10)).await;
    assert_eq!(h.see_batch("in-stock-batch").await.available, 90);
    assert_eq!(h.see_batch("shipment-batch").await.available, 100);
    h.audit().await;
}

/// An earlier shipment is preferred to a later one; the reference decides between equals.
pub async fn earlier_batches_are_preferred<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("slow-batch", "MINIMALIST-SPOON", 100).eta(in_days(30)))
        .await;
    h.done(batch("speedy-2", "MINIMALIST-SPOON", 100).eta(in_days(0)))
        .await;
    h.done(batch("speedy-1", "MINIMALIST-SPOON", 100).eta(in_days(0)))
        .await;
    h.done(batch("normal-batch", "MINIMALIST-SPOON", 100).eta(in_days(1)))
        .await;
    let taken = h.line(line("order1", "MINIMALIST-SPOON", 10)).await;
    assert_eq!(taken.allocations[0].batch, name("speedy-1"));
    for (reference, available) in [
        ("speedy-1", 90),
        ("speedy-2", 100),
        ("normal-batch", 100),
        ("slow-batch", 100),
    ] {
        assert_eq!(
            h.see_batch(reference).await.available,
            available,
            "{reference}"
        );
    }
    h.audit().await;
}

/// The same line twice takes stock once.
pub async fn the_same_line_twice_changes_nothing<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("batch-001", "ANGULAR-DESK", 20)).await;
    let first = h.done(line("order", "ANGULAR-DESK", 2)).await;
    let log = h.events().await;
    let again = h.done(line("order", "ANGULAR-DESK", 2)).await;
    assert!(first.created && !again.created);
    assert_eq!(again.reply, first.reply);
    assert_eq!(h.see_batch("batch-001").await.available, 18);
    assert_eq!(h.events().await, log);
    assert_eq!(h.see_product("ANGULAR-DESK").await.version, 2);
    h.audit().await;
}

/// The product's version goes up with each change.
pub async fn the_version_goes_up<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b", "SCANDI-PEN", 100)).await;
    let before = h.see_product("SCANDI-PEN").await.version;
    h.done(line("oref", "SCANDI-PEN", 10)).await;
    assert_eq!(h.see_product("SCANDI-PEN").await.version, before + 1);
    h.audit().await;
}

/// The first batch of a SKU makes the product, the second joins it.
pub async fn a_batch_is_added_to_a_new_and_to_a_known_product<D: Database>() {
    let h = Harness::<D>::start();
    assert!(
        h.views
            .product(&name("CRUNCHY-ARMCHAIR"))
            .await
            .expect("read")
            .is_none()
    );
    assert!(h.done(batch("b1", "CRUNCHY-ARMCHAIR", 100)).await.created);
    assert!(h.done(batch("b2", "CRUNCHY-ARMCHAIR", 99)).await.created);
    assert_eq!(h.see_product("CRUNCHY-ARMCHAIR").await.available, 199);
    h.audit().await;
}

/// A line that finds too little says so in the log.
pub async fn out_of_stock_is_recorded<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("b1", "POPULAR-CURTAINS", 9)).await;
    h.done(line("o1", "POPULAR-CURTAINS", 10)).await;
    let log = h.events().await;
    let last = log.last().expect("an event");
    let expected = Event::OutOfStock {
        order_id: name("o1"),
        line_id: name("POPULAR-CURTAINS"),
        quantity: 10,
    };
    assert_eq!(last.event, expected);
    assert_eq!(last.sku, Some(name("POPULAR-CURTAINS")));
    h.audit().await;
}

/// A changed quantity changes what is available.
pub async fn a_changed_quantity_changes_what_is_available<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("batch1", "ADORABLE-SETTEE", 100)).await;
    assert_eq!(h.batch(set_quantity("batch1", 50)).await.available, 50);
    let log = h.events().await;
    h.done(set_quantity("batch1", 50)).await;
    assert_eq!(h.events().await, log, "it was 50 already");
    let unknown = h.refused(set_quantity("batch2", 50)).await;
    assert_eq!(
        unknown,
        Rejection::UnknownBatch {
            reference: name("batch2")
        }
    );
    h.audit().await;
}

/// A batch that shrinks below what was allocated loses a line to the next batch.
pub async fn a_cut_reallocates<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("batch1", "INDIFFERENT-TABLE", 50)).await;
    h.done(batch("batch2", "INDIFFERENT-TABLE", 50).eta(in_days(0)))
        .await;
    h.done(line("order1", "INDIFFERENT-TABLE", 20)).await;
    h.done(line("order2", "INDIFFERENT-TABLE", 20)).await;
    assert_eq!(h.see_batch("batch1").await.available, 10);
    assert_eq!(h.see_batch("batch2").await.available, 50);
    let kinds = h.kinds_of(h.done(set_quantity("batch1", 25))).await;
    assert_eq!(kinds, ["BatchQuantityChanged", "Deallocated", "Allocated"]);
    assert_eq!(h.see_batch("batch1").await.available, 5);
    assert_eq!(h.see_batch("batch2").await.available, 30);
    h.audit().await;
}
