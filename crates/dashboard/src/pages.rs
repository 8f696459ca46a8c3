//! The pages, one file for each.

mod history;
mod lists;
mod order;
mod orders;
mod product;
mod products;
mod search;
mod today;
mod worklists;

use askama::Template;
use axum::Router;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use crate::Shared;
use crate::errors::Failed;

/// All pages behind the door.
pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(today::page))
        .route("/orders", get(orders::page))
        .route("/orders/{id}", get(order::page))
        .route("/products", get(products::page))
        .route("/products/{sku}", get(product::page))
        .route("/search", get(search::page))
        .route("/backorders", get(worklists::waiting))
        .route("/late", get(worklists::late))
}

/// A page as it goes out.
fn show(page: &impl Template) -> Result<Response, Failed> {
    Ok(Html(page.render()?).into_response())
}
