//! What a group of new, allocated lines costs the store, beside the bare loop that writes the same rows.
//!
//! `cargo run --release -p landfall-sqlite --example group_cost -- \
//!     [increasing|random] [LINES] [GROUP] [SKUS] [UNSETTLED] [CHECKPOINT] [CACHE_MIB]`
//!
//! Only `begin` and `commit` are timed: no handler runs, no answer is made.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::{Date, date};
use landfall_domain::product::Counters;
use landfall_domain::{
    Allocation, Batch, Deliver, Event, IfShort, LineId, LineKey, OrderLine, Policy, Priority, Sku,
    Supply, Terms,
};
use landfall_service::LogRecord;
use landfall_service::keys::Keys;
use landfall_service::store::{
    AvailabilityChange, BatchChange, Changes, Head, LineChange, ProductChange, Store,
};
use landfall_sqlite::bare::{OrderIds, Rows, Shape, bare_loop};
use landfall_sqlite::{Options, SqliteStore};

const TODAY: Date = date(2026, 11, 21);
/// Units of each batch: more than are ever asked for.
const PURCHASED: u64 = 1_000_000_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).peekable();
    let kinds = match arguments
        .next_if(|kind| kind.parse::<u64>().is_err())
        .as_deref()
    {
        None => vec![OrderIds::Increasing, OrderIds::Random],
        Some("increasing") => vec![OrderIds::Increasing],
        Some("random") => vec![OrderIds::Random],
        Some(other) => return Err(format!("{other} is no order of order ids").into()),
    };
    let mut arguments = arguments.map(|text| text.parse::<u64>());
    let mut next = |default| arguments.next().unwrap_or(Ok(default));
    let (lines, group, skus) = (next(500_000)?, next(500)?, next(1_000)?);
    let unsettled = usize::try_from(next(Options::default().unsettled as u64)?)?;
    let checkpoint_pages = u32::try_from(next(Options::default().checkpoint_pages.into())?)?;
    let cache_bytes = next(Options::default().cache_bytes >> 20)? << 20;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    println!(
        "lines {lines}, in groups of {group}, of {skus} SKUs, {unsettled} unsettled, checkpoints at {checkpoint_pages}"
    );
    for order_ids in kinds {
        let directory = tempfile::tempdir_in(".")?;
        let shape = Shape {
            groups: lines / group,
            group_size: u32::try_from(group)?,
            skus: u32::try_from(skus)?,
            rows: Rows::Five,
            order_ids,
            at_most: Duration::from_mins(10),
        };
        let cpu = on_cpu()?;
        let bare = bare_loop(&directory.path().join("bare.db"), &shape)?;
        let bare_cpu = on_cpu()?.saturating_sub(cpu) / u32::try_from(bare.lines)?;
        let bare = rate(bare.lines, bare.elapsed);
        let path = directory.path().join("landfall.db");
        let options = Options {
            unsettled,
            checkpoint_pages,
            cache_bytes,
            ..Options::default()
        };
        let mut made = Made::new(skus, order_ids);
        let (times, cpu) = runtime.block_on(write(&path, &options, &mut made, lines, group))?;
        let cpu = cpu / u32::try_from(lines)?;
        let store = rate(lines, times.iter().sum());
        println!(
            "{order_ids:?}: bare {bare:.0} lines/s, store {store:.0} lines/s ({:.0} %), a group takes \
             {:.1?} (p50) {:.1?} (p99) {:.1?} (max); on the CPU a line takes {bare_cpu:.1?} and {cpu:.1?}",
            100.0 * store / bare,
            quantile(&times, 50),
            quantile(&times, 99),
            quantile(&times, 100),
        );
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "it is printed without decimals")]
fn rate(lines: u64, elapsed: Duration) -> f64 {
    lines as f64 / elapsed.as_secs_f64()
}

/// How long this thread has been on a CPU: unlike the clock on the wall it does not count the neighbours.
fn on_cpu() -> Result<Duration, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = stat.split(' ').next().unwrap_or_default();
    Ok(Duration::from_nanos(nanos.parse()?))
}

fn quantile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

/// Writes the lines and says how long each group took.
async fn write(
    path: &Path,
    options: &Options,
    made: &mut Made,
    lines: u64,
    group: u64,
) -> Result<(Vec<Duration>, Duration), Box<dyn Error>> {
    let mut store = SqliteStore::open(path, options)?;
    let head = store.begin(&Keys::default()).await?.heads[0];
    let changes = made.supply(head);
    store.commit(&changes).await?;
    let mut head = changes.heads[0].1;
    let mut times = Vec::new();
    let mut cpu = Duration::ZERO;
    for _ in 0..lines / group {
        let changes = made.group(head, group);
        let lines = changes.products.iter().flat_map(|product| &product.lines);
        let lines = lines.map(|line| line.after.key.clone()).collect();
        let keys = Keys {
            lines,
            ..Keys::default()
        };
        let (begin, begin_cpu) = (Instant::now(), on_cpu()?);
        store.begin(&keys).await?;
        store.commit(&changes).await?;
        times.push(begin.elapsed());
        cpu += on_cpu()?.saturating_sub(begin_cpu);
        head = changes.heads[0].1;
    }
    Ok((times, cpu))
}

/// Makes changes as an engine would.
struct Made {
    order_ids: OrderIds,
    products: Vec<ProductChange>,
    batches: Vec<Batch>,
    orders: u64,
}

impl Made {
    fn new(skus: u64, order_ids: OrderIds) -> Self {
        let sku = |number| name::<Sku>(&format!("bench-sku-{number:05}"));
        let product = |number: u64| ProductChange {
            number: 2 * number + 1,
            sku: sku(number),
            before: Counters::default(),
            after: Counters {
                version: 1,
                ..Counters::default()
            },
            created: true,
            new_batches: Vec::new(),
            changed_batches: Vec::new(),
            availability: Vec::new(),
            lines: Vec::new(),
        };
        let batch = |number: u64| {
            let reference = name(&format!("bench-sku-{number:05}-b0000"));
            Batch::new(2 * number + 2, reference, sku(number), PURCHASED, None)
        };
        let (products, batches) = (
            (0..skus).map(product).collect(),
            (0..skus).map(batch).collect(),
        );
        Self {
            order_ids,
            products,
            batches,
            orders: 0,
        }
    }

    /// All products and their batches, in one commit.
    fn supply(&mut self, head: Head) -> Changes {
        let mut products = self.products.clone();
        for (product, batch) in products.iter_mut().zip(&self.batches) {
            product.new_batches.push(batch.clone());
            product.availability.push(AvailabilityChange {
                supply: Supply::Now,
                before: 0,
                after: batch.free(),
            });
        }
        for product in &mut self.products {
            product.created = false;
        }
        let next_number = 2 * self.products.len() as u64 + 1;
        let after = Head {
            version: head.version + 1,
            next_number,
            ..head
        };
        Changes {
            heads: vec![(head, after)],
            products,
            ..Changes::default()
        }
    }

    fn group(&mut self, head: Head, lines: u64) -> Changes {
        let mut touched: BTreeMap<usize, ProductChange> = BTreeMap::new();
        let mut events = Vec::new();
        for nth in 0..lines {
            let order = self.orders;
            self.orders += 1;
            let at = usize::try_from(mix(order)).unwrap_or_default() % self.products.len();
            let line = self.line(order, head.next_number + nth, at);
            let before = self.batches[at].clone();
            self.batches[at].allocated += line.quantity;
            self.products[at].after.version += 1;
            events.push(Self::event(&line, head.next_offset + nth));
            let product = touched
                .entry(at)
                .or_insert_with(|| self.products[at].clone());
            product.after = self.products[at].after;
            let first = product.changed_batches.pop().map(|change| change.before);
            let before = first.unwrap_or(before);
            product.availability = vec![AvailabilityChange {
                supply: Supply::Now,
                before: before.free(),
                after: self.batches[at].free(),
            }];
            product.changed_batches.push(BatchChange {
                before,
                after: self.batches[at].clone(),
            });
            product.lines.push(LineChange {
                before: None,
                after: line,
            });
        }
        let after = Head {
            version: head.version + 1,
            next_offset: head.next_offset + lines,
            next_number: head.next_number + lines,
            ..head
        };
        let products = touched.into_values().collect();
        Changes {
            heads: vec![(head, after)],
            products,
            events,
            ..Changes::default()
        }
    }

    fn line(&self, order: u64, number: u64, at: usize) -> OrderLine {
        let mut id = String::from("bench-");
        // Writing to a String cannot fail.
        let _ = match self.order_ids {
            OrderIds::Increasing => write!(id, "{order:012}"),
            OrderIds::Random => write!(id, "{:016x}", mix(order ^ 0x5eed)),
        };
        let sku = self.products[at].sku.clone();
        let key = LineKey {
            order_id: name(&id),
            line_id: LineId::from(sku.clone()),
        };
        let terms = Terms {
            quantity: 1 + order % 10,
            requested_date: None,
            priority: Priority::default(),
            policy: Policy::default(),
            split: false,
            if_short: IfShort::default(),
            locations: Vec::new(),
            deliver: Deliver::default(),
        };
        let mut line = OrderLine::new(number, key, sku, terms);
        line.original_promise = Some(TODAY);
        line.current_promise = Some(TODAY);
        let (batch, batch_number) = (self.batches[at].reference.clone(), self.batches[at].number);
        line.allocations = vec![Allocation {
            batch,
            batch_number,
            quantity: line.quantity,
        }];
        line
    }

    fn event(line: &OrderLine, offset: u64) -> LogRecord {
        let time = 1_795_000_000_000_000 + i64::try_from(offset).unwrap_or_default();
        LogRecord {
            partition: 0,
            offset,
            sku: Some(line.sku.clone()),
            time: Timestamp::from_microsecond(time).unwrap_or_default(),
            command_id: format!("~0-{offset}"),
            actor: None,
            event: Event::Allocated {
                order_id: line.key.order_id.clone(),
                line_id: line.key.line_id.clone(),
                quantity: line.quantity,
                allocations: line.allocations.clone(),
                original_promise: Some(TODAY),
                current_promise: Some(TODAY),
                accepted: Some(line.terms.clone()),
            },
        }
    }
}

#[expect(clippy::panic, reason = "a name made here is a name")]
fn name<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text} is no name"))
}

/// Scatters numbers (`SplitMix64`).
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
