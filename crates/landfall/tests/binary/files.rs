//! `landfall apply` and `landfall allocate`.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::sync::mpsc;

use crate::support::{BATCHES, PATIENCE, Place, TODAY, exists};

#[test]
fn commands_are_applied_with_a_result_each() {
    let place = Place::new();
    let commands = "\
        {\"type\":\"CreateBatch\",\"reference\":\"b1\",\"sku\":\"TABLE\",\"quantity\":5}\n\
        \n\
        {\"type\":\"Allocate\",\"order_id\":\"o1\",\"sku\":\"TABLE\",\"quantity\":2}\n\
        {\"type\":\"Allocate\",\"order_id\":\"o2\",\"sku\":\"LAMP\",\"quantity\":2}\n\
        no command\n\
        {\"type\":\"CancelOrder\",\"order_id\":\"o1\"}";
    place.write("c.ndjson", commands);
    let applied = place.run(["apply", "c.ndjson", TODAY]).ended(3);
    let status: Vec<_> = applied
        .lines()
        .iter()
        .map(|line| line["status"].clone())
        .collect();
    assert_eq!(status, ["ok", "ok", "rejected", "invalid", "ok"]);
    assert_eq!(applied.lines()[1]["reply"]["current_promise"], "2026-11-21");
    let quiet = place
        .run(["apply", "c.ndjson", "--quiet", "--json"])
        .ended(3)
        .json();
    assert_eq!((&quiet["commands"], &quiet["ok"]), (&5.into(), &3.into()));
    assert_eq!(place.audit()["cancelled_lines"], 1);

    let other = Place::new();
    let service = other.serve(&[TODAY]);
    let url = format!("--url={}", service.url());
    let path = place.path("c.ndjson");
    let through = other
        .run(["apply".as_ref(), path.as_os_str(), url.as_ref()])
        .ended(3);
    assert_eq!(through.stdout, applied.stdout);
}

#[test]
fn a_dry_run_is_summed_up_for_people_and_told_in_full_to_programs() {
    let place = Place::new();
    let batch =
        r#"{"type":"CreateBatch","reference":"b1","sku":"TABLE","quantity":5,"eta":"2026-12-01"}"#;
    let line = r#"{"type":"Allocate","order_id":"o1","sku":"TABLE","quantity":2}"#;
    place.write("c.ndjson", format!("{batch}\n{line}\n"));
    place.run(["apply", "c.ndjson", TODAY]).ended(0);
    let late = r#"{"type":"ChangeBatchEta","reference":"b1","eta":"2026-12-11"}"#;
    place.write("late.ndjson", late);
    let run = ["apply", "late.ndjson", TODAY, "--dry-run"];
    let all = place.run([&run[..], &["--json"]].concat()).ended(0);
    let summary = &all.lines()[1]["summary"];
    assert_eq!(summary["promises_broken"], 1);
    let short = place.run([&run[..], &["--quiet"]].concat()).ended(0);
    let text = summary["text"].as_str().unwrap();
    assert!(short.stdout.starts_with(text), "{short:?}");
    assert!(
        !short.stdout.contains("order_id"),
        "lists are for programs: {short:?}"
    );
}

#[test]
fn a_line_that_is_no_command_counts_as_refused() {
    let ran = Place::new()
        .run_with_input(["apply", "-"], "no command\n")
        .ended(3);
    assert_eq!(ran.lines()[0]["status"], "invalid");
    let refused = Place::new().run(["apply", "no-such-file"]).ended(1);
    assert!(refused.stderr.contains("no-such-file"), "{refused:?}");
}

#[test]
fn a_result_comes_before_the_next_command_is_given() {
    let place = Place::new();
    let service = Place::new();
    let service = service.serve(&[]);
    let url = format!("--url={}", service.url());
    for more in [[].as_slice(), &[url.as_str()]] {
        let mut apply = place.command(["apply", "-"].iter().chain(more));
        apply.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut apply = apply.spawn().unwrap();
        let mut commands = apply.stdin.take().unwrap();
        let stdout = BufReader::new(apply.stdout.take().unwrap());
        let (sender, results) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = stdout.lines().map_while(Result::ok);
            lines.try_for_each(|line| sender.send(line))
        });
        for number in 0..3 {
            let batch = format!(
                r#"{{"type":"CreateBatch","reference":"b{number}","sku":"TABLE","quantity":5}}"#
            );
            writeln!(commands, "{batch}").unwrap();
            let result: serde_json::Value =
                serde_json::from_str(&results.recv_timeout(PATIENCE).unwrap()).unwrap();
            assert_eq!(result["index"], number);
            assert_eq!(result["status"], "ok");
        }
        drop(commands);
        assert!(apply.wait().unwrap().success());
        assert!(results.recv_timeout(PATIENCE).is_err());
    }
}

#[test]
fn a_dry_run_changes_nothing() {
    let place = Place::new();
    let batch = r#"{"type":"CreateBatch","reference":"b1","sku":"TABLE","quantity":5}"#;
    place.run_with_input(["apply", "-"], batch).ended(0);
    let other = batch.replace("b1", "b2");
    let tried = place
        .run_with_input(["apply", "-", "--dry-run"], &other)
        .ended(0);
    assert_eq!(tried.lines()[0]["events"][0]["type"], "BatchCreated");
    assert_eq!(tried.lines()[1]["summary"]["ok"], 1);
    assert!(!tried.stderr.contains("WARN"), "{}", tried.stderr);
    assert_eq!(place.audit()["batches"], 1);
}

#[test]
fn the_books_program_allocates_from_file_to_file() {
    let place = Place::new();
    place.write(
        "batches.csv",
        "ref,sku,qty,eta\nb1,CLOCK,100,\nb2,CLOCK,100,2011-01-01\nb3,LAMP,100,2011-01-03\n",
    );
    place.write("orders.csv", "orderid,sku,qty\no1,CLOCK,3\no2,LAMP,12\n");
    place.run(["allocate", "."]).ended(0);
    let expected = "orderid,sku,qty,batchref\no1,CLOCK,3,b1\no2,LAMP,12,b3\n";
    assert_eq!(place.read("allocations.csv"), expected);
    assert!(!exists(&place.path("landfall.db")));
}

#[test]
fn lines_that_get_nothing_are_listed_with_the_reason() {
    let place = Place::new();
    place.write("batches.csv", BATCHES);
    place.write(
        "orders.csv",
        "orderid,sku,qty\no1,TABLE,4\no1,TABLE,4\no2,TABLE,8\no3,NOPE,1\no4,LAMP,-1\n",
    );
    let ran = place.run(["allocate", ".", "--full", TODAY]).ended(3);
    let expected = "orderid,sku,qty,batchref,line_id,promised\n\
        o1,TABLE,4,b1,TABLE,2026-11-21\n\
        o1,TABLE,4,b1,TABLE#2,2026-11-21\n";
    assert_eq!(place.read("allocations.csv"), expected);
    for reason in [
        "orders.csv line 4: nothing can hold 8 of TABLE",
        "orders.csv line 5: there is no product with the SKU NOPE",
        "orders.csv line 6: negative quantity -1",
    ] {
        assert!(ran.stderr.contains(reason), "{ran:?}");
    }
}
