//! Orders, by id.

use axum::extract::State;
use axum::response::Response;
use landfall_domain::line::Status;
use landfall_service::resources::{LineResource, OrderResource};
use landfall_service::views::{Attention, OrderFilter, Page};

use super::lists::{self, Asked, Filters, Listing};
use crate::errors::Failed;
use crate::frame::Place;
use crate::table::{Cell, Column, Row, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, actions, format};

const PATH: &str = "/orders";

const COLUMNS: [Column; 6] = [
    column("Order"),
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
        columns: &COLUMNS,
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
        offers: actions::offers(&visit, &["PlaceOrder"], &[]),
        empty: "No order is like that.",
        notice: None,
    };
    let hold = errors.is_empty();
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
    let skus = order.lines.iter().map(|line| line.sku.as_str());
    let named = skus.take(SKUS).collect::<Vec<_>>().join(", ");
    match order.lines.len().saturating_sub(SKUS) {
        0 => named,
        more => format!("{named} and {more} more"),
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
