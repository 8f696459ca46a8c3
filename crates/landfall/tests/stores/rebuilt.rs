//! Read models on PostgreSQL that somebody has damaged are made again from the log: every row as it was.

use landfall_service::audit::audit;
use landfall_service::rebuild::rebuild;
use landfall_testkit::database::is_missing;
use landfall_testkit::replay::{in_groups, start_on};
use landfall_testkit::servers::postgres::rows;
use landfall_testkit::state::state;
use landfall_testkit::{Database, FixedClock, run};

use crate::databases::Pg;
use crate::histories;

/// Rows that are gone, rows that say something else, and a row that nobody made.
const DAMAGE: &str = "
    DELETE FROM order_view WHERE number % 3 = 0;
    UPDATE order_view SET status = 3, current = NULL, batch = NULL, quantity = quantity + 1 WHERE number % 3 = 1;
    DELETE FROM availability WHERE product % 2 = 0;
    UPDATE availability SET units = units + 1;
    INSERT INTO order_view (partition, order_id, line_id, home, number, sku, quantity, dispatched, status, priority,
            policy, deliver)
        SELECT partition, order_id, 'nothing', home, number, sku, 1, 0, 0, 5, 0, 0 FROM order_view LIMIT 1";

#[test]
fn damaged_read_models_are_made_again() {
    if is_missing::<Pg<16>>() {
        return;
    }
    let pg = Pg::<16>::create();
    let (database, url) = (pg.database.clone(), pg.server.url());
    let history = histories::long();
    let (first, rest) = history.split_at(history.len() * 3 / 4);
    run(async {
        let harness = start_on(pg, FixedClock::new(), 30);
        in_groups(&harness, first, &[40]).await;
        let before = state(&*harness.views).await;
        assert!(
            before.order_lines.len() > 150,
            "{}",
            before.order_lines.len()
        );
        rows(&url, DAMAGE);
        let damaged = audit(&*harness.views).await;
        assert!(!damaged.is_ok_and(|report| report.views_equal));
        let report = rebuild(&*harness.views, &mut database.rebuild()).await;
        let report = report.unwrap();
        assert_eq!(report.order_lines, before.order_lines.len() as u64);
        assert_eq!(report.availability, before.availability.len() as u64);
        assert_eq!(state(&*harness.views).await, before);
        // The service goes on: the rows are also where lines are found by their names.
        in_groups(&harness, rest, &[40]).await;
        let audited = audit(&*harness.views).await.unwrap();
        assert!(audited.ok, "{audited:?}");
    });
}
