//! Every kind of damage is found, and a true story passes.

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};
use landfall_domain::events::DeallocationReason;
use landfall_domain::{
    Batch, Day, Deliver, Event, LineId, LineKey, OrderLine, Product, Sku, Terms,
};

use super::{AuditReport, Auditor, FINDINGS_LISTED};
use crate::log::LogRecord;
use crate::views::Inspect;

const TODAY: Date = date(2026, 5, 10);

/// What a database shows to an audit.
struct Story {
    events: Vec<LogRecord>,
    products: Vec<(Sku, u64, u64)>,
    batches: Vec<Batch>,
    lines: Vec<OrderLine>,
    sums: Vec<(u64, u64, u64)>,
    heads: Vec<(u16, u64)>,
}

impl Story {
    fn audit(&self) -> AuditReport {
        let mut auditor = Auditor::default();
        self.events.iter().for_each(|record| auditor.event(record));
        for (sku, version, backordered) in &self.products {
            auditor.product(1, sku, *version, *backordered);
        }
        self.lines.iter().for_each(|line| auditor.line(line));
        self.batches.iter().for_each(|batch| auditor.batch(batch));
        for (number, units, lines) in &self.sums {
            auditor.allocated(*number, *units, *lines);
        }
        for (partition, next) in &self.heads {
            auditor.head(*partition, *next);
        }
        auditor.finish()
    }

    fn batch(&mut self, reference: &str) -> &mut Batch {
        let mut batches = self.batches.iter_mut();
        batches
            .find(|batch| batch.reference.as_str() == reference)
            .unwrap()
    }

    fn line(&mut self, order: &str) -> &mut OrderLine {
        let mut lines = self.lines.iter_mut();
        lines
            .find(|line| line.key.order_id.as_str() == order)
            .unwrap()
    }

    fn event(&mut self, kind: &str) -> &mut Event {
        let mut events = self.events.iter_mut().map(|record| &mut record.event);
        events.find(|event| event.kind() == kind).unwrap()
    }

    /// Takes an event out and closes the gap in the offsets.
    fn forget(&mut self, which: impl Fn(&Event) -> bool) {
        let at = self
            .events
            .iter()
            .position(|record| which(&record.event))
            .unwrap();
        self.events.remove(at);
        for (offset, record) in (1..).zip(&mut self.events) {
            record.offset = offset;
        }
        self.heads = vec![(0, self.events.len() as u64 + 1)];
    }
}

fn sku() -> Sku {
    "SOFA".parse().unwrap()
}

fn batch(number: u64, reference: &str, units: u64, eta: Option<Date>) -> Batch {
    Batch {
        number,
        reference: reference.parse().unwrap(),
        sku: sku(),
        location: None,
        eta,
        purchased: units,
        allocated: 0,
        dispatched: 0,
        first_quantity: units,
        first_eta: eta,
    }
}

fn line(number: u64, order: &str, units: u64) -> OrderLine {
    let terms = Terms {
        quantity: units,
        requested_date: None,
        priority: landfall_domain::Priority::default(),
        policy: landfall_domain::Policy::default(),
        split: order == "o-split",
        if_short: landfall_domain::IfShort::default(),
        locations: Vec::new(),
    };
    let key = LineKey {
        order_id: order.parse().unwrap(),
        line_id: sku().into(),
    };
    OrderLine::new(number, key, sku(), terms)
}

/// Two batches; a line on one, a line split over both, one that waits, one that was cancelled; one amended;
/// one moved; a ship delayed and a batch cut on the way.
fn story() -> Story {
    let day = Day {
        today: TODAY,
        handling_days: 0,
    };
    let mut product = Product::new(1, sku());
    let later = TODAY + 10.days();
    product.create_batch(batch(2, "b-here", 11, None));
    product.create_batch(batch(3, "b-ship", 5, Some(later)));
    let mut lines = vec![
        line(4, "o-one", 6),
        line(5, "o-split", 8),
        line(6, "o-gone", 1),
    ];
    for line in &mut lines {
        assert!(product.allocate(line, &day, true));
    }
    let mut waits = line(7, "o-waits", 30);
    product.backorder(&mut waits, true);
    product.out_of_stock(&waits);
    product.cancel(&mut lines[2]);
    product.amend_in_place(&mut lines[0], 5);
    product.change_eta(&"b-ship".parse().unwrap(), Some(later + 5.days()));
    assert!(product.promise_again(&mut lines[1], &day));
    product.change_quantity(&"b-here".parse().unwrap(), 10, Some("damage".into()));
    let mut moved = line(8, "o-moved", 1);
    assert!(product.allocate(&mut moved, &day, true));
    product.deallocate(&mut moved, DeallocationReason::QuantityChanged);
    assert!(product.allocate(&mut moved, &day, false));
    lines.extend([waits, moved]);
    let placed = Event::OrderPlaced {
        order_id: "o-one".parse().unwrap(),
        deliver: Deliver::AsReady,
        lines: vec![LineId::from(sku())],
    };
    let mut events: Vec<(Option<Sku>, Event)> = vec![(None, placed)];
    events.extend(
        product
            .take_events()
            .into_iter()
            .map(|event| (Some(sku()), event)),
    );
    let events: Vec<LogRecord> = (1..)
        .zip(events)
        .map(|(offset, (sku, event))| LogRecord {
            partition: 0,
            offset,
            sku,
            time: Timestamp::UNIX_EPOCH,
            command_id: format!("~0-{offset}"),
            event,
        })
        .collect();
    let heads = vec![(0, events.len() as u64 + 1)];
    let batches = product.batches().to_vec();
    let taken = |number| {
        let pegged = || {
            lines
                .iter()
                .map(|line| line.pegged_to(number))
                .filter(|units| *units > 0)
        };
        (number, pegged().sum(), pegged().count() as u64)
    };
    let sums = vec![taken(2), taken(3)];
    Story {
        events,
        products: vec![(sku(), 1, product.backordered)],
        batches,
        lines,
        sums,
        heads,
    }
}

#[test]
fn a_true_story_passes() {
    let story = story();
    let report = story.audit();
    assert_eq!(report.findings, Vec::<String>::new());
    assert!(report.ok);
    assert_eq!((report.products, report.batches, report.lines), (1, 2, 5));
    let by_status = (
        report.allocated_lines,
        report.backordered_lines,
        report.cancelled_lines,
    );
    assert_eq!(by_status, (3, 1, 1));
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
        "batch b-ship: eta is None",
    );
    found(
        |s| s.batch("b-ship").first_eta = None,
        "batch b-ship: the first eta is None",
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
        "batch b-here: sku is \"OTHER\"",
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
        "status is Some(Backordered)",
    );
    found(
        |s| s.line("o-gone").cancelled = false,
        "status is Some(Backordered)",
    );
    found(
        |s| s.line("o-waits").cancelled = true,
        "status is Some(Cancelled)",
    );
    found(
        |s| s.line("o-one").cancelled = true,
        "it is Cancelled and has 5 units instead of 0",
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
        "the original promise is None",
    );
    found(
        |s| s.line("o-split").current_promise = Some(TODAY),
        "the current promise is Some",
    );
    found(
        |s| s.line("o-one").terms.split = true,
        "the terms are not those of the log",
    );
    found(
        |s| s.line("o-one").sku = "OTHER".parse().unwrap(),
        "sku is \"OTHER\"",
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
        |s| s.products[0].2 = 0,
        "product SOFA: the number of lines that wait is 0",
    );
    found(|s| s.products[0].1 = 0, "its version is 0");
    found(
        |s| s.products.clear(),
        "product SOFA: it is in the log and not in the tables",
    );
    found(
        |s| s.products.push(("X".parse().unwrap(), 1, 0)),
        "X: the log does not know it",
    );
    found(
        |s| s.products.push(s.products[0].clone()),
        "product SOFA: it is there twice",
    );
    found(|s| s.sums[0].1 += 1, "batch b-here: the store says");
    found(|s| s.sums[0].2 += 1, "batch b-here: the store says");
    found(
        |s| s.sums.truncate(1),
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
fn damage_to_the_log_is_found() {
    found(|s| drop(s.events.remove(4)), "offset 5 should stand here");
    found(|s| s.events.swap(1, 2), "offset 2 should stand here");
    found(|s| drop(s.events.pop()), "its head expects offset");
    let accepted = |s: &mut Story, order: &'static str| {
        s.forget(move |event| {
            matches!(event, Event::Allocated { order_id, accepted: Some(_), .. } if order_id.as_str() == order)
        });
    };
    found(
        |s| accepted(s, "o-one"),
        "of line o-one/SOFA, which was never accepted",
    );
    found(
        |s| accepted(s, "o-one"),
        "the log does not say that it was accepted",
    );
    found(
        |s| accepted(s, "o-split"),
        "line o-split/SOFA: the log does not know it",
    );
    let forget = |s: &mut Story, kind: &'static str| s.forget(move |event| event.kind() == kind);
    found(|s| forget(s, "BatchCreated"), "which was never created");
    found(
        |s| forget(s, "BatchQuantityChanged"),
        "purchased is 10; the log says 11",
    );
    found(|s| forget(s, "BatchEtaChanged"), "batch b-ship: eta is");
    found(|s| forget(s, "PromiseChanged"), "the current promise is");
    found(
        |s| forget(s, "LineAmended"),
        "quantity is 5; the log says 6",
    );
    found(
        |s| forget(s, "LineCancelled"),
        "it lost its stock, and the log does not say",
    );
    found(
        |s| forget(s, "Deallocated"),
        "of a line that is allocated or cancelled",
    );
    let again = |event: &Event| matches!(event, Event::Allocated { accepted: None, .. });
    found(|s| s.forget(again), "line o-moved/SOFA: it lost its stock");
}

#[test]
fn events_that_make_no_sense_are_found() {
    let set = |s: &mut Story, kind: &str, change: fn(&mut Event)| change(s.event(kind));
    let from = |e: &mut Event| {
        if let Event::BatchQuantityChanged { from, .. } | Event::LineAmended { from, .. } = e {
            *from += 1;
        }
    };
    found(
        |s| set(s, "BatchQuantityChanged", from),
        "from another quantity than b-here had",
    );
    found(
        |s| set(s, "LineAmended", from),
        "LineAmended from another quantity",
    );
    found(
        |s| {
            set(s, "BatchEtaChanged", |e| {
                if let Event::BatchEtaChanged { from, .. } = e {
                    *from = None;
                }
            });
        },
        "from another day",
    );
    found(
        |s| {
            set(s, "PromiseChanged", |e| {
                if let Event::PromiseChanged { from, .. } = e {
                    *from = TODAY;
                }
            });
        },
        "of another promise than the line had",
    );
    let units = |e: &mut Event| match e {
        Event::Allocated { allocations, .. } | Event::Deallocated { allocations, .. } => {
            allocations[0].quantity += 1;
        }
        Event::Backordered { quantity, .. } | Event::LineCancelled { quantity, .. } => {
            *quantity += 1
        }
        _ => {}
    };
    found(
        |s| set(s, "Allocated", units),
        "gives the line another quantity than it wants",
    );
    found(
        |s| set(s, "Deallocated", units),
        "Deallocated of stock that the line does not have",
    );
    found(
        |s| set(s, "Backordered", units),
        "of another quantity than the line's",
    );
    found(
        |s| set(s, "LineCancelled", units),
        "of another quantity than the line's",
    );
    found(|s| s.events[3].sku = None, "names no product");
    found(
        |s| s.events.last_mut().unwrap().sku = None,
        "of a line of another product",
    );
    let named = |e: &mut Event| {
        if let Event::OrderPlaced { lines, .. } = e {
            lines.push("L-2".parse().unwrap());
        }
    };
    found(
        |s| set(s, "OrderPlaced", named),
        "line o-one/L-2: its order names it",
    );
    let twice = |s: &mut Story| {
        let at = s
            .events
            .iter()
            .position(|r| r.event.kind() == "Allocated")
            .unwrap();
        let again = LogRecord {
            offset: s.events.len() as u64 + 1,
            ..s.events[at].clone()
        };
        s.events.push(again);
    };
    found(twice, "accepts a line that was accepted before");
    found(twice, "of a line that is allocated");
    let created_again = |s: &mut Story| {
        let again = LogRecord {
            offset: s.events.len() as u64 + 1,
            ..s.events[1].clone()
        };
        s.events.push(again);
    };
    found(created_again, "of b-here, which exists");
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
