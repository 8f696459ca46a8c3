//! Lines that should have left: their goods lie in the warehouse, and their promised day has passed.

mod count;

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use landfall_service::views::{OverdueFilter, OverdueLine, OverdueSort, Page};

use super::lists::{self, Asked, Filters, Listing};
use crate::errors::Failed;
use crate::frame::Place;
use crate::table::{Cell, Column, DO, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format};

pub(crate) use count::{Count, Counted, begin, read};

const COLUMNS: [Column; 11] = [
    column("Order"),
    column("Line").in_file(),
    column("SKU"),
    numbers("Units"),
    numbers("Outstanding"),
    numbers("Priority").sorted_by("priority"),
    column("Promised first"),
    column("Promised").rising_by("promise").usual(),
    numbers("Days overdue"),
    column("Batch"),
    DO,
];

/// All of them.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    let params = &visit.params;
    let mut errors = Vec::new();
    let filter = OverdueFilter {
        sku: params.parse("sku", &mut errors),
        batch: params.parse("batch", &mut errors),
        shipment: params.parse("shipment", &mut errors),
    };
    let sorts = [
        ("promise", OverdueSort::Promise),
        ("priority", OverdueSort::Priority),
    ];
    let sort = params
        .one_of("sort", &sorts, &mut errors)
        .unwrap_or_default();
    let filters = Filters {
        params,
        errors: &errors,
    };
    let listing = Listing {
        place: Place::Overdue,
        heading: "Overdue lines",
        help: "Lines whose promised day has passed while their goods lie in the warehouse and nothing keeps them there; the longest overdue first. “Units” may leave, “Outstanding” is all that the line still waits for.",
        path: "/overdue",
        columns: &COLUMNS,
        filters: vec![
            filters.text("sku", "SKU"),
            filters.text("batch", "Batch"),
            filters.text("shipment", "Shipment"),
        ],
        about: None,
        offers: Vec::new(),
        empty: "No overdue line is like that.",
        none: NONE,
        notice: lists::wrong_sort(&errors),
    };
    let (hold, today) = (errors.is_empty(), visit.today());
    let ask = move |page: Page| -> Asked<_> {
        let (context, filter) = (Arc::clone(&context), filter.clone());
        Box::pin(async move {
            let views = &context.app.views;
            views.overdue(&filter, sort, &page, today).await
        })
    };
    let of = visit.clone();
    lists::answer(&visit, listing, hold, ask, move |line| row(&of, line)).await
}

/// What is said where there are none.
const NONE: &str = "Everything in the warehouse whose day has come has left.";

fn row(visit: &Visit, overdue: &OverdueLine) -> Row {
    let line = &overdue.line;
    let (order, name, sku) = (&line.order_id, &line.line_id, &line.sku);
    Row {
        cells: vec![
            Cell::line(order.as_str(), name.as_str(), sku.as_str()),
            Cell::text(name.as_str()),
            Cell::product(sku.as_str()),
            Cell::Number(overdue.units()),
            Cell::Number(outstanding(overdue)),
            Cell::Number(line.priority.get().into()),
            Cell::day(line.original_promise),
            Cell::day(line.current_promise),
            days(visit, overdue).map_or(Cell::None, Cell::Number),
            Cell::allocations(&overdue.here),
            Cell::Several(todo(visit, overdue)),
        ],
    }
}

/// Units of the line that have not left, wherever they are.
fn outstanding(overdue: &OverdueLine) -> u64 {
    let line = &overdue.line;
    line.quantity.saturating_sub(line.dispatched)
}

/// How long ago it should have left.
fn days(visit: &Visit, overdue: &OverdueLine) -> Option<u64> {
    let promised = overdue.line.current_promise?;
    u64::try_from(format::days_between(promised, visit.today())).ok()
}

/// The form that lets go what is there.
fn todo(visit: &Visit, overdue: &OverdueLine) -> Vec<Cell> {
    let line = &overdue.line;
    let units = overdue.units();
    let part = (units < outstanding(overdue)).then(|| units.to_string());
    let mut fields = vec![
        ("order_id", line.order_id.as_str()),
        ("line_id", line.line_id.as_str()),
    ];
    fields.extend(part.as_deref().map(|units| ("quantity", units)));
    let offers = crate::actions::offers(visit, &["Dispatch"], &fields);
    let cells = offers.into_iter().map(|offer| Cell::Do {
        href: offer.href,
        text: offer.label.to_owned(),
    });
    cells.collect()
}

/// The table of the first.
pub(super) fn table(visit: &Visit, lines: &[OverdueLine]) -> Table {
    let columns = [
        column("Order"),
        column("SKU"),
        numbers("Units"),
        column("Promised"),
        numbers("Overdue"),
        column("Batch"),
        DO,
    ];
    let rows = lines.iter().map(|overdue| {
        let line = &overdue.line;
        let (order, name, sku) = (&line.order_id, &line.line_id, &line.sku);
        Row {
            cells: vec![
                Cell::line(order.as_str(), name.as_str(), sku.as_str()),
                Cell::product(sku.as_str()),
                Cell::Number(overdue.units()),
                Cell::day(line.current_promise),
                days(visit, overdue).map_or(Cell::None, |days| {
                    Cell::Badge(Tone::Bad, format!("+{} d", format::number(days)))
                }),
                Cell::allocations(&overdue.here),
                Cell::Several(todo(visit, overdue)),
            ],
        }
    });
    Table::new("dispatch", "Overdue lines in the warehouse", &columns)
        .with_rows(rows)
        .or_empty(NONE)
}
