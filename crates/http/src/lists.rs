//! The routes that answer with a page of a list: `{items, cursor}`.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{Response, StatusCode};
use jiff::civil::Date;
use landfall_domain::{BatchRef, Carriage, ShipmentRef, Sku};
use landfall_service::views::{
    Attention, BatchFilter, List, OrderFilter, Page, ProductFilter, ShipmentFilter, ViewError,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::cursor::Scope;
use crate::problems::{self, Problem};
use crate::sorts::{BatchSort, OrderSort, ProductSort, ShipmentSort};
use crate::{Shared, answers, query};

type Answer = Result<Response<Body>, Problem>;

/// Items on a page where nothing is said.
const DEFAULT_LIMIT: usize = 100;
/// The most items on a page.
const MAX_LIMIT: usize = 1_000;
/// The longest prefix, in bytes: no name is longer.
const MAX_PREFIX: usize = 4 * landfall_domain::ids::MAX_CHARS;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BatchQuery {
    /// Of this product.
    #[param(value_type = Option<String>)]
    sku: Option<Sku>,
    /// With free units, or without.
    available: Option<bool>,
    /// In the warehouse (no ETA), or inbound.
    in_warehouse: Option<bool>,
    /// Expected on or after this day.
    #[serde(default, deserialize_with = "query::day")]
    #[param(value_type = Option<String>, format = Date)]
    eta_from: Option<Date>,
    /// Expected on or before this day.
    #[serde(default, deserialize_with = "query::day")]
    #[param(value_type = Option<String>, format = Date)]
    eta_until: Option<Date>,
    /// Kept back by a hold that was expected to be cleared on or before this day.
    #[serde(default, deserialize_with = "query::day")]
    #[param(value_type = Option<String>, format = Date)]
    clear_until: Option<Date>,
    /// On this shipment.
    #[param(value_type = Option<String>)]
    shipment: Option<ShipmentRef>,
    /// On a shipment, whichever, or on none.
    on_shipment: Option<bool>,
    /// Kept back by a hold, its own or its shipment's, or not.
    held: Option<bool>,
    /// Whose reference begins so.
    prefix: Option<String>,
    /// By `reference` (where nothing is said); by `eta`: what is in the warehouse, then the soonest; the most `available`
    /// units first. What is equal goes by reference.
    #[param(inline)]
    sort: Option<BatchSort>,
    /// At most so many items; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The `cursor` of the page before, with the same filters.
    cursor: Option<String>,
}

/// Why somebody should look at a line.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Trouble {
    Backordered,
    Late,
}

impl From<Trouble> for Attention {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Backordered => Attention::Backordered,
            Trouble::Late => Attention::Late,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderQuery {
    /// With a line pegged to this batch.
    #[param(value_type = Option<String>)]
    batch: Option<BatchRef>,
    /// With a line of this product that is allocated or waits.
    #[param(value_type = Option<String>)]
    sku: Option<Sku>,
    /// With a line that needs somebody's attention: one that waits for stock, or one whose stock comes too
    /// late for its original promise.
    #[param(inline)]
    attention: Option<Trouble>,
    /// Whose id begins so.
    prefix: Option<String>,
    /// By `id` (where nothing is said), or the last changed first: `recent`, which is for all orders and cannot be
    /// cut down. A page of it may be short, and its cursor leads on all the same.
    #[param(inline)]
    sort: Option<OrderSort>,
    /// At most so many items; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The `cursor` of the page before, with the same filters.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ShipmentQuery {
    /// Carried by this carrier: the very name, letter by letter.
    #[param(value_type = Option<String>)]
    carrier: Option<Carriage>,
    /// Landed (no ETA), or still under way.
    landed: Option<bool>,
    /// Kept back by a hold, or not.
    held: Option<bool>,
    /// Expected on or after this day.
    #[serde(default, deserialize_with = "query::day")]
    #[param(value_type = Option<String>, format = Date)]
    eta_from: Option<Date>,
    /// Expected on or before this day.
    #[serde(default, deserialize_with = "query::day")]
    #[param(value_type = Option<String>, format = Date)]
    eta_until: Option<Date>,
    /// Kept back by a hold that was expected to be cleared on or before this day.
    #[serde(default, deserialize_with = "query::day")]
    #[param(value_type = Option<String>, format = Date)]
    clear_until: Option<Date>,
    /// Whose reference begins so.
    prefix: Option<String>,
    /// By `reference` (where nothing is said), or by `eta`: those under way, the soonest first, then those that have
    /// landed. What is equal goes by reference.
    #[param(inline)]
    sort: Option<ShipmentSort>,
    /// At most so many items; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The `cursor` of the page before, with the same filters.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ProductQuery {
    /// With lines that wait, or without.
    backordered: Option<bool>,
    /// Whose SKU begins so.
    prefix: Option<String>,
    /// By `sku` (where nothing is said); the most `backordered` lines first; the most `available` units first. What is
    /// equal goes by SKU.
    #[param(inline)]
    sort: Option<ProductSort>,
    /// At most so many items; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The `cursor` of the page before, with the same filters.
    cursor: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BackorderQuery {
    /// Of this product.
    #[param(value_type = Option<String>)]
    sku: Option<Sku>,
    /// At most so many items; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<usize>,
    /// The `cursor` of the page before, with the same filters.
    cursor: Option<String>,
}

#[derive(Serialize)]
struct Items<T> {
    items: Vec<T>,
    cursor: Option<String>,
}

/// Batches.
#[utoipa::path(
    get, path = "/v1/batches", tag = "batches", params(BatchQuery),
    responses((status = 200, description = "A page", body = ref("#/components/schemas/BatchList"))),
)]
pub(crate) async fn batches(
    State(context): State<Shared>,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let asked: BatchQuery = query::read(parameters.as_deref())?;
    let scope = Scope::new("batches", parameters.as_deref());
    let page = page(&scope, asked.limit, "cursor", asked.cursor.as_deref())?;
    let filter = BatchFilter {
        sku: asked.sku,
        available: asked.available,
        in_warehouse: asked.in_warehouse,
        eta_from: asked.eta_from,
        eta_until: asked.eta_until,
        clear_until: asked.clear_until,
        hold_overdue: None,
        shipment: asked.shipment,
        on_shipment: asked.on_shipment,
        held: asked.held,
        prefix: prefix(asked.prefix)?,
        sort: asked.sort.unwrap_or_default().into(),
    };
    let (_, day) = context.app.calendar.read();
    list(
        &scope,
        context.app.views.batches(&filter, &page, day.today).await,
    )
}

/// Orders with their lines.
#[utoipa::path(
    get, path = "/v1/orders", tag = "orders", params(OrderQuery),
    responses(
        (status = 200, description = "A page", body = ref("#/components/schemas/OrderList")),
        (status = 422, description = "Filters beside `sort=recent`"),
    ),
)]
pub(crate) async fn orders(
    State(context): State<Shared>,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let asked: OrderQuery = query::read(parameters.as_deref())?;
    let scope = Scope::new("orders", parameters.as_deref());
    let page = page(&scope, asked.limit, "cursor", asked.cursor.as_deref())?;
    let filter = OrderFilter {
        batch: asked.batch,
        sku: asked.sku,
        attention: asked.attention.map(Into::into),
        prefix: prefix(asked.prefix)?,
    };
    let (_, day) = context.app.calendar.read();
    if asked.sort == Some(OrderSort::Recent) {
        if filter != OrderFilter::default() {
            let message = "`recent` is an order of all orders: leave out the filters, or `sort`";
            return Err(Problem::senseless("sort", message));
        }
        let found = context.app.views.recent_orders(&page, day.today).await?;
        let orders = found.items.into_iter().map(|recent| recent.order);
        let found = List {
            items: orders.collect(),
            next: found.next,
        };
        return list(&scope, Ok(found));
    }
    list(
        &scope,
        context.app.views.orders(&filter, &page, day.today).await,
    )
}

/// Shipments, without their batches.
#[utoipa::path(
    get, path = "/v1/shipments", tag = "shipments", params(ShipmentQuery),
    responses((status = 200, description = "A page", body = ref("#/components/schemas/ShipmentList"))),
)]
pub(crate) async fn shipments(
    State(context): State<Shared>,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let asked: ShipmentQuery = query::read(parameters.as_deref())?;
    let scope = Scope::new("shipments", parameters.as_deref());
    let page = page(&scope, asked.limit, "cursor", asked.cursor.as_deref())?;
    let filter = ShipmentFilter {
        carrier: asked.carrier,
        landed: asked.landed,
        held: asked.held,
        eta_from: asked.eta_from,
        eta_until: asked.eta_until,
        clear_until: asked.clear_until,
        hold_overdue: None,
        prefix: prefix(asked.prefix)?,
        sort: asked.sort.unwrap_or_default().into(),
    };
    let (_, day) = context.app.calendar.read();
    let found = context.app.views.shipments(&filter, &page, day.today).await;
    list(&scope, found)
}

/// Products.
#[utoipa::path(
    get, path = "/v1/products", tag = "products", params(ProductQuery),
    responses((status = 200, description = "A page", body = ref("#/components/schemas/ProductList"))),
)]
pub(crate) async fn products(
    State(context): State<Shared>,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let asked: ProductQuery = query::read(parameters.as_deref())?;
    let scope = Scope::new("products", parameters.as_deref());
    let page = page(&scope, asked.limit, "cursor", asked.cursor.as_deref())?;
    let filter = ProductFilter {
        backordered: asked.backordered,
        prefix: prefix(asked.prefix)?,
        sort: asked.sort.unwrap_or_default().into(),
    };
    list(&scope, context.app.views.products(&filter, &page).await)
}

/// Lines that wait, by SKU and then in the order in which they are filled.
#[utoipa::path(
    get, path = "/v1/backorders", tag = "orders", params(BackorderQuery),
    responses((status = 200, description = "A page", body = ref("#/components/schemas/LineList"))),
)]
pub(crate) async fn backorders(
    State(context): State<Shared>,
    RawQuery(parameters): RawQuery,
) -> Answer {
    let asked: BackorderQuery = query::read(parameters.as_deref())?;
    let scope = Scope::new("backorders", parameters.as_deref());
    let page = page(&scope, asked.limit, "cursor", asked.cursor.as_deref())?;
    let (_, day) = context.app.calendar.read();
    list(
        &scope,
        context
            .app
            .views
            .backorders(asked.sku.as_ref(), &page, day.today)
            .await,
    )
}

/// The page that is asked for. `parameter` is the name under which the cursor came.
pub(crate) fn page(
    scope: &Scope,
    limit: Option<usize>,
    parameter: &'static str,
    cursor: Option<&str>,
) -> Result<Page, Problem> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        let message = format!("must be a whole number from 1 to {MAX_LIMIT}");
        return Err(Problem::ill_formed("limit", message));
    }
    let decode = |cursor| {
        scope
            .decode(cursor)
            .ok_or_else(|| problems::bad_cursor(parameter))
    };
    Ok(Page {
        after: cursor.map(decode).transpose()?,
        limit,
    })
}

/// A prefix that a name could have. The empty one is every name's.
fn prefix(prefix: Option<String>) -> Result<Option<String>, Problem> {
    match prefix {
        Some(text) if text.len() > MAX_PREFIX || text.chars().any(char::is_control) => Err(
            Problem::ill_formed("prefix", "is nothing that a name could begin with"),
        ),
        other => Ok(other.filter(|text| !text.is_empty())),
    }
}

fn list<T: Serialize>(scope: &Scope, found: Result<List<T>, ViewError>) -> Answer {
    let List { items, next } = found?;
    let cursor = next.map(|plain| scope.encode(&plain));
    answers::json(StatusCode::OK, &Items { items, cursor })
}
