//! Pages for people: routes beside the API that let callers in by themselves, because browsers show no key with
//! every request. They are watched as the API is, and told who is there.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use landfall_service::access::Visitor;

use crate::serve::Peer;
use crate::{Shared, request_id};

/// Routes of another entrypoint. Each of their requests has a [`Visitor`] in its extensions.
#[derive(Default)]
pub struct Pages {
    /// The routes.
    pub router: Router,
    /// Their templates: `/metrics` counts by them.
    pub routes: &'static [&'static str],
}

/// The routes, with their visitors introduced.
pub(crate) fn introduced(router: Router, context: Shared) -> Router {
    router.layer(middleware::from_fn_with_state(context, introduce))
}

async fn introduce(State(context): State<Shared>, mut request: Request, next: Next) -> Response {
    let extensions = request.extensions();
    let visitor = Visitor {
        address: extensions.get::<Peer>().map(|peer| peer.address),
        over_tls: extensions.get::<Peer>().is_some_and(|peer| peer.over_tls),
        request_id: request_id::origin(extensions).unwrap_or_default(),
        rates: Arc::clone(&context.rates),
    };
    request.extensions_mut().insert(visitor);
    next.run(request).await
}
