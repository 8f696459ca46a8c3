//! The addresses of pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::params::Params;
use crate::paths;

/// What need not be encoded in a segment (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Of the page of one thing of a list. A name that browsers would take out of a path is in the query.
fn page(list: &str, one: &str, name: &str) -> String {
    match name {
        "." | ".." => self::list(&format!("/{one}"), &[(paths::FIELD, name)]),
        _ => format!("/{list}/{}", utf8_percent_encode(name, SEGMENT)),
    }
}

/// Of an order.
pub(crate) fn order(id: &str) -> String {
    page("orders", "order", id)
}

/// The field of an order's address that says for which line one has come.
pub(crate) const LINE: &str = "line";

/// Of a line: its order, with the line first.
pub(crate) fn line(id: &str, line: &str) -> String {
    list(&order(id), &[(LINE, line)])
}

/// Of a list or page with what is set in it, besides what its address has already.
pub(crate) fn list(address: &str, fields: &[(&str, &str)]) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let set = fields
        .iter()
        .fold(Params::read(query), |params, (name, value)| {
            params.with(name, Some(value))
        });
    set.url(path)
}

/// What an address has in its query: a form that is sent by GET has it in fields.
pub(crate) fn fields(address: &str) -> Vec<(String, String)> {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    Params::read(query).others(&[])
}

/// Of a product.
pub(crate) fn product(sku: &str) -> String {
    page("products", "product", sku)
}

/// Of a batch.
pub(crate) fn batch(reference: &str) -> String {
    page("batches", "batch", reference)
}

/// Of a shipment.
pub(crate) fn shipment(reference: &str) -> String {
    page("shipments", "shipment", reference)
}

/// Of the form of a command, filled in with these fields; afterwards one is sent back to `next`.
pub(crate) fn action(command: &str, fields: &[(&str, &str)], next: &str) -> String {
    let next = [("next", next)];
    list(&format!("/do/{command}"), &[fields, &next].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_has_an_address_that_browsers_leave_alone() {
        assert_eq!(batch("B/1 ?"), "/batches/B%2F1%20%3F");
        assert_eq!(batch("..."), "/batches/...");
        assert_eq!(batch(".."), "/batch?name=..");
        assert_eq!(shipment("."), "/shipment?name=.");
        assert_eq!(line("..", "a&b"), "/order?name=..&line=a%26b");
        assert_eq!(line("SO-1", "."), "/orders/SO-1?line=.");
        assert_eq!(fields(&product("..")), [("name".into(), "..".into())]);
        assert!(fields(&product("SOFA")).is_empty());
    }
}
