//! The worklist: lines that wait for stock, and lines that come later than was promised. They are read from the desk,
//! which may be a moment behind.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use landfall_domain::ShipmentRef;
use landfall_service::access::Right;
use landfall_service::desk::{Age, Cause, WorkFilter, WorkItem, WorkKind, WorkSort};
use landfall_service::views::Page;

use super::freshness::{behind, take_in};
use super::lists::{self, Asked, Filters, Listing};
use super::today::cause;
use crate::errors::Failed;
use crate::frame::Place;
use crate::table::{Cell, Column, DO, Row, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format, links};

const WAITING: [Column; 12] = [
    column("Order"),
    column("Line").in_file(),
    column("SKU"),
    numbers("Units"),
    numbers("Priority").sorted_by("priority"),
    numbers("Waits for")
        .sorted_by("age")
        .usual()
        .named_in_csv("Waiting since"),
    column("Why"),
    column("Requested"),
    column("Promised first"),
    column("Lost from"),
    column("Shipment").in_file(),
    DO,
];

const LATE: [Column; 15] = [
    column("Order"),
    column("Line").in_file(),
    column("SKU"),
    numbers("Units"),
    numbers("Priority").sorted_by("priority"),
    column("Promised first"),
    column("Now"),
    numbers("Days late").sorted_by("days_late").usual(),
    numbers("Late since").sorted_by("age"),
    column("Why"),
    column("Supply"),
    column("Batch").in_file(),
    column("Shipment").in_file(),
    column("Requested").in_file(),
    DO,
];

/// The filter of a band of ages.
pub(super) const WAITING_DAYS: &str = "waiting_days";

/// A band of ages as people say it.
pub(super) fn band_words(age: Age) -> &'static str {
    match age {
        Age::Days => "Under a week",
        Age::Weeks => "1 to 4 weeks",
        Age::Months => "4 to 13 weeks",
        Age::Longer => "13 weeks or more",
    }
}

/// Lines that wait.
pub(super) async fn waiting(
    State(context): State<Shared>,
    visit: Visit,
) -> Result<Response, Failed> {
    let list = Worklist {
        kind: WorkKind::Waiting,
        sort: WorkSort::Age,
        listing: Listing {
            place: Place::Backorders,
            heading: "Backorders",
            help: "Lines that wait for stock, the longest first. A new batch fills them in the order of their product's queue.",
            path: "/backorders",
            columns: &WAITING,
            filters: Vec::new(),
            about: None,
            offers: crate::actions::offers(&visit, &["CreateBatch"], &[]),
            empty: "No line that waits is like that.",
            none: "No line waits.",
            notice: None,
        },
        row: waiting_row,
    };
    page(&context, visit, list).await
}

/// Lines that are late.
pub(super) async fn late(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    let list = Worklist {
        kind: WorkKind::Late,
        sort: WorkSort::DaysLate,
        listing: Listing {
            place: Place::Late,
            heading: "Late lines",
            help: "Lines with stock that comes later than was promised first, or without a day any more; the worst first. “Why” is what made them late, “Supply” what they come from now.",
            path: "/late",
            columns: &LATE,
            filters: Vec::new(),
            about: None,
            offers: Vec::new(),
            empty: "No late line is like that.",
            none: "No line is late.",
            notice: None,
        },
        row: late_row,
    };
    page(&context, visit, list).await
}

/// What makes one of the two lists.
struct Worklist {
    kind: WorkKind,
    /// How it is sorted where nothing is said.
    sort: WorkSort,
    listing: Listing<'static>,
    row: fn(&Visit, &WorkItem) -> Row,
}

async fn page(context: &Shared, visit: Visit, list: Worklist) -> Result<Response, Failed> {
    let Worklist {
        kind,
        sort,
        mut listing,
        row,
    } = list;
    let params = &visit.params;
    let mut errors = Vec::new();
    let causes = Cause::ALL.map(|cause| (cause.as_str(), cause));
    let sorts: &[_] = match kind {
        // Nothing that waits has a day.
        WorkKind::Waiting => &[("age", WorkSort::Age), ("priority", WorkSort::Priority)],
        WorkKind::Late => &[
            ("age", WorkSort::Age),
            ("days_late", WorkSort::DaysLate),
            ("priority", WorkSort::Priority),
        ],
    };
    let filter = WorkFilter {
        sku: params.parse("sku", &mut errors),
        shipment: params.parse("shipment", &mut errors),
        batch: params.parse("batch", &mut errors),
        cause: params.one_of("cause", &causes, &mut errors),
        ..WorkFilter::default()
    };
    let sort = params.one_of("sort", sorts, &mut errors).unwrap_or(sort);
    let bands = Age::ALL.map(|age| (age.as_str(), age));
    let band = match kind {
        WorkKind::Waiting => params.one_of(WAITING_DAYS, &bands, &mut errors),
        WorkKind::Late => None,
    };
    let filter = match band {
        Some(age) => age.cut(filter, visit.now),
        None => filter,
    };
    let desk = &context.app.desk;
    if visit.params.get("done").is_some() {
        take_in(&**desk).await?;
    }
    let lag = behind(&desk.lag().await?, visit.now);
    listing.notice = lists::wrong_sort(&errors).or(lag);
    let filters = Filters {
        params,
        errors: &errors,
    };
    let mut choices = vec![("", "Any")];
    choices.extend(Cause::ALL.into_iter().map(|why| (why.as_str(), cause(why))));
    listing.filters = vec![
        filters.text("sku", "SKU"),
        filters.text("shipment", "Shipment"),
        filters.text("batch", "Batch"),
        filters.choice("cause", "Why", &choices),
    ];
    if kind == WorkKind::Waiting {
        let mut choices = vec![("", "Any time")];
        choices.extend(Age::ALL.map(|age| (age.as_str(), band_words(age))));
        let waits = filters.choice(WAITING_DAYS, "Waits for", &choices);
        listing.filters.push(waits);
    }
    let (hold, context) = (errors.is_empty(), Arc::clone(context));
    let ask = move |page: Page| -> Asked<_> {
        let (context, filter) = (Arc::clone(&context), filter.clone());
        Box::pin(async move {
            let desk = &context.app.desk;
            desk.worklist(kind, &filter, sort, &page).await
        })
    };
    let of = visit.clone();
    let row = move |item: &WorkItem| row(&of, item);
    lists::answer(&visit, listing, hold, ask, row).await
}

/// The cells that both lists begin with.
fn beginning(item: &WorkItem) -> Vec<Cell> {
    let (order, line) = (item.order_id.as_str(), item.line_id.as_str());
    vec![
        Cell::line(order, line, item.sku.as_str()),
        Cell::text(line),
        Cell::product(item.sku.as_str()),
        Cell::Number(item.units),
        Cell::Number(item.priority.get().into()),
    ]
}

/// What can be done.
fn todo(visit: &Visit, item: &WorkItem) -> Cell {
    if !visit.may(Right::Orders) {
        return Cell::None;
    }
    let fields = [
        ("order_id", item.order_id.as_str()),
        ("line_id", item.line_id.as_str()),
    ];
    Cell::Do {
        href: links::action("CancelLine", &fields, &visit.url()),
        text: "Cancel".into(),
    }
}

/// Where its goods are or were, by the name that says most: the shipment's, else the batch's.
fn supply(item: &WorkItem) -> Cell {
    match item.shipment {
        Some(_) => shipment(item),
        None => batch(item),
    }
}

fn shipment(item: &WorkItem) -> Cell {
    Cell::shipment(item.shipment.as_ref().map(ShipmentRef::as_str))
}

fn batch(item: &WorkItem) -> Cell {
    let batch = item.batch.as_ref();
    batch.map_or(Cell::None, |batch| Cell::batch(batch.as_str()))
}

fn age(visit: &Visit, item: &WorkItem) -> Cell {
    Cell::Since {
        at: visit.local(item.since),
        age: format::since(item.since, visit.now),
    }
}

fn waiting_row(visit: &Visit, item: &WorkItem) -> Row {
    let mut cells = beginning(item);
    cells.extend([
        age(visit, item),
        Cell::text(cause(item.cause)),
        Cell::day(item.requested_date),
        Cell::day(item.original_promise),
        batch(item),
        shipment(item),
        todo(visit, item),
    ]);
    Row { cells }
}

fn late_row(visit: &Visit, item: &WorkItem) -> Row {
    let mut cells = beginning(item);
    cells.extend([
        Cell::day(item.original_promise),
        match item.current_promise {
            Some(day) => Cell::Day(day),
            None => Cell::Badge(Tone::Bad, "no date".into()),
        },
        item.days_late
            .map_or(Cell::None, |days| Cell::Number(days.into())),
        age(visit, item),
        Cell::text(cause(item.cause)),
        supply(item),
        batch(item),
        shipment(item),
        Cell::day(item.requested_date),
        todo(visit, item),
    ]);
    Row { cells }
}
