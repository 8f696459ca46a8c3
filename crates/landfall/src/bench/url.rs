//! The address in `--url`: loopback only, so that nobody puts somebody else's service under load.

use super::BenchError;
use std::net::{SocketAddr, ToSocketAddrs};

/// The address of a service on this machine.
pub(super) fn loopback(url: &str) -> Result<SocketAddr, BenchError> {
    let wrong = |reason: &str| BenchError::Url {
        url: url.to_owned(),
        reason: reason.to_owned(),
    };
    let rest = url
        .strip_prefix("http://")
        .ok_or_else(|| wrong("must begin with http://"))?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
        return Err(wrong("must be http://HOST:PORT and nothing more"));
    }
    // A port is looked for after a bracketed IPv6 address only.
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(host, _)| !host.is_empty())
        && !authority.ends_with(']');
    let with_port = if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let addresses: Vec<_> = with_port
        .to_socket_addrs()
        .map_err(|error| wrong(&format!("cannot be resolved: {error}")))?
        .collect();
    if !addresses.iter().all(|address| address.ip().is_loopback()) {
        return Err(wrong(
            "only a service on this machine (127.0.0.1, ::1, localhost) is loaded",
        ));
    }
    // `localhost` has two addresses where most services listen on the older one.
    let preferred = addresses.iter().find(|address| address.is_ipv4());
    preferred
        .or(addresses.first())
        .copied()
        .ok_or_else(|| wrong("has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_may_be_loaded() {
        for (url, address) in [
            ("http://127.0.0.1:5005", "127.0.0.1:5005"),
            ("http://127.8.8.8:5005/", "127.8.8.8:5005"),
            ("http://127.0.0.1", "127.0.0.1:80"),
            ("http://[::1]:5005", "[::1]:5005"),
            ("http://[::1]", "[::1]:80"),
        ] {
            assert_eq!(loopback(url).unwrap().to_string(), address, "{url}");
        }
    }

    #[test]
    fn other_machines_may_not() {
        for url in [
            "http://192.0.2.1:5005",
            "http://0.0.0.0:5005",
            "http://[2001:db8::1]:80",
        ] {
            let error = loopback(url).unwrap_err().to_string();
            assert!(error.contains("only a service on this machine"), "{error}");
        }
    }

    #[test]
    fn what_is_not_a_plain_url_is_refused() {
        for url in [
            "https://127.0.0.1",
            "127.0.0.1:5005",
            "http://",
            "http://127.0.0.1:5005/v1",
            "http://127.0.0.1@192.0.2.1:80",
            "http://127.0.0.1:port",
        ] {
            assert!(loopback(url).is_err(), "{url}");
        }
    }
}
