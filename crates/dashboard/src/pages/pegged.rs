//! Who counts on a batch: the customers' lines that have goods of it.

use jiff::civil::Date;
use landfall_domain::BatchRef;
use landfall_service::resources::{BatchResource, LineResource};
use landfall_service::views::{Page, ViewError, Views};

use crate::links;
use crate::table::{Cell, Column, Row, Table, column, numbers};

/// Lines in a page.
const SHOWN: usize = 100;
/// Batches of a shipment that are asked for their lines.
const BATCHES: usize = 12;

/// A line, and what it has of a batch.
struct Peg {
    line: LineResource,
    batch: BatchRef,
    units: u64,
}

/// Lines, as many as a page shows.
#[derive(Default)]
pub(super) struct Pegged {
    pegs: Vec<Peg>,
    /// Whether there are others.
    cut: bool,
}

/// Of one batch: those first that would lose it last.
pub(super) async fn of_batch(
    views: &dyn Views,
    reference: &BatchRef,
    today: Date,
) -> Result<Pegged, ViewError> {
    let mut pegged = Pegged::default();
    pegged.add(views, reference, today).await?;
    Ok(pegged)
}

/// Of a shipment's batches: those first that are promised first.
pub(super) async fn of_batches(
    views: &dyn Views,
    batches: &[BatchResource],
    today: Date,
) -> Result<Pegged, ViewError> {
    let mut pegged = Pegged::default();
    let taken = batches.iter().filter(|batch| batch.allocated > 0);
    for (place, batch) in taken.enumerate() {
        if place == BATCHES || pegged.pegs.len() >= SHOWN {
            pegged.cut = true;
            break;
        }
        pegged.add(views, &batch.reference, today).await?;
    }
    // What has no promise comes before all, because that is worse.
    pegged.pegs.sort_by(|a, b| {
        let key = |peg: &Peg| (peg.line.current_promise, peg.line.order_id.clone());
        key(a).cmp(&key(b))
    });
    Ok(pegged)
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
    /// The lines of a batch, as many as there is room for.
    async fn add(
        &mut self,
        views: &dyn Views,
        reference: &BatchRef,
        today: Date,
    ) -> Result<(), ViewError> {
        let page = Page {
            after: None,
            limit: SHOWN - self.pegs.len().min(SHOWN - 1),
        };
        let Some(found) = views.pegged(reference, &page, today).await? else {
            return Ok(());
        };
        self.cut |= found.next.is_some();
        let pegs = found.items.into_iter().map(|line| {
            let of_it = line.allocations.iter();
            let of_it = of_it.filter(|allocation| allocation.batch == *reference);
            Peg {
                units: of_it.map(|allocation| allocation.quantity).sum(),
                batch: reference.clone(),
                line,
            }
        });
        self.pegs.extend(pegs);
        Ok(())
    }

    /// The lines as a table. `batch`: name the batch in each row.
    pub(super) fn table(&self, batch: bool, live: String) -> Table {
        let columns = &COLUMNS[..if batch { 6 } else { 5 }];
        let caption = if self.cut {
            format!("Lines that count on it: the first {}", self.pegs.len())
        } else {
            "Lines that count on it".to_owned()
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
