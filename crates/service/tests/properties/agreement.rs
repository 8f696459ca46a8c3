//! The service and the naive reading of the rules agree after every command.

use jiff::ToSpan;
use landfall_domain::Command;
use landfall_service::{Answer, Failure, Request};
use landfall_testkit::history::{Step, history};
use landfall_testkit::replay::start;
use landfall_testkit::run;
use landfall_testkit::state::{State, state};
use proptest::prelude::*;

use crate::reference::Model;
use crate::{Singly, config};

proptest! {
    #![proptest_config(config())]

    /// The same commands are accepted and refused, and lines and batches are the same after each.
    #[test]
    fn service_and_reference_agree(steps in history(100)) {
        run(async {
            let world = start::<Singly>(3);
            let mut model = Model::new(1);
            for step in &steps {
                match step {
                    Step::Wait(days) => {
                        world.clock.set_day(world.today() + days.days());
                    }
                    // Ids are a matter of the engine; the reference knows only rules.
                    Step::Ask(Request { command, .. }) => {
                        let answer = world.handle(command.clone()).await;
                        let expected = model.handle(command, world.today());
                        let made = made(&answer);
                        prop_assert_eq!(made, expected.ok(), "{:?} gives {:?}", command, answer);
                        let (there, expected) = (seen(&state(&*world.views).await), lines(&model));
                        prop_assert_eq!(there, expected, "after {:?}", command);
                    }
                }
            }
            Ok(())
        })?;
    }
}

/// Whether it was accepted, and made something.
fn made(answer: &Answer) -> Option<bool> {
    match answer {
        Ok(done) => Some(done.created),
        Err(Failure::Rejected(_)) => None,
        Err(other) => panic!("neither accepted nor refused: {other}"),
    }
}

/// Lines and batches as they can be compared: in the order of their names.
type Seen = (Vec<String>, Vec<String>);

fn seen(state: &State) -> Seen {
    let lines = state.lines.iter().map(|line| {
        let pegs: Vec<_> = line
            .allocations
            .iter()
            .map(|a| (a.batch.to_string(), a.quantity))
            .collect();
        let promises = (line.original_promise, line.current_promise);
        format!(
            "{} {} {} {} {pegs:?} {promises:?}",
            line.key, line.quantity, line.dispatched, line.cancelled
        )
    });
    let batches = state.batches.iter().map(|batch| {
        format!(
            "{} {} {:?} {:?} {} {}",
            batch.reference,
            batch.purchased,
            batch.eta,
            batch.supply(),
            batch.dispatched,
            batch.free()
        )
    });
    sorted(lines, batches)
}

fn lines(model: &Model) -> Seen {
    let lines = model.lines.iter().map(|line| {
        let promises = (line.original, line.current);
        format!(
            "{} {} {} {} {:?} {promises:?}",
            line.key, line.quantity, line.dispatched, line.cancelled, line.pegs
        )
    });
    let batches = model.batches.iter().map(|batch| {
        format!(
            "{} {} {:?} {:?} {} {}",
            batch.reference,
            batch.purchased,
            batch.eta,
            batch.supply(),
            batch.dispatched,
            model.free(batch)
        )
    });
    sorted(lines, batches)
}

fn sorted(lines: impl Iterator<Item = String>, batches: impl Iterator<Item = String>) -> Seen {
    let (mut lines, mut batches): Seen = (lines.collect(), batches.collect());
    lines.sort();
    batches.sort();
    (lines, batches)
}

/// Found by the property above: who is served too late by a new batch is pulled back at once, with goods of a line that can
/// wait for what it leaves.
#[test]
fn better_supply_is_offered_again_to_who_is_late_by_it() {
    agree_on(
        r#"{"type":"CreateShipment","reference":"MV-2","eta":null,"carrier":null,"vessel":null,"container":null}
{"type":"CreateBatch","reference":"b-5","sku":"S-1","quantity":10,"eta":"2026-05-15","shipment":null,"location":"LEEDS"}
{"type":"CreateBatch","reference":"b-6","sku":"S-2","quantity":1,"eta":null,"shipment":null,"location":null}
{"type":"CreateBatch","reference":"b-4","sku":"S-1","quantity":8,"eta":null,"shipment":"MV-2","location":null}
{"type":"PlaceOrder","order_id":"o-1","lines":[{"sku":"S-1","quantity":1,"line_id":"l-1","requested_date":null,"priority":null,"policy":null,"split":false,"locations":[]},{"sku":"S-1","quantity":5,"line_id":null,"requested_date":null,"priority":null,"policy":null,"split":false,"locations":[]}],"requested_date":null,"priority":5,"policy":"earliest","if_short":"backorder","deliver":"as_ready"}
{"type":"Allocate","order_id":"o-2","sku":"S-1","quantity":3,"line_id":null,"requested_date":null,"priority":9,"policy":"earliest","split":false,"if_short":"backorder","locations":[]}
{"type":"ReceiveBatch","reference":"b-5","quantity":7}
{"type":"Allocate","order_id":"o-2","sku":"S-1","quantity":4,"line_id":"l-1","requested_date":null,"priority":5,"policy":"earliest","split":false,"if_short":"backorder","locations":[]}
{"type":"HoldBatch","reference":"b-5","code":"customs","note":null,"expected_clear":null}
{"type":"Allocate","order_id":"o-3","sku":"S-1","quantity":11,"line_id":null,"requested_date":null,"priority":9,"policy":"earliest","split":false,"if_short":"backorder","locations":[]}
{"type":"CreateShipment","reference":"MV-1","eta":null,"carrier":null,"vessel":null,"container":null}
{"type":"HoldShipment","reference":"MV-1","code":"customs","note":null,"expected_clear":"2026-05-11"}
{"type":"CreateBatch","reference":"b-2","sku":"S-1","quantity":15,"eta":null,"shipment":null,"location":null}
{"type":"CreateBatch","reference":"b-1","sku":"S-1","quantity":4,"eta":null,"shipment":"MV-1","location":null}"#,
    );
}

/// Found by the property above: two lines of an order that goes out together, of which only one can have the early goods,
/// do not take them from each other for ever.
#[test]
fn lines_that_go_together_leave_each_other_their_goods() {
    agree_on(
        r#"{"type":"CreateShipment","reference":"MV-2","eta":null,"carrier":null,"vessel":null,"container":null}
{"type":"CreateBatch","reference":"b-3","sku":"S-1","quantity":1,"eta":null,"shipment":null,"location":null}
{"type":"CreateBatch","reference":"b-4","sku":"S-1","quantity":10,"eta":null,"shipment":"MV-2","location":null}
{"type":"ChangeBatchQuantity","reference":"b-3","quantity":10,"reason":null}
{"type":"PlaceOrder","order_id":"o-1","lines":[{"sku":"S-1","quantity":7,"line_id":null,"requested_date":null,"priority":null,"policy":null,"split":false,"locations":[]},{"sku":"S-1","quantity":4,"line_id":"l-1","requested_date":null,"priority":null,"policy":null,"split":false,"locations":[]}],"requested_date":null,"priority":5,"policy":"earliest","if_short":"backorder","deliver":"together"}
{"type":"PlaceOrder","order_id":"o-2","lines":[{"sku":"S-1","quantity":4,"line_id":null,"requested_date":null,"priority":null,"policy":null,"split":true,"locations":[]}],"requested_date":null,"priority":5,"policy":"earliest","if_short":"backorder","deliver":"together"}
{"type":"Allocate","order_id":"o-12","sku":"S-1","quantity":1,"line_id":null,"requested_date":null,"priority":5,"policy":"earliest","split":false,"if_short":"backorder","locations":[]}
{"type":"CreateBatch","reference":"b-1","sku":"S-1","quantity":1,"eta":"2026-05-15","shipment":null,"location":null}
1 days
{"type":"ChangeShipmentEta","reference":"MV-2","eta":"2026-05-12"}
{"type":"CancelLine","order_id":"o-12","line_id":"S-1"}"#,
    );
}

/// Whether they agree after each of these steps, as the property prints them.
fn agree_on(steps: &str) {
    run(async {
        let h = start::<Singly>(3);
        let mut model = Model::new(1);
        for step in steps.lines() {
            if let Some(days) = step.strip_suffix(" days") {
                let days: i64 = days.parse().unwrap();
                h.clock.set_day(h.today() + days.days());
                continue;
            }
            let command: Command = serde_json::from_str(step).unwrap();
            h.handle(command.clone()).await.ok();
            model.handle(&command, h.today()).ok();
            let there = seen(&state(&*h.views).await);
            assert_eq!(there, lines(&model), "after {command:?}");
        }
    });
}
