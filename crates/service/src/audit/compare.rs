//! Holds the tables against the log, and against themselves.

mod lines;
mod supply;
mod views;

use landfall_domain::product::Counters;
use landfall_domain::{Allocation, Sku};
use serde::Serialize;
use serde_json::Value;

use super::Findings;
use super::ledger::{At, Ledger, LineEntry, Standing};

pub(super) use lines::line;
pub(super) use supply::{batch, shipment};
pub(super) use views::{availability, order_line};

/// Says that a thing's field in the tables is not what the log says.
pub(super) fn differ<T: PartialEq + Serialize>(
    findings: &mut Findings,
    thing: &dyn Fn() -> String,
    field: &str,
    table: &T,
    log: &T,
) {
    if table != log {
        let (table, log) = (say(table), say(log));
        findings.add(|| format!("{}: {field} is {table}; the log says {log}", thing()));
    }
}

/// A value in words, as people know it from the API: its text or number; of several fields, each with its name.
fn say(value: &impl Serialize) -> String {
    fn words(value: &Value) -> String {
        match value {
            Value::Null => "none".into(),
            Value::String(text) => text.clone(),
            Value::Array(all) if all.is_empty() => "none".into(),
            Value::Array(all) => all.iter().map(words).collect::<Vec<_>>().join(", "),
            Value::Object(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(name, value)| format!("{name} {}", words(value)));
                fields.collect::<Vec<_>>().join(", ")
            }
            Value::Bool(_) | Value::Number(_) => value.to_string(),
        }
    }
    serde_json::to_value(value).map_or_else(|error| error.to_string(), |value| words(&value))
}

/// What a line is pegged to, in words.
fn say_pegs(allocations: &[Allocation]) -> String {
    let pegs = allocations.iter();
    let pegs: Vec<String> = pegs
        .map(|peg| format!("batch {}: {} units", peg.batch, peg.quantity))
        .collect();
    if pegs.is_empty() {
        "none".into()
    } else {
        pegs.join(", ")
    }
}

/// Takes a product's row in.
pub(super) fn product(ledger: &mut Ledger, sku: &Sku, counters: Counters, findings: &mut Findings) {
    let Some(at) = ledger.find_product(sku) else {
        return findings.add(|| format!("product {sku}: the log does not know it"));
    };
    if counters.version == 0 {
        findings.add(|| format!("product {sku}: its version is 0, as if it had never changed"));
    }
    let row = &mut ledger.products[at as usize].row;
    if row.replace(counters).is_some() {
        findings.add(|| format!("product {sku}: it is there twice"));
    }
}

/// When everything was seen: what is missing, and what does not add up.
pub(super) fn finish(ledger: &mut Ledger, findings: &mut Findings) {
    heads(ledger, findings);
    for (at, entry) in (0..).zip(&ledger.lines) {
        finish_line(ledger, at, entry, findings);
    }
    supply::finish(ledger, findings);
    products(ledger, findings);
    views::finish(ledger, findings);
}

fn heads(ledger: &Ledger, findings: &mut Findings) {
    for (partition, next) in &ledger.next_offsets {
        if !ledger.heads.contains_key(partition) {
            findings.add(|| {
                format!(
                    "partition {partition}: it has events up to {} and no head",
                    next - 1
                )
            });
        }
    }
    for (partition, head) in &ledger.heads {
        let next = ledger.next_offsets.get(partition).copied().unwrap_or(1);
        if *head != next {
            findings.add(|| {
                format!(
                    "partition {partition}: its head expects offset {head}; the log expects {next}"
                )
            });
        }
    }
}

fn products(ledger: &Ledger, findings: &mut Findings) {
    let mut waiting = vec![0_u64; ledger.products.len()];
    let mut late = waiting.clone();
    for line in &ledger.lines {
        if line.standing == Standing::Backordered {
            waiting[line.product as usize] += 1;
        }
        if line.late() {
            late[line.product as usize] += 1;
        }
    }
    for ((entry, waiting), late) in ledger.products.iter().zip(waiting).zip(late) {
        let name = || format!("product {}", entry.sku);
        let Some(row) = entry.row else {
            findings.add(|| format!("{}: it is in the log and not in the tables", name()));
            continue;
        };
        let field = "the number of lines that wait";
        differ(findings, &name, field, &row.backordered, &waiting);
        let field = "the number of lines that are late";
        differ(findings, &name, field, &row.late, &late);
    }
}

fn finish_line(ledger: &Ledger, at: At, entry: &LineEntry, findings: &mut Findings) {
    let what = match entry.standing {
        Standing::Named => "its order names it, and the log does not say what became of it",
        Standing::Loose => "it lost its stock, and the log does not say what became of it",
        _ if !entry.seen => "it is in the log and not in the tables",
        _ => return,
    };
    findings.add(|| format!("line {}: {what}", ledger.line_name(at)));
}
