use std::sync::Arc;

use landfall_domain::Command;
use landfall_domain::rejection::Difference;

use super::*;
use crate::answer::{CarriedOut, Done, Reply};

/// One of each type, with texts that JSON has to escape.
const COMMANDS: [&str; 18] = [
    r#"{"type":"CreateBatch","reference":"b-\"1\"","sku":"SOFA\\3","quantity":9,"eta":"2026-05-01","location":"NORTH"}"#,
    r#"{"type":"ChangeBatchQuantity","reference":"b-1","quantity":0,"reason":"counted again"}"#,
    r#"{"type":"ChangeBatchEta","reference":"b-1","eta":null}"#,
    r#"{"type":"HoldBatch","reference":"b-1","code":"customs","note":"é","expected_clear":"2026-05-02"}"#,
    r#"{"type":"ReleaseBatch","reference":"b-1"}"#,
    r#"{"type":"ReceiveBatch","reference":"b-1","quantity":7}"#,
    r#"{"type":"CancelBatch","reference":"b-1"}"#,
    r#"{"type":"CreateShipment","reference":"s-1","eta":"2026-05-01","vessel":"MV \"1\""}"#,
    r#"{"type":"ChangeShipmentEta","reference":"s-1","eta":"2026-05-03"}"#,
    r#"{"type":"HoldShipment","reference":"s-1","code":"paperwork"}"#,
    r#"{"type":"ReleaseShipment","reference":"s-1"}"#,
    r#"{"type":"ReceiveShipment","reference":"s-1","counts":{"b-1":4}}"#,
    r#"{"type":"Allocate","order_id":"o-1","sku":"SOFA","quantity":1000000000000,"policy":"just_in_time","split":true}"#,
    r#"{"type":"PlaceOrder","order_id":"o-2","lines":[{"sku":"A","quantity":1},{"sku":"B","quantity":2,"priority":9}],"deliver":"together"}"#,
    r#"{"type":"ChangeLineQuantity","order_id":"o-1","line_id":"SOFA","quantity":2,"if_short":"reject"}"#,
    r#"{"type":"CancelLine","order_id":"o-1","line_id":"SOFA"}"#,
    r#"{"type":"CancelOrder","order_id":"o-1"}"#,
    r#"{"type":"Dispatch","order_id":"o-1","line_id":"SOFA","quantity":1}"#,
];

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn line(number: u64, json: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    push(&mut line, number, json);
    assert_eq!(line.pop(), Some(b'\n'));
    assert!(!line.contains(&b'\n'));
    line
}

#[test]
fn a_command_arrives_with_all_that_is_known_of_it() {
    let mut kinds = Vec::new();
    for (number, json) in (7..).zip(COMMANDS) {
        let mut request = wire::parse(json.as_bytes()).unwrap();
        kinds.push(request.command.kind());
        let bare = line(number, &command(None, &request, None, None).unwrap());
        let heard = HandedOn {
            origin: None,
            trace: None,
            request: request.clone(),
        };
        assert_eq!(read_command(&bare), Some((number, Some(heard))));

        request.id = Some("k \"1\"".parse().unwrap());
        request.actor = Some("the \"shop\" é".into());
        request.let_in_by = Some(u64::MAX);
        let origin: Origin = Arc::from("a-\\7");
        let said = line(
            number,
            &command(Some(&origin), &request, None, Some(TRACE)).unwrap(),
        );
        let heard = HandedOn {
            origin: Some(origin.clone()),
            trace: Some(TRACE.into()),
            request: request.clone(),
        };
        assert_eq!(read_command(&said), Some((number, Some(heard.clone()))));

        // As a caller may write it: over several lines, with what is not read, and with an id that is said elsewhere.
        let object = json.replacen('{', "\n{\n \"more\": [1,\n2], \"id\": \"other\",", 1) + "\n";
        let said = command(
            Some(&origin),
            &request,
            Some(object.as_bytes()),
            Some(TRACE),
        );
        let said = line(number, &said.unwrap());
        assert_eq!(read_command(&said), Some((number, Some(heard))));
    }
    assert_eq!(kinds, Command::KINDS);
}

#[test]
fn a_command_that_is_too_long_is_not_said() {
    let place = |lines: usize| {
        let lines: Vec<_> = (0..lines)
            .map(|n| serde_json::json!({"sku": format!("{n:0>255}"), "quantity": 1}))
            .collect();
        let json = serde_json::json!({"type": "PlaceOrder", "order_id": "o", "lines": lines});
        wire::parse(json.to_string().as_bytes()).unwrap()
    };
    assert!(command(None, &place(1_000), None, None).is_some());
    assert_eq!(command(None, &place(4_000), None, None), None);
    let long = vec![b' '; LONGEST_COMMAND];
    assert_eq!(command(None, &place(1), Some(&long), None), None);
}

#[test]
fn what_cannot_be_read_is_told_apart_from_what_is_no_line() {
    for json in [
        "",
        "{",
        "{}",
        r#"{"type":"CancelOrder"}"#,
        r#"{"type":"CancelOrder"} {}"#,
        r#"{"type":"CancelOrder"} {"order_id":"o-1"} {}"#,
        r#"{"type":"Nothing"} {"order_id":"o-1"}"#,
        r#"{"order_id":"o-1"} {"type":"CancelOrder"}"#,
        "created line",
        "created sofa {}",
        "failed {}",
    ] {
        let said = line(3, json.as_bytes());
        assert_eq!(read_command(&said), Some((3, None)), "{json}");
        assert_eq!(read_answer(&said), None, "{json}");
    }
    for text in [
        "",
        "3",
        "x {}",
        "-3 {}",
        "99999999999999999999 {}",
        "\u{e9} {}",
    ] {
        assert_eq!(read_command(text.as_bytes()), None, "{text}");
        assert_eq!(read_answer(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_resource_arrives_as_it_is_told() {
    let batch = serde_json::json!({
        "reference": "b-\"1\"", "sku": "SOFA", "location": null, "eta": "2026-05-01", "shipment": null, "hold": null,
        "shipment_hold": null, "purchased": 9, "allocated": 1, "dispatched": 0, "available": 8, "overdue": false
    });
    let shipment = serde_json::json!({
        "reference": "s-1", "eta": null, "carrier": null, "vessel": "MV \"1\"", "container": null, "hold": null,
        "overdue": false, "purchased": 9, "allocated": 1, "dispatched": 0, "available": 8, "batch_count": 1,
        "batches": [batch]
    });
    let line = serde_json::json!({
        "order_id": "o-\"1\"", "line_id": "é", "sku": "SOFA\\3", "quantity": 3, "status": "allocated",
        "allocations": [{"batch": "b-1", "quantity": 3, "eta": "2026-05-01"}], "dispatched": 0, "requested_date": null,
        "original_promise": "2026-05-01", "current_promise": "2026-05-02", "overdue": false, "priority": 5,
        "policy": "earliest"
    });
    let order = serde_json::json!({
        "order_id": "o-1", "deliver": "together", "original_promise": "2026-05-01", "current_promise": null,
        "lines": [line]
    });
    for (number, (kind, json)) in (0..).zip([
        ("batch", batch),
        ("shipment", shipment),
        ("line", line),
        ("order", order),
    ]) {
        let reply: Reply = serde_json::from_value(serde_json::json!({kind: json})).unwrap();
        let resource = serde_json::to_vec(&Bare(&reply)).unwrap();
        for created in [true, false] {
            let done = Done {
                reply: reply.clone(),
                created,
            };
            let Some((its, Handed::Done(there))) = said(number, Some(&Ok(done.clone()))) else {
                panic!("{kind} is not carried out");
            };
            assert_eq!((its, there.created), (number, created));
            assert_eq!(there.resource, resource, "{kind}");
            assert_eq!(CarriedOut::There(there).done(), Ok(done));
        }
    }
}

#[test]
fn a_resource_that_cannot_be_read_may_have_been_made_all_the_same() {
    let Some((_, Handed::Done(there))) = read_answer(br#"1 created order {"order_id":"o-1"}"#)
    else {
        panic!("it is an answer");
    };
    let read = CarriedOut::There(there).done();
    assert!(
        matches!(
            &read,
            Err(Failure::Unavailable { outcome_unknown: true, reason }) if reason.contains("`deliver`")
        ),
        "{read:?}"
    );
}

#[test]
fn a_failure_arrives_as_it_was_given() {
    let rejection = Rejection::Conflict {
        what: "batch b-1".into(),
        differences: vec![Difference {
            field: "eta".into(),
            accepted: "null".into(),
            given: "2026-05-01".into(),
        }],
    };
    let failures = [
        Failure::Rejected(rejection),
        Failure::Busy,
        Failure::Unavailable {
            reason: "no \"disk\"".into(),
            outcome_unknown: true,
        },
        Failure::Unavailable {
            reason: String::new(),
            outcome_unknown: false,
        },
        Failure::Damaged {
            reason: "a row".into(),
        },
        Failure::Unstorable {
            reason: "a text".into(),
        },
    ];
    for (number, failure) in (0..).zip(failures) {
        let heard = said(number, Some(&Err(failure.clone())));
        assert_eq!(heard, Some((number, Handed::Failed(failure))));
    }
}

#[test]
fn what_was_not_carried_out_is_said_without_the_command() {
    let request = wire::parse(COMMANDS[0].as_bytes()).unwrap();
    let changed = Err(Failure::KeysChanged(Box::new(request)));
    assert_eq!(said(1, Some(&changed)), Some((1, Handed::KeysChanged)));
    let stopping = Err(Failure::Stopping);
    assert_eq!(said(2, Some(&stopping)), Some((2, Handed::NotTaken)));
    assert_eq!(said(3, None), Some((3, Handed::NotTaken)));
}

fn said(number: u64, answer: Option<&Answer>) -> Option<(u64, Handed)> {
    let mut lines = Vec::new();
    write_answer(&mut lines, number, answer);
    read_answer(lines.strip_suffix(b"\n").unwrap())
}
