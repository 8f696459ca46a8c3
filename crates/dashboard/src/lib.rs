//! The dashboard: what a supply planner and a customer-service clerk look at all day.
//!
//! Pages are made on the server and complete without JavaScript; with it they change in place. A request passes the
//! `door` (who is it, and may they look?), then its page: `pages` has one file for each. Lists are [`table`]s, which
//! can be read in a browser or as CSV. What people do are commands like everybody's: `actions` makes forms of them,
//! shows what they would do, and hands them to the bus. `live` tells a browser that what it shows has changed.

mod actions;
mod assets;
mod charts;
mod csv;
mod door;
mod errors;
mod followers;
mod format;
mod frame;
mod links;
mod live;
mod pager;
mod pages;
mod params;
mod paths;
mod sign_in;
mod table;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Uri;
use axum::middleware;
use axum::routing::{get, post};
use landfall_service::Bus;
use landfall_service::access::Doorkeeper;
use landfall_service::clock::Calendar;
use landfall_service::desk::Desk;
use landfall_service::relay::SinkStats;
use landfall_service::views::Views;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::errors::Failed;
use crate::followers::Followers;
use crate::pages::OverdueCount;

/// What the pages work with.
#[derive(Clone)]
pub struct Dashboard {
    /// Where commands go.
    pub bus: Bus,
    /// Where questions go.
    pub views: Arc<dyn Views>,
    /// What needs a person, and figures by day.
    pub desk: Arc<dyn Desk>,
    /// Tells the time, and what day it is in the warehouse.
    pub calendar: Calendar,
    /// Who is let in.
    pub door: Doorkeeper,
    /// Where events go from this replica, and how far each is.
    pub sinks: Vec<Arc<SinkStats>>,
    /// Changes when the engine has committed something.
    pub commits: watch::Receiver<()>,
    /// Cancelled when the service is to end: live pages are let go then.
    pub stopping: CancellationToken,
    /// Nobody can do anything here but look, whatever their key.
    pub read_only: bool,
}

/// Bytes that a form may have.
const FORM: usize = 1 << 20;
/// How often it is looked whether another replica has written something.
const LOOK: Duration = Duration::from_secs(1);

/// What every page has.
struct Context {
    app: Dashboard,
    followers: Followers,
    overdue: OverdueCount,
}

type Shared = Arc<Context>;

/// The templates of all routes.
pub const ROUTES: &[&str] = &[
    "/",
    "/arrivals",
    "/assets/{file}",
    "/backorders",
    "/batch",
    "/batches",
    "/batches/{reference}",
    "/do/{command}",
    "/late",
    "/live",
    "/order",
    "/orders",
    "/orders/{id}",
    "/overdue",
    "/pegged",
    "/product",
    "/products",
    "/products/{sku}",
    "/search",
    "/shipment",
    "/shipments",
    "/shipments/{reference}",
    "/sign-in",
    "/sign-out",
];

/// The pages as routers. They are put beside the API's routes and given a
/// [`landfall_service::access::Visitor`] with each request.
pub struct Site {
    /// All pages.
    pub pages: Router,
    /// What says that there is none.
    pub elsewhere: Router,
}

/// The dashboard. It is to be made on a runtime, where it begins to count what is overdue.
pub fn site(app: Dashboard) -> Site {
    let context = Arc::new(Context {
        app,
        followers: Followers::default(),
        overdue: OverdueCount::default(),
    });
    tokio::spawn(pages::count_overdue(Arc::clone(&context)));
    let enter = || middleware::from_fn_with_state(Arc::clone(&context), door::enter);
    let inside = pages::routes()
        .route("/do/{command}", get(actions::form).post(actions::submit))
        .route("/live", get(live::live))
        .method_not_allowed_fallback(async || Failed::NotAskedSo)
        .layer(enter());
    let pages = Router::new()
        .route("/assets/{file}", get(assets::asset_file))
        .route("/sign-in", get(sign_in::page).post(sign_in::sign_in))
        // Also for whose session holds no longer: its cookie goes.
        .route("/sign-out", post(sign_in::sign_out))
        .method_not_allowed_fallback(async || Failed::NotAskedSo)
        .merge(inside)
        .layer(axum::extract::DefaultBodyLimit::max(FORM))
        .layer(middleware::map_response(door::harden))
        .with_state(Arc::clone(&context));
    let elsewhere = Router::new()
        .fallback(async |uri: Uri| Failed::NotFound("page", uri.path().to_owned()))
        .layer(enter())
        .layer(middleware::map_response(door::harden))
        .with_state(context);
    Site { pages, elsewhere }
}
