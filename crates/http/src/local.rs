//! While there are no keys, only this machine is let in, and of this machine not its browser on a stranger's
//! behalf: a page from anywhere can send requests to 127.0.0.1, or have its own name lead there.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{HOST, HeaderValue, ORIGIN};

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

/// Whether `HOST:PORT` is this machine, by a name that nobody else can give.
fn is_local(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    match bare.unwrap_or(host).parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_own_names_only() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:5005",
            "localhost",
            "LocalHost:80",
            "[::1]:5005",
            "[::1]",
            "127.9.9.9",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            "example.com",
            "example.com:5005",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "10.0.0.1",
            "0.0.0.0",
            "a@127.0.0.1",
            "[::1",
            "[::2]:1",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }
}
