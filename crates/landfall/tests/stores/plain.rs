//! What a database tells, without what depends on how many partitions it has.

use landfall_domain::OrderLine;
use landfall_service::LogRecord;
use landfall_testkit::state::State;
use serde_json::Value;

use crate::asked::Told;

pub(crate) fn without_partitions(told: &Told) -> Told {
    let mut plain = told.clone();
    plain.answers.iter_mut().for_each(of_answer);
    // Which of several partitions' events of one instant are the last depends on the partitions.
    plain
        .pages
        .retain(|question, _| !question.starts_with("last events of "));
    plain.pages.values_mut().for_each(of_value);
    of_state(&mut plain.state);
    plain
}

/// Of several lines of an order that refuse a command, the first is named: which one that is depends on the order
/// across products. So of a refusal its kind is compared.
fn of_answer(answer: &mut Value) {
    if let Some(what) = answer["what"].as_str() {
        let kind = what.split(['{', ' ']).next().unwrap_or_default();
        *answer = Value::String(kind.to_owned());
    } else {
        of_value(answer);
    }
}

/// Numbers are given in each partition apart, and events stand in the log of theirs.
fn of_state(state: &mut State) {
    state.heads.clear();
    for (number, ..) in &mut state.products {
        *number = 0;
    }
    state.products.sort_by(|(_, a, _), (_, b, _)| a.cmp(b));
    for batch in &mut state.batches {
        batch.number = 0;
    }
    state.batches.sort_by(|a, b| a.reference.cmp(&b.reference));
    state.lines.iter_mut().for_each(of_line);
    state.lines.sort_by(|a, b| a.key.cmp(&b.key));
    for allocation in state
        .order_lines
        .iter_mut()
        .flat_map(|row| &mut row.allocations)
    {
        allocation.batch_number = 0;
    }
    state.events.iter_mut().for_each(of_record);
    // The sort keeps the order of each product's own events, and of each order's and shipment's.
    state.events.sort_by_key(stream);
}

fn of_line(line: &mut OrderLine) {
    line.number = 0;
    for allocation in &mut line.allocations {
        allocation.batch_number = 0;
    }
}

fn of_record(record: &mut LogRecord) {
    record.partition = 0;
    record.offset = 0;
    if record.command_id.starts_with('~') {
        record.command_id = "~".into();
    }
}

/// What an event is told of: its product, or its order or shipment.
fn stream(record: &LogRecord) -> (Option<String>, String) {
    let sku = record.sku.as_ref().map(ToString::to_string);
    let own = serde_json::to_value(&record.event).expect("JSON");
    let own = own
        .pointer("/data/order_id")
        .or(own.pointer("/data/reference"));
    let own = own.and_then(Value::as_str).unwrap_or_default().to_owned();
    (sku.clone(), if sku.is_none() { own } else { String::new() })
}

fn of_value(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for name in ["partition", "offset", "id", "cursors"] {
                fields.remove(name);
            }
            if let Some(Value::String(id)) = fields.get_mut("command_id")
                && id.starts_with('~')
            {
                "~".clone_into(id);
            }
            fields.values_mut().for_each(of_value);
            if let Some(Value::Array(events)) = fields.get_mut("events") {
                events.sort_by_key(stream_of);
            }
            if let Some(Value::Array(lines)) = fields.get_mut("lines") {
                lines.sort_by_key(|line| line["line_id"].to_string());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(of_value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn stream_of(event: &Value) -> (String, String) {
    let own = |name: &str| event["data"][name].to_string();
    let sku = event["sku"].to_string();
    let own = if event["sku"].is_null() {
        own("order_id") + &own("reference")
    } else {
        String::new()
    };
    (sku, own)
}
