//! Flat cost: a page goes along an index and no further, and no question looks at a whole table.

use landfall_domain::Status;
use landfall_service::views::cursor::Span;
use landfall_service::views::sorted;
use landfall_service::views::{
    Attention, BatchFilter, BatchSort, Page, ProductFilter, ShipmentFilter, ShipmentSort,
};
use landfall_testkit::run;
use landfall_testkit::servers::{self, postgres};
use serde_json::Value;

use super::orders::{Along, Way};
use super::pool::{Ask, Pool};
use super::{
    batches, case, events, history, lines, orders, overdue, pegged, products, recent, shipments,
    supply,
};
use crate::load::sql;
use crate::{Options, PgDatabase};

/// Statements that give a page from each partition and merge them.
#[expect(clippy::too_many_lines, reason = "it is a list of statements")]
fn lists(pool: &Pool) -> Vec<Ask> {
    let begun = Page {
        after: Some("b".into()),
        limit: 10,
    };
    let key = "o\nl".split_once('\n').and_then(|(order, line)| {
        Some(landfall_domain::LineKey {
            order_id: order.parse().ok()?,
            line_id: line.parse().ok()?,
        })
    });
    let mut lists = Vec::new();
    for (page, prefix) in [
        (Page::default(), None),
        (begun.clone(), None),
        (begun, Some("bc")),
    ] {
        let span = Span::new(&page, prefix);
        let prefix = prefix.map(str::to_owned);
        for along in [
            Along::All,
            Along::Batch((0, 1)),
            Along::Product("S".into()),
            Along::Attention(Attention::Late),
            Along::Attention(Attention::Backordered),
        ] {
            lists.push(Way::Along(along).ids_ask(pool, &span, 10));
        }
        for backordered in [None, Some(true), Some(false)] {
            let prefix = prefix.clone();
            lists.push(
                products::products_ask(
                    pool,
                    &ProductFilter {
                        backordered,
                        prefix,
                        ..ProductFilter::default()
                    },
                    &page,
                )
                .unwrap(),
            );
        }
        let all = BatchFilter {
            prefix: prefix.clone(),
            ..BatchFilter::default()
        };
        let some = BatchFilter {
            available: Some(true),
            in_warehouse: Some(false),
            eta_from: Some(jiff::civil::Date::MIN),
            eta_until: Some(jiff::civil::Date::MAX),
            held: Some(true),
            clear_until: Some(jiff::civil::Date::MAX),
            ..all.clone()
        };
        let of_shipment = BatchFilter {
            shipment: "s".parse().ok(),
            ..all.clone()
        };
        let of_both = BatchFilter {
            shipment: "s".parse().ok(),
            sku: "S".parse().ok(),
            ..some.clone()
        };
        let held = BatchFilter {
            held: Some(true),
            ..all.clone()
        };
        let overdue = BatchFilter {
            hold_overdue: Some(jiff::civil::Date::MAX),
            ..all.clone()
        };
        for filter in [&all, &some, &of_shipment, &of_both, &held, &overdue] {
            lists.push(batches::batches_ask(pool, filter, &page).unwrap());
        }
        let by_eta = |filter: BatchFilter| BatchFilter {
            sort: BatchSort::Eta,
            on_shipment: Some(false),
            ..filter
        };
        let begun = Page {
            after: page
                .after
                .as_ref()
                .map(|_| sorted::of_eta(Some(jiff::civil::Date::MIN), "b")),
            limit: 10,
        };
        for filter in [all, some] {
            lists.push(batches::batches_ask(pool, &by_eta(filter), &begun).unwrap());
        }
        let shipments = ShipmentFilter {
            landed: Some(false),
            held: Some(false),
            clear_until: Some(jiff::civil::Date::MAX),
            eta_from: Some(jiff::civil::Date::MIN),
            eta_until: Some(jiff::civil::Date::MAX),
            carrier: "c".parse().ok(),
            prefix,
            ..ShipmentFilter::default()
        };
        lists.push(shipments::shipments_ask(pool, &shipments, &page).unwrap());
        let by_eta = ShipmentFilter {
            sort: ShipmentSort::Eta,
            ..shipments
        };
        lists.push(shipments::shipments_ask(pool, &by_eta, &begun).unwrap());
        for status in [None, Some(Status::Allocated), Some(Status::Backordered)] {
            lists.push(lines::lines_ask(pool, status, key.as_ref(), &page));
        }
    }
    lists.extend([lines::WAITING_PRODUCTS, events::EVENTS].map(Ask::new));
    lists.extend(crate::desk::asked(&pool.all()));
    lists
}

/// Statements about one thing, or about some that are named.
fn others(pool: &Pool) -> Vec<Ask> {
    let of_product = BatchFilter {
        sku: "S".parse().ok(),
        ..BatchFilter::default()
    };
    let of_product_by_eta = BatchFilter {
        sort: BatchSort::Eta,
        ..of_product.clone()
    };
    let span = Span::new(&Page::default(), None);
    vec![
        Ask::new(&*supply::BATCH_BY_REFERENCE),
        Ask::new(supply::product_sql()),
        Ask::new(supply::AVAILABLE),
        batches::batches_ask(pool, &of_product, &Page::default()).unwrap(),
        batches::batches_ask(pool, &of_product_by_eta, &Page::default()).unwrap(),
        Ask::new(&*recent::CHANGES),
        Ask::new(recent::LAST),
        Ask::new(&*shipments::SHIPMENT_BY_REFERENCE),
        Ask::new(&*shipments::CARGO),
        Ask::new(&*orders::ORDERS),
        Ask::new(orders::BATCH_PLACE),
        Ask::new(orders::PRODUCT_PLACE),
        Way::FromBatch((0, 1)).count_ask(),
        Way::FromProduct((0, 1)).count_ask(),
        Way::FromBatch((0, 1)).ids_ask(pool, &span, 10),
        Way::FromProduct((0, 1)).ids_ask(pool, &span, 10),
        Ask::new(*sql::QUEUES),
        Ask::new(lines::WAITING),
        Ask::new(&*history::OF_THING),
        Ask::new(&*history::OF_PRODUCT),
        Ask::new(&*history::OF_SHIPMENT),
        Ask::new(&*history::OF_ORDER),
        Ask::new(&*history::OF_LINE),
        Ask::new(&*pegged::HOLDERS),
        Ask::new(&*pegged::BY_KEYS),
        Ask::new(&*pegged::PROMISES),
        Ask::new(&*overdue::RANKS),
        Ask::new(&*overdue::FOUND),
        Ask::new(&*overdue::COUNTED),
        Ask::new(overdue::NAMES),
        Ask::new(overdue::MAY_LEAVE),
        Ask::new(&*history::THING_BACK),
        Ask::new(&*history::PRODUCT_BACK),
        Ask::new(&*history::SHIPMENT_BACK),
        Ask::new(&*history::RECENT),
        Ask::new(history::IS_ORDER),
        Ask::new(history::IS_SHIPMENT),
        Ask::new(&*case::NEWEST),
        Ask::new(case::COUNT),
        Ask::new(case::HELD_BY),
        Ask::new(&*case::HOLDERS),
        Ask::new(*sql::LINES),
        Ask::new(*sql::BATCHES),
    ]
}

/// The plan of a statement for whatever values, as the pool's connections make it.
async fn plan(pool: &Pool, sql: &str) -> Value {
    let connection = pool.get().await.unwrap_or_else(|fault| panic!("{fault:?}"));
    let values = (1..40)
        .take_while(|value| sql.contains(&format!("${value}")))
        .count();
    let nulls = vec!["NULL"; values].join(", ");
    let arguments = if values == 0 {
        String::new()
    } else {
        format!("({nulls})")
    };
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE explained{arguments}");
    let batch = format!("DEALLOCATE ALL; PREPARE explained AS {sql}");
    connection
        .batch_execute(&batch)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let found = connection
        .simple_query(&explain)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let text = found.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    let plans: Value = serde_json::from_str(text.unwrap_or_default()).unwrap();
    plans[0]["Plan"].clone()
}

/// Calls this with each step of a plan and the steps above it, the nearest last.
fn each<'p>(
    step: &'p Value,
    above: &mut Vec<&'p Value>,
    look: &mut dyn FnMut(&'p Value, &[&'p Value]),
) {
    look(step, above);
    above.push(step);
    for below in step["Plans"].as_array().into_iter().flatten() {
        each(below, above, look);
    }
    above.pop();
}

fn kind(step: &Value) -> &str {
    step["Node Type"].as_str().unwrap_or_default()
}

/// Rows, so that it matters how they are found: one in each partition for every row of an empty database would do
/// with any plan. Nobody has counted them (`ANALYZE`), as in a database that has just been filled.
const ROWS: [&str; 14] = [
    "INSERT INTO products SELECT n, 1, n % 2, 0, n % 16, 'S-' || n FROM generate_series(1, 4000) AS n",
    "INSERT INTO batches SELECT n, n / 2, 9, 4, 0, 9, NULL, NULL, NULL, NULL, NULL, NULL, NULL, n % 16, n % 3, NULL, \
     false, 'b-' || n FROM generate_series(1, 8000) AS n",
    "UPDATE batches SET hold = 'quality' WHERE number % 50 < 2",
    "INSERT INTO batch_names SELECT n, n % 16, n % 16, 'b-' || n FROM generate_series(1, 8000) AS n",
    "INSERT INTO shipments SELECT NULL, NULL, NULL, n % 16, 's-' || n FROM generate_series(1, 2000) AS n",
    "INSERT INTO cargo SELECT n, n % 16, n % 16, 's-' || n % 100, 'b-' || n FROM generate_series(1, 4000) AS n",
    "INSERT INTO lines SELECT n, n / 4, 5, 0, 5, n / 2, n, NULL, NULL, NULL, n % 16, n % 2, 5, 0, 0, 0, false, false, \
     'o-' || n / 2, 'l-' || n FROM generate_series(1, 16000) AS n",
    "INSERT INTO line_parts SELECT n, n, 1, DATE '2026-01-01', n % 16, 4 FROM generate_series(1, 2000) AS n",
    "INSERT INTO order_view SELECT n, 5, 0, n / 2, NULL, NULL, NULL, n / 2 % 16, n % 16, n % 2, 5, 0, 0, 'o-' || n / 2, \
     'l-' || n, 'S-' || n / 4 FROM generate_series(1, 16000) AS n",
    "INSERT INTO orders SELECT n, n % 16, 0, 'o-' || n, '[]' FROM generate_series(1, 8000) AS n",
    "INSERT INTO availability SELECT n, 5, DATE '2026-01-01', n % 16 FROM generate_series(1, 4000) AS n",
    "INSERT INTO events SELECT n, now(), n % 16, 'T', 'S-' || n / 8, NULL, NULL, '{}' FROM generate_series(1, 16000) AS n",
    "INSERT INTO worklist SELECT 5, now(), -n % 50, NULL, NULL, NULL, n % 16, n % 2, n % 10, 'o-' || n / 2, 'l-' || n, \
     'S-' || n / 4, 'held', 'b-' || n % 100, 's-' || n % 20, NULL FROM generate_series(1, 16000) AS n",
    "INSERT INTO history SELECT n / 3, n, n % 16, 3 FROM generate_series(1, 16000) AS n",
];

/// With a database that has something in it.
fn with_pool(test: impl AsyncFnOnce(Pool)) {
    let Some(server) = servers::needed(postgres::database()) else {
        return;
    };
    run(async {
        let database = PgDatabase::open(&server.url(), Options::default()).await;
        let database = database.unwrap_or_else(|error| panic!("{error}"));
        let pool = Pool::new(&database);
        let connection = pool.get().await.unwrap_or_else(|fault| panic!("{fault:?}"));
        for sql in ROWS {
            let filled = connection.batch_execute(sql).await;
            filled.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
        drop(connection);
        test(pool).await;
    });
}

#[test]
fn nothing_looks_at_a_whole_table() {
    with_pool(async |pool| {
        for ask in lists(&pool).into_iter().chain(others(&pool)) {
            let plan = plan(&pool, &ask.sql).await;
            each(&plan, &mut Vec::new(), &mut |step, _| {
                assert_ne!(kind(step), "Seq Scan", "{}\n{plan:#}", ask.sql);
                let index = kind(step).starts_with("Index");
                let by_partition = step["Index Cond"]
                    .as_str()
                    .is_some_and(|c| c.contains("partition"));
                assert!(!index || by_partition, "{}\n{plan:#}", ask.sql);
            });
        }
    });
}

#[test]
fn a_page_goes_along_an_index_and_no_further() {
    with_pool(async |pool| {
        for ask in lists(&pool) {
            let plan = plan(&pool, &ask.sql).await;
            let mut partitions = 0;
            each(&plan, &mut Vec::new(), &mut |step, above| {
                // The page of one partition: what is repeated for each of them.
                let inner = step["Parent Relationship"] == "Inner";
                if kind(step) != "Limit" || !inner {
                    return;
                }
                partitions += 1;
                each(step, &mut above.to_vec(), &mut |below, _| {
                    let sorts = kind(below) == "Sort" || kind(below).contains("Hash");
                    assert!(!sorts, "{}\n{plan:#}", ask.sql);
                });
            });
            assert_eq!(partitions, 1, "{}\n{plan:#}", ask.sql);
        }
    });
}

#[test]
fn audit_and_rebuild_ask_what_the_schema_has() {
    with_pool(async |pool| {
        let rebuild = crate::rebuild::STATEMENTS.map(String::from);
        for sql in super::inspect::statements().into_iter().chain(rebuild) {
            plan(&pool, &sql).await;
        }
    });
}
