//! What a service says of itself while things around it go wrong.

use landfall_testkit::servers::{self, PostgresServer};

use crate::support::{Place, plenty, until};

#[test]
fn it_is_ready_when_its_database_is_and_says_when_it_is_not() {
    let Some(mut server) = servers::needed(PostgresServer::start()) else {
        return;
    };
    let place = Place::new();
    let service = place.serve(&["--database", &server.url()]);
    assert_eq!(service.get("/readyz").status, 200);
    assert_eq!(service.post("/v1/batches", &plenty("LAMP")).status, 201);
    server.kill();
    until(|| service.get("/readyz").status == 503);
    // Nobody outside is told where the database is; the process is none the worse for it.
    let told = service.get("/readyz").body;
    assert!(!told.contains("127.0.0.1"), "{told}");
    assert_eq!(service.get("/healthz").status, 200);
    let said = service.said();
    assert!(said.contains("route=\"/readyz\""), "{said}");
    // Metrics that only the database knows are left out, and the others told all the same.
    let metrics = service.get("/metrics");
    assert!(
        metrics.status == 503 || metrics.body.contains("landfall_queue_jobs 0"),
        "{metrics:?}"
    );
    server.restart();
    until(|| service.get("/readyz").status == 200);
    until(|| service.post("/v1/batches", &plenty("SOFA")).status == 201);
    assert!(service.stop().success());
}

/// A supervisor that reloads every service sends a hangup also where there is no certificate to be read again.
#[test]
fn a_hangup_ends_nothing() {
    let place = Place::new();
    let service = place.serve(&[]);
    service.hang_up();
    until(|| {
        service
            .said()
            .contains("there is no certificate to read again")
    });
    assert_eq!(service.get("/healthz").status, 200);
    assert!(service.stop().success());
}
