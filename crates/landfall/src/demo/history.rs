//! The four weeks before today: what was bought, what was ordered, and what went wrong.
//!
//! Nothing leaves the warehouse yet, so nothing is promised out of it before this morning: what is in it was
//! counted today, and customers of the last weeks were promised what the ships carry.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::commands::{ChangeBatchEta, ChangeBatchQuantity, CreateBatch};
use landfall_domain::values::Count;
use landfall_domain::{BatchRef, Command, Quantity, Sku};

use super::catalogue::{Course, PRODUCTS, Product, SCARCE, SHIPS, Ship};
use super::orders::{MadeUp, Orders};
use super::random::Random;

/// How many days ago it began.
const BEGAN: i32 = -28;
/// On this day, of the first batch on the ship with this number, only so many percent were still good.
const DAMAGED: (i32, usize, u64) = (-6, 3, 40);

/// What is done on each day, in order.
pub(super) struct History {
    pub(super) days: BTreeMap<Date, Vec<Command>>,
    /// The orders that come after.
    pub(super) orders: Orders,
    /// Batches that were bought.
    pub(super) batches: u64,
    /// A batch at sea that lines are promised from.
    pub(super) at_sea: BatchRef,
}

/// The history of a seed, today's morning included.
pub(super) fn history(seed: u64, today: Date) -> Result<History, MadeUp> {
    let mut random = Random::new(seed);
    let mut orders = Orders::new(seed);
    let at = |offset: i32| today.saturating_add(i64::from(offset).days());
    let mut days: BTreeMap<i32, Vec<Command>> = BTreeMap::new();
    let cargoes = cargoes(&mut random);
    for (number, (ship, cargo)) in SHIPS.iter().zip(&cargoes).enumerate() {
        for (place, product) in cargo.iter().enumerate() {
            let reference = reference(ship, product, at(ship.expected))?;
            let began = days.entry(BEGAN).or_default();
            began.push(bought(
                &reference,
                product,
                product.lot,
                Some(at(ship.expected)),
            )?);
            let moved = match ship.course {
                Course::AsExpected => None,
                Course::Moved { told, to } => Some((told, Some(at(to)))),
                Course::Arrived(day) => Some((day, None)),
            };
            if let Some((told, eta)) = moved {
                let reference = reference.clone();
                let change = Command::ChangeBatchEta(ChangeBatchEta { reference, eta });
                days.entry(told).or_default().push(change);
            }
            if (number, place) == (DAMAGED.1, 0) {
                let change = damaged(reference, product)?;
                days.entry(DAMAGED.0).or_default().push(change);
            }
        }
    }
    for product in &PRODUCTS[..PRODUCTS.len() - SCARCE] {
        // Not everything is in the warehouse.
        if random.percent(75) {
            let reference = format!("STOCK-{}.{}", at(0).strftime("%Y-%m"), product.sku);
            let reference = BatchRef::new(reference)?;
            let counted = bought(&reference, product, product.lot.div_ceil(2), None)?;
            days.entry(0).or_default().push(counted);
        }
    }
    for offset in BEGAN..=0 {
        let day = days.entry(offset).or_default();
        for _ in 0..random.between(6, 12) {
            day.extend(orders.next(at(offset))?);
        }
    }
    let commands = days.values().flatten();
    let batches = commands.filter(|command| matches!(command, Command::CreateBatch(_)));
    Ok(History {
        batches: batches.count() as u64,
        days: days
            .into_iter()
            .map(|(offset, day)| (at(offset), day))
            .collect(),
        orders,
        at_sea: best_seller_at_sea(&cargoes, at)?,
    })
}

fn bought(
    reference: &BatchRef,
    product: &Product,
    quantity: u64,
    eta: Option<Date>,
) -> Result<Command, MadeUp> {
    Ok(Command::CreateBatch(CreateBatch {
        reference: reference.clone(),
        sku: Sku::new(product.sku)?,
        quantity: Quantity::new(quantity)?,
        eta,
        shipment: None,
        location: None,
    }))
}

fn damaged(reference: BatchRef, product: &Product) -> Result<Command, MadeUp> {
    Ok(Command::ChangeBatchQuantity(ChangeBatchQuantity {
        reference,
        quantity: Count::new(product.lot * DAMAGED.2 / 100)?,
        reason: Some("sea water in the container".to_owned()),
    }))
}

/// What each ship carries: everything is on some ship, for a product is known by its batches.
fn cargoes(random: &mut Random) -> Vec<Vec<&'static Product>> {
    let (range, scarce) = PRODUCTS.split_at(PRODUCTS.len() - SCARCE);
    let mut cargoes: Vec<Vec<&Product>> = Vec::new();
    for ship in &SHIPS {
        let mut left: Vec<&Product> = range.iter().collect();
        let mut cargo = Vec::new();
        while cargo.len() < ship.products
            && let Some(&product) = random.pick(&left, |product| product.popularity)
        {
            left.retain(|other| other.sku != product.sku);
            cargo.push(product);
        }
        cargoes.push(cargo);
    }
    let carried = |sku: &str| cargoes.iter().flatten().any(|product| product.sku == sku);
    let missing: Vec<_> = range
        .iter()
        .filter(|product| !carried(product.sku))
        .collect();
    if let Some(last) = cargoes.last_mut() {
        last.extend(missing);
    }
    if let Some(first) = cargoes.first_mut() {
        first.extend(scarce);
    }
    cargoes
}

/// What sells best of the next ship that is where it should be.
fn best_seller_at_sea(
    cargoes: &[Vec<&Product>],
    at: impl Fn(i32) -> Date,
) -> Result<BatchRef, MadeUp> {
    let ships = SHIPS.iter().zip(cargoes);
    let mut at_sea = ships.filter(|(ship, _)| ship.expected > 0);
    let best = at_sea.next().and_then(|(ship, cargo)| {
        let product = cargo.iter().max_by_key(|product| product.popularity)?;
        Some((ship, product))
    });
    match best {
        Some((ship, product)) => reference(ship, product, at(ship.expected)),
        None => Ok(BatchRef::new("none")?),
    }
}

/// `MV-AURORA-2026-12.SOFA-ALMA-3S-GREY`: it reads well, and needs no escaping in an address.
fn reference(ship: &Ship, product: &Product, expected: Date) -> Result<BatchRef, MadeUp> {
    let month = expected.strftime("%Y-%m");
    Ok(BatchRef::new(format!(
        "{}-{month}.{}",
        ship.name, product.sku
    ))?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::civil::date;

    use super::*;

    fn json(seed: u64) -> String {
        let history = history(seed, date(2026, 11, 21)).unwrap();
        let days = history
            .days
            .into_iter()
            .map(|(day, commands)| (day.to_string(), commands));
        serde_json::to_string(&days.collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_seed_has_one_history() {
        assert_eq!(json(1), json(1));
        assert_ne!(json(1), json(2));
    }

    #[test]
    fn any_seed_and_any_day_make_a_history_and_orders_after_it() {
        for seed in 0..20 {
            for today in [date(2026, 11, 21), date(2024, 3, 1), Date::MIN, Date::MAX] {
                let mut history = history(seed, today).unwrap();
                assert!(history.at_sea.as_str().starts_with("MV-MERIDIAN-"));
                for _ in 0..100 {
                    history.orders.next(today).unwrap();
                    history.orders.buyer(today).unwrap();
                }
            }
        }
    }

    #[test]
    fn everything_is_on_some_ship() {
        for seed in 0..50 {
            let cargoes = cargoes(&mut Random::new(seed));
            let skus: BTreeSet<_> = cargoes
                .iter()
                .flatten()
                .map(|product| product.sku)
                .collect();
            assert_eq!(skus.len(), PRODUCTS.len(), "{seed}");
            for cargo in &cargoes {
                let skus: BTreeSet<_> = cargo.iter().map(|product| product.sku).collect();
                assert_eq!(skus.len(), cargo.len(), "{seed}: a batch twice on a ship");
            }
        }
    }
}
