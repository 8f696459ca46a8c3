//! The read models made anew, from what the log says.

use async_trait::async_trait;
use hashbrown::HashMap;
use landfall_domain::{BatchRef, Sku};
use landfall_service::views::{AvailabilityView, OrderLineView, Rebuild, ViewError};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::codes::{self, int};
use crate::error::Fault;
use crate::order_view;
use crate::store::SqliteStore;
use crate::write;

#[async_trait]
impl Rebuild for SqliteStore {
    async fn rebuild(
        &mut self,
        order_lines: &mut (dyn Iterator<Item = OrderLineView> + Send),
        availability: &mut (dyn Iterator<Item = AvailabilityView> + Send),
    ) -> Result<(), ViewError> {
        let unavailable =
            |error: landfall_service::store::StoreError| ViewError::Unavailable(error.to_string());
        let connection = self.writer().map_err(unavailable)?;
        replace(connection, order_lines, availability).map_err(Fault::into_view_error)
    }
}

/// Replaces both read models in one transaction.
fn replace(
    connection: &Connection,
    order_lines: &mut dyn Iterator<Item = OrderLineView>,
    availability: &mut dyn Iterator<Item = AvailabilityView>,
) -> Result<(), Fault> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let mut numbers = Numbers {
        connection,
        products: HashMap::new(),
        batches: HashMap::new(),
    };
    connection.execute("DELETE FROM order_view", [])?;
    let mut insert = connection.prepare_cached(order_view::INSERT)?;
    let mut line = connection
        .prepare_cached("SELECT number FROM line_keys WHERE order_id = ?1 AND line_id = ?2")?;
    for mut row in order_lines {
        let key = [row.key.order_id.as_str(), row.key.line_id.as_str()];
        let number: Option<i64> = line.query_row(key, |row| row.get(0)).optional()?;
        let number = number.ok_or_else(|| missing("line", &row.key.to_string()))?;
        for pegged in &mut row.allocations {
            pegged.batch_number = numbers.batch(&pegged.batch)?;
        }
        let outstanding = row.quantity.saturating_sub(row.dispatched);
        let (batch, parts) = write::pegs(&row.allocations, outstanding);
        insert.execute(params![
            number,
            int(numbers.product(&row.sku)?),
            int(row.quantity),
            int(row.dispatched),
            codes::status(row.status),
            row.requested_date.map(codes::day),
            row.priority.get(),
            codes::policy(row.policy),
            codes::deliver(row.deliver),
            row.original_promise.map(codes::day),
            row.current_promise.map(codes::day),
            batch,
            parts,
        ])?;
    }
    connection.execute("DELETE FROM availability", [])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO availability (place, units) VALUES (?1, ?2)")?;
    for AvailabilityView { sku, supply, units } in availability {
        let place = codes::place(numbers.product(&sku)?, supply);
        if let Some(place) = place.filter(|_| units > 0) {
            insert.execute([place, int(units)])?;
        }
    }
    Ok(transaction.commit()?)
}

/// The numbers of products and batches, each looked up once.
struct Numbers<'c> {
    connection: &'c Connection,
    products: HashMap<Sku, u64>,
    batches: HashMap<BatchRef, u64>,
}

impl Numbers<'_> {
    fn product(&mut self, sku: &Sku) -> Result<u64, Fault> {
        if let Some(number) = self.products.get(sku) {
            return Ok(*number);
        }
        let sql = "SELECT number FROM products WHERE sku = ?1";
        let number = find(self.connection, sql, sku.as_str(), "product")?;
        self.products.insert(sku.clone(), number);
        Ok(number)
    }

    fn batch(&mut self, reference: &BatchRef) -> Result<u64, Fault> {
        if let Some(number) = self.batches.get(reference) {
            return Ok(*number);
        }
        let sql = "SELECT number FROM batches WHERE reference = ?1";
        let number = find(self.connection, sql, reference.as_str(), "batch")?;
        self.batches.insert(reference.clone(), number);
        Ok(number)
    }
}

fn find(connection: &Connection, sql: &str, name: &str, what: &str) -> Result<u64, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let number = statement.query_row([name], |row| row.get(0)).optional()?;
    codes::count_of(number.ok_or_else(|| missing(what, name))?)
}

fn missing(what: &str, name: &str) -> Fault {
    Fault::Corrupt(format!(
        "the log names the {what} {name}, which is not there"
    ))
}
