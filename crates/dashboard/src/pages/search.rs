//! The search: any order, SKU, batch or shipment by the beginning of its name.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use landfall_service::resources::{
    BatchResource, OrderResource, ProductResource, ShipmentResource,
};
use landfall_service::views::{
    BatchFilter, List, OrderFilter, Page, ProductFilter, ShipmentFilter, ViewError, Views,
};

use super::{orders, products};
use crate::errors::{Failed, see_other};
use crate::frame::{Frame, Place};
use crate::table::{Bar, Cell, Column, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format, links};

/// Things of each kind that are shown.
const SHOWN: usize = 10;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    asked: String,
    wrong: Option<String>,
    groups: Vec<Group>,
    /// The same in capitals, where that would find something.
    instead: Option<(String, String)>,
}

/// Things of one kind.
struct Group {
    table: Table,
    /// The list of all of them, where there are more.
    all: Option<(String, &'static str)>,
}

/// What was found, of each kind.
struct Found {
    orders: List<OrderResource>,
    products: List<ProductResource>,
    batches: List<BatchResource>,
    shipments: List<ShipmentResource>,
}

/// The page.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    visit.asks_only(&["q"])?;
    let mut errors = Vec::new();
    let asked = visit.params.prefix("q", &mut errors);
    let views = &*context.app.views;
    let mut page = SearchPage {
        frame: Frame::new(&visit, Place::Elsewhere, "Search"),
        asked: asked.clone().unwrap_or_default(),
        wrong: errors
            .first()
            .map(|error| format!("What you search for {}.", error.message)),
        groups: Vec::new(),
        instead: None,
    };
    let status = match page.wrong {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    if let Some(text) = asked {
        let found = Found::read(views, &text, &visit).await?;
        if let Some(href) = found.one(&text) {
            return Ok(see_other(&href));
        }
        page.groups = found.groups(&text);
        let capitals = text.to_uppercase();
        if page.groups.is_empty()
            && capitals != text
            && Found::read(views, &capitals, &visit).await?.is_something()
        {
            let href = links::list("/search", &[("q", &capitals)]);
            page.instead = Some((href, capitals));
        }
    }
    Ok((status, Html(page.render()?)).into_response())
}

impl Found {
    async fn read(views: &dyn Views, text: &str, visit: &Visit) -> Result<Self, ViewError> {
        let page = Page {
            after: None,
            limit: SHOWN,
        };
        let prefix = Some(text.to_owned());
        let orders = OrderFilter {
            prefix: prefix.clone(),
            ..OrderFilter::default()
        };
        let products = ProductFilter {
            prefix: prefix.clone(),
            ..ProductFilter::default()
        };
        let batches = BatchFilter {
            prefix: prefix.clone(),
            ..BatchFilter::default()
        };
        let shipments = ShipmentFilter {
            prefix,
            ..ShipmentFilter::default()
        };
        let today = visit.today();
        let (orders, products, batches, shipments) = tokio::try_join!(
            views.orders(&orders, &page, today),
            views.products(&products, &page),
            views.batches(&batches, &page, today),
            views.shipments(&shipments, &page, today),
        )?;
        Ok(Self {
            orders,
            products,
            batches,
            shipments,
        })
    }

    fn is_something(&self) -> bool {
        !(self.orders.items.is_empty()
            && self.products.items.is_empty()
            && self.batches.items.is_empty()
            && self.shipments.items.is_empty())
    }

    /// The one thing that has this very name. Of all names that begin so it is the first.
    fn one(&self, text: &str) -> Option<String> {
        let order = self.orders.items.first().map(|it| it.order_id.as_str());
        let product = self.products.items.first().map(|it| it.sku.as_str());
        let batch = self.batches.items.first().map(|it| it.reference.as_str());
        let shipment = self.shipments.items.first().map(|it| it.reference.as_str());
        let named = [
            (order, links::order as fn(&str) -> String),
            (product, links::product),
            (batch, links::batch),
            (shipment, links::shipment),
        ];
        let mut named = named.iter().filter(|(name, _)| *name == Some(text));
        match (named.next(), named.next()) {
            (Some((_, link)), None) => Some(link(text)),
            _ => None,
        }
    }

    /// What is shown of it.
    fn groups(&self, text: &str) -> Vec<Group> {
        [
            group("orders", "Orders", &self.orders, text, &ORDERS, order_row),
            group(
                "products",
                "Products",
                &self.products,
                text,
                &PRODUCTS,
                products::row,
            ),
            group(
                "shipments",
                "Shipments",
                &self.shipments,
                text,
                &SHIPMENTS,
                shipment_row,
            ),
            group(
                "batches",
                "Batches",
                &self.batches,
                text,
                &BATCHES,
                batch_row,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

const ORDERS: [Column; 4] = [
    column("Order"),
    column("State"),
    column("Promise"),
    column("SKUs"),
];
const PRODUCTS: [Column; 5] = products::COLUMNS;
const SHIPMENTS: [Column; 4] = [
    column("Shipment"),
    column("ETA"),
    numbers("Batches"),
    column("Sold"),
];
const BATCHES: [Column; 5] = [
    column("Batch"),
    column("SKU"),
    column("Here"),
    column("Sold"),
    numbers("Available"),
];

fn group<T>(
    kind: &'static str,
    caption: &'static str,
    found: &List<T>,
    text: &str,
    columns: &[Column],
    row: impl Fn(&T) -> Row,
) -> Option<Group> {
    if found.items.is_empty() {
        return None;
    }
    let table = Table::new(kind, caption, columns)
        .with_rows(found.items.iter().map(row))
        .live(String::new());
    let path = format!("/{kind}");
    let all = links::list(&path, &[("prefix", text)]);
    Some(Group {
        table,
        all: found.next.is_some().then_some((all, kind)),
    })
}

fn order_row(order: &OrderResource) -> Row {
    Row {
        cells: vec![
            Cell::order(order.order_id.as_str()),
            orders::state(order),
            orders::promise(order),
            Cell::Text(orders::skus(order)),
        ],
    }
}

fn batch_row(batch: &BatchResource) -> Row {
    Row {
        cells: vec![
            Cell::batch(batch.reference.as_str()),
            Cell::product(batch.sku.as_str()),
            Cell::supply(batch),
            Cell::Bar(Bar {
                purchased: batch.purchased,
                allocated: batch.allocated,
                dispatched: batch.dispatched,
            }),
            Cell::Number(batch.available),
        ],
    }
}

fn shipment_row(shipment: &ShipmentResource) -> Row {
    let mut eta = vec![match shipment.eta {
        Some(eta) => Cell::Day(eta),
        None => Cell::Badge(Tone::Good, "landed".into()),
    }];
    if shipment.overdue {
        eta.push(Cell::Badge(Tone::Bad, "overdue".into()));
    }
    if let Some(hold) = &shipment.hold {
        let until = match hold.expected_clear {
            Some(day) => format!("{} until {}", hold.code, format::day(day)),
            None => format!("{}, no clear date", hold.code),
        };
        eta.push(Cell::Badge(Tone::Warn, until));
    }
    Row {
        cells: vec![
            Cell::shipment(Some(shipment.reference.as_str())),
            Cell::Several(eta),
            Cell::Number(shipment.batch_count),
            Cell::Bar(Bar {
                purchased: shipment.purchased,
                allocated: shipment.allocated,
                dispatched: shipment.dispatched,
            }),
        ],
    }
}
