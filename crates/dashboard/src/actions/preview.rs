//! What a command would do, as a planner sees it before it is done.

use askama::Template;
use landfall_service::summary::Summary;

use crate::format;
use crate::table::{Cell, Row, Table, Tone, column, numbers};

/// Broken or improved promises that are shown; all are counted.
const SHOWN: usize = 50;

/// A dry run's summary in a page.
#[derive(Template)]
#[template(path = "preview.html")]
pub(crate) struct Preview {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    pub(crate) figures: Vec<(String, &'static str, Tone)>,
    pub(crate) broken: Option<Table>,
    pub(crate) improved: Option<Table>,
}

impl Preview {
    /// Of a summary.
    pub(crate) fn new(summary: Summary) -> Self {
        let tone = match (summary.promises_broken, summary.promises_improved) {
            (1.., _) => Tone::Bad,
            (0, 1..) => Tone::Good,
            (0, 0) => Tone::Plain,
        };
        let alarm = |count: u64| if count > 0 { Tone::Bad } else { Tone::Plain };
        let mut figures = vec![
            (
                format::number(summary.lines_affected),
                "lines affected",
                Tone::Plain,
            ),
            (
                format::number(summary.promises_broken),
                "promises broken",
                alarm(summary.promises_broken),
            ),
            (
                format::number(summary.promises_kept),
                "promises kept",
                Tone::Plain,
            ),
            (
                format::number(summary.promises_improved),
                "promises improved",
                if summary.promises_improved > 0 {
                    Tone::Good
                } else {
                    Tone::Plain
                },
            ),
        ];
        if summary.lines_lost > 0 {
            figures.push((
                format::number(summary.lines_lost),
                "lines that would wait",
                Tone::Bad,
            ));
        }
        if summary.days_late.max > 0 {
            let most = format!("+{} d", format::number(summary.days_late.max));
            figures.push((most, "the latest", Tone::Bad));
        }
        if summary.lines_new > 0 {
            figures.push((format::number(summary.lines_new), "new lines", Tone::Plain));
        }
        let broken = (summary.promises_broken > 0).then(|| broken(&summary));
        let improved = (summary.promises_improved > 0).then(|| improved(&summary));
        Self {
            text: summary.text,
            tone,
            figures,
            broken,
            improved,
        }
    }
}

/// The promises that would be broken, the worst first.
fn broken(summary: &Summary) -> Table {
    let columns = [
        column("Order"),
        column("Line"),
        column("SKU"),
        numbers("Units"),
        numbers("Priority"),
        column("Promised"),
        column("Would be"),
        numbers("Days"),
    ];
    let rows = summary.broken.iter().take(SHOWN).map(|promise| Row {
        cells: vec![
            Cell::order(promise.order_id.as_str()),
            Cell::text(promise.line_id.as_str()),
            Cell::product(promise.sku.as_str()),
            Cell::Number(promise.quantity),
            Cell::Number(promise.priority.get().into()),
            Cell::Day(promise.from),
            promise
                .to
                .map_or(Cell::Badge(Tone::Bad, "no date".into()), Cell::Day),
            promise.days.map_or(Cell::None, |days| {
                Cell::Text(format!("+{}", format::number(days)))
            }),
        ],
    });
    let caption = shown("Promises broken", summary.promises_broken);
    Table::new("broken", caption, &columns).with_rows(rows)
}

/// The promises that would be improved.
fn improved(summary: &Summary) -> Table {
    let columns = [
        column("Order"),
        column("Line"),
        column("SKU"),
        numbers("Units"),
        column("Promised"),
        column("Would be"),
    ];
    let rows = summary.improved.iter().take(SHOWN).map(|promise| Row {
        cells: vec![
            Cell::order(promise.order_id.as_str()),
            Cell::text(promise.line_id.as_str()),
            Cell::product(promise.sku.as_str()),
            Cell::Number(promise.quantity),
            Cell::day(promise.from),
            Cell::Day(promise.to),
        ],
    });
    let caption = shown("Promises improved", summary.promises_improved);
    Table::new("improved", caption, &columns).with_rows(rows)
}

fn shown(what: &str, all: u64) -> String {
    if all > SHOWN as u64 {
        format!("{what}: the worst {SHOWN} of {}", format::number(all))
    } else {
        what.to_owned()
    }
}
