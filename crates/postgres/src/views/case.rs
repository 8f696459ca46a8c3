//! What an explanation of a line needs.

use std::sync::LazyLock;

use deadpool_postgres::GenericClient;
use hashbrown::{HashMap, HashSet};
use landfall_domain::{Batch, BatchRef, LineKey, OrderLine};
use landfall_service::views::{Case, CaseBatch};

use super::history;
use super::pool::{Ask, Pool, moment};
use crate::codes::{int, small};
use crate::error::Fault;
use crate::load::sql::{self, PROMISE, SHORTAGE};
use crate::rows::{
    self, BATCH, LINE, LINE_COLUMNS, PRODUCT_OF_B, PRODUCT_OF_L, Place, RawLine, count,
};

/// Batches that a case shows; more only where more have free units or hold stock of the line.
const BATCHES: usize = 200;

/// The newest batches of a product that are so open.
pub(super) static NEWEST: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {BATCH} FROM batches b {PRODUCT_OF_B} \
         WHERE b.partition = $1 AND b.product = $2 AND b.open = $3 ORDER BY b.number DESC LIMIT $4"
    )
});
/// How many batches a product has.
pub(super) const COUNT: &str =
    "SELECT count(*) FROM batches b WHERE b.partition = $1 AND b.product = $2";
/// How many lines hold stock of each batch.
pub(super) const HELD_BY: &str = "SELECT k.batch, \
         (SELECT count(*) FROM lines l WHERE l.partition = $1 AND l.batch = k.batch) \
         + (SELECT count(*) FROM line_parts t WHERE t.partition = $1 AND t.batch = k.batch) \
     FROM unnest($2::bigint[]) AS k (batch)";
/// The lines that would lose each batch's stock last, the last one first.
pub(super) static HOLDERS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {LINE}, k.batch FROM unnest($2::bigint[]) AS k (batch) CROSS JOIN LATERAL ( \
             (SELECT {SHORTAGE} AS shortage, {PROMISE} AS promise, l.number FROM lines l \
               WHERE l.partition = $1 AND l.batch = k.batch ORDER BY {SHORTAGE}, {PROMISE}, l.number LIMIT $3) \
             UNION ALL \
             (SELECT t.shortage, t.promise, t.number FROM line_parts t \
               WHERE t.partition = $1 AND t.batch = k.batch ORDER BY t.shortage, t.promise, t.number LIMIT $3) \
             ORDER BY shortage, promise, number LIMIT $3) AS f \
         JOIN lines l ON l.partition = $1 AND l.number = f.number {PRODUCT_OF_L} \
         ORDER BY k.batch, f.shortage, f.promise, f.number"
    )
});

pub(super) async fn case(
    pool: &Pool,
    key: &LineKey,
    holders: usize,
) -> Result<Option<Case>, Fault> {
    let mut connection = pool.get().await?;
    let moment = moment(&mut connection).await?;
    let (order_id, line_id) = (key.order_id.as_str(), key.line_id.as_str());
    let line = Ask::new(*sql::LINES)
        .with(vec![small(pool.partition_of(order_id))])
        .with(vec![order_id.to_owned()])
        .with(vec![line_id.to_owned()]);
    let found = line.of(&moment).await?;
    let Some(raw) = found.first().map(RawLine::read).transpose()? else {
        return Ok(None);
    };
    let place = raw.place;
    let product = (place.0, raw.product);
    let pegged: Vec<u64> = raw.pegs.iter().map(|(batch, _)| *batch).collect();
    let (mut batches, left_out) = batches(&moment, product, &pegged).await?;
    batches.sort_by(Batch::earliest_first);
    let mut names: Names = batches
        .iter()
        .map(|batch| (batch.number, batch.reference.clone()))
        .collect();
    let line = named(raw, &names)?;
    let held: Vec<i64> = batches
        .iter()
        .filter(|batch| batch.allocated > 0)
        .map(|batch| int(batch.number))
        .collect();
    let mut held_by = held_by(&moment, place.0, &held).await?;
    let mut holding = holding(&moment, place.0, held, holders, &mut names).await?;
    let batches = batches.into_iter().map(|batch| CaseBatch {
        holders: holding.remove(&batch.number).unwrap_or_default(),
        lines: held_by.remove(&batch.number).unwrap_or_default(),
        batch,
    });
    Ok(Some(Case {
        line,
        batches: batches.collect(),
        left_out,
        events: history::of_line(&moment, place).await?,
    }))
}

/// The batches of a product: all with free units, those to which the line is pegged, and the newest others until
/// there are enough; and how many are left out.
async fn batches(
    client: &impl GenericClient,
    (partition, product): Place,
    pegged: &[u64],
) -> Result<(Vec<Batch>, u64), Fault> {
    let mut found = of_numbers(client, partition, pegged).await?;
    let mut seen: HashSet<u64> = found.iter().map(|batch| batch.number).collect();
    // With free units, without but in use, used up.
    for open in [1_i16, 2, 0] {
        let limit = match open {
            1 => i64::MAX,
            // One that the line is pegged to comes a second time.
            _ if found.len() < BATCHES => i64::try_from(BATCHES).unwrap_or(i64::MAX),
            _ => continue,
        };
        let newest = Ask::new(&*NEWEST)
            .with(small(partition))
            .with(int(product))
            .with(open)
            .with(limit);
        for row in newest.of(client).await? {
            if open != 1 && found.len() >= BATCHES {
                break;
            }
            if seen.insert(count(&row, 1)?) {
                found.push(rows::batch(&row)?);
            }
        }
    }
    let all = Ask::new(COUNT)
        .with(small(partition))
        .with(int(product))
        .of(client)
        .await?;
    let all = all.first().map_or(Ok(0), |row| count(row, 0))?;
    let left_out = all.saturating_sub(found.len() as u64);
    Ok((found, left_out))
}

async fn of_numbers(
    client: &impl GenericClient,
    partition: u16,
    numbers: &[u64],
) -> Result<Vec<Batch>, Fault> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let ask = Ask::new(*sql::BATCHES)
        .with(vec![small(partition); numbers.len()])
        .with(numbers.iter().copied().map(int).collect::<Vec<_>>());
    ask.of(client).await?.iter().map(rows::batch).collect()
}

async fn held_by(
    client: &impl GenericClient,
    partition: u16,
    batches: &[i64],
) -> Result<HashMap<u64, u64>, Fault> {
    let ask = Ask::new(HELD_BY)
        .with(small(partition))
        .with(batches.to_vec());
    let rows = ask.of(client).await?;
    rows.iter()
        .map(|row| Ok((count(row, 0)?, count(row, 1)?)))
        .collect()
}

/// The references of a partition's batches, by number.
type Names = HashMap<u64, BatchRef>;

/// The lines that would lose the stock of each of these batches last.
async fn holding(
    client: &impl GenericClient,
    partition: u16,
    batches: Vec<i64>,
    holders: usize,
    names: &mut Names,
) -> Result<HashMap<u64, Vec<OrderLine>>, Fault> {
    let ask = Ask::new(&*HOLDERS)
        .with(small(partition))
        .with(batches)
        .with(i64::try_from(holders).unwrap_or(i64::MAX));
    let rows = ask.of(client).await?;
    let mut raw = Vec::with_capacity(rows.len());
    let mut unnamed = HashSet::new();
    for row in &rows {
        let line = RawLine::read(row)?;
        // A split line may hold stock of batches that the case leaves out.
        unnamed.extend(
            line.pegs
                .iter()
                .map(|(batch, _)| *batch)
                .filter(|batch| !names.contains_key(batch)),
        );
        raw.push((count(row, LINE_COLUMNS)?, line));
    }
    let unnamed: Vec<u64> = unnamed.into_iter().collect();
    let others = of_numbers(client, partition, &unnamed).await?;
    names.extend(
        others
            .into_iter()
            .map(|batch| (batch.number, batch.reference)),
    );
    let mut holding: HashMap<u64, Vec<OrderLine>> = HashMap::new();
    for (batch, line) in raw {
        holding.entry(batch).or_default().push(named(line, names)?);
    }
    Ok(holding)
}

fn named(line: RawLine, names: &Names) -> Result<OrderLine, Fault> {
    line.into_line(|(_, number)| {
        let missing = || Fault::Corrupt(format!("there is no batch {number}"));
        names.get(&number).cloned().ok_or_else(missing)
    })
}
