//! What the log tells of order lines.

use landfall_domain::events::Departure;
use landfall_domain::{Allocation, Deliver, Event, LineKey, Terms};
use landfall_service::LogRecord;

use super::{LineState, Mirror, ensure};
use crate::simulate::figures::Left;

impl Mirror {
    pub(super) fn line_event(&mut self, record: &LogRecord) -> Result<(), String> {
        let Some((order_id, line_id)) = record.event.line() else {
            return Ok(());
        };
        let key = LineKey {
            order_id: order_id.clone(),
            line_id: line_id.clone(),
        };
        let accepted = match &record.event {
            Event::Allocated { accepted, .. } | Event::Backordered { accepted, .. } => {
                accepted.as_ref()
            }
            _ => None,
        };
        let product = self.known_product(record.sku.as_ref())?;
        let at = match accepted {
            Some(terms) => self.accept(key, product, terms)?,
            None => *self
                .line_index
                .get(&key)
                .ok_or_else(|| format!("line {key} was never accepted"))?,
        };
        ensure(self.lines[at].product == product, || {
            "the line is another product's".into()
        })?;
        self.touched.lines.insert(at);
        self.touched.products.insert(product);
        self.of_command.insert(at);
        match &record.event {
            Event::Allocated { .. } => self.allocated(at, &record.event),
            Event::Deallocated {
                quantity,
                allocations,
                ..
            } => self.deallocated(at, *quantity, allocations),
            Event::Backordered { quantity, .. } => self.backordered(at, *quantity),
            Event::PromiseChanged { .. } => self.promise_changed(at, &record.event),
            Event::LineAmended { .. } => self.amended(at, &record.event),
            Event::LineCancelled { quantity, .. } => self.cancelled(at, *quantity),
            Event::Dispatched { .. } => self.dispatched(at, &record.event),
            _ => Ok(()),
        }
    }

    fn accept(&mut self, key: LineKey, product: usize, terms: &Terms) -> Result<usize, String> {
        let at = self.lines.len();
        let before = self.line_index.insert(key.clone(), at);
        ensure(before.is_none(), || {
            format!("line {key} was accepted before")
        })?;
        self.orders
            .entry(key.order_id.clone())
            .or_default()
            .push(at);
        self.lines.push(LineState {
            key,
            product,
            quantity: terms.quantity,
            dispatched: 0,
            cancelled: false,
            split: terms.split,
            together: terms.deliver == Deliver::Together,
            pegs: Vec::new(),
            original: None,
            current: None,
            told: None,
            first_told: None,
            waits: None,
            accepted_on: self.today,
            requested: terms.requested_date,
            changed_by: 0,
        });
        self.open.insert(at);
        self.figures.lines += 1;
        Ok(at)
    }

    fn allocated(&mut self, at: usize, event: &Event) -> Result<(), String> {
        let Event::Allocated {
            quantity,
            allocations,
            original_promise,
            current_promise,
            ..
        } = event
        else {
            return Ok(());
        };
        let line = &self.lines[at];
        ensure(line.pegs.is_empty(), || "it is allocated already".into())?;
        ensure(*quantity == line.outstanding() && *quantity > 0, || {
            format!("{quantity} units, and {} are wanted", line.outstanding())
        })?;
        ensure(
            line.original.is_none() || line.original == *original_promise,
            || {
                format!(
                    "the original promise was {:?} and is {original_promise:?}",
                    line.original
                )
            },
        )?;
        self.stop_waiting(at);
        self.peg(at, allocations)?;
        let line = &mut self.lines[at];
        line.original = *original_promise;
        line.current = *current_promise;
        Ok(())
    }

    fn deallocated(
        &mut self,
        at: usize,
        quantity: u64,
        allocations: &[Allocation],
    ) -> Result<(), String> {
        let pegs = std::mem::take(&mut self.lines[at].pegs);
        let told = allocations
            .iter()
            .map(|a| Ok((self.batch(&a.batch)?, a.quantity)))
            .collect::<Result<Vec<_>, String>>()?;
        let sum: u64 = pegs.iter().map(|(_, units)| units).sum();
        ensure(told == pegs && sum == quantity && sum > 0, || {
            "of stock that the line does not have".into()
        })?;
        for (batch, units) in pegs {
            self.unpeg(batch, units)?;
        }
        self.lines[at].current = None;
        Ok(())
    }

    fn backordered(&mut self, at: usize, quantity: u64) -> Result<(), String> {
        let today = self.today;
        let line = &mut self.lines[at];
        ensure(line.pegs.is_empty() && line.waits.is_none(), || {
            "it is allocated, or waits already".into()
        })?;
        ensure(quantity == line.outstanding() && quantity > 0, || {
            format!("{quantity} units, and {} are wanted", line.outstanding())
        })?;
        line.waits = Some(today);
        line.current = None;
        self.products[line.product].waiting.insert(at);
        Ok(())
    }

    fn promise_changed(&mut self, at: usize, event: &Event) -> Result<(), String> {
        let Event::PromiseChanged { from, to, .. } = event else {
            return Ok(());
        };
        let line = &mut self.lines[at];
        ensure(from != to, || "the promise is the same".into())?;
        ensure(*from == line.told, || {
            format!("from {from:?}, and the customer was told {:?}", line.told)
        })?;
        ensure(line.changed_by != self.command, || {
            "it is told twice by one command".into()
        })?;
        line.changed_by = self.command;
        line.current = *to;
        line.original = line.original.or(*to);
        let still_wanted = line.outstanding() > 0;
        ensure(still_wanted, || "nothing of the line is wanted".into())?;
        self.figures.promise_changed(*from, *to);
        Ok(())
    }

    fn amended(&mut self, at: usize, event: &Event) -> Result<(), String> {
        let Event::LineAmended {
            from,
            to,
            allocations,
            ..
        } = event
        else {
            return Ok(());
        };
        let line = &mut self.lines[at];
        ensure(*from == line.quantity && line.dispatched == 0, || {
            format!("from {from}, and {} were wanted", line.quantity)
        })?;
        line.quantity = *to;
        self.worse |= to > from;
        self.figures.amended += 1;
        if allocations.is_empty() {
            return Ok(());
        }
        for (batch, units) in std::mem::take(&mut self.lines[at].pegs) {
            self.unpeg(batch, units)?;
        }
        self.peg(at, allocations)
    }

    fn cancelled(&mut self, at: usize, quantity: u64) -> Result<(), String> {
        let line = &self.lines[at];
        ensure(line.pegs.is_empty(), || "it is still allocated".into())?;
        ensure(quantity == line.outstanding() && quantity > 0, || {
            format!("{quantity} units, and {} were wanted", line.outstanding())
        })?;
        self.stop_waiting(at);
        let line = &mut self.lines[at];
        line.cancelled = true;
        line.current = None;
        self.open.remove(&at);
        self.figures.cancelled += 1;
        Ok(())
    }

    fn dispatched(&mut self, at: usize, event: &Event) -> Result<(), String> {
        let Event::Dispatched {
            quantity,
            departures,
            outstanding,
            on,
            requested_date,
            ..
        } = event
        else {
            return Ok(());
        };
        let line = &self.lines[at];
        let facts = (*on, *requested_date) == (self.today, line.requested);
        ensure(facts, || "on another day, or for another".into())?;
        let mut pegs = line.pegs.clone();
        let mut sum = 0;
        for Departure {
            batch,
            quantity,
            landed,
        } in departures
        {
            let from = self.batch(batch)?;
            let peg = pegs
                .iter_mut()
                .find(|(peg, units)| *peg == from && units >= quantity);
            peg.ok_or_else(|| format!("of more of {batch} than the line has"))?
                .1 -= quantity;
            sum += quantity;
            self.unpeg(from, *quantity)?;
            let batch = &mut self.batches[from];
            batch.dispatched += quantity;
            ensure(batch.eta.is_none() && !batch.held(), || {
                "of goods that are not there, or held".into()
            })?;
            ensure(batch.landed_on() == *landed && landed.is_some(), || {
                "the goods landed on another day".into()
            })?;
            let wanted = self.lines[at].requested;
            self.figures
                .departed(*quantity, *landed, wanted, self.today);
        }
        pegs.retain(|(_, units)| *units > 0);
        let line = &mut self.lines[at];
        line.pegs = pegs;
        line.dispatched += quantity;
        ensure(sum == *quantity && sum > 0, || {
            "the units do not add up".into()
        })?;
        ensure(line.outstanding() == *outstanding, || {
            format!("{outstanding} stay, and it is {}", line.outstanding())
        })?;
        if *outstanding == 0 {
            self.open.remove(&at);
            self.figures.left(&Left {
                original: line.original,
                requested: line.requested,
                on: *on,
            });
        }
        Ok(())
    }

    /// When a command is over: what each of its lines was told is what it is promised.
    pub(super) fn end_command(&mut self) -> Result<(), String> {
        let worse = std::mem::take(&mut self.worse);
        for at in std::mem::take(&mut self.of_command) {
            let today = self.today;
            let line = &mut self.lines[at];
            let name = &line.key;
            if let Some(promise) = line.current {
                ensure(line.original.is_some_and(|first| first <= promise), || {
                    format!(
                        "line {name}: promised for {promise}, before {:?}",
                        line.original
                    )
                })?;
                // Time alone changes no promise, and none is made for a day that has passed.
                ensure(line.told == line.current || promise >= today, || {
                    format!("line {name}: promised on {today} for {promise}")
                })?;
            }
            // What is better for one is worse for nobody. An order that goes out together may see on that occasion
            // that its other goods are overdue.
            let later = line.told.is_some() && line.current.is_none_or(|day| Some(day) > line.told);
            let may = worse || line.together || line.outstanding() == 0;
            ensure(!later || may, || {
                format!(
                    "line {name}: the promise went from {:?} to {:?}, and nothing had become worse",
                    line.told, line.current
                )
            })?;
            // What is told first, its allocation tells; and of what is not wanted nothing is promised.
            let known =
                line.told == line.current || line.first_told.is_none() || line.outstanding() == 0;
            ensure(known || line.changed_by == self.command, || {
                format!(
                    "line {name}: the promise went from {:?} to {:?}, and nobody was told",
                    line.told, line.current
                )
            })?;
            line.told = line.current;
            line.first_told = line.original;
        }
        Ok(())
    }

    fn stop_waiting(&mut self, at: usize) {
        let line = &mut self.lines[at];
        if let Some(since) = line.waits.take() {
            self.products[line.product].waiting.remove(&at);
            self.figures.waited(since, self.today);
        }
    }

    fn peg(&mut self, at: usize, allocations: &[Allocation]) -> Result<(), String> {
        let mut pegs = Vec::with_capacity(allocations.len());
        for allocation in allocations {
            let batch = self.batch(&allocation.batch)?;
            let its = self.batches[batch].product == self.lines[at].product;
            ensure(its, || format!("{} is another product's", allocation.batch))?;
            ensure(allocation.quantity > 0, || "no unit of a batch".into())?;
            self.batches[batch].pegged += allocation.quantity;
            self.touched.batches.insert(batch);
            pegs.push((batch, allocation.quantity));
        }
        let line = &mut self.lines[at];
        let sum: u64 = pegs.iter().map(|(_, units)| units).sum();
        ensure(sum == line.outstanding(), || {
            format!("{sum} units are given, and {} wanted", line.outstanding())
        })?;
        ensure(line.split || pegs.len() == 1, || {
            "it is split, and may not be".into()
        })?;
        line.pegs = pegs;
        Ok(())
    }

    fn unpeg(&mut self, batch: usize, units: u64) -> Result<(), String> {
        self.touched.batches.insert(batch);
        let pegged = &mut self.batches[batch].pegged;
        *pegged = pegged
            .checked_sub(units)
            .ok_or("a batch has fewer units than its lines")?;
        Ok(())
    }
}
