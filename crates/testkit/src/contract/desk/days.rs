//! What is counted by days.

use jiff::civil::{Date, date};
use landfall_service::desk::Figures;

use super::{DeskDatabase, Office};
use crate::commands::{batch, cancel_line, dispatch, line, order, receive, set_eta};
use crate::today;

/// What happens on a day is counted there.
pub async fn days_are_counted<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    let monday = today();
    let tuesday = date(2026, 5, 11);
    work.done(batch("b-1", "SOFA", 5)).await;
    work.done(batch("b-2", "LAMP", 5)).await;
    let wanted = date(2026, 5, 13);
    work.done(order("o-1", &[("SOFA", 3), ("LAMP", 6)]).requested(wanted))
        .await;
    work.done(line("o-2", "SOFA", 1)).await;
    work.clock.set_day(tuesday);
    work.done(dispatch("o-1", "SOFA")).await;
    work.done(cancel_line("o-2", "SOFA")).await;
    work.done(batch("b-3", "LAMP", 6).eta(date(2026, 6, 1)))
        .await;
    work.done(set_eta("b-3", Some(date(2026, 6, 9)))).await;
    office.catch_up().await;
    let figures = office.day(monday).await;
    let expected = Figures {
        accepted: 3,
        filled_at_once: 2,
        allocated: 2,
        backordered: 1,
        ..Figures::default()
    };
    assert_eq!(figures, expected);
    let figures = office.day(tuesday).await;
    let expected = Figures {
        allocated: 1,
        cancelled: 1,
        dispatched_units: 3,
        dispatched_lines: 1,
        promises_broken: 1,
        promises_improved: 0,
        // Three units that lay for three days, from Monday until they were wanted.
        dwell_units: 3,
        dwell_unit_days: 9,
        ..Figures::default()
    };
    assert_eq!(figures, expected);
    let days = office.desk.days(monday, date(2026, 12, 31)).await;
    let days: Vec<Date> = days.expect("days").iter().map(|day| day.day).collect();
    assert_eq!(days, [monday, tuesday]);
    let none = office.desk.days(tuesday, monday).await.expect("days");
    assert!(none.is_empty());
}

/// A second receipt corrects the day of the first; goods that are under way after all are taken out of it.
pub async fn a_landing_is_corrected<D: DeskDatabase>() {
    let office = Office::<D>::open().await;
    let work = &office.harness;
    work.done(batch("b-1", "SOFA", 10).eta(date(2026, 6, 1)))
        .await;
    work.done(batch("b-2", "SOFA", 7)).await;
    work.done(
        line("o-1", "SOFA", 4)
            .just_in_time()
            .requested(date(2026, 6, 1)),
    )
    .await;
    work.done(receive("b-1", 8)).await;
    office.catch_up().await;
    let landed = |figures: Figures| (figures.landed_units, figures.landed_sold);
    assert_eq!(landed(office.day(today()).await), (8, 4));
    work.clock.set_day(date(2026, 5, 14));
    work.done(receive("b-1", 9)).await;
    work.done(receive("b-2", 6)).await;
    office.catch_up().await;
    assert_eq!(landed(office.day(today()).await), (9, 4));
    assert_eq!(landed(office.day(date(2026, 5, 14)).await), (0, 0));
    work.done(set_eta("b-1", Some(date(2026, 7, 1)))).await;
    office.catch_up().await;
    assert_eq!(landed(office.day(today()).await), (0, 0));
}
