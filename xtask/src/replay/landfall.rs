//! The product, used as anybody would use it: its command line, exit codes and `--json`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::orders::Columns;
use crate::Outcome;
use crate::command::shown;

/// Exit code: done, but some rows were rejected.
const SOME_REJECTED: i32 = 3;

/// A binary and the database that it works on.
#[derive(Debug)]
pub(super) struct Landfall {
    program: PathBuf,
    database: String,
}

/// What an import of orders counted.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Imported {
    /// Rows of the file, without its header.
    pub(super) rows: u64,
    /// Lines that are new.
    pub(super) accepted: u64,
    /// Lines that were there already.
    pub(super) unchanged: u64,
    /// Rows that are in the rejects file.
    pub(super) rejected: u64,
    /// Of the accepted: those that found stock at once, in the warehouse or at sea.
    pub(super) allocated: u64,
    /// Of the accepted: those that wait.
    pub(super) backordered: u64,
}

/// What an audit found. What an older or newer binary does not count is left out of the summary.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Audit {
    pub(super) ok: bool,
    pub(super) batches: Option<u64>,
    pub(super) lines: Option<u64>,
    pub(super) allocated_lines: Option<u64>,
    pub(super) backordered_lines: Option<u64>,
    pub(super) events: Option<u64>,
    /// Lines whose promise is no longer the one first made.
    pub(super) promises_changed: Option<u64>,
    /// Lines promised for a later day than at first.
    pub(super) late_lines: Option<u64>,
    /// What is wrong, in whatever form the audit gives it.
    #[serde(default)]
    pub(super) findings: Vec<serde_json::Value>,
}

impl Landfall {
    /// A binary on a new database in this directory.
    pub(super) fn new(program: PathBuf, directory: &Path) -> Self {
        let database = format!("sqlite:{}", directory.join("replay.db").display());
        Self { program, database }
    }

    /// `landfall import batches`; every row has to be taken, as the replay made them itself.
    pub(super) fn import_batches(&self, file: &Path, today: Date) -> Outcome<()> {
        let mut command = self.command(&["import", "batches"]);
        command.arg(file).args(["--today", &today.to_string()]);
        finished(&mut command, &[0]).map(drop)
    }

    /// `landfall import orders`; rejected rows are expected.
    pub(super) fn import_orders(
        &self,
        file: &Path,
        columns: &Columns,
        today: Date,
    ) -> Outcome<Imported> {
        let mapping = format!(
            "orderid={},sku={},qty={}",
            columns.order, columns.sku, columns.quantity
        );
        let mut command = self.command(&["import", "orders"]);
        command
            .arg(file)
            .args(["--columns", &mapping, "--number-lines", "--json"]);
        command.args(["--today", &today.to_string()]);
        let output = finished(&mut command, &[0, SOME_REJECTED])?;
        json(&command, &output)
    }

    /// `landfall apply`; every command has to be taken.
    pub(super) fn apply(&self, file: &Path, today: Date) -> Outcome<()> {
        let mut command = self.command(&["apply"]);
        command.arg(file).args(["--today", &today.to_string()]);
        finished(&mut command, &[0]).map(drop)
    }

    /// `landfall audit`; with findings it fails, and the findings are what is wanted.
    pub(super) fn audit(&self) -> Outcome<Audit> {
        let mut command = self.command(&["audit"]);
        command.arg("--json");
        let output = finished(&mut command, &[0, 1])?;
        json(&command, &output)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).args(["--database", &self.database]);
        command
    }
}

/// Runs a command to its end; another exit code than these is an error with what it said.
fn finished(command: &mut Command, codes: &[i32]) -> Outcome<Output> {
    let output = command
        .output()
        .map_err(|error| format!("cannot start `{}`: {error}", shown(command)))?;
    if output
        .status
        .code()
        .is_some_and(|code| codes.contains(&code))
    {
        return Ok(output);
    }
    Err(format!(
        "`{}` ended with {}{}",
        shown(command),
        output.status,
        said(&output)
    )
    .into())
}

/// Reads the one JSON object that a command prints.
fn json<T: DeserializeOwned>(command: &Command, output: &Output) -> Outcome<T> {
    serde_json::from_slice(&output.stdout).map_err(|error| {
        format!(
            "`{}` printed no such JSON: {error}{}",
            shown(command),
            said(output)
        )
        .into()
    })
}

/// What a command said, on lines of its own.
fn said(output: &Output) -> String {
    let both = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    both.iter()
        .flat_map(|text| text.lines())
        .flat_map(|line| ["\n    ", line])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_that_counts_more_or_less_is_still_read() {
        let audit: Audit =
            serde_json::from_str(r#"{"ok":false,"lines":3,"new":{},"findings":["lost",{"a":1}]}"#)
                .unwrap();
        assert_eq!(
            (audit.ok, audit.lines, audit.batches),
            (false, Some(3), None)
        );
        assert_eq!(audit.findings.len(), 2);
    }

    #[test]
    fn an_import_that_counts_nothing_is_an_error() {
        assert!(serde_json::from_str::<Imported>(r#"{"rows":3}"#).is_err());
    }
}
