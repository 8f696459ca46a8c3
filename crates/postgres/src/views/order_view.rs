//! Rows of the order view, each with what its line is pegged to.

use std::collections::BTreeMap;

use jiff::civil::Date;
use landfall_domain::{Allocation, LineKey, Status};
use landfall_service::resources::LineResource;
use landfall_service::views::OrderLineView;
use tokio_postgres::Row;

use crate::codes;
use crate::error::Fault;
use crate::rows::{self, Place, count, date, get, name};

/// The columns of `order_view v` with its [`PEGS`] that [`Lines::add`] reads.
pub(super) const VIEW: &str = "v.order_id, v.line_id, v.sku, v.quantity, v.dispatched, v.status, v.requested, \
     v.priority, v.policy, v.deliver, v.original, v.current, v.home, v.number, peg.number, peg.units, b.reference, b.eta";
/// How many columns [`VIEW`] has.
pub(super) const VIEW_COLUMNS: usize = 18;

/// Brings to each row of `order_view v` what it is pegged to: a row for each batch, and one without where there is
/// none. `peg.place` is their order.
pub(super) const PEGS: &str = "LEFT JOIN LATERAL ( \
         SELECT v.batch AS number, v.quantity - v.dispatched AS units, 1::bigint AS place WHERE v.batch IS NOT NULL \
         UNION ALL \
         SELECT (e.part ->> 0)::bigint, (e.part ->> 1)::bigint, e.place \
           FROM jsonb_array_elements(v.parts::jsonb) WITH ORDINALITY AS e (part, place)) AS peg ON true \
     LEFT JOIN batches b ON b.partition = v.home AND b.number = peg.number";

/// A line of the order view, and what the view does not show of it.
#[derive(Debug)]
pub(super) struct Line {
    /// Its product's partition, and its number there.
    pub(super) place: Place,
    pub(super) view: OrderLineView,
    /// The ETAs of its batches.
    etas: BTreeMap<u64, Option<Date>>,
}

impl Line {
    /// The row, as an audit compares it.
    pub(super) fn into_view(self) -> OrderLineView {
        self.view
    }

    /// What it is pegged to.
    pub(super) fn allocations(&self) -> &[Allocation] {
        &self.view.allocations
    }

    /// The line, as it is on this day.
    pub(super) fn into_resource(self, today: Date) -> LineResource {
        let etas = self.etas;
        LineResource::of_view(
            self.view,
            |number| etas.get(&number).copied().flatten(),
            today,
        )
    }
}

/// Puts rows together to lines. The rows of a line follow each other.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The last one may still get rows.
    found: Vec<Line>,
}

impl Lines {
    /// Takes a row in.
    pub(super) fn add(&mut self, row: &Row) -> Result<(), Fault> {
        let place = rows::place(row, 12)?;
        if self.found.last().is_none_or(|line| line.place != place) {
            self.found.push(read(row, place)?);
        }
        let Some(number) = get::<Option<i64>>(row, 14)? else {
            return Ok(());
        };
        let Some(line) = self.found.last_mut() else {
            return Ok(());
        };
        let missing = || {
            Fault::Corrupt(format!(
                "line {}: there is no batch {number}",
                line.view.key
            ))
        };
        let batch = rows::optional_name(row, 16)?.ok_or_else(missing)?;
        let number = codes::count_of(number)?;
        line.etas.insert(number, date(row, 17)?);
        line.view.allocations.push(Allocation {
            batch,
            batch_number: number,
            quantity: count(row, 15)?,
        });
        Ok(())
    }

    /// All lines but the last, which may be unfinished.
    pub(super) fn take_finished(&mut self) -> Vec<Line> {
        match self.found.pop() {
            Some(last) => std::mem::replace(&mut self.found, vec![last]),
            None => Vec::new(),
        }
    }

    /// All lines, when all rows were taken in.
    pub(super) fn finish(self) -> Vec<Line> {
        self.found
    }
}

/// The line in its first row, pegged to nothing yet.
fn read(row: &Row, place: Place) -> Result<Line, Fault> {
    Ok(Line {
        place,
        view: OrderLineView {
            key: LineKey {
                order_id: name(row, 0)?,
                line_id: name(row, 1)?,
            },
            sku: name(row, 2)?,
            quantity: count(row, 3)?,
            dispatched: count(row, 4)?,
            status: codes::status_of(get(row, 5)?)?,
            requested_date: date(row, 6)?,
            priority: rows::priority(get(row, 7)?)?,
            policy: codes::policy_of(get(row, 8)?)?,
            deliver: codes::deliver_of(get(row, 9)?)?,
            original_promise: date(row, 10)?,
            current_promise: date(row, 11)?,
            allocations: Vec::new(),
        },
        etas: BTreeMap::new(),
    })
}

/// The condition on `order_view v` of lines with this status.
pub(super) fn of_status(status: Option<Status>) -> String {
    status.map_or_else(String::new, |status| {
        format!("AND v.status = {}", codes::status(status))
    })
}
