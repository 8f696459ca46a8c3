//! The names of this machine that nobody else can give.

use std::net::IpAddr;

/// Whether `HOST:PORT` is this machine, by a name that nobody else can give.
pub fn is_local(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    // As nearly all say it.
    if matches!(host, "127.0.0.1" | "localhost") {
        return true;
    }
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
