//! Logs: every line about a request names it and its command, and no line holds a secret.

use std::io::{Read, Write};
use std::net::TcpStream;

use landfall_testkit::servers::{self, RedisServer, SmtpSink, postgres};
use serde_json::Value;

use crate::support::{PATIENCE, Place, Service, line, plenty, secret_of, until};

/// What is answered to a request with these header lines, head and all.
fn ask(service: &Service, request: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut stream = TcpStream::connect(service.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!(
        "{request} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n",
        service.address,
        body.len()
    );
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    stream
        .write_all(format!("{head}\r\n{body}").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The lines of a log in JSON with this message.
fn lines(service: &Service, message: &str) -> Vec<Value> {
    let said = service.said();
    let lines = said.lines().map(|line| {
        let parsed: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(parsed["timestamp"].is_string() && parsed["level"].is_string());
        parsed
    });
    lines.filter(|line| line["message"] == message).collect()
}

#[test]
fn a_request_is_named_by_its_callers_id_or_by_a_new_one() {
    let place = Place::new();
    let service = place.serve(&["--log=info,landfall_http=debug", "--log-format=json"]);
    let ids = [("x-request-id", "r-77"), ("idempotency-key", "c-5")];
    let answer = ask(&service, "POST /v1/batches", &ids, &plenty("LAMP"));
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert!(answer.contains("\r\nx-request-id: r-77\r\n"), "{answer}");
    // The id may as well be the body's.
    let command = r#"{"type": "CancelOrder", "order_id": "none", "id": "c-6"}"#;
    let answer = ask(&service, "POST /v1/commands", &ids[..1], command);
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let answer = ask(
        &service,
        "GET /v1/orders",
        &[("x-request-id", "two words")],
        "",
    );
    let made = answer.split("\r\nx-request-id: ").nth(1).unwrap();
    let made = made.split("\r\n").next().unwrap();
    assert_ne!(made, "two words");

    until(|| lines(&service, "answered").len() == 3);
    let said = lines(&service, "answered");
    let told = |at: usize, name: &str| said[at][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        (told(0, "request_id"), told(0, "command_id")),
        ("r-77".into(), "c-5".into())
    );
    assert_eq!(
        (told(1, "request_id"), told(1, "command_id")),
        ("r-77".into(), "c-6".into())
    );
    assert_eq!(told(2, "request_id"), made);
    assert!(said[2]["command_id"].is_null());
    assert!(said[2]["micros"].is_u64());
    assert_eq!(
        (&said[0]["status"], told(0, "path")),
        (&201.into(), "/v1/batches".into())
    );
    assert!(service.stop().success());
}

/// The engine's own lines name the requests and commands that they are about.
#[test]
fn a_group_that_fails_names_its_requests_and_commands() {
    let place = Place::new();
    // Files may have 2 MiB (in blocks of 512 bytes); more fails as on a full disk.
    let service =
        place.serve_in_shell("trap '' XFSZ; ulimit -f 4096; export LANDFALL_LOG_FORMAT=json");
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    let mut client = service.client();
    let mut number = 0;
    loop {
        let body = line(&format!("o-{number}"), "LAMP");
        let response = client.request("POST", "/v1/allocations", &body).unwrap();
        if response.status == 503 {
            break;
        }
        number += 1;
        assert!(number < 100_000, "the disk is never full");
    }
    let ids = [("x-request-id", "r-last"), ("idempotency-key", "c-last")];
    // Now and then something small still fits.
    let refused = (0..100).any(|again| {
        let body = line(&format!("last-{again}"), "LAMP");
        ask(&service, "POST /v1/allocations", &ids, &body).starts_with("HTTP/1.1 503")
    });
    assert!(refused);
    let named = |message: &str, request: &str, command: &str| {
        let said = lines(&service, message);
        said.into_iter().find(|line| {
            line[request].as_str() == Some("r-last") && line[command].as_str() == Some("c-last")
        })
    };
    until(|| named("request failed", "request_id", "command_id").is_some());
    let group = named("a group was not committed", "request_ids", "command_ids");
    let group = group.unwrap_or_else(|| panic!("{}", service.said()));
    assert_eq!(
        (&group["commands"], &group["level"]),
        (&1.into(), &"WARN".into())
    );
    assert!(group["error"].is_string());
}

/// A configuration full of secrets, none of which may be seen.
fn secrets(database: &str, redis: u16, smtp: u16) -> String {
    format!(
        r#"
database = "{database}"
key = "lf_0123456789abcdef_key-secret"

[redis]
url = "redis://:redis-secret@127.0.0.1:{redis}"

[nats]
url = "nats://app:nats-secret@127.0.0.1:9"

[mail]
url = "smtp://app:mail-secret@127.0.0.1:{smtp}?tls=none"

[[webhooks]]
name = "shop"
url = "http://127.0.0.1:9/services/path-secret?token=query-secret"
headers = {{ authorization = "Bearer header-secret" }}
secret = "whsec_aG9vay1zaWduaW5nLXNlY3JldC1obGxv"
allow_private = true
"#
    )
}

/// Serves with all of them at the most talkative level, and listens.
fn nothing_is_told(database: &str, redis: &RedisServer, smtp: &SmtpSink) {
    let place = Place::new();
    let text = secrets(database, redis.port(), smtp.port());
    place.write("landfall.toml", text);
    for format in ["text", "json"] {
        let name = format!("ops-{format}");
        let made = place.run(["keys", "create", "--name", &name, "--role", "admin"]);
        let made = made.ended(0).stdout;
        let key = made.split_whitespace().last().unwrap();
        let bearer = format!("Bearer {key}");
        let service = place.serve(&["--log=trace", "--log-format", format]);
        let header = [("authorization", &*bearer)];
        let sku = format!("LAMP-{format}");
        let batch = format!(r#"{{"reference": "b-{sku}", "sku": "{sku}", "quantity": 3}}"#);
        let answer = ask(&service, "POST /v1/batches", &header, &batch);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        // Out of stock: a mail goes out, with user and password.
        let more = format!(r#"{{"order_id": "o-{format}", "sku": "{sku}", "quantity": 9}}"#);
        let answer = ask(&service, "POST /v1/allocations", &header, &more);
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
        let wrong = [("authorization", "Bearer lf_0123456789abcdef_wrong-secret")];
        let answer = ask(&service, "GET /v1/orders", &wrong, "");
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        until(|| smtp.mails().iter().any(|mail| mail.data.contains(&sku)));
        let mails = smtp.mails();
        assert!(mails.iter().all(|mail| mail.auth.is_some()), "{mails:?}");
        // Every sink has been tried, also those that are not there.
        until(|| {
            let said = service.said();
            let failing = ["\"nats\"", "\"webhook:shop\""];
            failing.iter().all(|sink| said.contains(sink))
        });
        let said = service.said();
        assert!(service.stop().success());
        let secret = secret_of(key);
        let encoded = "AGFwcABtYWlsLXNlY3JldA";
        for hidden in ["-secret", "whsec_", secret, encoded, "aG9vay1zaWduaW5n"] {
            let found = said.lines().find(|line| line.contains(hidden));
            assert_eq!(found, None, "{hidden}");
        }
    }
}

/// A server with this password.
fn redis() -> Option<RedisServer> {
    let server = servers::needed(RedisServer::start())?;
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).unwrap();
    stream
        .write_all(b"CONFIG SET requirepass redis-secret\r\n")
        .unwrap();
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+OK\r\n");
    Some(server)
}

#[test]
fn secrets_are_in_no_log() {
    let Some(redis) = redis() else { return };
    nothing_is_told("sqlite:landfall.db", &redis, &SmtpSink::start());
}

#[test]
fn secrets_are_in_no_log_with_postgres_either() {
    let Some(redis) = redis() else { return };
    let Some(database) = servers::needed(postgres::database()) else {
        return;
    };
    // Whoever it is, the server takes any password; the log must have none.
    let url = database.url();
    let (scheme, rest) = url.split_once("://").unwrap();
    let (user, place) = rest.split_once('@').unwrap();
    let user = user.split(':').next().unwrap();
    let url = format!("{scheme}://{user}:database-secret@{place}");
    nothing_is_told(&url, &redis, &SmtpSink::start());
}
