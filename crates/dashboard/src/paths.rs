//! Names in addresses: what a page is about, as the last segment of its path or in its query.
//!
//! Browsers take `.` and `..` out of a path, also where they are written `%2E` (WHATWG URL, "single-dot" and
//! "double-dot" URL path segments). Things may be called so all the same: their pages have the name in the query, see
//! [`crate::links`].

use axum::RequestPartsExt as _;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::errors::Failed;
use crate::params::Params;

/// The field of the query that has a name which no path can have.
pub(crate) const FIELD: &str = "name";

/// The pages whose address has it.
pub(crate) const BY_QUERY: [&str; 4] = ["/batch", "/order", "/product", "/shipment"];

/// The one name that a page's address carries, decoded. What is no text has a page that says so, as other mistakes
/// have.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failed> {
        let path = parts.extract::<Option<Path<String>>>().await;
        let path = path.map_err(|_| {
            Failed::Bad("This address names nothing: what it says is not UTF-8.".into())
        })?;
        if let Some(Path(name)) = path {
            return Ok(Self(name));
        }
        let params = Params::read(parts.uri.query().unwrap_or_default());
        let name = params.get(FIELD).map(str::to_owned);
        name.map(Self)
            .ok_or_else(|| Failed::NotFound("page", parts.uri.path().to_owned()))
    }
}
