//! Lanes: where marks, ghosts and holds lie.

use jiff::civil::date;

use super::*;

const TODAY: Date = date(2027, 1, 6);

fn arrival(eta: Date) -> Arrival {
    Arrival {
        href: "/shipments/S".into(),
        kind: "Shipment",
        name: "S".into(),
        detail: "Maersk".into(),
        eta,
        earlier: Vec::new(),
        overdue: eta < TODAY,
        held: None,
        sold: Bar {
            purchased: 10,
            allocated: 5,
            dispatched: 0,
        },
    }
}

fn only(arrival: Arrival) -> Lane {
    let window = Window::now(Zoom::Week, TODAY);
    let mut timeline = Timeline::new(&window, TODAY, &[arrival]);
    timeline.lanes.remove(0)
}

#[test]
fn a_window_begins_with_its_week_or_month() {
    let week = Window::now(Zoom::Week, TODAY);
    assert_eq!(
        (week.from, week.last()),
        (date(2027, 1, 4), date(2027, 4, 4))
    );
    let month = Window::now(Zoom::Month, TODAY);
    assert_eq!(
        (month.from, month.last()),
        (date(2027, 1, 1), date(2027, 12, 31))
    );
    assert_eq!(Window::new(Zoom::Week, week.until).before(), week.from);
    let end = Window::new(Zoom::Month, Date::MAX);
    assert!(Timeline::new(&end, TODAY, &[]).ticks.len() <= 1, "it ends");
}

#[test]
fn what_is_overdue_stands_at_the_edge() {
    let late = only(arrival(date(2026, 11, 3)));
    assert_eq!((late.before, late.at, late.tone), (true, LEFT, "overdue"));
    assert_eq!(late.words, "expected 3 Nov 2026");
    let due = only(arrival(date(2027, 1, 5)));
    assert_eq!((due.before, due.tone), (false, "overdue"));
    let coming = only(arrival(date(2027, 2, 1)));
    assert_eq!((coming.before, coming.tone), (false, "expected"));
}

#[test]
fn what_was_expected_before_is_drawn_with_a_line_between() {
    let mut moved = arrival(date(2027, 2, 1));
    moved.earlier = vec![date(2026, 12, 1), date(2027, 1, 10), date(2027, 2, 10)];
    let lane = only(moved);
    assert_eq!(lane.ghosts.len(), 2, "one is before the picture");
    let (first, last) = lane.moved.unwrap();
    assert_eq!(first, LEFT);
    assert_eq!(last, lane.ghosts[1]);
    assert!(
        lane.title.contains("first 1 Dec 2026 (+62 d)"),
        "{}",
        lane.title
    );
}

#[test]
fn a_hold_is_as_wide_as_it_keeps_goods_back() {
    let held = |until| {
        let mut arrival = arrival(date(2027, 2, 1));
        arrival.held = Some(Held {
            code: "customs".into(),
            until,
        });
        only(arrival)
    };
    let (begins, width) = held(Some(date(2027, 2, 8))).hold.unwrap();
    assert_eq!(begins, held(None).at);
    // Both its ends are rounded.
    let week = (RIGHT.0 - LEFT.0) * 7 / 91;
    assert!((width.0 - week).abs() <= 1, "{width} for a week of {week}");
    let (begins, width) = held(None).hold.unwrap();
    assert_eq!(begins.0 + width.0, RIGHT.0, "nobody knows until when");
    assert!(
        held(Some(date(2027, 1, 20))).hold.is_none(),
        "it is over before the goods are there"
    );
    assert_eq!(held(None).detail, "held: customs");
}

#[test]
fn a_bar_is_what_is_sold() {
    let bars = only(arrival(date(2027, 2, 1))).bars;
    assert_eq!((bars.dispatched, bars.allocated), (0, 50));
    assert_eq!(bars.words, "50 %");
}

#[test]
fn a_narrow_picture_names_every_second_week_and_none_beside_today() {
    let window = Window::now(Zoom::Week, TODAY);
    let picture = Timeline::new(&window, TODAY, &[]);
    let today = picture.today.unwrap();
    let named = picture.ticks.iter().filter(|tick| tick.narrow);
    let places: Vec<_> = named.map(|tick| tick.at.0).collect();
    assert!(places.len() >= 5, "{places:?}");
    let apart = places.windows(2).map(|two| two[1] - two[0]);
    assert!(apart.min().unwrap() >= 1_000, "{places:?}");
    assert!(places.iter().all(|at| (at - today.0).abs() > 700));
}

#[test]
fn months_beside_today_are_named_where_there_is_room() {
    let today = date(2026, 11, 22);
    let picture = Timeline::new(&Window::now(Zoom::Month, today), today, &[]);
    let named: Vec<_> = picture
        .ticks
        .iter()
        .filter_map(|tick| tick.words.as_deref())
        .collect();
    assert_eq!(
        named[..3],
        ["Nov", "Jan 2027", "Feb"],
        "December is behind the word today"
    );
}
