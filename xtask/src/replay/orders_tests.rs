//! Reading orders: the days, the demand, and files that are not as they should be.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use jiff::civil::date;

use super::*;

fn columns() -> Columns {
    Columns {
        order: "order".to_owned(),
        sku: "what".to_owned(),
        quantity: "many".to_owned(),
        date: "when".to_owned(),
    }
}

const FILE: &str = "\
order,when,colour,what,many
1,2026-01-30 09:15:00,red,LAMP,4
1,2026-01-30 09:15:00,\"red, dark\",CHAIR,1
2,2026-01-31,green,LAMP,3
C1,2026-02-01 10:00:00,red,LAMP,-4
3,2026-02-01 11:00:00,blue,LAMP,5
4,some day,blue,LAMP,50
5,2026-02-01 12:00:00,blue,LAMP,many
6,2026-02-01 12:00:00,blue,,7
7,2026-02-01
";

#[test]
fn rows_are_split_by_day_and_stay_as_they_are() {
    let orders = read(FILE.as_bytes(), &columns()).unwrap();
    let per_day: Vec<_> = orders
        .days
        .iter()
        .map(|(day, rows)| (*day, rows.len()))
        .collect();
    assert_eq!(
        per_day,
        [
            (date(2026, 1, 30), 2),
            (date(2026, 1, 31), 1),
            (date(2026, 2, 1), 5)
        ],
        "every row but the one without a day"
    );
    assert_eq!(orders.undated, 1);
    let second = &orders.days[&date(2026, 1, 30)][1];
    assert_eq!(
        second,
        &ByteRecord::from(vec!["1", "2026-01-30 09:15:00", "red, dark", "CHAIR", "1"])
    );
    assert_eq!(orders.order_id(second), b"1");
    assert_eq!(
        (orders.first_day(), orders.last_day()),
        (date(2026, 1, 30), date(2026, 2, 1))
    );
}

#[test]
fn demand_is_what_can_be_ordered_by_month_and_sku() {
    let demand = read(FILE.as_bytes(), &columns()).unwrap().demand;
    let january = BTreeMap::from([("LAMP".to_owned(), 7), ("CHAIR".to_owned(), 1)]);
    let february = BTreeMap::from([("LAMP".to_owned(), 5)]);
    assert_eq!(
        demand,
        Demand::from([(date(2026, 1, 1), january), (date(2026, 2, 1), february)])
    );
}

#[test]
fn a_missing_column_is_named() {
    let error = read("order,what,many\n".as_bytes(), &columns())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no column `when` among order, what, many"),
        "{error}"
    );
}

#[test]
fn a_file_without_a_single_day_is_refused() {
    let error = read("order,what,many,when\n1,LAMP,1,?\n".as_bytes(), &columns()).unwrap_err();
    assert!(
        error.to_string().contains("no row has a day in `when`"),
        "{error}"
    );
}

#[test]
fn a_compressed_file_is_known_by_its_bytes() {
    let path = std::env::temp_dir().join(format!("xtask-orders-{}.csv", std::process::id()));
    let mut gzip = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
    gzip.write_all(FILE.as_bytes()).unwrap();
    gzip.finish().unwrap();
    let orders = open(&path, &columns());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(orders.unwrap().days.len(), 3);
}
