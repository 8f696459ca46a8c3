//! The rules read naively: lists that are searched from end to end, sorted when an order is needed, and
//! copied before every command. Slow, and short enough to be checked against the contract by eye.

mod choice;

use std::cmp::Reverse;
use std::collections::BTreeSet;

use jiff::civil::Date;
use landfall_domain::commands::{
    Allocate, ChangeBatchEta, ChangeBatchQuantity, ChangeLineQuantity, CreateBatch, PlaceOrder,
};
use landfall_domain::{Command, IfShort, LineKey, Terms};

/// A batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub reference: String,
    pub eta: Option<Date>,
    pub purchased: u64,
    sku: String,
    location: Option<String>,
    /// Its `CreateBatch`.
    first: CreateBatch,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub key: LineKey,
    pub quantity: u64,
    pub cancelled: bool,
    pub pegs: Vec<(String, u64)>,
    pub original: Option<Date>,
    pub current: Option<Date>,
    sku: String,
    terms: Terms,
}

/// Everything, the oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub batches: Vec<Batch>,
    pub lines: Vec<Line>,
    orders: Vec<PlaceOrder>,
    handling_days: i64,
}

/// Why not; the words are not compared.
#[derive(Debug)]
pub(crate) struct Refused;

/// Whether the command made something.
type Outcome = Result<bool, Refused>;

impl Model {
    /// Nothing yet; so many days pass between the goods being there and the promised day.
    pub(crate) fn new(handling_days: i64) -> Self {
        Self {
            handling_days,
            ..Self::default()
        }
    }

    /// Carries a command out on this day; a refused one changes nothing.
    pub(crate) fn handle(&mut self, command: &Command, today: Date) -> Outcome {
        let before = self.clone();
        let outcome = match command {
            Command::CreateBatch(c) => self.create(c, today),
            Command::ChangeBatchQuantity(c) => self.set_quantity(c, today),
            Command::ChangeBatchEta(c) => self.set_eta(c, today),
            Command::Allocate(c) => self.allocate(c, today),
            Command::PlaceOrder(c) => self.place(c, today),
            Command::ChangeLineQuantity(c) => self.amend(c, today),
            Command::CancelLine(c) => {
                let of = |key: &LineKey| key.order_id == c.order_id && key.line_id == c.line_id;
                self.cancel(of, today)
            }
            Command::CancelOrder(c) => self.cancel(|key| key.order_id == c.order_id, today),
        };
        if outcome.is_err() {
            *self = before;
        }
        outcome
    }

    /// Units of a batch that nobody has; fewer than none while a shortage is being dealt with.
    pub(crate) fn free(&self, batch: &Batch) -> i64 {
        let pegs = self.lines.iter().flat_map(|line| &line.pegs);
        let pegged: u64 = pegs
            .filter(|(name, _)| *name == batch.reference)
            .map(|(_, n)| n)
            .sum();
        i64::try_from(batch.purchased).unwrap() - i64::try_from(pegged).unwrap()
    }

    fn create(&mut self, c: &CreateBatch, today: Date) -> Outcome {
        if let Some(known) = self
            .batches
            .iter()
            .find(|b| b.reference == c.reference.as_str())
        {
            return if known.first == *c {
                Ok(false)
            } else {
                Err(Refused)
            };
        }
        self.batches.push(Batch {
            reference: c.reference.to_string(),
            eta: c.eta,
            purchased: c.quantity.get(),
            sku: c.sku.to_string(),
            location: c.location.as_ref().map(ToString::to_string),
            first: c.clone(),
        });
        self.fill(c.sku.as_str(), today);
        Ok(true)
    }

    fn set_quantity(&mut self, c: &ChangeBatchQuantity, today: Date) -> Outcome {
        let at = self.batch(c.reference.as_str())?;
        self.batches[at].purchased = c.quantity.get();
        let batch = self.batches[at].clone();
        let mut over = -self.free(&batch);
        // Drop in order until the rest fits; restore in reverse order what still fits.
        let units = |line: &Line| {
            let of_batch = line
                .pegs
                .iter()
                .filter(|(name, _)| *name == batch.reference);
            i64::try_from(of_batch.map(|(_, n)| n).sum::<u64>()).unwrap()
        };
        let mut pegged: Vec<usize> = (0..self.lines.len())
            .filter(|at| units(&self.lines[*at]) > 0)
            .collect();
        pegged.sort_by_key(|at| {
            let line = &self.lines[*at];
            (
                line.terms.priority.get(),
                Reverse(line.current),
                Reverse(*at),
            )
        });
        let mut dropped = Vec::new();
        for at in pegged {
            if over <= 0 {
                break;
            }
            over -= units(&self.lines[at]);
            dropped.push(at);
        }
        for at in dropped.into_iter().rev() {
            if units(&self.lines[at]) <= -over {
                over += units(&self.lines[at]);
            } else {
                self.lines[at].pegs.clear();
                self.lines[at].current = None;
            }
        }
        self.fill(&batch.sku, today);
        Ok(false)
    }

    fn set_eta(&mut self, c: &ChangeBatchEta, today: Date) -> Outcome {
        let at = self.batch(c.reference.as_str())?;
        if self.batches[at].eta == c.eta {
            return Ok(false);
        }
        self.batches[at].eta = c.eta;
        for at in 0..self.lines.len() {
            let line = &self.lines[at];
            if !line
                .pegs
                .iter()
                .any(|(name, _)| *name == c.reference.as_str())
            {
                continue;
            }
            let ready = self.ready(&line.pegs, today);
            let (original, current) = (line.original.unwrap(), line.current.unwrap());
            // Later supply moves the promise; earlier supply pulls it back, to the original at most.
            let pulled = ready.max(original);
            self.lines[at].current = Some(if ready > current {
                ready
            } else {
                pulled.min(current)
            });
        }
        Ok(false)
    }

    fn allocate(&mut self, c: &Allocate, today: Date) -> Outcome {
        if let Some(known) = self.lines.iter().find(|line| line.key == c.key()) {
            let same = known.sku == c.sku.as_str() && known.terms == c.terms();
            return if same { Ok(false) } else { Err(Refused) };
        }
        self.accept(c.key(), c.sku.as_str(), c.terms(), today)?;
        Ok(true)
    }

    fn place(&mut self, c: &PlaceOrder, today: Date) -> Outcome {
        let ids: BTreeSet<_> = c.lines.iter().map(|line| c.key(line)).collect();
        if ids.len() != c.lines.len() {
            return Err(Refused);
        }
        let there: Vec<&Line> = self
            .lines
            .iter()
            .filter(|line| line.key.order_id == c.order_id)
            .collect();
        if !there.is_empty() {
            // What was placed, or, of an order that was never placed, what there is.
            let placed = self
                .orders
                .iter()
                .find(|order| order.order_id == c.order_id);
            let known: BTreeSet<LineKey> = match placed {
                Some(placed) => placed.lines.iter().map(|line| placed.key(line)).collect(),
                None => there.iter().map(|line| line.key.clone()).collect(),
            };
            let same = c.lines.iter().all(|line| {
                there.iter().any(|known| {
                    known.key == c.key(line)
                        && known.sku == line.sku.as_str()
                        && known.terms == c.terms(line)
                })
            });
            return if same && known == ids {
                Ok(false)
            } else {
                Err(Refused)
            };
        }
        for line in &c.lines {
            self.accept(c.key(line), line.sku.as_str(), c.terms(line), today)?;
        }
        self.orders.push(c.clone());
        Ok(true)
    }

    fn accept(
        &mut self,
        key: LineKey,
        sku: &str,
        terms: Terms,
        today: Date,
    ) -> Result<(), Refused> {
        if !self.batches.iter().any(|batch| batch.sku == sku) {
            return Err(Refused);
        }
        let reject = terms.if_short == IfShort::Reject;
        let quantity = terms.quantity;
        let (pegs, original, current) = (Vec::new(), None, None);
        let sku = sku.to_owned();
        self.lines.push(Line {
            key,
            quantity,
            cancelled: false,
            pegs,
            original,
            current,
            sku,
            terms,
        });
        if !self.serve(self.lines.len() - 1, today) && reject {
            return Err(Refused);
        }
        Ok(())
    }

    fn amend(&mut self, c: &ChangeLineQuantity, today: Date) -> Outcome {
        let of = |line: &Line| line.key.order_id == c.order_id && line.key.line_id == c.line_id;
        let at = self.lines.iter().position(of).ok_or(Refused)?;
        let quantity = c.quantity.get();
        let (from, line) = (self.lines[at].quantity, &self.lines[at]);
        if line.cancelled {
            return Err(Refused);
        }
        if quantity == from {
            return Ok(false);
        }
        let may_wait = c.if_short == Some(IfShort::Backorder);
        let sku = line.sku.clone();
        let waits = line.pegs.is_empty();
        let more = quantity.saturating_sub(from);
        let own = match line.pegs.as_slice() {
            [(name, _)] => self.batches.iter().find(|batch| batch.reference == *name),
            _ => None,
        };
        let fits = own.is_some_and(|batch| self.free(batch) >= i64::try_from(more).unwrap());
        self.lines[at].quantity = quantity;
        if waits {
            if more > 0 && !may_wait {
                return Err(Refused);
            }
        } else if quantity < from {
            let mut less = from - quantity;
            while less > 0 {
                let last = self.lines[at].pegs.last_mut().unwrap();
                let units = less.min(last.1);
                last.1 -= units;
                less -= units;
                if last.1 == 0 {
                    self.lines[at].pegs.pop();
                }
            }
        } else if fits {
            self.lines[at].pegs[0].1 += more;
        } else {
            self.lines[at].pegs.clear();
            self.lines[at].current = None;
            if !self.serve(at, today) && !may_wait {
                return Err(Refused);
            }
        }
        if !(waits && more > 0) {
            self.fill(&sku, today);
        }
        Ok(false)
    }

    fn cancel(&mut self, which: impl Fn(&LineKey) -> bool, today: Date) -> Outcome {
        let mut any = false;
        let mut skus = BTreeSet::new();
        for line in self.lines.iter_mut().filter(|line| which(&line.key)) {
            any = true;
            line.cancelled = true;
            line.pegs.clear();
            line.current = None;
            skus.insert(line.sku.clone());
        }
        for sku in skus {
            self.fill(&sku, today);
        }
        if any { Ok(false) } else { Err(Refused) }
    }

    fn batch(&self, reference: &str) -> Result<usize, Refused> {
        self.batches
            .iter()
            .position(|batch| batch.reference == reference)
            .ok_or(Refused)
    }
}
