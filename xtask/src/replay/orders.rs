//! The orders file: every row in memory by its day, and what each month asks for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use csv::ByteRecord;
use flate2::read::MultiGzDecoder;
use jiff::civil::Date;

use crate::Outcome;

/// What the columns that matter are called in the file.
#[derive(Debug, clap::Args)]
pub(super) struct Columns {
    /// The column with the order's id.
    #[arg(
        long = "order-column",
        value_name = "NAME",
        default_value = "InvoiceNo"
    )]
    pub(super) order: String,
    /// The column with the SKU.
    #[arg(long = "sku-column", value_name = "NAME", default_value = "StockCode")]
    pub(super) sku: String,
    /// The column with the quantity.
    #[arg(
        long = "quantity-column",
        value_name = "NAME",
        default_value = "Quantity"
    )]
    pub(super) quantity: String,
    /// The column with the day of the order, `YYYY-MM-DD`; a time behind it is ignored.
    #[arg(
        long = "date-column",
        value_name = "NAME",
        default_value = "InvoiceDate"
    )]
    pub(super) date: String,
}

/// Units asked for, by the first day of the month and the SKU. Sorted, so that a seed means the
/// same on every machine.
pub(super) type Demand = BTreeMap<Date, BTreeMap<String, u64>>;

/// The most that one line may ask for, in units: beyond it a row is rejected, so it is no demand.
const MOST: u64 = 1_000_000_000_000;
/// SKUs longer than this many characters make no batch, as its reference would be too long.
const LONGEST_SKU: usize = 240;

/// A file of orders, read.
#[derive(Debug)]
pub(super) struct Orders {
    /// The names of all columns, also of those that nobody asks for.
    pub(super) header: ByteRecord,
    /// The rows as they stand in the file, by day. At least one day.
    pub(super) days: BTreeMap<Date, Vec<ByteRecord>>,
    /// What the rows ask for.
    pub(super) demand: Demand,
    /// Rows without a day that can be read: there is no day to play them on.
    pub(super) undated: u64,
    order: usize,
}

impl Orders {
    /// The day of the first order.
    pub(super) fn first_day(&self) -> Date {
        self.days.keys().next().copied().unwrap_or_default()
    }

    /// The day of the last order.
    pub(super) fn last_day(&self) -> Date {
        self.days.keys().next_back().copied().unwrap_or_default()
    }

    /// The order that a row belongs to; empty if the row is too short.
    pub(super) fn order_id<'a>(&self, row: &'a ByteRecord) -> &'a [u8] {
        row.get(self.order).unwrap_or_default()
    }
}

/// Reads a file, compressed or not: its first bytes tell, not its name.
pub(super) fn open(path: &Path, columns: &Columns) -> Outcome<Orders> {
    let said = |error: &dyn std::fmt::Display| format!("cannot read {}: {error}", path.display());
    let mut file = BufReader::new(File::open(path).map_err(|error| said(&error))?);
    let gzip = file
        .fill_buf()
        .map_err(|error| said(&error))?
        .starts_with(&[0x1f, 0x8b]);
    let orders = if gzip {
        read(MultiGzDecoder::new(file), columns)
    } else {
        read(file, columns)
    };
    orders.map_err(|error| said(&error).into())
}

/// Reads rows of any width: a damaged one is the import's to reject, not a reason to stop here.
fn read(input: impl Read, columns: &Columns) -> Outcome<Orders> {
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let header = csv.byte_headers()?.clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|field| field == name.as_bytes())
            .ok_or_else(|| {
                let names: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
                format!(
                    "no column `{name}` among {}; the --*-column flags say other names",
                    names.join(", ")
                )
            })
    };
    let (order, sku) = (column(&columns.order)?, column(&columns.sku)?);
    let (quantity, date) = (column(&columns.quantity)?, column(&columns.date)?);

    let mut days = BTreeMap::<Date, Vec<ByteRecord>>::new();
    let mut demand = Demand::new();
    let mut undated = 0;
    for row in csv.byte_records() {
        let row = row?;
        let Some(day) = text(&row, date).and_then(|text| text.trim().parse::<Date>().ok()) else {
            undated += 1;
            continue;
        };
        if let (Some(sku), Some(units)) = (text(&row, sku), text(&row, quantity).and_then(units))
            && is_sku(sku)
        {
            let month = demand.entry(day.first_of_month()).or_default();
            let total = month.entry(sku.to_owned()).or_default();
            *total = total.saturating_add(units).min(MOST);
        }
        days.entry(day).or_default().push(row);
    }
    if days.is_empty() {
        return Err(format!("no row has a day in `{}`, as YYYY-MM-DD", columns.date).into());
    }
    Ok(Orders {
        header,
        days,
        demand,
        undated,
        order,
    })
}

fn text(row: &ByteRecord, column: usize) -> Option<&str> {
    std::str::from_utf8(row.get(column)?).ok()
}

/// The quantity, if it is one that can be ordered: returns and cancellations ask for nothing.
fn units(text: &str) -> Option<u64> {
    text.trim()
        .parse()
        .ok()
        .filter(|units| (1..=MOST).contains(units))
}

fn is_sku(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= LONGEST_SKU
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
#[path = "orders_tests.rs"]
mod tests;
