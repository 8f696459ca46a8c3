//! Flat cost: every statement goes by an index to what it names, and none looks at a whole table.

use rusqlite::Connection;

use crate::options::Options;
use crate::{connection, load, views};

/// What `EXPLAIN QUERY PLAN` says, one step a line.
fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    let steps = statement
        .raw_query()
        .mapped(|row| row.get(3))
        .collect::<Result<_, _>>();
    steps.unwrap()
}

fn with_database(test: impl FnOnce(&Connection)) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("landfall.db");
    test(&connection::writer(&path, &Options::default()).unwrap());
}

/// Steps that look at everything: `SCAN` of a table, or a sort of what was found.
fn looks_at_all(step: &str) -> bool {
    step.starts_with("SCAN") || step.contains("TEMP B-TREE")
}

#[test]
fn a_unit_of_work_never_looks_at_a_whole_table() {
    with_database(|connection| {
        for sql in load::statements() {
            let plan = plan(connection, sql);
            assert!(!plan.is_empty(), "{sql}");
            assert!(
                !plan.iter().any(|step| looks_at_all(step)),
                "{sql}\n{plan:#?}"
            );
        }
    });
}

#[test]
fn ranges_are_read_in_the_order_of_their_index() {
    with_database(|connection| {
        let sql = |part: &str| {
            load::statements()
                .into_iter()
                .find(|sql| sql.contains(part))
                .unwrap()
        };
        let pegged = plan(connection, sql("FROM allocations"));
        assert_eq!(
            pegged,
            ["SEARCH allocations USING PRIMARY KEY (batch=? AND (rank,promise,number)<(?,?,?))"]
        );
        let later = plan(connection, sql("promise > ?3"));
        assert_eq!(
            later,
            [
                "SEARCH allocations USING PRIMARY KEY (batch=? AND rank=? AND promise>? \
              AND (promise,number)<(?,?))"
            ]
        );
        let late = plan(connection, sql("current > original"));
        assert_eq!(
            late,
            ["SEARCH lines USING INDEX lines_late (product=? AND (rank,original,age)>(?,?,?))"]
        );
        let waiting = plan(connection, sql("outstanding <="));
        assert_eq!(
            waiting,
            ["SEARCH lines USING INDEX lines_waiting \
              (product=? AND (rank,wanted,age)>(?,?,?))"]
        );
    });
}

#[test]
fn a_page_goes_along_an_index_and_no_further() {
    with_database(|connection| {
        for sql in views::statements() {
            let plan = plan(connection, &sql);
            assert!(!plan.is_empty(), "{sql}");
            let wrong = |step: &String| {
                // The page itself is looked at whole, and sorted. So are the batches of one product.
                let page = sql.starts_with("WITH page") && !step.contains("SCAN products");
                let one_product = sql.contains("batches_of_product");
                looks_at_all(step) && !page && !one_product
            };
            assert!(!plan.iter().any(wrong), "{sql}\n{plan:#?}");
        }
    });
}
