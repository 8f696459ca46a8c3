//! An audit also looks at what only this store keeps: records made from others, by which things are found.

use landfall_service::audit::audit;
use landfall_sqlite::{Options, SqliteViews};
use landfall_testkit::commands::{batch, line};
use landfall_testkit::{Harness, run};
use rusqlite::Connection;

mod database;
use database::Sqlite;

#[test]
fn damage_to_what_things_are_found_by_is_told() {
    let database = run(async {
        let harness = Harness::<Sqlite<0>>::start();
        harness
            .all([batch("b", "S", 5).into(), line("o", "S", 1).into()])
            .await;
        harness
            .all([batch("c", "S", 5).into(), line("p", "S", 1).into()])
            .await;
        harness.audit().await;
        harness.stop()
    });
    let damages = [
        (
            "UPDATE batches SET open = 1 - open",
            "UPDATE batches SET open = 1 - open",
            "batch b",
        ),
        (
            "UPDATE allocations SET promise = promise + 1",
            "UPDATE allocations SET promise = promise - 1",
            "line o/S",
        ),
        (
            "UPDATE heads SET next_number = next_number - 3",
            "UPDATE heads SET next_number = next_number + 3",
            "number ",
        ),
    ];
    let execute = |sql| {
        Connection::open(database.path())
            .unwrap()
            .execute(sql, [])
            .unwrap()
    };
    let views = SqliteViews::open(database.path(), &Options::default()).unwrap();
    for (damage, mend, what) in damages {
        assert!(execute(damage) > 0, "{damage}");
        let found = run(async { audit(&views).await.unwrap_err().to_string() });
        assert!(found.contains(what), "{damage}: {found}");
        execute(mend);
        assert!(run(async { audit(&views).await.unwrap().ok }), "{mend}");
    }
}
