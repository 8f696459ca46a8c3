//! The ranges by which promises are kept: lines that could do with later goods, and lines that are late.

use jiff::civil::Date;
use landfall_domain::OrderLine;
use landfall_domain::shortage::{LateKey, ShortageKey};
use landfall_service::keys::{AllocatedRange, Keys, LateRange, Served};
use landfall_service::store::{Loaded, LoadedRange, Store};

use super::scene::{Scene, batch_in, in_days, line_in, load, products_in};
use crate::commands::{name, rank};
use crate::database::Database;

fn ids<R>(range: &LoadedRange<R>) -> Vec<&str> {
    let ids = range.lines.iter().map(|key| key.order_id.as_str());
    ids.collect()
}

/// Lines of `b-1` whose promise is later than this day, or that have none.
async fn later_than(
    scene: &Scene,
    store: &mut impl Store,
    day: Option<Date>,
    after: Option<ShortageKey>,
    limit: usize,
) -> Loaded {
    let mut scene = scene.clone();
    let batch = scene.batch_mut("b-1");
    let range = AllocatedRange {
        sku: batch.sku.clone(),
        batch: batch.reference.clone(),
        batch_number: batch.number,
        later_than: day,
        after,
        limit,
    };
    let keys = Keys {
        allocated: vec![range.clone()],
        ..Keys::default()
    };
    let loaded = load(store, &keys).await;
    assert_eq!(loaded.allocated.len(), 1);
    assert_eq!(loaded.allocated[0].range, range);
    loaded
}

/// Lines of which some are promised later than others, one not at all, and of one a part has left; the
/// shortage order is that of their names.
fn slack_scene() -> Scene {
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 100).dispatched = 1;
    for (order, priority, promise) in [
        ("5-day-10", 5, 10),
        ("1-low-day-20", 0, 20),
        ("3-day-30", 5, 30),
        ("4-day-20", 5, 20),
        ("6-high-day-30", 9, 30),
        ("2-none", 5, 1),
        ("7-low-under-way", 0, 40),
    ] {
        scene.line(order, "l", "SOFA", 2).terms.priority = rank(priority);
        scene.peg(order, "l", &[("b-1", 2)], in_days(promise));
    }
    scene.line_mut("2-none", "l").current_promise = None;
    let under_way = scene.line_mut("7-low-under-way", "l");
    under_way.quantity = 3;
    under_way.dispatched = 1;
    scene
}

/// Of a batch's lines, those that were promised a later day, in the order of the shortage rule: a line
/// without a promise is the latest, and one of which a part has left loses last.
pub async fn lines_with_later_promises_are_found<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = slack_scene();
    scene.commit(&mut store).await.expect("commit");
    let all = later_than(&scene, &mut store, None, None, 100).await;
    let names = [
        "1-low-day-20",
        "2-none",
        "3-day-30",
        "4-day-20",
        "5-day-10",
        "6-high-day-30",
        "7-low-under-way",
    ];
    assert_eq!(ids(&all.allocated[0]), names);
    let later = later_than(&scene, &mut store, Some(in_days(20)), None, 100).await;
    let expected = ["2-none", "3-day-30", "6-high-day-30", "7-low-under-way"];
    assert_eq!(
        ids(&later.allocated[0]),
        expected,
        "later than that day, not on it"
    );
    assert!(later.allocated[0].complete);
    assert!(
        line_in(&later, "3-day-30", "l").is_some(),
        "the lines come with the range"
    );
    assert!(batch_in(&later, "b-1").is_some());
    assert_eq!(products_in(&later), ["SOFA"]);
    let last = later_than(&scene, &mut store, Some(in_days(40)), None, 100).await;
    assert_eq!(ids(&last.allocated[0]), ["2-none"]);
    let before = later_than(&scene, &mut store, Some(in_days(19)), None, 3).await;
    assert_eq!(
        ids(&before.allocated[0]),
        ["1-low-day-20", "2-none", "3-day-30"]
    );
    assert!(!before.allocated[0].complete);
    let after = line_in(&before, "3-day-30", "l").map(|line| ShortageKey::of(&line));
    let rest = later_than(&scene, &mut store, Some(in_days(19)), after, 3).await;
    assert_eq!(
        ids(&rest.allocated[0]),
        ["4-day-20", "6-high-day-30", "7-low-under-way"]
    );
    assert!(rest.allocated[0].complete, "three are left, and asked for");
    // The lines change, and the range with them.
    scene.line_mut("3-day-30", "l").current_promise = Some(in_days(5));
    scene.line_mut("2-none", "l").current_promise = Some(in_days(1));
    scene.line_mut("5-day-10", "l").current_promise = Some(in_days(50));
    scene.line_mut("6-high-day-30", "l").cancelled = true;
    scene.peg("6-high-day-30", "l", &[], in_days(0));
    scene.commit(&mut store).await.expect("commit");
    let later = later_than(&scene, &mut store, Some(in_days(20)), None, 100).await;
    assert_eq!(ids(&later.allocated[0]), ["5-day-10", "7-low-under-way"]);
}

/// Late lines of a product, after this key, at most so many; with goods, those that these could serve.
async fn late(
    store: &mut impl Store,
    sku: &str,
    served: Option<Served>,
    after: Option<LateKey>,
    limit: usize,
) -> (Vec<String>, bool, Loaded) {
    let keys = Keys {
        products: vec![name(sku)],
        ..Keys::default()
    };
    let product_number = load(store, &keys).await.products[0].number;
    let range = LateRange {
        sku: name(sku),
        product_number,
        served,
        after,
        limit,
    };
    let keys = Keys {
        late: vec![range.clone()],
        ..Keys::default()
    };
    let loaded = load(store, &keys).await;
    let [found] = loaded.late.as_slice() else {
        panic!("one answer for one range")
    };
    assert_eq!(found.range, range);
    let ids = ids(found).into_iter().map(str::to_owned).collect();
    (ids, found.complete, loaded)
}

/// Makes a line late: promised this day first, and ten days later now.
fn make_late(line: &mut OrderLine, original: i64) {
    line.original_promise = Some(in_days(original));
    line.current_promise = Some(in_days(original + 10));
}

/// The order in which late lines are pulled back is that of their names.
fn late_scene() -> Scene {
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 100);
    scene.batch("b-2", "LAMP", 100);
    for (order, priority, original) in [
        ("3-day-7", 5, 7),
        ("1-high", 9, 30),
        ("2-day-1", 5, 1),
        ("4-day-7-too", 5, 7),
        ("5-low", 0, 0),
    ] {
        scene.line(order, "l", "SOFA", 2).terms.priority = rank(priority);
        scene.peg(order, "l", &[("b-1", 2)], in_days(0));
        make_late(scene.line_mut(order, "l"), original);
    }
    scene.line("in-time", "l", "SOFA", 1);
    scene.peg("in-time", "l", &[("b-1", 1)], in_days(9));
    make_late(scene.line("waits", "l", "SOFA", 1), 3);
    scene.line_mut("waits", "l").current_promise = None;
    scene.line("other", "l", "LAMP", 1);
    scene.peg("other", "l", &[("b-2", 1)], in_days(9));
    make_late(scene.line_mut("other", "l"), 2);
    // Of these a part has left: they are late and do not move.
    scene.batch_mut("b-1").dispatched = 1;
    scene.line("under-way", "l", "SOFA", 3).terms.priority = rank(9);
    scene.line_mut("under-way", "l").dispatched = 1;
    scene.peg("under-way", "l", &[("b-1", 2)], in_days(0));
    make_late(scene.line_mut("under-way", "l"), 1);
    scene
}

/// The highest priority first, then the earliest original promise, then age; in pages.
pub async fn late_lines_are_found_in_order<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    late_scene().commit(&mut store).await.expect("commit");
    let (found, complete, loaded) = late(&mut store, "SOFA", None, None, 100).await;
    assert_eq!(
        found,
        ["1-high", "2-day-1", "3-day-7", "4-day-7-too", "5-low"]
    );
    assert!(complete);
    assert_eq!(loaded.products[0].counters().late, 6);
    assert!(found.iter().all(|id| line_in(&loaded, id, "l").is_some()));
    assert!(batch_in(&loaded, "b-1").is_some());
    let (found, ..) = late(&mut store, "LAMP", None, None, 100).await;
    assert_eq!(found, ["other"]);
    let (mut seen, mut after) = (Vec::new(), None);
    for page in 1..=3 {
        let (ids, complete, loaded) = late(&mut store, "SOFA", None, after, 2).await;
        assert_eq!(complete, page == 3);
        let last = ids.last().and_then(|id| line_in(&loaded, id, "l"));
        after = last.map(|line| LateKey::of(&line));
        seen.extend(ids);
    }
    assert_eq!(
        seen,
        ["1-high", "2-day-1", "3-day-7", "4-day-7-too", "5-low"]
    );
    let (found, complete, _) = late(&mut store, "SOFA", None, after, 2).await;
    assert!(found.is_empty() && complete);
}

/// Lines come to be late, and are late no longer: pulled back, without goods, cancelled, gone.
pub async fn late_lines_follow_the_lines<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = late_scene();
    scene.commit(&mut store).await.expect("commit");
    scene.line_mut("1-high", "l").current_promise = Some(in_days(30));
    scene.line_mut("2-day-1", "l").current_promise = Some(in_days(2));
    scene.peg("3-day-7", "l", &[], in_days(0));
    scene.line_mut("4-day-7-too", "l").cancelled = true;
    scene.peg("4-day-7-too", "l", &[], in_days(0));
    let gone = scene.line_mut("5-low", "l");
    gone.dispatched = gone.quantity;
    gone.allocations.clear();
    scene.batch_mut("b-1").dispatched += 2;
    scene.line_mut("in-time", "l").current_promise = Some(in_days(10));
    scene.commit(&mut store).await.expect("commit");
    let (found, complete, loaded) = late(&mut store, "SOFA", None, None, 100).await;
    assert_eq!(found, ["2-day-1", "in-time"]);
    assert!(complete);
    assert_eq!(loaded.products[0].counters().late, 3);
}

/// Only those with a later promise than the goods come, and that want no more than there is, or may be split.
pub async fn late_lines_are_found_by_what_could_serve_them<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = late_scene();
    scene.line("6-large", "l", "SOFA", 4).terms.priority = rank(0);
    scene.peg("6-large", "l", &[("b-1", 4)], in_days(0));
    make_late(scene.line_mut("6-large", "l"), 6);
    let split = scene.line("7-large-split", "l", "SOFA", 4);
    split.terms.priority = rank(0);
    split.terms.split = true;
    scene.peg("7-large-split", "l", &[("b-1", 4)], in_days(0));
    make_late(scene.line_mut("7-large-split", "l"), 7);
    scene.commit(&mut store).await.expect("commit");
    let by = |day: i64, at_most: u64| {
        Some(Served {
            later_than: in_days(day),
            at_most,
        })
    };
    let (found, complete, _) = late(&mut store, "SOFA", by(10, 3), None, 100).await;
    assert_eq!(
        found,
        [
            "1-high",
            "2-day-1",
            "3-day-7",
            "4-day-7-too",
            "7-large-split"
        ],
        "not the one whose goods come that day, nor the one that is too large"
    );
    assert!(complete);
    let (found, complete, loaded) = late(&mut store, "SOFA", by(10, 4), None, 4).await;
    assert_eq!(found.len(), 4);
    assert!(!complete);
    let last = line_in(&loaded, "4-day-7-too", "l");
    let after = last.map(|line| LateKey::of(&line));
    let (found, complete, _) = late(&mut store, "SOFA", by(10, 4), after, 4).await;
    assert_eq!(found, ["6-large", "7-large-split"]);
    assert!(complete);
    let (found, ..) = late(&mut store, "SOFA", by(40, 9), None, 4).await;
    assert_eq!(found, Vec::<String>::new());
    let (found, ..) = late(&mut store, "SOFA", by(16, 2), None, 4).await;
    assert_eq!(found, ["1-high", "3-day-7", "4-day-7-too", "7-large-split"]);
}
