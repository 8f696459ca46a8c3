//! Products.

use axum::extract::State;
use axum::response::Response;
use landfall_service::resources::ProductResource;
use landfall_service::views::{Page, ProductFilter, ProductSort};

use super::lists::{self, Asked, Filters, Listing};
use crate::errors::Failed;
use crate::frame::Place;
use crate::table::{Bar, Cell, Column, Row, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, actions};

const PATH: &str = "/products";

pub(super) const COLUMNS: [Column; 5] = [
    column("SKU").rising_by("sku").usual(),
    numbers("Purchased"),
    column("Sold").named_in_csv("Units sold"),
    numbers("Available").sorted_by("available"),
    numbers("Lines waiting").sorted_by("backordered"),
];

/// The list.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    let params = &visit.params;
    let mut errors = Vec::new();
    let sorts = [
        ("sku", ProductSort::Sku),
        ("backordered", ProductSort::Backordered),
        ("available", ProductSort::Available),
    ];
    let filter = ProductFilter {
        backordered: params.one_of(
            "backordered",
            &[("true", true), ("false", false)],
            &mut errors,
        ),
        prefix: params.prefix("prefix", &mut errors),
        sort: params
            .one_of("sort", &sorts, &mut errors)
            .unwrap_or_default(),
    };
    let filters = Filters {
        params,
        errors: &errors,
    };
    let listing = Listing {
        place: Place::Products,
        heading: "Products",
        help: "",
        path: PATH,
        columns: &COLUMNS,
        filters: vec![
            filters.text("prefix", "SKU begins with"),
            filters.choice(
                "backordered",
                "Lines waiting",
                &[("", "Any"), ("true", "Some wait"), ("false", "None wait")],
            ),
        ],
        about: None,
        offers: actions::offers(&visit, &["CreateBatch"], &[]),
        empty: "No product is like that. A product is there once a batch of it was created.",
        none: "There are no products yet: a product is there once a batch of it was created.",
        notice: lists::wrong_sort(&errors),
    };
    let hold = errors.is_empty();
    let ask = move |page: Page| -> Asked<_> {
        let (context, filter) = (context.clone(), filter.clone());
        Box::pin(async move { context.app.views.products(&filter, &page).await })
    };
    lists::answer(&visit, listing, hold, ask, row).await
}

pub(super) fn row(product: &ProductResource) -> Row {
    let bar = Bar {
        purchased: product.purchased,
        allocated: product.allocated,
        dispatched: product.dispatched,
    };
    Row {
        cells: vec![
            Cell::product(product.sku.as_str()),
            Cell::Number(product.purchased),
            Cell::Bar(bar),
            Cell::Number(product.available),
            waiting(product.backordered_lines),
        ],
    }
}

/// How many lines wait.
fn waiting(lines: u64) -> Cell {
    match lines {
        0 => Cell::Number(0),
        some => Cell::Alarm(Tone::Warn, some),
    }
}
