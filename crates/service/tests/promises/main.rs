//! Which promise a line has after a command: cases in which the right one is not the obvious one, on the database in
//! memory.

#![expect(clippy::expect_used, reason = "a test may panic")]

mod delayed;
mod freed;
mod together;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_testkit::{Harness, Memory, today};

type World = Harness<Memory>;

fn in_days(days: i64) -> Date {
    today() + days.days()
}

/// Where a line has the first of its goods, and in how many days it is promised.
async fn of_line(h: &World, order: &str, line: &str) -> (String, i64) {
    let line = h.see_line(order, line).await;
    let promise = line.current_promise.expect("a promise") - today();
    let batch = line.allocations[0].batch.to_string();
    (batch, i64::from(promise.get_days()))
}

/// The same of the line that has its SKU as its name.
async fn of(h: &World, order: &str) -> (String, i64) {
    of_line(h, order, "SOFA").await
}

fn at(batch: &str, promise: i64) -> (String, i64) {
    (batch.to_owned(), promise)
}
