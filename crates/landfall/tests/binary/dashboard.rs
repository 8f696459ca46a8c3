//! The dashboard's door, without a browser: who comes in, with what, and what a page may not be made to do.

use crate::client::Response;
use crate::support::{BATCHES, Place, Service, secret_of};

fn key(place: &Place, name: &str, role: &str) -> String {
    let made = place.run(["keys", "create", "--name", name, "--role", role]);
    let made = made.ended(0);
    made.stdout.split_whitespace().last().unwrap().to_owned()
}

fn ask(service: &Service, method: &str, path: &str, head: &[(&str, &str)], form: &str) -> Response {
    let mut lines: Vec<_> = head
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    lines.push("connection: close\r\n".into());
    if method == "POST" {
        lines.push("content-type: application/x-www-form-urlencoded\r\n".into());
    }
    let head = lines.concat();
    let answer = service.client().request_with(method, path, &head, form);
    answer.unwrap()
}

/// Signs in, and gives the cookie as a browser sends it.
fn sign_in(service: &Service, key: &str) -> String {
    let form = format!("key={key}&next=%2Forders");
    let answer = ask(service, "POST", "/sign-in", &[], &form);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(answer.header("location"), ["/orders"]);
    let cookie = answer.header("set-cookie")[0];
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains(secret_of(key)), "{cookie}");
    cookie.split(';').next().unwrap().to_owned()
}

#[test]
fn a_session_is_opened_with_a_key_and_ends_with_it() {
    let place = Place::new();
    let clerk = key(&place, "clerk", "orders");
    let service = place.serve(&[]);
    let to_sign_in = ask(&service, "GET", "/orders?sku=A%20B", &[], "");
    assert_eq!(to_sign_in.status, 303);
    assert_eq!(
        to_sign_in.header("location"),
        ["/sign-in?next=%2Forders%3Fsku%3DA%2520B"]
    );
    assert_eq!(ask(&service, "GET", "/live", &[], "").status, 401);
    for wrong in ["", "nonsense", "lf_0000000000000000_AAAA"] {
        let answer = ask(&service, "POST", "/sign-in", &[], &format!("key={wrong}"));
        assert_eq!(answer.status, 401, "{wrong}");
        assert!(answer.header("set-cookie").is_empty());
    }
    let cookie = sign_in(&service, &clerk);
    let page = ask(&service, "GET", "/orders", &[("cookie", &cookie)], "");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("clerk"), "{}", page.body);
    let policy = page.header("content-security-policy")[0];
    assert!(!policy.contains("unsafe"), "{policy}");
    // A session is no key: the API wants one.
    assert_eq!(
        ask(&service, "GET", "/v1/orders", &[("cookie", &cookie)], "").status,
        401
    );
    // Another's session is not made of one's own.
    let forged = cookie.replace("lfs_", "lfs_0");
    assert_eq!(
        ask(&service, "GET", "/orders", &[("cookie", &forged)], "").status,
        303
    );
    // It ends with its key, from the next request on.
    place.run(["keys", "revoke", "clerk"]).ended(0);
    assert_eq!(
        ask(&service, "GET", "/orders", &[("cookie", &cookie)], "").status,
        303
    );
}

#[test]
fn what_comes_from_elsewhere_does_nothing() {
    let place = Place::new();
    let admin = key(&place, "admin", "admin");
    place.write("batches.csv", BATCHES);
    place.run(["import", "batches", "batches.csv"]).ended(0);
    let service = place.serve(&[]);
    let cookie = sign_in(&service, &admin);
    let form = "reference=b1&step=apply";
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let head = [("cookie", &*cookie), (name, value)];
        let answer = ask(&service, "POST", "/do/CancelBatch", &head, form);
        assert_eq!(answer.status, 403, "{name}: {value}");
    }
    let bearer = format!("Bearer {admin}");
    let batch = || {
        ask(
            &service,
            "GET",
            "/v1/batches/b1",
            &[("authorization", &bearer)],
            "",
        )
    };
    assert_eq!(batch().json()["purchased"], 10);
    let head = [("cookie", &*cookie), ("sec-fetch-site", "same-origin")];
    // From a page of ours it is looked at first.
    let answer = ask(&service, "POST", "/do/CancelBatch", &head, "reference=b1");
    assert_eq!(answer.status, 200, "{answer:?}");
    let page = &answer.body;
    let field = |name: &str| {
        let (_, after) = page
            .split_once(&format!("name=\"{name}\" value=\""))
            .unwrap();
        after.split_once('"').unwrap().0
    };
    let form = format!("{form}&id={}&seen={}", field("id"), field("seen"));
    let answer = ask(&service, "POST", "/do/CancelBatch", &head, &form);
    assert_eq!(answer.status, 303, "{answer:?}");
    assert_eq!(batch().json()["purchased"], 0);
    let events = ask(
        &service,
        "GET",
        "/v1/batches/b1/events",
        &[("authorization", &bearer)],
        "",
    );
    let events = events.json();
    let last = events["events"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["actor"], "admin", "{last}");
}

#[test]
fn sent_twice_is_done_once() {
    let place = Place::new();
    let service = place.serve(&[]);
    place.write("batches.csv", BATCHES);
    place
        .run(["import", "batches", "batches.csv", "--url", &service.url()])
        .ended(0);
    let form = "order_id=SO-1&sku=TABLE&quantity=4&step=apply&id=page-1&next=%2Forders%2FSO-1";
    for _ in 0..2 {
        let answer = ask(&service, "POST", "/do/Allocate", &[], form);
        assert_eq!(answer.status, 303, "{answer:?}");
        assert_eq!(
            answer.header("location"),
            ["/orders/SO-1?done=Allocate%3ASO-1"]
        );
    }
    assert_eq!(service.get("/v1/batches/b1").json()["allocated"], 4);
    // Looked at only, nothing is done.
    let form = "order_id=SO-2&sku=TABLE&quantity=4";
    let answer = ask(&service, "POST", "/do/Allocate", &[], form);
    assert_eq!(answer.status, 200);
    assert_eq!(service.get("/v1/orders/SO-2").status, 404);
}

#[test]
fn a_screen_on_the_wall_shows_and_takes_nothing() {
    let place = Place::new();
    place.write("batches.csv", BATCHES);
    place.run(["import", "batches", "batches.csv"]).ended(0);
    let service = place.serve(&["--dashboard", "read-only"]);
    let page = service.get("/batches/b1");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("read-only"));
    assert!(!page.body.contains("/do/"), "{}", page.body);
    let answer = ask(
        &service,
        "POST",
        "/do/CancelBatch",
        &[],
        "reference=b1&step=apply",
    );
    assert_eq!(answer.status, 403);
    assert_eq!(service.get("/v1/batches/b1").json()["purchased"], 10);
    assert!(service.stop().success());
    let service = place.serve(&["--dashboard", "off"]);
    assert_eq!(service.get("/").status, 404);
    assert_eq!(service.get("/v1/batches/b1").status, 200);
    let wrong = place.run(["serve", "--dashboard", "sometimes"]).ended(2);
    assert!(wrong.stderr.contains("read-only"), "{wrong:?}");
}
