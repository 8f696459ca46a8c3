//! Sparklines: how a figure went over the last days, without axes.

use std::fmt::Write as _;

use askama::Template;

const WIDTH: f64 = 100.0;
const HEIGHT: f64 = 24.0;
/// Room for the line's own width at the edges.
const EDGE: f64 = 1.5;

/// A line through the values of consecutive days. Days without a value are passed over.
#[derive(Template)]
#[template(
    source = r#"<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true"><path d="{{ path }}"/></svg>"#,
    ext = "html"
)]
pub(crate) struct Spark {
    path: String,
}

impl Spark {
    /// Of these values, the oldest first. The line's foot is 0.
    pub(crate) fn new(values: &[Option<f64>]) -> Self {
        let most = values.iter().flatten().copied().fold(0.0_f64, f64::max);
        let step = WIDTH / f64::from(u32::try_from(values.len().max(2) - 1).unwrap_or(1));
        let mut path = String::new();
        let mut x = 0.0;
        for value in values {
            if let Some(value) = value {
                let share = if most > 0.0 { value / most } else { 0.0 };
                let y = HEIGHT - EDGE - share * (HEIGHT - 2.0 * EDGE);
                let first = path.is_empty();
                let command = if first { 'M' } else { 'L' };
                // Into text: it cannot fail.
                let _ = write!(path, "{command}{x:.1} {y:.1}");
                // A day alone is a dot.
                if first {
                    path.push_str("h.1");
                }
            }
            x += step;
        }
        Self { path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(values: &[Option<f64>]) -> String {
        Spark::new(values).path
    }

    #[test]
    fn the_most_is_at_the_top_and_nothing_at_the_foot() {
        assert_eq!(
            path(&[Some(0.0), Some(5.0), Some(10.0)]),
            "M0.0 22.5h.1L50.0 12.0L100.0 1.5"
        );
    }

    #[test]
    fn a_day_without_a_value_is_passed_over() {
        let path = path(&[Some(1.0), None, Some(1.0)]);
        assert_eq!(path, "M0.0 1.5h.1L100.0 1.5");
    }

    #[test]
    fn no_days_are_no_line() {
        assert_eq!(path(&[]), "");
        assert_eq!(path(&[None, None]), "");
        assert!(path(&[Some(0.0); 3]).contains("22.5"));
    }
}
