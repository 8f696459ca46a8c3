//! The yardstick writes what it says, and leaves nothing behind.

use landfall_testkit::run;
use landfall_testkit::servers::{needed, postgres};

use super::*;

const SHAPE: Shape = Shape {
    groups: 5,
    group_size: 300,
    skus: 10,
    random_order_ids: false,
    at_most: Duration::from_mins(1),
};

#[test]
fn every_row_of_every_group_is_there() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let options = Options::default();
        let target = Target::parse(&server.url(), None).unwrap().within(SCHEMA);
        let link = Link::open(&target, &options.patient(), "").await.unwrap();
        for random_order_ids in [false, true] {
            link.run(MAKE_SCHEMA).await.unwrap();
            let partitions = schema::migrate(&target, &options).await.unwrap();
            let shape = Shape {
                random_order_ids,
                ..SHAPE
            };
            let written = write(&target, &options, partitions, &shape).await.unwrap();
            assert_eq!(written.lines, 1_500);
            // Each line has one of each, and they say the same.
            let sql = "SELECT count(*) FROM lines l \
                 JOIN order_view v ON v.home = l.partition AND v.number = l.number AND v.order_id = l.order_id \
                 JOIN events e ON e.partition = l.partition AND e.\"offset\" = l.accepted AND e.sku = v.sku \
                WHERE e.data::json ->> 'order_id' = l.order_id AND l.batch IS NOT NULL AND v.partition < $1";
            let partitions = partitions.cast_signed();
            let row = link.client.query_one(sql, &[&partitions]).await.unwrap();
            assert_eq!(row.get::<_, i64>(0), 1_500);
        }
    });
}

#[test]
fn it_is_over_when_the_time_is_and_leaves_nothing() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let shape = Shape {
            at_most: Duration::ZERO,
            ..SHAPE
        };
        let written = bare_loop(&server.url(), &shape).await.unwrap();
        assert_eq!(written.lines, 0);
        let target = Target::parse(&server.url(), None).unwrap();
        let link = Link::open(&target, &Options::default().patient(), "").await;
        let sql =
            "SELECT to_regnamespace('landfall_bare') IS NULL AND to_regclass('lines') IS NULL";
        let row = link.unwrap().client.query_one(sql, &[]).await.unwrap();
        assert!(row.get::<_, bool>(0));
    });
}
