//! Where pages of lists begin in the file: conditions of a span of names, and the offset of an event.

use landfall_service::views::cursor::{Span, check_name};
use landfall_service::views::{Page, ViewError};

/// An event's offset; the cursor is the event's id.
pub(super) fn event(page: &Page) -> Result<u64, ViewError> {
    let parse = |after: &str| after.strip_prefix("0-")?.parse().ok();
    page.after
        .as_deref()
        .map_or(Ok(0), |after| parse(after).ok_or(ViewError::BadCursor))
}

/// The condition on this column that its names lie in a span; `?1` is [`Span::from`] and `?2` is [`Span::to`].
pub(super) fn condition(span: &Span, column: &str) -> String {
    let after = if span.inclusive { ">=" } else { ">" };
    // Without an end, ?2 is NULL, and is not asked for.
    let before = if span.to.is_some() {
        format!(" AND {column} < ?2")
    } else {
        String::new()
    };
    format!("{column} {after} ?1{before}")
}

/// Where a page of a list begins that goes by name, or by something else and then by name.
pub(super) struct Start {
    /// The names that are wanted; in a list by name those after the page before.
    pub(super) span: Span,
    /// The end of the page before: that by which the list goes, what comes first being small, and the name.
    pub(super) after: Option<(i64, String)>,
}

impl Start {
    /// In a list by name.
    pub(super) fn by_name(page: &Page, prefix: Option<&str>) -> Result<Self, ViewError> {
        check_name(page)?;
        Ok(Self {
            span: Span::new(page, prefix),
            after: None,
        })
    }

    /// In a list that goes by something else, of names that begin so.
    pub(super) fn after(after: Option<(i64, String)>, prefix: Option<&str>) -> Self {
        let span = Span::new(&Page::default(), prefix);
        Self { span, after }
    }

    /// The values of `after`.
    pub(super) fn place(&self) -> (Option<i64>, Option<&str>) {
        let after = self.after.as_ref();
        after.map_or((None, None), |(rank, name)| (Some(*rank), Some(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_event_of_ours_is_refused() {
        let page = |after: &str| Page {
            after: Some(after.into()),
            limit: 1,
        };
        assert!(event(&page("1-5")).is_err());
        assert!(event(&page("0-x")).is_err());
        assert_eq!(event(&page("0-5")).unwrap(), 5);
        assert_eq!(event(&Page::default()).unwrap(), 0);
    }
}
