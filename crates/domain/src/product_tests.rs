//! What *Architecture Patterns with Python* checks of batches and products in its chapters 1, 7 and 8,
//! and what it leaves open.

use jiff::civil::{Date, date};

use super::*;
use crate::events::{DeallocationReason, PromiseCause};
use crate::hold::Hold;
use crate::ids::{HoldCode, LineKey, OrderId};
use crate::line::{OrderLine, Status, Terms};
use crate::values::Day;

const TODAY: Day = Day {
    today: date(2026, 5, 10),
    handling_days: 0,
};

fn batch(number: u64, reference: &str, quantity: u64, eta: Option<Date>) -> Batch {
    let reference = BatchRef::new(reference).unwrap();
    Batch::new(
        number,
        reference,
        Sku::new("SMALL-TABLE").unwrap(),
        quantity,
        eta,
    )
}

fn product(batches: Vec<Batch>) -> Product {
    let counters = Counters {
        version: 1,
        ..Counters::default()
    };
    Product::load(1, Sku::new("SMALL-TABLE").unwrap(), counters, batches)
}

fn line(number: u64, quantity: u64) -> OrderLine {
    let sku = Sku::new("SMALL-TABLE").unwrap();
    let key = LineKey {
        order_id: OrderId::new(format!("order-{number}")).unwrap(),
        line_id: sku.clone().into(),
    };
    OrderLine::new(number, key, sku, Terms::plain(quantity))
}

fn available(product: &Product, reference: &str) -> u64 {
    product
        .batch(&BatchRef::new(reference).unwrap())
        .unwrap()
        .available()
}

fn kinds(product: &mut Product) -> Vec<&'static str> {
    product.take_events().iter().map(Event::kind).collect()
}

#[test]
fn allocating_to_a_batch_reduces_what_is_available() {
    let mut product = product(vec![batch(1, "batch-001", 20, None)]);
    assert!(product.allocate(&mut line(1, 2), &TODAY, true));
    assert_eq!(available(&product, "batch-001"), 18);
}

#[test]
fn a_line_takes_all_that_is_left_and_never_more() {
    let mut exact = product(vec![batch(1, "b", 2, None)]);
    assert!(exact.allocate(&mut line(1, 2), &TODAY, true));
    let mut small = product(vec![batch(1, "b", 2, None)]);
    let mut large = line(1, 20);
    assert!(!small.allocate(&mut large, &TODAY, true));
    assert_eq!(available(&small, "b"), 2);
    assert!(large.allocations.is_empty());
    assert!(
        kinds(&mut small).is_empty(),
        "what did not happen is not recorded"
    );
}

#[test]
fn the_warehouse_is_preferred_to_a_shipment() {
    let mut product = product(vec![
        batch(1, "shipment", 100, Some(date(2026, 5, 1))),
        batch(2, "in-stock", 100, None),
    ]);
    assert!(product.allocate(&mut line(1, 10), &TODAY, true));
    assert_eq!(available(&product, "in-stock"), 90);
    assert_eq!(available(&product, "shipment"), 100);
}

#[test]
fn an_earlier_batch_is_preferred_and_the_reference_breaks_ties() {
    let mut product = product(vec![
        batch(1, "latest", 100, Some(date(2026, 7, 1))),
        batch(2, "b-medium", 100, Some(date(2026, 6, 1))),
        batch(3, "a-medium", 100, Some(date(2026, 6, 1))),
        batch(4, "small", 5, Some(date(2026, 5, 20))),
    ]);
    let mut wanted = line(1, 10);
    assert!(product.allocate(&mut wanted, &TODAY, true));
    assert_eq!(wanted.allocations[0].batch.as_str(), "a-medium");
    assert_eq!(wanted.current_promise, Some(date(2026, 6, 1)));
    assert_eq!(wanted.original_promise, Some(date(2026, 6, 1)));
}

#[test]
fn the_version_goes_up_with_a_change_only() {
    let mut product = product(vec![batch(1, "b", 20, None)]);
    assert!(product.allocate(&mut line(1, 10), &TODAY, true));
    product.accept();
    assert_eq!(product.counters().version, 2);
    assert!(!product.allocate(&mut line(2, 11), &TODAY, true));
    product.accept();
    assert_eq!(product.counters().version, 2);
}

#[test]
fn a_roll_back_leaves_no_trace() {
    let mut product = product(vec![
        batch(1, "stock", 20, None),
        batch(2, "ship", 20, Some(date(2026, 6, 1))),
    ]);
    let mut kept = line(1, 5);
    assert!(product.allocate(&mut kept, &TODAY, true));
    product.accept();
    product.take_events();
    let (before, counters) = (product.batches().to_vec(), product.counters());

    assert!(product.allocate(&mut line(2, 20), &TODAY, true));
    product.change_eta(&BatchRef::new("ship").unwrap(), None, TODAY.today);
    product.create_batch(batch(3, "new", 7, Some(date(2026, 5, 11))));
    product.change_quantity(&BatchRef::new("stock").unwrap(), 50, None);
    product.backorder(&mut line(4, 999), true);
    assert!(product.promise(&mut kept.clone(), Some(date(2026, 6, 1))));
    assert_eq!(product.counters().late, 1);
    let ship = BatchRef::new("ship").unwrap();
    let customs = Hold {
        code: HoldCode::new("customs").unwrap(),
        note: None,
        expected_clear: Some(date(2026, 7, 1)),
    };
    product.hold_batch(&ship, &customs, None);
    product.receive(&ship, 30, TODAY.today);
    product.cancel(&mut kept);
    product.roll_back();

    assert_eq!(product.batches(), before);
    assert_eq!(product.counters(), counters);
    assert!(product.take_events().is_empty());
}

#[test]
fn a_product_counts_its_lines_that_wait_and_that_are_late() {
    let ship = BatchRef::new("ship").unwrap();
    let mut product = product(vec![batch(1, "ship", 10, Some(date(2026, 6, 1)))]);
    let counted = |product: &Product| (product.counters().backordered, product.counters().late);
    let mut lines = [line(1, 4), line(2, 6), line(3, 3)];
    for line in &mut lines {
        if !product.allocate(line, &TODAY, true) {
            product.backorder(line, true);
        }
    }
    let [first, second, waits] = &mut lines;
    assert_eq!(counted(&product), (1, 0));
    product.change_eta(&ship, Some(date(2026, 6, 9)), TODAY.today);
    for line in [&mut *first, &mut *second] {
        assert!(product.promise_again(line, &TODAY));
    }
    assert_eq!(counted(&product), (1, 2));
    // What has lost its stock is not late; it waits when that is decided, or is late again.
    product.deallocate(first, DeallocationReason::QuantityChanged);
    assert_eq!(counted(&product), (1, 1));
    assert!(product.allocate(first, &TODAY, false));
    assert_eq!(counted(&product), (1, 2));
    product.deallocate(first, DeallocationReason::QuantityChanged);
    product.backorder(first, false);
    assert_eq!(counted(&product), (2, 1));
    assert!(product.allocate(waits, &TODAY, false));
    assert_eq!(counted(&product), (1, 1), "its first promise is kept");
    product.cancel(first);
    assert_eq!(counted(&product), (0, 1));
    product.change_eta(&ship, None, TODAY.today);
    product.dispatch(second, 2, TODAY.today);
    assert_eq!(counted(&product), (0, 1), "the rest of it is late");
    product.dispatch(second, 4, TODAY.today);
    assert_eq!(counted(&product), (0, 0));
}

#[test]
fn what_changed_is_told_as_it_was_at_the_last_time() {
    let mut product = product(vec![
        batch(2, "stock", 20, None),
        batch(1, "other", 5, None),
    ]);
    let mut lines = [line(1, 5), line(2, 7), line(3, 999)];
    for line in &mut lines {
        if !product.allocate(line, &TODAY, true) {
            product.backorder(line, true);
        }
        product.accept();
    }
    // What is undone was not changed.
    product.change_eta(
        &BatchRef::new("stock").unwrap(),
        Some(TODAY.today),
        TODAY.today,
    );
    product.roll_back();
    let before = product.take_changed();
    assert_eq!(before.counters.backordered, 0);
    assert_eq!(
        before.batches,
        [batch(1, "other", 5, None), batch(2, "stock", 20, None)]
    );

    product.cancel(&mut lines[1]);
    product.accept();
    let before = product.take_changed();
    assert_eq!(before.counters.backordered, 1);
    assert_eq!(before.batches.len(), 1);
    assert_eq!(before.batches[0].allocated, 7);
    assert!(product.take_changed().batches.is_empty());
}

#[test]
fn a_line_that_moves_keeps_its_original_promise() {
    let mut product = product(vec![
        batch(1, "stock", 10, None),
        batch(2, "ship", 10, Some(date(2026, 6, 1))),
    ]);
    let mut moved = line(1, 8);
    assert!(product.allocate(&mut moved, &TODAY, true));
    product.take_events();
    product.change_quantity(
        &BatchRef::new("stock").unwrap(),
        5,
        Some("water damage".into()),
    );
    product.deallocate(&mut moved, DeallocationReason::QuantityChanged);
    assert!(product.allocate(&mut moved, &TODAY, false));
    assert_eq!(moved.original_promise, Some(TODAY.today));
    assert_eq!(moved.current_promise, Some(date(2026, 6, 1)));
    product.tell(&moved, Some(TODAY.today), PromiseCause::QuantityChanged);
    let events = product.take_events();
    let kinds: Vec<&str> = events.iter().map(Event::kind).collect();
    let told = [
        "BatchQuantityChanged",
        "Deallocated",
        "Allocated",
        "PromiseChanged",
    ];
    assert_eq!(kinds, told);
    assert!(
        matches!(
            events[1],
            Event::Deallocated {
                reason: DeallocationReason::Repegged,
                ..
            }
        ),
        "it moved on at once"
    );
}

#[test]
fn an_eta_moves_promises_and_pulls_late_ones_back_to_the_original_only() {
    let ship = BatchRef::new("ship").unwrap();
    let mut product = product(vec![batch(1, "ship", 10, Some(date(2026, 6, 1)))]);
    let mut wanted = line(1, 5);
    assert!(product.allocate(&mut wanted, &TODAY, true));
    product.take_events();
    for (eta, promise, told) in [
        (Some(date(2026, 6, 20)), date(2026, 6, 20), true),
        (Some(date(2026, 6, 10)), date(2026, 6, 10), true),
        (Some(date(2026, 5, 20)), date(2026, 6, 1), true),
        (None, date(2026, 6, 1), false),
    ] {
        product.change_eta(&ship, eta, TODAY.today);
        assert_eq!(product.promise_again(&mut wanted, &TODAY), told);
        assert_eq!(wanted.current_promise, Some(promise));
        assert_eq!(wanted.original_promise, Some(date(2026, 6, 1)));
    }
}

#[test]
fn a_past_eta_is_overdue_and_promises_no_past_day() {
    let mut product = product(vec![batch(1, "late", 10, Some(date(2026, 5, 1)))]);
    assert!(product.batches()[0].overdue(TODAY.today));
    let mut wanted = line(1, 5);
    assert!(product.allocate(&mut wanted, &TODAY, true));
    assert_eq!(wanted.current_promise, Some(TODAY.today));
    assert!(!wanted.overdue(TODAY.today));
    assert!(
        wanted.overdue(date(2026, 5, 11)),
        "time passes, the promise stays"
    );
}

#[test]
fn a_split_line_takes_several_batches_or_waits_whole() {
    let mut product = product(vec![
        batch(1, "stock", 4, None),
        batch(2, "ship", 10, Some(date(2026, 6, 1))),
    ]);
    let mut split = line(1, 12);
    split.terms.split = true;
    assert!(product.allocate(&mut split, &TODAY, true));
    assert_eq!(
        (available(&product, "stock"), available(&product, "ship")),
        (0, 2)
    );
    assert_eq!(split.current_promise, Some(date(2026, 6, 1)));
    let less = Amendment {
        quantity: 3,
        if_short: None,
    };
    product.amend_in_place(&mut split, &less, &TODAY);
    // The part on the ship is gone, but the customer planned for its date.
    assert_eq!(split.current_promise, Some(date(2026, 6, 1)));
    assert_eq!(
        (available(&product, "stock"), available(&product, "ship")),
        (1, 10)
    );
    assert_eq!(split.allocations.len(), 1);
    let mut too_large = line(2, 12);
    too_large.terms.split = true;
    assert!(!product.allocate(&mut too_large, &TODAY, true));
    assert_eq!(product.free(), 11, "nothing is taken in part");
}

#[test]
fn a_cancelled_line_gives_its_stock_back() {
    let mut product = product(vec![batch(1, "b", 10, None)]);
    let mut wanted = line(1, 6);
    assert!(product.allocate(&mut wanted, &TODAY, true));
    product.take_events();
    product.cancel(&mut wanted);
    assert_eq!(available(&product, "b"), 10);
    assert_eq!(wanted.status(), Status::Cancelled);
    assert_eq!(
        (wanted.current_promise, wanted.original_promise),
        (None, Some(TODAY.today))
    );
    assert_eq!(kinds(&mut product), ["Deallocated", "LineCancelled"]);
}

#[test]
fn goods_leave_from_the_warehouse_only_and_the_counts_follow() {
    let mut product = product(vec![
        batch(1, "stock", 4, None),
        batch(2, "ship", 10, Some(date(2026, 6, 1))),
    ]);
    let mut split = line(1, 6);
    split.terms.split = true;
    assert!(product.allocate(&mut split, &TODAY, true));
    product.dispatch(&mut split, 4, TODAY.today);
    assert_eq!((split.dispatched, split.outstanding()), (4, 2));
    assert_eq!(split.status(), Status::Allocated);
    assert!(split.locked(), "dispatch is under way");
    let stock = product.batches()[0].clone();
    assert_eq!((stock.allocated, stock.dispatched, stock.free()), (0, 4, 0));
    product.cancel(&mut split);
    assert_eq!(split.status(), Status::Dispatched);
    assert_eq!(product.batches()[1].free(), 10);
}

#[test]
fn a_receipt_lands_a_batch_and_a_second_one_corrects_it() {
    let ship = BatchRef::new("ship").unwrap();
    let mut product = product(vec![batch(1, "ship", 10, Some(date(2026, 6, 1)))]);
    assert!(product.allocate(&mut line(1, 4), &TODAY, true));
    product.take_events();
    product.receive(&ship, 8, TODAY.today);
    let batch = product.batch(&ship).unwrap();
    assert_eq!(
        (batch.eta, batch.purchased, batch.received),
        (None, 8, true)
    );
    let landed = batch.landed.unwrap();
    assert_eq!((landed.on, landed.sold, landed.of), (TODAY.today, 4, 8));
    product.receive(&ship, 8, TODAY.today);
    assert_eq!(kinds(&mut product), ["BatchReceived"], "the same again");
    product.receive(&ship, 9, date(2026, 5, 20));
    let landed = product.batch(&ship).unwrap().landed.unwrap();
    assert_eq!((landed.on, landed.of), (TODAY.today, 9), "it landed once");
}

#[test]
fn what_is_available_is_told_by_the_day_of_its_supply() {
    let june = date(2026, 6, 1);
    let mut product = product(vec![
        batch(1, "stock", 4, None),
        batch(2, "a", 10, Some(june)),
        batch(3, "b", 5, Some(june)),
    ]);
    assert!(product.allocate(&mut line(1, 6), &TODAY, true));
    assert_eq!(
        product.available_on(Supply::From(june)),
        9,
        "4 of a, 5 of b"
    );
    product.change_eta(&BatchRef::new("b").unwrap(), None, TODAY.today);
    assert_eq!(product.available_on(Supply::Now), 9);
    assert_eq!(product.available_on(Supply::From(june)), 4);
}
