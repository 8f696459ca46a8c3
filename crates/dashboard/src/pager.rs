//! The pages of a list: the next one, the first one, and the way back.
//!
//! A list is read from a cursor on, so that a page costs the same wherever it lies, and none knows the one before it.
//! The address carries the way that led there: the cursors of the pages before, without the first one, which has none.

use crate::params::Params;

/// Where a page of a list is read from.
const CURSOR: &str = "cursor";
/// The cursors of the pages before, the last one last.
const BACK: &str = "back";
/// Bytes of the way back. Of a longer one the beginning is left out; the first page is always there.
const MOST: usize = 1_500;

/// What an address has for its pages.
pub(crate) const NAMES: [&str; 2] = [CURSOR, BACK];

/// The links below a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pager {
    pub(crate) first: Option<String>,
    pub(crate) previous: Option<String>,
    pub(crate) next: Option<String>,
}

impl Pager {
    /// Of the page that an address leads to. `next`: where the next page begins.
    pub(crate) fn new(path: &str, params: &Params, next: Option<&str>) -> Self {
        let now = params.get(CURSOR);
        let trail = params.all(BACK);
        let at = |cursor: &str, trail: &[&str]| {
            let page = beginning(params).with(CURSOR, Some(cursor));
            let page = trail.iter().fold(page, |page, one| page.and(BACK, one));
            page.url(path)
        };
        let next = next.map(|next| {
            let trail: Vec<_> = trail.iter().copied().chain(now).collect();
            at(next, short(&trail))
        });
        let previous = now.and(trail.split_last());
        Self {
            first: now.map(|_| beginning(params).url(path)),
            previous: previous.map(|(last, trail)| at(last, trail)),
            next,
        }
    }

    /// Of the page that begins after so many of all items. `at`: where the page is that begins there.
    pub(crate) fn counted(
        after: usize,
        size: usize,
        all: usize,
        at: impl Fn(usize) -> String,
    ) -> Self {
        let before = after.checked_sub(size).filter(|place| *place > 0);
        let end = after.saturating_add(size);
        Self {
            first: (after > 0).then(|| at(0)),
            previous: before.map(&at),
            next: (end < all).then(|| at(end)),
        }
    }

    /// Whether there is nothing but this page.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The same list from its beginning on.
pub(crate) fn beginning(params: &Params) -> Params {
    NAMES
        .iter()
        .fold(params.clone(), |params, name| params.with(name, None))
}

/// The end of a way that is not too long for an address.
fn short<'a, 'b>(trail: &'a [&'b str]) -> &'a [&'b str] {
    let mut bytes = 0;
    let fits = trail.iter().rev().take_while(|one| {
        bytes += one.len();
        bytes <= MOST
    });
    &trail[trail.len() - fits.count()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pager(query: &str, next: Option<&str>) -> Pager {
        Pager::new("/batches", &Params::read(query), next)
    }

    #[test]
    fn each_page_leads_back_to_the_one_before() {
        let first = pager("sort=eta", Some("b"));
        assert_eq!((&first.first, &first.previous), (&None, &None));
        let mut at = first.next.unwrap();
        assert_eq!(at, "/batches?sort=eta&cursor=b");
        let mut addresses = vec![at.clone()];
        for next in ["d", "f", "h"] {
            let (_, query) = at.split_once('?').unwrap();
            at = pager(query, Some(next)).next.unwrap();
            addresses.push(at.clone());
        }
        while let Some(last) = addresses.pop() {
            let (_, query) = last.split_once('?').unwrap();
            let page = pager(query, None);
            assert_eq!(page.first.as_deref(), Some("/batches?sort=eta"));
            assert_eq!(page.previous.as_ref(), addresses.last());
        }
        assert!(pager("sort=eta", None).is_empty());
    }

    #[test]
    fn pages_of_what_is_counted_lead_there_and_back() {
        let at = |after| {
            let Pager {
                first,
                previous,
                next,
            } = Pager::counted(after, 50, 120, |to| to.to_string());
            [first, previous, next].map(Option::unwrap_or_default)
        };
        assert_eq!(at(0), ["", "", "50"]);
        assert_eq!(at(50), ["0", "", "100"]);
        assert_eq!(at(100), ["0", "50", ""]);
    }

    #[test]
    fn a_long_way_back_loses_its_beginning() {
        let name = "n".repeat(100);
        let mut at = pager("", Some(&name)).next.unwrap();
        for _ in 0..40 {
            let (_, query) = at.split_once('?').unwrap();
            at = pager(query, Some(&name)).next.unwrap();
        }
        assert_eq!(at.matches("back=").count(), MOST / name.len());
    }
}
