//! The chart of a simulation: an SVG file that stands alone, for light and dark screens.
//!
//! Each figure has a small panel with a bar for each policy, and the promises kept have a line over the months.
//! Nothing is told by colour alone: every bar has its name and its value beside it, every line its name at its end
//! and dashes of its own.

use std::fmt::Write as _;

use super::figures::Month;
use super::print::{self, Report, Run};

const WIDTH: u32 = 800;
const MARGIN: u32 = 24;
const TOP: u32 = 92;
/// Of a panel.
const PANEL_WIDTH: u32 = 364;
const PANEL_GAP: u32 = 24;
const TITLE: u32 = 20;
const BAR: u32 = 22;
const PLOT: u32 = 180;
/// Room for the name of a policy, and for a value.
const NAME_WIDTH: u32 = 92;
const VALUE_WIDTH: u32 = 66;

/// A figure: what it is, its value as text, and how long its bar is.
struct Figure {
    title: &'static str,
    value: fn(&Run) -> Option<f64>,
    text: fn(Option<f64>) -> String,
    /// The end of the scale, where it is not the largest value.
    most: Option<f64>,
}

const FIGURES: [Figure; 8] = [
    share("Promises kept", |run| run.figures.promises_kept),
    share("Requested dates met", |run| run.figures.requests_met),
    days("Days late, of late lines (mean)", |run| {
        run.figures.late_days.mean
    }),
    days("Days a backorder waited (mean)", |run| {
        run.figures.backorder_days.mean
    }),
    days("Dwell: days from landing to requested date (mean)", |run| {
        run.figures.dwell_days.mean
    }),
    share("Sold when it landed", |run| run.figures.sold_at_landing),
    Figure {
        title: "Stock turns a year",
        value: |run| run.figures.stock_turns,
        text: |value| print::number(value, 2),
        most: None,
    },
    Figure {
        title: "Promises told again, later",
        value: |run| exact(run.figures.promises_later),
        text: |value| print::number(value, 0),
        most: None,
    },
];

const fn share(title: &'static str, value: fn(&Run) -> Option<f64>) -> Figure {
    Figure {
        title,
        value,
        text: print::percent,
        most: Some(1.0),
    }
}

const fn days(title: &'static str, value: fn(&Run) -> Option<f64>) -> Figure {
    Figure {
        title,
        value,
        text: |value| print::number(value, 1),
        most: None,
    }
}

fn exact(count: u64) -> Option<f64> {
    u32::try_from(count).ok().map(f64::from)
}

/// The chart.
pub(crate) fn svg(report: &Report) -> String {
    let runs = &report.runs;
    let bars = BAR * count(runs.len());
    let panel = TITLE + bars + 22;
    let rows = count(FIGURES.len()).div_ceil(2);
    let plot_top = TOP + rows * panel + 8;
    let height = plot_top + TITLE + PLOT + 48;
    let mut svg = String::new();
    let heading = print::heading(report);
    let (world, slips) = heading.split_once('\n').unwrap_or((&heading, ""));
    // Writing to a text cannot fail.
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">Landfall: a simulated retailer{}</title>\n<desc id=\"desc\">{}</desc>\n\
         <style>{STYLE}</style>\n<rect class=\"paper\" width=\"{WIDTH}\" height=\"{height}\"/>\n",
        if runs.len() > 1 {
            " under several policies"
        } else {
            ""
        },
        escape(&description(report)),
    );
    text(&mut svg, MARGIN, 34, "heading", "start", &names(runs));
    text(&mut svg, MARGIN, 56, "quiet", "start", world);
    text(&mut svg, MARGIN, 73, "quiet", "start", slips);
    for (at, figure) in FIGURES.iter().enumerate() {
        let at = count(at);
        let x = MARGIN + (at % 2) * (PANEL_WIDTH + PANEL_GAP);
        bars_of(&mut svg, figure, runs, x, TOP + (at / 2) * panel);
    }
    months(&mut svg, runs, plot_top);
    svg.push_str("</svg>\n");
    svg
}

const STYLE: &str = "\
text{font:13px system-ui,sans-serif;fill:#1b2430}.heading{font-size:19px;font-weight:600}\
.title{font-weight:600}.quiet{fill:#55606e}.paper{fill:#fff}.grid{stroke:#d5dae1}.track{fill:#eef1f5}\
.bar0{fill:#1f6fb2}.bar1{fill:#c2571a}.line{fill:none;stroke-width:2}\
.line0{stroke:#1f6fb2}.line1{stroke:#c2571a;stroke-dasharray:7 4}\
@media (prefers-color-scheme:dark){text{fill:#e8ecf1}.quiet{fill:#a3adba}.paper{fill:#12171e}\
.grid{stroke:#364150}.track{fill:#222b36}.bar0{fill:#6bb1ee}.bar1{fill:#f0925a}\
.line0{stroke:#6bb1ee}.line1{stroke:#f0925a}}";

fn bars_of(svg: &mut String, figure: &Figure, runs: &[Run], x: u32, y: u32) {
    let values = runs.iter().filter_map(|run| (figure.value)(run));
    let most = figure.most.unwrap_or_else(|| values.fold(0.0, f64::max));
    text(svg, x, y + 13, "title", "start", figure.title);
    let room = PANEL_WIDTH - NAME_WIDTH - VALUE_WIDTH;
    for (at, run) in runs.iter().enumerate() {
        let value = (figure.value)(run);
        let y = y + TITLE + BAR * count(at);
        let left = x + NAME_WIDTH;
        let part = value
            .filter(|_| most > 0.0)
            .map_or(0.0, |value| value / most);
        let long = part.clamp(0.0, 1.0) * f64::from(room);
        text(svg, x, y + 14, "quiet", "start", print::name(run.policy));
        let _ = writeln!(
            svg,
            "<rect class=\"track\" x=\"{left}\" y=\"{}\" width=\"{room}\" height=\"14\" rx=\"2\"/>\
             <rect class=\"bar{at}\" x=\"{left}\" y=\"{}\" width=\"{long:.1}\" height=\"14\" rx=\"2\"/>",
            y + 3,
            y + 3,
        );
        let end = x + PANEL_WIDTH;
        text(svg, end, y + 14, "", "end", &(figure.text)(value));
    }
}

/// The share of promises kept, by the month in which they fell due.
fn months(svg: &mut String, runs: &[Run], y: u32) {
    text(
        svg,
        MARGIN,
        y + 13,
        "title",
        "start",
        "Promises kept, by the month in which they fell due",
    );
    let months: Vec<&str> = runs
        .first()
        .map(|run| {
            run.figures
                .by_month
                .iter()
                .map(|m| m.name.as_str())
                .collect()
        })
        .unwrap_or_default();
    let (left, right) = (MARGIN + 44, WIDTH - MARGIN - NAME_WIDTH);
    let (top, bottom) = (y + TITLE + 12, y + TITLE + PLOT);
    let lowest = runs
        .iter()
        .flat_map(|run| &run.figures.by_month)
        .map(share_of);
    // The scale begins at a whole tenth below the lowest, so that differences can be seen.
    let lowest = (lowest.fold(1.0, f64::min) * 10.0).floor().min(9.0) / 10.0;
    let at_y = |share: f64| {
        let part = (share - lowest) / (1.0 - lowest);
        f64::from(bottom) - part * f64::from(bottom - top)
    };
    for step in [lowest, f64::midpoint(lowest, 1.0), 1.0] {
        let y = at_y(step);
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"quiet\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} %</text>",
            left - 6,
            y + 4.0,
            step * 100.0
        );
    }
    let last = months.len().saturating_sub(1).max(1);
    let at_x = |at: usize| {
        f64::from(left) + f64::from(right - left) * f64::from(count(at)) / f64::from(count(last))
    };
    let every = months.len().div_ceil(8).max(1);
    for (at, month) in months.iter().enumerate().step_by(every) {
        let _ = writeln!(
            svg,
            "<text class=\"quiet\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{month}</text>",
            at_x(at),
            bottom + 18
        );
    }
    let mut labels: Vec<f64> = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        let known = run.figures.by_month.iter().filter_map(|month| {
            let at = months.iter().position(|name| *name == month.name)?;
            Some((at_x(at), at_y(share_of(month))))
        });
        let points: Vec<(f64, f64)> = known.collect();
        let joined: Vec<_> = points
            .iter()
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline class=\"line line{number}\" points=\"{}\"/>",
            joined.join(" ")
        );
        if let Some((_, y)) = points.last() {
            // Two names are not written over each other.
            let taken = labels.iter().any(|other| (other - y).abs() < 14.0);
            let y = if taken { y + 15.0 } else { *y };
            labels.push(y);
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{:.1}\">{}</text>",
                right + 6,
                y + 4.0,
                print::name(run.policy)
            );
        }
    }
}

fn share_of(month: &Month) -> f64 {
    let of = |count: u64| exact(count).unwrap_or(0.0);
    if month.due == 0 {
        1.0
    } else {
        of(month.kept) / of(month.due)
    }
}

/// All figures in words, for those who do not see the chart.
fn description(report: &Report) -> String {
    let mut words = print::heading(report).replace('\n', "; ");
    for figure in &FIGURES {
        let _ = write!(words, ". {}: ", figure.title);
        let each = report.runs.iter().map(|run| {
            let value = (figure.text)((figure.value)(run));
            format!("{} {value}", print::name(run.policy))
        });
        words.push_str(&each.collect::<Vec<_>>().join(", "));
    }
    words
}

fn names(runs: &[Run]) -> String {
    let names: Vec<_> = runs.iter().map(|run| print::name(run.policy)).collect();
    format!("Simulated trading: {}", names.join(" and "))
}

fn text(svg: &mut String, x: u32, y: u32, class: &str, anchor: &str, words: &str) {
    let words = escape(words);
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{words}</text>"
    );
}

fn escape(words: &str) -> String {
    words
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
