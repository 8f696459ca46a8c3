//! Batches and shipments in words.

use std::collections::BTreeMap;

use landfall_domain::batch::Landing;

use super::*;

fn landing(sold: u64, of: u64) -> Landing {
    Landing {
        on: TODAY,
        sold,
        of,
    }
}

fn created(eta: Option<Date>, shipment: Option<&str>, location: Option<&str>) -> Event {
    Event::BatchCreated {
        reference: "b-1".parse().unwrap(),
        quantity: 40,
        eta,
        shipment: shipment.map(|name| name.parse().unwrap()),
        location: location.map(|name| name.parse().unwrap()),
        landed: None,
    }
}

fn noted(expected_clear: Option<Date>, note: Option<&str>) -> Hold {
    Hold {
        note: note.map(str::to_owned),
        ..hold("customs", expected_clear)
    }
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "each event and its words, one after the other"
)]
fn a_batch_is_told_from_its_creation_to_its_end() {
    let reference: BatchRef = "b-1".parse().unwrap();
    let ship: ShipmentRef = "MV-1".parse().unwrap();
    let later = TODAY + 5.days();
    let changed = |from, to, shipment: Option<&ShipmentRef>| Event::BatchEtaChanged {
        reference: reference.clone(),
        from,
        to,
        landed: None,
        shipment: shipment.cloned(),
    };
    let received = |expected, quantity, landed| Event::BatchReceived {
        reference: reference.clone(),
        expected,
        quantity,
        short: 40_u64.saturating_sub(quantity),
        over: quantity.saturating_sub(40),
        eta: None,
        landed,
    };
    for (event, told) in [
        (
            created(None, None, None),
            "Batch b-1 was created: 40 units, in the warehouse.",
        ),
        (
            created(None, Some("MV-1"), Some("OSLO")),
            "Batch b-1 was created: 40 units, in the warehouse at OSLO from shipment MV-1.",
        ),
        (
            created(Some(later), Some("MV-1"), Some("OSLO")),
            "Batch b-1 was created: 40 units, expected on 2026-03-06 on shipment MV-1 for OSLO.",
        ),
        (
            Event::BatchQuantityChanged {
                reference: reference.clone(),
                from: 40,
                to: 1,
                reason: Some("water damage".into()),
            },
            "Batch b-1 was adjusted from 40 to 1 unit (“water damage”).",
        ),
        (
            changed(Some(TODAY), Some(later), None),
            "Batch b-1 is expected on 2026-03-06, 5 days later than on 2026-03-01.",
        ),
        (
            changed(Some(later), Some(later - 1.day()), Some(&ship)),
            "Batch b-1 is expected on 2026-03-05, 1 day earlier than on 2026-03-06, with its shipment MV-1.",
        ),
        (
            changed(Some(TODAY), None, None),
            "Batch b-1 is in the warehouse; it was expected on 2026-03-01.",
        ),
        (
            changed(None, Some(TODAY), None),
            "Batch b-1 is on its way after all, expected on 2026-03-01.",
        ),
        (
            Event::BatchHeld {
                reference: reference.clone(),
                hold: noted(Some(later), Some("papers are missing")),
                shipment: None,
            },
            "Batch b-1 is held (customs) (“papers are missing”) until 2026-03-06.",
        ),
        (
            Event::BatchHeld {
                reference: reference.clone(),
                hold: noted(None, None),
                shipment: Some(ship.clone()),
            },
            "Batch b-1 is held (customs), with its shipment MV-1, and nobody knows until when.",
        ),
        (
            Event::BatchReleased {
                reference: reference.clone(),
                shipment: None,
            },
            "The hold of batch b-1 is over.",
        ),
        (
            Event::BatchReleased {
                reference: reference.clone(),
                shipment: Some(ship),
            },
            "Shipment MV-1's hold of batch b-1 is over.",
        ),
        (
            received(40, 40, landing(30, 40)),
            "Batch b-1 was received: 40 units, as expected; 30 had a buyer by then.",
        ),
        (
            received(40, 38, landing(0, 0)),
            "Batch b-1 was received: 38 of 40 units, 2 short.",
        ),
        (
            received(40, 41, landing(0, 0)),
            "Batch b-1 was received: 41 units, 1 more than expected.",
        ),
        (
            Event::BatchCancelled {
                reference: reference.clone(),
                from: 40,
                to: 5,
                reason: None,
            },
            "Batch b-1 was cancelled: 35 units will never come; 5 had left.",
        ),
    ] {
        assert_eq!(words(&event), told);
    }
}

#[test]
fn a_shipment_is_told_from_its_creation_to_its_receipt() {
    let reference: ShipmentRef = "MV-1".parse().unwrap();
    let created = |eta, carrier: Option<&str>| Event::ShipmentCreated {
        reference: reference.clone(),
        eta,
        carrier: carrier.map(|name| name.parse().unwrap()),
        vessel: None,
        container: carrier.map(|_| "MSKU-7".parse().unwrap()),
    };
    let received = |counts: &[(&str, u64)]| {
        let counts = counts
            .iter()
            .map(|(name, count)| (name.parse().unwrap(), *count));
        Event::ShipmentReceived {
            reference: reference.clone(),
            eta: Some(TODAY),
            counts: counts.collect::<BTreeMap<_, _>>(),
        }
    };
    for (event, told) in [
        (
            created(Some(TODAY), Some("Nordic Lines")),
            "Shipment MV-1 was created, expected on 2026-03-01, carrier Nordic Lines, container MSKU-7.",
        ),
        (
            created(None, None),
            "Shipment MV-1 was created, landed already.",
        ),
        (
            Event::ShipmentEtaChanged {
                reference: reference.clone(),
                from: Some(TODAY),
                to: None,
            },
            "Shipment MV-1 has landed; it was expected on 2026-03-01.",
        ),
        (
            Event::ShipmentHeld {
                reference: reference.clone(),
                hold: noted(None, None),
            },
            "Shipment MV-1 is held (customs), and nobody knows until when.",
        ),
        (
            Event::ShipmentReleased {
                reference: reference.clone(),
            },
            "The hold of shipment MV-1 is over.",
        ),
        (
            received(&[]),
            "Shipment MV-1 was received, everything as expected.",
        ),
        (
            received(&[("b-1", 38), ("b-2", 40)]),
            "Shipment MV-1 was received; counted: 38 of batch b-1, 40 of batch b-2.",
        ),
        (
            received(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1)]),
            "Shipment MV-1 was received; counted: 1 of batch a, 1 of batch b, 1 of batch c, 1 of batch d, \
             1 of batch e and 1 batch more.",
        ),
    ] {
        assert_eq!(words(&event), told);
    }
}

#[test]
fn an_order_is_told_with_its_lines() {
    let placed = |deliver, lines: &[&str]| Event::OrderPlaced {
        order_id: "o-1".parse().unwrap(),
        deliver,
        lines: lines.iter().map(|line| line.parse().unwrap()).collect(),
    };
    assert_eq!(
        words(&placed(Deliver::AsReady, &["a"])),
        "Order o-1 was placed with 1 line."
    );
    assert_eq!(
        words(&placed(Deliver::Together, &["a", "b"])),
        "Order o-1 was placed with 2 lines, to go out together."
    );
}
