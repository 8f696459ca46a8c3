//! The read side's way from numbers to names: products and batches looked up once for each question.

use hashbrown::HashMap;
use landfall_domain::{Batch, OrderLine, Sku};
use rusqlite::Connection;

use crate::codes::int;
use crate::error::Fault;
use crate::load;
use crate::rows::{self, RawLine};

/// When so many are held, all are forgotten: an audit goes through all products and batches there are.
const HELD: usize = 50_000;

/// Products and batches by number.
pub(crate) struct Names<'c> {
    connection: &'c Connection,
    skus: HashMap<u64, Sku>,
    batches: HashMap<u64, Batch>,
}

impl<'c> Names<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            skus: HashMap::new(),
            batches: HashMap::new(),
        }
    }

    /// The SKU of a product.
    pub(crate) fn sku(&mut self, number: u64) -> Result<Sku, Fault> {
        if let Some(sku) = self.skus.get(&number) {
            return Ok(sku.clone());
        }
        let sku = load::sku_of(self.connection, number)?;
        if self.skus.len() >= HELD {
            self.skus.clear();
        }
        self.skus.insert(number, sku.clone());
        Ok(sku)
    }

    /// A batch.
    pub(crate) fn batch(&mut self, number: u64) -> Result<&Batch, Fault> {
        if !self.batches.contains_key(&number) {
            let mut statement = self.connection.prepare_cached(&rows::BATCH_BY_NUMBER)?;
            let mut rows = statement.query([int(number)])?;
            let missing = || Fault::Corrupt(format!("there is no batch {number}"));
            let batch = rows::batch(rows.next()?.ok_or_else(missing)?, |sku| self.sku(sku))?;
            if self.batches.len() >= HELD {
                self.batches.clear();
            }
            self.batches.insert(number, batch);
        }
        self.batches
            .get(&number)
            .ok_or_else(|| Fault::Corrupt(format!("there is no batch {number}")))
    }

    /// A line with the names of its product and its batches.
    pub(crate) fn line(&mut self, raw: RawLine) -> Result<OrderLine, Fault> {
        let sku = self.sku(raw.product)?;
        raw.into_line(sku, |number| {
            self.batch(number).map(|batch| batch.reference.clone())
        })
    }
}
