//! Small made files, as dirty as real ones.

use std::io::Write;

use super::*;

fn read_text(text: &[u8], columns: &SlipColumns) -> Result<(Slips, SlipsRead), String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let input = Input::File(file.path().to_owned());
    read(&input, columns).map_err(|error| error.to_string())
}

fn columns(planned: &str, actual: &str) -> SlipColumns {
    SlipColumns {
        planned: Some(planned.into()),
        actual: Some(actual.into()),
    }
}

#[test]
fn dirty_dates_are_counted_by_kind_with_examples() {
    let text = "\
id,planned,actual,note
1,2012-05-01,2012-05-04,
2,2012-05-01,Date Not Captured,
3,N/A - From RDC,2012-05-04,
4,Pre-PQ Process,Date Not Captured,both
5,2012-05-01,,
6,2012-05-01
7,2012-02-30,2012-05-04,
8,2012-05-10,08-May-12,\"a, b\"
9,2012-05-10,2021-05-08,
";
    let (slips, read) = read_text(text.as_bytes(), &SlipColumns::default()).unwrap();
    assert_eq!((read.rows, read.used), (9, 2));
    assert_eq!(slips.days, [-2, 3]);
    let told: Vec<String> = read.unusable.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "2 rows: planned is no date, such as `N/A - From RDC`, `Pre-PQ Process` (first in line 4)",
            "1 row: planned is a date that does not exist, such as `2012-02-30` (first in line 8)",
            "1 row: actual is empty (first in line 6)",
            "1 row: actual is no date, such as `Date Not Captured` (first in line 3)",
            "1 row: actual is missing in the row (first in line 7)",
            "1 row: actual is more than two years from the planned date, such as `2021-05-08` (first in line 10)",
        ]
    );
    let unusable: u64 = read.unusable.iter().map(|dirt| dirt.rows).sum();
    assert_eq!(unusable + read.used, read.rows);
}

#[test]
fn each_column_tells_the_order_of_its_numbers() {
    let text = "planned,actual\n5/31/12,31/5/12\n1/2/12,2/1/12\n";
    let (slips, read) = read_text(text.as_bytes(), &SlipColumns::default()).unwrap();
    assert_eq!(slips.days, [0, 0]);
    assert!(!read.order_unknown);
    let text = "planned,actual\n1/2/12,1/3/12\n";
    let (slips, read) = read_text(text.as_bytes(), &SlipColumns::default()).unwrap();
    assert_eq!(slips.days, [1]);
    assert!(read.order_unknown);
}

#[test]
fn the_names_of_the_delivery_history_are_known() {
    let text = "Delivered to Client Date,Scheduled Delivery Date\n09-Jun-06,02-Jun-06\n";
    let (slips, read) = read_text(text.as_bytes(), &SlipColumns::default()).unwrap();
    assert_eq!(slips.days, [7]);
    assert_eq!(read.planned, "Scheduled Delivery Date");
}

#[test]
fn a_column_that_is_not_there_is_named_with_those_that_are() {
    let text = b"eta,ata\n2012-01-01,2012-01-02\n";
    let error = read_text(text, &SlipColumns::default()).unwrap_err();
    assert!(
        error.contains(
            "no column `planned` or `Scheduled Delivery Date`, only: eta, ata; say --planned COLUMN"
        ),
        "{error}"
    );
    let error = read_text(text, &columns("eta", "came")).unwrap_err();
    assert!(
        error.contains("no column `came`, only: eta, ata"),
        "{error}"
    );
    assert_eq!(read_text(text, &columns("eta", "ata")).unwrap().0.days, [1]);
    let error = read_text(b"eta;ata\n", &columns("eta", "ata")).unwrap_err();
    assert!(error.contains("separated by commas"), "{error}");
    let error = read_text(b"eta,eta,ata\n", &columns("eta", "ata")).unwrap_err();
    assert!(error.contains("`eta` twice"), "{error}");
}

#[test]
fn what_leaves_nothing_to_draw_from_is_an_error() {
    let error = read_text(b"planned,actual\n", &SlipColumns::default()).unwrap_err();
    assert!(error.contains("it has no rows"), "{error}");
    let error = read_text(b"planned,actual\nsoon,later\n", &SlipColumns::default()).unwrap_err();
    assert!(
        error.contains("no row has both dates") && error.contains("`soon` (first in line 2)"),
        "{error}"
    );
    let error = read_text(b"", &SlipColumns::default()).unwrap_err();
    assert!(error.contains("no column"), "{error}");
}

#[test]
fn a_packed_file_and_other_bytes_are_read() {
    let text = b"planned,actual,\xe9\n2012-01-01,2012-01-02,\xff\n";
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text).unwrap();
    let packed = packed.finish().unwrap();
    for bytes in [&text[..], &packed] {
        let (slips, _) = read_text(bytes, &SlipColumns::default()).unwrap();
        assert_eq!(slips.days, [1]);
    }
    let cut = &packed[..packed.len() - 4];
    assert!(read_text(cut, &SlipColumns::default()).is_err());
    let nowhere = Input::File("no-such-file.csv".into());
    let error = read(&nowhere, &SlipColumns::default()).unwrap_err();
    assert!(error.to_string().contains("no-such-file.csv"), "{error}");
}
