//! What happens to goods in a history: shipments, holds, receipts, cancelled batches, dispatch.

use std::collections::BTreeMap;

use landfall_domain::commands::{
    CancelBatch, ChangeShipmentEta, CreateShipment, Dispatch, HoldBatch, HoldShipment,
    ReceiveBatch, ReceiveShipment, ReleaseBatch, ReleaseShipment,
};
use landfall_domain::{Carriage, Command, HoldCode, LineId, ShipmentRef};
use proptest::prelude::*;
use proptest::sample::select;

use super::{day, eta, line_id, order, quantity, reference};
use crate::commands::{count, name};

/// Something that happens to a batch.
pub(super) fn of_batches() -> impl Strategy<Value = Command> {
    let hold = (reference(), code(), note(), prop::option::of(day())).prop_map(
        |(reference, code, note, expected_clear)| {
            Command::HoldBatch(HoldBatch {
                reference,
                code,
                note,
                expected_clear,
            })
        },
    );
    let release =
        reference().prop_map(|reference| Command::ReleaseBatch(ReleaseBatch { reference }));
    let receive = (reference(), 0_u64..40).prop_map(|(reference, quantity)| {
        let quantity = count(quantity);
        Command::ReceiveBatch(ReceiveBatch {
            reference,
            quantity,
        })
    });
    let cancel = (reference(), note())
        .prop_map(|(reference, reason)| Command::CancelBatch(CancelBatch { reference, reason }));
    prop_oneof![3 => hold, 3 => release, 4 => receive, 1 => cancel]
}

/// A shipment is made.
pub(super) fn create_shipment() -> impl Strategy<Value = Command> {
    (shipment(), eta(), vessel()).prop_map(|(reference, eta, vessel)| {
        Command::CreateShipment(CreateShipment {
            reference,
            eta,
            carrier: None,
            vessel,
            container: None,
        })
    })
}

/// Something that happens to a shipment.
pub(super) fn of_shipments() -> impl Strategy<Value = Command> {
    let change = (shipment(), eta()).prop_map(|(reference, eta)| {
        Command::ChangeShipmentEta(ChangeShipmentEta { reference, eta })
    });
    let hold = (shipment(), code(), note(), prop::option::of(day())).prop_map(
        |(reference, code, note, expected_clear)| {
            Command::HoldShipment(HoldShipment {
                reference,
                code,
                note,
                expected_clear,
            })
        },
    );
    let release =
        shipment().prop_map(|reference| Command::ReleaseShipment(ReleaseShipment { reference }));
    let counted = (reference(), 0_u64..40).prop_map(|(batch, units)| (batch, count(units)));
    let counts = prop_oneof![
        3 => Just(BTreeMap::new()),
        2 => prop::collection::vec(counted, 1..3).prop_map(BTreeMap::from_iter),
    ];
    let receive = (shipment(), counts).prop_map(|(reference, counts)| {
        Command::ReceiveShipment(ReceiveShipment { reference, counts })
    });
    prop_oneof![
        2 => create_shipment(),
        5 => change,
        2 => hold,
        2 => release,
        2 => receive,
    ]
}

/// Goods leave.
pub(super) fn dispatch() -> impl Strategy<Value = Command> {
    let line = line_id().prop_map(|line| Some(line.unwrap_or_else(|| name::<LineId>("S-1"))));
    let line = prop_oneof![3 => line, 2 => Just(None)];
    let quantity = prop::option::weighted(0.4, quantity());
    (order(), line, quantity).prop_map(|(order_id, line_id, quantity)| {
        Command::Dispatch(Dispatch {
            order_id,
            line_id,
            quantity,
        })
    })
}

/// One of the few shipments.
pub(super) fn shipment() -> impl Strategy<Value = ShipmentRef> {
    select(vec!["MV-1", "MV-2"]).prop_map(name)
}

fn code() -> impl Strategy<Value = HoldCode> {
    select(vec!["customs", "damage"]).prop_map(name)
}

fn note() -> impl Strategy<Value = Option<String>> {
    prop::option::weighted(0.2, Just("wet".to_owned()))
}

fn vessel() -> impl Strategy<Value = Option<Carriage>> {
    prop::option::weighted(0.2, Just("Aurora").prop_map(name))
}
