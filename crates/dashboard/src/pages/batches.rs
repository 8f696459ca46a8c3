//! Batches.

use axum::extract::State;
use axum::response::Response;
use landfall_domain::ShipmentRef;
use landfall_service::resources::BatchResource;
use landfall_service::views::{BatchFilter, BatchSort, Page};

use super::lists::{self, Asked, Filters, Held, Listing, YES_NO};
use super::shipments::{HOLD, HOLD_CLEAR, hold_in_file};
use crate::errors::Failed;
use crate::frame::Place;
use crate::table::{Bar, Cell, Column, Row, column, numbers};
use crate::visit::Visit;
use crate::{Shared, actions};

const PATH: &str = "/batches";

const COLUMNS: [Column; 16] = [
    column("Batch").rising_by("reference").usual(),
    column("SKU"),
    column("When").rising_by("eta").on_page(),
    column("ETA").in_file(),
    column("State").in_file(),
    HOLD,
    HOLD_CLEAR,
    column("Shipment's hold").in_file(),
    column("Shipment's hold to clear by").in_file(),
    column("Shipment"),
    numbers("Purchased"),
    column("Sold").named_in_csv("Units sold"),
    numbers("Available").sorted_by("available"),
    numbers("Allocated"),
    numbers("Dispatched").in_file(),
    column("Location").in_file(),
];

/// The list.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    let params = &visit.params;
    let mut errors = Vec::new();
    let sorts = [
        ("reference", BatchSort::Reference),
        ("eta", BatchSort::Eta),
        ("available", BatchSort::Available),
    ];
    let today = visit.today();
    let (held, hold_overdue) = Held::asked(params, &mut errors, today);
    let filter = BatchFilter {
        sku: params.parse("sku", &mut errors),
        available: params.one_of("available", &YES_NO, &mut errors),
        in_warehouse: params.one_of("in_warehouse", &YES_NO, &mut errors),
        eta_from: params.day("eta_from", &mut errors),
        eta_until: params.day("eta_until", &mut errors),
        shipment: params.parse("shipment", &mut errors),
        on_shipment: params.one_of("on_shipment", &YES_NO, &mut errors),
        held,
        hold_overdue,
        prefix: params.prefix("prefix", &mut errors),
        clear_until: params.day("clear_until", &mut errors),
        sort: params
            .one_of("sort", &sorts, &mut errors)
            .unwrap_or_default(),
    };
    let filters = Filters {
        params,
        errors: &errors,
    };
    let listing = Listing {
        place: Place::Batches,
        heading: "Batches",
        help: "",
        path: PATH,
        columns: &COLUMNS,
        filters: vec![
            filters.text("prefix", "Batch begins with"),
            filters.text("sku", "SKU"),
            filters.text("shipment", "Shipment"),
            filters.choice(
                "on_shipment",
                "Aboard",
                &[("", "Any"), ("yes", "On a shipment"), ("no", "On none")],
            ),
            filters.choice(
                "in_warehouse",
                "Where",
                &[("", "Any"), ("yes", "In the warehouse"), ("no", "Inbound")],
            ),
            filters.choice(
                "available",
                "Available",
                &[("", "Any"), ("yes", "Has free units"), ("no", "Sold out")],
            ),
            filters.choice("held", "Held", &Held::CHOICES),
            filters.day("eta_from", "Expected from"),
            filters.day("eta_until", "Expected until"),
            filters.day("clear_until", "Hold to clear by"),
        ],
        about: None,
        offers: actions::offers(&visit, &["CreateBatch"], &[]),
        empty: "No batch is like that.",
        none: "There are no batches yet.",
        notice: lists::wrong_sort(&errors),
    };
    let hold = errors.is_empty();
    let ask = move |page: Page| -> Asked<_> {
        let (context, filter) = (context.clone(), filter.clone());
        Box::pin(async move { context.app.views.batches(&filter, &page, today).await })
    };
    lists::answer(&visit, listing, hold, ask, row).await
}

fn row(batch: &BatchResource) -> Row {
    let stands = match batch.eta {
        None => "in the warehouse",
        Some(_) if batch.overdue => "overdue",
        Some(_) => "under way",
    };
    let [hold, until] = hold_in_file(batch.hold.as_ref());
    let [ship_hold, ship_until] = hold_in_file(batch.shipment_hold.as_ref());
    Row {
        cells: vec![
            Cell::batch(batch.reference.as_str()),
            Cell::product(batch.sku.as_str()),
            Cell::supply(batch),
            Cell::day(batch.eta),
            Cell::text(stands),
            hold,
            until,
            ship_hold,
            ship_until,
            Cell::shipment(batch.shipment.as_ref().map(ShipmentRef::as_str)),
            Cell::Number(batch.purchased),
            Cell::Bar(bar(batch)),
            Cell::Number(batch.available),
            Cell::Number(batch.allocated),
            Cell::Number(batch.dispatched),
            batch
                .location
                .as_ref()
                .map_or(Cell::None, |location| Cell::text(location.as_str())),
        ],
    }
}

/// How much of a batch is sold.
pub(super) fn bar(batch: &BatchResource) -> Bar {
    Bar {
        purchased: batch.purchased,
        allocated: batch.allocated,
        dispatched: batch.dispatched,
    }
}
