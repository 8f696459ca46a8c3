//! `landfall config`: what holds, who says so, what nobody may see, and what is refused.

use crate::support::{Place, Ran};

const FILE: &str = r#"
listen = "127.0.0.1:7007"
handling_days = 2

[redis]
url = "redis://app:redis-secret@cache:6379"

[[webhooks]]
name = "shop"
url = "https://hooks.example.com/services/path-secret"
headers = { authorization = "Bearer header-secret" }
secret = "whsec_aG9vay1zaWduaW5nLXNlY3JldC1obGxv"
"#;

/// The output with this file and these variables.
fn config(place: &Place, more: &[&str], variables: &[(&str, &str)]) -> Ran {
    let arguments = ["config"].iter().chain(more);
    let mut command = place.command(arguments);
    Ran::of(command.envs(variables.iter().copied()))
}

#[test]
fn what_holds_is_printed_with_who_says_so_and_without_secrets() {
    let place = Place::new();
    place.write("landfall.toml", FILE);
    let password = place.write("password", "postgres://app:database-secret@db/stock\n");
    let variables = [
        ("LANDFALL_HANDLING_DAYS", "3"),
        ("LANDFALL_KEY", "lf_0000000000000000_key-secret"),
        ("LANDFALL_DATABASE_FILE", password.to_str().unwrap()),
        ("LANDFALL_MAIL_URL", "smtp://app:mail-secret@mail:25"),
    ];
    let text = config(&place, &[], &variables).ended(0).stdout;
    for line in [
        r#"listen = "127.0.0.1:7007"  # landfall.toml"#,
        "handling_days = 3  # LANDFALL_HANDLING_DAYS",
        "remember_days = 7  # default",
        r#"database = "postgres://app:***@db/stock"  # LANDFALL_DATABASE_FILE"#,
        r#"key = "***"  # LANDFALL_KEY"#,
        "[redis]",
        r#"url = "redis://app:***@cache:6379"  # landfall.toml"#,
        r#"url = "smtp://app:***@mail:25"  # LANDFALL_MAIL_URL"#,
        "[[webhooks]]  # landfall.toml",
        r#"url = "https://hooks.example.com/***""#,
        r#"headers = "***""#,
        r#"secret = "***""#,
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "no {line} in\n{text}"
        );
    }
    let json = config(&place, &["--json"], &variables).ended(0);
    assert_eq!(json.json()["handling_days"]["value"], 3);
    assert_eq!(json.json()["listen"]["origin"], "landfall.toml");
    assert_eq!(json.json()["database"]["origin"], "LANDFALL_DATABASE_FILE");
    for said in [&text, &json.stdout] {
        assert!(!said.contains("-secret"), "{said}");
        assert!(!said.contains("whsec_"), "{said}");
    }
}

#[test]
fn what_is_printed_can_be_a_file() {
    let place = Place::new();
    let text = config(&place, &[], &[]).ended(0).stdout;
    place.write("landfall.toml", &text);
    let again = config(&place, &["--json"], &[]).ended(0).json();
    for (key, entry) in again.as_object().unwrap() {
        let from_file = entry["value"].is_null() || entry["origin"] == "landfall.toml";
        assert!(from_file, "{key}: {entry}");
    }
}

/// It is what one runs before a restart.
#[test]
fn what_a_service_would_refuse_is_refused() {
    for (file, said) in [
        ("listen = 'foo'", "--listen foo"),
        ("[tls]\ncert = 'cert.pem'", "--tls-cert needs --tls-key"),
        ("advertise = 'ftp://x'", "--advertise ftp://x"),
        (
            "advertise = 'http://127.0.0.1:0'",
            "for several replicas on PostgreSQL",
        ),
        ("otlp.url = 'https://u:secret@c'", "must be the http:// URL"),
        ("database = 'postgres://u@h/d?sslmode=secret'", "sslmode"),
        ("database = 'postgres://u:p@secret@h/d'", "written %40"),
        (
            "[redis]\nurl = 'rediss://h'\nca_file = 'none.pem'",
            "none.pem",
        ),
        (
            "[nats]\nurl = 'nats://h'\ncredentials_file = 'none.creds'",
            "credentials_file cannot be read",
        ),
    ] {
        let place = Place::new();
        place.write("landfall.toml", file);
        let refused = config(&place, &[], &[]).ended(2);
        assert!(refused.stderr.contains(said), "{file}: {refused:?}");
        assert!(refused.stdout.is_empty(), "{refused:?}");
    }
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one_wherever_it_is() {
    let place = Place::new();
    place.write(
        "landfall.toml",
        "listen = '127.0.0.1:1'\n\n[redis]\nurll = 'redis://x'\n",
    );
    // By every command, before it does anything.
    for arguments in [&["config"][..], &["audit"], &["keys", "list"]] {
        let refused = place.run(arguments).ended(2);
        let told = "landfall.toml: line 4: unknown key redis.urll; is redis.url meant?";
        assert!(refused.stderr.contains(told), "{refused:?}");
    }
    place.write("landfall.toml", "");
    let refused = config(&place, &[], &[("LANDFALL_REDIS_URI", "redis://x")]).ended(2);
    let told = "unknown variable LANDFALL_REDIS_URI; is LANDFALL_REDIS_URL meant?";
    assert!(refused.stderr.contains(told), "{refused:?}");
    // Also one of a table that only its reader knows.
    let text = "[[webhooks]]\nname = 'a'\nurl = 'https://a.example'\nevent = ['Allocated']\n";
    place.write("landfall.toml", text);
    let refused = config(&place, &[], &[]).ended(2);
    assert!(
        refused.stderr.contains("unknown field `event`"),
        "{refused:?}"
    );
    place.write("landfall.toml", "");
    // An orchestrator's variables for a service of this name are no errors.
    let theirs = [
        ("LANDFALL_PORT", "tcp://10.0.0.1:5005"),
        ("LANDFALL_SERVICE_HOST", "10.0.0.1"),
    ];
    config(&place, &[], &theirs).ended(0);
}

#[test]
fn a_wrong_value_is_told_without_repeating_a_secret() {
    let place = Place::new();
    let wrong = [("LANDFALL_DATABASE", "mysql://u:database-secret@h/db")];
    let refused = config(&place, &[], &wrong).ended(2);
    assert!(
        refused.stderr.contains("LANDFALL_DATABASE must be"),
        "{refused:?}"
    );
    assert!(!refused.stderr.contains("-secret"), "{refused:?}");
    for (section, url) in [
        ("redis", "rediss:/redis-secret"),
        ("nats", "x://:nats-secret@"),
        ("mail", "smtp:mail-secret"),
    ] {
        place.write("landfall.toml", format!("[{section}]\nurl = '{url}'\n"));
        let refused = place.run(["serve", "--listen", "127.0.0.1:0"]).ended(2);
        assert!(refused.stderr.contains(section), "{refused:?}");
        assert!(!refused.stderr.contains("-secret"), "{refused:?}");
    }
}
