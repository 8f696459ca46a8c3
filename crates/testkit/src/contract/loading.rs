//! What a store loads: every field as it was written, what comes with a key, and nothing else.

use landfall_domain::batch::Landing;
use landfall_domain::product::Counters;
use landfall_domain::values::MAX_QUANTITY;
use landfall_domain::{Deliver, IfShort, OrderId, PlacedOrder, Policy, Sku};
use landfall_service::keys::Keys;
use landfall_service::store::{Head, Store, partition_of};

use super::scene::{
    Scene, batch_in, batches_in, hold, in_days, line_in, lines_in, load, products_in,
};
use crate::commands::{key, name, rank};
use crate::database::Database;

fn products(skus: &[&str]) -> Keys {
    Keys {
        products: skus.iter().map(|sku| name(sku)).collect(),
        ..Keys::default()
    }
}

fn batches(references: &[&str]) -> Keys {
    Keys {
        batches: references.iter().map(|reference| name(reference)).collect(),
        ..Keys::default()
    }
}

fn lines(keys: &[(&str, &str)]) -> Keys {
    Keys {
        lines: keys.iter().map(|(order, line)| key(order, line)).collect(),
        ..Keys::default()
    }
}

fn orders(ids: &[&str]) -> Keys {
    Keys {
        orders: ids.iter().map(|id| name(id)).collect(),
        ..Keys::default()
    }
}

/// A new database has its heads, whose first offset is 1, and nothing else.
pub async fn a_new_database_is_empty<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let keys = Keys {
        products: vec![name("SOFA")],
        batches: vec![name("b-1")],
        lines: vec![key("o-1", "SOFA")],
        orders: vec![name("o-1")],
        command_ids: vec![name("id-1")],
        ..Keys::default()
    };
    let loaded = load(&mut store, &keys).await;
    assert!(!loaded.heads.is_empty());
    assert!(
        loaded.heads.iter().all(|head| head.next_offset == 1),
        "offsets are 1, 2, 3, …"
    );
    assert!(loaded.products.is_empty() && loaded.batches.is_empty() && loaded.lines.is_empty());
    assert!(loaded.orders.is_empty() && loaded.remembered.is_empty());
}

/// Every field of products, batches, lines and orders comes back as it was written.
pub async fn every_field_comes_back<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    let batch = scene.batch("b 'quoted' \"é\" %_", "SOFA-ß", MAX_QUANTITY);
    batch.location = Some(name("LEEDS"));
    batch.eta = Some(in_days(40));
    batch.first_eta = Some(in_days(30));
    batch.first_quantity = 7;
    batch.dispatched = 11;
    batch.shipment = Some(name("MV \"é\""));
    batch.hold = Some(hold("quality", Some("wet 'ends'"), None));
    batch.shipment_hold = Some(hold("customs", None, Some(in_days(-1))));
    batch.received = true;
    batch.landed = Some(Landing {
        on: in_days(-9),
        sold: 3,
        of: 4,
    });
    let batch = batch.clone();
    let ship = scene.shipment("MV \"é\"", Some(in_days(40)));
    ship.carrier = Some(name("Œrsted"));
    ship.vessel = Some(name("Aurora"));
    ship.container = Some(name("%_'"));
    ship.hold = Some(hold("customs", None, Some(in_days(-1))));
    ship.first_eta = None;
    let ship = ship.clone();
    let plain_ship = scene.shipment("MV", None).clone();
    scene.batch("b-plain", "SOFA-ß", 100);
    let line = scene.line("o 'quoted' \"é\" %_", "l-1", "SOFA-ß", 12);
    line.terms.quantity = 9;
    line.terms.requested_date = Some(in_days(-5));
    line.terms.priority = rank(9);
    line.terms.policy = Policy::JustInTime;
    line.terms.split = true;
    line.terms.if_short = IfShort::Reject;
    line.terms.locations = vec![name("YORK"), name("LEEDS"), name("'; --")];
    line.terms.deliver = Deliver::Together;
    line.dispatched = 2;
    scene.peg(
        "o 'quoted' \"é\" %_",
        "l-1",
        &[("b 'quoted' \"é\" %_", 7), ("b-plain", 3)],
        in_days(20),
    );
    let line = scene.line_mut("o 'quoted' \"é\" %_", "l-1");
    line.current_promise = Some(in_days(45));
    let line = line.clone();
    scene.line("o-2", "waits", "SOFA-ß", 1).terms.priority = rank(0);
    let waits = scene.line_mut("o-2", "waits").clone();
    let gone = scene.line("o-2", "gone", "SOFA-ß", MAX_QUANTITY);
    gone.cancelled = true;
    gone.original_promise = Some(in_days(3));
    let gone = gone.clone();
    let placed = PlacedOrder {
        order_id: name("o-2"),
        deliver: Deliver::Together,
        lines: vec![name("waits"), name("gone")],
    };
    scene.orders.push(placed.clone());
    scene.commit(&mut store).await.expect("commit");

    let mut keys = orders(&["o-2"]);
    keys.lines.push(line.key.clone());
    keys.shipments = vec![name("MV"), name("MV \"é\""), name("MV-2")];
    let loaded = load(&mut store, &keys).await;
    assert_eq!(line_in(&loaded, "o 'quoted' \"é\" %_", "l-1"), Some(line));
    assert_eq!(line_in(&loaded, "o-2", "waits"), Some(waits));
    assert_eq!(line_in(&loaded, "o-2", "gone"), Some(gone));
    let expected = landfall_domain::Batch {
        allocated: 7,
        ..batch
    };
    assert_eq!(batch_in(&loaded, "b 'quoted' \"é\" %_"), Some(expected));
    let mut ships = loaded.shipments.clone();
    ships.sort_by(|a, b| a.reference.cmp(&b.reference));
    assert_eq!(ships, [plain_ship, ship]);
    let order = loaded
        .orders
        .iter()
        .find(|order| order.order_id.as_str() == "o-2");
    assert_eq!(order.and_then(|order| order.placed.clone()), Some(placed));
    let [product] = loaded.products.as_slice() else {
        panic!("one product: {:?}", loaded.products)
    };
    assert_eq!(product.sku, name::<Sku>("SOFA-ß"));
    assert_eq!(
        (product.number, product.counters()),
        (
            1,
            Counters {
                version: 1,
                backordered: 1,
                late: 1
            }
        )
    );
}

/// Names differ by case, accents and blanks.
pub async fn names_are_exact<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    for (at, sku) in ["sofa", "SOFA", " SOFA", "SÓFA"].iter().enumerate() {
        scene.batch(&format!("b-{at}"), sku, 1);
    }
    scene.commit(&mut store).await.expect("commit");
    let loaded = load(&mut store, &products(&["SOFA", "Sofa", "SOFA "])).await;
    assert_eq!(products_in(&loaded), ["SOFA"]);
    assert_eq!(loaded.products[0].batches().len(), 1);
}

/// With a product come its batches that have free units; a full one comes when it is named.
pub async fn a_product_comes_with_its_open_batches<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    scene.batch("b-open", "SOFA", 5);
    scene.batch("b-full", "SOFA", 3);
    scene.batch("b-gone", "SOFA", 3).dispatched = 3;
    scene.batch("b-other", "LAMP", 3);
    scene.line("o-1", "SOFA", "SOFA", 3);
    scene.peg("o-1", "SOFA", &[("b-full", 3)], in_days(0));
    scene.commit(&mut store).await.expect("commit");

    let loaded = load(&mut store, &products(&["SOFA"])).await;
    assert_eq!(products_in(&loaded), ["SOFA"]);
    let with = loaded.products[0].batches();
    assert_eq!(
        with.iter()
            .map(|b| b.reference.as_str())
            .collect::<Vec<_>>(),
        ["b-open"]
    );
    let loaded = load(&mut store, &batches(&["b-full", "b-gone"])).await;
    assert_eq!(batches_in(&loaded), ["b-full", "b-gone"]);
    assert_eq!(
        products_in(&loaded),
        ["SOFA"],
        "with a batch comes its product"
    );
    assert!(
        batch_in(&loaded, "b-open").is_some(),
        "and with the product what is open"
    );

    // It is full no longer, and another one is.
    scene.line_mut("o-1", "SOFA").cancelled = true;
    scene.peg("o-1", "SOFA", &[], in_days(0));
    scene.batch_mut("b-open").purchased = 0;
    scene.commit(&mut store).await.expect("commit");
    let loaded = load(&mut store, &products(&["SOFA"])).await;
    let with = loaded.products[0].batches();
    assert_eq!(
        with.iter()
            .map(|b| b.reference.as_str())
            .collect::<Vec<_>>(),
        ["b-full"]
    );
}

/// With a line come its product and the batches to which it is pegged, full ones too, in its own order.
pub async fn a_line_comes_with_its_batches<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 5);
    scene.batch("b-2", "SOFA", 4);
    scene.line("o-1", "l", "SOFA", 9);
    scene.peg("o-1", "l", &[("b-2", 4), ("b-1", 5)], in_days(3));
    scene.commit(&mut store).await.expect("commit");

    let loaded = load(&mut store, &lines(&[("o-1", "l")])).await;
    assert_eq!(products_in(&loaded), ["SOFA"]);
    assert_eq!(batches_in(&loaded), ["b-1", "b-2"]);
    let pegs = line_in(&loaded, "o-1", "l").expect("the line").allocations;
    let pegs: Vec<_> = pegs
        .iter()
        .map(|a| (a.batch.as_str(), a.batch_number, a.quantity))
        .collect();
    let number = |reference| batch_in(&loaded, reference).expect("a batch").number;
    // The order says which batch is given back first.
    assert_eq!(pegs, [("b-2", number("b-2"), 4), ("b-1", number("b-1"), 5)]);
}

/// With an order come all its lines, the oldest first, and what comes with each.
pub async fn an_order_comes_with_its_lines<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 2);
    scene.batch("b-2", "LAMP", 5);
    scene.line("o-1", "z-first", "SOFA", 2);
    scene.line("o-1", "m-second", "LAMP", 3);
    scene.line("o-10", "other", "LAMP", 1);
    scene.peg("o-1", "z-first", &[("b-1", 2)], in_days(0));
    let placed = PlacedOrder {
        order_id: name("o-1"),
        deliver: Deliver::AsReady,
        lines: vec![name("m-second"), name("z-first")],
    };
    scene.orders.push(placed.clone());
    scene.commit(&mut store).await.expect("commit");
    // `Allocate` adds a line to the order later.
    scene.line("o-1", "a-third", "LAMP", 1);
    scene.commit(&mut store).await.expect("commit");

    let loaded = load(&mut store, &orders(&["o-1", "o-2"])).await;
    let [order] = loaded.orders.as_slice() else {
        panic!("one order: {:?}", loaded.orders)
    };
    assert_eq!(order.order_id, name::<OrderId>("o-1"));
    let mut by_age = [
        key("o-1", "z-first"),
        key("o-1", "m-second"),
        key("o-1", "a-third"),
    ];
    if store.partitions() > 1 {
        // Ages of several partitions do not compare: they are as they were named.
        by_age.swap(0, 1);
    }
    assert_eq!(order.lines, by_age);
    assert_eq!(
        order.placed,
        Some(placed),
        "its lines in the order in which it named them"
    );
    assert_eq!(
        lines_in(&loaded),
        ["o-1/a-third", "o-1/m-second", "o-1/z-first"]
    );
    assert_eq!(products_in(&loaded), ["LAMP", "SOFA"]);
    assert_eq!(
        batches_in(&loaded),
        ["b-1"],
        "a full batch comes with the line that has it"
    );
    let loaded = load(&mut store, &orders(&["o-10"])).await;
    assert_eq!(loaded.orders[0].placed, None, "its line came alone");
    assert_eq!(lines_in(&loaded), ["o-10/other"]);
}

/// What is named twice, or comes with several keys, comes once.
pub async fn repeated_keys_load_once<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 5);
    scene.line("o-1", "l", "SOFA", 1);
    scene.peg("o-1", "l", &[("b-1", 1)], in_days(0));
    scene.commit(&mut store).await.expect("commit");
    let keys = Keys {
        products: vec![name("SOFA"), name("SOFA")],
        batches: vec![name("b-1"), name("b-1")],
        lines: vec![key("o-1", "l"), key("o-1", "l")],
        orders: vec![name("o-1"), name("o-1")],
        ..Keys::default()
    };
    let loaded = load(&mut store, &keys).await;
    assert_eq!(products_in(&loaded), ["SOFA"]);
    assert_eq!(batches_in(&loaded), ["b-1"]);
    assert_eq!(lines_in(&loaded), ["o-1/l"]);
    assert_eq!(loaded.orders.len(), 1);
    let mut partitions: Vec<u16> = loaded.heads.iter().map(|head| head.partition).collect();
    partitions.dedup();
    assert_eq!(loaded.heads.len(), partitions.len());
}

/// What is not there is not there, beside what is.
pub async fn what_is_absent_stays_absent<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 5);
    scene.line("o-1", "l-1", "SOFA", 1);
    scene.line("o-2", "l-2", "SOFA", 1);
    scene.commit(&mut store).await.expect("commit");
    let keys = Keys {
        products: vec![name("LAMP"), name("SOFA")],
        batches: vec![name("b-2"), name("b-1")],
        // Each half of the key exists, the pair does not.
        lines: vec![key("o-1", "l-2"), key("o-2", "l-2")],
        orders: vec![name("o-3")],
        ..Keys::default()
    };
    let loaded = load(&mut store, &keys).await;
    assert_eq!(products_in(&loaded), ["SOFA"]);
    assert_eq!(batches_in(&loaded), ["b-1"]);
    assert_eq!(lines_in(&loaded), ["o-2/l-2"]);
    assert!(loaded.orders.is_empty());
}

/// `load` adds to the open unit of work, as of the same moment.
pub async fn more_can_be_loaded<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 5);
    scene.batch("b-2", "LAMP", 5);
    scene.commit(&mut store).await.expect("commit");
    let first = store.begin(&products(&["SOFA"])).await.expect("begin");
    let more = store.load(&products(&["LAMP"])).await.expect("load");
    assert_eq!(products_in(&more), ["LAMP"]);
    let of = |sku: &str| partition_of(sku, store.partitions());
    let has = |heads: &[Head], partition| heads.iter().any(|head| head.partition == partition);
    assert!(has(&first.heads, of("SOFA")) && has(&more.heads, of("LAMP")));
    assert!(more.heads.iter().all(|head| head.version == 1));
    let third = store.load(&batches(&["b-1"])).await.expect("load");
    assert_eq!(batches_in(&third), ["b-1"]);
    store.roll_back().await.expect("roll back");
}

/// Very many keys and rows at once are no matter.
pub async fn many_at_once<D: Database>() {
    const MANY: u64 = 3_000;
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    let mut keys = Keys::default();
    for n in 0..MANY {
        let (sku, reference, order) = (format!("S-{n}"), format!("b-{n}"), format!("o-{n}"));
        scene.batch(&reference, &sku, 2);
        scene.line(&order, "l", &sku, 1);
        scene.peg(&order, "l", &[(&reference, 1)], in_days(0));
        keys.products.push(name(&sku));
        keys.batches.push(name(&reference));
        keys.lines.push(key(&order, "l"));
        keys.orders.push(name(&order));
        keys.command_ids.push(name(&order));
    }
    scene.commit(&mut store).await.expect("commit");
    let loaded = load(&mut store, &keys).await;
    let many = usize::try_from(MANY).expect("a small number");
    assert_eq!(loaded.products.len(), many);
    assert_eq!(loaded.batches.len(), many);
    assert_eq!(loaded.lines.len(), many);
    assert_eq!(loaded.orders.len(), many);
}
