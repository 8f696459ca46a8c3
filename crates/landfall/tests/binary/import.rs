//! `landfall import`, and `export`, whose files it reads.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use crate::support::{BATCHES, Place, Ran, TODAY, exists, until};

const ORDERS: &str = "InvoiceNo,StockCode,Description,Quantity\n\
    o1,TABLE,a table,8\n\
    o1,LAMP,\"a lamp, brass\",2\n\
    o2,TABLE,a table,4\n\
    o3,LAMP,a lamp,9\n\
    o4,NOPE,nothing,1\n\
    Co1,TABLE,back,-8\n\
    o1,TABLE,more,2\n";
const COLUMNS: &str = "--columns=orderid=InvoiceNo,sku=StockCode,qty=Quantity";

fn pack(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn what_is_rejected_is_explained_and_the_rest_imported() {
    let place = Place::new();
    place.write("b.csv", BATCHES);
    place.write("o.csv", ORDERS);
    place.run(["import", "batches", "b.csv", TODAY]).ended(0);
    let imported = place
        .run(["import", "orders", "o.csv", COLUMNS, TODAY, "--json"])
        .ended(3);
    let summary = imported.json();
    for (field, count) in [
        ("rows", 7),
        ("accepted", 4),
        ("unchanged", 0),
        ("rejected", 3),
        ("allocated", 3),
        ("backordered", 1),
        ("repeated", 1),
    ] {
        assert_eq!(summary[field], count, "{field}: {summary}");
    }
    assert_eq!(summary["rejects_file"], "o.csv.rejects.csv");
    assert!(imported.stderr.contains("--number-lines"), "{imported:?}");
    let expected = "line,reason,InvoiceNo,StockCode,Description,Quantity\n\
        6,there is no product with the SKU NOPE; its first batch creates it,o4,NOPE,nothing,1\n\
        7,negative quantity -8: a return is not an order line,Co1,TABLE,back,-8\n\
        8,line TABLE of order o1 exists with other content: quantity was 8 and is 2,o1,TABLE,more,2\n";
    assert_eq!(place.read("o.csv.rejects.csv"), expected);
    assert_eq!(place.audit()["lines"], 4);
}

#[test]
fn importing_again_changes_nothing() {
    let place = Place::new();
    place.write("b.csv", BATCHES);
    place.write("o.csv.gz", pack(ORDERS));
    place.run(["import", "batches", "b.csv", TODAY]).ended(0);
    let import = [
        "import",
        "orders",
        "o.csv.gz",
        COLUMNS,
        TODAY,
        "--number-lines",
        "--json",
    ];
    let first = place.run(import).ended(3).json();
    assert_eq!(
        (&first["accepted"], &first["rejected"]),
        (&5.into(), &2.into())
    );
    let (state, rejects) = (
        place.run(["export", "events"]).stdout,
        place.read("o.csv.gz.rejects.csv"),
    );
    let again = place.run(import).ended(3).json();
    assert_eq!(
        (&again["accepted"], &again["unchanged"]),
        (&0.into(), &5.into())
    );
    assert_eq!(place.run(["export", "events"]).stdout, state);
    assert_eq!(place.read("o.csv.gz.rejects.csv"), rejects);
    let again = place
        .run(["import", "batches", "b.csv", "--json", TODAY])
        .ended(0)
        .json();
    assert_eq!(
        (&again["accepted"], &again["unchanged"]),
        (&0.into(), &3.into())
    );
}

#[test]
fn rejects_that_are_put_right_can_be_imported_on_their_own() {
    let place = Place::new();
    place.write("b.csv", BATCHES);
    place.write(
        "o.csv",
        "orderid,sku,qty\no1,TABLE,1\no1,TABLE,one\no1,TABLE,2\n",
    );
    place.run(["import", "batches", "b.csv"]).ended(0);
    place
        .run(["import", "orders", "o.csv", "--number-lines"])
        .ended(3);
    let rejects = place.read("o.csv.rejects.csv");
    place.write("o.csv.rejects.csv", rejects.replace("TABLE,one", "TABLE,1"));
    place
        .run(["import", "orders", "o.csv.rejects.csv", "--number-lines"])
        .ended(0);
    assert!(!exists(&place.path("o.csv.rejects.csv.rejects.csv")));
    let lines = place.run(["export", "orders"]).stdout;
    let ids: Vec<_> = lines
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(3).unwrap())
        .collect();
    assert_eq!(ids, ["TABLE", "TABLE#2", "TABLE#3"]);
    // The whole file again, put right in the same way: every row is there already.
    place.write(
        "o.csv",
        "orderid,sku,qty\no1,TABLE,1\no1,TABLE,1\no1,TABLE,2\n",
    );
    let again = place
        .run(["import", "orders", "o.csv", "--number-lines", "--json"])
        .ended(0);
    assert_eq!(again.json()["unchanged"], 3);
    assert!(
        !exists(&place.path("o.csv.rejects.csv")),
        "there are none any more"
    );
}

#[test]
fn through_a_service_the_result_is_the_same() {
    let (here, there) = (Place::new(), Place::new());
    let service = there.serve(&[TODAY]);
    let url = format!("--url={}", service.url());
    for place in [&here, &there] {
        place.write("b.csv", BATCHES);
        place.write("o.csv.gz", pack(ORDERS));
    }
    here.run(["import", "batches", "b.csv", TODAY]).ended(0);
    there.run(["import", "batches", "b.csv", &url]).ended(0);
    let orders = [
        "import",
        "orders",
        "o.csv.gz",
        COLUMNS,
        "--number-lines",
        "--json",
    ];
    for _ in 0..2 {
        let mut one = here.run(orders.iter().chain(&[TODAY])).ended(3).json();
        let mut other = there
            .run(orders.iter().chain(&[url.as_str()]))
            .ended(3)
            .json();
        one["seconds"] = 0.into();
        other["seconds"] = 0.into();
        assert_eq!(one, other);
        let rejects = "o.csv.gz.rejects.csv";
        assert_eq!(here.read(rejects), there.read(rejects));
        let lines = ["export", "allocations"];
        assert_eq!(
            here.run(lines).ended(0).stdout,
            there.run(lines).ended(0).stdout
        );
    }
    let refused = there
        .run(["import", "batches", "b.csv", &url, TODAY])
        .ended(2);
    assert!(refused.stderr.contains("--today"), "{refused:?}");
    assert!(service.stop().success());
    let gone = there.run(["import", "batches", "b.csv", &url]).ended(1);
    assert!(gone.stderr.contains("cannot reach"), "{gone:?}");
}

#[test]
fn what_is_exported_can_be_imported() {
    let place = Place::new();
    place.write("b.csv", BATCHES);
    place.write("o.csv", ORDERS);
    place.run(["import", "batches", "b.csv"]).ended(0);
    place
        .run(["import", "orders", "o.csv", COLUMNS, "--number-lines"])
        .ended(3);
    for (what, file) in [("batches", "b2.csv"), ("orders", "o2.csv.gz")] {
        place.run(["export", what, file]).ended(0);
    }
    let copy = "--database=sqlite:copy.db";
    place.run(["import", "batches", "b2.csv", copy]).ended(0);
    place.run(["import", "orders", "o2.csv.gz", copy]).ended(0);
    for what in ["batches", "orders", "backorders"] {
        let one = place.run(["export", what]).ended(0).stdout;
        assert!(one.lines().count() > 1, "{what}: {one}");
        assert_eq!(
            one,
            place.run(["export", what, copy]).ended(0).stdout,
            "{what}"
        );
    }
    let audit = place.run(["audit", copy]).ended(0);
    assert!(audit.stdout.contains("adds up"), "{audit:?}");
}

#[test]
fn all_pages_are_exported_and_what_was_cancelled_is_not() {
    let place = Place::new();
    let mut batches = String::from("ref,sku,qty,eta\n");
    let mut orders = String::from("orderid,sku,qty\n");
    for row in 0..1_200 {
        writeln!(batches, "b{row:04},TABLE,1,").unwrap();
        writeln!(orders, "o{row:04},TABLE,2").unwrap();
    }
    place.write("b.csv", batches);
    place.write("o.csv", orders);
    place.run(["import", "batches", "b.csv"]).ended(0);
    place.run(["import", "orders", "o.csv"]).ended(0);
    let cancel = r#"{"type":"CancelOrder","order_id":"o0007"}"#;
    place.run_with_input(["apply", "-"], cancel).ended(0);
    for (what, rows) in [
        ("batches", 1_200),
        ("orders", 1_199),
        ("backorders", 1_199),
        ("events", 3_601),
    ] {
        let exported = place.run(["export", what]).ended(0).stdout;
        let header = usize::from(what != "events");
        let different: HashSet<_> = exported.lines().skip(header).collect();
        assert_eq!(different.len(), rows, "{what}");
        assert_eq!(exported.lines().count(), rows + header, "{what}");
        assert!(what == "events" || !exported.contains("o0007"), "{what}");
    }
}

/// More rows than go in one piece, and some of each thousand are wrong.
fn many_orders() -> String {
    let mut orders = String::from("orderid,sku,qty\n");
    for row in 0..5_000 {
        writeln!(orders, "o{row:05},TABLE,1").unwrap();
        if row % 1_000 == 0 {
            orders.push_str("bad,TABLE,0\nbad,NOPE,1\n");
        }
    }
    orders
}

#[track_caller]
fn many_were_imported(place: &Place, imported: &Ran) {
    let summary = imported.json();
    assert_eq!(summary["allocated"], 3_000);
    assert_eq!(summary["backordered"], 2_000);
    let rejects = place.read("orders.rejects.csv");
    let lines: Vec<_> = rejects
        .lines()
        .skip(1)
        .map(|row| row.split(',').next().unwrap())
        .collect();
    let expected = [
        "3", "4", "1005", "1006", "2007", "2008", "3009", "3010", "4011", "4012",
    ];
    assert_eq!(lines, expected);
    let allocated = place.run(["export", "allocations"]).ended(0).stdout;
    let last = allocated.lines().last().unwrap();
    assert!(
        last.starts_with("o02999,"),
        "who came first is served first: {last}"
    );
}

#[test]
fn a_file_of_many_pieces_keeps_its_order() {
    let place = Place::new();
    place.write("b.csv", "ref,sku,qty,eta\nb1,TABLE,3000,\n");
    place.run(["import", "batches", "b.csv"]).ended(0);
    let import = ["import", "orders", "-", "--json"];
    many_were_imported(
        &place,
        &place.run_with_input(import, many_orders()).ended(3),
    );
}

#[test]
fn a_file_of_many_pieces_keeps_its_order_through_a_service() {
    let place = Place::new();
    let service = place.serve(&[]);
    let url = format!("--url={}", service.url());
    place.write("b.csv", "ref,sku,qty,eta\nb1,TABLE,3000,\n");
    place.run(["import", "batches", "b.csv", &url]).ended(0);
    let import = ["import", "orders", "-", "--json", &url];
    many_were_imported(
        &place,
        &place.run_with_input(import, many_orders()).ended(3),
    );
}

#[test]
fn a_service_that_ends_in_the_midst_is_told_and_the_file_can_be_imported_again() {
    let place = Place::new();
    let service = place.serve(&[]);
    let url = format!("--url={}", service.url());
    place.write("b.csv", "ref,sku,qty,eta\nb1,TABLE,1000000,\n");
    place.run(["import", "batches", "b.csv", &url]).ended(0);
    let mut import = place.command(["import", "orders", "-", "--json", &url]);
    import
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut import = import.spawn().unwrap();
    let mut rows = import.stdin.take().unwrap();
    let mut first = String::new();
    for row in 0..5_000 {
        writeln!(first, "o{row},TABLE,1").unwrap();
    }
    write!(rows, "orderid,sku,qty\n{first}").unwrap();
    rows.flush().unwrap();
    until(|| service.get("/v1/orders/o1000").status == 200);
    assert!(service.stop().success());
    // It notices when it is told that the stream has ended, or when it sends more.
    let _ = rows.write_all(b"last,TABLE,1\n");
    drop(rows);
    let ended = Ran::when_ended(import).ended(1);
    assert!(ended.stderr.contains("import the file again"), "{ended:?}");
    place.write("o.csv", format!("orderid,sku,qty\n{first}last,TABLE,1\n"));
    let again = place
        .run(["import", "orders", "o.csv", "--json"])
        .ended(0)
        .json();
    assert_eq!(again["rows"], 5_001);
    assert!(again["unchanged"].as_u64().unwrap() > 1_000, "{again}");
    assert_eq!(place.audit()["lines"], 5_001);
}

#[test]
fn a_file_that_cannot_be_read_on_is_told_with_its_line() {
    let place = Place::new();
    place.write("b.csv", BATCHES);
    place.run(["import", "batches", "b.csv"]).ended(0);
    let mut packed = pack(&format!("orderid,sku,qty\n{}", "o1,TABLE,1\n".repeat(100)));
    packed.truncate(packed.len() - 8);
    place.write("cut.csv.gz", packed);
    let cut = place.run(["import", "orders", "cut.csv.gz"]).ended(1);
    assert!(cut.stderr.contains("after line 101"), "{cut:?}");
    assert!(cut.stderr.contains("import the file again"), "{cut:?}");
    assert_eq!(place.audit()["lines"], 1);
}

#[test]
fn files_that_make_no_sense_are_refused() {
    let place = Place::new();
    place.write("b.csv", "ref,sku,qty\nb1,TABLE,10\n");
    let refused = place.run(["import", "batches", "b.csv"]).ended(1);
    assert!(refused.stderr.contains("`eta`"), "{refused:?}");
    place
        .run(["import", "batches", "b.csv", "--columns", "eta="])
        .ended(0);
    let refused = place
        .run(["import", "batches", "b.csv", "--columns", "order=x"])
        .ended(2);
    assert!(refused.stderr.contains("`order`"), "{refused:?}");
    place
        .run([
            "import",
            "batches",
            "b.csv",
            "--number-lines",
            "--columns",
            "eta=",
        ])
        .ended(2);
    place.run(["import", "batches", "no.csv"]).ended(1);
    let memory = [
        "import",
        "batches",
        "b.csv",
        "--columns",
        "eta=",
        "--database",
        "memory:",
    ];
    let refused = place.run(memory).ended(2);
    assert!(refused.stderr.contains("memory:"), "{refused:?}");
}
