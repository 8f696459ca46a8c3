//! What nobody may see: passwords in URLs, and keys whose whole value is secret.

/// What stands in place of a secret.
pub(crate) const MASK: &str = "***";

/// Whose user is a token where no password stands beside it; there may be several URLs, with commas between them.
const TOKENS: [&str; 2] = ["nats://", "tls://"];

/// A URL without its password: what stands between the user's name and the host, what a query calls a password, a token, a
/// secret or a key, and a user that is a token.
pub(crate) fn masked_url(url: &str) -> String {
    if TOKENS.iter().any(|scheme| url.starts_with(scheme)) {
        let each = url.split(',').map(|one| masked_one(one, true));
        return each.collect::<Vec<_>>().join(",");
    }
    masked_one(url, false)
}

fn masked_one(url: &str, token: bool) -> String {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find(['/', '?', '#']);
    let end = end.map_or(url.len(), |at| authority + at);
    let has_user = url[authority..end].contains('@');
    // Nobody escapes all that a password may have: with a colon before it, it reaches to the last sign that a host follows.
    let colon = url[authority..end].find(':').map(|at| authority + at);
    let query = url[end..].find('?').map(|at| end + at);
    let query = query.filter(|at| has_user || colon.is_none() || !url[*at..].contains('@'));
    let (before, query) = url.split_at(query.unwrap_or(url.len()));
    let host = match colon {
        Some(_) => before.rfind('@').filter(|at| *at >= authority),
        None => before[authority..end.min(before.len())]
            .rfind('@')
            .map(|at| authority + at),
    };
    let mut masked = before.to_owned();
    if let Some(host) = host {
        let from = match colon {
            Some(colon) if colon < host => colon + 1,
            _ if token => authority,
            _ => host,
        };
        if from < host {
            masked.replace_range(from..host, MASK);
        }
    }
    if let Some(query) = query.strip_prefix('?') {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) if names_a_secret(name) => format!("{name}={MASK}"),
            _ => pair.to_owned(),
        });
        masked.push('?');
        masked.push_str(&pairs.collect::<Vec<_>>().join("&"));
    }
    masked
}

fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["pass", "token", "secret", "key"]
        .iter()
        .any(|word| name.contains(word))
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
            ("nats://t0ken@a:4222", "nats://***@a:4222"),
            (
                "nats://u:p@a:4222,nats://u:p@b,tls://c",
                "nats://u:***@a:4222,nats://u:***@b,tls://c",
            ),
            (
                "http://u:p@h:4318/path?a=b&Token=t&api_key=k",
                "http://u:***@h:4318/path?a=b&Token=***&api_key=***",
            ),
            ("postgres://u:p/a?s#s@h/db", "postgres://u:***@h/db"),
            ("postgres://u:p?a@h/db?x=y", "postgres://u:***@h/db?x=y"),
            ("postgres://u:p@s/x@h/db", "postgres://u:***@h/db"),
            (
                "postgres://u@h/db?PASSWORD=p@s",
                "postgres://u@h/db?PASSWORD=***",
            ),
            (
                "postgres://u:p@h/db?password=x&application_name=me@home",
                "postgres://u:***@h/db?password=***&application_name=me@home",
            ),
            ("redis://h:6379/1?a=@", "redis://h:***@"),
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
