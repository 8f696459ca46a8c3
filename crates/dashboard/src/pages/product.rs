//! One product: what can be promised of it and when, its batches, who waits for it, and what happened.

mod ask;
mod outlook;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use jiff::civil::Date;
use landfall_domain::{Day, ShipmentRef, Sku};
use landfall_service::resources::{
    AvailabilityResource, BatchResource, LineResource, ProductResource,
};
use landfall_service::views::{BatchFilter, Page, Thing, ViewError, Views};

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
const BATCHES: usize = 5_000;
/// Batches that are read at once.
const AT_ONCE: usize = 1_000;
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
    gone: Option<String>,
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
    visit.asks_only(&ask::FIELDS)?;
    let not_found = || Failed::NotFound("product", sku.clone());
    let sku: Sku = sku.parse().map_err(|_| not_found())?;
    let views = &context.app.views;
    let queue = first(LISTED);
    let thing = Thing::Product(sku.clone());
    let (product, (batches, whole), available, queue, events) = tokio::try_join!(
        views.product(&sku),
        batches(&**views, &sku, visit.today()),
        views.availability(&sku, &visit.day),
        views.backorders(Some(&sku), &queue, visit.today()),
        views.latest(&thing, EVENTS),
    )?;
    let product = product.ok_or_else(not_found)?;
    let asked = Asked::read(&context.app.bus, &sku, &visit).await?;
    let outlook = Outlook::new(&batches, visit.day);
    let mut aside = outlook.aside(visit.day);
    aside.extend((!whole).then(|| not_counted(&product, &batches)));
    let (kept, gone): (Vec<_>, Vec<_>) = batches
        .into_iter()
        .partition(|batch| batch.purchased > batch.dispatched);
    let name = sku.as_str();
    let waiting = product.backordered_lines;
    let all_waiting = links::list("/backorders", &[("sku", name)]);
    let shown_waiting = queue.items.len() as u64;
    let figures = vec![
        figure(free_now(available.as_ref(), visit.day), "free now"),
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
        gone: (!gone.is_empty()).then(|| at_least(gone.len(), whole)),
        batches: batch_table(&sku, kept, whole),
        queue: queue_table(&sku, &queue.items),
        all_waiting: (waiting > shown_waiting).then_some((all_waiting, waiting)),
        path: links::product(name),
        asked,
        history,
        sku,
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// The batches of a product by name, as many as are looked at, and whether these are all.
async fn batches(
    views: &dyn Views,
    sku: &Sku,
    today: Date,
) -> Result<(Vec<BatchResource>, bool), ViewError> {
    let of_sku = BatchFilter {
        sku: Some(sku.clone()),
        ..BatchFilter::default()
    };
    let (mut found, mut page) = (Vec::new(), first(AT_ONCE));
    loop {
        let list = views.batches(&of_sku, &page, today).await?;
        found.extend(list.items);
        page.after = list.next;
        if page.after.is_none() || found.len() >= BATCHES {
            return Ok((found, page.after.is_none()));
        }
    }
}

/// Units that can be promised of what is in the warehouse, of all batches.
fn free_now(available: Option<&AvailabilityResource>, day: Day) -> u64 {
    let now = day.promise_for(None);
    let steps = available.map_or(&[][..], |available| &available.steps);
    let there = steps.iter().take_while(|step| step.date <= now);
    there.last().map_or(0, |step| step.cumulative)
}

/// What the batches that were not looked at have, in words.
fn not_counted(product: &ProductResource, batches: &[BatchResource]) -> String {
    let left = |purchased: u64, dispatched: u64| purchased.saturating_sub(dispatched);
    let counted = batches
        .iter()
        .map(|batch| left(batch.purchased, batch.dispatched))
        .fold(0, u64::saturating_add);
    let all = left(product.purchased, product.dispatched);
    let others = all.saturating_sub(counted);
    format!(
        "Only the first {} batches by name are counted here: {} of others, of {}, not.",
        format::number(batches.len() as u64),
        format::count(others, "unit", "units"),
        format::number(all),
    )
}

/// How many there are, or at the least are.
fn at_least(count: usize, whole: bool) -> String {
    let more = if whole { "" } else { "more than " };
    format!("{more}{}", format::number(count as u64))
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
fn batch_table(sku: &Sku, mut batches: Vec<BatchResource>, whole: bool) -> Table {
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
        format!("Batches: the first {LISTED} of {}", at_least(all, whole))
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
