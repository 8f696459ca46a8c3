//! Pages for people: routes beside the API that let callers in by themselves, because browsers show no key with
//! every request. They are watched as the API is, and told who is there.

use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, Method};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use landfall_service::access::Visitor;
use tower::ServiceExt as _;

use crate::known::Known;
use crate::{Shared, answers};

/// Routes of another entrypoint. Each of their requests has a [`Visitor`] in its extensions.
#[derive(Default)]
pub struct Pages {
    /// The routes.
    pub router: Router,
    /// Their templates: `/metrics` counts by them.
    pub routes: &'static [&'static str],
    /// What answers browsers at an address where nothing is; programs are answered as everywhere.
    pub elsewhere: Option<Router>,
}

/// Answers where nothing is: a browser with a page, where there are pages.
#[derive(Clone)]
pub(crate) struct Elsewhere(Option<Router>);

impl Elsewhere {
    pub(crate) fn new(pages: Option<Router>, context: &Shared) -> Self {
        Self(pages.map(|router| introduced(router, Arc::clone(context))))
    }

    pub(crate) async fn answer(self, request: Request) -> Response {
        match self.0 {
            Some(pages) if is_lost(&request) => match pages.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            },
            _ => answers::no_route(&request).into_response(),
        }
    }
}

/// Whether a browser asks for a page at an address where nothing is. What begins with `/v1` is a program's mistake,
/// whoever makes it.
pub(crate) fn is_lost(request: &Request) -> bool {
    let path = request.uri().path();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && request.extensions().get::<MatchedPath>().is_none()
        && path != "/v1"
        && !path.starts_with("/v1/")
        && wants_page(request.headers())
}

fn wants_page(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter();
    let mut ranges = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    ranges.any(is_html)
}

/// Whether a range of media types is HTML, and taken at all (RFC 9110, 12.4.2: a weight of 0 says that it is not).
fn is_html(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let html = parts
        .next()
        .is_some_and(|kind| kind.eq_ignore_ascii_case("text/html"));
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    html && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
}

/// The routes, with their visitors introduced.
pub(crate) fn introduced(router: Router, context: Shared) -> Router {
    router.layer(middleware::from_fn_with_state(context, introduce))
}

async fn introduce(State(context): State<Shared>, mut request: Request, next: Next) -> Response {
    let known = Known::of_mut(request.extensions_mut());
    let visitor = Visitor {
        address: known.peer.map(|peer| peer.address),
        over_tls: known.over_tls(),
        request_id: known.origin().unwrap_or_default(),
        rates: Arc::clone(&context.rates),
    };
    request.extensions_mut().insert(visitor);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::is_html;

    #[test]
    fn a_browser_is_told_by_what_it_takes() {
        for taken in ["text/html", " Text/HTML;q=0.9", "text/html; level=1; q=1"] {
            assert!(is_html(taken), "{taken}");
        }
        for refused in [
            "",
            "*/*",
            "text/html;q=0",
            "text/html; q=0.000",
            "text/htmlx",
        ] {
            assert!(!is_html(refused), "{refused}");
        }
    }
}
