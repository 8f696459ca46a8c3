//! All lines that count on a shipment or on a batch, batch by batch.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use futures_util::future::try_join_all;
use jiff::civil::Date;
use landfall_domain::{BatchRef, ShipmentRef, Sku};
use landfall_service::resources::{BatchResource, LineResource};
use landfall_service::views::{BatchFilter, List, Page, ShipmentFilter, ViewError, Views, cursor};
use landfall_service::wire::FieldError;

use super::{AT_ONCE, Peg, read};
use crate::errors::Failed;
use crate::frame::Place as Door;
use crate::pages::lists::{self, About, Asked, Filters, Listing};
use crate::params::Params;
use crate::table::{Cell, Column, Row, Tone, column, numbers};
use crate::visit::Visit;
use crate::{Shared, format, links};

const PATH: &str = "/pegged";

const COLUMNS: [Column; 10] = [
    column("Order"),
    column("Line").in_file(),
    column("SKU"),
    column("Batch").rising_by("batch").usual(),
    numbers("Units"),
    numbers("Outstanding"),
    numbers("Priority"),
    column("Promised first"),
    column("Promised"),
    numbers("Days late"),
];

/// Batches that are read at once, to find those of which lines have something.
const BATCHES: usize = 200;
/// How often so many are read for one page: of a shipment of which nobody has anything a page is empty in the end.
const READS: usize = 10;

/// Whose lines are asked for.
#[derive(Clone)]
struct Wanted {
    shipment: Option<ShipmentRef>,
    batch: Option<BatchRef>,
    sku: Option<Sku>,
}

impl Wanted {
    /// What an address asks for; what is wrong with it goes to `errors`.
    async fn read(
        params: &Params,
        views: &dyn Views,
        today: Date,
        errors: &mut Vec<FieldError>,
    ) -> Result<Self, ViewError> {
        let wanted = Self {
            shipment: params.parse("shipment", errors),
            batch: params.parse("batch", errors),
            sku: params.parse("sku", errors),
        };
        let mut wrong = |field: &str, message: &str| {
            errors.push(FieldError {
                field: field.into(),
                message: message.into(),
            });
        };
        if ["shipment", "batch"]
            .iter()
            .all(|name| params.get(name).is_none())
        {
            wrong("shipment", "must be named, or else a batch");
        }
        if let Some(shipment) = &wanted.shipment
            && !exists(views, shipment, today).await?
        {
            wrong("shipment", "is the name of no shipment");
        }
        if let Some(batch) = &wanted.batch
            && views.batch(batch, today).await?.is_none()
        {
            wrong("batch", "is the name of no batch");
        }
        Ok(wanted)
    }

    /// What it is about: the shipment, or else the batch.
    fn about(&self) -> Option<About> {
        let (field, name, words, page) = match self {
            Self {
                shipment: Some(shipment),
                ..
            } => {
                let name = shipment.as_str();
                ("shipment", name, "Shipment", links::shipment(name))
            }
            Self {
                batch: Some(batch), ..
            } => {
                let name = batch.as_str();
                ("batch", name, "Batch", links::batch(name))
            }
            Self { .. } => return None,
        };
        Some(About {
            page,
            words: format!("{words} {name}"),
            all: links::list(PATH, &[(field, name)]),
        })
    }

    fn has(&self, batch: &BatchResource) -> bool {
        let Self {
            shipment,
            batch: reference,
            sku,
        } = self;
        (shipment.is_none() || batch.shipment == *shipment)
            && reference.as_ref().is_none_or(|one| batch.reference == *one)
            && sku.as_ref().is_none_or(|sku| batch.sku == *sku)
    }

    /// Some of the batches, by name, and whether there are others.
    async fn batches(
        &self,
        views: &dyn Views,
        after: Option<&BatchRef>,
        today: Date,
    ) -> Result<(Vec<BatchResource>, bool), ViewError> {
        if let Some(reference) = &self.batch {
            let first = after.is_none_or(|after| after < reference);
            let batch = views.batch(reference, today).await?;
            let batch = batch.filter(|batch| first && self.has(batch));
            return Ok((batch.into_iter().collect(), false));
        }
        let filter = BatchFilter {
            shipment: self.shipment.clone(),
            sku: self.sku.clone(),
            ..BatchFilter::default()
        };
        let page = Page {
            after: after.map(ToString::to_string),
            limit: BATCHES,
        };
        let found = views.batches(&filter, &page, today).await?;
        Ok((found.items, found.next.is_some()))
    }

    /// A page of the lines. An empty batch takes no place in it.
    async fn lines(
        &self,
        views: &dyn Views,
        page: &Page,
        today: Date,
    ) -> Result<List<Peg>, ViewError> {
        let begin = page.after.as_deref().map(Place::parse).transpose()?;
        let mut pegs = Vec::new();
        if let Some(Place { batch, within }) = &begin
            && within.is_some()
            && let Some(begun) = views.batch(batch, today).await?
            && self.has(&begun)
        {
            let rest = Page {
                after: within.clone(),
                limit: page.limit,
            };
            let found = read(views, batch, &rest, today).await?;
            pegs = found.items;
            if let Some(next) = found.next {
                return Ok(goes_on(pegs, batch, &next));
            }
        }
        let mut last = begin.map(|begin| begin.batch);
        for _ in 0..READS {
            let (batches, more) = self.batches(views, last.as_ref(), today).await?;
            let end = batches.last().map(|batch| batch.reference.clone());
            let taken: Vec<_> = batches.iter().filter(|batch| batch.allocated > 0).collect();
            let mut taken = &taken[..];
            while !taken.is_empty() {
                let room = page.limit.saturating_sub(pegs.len());
                if let Some(last) = last.as_ref().filter(|_| room == 0) {
                    return Ok(goes_on(pegs, last, ""));
                }
                let (some, others) = taken.split_at(together(taken, room));
                taken = others;
                let whole = Page {
                    after: None,
                    limit: room,
                };
                let found = some
                    .iter()
                    .map(|batch| read(views, &batch.reference, &whole, today));
                for (batch, found) in some.iter().zip(try_join_all(found).await?) {
                    // Between two questions a batch may have got more lines than it had units.
                    if let Some(last) = last
                        .as_ref()
                        .filter(|_| pegs.len() + found.items.len() > page.limit)
                    {
                        return Ok(goes_on(pegs, last, ""));
                    }
                    pegs.extend(found.items);
                    if let Some(next) = found.next {
                        return Ok(goes_on(pegs, &batch.reference, &next));
                    }
                    last = Some(batch.reference.clone());
                }
            }
            last = end.filter(|_| more);
            if !more {
                break;
            }
        }
        let next = last.map(|last| place(&last, ""));
        Ok(List { items: pegs, next })
    }
}

async fn exists(views: &dyn Views, shipment: &ShipmentRef, today: Date) -> Result<bool, ViewError> {
    // Of all names that begin so it is the first.
    let filter = ShipmentFilter {
        prefix: Some(shipment.to_string()),
        ..ShipmentFilter::default()
    };
    let page = Page {
        after: None,
        limit: 1,
    };
    let found = views.shipments(&filter, &page, today).await?;
    Ok(found.items.iter().any(|one| one.reference == *shipment))
}

/// How many of these batches are read at once: so many as have room with all their lines, of which each has a unit at
/// least, or else the first alone.
fn together(batches: &[&BatchResource], room: usize) -> usize {
    let mut units = 0_u64;
    let fit = batches.iter().take(AT_ONCE).take_while(|batch| {
        units = units.saturating_add(batch.allocated);
        units <= room as u64
    });
    fit.count().max(1)
}

/// Where a page ends: in a batch, or behind it.
struct Place {
    batch: BatchRef,
    /// The cursor in the batch's own list; none: behind it.
    within: Option<String>,
}

impl Place {
    fn parse(text: &str) -> Result<Self, ViewError> {
        let (batch, within) = text.split_once('\n').ok_or(ViewError::BadCursor)?;
        let page = Page {
            after: Some(within.to_owned()).filter(|within| !within.is_empty()),
            limit: 0,
        };
        cursor::peg(&page)?;
        Ok(Self {
            batch: batch.parse().map_err(|_| ViewError::BadCursor)?,
            within: page.after,
        })
    }
}

/// The cursor that [`Place`] reads.
fn place(batch: &BatchRef, within: &str) -> String {
    format!("{batch}\n{within}")
}

/// A page that is not the last; it ends here.
fn goes_on(items: Vec<Peg>, batch: &BatchRef, within: &str) -> List<Peg> {
    let next = Some(place(batch, within));
    List { items, next }
}

/// All of them.
pub(in crate::pages) async fn page(
    State(context): State<Shared>,
    visit: Visit,
) -> Result<Response, Failed> {
    let (params, today) = (&visit.params, visit.today());
    let mut errors = Vec::new();
    let wanted = Wanted::read(params, &*context.app.views, today, &mut errors).await?;
    params.one_of("sort", &[("batch", ())], &mut errors);
    let filters = Filters {
        params,
        errors: &errors,
    };
    let (door, heading) = if params.get("shipment").is_some() {
        (Door::Arrivals, "Lines that count on a shipment")
    } else {
        (Door::Batches, "Lines that count on a batch")
    };
    let about = wanted.about().filter(|_| errors.is_empty());
    let listing = Listing {
        place: door,
        heading,
        help: "Lines that have goods of these batches, batch by batch; those of a batch first that would lose them last. “Units” are those of the batch, “Outstanding” is all that the line still waits for.",
        path: PATH,
        columns: &COLUMNS,
        filters: vec![
            filters.text("shipment", "Shipment"),
            filters.text("batch", "Batch"),
            filters.text("sku", "SKU"),
        ],
        about,
        offers: Vec::new(),
        empty: "No line counts on it.",
        none: "No line counts on it.",
        notice: lists::wrong_sort(&errors),
    };
    let hold = errors.is_empty();
    let ask = move |page: Page| -> Asked<_> {
        let (context, wanted) = (Arc::clone(&context), wanted.clone());
        Box::pin(async move { wanted.lines(&*context.app.views, &page, today).await })
    };
    lists::answer(&visit, listing, hold, ask, row).await
}

fn row(peg: &Peg) -> Row {
    let line = &peg.line;
    let (order, name, sku) = (&line.order_id, &line.line_id, &line.sku);
    Row {
        cells: vec![
            Cell::line(order.as_str(), name.as_str(), sku.as_str()),
            Cell::text(name.as_str()),
            Cell::product(sku.as_str()),
            Cell::batch(peg.batch.as_str()),
            Cell::Number(peg.units),
            Cell::Number(line.quantity.saturating_sub(line.dispatched)),
            Cell::Number(line.priority.get().into()),
            Cell::day(line.original_promise),
            match line.current_promise {
                Some(day) => Cell::Day(day),
                None => Cell::Badge(Tone::Bad, "no date".into()),
            },
            days_late(line).map_or(Cell::None, Cell::Number),
        ],
    }
}

/// By how much it comes later than was promised first.
fn days_late(line: &LineResource) -> Option<u64> {
    let late = format::days_between(line.original_promise?, line.current_promise?);
    u64::try_from(late).ok().filter(|days| *days > 0)
}

/// Where the lines of a shipment, or of a batch, are listed.
pub(in crate::pages) fn all_of(kind: &str, reference: &str) -> String {
    links::list(PATH, &[(kind, reference)])
}
