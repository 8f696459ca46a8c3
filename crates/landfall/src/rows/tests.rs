//! Tests of reading files of batches and orders.

use std::fmt::Write as _;
use std::io::Write as _;

use landfall_domain::IfShort;

use super::*;

fn file(content: &[u8]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    file
}

fn orders(number_lines: bool) -> impl FnOnce(&ByteRecord) -> Result<Kind, String> {
    move |header| {
        let mapping = Mapping::default();
        OrderRows::new(&mapping, header, number_lines, IfShort::Backorder)
            .map(|rows| Kind::Orders(Box::new(rows)))
    }
}

fn batches(header: &ByteRecord) -> Result<Kind, String> {
    BatchRows::new(&Mapping::default(), header).map(|rows| Kind::Batches(Box::new(rows)))
}

fn open(content: &[u8], kind: impl FnOnce(&ByteRecord) -> Result<Kind, String>) -> Rows {
    let file = file(content);
    Rows::open(&Input::File(file.path().into()), kind).unwrap()
}

/// Each row's line and what it asks for, as JSON, or what is wrong with it.
fn read(mut rows: Rows) -> Vec<(u64, Result<serde_json::Value, String>)> {
    let mut read = Vec::new();
    while let Some(piece) = rows.next_piece().unwrap() {
        let mut requests = piece.requests.into_iter();
        for row in piece.rows {
            let command = match row.wrong {
                Some(reason) => Err(reason),
                None => Ok(serde_json::to_value(requests.next().unwrap().command).unwrap()),
            };
            read.push((row.line, command));
        }
        assert!(requests.next().is_none());
    }
    read
}

fn reasons(
    content: &[u8],
    kind: impl FnOnce(&ByteRecord) -> Result<Kind, String>,
) -> Vec<(u64, String)> {
    let rejected = read(open(content, kind)).into_iter();
    rejected
        .filter_map(|(line, row)| Some((line, row.err()?)))
        .collect()
}

#[test]
fn a_row_of_batches_is_a_batch() {
    let text = b"sku,eta,ref,qty,colour,location\nSOFA,,b1,10,grey,\nLAMP,2026-12-24,b2,1,,Hull\n";
    let read = read(open(text, batches));
    let json = |row: usize| read[row].1.clone().unwrap();
    assert_eq!((read[0].0, read[1].0), (2, 3));
    assert_eq!(json(0)["reference"], "b1");
    assert_eq!(json(0)["eta"], serde_json::Value::Null);
    assert_eq!(json(0)["location"], serde_json::Value::Null);
    assert_eq!(json(1)["eta"], "2026-12-24");
    assert_eq!(json(1)["location"], "Hull");
    assert_eq!(json(1)["type"], "CreateBatch");
}

#[test]
fn a_row_of_orders_is_a_line_by_itself() {
    let text = b"orderid,sku,qty,priority,policy,requested_date\r\no1,SOFA,2,9,just_in_time,2026-12-24\r\no1,LAMP,1,,,\r\n";
    let read = read(open(text, orders(false)));
    let json = |row: usize| read[row].1.clone().unwrap();
    assert_eq!(json(0)["type"], "Allocate");
    assert_eq!(json(0)["priority"], 9);
    assert_eq!(json(0)["policy"], "just_in_time");
    assert_eq!(json(0)["requested_date"], "2026-12-24");
    assert_eq!(json(1)["priority"], 5);
    assert_eq!(json(1)["line_id"], serde_json::Value::Null);
}

#[test]
fn what_is_wrong_with_a_row_is_said_with_its_line() {
    let text = b"orderid,sku,qty,priority\n\
        o1,SOFA,-3,\n\
        o2,SOFA,1\n\
        o3,SOFA,1,1,1\n\
        ,SOFA,1,\n\
        o5,,1,\n\
        \n\
        o6,\"two\nlines\",1,\n\
        o7,caf\xe9,1,\n\
        o8,SOFA,1,11\n\
        o9,SOFA,many,\n";
    let expected = [
        (2, "negative quantity -3: a return is not an order line"),
        (3, "the row has 3 fields and the header 4"),
        (4, "the row has 5 fields and the header 4"),
        (5, "orderid is empty"),
        (6, "sku is empty"),
        (8, "sku must not contain control characters"),
        (10, "sku is not UTF-8"),
        (11, "priority must be a whole number from 0 to 9"),
        (12, "qty `many` is not a whole number"),
    ];
    let expected = expected.map(|(line, reason)| (line, reason.to_owned()));
    assert_eq!(reasons(text, orders(false)), expected);
}

#[test]
fn a_row_has_the_line_on_which_it_begins() {
    let text = "orderid,sku,qty\n\no1,\"two\nlines\",1\n\n\no2,SOFA,1\no3,SOFA,1";
    let lines = |text: String| {
        let rows = read(open(text.as_bytes(), orders(false))).into_iter();
        rows.map(|row| row.0).collect::<Vec<_>>()
    };
    assert_eq!(lines(text.to_owned()), [3, 7, 8]);
    assert_eq!(lines(format!("{text}\n")), [3, 7, 8]);
    assert_eq!(lines(text.replace('\n', "\r\n")), [3, 7, 8]);
    assert_eq!(lines(format!("{text}\n").replace('\n', "\r\n")), [3, 7, 8]);
}

#[test]
fn bytes_that_nobody_reads_may_be_anything() {
    let text = b"orderid,what,sku,qty\no1,caf\xe9,SOFA,1\n";
    assert_eq!(reasons(text, orders(false)), []);
}

#[test]
fn a_mark_of_byte_order_is_no_part_of_the_header() {
    let text = b"\xef\xbb\xbforderid,sku,qty\no1,SOFA,1\n";
    assert_eq!(read(open(text, orders(false))).len(), 1);
}

#[test]
fn repeated_rows_are_numbered_on_request() {
    let text = b"orderid,sku,qty,line_id\n\
        o1,SOFA,1,\no1,SOFA,-2,\no2,SOFA,1,\no1,SOFA,3,\no1,SOFA,3,mine\no1,SOFA,1,\n";
    let ids = |number_lines| {
        let rows = read(open(text, orders(number_lines))).into_iter();
        let ids = rows.map(|row| {
            row.1
                .map(|json| json["line_id"].as_str().unwrap_or("").to_owned())
        });
        ids.map(|id| id.unwrap_or_else(|_| "rejected".into()))
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(false), ["", "rejected", "", "", "mine", ""]);
    assert_eq!(ids(true), ["", "rejected", "", "SOFA#3", "mine", "SOFA#4"]);
}

#[test]
fn a_file_without_a_header_is_refused() {
    let file = file(b"");
    let input = Input::File(file.path().into());
    let error = Rows::open(&input, batches).err().unwrap();
    assert!(error.to_string().contains("it is empty"), "{error}");
    let error = Rows::open(&Input::File("no/such.csv".into()), batches)
        .err()
        .unwrap();
    assert!(error.to_string().starts_with("no/such.csv: "), "{error}");
}

#[test]
fn a_file_is_read_in_pieces() {
    let mut text = String::from("orderid,sku,qty\n");
    for row in 0..=PIECE {
        writeln!(text, "o{row},SOFA,1").unwrap();
    }
    let mut rows = open(text.as_bytes(), orders(false));
    let mut sizes = Vec::new();
    while let Some(piece) = rows.next_piece().unwrap() {
        sizes.push(piece.rows.len());
    }
    assert_eq!(sizes, [PIECE, 1]);
    let long = format!("o,{},1\n", "x".repeat(1_000_000));
    let long = format!("orderid,sku,qty\n{}", long.repeat(5));
    let mut rows = open(long.as_bytes(), orders(false));
    assert_eq!(rows.next_piece().unwrap().unwrap().rows.len(), 2);
}

/// Writes every row of a file into a rejects file, and gives that file's text.
fn all_rejected(content: &[u8], number_lines: bool) -> String {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("o.csv.rejects.csv");
    let mut rows = open(content, orders(number_lines));
    let column = number_lines.then_some("line_id");
    let mut rejects = Rejects::new(path, rows.header(), column).unwrap();
    while let Some(piece) = rows.next_piece().unwrap() {
        for (at, row) in piece.rows.iter().enumerate() {
            rejects
                .write(row.line, "no", row.line_id.as_ref(), piece.fields(at))
                .unwrap();
        }
    }
    let path = rejects.finish().unwrap().unwrap();
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}

#[test]
fn rejected_rows_are_written_as_they_were() {
    let text = b"orderid,sku,qty,note\no1,SOFA,1,\"a, b\"\no2,LAMP\no3,BED,x,caf\xe9\n";
    let expected = "line,reason,orderid,sku,qty,note\n\
        2,no,o1,SOFA,1,\"a, b\"\n3,no,o2,LAMP\n4,no,o3,BED,x,caf\u{fffd}\n";
    assert_eq!(all_rejected(text, false), expected);
}

#[test]
fn rejected_rows_keep_their_numbers() {
    let text = b"orderid,sku,qty\no1,SOFA,1\no1,SOFA,2\n";
    let expected = "line,reason,line_id,orderid,sku,qty\n\
        2,no,SOFA,o1,SOFA,1\n3,no,SOFA#2,o1,SOFA,2\n";
    assert_eq!(all_rejected(text, true), expected);
    let text = b"orderid,line_id,sku,qty\no1,,SOFA,1\no1,mine,SOFA,2\no1,,SOFA,2\n";
    let expected = "line,reason,orderid,line_id,sku,qty\n\
        2,no,o1,SOFA,SOFA,1\n3,no,o1,mine,SOFA,2\n4,no,o1,SOFA#2,SOFA,2\n";
    assert_eq!(all_rejected(text, true), expected);
}

#[test]
fn a_rejects_file_can_be_imported_itself() {
    let text = b"line,reason,orderid,sku,qty\n7,too late,o1,SOFA,1\n";
    let expected = "line,reason,orderid,sku,qty\n2,no,o1,SOFA,1\n";
    assert_eq!(all_rejected(text, false), expected);
}

#[test]
fn a_rejects_file_is_there_only_if_there_are_any() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("o.csv.rejects.csv");
    std::fs::write(&path, "of an earlier run").unwrap();
    let header = ByteRecord::from(vec!["orderid"]);
    let rejects = Rejects::new(path.clone(), &header, None).unwrap();
    assert!(!path.exists());
    assert_eq!(rejects.finish().unwrap(), None);
    assert!(!path.exists());
}
