//! A small shop for the read side to show: three products, lines that are allocated, wait, and were cancelled.

use std::sync::Arc;

use landfall_domain::{Deliver, PlacedOrder};
use landfall_service::views::{List, Page, ViewError, Views};

use super::scene::{Scene, in_days};
use crate::commands::{name, rank};
use crate::database::Database;

/// Two products and a third without stock; allocated, waiting and cancelled lines.
pub(super) fn scene() -> Scene {
    let mut scene = Scene::default();
    let ship = scene.batch("b-ship", "SOFA", 10);
    ship.eta = Some(in_days(10));
    ship.location = Some(name("LEEDS"));
    scene.batch("b-here", "SOFA", 5);
    scene.batch("b-late", "SOFA", 7).eta = Some(in_days(-2));
    scene.batch("c-lamp", "LAMP", 4);
    scene.batch("c-none", "RUG", 1).dispatched = 1;
    scene.line("o-1", "SOFA", "SOFA", 5);
    scene.peg("o-1", "SOFA", &[("b-here", 5)], in_days(-1));
    scene.line("o-1", "A-LAMP", "LAMP", 1).cancelled = true;
    scene.line("o-2", "SOFA", "SOFA", 12);
    scene.peg("o-2", "SOFA", &[("b-late", 7), ("b-ship", 5)], in_days(10));
    scene.line("o-3", "SOFA", "SOFA", 99).terms.priority = rank(1);
    scene.line("o-4", "SOFA", "SOFA", 98).terms.requested_date = Some(in_days(5));
    scene.line("p-5", "LAMP", "LAMP", 97);
    scene.orders.push(PlacedOrder {
        order_id: name("o-1"),
        deliver: Deliver::Together,
        lines: vec![name("SOFA"), name("A-LAMP")],
    });
    scene
}

pub(super) async fn shown<D: Database>() -> (D, Arc<dyn Views>) {
    let mut database = D::create();
    scene().commit(&mut database.store()).await.expect("commit");
    let views = database.views();
    views.ready().await.expect("ready");
    (database, views)
}

pub(super) fn first(limit: usize) -> Page {
    Page { after: None, limit }
}

/// Reads a list to its end in pages of this size; every page but the last is full, and none is empty.
pub(super) async fn paged<T, F: Future<Output = Result<List<T>, ViewError>>>(
    limit: usize,
    read: impl Fn(Page) -> F,
) -> Vec<T> {
    let mut items = Vec::new();
    let mut page = first(limit);
    loop {
        let list = read(page.clone()).await.expect("a page");
        assert!(
            list.items.len() == limit || list.next.is_none(),
            "a page that goes on is full"
        );
        assert!(
            !list.items.is_empty() || page.after.is_none(),
            "a cursor leads somewhere"
        );
        items.extend(list.items);
        match list.next {
            Some(next) => page.after = Some(next),
            None => return items,
        }
    }
}
