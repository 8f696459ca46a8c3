//! Shipments: those under way, and those that have landed.

use axum::extract::State;
use axum::response::Response;
use landfall_domain::{Carriage, Hold};
use landfall_service::resources::ShipmentResource;
use landfall_service::views::{Page, ShipmentFilter, ShipmentSort};

use super::lists::{self, Asked, Filters, Held, Listing};
use crate::errors::Failed;
use crate::frame::Place;
use crate::table::{Bar, Cell, Column, Row, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, actions, format};

const PATH: &str = "/shipments";

const COLUMNS: [Column; 12] = [
    column("Shipment").rising_by("reference").usual(),
    column("ETA").rising_by("eta"),
    column("State").on_page(),
    column("State").in_file(),
    HOLD,
    HOLD_CLEAR,
    column("Carrier"),
    column("Vessel"),
    column("Container"),
    numbers("Batches"),
    numbers("Units"),
    column("Sold").named_in_csv("Units sold"),
];

/// What keeps something back, and until when, as files have it.
pub(super) const HOLD: Column = column("Hold").in_file();
pub(super) const HOLD_CLEAR: Column = column("Hold to clear by").in_file();

/// The list.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    let params = &visit.params;
    let mut errors = Vec::new();
    let landed = [("no", false), ("yes", true)];
    let sorts = [
        ("reference", ShipmentSort::Reference),
        ("eta", ShipmentSort::Eta),
    ];
    let today = visit.today();
    let (held, hold_overdue) = Held::asked(params, &mut errors, today);
    let filter = ShipmentFilter {
        carrier: params.parse("carrier", &mut errors),
        landed: params.one_of("landed", &landed, &mut errors),
        held,
        hold_overdue,
        eta_from: params.day("eta_from", &mut errors),
        eta_until: params.day("eta_until", &mut errors),
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
        place: Place::Arrivals,
        heading: "Shipments",
        help: "Also those that have landed. The arrivals show what is to come along time.",
        path: PATH,
        columns: &COLUMNS,
        filters: vec![
            filters.text("prefix", "Shipment begins with"),
            filters.text("carrier", "Carrier"),
            filters.choice(
                "landed",
                "Under way",
                &[("", "Any"), ("no", "Under way"), ("yes", "Landed")],
            ),
            filters.choice("held", "Held", &Held::CHOICES),
            filters.day("eta_from", "Expected from"),
            filters.day("eta_until", "Expected until"),
            filters.day("clear_until", "Hold to clear by"),
        ],
        about: None,
        offers: actions::offers(&visit, &["CreateShipment"], &[]),
        empty: "No shipment is like that.",
        none: "There are no shipments yet.",
        notice: lists::wrong_sort(&errors),
    };
    let hold = errors.is_empty();
    let ask = move |page: Page| -> Asked<_> {
        let (context, filter) = (context.clone(), filter.clone());
        Box::pin(async move { context.app.views.shipments(&filter, &page, today).await })
    };
    lists::answer(&visit, listing, hold, ask, row).await
}

fn row(shipment: &ShipmentResource) -> Row {
    let [hold, until] = hold_in_file(shipment.hold.as_ref());
    Row {
        cells: vec![
            Cell::shipment(Some(shipment.reference.as_str())),
            Cell::day(shipment.eta),
            state(shipment),
            stands(shipment),
            hold,
            until,
            text(shipment.carrier.as_ref()),
            text(shipment.vessel.as_ref()),
            text(shipment.container.as_ref()),
            Cell::Number(shipment.batch_count),
            Cell::Number(shipment.purchased),
            Cell::Bar(bar(shipment)),
        ],
    }
}

fn text(text: Option<&Carriage>) -> Cell {
    text.map_or(Cell::None, |text| Cell::text(text.as_str()))
}

/// Where a shipment stands.
pub(super) fn state(shipment: &ShipmentResource) -> Cell {
    let mut parts = vec![stands(shipment)];
    parts.extend(shipment.hold.as_ref().map(hold));
    Cell::Several(parts)
}

/// The same without what keeps it back.
fn stands(shipment: &ShipmentResource) -> Cell {
    match shipment.eta {
        None => Cell::Badge(Tone::Good, "landed".into()),
        Some(_) if shipment.overdue => Cell::Badge(Tone::Bad, "overdue".into()),
        Some(_) => Cell::Badge(Tone::Plain, "under way".into()),
    }
}

/// What keeps something back, and until when, as files have it.
pub(super) fn hold_in_file(hold: Option<&Hold>) -> [Cell; 2] {
    let code = hold.map_or(Cell::None, |hold| Cell::text(hold.code.as_str()));
    [code, Cell::day(hold.and_then(|hold| hold.expected_clear))]
}

/// What keeps something back.
pub(super) fn hold(hold: &Hold) -> Cell {
    let words = match hold.expected_clear {
        Some(day) => format!("{} until {}", hold.code, format::day(day)),
        None => format!("{}, no clear date", hold.code),
    };
    Cell::Badge(Tone::Warn, words)
}

/// How much of a shipment is sold.
pub(super) fn bar(shipment: &ShipmentResource) -> Bar {
    Bar {
        purchased: shipment.purchased,
        allocated: shipment.allocated,
        dispatched: shipment.dispatched,
    }
}
