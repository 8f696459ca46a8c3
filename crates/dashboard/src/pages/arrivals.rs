//! Arrivals: shipments under way, and batches that come by themselves, along time and as a table.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::civil::Date;
use landfall_domain::Hold;
use landfall_service::resources::{BatchResource, ShipmentResource};
use landfall_service::views::{BatchFilter, Page, ShipmentFilter, Thing, ViewError, Views};

use super::lists::{self, Filter, Filters, Input, YES_NO};
use super::shipments::{HOLD, HOLD_CLEAR};
use super::{batches, revisions, shipments};
use crate::actions::{self, Offer};
use crate::charts::timeline::{Arrival, Held, Timeline, Window, Zoom};
use crate::errors::Failed;
use crate::frame::{Frame, Place};
use crate::params::Params;
use crate::table::{Bar, Cell, Column, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, csv, format, links};

const PATH: &str = "/arrivals";
/// What its address may ask.
const FIELDS: [&str; 7] = [
    ZOOM,
    "from",
    "prefix",
    "kind",
    "held",
    "eta_until",
    "format",
];
/// The one of these that is no filter.
const ZOOM: &str = "zoom";

/// Lanes in a page.
const LANES: usize = 50;
/// Shipments and batches that are looked at for a page, of each.
const LOOKED_AT: usize = 1_000;
/// The same for a file.
const IN_FILE: usize = 50_000;
/// Rows of a file whose histories are read at once.
const ROWS: usize = 200;
/// Events of each that are looked at for the ETAs that it had before.
const EVENTS: usize = 200;
/// Histories that are read side by side.
const SIDE_BY_SIDE: usize = 8;

const COLUMNS: [Column; 12] = [
    column("Arrival"),
    column("Kind"),
    column("ETA"),
    column("Expected before"),
    column("State").on_page(),
    column("State").in_file(),
    HOLD,
    HOLD_CLEAR,
    column("Carries"),
    numbers("Units"),
    numbers("Free"),
    column("Sold").named_in_csv("Units sold"),
];

/// What arrives: one of both.
#[derive(Debug, Clone)]
enum Coming {
    Shipment(ShipmentResource),
    Batch(BatchResource),
}

impl Coming {
    fn eta(&self) -> Option<Date> {
        match self {
            Self::Shipment(shipment) => shipment.eta,
            Self::Batch(batch) => batch.eta,
        }
    }

    fn name(&self) -> &str {
        match self {
            Self::Shipment(shipment) => shipment.reference.as_str(),
            Self::Batch(batch) => batch.reference.as_str(),
        }
    }

    fn thing(&self) -> Thing {
        match self {
            Self::Shipment(shipment) => Thing::Shipment(shipment.reference.clone()),
            Self::Batch(batch) => Thing::Batch(batch.reference.clone()),
        }
    }

    /// With the days on which it was expected before.
    fn arrival(self, eta: Date, earlier: Vec<Date>) -> Arrival {
        match self {
            Self::Shipment(shipment) => Arrival {
                href: links::shipment(shipment.reference.as_str()),
                kind: "Shipment",
                detail: carries(&shipment),
                eta,
                earlier,
                overdue: shipment.overdue,
                held: shipment.hold.as_ref().map(held),
                sold: shipments::bar(&shipment),
                name: shipment.reference.to_string(),
            },
            Self::Batch(batch) => Arrival {
                href: links::batch(batch.reference.as_str()),
                kind: "Batch",
                detail: batch.sku.to_string(),
                eta,
                earlier,
                overdue: batch.overdue,
                held: batch.hold.as_ref().map(held),
                sold: batches::bar(&batch),
                name: batch.reference.to_string(),
            },
        }
    }
}

fn carries(shipment: &ShipmentResource) -> String {
    let by = [&shipment.vessel, &shipment.carrier];
    let by = by.into_iter().flatten().next();
    let batches = format::count(shipment.batch_count, "batch", "batches");
    match by {
        Some(by) => format!("{batches}, {by}"),
        None => batches,
    }
}

fn held(hold: &Hold) -> Held {
    Held {
        code: hold.code.to_string(),
        until: hold.expected_clear,
    }
}

/// Which kinds are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Both,
    Shipments,
    Batches,
}

/// Which arrivals are wanted.
#[derive(Debug, Clone)]
struct Wanted {
    kind: Kind,
    held: Option<bool>,
    prefix: Option<String>,
    /// None before this day; none: also those that should have come long ago.
    from: Option<Date>,
    /// The last day.
    until: Date,
}

/// What comes, by ETA, and whether that is all of it. So many of each kind are looked at.
async fn coming(
    views: &dyn Views,
    wanted: &Wanted,
    looked_at: usize,
    today: Date,
) -> Result<(Vec<Coming>, bool), ViewError> {
    let mut found = Vec::new();
    let mut all = true;
    if wanted.kind != Kind::Batches {
        let filter = ShipmentFilter {
            landed: Some(false),
            held: wanted.held,
            eta_from: wanted.from,
            eta_until: Some(wanted.until),
            prefix: wanted.prefix.clone(),
            ..ShipmentFilter::default()
        };
        let page = Page {
            after: None,
            limit: looked_at,
        };
        let list = views.shipments(&filter, &page, today).await?;
        all &= list.next.is_none();
        found.extend(list.items.into_iter().map(Coming::Shipment));
    }
    if wanted.kind != Kind::Shipments {
        let filter = BatchFilter {
            in_warehouse: Some(false),
            held: wanted.held,
            eta_from: wanted.from,
            eta_until: Some(wanted.until),
            prefix: wanted.prefix.clone(),
            ..BatchFilter::default()
        };
        let page = Page {
            after: None,
            limit: looked_at,
        };
        let list = views.batches(&filter, &page, today).await?;
        all &= list.next.is_none();
        let alone = list.items.into_iter();
        let alone = alone.filter(|batch| batch.shipment.is_none());
        found.extend(alone.map(Coming::Batch));
    }
    found.sort_by(|a, b| (a.eta(), a.name()).cmp(&(b.eta(), b.name())));
    Ok((found, all))
}

/// The same with their histories.
async fn arrivals(views: &dyn Views, coming: &[Coming]) -> Result<Vec<Arrival>, ViewError> {
    let read = stream::iter(coming.to_vec()).map(|coming| async move {
        let thing = coming.thing();
        let events = views.latest(&thing, EVENTS).await?.unwrap_or_default();
        let earlier = revisions::earlier(&thing, &events);
        let eta = coming.eta();
        Ok::<_, ViewError>(eta.map(|eta| coming.arrival(eta, earlier)))
    });
    let read: Vec<_> = read.buffered(SIDE_BY_SIDE).try_collect().await?;
    Ok(read.into_iter().flatten().collect())
}

/// A way to another part of time.
struct Way {
    href: String,
    words: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "arrivals.html")]
struct ArrivalsPage {
    frame: Frame,
    path: &'static str,
    all: &'static str,
    offers: Vec<Offer>,
    filters: Vec<Filter>,
    hidden: Vec<(String, String)>,
    heading: String,
    zooms: Vec<Way>,
    ways: Vec<Way>,
    timeline: Option<Timeline>,
    /// What is not shown, and where it is.
    more: Option<(String, Option<String>)>,
    table: Table,
}

/// The page.
pub(super) async fn page(State(context): State<Shared>, visit: Visit) -> Result<Response, Failed> {
    visit.asks_only(&FIELDS)?;
    let params = &visit.params;
    let today = visit.today();
    let mut errors = Vec::new();
    let zooms = [("week", Zoom::Week), ("month", Zoom::Month)];
    let zoom = params.one_of(ZOOM, &zooms, &mut errors);
    let zoom = zoom.unwrap_or(Zoom::Week);
    let window = match params.day("from", &mut errors) {
        Some(from) => Window::new(zoom, from),
        None => Window::now(zoom, today),
    };
    let kinds = [("shipments", Kind::Shipments), ("batches", Kind::Batches)];
    let until = params.day("eta_until", &mut errors);
    let last = window.last();
    let wanted = Wanted {
        kind: params
            .one_of("kind", &kinds, &mut errors)
            .unwrap_or(Kind::Both),
        held: params.one_of("held", &YES_NO, &mut errors),
        prefix: params.prefix("prefix", &mut errors),
        // Where today is shown, what should have come before is shown as well.
        from: (!window.contains(today)).then_some(window.from),
        until: until.map_or(last, |until| until.min(last)),
    };
    let views = &context.app.views;
    if lists::is_csv(&visit) && errors.is_empty() {
        let (coming, _) = coming(&**views, &wanted, IN_FILE, today).await?;
        return file(context, coming).await;
    }
    let (found, all) = if errors.is_empty() {
        coming(&**views, &wanted, LOOKED_AT, today).await?
    } else {
        (Vec::new(), true)
    };
    let shown = &found[..found.len().min(LANES)];
    let arrivals = arrivals(&**views, shown).await?;
    let filters = Filters {
        params,
        errors: &errors,
    };
    let filters = filters_of(&filters);
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let page = ArrivalsPage {
        frame: Frame::new(&visit, Place::Arrivals, "Arrivals"),
        path: PATH,
        all: PATH,
        offers: actions::offers(&visit, &["CreateShipment", "CreateBatch"], &[]),
        filters,
        hidden: carried_on(params),
        heading: format!("{} – {}", format::day(window.from), format::day(last)),
        zooms: zoom_ways(params, zoom),
        ways: ways(params, &window, today),
        timeline: (!arrivals.is_empty()).then(|| Timeline::new(&window, today, &arrivals)),
        more: more(params, &found, all),
        table: table(params, &arrivals),
    };
    Ok((status, Html(page.render()?)).into_response())
}

/// What the form of the filters carries on.
fn carried_on(params: &Params) -> Vec<(String, String)> {
    let zoom = params.get(ZOOM);
    zoom.map(|zoom| (ZOOM.to_owned(), zoom.to_owned()))
        .into_iter()
        .collect()
}

fn filters_of(filters: &Filters<'_>) -> Vec<Filter> {
    vec![
        filters.day("from", "From"),
        filters.text("prefix", "Reference begins with"),
        filters.choice(
            "kind",
            "Kind",
            &[
                ("", "Shipments and batches"),
                ("shipments", "Shipments"),
                ("batches", "Batches by themselves"),
            ],
        ),
        filters.choice(
            "held",
            "Held",
            &[("", "Any"), ("yes", "Held"), ("no", "Not held")],
        ),
        filters.day("eta_until", "Expected until"),
    ]
}

/// A page with these parameters.
fn there(params: &Params, change: &[(&str, Option<&str>)]) -> String {
    let params = change
        .iter()
        .fold(params.with("done", None), |params, (name, value)| {
            params.with(name, *value)
        });
    params.url(PATH)
}

fn zoom_ways(params: &Params, now: Zoom) -> Vec<Way> {
    let ways = [(Zoom::Week, "Weeks"), (Zoom::Month, "Months")];
    let ways = ways.map(|(zoom, words)| Way {
        href: there(params, &[(ZOOM, Some(zoom.name()))]),
        words: words.to_owned(),
        here: zoom == now,
    });
    ways.into()
}

fn ways(params: &Params, window: &Window, today: Date) -> Vec<Way> {
    let from = |day: Date| there(params, &[("from", Some(&day.to_string()))]);
    vec![
        Way {
            href: from(window.before()),
            words: "← Earlier".to_owned(),
            here: false,
        },
        Way {
            href: there(params, &[("from", None)]),
            words: "Today".to_owned(),
            here: *window == Window::now(window.zoom, today),
        },
        Way {
            href: from(window.until),
            words: "Later →".to_owned(),
            here: false,
        },
    ]
}

/// What is found and not shown: how much, and where one goes on.
fn more(params: &Params, found: &[Coming], all: bool) -> Option<(String, Option<String>)> {
    let left = found.len().saturating_sub(LANES);
    if left > 0 {
        let words = format!(
            "The first {LANES} of {}{} are shown.",
            if all { "" } else { "more than " },
            format::count(found.len() as u64, "arrival", "arrivals"),
        );
        let first = found.first().and_then(Coming::eta);
        let next = found.get(LANES).and_then(Coming::eta);
        // Where all come on one day, there is no later one to go to.
        let next = next.filter(|next| first < Some(*next));
        return Some((
            words,
            next.map(|next| there(params, &[("from", Some(&next.to_string()))])),
        ));
    }
    (!all).then(|| {
        let words = format!(
            "Only the first {} of each kind, by reference, were looked at. Narrow it down by prefix or hold.",
            format::number(LOOKED_AT as u64)
        );
        (words, None)
    })
}

async fn file(context: Shared, coming: Vec<Coming>) -> Result<Response, Failed> {
    let coming: std::sync::Arc<[Coming]> = coming.into();
    let pages: csv::Pages = Box::new(move |after| {
        let (context, coming) = (context.clone(), coming.clone());
        Box::pin(async move {
            let begins = after
                .and_then(|after| after.parse().ok())
                .unwrap_or(0_usize);
            let ends = begins.saturating_add(ROWS).min(coming.len());
            let part = coming.get(begins..ends).unwrap_or_default();
            let read = arrivals(&*context.app.views, part).await?;
            let rows = read.iter().map(|arrival| row(arrival, true)).collect();
            Ok((rows, (ends < coming.len()).then(|| ends.to_string())))
        })
    });
    csv::file("arrivals", &COLUMNS, pages).await
}

fn table(params: &Params, arrivals: &[Arrival]) -> Table {
    Table::new("rows", "The same as a table", &COLUMNS)
        .listed(PATH, &params.with("done", None), &COLUMNS, None)
        .with_rows(arrivals.iter().map(|arrival| row(arrival, false)))
        .or_empty("Nothing is expected in these days.")
}

/// `file`: for a file, which has room for everything.
fn row(arrival: &Arrival, file: bool) -> Row {
    let Bar { purchased, .. } = arrival.sold;
    let mut state = Vec::new();
    if arrival.overdue {
        state.push(Cell::Badge(Tone::Bad, "overdue".into()));
    }
    let held = arrival.held.as_ref();
    state.extend(held.map(|held| Cell::Badge(Tone::Warn, held.words())));
    if state.is_empty() {
        state.push(Cell::Badge(Tone::Plain, "under way".into()));
    }
    let stands = if arrival.overdue {
        "overdue"
    } else {
        "under way"
    };
    Row {
        cells: vec![
            Cell::Name {
                href: arrival.href.clone(),
                text: arrival.name.clone(),
            },
            Cell::text(arrival.kind),
            Cell::Day(arrival.eta),
            revisions::cell(&arrival.earlier, file),
            Cell::Several(state),
            Cell::text(stands),
            held.map_or(Cell::None, |held| Cell::text(held.code.as_str())),
            Cell::day(held.and_then(|held| held.until)),
            Cell::text(&arrival.detail),
            Cell::Number(purchased),
            Cell::Number(purchased.saturating_sub(arrival.sold.sold())),
            Cell::Bar(arrival.sold),
        ],
    }
}
