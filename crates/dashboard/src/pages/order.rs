//! One order: its lines and their promises, why each is what it is, what happened, and what can be done.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use landfall_domain::line::Status;
use landfall_domain::{LineKey, OrderId};
use landfall_service::explanation::{ExplanationResource, explain};
use landfall_service::resources::{LineResource, OrderResource};
use landfall_service::views::{Page, Thing};

use super::history::{History, SHOWN};
use super::orders::state;
use crate::actions::{self, Offer};
use crate::errors::Failed;
use crate::frame::{Frame, Place};
use crate::live;
use crate::table::{Cell, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format};

/// Lines whose reasons are told in the page; of the others on their own page each.
const EXPLAINED: usize = 20;
/// Batches that are told of each line.
const CANDIDATES: usize = 12;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    order: OrderResource,
    live: String,
    state: Cell,
    promise: Cell,
    offers: Vec<Offer>,
    lines: Vec<LinePart>,
    more: usize,
    history: History,
}

/// One line in the page.
struct LinePart {
    line: LineResource,
    state: Cell,
    promise: Cell,
    allocations: Cell,
    offers: Vec<Offer>,
    why: Option<Why>,
}

/// Why a line has what it has.
struct Why {
    summary: String,
    candidates: Table,
}

/// The page.
pub(super) async fn page(
    State(context): State<Shared>,
    Path(id): Path<String>,
    visit: Visit,
) -> Result<Response, Failed> {
    let not_found = || Failed::NotFound("order", id.clone());
    let id: OrderId = id.parse().map_err(|_| not_found())?;
    let views = &context.app.views;
    let order = views.order(&id, visit.today()).await?;
    let order = order.ok_or_else(not_found)?;
    let page = Page {
        after: None,
        limit: SHOWN,
    };
    let events = views.history(&Thing::Order(id.clone()), &page).await?;
    let mut lines = Vec::new();
    for (place, line) in order.lines.iter().enumerate() {
        let key = LineKey {
            order_id: id.clone(),
            line_id: line.line_id.clone(),
        };
        let why = if place < EXPLAINED {
            explain(&**views, &key, &visit.day).await?
        } else {
            None
        };
        lines.push(LinePart {
            state: line_state(line),
            promise: Cell::Promise {
                original: line.original_promise,
                current: line.current_promise,
                overdue: line.overdue,
            },
            allocations: Cell::allocations(&line.allocations),
            offers: line_offers(&visit, line),
            why: why.map(of_explanation),
            line: line.clone(),
        });
    }
    let open = order.lines.iter().any(|line| is_open(line.status));
    let fields = [("order_id", id.as_str())];
    let commands: &[&str] = if open {
        &["Dispatch", "Allocate", "CancelOrder"]
    } else {
        &["Allocate"]
    };
    super::show(&OrderPage {
        frame: Frame::new(&visit, Place::Orders, format!("Order {id}")),
        live: live::name("order", id.as_str()),
        state: state(&order),
        promise: Cell::Promise {
            original: order.original_promise,
            current: order.current_promise,
            overdue: order.lines.iter().any(|line| line.overdue),
        },
        offers: actions::offers(&visit, commands, &fields),
        more: order.lines.len().saturating_sub(EXPLAINED),
        lines,
        history: History::new(&visit, events.map(|page| page.events).unwrap_or_default()),
        order,
    })
}

fn is_open(status: Status) -> bool {
    matches!(status, Status::Allocated | Status::Backordered)
}

fn line_offers(visit: &Visit, line: &LineResource) -> Vec<Offer> {
    let commands: &[&str] = match line.status {
        Status::Allocated if line.dispatched > 0 => &["Dispatch", "CancelLine"],
        Status::Allocated => &["ChangeLineQuantity", "Dispatch", "CancelLine"],
        Status::Backordered => &["ChangeLineQuantity", "CancelLine"],
        Status::Dispatched | Status::Cancelled => &[],
    };
    let fields = [
        ("order_id", line.order_id.as_str()),
        ("line_id", line.line_id.as_str()),
    ];
    actions::offers(visit, commands, &fields)
}

/// Where a line stands.
pub(super) fn line_state(line: &LineResource) -> Cell {
    let (tone, words) = match line.status {
        Status::Allocated if line.dispatched > 0 => (Tone::Good, "partly dispatched"),
        Status::Allocated => (Tone::Good, "allocated"),
        Status::Backordered => (Tone::Warn, "waits for stock"),
        Status::Dispatched => (Tone::Plain, "dispatched"),
        Status::Cancelled => (Tone::Plain, "cancelled"),
    };
    Cell::Badge(tone, words.into())
}

fn of_explanation(explanation: ExplanationResource) -> Why {
    let columns = [
        column("Batch"),
        column("Shipment"),
        column("Location"),
        column("Could be promised for"),
        numbers("Available"),
        column("Taken or not"),
    ];
    let all = explanation.candidates.len() as u64 + explanation.candidates_left_out;
    let rows = explanation.candidates.iter().take(CANDIDATES);
    let rows = rows.map(|candidate| Row {
        cells: vec![
            Cell::batch(candidate.batch.as_str()),
            Cell::shipment(
                candidate
                    .shipment
                    .as_ref()
                    .map(|shipment| shipment.as_str()),
            ),
            candidate
                .location
                .as_ref()
                .map_or(Cell::None, |location| Cell::text(location.as_str())),
            Cell::day(candidate.ready),
            Cell::Number(candidate.available),
            Cell::text(&candidate.reason),
        ],
    });
    let caption = if all > CANDIDATES as u64 {
        format!(
            "The first {CANDIDATES} of {} batches, in order of preference",
            format::number(all)
        )
    } else {
        "Batches, in order of preference".to_owned()
    };
    Why {
        summary: explanation.summary,
        candidates: Table::new("candidates", caption, &columns)
            .with_rows(rows)
            .or_empty("No batch is looked at: nothing of the line is wanted any longer."),
    }
}
