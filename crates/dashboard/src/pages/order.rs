//! One order: its lines and their promises, why each is what it is, what happened, and what can be done.

mod words;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use futures_util::future::try_join_all;
use landfall_domain::explanation::Verdict;
use landfall_domain::line::Status;
use landfall_domain::{LineKey, OrderId, ShipmentRef, Sku};
use landfall_service::explanation::{CandidateResource, ExplanationResource, explain};
use landfall_service::resources::{LineResource, OrderResource};
use landfall_service::views::{Thing, ViewError};

use super::history::{History, SHOWN};
use super::orders::state;
use crate::actions::{self, Offer};
use crate::errors::Failed;
use crate::frame::{Frame, Place};
use crate::pager::Pager;
use crate::paths::Name;
use crate::table::{Cell, Row, Table, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format, links, live};

/// Lines that are told one by one. Of an order with more there is a table, and one line at a time is told.
const TOLD: usize = 6;
/// Lines in a page of that table.
const LISTED: usize = 50;
/// The field of the query that says how many lines are passed over.
const AFTER: &str = "after";
/// Batches that are told of each line.
const CANDIDATES: usize = 12;

#[derive(Template)]
#[template(path = "order.html")]
struct OrderPage {
    frame: Frame,
    order: OrderResource,
    live: String,
    state: Cell,
    promise: Cell,
    tone: Tone,
    answer: String,
    offers: Vec<Offer>,
    lines: Vec<LinePart>,
    /// All lines, where there are too many to tell each.
    table: Option<Table>,
    history: History,
}

/// One line in the page.
struct LinePart {
    line: LineResource,
    state: Cell,
    promise: Cell,
    /// The first promise, where it is another than the one that holds.
    first: Option<jiff::civil::Date>,
    places: Vec<Goods>,
    /// The names of the batches and shipments that it has goods of.
    sources: Vec<String>,
    /// Whether some of its goods could leave now.
    here: bool,
    offers: Vec<Offer>,
    why: Option<Why>,
}

/// The page.
pub(super) async fn page(
    State(context): State<Shared>,
    Name(id): Name,
    visit: Visit,
) -> Result<Response, Failed> {
    visit.asks_only(&[links::LINE, AFTER])?;
    let not_found = || Failed::NotFound("order", id.clone());
    let id: OrderId = id.parse().map_err(|_| not_found())?;
    let views = &*context.app.views;
    let thing = Thing::Order(id.clone());
    let (order, events) =
        tokio::try_join!(views.order(&id, visit.today()), views.latest(&thing, SHOWN),)?;
    let order = order.ok_or_else(not_found)?;
    let chosen = visit.params.get(links::LINE);
    let many = order.lines.len() > TOLD;
    let told = order.lines.iter();
    let told = told.filter(|line| !many || Some(line.line_id.as_str()) == chosen);
    let told = told.map(|line| async {
        let why = explain(views, &line_key(line), &visit.day).await?;
        Ok::<_, ViewError>(LinePart::new(&visit, line, why.as_ref()))
    });
    let mut lines = try_join_all(told).await?;
    // Who came for one line sees it first.
    lines.sort_by_key(|part| chosen.is_some_and(|chosen| chosen != part.line.line_id.as_str()));
    for (place, part) in lines.iter_mut().enumerate() {
        if let Some(why) = &mut part.why {
            why.candidates.id = format!("candidates-{place}").into();
        }
    }
    let open = order.lines.iter().any(|line| is_open(line.status));
    let fields = [("order_id", id.as_str())];
    // Of lines that are not told nobody has looked where their goods are.
    let here = many || lines.iter().any(|part| part.here);
    let commands: &[&str] = match (open, here) {
        (true, true) => &["Dispatch", "Allocate", "CancelOrder"],
        (true, false) => &["Allocate", "CancelOrder"],
        (false, _) => &["Allocate"],
    };
    let history = History::naming(&visit, events.unwrap_or_default(), |record| {
        let (_, line) = record.event.line()?;
        let sku = record.sku.as_ref().map(Sku::as_str);
        let other = sku.filter(|sku| *sku != line.as_str());
        Some(match other {
            Some(sku) => Cell::Text(format!("{sku} ({line})")),
            None => Cell::text(line.as_str()),
        })
    });
    let live = names(&id, &lines);
    let after = visit.params.get(AFTER).and_then(|text| text.parse().ok());
    let (tone, answer) = words::answer(&order);
    super::show(&OrderPage {
        frame: Frame::new(&visit, Place::Orders, format!("Order {id}")),
        state: state(&order),
        promise: super::orders::promise(&order),
        tone,
        answer,
        offers: actions::offers(&visit, commands, &fields),
        table: many.then(|| line_table(&order, chosen, after.unwrap_or(0), &live)),
        lines,
        history,
        order,
        live,
    })
}

/// What changes the page: the order, and all that happens to the batches and shipments that the lines that are told
/// have goods of. Their promise may stay when these change.
fn names(id: &OrderId, lines: &[LinePart]) -> String {
    let order = live::name("order", id.as_str());
    let sources = lines.iter().flat_map(|part| part.sources.iter().cloned());
    live::any_of([order].into_iter().chain(sources))
}

/// The names of the batches that a line is pegged to, and of their shipments.
fn sources(line: &LineResource, why: Option<&ExplanationResource>) -> Vec<String> {
    let batches = line.allocations.iter();
    let batches = batches.map(|one| live::name("batch", one.batch.as_str()));
    let candidates = why.into_iter().flat_map(|why| &why.candidates);
    let taken = candidates.filter(|one| matches!(one.verdict, Verdict::Taken { .. }));
    let shipments = taken.filter_map(|one| one.shipment.as_ref());
    let shipments = shipments.map(|one| live::name("shipment", one.as_str()));
    batches.chain(shipments).collect()
}

fn line_key(line: &LineResource) -> LineKey {
    LineKey {
        order_id: line.order_id.clone(),
        line_id: line.line_id.clone(),
    }
}

impl LinePart {
    fn new(visit: &Visit, line: &LineResource, why: Option<&ExplanationResource>) -> Self {
        let first = line.original_promise;
        let here = is_here(line, why);
        Self {
            state: line_state(line),
            promise: line_promise(line),
            first: first.filter(|_| first != line.current_promise),
            places: why.into_iter().flat_map(places).collect(),
            sources: sources(line, why),
            offers: line_offers(visit, line, here),
            here,
            why: why.map(of_explanation),
            line: line.clone(),
        }
    }
}

/// The promise of a line; nothing where none is needed any longer.
pub(crate) fn line_promise(line: &LineResource) -> Cell {
    if line.current_promise.is_none() && !is_open(line.status) {
        return Cell::None;
    }
    Cell::Promise {
        original: line.original_promise,
        current: line.current_promise,
        overdue: line.overdue,
    }
}

/// Goods of a line, and where they are.
struct Goods {
    units: String,
    batch: Cell,
    shipment: Cell,
    there: Cell,
}

/// Where a line's goods are.
fn places(why: &ExplanationResource) -> Vec<Goods> {
    let taken = why.candidates.iter().filter_map(|candidate| {
        let Verdict::Taken { units } = candidate.verdict else {
            return None;
        };
        Some(Goods {
            units: format::count(units, "unit", "units"),
            batch: Cell::batch(candidate.batch.as_str()),
            shipment: Cell::shipment(candidate.shipment.as_ref().map(ShipmentRef::as_str)),
            there: there(candidate, why.as_of),
        })
    });
    taken.collect()
}

/// When a batch is here, and what keeps it.
fn there(candidate: &CandidateResource, today: jiff::civil::Date) -> Cell {
    let place = candidate.location.as_ref();
    let at = |word| place.map_or_else(String::new, |place| format!(" {word} {place}"));
    let mut parts = match candidate.eta {
        None => vec![Cell::Badge(
            Tone::Good,
            format!("in the warehouse{}", at("at")),
        )],
        Some(eta) => vec![Cell::text(format!(
            "expected on {}{}",
            format::day(eta),
            at("at")
        ))],
    };
    if candidate.eta.is_some_and(|eta| eta < today) {
        parts.push(Cell::Badge(Tone::Bad, "overdue".into()));
    }
    for held in &candidate.holds {
        let until = match held.hold.expected_clear {
            Some(day) => format!("held: {} until {}", held.hold.code, format::day(day)),
            None => format!("held: {}, no clear date", held.hold.code),
        };
        parts.push(Cell::Badge(Tone::Warn, until));
    }
    Cell::Several(parts)
}

/// The lines of an order, those that need somebody first: as many as a page has after so many others.
fn line_table(order: &OrderResource, chosen: Option<&str>, after: usize, live: &str) -> Table {
    let lines = &order.lines;
    let columns = [
        column("SKU"),
        column("Line"),
        numbers("Units"),
        column("State"),
        column("Promise"),
        column("Requested for"),
        column("From"),
        numbers("Dispatched"),
    ];
    let mut sorted: Vec<_> = lines.iter().collect();
    sorted.sort_by_key(|line| {
        let late = line.current_promise > line.original_promise;
        match line.status {
            _ if chosen == Some(line.line_id.as_str()) => 0,
            Status::Backordered => 1,
            Status::Allocated if line.overdue || line.current_promise.is_none() => 2,
            Status::Allocated if late => 3,
            Status::Allocated => 4,
            Status::Dispatched => 5,
            Status::Cancelled => 6,
        }
    });
    let after = if after < lines.len() { after } else { 0 };
    let shown = sorted.into_iter().skip(after).take(LISTED);
    let rows = shown.map(|line| Row {
        cells: vec![
            Cell::Name {
                href: links::line(line.order_id.as_str(), line.line_id.as_str()),
                text: line.sku.to_string(),
            },
            if line.line_id.as_str() == line.sku.as_str() {
                Cell::None
            } else {
                Cell::text(line.line_id.as_str())
            },
            Cell::Number(line.quantity),
            line_state(line),
            line_promise(line),
            Cell::day(line.requested_date),
            Cell::allocations(&line.allocations),
            Cell::Number(line.dispatched),
        ],
    });
    let all = format::count(lines.len() as u64, "line", "lines");
    let end = after.saturating_add(LISTED).min(lines.len());
    let caption = if end - after == lines.len() {
        all
    } else {
        let place = |place: usize| format::number(place as u64);
        format!(
            "Lines {} to {} of {all}, those that need somebody first",
            place(after + 1),
            place(end)
        )
    };
    let address = links::order(order.order_id.as_str());
    let at = |place: usize| links::list(&address, &[(AFTER, &place.to_string())]);
    let mut table = Table::new("lines-table", caption, &columns)
        .with_rows(rows)
        .live(live.to_owned());
    table.pager = Pager::counted(after, LISTED, lines.len(), at);
    table
}

/// Why a line has what it has.
struct Why {
    summary: String,
    candidates: Table,
}

pub(crate) fn is_open(status: Status) -> bool {
    matches!(status, Status::Allocated | Status::Backordered)
}

/// Whether some of a line's goods could leave now: they are in the warehouse, and nothing holds them.
fn is_here(line: &LineResource, why: Option<&ExplanationResource>) -> bool {
    line.status == Status::Allocated
        && why.is_none_or(|why| {
            let mut candidates = why.candidates.iter();
            candidates.any(|candidate| {
                let taken = matches!(candidate.verdict, Verdict::Taken { .. });
                taken && candidate.eta.is_none() && candidate.holds.is_empty()
            })
        })
}

/// What can be done with a line. What is not here cannot be dispatched.
fn line_offers(visit: &Visit, line: &LineResource, here: bool) -> Vec<Offer> {
    let commands: &[&str] = match line.status {
        Status::Allocated if line.dispatched > 0 && here => &["Dispatch", "CancelLine"],
        Status::Allocated if line.dispatched > 0 => &["CancelLine"],
        Status::Allocated if here => &["ChangeLineQuantity", "Dispatch", "CancelLine"],
        Status::Allocated | Status::Backordered => &["ChangeLineQuantity", "CancelLine"],
        Status::Dispatched | Status::Cancelled => &[],
    };
    let fields = [
        ("order_id", line.order_id.as_str()),
        ("line_id", line.line_id.as_str()),
    ];
    actions::offers(visit, commands, &fields)
}

/// Where a line stands.
pub(crate) fn line_state(line: &LineResource) -> Cell {
    let (tone, words) = match line.status {
        Status::Allocated if line.dispatched > 0 => (Tone::Good, "partly dispatched"),
        Status::Allocated => (Tone::Good, "allocated"),
        Status::Backordered => (Tone::Warn, "waits for stock"),
        Status::Dispatched => (Tone::Plain, "dispatched"),
        Status::Cancelled => (Tone::Plain, "cancelled"),
    };
    Cell::Badge(tone, words.into())
}

fn of_explanation(explanation: &ExplanationResource) -> Why {
    let columns = [
        column("Batch"),
        column("Shipment"),
        column("Location"),
        column("Could be promised for"),
        numbers("Available"),
        column("Taken or not"),
    ];
    let all = explanation.candidates.len() as u64 + explanation.candidates_left_out;
    let rows = explanation.candidates.iter().take(CANDIDATES);
    let rows = rows.map(|candidate| Row {
        cells: vec![
            Cell::batch(candidate.batch.as_str()),
            Cell::shipment(candidate.shipment.as_ref().map(ShipmentRef::as_str)),
            candidate
                .location
                .as_ref()
                .map_or(Cell::None, |location| Cell::text(location.as_str())),
            Cell::day(candidate.ready),
            Cell::Number(candidate.available),
            Cell::text(format::dated(&candidate.reason)),
        ],
    });
    let caption = if all > CANDIDATES as u64 {
        format!(
            "The first {CANDIDATES} of {} batches, in order of preference",
            format::number(all)
        )
    } else {
        "Batches, in order of preference".to_owned()
    };
    Why {
        summary: format::dated(&explanation.summary),
        candidates: Table::new("candidates", caption, &columns)
            .with_rows(rows)
            .live(String::new())
            .or_empty("No batch is looked at: nothing of the line is wanted any longer."),
    }
}
