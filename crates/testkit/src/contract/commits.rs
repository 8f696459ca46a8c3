//! What a commit promises: all or nothing, durable, and only on what was loaded.

use jiff::SignedDuration;
use landfall_domain::Event;
use landfall_service::keys::Keys;
use landfall_service::store::{Loaded, Remembered, Store, StoreError};
use landfall_service::views::Page;

use super::scene::{Scene, batch_in, in_days, line_in, load, written_at};
use crate::commands::{key, name};
use crate::database::Database;
use crate::harness::all_events;

fn everything() -> Keys {
    Keys {
        batches: vec![name("b-1"), name("b-2")],
        lines: vec![key("o-1", "l"), key("o-2", "l")],
        command_ids: vec![name("id-1"), name("id-2")],
        ..Keys::default()
    }
}

fn first_scene() -> Scene {
    let mut scene = Scene::default();
    scene.batch("b-1", "SOFA", 5);
    scene.line("o-1", "l", "SOFA", 2);
    scene.peg("o-1", "l", &[("b-1", 2)], in_days(0));
    scene.events.push(created("b-1"));
    scene.remembered.push(answer("id-1"));
    scene
}

fn created(reference: &str) -> (Option<landfall_domain::Sku>, Event) {
    let event = Event::BatchCreated {
        reference: name(reference),
        quantity: 5,
        eta: None,
        shipment: None,
        location: None,
        landed: None,
    };
    (Some(name("SOFA")), event)
}

fn answer(id: &str) -> Remembered {
    Remembered {
        id: name(id),
        command: format!(r#"{{"type":"CancelOrder","order_id":"{id}"}}"#),
        answer: r#"{"Err":"é"}"#.into(),
        time: written_at(),
    }
}

/// What two loads have in common.
fn same(one: &Loaded, other: &Loaded) -> bool {
    let products = |loaded: &Loaded| {
        let of = |p: &landfall_domain::Product| (p.sku.clone(), p.counters(), p.batches().to_vec());
        loaded.products.iter().map(of).collect::<Vec<_>>()
    };
    one.heads == other.heads
        && one.batches == other.batches
        && one.lines == other.lines
        && one.remembered == other.remembered
        && products(one) == products(other)
}

/// A commit on a head that has moved on is a conflict and writes nothing; loaded again, it goes through.
pub async fn a_commit_on_a_stale_head_is_a_conflict<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = first_scene();
    scene.commit(&mut store).await.expect("commit");
    let mut second = scene.clone();
    second.batch("b-2", "SOFA", 3);
    second.line("o-2", "l", "SOFA", 1);
    second.events.push(created("b-2"));
    second.remembered.push(answer("id-2"));
    let stale = second.begin(&mut store).await.expect("begin");
    store.roll_back().await.expect("roll back");
    scene.line_mut("o-1", "l").current_promise = Some(in_days(4));
    scene.commit(&mut store).await.expect("commit");

    let before = load(&mut store, &everything()).await;
    store.begin(&Keys::default()).await.expect("begin");
    let refused = store.commit(&stale).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let after = load(&mut store, &everything()).await;
    assert!(same(&before, &after), "{before:?} became {after:?}");
    assert_eq!(all_events(&*database.views()).await.len(), 1);

    scene.batch("b-2", "SOFA", 3);
    scene
        .commit(&mut store)
        .await
        .expect("the store goes on after a conflict");
    assert!(batch_in(&load(&mut store, &everything()).await, "b-2").is_some());
}

/// What is rolled back leaves nothing behind.
pub async fn a_roll_back_leaves_nothing<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = first_scene();
    scene.begin(&mut store).await.expect("begin");
    store.roll_back().await.expect("roll back");
    let loaded = load(&mut store, &everything()).await;
    assert!(loaded.products.is_empty() && loaded.batches.is_empty() && loaded.lines.is_empty());
    assert!(loaded.heads.iter().all(|head| head.next_offset == 1));
    scene.commit(&mut store).await.expect("commit");
    assert!(line_in(&load(&mut store, &everything()).await, "o-1", "l").is_some());
}

/// Data that contradicts what is there is refused whole.
pub async fn contradictions_are_refused_whole<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = first_scene();
    scene.commit(&mut store).await.expect("commit");
    let before = load(&mut store, &everything()).await;
    // A stranger makes a batch, and a line, under names that are taken; each beside something harmless.
    let mut batch_again = scene.clone();
    batch_again.batch("b-2", "SOFA", 3);
    let mut changes = batch_again.begin(&mut store).await.expect("begin");
    let mut taken = changes.products[0].new_batches[0].clone();
    taken.number += 100;
    taken.reference = name("b-1");
    changes.products[0].new_batches.push(taken);
    let refused = store.commit(&changes).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_) | StoreError::Conflict)),
        "{refused:?}"
    );
    let mut line_again = scene.clone();
    line_again.line("o-2", "l", "SOFA", 1);
    let mut changes = line_again.begin(&mut store).await.expect("begin");
    let mut taken = changes.products[0].lines[0].clone();
    taken.after.number += 100;
    taken.after.key = key("o-1", "l");
    changes.products[0].lines.push(taken);
    changes.products[0].after.backordered += 1;
    let refused = store.commit(&changes).await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_) | StoreError::Conflict)),
        "{refused:?}"
    );

    let after = load(&mut store, &everything()).await;
    assert!(same(&before, &after), "{before:?} became {after:?}");
    line_again
        .commit(&mut store)
        .await
        .expect("the store goes on after a refusal");
}

/// What was committed is there when the database is opened again, and the heads go on from there.
pub async fn what_was_committed_survives<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = first_scene();
    scene.commit(&mut store).await.expect("commit");
    let before = load(&mut store, &everything()).await;
    drop(store);
    let mut store = database.store();
    let after = load(&mut store, &everything()).await;
    assert!(same(&before, &after), "{before:?} became {after:?}");
    assert_eq!(after.remembered, [answer("id-1")]);
    assert!(
        after
            .heads
            .iter()
            .any(|head| head.next_offset == 2 && head.version > 0)
    );
    scene.events.push(created("b-2"));
    scene.batch("b-2", "SOFA", 1);
    scene.commit(&mut store).await.expect("commit");
    assert_eq!(all_events(&*database.views()).await.len(), 2);
}

/// A reader beside the writer sees one moment, and writes nothing.
pub async fn a_reader_sees_one_moment<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = first_scene();
    scene.commit(&mut store).await.expect("commit");
    let open = database.reader();
    let mut reader = open().expect("a reader");
    let seen = reader.begin(&everything()).await.expect("begin");
    assert!(batch_in(&seen, "b-1").is_some());
    scene.batch("b-2", "SOFA", 1);
    scene.line_mut("o-1", "l").current_promise = Some(in_days(4));
    scene
        .commit(&mut store)
        .await
        .expect("a reader holds no writer up");
    let still = reader.load(&everything()).await.expect("load");
    assert!(same(&seen, &still), "{seen:?} became {still:?}");
    let mut changes = scene.clone();
    changes.batch("b-3", "SOFA", 1);
    reader.roll_back().await.expect("roll back");
    let changes = changes.begin(&mut reader).await.expect("begin");
    assert!(
        reader.commit(&changes).await.is_err(),
        "a reader does not write"
    );
    let now = load(&mut open().expect("a reader"), &everything()).await;
    assert!(batch_in(&now, "b-2").is_some());
    let b3 = Keys {
        batches: vec![name("b-3")],
        ..Keys::default()
    };
    assert!(load(&mut store, &b3).await.batches.is_empty());
}

/// Answers are remembered until they are forgotten, the old ones only.
pub async fn answers_are_remembered_and_forgotten<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let mut scene = first_scene();
    scene.commit(&mut store).await.expect("commit");
    // An answer alone, without any change, is worth a commit too.
    let later = written_at() + SignedDuration::from_hours(1);
    scene.remembered.push(Remembered {
        time: later,
        ..answer("id-2")
    });
    scene.commit(&mut store).await.expect("commit");
    let keys = Keys {
        command_ids: vec![name("id-2"), name("id-1"), name("id-2")],
        ..Keys::default()
    };
    let mut loaded = load(&mut store, &keys).await;
    loaded.remembered.sort_by(|a, b| a.id.cmp(&b.id));
    let expected = [
        answer("id-1"),
        Remembered {
            time: later,
            ..answer("id-2")
        },
    ];
    assert_eq!(loaded.remembered, expected);
    store.forget(written_at()).await.expect("forget");
    assert_eq!(
        load(&mut store, &keys).await.remembered.len(),
        2,
        "nothing is older than the oldest"
    );
    store.forget(later).await.expect("forget");
    assert_eq!(load(&mut store, &keys).await.remembered, expected[1..]);
    // A forgotten key is free.
    scene.remembered.push(answer("id-1"));
    scene.commit(&mut store).await.expect("commit");
}

/// The log comes back by cursor: every field, in order, page by page, and from where one left off.
pub async fn the_log_is_read_by_cursor<D: Database>() {
    let mut database = D::create();
    let mut store = database.store();
    let views = database.views();
    let page = |after: Option<&str>, limit| Page {
        after: after.map(str::to_owned),
        limit,
    };
    let empty = views.events(&page(None, 10)).await.expect("events");
    assert!(empty.events.is_empty());
    let mut scene = first_scene();
    scene.events = super::events::one_of_each();
    let mut changes = scene.begin(&mut store).await.expect("begin");
    store.commit(&changes).await.expect("commit");
    scene.committed();
    let mut seen = Vec::new();
    let mut after = Some(empty.next);
    loop {
        let read = views
            .events(&page(after.as_deref(), 3))
            .await
            .expect("events");
        assert!(read.events.len() <= 3);
        after = Some(read.next);
        if read.events.is_empty() {
            break;
        }
        seen.extend(read.events);
    }
    // Across partitions there is no order.
    changes.events.sort_by_key(|record| record.partition);
    seen.sort_by_key(|record| record.partition);
    let json = |records: &[landfall_service::LogRecord]| {
        records
            .iter()
            .map(|r| serde_json::to_value(r).expect("JSON"))
            .collect::<Vec<_>>()
    };
    assert_eq!(json(&seen), json(&changes.events));
    let first = views.events(&page(None, 2)).await.expect("events").events;
    let in_order = first[0].partition != first[1].partition || first[1].offset == 2;
    assert!(in_order && first[0].offset == 1, "{first:?}");
    // Later facts are found from the place where the log ended.
    scene.events.push(created("b-2"));
    scene.batch("b-2", "SOFA", 1);
    scene.commit(&mut store).await.expect("commit");
    let read = views
        .events(&page(after.as_deref(), 10))
        .await
        .expect("events");
    assert_eq!(read.events.len(), 1);
    let new = &read.events[0];
    let before = seen
        .iter()
        .filter(|record| record.partition == new.partition);
    assert_eq!(new.offset, before.count() as u64 + 1);
}
