//! What would happen, asked of a running engine: the summaries of dry runs, and promises that are looked up.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on panics, also in its helpers"
)]

mod orders;
mod promise;
mod summary;
mod withdrawn;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_testkit::today;

/// So many days after the day of the test.
fn in_days(days: i64) -> Date {
    today().checked_add(days.days()).unwrap()
}
