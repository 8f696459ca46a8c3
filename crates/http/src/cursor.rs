//! Cursors as the outside sees them: opaque, URL-safe, and bound to the list that gave them.
//!
//! A cursor is the view's plain one behind a checksum of itself and of the list's scope, in base64url. The
//! checksum is no secret: it keeps a cursor from being used on another list or with other filters, and
//! finds out when one was cut off or mistyped.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// What a cursor is good for: a list and its filters, as the query names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope(String);

impl Scope {
    /// The scope of this list with the filters of this query. `limit` and the cursor itself do not count:
    /// they may change from page to page. Neither does the order of the filters.
    pub(crate) fn new(list: &str, query: Option<&str>) -> Self {
        let mut filters: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes())
            .filter(|(name, _)| !matches!(&**name, "limit" | "cursor" | "after"))
            .collect();
        filters.sort_unstable();
        let mut scope = list.to_owned();
        for (name, value) in filters {
            // No parameter that is accepted has a control character in it.
            scope.extend(["\n", &*name, "\n", &*value]);
        }
        Self(scope)
    }

    fn checksum(&self, plain: &str) -> [u8; 4] {
        let bytes = self.0.bytes().chain([0]).chain(plain.bytes());
        let hash = bytes.fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        hash.to_be_bytes()
    }

    /// The cursor for the outside.
    pub(crate) fn encode(&self, plain: &str) -> String {
        let mut bytes = self.checksum(plain).to_vec();
        bytes.extend_from_slice(plain.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The view's cursor, if this scope gave it.
    pub(crate) fn decode(&self, cursor: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (checksum, plain) = bytes.split_at_checked(4)?;
        let plain = std::str::from_utf8(plain).ok()?;
        (checksum == self.checksum(plain)).then(|| plain.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was() {
        let scope = Scope::new("batches", Some("sku=A&limit=5"));
        for plain in ["", "b-1", "Größe 7/\u{1f6cb}", "12-9\u{0}x"] {
            let cursor = scope.encode(plain);
            assert!(
                cursor
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            );
            assert_eq!(scope.decode(&cursor).as_deref(), Some(plain));
        }
    }

    #[test]
    fn the_limit_and_the_order_of_filters_may_change() {
        let first = Scope::new("batches", Some("sku=A+1&available=true&limit=5"));
        let next = Scope::new(
            "batches",
            Some("cursor=abc&available=true&sku=A%201&limit=100"),
        );
        assert_eq!(first, next);
    }

    #[test]
    fn a_foreign_or_damaged_cursor_is_none() {
        let scope = Scope::new("batches", Some("sku=A"));
        let cursor = scope.encode("b-1");
        assert_eq!(Scope::new("orders", Some("sku=A")).decode(&cursor), None);
        assert_eq!(Scope::new("batches", Some("sku=B")).decode(&cursor), None);
        assert_eq!(Scope::new("batches", None).decode(&cursor), None);
        assert_eq!(scope.decode(&cursor[..cursor.len() - 1]), None);
        assert_eq!(scope.decode(&cursor[1..]), None);
        assert_eq!(scope.decode(""), None);
        assert_eq!(scope.decode("b-1"), None);
        assert_eq!(scope.decode("\u{fe0f}%"), None);
    }
}
