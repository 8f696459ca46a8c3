//! What a replay counted, the table of it, and whether it adds up.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};

use super::landfall::{Audit, Imported};
use super::rejects::Rejects;
use super::supply::{Change, Supply};

/// The figures of one replay.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Days with orders.
    days: u64,
    /// Rows that were handed to the import.
    rows: u64,
    /// Rows left out, as no day could be read in them.
    pub(super) undated: u64,
    /// Different orders among the rows.
    pub(super) orders: usize,
    /// What the imports said, added up.
    imported: Imported,
    pub(super) rejects: Rejects,
    batches: u64,
    arrivals: u64,
    quantity_changes: u64,
    eta_changes: u64,
    /// The whole replay, without the build and the audit.
    pub(super) elapsed: Duration,
    /// Of it, the imports of orders, each with the start of its process.
    pub(super) importing: Duration,
    /// Processor time taken by neighbours meanwhile, in percent.
    pub(super) steal: Option<u64>,
    pub(super) audit: Audit,
}

impl Summary {
    /// Adds a day's supply.
    pub(super) fn count_supply(&mut self, supply: &Supply) {
        self.batches += count(supply.batches.len());
        for change in &supply.changes {
            *match change {
                Change::ChangeBatchQuantity { .. } => &mut self.quantity_changes,
                Change::ChangeBatchEta { eta: Some(_), .. } => &mut self.eta_changes,
                Change::ChangeBatchEta { eta: None, .. } => &mut self.arrivals,
            } += 1;
        }
    }

    /// Adds a day's orders.
    pub(super) fn count_orders(&mut self, rows: usize, imported: &Imported) {
        self.days += 1;
        self.rows += count(rows);
        let sum = &mut self.imported;
        sum.rows += imported.rows;
        sum.accepted += imported.accepted;
        sum.unchanged += imported.unchanged;
        sum.rejected += imported.rejected;
        sum.allocated += imported.allocated;
        sum.backordered += imported.backordered;
    }

    /// What does not add up, in sentences; nothing if all is well.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut same = |what: &str, left: u64, right: u64| {
            if left != right {
                problems.push(format!("{what}: {left} and {right}"));
            }
        };
        let sum = &self.imported;
        same(
            "rows handed over, and rows the imports read",
            self.rows,
            sum.rows,
        );
        let answered = sum.accepted + sum.unchanged + sum.rejected;
        same(
            "rows the imports read, and rows they answered for",
            sum.rows,
            answered,
        );
        let explained = self.rejects.values().sum();
        same(
            "rows rejected, and rows in the rejects files",
            sum.rejected,
            explained,
        );
        let placed = sum.allocated + sum.backordered;
        same(
            "lines accepted, and lines allocated or backordered",
            sum.accepted,
            placed,
        );
        if let Some(lines) = self.audit.lines {
            same(
                "lines accepted, and lines in the database",
                sum.accepted,
                lines,
            );
        }
        if let Some(batches) = self.audit.batches {
            same(
                "batches imported, and batches in the database",
                self.batches,
                batches,
            );
        }
        if !self.audit.ok {
            problems.push(format!(
                "the audit failed with {} findings",
                self.audit.findings.len()
            ));
            problems.extend(
                self.audit
                    .findings
                    .iter()
                    .take(20)
                    .map(|found| format!("audit: {found}")),
            );
        }
        problems
    }

    /// The one table of the replay.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new();
        table
            .load_style(presets::UTF8_FULL_CONDENSED)
            .set_header(["replay", ""]);
        for (what, figure) in self.figures() {
            table.add_row([what, figure]);
        }
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }

    fn figures(&self) -> Vec<(String, String)> {
        let mut figures = Vec::new();
        let mut put = |what: &str, figure: String| figures.push((what.to_owned(), figure));
        let sum = &self.imported;
        put("rows read", grouped(self.rows));
        put("days with orders", grouped(self.days));
        put("orders", grouped(count(self.orders)));
        put("lines accepted", grouped(sum.accepted));
        put("  allocated at once", grouped(sum.allocated));
        put("  backordered at first", grouped(sum.backordered));
        if sum.unchanged > 0 {
            put("lines that were there already", grouped(sum.unchanged));
        }
        put("rows rejected", grouped(sum.rejected));
        for (reason, rows) in &self.rejects {
            put(&format!("  {reason}"), grouped(*rows));
        }
        if self.undated > 0 {
            put("rows left out: no readable day", grouped(self.undated));
        }
        put("batches", grouped(self.batches));
        put("  arrived in the warehouse", grouped(self.arrivals));
        put("  quantity changed", grouped(self.quantity_changes));
        put("  ETA changed", grouped(self.eta_changes));
        let told: [(&str, Option<u64>); 6] = [
            ("backorders filled later, at least", self.filled_later()),
            ("lines allocated at the end", self.audit.allocated_lines),
            ("lines waiting at the end", self.audit.backordered_lines),
            ("promises changed", self.audit.promises_changed),
            ("lines later than first promised", self.audit.late_lines),
            ("events", self.audit.events),
        ];
        for (what, figure) in told {
            if let Some(figure) = figure {
                put(what, grouped(figure));
            }
        }
        put("elapsed", format!("{:.1} s", self.elapsed.as_secs_f64()));
        put(
            "  importing orders",
            format!("{:.1} s", self.importing.as_secs_f64()),
        );
        put(
            "  lines/s of that",
            grouped(per_second(sum.accepted, self.importing)),
        );
        if let Some(steal) = self.steal {
            put("processor time stolen", format!("{steal} %"));
        }
        put(
            "audit",
            if self.audit.ok {
                "passed".to_owned()
            } else {
                "FAILED".to_owned()
            },
        );
        figures
    }

    /// Lines that waited at first less those that wait now. A cut batch can send lines back to
    /// waiting, so the true figure is this or more.
    fn filled_later(&self) -> Option<u64> {
        self.audit
            .backordered_lines
            .map(|waiting| self.imported.backordered.saturating_sub(waiting))
    }
}

/// A length as a figure; no memory holds more than fits.
fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn per_second(lines: u64, time: Duration) -> u64 {
    let rate = u128::from(lines) * 1_000_000 / time.as_micros().max(1);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// 1234567 as 1,234,567.
fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten rows, all accounted for.
    fn right() -> Summary {
        let mut summary = Summary {
            orders: 4,
            ..Summary::default()
        };
        let imported = Imported {
            rows: 10,
            accepted: 8,
            unchanged: 0,
            rejected: 2,
            allocated: 5,
            backordered: 3,
        };
        summary.count_orders(10, &imported);
        summary.rejects.insert("zero quantity".to_owned(), 2);
        summary.importing = Duration::from_millis(500);
        summary.audit = Audit {
            ok: true,
            lines: Some(8),
            backordered_lines: Some(1),
            ..Audit::default()
        };
        summary
    }

    #[test]
    fn figures_that_add_up_are_no_problem() {
        let summary = right();
        assert_eq!(summary.problems(), Vec::<String>::new());
        let table = summary.table().to_string();
        for (what, figure) in [
            ("zero quantity", "2"),
            ("backorders filled later", "2"),
            ("lines/s", "16"),
            ("audit", "passed"),
        ] {
            let row = table.lines().find(|line| line.contains(what)).unwrap();
            assert!(
                row.trim_end_matches([' ', '│'])
                    .ends_with(&format!(" {figure}")),
                "{row}"
            );
        }
    }

    #[test]
    fn a_line_or_row_that_goes_missing_is_a_problem() {
        let mut summary = right();
        summary.audit.lines = Some(7);
        assert_eq!(
            summary.problems(),
            ["lines accepted, and lines in the database: 8 and 7"]
        );

        let mut summary = right();
        summary.imported.rejected = 1;
        assert_eq!(
            summary.problems().len(),
            2,
            "one row has no answer, one reject too many"
        );
    }

    #[test]
    fn a_failed_audit_is_a_problem_with_its_findings() {
        let mut summary = right();
        summary.audit.ok = false;
        summary.audit.findings = vec!["batch B is over-allocated".into()];
        assert_eq!(
            summary.problems(),
            [
                "the audit failed with 1 findings",
                "audit: \"batch B is over-allocated\""
            ]
        );
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
