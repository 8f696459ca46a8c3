//! A database that goes away under a running service, hangs, and comes back.

use std::time::Duration;

use landfall_testkit::servers::{PostgresServer, needed};

use super::Shop;
use crate::client::Response;
use crate::support::{Service, line, plenty, until};

/// It says that the database is away, to those who ask now.
#[track_caller]
fn says_it_is_away(response: &Response) {
    let problem = response.json();
    assert_eq!(response.status, 503, "{problem}");
    assert_eq!(problem["type"], "urn:landfall:problem:unavailable");
    let text = response.body.to_ascii_lowercase();
    assert!(!text.contains("127.0.0.1"), "the log knows where: {text}");
}

fn becomes_ready(service: &Service) {
    until(|| service.get("/readyz").status == 200);
}

#[test]
fn a_database_that_goes_down_is_told_and_found_again() {
    let Some(mut server) = needed(PostgresServer::start()) else {
        return;
    };
    let shop = Shop::on(server.url(), "");
    let service = shop.serve("one");
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    assert_eq!(
        service.post("/v1/allocations", &line("o1", "LAMP")).status,
        201
    );
    assert_eq!(service.get("/readyz").status, 200);
    for round in 0..2 {
        server.kill();
        let order = format!("while-away-{round}");
        says_it_is_away(&service.post("/v1/allocations", &line(&order, "LAMP")));
        says_it_is_away(&service.get("/v1/orders/o1"));
        says_it_is_away(&service.get("/readyz"));
        assert_eq!(
            service.get("/healthz").status,
            200,
            "it need not be started anew"
        );
        server.restart();
        becomes_ready(&service);
        assert_eq!(service.get("/v1/orders/o1").status, 200);
        let again = service.post("/v1/allocations", &line(&order, "LAMP"));
        assert_eq!(again.status, 201, "{again:?}");
    }
    assert!(service.stop().success());
    assert_eq!(shop.adds_up()["allocated_lines"], 3);
}

#[test]
fn a_service_does_not_start_without_its_database() {
    let Some(mut server) = needed(PostgresServer::start()) else {
        return;
    };
    let shop = Shop::on(server.url(), "");
    server.kill();
    let refused = shop.run(&["serve", "--listen", "127.0.0.1:0"]).ended(1);
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    assert!(refused.stderr.contains("127.0.0.1"), "{refused:?}");
}

#[test]
fn a_database_that_hangs_is_told_and_waited_for() {
    let Some(server) = needed(PostgresServer::start()) else {
        return;
    };
    let shop = Shop::on(server.url(), "");
    let service = shop.serve("one");
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    server.pause();
    let answer = std::thread::scope(|scope| {
        let waits = scope.spawn(|| service.post("/v1/allocations", &line("o1", "LAMP")));
        says_it_is_away(&service.get("/readyz"));
        // Longer than a unit of work may be silent.
        std::thread::sleep(Duration::from_secs(3));
        server.resume();
        waits.join().unwrap()
    });
    if answer.status != 201 {
        says_it_is_away(&answer);
    }
    becomes_ready(&service);
    let again = service.post("/v1/allocations", &line("o1", "LAMP"));
    assert!(matches!(again.status, 200 | 201), "{again:?}");
    assert!(service.stop().success());
    assert_eq!(shop.adds_up()["allocated_lines"], 1);
}
