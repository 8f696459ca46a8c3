//! Names in paths: percent-decoded, and checked as they are in a body.

use std::borrow::Cow;
use std::str::FromStr;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use landfall_domain::ids::BadText;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::problems::Problem;

/// What need not be encoded in a segment (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The names that the path carries, as the route's template calls them.
pub(crate) struct Names(RawPathParams);

impl<S: Send + Sync> FromRequestParts<S> for Names {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match RawPathParams::from_request_parts(parts, state).await {
            Ok(params) => Ok(Self(params)),
            Err(_) => Err(Problem::ill_formed(
                "path",
                "has a segment that is not UTF-8",
            )),
        }
    }
}

impl Names {
    /// The name that stands for this parameter.
    pub(crate) fn get<T: FromStr<Err = BadText>>(&self, parameter: &str) -> Result<T, Problem> {
        let Some((_, text)) = self.0.iter().find(|(name, _)| *name == parameter) else {
            return Err(Problem::internal(format!("the route has no {parameter}")));
        };
        text.parse()
            .map_err(|bad: BadText| Problem::ill_formed(parameter, bad.to_string()))
    }
}

/// A name as a segment of a path.
pub(crate) fn segment(name: &str) -> Cow<'_, str> {
    utf8_percent_encode(name, SEGMENT).into()
}
