//! The orders by their last change: along the log backwards.

use jiff::civil::Date;
use landfall_service::log::LogCursor;
use landfall_service::views::recent::{
    Bounds, Change, Found, KINDS, RecentOrder, Stretch, Walk, order_in,
};
use landfall_service::views::{List, Page};
use rusqlite::{Connection, params};
use std::sync::LazyLock;

use super::{events, orders};
use crate::codes::{self, int};
use crate::error::Fault;
use crate::names::Names;
use crate::rows;

/// What a page looks at, at the most.
const BOUNDS: Bounds = if cfg!(test) {
    Bounds {
        events: 7,
        changes: 5,
    }
} else {
    Bounds::USUAL
};

/// The events of a stretch of the log that change an order, the newest first.
pub(super) static CHANGES: LazyLock<String> = LazyLock::new(|| {
    let kinds = KINDS.map(|kind| format!("'{kind}'")).join(", ");
    format!(
        "SELECT offset, time, data FROM events WHERE offset <= ?1 AND offset > ?2 AND type IN ({kinds}) \
         ORDER BY offset DESC LIMIT ?3"
    )
});

/// The last event of an order: that it was placed, that a line of it was accepted, or what happened to one.
pub(super) const LAST: &str = "SELECT max( \
     coalesce((SELECT placed FROM orders WHERE order_id = ?1), 0), \
     coalesce((SELECT max(l.accepted) FROM line_keys k CROSS JOIN lines l ON l.number = k.number \
       WHERE k.order_id = ?1), 0), \
     coalesce((SELECT max(h.offset) FROM line_keys k CROSS JOIN history h ON h.kind = 3 AND h.thing = k.number \
       WHERE k.order_id = ?1), 0))";

pub(super) fn recent_orders(
    connection: &Connection,
    from: Option<&LogCursor>,
    page: &Page,
    today: Date,
) -> Result<List<RecentOrder>, Fault> {
    let ends = [events::last_offset(connection)?];
    let mut walk = Walk::new(from, &ends, page.limit, BOUNDS);
    let mut found = Found::default();
    let mut last = connection.prepare_cached(LAST)?;
    'full: loop {
        while let Some(met) = walk.next_met() {
            let id = met.change.order.as_str();
            let at: i64 = last.query_row([id], |row| row.get(0))?;
            if at == int(met.change.offset) && found.list(met, page.limit) {
                break 'full;
            }
        }
        let wanted = walk.wanted();
        if wanted.is_empty() {
            break;
        }
        for stretch in wanted {
            walk.read(&stretch, changes(connection, &stretch)?);
        }
    }
    let (changes, next) = found.finish(&walk);
    let mut names = Names::new(connection);
    let mut items = Vec::with_capacity(changes.len());
    for Change { time, order, .. } in changes {
        let order = orders::read(connection, &mut names, &order, today)?;
        items.extend(order.map(|order| RecentOrder {
            changed: time,
            order,
        }));
    }
    Ok(List { items, next })
}

fn changes(connection: &Connection, stretch: &Stretch) -> Result<Vec<Change>, Fault> {
    let most = i64::try_from(stretch.most).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&CHANGES)?;
    let mut rows = statement.query(params![int(stretch.through), int(stretch.after), most])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let offset = rows::count(row, 0)?;
        let data = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
        let damaged = |error| Fault::Corrupt(format!("event 0-{offset}: {error}"));
        changes.push(Change {
            partition: stretch.partition,
            offset,
            time: codes::time_of(row.get(1)?)?,
            order: order_in(data).map_err(damaged)?,
        });
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use landfall_service::views::Page;
    use landfall_testkit::commands::{amend, batch, line};
    use landfall_testkit::{Harness, run, today};

    use crate::database::Sqlite;

    /// The bounds of tests are small: pages are short, some empty, and all orders are there in the end.
    #[test]
    fn a_page_that_has_looked_at_enough_leads_on() {
        run(async {
            let harness = Harness::<Sqlite<5>>::start();
            harness.done(batch("b", "SOFA", 100)).await;
            for order in 0..9 {
                harness.done(line(&format!("o{order}"), "SOFA", 1)).await;
            }
            for order in 0..9 {
                let order = format!("o{}", 8 - order);
                harness.done(amend(&order, "SOFA", 2)).await;
                harness.done(amend(&order, "SOFA", 1)).await;
            }
            for number in 0..20 {
                let name = format!("n{number}");
                harness.done(batch(&name, &name, 1)).await;
            }
            let (mut ids, mut sizes) = (Vec::new(), Vec::new());
            let mut page = Page {
                after: None,
                limit: 2,
            };
            loop {
                let list = harness.views.recent_orders(&page, today()).await.unwrap();
                sizes.push(list.items.len());
                ids.extend(
                    list.items
                        .iter()
                        .map(|found| found.order.order_id.to_string()),
                );
                page.after = list.next;
                if page.after.is_none() {
                    break;
                }
            }
            let all: Vec<_> = (0..9).map(|order| format!("o{order}")).collect();
            assert_eq!(ids, all);
            assert!(sizes.starts_with(&[0, 0]), "nothing but batches: {sizes:?}");
            assert!(sizes.iter().all(|size| *size <= 2), "{sizes:?}");
        });
    }
}
