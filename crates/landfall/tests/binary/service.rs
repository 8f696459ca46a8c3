//! A running service: its routes, who may write beside it, how it ends.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Client, Place, Service, exists, line, plenty, pretend_newer, until};

#[test]
fn the_routes_of_the_book_are_served() {
    let place = Place::new();
    let service = place.serve(&[]);
    let batch = r#"{"ref": "b1", "sku": "LAMP", "qty": 10, "eta": null}"#;
    let added = service.post("/add_batch", batch);
    assert_eq!((added.status, added.body.as_str()), (201, "OK"));
    let later = r#"{"ref": "b2", "sku": "LAMP", "qty": 10, "eta": "2011-01-02"}"#;
    assert_eq!(service.post("/add_batch", later).status, 201);
    let allocated = service.post("/allocate", r#"{"orderid": "o1", "sku": "LAMP", "qty": 3}"#);
    assert_eq!((allocated.status, allocated.body.as_str()), (202, "OK"));
    let refused = service.post("/allocate", r#"{"orderid": "o1", "sku": "SOFA", "qty": 3}"#);
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["message"], "Invalid sku SOFA");
    let found = service.get("/allocations/o1");
    assert_eq!(found.status, 200);
    assert_eq!(
        found.json(),
        serde_json::json!([{"sku": "LAMP", "batchref": "b1"}])
    );
    assert_eq!(service.get("/allocations/o2").status, 404);
}

#[test]
#[cfg(target_os = "linux")]
fn it_answers_with_as_many_threads_as_it_is_told_to() {
    let place = Place::new();
    // Beside them are those that wait for files.
    let threads = |service: &Service| {
        assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
        assert_eq!(service.get("/v1/batches").status, 200);
        service.threads()
    };
    let one = place.serve(&["--threads=1"]);
    let with_one = threads(&one);
    one.stop();
    let many = Place::new();
    many.write("landfall.toml", "threads = 40");
    let many = many.serve(&[]);
    let with_many = threads(&many);
    assert!(
        with_one < 20 && (40..60).contains(&with_many),
        "{with_one}, {with_many}"
    );
    let refused = place.run(["serve", "--threads=1025"]).ended(2);
    assert!(refused.stderr.contains("--threads"), "{refused:?}");
}

#[test]
fn it_keeps_what_it_has_over_a_restart() {
    let place = Place::new();
    let service = place.serve(&[]);
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    assert_eq!(
        service.post("/v1/allocations", &line("o1", "LAMP")).status,
        201
    );
    assert!(service.stop().success());
    let service = place.serve(&[]);
    assert_eq!(
        service.get("/v1/orders/o1").json()["lines"][0]["status"],
        "allocated"
    );
    assert_eq!(
        service.post("/v1/allocations", &line("o1", "LAMP")).status,
        200
    );
    assert!(service.stop().success());
    assert_eq!(place.audit()["lines"], 1);
}

#[test]
fn a_second_writer_is_refused_and_told_where_to_go() {
    let place = Place::new();
    let service = place.serve(&[]);
    place.write("b.csv", "ref,sku,qty,eta\nb1,LAMP,1,\n");
    place.write("c.ndjson", r#"{"type":"CancelOrder","order_id":"o1"}"#);
    for arguments in [
        ["serve", "--listen", "127.0.0.1:0"].as_slice(),
        &["import", "batches", "b.csv"],
        &["apply", "c.ndjson"],
        &[
            "demo",
            "--listen",
            "127.0.0.1:0",
            "--database",
            "sqlite:landfall.db",
        ],
    ] {
        let refused = place.run(arguments).ended(1);
        assert!(refused.stderr.contains("--url"), "{refused:?}");
        assert!(refused.stderr.contains(&service.url()), "{refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    }
    assert!(service.stop().success());
    place.run(["import", "batches", "b.csv"]).ended(0);
}

#[test]
fn who_only_reads_works_beside_it() {
    let place = Place::new();
    let service = place.serve(&[]);
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    assert_eq!(
        service.post("/v1/allocations", &line("o1", "LAMP")).status,
        201
    );
    assert_eq!(place.audit()["allocated_lines"], 1);
    let exported = place.run(["export", "allocations"]).ended(0);
    assert!(
        exported.stdout.contains("\no1,LAMP,1,b-LAMP,LAMP,"),
        "{exported:?}"
    );
    place.run(["backup", "copy.db"]).ended(0);
    let copy = place
        .run(["audit", "--json", "--database", "sqlite:copy.db"])
        .ended(0);
    assert_eq!(copy.json()["lines"], 1);
    let command = r#"{"type":"CancelOrder","order_id":"o1"}"#;
    let tried = place
        .run_with_input(["apply", "-", "--dry-run"], command)
        .ended(0);
    assert_eq!(tried.lines()[0]["reply"]["lines"][0]["status"], "cancelled");
    let order = service.get("/v1/orders/o1").json();
    assert_eq!(
        order["lines"][0]["status"], "allocated",
        "a dry run changes nothing"
    );
}

#[test]
fn a_log_for_programs_is_json_and_says_where_it_listens() {
    let place = Place::new();
    let mut command = place.command(["serve", "--listen=127.0.0.1:0", "--log-format=json"]);
    let mut service = command.stderr(Stdio::piped()).spawn().unwrap();
    let log = BufReader::new(service.stderr.take().unwrap()).lines();
    let mut said =
        log.map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let listening = said.find(|line| line["message"] == "listening").unwrap();
    assert!(
        listening["url"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
    service.kill().unwrap();
    service.wait().unwrap();
}

#[test]
fn an_address_that_is_taken_is_told_in_one_line() {
    let place = Place::new();
    let service = place.serve(&[]);
    let other = Place::new();
    let address = service.address.to_string();
    let refused = other.run(["serve", "--listen", &address]).ended(1);
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    assert!(refused.stderr.contains(&address), "{refused:?}");
    assert!(!exists(&other.path("landfall.db")));
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let place = Place::new();
    assert!(place.serve(&[]).stop().success());
    pretend_newer(&place.path("landfall.db"));
    let before = std::fs::read(place.path("landfall.db")).unwrap();
    let refused = place.run(["serve", "--listen", "127.0.0.1:0"]).ended(1);
    assert!(refused.stderr.contains("newer Landfall"), "{refused:?}");
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    place.run(["audit"]).ended(1);
    assert_eq!(std::fs::read(place.path("landfall.db")).unwrap(), before);
}

#[test]
fn what_is_no_database_is_left_alone() {
    let place = Place::new();
    let path = place.write(
        "landfall.db",
        "a text of somebody else, longer than a header would be\n".repeat(9),
    );
    let before = std::fs::read(&path).unwrap();
    for arguments in [
        ["serve", "--listen=127.0.0.1:0"].as_slice(),
        &["audit"],
        &["export", "batches"],
    ] {
        let refused = place.run(arguments).ended(1);
        assert!(
            refused.stderr.contains("not a Landfall database"),
            "{refused:?}"
        );
    }
    assert_eq!(std::fs::read(&path).unwrap(), before);
    let missing = Place::new();
    let refused = missing.run(["audit"]).ended(1);
    assert!(refused.stderr.contains("no database"), "{refused:?}");
    assert!(!exists(&missing.path("landfall.db")));
}

/// Lines that were acknowledged by a client until the service was gone.
struct Acknowledged {
    lines: Vec<String>,
    /// The status of an answer that was neither.
    other: Option<u16>,
}

/// Sends lines until the service refuses or is gone.
fn load(mut client: Client, name: usize, busy: &AtomicBool) -> Acknowledged {
    let mut acknowledged = Acknowledged {
        lines: Vec::new(),
        other: None,
    };
    for number in 0.. {
        let order = format!("o-{name}-{number}");
        match client.request("POST", "/v1/allocations", &line(&order, "LAMP")) {
            Ok(response) if response.status == 201 => acknowledged.lines.push(order),
            Ok(response) => {
                acknowledged.other = Some(response.status);
                break;
            }
            Err(_) => break,
        }
        if number > 50 {
            busy.store(true, Ordering::Relaxed);
        }
    }
    acknowledged
}

/// Puts a service under load, ends it in the midst, and gives what was acknowledged.
fn ended_under_load(service: Service, end: impl FnOnce(Service)) -> Vec<Acknowledged> {
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    let busy = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let loads: Vec<_> = (0..8)
            .map(|name| (name, service.client()))
            .map(|(name, client)| {
                scope.spawn({
                    let busy = &busy;
                    move || load(client, name, busy)
                })
            })
            .collect();
        until(|| busy.load(Ordering::Relaxed));
        end(service);
        loads.into_iter().map(|load| load.join().unwrap()).collect()
    })
}

/// Every acknowledged line is there, and everything adds up.
fn nothing_is_lost(place: &Place, acknowledged: &[Acknowledged]) {
    let exported = place.run(["export", "orders"]).ended(0).stdout;
    let there: std::collections::HashSet<_> = exported
        .lines()
        .filter_map(|line| line.split(',').next())
        .collect();
    let mut count = 0;
    for line in acknowledged.iter().flat_map(|client| &client.lines) {
        assert!(there.contains(line.as_str()), "{line} is lost");
        count += 1;
    }
    assert!(count > 50);
    let audit = place.audit();
    assert_eq!(audit["ok"], true, "{audit}");
    let service = place.serve(&[]);
    assert_eq!(
        service
            .post("/v1/allocations", &line("one more", "LAMP"))
            .status,
        201
    );
}

#[test]
fn a_power_failure_loses_nothing_that_was_acknowledged() {
    let place = Place::new();
    let acknowledged = ended_under_load(place.serve(&[]), Service::kill);
    nothing_is_lost(&place, &acknowledged);
}

#[test]
fn asked_to_end_it_hears_out_who_has_begun() {
    let place = Place::new();
    let mut service = place.serve(&[]);
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    let (mut client, mut idle) = (service.client(), service.client());
    let line = line("o1", "LAMP");
    client.begin("POST", "/v1/allocations", line.len()).unwrap();
    // An answer to another shows that the service has read the head by now.
    assert_eq!(idle.request("GET", "/healthz", "").unwrap().status, 200);
    service.terminate();
    until(|| Client::connect(service.address).is_err());
    assert_eq!(client.end(&line).unwrap().status, 201);
    assert!(service.wait().success());
    assert_eq!(place.audit()["allocated_lines"], 1);
}

#[test]
fn asked_to_end_it_answers_what_it_has_accepted() {
    let place = Place::new();
    let acknowledged = ended_under_load(place.serve(&[]), |service| {
        assert!(service.stop().success());
    });
    for client in &acknowledged {
        assert!(
            matches!(client.other, None | Some(503)),
            "{:?}",
            client.other
        );
    }
    nothing_is_lost(&place, &acknowledged);
}

#[test]
fn a_full_disk_is_told_and_nothing_that_was_acknowledged_is_lost() {
    let place = Place::new();
    // Files may have 6 MiB (in blocks of 512 bytes); more fails as on a full disk.
    let service = place.serve_in_shell("trap '' XFSZ; ulimit -f 12288");
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    let mut client = service.client();
    let mut acknowledged = Vec::new();
    let refused = loop {
        let order = format!("o-{}", acknowledged.len());
        let response = client
            .request("POST", "/v1/allocations", &line(&order, "LAMP"))
            .unwrap();
        match response.status {
            201 => acknowledged.push(order),
            status => break (status, response.body),
        }
        assert!(acknowledged.len() < 100_000, "the disk is never full");
    };
    assert_eq!(refused.0, 503, "{}", refused.1);
    for again in 0..20 {
        let order = format!("after-{again}");
        let response = client
            .request("POST", "/v1/allocations", &line(&order, "LAMP"))
            .unwrap();
        match response.status {
            201 => acknowledged.push(order),
            status => assert_eq!(status, 503, "{}", response.body),
        }
    }
    let last = acknowledged.last().unwrap();
    assert_eq!(
        service.get(&format!("/v1/orders/{last}")).status,
        200,
        "reads go on"
    );
    assert!(service.stop().success());
    let clients = [Acknowledged {
        lines: acknowledged,
        other: None,
    }];
    nothing_is_lost(&place, &clients);
}
