//! Whatever a unit of work asks, PostgreSQL finds it by an index that leads to it: no plan goes through a whole table
//! or a whole partition.

use landfall_testkit::run;
use landfall_testkit::servers::{needed, postgres};
use tokio_postgres::SimpleQueryMessage;

use crate::{CommitIds, Options, PgDatabase, store};

/// Enough rows that their numbers tell.
const ROWS: &str = "
    INSERT INTO products (partition, number, sku, version, backordered, late)
        SELECT n % 16, n, 'SKU-' || n, 1, 0, 0 FROM generate_series(1, 2000) AS n;
    INSERT INTO batches (partition, number, product, purchased, allocated, dispatched, first_quantity, open, received,
            reference)
        SELECT n % 2000 % 16, n, n % 2000, 10, 0, 0, 10, 1, false, 'b-' || n FROM generate_series(2001, 6000) AS n;
    INSERT INTO batch_names (partition, reference, home, number)
        SELECT number % 16, reference, partition, number FROM batches;
    INSERT INTO cargo (partition, shipment, reference, home, number)
        SELECT number % 16, 'ship-' || number % 50, reference, partition, number FROM batches;
    INSERT INTO shipments (partition, reference) SELECT n % 16, 'ship-' || n FROM generate_series(0, 2000) AS n;
    INSERT INTO lines (partition, number, product, quantity, dispatched, first_quantity, batch, status, priority, policy,
            if_short, deliver, cancelled, split, order_id, line_id)
        SELECT n % 2000 % 16, n, n % 2000, 1, 0, 1, n % 4000 + 2001, n % 2, 5, 0, 0, 0, false, false, 'o-' || n, 'l'
          FROM generate_series(6001, 20000) AS n;
    INSERT INTO order_view (partition, order_id, line_id, home, number, sku, quantity, dispatched, status, priority, policy,
            deliver)
        SELECT number % 16, order_id, line_id, partition, number, 'SKU', 1, 0, status, 5, 0, 0 FROM lines;
    INSERT INTO line_parts (partition, batch, shortage, promise, number, units)
        SELECT partition, number, 4, DATE '2026-06-01', number, 1 FROM lines;
    INSERT INTO orders (partition, order_id, deliver, lines) SELECT partition, order_id, 0, '[]' FROM order_view;
    INSERT INTO availability (partition, product, day, units)
        SELECT partition, number, DATE '2026-06-01', 1 FROM products;
    INSERT INTO answers (partition, id, command, answer, time)
        SELECT n % 16, 'id-' || n, '', '', now() FROM generate_series(1, 5000) AS n;
    INSERT INTO events (partition, \"offset\", time, type, data)
        SELECT n % 16, n, now(), '', '' FROM generate_series(1, 5000) AS n;";

/// What an index leads to, where it does not lead by the partition and more.
const BY_PARTITION: [&str; 2] = ["heads_pkey", "access_version"];

#[test]
fn every_statement_goes_by_an_index() {
    let Some(server) = needed(postgres::database()) else {
        return;
    };
    run(async {
        let database = PgDatabase::open(&server.url(), Options::default())
            .await
            .unwrap();
        let mut writer = database.store(CommitIds::of(1));
        let link = writer.connect().await.unwrap();
        link.client.batch_execute(ROWS).await.unwrap();
        let mut wrong = Vec::new();
        // Of new tables, of which the planner knows nothing, and then of tables that it knows.
        let statements = [store::statements(), store::statements()].concat();
        for (number, sql) in statements.iter().enumerate() {
            if number == statements.len() / 2 {
                link.client.batch_execute("ANALYZE").await.unwrap();
            }
            let plan = plan(&link.client, number, sql).await;
            for (place, line) in plan.iter().enumerate() {
                let scan = line.contains("Scan using");
                let by_partition = BY_PARTITION.iter().any(|index| line.contains(index));
                let condition = plan.get(place + 1).map_or("", String::as_str);
                let leads = condition.contains("Index Cond: ") && condition.contains(" AND ");
                if line.contains("Seq Scan") || scan && !by_partition && !leads {
                    wrong.push(format!("{sql}\n{}", plan.join("\n")));
                    break;
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    });
}

/// How a statement is carried out, whatever its values.
async fn plan(client: &tokio_postgres::Client, number: usize, sql: &str) -> Vec<String> {
    let values = (1..).take_while(|value| sql.contains(&format!("${value}:")));
    let nulls = vec!["NULL"; values.count()].join(", ");
    let execute = if nulls.is_empty() {
        format!("EXECUTE p{number}")
    } else {
        format!("EXECUTE p{number} ({nulls})")
    };
    let explain = format!("PREPARE p{number} AS {sql}; EXPLAIN (COSTS OFF) {execute}");
    let answers = client.simple_query(&explain).await.expect(sql);
    let rows = answers.into_iter().filter_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    rows.collect()
}
