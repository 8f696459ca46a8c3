//! The read models made anew, from what the log says.
//!
//! The order view is also the directory of lines. So its rows are made of both: what the log says of a line, and where
//! the table `lines` has it.

use async_trait::async_trait;
use futures_util::TryStreamExt;
use hashbrown::HashMap;
use landfall_domain::{BatchRef, LineKey, Sku};
use landfall_service::store::partition_of;
use landfall_service::views::{AvailabilityView, OrderLineView, Rebuild, ViewError};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row};

use crate::codes::{self, Day, int, small};
use crate::database::PgDatabase;
use crate::error::Fault;
use crate::link::Link;
use crate::rows::{self, Place, count, name};
use crate::write::pegs_of;

/// Rows that are written together.
const TOGETHER: usize = 5_000;

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
const COMMIT: &str = "COMMIT";
/// Nobody writes until the end of the transaction.
const HOLD: &str = "SELECT partition FROM heads ORDER BY partition FOR UPDATE";
const LINES: &str = "SELECT l.partition, l.number, l.order_id, l.line_id FROM lines l";
const PRODUCTS: &str = "SELECT p.partition, p.number, p.sku FROM products p";
const BATCHES: &str = "SELECT b.number, b.reference FROM batches b";
const CLEAR_ORDER_VIEW: &str = "DELETE FROM order_view";
const CLEAR_AVAILABILITY: &str = "DELETE FROM availability";
const INSERT_ORDER_VIEW: &str = "INSERT INTO order_view (partition, home, number, order_id, line_id, sku, quantity, \
            dispatched, status, requested, priority, policy, deliver, original, current, batch, parts) \
     SELECT * FROM unnest($1::smallint[], $2::smallint[], $3::bigint[], $4::text[], $5::text[], $6::text[], \
            $7::bigint[], $8::bigint[], $9::smallint[], $10::date[], $11::smallint[], $12::smallint[], \
            $13::smallint[], $14::date[], $15::date[], $16::bigint[], $17::text[])";
const INSERT_AVAILABILITY: &str = "INSERT INTO availability (partition, product, day, units) \
     SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::date[], $4::bigint[])";

/// Those with rows, for a test of them.
#[cfg(test)]
pub(crate) const STATEMENTS: [&str; 8] = [
    HOLD,
    LINES,
    PRODUCTS,
    BATCHES,
    CLEAR_ORDER_VIEW,
    CLEAR_AVAILABILITY,
    INSERT_ORDER_VIEW,
    INSERT_AVAILABILITY,
];

/// Makes the read models of a database anew. It keeps where each line is in memory meanwhile: about 200 bytes a line.
#[derive(Debug)]
pub struct PgRebuild {
    database: PgDatabase,
    /// The connection that keeps others from writing.
    link: Option<Link>,
}

impl PgDatabase {
    /// What makes the read models anew.
    pub fn rebuild(&self) -> PgRebuild {
        PgRebuild {
            database: self.clone(),
            link: None,
        }
    }
}

#[async_trait]
impl Rebuild for PgRebuild {
    async fn hold(&mut self) -> Result<(), ViewError> {
        let link = hold(&self.database).await.map_err(Fault::into_view_error)?;
        self.link = Some(link);
        Ok(())
    }

    async fn rebuild(
        &mut self,
        order_lines: &mut (dyn Iterator<Item = OrderLineView> + Send),
        availability: &mut (dyn Iterator<Item = AvailabilityView> + Send),
    ) -> Result<(), ViewError> {
        if self.link.is_none() {
            self.hold().await?;
        }
        // It ends here, one way or the other.
        let Some(link) = self.link.take() else {
            return Err(ViewError::Unavailable("there is no connection".into()));
        };
        let partitions = self.database.partitions();
        let replaced = replace(&link.client, partitions, order_lines, availability).await;
        replaced.map_err(|fault| link.why(fault).into_view_error())
    }
}

/// A connection on which a transaction is open that keeps others from writing.
async fn hold(database: &PgDatabase) -> Result<Link, Fault> {
    let session = database.options.patient();
    let link = Link::open(&database.target, &session, "").await?;
    link.run(BEGIN).await?;
    link.client.query(HOLD, &[]).await?;
    Ok(link)
}

/// Replaces both read models and ends the transaction.
async fn replace(
    client: &Client,
    partitions: u16,
    order_lines: &mut (dyn Iterator<Item = OrderLineView> + Send),
    availability: &mut (dyn Iterator<Item = AvailabilityView> + Send),
) -> Result<(), Fault> {
    let mut directory = Directory::read(client).await?;
    client.batch_execute(CLEAR_ORDER_VIEW).await?;
    loop {
        let mut columns = OrderView::default();
        for row in order_lines.take(TOGETHER) {
            columns.add(&directory.settle(row)?, partitions);
        }
        if columns.numbers.is_empty() {
            break;
        }
        columns.insert(client).await?;
    }
    client.batch_execute(CLEAR_AVAILABILITY).await?;
    let mut rows = availability.filter(|row| row.units > 0);
    loop {
        let (mut homes, mut products): (Vec<i16>, Vec<i64>) = Default::default();
        let (mut days, mut units): (Vec<Day>, Vec<i64>) = Default::default();
        for row in rows.by_ref().take(TOGETHER) {
            let (home, product) = directory.product(&row.sku)?;
            let Some(day) = Day::of_supply(row.supply) else {
                continue;
            };
            homes.push(small(home));
            products.push(int(product));
            days.push(day);
            units.push(int(row.units));
        }
        if homes.is_empty() {
            break;
        }
        let params: [&(dyn ToSql + Sync); 4] = [&homes, &products, &days, &units];
        client.execute(INSERT_AVAILABILITY, &params).await?;
    }
    Ok(client.batch_execute(COMMIT).await?)
}

/// Where the tables have what the log names.
#[derive(Default)]
struct Directory {
    lines: HashMap<LineKey, Place>,
    products: HashMap<Sku, Place>,
    /// The numbers of batches: their partition is that of their product.
    batches: HashMap<BatchRef, u64>,
}

impl Directory {
    async fn read(client: &Client) -> Result<Self, Fault> {
        let mut directory = Self::default();
        each(client, LINES, |row| {
            let key = LineKey {
                order_id: name(row, 2)?,
                line_id: name(row, 3)?,
            };
            directory.lines.insert(key, rows::place(row, 0)?);
            Ok(())
        })
        .await?;
        each(client, PRODUCTS, |row| {
            directory
                .products
                .insert(name(row, 2)?, rows::place(row, 0)?);
            Ok(())
        })
        .await?;
        each(client, BATCHES, |row| {
            directory.batches.insert(name(row, 1)?, count(row, 0)?);
            Ok(())
        })
        .await?;
        Ok(directory)
    }

    fn product(&self, sku: &Sku) -> Result<Place, Fault> {
        let found = self.products.get(sku).copied();
        found.ok_or_else(|| missing("product", sku.as_str()))
    }

    /// Where the line of a row is, and the row with the numbers of its batches. Each line is asked for once.
    fn settle(&mut self, mut row: OrderLineView) -> Result<(Place, OrderLineView), Fault> {
        let place = self.lines.remove(&row.key);
        let place = place.ok_or_else(|| missing("line", &row.key.to_string()))?;
        for pegged in &mut row.allocations {
            let number = self.batches.get(&pegged.batch).copied();
            pegged.batch_number = number.ok_or_else(|| missing("batch", pegged.batch.as_str()))?;
        }
        Ok((place, row))
    }
}

fn missing(what: &str, name: &str) -> Fault {
    Fault::Corrupt(format!(
        "the log names the {what} {name}, which is not there"
    ))
}

/// Looks at each row of a statement.
async fn each(
    client: &Client,
    sql: &str,
    mut look: impl FnMut(&Row) -> Result<(), Fault> + Send,
) -> Result<(), Fault> {
    let rows = client.query_raw(sql, std::iter::empty::<i64>()).await?;
    let mut rows = std::pin::pin!(rows);
    while let Some(row) = rows.try_next().await? {
        look(&row)?;
    }
    Ok(())
}

/// Rows of the order view, column by column.
#[derive(Default)]
struct OrderView {
    partitions: Vec<i16>,
    homes: Vec<i16>,
    numbers: Vec<i64>,
    orders: Vec<String>,
    lines: Vec<String>,
    skus: Vec<String>,
    quantities: Vec<i64>,
    dispatched: Vec<i64>,
    statuses: Vec<i16>,
    requested: Vec<Option<Day>>,
    priorities: Vec<i16>,
    policies: Vec<i16>,
    delivers: Vec<i16>,
    originals: Vec<Option<Day>>,
    currents: Vec<Option<Day>>,
    batches: Vec<Option<i64>>,
    parts: Vec<Option<String>>,
}

impl OrderView {
    fn add(&mut self, ((home, number), row): &(Place, OrderLineView), partitions: u16) {
        let order_id = row.key.order_id.as_str();
        let outstanding = row.quantity.saturating_sub(row.dispatched);
        let (batch, parts) = pegs_of(&row.allocations, outstanding);
        self.partitions
            .push(small(partition_of(order_id, partitions)));
        self.homes.push(small(*home));
        self.numbers.push(int(*number));
        self.orders.push(order_id.to_owned());
        self.lines.push(row.key.line_id.to_string());
        self.skus.push(row.sku.to_string());
        self.quantities.push(int(row.quantity));
        self.dispatched.push(int(row.dispatched));
        self.statuses.push(codes::status(row.status));
        self.requested.push(row.requested_date.map(Day::of));
        self.priorities.push(i16::from(row.priority.get()));
        self.policies.push(codes::policy(row.policy));
        self.delivers.push(codes::deliver(row.deliver));
        self.originals.push(row.original_promise.map(Day::of));
        self.currents.push(row.current_promise.map(Day::of));
        self.batches.push(batch);
        self.parts.push(parts);
    }

    async fn insert(&self, client: &Client) -> Result<(), Fault> {
        let params: [&(dyn ToSql + Sync); 17] = [
            &self.partitions,
            &self.homes,
            &self.numbers,
            &self.orders,
            &self.lines,
            &self.skus,
            &self.quantities,
            &self.dispatched,
            &self.statuses,
            &self.requested,
            &self.priorities,
            &self.policies,
            &self.delivers,
            &self.originals,
            &self.currents,
            &self.batches,
            &self.parts,
        ];
        client.execute(INSERT_ORDER_VIEW, &params).await?;
        Ok(())
    }
}
