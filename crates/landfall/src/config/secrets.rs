//! What nobody may see: passwords in URLs, and keys whose whole value is secret.

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// A URL without its password: what stands between the user's name and the host, and the query's `password`.
pub(crate) fn masked_url(url: &str) -> String {
    let mut masked = url.to_owned();
    let authority = masked.find("://").map_or(0, |at| at + 3);
    let end = masked[authority..]
        .find(['/', '?', '#'])
        .map_or(masked.len(), |at| authority + at);
    if let Some(at) = masked[authority..end].rfind('@')
        && let Some(colon) = masked[authority..authority + at].find(':')
    {
        masked.replace_range(authority + colon + 1..authority + at, MASK);
    }
    for name in ["password=", "passwd="] {
        if let Some(at) = masked.find(name) {
            let from = at + name.len();
            let to = masked[from..].find('&').map_or(masked.len(), |n| from + n);
            masked.replace_range(from..to, MASK);
        }
    }
    masked
}

/// A URL of which only scheme, user and host are shown.
pub(crate) fn masked_path(url: &str) -> String {
    let mut masked = masked_url(url);
    let authority = masked.find("://").map_or(0, |at| at + 3);
    if let Some(at) = masked[authority..].find(['/', '?', '#']) {
        let rest = masked.split_off(authority + at);
        if rest != "/" {
            masked.push('/');
            masked.push_str(MASK);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_and_nothing_else() {
        for (url, masked) in [
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
            ("redis://:secret@host:6379/1", "redis://:***@host:6379/1"),
            ("postgres://u:p@ss@h/db", "postgres://u:***@h/db"),
            ("postgres://u@h/db?a=b", "postgres://u@h/db?a=b"),
            (
                "postgres://h/db?user=u&password=p&x=y",
                "postgres://h/db?user=u&password=***&x=y",
            ),
            (
                "smtp://a:b@mail:25?tls=opportunistic",
                "smtp://a:***@mail:25?tls=opportunistic",
            ),
            (
                "https://hooks.example.com/a@b:c",
                "https://hooks.example.com/a@b:c",
            ),
        ] {
            assert_eq!(masked_url(url), masked);
        }
        for (url, masked) in [
            (
                "https://a:b@hooks.example.com",
                "https://a:***@hooks.example.com",
            ),
            ("https://hooks.example.com/", "https://hooks.example.com"),
            (
                "https://hooks.example.com/T0/B1/x",
                "https://hooks.example.com/***",
            ),
            (
                "https://hooks.example.com?token=x",
                "https://hooks.example.com/***",
            ),
        ] {
            assert_eq!(masked_path(url), masked);
        }
    }
}
