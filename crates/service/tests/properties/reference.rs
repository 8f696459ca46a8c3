//! The rules read naively: lists that are searched from end to end, sorted when an order is needed, and
//! copied before every command. Slow, and short enough to be checked against the contract by eye. Only which
//! lines move where, when promises are to be kept, is left to the planner, which has tests of its own: here it
//! is given all lines and batches there are.

mod choice;
mod draft;
mod goods;
mod keep;
mod leave;
mod supply;

use std::collections::BTreeSet;

use jiff::civil::Date;
use landfall_domain::commands::{
    Allocate, ChangeLineQuantity, CreateBatch, CreateShipment, PlaceOrder,
};
use landfall_domain::{Command, Deliver, Hold, IfShort, LineKey, Location, OrderId, Supply, Terms};

/// A batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Batch {
    pub reference: String,
    pub eta: Option<Date>,
    pub purchased: u64,
    pub dispatched: u64,
    sku: String,
    location: Option<Location>,
    hold: Option<Hold>,
    shipment: Option<String>,
    shipment_hold: Option<Hold>,
    received: bool,
    /// Its `CreateBatch`.
    first: CreateBatch,
}

/// A shipment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shipment {
    pub reference: String,
    pub eta: Option<Date>,
    pub hold: Option<Hold>,
    /// Its `CreateShipment`.
    first: CreateShipment,
}

/// A line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Line {
    pub key: LineKey,
    pub quantity: u64,
    pub dispatched: u64,
    pub cancelled: bool,
    pub pegs: Vec<(String, u64)>,
    pub original: Option<Date>,
    pub current: Option<Date>,
    /// The present command has taken its goods away.
    loose: Option<Loose>,
    sku: String,
    terms: Terms,
}

/// What a line was told before it lost its goods.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Loose {
    told: Option<Date>,
}

/// Everything, the oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub batches: Vec<Batch>,
    pub lines: Vec<Line>,
    pub shipments: Vec<Shipment>,
    orders: Vec<PlaceOrder>,
    handling_days: i64,
    /// Of the present command: lines whose goods come too late now; products with better supply; orders of
    /// which goods come from elsewhere, or on another day.
    delayed: Vec<usize>,
    better: BTreeSet<String>,
    moved: BTreeSet<OrderId>,
    /// Orders that the present command has made, until they have agreed on a day.
    new: BTreeSet<OrderId>,
}

/// Why not; the words are not compared.
#[derive(Debug)]
pub(crate) struct Refused;

/// Whether the command made something.
type Outcome = Result<bool, Refused>;

impl Batch {
    pub(crate) fn supply(&self) -> Supply {
        let holds = [&self.hold, &self.shipment_hold].into_iter().flatten();
        let days: Vec<Option<Date>> = holds.map(|hold| hold.expected_clear).collect();
        if days.contains(&None) {
            return Supply::Never;
        }
        let last = days.into_iter().flatten().chain(self.eta).max();
        last.map_or(Supply::Now, Supply::From)
    }
}

impl Line {
    fn outstanding(&self) -> u64 {
        if self.cancelled {
            0
        } else {
            self.quantity - self.dispatched
        }
    }

    fn together(&self) -> bool {
        self.terms.deliver == Deliver::Together
    }

    fn units_of(&self, batch: &str) -> u64 {
        self.pegs
            .iter()
            .filter(|(name, _)| name == batch)
            .map(|(_, units)| units)
            .sum()
    }
}

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
        self.delayed.clear();
        self.better.clear();
        self.moved.clear();
        self.new.clear();
        let outcome = match command {
            Command::CreateBatch(c) => self.create(c),
            Command::ChangeBatchQuantity(c) => self.set_quantity(c, today),
            Command::ChangeBatchEta(c) => self.set_eta(c, today),
            Command::HoldBatch(c) => self.hold(c, today),
            Command::ReleaseBatch(c) => self.release(c, today),
            Command::ReceiveBatch(c) => self.receive(c, today),
            Command::CancelBatch(c) => self.cancel_batch(c, today),
            Command::CreateShipment(c) => self.create_shipment(c),
            Command::ChangeShipmentEta(c) => self.set_shipment_eta(c, today),
            Command::HoldShipment(c) => self.hold_shipment(c, today),
            Command::ReleaseShipment(c) => self.release_shipment(c, today),
            Command::ReceiveShipment(c) => self.receive_shipment(c, today),
            Command::Allocate(c) => self.allocate(c, today),
            Command::PlaceOrder(c) => self.place(c, today),
            Command::ChangeLineQuantity(c) => self.amend(c, today),
            Command::CancelLine(c) => {
                let of = |key: &LineKey| key.order_id == c.order_id && key.line_id == c.line_id;
                self.cancel(of)
            }
            Command::CancelOrder(c) => self.cancel(|key| key.order_id == c.order_id),
            Command::Dispatch(c) => self.dispatch(c),
        };
        if outcome.is_err() {
            *self = before;
            return outcome;
        }
        let skus: BTreeSet<String> = self.batches.iter().map(|batch| batch.sku.clone()).collect();
        for sku in &skus {
            self.keep(sku, today);
        }
        self.share_out(&skus, &before, today);
        for sku in &skus {
            self.make_room(sku, today);
        }
        self.share_out(&skus, &before, today);
        for line in &mut self.lines {
            line.loose = None;
        }
        self.share_out(&skus, &before, today);
        outcome
    }

    /// Serves who waits, lets orders agree and, as long as something is better than before, looks at who is late.
    fn share_out(&mut self, skus: &BTreeSet<String>, before: &Model, today: Date) {
        for round in 0.. {
            assert!(round < 100, "it goes round for ever");
            for sku in skus {
                self.fill(sku, today);
            }
            self.settle(before, today);
            let better = std::mem::take(&mut self.better);
            if better.is_empty() {
                break;
            }
            for sku in better {
                self.pull_back(&sku, today);
            }
        }
    }

    /// Takes a line's goods away; it looks for others before the command ends.
    fn lose(&mut self, at: usize) {
        let pegs = std::mem::take(&mut self.lines[at].pegs);
        if !pegs.is_empty() {
            let told = self.lines[at].current.take();
            self.lines[at].loose = Some(Loose { told });
            self.given_back(&pegs);
        }
    }

    /// Goods are given back: it is better than before where anybody can take some.
    fn given_back(&mut self, pegs: &[(String, u64)]) {
        for (name, _) in pegs {
            let batch = self.named(name);
            if self.available(batch) > 0 {
                self.better.insert(batch.sku.clone());
            }
        }
    }

    /// Units of a batch that nobody has; fewer than none while a shortage is being dealt with.
    pub(crate) fn free(&self, batch: &Batch) -> i64 {
        let pegged: u64 = self
            .lines
            .iter()
            .map(|line| line.units_of(&batch.reference))
            .sum();
        let gone = i64::try_from(pegged + batch.dispatched).unwrap();
        i64::try_from(batch.purchased).unwrap() - gone
    }

    /// Units that a line could take now.
    fn available(&self, batch: &Batch) -> u64 {
        match batch.supply() {
            Supply::Never => 0,
            _ => u64::try_from(self.free(batch)).unwrap_or(0),
        }
    }

    fn allocate(&mut self, c: &Allocate, today: Date) -> Outcome {
        if let Some(known) = self.lines.iter().find(|line| line.key == c.key()) {
            // A line of an order that goes out together may be repeated alone.
            let terms = Terms {
                deliver: known.terms.deliver,
                ..c.terms()
            };
            let same = known.sku == c.sku.as_str() && known.terms == terms;
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
        if terms.deliver == Deliver::Together {
            self.new.insert(key.order_id.clone());
        }
        self.lines.push(Line {
            key,
            quantity: terms.quantity,
            dispatched: 0,
            cancelled: false,
            pegs: Vec::new(),
            original: None,
            current: None,
            loose: None,
            sku: sku.to_owned(),
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
        if line.cancelled || line.dispatched > 0 {
            return Err(Refused);
        }
        if quantity == from {
            return Ok(false);
        }
        let may_wait = c.if_short == Some(IfShort::Backorder);
        let waits = line.pegs.is_empty();
        let more = quantity.saturating_sub(from);
        let own = match line.pegs.as_slice() {
            [(name, _)] => self.batches.iter().find(|batch| batch.reference == *name),
            _ => None,
        };
        let fits = own.is_some_and(|batch| self.available(batch) >= more);
        self.lines[at].quantity = quantity;
        if waits {
            if more > 0 && !may_wait {
                return Err(Refused);
            }
        } else if quantity < from {
            let had = self.lines[at].pegs.clone();
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
            let kept = self.lines[at].pegs.clone();
            let less: Vec<_> = had.into_iter().filter(|peg| !kept.contains(peg)).collect();
            self.given_back(&less);
            // What is left of it may come earlier; time alone makes nothing later.
            if self.ready_of(at, today) <= self.lines[at].current {
                self.promise_again(at, today);
            }
        } else if fits {
            self.lines[at].pegs[0].1 += more;
        } else {
            let had = self.lines[at].pegs.clone();
            let order = self.lines[at].key.order_id.clone();
            self.lose(at);
            if self.serve(at, today) {
                // More of the same goods: they come from nowhere else.
                let same = |(name, _): &(String, u64)| had.iter().any(|(other, _)| other == name);
                if self.lines[at].pegs.iter().all(same) {
                    self.moved.remove(&order);
                }
            } else {
                if !may_wait {
                    return Err(Refused);
                }
                // It waits, and what it had is there for others.
                self.lines[at].loose = None;
            }
        }
        Ok(false)
    }

    fn cancel(&mut self, which: impl Fn(&LineKey) -> bool) -> Outcome {
        let mut any = false;
        let mut freed = Vec::new();
        for line in self.lines.iter_mut().filter(|line| which(&line.key)) {
            if !line.cancelled && line.outstanding() == 0 {
                continue;
            }
            any = true;
            if !line.cancelled {
                line.cancelled = true;
                freed.append(&mut line.pegs);
                line.current = None;
            }
        }
        self.given_back(&freed);
        if any { Ok(false) } else { Err(Refused) }
    }

    fn batch(&self, reference: &str) -> Result<usize, Refused> {
        let of = |batch: &Batch| batch.reference == reference;
        self.batches.iter().position(of).ok_or(Refused)
    }

    fn named(&self, reference: &str) -> &Batch {
        &self.batches[self.batch(reference).unwrap()]
    }
}
