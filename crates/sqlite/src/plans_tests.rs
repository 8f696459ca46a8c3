//! Flat cost: every statement goes by an index to what it names, and none looks at a whole table.

use rusqlite::{Connection, OptionalExtension, StatementStatus};

use crate::options::Options;
use crate::{connection, desk, load, views};

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

/// The statement of a unit of work that has this part.
fn statement(part: &str) -> &'static str {
    let mut statements = load::statements().into_iter();
    statements.find(|sql| sql.contains(part)).unwrap()
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
        let pegged = plan(connection, statement("FROM allocations"));
        assert_eq!(
            pegged,
            ["SEARCH allocations USING PRIMARY KEY (batch=? AND (rank,promise,number)<(?,?,?))"]
        );
        let later = plan(connection, statement("promise > ?3"));
        assert_eq!(
            later,
            [
                "SEARCH allocations USING PRIMARY KEY (batch=? AND rank=? AND promise>? \
              AND (promise,number)<(?,?))"
            ]
        );
        let late = plan(connection, statement("current > original"));
        assert_eq!(
            late,
            [
                "SEARCH lines USING INDEX lines_late_unlocked (product=? AND (rank,original,age)>(?,?,?))"
            ]
        );
        let waiting = plan(connection, statement("places = ?2"));
        assert_eq!(
            waiting,
            ["SEARCH lines USING INDEX lines_waiting_at \
              (product=? AND places=? AND (rank,wanted,age)>(?,?,?))"]
        );
        let next = plan(connection, statement("places > ?2"));
        assert_eq!(
            next,
            ["SEARCH lines USING INDEX lines_waiting_at (product=? AND places>?)"]
        );
    });
}

/// Steps of SQLite's machine that it takes to read a queue for goods in York, with so many lines that wait for other
/// places.
fn steps(connection: &Connection, elsewhere: u32) -> i32 {
    let add = "INSERT INTO lines (number, order_id, line_id, product, quantity, dispatched, status, cancelled, priority, \
         policy, split, if_short, first_quantity, locations) \
         VALUES (?1, 'o-' || ?1, 'l', 1, 2, 0, 1, 0, 5, 0, 0, 0, 2, ?2)";
    connection.execute("DELETE FROM lines", []).unwrap();
    let mut add = connection.prepare(add).unwrap();
    for number in 1..=elsewhere {
        let places = [r#"["Leeds"]"#, r#"["Leeds","Hull"]"#][(number % 2) as usize];
        add.execute((number, places)).unwrap();
    }
    let york = r#"["York"]"#;
    add.execute((elsewhere + 1, york)).unwrap();
    let mut lists = connection.prepare(statement("places > ?2")).unwrap();
    let mut last = String::new();
    while let Some(places) = {
        let next = lists.query_row((1, &last), |row| row.get(0));
        next.optional().unwrap()
    } {
        last = places;
    }
    assert_eq!(last, york, "all are found");
    let mut queue = connection.prepare(statement("places = ?2")).unwrap();
    let from = (1, york, i64::MIN, i64::MIN, 0, 2, 2, 10);
    let lines = queue.query_map(from, |row| row.get(2)).unwrap();
    let lines: Vec<u32> = lines.collect::<Result<_, _>>().unwrap();
    assert_eq!(lines, [elsewhere + 1]);
    lists.get_status(StatementStatus::VmStep) + queue.get_status(StatementStatus::VmStep)
}

#[test]
fn lines_that_wait_for_another_place_cost_nothing() {
    with_database(|connection| {
        let few = steps(connection, 10);
        assert_eq!(steps(connection, 3_000), few);
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
                // From its beginning an index is read as far as the page goes: nothing is sorted. Of the goods that may
                // leave all batches are looked at.
                let fine = [
                    "SCAN CONSTANT ROW",
                    "SCAN b USING INDEX batches_by_eta",
                    "SCAN b USING INDEX batches_to_leave",
                ];
                let fine = fine.contains(&&**step);
                looks_at_all(step) && !page && !one_product && !fine
            };
            assert!(!plan.iter().any(wrong), "{sql}\n{plan:#?}");
        }
    });
}

#[test]
fn what_has_no_index_is_looked_at_once_in_narrow_tables() {
    // Nothing else is read of all products and batches, and no step is taken for each of them but these.
    const LOOKED_AT: [&str; 6] = [
        "SCAN b",
        "SCAN p",
        "SCAN p USING INDEX products_waiting",
        "SEARCH p USING INDEX products_waiting (sku>?)",
        "SEARCH p USING INDEX products_waiting (sku>? AND sku<?)",
        "SEARCH a USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
    ];
    with_database(|connection| {
        for sql in views::scans() {
            let plan = plan(connection, &sql);
            let scans = plan.iter().filter(|step| step.starts_with("SCAN"));
            assert!(scans.count() <= 3, "{sql}\n{plan:#?}");
            let first = plan
                .iter()
                .find(|step| step.contains("SCAN") || step.contains("SEARCH"));
            assert!(
                first.is_some_and(|step| LOOKED_AT.contains(&&**step)),
                "{sql}\n{plan:#?}"
            );
            let sums = plan.iter().filter(|step| step.contains("CORRELATED"));
            assert!(sums.count() <= 1, "{sql}\n{plan:#?}");
        }
    });
}

#[test]
fn ages_are_counted_along_an_index_that_has_all_of_it() {
    with_database(|connection| {
        let sql = desk::ages_statement();
        let plan = plan(connection, &sql);
        let covering = "SEARCH w USING COVERING INDEX worklist_age (kind=? AND since<?)";
        assert!(plan.iter().any(|step| step == covering), "{plan:#?}");
    });
}

#[test]
fn the_worklist_is_read_along_an_index() {
    with_database(|connection| {
        for sql in desk::statements() {
            let plan = plan(connection, &sql);
            assert!(!plan.is_empty(), "{sql}");
            // There is one place for each partition.
            let wrong = |step: &String| looks_at_all(step) && step != "SCAN d";
            assert!(!plan.iter().any(wrong), "{sql}\n{plan:#?}");
        }
    });
}
