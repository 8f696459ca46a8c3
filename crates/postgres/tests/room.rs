//! Rows that change with every line bring room for their next versions, and let go of it when they change first.

mod database;

use database::Pg;
use landfall_testkit::commands::{batch, line, with_id};
use landfall_testkit::database::is_missing;
use landfall_testkit::servers::postgres::rows;
use landfall_testkit::{Harness, run};

/// The rows that have their room still, by table.
const WITH_ROOM: &str = "SELECT (SELECT count(*) FROM products WHERE room IS NOT NULL), \
     (SELECT count(*) FROM batches WHERE room IS NOT NULL), \
     (SELECT count(*) FROM availability WHERE room IS NOT NULL), \
     (SELECT count(*) FROM products) + (SELECT count(*) FROM batches) + (SELECT count(*) FROM availability)";

#[test]
fn a_new_row_has_room_until_it_changes() {
    if is_missing::<Pg<16>>() {
        return;
    }
    run(async {
        let h = Harness::<Pg<16>>::start();
        let url = h.database().server.url();
        for sku in ["SOFA", "LAMP", "RUG"] {
            h.batch(batch(&format!("b-{sku}"), sku, 10)).await;
        }
        assert_eq!(rows(&url, WITH_ROOM), [["3", "3", "3", "9"]]);
        // By either statement: the one for usual groups, and the one for any.
        h.line(line("o-1", "SOFA", 1)).await;
        assert_eq!(rows(&url, WITH_ROOM), [["2", "2", "2", "9"]]);
        h.line(with_id("k", line("o-2", "LAMP", 1))).await;
        assert_eq!(rows(&url, WITH_ROOM), [["1", "1", "1", "9"]]);
    });
}
