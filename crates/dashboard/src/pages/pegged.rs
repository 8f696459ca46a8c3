//! Who counts on a batch: the customers' lines that have goods of it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use landfall_domain::BatchRef;
use landfall_service::resources::{BatchResource, LineResource};
use landfall_service::views::{OrderFilter, Page, ViewError, Views};

use crate::links;
use crate::table::{Cell, Column, Row, Table, column, numbers};

/// Lines in a page.
pub(super) const SHOWN: usize = 100;
/// Orders that are read of a batch.
const READ: usize = 300;
/// Batches of a shipment that are asked for their lines.
const BATCHES: usize = 12;

/// A line, and what it has of a batch.
pub(super) struct Peg {
    line: LineResource,
    batch: BatchRef,
    units: u64,
}

/// Lines, by promise.
pub(super) struct Pegged {
    pegs: Vec<Peg>,
    /// Whether there are others.
    pub(super) cut: bool,
}

/// Of one batch.
pub(super) async fn of_batch(
    views: &dyn Views,
    reference: &BatchRef,
    today: Date,
) -> Result<Pegged, ViewError> {
    let mut pegged = Pegged {
        pegs: Vec::new(),
        cut: false,
    };
    add(views, reference, READ, today, &mut pegged).await?;
    pegged.sort();
    Ok(pegged)
}

/// Of a shipment's batches.
pub(super) async fn of_batches(
    views: &dyn Views,
    batches: &[BatchResource],
    today: Date,
) -> Result<Pegged, ViewError> {
    let mut pegged = Pegged {
        pegs: Vec::new(),
        cut: false,
    };
    let taken = batches.iter().filter(|batch| batch.allocated > 0);
    for (place, batch) in taken.enumerate() {
        if place == BATCHES || pegged.pegs.len() >= SHOWN {
            pegged.cut = true;
            break;
        }
        add(views, &batch.reference, SHOWN, today, &mut pegged).await?;
    }
    pegged.sort();
    Ok(pegged)
}

async fn add(
    views: &dyn Views,
    reference: &BatchRef,
    orders: usize,
    today: Date,
    pegged: &mut Pegged,
) -> Result<(), ViewError> {
    let filter = OrderFilter {
        batch: Some(reference.clone()),
        ..OrderFilter::default()
    };
    let page = Page {
        after: None,
        limit: orders,
    };
    let found = views.orders(&filter, &page, today).await?;
    pegged.cut |= found.next.is_some();
    for line in found.items.into_iter().flat_map(|order| order.lines) {
        let of_it = line.allocations.iter();
        let of_it = of_it.filter(|allocation| allocation.batch == *reference);
        let units = of_it.map(|allocation| allocation.quantity).sum();
        if units > 0 {
            pegged.pegs.push(Peg {
                line,
                batch: reference.clone(),
                units,
            });
        }
    }
    Ok(())
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
    /// By promise; those without one first, because that is worse.
    fn sort(&mut self) {
        self.pegs.sort_by(|a, b| {
            let key = |peg: &Peg| (peg.line.current_promise, peg.line.order_id.clone());
            key(a).cmp(&key(b))
        });
    }

    /// Units by the day for which they are promised; those without one have no part in it.
    pub(super) fn by_promise(&self) -> Vec<(Date, u64)> {
        let mut days: BTreeMap<Date, u64> = BTreeMap::new();
        for peg in &self.pegs {
            if let Some(day) = peg.line.current_promise {
                *days.entry(day).or_default() += peg.units;
            }
        }
        days.into_iter().collect()
    }

    /// The lines as a table. `batch`: name the batch in each row.
    pub(super) fn table(&self, batch: bool, live: String) -> Table {
        let columns = &COLUMNS[..if batch { 6 } else { 5 }];
        let shown = self.pegs.len().min(SHOWN);
        let caption = if self.cut || self.pegs.len() > SHOWN {
            format!("Lines that count on it: the first {shown} of those that were read")
        } else {
            "Lines that count on it".to_owned()
        };
        let rows = self.pegs.iter().take(SHOWN).map(|peg| {
            let line = &peg.line;
            let mut cells = vec![
                Cell::Name {
                    href: links::line(line.order_id.as_str(), line.line_id.as_str()),
                    text: line.order_id.to_string(),
                },
                sku(line),
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

/// What a line wants, and its own name where that is another.
fn sku(line: &LineResource) -> Cell {
    let sku = Cell::product(line.sku.as_str());
    if line.line_id.as_str() == line.sku.as_str() {
        return sku;
    }
    Cell::Several(vec![sku, Cell::text(format!("line {}", line.line_id))])
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
