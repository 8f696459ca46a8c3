//! Shipments and what they carry, and the batches of a product that have goods for anybody.

use landfall_service::keys::Keys;
use landfall_service::store::{Store, StoreError};

use super::scene::{Scene, batch_in, batches_in, hold, in_days, load, products_in};
use crate::commands::name;
use crate::database::Database;

fn cargo(references: &[&str]) -> Keys {
    Keys {
        cargo: references.iter().map(|reference| name(reference)).collect(),
        ..Keys::default()
    }
}

fn ships() -> Scene {
    let mut scene = Scene::default();
    scene.shipment("MV-1", Some(in_days(9)));
    scene.shipment("MV-2", None);
    scene.shipment("MV-3", None);
    for (reference, sku, ship) in [
        ("c", "LAMP", "MV-1"),
        ("a", "SOFA", "MV-1"),
        ("b", "SOFA", "MV-2"),
    ] {
        let batch = scene.batch(reference, sku, 5);
        batch.shipment = Some(name(ship));
        batch.eta = Some(in_days(9));
    }
    scene.batch("d", "SOFA", 5);
    scene.line("o-1", "l", "SOFA", 5);
    scene.peg("o-1", "l", &[("a", 5)], in_days(9));
    scene
}

/// With the cargo of a shipment come all its batches, full ones too, by reference, and their products.
pub async fn cargo_comes_whole<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = ships();
    scene.commit(&mut store).await.expect("commit");
    let loaded = load(&mut store, &cargo(&["MV-1"])).await;
    assert_eq!(loaded.cargo, [(name("MV-1"), vec![name("a"), name("c")])]);
    assert!(
        ["a", "c"]
            .iter()
            .all(|batch| batches_in(&loaded).contains(batch))
    );
    assert_eq!(products_in(&loaded), ["LAMP", "SOFA"]);
    assert!(
        batch_in(&loaded, "d").is_some(),
        "with a product what is open of it"
    );
    assert!(
        loaded.shipments.is_empty(),
        "they are asked for by themselves"
    );
    let mut found = load(&mut store, &cargo(&["MV-3", "MV-4", "MV-2", "MV-2"]))
        .await
        .cargo;
    found.retain(|(_, batches)| !batches.is_empty());
    found.dedup();
    assert_eq!(found, [(name("MV-2"), vec![name("b")])]);
    // Another batch on board, and one that was there changes.
    let late = scene.batch("0-new", "RUG", 1);
    late.shipment = Some(name("MV-1"));
    scene.batch_mut("c").eta = None;
    scene.commit(&mut store).await.expect("commit");
    let loaded = load(&mut store, &cargo(&["MV-1"])).await;
    let all = vec![name("0-new"), name("a"), name("c")];
    assert_eq!(loaded.cargo, [(name("MV-1"), all)]);
    assert_eq!(batch_in(&loaded, "c").and_then(|batch| batch.eta), None);
}

/// A shipment changes; made twice, or changed where there is none, the commit is refused whole.
pub async fn a_shipment_changes<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = ships();
    scene.commit(&mut store).await.expect("commit");
    let keys = Keys {
        shipments: vec![name("MV-1"), name("MV-1"), name("MV-9")],
        ..Keys::default()
    };
    let ship = scene.shipment("MV-1", None);
    ship.eta = None;
    ship.hold = Some(hold("customs", Some("form"), None));
    let held = ship.clone();
    scene.commit(&mut store).await.expect("commit");
    assert_eq!(load(&mut store, &keys).await.shipments, [held]);
    scene.shipment("MV-1", None).hold = None;
    scene.commit(&mut store).await.expect("commit");
    let released = load(&mut store, &keys).await.shipments;
    assert_eq!(released[0].hold, None);

    let mut again = scene.clone();
    again.batch("e", "SOFA", 1);
    again.shipment("MV-1", None).eta = Some(in_days(3));
    let mut changes = again.begin(&mut store).await.expect("begin");
    changes.shipments[0].created = true;
    let refused = store.commit(&changes).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_) | StoreError::Conflict)),
        "{refused:?}"
    );
    let mut unknown = scene.clone();
    unknown.batch("e", "SOFA", 1);
    unknown.shipment("MV-9", None);
    let mut changes = unknown.begin(&mut store).await.expect("begin");
    changes.shipments[0].created = false;
    let refused = store.commit(&changes).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_) | StoreError::Conflict)),
        "{refused:?}"
    );
    assert_eq!(load(&mut store, &keys).await.shipments, released);
    let none = Keys {
        batches: vec![name("e")],
        ..Keys::default()
    };
    assert!(load(&mut store, &none).await.batches.is_empty());
}

/// A live product comes with all its batches that have free or allocated units; what is empty stays away.
pub async fn a_live_product_comes_with_what_is_taken<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = ships();
    scene.batch("gone", "SOFA", 5).dispatched = 5;
    scene.batch("empty", "SOFA", 0);
    scene.commit(&mut store).await.expect("commit");
    let live = |sku: &str| Keys {
        live: vec![name(sku), name(sku)],
        ..Keys::default()
    };
    let loaded = load(&mut store, &live("SOFA")).await;
    assert_eq!(products_in(&loaded), ["SOFA"]);
    assert!(batches_in(&loaded).contains(&"a"), "it is full");
    for open in ["b", "d"] {
        assert!(batch_in(&loaded, open).is_some(), "{open}");
    }
    for none in ["gone", "empty", "c"] {
        assert!(batch_in(&loaded, none).is_none(), "{none}");
    }
    // Its line gone, it is nobody's; another one is taken.
    scene.peg("o-1", "l", &[("d", 5)], in_days(9));
    scene.batch_mut("a").purchased = 0;
    scene.commit(&mut store).await.expect("commit");
    let loaded = load(&mut store, &live("SOFA")).await;
    assert!(batch_in(&loaded, "a").is_none());
    assert!(batches_in(&loaded).contains(&"d"));
    let none = load(&mut store, &live("NONE")).await;
    assert!(none.products.is_empty() && none.batches.is_empty());
}
