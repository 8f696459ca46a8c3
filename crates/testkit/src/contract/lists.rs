//! The lists of the read side: their order, filters, prefixes and cursors.

use landfall_domain::line::Status;
use landfall_service::resources::LineResource;
use landfall_service::views::{BatchFilter, OrderFilter, Page, ProductFilter, ViewError, Waiting};

use super::scene::{Scene, in_days};
use super::shop::{first, paged, shown};
use crate::clock::today;
use crate::commands::name;
use crate::database::Database;

/// Batches by reference, with each filter and with several.
pub async fn batches_are_listed<D: Database>() {
    let (_database, views) = shown::<D>().await;
    let views = &views;
    let all = BatchFilter::default();
    let found = async |filter: &BatchFilter| {
        let list = paged(2, async |page| views.batches(filter, &page, today()).await).await;
        list.into_iter()
            .map(|batch| batch.reference.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found(&all).await,
        ["b-here", "b-late", "b-ship", "c-lamp", "c-none"]
    );
    let sofa = BatchFilter {
        sku: Some(name("SOFA")),
        ..all.clone()
    };
    assert_eq!(found(&sofa).await, ["b-here", "b-late", "b-ship"]);
    let free = BatchFilter {
        available: Some(true),
        ..all.clone()
    };
    assert_eq!(found(&free).await, ["b-ship", "c-lamp"]);
    let full = BatchFilter {
        available: Some(false),
        ..all.clone()
    };
    assert_eq!(found(&full).await, ["b-here", "b-late", "c-none"]);
    let here = BatchFilter {
        in_warehouse: Some(true),
        ..all.clone()
    };
    assert_eq!(found(&here).await, ["b-here", "c-lamp", "c-none"]);
    let inbound = BatchFilter {
        in_warehouse: Some(false),
        ..all.clone()
    };
    assert_eq!(found(&inbound).await, ["b-late", "b-ship"]);
    let soon = BatchFilter {
        eta_until: Some(in_days(9)),
        ..all.clone()
    };
    assert_eq!(
        found(&soon).await,
        ["b-late"],
        "what is in the warehouse is not expected"
    );
    let then = BatchFilter {
        eta_until: Some(in_days(10)),
        ..all.clone()
    };
    assert_eq!(found(&then).await, ["b-late", "b-ship"]);
    let named = BatchFilter {
        prefix: Some("c-".into()),
        ..all.clone()
    };
    assert_eq!(found(&named).await, ["c-lamp", "c-none"]);
    let several = BatchFilter {
        available: Some(false),
        prefix: Some("b-".into()),
        ..sofa
    };
    assert_eq!(found(&several).await, ["b-here", "b-late"]);
    let none = BatchFilter {
        sku: Some(name("NONE")),
        ..all
    };
    assert!(found(&none).await.is_empty());
    let list = views
        .batches(&several, &first(2), today())
        .await
        .expect("read");
    assert_eq!(list.items[1].eta, Some(in_days(-2)));
    assert!(list.items[1].overdue);
}

/// A prefix is text: no wildcard, no folding, also where it is a whole name or the cursor lies before it.
pub async fn prefixes_are_text<D: Database>() {
    let mut database = D::create();
    let mut scene = Scene::default();
    for reference in [
        "a%b",
        "a_b",
        "aXb",
        "A_b",
        "a_",
        "é-1",
        "e-1",
        "\u{10FFFF}-1",
        "a\\b",
    ] {
        scene.batch(reference, "SOFA", 1);
    }
    scene.commit(&mut database.store()).await.expect("commit");
    let views = &database.views();
    let found = async |prefix: &str| {
        let filter = BatchFilter {
            prefix: Some(prefix.into()),
            ..BatchFilter::default()
        };
        let list = paged(1, async |page| views.batches(&filter, &page, today()).await).await;
        list.into_iter()
            .map(|batch| batch.reference.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found("a_").await, ["a_", "a_b"]);
    assert_eq!(found("a%").await, ["a%b"]);
    assert_eq!(found("a\\").await, ["a\\b"]);
    assert_eq!(found("A").await, ["A_b"]);
    assert_eq!(found("é").await, ["é-1"]);
    assert_eq!(found("\u{10FFFF}").await, ["\u{10FFFF}-1"]);
    assert_eq!(found("").await.len(), 9);
    assert!(found("z").await.is_empty());
    let filter = BatchFilter {
        prefix: Some("a_".into()),
        ..BatchFilter::default()
    };
    let page = Page {
        after: Some("A_b".into()),
        limit: 9,
    };
    let list = views.batches(&filter, &page, today()).await.expect("read");
    assert_eq!(list.items.len(), 2);
    let page = Page {
        after: Some("e-1".into()),
        limit: 9,
    };
    assert!(
        views
            .batches(&filter, &page, today())
            .await
            .expect("read")
            .items
            .is_empty()
    );
}

/// Orders by id, with each filter.
pub async fn orders_are_listed<D: Database>() {
    let (_database, views) = shown::<D>().await;
    let views = &views;
    let all = OrderFilter::default();
    let found = async |filter: &OrderFilter| {
        let list = paged(2, async |page| views.orders(filter, &page, today()).await).await;
        list.into_iter()
            .map(|order| order.order_id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&all).await, ["o-1", "o-2", "o-3", "o-4", "p-5"]);
    let ship = OrderFilter {
        batch: Some(name("b-ship")),
        ..all.clone()
    };
    assert_eq!(found(&ship).await, ["o-2"]);
    let sofa = OrderFilter {
        sku: Some(name("SOFA")),
        ..all.clone()
    };
    assert_eq!(found(&sofa).await, ["o-1", "o-2", "o-3", "o-4"]);
    let lamp = OrderFilter {
        sku: Some(name("LAMP")),
        ..all.clone()
    };
    assert_eq!(
        found(&lamp).await,
        ["p-5"],
        "o-1 does not want one any longer"
    );
    let named = OrderFilter {
        prefix: Some("o-".into()),
        ..all.clone()
    };
    assert_eq!(found(&named).await, ["o-1", "o-2", "o-3", "o-4"]);
    let both = OrderFilter {
        prefix: Some("o-".into()),
        batch: Some(name("b-here")),
        ..OrderFilter::default()
    };
    assert_eq!(found(&both).await, ["o-1"]);
    let none = OrderFilter {
        batch: Some(name("b-none")),
        ..all.clone()
    };
    assert!(found(&none).await.is_empty());
    let list = views.orders(&all, &first(10), today()).await.expect("read");
    for order in &list.items {
        let one = views.order(&order.order_id, today()).await.expect("read");
        assert_eq!(
            one.as_ref(),
            Some(order),
            "in a list an order looks as it does alone"
        );
    }
}

/// Products by SKU, with each filter.
pub async fn products_are_listed<D: Database>() {
    let (_database, views) = shown::<D>().await;
    let views = &views;
    let all = ProductFilter::default();
    let found = async |filter: &ProductFilter| {
        let list = paged(1, async |page| views.products(filter, &page).await).await;
        list.into_iter()
            .map(|product| product.sku.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&all).await, ["LAMP", "RUG", "SOFA"]);
    let waiting = ProductFilter {
        backordered: Some(true),
        ..all.clone()
    };
    assert_eq!(found(&waiting).await, ["LAMP", "SOFA"]);
    let content = ProductFilter {
        backordered: Some(false),
        ..all.clone()
    };
    assert_eq!(found(&content).await, ["RUG"]);
    let named = ProductFilter {
        prefix: Some("S".into()),
        ..all.clone()
    };
    assert_eq!(found(&named).await, ["SOFA"]);
    let list = views.products(&all, &first(10)).await.expect("read");
    for product in &list.items {
        let one = views.product(&product.sku).await.expect("read");
        assert_eq!(
            one.as_ref(),
            Some(product),
            "in a list a product looks as it does alone"
        );
    }
}

fn keys(lines: Vec<LineResource>) -> Vec<String> {
    lines
        .into_iter()
        .map(|line| format!("{}/{}", line.order_id, line.line_id))
        .collect()
}

/// Lines that wait, by SKU and in the order in which they are filled.
pub async fn backorders_are_listed<D: Database>() {
    let (_database, views) = shown::<D>().await;
    let views = &views;
    for limit in [1, 2, 3, 10] {
        let all = paged(limit, async |page| {
            views.backorders(None, &page, today()).await
        })
        .await;
        assert_eq!(keys(all), ["p-5/LAMP", "o-4/SOFA", "o-3/SOFA"]);
    }
    let (lines, products) = (3, 2);
    let waiting = views.waiting().await.expect("read");
    assert_eq!(waiting, Waiting { lines, products });
    let sofa = name("SOFA");
    let list = paged(1, async |page| {
        views.backorders(Some(&sofa), &page, today()).await
    })
    .await;
    assert_eq!(list[0].requested_date, Some(in_days(5)));
    assert_eq!(keys(list), ["o-4/SOFA", "o-3/SOFA"]);
    let none = views
        .backorders(Some(&name("NONE")), &first(9), today())
        .await
        .expect("read");
    assert!(none.items.is_empty() && none.next.is_none());
}

/// Lines by order id and line id, of one status or of any.
pub async fn lines_are_listed<D: Database>() {
    let (_database, views) = shown::<D>().await;
    let views = &views;
    let found =
        async |status| keys(paged(2, async |page| views.lines(status, &page, today()).await).await);
    let all = [
        "o-1/A-LAMP",
        "o-1/SOFA",
        "o-2/SOFA",
        "o-3/SOFA",
        "o-4/SOFA",
        "p-5/LAMP",
    ];
    assert_eq!(found(None).await, all);
    assert_eq!(
        found(Some(Status::Allocated)).await,
        ["o-1/SOFA", "o-2/SOFA"]
    );
    assert_eq!(
        found(Some(Status::Backordered)).await,
        ["o-3/SOFA", "o-4/SOFA", "p-5/LAMP"]
    );
    assert_eq!(found(Some(Status::Cancelled)).await, ["o-1/A-LAMP"]);
    assert!(found(Some(Status::Dispatched)).await.is_empty());
    let list = views.lines(None, &first(3), today()).await.expect("read");
    let order = views
        .order(&name("o-2"), today())
        .await
        .expect("read")
        .expect("the order");
    assert_eq!(
        list.items[2], order.lines[0],
        "in a list a line looks as it does in its order"
    );
}

/// What is no cursor of a list is told so, in the log too.
pub async fn bad_cursors_are_told<D: Database>() {
    let (_database, views) = shown::<D>().await;
    for bad in [
        "nonsense",
        "",
        "{\"",
        "-1",
        "99999999999999999999999-1",
        "é\u{0}",
    ] {
        let page = Page {
            after: Some(bad.into()),
            limit: 5,
        };
        let lines = views.lines(None, &page, today()).await;
        assert!(
            matches!(lines, Err(ViewError::BadCursor)),
            "{bad:?} in lines: {lines:?}"
        );
        let waiting = views.backorders(None, &page, today()).await;
        assert!(
            matches!(waiting, Err(ViewError::BadCursor)),
            "{bad:?} in backorders: {waiting:?}"
        );
        let events = views.events(&page).await;
        assert!(
            matches!(events, Err(ViewError::BadCursor)),
            "{bad:?} in events: {events:?}"
        );
    }
}
