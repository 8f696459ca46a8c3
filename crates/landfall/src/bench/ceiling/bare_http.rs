//! The bare HTTP stack: the product's server library and settings, with handlers that parse the
//! command and answer a resource of the usual size, and decide and keep nothing.

use crate::bench::child::Server;
use crate::bench::drive::Drive;
use crate::bench::report::Figures;
use crate::bench::workload::Names;
use crate::bench::{BenchError, Plan};
use axum::Router;
use axum::extract::Json;
use axum::http::StatusCode;
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// The bare HTTP server, a part of `landfall bench --ceiling`
#[derive(Debug, clap::Args)]
pub(crate) struct BareHttpArgs {
    /// Where to listen; port 0 is any free one
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// Serves until SIGTERM. Starts a runtime of its own, so it must not be called within one.
pub(crate) fn run_bare_http(args: &BareHttpArgs) -> Result<(), BenchError> {
    // The product's runtime: as many threads as cores.
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.enable_all().build().map_err(BenchError::Runtime)?;
    runtime.block_on(async {
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(BenchError::Runtime)?;
        let address = listener.local_addr().map_err(BenchError::Runtime)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(BenchError::Runtime)?;
        eprintln!("listening on http://{address}");
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            never = serve(listener) => match never {},
        }
    })
}

/// Answers for ever.
pub(in crate::bench) async fn serve(listener: TcpListener) -> Infallible {
    let router = Router::new()
        .route("/v1/allocations", post(allocate))
        .route("/v1/orders", post(place_order));
    loop {
        // A connection that failed before it was accepted concerns nobody.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        // Only a socket that is closed already refuses this.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(10));
            // An error here is a client that left.
            let _ = http.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// `Allocate`, with every field that the product reads.
#[derive(Deserialize)]
#[expect(
    dead_code,
    reason = "the product parses these fields, so the yardstick does"
)]
struct Allocate {
    order_id: String,
    sku: String,
    quantity: u64,
    line_id: Option<String>,
    requested_date: Option<jiff::civil::Date>,
    priority: Option<u8>,
    policy: Option<String>,
    split: Option<bool>,
    if_short: Option<String>,
    locations: Option<Vec<String>>,
}

/// `PlaceOrder`, likewise.
#[derive(Deserialize)]
#[expect(
    dead_code,
    reason = "the product parses these fields, so the yardstick does"
)]
struct PlaceOrder {
    order_id: String,
    lines: Vec<NewLine>,
    requested_date: Option<jiff::civil::Date>,
    priority: Option<u8>,
    policy: Option<String>,
    if_short: Option<String>,
    deliver: Option<String>,
}

/// A line of `PlaceOrder`.
#[derive(Deserialize)]
#[expect(
    dead_code,
    reason = "the product parses these fields, so the yardstick does"
)]
struct NewLine {
    sku: String,
    quantity: u64,
    line_id: Option<String>,
    requested_date: Option<jiff::civil::Date>,
    priority: Option<u8>,
    policy: Option<String>,
    split: Option<bool>,
    locations: Option<Vec<String>>,
}

/// A line as the product answers it.
#[derive(Serialize)]
struct LineResource {
    order_id: String,
    line_id: String,
    sku: String,
    quantity: u64,
    status: &'static str,
    allocations: [Allocation; 1],
    dispatched: u64,
    requested_date: Option<jiff::civil::Date>,
    original_promise: jiff::civil::Date,
    current_promise: jiff::civil::Date,
    overdue: bool,
    priority: u8,
}

#[derive(Serialize)]
struct Allocation {
    batch: String,
    quantity: u64,
    eta: Option<jiff::civil::Date>,
}

#[derive(Serialize)]
struct OrderResource {
    order_id: String,
    deliver: &'static str,
    original_promise: jiff::civil::Date,
    current_promise: jiff::civil::Date,
    lines: Vec<LineResource>,
}

/// Some day; its length is what matters.
const PROMISE: jiff::civil::Date = jiff::civil::date(2026, 11, 21);

/// The line that an accepted command would give.
fn line(order_id: String, line_id: Option<String>, sku: String, quantity: u64) -> LineResource {
    LineResource {
        order_id,
        line_id: line_id.unwrap_or_else(|| sku.clone()),
        quantity,
        status: "allocated",
        allocations: [Allocation {
            batch: format!("{sku}-b0000"),
            quantity,
            eta: None,
        }],
        sku,
        dispatched: 0,
        requested_date: None,
        original_promise: PROMISE,
        current_promise: PROMISE,
        overdue: false,
        priority: 5,
    }
}

async fn allocate(Json(command): Json<Allocate>) -> (StatusCode, Json<LineResource>) {
    let Allocate {
        order_id,
        line_id,
        sku,
        quantity,
        ..
    } = command;
    (
        StatusCode::CREATED,
        Json(line(order_id, line_id, sku, quantity)),
    )
}

async fn place_order(Json(command): Json<PlaceOrder>) -> (StatusCode, Json<OrderResource>) {
    let lines = command.lines.into_iter();
    let id = &command.order_id;
    let lines = lines
        .map(|each| line(id.clone(), each.line_id, each.sku, each.quantity))
        .collect();
    let order = OrderResource {
        order_id: command.order_id,
        deliver: "as_ready",
        original_promise: PROMISE,
        current_promise: PROMISE,
        lines,
    };
    (StatusCode::CREATED, Json(order))
}

/// Drives the bare server, as a process of its own, with the product's load.
pub(in crate::bench) async fn measure(
    plan: &Plan,
    names: &Arc<Names>,
) -> Result<Figures, BenchError> {
    let server = Server::start(&["bench-bare-http", "--listen", "127.0.0.1:0"])?;
    let drive = Drive {
        server: server.address(),
        ..plan.drive.clone()
    };
    let driven = drive.run(names, &Arc::default()).await?;
    server.stop()?;
    Ok(Figures::new(&driven, plan.drive.duration))
}
