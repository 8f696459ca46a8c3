//! Why rows were rejected, counted by kind.
//!
//! The import explains each row on its own. A summary needs few kinds, and one that the import
//! cannot know: a cancelled invoice is told by the `C` before its number.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::orders::Columns;
use crate::Outcome;

/// How many rows were rejected for each reason.
pub(super) type Rejects = BTreeMap<String, u64>;

/// Where the import puts what it rejects.
pub(super) fn path_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejects.csv");
    name.into()
}

/// Adds the rows of one rejects file, which has the original's columns beside `reason`.
pub(super) fn count(input: impl Read, columns: &Columns, rejects: &mut Rejects) -> Outcome<()> {
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(input);
    let header = csv.byte_headers()?.clone();
    let column = |name: &str| header.iter().position(|field| field == name.as_bytes());
    let reason = column("reason").ok_or("a rejects file has no column `reason`")?;
    let [order, sku, quantity] =
        [&columns.order, &columns.sku, &columns.quantity].map(|name| column(name));
    for row in csv.byte_records() {
        let row = row?;
        let text = |column: Option<usize>| {
            String::from_utf8_lossy(column.and_then(|at| row.get(at)).unwrap_or_default())
        };
        let kind = kind(
            &text(order),
            &text(sku),
            &text(quantity),
            &text(Some(reason)),
        );
        *rejects.entry(kind).or_default() += 1;
    }
    Ok(())
}

/// The kind of a rejected row. What is plain from the row itself is named the same whatever words
/// the import has for it; everything else goes by these words, without the row's own values.
fn kind(order: &str, sku: &str, quantity: &str, reason: &str) -> String {
    let plain = match quantity.trim().parse::<i128>() {
        Ok(..=-1) if order.trim_start().starts_with(['C', 'c']) => "cancelled invoice (C…)",
        Ok(..=-1) => "negative quantity",
        Ok(0) => "zero quantity",
        Err(_) if quantity.trim().is_empty() => "missing quantity",
        Err(_) => "quantity is not a whole number",
        Ok(_) if order.trim().is_empty() => "missing order id",
        Ok(_) if sku.trim().is_empty() => "missing SKU",
        Ok(_) => return without_values(order, sku, reason),
    };
    plain.to_owned()
}

/// The reason with the row's own values as `…` and every number as `#`.
fn without_values(order: &str, sku: &str, reason: &str) -> String {
    let general = without_word(&without_word(reason, order.trim()), sku.trim());
    let mut kind = String::with_capacity(general.len());
    for letter in general.chars() {
        if !letter.is_ascii_digit() {
            kind.push(letter);
        } else if !kind.ends_with('#') {
            kind.push('#');
        }
    }
    kind
}

/// The text with `…` for a word, but not for a part of one: there are SKUs of a single letter.
fn without_word(text: &str, word: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for (at, _) in text.match_indices(word) {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        if !before.ends_with(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric) {
            out.push_str(&text[rest..at]);
            out.push('…');
            rest = at + word.len();
        }
    }
    out.push_str(&text[rest..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rejected_row_is_counted_under_its_kind() {
        let columns = Columns {
            order: "order".to_owned(),
            sku: "what".to_owned(),
            quantity: "many".to_owned(),
            date: "when".to_owned(),
        };
        let file = "\
line,reason,order,when,what,many
2,quantity: must be at least 1,C17,2026-01-01,LAMP,-4
3,quantity: must be at least 1,18,2026-01-01,LAMP,-1
4,quantity: must be at least 1,19,2026-01-01,LAMP,-2
5,quantity: must be at least 1,20,2026-01-01,LAMP,0
6,quantity: is missing,21,2026-01-01,LAMP,
7,quantity: not a number,22,2026-01-01,LAMP,some
8,order_id: is empty,,2026-01-01,LAMP,1
9,sku: is empty,23,2026-01-01,,1
10,unknown SKU `SOFA`,24,2026-01-01,SOFA,1
11,unknown SKU `BED-2`,25,2026-01-01,BED-2,1
12,unknown SKU `n`,25,2026-01-01,n,1
13,line 31 of order 26 exists with quantity 5,26,2026-01-01,LAMP,1
14,too few columns
";
        let mut rejects = Rejects::new();
        count(file.as_bytes(), &columns, &mut rejects).unwrap();
        let counted: Vec<_> = rejects
            .iter()
            .map(|(kind, rows)| (kind.as_str(), *rows))
            .collect();
        assert_eq!(
            counted,
            [
                ("cancelled invoice (C…)", 1),
                ("line # of order … exists with quantity #", 1),
                ("missing SKU", 1),
                ("missing order id", 1),
                ("missing quantity", 2),
                ("negative quantity", 2),
                ("quantity is not a whole number", 1),
                ("unknown SKU `…`", 3),
                ("zero quantity", 1),
            ]
        );
    }

    #[test]
    fn rejects_lie_beside_the_file() {
        assert_eq!(
            path_of(Path::new("a/o.csv")),
            Path::new("a/o.csv.rejects.csv")
        );
    }
}
