//! Histories for property tests, in a small universe: few names and quantities, so that they meet often.

mod goods;

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::commands::{
    Allocate, CancelLine, CancelOrder, ChangeBatchEta, ChangeBatchQuantity, ChangeLineQuantity,
    CreateBatch, NewLine, PlaceOrder,
};
use landfall_domain::{Command, Deliver, IfShort, LineId, Location, Policy, Quantity, Sku};
use landfall_service::{Request, wire};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::clock::today;
use crate::commands::{count, name, rank, units};

/// What happens next.
#[derive(Clone)]
pub enum Step {
    /// Somebody asks for something.
    Ask(Request),
    /// So many days pass.
    Wait(i64),
}

/// Short enough to be read when a test fails.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Ask(Request {
                id: None, command, ..
            }) => f.write_str(&wire::canonical(command)),
            Step::Ask(Request {
                id: Some(id),
                command,
                ..
            }) => {
                write!(f, "{id} {}", wire::canonical(command))
            }
            Step::Wait(days) => write!(f, "{days} days"),
        }
    }
}

/// A history of at most so many steps. Shipments and a few batches come first, or
/// hardly anything would be accepted.
pub fn history(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let ask = |command| {
        Step::Ask(Request {
            id: None,
            actor: None,
            let_in_by: None,
            command,
        })
    };
    let ships = prop::collection::vec(goods::create_shipment().prop_map(ask), 0..3);
    let batches = prop::collection::vec(create_batch().prop_map(ask), 0..5);
    let step = prop_oneof![
        20 => request().prop_map(Step::Ask),
        1 => (1_i64..6).prop_map(Step::Wait),
    ];
    let then = prop::collection::vec(step, 1..most);
    (ships, batches, then).prop_map(|(mut steps, batches, then)| {
        steps.extend(batches);
        steps.extend(then);
        steps
    })
}

/// A command, now and then with one of a few idempotency keys.
fn request() -> impl Strategy<Value = Request> {
    let id = prop::option::weighted(0.15, select(vec!["k-1", "k-2", "k-3"]));
    (id, command()).prop_map(|(id, command)| Request {
        actor: None,
        let_in_by: None,
        id: id.map(name),
        command,
    })
}

fn command() -> impl Strategy<Value = Command> {
    let eta_change = (reference(), eta())
        .prop_map(|(reference, eta)| Command::ChangeBatchEta(ChangeBatchEta { reference, eta }));
    let cancel_line = (order(), line_id()).prop_map(|(order_id, line)| {
        Command::CancelLine(CancelLine {
            order_id,
            line_id: line.unwrap_or_else(|| name("S-1")),
        })
    });
    let cancel_order = order().prop_map(|order_id| Command::CancelOrder(CancelOrder { order_id }));
    prop_oneof![
        5 => create_batch(),
        4 => change_quantity(),
        4 => eta_change,
        5 => goods::of_batches(),
        6 => goods::of_shipments(),
        10 => allocate(),
        6 => place_order(),
        4 => change_line(),
        2 => cancel_line,
        1 => cancel_order,
        4 => goods::dispatch(),
    ]
}

fn create_batch() -> impl Strategy<Value = Command> {
    // Now and then both an ETA and a shipment, which makes no sense.
    let when = prop_oneof![
        10 => eta().prop_map(|eta| (eta, None)),
        8 => goods::shipment().prop_map(|shipment| (None, Some(shipment))),
        1 => (eta(), goods::shipment().prop_map(Some)),
    ];
    (reference(), sku(), 1_u64..40, when, location()).prop_map(
        |(reference, sku, quantity, (eta, shipment), location)| {
            let quantity = units(quantity);
            Command::CreateBatch(CreateBatch {
                reference,
                sku,
                quantity,
                eta,
                shipment,
                location,
            })
        },
    )
}

fn change_quantity() -> impl Strategy<Value = Command> {
    (
        reference(),
        0_u64..40,
        prop::option::of(Just("storm".to_owned())),
    )
        .prop_map(|(reference, quantity, reason)| {
            let quantity = count(quantity);
            Command::ChangeBatchQuantity(ChangeBatchQuantity {
                reference,
                quantity,
                reason,
            })
        })
}

fn allocate() -> impl Strategy<Value = Command> {
    let what = (order(), line_id(), sku(), quantity());
    let how = (
        requested(),
        priority(),
        policy(),
        any::<bool>(),
        if_short(),
        locations(),
    );
    (what, how).prop_map(|((order_id, line_id, sku, quantity), how)| {
        let (requested_date, priority, policy, split, if_short, locations) = how;
        Command::Allocate(Allocate {
            order_id,
            sku,
            quantity,
            line_id,
            requested_date,
            priority: rank(priority),
            policy,
            split,
            if_short,
            locations,
        })
    })
}

fn place_order() -> impl Strategy<Value = Command> {
    let line = (
        line_id(),
        sku(),
        quantity(),
        prop::option::of(priority()),
        any::<bool>(),
        locations(),
    );
    let line = line.prop_map(
        |(line_id, sku, quantity, priority, split, locations)| NewLine {
            sku,
            quantity,
            line_id,
            requested_date: None,
            priority: priority.map(rank),
            policy: None,
            split,
            locations,
        },
    );
    let deliver = prop_oneof![Just(Deliver::AsReady), Just(Deliver::Together)];
    let how = (requested(), priority(), policy(), if_short(), deliver);
    (order(), prop::collection::vec(line, 1..4), how).prop_map(|(order_id, lines, how)| {
        let (requested_date, priority, policy, if_short, deliver) = how;
        Command::PlaceOrder(PlaceOrder {
            order_id,
            lines,
            requested_date,
            priority: rank(priority),
            policy,
            if_short,
            deliver,
        })
    })
}

fn change_line() -> impl Strategy<Value = Command> {
    (order(), line_id(), quantity(), prop::option::of(if_short())).prop_map(
        |(order_id, line_id, quantity, if_short)| {
            let line_id = line_id.unwrap_or_else(|| name("S-1"));
            Command::ChangeLineQuantity(ChangeLineQuantity {
                order_id,
                line_id,
                quantity,
                if_short,
            })
        },
    )
}

fn sku() -> impl Strategy<Value = Sku> {
    prop_oneof![7 => Just("S-1"), 2 => Just("S-2"), 1 => Just("S-3")].prop_map(name)
}

fn reference() -> impl Strategy<Value = landfall_domain::BatchRef> {
    select(vec!["b-1", "b-2", "b-3", "b-4", "b-5", "b-6"]).prop_map(name)
}

fn order() -> impl Strategy<Value = landfall_domain::OrderId> {
    select(vec![
        "o-1", "o-2", "o-3", "o-4", "o-5", "o-6", "o-7", "o-8", "o-9", "o-10", "o-11", "o-12",
    ])
    .prop_map(name)
}

/// None: the line id is the SKU.
fn line_id() -> impl Strategy<Value = Option<LineId>> {
    prop::option::weighted(0.3, select(vec!["l-1", "S-2"]).prop_map(name))
}

fn quantity() -> impl Strategy<Value = Quantity> {
    // Mostly small, so that several lines share a batch.
    prop_oneof![3 => 1_u64..6, 1 => 6_u64..20].prop_map(units)
}

fn priority() -> impl Strategy<Value = u64> {
    prop_oneof![Just(5), Just(5), Just(1), Just(9)]
}

fn policy() -> impl Strategy<Value = Policy> {
    prop_oneof![3 => Just(Policy::Earliest), 1 => Just(Policy::JustInTime)]
}

fn if_short() -> impl Strategy<Value = IfShort> {
    prop_oneof![3 => Just(IfShort::Backorder), 1 => Just(IfShort::Reject)]
}

fn day() -> impl Strategy<Value = Date> {
    (-3_i64..15).prop_map(|days| today() + days.days())
}

fn eta() -> impl Strategy<Value = Option<Date>> {
    prop::option::weighted(0.6, day())
}

fn requested() -> impl Strategy<Value = Option<Date>> {
    prop::option::weighted(0.4, day())
}

fn location() -> impl Strategy<Value = Option<Location>> {
    prop::option::weighted(0.5, select(vec!["LEEDS", "YORK"]).prop_map(name))
}

fn locations() -> impl Strategy<Value = Vec<Location>> {
    let some = subsequence(vec!["YORK", "LEEDS"], 1..=2).prop_shuffle();
    prop_oneof![4 => Just(Vec::new()), 1 => some.prop_map(|names| names.into_iter().map(name).collect())]
}
