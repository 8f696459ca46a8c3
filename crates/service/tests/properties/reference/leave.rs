//! Goods leave for customers.

use landfall_domain::Quantity;
use landfall_domain::commands::Dispatch;

use super::{Batch, Model, Outcome, Refused};

impl Model {
    pub(super) fn dispatch(&mut self, c: &Dispatch) -> Outcome {
        let Some(line_id) = &c.line_id else {
            return if c.quantity.is_some() {
                Err(Refused)
            } else {
                self.dispatch_order(c)
            };
        };
        let of = |at: &usize| {
            let key = &self.lines[*at].key;
            key.order_id == c.order_id && key.line_id == *line_id
        };
        let at = (0..self.lines.len()).find(of).ok_or(Refused)?;
        let line = &self.lines[at];
        if line.cancelled && line.dispatched == 0 {
            return Err(Refused);
        }
        let outstanding = line.outstanding();
        if outstanding == 0 {
            return Ok(false);
        }
        let units = c.quantity.map_or(outstanding, Quantity::get);
        if self.there_now(at) < units {
            return Err(Refused);
        }
        self.leave(at, units);
        Ok(false)
    }

    fn dispatch_order(&mut self, c: &Dispatch) -> Outcome {
        let all = 0..self.lines.len();
        let of: Vec<usize> = all
            .filter(|at| self.lines[*at].key.order_id == c.order_id)
            .collect();
        let (mut left, mut stays, mut wanted) = (false, false, false);
        for at in of {
            let outstanding = self.lines[at].outstanding();
            wanted |= outstanding > 0 || self.lines[at].dispatched > 0;
            if outstanding > 0 && self.there_now(at) == outstanding {
                self.leave(at, outstanding);
                left = true;
            } else if outstanding > 0 {
                stays = true;
            }
        }
        if !wanted || stays && !left {
            Err(Refused)
        } else {
            Ok(false)
        }
    }

    /// Units of the line that lie in the warehouse, held by nobody.
    fn there_now(&self, at: usize) -> u64 {
        let pegs = self.lines[at].pegs.iter();
        pegs.filter(|(name, _)| can_leave(self.named(name)))
            .map(|(_, units)| units)
            .sum()
    }

    fn leave(&mut self, at: usize, units: u64) {
        let mut missing = units;
        let mut pegs = std::mem::take(&mut self.lines[at].pegs);
        for (name, pegged) in &mut pegs {
            let batch = self.batch(name).unwrap();
            let part = missing.min(*pegged);
            if can_leave(&self.batches[batch]) {
                *pegged -= part;
                missing -= part;
                self.batches[batch].dispatched += part;
            }
        }
        pegs.retain(|(_, units)| *units > 0);
        self.lines[at].pegs = pegs;
        self.lines[at].dispatched += units;
    }
}

fn can_leave(batch: &Batch) -> bool {
    batch.eta.is_none() && batch.hold.is_none() && batch.shipment_hold.is_none()
}
