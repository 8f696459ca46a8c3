//! What a file of slips turned out to hold: how many rows can be used, and of the others why not.

use std::collections::BTreeMap;

use serde::Serialize;

/// Examples that are kept of each kind.
const EXAMPLES: usize = 3;

/// Why a row has no slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DirtKind {
    /// The field is empty.
    Empty,
    /// There are words where a date should be.
    NoDate,
    /// It looks like a date, and the calendar does not have it.
    ImpossibleDate,
    /// The row has too few fields.
    FieldMissing,
    /// The two dates are so far apart that one of them must be wrong.
    FarApart,
}

impl DirtKind {
    fn words(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::NoDate => "is no date",
            Self::ImpossibleDate => "is a date that does not exist",
            Self::FieldMissing => "is missing in the row",
            Self::FarApart => "is more than two years from the planned date",
        }
    }
}

/// Rows that are unusable for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Dirt {
    /// The column.
    pub(crate) column: String,
    /// The reason.
    pub(crate) kind: DirtKind,
    /// How many rows.
    pub(crate) rows: u64,
    /// The first texts of that kind that differ.
    pub(crate) examples: Vec<String>,
    /// The line in the file on which the first stands.
    pub(crate) first_line: u64,
}

/// What a file turned out to hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct SlipsRead {
    /// The column of the planned day.
    pub(crate) planned: String,
    /// The column of the actual day.
    pub(crate) actual: String,
    /// Rows of the file, without its header.
    pub(crate) rows: u64,
    /// Rows that have both dates.
    pub(crate) used: u64,
    /// The other rows by their reason. A row with two is counted once, by the planned date's.
    pub(crate) unusable: Vec<Dirt>,
    /// Whether there are dates such as 1/2/12 and no row that tells which number is the month.
    pub(crate) order_unknown: bool,
}

/// Counts what cannot be used.
#[derive(Debug, Default)]
pub(super) struct Dirty(BTreeMap<(usize, DirtKind), (u64, Vec<String>, u64)>);

impl Dirty {
    /// One more row: its column (0 planned, 1 actual), and what stands there.
    pub(super) fn add(&mut self, column: usize, kind: DirtKind, text: &str, line: u64) {
        let first = || (0, Vec::new(), line);
        let (rows, examples, _) = self.0.entry((column, kind)).or_insert_with(first);
        *rows += 1;
        if examples.len() < EXAMPLES && !examples.iter().any(|example| example == text) {
            // A field can be as long as a file.
            examples.push(text.chars().take(60).collect());
        }
    }

    /// By column and kind.
    pub(super) fn finish(self, names: [&str; 2]) -> Vec<Dirt> {
        let rows = self.0.into_iter();
        rows.map(|((column, kind), (rows, examples, first_line))| Dirt {
            column: names[column.min(1)].to_owned(),
            kind,
            rows,
            examples,
            first_line,
        })
        .collect()
    }
}

impl std::fmt::Display for Dirt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.rows == 1 { "row" } else { "rows" };
        let (column, words) = (&self.column, self.kind.words());
        write!(f, "{} {plural}: {column} {words}", self.rows)?;
        let shown: Vec<String> = self
            .examples
            .iter()
            .filter(|example| !example.trim().is_empty())
            .map(|example| format!("`{example}`"))
            .collect();
        if !shown.is_empty() {
            write!(f, ", such as {}", shown.join(", "))?;
        }
        write!(f, " (first in line {})", self.first_line)
    }
}
