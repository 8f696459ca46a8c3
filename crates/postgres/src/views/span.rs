//! Where a list by name begins and ends, as a condition.

use landfall_service::views::cursor::Span;

use super::pool::Ask;

/// The condition on a column that its names lie in the span.
pub(super) fn condition(span: &Span, column: &str, ask: &mut Ask) -> String {
    let from = ask.value(span.from.clone());
    let after = if span.inclusive { ">=" } else { ">" };
    match &span.to {
        Some(to) => {
            let to = ask.value(to.clone());
            format!("{column} {after} {from} AND {column} < {to}")
        }
        None => format!("{column} {after} {from}"),
    }
}
