//! The two orders in which lines are read: who loses stock first, and who is filled first.

use landfall_domain::shortage::{QueueKey, ShortageKey};
use landfall_domain::{Batch, BatchRef, Room};
use landfall_service::keys::{AllocatedRange, Keys, WaitingRange};
use landfall_service::store::{Loaded, Store};

use super::scene::{Scene, batch_in, batches_in, in_days, line_in, load, products_in};
use crate::commands::{name, rank};
use crate::database::Database;

/// Lines with this batch, after this key, at most so many: their order ids, and whether these are all.
async fn losers(
    store: &mut impl Store,
    batch: &Batch,
    after: Option<ShortageKey>,
    limit: usize,
) -> (Vec<String>, bool, Loaded) {
    let range = AllocatedRange {
        sku: batch.sku.clone(),
        batch: batch.reference.clone(),
        batch_number: batch.number,
        later_than: None,
        after,
        limit,
    };
    let keys = Keys {
        allocated: vec![range.clone()],
        ..Keys::default()
    };
    let loaded = load(store, &keys).await;
    let [found] = loaded.allocated.as_slice() else {
        panic!("one answer for one range")
    };
    assert_eq!(found.range, range);
    let ids = found
        .lines
        .iter()
        .map(|key| key.order_id.to_string())
        .collect();
    (ids, found.complete, loaded)
}

/// Room for a line that wants at most so many units.
fn one_batch(units: u64) -> Room {
    room(&[(None, units)])
}

/// What batches have free, and where.
fn room(batches: &[(Option<&str>, u64)]) -> Room {
    let mut room = Room::default();
    for (location, units) in batches {
        room.add(location.map(name).as_ref(), *units);
    }
    room
}

/// Lines that wait for a product and fit, after this key, at most so many.
async fn waiting(
    store: &mut impl Store,
    sku: &str,
    room: Room,
    after: Option<QueueKey>,
    limit: usize,
) -> (Vec<String>, bool, Loaded) {
    let keys = Keys {
        products: vec![name(sku)],
        ..Keys::default()
    };
    let product_number = load(store, &keys).await.products[0].number;
    let range = WaitingRange {
        sku: name(sku),
        product_number,
        room,
        after,
        limit,
    };
    let keys = Keys {
        waiting: vec![range.clone()],
        ..Keys::default()
    };
    let loaded = load(store, &keys).await;
    let [found] = loaded.waiting.as_slice() else {
        panic!("one answer for one range")
    };
    assert_eq!(found.range, range);
    let ids = found
        .lines
        .iter()
        .map(|key| key.order_id.to_string())
        .collect();
    (ids, found.complete, loaded)
}

/// Lines named by priority, promise and age, pegged to `b-1`; the shortage order is that of their names.
fn shortage_scene() -> Scene {
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 100);
    scene.batch("b-2", "SOFA", 100);
    for (order, priority, promise) in [
        ("5-old", 5, 10),
        ("1-low", 0, 0),
        ("3-late", 5, 20),
        ("6-high", 9, 30),
        ("4-new", 5, 10),
        ("2-low-early", 0, -5),
    ] {
        scene.line(order, "l", "SOFA", 2).terms.priority = rank(priority);
        scene.peg(order, "l", &[("b-1", 2)], in_days(promise));
    }
    scene.line("other", "l", "SOFA", 2);
    scene.peg("other", "l", &[("b-2", 2)], in_days(0));
    scene
}

/// Lowest priority first, then the latest promise, then the newest line.
pub async fn lines_lose_in_the_order_of_the_shortage_rule<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = shortage_scene();
    scene.commit(&mut store).await.expect("commit");
    let b1 = scene.batch_mut("b-1").clone();
    let (ids, complete, loaded) = losers(&mut store, &b1, None, 100).await;
    assert_eq!(
        ids,
        ["1-low", "2-low-early", "3-late", "4-new", "5-old", "6-high"]
    );
    assert!(complete);
    assert!(
        ids.iter().all(|id| line_in(&loaded, id, "l").is_some()),
        "the lines come with the range"
    );
    assert_eq!(products_in(&loaded), ["SOFA"]);
    assert!(batch_in(&loaded, "b-1").is_some());
}

/// Page after page gives every line once, and the last page knows that it is the last.
pub async fn ranges_of_losers_are_read_in_pages<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = shortage_scene();
    scene.commit(&mut store).await.expect("commit");
    let b1 = scene.batch_mut("b-1").clone();
    let (mut seen, mut after) = (Vec::new(), None);
    for page in 1..=3 {
        let (ids, complete, loaded) = losers(&mut store, &b1, after, 2).await;
        assert_eq!(ids.len(), 2);
        assert_eq!(
            complete,
            page == 3,
            "six lines are three full pages, and no empty one follows"
        );
        after = line_in(&loaded, &ids[1], "l").map(|line| ShortageKey::of(&line));
        seen.extend(ids);
    }
    assert_eq!(
        seen,
        ["1-low", "2-low-early", "3-late", "4-new", "5-old", "6-high"]
    );
    let (ids, complete, _) = losers(&mut store, &b1, after, 2).await;
    assert!(ids.is_empty() && complete);
}

/// A promise that changes, a line that moves and one that is cancelled change the order.
pub async fn the_order_of_losers_follows_the_lines<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = shortage_scene();
    scene.commit(&mut store).await.expect("commit");
    let before = ShortageKey::of(scene.line_mut("4-new", "l"));
    scene.line_mut("5-old", "l").current_promise = Some(in_days(25));
    scene.peg("4-new", "l", &[("b-2", 2)], in_days(10));
    scene.line_mut("2-low-early", "l").cancelled = true;
    scene.peg("2-low-early", "l", &[], in_days(0));
    scene.peg("1-low", "l", &[], in_days(0));
    scene.line_mut("6-high", "l").quantity = 5;
    scene.peg("6-high", "l", &[("b-1", 5)], in_days(30));
    scene.commit(&mut store).await.expect("commit");
    let (b1, b2) = (
        scene.batch_mut("b-1").clone(),
        scene.batch_mut("b-2").clone(),
    );
    let (ids, _, loaded) = losers(&mut store, &b1, None, 100).await;
    assert_eq!(
        ids,
        ["5-old", "3-late", "6-high"],
        "by the promise that holds now"
    );
    let high = line_in(&loaded, "6-high", "l").expect("the line");
    assert_eq!(high.allocations[0].quantity, 5);
    let (ids, _, _) = losers(&mut store, &b2, None, 100).await;
    assert_eq!(ids, ["4-new", "other"]);
    // A place in the order is a place also when nobody stands there any more.
    let (ids, _, _) = losers(&mut store, &b1, Some(before), 100).await;
    assert_eq!(ids, ["6-high"]);
}

/// A split line is among the losers of each of its batches, and brings all of them.
pub async fn a_split_line_loses_with_each_of_its_batches<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 3);
    scene.batch("b-2", "SOFA", 4);
    scene.line("o-1", "l", "SOFA", 7);
    scene.peg("o-1", "l", &[("b-1", 3), ("b-2", 4)], in_days(0));
    scene.commit(&mut store).await.expect("commit");
    for reference in ["b-1", "b-2"] {
        let batch = scene.batch_mut(reference).clone();
        let (ids, complete, loaded) = losers(&mut store, &batch, None, 10).await;
        assert_eq!(ids, ["o-1"]);
        assert!(complete);
        assert_eq!(batches_in(&loaded), ["b-1", "b-2"]);
    }
    // Given back from its last batch on.
    scene.line_mut("o-1", "l").quantity = 3;
    scene.peg("o-1", "l", &[("b-1", 3)], in_days(0));
    scene.commit(&mut store).await.expect("commit");
    let b2 = scene.batch_mut("b-2").clone();
    let (ids, complete, _) = losers(&mut store, &b2, None, 10).await;
    assert!(ids.is_empty() && complete);
}

/// Lines that wait; the order in which they are filled is that of their names.
fn queue_scene() -> Scene {
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 1);
    scene.batch("b-2", "LAMP", 1);
    for (order, priority, requested, quantity) in [
        ("5-undated", 5, None, 9),
        ("4-later", 5, Some(20), 2),
        ("1-high", 9, None, 7),
        ("2-soon", 5, Some(-3), 4),
        ("6-undated-too", 5, None, 2),
        ("3-soon-too", 5, Some(-3), 2),
        ("7-low", 0, Some(-9), 3),
    ] {
        let line = scene.line(order, "l", "SOFA", quantity);
        line.terms.priority = rank(priority);
        line.terms.requested_date = requested.map(in_days);
    }
    scene.line("other", "l", "LAMP", 2);
    scene.line("not-waiting", "l", "SOFA", 1);
    scene.peg("not-waiting", "l", &[("b-1", 1)], in_days(0));
    scene.line("cancelled", "l", "SOFA", 1).cancelled = true;
    scene
}

/// The highest priority first, then the earliest requested date (none: last), then age.
pub async fn lines_wait_in_the_order_of_the_queue<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    queue_scene().commit(&mut store).await.expect("commit");
    let (ids, complete, loaded) = waiting(&mut store, "SOFA", one_batch(u64::MAX), None, 100).await;
    let all = [
        "1-high",
        "2-soon",
        "3-soon-too",
        "4-later",
        "5-undated",
        "6-undated-too",
        "7-low",
    ];
    assert_eq!(ids, all);
    assert!(complete);
    assert!(
        ids.iter().all(|id| line_in(&loaded, id, "l").is_some()),
        "the lines come with the range"
    );
    assert_eq!(products_in(&loaded), ["SOFA"]);
    assert_eq!(loaded.products[0].counters().backordered, 7);
    let (ids, ..) = waiting(&mut store, "LAMP", one_batch(u64::MAX), None, 100).await;
    assert_eq!(ids, ["other"]);
}

/// Only lines that so many units can serve, in pages.
pub async fn ranges_of_waiting_lines_have_a_bound_and_pages<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    queue_scene().commit(&mut store).await.expect("commit");
    let (ids, complete, loaded) = waiting(&mut store, "SOFA", one_batch(4), None, 2).await;
    assert_eq!(ids, ["2-soon", "3-soon-too"]);
    assert!(!complete);
    let after = line_in(&loaded, "3-soon-too", "l").map(|line| QueueKey::of(&line));
    let (ids, complete, loaded) = waiting(&mut store, "SOFA", one_batch(4), after, 2).await;
    assert_eq!(ids, ["4-later", "6-undated-too"]);
    assert!(!complete);
    let after = line_in(&loaded, "6-undated-too", "l").map(|line| QueueKey::of(&line));
    let (ids, complete, _) = waiting(&mut store, "SOFA", one_batch(4), after, 1).await;
    assert_eq!(ids, ["7-low"]);
    assert!(complete);
    let (ids, complete, _) = waiting(&mut store, "SOFA", one_batch(1), None, 10).await;
    assert!(
        ids.is_empty() && complete,
        "larger lines after it do not count"
    );
}

/// Lines enter and leave the queue, and wait for what is outstanding of them now.
pub async fn the_queue_follows_the_lines<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = queue_scene();
    scene.commit(&mut store).await.expect("commit");
    scene.batch_mut("b-1").purchased = 10;
    scene.peg("1-high", "l", &[("b-1", 7)], in_days(0));
    scene.peg("not-waiting", "l", &[], in_days(0));
    scene.line_mut("2-soon", "l").cancelled = true;
    scene.line_mut("3-soon-too", "l").quantity = 50;
    scene.line_mut("5-undated", "l").quantity = 1;
    scene.commit(&mut store).await.expect("commit");
    let (ids, complete, loaded) = waiting(&mut store, "SOFA", one_batch(4), None, 100).await;
    assert_eq!(
        ids,
        [
            "4-later",
            "5-undated",
            "6-undated-too",
            "not-waiting",
            "7-low"
        ]
    );
    assert!(complete);
    assert_eq!(loaded.products[0].counters().backordered, 6);
    let (ids, ..) = waiting(&mut store, "SOFA", one_batch(50), None, 1).await;
    assert_eq!(ids, ["3-soon-too"]);
}

/// A line that names locations is found where one of them has what it wants; one that names none, wherever there is any.
/// The order stays that of the queue.
pub async fn lines_wait_for_the_goods_of_their_locations<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 1);
    // A list as long as this is no index's business.
    let far = "Far ".repeat(60);
    let far = far.trim();
    for (order, quantity, split, locations) in [
        ("1-york", 2, false, vec!["York"]),
        ("2-anywhere", 3, false, vec![]),
        ("3-leeds", 2, false, vec!["Leeds"]),
        ("4-leeds-or-york", 3, false, vec!["Leeds", "York"]),
        ("5-york-large", 5, false, vec!["York"]),
        ("6-york-split", 5, true, vec!["York"]),
        ("7-both-split", 9, true, vec!["York", "Leeds"]),
        ("8-quoted", 1, false, vec!["\"York\", [Ulm]"]),
        ("9-far", 1, false, vec![far, "York"]),
        ("a-york-too", 1, false, vec!["York"]),
    ] {
        let terms = &mut scene.line(order, "l", "SOFA", quantity).terms;
        terms.split = split;
        terms.locations = locations.into_iter().map(name).collect();
    }
    scene.commit(&mut store).await.expect("commit");
    let york = || room(&[(Some("York"), 3), (Some("York"), 2)]);
    let (ids, complete, loaded) = waiting(&mut store, "SOFA", york(), None, 100).await;
    let fit = [
        "1-york",
        "2-anywhere",
        "4-leeds-or-york",
        "6-york-split",
        "9-far",
        "a-york-too",
    ];
    assert_eq!(ids, fit);
    assert!(complete);
    assert_eq!(loaded.lines.len(), fit.len(), "no others are read");
    // Page after page, through all lists at once.
    let (mut seen, mut after) = (Vec::new(), None);
    for page in 1..=3 {
        let (ids, complete, loaded) = waiting(&mut store, "SOFA", york(), after, 2).await;
        assert_eq!(complete, page == 3);
        let last = ids.last().and_then(|id| line_in(&loaded, id, "l"));
        after = last.map(|line| QueueKey::of(&line));
        seen.extend(ids);
    }
    assert_eq!(seen, fit);
    let both = room(&[(Some("York"), 5), (Some("Leeds"), 4), (Some("Hull"), 9)]);
    let (ids, ..) = waiting(&mut store, "SOFA", both, None, 100).await;
    assert!(ids.contains(&"7-both-split".to_owned()), "{ids:?}");
    assert_eq!(ids.len(), 9);
    let hull = room(&[(Some("Hull"), 9)]);
    let (ids, ..) = waiting(&mut store, "SOFA", hull, None, 100).await;
    // Where a list is too long for an index, a store may show it though nothing is there.
    let ids: Vec<_> = ids.into_iter().filter(|id| id != "9-far").collect();
    assert_eq!(ids, ["2-anywhere"]);
    let quoted = room(&[(Some("\"York\", [Ulm]"), 1)]);
    let (ids, ..) = waiting(&mut store, "SOFA", quoted, None, 100).await;
    let ids: Vec<_> = ids.into_iter().filter(|id| id != "9-far").collect();
    assert_eq!(ids, ["8-quoted"]);
    let (ids, complete, _) = waiting(&mut store, "SOFA", Room::default(), None, 100).await;
    assert!(ids.is_empty() && complete, "nothing is free");
    // Lines leave the queue of their locations as they leave that of the product.
    scene.line_mut("1-york", "l").cancelled = true;
    scene.line_mut("a-york-too", "l").quantity = 4;
    scene.commit(&mut store).await.expect("commit");
    let (ids, ..) = waiting(&mut store, "SOFA", york(), None, 100).await;
    assert_eq!(ids, &fit[1..5]);
}

/// Several ranges in one call: each is answered.
pub async fn several_ranges_at_once<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = shortage_scene();
    scene.line("waits", "l", "SOFA", 1_000);
    scene.commit(&mut store).await.expect("commit");
    let range = |reference: &str, number, limit| AllocatedRange {
        sku: name("SOFA"),
        batch: name::<BatchRef>(reference),
        batch_number: number,
        later_than: None,
        after: None,
        limit,
    };
    let (b1, b2) = (scene.batch_mut("b-1").number, scene.batch_mut("b-2").number);
    let keys = Keys {
        allocated: vec![range("b-1", b1, 1), range("b-2", b2, 5)],
        waiting: vec![WaitingRange {
            sku: name("SOFA"),
            product_number: 1,
            room: one_batch(u64::MAX),
            after: None,
            limit: 5,
        }],
        ..Keys::default()
    };
    let loaded = load(&mut store, &keys).await;
    let mut found: Vec<(String, usize, bool)> = loaded
        .allocated
        .iter()
        .map(|found| {
            (
                found.range.batch.to_string(),
                found.lines.len(),
                found.complete,
            )
        })
        .collect();
    found.sort();
    assert_eq!(found, [("b-1".into(), 1, false), ("b-2".into(), 1, true)]);
    assert_eq!(loaded.waiting.len(), 1);
    assert_eq!(loaded.waiting[0].lines.len(), 1);
    assert_eq!(loaded.lines.len(), 3);
}
