//! Rows of batches, and of the shipments that they name.

use std::collections::HashMap;

use csv::ByteRecord;
use jiff::civil::Date;
use landfall_domain::commands::{CreateBatch, CreateShipment};
use landfall_domain::{Command, ShipmentRef};

use super::Parsed;
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
    /// The shipments that rows have named, and their ETA.
    shipments: HashMap<ShipmentRef, Option<Date>>,
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
            shipments: HashMap::new(),
        })
    }

    /// The command that a row asks for. A batch of a shipment has the shipment's ETA: the first row that names
    /// a shipment makes it, with its own ETA, and the others must say the same.
    pub(super) fn parse(&mut self, record: &ByteRecord) -> Parsed {
        let mut shipment = None;
        let command = self.batch(record).and_then(|mut batch| {
            if let Some(reference) = &batch.shipment {
                shipment = self.shipment(reference, batch.eta.take())?;
            }
            Ok(Command::CreateBatch(batch))
        });
        Parsed {
            command,
            shipment,
            line_id: None,
        }
    }

    fn batch(&self, record: &ByteRecord) -> Result<CreateBatch, String> {
        let reference = self.reference.required(record)?;
        let sku = self.sku.required(record)?;
        Ok(CreateBatch {
            reference: self.reference.read(reference)?,
            sku: self.sku.read(sku)?,
            quantity: self
                .quantity
                .quantity(record, "nobody buys less than nothing")?,
            eta: self.eta.date(record)?,
            shipment: self.shipment.optional(record)?,
            location: self.location.optional(record)?,
        })
    }

    /// The command that makes a shipment, where this row is the first to name it.
    fn shipment(
        &mut self,
        reference: &ShipmentRef,
        eta: Option<Date>,
    ) -> Result<Option<Command>, String> {
        let say = |eta: Option<Date>| eta.map_or_else(|| "none".to_owned(), |day| day.to_string());
        match self.shipments.get(reference) {
            Some(known) if *known == eta => Ok(None),
            Some(known) => {
                let (given, known) = (say(eta), say(*known));
                let reason =
                    format!("is {given}; an earlier row of shipment {reference} has {known}");
                Err(self.eta.wrong(&reason))
            }
            None => {
                self.shipments.insert(reference.clone(), eta);
                Ok(Some(Command::CreateShipment(CreateShipment {
                    reference: reference.clone(),
                    eta,
                    carrier: None,
                    vessel: None,
                    container: None,
                })))
            }
        }
    }
}
