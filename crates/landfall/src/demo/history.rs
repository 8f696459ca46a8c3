//! The months before today, as the simulation makes them: see [`crate::simulate`].
//!
//! They are traded in memory first. What was told on each day is then told to the demo's own database, which comes
//! to the same: a command has one outcome, whatever the store.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use jiff::ToSpan;
use jiff::civil::Date;
use landfall_domain::commands::HoldShipment;
use landfall_domain::{Command, HoldCode, OrderId, Policy, ShipmentRef, Sku};
use landfall_service::Request;

use super::live::Live;
use crate::simulate::clock::Days;
use crate::simulate::mirror::Mirror;
use crate::simulate::slips::Slips;
use crate::simulate::trade::{Traded, trade};
use crate::simulate::world::Settings;

/// How many days ago it began: four months.
const BEGAN: i32 = 119;
/// Products.
const SKUS: usize = 40;
/// How many of them are not bought again, so that customers wait.
const SCARCE: usize = 2;
/// Orders on an average day.
const ORDERS: u64 = 8;

/// What is done on each day, in order, and what there is to look at then.
pub(super) struct History {
    /// Day 0.
    pub(super) days: Days,
    pub(super) told: Vec<(i32, Vec<Request>)>,
    /// The orders that come after.
    pub(super) live: Live,
    pub(super) products: u64,
    pub(super) batches: u64,
    pub(super) shipments: u64,
    pub(super) orders: u64,
    /// The product that sells best.
    pub(super) best_seller: Sku,
    /// A shipment at sea that lines are promised from, and when it is expected.
    pub(super) at_sea: Option<(ShipmentRef, Date)>,
    /// A shipment that is held.
    pub(super) held: Option<ShipmentRef>,
    /// An order that is promised later than at first; without one, the last order.
    pub(super) late: OrderId,
}

/// What there is of a shipment.
struct AtSea {
    eta: Date,
    pegged: u64,
    held: bool,
}

/// The history of a seed, today included.
pub(super) async fn history(
    seed: u64,
    today: Date,
    handling_days: u16,
) -> Result<History, Box<dyn std::error::Error>> {
    let days = Days {
        first: today.saturating_sub(i64::from(BEGAN).days()),
    };
    let settings = Settings {
        seed,
        days,
        skus: SKUS,
        orders_a_day: ORDERS,
        stock_percent: 60,
        scarce: SCARCE,
        handling_days,
        slips: Arc::new(Slips::built_in()),
    };
    let passed = AtomicU64::new(0);
    let traded = trade(&settings, Policy::JustInTime, BEGAN + 1, &passed, true).await?;
    let Traded {
        mirror,
        world,
        mut told,
        ..
    } = traded;
    let shipments = at_sea(&mirror, today);
    let mut held = shipments.iter().find(|(_, ship)| ship.held);
    // The next that people are promised goods from.
    let mut next: Vec<_> = shipments
        .iter()
        .filter(|(_, ship)| !ship.held && ship.pegged > 0)
        .collect();
    next.sort_by_key(|(reference, ship)| (ship.eta, (*reference).clone()));
    if held.is_none() && next.len() > 1 {
        // There is always one that customs look at.
        let (reference, ship) = next.remove(0);
        let examined = Command::HoldShipment(HoldShipment {
            reference: reference.clone(),
            code: HoldCode::new("customs")?,
            note: Some("X-ray examination".to_owned()),
            expected_clear: Some(ship.eta.saturating_add(9.days())),
        });
        if let Some((_, last)) = told.last_mut() {
            last.push(examined.into());
        }
        held = Some((reference, ship));
    }
    let late = mirror.open().find(|(_, line)| line.late());
    let late = late.map(|(_, line)| line.key.order_id.clone());
    let orders = world.orders();
    let range = Arc::clone(world.range());
    let best = range.iter().max_by_key(|product| product.weight);
    Ok(History {
        days,
        told,
        products: range.len() as u64,
        batches: mirror.batches().len() as u64,
        shipments: mirror.shipments(),
        orders,
        best_seller: match best {
            Some(product) => product.sku.clone(),
            None => Sku::new("none")?,
        },
        at_sea: next.first().map(|(name, ship)| ((*name).clone(), ship.eta)),
        held: held.map(|(reference, _)| reference.clone()),
        late: match late {
            Some(order) => order,
            None => OrderId::new(format!("SO-{}", 10_000 + orders))?,
        },
        live: Live::new(seed, world.into_customers(), range),
    })
}

/// The shipments that are expected after today.
fn at_sea(mirror: &Mirror, today: Date) -> BTreeMap<ShipmentRef, AtSea> {
    let mut shipments: BTreeMap<ShipmentRef, AtSea> = BTreeMap::new();
    for batch in mirror.batches() {
        let Some((shipment, eta)) = batch.shipment().zip(batch.eta()) else {
            continue;
        };
        if eta > today {
            let first = || AtSea {
                eta,
                pegged: 0,
                held: false,
            };
            let ship = shipments.entry(shipment.clone()).or_insert_with(first);
            ship.pegged += batch.pegged();
            ship.held |= batch.held();
        }
    }
    shipments
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn made(seed: u64, today: Date) -> History {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let history = runtime.unwrap().block_on(history(seed, today, 0));
        history.unwrap()
    }

    #[test]
    fn a_seed_has_one_history_with_something_to_look_at() {
        let today = date(2026, 11, 21);
        let first = made(1, today);
        assert_eq!(first.told, made(1, today).told);
        assert_ne!(first.told, made(2, today).told);
        assert_eq!(first.days.date(first.told.last().unwrap().0), today);
        for history in [first, made(3, date(2024, 2, 29))] {
            let (ship, eta) = history.at_sea.unwrap();
            assert!(ship.as_str().starts_with("MV-"), "{ship}");
            assert!(eta > history.days.date(BEGAN));
            assert_ne!(Some(ship), history.held);
            assert!(history.held.is_some());
            assert!(history.late.as_str().starts_with("SO-"));
            assert!(history.shipments > 20 && history.orders > 500);
        }
    }
}
