//! While there are no keys, only this machine is let in, and of this machine not its browser on a stranger's
//! behalf: a page from anywhere can send requests to 127.0.0.1, or have its own name lead there.

use axum::extract::Request;
use axum::http::header::{HOST, HeaderValue, ORIGIN};
use landfall_service::access::is_local;

use crate::problems::{Kind, Problem};

/// Refuses a request that names another host than this machine, or comes from another's page.
pub(crate) fn only(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let authority = match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => headers.get(HOST).map(text),
    };
    let Some(authority) = authority else {
        // No browser leaves it out.
        return Ok(());
    };
    let foreign = !is_local(authority)
        || headers.get_all(ORIGIN).iter().any(|origin| {
            let origin = text(origin).split_once("://").map(|(_, host)| host);
            origin != Some(authority)
        });
    if foreign {
        return Err(Problem::new(
            Kind::Forbidden,
            "Without keys only requests to 127.0.0.1 or localhost are taken, and none from other sites' \
             pages. \"landfall keys create\" makes a key.",
        ));
    }
    Ok(())
}

fn text(value: &HeaderValue) -> &str {
    value.to_str().unwrap_or_default()
}
