//! Names in paths.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::errors::Failed;

/// The one name that a page's path carries, decoded. What is no text has a page that says so, as other mistakes have.
pub(crate) struct Name(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failed> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(name)| Self(name)).map_err(|_| {
            Failed::Bad("This address names nothing: what it says is not UTF-8.".into())
        })
    }
}
