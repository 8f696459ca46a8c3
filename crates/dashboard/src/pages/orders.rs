//! Orders: those first that changed last, or by id where they are cut down.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use landfall_domain::line::Status;
use landfall_service::resources::{LineResource, OrderResource};
use landfall_service::views::{Attention, OrderFilter, Page, RecentOrder};
use landfall_service::wire::FieldError;

use super::lists::{self, Asked, Filters, Listing};
use crate::errors::Failed;
use crate::frame::Place;
use crate::table::{Cell, Column, Row, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, actions, format};

const PATH: &str = "/orders";

/// The columns, of all orders by their last change.
const RECENT: [Column; 7] = [
    column("Order").rising_by("id"),
    numbers("Lines"),
    numbers("Units"),
    column("State"),
    column("Promise"),
    column("SKUs"),
    numbers("Last change").sorted_by("recent").usual(),
];
/// Of those of a filter, which are listed by id; a last one is left out.
const CUT_DOWN: [Column; 6] = [
    column("Order").rising_by("id").usual(),
    numbers("Lines"),
    numbers("Units"),
    column("State"),
    column("Promise"),
    column("SKUs"),
];
/// Of all orders by id.
const BY_ID: [Column; 6] = [
    column("Order").rising_by("id"),
    numbers("Lines"),
    numbers("Units"),
    column("State"),
    column("Promise"),
    column("SKUs"),
];

/// SKUs of an order that are named in its row.
const SKUS: usize = 3;

/// The list.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    let params = &visit.params;
    let mut errors = Vec::new();
    let attention = [
        ("backordered", Attention::Backordered),
        ("late", Attention::Late),
    ];
    let filter = OrderFilter {
        batch: params.parse("batch", &mut errors),
        sku: params.parse("sku", &mut errors),
        attention: params.one_of("attention", &attention, &mut errors),
        prefix: params.prefix("prefix", &mut errors),
    };
    let all = filter == OrderFilter::default() && errors.is_empty();
    let sorts = [("id", false), ("recent", true)];
    let sort = params.one_of("sort", &sorts, &mut errors);
    if sort == Some(true) && !all {
        errors.push(FieldError {
            field: "sort".into(),
            message: "can be `recent` for all orders only: leave it out, or the filters".into(),
        });
    }
    let recent = sort.unwrap_or(all);
    let today = visit.today();
    let filters = Filters {
        params,
        errors: &errors,
    };
    let listing = Listing {
        place: Place::Orders,
        heading: "Orders",
        help: "",
        path: PATH,
        columns: match (recent, all) {
            (true, _) => &RECENT,
            (false, true) => &BY_ID,
            (false, false) => &CUT_DOWN,
        },
        filters: vec![
            filters.text("prefix", "Order begins with"),
            filters.text("sku", "SKU"),
            filters.text("batch", "Batch"),
            filters.choice(
                "attention",
                "Attention",
                &[
                    ("", "Any"),
                    ("backordered", "Waits for stock"),
                    ("late", "Late"),
                ],
            ),
        ],
        about: None,
        offers: actions::offers(&visit, &["PlaceOrder"], &[]),
        empty: "No order is like that.",
        none: "There are no orders yet.",
        notice: lists::wrong_sort(&errors),
    };
    let hold = errors.is_empty();
    if recent {
        let of = visit.clone();
        let ask = move |page: Page| -> Asked<_> {
            let context = context.clone();
            Box::pin(async move { context.app.views.recent_orders(&page, today).await })
        };
        let row = move |found: &RecentOrder| {
            let mut row = row(&found.order);
            row.cells.push(changed(&of, found.changed));
            row
        };
        return lists::answer(&visit, listing, hold, ask, row).await;
    }
    let ask = move |page: Page| -> Asked<_> {
        let (context, filter) = (context.clone(), filter.clone());
        Box::pin(async move { context.app.views.orders(&filter, &page, today).await })
    };
    lists::answer(&visit, listing, hold, ask, row).await
}

fn row(order: &OrderResource) -> Row {
    Row {
        cells: vec![
            Cell::order(order.order_id.as_str()),
            Cell::Number(order.lines.len() as u64),
            Cell::Number(order.lines.iter().map(|line| line.quantity).sum()),
            state(order),
            promise(order),
            Cell::Text(skus(order)),
        ],
    }
}

/// When an order changed last.
fn changed(visit: &Visit, instant: Timestamp) -> Cell {
    Cell::Since {
        at: visit.local(instant),
        age: format::since(instant, visit.now),
    }
}

/// The promise of a whole order; nothing where none is needed any longer.
pub(super) fn promise(order: &OrderResource) -> Cell {
    let open = |line: &LineResource| matches!(line.status, Status::Allocated | Status::Backordered);
    if !order.lines.iter().any(open) && order.current_promise.is_none() {
        return Cell::None;
    }
    Cell::Promise {
        original: order.original_promise,
        current: order.current_promise,
        overdue: order.lines.iter().any(|line| line.overdue),
    }
}

/// The SKUs of an order, the first of them by name.
pub(super) fn skus(order: &OrderResource) -> String {
    let (mut all, mut named) = (BTreeSet::new(), Vec::new());
    for sku in order.lines.iter().map(|line| line.sku.as_str()) {
        if all.insert(sku) && named.len() < SKUS {
            named.push(sku);
        }
    }
    let (more, named) = (all.len() - named.len(), named.join(", "));
    match more {
        0 => named,
        more => format!("{named} and {} more", format::number(more as u64)),
    }
}

/// Where an order stands: the state of its lines, told of those that somebody waits for.
pub(super) fn state(order: &OrderResource) -> Cell {
    let count = |status: Status| {
        let lines = order.lines.iter().filter(|line| line.status == status);
        lines.count() as u64
    };
    let (waiting, allocated) = (count(Status::Backordered), count(Status::Allocated));
    let badge = if waiting > 0 {
        let words = if waiting + allocated == 1 {
            "waits for stock".to_owned()
        } else {
            format!(
                "{} of {} wait",
                format::number(waiting),
                waiting + allocated
            )
        };
        (Tone::Warn, words)
    } else if allocated > 0 {
        let left = order.lines.iter().any(|line| line.dispatched > 0);
        let words = if left {
            "partly dispatched"
        } else {
            "allocated"
        };
        (Tone::Good, words.to_owned())
    } else if count(Status::Dispatched) > 0 {
        (Tone::Plain, "dispatched".to_owned())
    } else {
        (Tone::Plain, "cancelled".to_owned())
    };
    Cell::Badge(badge.0, badge.1)
}
