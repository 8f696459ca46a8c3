//! Histories are found where entries, chains and lines' own rows are mixed, and the read models can be made again.

use jiff::Span;
use jiff::civil::Date;
use landfall_domain::{Command, OrderLine, Shipment, Sku};
use landfall_service::engine::Limits;
use landfall_service::views::{AvailabilityView, Inspect, OrderLineView, Page, Rebuild, Thing};
use landfall_service::{LogRecord, Request};
use landfall_testkit::commands::{
    amend, batch, cancel_batch, cancel_line, dispatch_units, hold, key, line, name, order,
    receive_shipment, release, set_eta, set_quantity, set_shipment_eta, shipment,
};
use landfall_testkit::{Database, FixedClock, Harness, run, today};
use rusqlite::Connection;

use crate::database::Sqlite;
use crate::histories;

type Lagging = Sqlite<7>;

/// So many days from today.
fn day_after(days: i32) -> Date {
    today().saturating_add(Span::new().days(days))
}

/// Many events of every kind, with restarts in between.
async fn trade(mut harness: Harness<Lagging>) -> Harness<Lagging> {
    harness.done(shipment("s-1", Some(day_after(30)))).await;
    harness.done(batch("b-1", "CHAIR", 40).on("s-1")).await;
    harness.done(batch("b-2", "SOFA", 10).on("s-1")).await;
    harness.done(batch("b-3", "CHAIR", 15)).await;
    for round in 0..3_u64 {
        let lines = (0..12).map(|nth| {
            let sku = if nth % 3 == 0 { "SOFA" } else { "CHAIR" };
            Request::from(line(&format!("o-{round}-{nth}"), sku, 1 + nth % 2).priority(nth % 4))
        });
        assert!(
            harness
                .bus
                .handle_all(lines.collect())
                .await
                .iter()
                .all(Result::is_ok)
        );
        let placed = format!("p-{round}");
        harness
            .done(order(&placed, &[("CHAIR", 1), ("SOFA", 1)]).together())
            .await;
        let slip = i32::try_from(round).unwrap_or(0) + 31;
        let mut changes: Vec<Command> = vec![
            set_shipment_eta("s-1", Some(day_after(slip))),
            hold("b-1", "customs", Some(day_after(40))),
            set_quantity("b-3", 12 + round),
            release("b-1"),
            amend(&format!("o-{round}-1"), "CHAIR", 3),
            cancel_line(&format!("o-{round}-2"), "CHAIR"),
        ];
        if round == 1 {
            changes.push(receive_shipment("s-1", &[("b-2", 8)]));
        }
        for change in changes {
            // Not each makes sense each time; what is refused leaves no event.
            let _ = harness.handle(change).await;
        }
        let _ = harness
            .handle(dispatch_units(&format!("o-{round}-4"), "CHAIR", 1))
            .await;
        harness = Harness::start_on(harness.stop(), FixedClock::new(), Limits::default(), 0);
    }
    let _ = harness.handle(cancel_batch("b-3")).await;
    harness.done(batch("b-4", "LAMP", 5).eta(today())).await;
    harness.done(line("late", "LAMP", 2)).await;
    harness.done(set_eta("b-4", Some(day_after(9)))).await;
    harness
}

#[test]
fn every_event_is_in_the_histories_that_it_belongs_to() {
    run(async {
        let harness = trade(Harness::start()).await;
        for limit in [3, 1_000] {
            assert!(histories::check(&*harness.views, limit).await > 40);
        }
        let page = Page {
            after: None,
            limit: 10,
        };
        let absent = Thing::Product(name("NONE"));
        assert!(
            harness
                .views
                .history(&absent, &page)
                .await
                .unwrap()
                .is_none()
        );
    });
}

#[test]
fn a_case_has_the_line_its_batches_and_its_history() {
    run(async {
        let harness = trade(Harness::start()).await;
        let wanted = key("o-0-1", "CHAIR");
        let case = harness.views.case(&wanted, 3).await.unwrap().unwrap();
        assert_eq!(case.line.key, wanted);
        let references: Vec<_> = case
            .batches
            .iter()
            .map(|b| b.batch.reference.to_string())
            .collect();
        assert_eq!(references.len(), 2, "{references:?}");
        assert!(
            case.batches
                .is_sorted_by(|a, b| a.batch.earliest_first(&b.batch).is_lt())
        );
        for shown in &case.batches {
            let held: u64 = shown.lines;
            assert!(shown.holders.len() as u64 <= held.min(3));
            assert!(
                shown
                    .holders
                    .iter()
                    .all(|line| line.pegged_to(shown.batch.number) > 0)
            );
        }
        assert!(case.events.len() > 1 && case.events.is_sorted_by_key(|record| record.offset));
        let none = key("none", "CHAIR");
        assert!(harness.views.case(&none, 3).await.unwrap().is_none());
    });
}

#[test]
fn orders_that_need_attention_are_listed_from_their_index() {
    run(async {
        use landfall_service::views::{Attention, OrderFilter};
        let harness = trade(Harness::start()).await;
        let page = Page {
            after: None,
            limit: 1_000,
        };
        for attention in [Attention::Late, Attention::Backordered] {
            let wanted = OrderFilter {
                attention: Some(attention),
                ..OrderFilter::default()
            };
            let found = harness.views.orders(&wanted, &page, today()).await.unwrap();
            let all = harness
                .views
                .orders(&OrderFilter::default(), &page, today())
                .await
                .unwrap();
            let is = |line: &landfall_service::resources::LineResource| match attention {
                Attention::Late => {
                    line.current_promise.is_some() && line.current_promise > line.original_promise
                }
                Attention::Backordered => line.status == landfall_domain::Status::Backordered,
            };
            let expected: Vec<_> = all
                .items
                .into_iter()
                .filter(|order| order.lines.iter().any(is))
                .collect();
            assert!(!expected.is_empty(), "{attention:?}");
            assert_eq!(found.items, expected);
        }
    });
}

/// Keeps the read models.
#[derive(Default)]
struct Kept {
    order_lines: Vec<OrderLineView>,
    availability: Vec<AvailabilityView>,
}

impl Inspect for Kept {
    fn event(&mut self, _: &LogRecord) {}
    fn product(&mut self, _: u64, _: &Sku, _: landfall_domain::product::Counters) {}
    fn shipment(&mut self, _: &Shipment) {}
    fn batch(&mut self, _: &landfall_domain::Batch) {}
    fn line(&mut self, _: &OrderLine) {}
    fn order_line(&mut self, row: &OrderLineView) {
        self.order_lines.push(row.clone());
    }
    fn availability(&mut self, row: &AvailabilityView) {
        self.availability.push(row.clone());
    }
    fn allocated(&mut self, _: u16, _: u64, _: u64, _: u64) {}
    fn head(&mut self, _: u16, _: u64) {}
}

#[test]
fn the_read_models_are_replaced() {
    run(async {
        let harness = trade(Harness::start()).await;
        let mut kept = Kept::default();
        harness.views.inspect(&mut kept).await.unwrap();
        let mut database = harness.stop();
        let connection = Connection::open(database.path()).unwrap();
        let damage = "UPDATE order_view SET quantity = quantity + 1 WHERE number % 2 = 0; \
             DELETE FROM order_view WHERE number % 3 = 0; DELETE FROM availability;";
        connection.execute_batch(damage).unwrap();
        drop(connection);
        // As from the log: without the store's numbers.
        let mut from_log = kept.order_lines.clone();
        for pegged in from_log.iter_mut().flat_map(|row| &mut row.allocations) {
            pegged.batch_number = 0;
        }
        let mut store = database.store();
        let (mut lines, mut days) = (from_log.into_iter(), kept.availability.clone().into_iter());
        store.rebuild(&mut lines, &mut days).await.unwrap();
        drop(store);
        let mut again = Kept::default();
        database.views().inspect(&mut again).await.unwrap();
        assert_eq!(again.order_lines, kept.order_lines);
        assert_eq!(again.availability, kept.availability);
        let harness = Harness::start_on(database, FixedClock::new(), Limits::default(), 0);
        assert!(harness.audit().await.ok);
        harness.done(set_eta("b-1", None)).await;
    });
}
