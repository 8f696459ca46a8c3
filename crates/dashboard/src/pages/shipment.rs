//! One shipment: what it carries, who counts on it, and what it would mean if it were late.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use landfall_domain::ShipmentRef;
use landfall_service::resources::{BatchResource, ShipmentResource};
use landfall_service::views::Thing;

use super::history::{History, SHOWN};
use super::stock::Stock;
use super::what_if::{self, Subject, WhatIf};
use super::{pegged, revisions, shipments};
use crate::actions::{self, Offer};
use crate::errors::Failed;
use crate::frame::{Frame, Place};
use crate::paths::Name;
use crate::table::{Bar, Cell, Row, Table, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format, links, live};

/// Batches in the page.
const BATCHES: usize = 100;
/// Events that are read: those of batches that only follow their shipment are not shown.
const EVENTS: usize = 1_000;

#[derive(Template)]
#[template(path = "shipment.html")]
struct ShipmentPage {
    frame: Frame,
    shipment: ShipmentResource,
    live: String,
    eta: Cell,
    earlier: Option<String>,
    hold: Cell,
    stock: Stock,
    offers: Vec<Offer>,
    what_if: Option<WhatIf>,
    batches: Table,
    /// Where all its batches are, when there are more than are shown.
    all_batches: Option<String>,
    pegged: Table,
    /// Where all its lines are listed, and where the late ones, when more count on it than are shown.
    more_lines: Option<(String, String)>,
    history: History,
}

/// The page.
pub(super) async fn page(
    State(context): State<Shared>,
    Name(name): Name,
    visit: Visit,
) -> Result<Response, Failed> {
    visit.asks_only(&what_if::FIELDS)?;
    let not_found = || Failed::NotFound("shipment", name.clone());
    let reference: ShipmentRef = name.parse().map_err(|_| not_found())?;
    let views = &context.app.views;
    let today = visit.today();
    let shipment = views.shipment(&reference, today).await?;
    let mut shipment = shipment.ok_or_else(not_found)?;
    let cargo = shipment.batches.take().unwrap_or_default();
    let thing = Thing::Shipment(reference.clone());
    let mut events = views.latest(&thing, EVENTS).await?.unwrap_or_default();
    let earlier = revisions::earlier(&thing, &events);
    let cut = events.len() >= EVENTS;
    events.sort_by_key(|record| (record.time, record.offset));
    events.retain(|record| !revisions::follows(&thing, &record.event));
    let events = events.split_off(events.len().saturating_sub(SHOWN));
    let mut history = History::new(&visit, events);
    history.cut |= cut;
    let pegged = pegged::of_batches(&**views, &cargo, today).await?;
    let live = names(&reference, &cargo);
    let what_if = match shipment.eta {
        Some(eta) => {
            what_if::ask(&context, &visit, &Subject::Shipment(&reference), eta, &live).await?
        }
        None => None,
    };
    let status = match &what_if {
        Some(what_if) if what_if.is_wrong() => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let all_batches = (cargo.len() > BATCHES)
        .then(|| links::list("/batches", &[("shipment", reference.as_str())]));
    let page = ShipmentPage {
        frame: Frame::new(&visit, Place::Arrivals, format!("Shipment {reference}")),
        eta: revisions::eta(shipment.eta, &earlier, shipment.overdue, "landed"),
        earlier: revisions::words(&earlier),
        hold: shipment.hold.as_ref().map_or(Cell::None, shipments::hold),
        stock: Stock::new(shipments::bar(&shipment), shipment.available),
        offers: offers(&visit, &shipment),
        what_if,
        batches: batches(&cargo, live.clone()),
        all_batches,
        more_lines: pegged.is_cut().then(|| {
            let late = links::list("/late", &[("shipment", reference.as_str())]);
            (pegged::all_of("shipment", reference.as_str()), late)
        }),
        pegged: pegged.table(true, live.clone()),
        history,
        live,
        shipment,
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// What changes the page: the shipment, and all that happens to its batches; everything, where these are many.
fn names(reference: &ShipmentRef, cargo: &[BatchResource]) -> String {
    let batches = cargo
        .iter()
        .map(|batch| live::name("batch", batch.reference.as_str()));
    let shipment = live::name("shipment", reference.as_str());
    live::any_of([shipment].into_iter().chain(batches))
}

fn offers(visit: &Visit, shipment: &ShipmentResource) -> Vec<Offer> {
    let reference = ("reference", shipment.reference.as_str());
    let eta = shipment.eta.map(|day| day.to_string());
    let eta = ("eta", eta.as_deref().unwrap_or_default());
    let hold = match shipment.hold {
        None => "HoldShipment",
        Some(_) => "ReleaseShipment",
    };
    let carries = ("shipment", shipment.reference.as_str());
    [
        actions::offers(visit, &["ChangeShipmentEta"], &[reference, eta]),
        actions::offers(visit, &[hold, "ReceiveShipment"], &[reference]),
        actions::offers(visit, &["CreateBatch"], &[carries]),
    ]
    .concat()
}

/// When a batch is here, and its own hold: the shipment's is told above.
fn when(batch: &BatchResource) -> Cell {
    Cell::supply(&BatchResource {
        shipment_hold: None,
        ..batch.clone()
    })
}

fn free(batch: &BatchResource) -> u64 {
    let sold = batch.allocated.saturating_add(batch.dispatched);
    batch.purchased.saturating_sub(sold)
}

fn batches(cargo: &[BatchResource], live: String) -> Table {
    let columns = [
        column("Batch"),
        column("SKU"),
        column("When"),
        numbers("Units"),
        numbers("Free"),
        column("Sold"),
        column("Lines"),
    ];
    let rows = cargo.iter().take(BATCHES).map(|batch| Row {
        cells: vec![
            Cell::batch(batch.reference.as_str()),
            Cell::product(batch.sku.as_str()),
            when(batch),
            Cell::Number(batch.purchased),
            Cell::Number(free(batch)),
            Cell::Bar(Bar {
                purchased: batch.purchased,
                allocated: batch.allocated,
                dispatched: batch.dispatched,
            }),
            pegged::orders(batch),
        ],
    });
    let all = cargo.len() as u64;
    let caption = if cargo.len() > BATCHES {
        format!("The first {BATCHES} of {} batches", format::number(all))
    } else {
        format::count(all, "batch", "batches")
    };
    Table::new("batches", caption, &columns)
        .with_rows(rows)
        .or_empty("It carries nothing yet.")
        .live(live)
}
