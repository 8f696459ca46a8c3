//! The yardstick: how fast PostgreSQL takes the rows that the store writes for new lines, in the same groups, and nothing
//! else.
//!
//! The tables are those of the store, with all their indexes, in a schema of their own. For each line three rows go in: the
//! line, its row in the directory with the order view, and its event. Nothing is decided and nothing is read; no product,
//! batch or head is counted, nothing is looked at. Each group is a transaction: three prepared statements that take
//! arrays. One connection sends a group while the one before is written, as the store does it, and groups are made by
//! another thread. `landfall bench --ceiling` runs this beside the product.

use std::fmt::Write;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::civil::{Date, date};
use landfall_service::store::partition_of;
use tokio::sync::mpsc;

use crate::codes::{Day, Micros, int, small};
use crate::error::{Fault, OpenError};
use crate::link::Link;
use crate::options::Options;
use crate::schema;
use crate::target::Target;
use crate::trip::{Trip, param};

/// What to write.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Transactions, at most.
    pub groups: u64,
    /// Lines in each.
    pub group_size: u32,
    /// Products that the lines are spread over, each with one batch.
    pub skus: u32,
    /// Whether order ids are spread over the whole key space. Otherwise each sorts after the ones before.
    pub random_order_ids: bool,
    /// No transaction is sent after this time.
    pub at_most: Duration,
}

/// What was written.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Lines, all committed.
    pub lines: u64,
    /// From the first transaction's beginning to the last one's end.
    pub elapsed: Duration,
}

/// How many rows each line has.
pub const ROWS_A_LINE: u8 = 3;

/// Where the tables are, beside those of the database itself.
const SCHEMA: &str = "landfall_bare";
const MAKE_SCHEMA: &str =
    "DROP SCHEMA IF EXISTS landfall_bare CASCADE; CREATE SCHEMA landfall_bare";
const DROP_SCHEMA: &str = "DROP SCHEMA landfall_bare CASCADE";

const INSERT_VIEW: &str = "INSERT INTO order_view (number, quantity, dispatched, batch, original, current, partition, home, status, \
     priority, policy, deliver, order_id, line_id, sku) \
     SELECT unnest($1::bigint[]), unnest($2::bigint[]), 0, unnest($3::bigint[]), unnest($4::date[]), unnest($5::date[]), \
         unnest($6::smallint[]), unnest($7::smallint[]), 0, unnest($8::smallint[]), 0, 0, unnest($9::text[]), \
         unnest($10::text[]), unnest($11::text[])";
const INSERT_LINES: &str = "INSERT INTO lines (number, product, quantity, dispatched, first_quantity, batch, accepted, original, \
     current, partition, status, priority, policy, if_short, deliver, cancelled, split, order_id, line_id) \
     SELECT unnest($1::bigint[]), unnest($2::bigint[]), unnest($3::bigint[]), 0, unnest($4::bigint[]), unnest($5::bigint[]), \
         unnest($6::bigint[]), unnest($7::date[]), unnest($8::date[]), unnest($9::smallint[]), 0, unnest($10::smallint[]), 0, \
         0, 0, false, false, unnest($11::text[]), unnest($12::text[])";
const INSERT_EVENTS: &str = "INSERT INTO events (partition, \"offset\", time, type, sku, data) \
     SELECT unnest($1::smallint[]), unnest($2::bigint[]), unnest($3::timestamptz[]), unnest($4::text[]), unnest($5::text[]), \
         unnest($6::text[])";
const BEGIN: &str = "BEGIN";
const COMMIT: &str = "COMMIT";

/// Groups that are made before they are sent, and groups that are under way.
const AHEAD: usize = 2;
/// The day that every line is promised for.
const PROMISE: Date = date(2026, 11, 21);
/// The first event's time.
const EPOCH: jiff::Timestamp = jiff::Timestamp::UNIX_EPOCH;

/// Writes groups of rows, durably, as fast as the database takes them through one connection. What it makes there it
/// takes away again.
pub async fn bare_loop(url: &str, shape: &Shape) -> Result<Written, OpenError> {
    let options = Options::default();
    let target = Target::parse(url, None)?;
    let bare = |fault: Fault| OpenError::Unavailable {
        database: target.to_string(),
        reason: fault.into_store_error().to_string(),
    };
    let admin = Link::open(&target, &options.patient(), "").await;
    let admin = admin.map_err(bare)?;
    admin.run(MAKE_SCHEMA).await.map_err(bare)?;
    let inside = target.within(SCHEMA);
    let partitions = schema::migrate(&inside, &options).await?;
    let written = write(&inside, &options, partitions, shape).await;
    admin.run(DROP_SCHEMA).await.map_err(bare)?;
    written.map_err(bare)
}

async fn write(
    target: &Target,
    options: &Options,
    partitions: u16,
    shape: &Shape,
) -> Result<Written, Fault> {
    let mut link = Link::open(target, &options.writer(), "").await?;
    link.prepare(&[INSERT_VIEW, INSERT_LINES, INSERT_EVENTS])
        .await?;
    let link = &link;
    let (made, groups) = mpsc::channel(AHEAD);
    let (shape, begin) = (*shape, Instant::now());
    // It ends when nobody takes what it makes.
    tokio::task::spawn_blocking(move || {
        let mut maker = Maker::new(shape, partitions);
        for _ in 0..shape.groups {
            if begin.elapsed() >= shape.at_most || made.blocking_send(maker.group()).is_err() {
                break;
            }
        }
    });
    let groups = stream::unfold(groups, |mut groups| async move {
        groups.recv().await.map(|group: Group| (group, groups))
    });
    let lines = groups
        .map(|group| insert(link, group))
        .buffered(AHEAD)
        .try_fold(0, |sum, lines| async move { Ok(sum + lines) })
        .await?;
    Ok(Written {
        lines,
        elapsed: begin.elapsed(),
    })
}

/// One transaction; how many lines it had.
async fn insert(link: &Link, group: Group) -> Result<u64, Fault> {
    let lines = group.numbers.len();
    let mut trip = Trip::new(link);
    trip.plain((), BEGIN);
    trip.ask(
        (),
        INSERT_VIEW,
        vec![
            param(group.numbers.clone()),
            param(group.quantities.clone()),
            param(group.batches.clone()),
            param(group.promises.clone()),
            param(group.promises.clone()),
            param(group.partitions),
            param(group.homes.clone()),
            param(group.priorities.clone()),
            param(group.order_ids.clone()),
            param(group.skus.clone()),
            param(group.skus.clone()),
        ],
    );
    trip.ask(
        (),
        INSERT_LINES,
        vec![
            param(group.numbers),
            param(group.products),
            param(group.quantities.clone()),
            param(group.quantities),
            param(group.batches),
            param(group.offsets.clone()),
            param(group.promises.clone()),
            param(group.promises),
            param(group.homes.clone()),
            param(group.priorities),
            param(group.order_ids),
            param(group.skus.clone()),
        ],
    );
    trip.ask(
        (),
        INSERT_EVENTS,
        vec![
            param(group.homes),
            param(group.offsets),
            param(group.times),
            param(vec!["Allocated"; lines]),
            param(group.skus),
            param(group.data),
        ],
    );
    trip.plain((), COMMIT);
    for ((), rows) in trip.go().await {
        rows.map_err(|fault| link.why(fault))?;
    }
    Ok(lines as u64)
}

/// The columns of the rows of some lines.
#[derive(Default)]
struct Group {
    numbers: Vec<i64>,
    products: Vec<i64>,
    batches: Vec<i64>,
    quantities: Vec<i64>,
    offsets: Vec<i64>,
    promises: Vec<Day>,
    times: Vec<Micros>,
    partitions: Vec<i16>,
    homes: Vec<i16>,
    priorities: Vec<i16>,
    order_ids: Vec<String>,
    skus: Vec<String>,
    data: Vec<String>,
}

/// Makes groups.
struct Maker {
    shape: Shape,
    partitions: u16,
    /// How many lines there are in each partition.
    lines: Vec<u64>,
    /// How many there are in all.
    next: u64,
}

impl Maker {
    fn new(shape: Shape, partitions: u16) -> Self {
        Self {
            shape,
            partitions,
            lines: vec![0; usize::from(partitions)],
            next: 0,
        }
    }

    fn group(&mut self) -> Group {
        let mut lines: Vec<(u16, String, u64)> = (0..self.shape.group_size)
            .map(|_| {
                self.next += 1;
                let order = self.order_id(self.next);
                (partition_of(&order, self.partitions), order, self.next)
            })
            .collect();
        // As the store has them: in the order of the directory.
        lines.sort_unstable();
        let mut group = Group::default();
        for (partition, order, line) in lines {
            self.add(&mut group, partition, order, line);
        }
        group
    }

    fn order_id(&self, line: u64) -> String {
        if self.shape.random_order_ids {
            format!("bench-00000000-1-{:016x}", scatter(line))
        } else {
            format!("bench-00000000-1-{line:012}")
        }
    }

    /// Names have the load generator's lengths.
    fn add(&mut self, group: &mut Group, partition: u16, order: String, line: u64) {
        let skus = u64::from(self.shape.skus.max(1));
        let product = scatter(line) % skus;
        let quantity = 1 + line % 10;
        let sku = format!("bench-00000000-1-sku-{product:05}");
        let home = partition_of(&sku, self.partitions);
        let of_home = &mut self.lines[usize::from(home)];
        *of_home += 1;
        group.numbers.push(int(2 * skus + *of_home));
        group.offsets.push(int(2 * skus + *of_home));
        group.products.push(int(product));
        group.batches.push(int(skus + product));
        group.quantities.push(int(quantity));
        group.promises.push(Day::of(PROMISE));
        group.times.push(Micros::of(EPOCH).plus(int(line)));
        group.partitions.push(small(partition));
        group.homes.push(small(home));
        group.priorities.push(5);
        let mut data = String::with_capacity(350);
        // Writing to a String cannot fail.
        let _ = write!(
            data,
            "{{\"order_id\":\"{order}\",\"line_id\":\"{sku}\",\"quantity\":{quantity},\
             \"allocations\":[{{\"batch\":\"{sku}-b0000\",\"quantity\":{quantity}}}],\
             \"original_promise\":\"{PROMISE}\",\"current_promise\":\"{PROMISE}\",\
             \"accepted\":{{\"quantity\":{quantity},\"priority\":5,\"policy\":\"earliest\",\
             \"if_short\":\"backorder\"}}}}"
        );
        group.data.push(data);
        group.order_ids.push(order);
        group.skus.push(sku);
    }
}

/// A bijection that leaves no order in its results (`SplitMix64`'s finalizer).
fn scatter(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
#[path = "bare_tests.rs"]
mod tests;
