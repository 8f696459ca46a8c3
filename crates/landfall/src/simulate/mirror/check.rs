//! At the end of each day: what the day touched must add up, and the store must say the same.

use std::collections::BTreeSet;

use landfall_domain::Status;
use landfall_service::resources::LineResource;
use landfall_service::views::{ViewError, Views};

use super::{LineState, Mirror, ensure};

impl Mirror {
    /// Checks all that was touched since the last check. The error says what is not as it must be.
    pub(crate) async fn check(&mut self, views: &dyn Views) -> Result<(), String> {
        let touched = std::mem::take(&mut self.touched);
        for at in &touched.batches {
            self.check_batch(*at, views).await?;
        }
        let mut orders = BTreeSet::new();
        for at in &touched.lines {
            self.check_line(*at)?;
            orders.insert(self.lines[*at].key.order_id.clone());
        }
        for order in orders {
            let found = views.order(&order, self.today).await.map_err(unreadable)?;
            let found = found.ok_or_else(|| format!("order {order}: the store forgot it"))?;
            let lines = self.orders.get(&order).map_or(&[][..], Vec::as_slice);
            ensure(found.lines.len() == lines.len(), || {
                format!("order {order}: the store has other lines")
            })?;
            for (at, row) in lines.iter().zip(&found.lines) {
                self.compare_line(&self.lines[*at], row)?;
            }
            self.check_together(&order.to_string(), lines)?;
        }
        for at in &touched.products {
            self.check_product(*at, views).await?;
        }
        Ok(())
    }

    /// Conservation: nothing is given away that was not bought, and what the batch counts is what its lines have.
    async fn check_batch(&mut self, at: usize, views: &dyn Views) -> Result<(), String> {
        let batch = &mut self.batches[at];
        let name = &batch.reference;
        ensure(batch.pegged + batch.dispatched <= batch.purchased, || {
            format!(
                "batch {name}: {} allocated and {} dispatched of {}",
                batch.pegged, batch.dispatched, batch.purchased
            )
        })?;
        let on_hand = batch.on_hand();
        self.on_hand = self.on_hand + on_hand - batch.counted_on_hand;
        batch.counted_on_hand = on_hand;
        let row = views.batch(name, self.today).await.map_err(unreadable)?;
        let row = row.ok_or_else(|| format!("batch {name}: the store forgot it"))?;
        let told = (
            batch.purchased,
            batch.pegged,
            batch.dispatched,
            batch.available(),
        );
        let found = (row.purchased, row.allocated, row.dispatched, row.available);
        ensure(told == found, || {
            format!(
                "batch {name}: by the log {told:?}, in the store {found:?} (purchased, allocated, dispatched, available)"
            )
        })?;
        let told = (
            batch.eta,
            &batch.hold,
            &batch.shipment_hold,
            &batch.shipment,
        );
        let found = (row.eta, &row.hold, &row.shipment_hold, &row.shipment);
        ensure(told == found, || {
            format!("batch {name}: by the log {told:?}, in the store {found:?}")
        })
    }

    /// Nobody is forgotten: what has not left of a line is allocated, waits or is cancelled, and nothing else.
    fn check_line(&self, at: usize) -> Result<(), String> {
        let line = &self.lines[at];
        let name = &line.key;
        let pegged: u64 = line.pegs.iter().map(|(_, units)| units).sum();
        let outstanding = line.outstanding();
        let stands = match (outstanding, line.waits) {
            (0, waits) => pegged == 0 && waits.is_none(),
            (_, Some(_)) => pegged == 0 && line.current.is_none(),
            (_, None) => pegged == outstanding,
        };
        ensure(stands, || {
            format!(
                "line {name}: {outstanding} outstanding, {pegged} allocated, waits since {:?}",
                line.waits
            )
        })?;
        let promised =
            line.together || pegged == 0 || line.current.is_some() == self.counted_on(line);
        ensure(promised, || {
            format!("line {name}: goods and no promise, or one of goods that nobody can count on")
        })
    }

    /// Whether it is known when all goods of the line can leave.
    fn counted_on(&self, line: &LineState) -> bool {
        let for_ever = |(at, _): &(usize, u64)| self.batches[*at].held_for_ever();
        !line.pegs.iter().any(for_ever)
    }

    fn compare_line(&self, line: &LineState, row: &LineResource) -> Result<(), String> {
        let name = &line.key;
        let status = match (line.outstanding(), line.waits) {
            (0, _) if line.cancelled && line.dispatched == 0 => Status::Cancelled,
            (0, _) => Status::Dispatched,
            (_, Some(_)) => Status::Backordered,
            (_, None) => Status::Allocated,
        };
        ensure(row.line_id == name.line_id, || {
            format!("line {name}: the store has {} in its place", row.line_id)
        })?;
        let told = (status, line.quantity, line.dispatched);
        let found = (row.status, row.quantity, row.dispatched);
        ensure(told == found, || {
            format!("line {name}: by the log {told:?}, in the store {found:?}")
        })?;
        // What has left keeps the promise under which it left.
        let told = (line.original, line.current);
        let found = (row.original_promise, row.current_promise);
        ensure(told == found, || {
            format!("line {name}: promised by the log {told:?}, in the store {found:?}")
        })?;
        let pegs = line
            .pegs
            .iter()
            .map(|(at, units)| (&self.batches[*at].reference, *units));
        let found = row.allocations.iter().map(|a| (&a.batch, a.quantity));
        ensure(pegs.eq(found), || {
            format!("line {name}: the store has it pegged to other batches")
        })
    }

    /// An order that goes out together has one promise, and none while a line waits or has goods that nobody can
    /// count on.
    fn check_together(&self, name: &str, lines: &[usize]) -> Result<(), String> {
        let mut open = lines.iter().map(|at| &self.lines[*at]);
        let open: Vec<_> = open
            .by_ref()
            .filter(|line| line.together && line.outstanding() > 0)
            .collect();
        let Some(first) = open.first() else {
            return Ok(());
        };
        let one = open.iter().all(|line| line.current == first.current);
        ensure(one, || {
            format!("order {name}: together, with several promises")
        })?;
        let unknown = open
            .iter()
            .any(|line| line.waits.is_some() || !self.counted_on(line));
        ensure(unknown == first.current.is_none(), || {
            format!(
                "order {name}: a line has no day and the order is promised, or the other way round"
            )
        })
    }

    /// Nobody waits for what is there: no line in the queue fits into what is available. And the store counts as
    /// many lines that wait.
    async fn check_product(&mut self, at: usize, views: &dyn Views) -> Result<(), String> {
        let batches = &self.batches;
        let product = &mut self.products[at];
        let sku = &product.sku;
        // What has all left is looked at no more. A later count can find another piece of it; that one is not
        // missed here, and the full audit sees it.
        product.batches.retain(|at| {
            batches[*at].dispatched < batches[*at].purchased || batches[*at].eta.is_some()
        });
        let free = product.batches.iter().map(|at| batches[*at].available());
        let (sum, most) = free.fold((0, 0_u64), |(sum, most), units| {
            (sum + units, most.max(units))
        });
        for at in &product.waiting {
            let line = &self.lines[*at];
            let fits = if line.split { sum } else { most };
            ensure(line.outstanding() > fits, || {
                format!(
                    "line {}: {} units of {sku} are available, and it waits for {}",
                    line.key,
                    fits,
                    line.outstanding()
                )
            })?;
        }
        let row = views.product(sku).await.map_err(unreadable)?;
        let counted = row.map_or(0, |row| row.backordered_lines);
        let waiting = product.waiting.len() as u64;
        ensure(counted == waiting, || {
            format!("product {sku}: {waiting} lines wait, and the store counts {counted}")
        })
    }

    /// Measures the end of a day.
    pub(crate) fn close(&mut self) {
        self.figures.day(self.on_hand);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is called by map_err")]
fn unreadable(error: ViewError) -> String {
    format!("the store cannot be read: {error}")
}
