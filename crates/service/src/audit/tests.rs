//! Every kind of damage is found, and a true story passes.

mod log;
mod replay;
mod story;
mod supply;
mod views;

use super::FINDINGS_LISTED;
use super::ledger::LineEntry;
use story::{Story, TODAY, batch, line, story};

#[test]
fn a_true_story_passes() {
    let story = story();
    let report = story.audit();
    assert_eq!(report.findings, Vec::<String>::new());
    assert!(report.ok);
    assert_eq!((report.products, report.batches, report.lines), (1, 6, 8));
    let by_status = (
        report.allocated_lines,
        report.backordered_lines,
        report.dispatched_lines,
        report.cancelled_lines,
    );
    assert_eq!(by_status, (4, 1, 2, 1));
    assert_eq!(
        (report.shipments, report.held_batches, report.late_lines),
        (1, 2, 1)
    );
    assert!(report.views_equal);
    assert_eq!((report.order_view_rows, report.availability_rows), (8, 4));
    assert_eq!(report.events, story.events.len() as u64);
}

/// Damages a story and wants a finding with these words.
#[track_caller]
fn found(damage: impl FnOnce(&mut Story), words: &str) {
    let mut story = story();
    damage(&mut story);
    let report = story.audit();
    assert!(!report.ok);
    let hit = report
        .findings
        .iter()
        .any(|finding| finding.contains(words));
    assert!(hit, "{words:?} is not in {:#?}", report.findings);
}

#[test]
fn damage_to_a_batch_is_found() {
    found(
        |s| s.batch("b-here").purchased += 1,
        "batch b-here: purchased is 11; the log says 10",
    );
    found(
        |s| s.batch("b-here").allocated -= 1,
        "batch b-here: allocated is",
    );
    found(
        |s| s.batch("b-here").allocated -= 1,
        "are allocated; its lines have",
    );
    found(
        |s| s.batch("b-here").allocated = 11,
        "11 allocated and 0 dispatched of 10 purchased",
    );
    found(
        |s| s.batch("b-here").allocated = u64::MAX,
        "allocated and 0 dispatched of 10 purchased",
    );
    found(
        |s| s.batch("b-here").dispatched = 1,
        "batch b-here: dispatched is 1",
    );
    found(
        |s| s.batch("b-ship").eta = None,
        "batch b-ship: eta is none",
    );
    found(
        |s| s.batch("b-ship").first_eta = None,
        "batch b-ship: the first eta is none",
    );
    found(
        |s| s.batch("b-here").first_quantity = 1,
        "batch b-here: the first quantity is 1",
    );
    found(
        |s| s.batch("b-here").location = Some("L".parse().unwrap()),
        "b-here: location is",
    );
    found(
        |s| s.batch("b-here").sku = "OTHER".parse().unwrap(),
        "batch b-here: sku is OTHER;",
    );
    found(
        |s| s.batch("b-ship").number = 9,
        "batch b-ship: its lines know it by another number",
    );
    found(
        |s| drop(s.batches.remove(0)),
        "it is in the log and not in the tables",
    );
    found(
        |s| s.batches.push(batch(9, "b-new", 1, None)),
        "b-new: the log does not know it",
    );
    found(
        |s| s.batches.push(s.batches[0].clone()),
        "it is there twice",
    );
}

#[test]
fn damage_to_a_line_is_found() {
    found(
        |s| s.line("o-one").quantity = 4,
        "line o-one/SOFA: quantity is 4; the log says 5",
    );
    found(|s| s.line("o-one").quantity = 4, "has 5 units instead of 4");
    found(
        |s| s.line("o-one").dispatched = 6,
        "more has left than was wanted",
    );
    found(|s| s.line("o-one").dispatched = 1, "dispatched is 1");
    found(
        |s| s.line("o-one").allocations.clear(),
        "status is backordered",
    );
    found(
        |s| s.line("o-gone").cancelled = false,
        "status is backordered",
    );
    found(
        |s| s.line("o-waits").cancelled = true,
        "status is cancelled",
    );
    found(
        |s| s.line("o-one").cancelled = true,
        "it is cancelled and has 5 units instead of 0",
    );
    found(
        |s| s.line("o-split").allocations.reverse(),
        "its allocations are not those of the log",
    );
    found(
        |s| s.line("o-split").allocations[0].quantity += 1,
        "units instead of 8",
    );
    found(
        |s| s.line("o-split").allocations[0].batch_number = 9,
        "by another number",
    );
    let other = |s: &mut Story| s.line("o-one").allocations[0].batch = "b-x".parse().unwrap();
    found(other, "it has stock of b-x, which the log does not know");
    found(
        |s| s.line("o-one").original_promise = None,
        "the original promise is none; the log says 2026-",
    );
    found(
        |s| s.line("o-split").current_promise = Some(TODAY),
        "the current promise is 2026-05-10; the log says",
    );
    found(
        |s| s.line("o-one").terms.split = true,
        "the terms are not those of the log",
    );
    found(
        |s| s.line("o-one").sku = "OTHER".parse().unwrap(),
        "sku is OTHER; the log says SOFA",
    );
    found(
        |s| drop(s.lines.remove(3)),
        "line o-waits/SOFA: it is in the log and not in the tables",
    );
    found(
        |s| s.lines.push(line(9, "o-new", 1)),
        "o-new/SOFA: the log does not know it",
    );
    found(|s| s.lines.push(s.lines[0].clone()), "it is there twice");
}

#[test]
fn damage_to_products_sums_and_heads_is_found() {
    found(
        |s| s.products[0].1.backordered = 0,
        "product SOFA: the number of lines that wait is 0",
    );
    found(
        |s| s.products[0].1.late = 0,
        "product SOFA: the number of lines that are late is 0; the log says 1",
    );
    found(|s| s.products[0].1.version = 0, "its version is 0");
    found(
        |s| s.products.clear(),
        "product SOFA: it is in the log and not in the tables",
    );
    found(
        |s| s.products.push(("X".parse().unwrap(), s.products[0].1)),
        "X: the log does not know it",
    );
    found(
        |s| s.products.push(s.products[0].clone()),
        "product SOFA: it is there twice",
    );
    found(|s| s.sums[0].1 += 1, "batch b-here: the store says");
    found(|s| s.sums[0].2 += 1, "batch b-here: the store says");
    found(
        |s| s.sums.retain(|(number, ..)| *number != 3),
        "batch b-ship: the store says 0 units for 0 lines",
    );
    found(|s| s.heads[0].1 += 1, "its head expects offset");
    found(|s| s.heads.clear(), "and no head");
    found(
        |s| s.heads.push((1, 5)),
        "partition 1: its head expects offset 5; the log expects 1",
    );
}

#[test]
fn findings_are_bounded() {
    let mut story = story();
    story
        .lines
        .extend((0..2 * FINDINGS_LISTED as u64).map(|n| line(100 + n, &format!("x-{n}"), 1)));
    let report = story.audit();
    assert_eq!(report.findings.len(), FINDINGS_LISTED);
    assert!(report.findings_count >= 2 * FINDINGS_LISTED as u64);
}

#[test]
fn a_line_takes_little_memory() {
    // Beside it there are the text of its key and about 32 bytes of an index.
    assert!(size_of::<LineEntry>() <= 88, "{}", size_of::<LineEntry>());
}
