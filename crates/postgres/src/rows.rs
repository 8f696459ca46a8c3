//! From rows to products, batches, lines and shipments.

use jiff::civil::Date;
use landfall_domain::batch::Landing;
use landfall_domain::product::Counters;
use landfall_domain::{
    Allocation, Batch, BatchRef, Hold, LineKey, Location, OrderLine, PlacedOrder, Priority,
    Shipment, Sku, Terms,
};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use crate::codes::{self, Day};
use crate::error::Fault;

/// The columns of `batches b` that [`batch`] reads, followed by those of [`PRODUCT`].
pub(crate) const BATCH: &str = "b.partition, b.number, b.product, b.reference, b.location, b.eta, b.purchased, \
     b.allocated, b.dispatched, b.first_quantity, b.first_eta, b.shipment, b.hold, b.hold_note, b.hold_clear, \
     b.shipment_hold, b.shipment_hold_note, b.shipment_hold_clear, b.received, b.landed, b.landed_sold, b.landed_of, \
     p.sku, p.version, p.backordered, p.late";
/// Where [`PRODUCT`] begins in [`BATCH`].
pub(crate) const PRODUCT_OF_BATCH: usize = 22;

/// The columns of `lines l` that [`RawLine::read`] reads, followed by those of [`PRODUCT`].
pub(crate) const LINE: &str = "l.partition, l.number, l.order_id, l.line_id, l.product, l.quantity, l.dispatched, \
     l.status, l.cancelled, l.priority, l.policy, l.split, l.if_short, l.requested, l.original, l.current, l.batch, \
     l.parts, l.first_quantity, l.locations, l.deliver, p.sku, p.version, p.backordered, p.late";
/// Where [`PRODUCT`] begins in [`LINE`].
pub(crate) const PRODUCT_OF_LINE: usize = 21;
/// How many columns [`LINE`] has.
pub(crate) const LINE_COLUMNS: usize = 25;

/// The columns of `products p` that [`counters`] reads, with the SKU before them.
pub(crate) const PRODUCT: &str = "p.sku, p.version, p.backordered, p.late";

/// The columns of `shipments s` that [`shipment`] reads.
pub(crate) const SHIPMENT: &str = "s.reference, s.eta, s.carrier, s.vessel, s.container, s.hold, s.hold_note, \
     s.hold_clear, s.first_eta";

/// Brings its product to a batch.
pub(crate) const PRODUCT_OF_B: &str =
    "JOIN products p ON p.partition = b.partition AND p.number = b.product";
/// Brings its product to a line.
pub(crate) const PRODUCT_OF_L: &str =
    "JOIN products p ON p.partition = l.partition AND p.number = l.product";

/// Something that is numbered, each partition on its own: its partition and its number.
pub(crate) type Place = (u16, u64);

/// A column.
pub(crate) fn get<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, Fault> {
    row.try_get(column)
        .map_err(|error| Fault::Corrupt(crate::error::in_words(&error)))
}

/// A column that counts something.
pub(crate) fn count(row: &Row, column: usize) -> Result<u64, Fault> {
    codes::count_of(get(row, column)?)
}

/// A partition.
pub(crate) fn partition(row: &Row, column: usize) -> Result<u16, Fault> {
    Ok(codes::partition(get(row, column)?))
}

/// A partition and a number, in two columns from this one on.
pub(crate) fn place(row: &Row, column: usize) -> Result<Place, Fault> {
    Ok((partition(row, column)?, count(row, column + 1)?))
}

/// A date or NULL.
pub(crate) fn date(row: &Row, column: usize) -> Result<Option<Date>, Fault> {
    get::<Option<Day>>(row, column)?.map(Day::date).transpose()
}

/// A name: text that the domain accepts.
pub(crate) fn name<T>(row: &Row, column: usize) -> Result<T, Fault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    parse(get(row, column)?)
}

/// A name or NULL.
pub(crate) fn optional_name<T>(row: &Row, column: usize) -> Result<Option<T>, Fault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    get::<Option<&str>>(row, column)?.map(parse).transpose()
}

pub(crate) fn parse<T>(text: &str) -> Result<T, Fault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| Fault::Corrupt(format!("the name {text:?} {error}")))
}

/// A product's own row, its SKU left out: version, lines that wait, lines that are late, in three columns from the
/// one after `column` on.
pub(crate) fn counters(row: &Row, column: usize) -> Result<Counters, Fault> {
    Ok(Counters {
        version: count(row, column + 1)?,
        backordered: count(row, column + 2)?,
        late: count(row, column + 3)?,
    })
}

/// The batch in a row of [`BATCH`].
pub(crate) fn batch(row: &Row) -> Result<Batch, Fault> {
    Ok(Batch {
        number: count(row, 1)?,
        sku: name(row, PRODUCT_OF_BATCH)?,
        reference: name(row, 3)?,
        location: optional_name(row, 4)?,
        shipment: optional_name(row, 11)?,
        eta: date(row, 5)?,
        hold: hold(row, 12)?,
        shipment_hold: hold(row, 15)?,
        received: get(row, 18)?,
        landed: landing(row, 19)?,
        purchased: count(row, 6)?,
        allocated: count(row, 7)?,
        dispatched: count(row, 8)?,
        first_quantity: count(row, 9)?,
        first_eta: date(row, 10)?,
    })
}

/// The shipment in a row of [`SHIPMENT`].
pub(crate) fn shipment(row: &Row) -> Result<Shipment, Fault> {
    Ok(Shipment {
        reference: name(row, 0)?,
        eta: date(row, 1)?,
        carrier: optional_name(row, 2)?,
        vessel: optional_name(row, 3)?,
        container: optional_name(row, 4)?,
        hold: hold(row, 5)?,
        first_eta: date(row, 8)?,
    })
}

/// The hold in three columns from this one on: code, note, expected clear date.
fn hold(row: &Row, column: usize) -> Result<Option<Hold>, Fault> {
    let Some(code) = optional_name(row, column)? else {
        return Ok(None);
    };
    Ok(Some(Hold {
        code,
        note: get::<Option<&str>>(row, column + 1)?.map(codes::note_of),
        expected_clear: date(row, column + 2)?,
    }))
}

/// The landing in three columns from this one on: day, units sold, units landed.
fn landing(row: &Row, column: usize) -> Result<Option<Landing>, Fault> {
    let Some(on) = date(row, column)? else {
        return Ok(None);
    };
    Ok(Some(Landing {
        on,
        sold: count(row, column + 1)?,
        of: count(row, column + 2)?,
    }))
}

/// A line as it is stored: numbers instead of the names of its batches.
#[derive(Debug)]
pub(crate) struct RawLine {
    /// Its product's partition, and its number there.
    pub(crate) place: Place,
    pub(crate) key: LineKey,
    /// Its product's number.
    pub(crate) product: u64,
    pub(crate) sku: Sku,
    /// Batch numbers and units.
    pub(crate) pegs: Vec<(u64, u64)>,
    status: i16,
    quantity: u64,
    dispatched: u64,
    cancelled: bool,
    terms: Terms,
    original: Option<Date>,
    current: Option<Date>,
}

impl RawLine {
    /// The line in a row of [`LINE`].
    pub(crate) fn read(row: &Row) -> Result<Self, Fault> {
        let (quantity, dispatched) = (count(row, 5)?, count(row, 6)?);
        let outstanding = quantity.checked_sub(dispatched);
        let outstanding =
            outstanding.ok_or_else(|| Fault::Corrupt("more has left than was wanted".into()))?;
        Ok(Self {
            place: place(row, 0)?,
            key: LineKey {
                order_id: name(row, 2)?,
                line_id: name(row, 3)?,
            },
            product: count(row, 4)?,
            sku: name(row, PRODUCT_OF_LINE)?,
            pegs: pegs(get(row, 16)?, get(row, 17)?, outstanding)?,
            status: get(row, 7)?,
            quantity,
            dispatched,
            cancelled: get(row, 8)?,
            terms: Terms {
                quantity: count(row, 18)?,
                requested_date: date(row, 13)?,
                priority: priority(get(row, 9)?)?,
                policy: codes::policy_of(get(row, 10)?)?,
                split: get(row, 11)?,
                if_short: codes::if_short_of(get(row, 12)?)?,
                locations: get::<Option<&str>>(row, 19)?.map_or(Ok(Vec::new()), parse_locations)?,
                deliver: codes::deliver_of(get(row, 20)?)?,
            },
            original: date(row, 14)?,
            current: date(row, 15)?,
        })
    }

    /// The line, with the names of its batches.
    pub(crate) fn into_line(
        self,
        mut reference: impl FnMut(Place) -> Result<BatchRef, Fault>,
    ) -> Result<OrderLine, Fault> {
        let (partition, number) = self.place;
        let mut line = OrderLine::new(number, self.key, self.sku, self.terms);
        line.quantity = self.quantity;
        line.dispatched = self.dispatched;
        line.cancelled = self.cancelled;
        line.original_promise = self.original;
        line.current_promise = self.current;
        line.allocations.reserve_exact(self.pegs.len());
        for (batch_number, quantity) in self.pegs {
            let batch = reference((partition, batch_number))?;
            line.allocations.push(Allocation {
                batch,
                batch_number,
                quantity,
            });
        }
        if codes::status(line.status()) != self.status {
            return Err(Fault::Corrupt(format!(
                "line {} has a wrong status",
                line.key
            )));
        }
        Ok(line)
    }
}

/// What a line is pegged to: one batch with all that is outstanding, or parts.
pub(crate) fn pegs(
    batch: Option<i64>,
    parts: Option<&str>,
    outstanding: u64,
) -> Result<Vec<(u64, u64)>, Fault> {
    match (batch, parts) {
        (Some(batch), None) => Ok(vec![(codes::count_of(batch)?, outstanding)]),
        (None, Some(parts)) => serde_json::from_str(parts)
            .map_err(|error| Fault::Corrupt(format!("the parts {parts}: {error}"))),
        (None, None) => Ok(Vec::new()),
        (Some(_), Some(_)) => Err(Fault::Corrupt("a line has both a batch and parts".into())),
    }
}

/// A priority.
pub(crate) fn priority(code: i16) -> Result<Priority, Fault> {
    u64::try_from(code)
        .ok()
        .and_then(|code| Priority::new(code).ok())
        .ok_or_else(|| Fault::Corrupt(format!("{code} is no priority")))
}

fn parse_locations(json: &str) -> Result<Vec<Location>, Fault> {
    serde_json::from_str(json)
        .map_err(|error| Fault::Corrupt(format!("the locations {json}: {error}")))
}

/// What was placed whole: an order's id, how it is delivered and its lines, in three columns from this one on.
pub(crate) fn placed(row: &Row, column: usize) -> Result<PlacedOrder, Fault> {
    let order_id: landfall_domain::OrderId = name(row, column)?;
    let lines = serde_json::from_str(get(row, column + 2)?);
    Ok(PlacedOrder {
        deliver: codes::deliver_of(get(row, column + 1)?)?,
        lines: lines
            .map_err(|error| Fault::Corrupt(format!("the lines of order {order_id}: {error}")))?,
        order_id,
    })
}
