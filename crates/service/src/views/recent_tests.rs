use super::*;

/// A log of some partitions: of each event the second in which it was written and the order that it changes, if any.
type Log = Vec<Vec<(i64, Option<&'static str>)>>;

fn ends(log: &Log) -> Vec<u64> {
    log.iter().map(|events| events.len() as u64).collect()
}

fn read(log: &Log, stretch: &Stretch) -> Vec<Change> {
    let events = (1..).zip(&log[usize::from(stretch.partition)]);
    let within = events.filter(|(at, _)| (stretch.after + 1..=stretch.through).contains(at));
    let changes = within.filter_map(|(offset, (second, order))| {
        Some(Change {
            partition: stretch.partition,
            offset,
            time: Timestamp::from_second(*second).unwrap(),
            order: order.as_ref()?.parse().unwrap(),
        })
    });
    let mut changes: Vec<Change> = changes.collect();
    changes.reverse();
    changes.truncate(stretch.most);
    changes
}

/// Whether an order changes last here.
fn is_last(log: &Log, change: &Change) -> bool {
    let all = (0..).zip(log).filter_map(|(partition, events)| {
        let events = (1..).zip(events);
        let of_order = events.filter(|(_, (_, order))| *order == Some(change.order.as_str()));
        let last = of_order.last();
        last.map(|(offset, (second, _))| (*second, partition, offset))
    });
    all.max() == Some((change.time.as_second(), change.partition, change.offset))
}

fn page(
    log: &Log,
    after: Option<&str>,
    limit: usize,
    bounds: Bounds,
) -> (Vec<String>, Option<String>) {
    let page = Page {
        after: after.map(Into::into),
        limit,
    };
    let from = cursor(&page, u16::try_from(log.len()).unwrap()).unwrap();
    let mut walk = Walk::new(from.as_ref(), &ends(log), limit, bounds);
    let mut found = Found::default();
    'full: loop {
        while let Some(met) = walk.next_met() {
            if is_last(log, &met.change) && found.list(met, limit) {
                break 'full;
            }
        }
        let wanted = walk.wanted();
        if wanted.is_empty() {
            break;
        }
        for stretch in wanted {
            let changes = read(log, &stretch);
            walk.read(&stretch, changes);
        }
    }
    let (changes, next) = found.finish(&walk);
    let ids = changes.iter().map(|change| change.order.to_string());
    (ids.collect(), next)
}

/// The whole list, and how many pages it took.
fn all(log: &Log, limit: usize, bounds: Bounds) -> (Vec<String>, usize) {
    let (mut ids, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let (found, next) = page(log, after.as_deref(), limit, bounds);
        assert!(found.len() <= limit);
        ids.extend(found);
        pages += 1;
        match next {
            Some(next) => after = Some(next),
            None => return (ids, pages),
        }
    }
}

fn one() -> Log {
    let orders = ["a", "b", "a", "", "c", "b", "", ""];
    let event =
        |(second, order): (i64, &&'static str)| (second, Some(*order).filter(|o| !o.is_empty()));
    vec![(0..).zip(&orders).map(event).collect()]
}

#[test]
fn an_order_is_listed_at_its_last_event_only() {
    for limit in 1..5 {
        let (ids, pages) = all(&one(), limit, Bounds::USUAL);
        assert_eq!(ids, ["b", "c", "a"], "{limit}");
        assert_eq!(pages, 3_usize.div_ceil(limit), "{limit}");
    }
}

#[test]
fn partitions_are_put_together_by_time() {
    let log = vec![
        vec![(1, Some("a")), (5, Some("b")), (9, Some("c"))],
        Vec::new(),
        vec![(2, Some("b")), (3, None), (8, Some("a")), (9, Some("d"))],
    ];
    for limit in 1..6 {
        let (ids, _) = all(&log, limit, Bounds::USUAL);
        assert_eq!(ids, ["d", "c", "a", "b"], "{limit}");
    }
}

#[test]
fn a_page_that_has_looked_at_enough_is_short_and_goes_on() {
    let log = vec![one().remove(0), vec![(0, Some("x")), (4, None), (7, None)]];
    let (usual, _) = all(&log, 2, Bounds::USUAL);
    assert_eq!(usual, ["b", "c", "a", "x"]);
    for events in 1..6 {
        for changes in 1..4 {
            let (ids, pages) = all(&log, 2, Bounds { events, changes });
            assert_eq!(ids, usual, "{events} {changes}");
            assert!(
                pages > 2 || events + changes as u64 > 4,
                "{events} {changes}: {pages}"
            );
        }
    }
}

#[test]
fn an_empty_log_has_no_orders() {
    assert_eq!(
        page(&vec![Vec::new()], None, 5, Bounds::USUAL),
        (Vec::new(), None)
    );
}

#[test]
fn a_cursor_of_another_list_is_none_of_this_one() {
    for after in [
        "b",
        "0-1",
        "recent\n",
        "recent\n1-1",
        "recent\n0-1\n",
        "eta\n-\nb",
    ] {
        let page = Page {
            after: Some(after.into()),
            limit: 1,
        };
        assert!(cursor(&page, 1).is_err(), "{after:?}");
    }
}
