//! From rows to batches and lines.

use std::sync::LazyLock;

use jiff::civil::Date;
use landfall_domain::batch::Landing;
use landfall_domain::{
    Allocation, Batch, BatchRef, Hold, LineKey, Location, OrderLine, Priority, Shipment, Sku, Terms,
};
use rusqlite::Row;

use crate::codes;
use crate::error::Fault;

/// The columns that [`batch`] reads, of `batches b` with its [`COUNTS`].
pub(crate) const BATCH: &str = "b.number, b.product, b.reference, b.location, b.eta, c.purchased, \
     c.allocated, c.dispatched, b.first_quantity, b.first_eta, b.shipment, b.hold, b.hold_note, \
     b.hold_clear, b.shipment_hold, b.shipment_hold_note, b.shipment_hold_clear, b.received, b.landed, \
     b.landed_sold, b.landed_of";
/// Brings the units of a batch to its row.
pub(crate) const COUNTS: &str = "CROSS JOIN batch_counts c ON c.number = b.number";

/// The columns that [`RawLine::read`] reads, of `lines l`.
pub(crate) const LINE: &str = "l.number, l.order_id, l.line_id, l.product, l.quantity, \
     l.dispatched, l.status, l.cancelled, l.priority, l.policy, l.split, l.if_short, l.requested, \
     l.original, l.current, l.batch, l.parts, l.first_quantity, l.locations, l.deliver";
/// The columns that [`shipment`] reads, of `shipments s`.
pub(crate) const SHIPMENT: &str = "s.reference, s.eta, s.carrier, s.vessel, s.container, s.hold, \
     s.hold_note, s.hold_clear, s.first_eta";

pub(crate) static BATCH_BY_NUMBER: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {BATCH} FROM batches b {COUNTS} WHERE b.number = ?1"));
pub(crate) static BATCH_BY_REFERENCE: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {BATCH} FROM batches b {COUNTS} WHERE b.reference = ?1"));
pub(crate) static OPEN_BATCHES: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {BATCH} FROM batches b {COUNTS} WHERE b.product = ?1 AND b.open = 1")
});
/// The batches of a product that have free units or are held by lines.
pub(crate) static LIVE_BATCHES: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {BATCH} FROM batches b {COUNTS} WHERE b.product = ?1 AND b.open > 0")
});
/// The batches of a shipment, by reference.
pub(crate) static CARGO: LazyLock<String> = LazyLock::new(|| {
    format!("SELECT {BATCH} FROM batches b {COUNTS} WHERE b.shipment = ?1 ORDER BY b.reference")
});
pub(crate) static SHIPMENT_BY_REFERENCE: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {SHIPMENT} FROM shipments s WHERE s.reference = ?1"));
pub(crate) static LINES_OF_ORDER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {LINE} FROM line_keys k CROSS JOIN lines l ON l.number = k.number \
         WHERE k.order_id = ?1"
    )
});
pub(crate) const SKU_OF_PRODUCT: &str = "SELECT sku FROM products WHERE number = ?1";
pub(crate) const PLACED: &str = "SELECT deliver, lines FROM orders WHERE order_id = ?1";

/// A column that counts something.
pub(crate) fn count(row: &Row<'_>, column: usize) -> Result<u64, Fault> {
    codes::count_of(row.get(column)?)
}

/// A date or NULL.
pub(crate) fn date(row: &Row<'_>, column: usize) -> Result<Option<Date>, Fault> {
    row.get::<_, Option<i64>>(column)?
        .map(codes::date_of)
        .transpose()
}

/// A name: text that the domain accepts.
pub(crate) fn name<T>(row: &Row<'_>, column: usize) -> Result<T, Fault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = row
        .get_ref(column)?
        .as_str()
        .map_err(rusqlite::Error::from)?;
    parse(text)
}

pub(crate) fn parse<T>(text: &str) -> Result<T, Fault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    text.parse()
        .map_err(|error| Fault::Corrupt(format!("the name {text:?} {error}")))
}

/// The batch in a row of [`BATCH`]; `sku` tells the SKU of its product's number.
pub(crate) fn batch(
    row: &Row<'_>,
    sku: impl FnOnce(u64) -> Result<Sku, Fault>,
) -> Result<Batch, Fault> {
    Ok(Batch {
        number: count(row, 0)?,
        sku: sku(count(row, 1)?)?,
        reference: name(row, 2)?,
        location: optional_name(row, 3)?,
        shipment: optional_name(row, 10)?,
        eta: date(row, 4)?,
        hold: hold(row, 11)?,
        shipment_hold: hold(row, 14)?,
        received: codes::flag_of(row.get(17)?)?,
        landed: landing(row, 18)?,
        purchased: count(row, 5)?,
        allocated: count(row, 6)?,
        dispatched: count(row, 7)?,
        first_quantity: count(row, 8)?,
        first_eta: date(row, 9)?,
    })
}

/// The shipment in a row of [`SHIPMENT`].
pub(crate) fn shipment(row: &Row<'_>) -> Result<Shipment, Fault> {
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
fn hold(row: &Row<'_>, column: usize) -> Result<Option<Hold>, Fault> {
    let Some(code) = optional_name(row, column)? else {
        return Ok(None);
    };
    Ok(Some(Hold {
        code,
        note: row.get(column + 1)?,
        expected_clear: date(row, column + 2)?,
    }))
}

/// The landing in three columns from this one on: day, units sold, units landed.
fn landing(row: &Row<'_>, column: usize) -> Result<Option<Landing>, Fault> {
    let Some(on) = date(row, column)? else {
        return Ok(None);
    };
    Ok(Some(Landing {
        on,
        sold: count(row, column + 1)?,
        of: count(row, column + 2)?,
    }))
}

/// A name or NULL.
pub(crate) fn optional_name<T>(row: &Row<'_>, column: usize) -> Result<Option<T>, Fault>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    let text = row.get_ref(column)?.as_str_or_null();
    text.map_err(rusqlite::Error::from)?.map(parse).transpose()
}

/// A line as it is stored: numbers instead of the names of its product and its batches.
#[derive(Debug)]
pub(crate) struct RawLine {
    pub(crate) number: u64,
    pub(crate) key: LineKey,
    pub(crate) product: u64,
    /// Batch numbers and units.
    pub(crate) pegs: Vec<(u64, u64)>,
    pub(crate) status: i64,
    quantity: u64,
    dispatched: u64,
    cancelled: bool,
    terms: Terms,
    original: Option<Date>,
    current: Option<Date>,
}

impl RawLine {
    /// The line in a row of [`LINE`].
    pub(crate) fn read(row: &Row<'_>) -> Result<Self, Fault> {
        let (quantity, dispatched) = (count(row, 4)?, count(row, 5)?);
        let locations: Option<String> = row.get(18)?;
        let parts = row
            .get_ref(16)?
            .as_str_or_null()
            .map_err(rusqlite::Error::from)?;
        let batch: Option<i64> = row.get(15)?;
        let outstanding = quantity.checked_sub(dispatched);
        let outstanding =
            outstanding.ok_or_else(|| Fault::Corrupt("more has left than was wanted".into()))?;
        Ok(Self {
            number: count(row, 0)?,
            key: LineKey {
                order_id: name(row, 1)?,
                line_id: name(row, 2)?,
            },
            product: count(row, 3)?,
            pegs: pegs(batch, parts, outstanding)?,
            status: row.get(6)?,
            quantity,
            dispatched,
            cancelled: codes::flag_of(row.get(7)?)?,
            terms: Terms {
                quantity: count(row, 17)?,
                requested_date: date(row, 12)?,
                priority: priority(row.get(8)?)?,
                policy: codes::policy_of(row.get(9)?)?,
                split: codes::flag_of(row.get(10)?)?,
                if_short: codes::if_short_of(row.get(11)?)?,
                locations: locations
                    .as_deref()
                    .map_or(Ok(Vec::new()), parse_locations)?,
                deliver: codes::deliver_of(row.get(19)?)?,
            },
            original: date(row, 13)?,
            current: date(row, 14)?,
        })
    }

    /// The line, with the names of its product and its batches.
    pub(crate) fn into_line(
        self,
        sku: Sku,
        mut reference: impl FnMut(u64) -> Result<BatchRef, Fault>,
    ) -> Result<OrderLine, Fault> {
        let mut line = OrderLine::new(self.number, self.key, sku, self.terms);
        line.quantity = self.quantity;
        line.dispatched = self.dispatched;
        line.cancelled = self.cancelled;
        line.original_promise = self.original;
        line.current_promise = self.current;
        line.allocations.reserve_exact(self.pegs.len());
        for (batch_number, quantity) in self.pegs {
            let batch = reference(batch_number)?;
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

/// The rank of a line in a shortage and in a queue.
pub(crate) fn priority(code: i64) -> Result<Priority, Fault> {
    u64::try_from(code)
        .ok()
        .and_then(|code| Priority::new(code).ok())
        .ok_or_else(|| Fault::Corrupt(format!("{code} is no priority")))
}

pub(crate) fn parse_locations(json: &str) -> Result<Vec<Location>, Fault> {
    serde_json::from_str(json)
        .map_err(|error| Fault::Corrupt(format!("the locations {json}: {error}")))
}

/// What was placed whole, of a row of [`PLACED`].
pub(crate) fn placed(
    row: &Row<'_>,
    order_id: &landfall_domain::OrderId,
) -> Result<landfall_domain::PlacedOrder, Fault> {
    let lines = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
    Ok(landfall_domain::PlacedOrder {
        order_id: order_id.clone(),
        deliver: codes::deliver_of(row.get(0)?)?,
        lines: serde_json::from_str(lines)
            .map_err(|error| Fault::Corrupt(format!("the lines of order {order_id}: {error}")))?,
    })
}
