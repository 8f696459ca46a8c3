//! The orders by their last change, in the database in memory: it looks at its whole log.

use jiff::civil::Date;

use super::tables::Tables;
use crate::log::LogCursor;
use crate::views::List;
use crate::views::recent::{Bounds, Change, Found, RecentOrder, Stretch, Walk, order_of};

impl Tables {
    /// A page of orders, those first that changed last.
    pub(super) fn recent_orders(
        &self,
        from: Option<&LogCursor>,
        limit: usize,
        today: Date,
    ) -> List<RecentOrder> {
        const ALL: Bounds = Bounds {
            events: u64::MAX,
            changes: usize::MAX,
        };
        let ends: Vec<u64> = self.events.iter().map(|log| log.len() as u64).collect();
        // From the end, whatever the cursor: where an order is met first is its last event.
        let mut walk = Walk::new(None, &ends, limit, ALL);
        let mut found = Found::default();
        'full: loop {
            while let Some(met) = walk.next_met() {
                let change = &met.change;
                let listed = from.is_none_or(|from| change.offset <= from.offset(change.partition));
                if listed && found.list(met, limit) {
                    break 'full;
                }
            }
            let wanted = walk.wanted();
            if wanted.is_empty() {
                break;
            }
            for stretch in wanted {
                walk.read(&stretch, self.changes(&stretch));
            }
        }
        let (changes, next) = found.finish(&walk);
        let items = changes.into_iter().filter_map(|change| {
            let row = self.orders.get(&change.order)?;
            Some(RecentOrder {
                changed: change.time,
                order: self.order_resource(&change.order, row, today),
            })
        });
        List {
            items: items.collect(),
            next,
        }
    }

    fn changes(&self, stretch: &Stretch) -> Vec<Change> {
        let place = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
        let records = self.events.get(usize::from(stretch.partition));
        let records = records.and_then(|log| log.get(place(stretch.after)..place(stretch.through)));
        let within = records.unwrap_or_default().iter().rev();
        let changes = within.filter_map(|record| {
            Some(Change {
                partition: record.partition,
                offset: record.offset,
                time: record.time,
                order: order_of(&record.event)?.clone(),
            })
        });
        changes.take(stretch.most).collect()
    }
}
