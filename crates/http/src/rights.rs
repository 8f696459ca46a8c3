//! Which right each route needs: the one table, and what is not in it takes the role `admin`.

use axum::http::Method;
use landfall_service::access::Right;

/// What somebody needs who asks for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: whoever can connect may ask.
    Nothing,
    /// A key with this right.
    Right(Right),
    /// A key; with which right, each command says.
    ByCommand,
}

impl Need {
    /// In a word: `nothing`, `read`, `orders`, `supply`, `admin` or `by command`.
    pub const fn word(self) -> &'static str {
        match self {
            Need::Nothing => "nothing",
            Need::Right(Right::Read) => "read",
            Need::Right(Right::Orders) => "orders",
            Need::Right(Right::Supply) => "supply",
            Need::Right(Right::Operate) => "admin",
            Need::ByCommand => "by command",
        }
    }
}

const READ: Need = Need::Right(Right::Read);
const ORDERS: Need = Need::Right(Right::Orders);
const SUPPLY: Need = Need::Right(Right::Supply);

/// What a route, by its template, needs; `None`: nobody has thought of it.
pub fn need(method: &Method, route: &str) -> Option<Need> {
    match *method {
        Method::GET | Method::HEAD => Some(match route {
            // Probes carry no keys, and the documents are the same for every Landfall.
            "/healthz" | "/readyz" | "/openapi.json" | "/docs" | "/docs/" | "/docs/{*file}" => {
                Need::Nothing
            }
            _ => READ,
        }),
        Method::POST => match route {
            "/v1/commands" => Some(Need::ByCommand),
            "/v1/allocations"
            | "/v1/orders"
            | "/v1/orders/{id}/cancel"
            | "/v1/orders/{id}/dispatch"
            | "/v1/orders/{id}/lines/{line}/quantity"
            | "/v1/orders/{id}/lines/{line}/cancel"
            | "/v1/orders/{id}/lines/{line}/dispatch"
            | "/allocate" => Some(ORDERS),
            "/v1/batches"
            | "/v1/batches/{reference}/quantity"
            | "/v1/batches/{reference}/eta"
            | "/v1/batches/{reference}/hold"
            | "/v1/batches/{reference}/release"
            | "/v1/batches/{reference}/receive"
            | "/v1/batches/{reference}/cancel"
            | "/v1/shipments"
            | "/v1/shipments/{reference}/eta"
            | "/v1/shipments/{reference}/hold"
            | "/v1/shipments/{reference}/release"
            | "/v1/shipments/{reference}/receive"
            | "/add_batch" => Some(SUPPLY),
            _ => None,
        },
        _ => None,
    }
}

/// What a request needs. Where no route takes it, any key is good enough to be told so.
pub(crate) fn asked(method: &Method, route: Option<&str>) -> Need {
    match route {
        None => READ,
        Some(route) => need(method, route).unwrap_or(Need::Right(Right::Operate)),
    }
}
