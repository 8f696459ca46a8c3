//! Products, by SKU.

use axum::extract::State;
use axum::response::Response;
use landfall_service::resources::ProductResource;
use landfall_service::views::{Page, ProductFilter};

use super::lists::{self, Filters, Listing};
use crate::errors::Failed;
use crate::frame::Place;
use crate::table::{Bar, Cell, Column, Row, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, actions, csv};

const PATH: &str = "/products";

pub(super) const COLUMNS: [Column; 5] = [
    column("SKU"),
    numbers("Purchased"),
    column("Sold"),
    numbers("Available"),
    numbers("Lines waiting"),
];

/// The list.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    let params = &visit.params;
    let mut errors = Vec::new();
    let filter = ProductFilter {
        backordered: params.one_of(
            "backordered",
            &[("true", true), ("false", false)],
            &mut errors,
        ),
        prefix: params.prefix("prefix", &mut errors),
    };
    if lists::is_csv(&visit) && errors.is_empty() {
        let pages: csv::Pages = Box::new(move |after| {
            let (context, filter) = (context.clone(), filter.clone());
            Box::pin(async move {
                let page = Page {
                    after,
                    limit: csv::PAGE,
                };
                lists::rows(context.app.views.products(&filter, &page).await, row)
            })
        });
        return csv::file("products", &COLUMNS, pages).await;
    }
    let found = if errors.is_empty() {
        Ok(context
            .app
            .views
            .products(&filter, &lists::part(&visit))
            .await?)
    } else {
        Err(errors.clone())
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
        offers: actions::offers(&visit, &["CreateBatch"], &[]),
        empty: "No product is like that. A product is there once a batch of it was created.",
    };
    lists::page(&visit, listing, found, row)
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
