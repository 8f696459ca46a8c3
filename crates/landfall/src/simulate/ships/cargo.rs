//! What becomes of a ship's goods: bought and cancelled, wet, miscounted, or not as good as they should be.
//!
//! Whatever takes units away is told before any of them can have left the warehouse, so that it is the same for
//! every policy.

use std::collections::BTreeMap;

use landfall_domain::commands::{
    CancelBatch, ChangeBatchQuantity, HoldBatch, ReceiveBatch, ReleaseBatch,
};
use landfall_domain::values::Count;
use landfall_domain::{BatchRef, Command, HoldCode};

use super::{Bought, Course, Port, Task};
use crate::simulate::made_up::MadeUp;
use crate::simulate::random::{Chance, Random};

/// The goods of one ship.
pub(super) struct Cargo {
    pub(super) seed: u64,
    /// The number of the ship.
    pub(super) number: u64,
    pub(super) later: Vec<Task>,
}

/// What is counted when the ship is unloaded.
pub(super) struct Counts {
    /// The batches that are not as expected.
    pub(super) commands: BTreeMap<BatchRef, Count>,
    /// What the counts add to the books.
    pub(super) books: Vec<(usize, i64)>,
    /// Units of each batch.
    pub(super) there: Vec<u64>,
}

impl Cargo {
    /// What happens to each batch until the ship is unloaded: of a hundred, one is cancelled by the supplier in
    /// the weeks after it was bought, two get wet, four are short when they are counted and two are over.
    pub(super) fn unload(
        &mut self,
        course: Course,
        batches: &[(BatchRef, &Bought)],
    ) -> Result<Counts, MadeUp> {
        let mut counts = Counts {
            commands: BTreeMap::new(),
            books: Vec::new(),
            there: Vec::with_capacity(batches.len()),
        };
        for (at, (reference, goods)) in batches.iter().enumerate() {
            let mut random = Random::of(self.seed, Chance::Cargo, [self.number, at as u64]);
            let before = goods.units;
            let cancelled = random.permille(10);
            let wet = random.permille(20);
            let good = before * random.between(40, 95) / 100;
            let early = random.day((course.booked + 5).max(1), course.there - 2);
            let late = random.day((course.there - 20).max(1), course.there - 1);
            let counted = random.below(100);
            let short = (before * random.between(1, 10) / 100).max(1);
            let over = (before * random.between(1, 5) / 100).max(1);
            let product = goods.product;
            if cancelled && early < course.there {
                self.cancel(early, reference, product, before);
                counts.there.push(0);
                continue;
            }
            let expected = if wet && late < course.there && good < before {
                self.wet(late, reference, product, before, good)?;
                good
            } else {
                before
            };
            let units = match counted {
                0..4 => expected.saturating_sub(short),
                4..6 => expected + over,
                _ => expected,
            };
            if units != expected {
                counts
                    .commands
                    .insert(reference.clone(), Count::new(units)?);
                counts
                    .books
                    .push((product, signed(units) - signed(expected)));
            }
            counts.there.push(units);
        }
        Ok(counts)
    }

    fn cancel(&mut self, day: i32, reference: &BatchRef, product: usize, units: u64) {
        self.later.push(Task {
            day,
            command: Command::CancelBatch(CancelBatch {
                reference: reference.clone(),
                reason: Some("the supplier cannot make it".to_owned()),
            }),
            books: vec![(product, -signed(units))],
        });
    }

    fn wet(
        &mut self,
        day: i32,
        reference: &BatchRef,
        product: usize,
        before: u64,
        good: u64,
    ) -> Result<(), MadeUp> {
        self.later.push(Task {
            day,
            command: Command::ChangeBatchQuantity(ChangeBatchQuantity {
                reference: reference.clone(),
                quantity: Count::new(good)?,
                reason: Some("sea water in the container".to_owned()),
            }),
            books: vec![(product, signed(good) - signed(before))],
        });
        Ok(())
    }
}

/// What is found when the goods are in the warehouse: of a hundred batches, three are held for their quality
/// for 2 to 10 days, after which a third have lost up to a tenth; and of two a piece is found behind the door on
/// the next day.
pub(super) fn inspect(
    port: &Port<'_>,
    number: u64,
    received: i32,
    batches: &[(BatchRef, &Bought)],
    there: &[u64],
    later: &mut Vec<Task>,
) -> Result<(), MadeUp> {
    for (at, ((reference, goods), units)) in batches.iter().zip(there).enumerate() {
        let mut random = Random::of(port.seed, Chance::Cargo, [number, 1_000_000 + at as u64]);
        let found = random.below(100);
        let days = random.day(2, 10);
        let known = random.permille(500);
        let lost = units * random.between(1, 10) / 100;
        let loses = random.permille(333);
        if *units == 0 {
            continue;
        }
        let product = goods.product;
        match found {
            0..3 => {
                let until = received + days;
                let hold = Command::HoldBatch(HoldBatch {
                    reference: reference.clone(),
                    code: HoldCode::new("quality")?,
                    note: Some("opened for inspection".to_owned()),
                    expected_clear: known.then(|| port.days.date(until)),
                });
                later.push(task(received, hold, Vec::new()));
                if loses && lost > 0 {
                    let good = Command::ChangeBatchQuantity(ChangeBatchQuantity {
                        reference: reference.clone(),
                        quantity: Count::new(units - lost)?,
                        reason: Some("not fit to be sold".to_owned()),
                    });
                    later.push(task(until, good, vec![(product, -signed(lost))]));
                }
                let release = Command::ReleaseBatch(ReleaseBatch {
                    reference: reference.clone(),
                });
                later.push(task(until, release, Vec::new()));
            }
            3..5 => {
                let again = Command::ReceiveBatch(ReceiveBatch {
                    reference: reference.clone(),
                    quantity: Count::new(units + 1)?,
                });
                later.push(task(received + 1, again, vec![(product, 1)]));
            }
            _ => {}
        }
    }
    Ok(())
}

fn task(day: i32, command: Command, books: Vec<(usize, i64)>) -> Task {
    Task {
        day,
        command,
        books,
    }
}

fn signed(units: u64) -> i64 {
    i64::try_from(units).unwrap_or(i64::MAX)
}
