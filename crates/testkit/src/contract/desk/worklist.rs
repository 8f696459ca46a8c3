//! Who needs a person: the lists of lines that wait and are late, sorted, filtered, put together and counted by age.

use jiff::civil::date;
use jiff::{SignedDuration, ToSpan};
use landfall_service::desk::{
    Age, Ages, Cause, GroupBy, Source, Total, WorkFilter, WorkKind, WorkSort,
};
use landfall_service::views::{Page, ViewError};

use super::{DeskDatabase, NOBODY, Office};
use crate::commands::{
    amend, batch, cancel_line, dispatch_units, hold, line, name, release, set_eta, set_quantity,
    set_shipment_eta, shipment,
};
use crate::today;

/// A line that finds no stock waits, one that loses it waits and says why, and who is served is off the list.
pub async fn who_waits_is_on_the_worklist<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    work.done(batch("b-1", "SOFA", 5)).await;
    work.done(line("o-1", "SOFA", 4)).await;
    work.done(
        line("o-2", "SOFA", 3)
            .priority(7)
            .requested(date(2026, 6, 1)),
    )
    .await;
    office.catch_up().await;
    let waiting = office.list(WorkKind::Waiting).await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let item = &waiting[0];
    assert_eq!(item.order_id.as_str(), "o-2");
    assert_eq!((item.sku.as_str(), item.units), ("SOFA", 3));
    assert_eq!(item.priority.get(), 7);
    assert_eq!(item.requested_date, Some(date(2026, 6, 1)));
    assert_eq!((item.original_promise, item.current_promise), (None, None));
    assert_eq!((item.cause, &item.batch), (Cause::NoStock, &None));
    let since = item.since;

    work.clock.set_day(date(2026, 5, 11));
    work.done(set_quantity("b-1", 2)).await;
    office.catch_up().await;
    let waiting = office.list(WorkKind::Waiting).await;
    assert_eq!(waiting.len(), 2);
    assert_eq!(waiting[0].since, since, "the other one still waits");
    let item = &waiting[1];
    assert_eq!(item.order_id.as_str(), "o-1");
    assert_eq!(item.cause, Cause::QuantityChanged);
    assert_eq!(item.batch, Some(name("b-1")));
    assert_eq!(item.original_promise, Some(today()));
    assert_eq!((item.current_promise, item.days_late), (None, None));
    assert!(item.since > since);

    work.done(amend("o-2", "SOFA", 2)).await;
    work.done(cancel_line("o-1", "SOFA")).await;
    office.catch_up().await;
    assert!(office.list(WorkKind::Waiting).await.is_empty());
    let totals = office.desk.totals().await.expect("totals");
    assert_eq!(totals.waiting, Total::default());
}

/// A storm: who is promised a later day is on the list with the shipment and the cause, until it is well again.
pub async fn a_delay_is_on_the_worklist_with_its_cause<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    let (june, july) = (date(2026, 6, 1), date(2026, 7, 1));
    work.done(shipment("s-1", Some(june))).await;
    work.done(batch("b-1", "SOFA", 5).on("s-1")).await;
    work.done(batch("b-2", "LAMP", 5).on("s-1")).await;
    work.done(line("o-1", "SOFA", 2)).await;
    work.done(line("o-2", "LAMP", 3)).await;
    office.catch_up().await;
    assert!(office.list(WorkKind::Late).await.is_empty());
    work.done(set_shipment_eta("s-1", Some(july))).await;
    office.catch_up().await;
    let late = office.list(WorkKind::Late).await;
    assert_eq!(late.len(), 2, "{late:?}");
    for (item, batch) in late.iter().zip(["b-1", "b-2"]) {
        assert_eq!(item.cause, Cause::EtaChanged);
        assert_eq!(item.batch, Some(name(batch)));
        assert_eq!(item.shipment, Some(name("s-1")));
        assert_eq!(item.original_promise, Some(june));
        assert_eq!(item.current_promise, Some(july));
        assert_eq!(item.days_late, Some(30));
    }
    let totals = office.desk.totals().await.expect("totals");
    assert_eq!(totals.late, Total { lines: 2, units: 5 });
    let since = late[0].since;

    // Better and not good: neither age nor cause are others.
    work.clock.set_day(date(2026, 5, 20));
    work.done(set_shipment_eta("s-1", Some(date(2026, 6, 5))))
        .await;
    office.catch_up().await;
    let item = office.list(WorkKind::Late).await.remove(0);
    assert_eq!((item.days_late, item.since), (Some(4), since));
    work.done(set_shipment_eta("s-1", Some(june))).await;
    office.catch_up().await;
    assert!(office.list(WorkKind::Late).await.is_empty());
}

/// A line that is promised and cannot be promised any more, part of it gone, is late without a day.
pub async fn a_withdrawn_promise_has_no_day<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    work.done(batch("b-1", "SOFA", 5)).await;
    work.done(line("o-1", "SOFA", 4)).await;
    work.done(dispatch_units("o-1", "SOFA", 1)).await;
    work.done(hold("b-1", "quality", None)).await;
    office.catch_up().await;
    let late = office.list(WorkKind::Late).await;
    assert_eq!(late.len(), 1, "{late:?}");
    assert_eq!((late[0].units, late[0].days_late), (3, None));
    assert_eq!(late[0].cause, Cause::Held);
    assert_eq!(late[0].batch, Some(name("b-1")));
    work.done(release("b-1")).await;
    office.catch_up().await;
    assert!(office.list(WorkKind::Late).await.is_empty());
}

/// Four late lines: 9, 9, 5 and 20 days, of three products on two shipments and a batch.
pub(super) async fn storm<D: DeskDatabase>(office: &Office<D>) {
    let work = &office.harness;
    let june = date(2026, 6, 1);
    work.done(shipment("s-1", Some(june))).await;
    work.done(shipment("s-2", Some(june))).await;
    work.done(batch("b-1", "SOFA", 50).on("s-1")).await;
    work.done(batch("b-2", "LAMP", 50).on("s-2")).await;
    work.done(batch("b-3", "RUG", 50).eta(june)).await;
    work.done(line("o-1", "SOFA", 1).priority(3)).await;
    work.done(line("o-2", "LAMP", 2)).await;
    work.done(line("o-3", "RUG", 4).priority(9)).await;
    work.done(line("o-4", "SOFA", 8)).await;
    work.done(set_shipment_eta("s-1", Some(date(2026, 6, 10))))
        .await;
    work.clock.set_day(date(2026, 5, 11));
    work.done(set_shipment_eta("s-2", Some(date(2026, 6, 6))))
        .await;
    work.clock.set_day(date(2026, 5, 12));
    work.done(set_eta("b-3", Some(date(2026, 6, 21)))).await;
    office.catch_up().await;
}

/// Pages of two along each order, and with each filter.
pub async fn the_worklist_is_sorted_filtered_and_paged<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    storm(&office).await;
    let (late, all) = (WorkKind::Late, WorkFilter::default());
    for (sort, orders) in [
        (WorkSort::Age, ["o-1", "o-4", "o-2", "o-3"]),
        (WorkSort::DaysLate, ["o-3", "o-1", "o-4", "o-2"]),
        (WorkSort::Priority, ["o-3", "o-4", "o-2", "o-1"]),
    ] {
        assert_eq!(office.orders(late, &all, sort).await, orders, "{sort:?}");
    }
    let sofas = WorkFilter {
        sku: Some(name("SOFA")),
        ..all.clone()
    };
    let of_s2 = WorkFilter {
        shipment: Some(name("s-2")),
        ..all.clone()
    };
    let of_b3 = WorkFilter {
        batch: Some(name("b-3")),
        ..all.clone()
    };
    let delayed = WorkFilter {
        cause: Some(Cause::EtaChanged),
        ..sofas.clone()
    };
    let held = WorkFilter {
        cause: Some(Cause::Held),
        ..all.clone()
    };
    for (filter, orders) in [
        (&sofas, &["o-1", "o-4"] as &[&str]),
        (&of_s2, &["o-2"]),
        (&of_b3, &["o-3"]),
        (&delayed, &["o-1", "o-4"]),
        (&held, NOBODY),
    ] {
        for sort in [WorkSort::Age, WorkSort::DaysLate, WorkSort::Priority] {
            let mut found = office.orders(late, filter, sort).await;
            found.sort();
            assert_eq!(found, orders, "{filter:?} {sort:?}");
        }
    }
    let waiting = office.orders(WorkKind::Waiting, &all, WorkSort::Age).await;
    assert_eq!(waiting, NOBODY);
    let page = Page {
        after: Some("nonsense".into()),
        limit: 2,
    };
    let refused = office.desk.worklist(late, &all, WorkSort::Age, &page).await;
    assert!(matches!(refused, Err(ViewError::BadCursor)));
}

/// By where their goods come from, and by product.
pub async fn lines_are_put_together<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    storm(&office).await;
    let (late, all) = (WorkKind::Late, WorkFilter::default());
    let groups = office.desk.groups(late, GroupBy::Source, &all, 10).await;
    let groups = groups.expect("groups");
    assert_eq!(
        (groups.lines, groups.capped, groups.left_out),
        (4, false, 0)
    );
    let told = groups.groups.iter().map(|group| {
        let cause = group.cause.map(|cause| cause.to_string());
        (
            group.source.clone(),
            cause,
            group.lines,
            group.units,
            group.worst_days,
        )
    });
    let cause = || Some("eta_changed".to_owned());
    let expected = [
        (Some(Source::Shipment(name("s-1"))), cause(), 2, 9, Some(9)),
        (Some(Source::Shipment(name("s-2"))), cause(), 1, 2, Some(5)),
        (Some(Source::Batch(name("b-3"))), cause(), 1, 4, Some(20)),
    ];
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let items = office.list(late).await;
    assert_eq!(groups.groups[0].oldest, items[0].since);
    assert_eq!(groups.groups[0].without_day, 0);
    let groups = office.desk.groups(late, GroupBy::Sku, &all, 1).await;
    let groups = groups.expect("groups");
    assert_eq!((groups.groups.len(), groups.left_out), (1, 2));
    assert_eq!(groups.groups[0].sku, Some(name("SOFA")));
    assert_eq!(groups.groups[0].lines, 2);
}

/// Lines that wait, by the bands of their age; and the worklist cut down to each.
pub async fn who_waits_is_counted_by_age<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    let waiting = WorkKind::Waiting;
    let none = office.desk.ages(waiting, jiff::Timestamp::UNIX_EPOCH).await;
    assert_eq!(none.expect("ages"), Ages::default());
    work.done(batch("b-1", "SOFA", 1)).await;
    work.done(batch("b-2", "LAMP", 1)).await;
    for (days, order, sku, units) in [
        (0, "o-1", "SOFA", 2),
        (0, "o-2", "LAMP", 3),
        (30, "o-3", "SOFA", 4),
        (70, "o-4", "LAMP", 5),
        (90, "o-5", "SOFA", 6),
    ] {
        work.clock.set_day(today().saturating_add(days.days()));
        work.done(line(order, sku, units)).await;
    }
    // This one is late, and does not wait.
    work.done(batch("b-3", "RUG", 9).eta(date(2026, 9, 1)))
        .await;
    work.done(line("o-6", "RUG", 9)).await;
    work.done(set_eta("b-3", Some(date(2026, 9, 9)))).await;
    office.catch_up().await;
    let first = office.list(waiting).await[0].since;
    let day = SignedDuration::from_hours(24);
    let total = |lines, units| Total { lines, units };
    let none = total(0, 0);
    let moment = SignedDuration::from_micros(1);
    for (now, bands) in [
        (
            first + day * 91,
            [total(1, 6), total(1, 5), total(1, 4), total(2, 5)],
        ),
        (
            first + day * 91 - moment,
            [total(1, 6), total(1, 5), total(3, 9), none],
        ),
        (
            first + day * 98,
            [
                none,
                total(1, 6),
                total(1, 5).plus(total(1, 4)),
                total(2, 5),
            ],
        ),
        (first, [total(5, 20), none, none, none]),
    ] {
        let ages = office.desk.ages(waiting, now).await.expect("ages");
        assert_eq!((ages.bands, ages.left_out), (bands, none), "{now}");
        for (age, total) in Age::ALL.into_iter().zip(bands) {
            let filter = age.cut(WorkFilter::default(), now);
            for sort in [WorkSort::Age, WorkSort::Priority] {
                let items = office.sorted(waiting, &filter, sort).await;
                let units: u64 = items.iter().map(|item| item.units).sum();
                assert_eq!(
                    (items.len() as u64, units),
                    (total.lines, total.units),
                    "{age:?}"
                );
                assert!(items.iter().all(|item| Age::of(item.since, now) == age));
            }
        }
    }
    let sofas = WorkFilter {
        sku: Some(name("SOFA")),
        ..Age::Longer.cut(WorkFilter::default(), first + day * 91)
    };
    assert_eq!(office.orders(waiting, &sofas, WorkSort::Age).await, ["o-1"]);
    let late = office.desk.ages(WorkKind::Late, first + day * 91).await;
    assert_eq!(late.expect("ages").bands, [total(1, 9), none, none, none]);
}
