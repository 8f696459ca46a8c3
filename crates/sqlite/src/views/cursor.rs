//! Cursors: the key of a page's last item. Names have no line breaks, so these divide what is longer.

use std::cmp::Reverse;

use landfall_domain::shortage::QueueKey;
use landfall_domain::{LineId, LineKey, OrderId, Sku};
use landfall_service::views::{Page, ViewError};

/// What a cursor of a list by name must be: a name. (All kinds of names obey the same rules.)
pub(super) fn check_name(page: &Page) -> Result<(), ViewError> {
    match &page.after {
        Some(after) if OrderId::new(after.as_str()).is_err() => Err(ViewError::BadCursor),
        _ => Ok(()),
    }
}

/// A line's place in the queues of all products.
pub(super) fn place(page: &Page) -> Result<Option<(Sku, QueueKey)>, ViewError> {
    let parse = |text: &str| {
        let mut parts = text.split('\n');
        let sku = parts.next()?.parse().ok()?;
        let priority = Reverse(
            parts
                .next()?
                .parse()
                .ok()
                .filter(|priority| *priority <= 9)?,
        );
        let requested = parts.next()?.parse().ok()?;
        let number = parts.next()?.parse().ok()?;
        parts.next().is_none().then_some((
            sku,
            QueueKey {
                priority,
                requested,
                number,
            },
        ))
    };
    parsed(page, parse)
}

/// The cursor that [`place`] reads.
pub(super) fn of_place(sku: &Sku, key: &QueueKey) -> String {
    format!(
        "{sku}\n{}\n{}\n{}",
        key.priority.0, key.requested, key.number
    )
}

/// A line by its key.
pub(super) fn line(page: &Page) -> Result<Option<LineKey>, ViewError> {
    let parse = |text: &str| {
        let (order_id, line_id) = text.split_once('\n')?;
        Some(LineKey {
            order_id: order_id.parse().ok()?,
            line_id: line_id.parse().ok()?,
        })
    };
    parsed(page, parse)
}

/// The cursor that [`line`] reads.
pub(super) fn of_line(order_id: &OrderId, line_id: &LineId) -> String {
    format!("{order_id}\n{line_id}")
}

/// An event's offset; the cursor is the event's id.
pub(super) fn event(page: &Page) -> Result<u64, ViewError> {
    let offset = parsed(page, |text| text.strip_prefix("0-")?.parse().ok())?;
    Ok(offset.unwrap_or(0))
}

fn parsed<T>(page: &Page, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, ViewError> {
    page.after
        .as_deref()
        .map(|after| parse(after).ok_or(ViewError::BadCursor))
        .transpose()
}

/// The first text after all those that begin with `prefix`; none: there is no end.
pub(super) fn after_prefix(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // Texts are compared byte by byte, which in UTF-8 is the order of the characters.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

/// Where a list by name begins and ends.
pub(super) struct Span {
    /// Names after this one, or from it on.
    pub(super) from: String,
    pub(super) inclusive: bool,
    /// Names before this one.
    pub(super) to: Option<String>,
}

impl Span {
    pub(super) fn new(page: &Page, prefix: Option<&str>) -> Self {
        let prefix = prefix.unwrap_or_default();
        let to = after_prefix(prefix);
        match page.after.as_deref() {
            Some(after) if after >= prefix => Self {
                from: after.into(),
                inclusive: false,
                to,
            },
            _ => Self {
                from: prefix.into(),
                inclusive: true,
                to,
            },
        }
    }

    /// The condition on this column; `?1` is [`Span::from`] and `?2` is [`Span::to`].
    pub(super) fn condition(&self, column: &str) -> String {
        let after = if self.inclusive { ">=" } else { ">" };
        // Without an end, ?2 is NULL, and is not asked for.
        let before = if self.to.is_some() {
            format!(" AND {column} < ?2")
        } else {
            String::new()
        };
        format!("{column} {after} ?1{before}")
    }

    /// Whether a name lies in it.
    pub(super) fn contains(&self, name: &str) -> bool {
        let after = if self.inclusive {
            name >= &*self.from
        } else {
            name > &*self.from
        };
        after && self.to.as_deref().is_none_or(|to| name < to)
    }
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
    fn a_prefix_has_an_end() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("").as_deref(), None);
        let last = char::MAX.to_string();
        assert_eq!(after_prefix(&format!("a{last}")).as_deref(), Some("b"));
        assert_eq!(after_prefix(&last), None);
        // Between these two there are no characters, only halves of some.
        assert_eq!(after_prefix("\u{d7ff}").as_deref(), Some("\u{e000}"));
    }

    #[test]
    fn what_is_no_cursor_of_ours_is_refused() {
        let page = |after: &str| Page {
            after: Some(after.into()),
            limit: 1,
        };
        assert!(check_name(&page("")).is_err());
        assert!(event(&page("1-5")).is_err());
        assert!(event(&page("0-x")).is_err());
        assert_eq!(event(&page("0-5")).unwrap(), 5);
        assert!(line(&page("o")).is_err());
        assert!(place(&page("S\n5\n2026-01-01")).is_err());
        let key = QueueKey {
            priority: Reverse(5),
            requested: jiff::civil::Date::MAX,
            number: 7,
        };
        let sku: Sku = "S".parse().unwrap();
        assert_eq!(
            place(&page(&of_place(&sku, &key))).unwrap(),
            Some((sku, key))
        );
    }
}
