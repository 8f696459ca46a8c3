//! What the product is measured against: the same HTTP stack and the same database, doing nothing more
//! than they must.

mod bare_http;
mod bare_postgres;
mod bare_sqlite;

pub(super) use bare_http::measure as measure_http;
#[cfg(test)]
pub(super) use bare_http::serve as serve_http;
pub(crate) use bare_http::{BareHttpArgs, run_bare_http};
pub(super) use bare_postgres::measure as measure_postgres;
pub(super) use bare_sqlite::{BareLoop, measure as measure_sqlite};
