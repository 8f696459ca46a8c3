//! Slips from a CSV file with a planned and an actual date in each row, plain or gzip, dirty or clean.

use csv::{ByteRecord, ReaderBuilder};
use jiff::civil::Date;

use super::Slips;
use super::dates::{self, Field, Orders};
use super::read::{DirtKind, Dirty, SlipsRead};
use crate::outcome::CliError;
use crate::rows::Input;

/// Dates further apart than this, in days, are taken for a slip of the pen.
const FAR_APART: i32 = 730;

/// What the columns are called where nobody says: our own names, then those of the delivery history of USAID's
/// Supply Chain Management System.
const PLANNED: [&str; 2] = ["planned", "Scheduled Delivery Date"];
const ACTUAL: [&str; 2] = ["actual", "Delivered to Client Date"];

/// What the columns of the file are called.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SlipColumns {
    /// The column of the planned date [default: planned, or else Scheduled Delivery Date]
    #[arg(long, value_name = "COLUMN", requires = "slips")]
    pub(crate) planned: Option<String>,
    /// The column of the actual date [default: actual, or else Delivered to Client Date]
    #[arg(long, value_name = "COLUMN", requires = "slips")]
    pub(crate) actual: Option<String>,
}

/// A row as it was read: planned, actual.
struct Row {
    line: u64,
    fields: [Option<(Field, String)>; 2],
}

/// Reads a file. What cannot be used is counted, and is no error as long as something can.
pub(crate) fn read(input: &Input, columns: &SlipColumns) -> Result<(Slips, SlipsRead), CliError> {
    let failed =
        |error: &dyn std::fmt::Display| CliError::failed(format!("cannot read {input}: {error}"));
    let source = input.open().map_err(|error| failed(&error))?;
    let (bytes, guard) = source.into_guarded();
    let mut csv = ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = csv.byte_headers().map_err(|error| failed(&error))?.clone();
    let wrong = |message: String| CliError::failed(format!("{input}: {message}"));
    let planned = find("planned", columns.planned.as_deref(), &PLANNED, &header).map_err(wrong)?;
    let actual = find("actual", columns.actual.as_deref(), &ACTUAL, &header).map_err(wrong)?;
    let mut rows = Vec::new();
    let mut orders = [Orders::default(), Orders::default()];
    let mut record = ByteRecord::new();
    while csv
        .read_byte_record(&mut record)
        .map_err(|error| failed(&error))?
    {
        guard.row();
        // The reader thinks that the first row begins where the header ends.
        let line = record.position().map_or(0, csv::Position::line).max(2);
        let field = |at: usize| {
            let text = String::from_utf8_lossy(record.get(at)?).into_owned();
            Some((dates::read(&text), text))
        };
        let fields = [field(planned.0), field(actual.0)];
        for (orders, (field, _)) in orders.iter_mut().zip(fields.iter().flatten()) {
            orders.see(*field);
        }
        rows.push(Row { line, fields });
    }
    let names = [planned.1, actual.1];
    sum_up(rows, orders, &names).map_err(wrong)
}

/// The slips of these rows, and what is to be said about the others.
fn sum_up(
    rows: Vec<Row>,
    orders: [Orders; 2],
    names: &[String; 2],
) -> Result<(Slips, SlipsRead), String> {
    let order = orders.map(|orders| orders.order());
    let count = rows.len() as u64;
    let mut dirty = Dirty::default();
    let mut days = Vec::with_capacity(rows.len());
    for Row { line, fields } in rows {
        let [planned, actual] = fields;
        let text = actual.as_ref().map(|(_, text)| text.clone());
        let read = day(planned, order[0].0)
            .map_err(|(kind, text)| (0, kind, text))
            .and_then(|planned| {
                let actual = day(actual, order[1].0).map_err(|(kind, text)| (1, kind, text))?;
                let slip = (actual - planned).get_days();
                if slip.abs() > FAR_APART {
                    return Err((1, DirtKind::FarApart, text.unwrap_or_default()));
                }
                Ok(slip)
            });
        match read {
            Ok(slip) => days.push(slip),
            Err((column, kind, text)) => dirty.add(column, kind, &text, line),
        }
    }
    let read = SlipsRead {
        planned: names[0].clone(),
        actual: names[1].clone(),
        rows: count,
        used: days.len() as u64,
        unusable: dirty.finish([&names[0], &names[1]]),
        order_unknown: order.iter().any(|(_, unknown)| *unknown),
    };
    match Slips::seen(days) {
        Some(slips) => Ok((slips, read)),
        None if count == 0 => Err("it has no rows, so there is nothing to draw from".into()),
        None => {
            let why: Vec<String> = read.unusable.iter().map(ToString::to_string).collect();
            Err(format!(
                "no row has both dates, so there is nothing to draw from; {}",
                why.join("; ")
            ))
        }
    }
}

fn day(field: Option<(Field, String)>, order: dates::Order) -> Result<Date, (DirtKind, String)> {
    let Some((field, text)) = field else {
        return Err((DirtKind::FieldMissing, String::new()));
    };
    let kind = match field.resolve(order) {
        Field::Day(day) => return Ok(day),
        Field::Empty => DirtKind::Empty,
        Field::Words => DirtKind::NoDate,
        Field::Impossible | Field::Numbers { .. } => DirtKind::ImpossibleDate,
    };
    Err((kind, text))
}

/// Where a column is, and what it is called.
fn find(
    flag: &str,
    given: Option<&str>,
    usual: &[&str],
    header: &ByteRecord,
) -> Result<(usize, String), String> {
    let names: Vec<&str> = given.map_or_else(|| usual.to_vec(), |name| vec![name]);
    for name in &names {
        let mut places = (0..header.len()).filter(|at| header.get(*at) == Some(name.as_bytes()));
        if let Some(at) = places.next() {
            if places.next().is_some() {
                return Err(format!("the header has the column `{name}` twice"));
            }
            return Ok((at, (*name).to_owned()));
        }
    }
    let there: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
    let there = there.join(", ");
    let advice = if header.len() == 1 && there.contains([';', '\t']) {
        "fields have to be separated by commas".to_owned()
    } else {
        format!("say --{flag} COLUMN")
    };
    Err(format!(
        "the header has no column `{}`, only: {there}; {advice}",
        names.join("` or `")
    ))
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
