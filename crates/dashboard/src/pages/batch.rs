//! One batch: how much of it there is, when and where, who counts on it, and what can be done.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use landfall_domain::BatchRef;
use landfall_service::resources::BatchResource;
use landfall_service::views::{PROMISES_LOOKED_AT, Promises, Thing};

use super::history::{History, SHOWN};
use super::stock::Stock;
use super::what_if::{self, Subject, WhatIf};
use super::{batches, pegged, revisions, shipments};
use crate::actions::{self, Offer};
use crate::charts::columns::Columns;
use crate::errors::Failed;
use crate::frame::{Frame, Place};
use crate::paths::Name;
use crate::table::{Cell, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format, links, live};

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage {
    frame: Frame,
    batch: BatchResource,
    live: String,
    eta: Cell,
    earlier: Option<String>,
    hold: Cell,
    shipment_hold: Option<Cell>,
    stock: Stock,
    offers: Vec<Offer>,
    what_if: Option<WhatIf>,
    /// Where that is asked of its shipment, with which it comes.
    aboard: Option<String>,
    chart: Option<Columns>,
    by_promise: Table,
    pegged: Table,
    /// Where all its lines are listed, when more count on it than are shown.
    lines: Option<String>,
    /// Where all orders that count on it are listed.
    orders: String,
    history: History,
}

/// The page.
pub(super) async fn page(
    State(context): State<Shared>,
    Name(name): Name,
    visit: Visit,
) -> Result<Response, Failed> {
    visit.asks_only(&what_if::FIELDS)?;
    let not_found = || Failed::NotFound("batch", name.clone());
    let reference: BatchRef = name.parse().map_err(|_| not_found())?;
    let views = &context.app.views;
    let today = visit.today();
    let batch = views.batch(&reference, today).await?;
    let batch = batch.ok_or_else(not_found)?;
    let thing = Thing::Batch(reference.clone());
    let events = views.latest(&thing, SHOWN).await?.unwrap_or_default();
    let earlier = revisions::earlier(&thing, &events);
    let live = live::name("batch", reference.as_str());
    // A batch that comes with others is late with them: that is asked of its shipment.
    let ship = batch.shipment.as_ref().map(Subject::Shipment);
    let ship = match ship.filter(|_| batch.eta.is_some() && what_if::may_ask(&visit)) {
        Some(ship) => ship.is_to_come(&**views, today).await?.then_some(ship),
        None => None,
    };
    let what_if = match batch.eta.filter(|_| ship.is_none()) {
        Some(eta) => {
            what_if::ask(&context, &visit, &Subject::Batch(&reference), eta, &live).await?
        }
        None => None,
    };
    let aboard = ship.map(|ship| ship.question());
    let status = match &what_if {
        Some(what_if) if what_if.is_wrong() => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let promises = views.promises_of(&reference).await?.unwrap_or_default();
    let pegged = pegged::of_batch(&**views, &batch, &promises, today).await?;
    let days = promises.days.iter();
    let days: Vec<_> = days.filter_map(|of| Some((of.day?, of.units))).collect();
    let page = BatchPage {
        frame: Frame::new(&visit, Place::Batches, format!("Batch {reference}")),
        eta: revisions::eta(batch.eta, &earlier, batch.overdue, "in the warehouse"),
        earlier: revisions::words(&earlier),
        hold: batch.hold.as_ref().map_or(Cell::None, shipments::hold),
        shipment_hold: batch.shipment_hold.as_ref().map(shipments::hold),
        stock: Stock::new(batches::bar(&batch), batch.available),
        offers: offers(&visit, &batch),
        what_if,
        aboard,
        chart: Columns::new("Units by promise date", &days),
        by_promise: by_promise(&promises, live.clone()),
        lines: pegged
            .is_cut()
            .then(|| pegged::all_of("batch", reference.as_str())),
        pegged: pegged.table(false, live.clone()),
        orders: links::list("/orders", &[("batch", reference.as_str())]),
        history: History::new(&visit, events),
        live,
        batch,
    };
    Ok((status, Html(page.render()?)).into_response())
}

fn by_promise(promises: &Promises, live: String) -> Table {
    let columns = [column("Promised for"), numbers("Lines"), numbers("Units")];
    let rows = promises.days.iter().map(|of| Row {
        cells: vec![
            of.day
                .map_or(Cell::Badge(Tone::Warn, "no day".into()), Cell::Day),
            Cell::Number(of.lines),
            Cell::Number(of.units),
        ],
    });
    let caption = if promises.capped {
        let most = format::number(PROMISES_LOOKED_AT);
        format!("Units by promise date, of the {most} lines that would lose them last")
    } else {
        "Units by promise date".to_owned()
    };
    Table::new("by-promise", caption, &columns)
        .with_rows(rows)
        .live(live)
}

fn offers(visit: &Visit, batch: &BatchResource) -> Vec<Offer> {
    let reference = ("reference", batch.reference.as_str());
    let eta = batch.eta.map(|day| day.to_string());
    let eta = ("eta", eta.as_deref().unwrap_or_default());
    let quantity = batch.purchased.to_string();
    let quantity = ("quantity", quantity.as_str());
    let hold = match batch.hold {
        None => "HoldBatch",
        Some(_) => "ReleaseBatch",
    };
    // What has left entirely has nothing that could be cancelled.
    let left: &[&str] = if batch.purchased > batch.dispatched {
        &["CancelBatch"]
    } else {
        &[]
    };
    [
        actions::offers(visit, &["ChangeBatchQuantity"], &[reference, quantity]),
        actions::offers(visit, &["ChangeBatchEta"], &[reference, eta]),
        actions::offers(visit, &[hold], &[reference]),
        actions::offers(visit, &["ReceiveBatch"], &[reference, quantity]),
        actions::offers(visit, left, &[reference]),
    ]
    .concat()
}
