//! What people see: tables on standard output, progress on standard error.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::outcome::CliError;

/// What takes less is not worth a progress bar.
const QUIET: Duration = Duration::from_secs(1);

/// A table of names and values.
pub(crate) fn pairs<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    for (name, value) in rows {
        table.add_row([name, &value]);
    }
    if let Some(values) = table.column_mut(1) {
        values.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A table of texts.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table
}

/// Writes to standard output, with a line end.
pub(crate) fn print(text: &impl Display) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| CliError::stdout(&error))
}

/// Writes one JSON object to standard output, on one line.
pub(crate) fn print_json<T: Serialize>(value: &T) -> Result<(), CliError> {
    let json = serde_json::to_string(value)
        .map_err(|error| CliError::failed(format!("the result has no JSON form: {error}")))?;
    print(&json)
}

/// A number with its thousands set apart: 1,234,567.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `2 rows`.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {thing}{plural}", thousands(number))
}

/// Shows how far something has come, on a terminal, once it has taken a second.
pub(crate) struct Progress {
    what: &'static str,
    started: Instant,
    shown: Option<ProgressBar>,
    terminal: bool,
}

impl Progress {
    /// Nothing has been done yet. `what` is done: `rows`.
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            started: Instant::now(),
            shown: None,
            terminal: std::io::stderr().is_terminal(),
        }
    }

    /// So much has been done. `part` is how far that is: of a file, its bytes and its length.
    pub(crate) fn update(&mut self, done: u64, part: Option<(u64, u64)>) {
        if !self.terminal || self.started.elapsed() < QUIET {
            return;
        }
        let bar = self.shown.get_or_insert_with(|| bar(part.is_some()));
        if let Some((position, length)) = part {
            bar.set_length(length);
            bar.set_position(position.min(length));
        }
        let seconds = self.started.elapsed().as_secs_f64();
        bar.set_message(format!(
            "{} {}, {}/s",
            thousands(done),
            self.what,
            thousands(per_second(done, seconds))
        ));
        bar.tick();
    }

    /// How long it took.
    pub(crate) fn finish(self) -> Duration {
        if let Some(bar) = self.shown {
            bar.finish_and_clear();
        }
        self.started.elapsed()
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is for a look at the speed; a float's cast saturates"
)]
fn per_second(done: u64, seconds: f64) -> u64 {
    (done as f64 / seconds.max(0.001)) as u64
}

fn bar(with_length: bool) -> ProgressBar {
    let (bar, template) = if with_length {
        (
            ProgressBar::new(0),
            "{bar:30} {percent:>3} %  {msg}  {eta} left",
        )
    } else {
        (ProgressBar::new_spinner(), "{spinner} {msg}")
    };
    // The templates are ours and right; without one, the default serves.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(number), text);
        }
        assert_eq!(count(1, "row"), "1 row");
        assert_eq!(count(2000, "row"), "2,000 rows");
    }

    #[test]
    fn a_speed_is_work_by_time() {
        assert_eq!(per_second(500, 2.0), 250);
        assert_eq!(per_second(1, 0.0), 1000);
    }
}
