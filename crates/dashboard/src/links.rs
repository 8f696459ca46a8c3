//! The addresses of pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::params::Params;

/// What need not be encoded in a segment (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

fn page(list: &str, name: &str) -> String {
    format!("/{list}/{}", utf8_percent_encode(name, SEGMENT))
}

/// Of an order.
pub(crate) fn order(id: &str) -> String {
    page("orders", id)
}

/// Of a line: its order, with the line first.
pub(crate) fn line(id: &str, line: &str) -> String {
    Params::default().with("line", Some(line)).url(&order(id))
}

/// Of a list with what is set in it.
pub(crate) fn list(path: &str, fields: &[(&str, &str)]) -> String {
    let set = fields
        .iter()
        .fold(Params::default(), |params, (name, value)| {
            params.with(name, Some(value))
        });
    set.url(path)
}

/// Of a product.
pub(crate) fn product(sku: &str) -> String {
    page("products", sku)
}

/// Of a batch.
pub(crate) fn batch(reference: &str) -> String {
    page("batches", reference)
}

/// Of a shipment.
pub(crate) fn shipment(reference: &str) -> String {
    page("shipments", reference)
}

/// Of the form of a command, filled in with these fields; afterwards one is sent back to `next`.
pub(crate) fn action(command: &str, fields: &[(&str, &str)], next: &str) -> String {
    let next = [("next", next)];
    list(&page("do", command), &[fields, &next].concat())
}
