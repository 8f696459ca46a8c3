//! One product: what can be promised of it and when, its batches, who waits for it, and what happened.

mod ask;
mod outlook;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use landfall_domain::{ShipmentRef, Sku};
use landfall_service::resources::{BatchResource, LineResource};
use landfall_service::views::{BatchFilter, Page, Thing};

use super::history::History;
use crate::actions::{self, Offer};
use crate::charts::steps::Steps;
use crate::errors::Failed;
use crate::frame::{Frame, Place};
use crate::live;
use crate::paths::Name;
use crate::table::{Bar, Cell, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format, links};
use ask::Asked;
use outlook::Outlook;

/// Batches that are looked at.
const BATCHES: usize = 500;
/// Batches and lines that are listed; the rest is in lists of its own.
const LISTED: usize = 50;
/// Events that are told.
const EVENTS: usize = 40;

#[derive(Template)]
#[template(path = "product.html")]
struct ProductPage {
    frame: Frame,
    sku: Sku,
    live: String,
    offers: Vec<Offer>,
    figures: Vec<Figure>,
    chart: Option<Steps>,
    dates: Table,
    /// What the chart does not count.
    aside: Vec<String>,
    batches: Table,
    all_batches: String,
    /// Batches of which nothing is left.
    gone: usize,
    queue: Table,
    /// The list of all that wait, where more do than are shown.
    all_waiting: Option<(String, u64)>,
    path: String,
    asked: Asked,
    history: History,
}

/// A number and what it is of.
struct Figure {
    number: String,
    label: &'static str,
    tone: Tone,
    href: Option<String>,
}

/// The page.
pub(super) async fn page(
    State(context): State<Shared>,
    Name(sku): Name,
    visit: Visit,
) -> Result<Response, Failed> {
    let not_found = || Failed::NotFound("product", sku.clone());
    let sku: Sku = sku.parse().map_err(|_| not_found())?;
    let views = &context.app.views;
    let of_sku = BatchFilter {
        sku: Some(sku.clone()),
        ..BatchFilter::default()
    };
    let (first, queue) = (first(BATCHES), first(LISTED));
    let thing = Thing::Product(sku.clone());
    let (product, batches, queue, events) = tokio::try_join!(
        views.product(&sku),
        views.batches(&of_sku, &first, visit.today()),
        views.backorders(Some(&sku), &queue, visit.today()),
        views.latest(&thing, EVENTS),
    )?;
    let product = product.ok_or_else(not_found)?;
    let asked = Asked::read(&context.app.bus, &sku, &visit).await?;
    let outlook = Outlook::new(&batches.items, visit.day);
    let (kept, gone): (Vec<_>, Vec<_>) = batches
        .items
        .into_iter()
        .partition(|batch| batch.purchased > batch.dispatched);
    let name = sku.as_str();
    let waiting = product.backordered_lines;
    let all_waiting = links::list("/backorders", &[("sku", name)]);
    let shown_waiting = queue.items.len() as u64;
    let figures = vec![
        figure(outlook.free_now(visit.day), "free now"),
        figure(product.available, "free in all"),
        figure(product.allocated, "allocated"),
        Figure {
            tone: if waiting > 0 { Tone::Warn } else { Tone::Plain },
            href: (waiting > 0).then(|| all_waiting.clone()),
            ..figure(waiting, "lines waiting")
        },
        figure(product.purchased, "purchased"),
        figure(product.dispatched, "dispatched"),
    ];
    let events = events.unwrap_or_default();
    let mut history = History::naming(&visit, events, |record| {
        let (order, _) = record.event.line()?;
        Some(Cell::order(order.as_str()))
    });
    history.cut = history.count >= EVENTS;
    let mut aside = outlook.aside();
    if batches.next.is_some() {
        aside.push(format!(
            "Only the first {} batches by name are counted here.",
            format::number(BATCHES as u64)
        ));
    }
    let status = asked.status();
    let page = ProductPage {
        frame: Frame::new(&visit, Place::Products, name),
        live: live::name("sku", name),
        offers: actions::offers(&visit, &["CreateBatch", "Allocate"], &[("sku", name)]),
        figures,
        chart: outlook.chart(name, visit.day),
        dates: outlook.table(),
        aside,
        all_batches: links::list("/batches", &[("sku", name)]),
        gone: gone.len(),
        batches: batch_table(&sku, kept),
        queue: queue_table(&sku, &queue.items),
        all_waiting: (waiting > shown_waiting).then_some((all_waiting, waiting)),
        path: visit.path.clone(),
        asked,
        history,
        sku,
    };
    Ok((status, Html(page.render()?)).into_response())
}

fn first(limit: usize) -> Page {
    Page { after: None, limit }
}

fn figure(number: u64, label: &'static str) -> Figure {
    Figure {
        number: format::number(number),
        label,
        tone: Tone::Plain,
        href: None,
    }
}

/// Batches of which something is left, as they can be counted on.
fn batch_table(sku: &Sku, mut batches: Vec<BatchResource>) -> Table {
    let mut columns = vec![
        column("Batch"),
        column("Here"),
        column("Shipment"),
        numbers("Purchased"),
        column("Sold"),
        numbers("Available"),
    ];
    let located = batches.iter().any(|batch| batch.location.is_some());
    if located {
        columns.push(column("Location"));
    }
    let all = batches.len();
    batches.sort_by_cached_key(|batch| {
        (
            outlook::supply(batch),
            batch.eta,
            batch.reference.to_string(),
        )
    });
    let rows = batches.iter().take(LISTED).map(|batch| {
        let mut cells = vec![
            Cell::batch(batch.reference.as_str()),
            Cell::supply(batch),
            Cell::shipment(batch.shipment.as_ref().map(ShipmentRef::as_str)),
            Cell::Number(batch.purchased),
            Cell::Bar(Bar {
                purchased: batch.purchased,
                allocated: batch.allocated,
                dispatched: batch.dispatched,
            }),
            Cell::Number(batch.available),
        ];
        if located {
            let place = batch.location.as_ref();
            cells.push(place.map_or(Cell::None, |place| Cell::text(place.as_str())));
        }
        Row { cells }
    });
    let caption = if all > LISTED {
        format!(
            "Batches: the first {LISTED} of {}",
            format::number(all as u64)
        )
    } else {
        "Batches".to_owned()
    };
    Table::new("batches", caption, &columns)
        .with_rows(rows)
        .or_empty("Nothing is here, and nothing is on its way.")
        .live(live::name("sku", sku.as_str()))
}

/// The lines that wait, in the order in which they are filled.
fn queue_table(sku: &Sku, lines: &[LineResource]) -> Table {
    let columns = [
        column("Order"),
        column("Line"),
        numbers("Units"),
        numbers("Priority"),
        column("Requested for"),
        column("First promised for"),
    ];
    let rows = lines.iter().map(|line| {
        let order = line.order_id.as_str();
        Row {
            cells: vec![
                Cell::Name {
                    href: links::line(order, line.line_id.as_str()),
                    text: order.to_owned(),
                },
                if line.line_id.as_str() == sku.as_str() {
                    Cell::None
                } else {
                    Cell::text(line.line_id.as_str())
                },
                Cell::Number(line.quantity.saturating_sub(line.dispatched)),
                Cell::Number(line.priority.get().into()),
                Cell::day(line.requested_date),
                Cell::day(line.original_promise),
            ],
        }
    });
    Table::new("queue", "Lines that wait, the next one first", &columns)
        .with_rows(rows)
        .or_empty("No line waits.")
        .live(live::name("sku", sku.as_str()))
}
