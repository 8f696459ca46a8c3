//! What an endpoint may say, and that nothing of it is printed that may be secret.

use super::*;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn endpoint(more: &str) -> Result<Endpoint, toml::de::Error> {
    toml::from_str(&format!(
        "name = \"erp\"\nurl = \"https://erp.example.com/in?token=t0ps3cret\"\n{more}"
    ))
}

#[test]
fn little_has_to_be_said() {
    let endpoint = endpoint(&format!("secret = \"{SECRET}\"")).unwrap();
    assert_eq!(endpoint.sink(), "webhook:erp");
    assert_eq!(endpoint.timeout, Duration::from_secs(10));
    assert_eq!(endpoint.attempts, 3);
    assert_eq!(endpoint.give_up, Duration::from_hours(72));
    assert!(!endpoint.allow_private && !endpoint.allow_http);
    assert!(Event::KINDS.iter().all(|kind| endpoint.events.wants(kind)));
    assert_eq!(endpoint.check(), Ok(()));
}

#[test]
fn everything_can_be_said() {
    let endpoint = endpoint(&format!(
        r#"
        secrets = ["{SECRET}", "{SECRET}"]
        events = ["Allocated", "OutOfStock"]
        timeout = "2s"
        attempts = 5
        give_up = "1h 30m"
        allow_private = true
        allow_http = true
        ca_file = "/etc/ca.pem"
        headers = {{ Authorization = "Bearer t0ps3cret" }}
        "#
    ))
    .unwrap();
    assert_eq!(endpoint.secrets.0.len(), 2);
    assert!(endpoint.events.wants("Allocated") && !endpoint.events.wants("Dispatched"));
    assert_eq!(endpoint.give_up, Duration::from_mins(90));
    assert_eq!(endpoint.headers.0["authorization"], "Bearer t0ps3cret");
}

#[test]
fn what_makes_no_sense_is_refused_and_named() {
    let secret = format!("secret = \"{SECRET}\"\n");
    for (more, said) in [
        (String::new(), "`secret` must be whsec_"),
        ("secret = \"hunter2\"".into(), "a secret is whsec_"),
        ("secret = 7".into(), "`secret` must be whsec_"),
        ("secrets = []".into(), "`secret` must be whsec_"),
        (
            format!("{secret}events = [\"Alocated\"]"),
            "\"Alocated\" is no type",
        ),
        (
            format!("{secret}colour = \"blue\""),
            "unknown field `colour`",
        ),
        (format!("{secret}timeout = \"soon\""), "timeout"),
        (
            format!("{secret}headers = {{ Host = \"x\" }}"),
            "is Landfall's own",
        ),
        (
            format!("{secret}headers = {{ webhook-id = \"x\" }}"),
            "is Landfall's own",
        ),
        (
            format!("{secret}headers = {{ content-encoding = \"gzip\" }}"),
            "is Landfall's own",
        ),
        (
            format!("{secret}headers = {{ X-A = \"x\", x-a = \"y\" }}"),
            "is there twice",
        ),
        (
            format!("{secret}headers = {{ \"a b\" = \"x\" }}"),
            "is no header",
        ),
        (
            format!("{secret}headers = {{ a = \"x\\r\\nb: y\" }}"),
            "no header can have",
        ),
    ] {
        let error = endpoint(&more).unwrap_err().to_string();
        assert!(error.contains(said), "{more}: {error}");
    }
    let check = |more: &str| {
        endpoint(&format!("{secret}{more}"))
            .unwrap()
            .check()
            .unwrap_err()
    };
    for wrong in ["0s", "21s"] {
        assert!(check(&format!("timeout = \"{wrong}\"")).contains("timeout"));
    }
    assert!(check("attempts = 0").contains("attempts"));
}

#[test]
fn a_target_is_a_server_and_a_name_is_short() {
    for wrong in [
        "erp.example.com",
        "ftp://erp.example.com/",
        "https://",
        "https:///in",
        "https://:443/",
        "https://erp.example.com:/",
        "https://erp.example.com:99999/",
        "https://user:hunter2@erp.example.com/",
        "/in",
        "https://a b/",
    ] {
        let error = wrong.parse::<Target>().unwrap_err();
        assert!(!error.contains("hunter2"));
    }
    for right in [
        "https://a",
        "http://a:8080/x?y=z",
        "https://[::1]:8443/",
        "HTTPS://A/",
    ] {
        right.parse::<Target>().unwrap();
    }
    for wrong in ["", "A", "a b", "ä", &"x".repeat(65)] {
        wrong.parse::<Name>().unwrap_err();
    }
}

#[test]
fn without_tls_it_has_to_be_allowed() {
    let plain = |more: &str| {
        let text = format!("name = \"a\"\nurl = \"http://a/\"\nsecret = \"{SECRET}\"\n{more}");
        toml::from_str::<Endpoint>(&text).unwrap().check()
    };
    assert!(plain("").unwrap_err().contains("http://"));
    assert_eq!(plain("allow_http = true"), Ok(()));
    assert_eq!(plain("allow_private = true"), Ok(()));
}

#[test]
fn nothing_secret_is_printed() {
    let endpoint = endpoint(&format!(
        "secret = \"{SECRET}\"\nheaders = {{ authorization = \"Bearer t0ps3cret\" }}"
    ))
    .unwrap();
    let shown = [
        format!("{endpoint:?}"),
        format!("{endpoint:#?}"),
        toml::to_string(&endpoint).unwrap(),
    ];
    for shown in shown {
        assert!(!shown.contains("t0ps3cret"), "{shown}");
        assert!(!shown.contains("MfKQ9r8G"), "{shown}");
        for seen in ["https://erp.example.com/***", "authorization", "whsec_***"] {
            assert!(shown.contains(seen), "{shown}");
        }
    }
}
