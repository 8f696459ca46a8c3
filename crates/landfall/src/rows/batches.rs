//! Rows of batches.

use csv::ByteRecord;
use landfall_domain::Command;
use landfall_domain::commands::CreateBatch;

use super::columns::{Column, Mapping, optional, required};
use super::fields::Field;

/// The columns of a batches file. An ETA that was forgotten would land a ship, so its column must be there.
const COLUMNS: [Column; 6] = [
    required("ref"),
    required("sku"),
    required("qty"),
    required("eta"),
    optional("shipment"),
    optional("location"),
];

/// Makes commands of rows.
pub(crate) struct BatchRows {
    reference: Field,
    sku: Field,
    quantity: Field,
    eta: Field,
    shipment: Field,
    location: Field,
}

impl BatchRows {
    /// Refuses a mapping of columns that no batches file has.
    pub(crate) fn check(mapping: &Mapping) -> Result<(), String> {
        mapping.check(&COLUMNS)
    }

    /// Finds the columns.
    pub(crate) fn new(mapping: &Mapping, header: &ByteRecord) -> Result<Self, String> {
        let found = mapping.resolve(&COLUMNS, header)?;
        let field = |number: usize| {
            let at = found.get(number).copied().flatten();
            Field::new(at, COLUMNS[number].name, mapping)
        };
        Ok(Self {
            reference: field(0),
            sku: field(1),
            quantity: field(2),
            eta: field(3),
            shipment: field(4),
            location: field(5),
        })
    }

    /// The command that a row asks for.
    pub(super) fn command(&self, record: &ByteRecord) -> Result<Command, String> {
        let reference = self.reference.required(record)?;
        let sku = self.sku.required(record)?;
        Ok(Command::CreateBatch(CreateBatch {
            reference: self.reference.read(reference)?,
            sku: self.sku.read(sku)?,
            quantity: self
                .quantity
                .quantity(record, "nobody buys less than nothing")?,
            eta: self.eta.date(record)?,
            shipment: self.shipment.optional(record)?,
            location: self.location.optional(record)?,
        }))
    }
}
