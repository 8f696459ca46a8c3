//! Who goes first when supply changes, and which of the goods that would do they take.

use super::scene::in_days;
use crate::commands::{batch, line, set_eta};
use crate::database::Database;
use crate::harness::Harness;

/// Where the first of a line's goods are, and its promise.
async fn of<D: Database>(h: &Harness<D>, order: &str) -> (String, i64) {
    let line = h.see_line(order, "SOFA").await;
    let promise = line.current_promise.expect("a promise") - crate::today();
    let batch = line.allocations[0].batch.to_string();
    (batch, i64::from(promise.get_days()))
}

/// Delayed lines that may be split find other goods one by one: the most important first, the earlier day and
/// the older among equals.
pub async fn important_split_lines_move_first<D: Database>() {
    let h = Harness::<D>::start();
    h.done(batch("ship", "SOFA", 12).eta(in_days(10))).await;
    for (order, priority) in [("equal", 5), ("low", 0), ("high", 9)] {
        h.done(line(order, "SOFA", 4).priority(priority).split())
            .await;
    }
    h.done(batch("spare", "SOFA", 4).eta(in_days(9))).await;
    h.done(batch("next", "SOFA", 4).eta(in_days(20))).await;
    h.done(set_eta("ship", Some(in_days(30)))).await;
    assert_eq!(of(&h, "high").await, ("spare".into(), 10));
    assert_eq!(of(&h, "equal").await, ("next".into(), 20));
    assert_eq!(of(&h, "low").await, ("ship".into(), 30));
    h.in_order().await;
}
