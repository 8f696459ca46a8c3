//! Lines that should have left: their day has passed, and their goods may leave.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use landfall_service::views::{
    OverdueFilter, OverdueLine, OverdueSort, OverdueTotal, Page, ViewError,
};

use super::scene::in_days;
use super::shop::{first, paged};
use crate::commands::{
    batch, cancel_line, dispatch, dispatch_units, hold, hold_shipment, line, name, release,
    set_eta, shipment,
};
use crate::database::Database;
use crate::harness::Harness;

/// Lines of all kinds, on the day on which some of them should have left.
async fn neglected<D: Database>() -> Harness<D> {
    let h = Harness::<D>::start();
    h.done(shipment("MV-1", None)).await;
    h.done(batch("a", "SOFA", 40)).await;
    h.done(batch("b", "LAMP", 40).on("MV-1")).await;
    h.done(batch("c", "RUG", 5)).await;
    h.done(batch("c-2", "RUG", 5).eta(in_days(2))).await;
    h.done(batch("d", "BED", 9)).await;
    h.done(batch("e", "DESK", 9).eta(in_days(1))).await;
    for (order, priority) in [("o-1", 5), ("o-2", 9), ("o-3", 5), ("o-4", 0)] {
        h.done(line(order, "SOFA", 3).priority(priority)).await;
        h.done(line(order, "LAMP", 2).priority(priority)).await;
    }
    h.done(line("left", "SOFA", 1)).await;
    h.done(line("gone", "SOFA", 1)).await;
    h.done(line("part", "LAMP", 4)).await;
    h.done(line("two", "RUG", 8).split()).await;
    h.done(line("held", "BED", 2)).await;
    h.done(line("late", "DESK", 2)).await;
    h.done(dispatch("left", "SOFA")).await;
    h.done(cancel_line("gone", "SOFA")).await;
    h.done(dispatch_units("part", "LAMP", 1)).await;
    h.done(hold("d", "quality", Some(in_days(9)))).await;
    h.clock.set_day(in_days(3));
    for order in ["n-1", "n-2"] {
        h.done(line(order, "SOFA", 3)).await;
    }
    h
}

fn shown(line: &OverdueLine) -> String {
    let here = line.here.iter();
    let here = here.map(|part| format!("{}:{}", part.batch, part.quantity));
    let here: Vec<_> = here.collect();
    format!(
        "{}/{} {}",
        line.line.order_id,
        line.line.line_id,
        here.join(" ")
    )
}

async fn found<D: Database>(
    h: &Harness<D>,
    filter: &OverdueFilter,
    sort: OverdueSort,
    limit: usize,
) -> Vec<OverdueLine> {
    paged(limit, async |page| {
        h.views.overdue(filter, sort, &page, h.today()).await
    })
    .await
}

/// Every such line is there once, in each order, with each filter, in pages of any size.
pub async fn what_should_have_left_is_listed<D: Database>() {
    let h = neglected::<D>().await;
    let all = OverdueFilter::default();
    let list = found(&h, &all, OverdueSort::Promise, 100).await;
    let names: BTreeSet<_> = list.iter().map(shown).collect();
    let expected = [
        "o-1/SOFA a:3",
        "o-2/SOFA a:3",
        "o-3/SOFA a:3",
        "o-4/SOFA a:3",
        "o-1/LAMP b:2",
        "o-2/LAMP b:2",
        "o-3/LAMP b:2",
        "o-4/LAMP b:2",
        "part/LAMP b:3",
        "two/RUG c:5",
    ];
    assert_eq!(names, expected.map(str::to_owned).into());
    assert_eq!(list.len(), names.len());
    for sort in [OverdueSort::Promise, OverdueSort::Priority] {
        let list = found(&h, &all, sort, 100).await;
        let place = |line: &OverdueLine| {
            let (day, priority) = (line.line.current_promise, Reverse(line.line.priority));
            match sort {
                OverdueSort::Promise => (day, priority, None),
                OverdueSort::Priority => (None, priority, day),
            }
        };
        assert!(list.is_sorted_by_key(place), "{list:#?}");
        for limit in [1, 2, 3, 7] {
            assert_eq!(found(&h, &all, sort, limit).await, list, "{limit}");
        }
    }
    let of_sku = |sku| OverdueFilter {
        sku: Some(name(sku)),
        ..all.clone()
    };
    let of_batch = |batch| OverdueFilter {
        batch: Some(name(batch)),
        ..all.clone()
    };
    let of_shipment = OverdueFilter {
        shipment: Some(name("MV-1")),
        ..all.clone()
    };
    for (filter, lines) in [
        (of_sku("SOFA"), 4),
        (of_sku("NONE"), 0),
        (of_batch("b"), 5),
        (of_batch("c-2"), 0),
        (of_batch("d"), 0),
        (of_shipment.clone(), 5),
        (
            OverdueFilter {
                sku: Some(name("SOFA")),
                ..of_shipment
            },
            0,
        ),
    ] {
        for limit in [1, 100] {
            let list = found(&h, &filter, OverdueSort::Priority, limit).await;
            assert_eq!(list.len(), lines, "{filter:?}");
        }
    }
    for OverdueLine { line, .. } in list {
        let seen = h.see_line(line.order_id.as_str(), line.line_id.as_str());
        assert_eq!(line, seen.await);
    }
}

/// What leaves, is held, or is promised for another day is gone from it, and what is released comes to it.
pub async fn what_should_have_left_follows_the_lines<D: Database>() {
    let h = neglected::<D>().await;
    let total = async |h: &Harness<D>| {
        let lines = found(h, &OverdueFilter::default(), OverdueSort::Promise, 4).await;
        let total = h.views.overdue_total(3, h.today()).await.expect("read");
        let expected = OverdueTotal {
            first: lines.iter().take(3).cloned().collect(),
            lines: lines.len() as u64,
            units: lines.iter().map(OverdueLine::units).sum(),
            capped: false,
            batches: total.batches,
        };
        assert_eq!(total, expected, "the total is that of the list");
        (total.lines, total.units, total.batches)
    };
    assert_eq!(total(&h).await, (10, 28, 3));
    h.done(dispatch("o-1", "SOFA")).await;
    h.done(cancel_line("o-2", "SOFA")).await;
    h.done(dispatch_units("part", "LAMP", 2)).await;
    assert_eq!(total(&h).await, (8, 20, 3));
    h.done(set_eta("c-2", None)).await;
    assert_eq!(
        total(&h).await,
        (7, 15, 4),
        "what comes late has another promise"
    );
    h.done(hold_shipment("MV-1", "customs", None)).await;
    assert_eq!(
        total(&h).await,
        (2, 6, 3),
        "goods without a day are promised to nobody"
    );
    h.clock.set_day(in_days(10));
    assert_eq!(
        total(&h).await,
        (5, 20, 3),
        "the day has passed for three more"
    );
    h.done(release("d")).await;
    h.clock.set_day(in_days(11));
    assert_eq!(
        total(&h).await,
        (6, 22, 4),
        "nothing keeps these any longer"
    );
    h.in_order().await;
}

/// A cursor is one of this list in this order, or it is refused.
pub async fn overdue_cursors_are_of_one_order<D: Database>() {
    let h = neglected::<D>().await;
    let all = OverdueFilter::default();
    let read = async |sort, page: &Page| h.views.overdue(&all, sort, page, h.today()).await;
    let list = read(OverdueSort::Promise, &first(2)).await.expect("read");
    let page = Page {
        after: list.next,
        limit: 2,
    };
    let wrong = read(OverdueSort::Priority, &page).await;
    assert!(matches!(wrong, Err(ViewError::BadCursor)), "{wrong:?}");
    h.done(dispatch("o-1", "SOFA")).await;
    assert!(read(OverdueSort::Promise, &page).await.is_ok());
}
