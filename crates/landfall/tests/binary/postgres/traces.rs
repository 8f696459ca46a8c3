//! The trace of a request whose command is handed on to the replica that writes for all.

use landfall_testkit::servers::{needed, postgres};
use serde_json::Value;

use super::Shop;
use crate::support::{line, plenty, until};
use crate::traces::{Collector, TRACE, allocate_in_trace, hex};

#[test]
fn a_trace_goes_along_to_the_replica_that_writes() {
    let Some(database) = needed(postgres::database()) else {
        return;
    };
    let (collector, url) = Collector::start();
    let configuration = format!(
        "advertise = \"http://127.0.0.1:0\"\n[otlp]\nurl = {}\n",
        Value::from(url)
    );
    let shop = Shop::on(database.url(), &configuration);
    let there = shop.serve("there");
    until(|| shop.count("SELECT count(*) FROM writing_replica WHERE expires > now()") > 0);
    let here = shop.serve("here");
    assert_eq!(here.post("/v1/batches", &plenty("LAMP")).status, 201);
    let mut number = 0;
    until(|| {
        number += 1;
        let answer = here.post("/v1/allocations", &line(&format!("o{number}"), "LAMP"));
        assert_eq!(answer.status, 201, "{answer:?}");
        let metrics = here.get("/metrics").body;
        !metrics.contains("\nlandfall_commands_handed_on_total 0\n")
    });
    allocate_in_trace(&here, &line("traced", "LAMP"));
    assert!(here.stop().success());
    assert!(there.stop().success());

    let asked = collector.spans("POST /v1/allocations");
    let asked = asked.iter().find(|span| hex(&span.trace_id) == TRACE);
    let asked = asked.expect("the request is traced");
    let carried_out = collector.spans("handed on Allocate");
    let carried_out = carried_out
        .iter()
        .find(|span| span.parent_span_id == asked.span_id)
        .unwrap_or_else(|| panic!("{carried_out:#?}"));
    assert_eq!(hex(&carried_out.trace_id), TRACE);
    let groups = collector.spans("group");
    let group = groups.iter().find(|group| {
        let mut links = group.links.iter();
        links.any(|link| link.span_id == carried_out.span_id)
    });
    let group = group.unwrap_or_else(|| panic!("{groups:#?}"));
    let commits = collector.spans("commit");
    assert!(
        commits
            .iter()
            .any(|commit| commit.parent_span_id == group.span_id),
        "{commits:#?}"
    );
}
