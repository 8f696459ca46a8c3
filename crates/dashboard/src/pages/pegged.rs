//! Who counts on a batch: the customers' lines that have goods of it.

mod list;

use futures_util::future::try_join_all;
use jiff::civil::Date;
use landfall_domain::BatchRef;
use landfall_service::resources::{BatchResource, LineResource};
use landfall_service::views::{List, Page, Promises, ViewError, Views};

use crate::format;
use crate::links;
use crate::table::{Cell, Column, Row, Table, column, numbers};

/// Lines in the page of a batch.
const OF_BATCH: usize = 100;
/// Lines in the page of a shipment.
const OF_SHIPMENT: usize = 50;
/// Batches of a shipment that are asked for their lines at once.
const AT_ONCE: usize = 8;

pub(super) use list::{all_of, page};

/// A line, and what it has of a batch.
struct Peg {
    line: LineResource,
    batch: BatchRef,
    units: u64,
}

/// Lines, as many as a page shows.
pub(super) struct Pegged {
    pegs: Vec<Peg>,
    /// Of how many these are the first, in words; none: they are all.
    of: Option<String>,
}

/// Of one batch: those first that would lose it last.
pub(super) async fn of_batch(
    views: &dyn Views,
    batch: &BatchResource,
    promises: &Promises,
    today: Date,
) -> Result<Pegged, ViewError> {
    let List { items: pegs, next } = read(views, &batch.reference, &first(OF_BATCH), today).await?;
    let lines: u64 = promises.days.iter().map(|day| day.lines).sum();
    let of = next.is_some().then(|| {
        let more = if promises.capped { "more than " } else { "" };
        format!("of {more}{}", format::number(lines))
    });
    Ok(Pegged { pegs, of })
}

/// Of a shipment's batches. All of them, those first that are promised first; where there are too many, batch by batch:
/// nobody knows which would be the first of all without reading them all.
pub(super) async fn of_batches(
    views: &dyn Views,
    batches: &[BatchResource],
    today: Date,
) -> Result<Pegged, ViewError> {
    let taken: Vec<_> = batches.iter().filter(|batch| batch.allocated > 0).collect();
    let (mut pegs, mut all) = (Vec::new(), true);
    for some in taken.chunks(AT_ONCE) {
        if pegs.len() >= OF_SHIPMENT {
            all = false;
            break;
        }
        let room = first(OF_SHIPMENT - pegs.len());
        let found = some
            .iter()
            .map(|batch| read(views, &batch.reference, &room, today));
        for found in try_join_all(found).await? {
            all &= found.next.is_none();
            pegs.extend(found.items);
        }
    }
    all &= pegs.len() <= OF_SHIPMENT;
    pegs.truncate(OF_SHIPMENT);
    if all {
        // What has no promise comes before all, because that is worse.
        pegs.sort_by(|a, b| {
            let key = |peg: &Peg| (peg.line.current_promise, peg.line.order_id.clone());
            key(a).cmp(&key(b))
        });
        return Ok(Pegged { pegs, of: None });
    }
    let sum = |units: &mut dyn Iterator<Item = u64>| {
        let units = units.fold(0, u64::saturating_add);
        format::number(units)
    };
    let of = format!(
        "batch by batch, with {} of {} units",
        sum(&mut pegs.iter().map(|peg| peg.units)),
        sum(&mut taken.iter().map(|batch| batch.allocated)),
    );
    Ok(Pegged { pegs, of: Some(of) })
}

/// The beginning of a list.
fn first(limit: usize) -> Page {
    Page { after: None, limit }
}

/// A page of the lines of a batch.
async fn read(
    views: &dyn Views,
    reference: &BatchRef,
    page: &Page,
    today: Date,
) -> Result<List<Peg>, ViewError> {
    let found = views.pegged(reference, page, today).await?;
    let (lines, next) = found.map_or_else(Default::default, |found| (found.items, found.next));
    let pegs = lines.into_iter().map(|line| {
        let of_it = line.allocations.iter();
        let of_it = of_it.filter(|allocation| allocation.batch == *reference);
        Peg {
            units: of_it.map(|allocation| allocation.quantity).sum(),
            batch: reference.clone(),
            line,
        }
    });
    Ok(List {
        items: pegs.collect(),
        next,
    })
}

const COLUMNS: [Column; 6] = [
    column("Order"),
    column("SKU"),
    numbers("Units"),
    column("Promise"),
    numbers("Priority"),
    column("Batch"),
];

impl Pegged {
    /// Whether there are others.
    pub(super) fn is_cut(&self) -> bool {
        self.of.is_some()
    }

    /// The lines as a table. `batch`: name the batch in each row.
    pub(super) fn table(&self, batch: bool, live: String) -> Table {
        let columns = &COLUMNS[..if batch { 6 } else { 5 }];
        let caption = match &self.of {
            Some(of) => format!("Lines that count on it: the first {} {of}", self.pegs.len()),
            None => "Lines that count on it".to_owned(),
        };
        let rows = self.pegs.iter().map(|peg| {
            let line = &peg.line;
            let mut cells = vec![
                Cell::line(
                    line.order_id.as_str(),
                    line.line_id.as_str(),
                    line.sku.as_str(),
                ),
                Cell::product(line.sku.as_str()),
                Cell::Number(peg.units),
                Cell::Promise {
                    original: line.original_promise,
                    current: line.current_promise,
                    overdue: line.overdue,
                },
                Cell::Number(line.priority.get().into()),
            ];
            if batch {
                cells.push(Cell::batch(peg.batch.as_str()));
            }
            Row { cells }
        });
        Table::new("pegged", caption, columns)
            .with_rows(rows)
            .or_empty("No line counts on it.")
            .live(live)
    }
}

/// Where the orders of a batch are listed.
pub(super) fn orders(batch: &BatchResource) -> Cell {
    if batch.allocated == 0 {
        return Cell::None;
    }
    Cell::Do {
        href: links::list("/orders", &[("batch", batch.reference.as_str())]),
        text: "Orders".into(),
    }
}
