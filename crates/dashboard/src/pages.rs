//! The pages, one file for each.

mod arrivals;
mod batch;
mod batches;
mod freshness;
mod history;
mod lists;
mod order;
mod orders;
mod overdue;
mod pegged;
mod product;
mod products;
mod revisions;
mod search;
mod shipment;
mod shipments;
mod stock;
mod today;
mod what_if;
mod worklists;

use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::Shared;
use crate::errors::Failed;
pub(crate) use order::{is_open, line_promise, line_state};
pub(crate) use overdue::{Count as OverdueCount, begin as count_overdue};

/// All pages behind the door.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(today::page))
        .route("/orders", get(orders::page))
        .route("/orders/{id}", get(order::page))
        .route("/order", get(order::page))
        .route("/products", get(products::page))
        .route("/products/{sku}", get(product::page))
        .route("/product", get(product::page))
        .route("/search", get(search::page))
        .route("/backorders", get(worklists::waiting))
        .route("/late", get(worklists::late))
        .route("/overdue", get(overdue::page))
        .route("/pegged", get(pegged::page))
        .route("/arrivals", get(arrivals::page))
        .route("/batches", get(batches::page))
        .route("/batches/{reference}", get(batch::page))
        .route("/batch", get(batch::page))
        .route("/shipments", get(shipments::page))
        .route("/shipments/{reference}", get(shipment::page))
        .route("/shipment", get(shipment::page))
}

/// A page as it goes out.
pub(crate) fn show(page: &impl Template) -> Result<Response, Failed> {
    Ok(Html(page.render()?).into_response())
}
