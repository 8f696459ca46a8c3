//! Ships: one a week, what becomes of each on its way, and what is found when it is unloaded.
//!
//! All of it is settled when a ship is booked, and told day by day. It depends on the seed, on what was bought
//! and on the slips, and not on what was sold meanwhile.

mod cargo;

use landfall_domain::commands::{
    ChangeShipmentEta, CreateBatch, CreateShipment, HoldShipment, ReceiveShipment, ReleaseShipment,
};
use landfall_domain::{BatchRef, Carriage, Command, HoldCode, Quantity, ShipmentRef, Sku};

use super::catalogue::{CARRIERS, VESSELS};
use super::clock::Days;
use super::made_up::MadeUp;
use super::random::{Chance, Random};
use super::slips::Slips;
use cargo::Cargo;

/// Days from booking to landing as they are planned, at the least and at the most.
pub(crate) const LEAD: (i32, i32) = (60, 120);
/// No ship is there in fewer days, whatever the slips say.
const FASTEST: i32 = 30;

/// Something that happens later.
#[derive(Debug)]
pub(crate) struct Task {
    /// On which day; never before the one after the booking.
    pub(crate) day: i32,
    /// What is told.
    pub(crate) command: Command,
    /// What it adds to the books of a product, where it does: its place in the range, and units.
    pub(crate) books: Vec<(usize, i64)>,
}

/// Goods that are bought.
#[derive(Debug, Clone)]
pub(crate) struct Bought {
    /// The product's place in the range.
    pub(crate) product: usize,
    /// The product.
    pub(crate) sku: Sku,
    /// Units.
    pub(crate) units: u64,
}

/// A ship that is booked.
#[derive(Debug)]
pub(crate) struct Booking {
    /// What is told at once.
    pub(crate) commands: Vec<Command>,
    /// What happens later, in the order in which it is told on one day.
    pub(crate) later: Vec<Task>,
}

/// The days of a ship, counted from the first day of the world.
#[derive(Debug, Clone, Copy)]
struct Course {
    /// When it is booked; before day 0: it is at sea by then.
    booked: i32,
    /// When it is expected at first.
    planned: i32,
    /// When it is there.
    there: i32,
}

/// The port: it knows the days of every ship.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Port<'a> {
    /// The seed of the world.
    pub(crate) seed: u64,
    /// By how much ships miss their day.
    pub(crate) slips: &'a Slips,
    /// The dates of days.
    pub(crate) days: Days,
}

impl Port<'_> {
    /// When the ship of this number, booked on this day, is expected.
    pub(crate) fn planned(&self, number: u64, booked: i32) -> i32 {
        booked + Random::of(self.seed, Chance::Ship, [number, 0]).day(LEAD.0, LEAD.1)
    }

    /// Books the ship of this number.
    pub(crate) fn book(
        &self,
        number: u64,
        booked: i32,
        bought: &[Bought],
    ) -> Result<Booking, MadeUp> {
        let mut random = Random::of(self.seed, Chance::Ship, [number, 1]);
        let planned = self.planned(number, booked);
        let slip = self.slips.draw(&mut random);
        // A ship that was at sea before the first day lands after it.
        let there = planned.saturating_add(slip).max(booked + FASTEST).max(1);
        let course = Course {
            booked,
            planned,
            there,
        };
        let turn = usize::try_from(number).unwrap_or(0);
        let pick = |names: &[&'static str]| names[turn % names.len()];
        let (vessel, carrier) = (pick(&VESSELS), pick(&CARRIERS));
        let reference = ShipmentRef::new(format!("MV-{vessel}-{number:03}"))?;
        let mut commands = vec![Command::CreateShipment(CreateShipment {
            reference: reference.clone(),
            eta: Some(self.days.date(planned)),
            carrier: Some(Carriage::new(carrier)?),
            vessel: Some(Carriage::new(format!("MV {}", title(vessel)))?),
            container: Some(Carriage::new(format!(
                "LFDU{:07}",
                random.below(10_000_000)
            ))?),
        })];
        let mut batches = Vec::with_capacity(bought.len());
        for goods in bought {
            let batch = BatchRef::new(format!("{reference}.{}", goods.sku))?;
            commands.push(Command::CreateBatch(CreateBatch {
                reference: batch.clone(),
                sku: goods.sku.clone(),
                quantity: Quantity::new(goods.units)?,
                eta: None,
                shipment: Some(reference.clone()),
                location: None,
            }));
            batches.push((batch, goods));
        }
        let mut later = Vec::new();
        self.news(&mut random, &reference, course, &mut later);
        self.paperwork(&mut random, &reference, course, &mut later)?;
        let mut cargo = Cargo {
            seed: self.seed,
            number,
            later,
        };
        let counts = cargo.unload(course, &batches)?;
        let mut later = cargo.later;
        let receive = Task {
            day: there,
            command: Command::ReceiveShipment(ReceiveShipment {
                reference: reference.clone(),
                counts: counts.commands,
            }),
            books: counts.books,
        };
        let unloaded = self.customs(&mut random, &reference, course, receive, &mut later)?;
        cargo::inspect(self, number, unloaded, &batches, &counts.there, &mut later)?;
        Ok(Booking { commands, later })
    }

    /// When people hear that a ship is early or late. A small slip is told once. Of a large one half is told
    /// first. One late ship in five says nothing until its day has passed.
    fn news(
        &self,
        random: &mut Random,
        reference: &ShipmentRef,
        course: Course,
        later: &mut Vec<Task>,
    ) {
        let Course {
            booked,
            planned,
            there,
        } = course;
        let slip = there - planned;
        if slip == 0 {
            return;
        }
        let mut tell = |day: i32, eta: i32| {
            later.push(Task {
                // What has landed is news no more.
                day: day.min(there).max(1),
                command: Command::ChangeShipmentEta(ChangeShipmentEta {
                    reference: reference.clone(),
                    eta: Some(self.days.date(eta)),
                }),
                books: Vec::new(),
            });
        };
        let earliest = (booked + 10).max(1);
        let latest = planned.min(there) - 1;
        if slip > 0 && random.permille(200) {
            // It is expected, and does not come.
            tell(planned + random.day(1, 3), there);
        } else if slip.abs() <= 3 {
            tell(random.day(earliest, latest), there);
        } else {
            let first = random.day(earliest, latest);
            tell(first, planned + slip / 2);
            tell(random.day(first + 1, latest), there);
        }
    }

    /// The papers of one ship in twenty are wrong while it is at sea; half of them know when they will be right.
    fn paperwork(
        &self,
        random: &mut Random,
        reference: &ShipmentRef,
        course: Course,
        later: &mut Vec<Task>,
    ) -> Result<(), MadeUp> {
        let held = random.permille(50);
        let from = random.day((course.booked + 5).max(1), course.there - 2);
        let until = (from + random.day(3, 20)).min(course.there - 1);
        let known = random.permille(500);
        if held && from < until {
            let clear = known.then_some(until);
            later.push(self.hold(reference, "paperwork", from, clear)?);
            later.push(release(reference, until));
        }
        Ok(())
    }

    /// One ship in eight is held by customs when it is there; half of these are told a clear date, and three in
    /// ten of the dates turn out to be too early. One held ship in five is unloaded into the warehouse and waits
    /// there. Says when its goods can be looked at.
    fn customs(
        &self,
        random: &mut Random,
        reference: &ShipmentRef,
        course: Course,
        mut receive: Task,
        later: &mut Vec<Task>,
    ) -> Result<i32, MadeUp> {
        let there = course.there;
        let held = random.permille(125);
        let known = random.permille(500);
        let told = there + random.day(3, 14);
        let wrong = known && random.permille(300);
        let longer = random.day(2, 6);
        let unknown = there + random.day(4, 21);
        let in_warehouse = random.permille(200);
        if !held {
            later.push(receive);
            return Ok(there);
        }
        let clear = if known { told } else { unknown };
        later.push(self.hold(reference, "customs", there, known.then_some(told))?);
        let until = if wrong { clear + longer } else { clear };
        if wrong {
            later.push(self.hold(reference, "customs", told, Some(until))?);
        }
        if !in_warehouse {
            receive.day = until;
        }
        let received = receive.day;
        // Whoever is told that it is free finds it there.
        if in_warehouse {
            later.push(receive);
            later.push(release(reference, until));
        } else {
            later.push(release(reference, until));
            later.push(receive);
        }
        Ok(received)
    }

    fn hold(
        &self,
        reference: &ShipmentRef,
        code: &str,
        day: i32,
        clear: Option<i32>,
    ) -> Result<Task, MadeUp> {
        Ok(Task {
            day,
            command: Command::HoldShipment(HoldShipment {
                reference: reference.clone(),
                code: HoldCode::new(code)?,
                note: None,
                expected_clear: clear.map(|day| self.days.date(day)),
            }),
            books: Vec::new(),
        })
    }
}

fn release(reference: &ShipmentRef, day: i32) -> Task {
    Task {
        day,
        command: Command::ReleaseShipment(ReleaseShipment {
            reference: reference.clone(),
        }),
        books: Vec::new(),
    }
}

/// `AURORA` as people write it: `Aurora`.
fn title(name: &str) -> String {
    let (first, rest) = name.split_at(name.len().min(1));
    format!("{first}{}", rest.to_lowercase())
}

#[cfg(test)]
#[path = "ships_tests.rs"]
mod tests;
