//! API keys and TLS with the real binary: made and revoked beside a running service, asked for, shown by the command line.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use serde_json::{Value, json};

use crate::support::{PATIENCE, Place, Ran, Service, exists, line, plenty, secret_of, until};

/// Status and body of a request with this key, or none.
fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let key = key.map_or_else(String::new, |key| {
        format!("authorization: Bearer {key}\r\n")
    });
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{key}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, body.to_owned())
}

fn get(service: &Service, path: &str, key: Option<&str>) -> (u16, String) {
    ask(service.address, "GET", path, key, "")
}

/// Makes a key, and reads it as scripts do.
fn create(place: &Place, name: &str, role: &str) -> String {
    let made = place
        .run(["keys", "create", "--name", name, "--role", role])
        .ended(0);
    let key = made.stdout.split_whitespace().last().unwrap();
    assert!(key.starts_with("lf_"), "{made:?}");
    assert_eq!(made.stdout.matches(key).count(), 1);
    assert!(!made.stderr.contains(key), "{made:?}");
    key.to_owned()
}

fn list(place: &Place) -> Value {
    place.run(["keys", "list", "--json"]).ended(0).json()
}

#[test]
fn keys_come_and_go_beside_a_running_service() {
    let place = Place::new();
    let service = place.serve(&[]);
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);

    let shop = create(&place, "web-shop", "orders");
    // The very next request.
    assert_eq!(get(&service, "/v1/orders", None).0, 401);
    assert_eq!(get(&service, "/v1/orders", Some(&shop)).0, 200);
    let post =
        |path: &str, key: &str, body: &str| ask(service.address, "POST", path, Some(key), body).0;
    assert_eq!(post("/v1/allocations", &shop, &line("o1", "LAMP")), 201);
    assert_eq!(post("/v1/batches", &shop, &plenty("SOFA")), 403);
    let buyer = create(&place, "buyer", "supply");
    assert_eq!(post("/v1/batches", &buyer, &plenty("SOFA")), 201);
    assert_eq!(get(&service, "/healthz", None).0, 200);
    assert_eq!(get(&service, "/metrics", None).0, 401);

    let (_, events) = get(&service, "/v1/events", Some(&buyer));
    let events: Value = serde_json::from_str(&events).unwrap();
    let actors: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["actor"].as_str().unwrap_or("nobody"))
        .collect();
    assert_eq!(actors, ["nobody", "web-shop", "buyer"]);

    let revoked = place.run(["keys", "revoke", "web-shop"]).ended(0);
    assert!(revoked.stdout.contains("web-shop"), "{revoked:?}");
    assert_eq!(get(&service, "/v1/orders", Some(&shop)).0, 401);
    assert_eq!(get(&service, "/v1/orders", Some(&buyer)).0, 200);
    place.run(["keys", "revoke", "web-shop"]).ended(0);
    place.run(["keys", "revoke", "buyer"]).ended(0);
    // Nobody is left, and nobody is let in.
    assert_eq!(get(&service, "/v1/orders", None).0, 401);
    assert_eq!(get(&service, "/v1/orders", Some(&buyer)).0, 401);

    let listed = list(&place);
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[0]["name"], "web-shop");
    assert_eq!(listed[0]["role"], "orders");
    assert!(listed.iter().all(|key| key["revoked"].is_string()));
    let table = place.run(["keys", "list"]).ended(0).stdout;
    let backup = place.run(["backup", "copy.db"]).ended(0);
    assert!(table.contains("web-shop"), "{table} {backup:?}");
    let kept = std::fs::read(place.path("copy.db")).unwrap();
    for key in [&shop, &buyer] {
        let secret = secret_of(key);
        assert!(!table.contains(secret));
        let secret = secret.as_bytes();
        assert!(!kept.windows(secret.len()).any(|bytes| bytes == secret));
    }
    assert!(service.stop().success());
}

#[test]
fn a_key_is_said_once_and_as_it_should_be() {
    let place = Place::new();
    // Whoever only asks makes no database, nor does a name that is mistyped.
    for asks in [&["keys", "list"][..], &["keys", "revoke", "a"]] {
        let none = place.run(asks).ended(1);
        assert!(none.stderr.contains("landfall.db"), "{none:?}");
    }
    assert!(!exists(&place.path("landfall.db")));
    let made = place
        .run(["keys", "create", "--name", "a", "--role", "read", "--json"])
        .ended(0)
        .json();
    assert_eq!(
        (&made["name"], &made["role"]),
        (&json!("a"), &json!("read"))
    );
    let key = made["key"].as_str().unwrap();
    assert_eq!(key.len(), "lf_".len() + 16 + 1 + 43);
    assert!(list(&place)[0]["key"].is_null());
    let again = ["keys", "create", "--name", "a", "--role", "admin"];
    let taken = place.run(again).ended(1);
    assert!(taken.stderr.contains("used once"), "{taken:?}");
    assert_eq!(taken.stdout, "");
    place.run(["keys", "revoke", "a"]).ended(0);
    place.run(again).ended(1);
    place.run(["keys", "revoke", "b"]).ended(1);
    for wrong in [
        ["keys", "create", "--name", "b", "--role", "root"],
        ["keys", "create", "--name", "b c", "--role", "read"],
        ["keys", "create", "--name", "", "--role", "read"],
        ["keys", "create", "--role", "read", "--name", "\n"],
    ] {
        place.run(wrong).ended(2);
    }
    let memory = place
        .run(["keys", "list", "--database", "memory:"])
        .ended(2);
    assert!(memory.stderr.contains("memory:"), "{memory:?}");
    assert_ne!(create(&place, "x", "read"), create(&place, "y", "read"));
}

/// Idempotency keys are each actor's own, and events say who.
#[test]
fn no_key_is_called_as_what_comes_from_redis() {
    let place = Place::new();
    let create = ["keys", "create", "--role", "orders", "--name"];
    let named = |name| place.run(create.iter().copied().chain([name]));
    let refused = named("redis").ended(2);
    assert!(refused.stderr.contains("redis.actor"), "{refused:?}");
    named("shop").ended(0);
    // The key is there first.
    place.write("landfall.toml", "[redis]\nactor = 'shop'\n");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--redis"];
    let serve = serve.into_iter().chain(["redis://127.0.0.1:9"]);
    let refused = place.run(serve).ended(2);
    assert!(
        refused.stderr.contains("redis.actor is shop"),
        "{refused:?}"
    );
    let refused = named("shop").ended(2);
    assert!(refused.stderr.contains("redis.actor"), "{refused:?}");
}

#[test]
fn other_machines_are_kept_out_until_there_is_a_key() {
    let place = Place::new();
    let serve = ["serve", "--listen", "0.0.0.0:0"];
    let refused = place.run(serve).ended(2);
    assert!(
        refused.stderr.contains("landfall keys create"),
        "{refused:?}"
    );
    assert!(!exists(&place.path("landfall.db")));
    // Nor does an older flag or variable open it.
    place
        .run(serve.iter().chain(&["--insecure-no-keys"]))
        .ended(2);
    let mut command = place.command(serve);
    Ran::of(command.env("LANDFALL_INSECURE_NO_KEYS", "true")).ended(2);

    let key = create(&place, "ops", "admin");
    let service = Service::start_command(place.command(serve));
    let address = SocketAddr::from(([127, 0, 0, 1], service.address.port()));
    assert_eq!(ask(address, "GET", "/v1/orders", None, "").0, 401);
    assert_eq!(ask(address, "GET", "/v1/orders", Some(&key), "").0, 200);
    assert!(service.stop().success());
    place.run(["keys", "revoke", "ops"]).ended(0);
    // A key that is good for nothing is none.
    place.run(serve).ended(2);
}

#[test]
fn the_command_line_shows_its_key() {
    let place = Place::new();
    let key = create(&place, "night", "supply");
    let service = place.serve(&[]);
    let url = service.url();
    place.write("b.csv", crate::support::BATCHES);
    let import = ["import", "batches", "b.csv", "--url", &url];
    let refused = place.run(import).ended(1);
    assert!(refused.stderr.contains("401"), "{refused:?}");
    let mut command = place.command(import);
    Ran::of(command.env("LANDFALL_KEY", &key)).ended(0);
    let order = r#"{"type":"Allocate","order_id":"o1","sku":"LAMP","quantity":1}"#;
    let apply = ["apply", "-", "--url", &url, "--key", &key];
    let applied = place.run_with_input(apply, order).ended(3);
    assert!(applied.stdout.contains("403"), "{applied:?}");
    for ran in [refused, applied] {
        let secret = secret_of(&key);
        assert!(!format!("{ran:?}").contains(secret));
    }
    // What makes no sense is refused, and not said again.
    let odd = place.run(["apply", "-", "--url", &url, "--key", "lf_a\nb"]);
    assert_eq!(odd.code, 2);
    assert!(!odd.stderr.contains("lf_a"), "{odd:?}");
    assert!(service.stop().success());
}

#[test]
fn the_service_speaks_tls_and_reads_its_certificate_again() {
    let place = Place::new();
    let first = place.certificate("127.0.0.1");
    place.write("first.pem", &first);
    let key = create(&place, "ops", "admin");
    let tls = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let service = place.serve(&tls);
    let url = format!("https://{}", service.address);
    let try_with = |ca: &str| {
        let apply = ["apply", "-", "--url", &url, "--ca", ca];
        let mut command = place.command(apply);
        command.env("LANDFALL_KEY", &key);
        Ran::of(&mut command).code
    };
    assert_eq!(try_with("first.pem"), 0);
    let untrusted = place.run(["apply", "-", "--url", &url]).ended(1);
    assert!(untrusted.stderr.contains("cannot reach"), "{untrusted:?}");

    place.certificate("127.0.0.1");
    place.write("second.pem", place.read("cert.pem"));
    assert_eq!(try_with("second.pem"), 1, "nobody has told the service yet");
    service.hang_up();
    until(|| try_with("second.pem") == 0);
    assert_eq!(try_with("first.pem"), 1);
    // A file that is no good changes nothing.
    place.write("cert.pem", "nothing");
    service.hang_up();
    assert_eq!(try_with("second.pem"), 0);
    assert!(service.stop().success());

    for (arguments, code) in [(&tls[..], 1), (&tls[..2], 2), (&tls[2..], 2)] {
        let serve = ["serve", "--listen", "127.0.0.1:0"];
        place.run(serve.iter().chain(arguments)).ended(code);
    }
}
