//! The orders of lists: each is that of a list by name, sorted; its pages go on where the one before ended.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Debug;

use landfall_service::views::{
    BatchFilter, BatchSort, List, OrderFilter, Page, ProductFilter, ProductSort, ShipmentFilter,
    ShipmentSort, ViewError,
};

use super::models::trading;
use super::scene::in_days;
use super::shop::{first, paged};
use crate::clock::today;
use crate::commands::{batch, hold, line, name, set_quantity, shipment};
use crate::database::Database;
use crate::harness::Harness;

/// Trading, with more batches, some alike, so that names decide; and several that wait.
pub(super) async fn busy<D: Database>() -> Harness<D> {
    let h = trading::<D>().await;
    h.done(shipment("AA-4", Some(in_days(20)))).await;
    h.done(shipment("ZZ-5", None).carried("Maersk", "Borealis", "C-2"))
        .await;
    h.done(shipment("MV-0", Some(in_days(20))).carried("Maersk Line", "Castor", "C-3"))
        .await;
    for (reference, sku, quantity) in [("h", "RUG", 5), ("g", "BED", 5), ("B-9", "CHAIR", 2)] {
        h.done(batch(reference, sku, quantity)).await;
    }
    h.done(batch("e", "RUG", 7).eta(in_days(12))).await;
    h.done(batch("f", "TABLE", 7).eta(in_days(12))).await;
    h.done(batch("ä", "TABLE", 1).eta(in_days(-3))).await;
    h.done(hold("e", "quality", Some(in_days(15)))).await;
    h.done(hold("g", "quality", None)).await;
    h.done(set_quantity("h", 6)).await;
    for (order, sku) in [
        ("w-1", "BED"),
        ("w-2", "BED"),
        ("w-3", "CHAIR"),
        ("w-4", "TABLE"),
    ] {
        h.done(line(order, sku, 90)).await;
    }
    h
}

/// What a list shows in pages of this size.
async fn names<T, F: Future<Output = Result<List<T>, ViewError>>>(
    name: impl Fn(&T) -> String,
    limit: usize,
    read: impl Fn(Page) -> F,
) -> Vec<String> {
    paged(limit, read).await.iter().map(name).collect()
}

/// The names of things in an order, those by name first: what a list that goes by this must show.
fn in_order<T, K: Ord>(mut items: Vec<T>, name: fn(&T) -> String, by: fn(&T) -> K) -> Vec<String> {
    items.sort_by_key(|item| (by(item), name(item)));
    items.iter().map(name).collect()
}

/// Every filter of batches, and some together.
fn batch_filters() -> Vec<BatchFilter> {
    let all = BatchFilter::default();
    vec![
        all.clone(),
        BatchFilter {
            sku: Some(name("LAMP")),
            ..all.clone()
        },
        BatchFilter {
            shipment: Some(name("MV-1")),
            ..all.clone()
        },
        BatchFilter {
            shipment: Some(name("MV-1")),
            sku: Some(name("SOFA")),
            ..all.clone()
        },
        BatchFilter {
            on_shipment: Some(true),
            ..all.clone()
        },
        BatchFilter {
            on_shipment: Some(false),
            eta_until: Some(in_days(12)),
            ..all.clone()
        },
        BatchFilter {
            in_warehouse: Some(true),
            ..all.clone()
        },
        BatchFilter {
            in_warehouse: Some(false),
            available: Some(true),
            ..all.clone()
        },
        BatchFilter {
            available: Some(false),
            ..all.clone()
        },
        BatchFilter {
            eta_from: Some(in_days(12)),
            eta_until: Some(in_days(12)),
            ..all.clone()
        },
        BatchFilter {
            held: Some(true),
            ..all.clone()
        },
        BatchFilter {
            clear_until: Some(in_days(15)),
            ..all.clone()
        },
        BatchFilter {
            hold_overdue: Some(in_days(16)),
            ..all.clone()
        },
        BatchFilter {
            prefix: Some("B".into()),
            ..all.clone()
        },
        BatchFilter {
            sku: Some(name("NONE")),
            ..all.clone()
        },
    ]
}

/// Goods whose hold is past its day or has none: their own hold, and not that of the ship around them.
pub async fn holds_are_overdue<D: Database>() {
    let h = busy::<D>().await;
    let views = &h.views;
    for (day, batches) in [(15, &["b", "g"] as &[&str]), (16, &["b", "e", "g"])] {
        let filter = BatchFilter {
            hold_overdue: Some(in_days(day)),
            ..BatchFilter::default()
        };
        for limit in [1, 100] {
            let found = paged(limit, async |page| {
                views.batches(&filter, &page, today()).await
            });
            let found = found.await;
            let found: Vec<_> = found.iter().map(|b| b.reference.as_str()).collect();
            assert_eq!(found, batches, "on day {day}");
        }
        let filter = BatchFilter {
            in_warehouse: Some(true),
            ..filter
        };
        let page = Page {
            after: None,
            limit: 9,
        };
        let found = views.batches(&filter, &page, today()).await.expect("read");
        let found: Vec<_> = found.items.iter().map(|b| b.reference.as_str()).collect();
        assert_eq!(found, ["g"], "on day {day}");
    }
}

/// Batches by ETA and by what is available, with each filter.
pub async fn batches_are_sorted<D: Database>() {
    let h = busy::<D>().await;
    let views = &h.views;
    let of = async |filter: &BatchFilter, limit| {
        paged(limit, async |page| {
            views.batches(filter, &page, today()).await
        })
        .await
    };
    for filter in batch_filters() {
        for sort in [BatchSort::Reference, BatchSort::Eta, BatchSort::Available] {
            let by_name = of(&filter, 100).await;
            let expected = match sort {
                BatchSort::Reference => in_order(by_name, |b| b.reference.to_string(), |_| ()),
                BatchSort::Eta => in_order(by_name, |b| b.reference.to_string(), |b| b.eta),
                BatchSort::Available => in_order(
                    by_name,
                    |b| b.reference.to_string(),
                    |b| Reverse(b.available),
                ),
            };
            let sorted = BatchFilter {
                sort,
                ..filter.clone()
            };
            for limit in [1, 2, 3, 100] {
                let found = of(&sorted, limit).await;
                let found: Vec<_> = found.iter().map(|b| b.reference.to_string()).collect();
                assert_eq!(found, expected, "{sorted:?}");
            }
        }
    }
    let by_eta = BatchFilter {
        sort: BatchSort::Eta,
        ..BatchFilter::default()
    };
    let found = of(&by_eta, 100).await;
    let here = found.iter().take_while(|batch| batch.eta.is_none());
    assert_eq!(
        here.count(),
        5,
        "what is in the warehouse comes first: {found:?}"
    );
    let on_none = BatchFilter {
        on_shipment: Some(false),
        ..by_eta
    };
    let found = of(&on_none, 100).await;
    assert!(found.iter().all(|batch| batch.shipment.is_none()));
    assert_eq!(found.len(), 7);
}

/// Shipments by ETA, those that have landed last, with each filter; and those of a carrier.
pub async fn shipments_are_sorted<D: Database>() {
    let h = busy::<D>().await;
    let views = &h.views;
    let all = ShipmentFilter::default();
    let found = async |filter: &ShipmentFilter, limit| {
        names(
            |s: &landfall_service::resources::ShipmentResource| s.reference.to_string(),
            limit,
            async |page| views.shipments(filter, &page, today()).await,
        )
        .await
    };
    let filters = [
        (
            all.clone(),
            &["MV-1", "AA-4", "MV-0", "MV-2", "XX-3", "ZZ-5"] as &[&str],
        ),
        (
            ShipmentFilter {
                landed: Some(true),
                ..all.clone()
            },
            &["XX-3", "ZZ-5"],
        ),
        (
            ShipmentFilter {
                landed: Some(false),
                held: Some(false),
                ..all.clone()
            },
            &["MV-1", "AA-4", "MV-0"],
        ),
        (
            ShipmentFilter {
                eta_from: Some(in_days(13)),
                ..all.clone()
            },
            &["AA-4", "MV-0", "MV-2"],
        ),
        (
            ShipmentFilter {
                eta_until: Some(in_days(12)),
                ..all.clone()
            },
            &["MV-1"],
        ),
        (
            ShipmentFilter {
                prefix: Some("MV".into()),
                ..all.clone()
            },
            &["MV-1", "MV-0", "MV-2"],
        ),
        (
            ShipmentFilter {
                carrier: Some(name("Maersk")),
                ..all.clone()
            },
            &["MV-1", "ZZ-5"],
        ),
        (
            ShipmentFilter {
                carrier: Some(name("maersk")),
                ..all
            },
            &[],
        ),
    ];
    for (filter, expected) in filters {
        let mut by_name = expected.to_vec();
        by_name.sort_unstable();
        let by_eta = ShipmentFilter {
            sort: ShipmentSort::Eta,
            ..filter.clone()
        };
        for limit in [1, 2, 100] {
            assert_eq!(found(&by_eta, limit).await, expected, "{by_eta:?}");
            assert_eq!(found(&filter, limit).await, by_name, "{filter:?}");
        }
    }
}

/// Products by the lines that wait and by what is available, with each filter.
pub async fn products_are_sorted<D: Database>() {
    let h = busy::<D>().await;
    let views = &h.views;
    let all = ProductFilter::default();
    let filters = [
        all.clone(),
        ProductFilter {
            backordered: Some(true),
            ..all.clone()
        },
        ProductFilter {
            backordered: Some(false),
            ..all.clone()
        },
        ProductFilter {
            prefix: Some("C".into()),
            ..all
        },
    ];
    let of = async |filter: &ProductFilter, limit| {
        paged(limit, async |page| views.products(filter, &page).await).await
    };
    for filter in filters {
        for sort in [
            ProductSort::Sku,
            ProductSort::Backordered,
            ProductSort::Available,
        ] {
            let by_name = of(&filter, 100).await;
            let expected = match sort {
                ProductSort::Sku => in_order(by_name, |p| p.sku.to_string(), |_| ()),
                ProductSort::Backordered => in_order(
                    by_name,
                    |p| p.sku.to_string(),
                    |p| Reverse(p.backordered_lines),
                ),
                ProductSort::Available => {
                    in_order(by_name, |p| p.sku.to_string(), |p| Reverse(p.available))
                }
            };
            let sorted = ProductFilter {
                sort,
                ..filter.clone()
            };
            for limit in [1, 2, 3, 100] {
                let found = of(&sorted, limit).await;
                let found: Vec<_> = found.iter().map(|p| p.sku.to_string()).collect();
                assert_eq!(found, expected, "{sorted:?}");
            }
        }
    }
    let most = ProductFilter {
        sort: ProductSort::Backordered,
        ..ProductFilter::default()
    };
    let found = of(&most, 2).await;
    assert_eq!(
        (found[0].sku.as_str(), found[0].backordered_lines),
        ("BED", 2)
    );
}

fn refused<T: Debug>(found: &Result<T, ViewError>, what: &str) {
    assert!(
        matches!(found, Err(ViewError::BadCursor)),
        "{what}: {found:?}"
    );
}

fn batches(sort: BatchSort) -> BatchFilter {
    BatchFilter {
        sort,
        ..BatchFilter::default()
    }
}

fn products(sort: ProductSort) -> ProductFilter {
    ProductFilter {
        sort,
        ..ProductFilter::default()
    }
}

fn shipments(sort: ShipmentSort) -> ShipmentFilter {
    ShipmentFilter {
        sort,
        ..ShipmentFilter::default()
    }
}

/// A cursor of one order is none of another.
pub async fn cursors_are_of_one_order<D: Database>() {
    let h = busy::<D>().await;
    let views = &h.views;
    let mut cursors: BTreeMap<String, String> = BTreeMap::new();
    let mut keep = |of: &str, next: Option<String>| {
        cursors.insert(of.to_owned(), next.expect("a second page"));
    };
    let page = first(1);
    let by_name = batches(BatchSort::Reference);
    keep(
        "name",
        views
            .batches(&by_name, &page, today())
            .await
            .expect("a page")
            .next,
    );
    let by_eta = batches(BatchSort::Eta);
    keep(
        "eta",
        views
            .batches(&by_eta, &page, today())
            .await
            .expect("a page")
            .next,
    );
    let free = batches(BatchSort::Available);
    keep(
        "available",
        views
            .batches(&free, &page, today())
            .await
            .expect("a page")
            .next,
    );
    let waiting = products(ProductSort::Backordered);
    keep(
        "backordered",
        views.products(&waiting, &page).await.expect("a page").next,
    );
    keep(
        "recent",
        views
            .recent_orders(&page, today())
            .await
            .expect("a page")
            .next,
    );
    cursors.insert("nonsense".into(), "x\ny\nz".into());
    cursors.insert("nothing".into(), String::new());
    for (of, cursor) in cursors {
        let page = Page {
            after: Some(cursor),
            limit: 3,
        };
        let of = &*of;
        if of != "name" {
            refused(&views.batches(&by_name, &page, today()).await, of);
            let sort = shipments(ShipmentSort::Reference);
            refused(&views.shipments(&sort, &page, today()).await, of);
            refused(
                &views.products(&products(ProductSort::Sku), &page).await,
                of,
            );
            refused(
                &views.orders(&OrderFilter::default(), &page, today()).await,
                of,
            );
        }
        if of != "eta" {
            refused(&views.batches(&by_eta, &page, today()).await, of);
            let sort = shipments(ShipmentSort::Eta);
            refused(&views.shipments(&sort, &page, today()).await, of);
        }
        if of != "available" {
            refused(&views.batches(&free, &page, today()).await, of);
            let sort = products(ProductSort::Available);
            refused(&views.products(&sort, &page).await, of);
        }
        if of != "backordered" {
            refused(&views.products(&waiting, &page).await, of);
        }
        if of != "recent" {
            refused(&views.recent_orders(&page, today()).await, of);
        }
    }
}
