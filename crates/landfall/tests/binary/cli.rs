//! The command line itself: configuration, help, exit codes, the demo.

use crate::support::{Place, Service, exists, until};

#[test]
fn flags_come_before_variables_before_the_file() {
    let place = Place::new();
    place.write("landfall.toml", "database = 'sqlite:file.db'\n");
    place.write("b.csv", "ref,sku,qty,eta\nb1,TABLE,10,\n");
    let import = |more: &[&str], variable: Option<&str>| {
        let arguments = ["import", "batches", "b.csv"];
        let mut command = place.command(arguments.iter().chain(more));
        if let Some(database) = variable {
            command.env("LANDFALL_DATABASE", database);
        }
        assert!(command.output().unwrap().status.success());
    };
    import(&[], None);
    assert!(exists(&place.path("file.db")));
    import(&[], Some("sqlite:variable.db"));
    assert!(exists(&place.path("variable.db")));
    import(&["--database", "sqlite:flag.db"], Some("sqlite:unused.db"));
    assert!(exists(&place.path("flag.db")));
    assert!(!exists(&place.path("unused.db")));
    assert!(!exists(&place.path("landfall.db")));
}

#[test]
fn a_key_that_nobody_knows_is_refused_by_name() {
    let place = Place::new();
    place.write("landfall.toml", "databse = 'sqlite:x.db'\n");
    let refused = place.run(["audit"]).ended(2);
    assert!(refused.stderr.contains("databse"), "{refused:?}");
    place.write("other.toml", "database = 'sqlite:x.db'\n");
    let missing = place.run(["audit", "--config", "other.toml"]).ended(1);
    assert!(missing.stderr.contains("x.db"), "{missing:?}");
}

#[test]
fn wrong_usage_is_told_apart_from_failure() {
    let place = Place::new();
    for arguments in [
        ["nothing"].as_slice(),
        &[],
        &["audit", "--database", "landfall.db"],
        &["audit", "--database", "memory:"],
        &["export", "batches", "--database", "memory:"],
        &["backup", "x.db", "--database", "memory:"],
        &["serve", "--database", "mysql://localhost/x"],
        &["serve", "--today", "21.11.2026"],
        &["serve", "--time-zone", "Atlantis"],
        &["serve", "--log", "no=such=filter"],
        &["serve", "--listen", "5005"],
        &["import", "batches", "b.csv", "--url", "ftp://localhost"],
    ] {
        let ran = place.run(arguments).ended(2);
        assert!(!ran.stderr.is_empty());
    }
    place.run(["audit"]).ended(1);
}

#[test]
fn the_document_of_the_api_is_printed() {
    let document = Place::new().run(["openapi"]).ended(0).json();
    assert_eq!(document["openapi"].as_str().unwrap()[..3], *"3.1");
    assert!(document["paths"]["/v1/commands"].is_object());
}

#[test]
fn the_relay_is_measured_on_a_database_of_its_own() {
    let place = Place::new();
    let arguments = "bench relay --events 2000 --skus 10 --rate 500 --duration 1 --json";
    let report = place.run(arguments.split(' ')).ended(0).json();
    // Each batch is an event, and each line.
    assert_eq!(report["events"], 2_010, "{report}");
    assert_eq!(report["catching_up"][0]["sink"], "nowhere");
    let lag = &report["load"]["lag"][0];
    assert_eq!(lag["sink"], "nowhere");
    assert!(lag["batches"].as_u64() > Some(0), "{report}");
    assert!(lag["longest_ms"].as_f64() >= lag["p50_ms"].as_f64());
    for rate in [
        &report["filled_per_second"],
        &report["catching_up"][0]["events_per_second"],
        &report["load"]["lines_per_second"],
    ] {
        assert!(rate.as_f64().unwrap() > 0.0, "{report}");
    }
}

#[test]
fn the_relay_that_was_measured_leaves_no_sinks_behind() {
    let place = Place::new();
    let database = format!("sqlite:{}", place.path("bench.db").display());
    let arguments = "bench relay --events 100 --skus 2 --rate 50 --duration 1 --json --database";
    let arguments = arguments.split(' ').chain([database.as_str()]);
    place.run(arguments).ended(0);
    let sinks = place.run(["events", "sinks", "--json", "--database", &database]);
    assert_eq!(sinks.ended(0).json(), serde_json::json!([]));
}

#[test]
fn who_has_read_enough_is_no_failure() {
    let place = Place::new();
    place.write("b.csv", "ref,sku,qty,eta\nb1,TABLE,10,\n");
    place.run(["import", "batches", "b.csv"]).ended(0);
    let mut command = place.command(["export", "events"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command.stdout(writer).output().unwrap();
    assert!(output.status.success());
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn an_audit_that_finds_something_says_what_and_fails() {
    let place = Place::new();
    place.write("b.csv", "ref,sku,qty,eta\nb1,TABLE,7777777,\n");
    place.run(["import", "batches", "b.csv"]).ended(0);
    let sound = place.run(["audit"]).ended(0);
    assert!(sound.stdout.contains("everything adds up"), "{sound:?}");
    // Somebody has changed the log: events lie in the file as they are.
    let path = place.path("landfall.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let event = br#""quantity":7777777"#;
    let at = bytes
        .windows(event.len())
        .position(|window| window == event);
    bytes[at.unwrap() + event.len() - 1] = b'8';
    std::fs::write(&path, bytes).unwrap();
    let audit = place.run(["audit"]).ended(1);
    assert!(audit.stdout.contains("batch b1"), "{audit:?}");
    assert!(!audit.stdout.contains("everything adds up"), "{audit:?}");
    assert_eq!(place.audit()["ok"], false);
}

/// What a demo of this seed holds, after it was ended.
fn demo(place: &Place, seed: &str) -> (String, String) {
    let database = format!("--database=sqlite:{seed}.db");
    let arguments = [
        "demo",
        "--listen=127.0.0.1:0",
        "--rate=0",
        "--today=2026-11-21",
    ];
    let more = ["--seed", seed, &database];
    let service = Service::start_command(place.command(arguments.iter().chain(&more)));
    assert_eq!(service.get("/v1/orders/SO-10042").status, 200);
    assert!(service.stop().success());
    let audit = place.run(["audit", "--json", &database]).ended(0).json();
    for (what, least) in [("products", 40), ("batches", 80), ("backordered_lines", 3)] {
        assert!(audit[what].as_u64().unwrap() >= least, "{what}: {audit}");
    }
    let batches = place
        .run(["export", "allocations", &database])
        .ended(0)
        .stdout;
    (
        batches,
        place.run(["export", "events", &database]).ended(0).stdout,
    )
}

#[test]
fn a_demo_has_something_to_look_at_and_is_the_same_for_a_seed() {
    let (place, again) = (Place::new(), Place::new());
    let first = demo(&place, "1");
    assert_eq!(first, demo(&again, "1"));
    assert_ne!(first.0, demo(&place, "2").0);
    let arguments = ["demo", "--listen=127.0.0.1:0", "--database=sqlite:1.db"];
    let refused = place.run(arguments).ended(1);
    assert!(refused.stderr.contains("not empty"), "{refused:?}");
}

#[test]
fn orders_keep_coming_in() {
    let place = Place::new();
    let arguments = [
        "demo",
        "--listen=127.0.0.1:0",
        "--rate=60000",
        "--database=memory:",
    ];
    let service = Service::start_command(place.command(arguments));
    let known = |order: u64| service.get(&format!("/v1/orders/SO-{order}")).status == 200;
    // The history ends at about 10,280.
    until(|| known(10_500));
    assert!(service.stop().success());
}
