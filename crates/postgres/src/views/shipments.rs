//! Shipments, alone with their batches and in lists.

use std::sync::LazyLock;

use jiff::civil::Date;
use landfall_domain::ShipmentRef;
use landfall_service::resources::{BatchResource, ShipmentResource};
use landfall_service::views::cursor::{Span, check_name, cut};
use landfall_service::views::sorted;
use landfall_service::views::{List, Page, ShipmentFilter, ShipmentSort, ViewError};

use super::pool::{Ask, Pool, moment};
use super::supply::TOTALS;
use super::{limit, span};
use crate::codes::{self, small};
use crate::error::Fault;
use crate::rows::{self, BATCH, PRODUCT_OF_B, SHIPMENT, count};

/// A shipment.
pub(super) static SHIPMENT_BY_REFERENCE: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {SHIPMENT} FROM shipments s WHERE s.partition = $1 AND s.reference = $2")
});
/// Its batches, by reference.
pub(super) static CARGO: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {BATCH} FROM cargo c JOIN batches b ON b.partition = c.home AND b.number = c.number {PRODUCT_OF_B} \
         WHERE c.partition = $1 AND c.shipment = $2 ORDER BY c.reference"
    )
});

pub(super) async fn shipment(
    pool: &Pool,
    reference: &ShipmentRef,
    today: Date,
) -> Result<Option<ShipmentResource>, Fault> {
    let partition = small(pool.partition_of(reference.as_str()));
    let about = |sql: &str| Ask::new(sql).with(partition).with(reference.to_string());
    let mut connection = pool.get().await?;
    let moment = moment(&mut connection).await?;
    let found = about(&SHIPMENT_BY_REFERENCE).of(&moment).await?;
    let Some(shipment) = found.first().map(rows::shipment).transpose()? else {
        return Ok(None);
    };
    let cargo = about(&CARGO).of(&moment).await?;
    let batches = cargo
        .iter()
        .map(|row| Ok(BatchResource::new(&rows::batch(row)?, today)));
    let batches = batches.collect::<Result<_, Fault>>()?;
    Ok(Some(ShipmentResource::new(&shipment, batches, today)))
}

/// The ETA as the index `shipments_by_eta` has it: what has landed stands after all days.
const ETA: &str = "coalesce(s.eta, DATE 'infinity')";

/// A page of shipments: first the page, then the totals of the batches of those on it.
pub(super) fn shipments_ask(
    pool: &Pool,
    filter: &ShipmentFilter,
    page: &Page,
) -> Result<Ask, ViewError> {
    let mut ask = Ask::new("");
    let all = ask.value(pool.all());
    let limit = ask.value(limit(page));
    let prefix = filter.prefix.as_deref();
    let (order, place) = match filter.sort {
        ShipmentSort::Reference => {
            check_name(page)?;
            let span = Span::new(page, prefix);
            let names_in = span::condition(&span, "s.reference", &mut ask);
            ("s.reference".to_owned(), names_in)
        }
        ShipmentSort::Eta => {
            let after = sorted::eta(page)?;
            let after = after.map_or((codes::Day::NOW, String::new()), |(eta, name)| {
                (eta.map_or(codes::Day::NEVER, codes::Day::of), name)
            });
            let (eta, name) = (ask.value(after.0), ask.value(after.1));
            let span = Span::new(&Page::default(), prefix);
            let names_in = span::condition(&span, "s.reference", &mut ask);
            (
                format!("{ETA}, s.reference"),
                format!("({ETA}, s.reference) > ({eta}, {name}) AND {names_in}"),
            )
        }
    };
    // In a list by ETA the conditions are those of its index.
    let eta = match filter.sort {
        ShipmentSort::Reference => "s.eta",
        ShipmentSort::Eta => ETA,
    };
    let mut conditions = vec![place];
    let not = |yes: bool| if yes { "" } else { "NOT " };
    match (filter.landed, filter.sort) {
        (Some(true), ShipmentSort::Eta) => conditions.push(format!("{ETA} = DATE 'infinity'")),
        (Some(false), ShipmentSort::Eta) => conditions.push(format!("{ETA} < DATE 'infinity'")),
        (Some(landed), ShipmentSort::Reference) => {
            conditions.push(format!("s.eta IS {}NULL", not(landed)));
        }
        (None, _) => {}
    }
    if let Some(held) = filter.held {
        conditions.push(format!("s.hold IS {}NULL", not(!held)));
    }
    if let Some(until) = filter.eta_until {
        let until = ask.value(codes::Day::of(until));
        conditions.push(format!("{eta} <= {until}"));
    }
    if let Some(from) = filter.eta_from {
        let from = ask.value(codes::Day::of(from));
        conditions.push(format!("{eta} >= {from} AND {eta} < DATE 'infinity'"));
    }
    if let Some(until) = filter.clear_until {
        let until = ask.value(codes::Day::of(until));
        conditions.push(format!("s.hold_clear <= {until}"));
    }
    if let Some(today) = filter.hold_overdue {
        let today = ask.value(codes::Day::of(today));
        conditions.push(format!(
            "s.hold IS NOT NULL AND (s.hold_clear IS NULL OR s.hold_clear < {today})"
        ));
    }
    if let Some(carrier) = &filter.carrier {
        let carrier = ask.value(carrier.to_string());
        conditions.push(format!("s.carrier = {carrier}"));
    }
    let (conditions, totals) = (conditions.join(" AND "), &*TOTALS);
    ask.sql = format!(
        "SELECT {SHIPMENT}, t.batches, t.purchased, t.allocated, t.dispatched, t.available FROM ( \
             SELECT s.* FROM unnest({all}::smallint[]) AS k (partition) CROSS JOIN LATERAL ( \
                 SELECT s.* FROM shipments s WHERE s.partition = k.partition AND {conditions} \
                 ORDER BY {order} LIMIT {limit}) AS s \
             ORDER BY {order} LIMIT {limit}) AS s \
         CROSS JOIN LATERAL (SELECT count(*) AS batches, {totals} \
             FROM cargo c JOIN batches b ON b.partition = c.home AND b.number = c.number \
             WHERE c.partition = s.partition AND c.shipment = s.reference) AS t \
         ORDER BY {order}"
    );
    Ok(ask)
}

pub(super) async fn shipments(
    pool: &Pool,
    filter: &ShipmentFilter,
    ask: &Ask,
    page: &Page,
    today: Date,
) -> Result<List<ShipmentResource>, Fault> {
    let found = pool.ask(ask).await?;
    let mut items = Vec::with_capacity(found.len());
    for row in &found {
        items.push(ShipmentResource {
            batches: None,
            batch_count: count(row, 9)?,
            purchased: count(row, 10)?,
            allocated: count(row, 11)?,
            dispatched: count(row, 12)?,
            available: count(row, 13)?,
            ..ShipmentResource::new(&rows::shipment(row)?, Vec::new(), today)
        });
    }
    Ok(cut(items, page.limit, |shipment| {
        let name = shipment.reference.as_str();
        match filter.sort {
            ShipmentSort::Reference => name.to_owned(),
            ShipmentSort::Eta => sorted::of_eta(shipment.eta, name),
        }
    }))
}
