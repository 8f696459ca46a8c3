//! The words of a message: its subject and its body, in plain text.
//!
//! Names of things come from outside and may say anything. What could end a line or turn the writing around is
//! shown as a mark in its place, so that a name is a name and never a header or another row.

use std::collections::BTreeMap;

use jiff::civil::Date;
use landfall_domain::events::PromiseCause;

use super::digest::Held;
use super::notice::{Goods, Notice};

/// The longest subject, in characters.
const SUBJECT: usize = 150;
/// A column is filled up to this width, in characters; what is wider is shown whole.
const WIDTH: usize = 40;

/// Subject and body of a message about one thing.
pub(super) fn single(notice: &Notice) -> (String, String) {
    let (subject, body) = match notice {
        Notice::OutOfStock { sku, .. } => {
            // To the letter what the book's service says.
            let text = format!("Out of stock for {}", clean(sku.as_str()));
            (text.clone(), text)
        }
        Notice::PromiseChanged {
            sku,
            order_id,
            line_id,
            from,
            to,
            cause,
        } => {
            let order = clean(order_id.as_str());
            let (line, sku) = (clean(line_id.as_str()), clean(sku.as_str()));
            let (was, is) = (promise(*from), promise(*to));
            let because = because(*cause);
            (
                format!("Promise changed from {was} to {is}: order {order}, line {line}"),
                format!(
                    "A promise has changed.\n\nOrder:    {order}\nLine:     {line}\nSKU:      {sku}\n\
                     Was:      {was}\nIs now:   {is}\nBecause:  {because}\n"
                ),
            )
        }
        Notice::Late { goods, from, to } => {
            let (what, of) = match goods {
                Goods::Batch(reference, sku) => (
                    format!("Batch {}", clean(reference.as_str())),
                    format!("SKU:      {}\n", clean(sku.as_str())),
                ),
                Goods::Shipment(reference) => (
                    format!("Shipment {}", clean(reference.as_str())),
                    String::new(),
                ),
            };
            let was = expected(*from);
            let days = days(*from, *to);
            (
                format!("{what} is late: {to}"),
                format!("{what} is expected later.\n\n{of}Was:      {was}\nIs now:   {to}{days}\n"),
            )
        }
    };
    (shorten(subject), body)
}

/// Subject and body of a message about many things of one kind, which are in the order in which they came.
pub(super) fn digest(held: &[Held], rows: usize) -> (String, String) {
    let subject = heading(held);
    let (header, table) = table_of(held);
    let shown = table.len().min(rows);
    let more = match table.len() - shown {
        0 => String::new(),
        more => format!("and {more} more\n"),
    };
    let times = held.iter().map(|held| held.time);
    let minute =
        |time: Option<jiff::Timestamp>| time.unwrap_or_default().strftime("%Y-%m-%d %H:%M");
    let (first, last) = (minute(times.clone().min()), minute(times.max()));
    let table = table_text(&header, &table[..shown]);
    let body = format!("{subject}.\n\n{table}{more}\nRecorded from {first} to {last} UTC.\n");
    (shorten(subject), body)
}

/// What a digest sums up.
fn heading(held: &[Held]) -> String {
    let (mut lines, mut batches, mut shipments) = (0, 0, 0);
    let (mut later, mut earlier, mut lost, mut found) = (0, 0, 0, 0);
    let mut products = std::collections::BTreeSet::new();
    for held in held {
        match &held.notice {
            Notice::OutOfStock { sku, .. } => {
                lines += 1;
                products.insert(sku);
            }
            Notice::PromiseChanged { from, to, .. } => match (from, to) {
                (_, None) => lost += 1,
                (None, Some(_)) => found += 1,
                (Some(from), Some(to)) if to > from => later += 1,
                (Some(_), Some(_)) => earlier += 1,
            },
            Notice::Late {
                goods: Goods::Batch(..),
                ..
            } => batches += 1,
            Notice::Late {
                goods: Goods::Shipment(_),
                ..
            } => shipments += 1,
        }
    }
    let counted = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    };
    if lines > 0 {
        let products = counted(products.len(), "product", "products");
        return format!(
            "Out of stock: {products}, {}",
            counted(lines, "order", "orders")
        );
    }
    let parts = [
        (later, "later"),
        (earlier, "earlier"),
        (lost, "without a date for now"),
        (found, "with a date again"),
    ];
    let parts: Vec<_> = parts.iter().filter(|part| part.0 > 0).collect();
    if !parts.is_empty() {
        let all = counted(later + earlier + lost + found, "promise", "promises");
        let parts: Vec<_> = parts
            .iter()
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        return format!("{all} changed: {}", parts.join(", "));
    }
    let shipments = (shipments > 0).then(|| counted(shipments, "shipment", "shipments"));
    let batches = (batches > 0).then(|| counted(batches, "batch", "batches"));
    let goods: Vec<_> = shipments.into_iter().chain(batches).collect();
    format!("Late: {}", goods.join(", "))
}

/// A table's rows, and what its columns are called. What ran out is summed up by product.
fn table_of(held: &[Held]) -> (Vec<&'static str>, Vec<Vec<String>>) {
    let mut header = Vec::new();
    let mut rows = Vec::new();
    let mut products: BTreeMap<&str, (usize, u128, &str)> = BTreeMap::new();
    for held in held {
        match &held.notice {
            Notice::OutOfStock {
                sku,
                order_id,
                quantity,
            } => {
                let sums = products
                    .entry(sku.as_str())
                    .or_insert((0, 0, order_id.as_str()));
                sums.0 += 1;
                sums.1 += u128::from(*quantity);
            }
            Notice::PromiseChanged {
                sku,
                order_id,
                line_id,
                from,
                to,
                cause,
            } => {
                header = vec!["order", "line", "SKU", "was", "is now", "because"];
                rows.push(vec![
                    clean(order_id.as_str()),
                    clean(line_id.as_str()),
                    clean(sku.as_str()),
                    promise(*from),
                    promise(*to),
                    because(*cause).to_owned(),
                ]);
            }
            Notice::Late { goods, from, to } => {
                header = vec!["what", "SKU", "was", "is now"];
                let (what, sku) = match goods {
                    Goods::Batch(batch, sku) => (
                        format!("batch {}", clean(batch.as_str())),
                        clean(sku.as_str()),
                    ),
                    Goods::Shipment(shipment) => (
                        format!("shipment {}", clean(shipment.as_str())),
                        "(all)".to_owned(),
                    ),
                };
                let is = format!("{to}{}", days(*from, *to));
                rows.push(vec![what, sku, expected(*from), is]);
            }
        }
    }
    if !products.is_empty() {
        header = vec!["SKU", "orders", "units", "first order"];
        rows = products
            .into_iter()
            .map(|(sku, (orders, units, first))| {
                vec![
                    clean(sku),
                    orders.to_string(),
                    units.to_string(),
                    clean(first),
                ]
            })
            .collect();
    }
    (header, rows)
}

/// Columns under their names, two spaces apart.
fn table_text(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        widest.clamp(header[column].len(), WIDTH)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<_> = cells
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let mut text = line(&mut header.iter().copied());
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

fn promise(date: Option<Date>) -> String {
    date.map_or_else(|| "no date".to_owned(), |date| date.to_string())
}

fn expected(date: Option<Date>) -> String {
    date.map_or_else(|| "in the warehouse".to_owned(), |date| date.to_string())
}

/// How much later, where there was a day before.
fn days(from: Option<Date>, to: Date) -> String {
    match from.map(|from| to.duration_since(from).as_hours() / 24) {
        Some(1) => " (1 day later)".to_owned(),
        Some(days) => format!(" ({days} days later)"),
        None => String::new(),
    }
}

fn because(cause: PromiseCause) -> &'static str {
    match cause {
        PromiseCause::EtaChanged => "goods are expected on another day",
        PromiseCause::Reallocated => "the line has other goods",
        PromiseCause::Held => "goods are held",
        PromiseCause::Released => "goods are no longer held",
        PromiseCause::Received => "goods were received and counted",
        PromiseCause::QuantityChanged => "a batch has another quantity",
        PromiseCause::BatchCancelled => "a batch will never come",
        PromiseCause::BatchCreated => "there is a new batch",
        PromiseCause::Amended => "a line was amended",
        PromiseCause::Cancelled => "a line was cancelled",
        PromiseCause::LineAdded => "a line was added to the order",
        PromiseCause::Dispatched => "a line was dispatched",
    }
}

/// A name, with a mark for each character that is not part of a line: controls, line and paragraph separators,
/// and what turns the direction of writing.
fn clean(text: &str) -> String {
    let unfit = |c: char| {
        c.is_control()
            || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if unfit(c) { '\u{fffd}' } else { c })
        .collect()
}

fn shorten(mut subject: String) -> String {
    if let Some((at, _)) = subject.char_indices().nth(SUBJECT) {
        subject.truncate(at);
        subject.push_str("...");
    }
    subject
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;
